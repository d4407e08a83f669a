//! # `not-action-allow`: the role is allowed everything but some actions
//!
//! ## What it finds
//! An Allow with `NotAction` of which something is left after the role's own denies and its boundary.
//!
//! ## Why it matters
//! Every action that AWS adds is granted the day it appears, in services that nobody thought of.
//!
//! ## Example
//! `"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"`.
//!
//! ## Remedy
//! Name the actions that the function uses.
//!
//! ## Limits
//! What the statement leaves is not listed; the checks on what it grants do that. A Deny with `NotAction` is no hit.

use super::{Grade, Hit};
use crate::view::View;
use iam_policy::{ActionElement, Effect};

pub(super) fn find(view: &View<'_>) -> Option<Hit> {
    let granting = view.statements().filter(|(_, statement)| {
        statement.effect() == Effect::Allow && matches!(statement.action(), ActionElement::NotAction(_))
    });
    let left: Vec<_> = granting.filter(|(place, _)| view.leaves_something_of(*place)).collect();
    let evidence = left.iter().map(|(place, _)| view.evidence(*place, "Allow with NotAction")).collect();
    (!left.is_empty()).then(|| Hit {
        grade: Grade::Usual,
        summary: "the role is allowed everything but some actions".to_owned(),
        evidence,
        remedy: "name the actions that the function uses in `Action`".to_owned(),
    })
}
