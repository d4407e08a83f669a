//! # `full-access-policy`: an AWS managed policy that grants whole services is attached
//!
//! ## What it finds
//! A policy of AWS's own, told by its ARN, whose document grants every action of a service on every resource.
//!
//! ## Why it matters
//! These policies are written for people who administer a service, and they grow when AWS adds actions.
//!
//! ## Example
//! `arn:aws:iam::aws:policy/AmazonS3FullAccess`.
//!
//! ## Remedy
//! Detach it; attach a policy of your own with the actions that the function uses.
//!
//! ## Limits
//! A customer's policy with the same document is found by `service-wildcard`, as is an AWS managed policy too.

use super::granted_services::{evidence, whole_grants_left};
use super::{Grade, Hit};
use crate::snapshot::PolicySource;
use crate::view::View;

pub(super) fn find(view: &View<'_>) -> Option<Hit> {
    let of_aws = |policy: &PolicySource| match policy {
        PolicySource::Managed(arn) if arn.is_aws_managed() => Some(arn.to_string()),
        PolicySource::Managed(_) | PolicySource::Inline(_) => None,
    };
    let attached: Vec<String> =
        view.role.policies.iter().filter_map(|policy| of_aws(&policy.source)).collect();
    let mut evidence = evidence(view, &whole_grants_left(view));
    evidence.retain(|evidence| attached.contains(&evidence.policy));
    let mut names: Vec<&str> = evidence.iter().filter_map(|e| e.policy.rsplit('/').next()).collect();
    names.dedup();
    let (summary, remedy) = (
        format!("AWS's {} gives the role whole services", names.join(", ")),
        "detach the AWS managed policy; attach one of your own with the actions that the function uses"
            .to_owned(),
    );
    (!evidence.is_empty()).then_some(Hit { grade: Grade::Usual, summary, evidence, remedy })
}
