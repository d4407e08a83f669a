//! # `pass-role-wildcard`: the role may pass every role of the account
//!
//! ## What it finds
//! `iam:PassRole` on a role that no policy names, without a condition on `iam:PassedToService`.
//!
//! ## Why it matters
//! With any action that starts something under a passed role, the strongest role of the account is within reach.
//!
//! ## Example
//! `"Action": "iam:PassRole", "Resource": "*"`.
//!
//! ## Remedy
//! Name the roles that are passed, and the service that they are passed to in `iam:PassedToService`.
//!
//! ## Limits
//! A condition on `iam:PassedToService` clears the check, as it does for IAM Access Analyzer, but not `privilege-escalation`.
//! A pattern such as `role/app-*` is not every role.

use super::every_role::every_role;
use super::{Grade, Hit};
use crate::view::View;

pub(super) fn find(view: &View<'_>) -> Option<Hit> {
    let granted = view.way(&"iam:PassRole".parse().ok()?, &every_role(view.arn()?))?;
    // Passed to a service that there is not: possible only where no condition says to which.
    let granted = view.passes_to(&granted, "service.invalid").then_some(granted)?;
    Some(Hit {
        grade: Grade::Usual,
        summary: "the role may pass every role of the account to a service".to_owned(),
        evidence: vec![view.evidence(granted.grant, "iam:PassRole on every role")],
        remedy:
            "name the roles that the function passes, and the service in a condition on `iam:PassedToService`"
                .to_owned(),
    })
}
