//! Lambda calls that give a function a role: which role, and which function.

use guardrail::names::{AccountId, FunctionArn, RoleArn};
use guardrail::trigger::{Change, CloudTrailRecord, EventName, Ignored, Subject, Trigger};
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
    let event = record.succeeded_at("lambda.amazonaws.com", account)?;
    let (subject, change) = match event.as_str() {
        "CreateFunction" => created(record, &event, account)?,
        "UpdateFunctionConfiguration" => updated(record, &event, account)?,
        _ => return Err(record.other_event(event)),
    };
    Ok(Trigger {
        event,
        event_id: record.event_id().to_owned(),
        time: record.time(),
        subject,
        change,
        caller: record.caller(),
        source: None,
    })
}

fn created(
    record: &CloudTrailRecord,
    event: &EventName,
    account: &AccountId,
) -> Result<(Subject, Change), Ignored> {
    let function = record.named_function(event, account)?;
    let role = record.answered_role().or_else(|| record.requested_role());
    Ok((subject(role, &function), Change::GivenTo(function)))
}

/// The request names a role only where the caller passed one; otherwise no right changed, and the role stands in the answer
/// or has to be asked for.
fn updated(
    record: &CloudTrailRecord,
    event: &EventName,
    account: &AccountId,
) -> Result<(Subject, Change), Ignored> {
    let function = record.named_function(event, account)?;
    if let Some(role) = record.requested_role() {
        return Ok((subject(Some(role), &function), Change::GivenTo(function)));
    }
    Ok((subject(record.answered_role(), &function), Change::NothingOf(function)))
}

fn subject(role: Option<RoleArn>, function: &FunctionArn) -> Subject {
    role.map_or_else(|| Subject::FunctionsRole(function.clone()), |role| Subject::Role(role.name().clone()))
}
