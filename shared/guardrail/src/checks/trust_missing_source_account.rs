//! # `trust-missing-source-account`: a service may assume the role for anybody's resource
//!
//! ## What it finds
//! A trust policy that lets a service in without asking for whose resource it calls: no condition on
//! `aws:SourceAccount`, `aws:SourceArn`, `aws:SourceOrgID` or `aws:SourceOrgPaths` with a value that names one.
//!
//! ## Why it matters
//! Some services act on a role for whoever knows its ARN, other accounts included: the
//! [confused deputy](https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html). Such a condition stops them.
//!
//! ## Example
//! `"Principal": {"Service": "lambda.amazonaws.com"}` without a `Condition`, as nearly every execution role has it.
//!
//! ## Remedy
//! Where the service sends the key, ask for it:
//! `"Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}}`. Try it on one function first.
//!
//! ## Limits
//! AWS has no list of the services that send these keys when they assume a role, and does not document it for Lambda's own
//! call. Where the key is missing, the condition shuts the service out and the function cannot start. Lambda
//! takes a role only for functions of the role's own account, so that the plain trust in Lambda is worth knowing and no more.
//! That is why this is never above INFO and makes no finding by itself. A condition that holds without the key, such as
//! `StringEqualsIfExists`, does not count.

use super::{Grade, Hit};
use crate::trust::Trust;
use crate::view::View;

pub(super) fn find(view: &View<'_>) -> Option<Hit> {
    let Trust::Understood { any_source, .. } = Trust::of(&view.role.role) else { return None };
    let mut names: Vec<&str> = any_source.iter().map(|evidence| evidence.detail.as_str()).collect();
    names.dedup();
    let summary = format!(
        "nothing in the trust policy says for whose resources {} may assume the role",
        names.join(", ")
    );
    let remedy = format!(
        "where the service sends it, ask for \"Condition\": {{\"StringEquals\": {{\"aws:SourceAccount\": \"{}\"}}}}; try it \
         on one function first",
        view.role.role.arn.account()
    );
    (!any_source.is_empty()).then(|| Hit {
        grade: Grade::Usual,
        summary,
        evidence: any_source.clone(),
        remedy,
    })
}
