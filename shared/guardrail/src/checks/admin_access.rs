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
//! Denies count where they are unconditional and about every resource: one of everything clears the check, and so do those that
//! together leave no way to change the role's own rights (attaching, putting and versioning policies, changing trust,
//! making access keys). A deny of other actions leaves the role an administrator. So do service control policies, unless they
//! leave nothing at all.

use super::granted_services::{self, Services, are_everything_together, united, whole_grants};
use super::{Grade, Hit};
use crate::assess::Evidence;
use crate::view::View;
use iam_policy::Effect;

pub(super) fn find(view: &View<'_>) -> Option<Hit> {
    let grants = whole_grants(view);
    let evidence: Vec<Evidence> = if view.is_left_nothing() {
        return None;
    } else if united(grants) == Services::all() {
        granted_services::evidence(view, grants)
    } else if are_everything_together(view) {
        // No statement by itself is about every resource.
        view.statements()
            .filter(|(_, statement)| statement.effect() == Effect::Allow && statement.is_unconditional())
            .map(|(place, _)| view.evidence(place, "Allow of part of everything"))
            .collect()
    } else {
        return None;
    };
    Some(Hit {
        grade: Grade::Usual,
        summary: "the role may do everything in the account".to_owned(),
        evidence,
        remedy: "replace the policy by one that names the actions and resources which the function uses"
            .to_owned(),
    })
}
