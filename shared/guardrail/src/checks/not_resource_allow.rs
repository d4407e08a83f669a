//! # `not-resource-allow`: the role is allowed on everything but some resources
//!
//! ## What it finds
//! An Allow with `NotResource` of which something is left after the role's own denies and its boundary.
//!
//! ## Why it matters
//! Every resource made later is covered, in this and in other accounts.
//!
//! ## Example
//! `"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::secret/*"`.
//!
//! ## Remedy
//! Name the resources that the function uses.
//!
//! ## Limits
//! What the statement leaves is not listed; the checks on what it grants do that. A Deny with `NotResource` is no hit.

use super::{Grade, Hit};
use crate::view::View;
use iam_policy::{Effect, ResourceElement};

pub(super) fn find(view: &View<'_>) -> Option<Hit> {
    let granting = view.statements().filter(|(_, statement)| {
        statement.effect() == Effect::Allow
            && matches!(statement.resource(), Some(ResourceElement::NotResource(_)))
    });
    let left: Vec<_> = granting.filter(|(place, _)| view.leaves_something_of(*place)).collect();
    let evidence = left.iter().map(|(place, _)| view.evidence(*place, "Allow with NotResource")).collect();
    (!left.is_empty()).then(|| Hit {
        grade: Grade::Usual,
        summary: "the role is allowed on everything but some resources".to_owned(),
        evidence,
        remedy: "name the resources that the function uses in `Resource`".to_owned(),
    })
}
