//! # `admin-access`: the role may do everything
//!
//! ## What it finds
//! Policies that, taken together, allow every action on every resource without a condition.
//!
//! ## Why it matters
//! Whoever controls the function's code, its dependencies or its input controls the account.
//!
//! ## Example
//! `AdministratorAccess`, or a policy with `"Action": "*", "Resource": "*"`.
//!
//! ## Remedy
//! Replace the policy by one that names the actions and resources which the function uses.
//!
//! ## Limits
//! A deny of any service's action on every resource clears this check: what remains shows as `service-wildcard`. A deny on
//! some resources, or under a condition, does not.

use super::Hit;
use super::granted_services::{Services, whole_grants};
use crate::snapshot::{Cap, RoleSnapshot};

pub(super) fn find(role: &RoleSnapshot, cap: Cap<'_>) -> Option<Hit> {
    let evidence: Vec<_> = whole_grants(role, cap)
        .into_iter()
        .filter(|grant| grant.services == Services::all())
        .map(|grant| grant.evidence)
        .collect();
    (!evidence.is_empty()).then(|| Hit {
        summary: "every action on every resource of the account".to_owned(),
        evidence,
        remedy: "replace the policy by one that names the actions and resources which the function uses"
            .to_owned(),
    })
}
