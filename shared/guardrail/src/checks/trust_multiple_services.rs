//! # `trust-multiple-services`: services other than Lambda may assume the role
//!
//! ## What it finds
//! A trust policy that names another service beside Lambda's.
//!
//! ## Why it matters
//! What the function may do, an instance or a pipeline with this role may do too, and a boundary put for one binds the other.
//!
//! ## Example
//! `"Service": ["lambda.amazonaws.com", "ec2.amazonaws.com"]`.
//!
//! ## Remedy
//! One role per service.
//!
//! ## Limits
//! Conditions on the statement are not judged.

use super::{Grade, Hit};
use crate::trust::Trust;
use crate::view::View;

pub(super) fn find(view: &View<'_>) -> Option<Hit> {
    let Trust::Understood { other_services, .. } = Trust::of(&view.role.role) else { return None };
    let names: Vec<&str> = other_services.iter().map(|evidence| evidence.detail.as_str()).collect();
    let summary = format!("{} may assume the role as well", names.join(", "));
    (!names.is_empty()).then(|| Hit {
        grade: Grade::Usual,
        summary,
        evidence: other_services.clone(),
        remedy: "give each service a role of its own".to_owned(),
    })
}
