//! IAM calls that change a role: which role, and what changed.

use guardrail::names::AccountId;
use guardrail::trigger::{Change, CloudTrailRecord, Ignored, Subject, Trigger};
use std::collections::BTreeSet;

/// The IAM actions that this function's calls need.
#[must_use]
pub fn actions() -> BTreeSet<&'static str> {
    account::actions::to_respond()
}

/// The trigger that a CloudTrail record stands for.
///
/// # Errors
/// Why the record is none of this function's.
pub fn trigger(record: &CloudTrailRecord, account: &AccountId) -> Result<Trigger, Ignored> {
    let event = record.succeeded_at("iam.amazonaws.com", account)?;
    let change = match event.as_str() {
        "CreateRole"
        | "AttachRolePolicy"
        | "DetachRolePolicy"
        | "PutRolePolicy"
        | "DeleteRolePolicy"
        | "UpdateAssumeRolePolicy" => Change::Rights,
        "PutRolePermissionsBoundary" => {
            Change::BoundaryPut(record.requested("permissionsBoundary").and_then(|arn| arn.parse().ok()))
        }
        "DeleteRolePermissionsBoundary" => Change::BoundaryDeleted,
        _ => return Err(record.other_event(event)),
    };
    Ok(Trigger {
        subject: Subject::Role(record.named_role(&event)?),
        event,
        event_id: record.event_id().to_owned(),
        time: record.time(),
        change,
        caller: record.caller(),
        source: None,
    })
}
