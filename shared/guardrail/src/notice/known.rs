use crate::names::PolicyArn;
use crate::operator_item::ItemPrint;
use serde::{Deserialize, Serialize};

/// The keys of an operator's item, `pk` and `sk` with a slash between them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ItemKey(String);

impl ItemKey {
    /// `settings`/`mode`.
    #[must_use]
    pub fn kill_switch() -> Self {
        Self("settings/mode".to_owned())
    }

    /// `settings`/`budget`.
    pub(super) fn budget() -> Self {
        Self("settings/budget".to_owned())
    }

    /// What the sweep found missing. It is no item of the ledger.
    pub(super) fn ground() -> Self {
        Self("settings/ground".to_owned())
    }

    /// The export of service control policies. It is no item of the ledger.
    pub(super) fn service_control() -> Self {
        Self("settings/service-control".to_owned())
    }

    /// Access Analyzer's policy generation. It is no item of the ledger.
    pub(super) fn policy_generation() -> Self {
        Self("settings/policy-generation".to_owned())
    }

    /// `exemption`/pattern.
    #[must_use]
    pub fn exemption(pattern: &str) -> Self {
        Self(format!("exemption/{pattern}"))
    }

    /// All exemptions that are not kept one by one. No sort key is empty, so that it is no item's.
    pub(super) fn other_exemptions() -> Self {
        Self::exemption("")
    }

    /// `approved`/ARN.
    #[must_use]
    pub fn approved(policy: &PolicyArn) -> Self {
        Self(format!("approved/{policy}"))
    }

    /// `undo-request`/role name, or `*`.
    #[must_use]
    pub fn undo_request(sk: &str) -> Self {
        Self(format!("undo-request/{sk}"))
    }

    /// The pattern, where it is one exemption's.
    pub(super) fn pattern(&self) -> Option<&str> {
        self.0.strip_prefix("exemption/").filter(|pattern| !pattern.is_empty())
    }

    /// The partition key.
    #[must_use]
    pub fn pk(&self) -> &str {
        self.0.split('/').next().unwrap_or_default()
    }

    /// The sort key.
    #[must_use]
    pub fn sk(&self) -> &str {
        self.0.split_once('/').map_or("", |(_, sk)| sk)
    }

    /// Both, with a slash between them.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What was told of an item last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// What it said.
    pub print: ItemPrint,
    /// What it counted for.
    pub stage: Stage,
}

impl Known {
    pub(super) fn new(print: &ItemPrint, stage: Stage) -> Self {
        Self { print: print.clone(), stage }
    }
}

/// What an item counted for when it was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Kill switch: nothing is enforced.
    On,
    /// Kill switch: on, and the template has Ringfence only observe anyway.
    Idle,
    /// It counts for nothing.
    Invalid,
    /// Its time is over.
    Over,
    /// It counts.
    Valid,
    /// It counts, for a week at most.
    Ending,
    /// Approved document: there.
    Noted,
    /// Approved document: deleted.
    Deleted,
    /// Undo request: waits.
    Requested,
    /// Undo request: refused, or not to be read.
    Refused,
    /// Something of Ringfence's own is missing or switched off.
    Missing,
    /// Exemptions that are not kept one by one; the changes of an hour.
    Counted,
}
