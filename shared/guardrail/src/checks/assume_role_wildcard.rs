//! # `assume-role-wildcard`: the role may assume every role of the account
//!
//! ## What it finds
//! `sts:AssumeRole` on a role that no policy names.
//!
//! ## Why it matters
//! Every role that trusts the account as a whole lets this one in. The boundary of this role does not bind it there.
//!
//! ## Example
//! `"Action": "sts:AssumeRole", "Resource": "*"`.
//!
//! ## Remedy
//! Name the roles that the function assumes.
//!
//! ## Limits
//! Which roles trust the account is not asked. Roles of other accounts do not count here.

use super::every_role::every_role;
use super::{Grade, Hit};
use crate::view::View;

pub(super) fn find(view: &View<'_>) -> Option<Hit> {
    let action = "sts:AssumeRole".parse().ok()?;
    let granted = view.way(&action, &every_role(view.arn()?))?;
    Some(Hit {
        grade: Grade::Usual,
        summary: "the role may assume every role of the account that trusts the account".to_owned(),
        evidence: vec![view.evidence(granted.grant, format!("{action} on every role"))],
        remedy: "name the roles that the function assumes".to_owned(),
    })
}
