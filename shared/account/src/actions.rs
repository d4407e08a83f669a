//! The IAM actions behind the SDK calls of this crate. Each is declared beside its call; a test holds the template's
//! grants to these lists, no more and no less.

use std::collections::BTreeSet;

/// What [`crate::Account::respond`] may call.
#[must_use]
pub fn to_respond() -> BTreeSet<&'static str> {
    united([
        crate::role::ACTIONS,
        crate::policies::ACTIONS,
        crate::last_accessed::ACTIONS,
        crate::analyzer::ACTIONS,
        crate::function::ACTIONS,
        crate::owner::ACTIONS,
        crate::carry_out::ACTIONS,
        crate::ledger::ACTIONS,
        crate::ledger::EXEMPTION_ACTIONS,
        crate::ledger::BUDGET_ACTIONS,
        crate::publish::ACTIONS,
        crate::central_topic::ACTIONS,
        crate::security_hub::ACTIONS,
        crate::second_look::ACTIONS,
        crate::policy_change::FOUND_EDITED_ACTIONS,
        crate::connect::ACTIONS,
    ])
}

/// What the reviews of the queue may call: what events lead to, and the way from an id to a role.
#[must_use]
pub fn to_review() -> BTreeSet<&'static str> {
    to_respond().into_iter().chain(crate::role_ids::ACTIONS.iter().copied()).collect()
}

/// What [`crate::Account::undo`] may call.
#[must_use]
pub fn to_undo() -> BTreeSet<&'static str> {
    united([
        crate::role::ACTIONS,
        crate::carry_out::UNDO_ACTIONS,
        crate::ledger::ACTIONS,
        crate::ledger::UNDO_ACTIONS,
        crate::publish::ACTIONS,
        crate::central_topic::ACTIONS,
        crate::security_hub::ACTIONS,
        crate::connect::ACTIONS,
    ])
}

/// What [`crate::Account::sweep`] may call.
#[must_use]
pub fn to_sweep() -> BTreeSet<&'static str> {
    united([
        crate::ground::ACTIONS,
        crate::sweep::ACTIONS,
        crate::last_accessed::ACTIONS,
        crate::report::ACTIONS,
        crate::review_queue::ACTIONS,
        crate::ledger::ACTIONS,
        crate::ledger::EXEMPTION_ACTIONS,
        crate::publish::ACTIONS,
        crate::central_topic::ACTIONS,
        crate::security_hub::ACTIONS,
        crate::connect::ACTIONS,
    ])
}

/// What [`crate::Account::suggest`] may call.
#[must_use]
pub fn to_suggest() -> BTreeSet<&'static str> {
    united([
        crate::suggest::GENERATION_ACTIONS,
        crate::suggest::HISTORY_ACTIONS,
        crate::role::ACTIONS,
        crate::policies::ACTIONS,
        crate::owner::ACTIONS,
        crate::ledger::ACTIONS,
        crate::publish::ACTIONS,
        crate::central_topic::ACTIONS,
        crate::security_hub::ACTIONS,
        crate::connect::ACTIONS,
    ])
}

/// What telling of calls that a boundary refused may call.
#[must_use]
pub fn to_tell_denials() -> BTreeSet<&'static str> {
    united([
        crate::role::ACTIONS,
        crate::policies::ACTIONS,
        crate::owner::ACTIONS,
        crate::ledger::ACTIONS,
        crate::ledger::EXEMPTION_ACTIONS,
        crate::publish::ACTIONS,
        crate::central_topic::ACTIONS,
        // For notices.
        crate::security_hub::ACTIONS,
        crate::connect::ACTIONS,
    ])
}

fn united<const N: usize>(lists: [&[&'static str]; N]) -> BTreeSet<&'static str> {
    lists.into_iter().flatten().copied().collect()
}

/// What [`crate::Account::respond_to_policy_change`] may call.
#[must_use]
pub fn to_respond_to_policy_change() -> BTreeSet<&'static str> {
    [
        crate::policy_change::ACTIONS,
        crate::review_queue::ACTIONS,
        crate::role::ACTIONS,
        crate::ledger::ACTIONS,
        crate::publish::ACTIONS,
        crate::central_topic::ACTIONS,
        crate::security_hub::ACTIONS,
        crate::connect::ACTIONS,
    ]
    .into_iter()
    .flatten()
    .copied()
    .collect()
}

/// What [`crate::Account::respond_to_exposure_change`] may call.
#[must_use]
pub fn to_respond_to_exposure_change() -> BTreeSet<&'static str> {
    united([
        crate::exposure::ACTIONS,
        crate::analyzer::EXPOSURE_ACTIONS,
        crate::function::ACTIONS,
        crate::role::ACTIONS,
        crate::policies::ACTIONS,
        crate::owner::ACTIONS,
        crate::ledger::ACTIONS,
        crate::publish::ACTIONS,
        crate::central_topic::ACTIONS,
        crate::security_hub::ACTIONS,
        crate::connect::ACTIONS,
    ])
}
