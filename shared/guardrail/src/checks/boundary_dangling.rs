//! # `boundary-dangling`: the boundary's policy is gone
//!
//! ## What it finds
//! A role whose permissions boundary names a policy that does not exist any more.
//!
//! ## Why it matters
//! Such a boundary allows nothing: the function cannot do anything, and nobody is told why.
//!
//! ## Example
//! The stack that owned the boundary's policy was deleted.
//!
//! ## Remedy
//! Make the policy again under its old ARN, or put another boundary on the role.
//!
//! ## Limits
//! None: `GetPolicy` tells whether the policy exists.

use super::{Grade, Hit};
use crate::assess::Evidence;
use crate::snapshot::{Boundary, Cap, Document};
use crate::view::View;

pub(super) fn find(view: &View<'_>) -> Option<Hit> {
    let Boundary::Attached { arn, document: Document::Gone } = &view.role.boundary else { return None };
    matches!(view.cap, Cap::Everything).then(|| Hit {
        grade: Grade::Usual,
        summary: "the policy of the role's boundary does not exist, so the role may do nothing".to_owned(),
        evidence: vec![Evidence {
            policy: "boundary".to_owned(),
            statement: String::new(),
            detail: format!("{arn} does not exist"),
        }],
        remedy: "make the boundary's policy again under its ARN, or put another boundary on the role"
            .to_owned(),
    })
}
