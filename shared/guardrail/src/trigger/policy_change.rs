use super::{Caller, EventName};
use crate::names::PolicyArn;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A call that changed a managed policy: a reason to look at every role that uses it, and at the policy itself where it is
/// a boundary of ours. A hint like every trigger: what is decided rests on what IAM answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PolicyChange {
    /// The API call.
    pub event: EventName,
    /// CloudTrail's `eventID`.
    pub event_id: String,
    /// When the call was made.
    pub time: Option<Timestamp>,
    /// The policy.
    pub policy: PolicyArn,
    /// What the call did to it.
    pub effect: PolicyEffect,
    /// Who called, and how.
    pub caller: Caller,
}

/// What a call did to a policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PolicyEffect {
    /// Another version is in force. The version's id, where the event tells it.
    NewDefault(Option<String>),
    /// A version that was not in force is gone.
    VersionDeleted,
    /// The policy is gone.
    Deleted,
}

impl PolicyEffect {
    /// Whether the roles that use the policy may do something else than before.
    #[must_use]
    pub fn changes_rights(&self) -> bool {
        match self {
            Self::NewDefault(_) => true,
            Self::VersionDeleted | Self::Deleted => false,
        }
    }
}
