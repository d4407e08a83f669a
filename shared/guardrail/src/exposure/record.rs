use super::{Behind, Claim, Exposure, ExposureSubject};
use crate::finding::{FindingId, Outcome};
use crate::names::Qualifier;
use crate::record::MOST_UNRESOLVED;
use crate::severity::Severity;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The ledger's item of a function that is, or was, open, or of a role that functions name and that does not exist: what was told.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ExposureRecord {
    /// How many findings were told: makes their ids differ.
    pub generation: u64,
    /// What of that which was told is still so.
    pub told: Option<ExposureState>,
    /// What is about to be told.
    pub claim: Option<Claim>,
    /// The findings that no `resolved` has closed.
    pub unresolved: BTreeSet<FindingId>,
}

/// What is open, as far as telling depends on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExposureState {
    /// Each way in; of a missing role, the functions that name it.
    pub(super) openings: BTreeSet<String>,
    pub(super) doubts: BTreeSet<String>,
    pub(super) severity: Severity,
    /// The worst of what the role may do, if that is MEDIUM or higher.
    pub(super) role: Option<Severity>,
    /// The versions and aliases that are open or in doubt: the next look has to ask for their policies.
    pub(super) qualifiers: BTreeSet<Qualifier>,
}

/// What a look comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// Nothing changed since it was told.
    Nothing,
    /// A part of what was told is over. That is noted, so that it is news when it comes back, and told when all of it is over.
    Less,
    /// Something is open that was not told.
    Exposed(FindingId),
    /// All that was told is over.
    Resolved(FindingId),
}

impl ExposureState {
    /// The state of an exposure; none where nothing is open.
    #[must_use]
    pub fn of(exposure: &Exposure, behind: &Behind) -> Option<Self> {
        let severity = exposure.severity(behind)?;
        Some(Self {
            openings: exposure.openings().iter().map(super::Opening::key).collect(),
            doubts: exposure.doubts().map(str::to_owned).collect(),
            severity,
            role: behind.dangers().filter_map(|danger| danger.now).max(),
            qualifiers: exposure.open_entrances().into_iter().flatten().collect(),
        })
    }

    /// Whether all of it was told, as bad as it is.
    fn is_within(&self, told: &Self) -> bool {
        self.openings.is_subset(&told.openings)
            && self.doubts.is_subset(&told.doubts)
            && self.severity <= told.severity
            && self.role <= told.role
    }

    /// For the id of its finding.
    fn key(&self) -> String {
        let list = |texts: &BTreeSet<String>| texts.iter().cloned().collect::<Vec<_>>().join("\n");
        let role = self.role.map_or("", Severity::as_str);
        [list(&self.openings), list(&self.doubts), self.severity.to_string(), role.to_owned()].join("\n\n")
    }
}

impl ExposureRecord {
    /// The versions and aliases that were told to be open.
    pub fn qualifiers(&self) -> impl Iterator<Item = &Qualifier> {
        self.told.iter().flat_map(|told| &told.qualifiers)
    }

    /// What is to be told of a state; none stands for nothing open.
    #[must_use]
    pub fn news<'a>(&self, of: impl Into<ExposureSubject<'a>>, state: Option<&ExposureState>) -> News {
        let of = of.into();
        match (state, &self.told) {
            (Some(state), Some(told)) if state == told => News::Nothing,
            (Some(state), Some(told)) if state.is_within(told) => News::Less,
            (Some(state), _) => News::Exposed(FindingId::of_exposure(of, &state.key(), self.generation)),
            (None, _) if !self.unresolved().is_empty() => {
                News::Resolved(FindingId::of_exposure_closed(of, self.generation))
            }
            (None, Some(_)) => News::Less,
            (None, None) => News::Nothing,
        }
    }

    /// The findings to be closed. One whose author died may have been published, so it is among them.
    #[must_use]
    pub fn unresolved(&self) -> BTreeSet<FindingId> {
        let left_behind = self.claim.iter().filter(|claim| claim.outcome == Outcome::Exposed);
        let mut unresolved = self.unresolved.clone();
        unresolved.extend(left_behind.map(|claim| claim.finding.clone()));
        unresolved
    }

    /// Whether something was told that may not be over.
    #[must_use]
    pub fn has_something_open(&self) -> bool {
        self.told.is_some() || !self.unresolved().is_empty()
    }

    /// Whether somebody else may be telling something of it right now.
    #[must_use]
    pub fn is_claimed_by_another(&self, request: &str, now: Timestamp) -> bool {
        self.claim.as_ref().is_some_and(|claim| claim.holds_off(request, now))
    }

    /// The record while the finding is published.
    #[must_use]
    pub fn claimed(&self, claim: Claim) -> Self {
        Self { unresolved: self.capped_unresolved(&claim.finding), claim: Some(claim), ..self.clone() }
    }

    /// The record after `finding` told this state; none stands for nothing open.
    #[must_use]
    pub fn after_telling(&self, finding: &FindingId, state: Option<ExposureState>) -> Self {
        let mut unresolved = BTreeSet::new();
        if state.is_some() {
            unresolved.extend(self.unresolved.iter().cloned());
            unresolved.insert(finding.clone());
        }
        Self { generation: self.generation.saturating_add(1), told: state, claim: None, unresolved }
    }

    /// The record where a part of what was told is over.
    #[must_use]
    pub fn after_less(&self, state: Option<ExposureState>) -> Self {
        Self { told: state, claim: None, unresolved: self.unresolved(), ..self.clone() }
    }

    /// What is open to be resolved, and what a dead author may have told, without the finding that is about to be told.
    fn capped_unresolved(&self, next: &FindingId) -> BTreeSet<FindingId> {
        self.unresolved().into_iter().filter(|id| id != next).take(MOST_UNRESOLVED).collect()
    }
}
