//! Lambda calls that open a function to others, or close it: which function, at which version or alias.

use guardrail::names::AccountId;
use guardrail::trigger::{CloudTrailRecord, ExposureChange, ExposureEffect, Ignored};
use std::collections::BTreeSet;

/// The IAM actions that this function's calls need.
#[must_use]
pub fn actions() -> BTreeSet<&'static str> {
    account::actions::to_respond_to_exposure_change()
}

/// The change that a CloudTrail record stands for.
///
/// A new version or alias has no policy and no URL, and an alias that is moved keeps its own, so `PublishVersion`, `CreateAlias` and
/// `UpdateAlias` open nothing.
///
/// # Errors
/// Why the record is none of this function's.
pub fn trigger(record: &CloudTrailRecord, account: &AccountId) -> Result<ExposureChange, Ignored> {
    let event = record.succeeded_at("lambda.amazonaws.com", account)?;
    let sid = || record.requested("statementId").map(str::to_owned);
    let url_auth = || record.answered("authType").or(record.requested("authType"))?.parse().ok();
    let effect = match event.as_str() {
        "AddPermission" => ExposureEffect::PermissionAdded(sid()),
        "RemovePermission" => ExposureEffect::PermissionRemoved(sid()),
        "PutResourcePolicy" | "DeleteResourcePolicy" => ExposureEffect::PolicyReplaced,
        "CreateFunctionUrlConfig" | "UpdateFunctionUrlConfig" => ExposureEffect::UrlSet(url_auth()),
        "DeleteFunctionUrlConfig" => ExposureEffect::UrlDeleted,
        "DeleteFunction" | "DeleteAlias" => ExposureEffect::EntranceDeleted,
        _ => return Err(record.other_event(event)),
    };
    let function = if effect == ExposureEffect::PolicyReplaced {
        record.named_resource(&event)?
    } else {
        record.named_function(&event, account)?
    };
    let alias = || record.requested("name").filter(|_| event.as_str() == "DeleteAlias")?.parse().ok();
    Ok(ExposureChange {
        qualifier: record.named_qualifier().or_else(alias),
        function,
        event,
        event_id: record.event_id().to_owned(),
        time: record.time(),
        effect,
        caller: record.caller(),
    })
}
