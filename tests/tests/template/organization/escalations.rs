//! The policies and a boundary together: a role in the path that may do everything by its own policies gains no rights.

use super::{full_access, levels, organization};
use guardrail::escalation::Escalations;
use iam_policy::{Access, EscalationSet, IdentityArn, Policies, Policy, Possible};
use std::collections::BTreeSet;
use tests::template::Template;

const ROLES: [&str; 2] =
    ["arn:aws:iam::123456789012:role/lambda/orders", "arn:aws:iam::123456789012:role/lambda/shop/orders"];

/// The ways of the catalogue that are open to a role; what could not be told counts as open.
fn open_ways(
    role: &str,
    boundary: Option<&Policy>,
    service_control: &[Vec<Policy>],
) -> BTreeSet<&'static str> {
    let role: IdentityArn = role.parse().expect("the ARN of a role");
    let everything = full_access();
    let policies = Policies { identity: &[&everything], boundary, service_control, ..Policies::default() };
    let mut access = Access::new(&policies, &role).expect("documents without principals");
    let mut is_open = |set: &EscalationSet| {
        set.actions.iter().all(|action| {
            !matches!(access.possible_on(action, || set.target.targets(&role, action)), Possible::No)
        })
    };
    Escalations::bundled().iter().filter(|way| is_open(way.set())).map(|way| way.id()).collect()
}

fn boundary(profile: &str, parameters: &[(&str, &str)]) -> Policy {
    let stack = Template::of_project().rendered(parameters);
    super::parsed(&stack.properties(profile)["PolicyDocument"])
}

#[test]
fn policies_and_boundary_together_let_no_escalation_through() {
    let levels = levels(&organization());
    for profile in ["BaselineBoundary", "StrictBoundary"] {
        let boundary = boundary(profile, &[]);
        for role in ROLES {
            let open = open_ways(role, Some(&boundary), &levels);
            assert!(open.is_empty(), "{profile} and the policies leave to {role}: {open:?}");
        }
    }
}

/// Or the test above would show nothing: without the boundary most are open, without either all are.
#[test]
fn neither_is_enough_for_all_of_them() {
    let levels = levels(&organization());
    let all: BTreeSet<&str> = Escalations::bundled().iter().map(|way| way.id()).collect();
    let nothing = vec![vec![full_access()]];
    assert_eq!(open_ways(ROLES[0], None, &nothing), all);
    let under_the_policies = open_ways(ROLES[0], None, &levels);
    let closed: Vec<&str> = all.difference(&under_the_policies).copied().collect();
    println!("closed by the policies alone, for a role without a boundary: {closed:?}");
    assert!(closed.contains(&"iam-delete-own-boundary") && closed.len() < all.len() / 10, "{closed:?}");
}

/// A boundary with carve-outs leaves ways open towards the named roles. The policies leave none of them to functions: a role
/// that is handed to Lambda is one of the path, with an approved boundary itself.
#[test]
fn carve_outs_of_a_boundary_do_not_lead_functions_out_of_the_path() {
    let carved =
        boundary("BaselineBoundary", &[("AllowedPassRoleArns", "arn:aws:iam::123456789012:role/jobs/run-*")]);
    let levels = levels(&organization());
    let everything = full_access();
    let verdict = |service: &str, service_control: &[Vec<Policy>]| {
        let policies = Policies {
            identity: &[&everything],
            boundary: Some(&carved),
            service_control,
            ..Policies::default()
        };
        let call = super::Call {
            who: "role/lambda/orders",
            action: "iam:PassRole",
            resource: "role/jobs/run-nightly",
            context: &[],
        };
        let mut request = super::request(&call);
        request.context.insert("iam:PassedToService", [service]);
        iam_policy::evaluate(&policies, &request).verdict
    };
    use iam_policy::Verdict::{Allowed, ExplicitlyDenied};
    assert_eq!(verdict("ecs-tasks.amazonaws.com", &levels), Allowed);
    assert_eq!(verdict("lambda.amazonaws.com", &[]), Allowed);
    assert_eq!(verdict("lambda.amazonaws.com", &levels), ExplicitlyDenied);
}
