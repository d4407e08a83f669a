//! # `service-wildcard`: the role may do all that a service offers
//!
//! ## What it finds
//! Every action of a service on every resource, without a condition.
//!
//! ## Why it matters
//! A function that reads one bucket can delete all of them.
//!
//! ## Example
//! `"Action": "s3:*", "Resource": "*"`.
//!
//! ## Remedy
//! Name the actions, and the resources by their ARNs.
//!
//! ## Limits
//! A wildcard that covers nearly all actions (`s3:G*`, `s3:P*`, …) is not put together to a whole service. A service
//! counts as whole while it is not denied whole; IAM no longer counts once a role cannot change its own rights by it.

use super::granted_services::{evidence, united, whole_grants_left};
use super::{Grade, Hit};
use crate::view::View;

pub(super) fn find(view: &View<'_>) -> Option<Hit> {
    let grants = whole_grants_left(view);
    (!grants.is_empty()).then(|| Hit {
        grade: Grade::Usual,
        summary: format!("the role may do everything in {}", united(&grants)),
        evidence: evidence(view, &grants),
        remedy: "name the actions that the function uses, and their resources by ARN".to_owned(),
    })
}
