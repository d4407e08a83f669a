//! What the ledger knows of one role. `account::ledger` stores it; what it means is decided here.

mod tampering;
mod telling;

pub use tampering::{Repetition, TamperingSeries};
pub use telling::Telling;

use crate::decide::Remediation;
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
    /// What is about to be told.
    #[serde(default)]
    pub telling: Option<Telling>,
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
    /// The last write to IAM that came through: what an operator can take back. Gone once that is done and told.
    #[serde(default)]
    pub last_write: Option<LastWrite>,
    /// The last write that an operator took back, and how long the role is held as that left it.
    #[serde(default)]
    pub undone: Option<Undone>,
    /// Who takes our boundary off the role again and again.
    #[serde(default)]
    pub tampering: TamperingSeries,
    /// Findings with a breach of MEDIUM or higher that no `resolved` has closed; the first [`MOST_UNRESOLVED`].
    #[serde(default)]
    pub unresolved: BTreeSet<FindingId>,
    /// What set off a write that waits for the change budget: the review queue's message does not tell the caller.
    #[serde(default)]
    pub deferred: Option<Trigger>,
}

/// A write to IAM that came through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastWrite {
    /// The finding that told it.
    pub finding: FindingId,
    /// The boundary that the role had.
    pub boundary_before: Option<PolicyArn>,
    /// The boundary that was put.
    pub boundary_after: PolicyArn,
    /// When it was in place.
    pub at: Timestamp,
}

/// A write that an operator took back. It is recorded before IAM is asked for it, as an intent is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undone {
    /// The id of the finding that tells it.
    pub finding: FindingId,
    /// The finding whose write was taken back: the one that the operator's request names.
    pub of: FindingId,
    /// Who asked for it, as the request says.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Until when Ringfence puts no boundary on the role.
    pub hold_until: Timestamp,
    /// The boundary that was taken away; none where the role had lost it already.
    pub boundary_before: Option<PolicyArn>,
    /// The boundary that the role was given back; none where it had none.
    pub boundary_after: Option<PolicyArn>,
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
    /// The severity of its highest breach.
    #[serde(default)]
    pub worst_breach: Option<Severity>,
}

/// A write that was decided, recorded before it is made.
///
/// It is closed when its finding is published. Whoever finds it open after its author died makes the write (again: a
/// boundary put twice is put once) and publishes the recorded outcome under the recorded id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Intent {
    /// The id of the finding to come.
    pub finding: FindingId,
    /// `bounded`, `restored` or `replaced`.
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
    /// Who sees it to its end in its author's place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_up: Option<TakenUp>,
    /// For a restoration: its place among those that the same principal made necessary.
    #[serde(default)]
    pub repetition: Option<Repetition>,
}

/// An invocation that saw the lease of an intent's holder end, and holds it now. Of many that wait one goes on, and the others
/// wait for that one, so that nothing is told as often as somebody waited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenUp {
    /// The Lambda request.
    pub by: String,
    /// Its lease begins.
    pub at: Timestamp,
}

impl Intent {
    /// The Lambda request that is at it, and since when.
    #[must_use]
    pub fn holder(&self) -> (&str, Timestamp) {
        self.taken_up
            .as_ref()
            .map_or((self.opened_by.as_str(), self.opened_at), |taken| (taken.by.as_str(), taken.at))
    }

    /// The same in the hands of another Lambda request.
    #[must_use]
    pub fn taken_up_by(&self, request: &str, now: Timestamp) -> Self {
        Self { taken_up: Some(TakenUp { by: request.to_owned(), at: now }), ..self.clone() }
    }

