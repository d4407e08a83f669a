//! # `resource-wildcard`: the role may change any resource of a kind
//!
//! ## What it finds
//! An Allow without a condition that reaches a resource of any name, for an action that writes, tags or manages
//! permissions and that could be limited to resources.
//!
//! ## Why it matters
//! The function works on a few resources. A fault in it, or somebody in its place, reaches all of them.
//!
//! ## Example
//! `"Action": "dynamodb:PutItem", "Resource": "*"`.
//!
//! ## Remedy
//! Write the ARNs of the resources that the function changes.
//!
//! ## Limits
//! What an action does and takes is what AWS documented on the day of the catalogue; an action that is not in it is
//! not judged. All resources of one region or of one of several kinds count as any; a common start of the name
//! (`table/orders-*`) does not. Of each statement one action is told. Where a statement names no service, the usual services
//! and those that the boundary names are looked into. That AWS's own policies for functions grant
//! `logs:CreateLogGroup` on every log group does not clear it.

use super::any_resource::{MOST_EVIDENCE, first_on_any};
use super::{Grade, Hit};
use crate::assess::Evidence;
use crate::view::View;
use iam_policy::Effect;
use iam_policy::catalogue::{AccessLevel, Action};

pub(super) fn find(view: &View<'_>) -> Option<Hit> {
    let open: Vec<_> = view
        .statements()
        .filter(|(_, statement)| statement.effect() == Effect::Allow && statement.is_unconditional())
        .filter_map(|(place, statement)| {
            Some((place, first_on_any(view, place, statement, changes_a_resource)?.0))
        })
        .take(MOST_EVIDENCE)
        .collect();
    let (_, example) = open.first()?;
    Some(Hit {
        grade: Grade::Usual,
        summary: format!("the role may change resources of any name, for example by {example}"),
        evidence: open
            .iter()
            .map(|(place, action)| view.evidence(*place, format!("{action} on any resource")))
            .collect::<Vec<Evidence>>(),
        remedy: "write the ARNs of the resources that the function changes in place of the wildcard"
            .to_owned(),
    })
}

fn changes_a_resource(action: &Action) -> bool {
    let changes = match action.level() {
        AccessLevel::Write | AccessLevel::Tagging | AccessLevel::PermissionsManagement => true,
        AccessLevel::List | AccessLevel::Read => false,
    };
    changes && action.takes_resources()
}
