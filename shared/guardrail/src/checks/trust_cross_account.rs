//! # `trust-cross-account`: somebody of another account may assume the role
//!
//! ## What it finds
//! A trust policy that lets another account in, or a user, role or session of it; or everybody, with a condition on
//! `aws:PrincipalAccount` or `aws:PrincipalArn` that names another account.
//!
//! ## Why it matters
//! Who holds the function's rights is then decided where nobody of this account sees it: whoever administers the other
//! account, or breaks into it, gets them.
//!
//! ## Example
//! `"Principal": {"Service": "lambda.amazonaws.com", "AWS": "210987654321"}`, written as twelve digits or as
//! `arn:aws:iam::210987654321:root`.
//!
//! ## Remedy
//! Trust `lambda.amazonaws.com` alone, and give the other account a role of its own with what it needs.
//!
//! ## Limits
//! A condition clears it only if it asks for the role's own account: a value of `aws:PrincipalAccount`, `aws:PrincipalArn`,
//! `aws:SourceAccount` and the like that names it. One on the organization leaves it another account; the evidence says so.
//! So does an external id. Users and roles that were deleted are nobody: they are shown where something else is found,
//! and find nothing by themselves. Identity providers and the canonical ids of S3 are not looked at, and everybody (`*`) is
//! told by `trust-any-principal` unless such a condition closes the way. Whether the other account belongs to the same owner is not known.

use super::{Grade, Hit};
use crate::trust::Trust;
use crate::view::View;

pub(super) fn find(view: &View<'_>) -> Option<Hit> {
    let Trust::Understood { other_accounts, deleted, .. } = Trust::of(&view.role.role) else { return None };
    let summary = match other_accounts.as_slice() {
        [] => return None,
        [one] => format!("{} may assume the role", one.detail),
        [one, rest @ ..] => {
            format!("{} and {} more from outside the account may assume the role", one.detail, rest.len())
        }
    };
    Some(Hit {
        grade: Grade::Usual,
        summary,
        evidence: [other_accounts, deleted].concat(),
        remedy: "trust `lambda.amazonaws.com` alone, and give the other account a role of its own".to_owned(),
    })
}
