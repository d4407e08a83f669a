//! Calls that were refused because of a permissions boundary: who made them, and what was refused.

use guardrail::denial::DeniedCall;
use guardrail::names::AccountId;
use guardrail::trigger::{CloudTrailRecord, Ignored};
use std::collections::BTreeSet;

/// The IAM actions that this function's calls need.
#[must_use]
pub fn actions() -> BTreeSet<&'static str> {
    account::actions::to_tell_denials()
}

/// The refused call that a CloudTrail record tells of.
///
/// # Errors
/// Why the record is none of this function's.
pub fn trigger(record: &CloudTrailRecord, account: &AccountId) -> Result<DeniedCall, Ignored> {
    DeniedCall::read(record, account)
}
