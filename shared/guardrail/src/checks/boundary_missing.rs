//! # `boundary-missing`: the role has no permissions boundary
//!
//! ## What it finds
//! An execution role without a permissions boundary.
//!
//! ## Why it matters
//! Nothing limits what the next policy attached to it will allow.
//!
//! ## Example
//! A role that `aws iam create-role` made without `--permissions-boundary`.
//!
//! ## Remedy
//! Name the boundary in the role's template.
//!
//! ## Limits
//! None: whether a boundary is attached is a plain fact.

use super::{Grade, Hit};
use crate::assess::Evidence;
use crate::snapshot::{Boundary, Cap};
use crate::view::View;

pub(super) fn find(view: &View<'_>) -> Option<Hit> {
    let missing = matches!((&view.role.boundary, view.cap), (Boundary::Absent, Cap::Nothing));
    missing.then(|| Hit {
        grade: Grade::Usual,
        summary: "nothing limits what is attached to the role later".to_owned(),
        evidence: vec![Evidence {
            policy: "boundary".to_owned(),
            statement: String::new(),
            detail: "no permissions boundary is attached".to_owned(),
        }],
        remedy: "name the boundary in the role's template".to_owned(),
    })
}
