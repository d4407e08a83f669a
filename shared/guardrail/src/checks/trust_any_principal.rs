//! # `trust-any-principal`: anybody may assume the role
//!
//! ## What it finds
//! A trust policy that lets every principal in, without any condition.
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
//! Any condition is taken to close the way; whether it does is not judged yet.

use super::Hit;
use crate::snapshot::{Cap, RoleSnapshot};
use crate::trust::Trust;

pub(super) fn find(role: &RoleSnapshot, _: Cap<'_>) -> Option<Hit> {
    match Trust::of(&role.role) {
        Trust::Understood { anybody, .. } if !anybody.is_empty() => Some(Hit {
            summary: "anybody, from any AWS account, to assume the role".to_owned(),
            evidence: anybody,
            remedy: "trust `lambda.amazonaws.com` alone in the role's trust policy".to_owned(),
        }),
        Trust::Understood { .. } | Trust::NotUnderstood => None,
    }
}
