//! # `trust-any-principal`: anybody may assume the role
//!
//! ## What it finds
//! A trust policy that lets every principal in, without a condition that closes the way.
//!
//! ## Why it matters
//! Every AWS account in the world gets the function's rights.
//!
//! ## Example
//! `"Principal": "*"` or `"Principal": {"AWS": "*"}` without a `Condition`.
//!
//! ## Remedy
//! Trust `lambda.amazonaws.com` alone.
//!
//! ## Limits
//! A condition on an organisation, account, source or principal closes the way; whether its value is a sensible one is not judged.
//! An external id alone does not close it: it does not say who is calling.

use super::{Grade, Hit};
use crate::trust::Trust;
use crate::view::View;

pub(super) fn find(view: &View<'_>) -> Option<Hit> {
    match Trust::of(&view.role.role) {
        Trust::Understood { anybody, .. } if !anybody.is_empty() => Some(Hit {
            grade: Grade::Usual,
            summary: "anybody, from any AWS account, may assume the role".to_owned(),
            evidence: anybody,
            remedy: "trust `lambda.amazonaws.com` alone in the role's trust policy".to_owned(),
        }),
        Trust::Understood { .. } | Trust::NotUnderstood => None,
    }
}
