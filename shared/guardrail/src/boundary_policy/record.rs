use super::{Edit, Fingerprint};
use crate::finding::FindingId;
use crate::trigger::PolicyChange;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The ledger's item of a boundary policy: what was told about it, and what is being done to it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PolicyRecord {
    /// How many edits were told: makes their ids differ.
    pub generation: u64,
    /// The edit that was told last, as long as it stands, so that it is told once.
    pub told: Option<Told>,
    /// What is being set back right now, or was when a function died.
    pub intent: Option<EditIntent>,
    /// When Ringfence last set the policy back. IAM may show the old default for some seconds longer.
    pub set_back_at: Option<Timestamp>,
    /// The shipped document that it was last told to say, so that each update is told once.
    pub updated_to: Option<Fingerprint>,
}

/// An edit that was told and stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// [`Edit::key`].
    pub edit: String,
    /// The code of AWS's refusal to set it back, if that was told.
    pub refusal: Option<String>,
}

/// An edit that is being set back: recorded before it is done, closed when it was told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EditIntent {
    /// The id of the finding to come.
    pub finding: FindingId,
    /// What was found.
    pub edit: Edit,
    /// What set it off.
    pub change: PolicyChange,
    /// When it was recorded.
    pub opened_at: Timestamp,
    /// The Lambda request that recorded it. A retry of the same request proves that its author is dead.
    pub opened_by: String,
}

impl PolicyRecord {
    /// The id of the next finding about this policy.
    #[must_use]
    pub fn next_finding(&self, policy: &crate::names::PolicyArn) -> FindingId {
        FindingId::of_boundary_edit(policy, self.generation.saturating_add(1))
    }

    /// The record after an update of Ringfence was told that brought this document.
    #[must_use]
    pub fn after_update(&self, shipped: &Fingerprint) -> Self {
        Self {
            generation: self.generation.saturating_add(1),
            told: None,
            updated_to: Some(shipped.clone()),
            ..self.clone()
        }
    }

    /// Whether this edit, or AWS's refusal to set it back, was told and stands.
    #[must_use]
    pub fn has_told(&self, edit: &Edit, refusal: Option<&str>) -> bool {
        self.told.as_ref().is_some_and(|told| told.edit == edit.key() && told.refusal.as_deref() == refusal)
    }

    /// The record after an edit that stands was told.
    #[must_use]
    pub fn after_telling(&self, edit: &Edit, refusal: Option<&str>) -> Self {
        let told = Told { edit: edit.key(), refusal: refusal.map(str::to_owned) };
        Self {
            generation: self.generation.saturating_add(1),
            told: Some(told),
            intent: None,
            set_back_at: self.set_back_at,
            updated_to: self.updated_to.clone(),
        }
    }
}

/// The ledger's item of an approved boundary: its document as it was first seen. Whoever deletes the item approves what
/// the policy says when it is next looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approved {
    /// The fingerprint of the document.
    pub hash: Fingerprint,
    /// The document, so that an edit can be compared with it.
    pub document: String,
    /// When it was first seen.
    pub seen_at: Timestamp,
}
