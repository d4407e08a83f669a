use super::Outcome;
use crate::check_id::CheckId;
use crate::exposure::ExposureSubject;
use crate::names::{AccountId, PolicyArn, RoleId};
use crate::severity::Severity;
use iam_policy::ActionName;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// The id of a finding: `rf-` and 24 hexadecimal digits, derived from what it is about and never drawn at random, so
/// that a retry tells the same finding again and not another one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FindingId(String);

/// The key of a role's state: what has to differ for the role to be told about again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StateKey(String);

impl FindingId {
    /// The id of the finding that a write to this role leads to. `generation` counts the role's intents, so
    /// that two events that decide the same write at the same time share one id, and the next write has another.
    #[must_use]
    pub fn of_write(role: &RoleId, generation: u64) -> Self {
        Self(format!("rf-{}", digest(&["write", role.as_str(), &generation.to_string()])))
    }

    /// The id of the finding that tells a state. `generation` is the role's: a state that comes back after a write or
    /// a resolution is news again.
    #[must_use]
    pub fn of_state(state: &StateKey, outcome: Outcome, generation: u64) -> Self {
        Self(format!("rf-{}", digest(&["state", &state.0, outcome.as_str(), &generation.to_string()])))
    }

    /// The id of the finding about an edited boundary policy. `generation` counts those of this policy.
    #[must_use]
    pub fn of_boundary_edit(policy: &PolicyArn, generation: u64) -> Self {
        Self(format!("rf-{}", digest(&["boundary-edit", policy.as_str(), &generation.to_string()])))
    }

    /// The id of the finding that tells a refused write. `reason` is a code, not AWS's words: those name the session.
    #[must_use]
    pub fn of_refusal(write: &Self, reason: &str) -> Self {
        Self(format!("rf-{}", digest(&["refusal", &write.0, reason])))
    }

    /// The id of the finding that tells that a write was taken back. `generation` is counted on for it.
    #[must_use]
    pub fn of_undo(role: &RoleId, generation: u64) -> Self {
        Self(format!("rf-{}", digest(&["undo", role.as_str(), &generation.to_string()])))
    }

    /// The id of the finding that tells what operators' items came to. `generation` counts what was told of them.
    #[must_use]
    pub fn of_notice(kind: &str, items: &str, generation: u64) -> Self {
        Self(format!("rf-{}", digest(&["notice", kind, items, &generation.to_string()])))
    }

    /// The id of the finding about calls of one action that the role's boundary refused on one day.
    #[must_use]
    pub fn of_denial(role: &RoleId, action: &ActionName, day: Date) -> Self {
        Self(format!("rf-{}", digest(&["denial", role.as_str(), action.folded(), &day.to_string()])))
    }

    /// The id of the finding that proposes a policy to a role from the evidence of this time.
    #[must_use]
    pub fn of_suggestion(role: &RoleId, since: Timestamp, until: Timestamp) -> Self {
        let (since, until) = (since.to_string(), until.to_string());
        Self(format!("rf-{}", digest(&["suggestion", role.as_str(), &since, &until])))
    }

    /// The id of the finding that sums up a sweep.
    #[must_use]
    pub fn of_summary(account: &AccountId, sweep: &str) -> Self {
        Self(format!("rf-{}", digest(&["summary", account.as_str(), sweep])))
    }

    /// The id of the finding that closes the earlier ones about a role. `generation` is counted on with it.
    #[must_use]
    pub fn of_resolution(role: &RoleId, generation: u64) -> Self {
        Self(format!("rf-{}", digest(&["resolution", role.as_str(), &generation.to_string()])))
    }

    /// The id of the finding that tells to whom a function is open, or that a role is missing. `generation` counts what was told of
    /// it: what comes back after a resolution is news again.
    #[must_use]
    pub fn of_exposure<'a>(of: impl Into<ExposureSubject<'a>>, state: &str, generation: u64) -> Self {
        let of = of.into();
        Self(format!("rf-{}", digest(&["exposure", of.as_str(), state, &generation.to_string()])))
    }

    /// The id of the finding that closes those about an exposure. `generation` is counted on with it.
    #[must_use]
    pub fn of_exposure_closed<'a>(of: impl Into<ExposureSubject<'a>>, generation: u64) -> Self {
        let of = of.into();
        Self(format!("rf-{}", digest(&["exposure-closed", of.as_str(), &generation.to_string()])))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl StateKey {
    /// Role id, boundary and its document, breaches by check and severity without a boundary, doubts (design,
    /// "Same state").
    #[must_use]
    pub fn new(
        role: &RoleId,
        boundary: Option<&PolicyArn>,
        boundary_document: Option<&str>,
        breaches: &BTreeSet<(CheckId, Severity)>,
        doubts: &[String],
    ) -> Self {
        let breaches: Vec<String> =
            breaches.iter().map(|(check, severity)| format!("{check}={severity}")).collect();
        // In any order: a look at one role reads its policies in another one than a sweep.
        let doubts: BTreeSet<&str> = doubts.iter().map(String::as_str).collect();
        let doubts: Vec<&str> = doubts.into_iter().collect();
        Self(digest(&[
            role.as_str(),
            boundary.map_or("", PolicyArn::as_str),
            boundary_document.unwrap_or_default(),
            &breaches.join(","),
            &doubts.join("\n"),
        ]))
    }
}

/// The first 24 hexadecimal digits (96 bits) of a SHA-256 over the parts, each with its length, so that no two lists of
/// parts read the same.
fn digest(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
        assert_eq!(digest(&["ab", "c"]).len(), 24);
    }

    #[test]
    fn a_state_is_the_same_in_whatever_order_its_doubts_were_found() {
        let role: RoleId = "AROAEXAMPLE".parse().unwrap();
        let state = |doubts: &[&str]| {
            let doubts: Vec<String> = doubts.iter().map(|doubt| (*doubt).to_owned()).collect();
            StateKey::new(&role, None, None, &BTreeSet::new(), &doubts)
        };
        assert_eq!(state(&["a", "b"]), state(&["b", "a"]));
        assert_ne!(state(&["a", "b"]), state(&["a"]));
    }

    #[test]
    fn each_write_to_a_role_has_its_own_id_and_keeps_it() {
        let role: RoleId = "AROAEXAMPLE".parse().unwrap();
        assert_eq!(FindingId::of_write(&role, 1), FindingId::of_write(&role, 1));
        assert_ne!(FindingId::of_write(&role, 1), FindingId::of_write(&role, 2));
    }
}
