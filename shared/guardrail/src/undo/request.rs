use crate::finding::FindingId;
use crate::names::RoleName;
use crate::record::RoleRecord;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// The sort key of the request for every role. No role can be called that.
pub const ALL_ROLES: &str = "*";

/// An operator's request for one role: the item `{"pk":"undo-request","sk":"<role name>", …}` of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct UndoRequest {
    /// The finding whose write is to be taken back.
    pub finding: FindingId,
    /// Who asks.
    pub by: RequestedBy,
    /// How long Ringfence leaves the role alone.
    pub hold_days: HoldDays,
}

/// An operator's request for every role, for leaving: the item with sort key [`ALL_ROLES`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoAll {
    /// Who asks.
    pub by: RequestedBy,
    /// How long Ringfence leaves the roles alone.
    pub hold_days: HoldDays,
    /// The last role that was looked at: the next batch begins behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continue_after: Option<RoleName>,
}

impl UndoAll {
    /// The request for one of the roles; none where there is no write to take back.
    #[must_use]
    pub fn for_role(&self, record: &RoleRecord) -> Option<UndoRequest> {
        let write = record.last_write.as_ref()?;
        Some(UndoRequest { finding: write.finding.clone(), by: self.by.clone(), hold_days: self.hold_days })
    }
}

/// How long an undone role is left alone: 1 to 365 days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct HoldDays(u16);

impl HoldDays {
    /// What the undo line of a finding asks for.
    pub const USUAL: Self = Self(7);
    const MOST: u16 = 365;

    /// The end of a hold that begins now.
    #[must_use]
    pub fn after(self, now: Timestamp) -> Timestamp {
        now.checked_add(SignedDuration::from_hours(24 * i64::from(self.0))).unwrap_or(Timestamp::MAX)
    }
}

impl std::fmt::Display for HoldDays {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<u16> for HoldDays {
    type Error = InvalidRequest;

    fn try_from(days: u16) -> Result<Self, InvalidRequest> {
        if (1..=Self::MOST).contains(&days) { Ok(Self(days)) } else { Err(InvalidRequest::HoldDays(days)) }
    }
}

impl From<HoldDays> for u16 {
    fn from(days: HoldDays) -> Self {
        days.0
    }
}

/// Who asks for an undo, in words of their own: 1 to 256 characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RequestedBy(String);

impl RequestedBy {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for RequestedBy {
    type Error = InvalidRequest;

    fn try_from(text: String) -> Result<Self, InvalidRequest> {
        let text = text.trim();
        if (1..=256).contains(&text.chars().count()) && !text.chars().any(char::is_control) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidRequest::By)
        }
    }
}

impl From<RequestedBy> for String {
    fn from(by: RequestedBy) -> Self {
        by.0
    }
}

/// A field of a request that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRequest {
    /// Out of range.
    #[error("`hold_days` is `{0}` and has to be 1 to 365")]
    HoldDays(u16),
    /// Empty, too long or not one line.
    #[error("`by` has to say in one line who asks")]
    By,
}
