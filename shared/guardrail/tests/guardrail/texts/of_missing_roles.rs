//! Findings about roles that functions name and that do not exist, and about those where that is over.

use crate::missing_roles::{about, function, role};
use guardrail::finding::{Finding, FindingId, RoleOver};

fn id(generation: u64) -> FindingId {
    FindingId::of_exposure(&role(), "as in the text", generation)
}

pub(super) fn all() -> Vec<(&'static str, Finding)> {
    let one = [function("eu-west-1", "orders")];
    let regions = ["eu-west-1", "eu-west-1", "eu-west-1", "eu-west-1", "us-east-1", "ap-south-1"];
    let many: Vec<_> = regions
        .iter()
        .enumerate()
        .map(|(index, region)| function(region, &format!("orders-{index}")))
        .collect();
    let closed = FindingId::of_exposure_closed(&role(), 1);
    vec![
        ("exposed with a role that is missing", about(&role(), &one, |about| about.missing(id(0)))),
        (
            "exposed in many Regions with a role that is missing",
            about(&role(), &many, |about| about.missing(id(1))),
        ),
        (
            "resolved missing role that exists again",
            about(&role(), &many, |about| {
                about.over(closed.clone(), RoleOver::ExistsAgain, vec![id(0), id(1)])
            }),
        ),
        (
            "resolved missing role that no function names",
            about(&role(), &one, |about| about.over(closed.clone(), RoleOver::Unnamed, vec![id(0)])),
        ),
    ]
}
