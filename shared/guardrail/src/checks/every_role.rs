//! A role that stands for every role of the account: what the checks on wildcards over roles share.

use iam_policy::{IdentityArn, NoResource, Targets};

/// A role of the account under a name that no policy will have meant. What is possible on it is possible on all.
pub(super) fn every_role(role: &IdentityArn) -> Targets {
    let partition = role.as_str().split(':').nth(1).unwrap_or("aws");
    let arn = format!("arn:{partition}:iam::{}:role/7f3Kq9-any-role-at-all-Zx1", role.account());
    Targets::new([arn], NoResource::Excluded)
}
