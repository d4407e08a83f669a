//! What the ledger knows of one role. `account::ledger` stores it; what it means is decided here.

use crate::finding::{FindingId, Outcome, StateKey};
use crate::function::Function;
use crate::names::{FunctionArn, PolicyArn, RoleId};
use crate::severity::Severity;
use crate::trigger::{Change, Trigger};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The ledger's item of a role.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RoleRecord {
    /// Whose record it is. A role made anew under the same name has another id and starts with an empty record.
    pub role_id: RoleId,
    /// The boundary, ours or approved, that was last seen on the role or put there; none if there never was one.
    pub bounded_with: Option<PolicyArn>,
    /// When Ringfence last put it. IAM may show the role without it for some seconds longer.
    #[serde(default)]
    pub put_at: Option<Timestamp>,
    /// The last state that was told, so that it is told once.
    pub told: Option<Told>,
    /// The functions that were given the role, as far as they were seen; at most [`MOST_FUNCTIONS`].
    #[serde(default)]
    pub functions: BTreeSet<FunctionArn>,
    /// How many intents this role has had: makes their ids differ.
    pub generation: u64,
    /// What is being done right now, or was being done when a function died.
    pub intent: Option<Intent>,
    /// Reasons for which AWS refused a write and which were told.
    #[serde(default)]
    pub refusals_told: BTreeSet<String>,
}

/// The last finding about a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The state it described.
    pub state: StateKey,
    /// Its id.
    pub finding: FindingId,
    /// What it told.
    pub outcome: Outcome,
    /// Its severity.
    pub severity: Severity,
}

/// A write that was decided, recorded before it is made.
///
/// It is closed when its finding is published. Whoever finds it open after its author died makes the write (again: a
/// boundary put twice is put once) and publishes the recorded outcome under the recorded id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Intent {
    /// The id of the finding to come.
    pub finding: FindingId,
    /// `bounded` or `restored`.
    pub outcome: Enforced,
    /// Why, in one sentence.
    pub reason: String,
    /// The boundary that the role had.
    pub boundary_before: Option<PolicyArn>,
    /// The boundary that it is to have.
    pub boundary_after: PolicyArn,
    /// What set it off.
    pub trigger: Trigger,
    /// When it was recorded.
    pub opened_at: Timestamp,
    /// The Lambda request that recorded it. A retry of the same request proves that its author is dead.
    pub opened_by: String,
}

/// The outcomes that write to a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Enforced {
    /// The boundary was put on a role that had none.
    Bounded,
    /// The boundary was put back.
    Restored,
    /// The boundary was put in the place of one that capped nothing.
    Replaced,
}

impl Enforced {
    /// The finding's word for it.
    #[must_use]
    pub fn outcome(self) -> Outcome {
        match self {
            Self::Bounded => Outcome::Bounded,
            Self::Restored => Outcome::Restored,
            Self::Replaced => Outcome::Replaced,
        }
    }

    /// The finding's word where the mode forbids the write.
    #[must_use]
    pub fn observed(self) -> Outcome {
        match self {
            Self::Bounded => Outcome::WouldBound,
            Self::Restored => Outcome::WouldRestore,
            Self::Replaced => Outcome::WouldReplace,
        }
    }
}

/// How many functions the record of one role names: an item of the ledger holds 400 KB.
pub const MOST_FUNCTIONS: usize = 200;

impl RoleRecord {
    /// Notes that a function was given the role. One that merely has it is not noted, so that a later event which gives it
    /// the role is not taken for old news.
    pub fn note_given(&mut self, change: &Change) {
        if let Change::GivenTo(function) = change
            && self.functions.len() < MOST_FUNCTIONS
        {
            self.functions.insert(function.clone());
        }
    }

    /// The functions that are known with the role: the ledger's, and the one that the change gave it to.
    #[must_use]
    pub fn functions_after(&self, change: &Change) -> Vec<Function> {
        let mut functions = self.functions.clone();
        functions.extend(change.function().cloned());
        functions.into_iter().map(Function::named).collect()
    }

    /// The record of a role that the ledger does not know.
    #[must_use]
    pub fn new(role_id: RoleId) -> Self {
        Self {
            role_id,
            bounded_with: None,
            put_at: None,
            told: None,
            functions: BTreeSet::new(),
            generation: 0,
            intent: None,
            refusals_told: BTreeSet::new(),
        }
    }

    /// Whether `state` is what was told last.
    #[must_use]
    pub fn has_told(&self, state: &StateKey) -> bool {
        self.told.as_ref().is_some_and(|told| told.state == *state)
    }

    /// Whether the ledger knows that this boundary is, or is about to be, on the role by our own hand.
    #[must_use]
    pub fn expects(&self, boundary: &PolicyArn) -> bool {
        self.intent.as_ref().is_some_and(|intent| intent.boundary_after == *boundary)
            || self.bounded_with.as_ref() == Some(boundary)
    }
}