    /// Whether its finding is published. One of many restorations in a row may be told by the series' next one.
    #[must_use]
    pub fn is_told(&self) -> bool {
        self.repetition.as_ref().is_none_or(Repetition::is_told)
    }
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

/// How many open findings a record names: each state is told once, and few roles have many.
pub const MOST_UNRESOLVED: usize = 50;

impl RoleRecord {
    /// The record with the intent of a decided write. `request` is Lambda's id of the invocation.
    #[must_use]
    pub fn with_intent(
        &self,
        remediation: &Remediation,
        trigger: &Trigger,
        request: &str,
        now: Timestamp,
    ) -> Self {
        let generation = self.generation.saturating_add(1);
        let mut tampering = self.tampering.clone();
        let next = FindingId::of_write(remediation.role_id(), generation);
        let (finding, repetition) = match remediation.outcome() {
            Enforced::Restored => {
                let (finding, repetition) = tampering.count(trigger, &next, now);
                (finding, Some(repetition))
            }
            Enforced::Bounded | Enforced::Replaced => (next, None),
        };
        let intent = Intent {
            finding,
            outcome: remediation.outcome(),
            reason: remediation.reason().to_owned(),
            boundary_before: remediation.before().cloned(),
            boundary_after: remediation.after().clone(),
            trigger: trigger.clone(),
            opened_at: now,
            opened_by: request.to_owned(),
            taken_up: None,
            repetition,
        };
        Self { generation, tampering, intent: Some(intent), ..self.clone() }
    }

    /// Notes a finding that was published. A lost boundary that is back, or a named grant that is cut, is no breach: there is
    /// nothing that could be over.
    pub fn note_told(&mut self, told: Told) {
        if told.outcome == Outcome::Resolved {
            self.unresolved.clear();
            // What comes back is news again, under an id of its own.
            self.generation = self.generation.saturating_add(1);
        } else {
            self.note_unresolved(&told.finding, told.worst_breach);
        }
        self.telling = None;
        self.told = Some(told);
    }

    /// Notes that AWS refused a write and that this was told.
    pub fn note_refusal(&mut self, code: &str, finding: &FindingId, worst: Option<Severity>) {
        self.refusals_told.insert(code.to_owned());
        self.note_unresolved(finding, worst);
    }

    fn note_unresolved(&mut self, finding: &FindingId, worst: Option<Severity>) {
        if worst >= Some(Severity::Medium) && self.unresolved.len() < MOST_UNRESOLVED {
            self.unresolved.insert(finding.clone());
        }
    }

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
            telling: None,
            functions: BTreeSet::new(),
            generation: 0,
            intent: None,
            refusals_told: BTreeSet::new(),
            last_write: None,
            undone: None,
            tampering: TamperingSeries::default(),
            unresolved: BTreeSet::new(),
            deferred: None,
        }
    }

    /// The trigger whose write waits for the change budget, if `trigger` asks for it to be taken up.
    #[must_use]
    pub fn taken_up_by(&self, trigger: &Trigger) -> Option<&Trigger> {
        let deferred = self.deferred.as_ref();
        deferred.filter(|deferred| !deferred.event_id.is_empty() && deferred.event_id == trigger.event_id)
    }

    /// Whether the last word about the role is that it had this boundary.
    #[must_use]
    pub fn had(&self, boundary: &PolicyArn) -> bool {
        self.bounded_with.as_ref() == Some(boundary)
    }

    /// The undo that holds the role at this time, if one does.
    #[must_use]
    pub fn hold(&self, now: Timestamp) -> Option<&Undone> {
        self.undone.as_ref().filter(|undone| now < undone.hold_until)
    }

    /// Whether `state` is what was told last.
    #[must_use]
    pub fn has_told(&self, state: &StateKey) -> bool {
        self.told.as_ref().is_some_and(|told| told.state == *state)
    }

    /// Whether the role's boundary is one that was seen or put, or is about to be.
    #[must_use]
    pub fn knows(&self, boundary: &PolicyArn) -> bool {
        self.bounded_with.as_ref() == Some(boundary)
            || self.intent.as_ref().is_some_and(|intent| intent.boundary_after == *boundary)
    }

    /// Whether the ledger knows that the role's boundary was, or is about to be, changed so by our own hand.
    #[must_use]
    pub fn expects(&self, change: &Change) -> bool {
        let given_back = self.undone.as_ref().map(|undone| undone.boundary_after.as_ref());
        match change {
            Change::BoundaryPut(Some(boundary)) => {
                self.intent.as_ref().is_some_and(|intent| intent.boundary_after == *boundary)
                    || self.bounded_with.as_ref() == Some(boundary)
                    || given_back == Some(Some(boundary))
            }
            Change::BoundaryDeleted => given_back == Some(None),
            Change::BoundaryPut(None)
            | Change::Rights
            | Change::GivenTo(_)
            | Change::NothingOf(_)
            | Change::Look
            | Change::Swept => false,
        }
    }
}
