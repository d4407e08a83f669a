use serde::{Deserialize, Serialize};

/// What Ringfence did, or would have done: the finding's `outcome`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The boundary was put on a role that had none.
    Bounded,
    /// The boundary was put back.
    Restored,
    /// A boundary that capped nothing gave way to ours.
    Replaced,
    /// Another boundary stays, because it is within ours.
    Kept,
    /// The boundary takes away what the role's policies would allow.
    Contained,
    /// An operator took a write of Ringfence back.
    Undone,
    /// Somebody answers for the role: told, nothing changed.
    Exempt,
    /// Told, nothing changed.
    Reported,
    /// What was told about the role at MEDIUM or higher is no more.
    Resolved,
    /// AWS refused the write.
    Failed,
    /// The boundary would have been put.
    WouldBound,
    /// The boundary would have been put back.
    WouldRestore,
    /// The document of a boundary policy, ours or an approved one, is not as it was.
    BoundaryEdited,
    /// A boundary that caps nothing would have given way to ours.
    WouldReplace,
    /// The boundary refused a call of the role.
    Denied,
    /// An operator wrote something into the ledger, or what it says came to its end.
    Notice,
    /// A sweep looked at every role of the account.
    Summary,
    /// A narrower policy is proposed for the role; nothing was changed.
    Suggested,
    /// A function is open to strangers or to other accounts, or open to whoever makes the role that it names and that is not there.
    Exposed,
}

impl Outcome {
    /// The word used on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bounded => "bounded",
            Self::Restored => "restored",
            Self::Replaced => "replaced",
            Self::Kept => "kept",
            Self::Contained => "contained",
            Self::Undone => "undone",
            Self::Exempt => "exempt",
            Self::Reported => "reported",
            Self::Resolved => "resolved",
            Self::Failed => "failed",
            Self::WouldBound => "would-bound",
            Self::WouldRestore => "would-restore",
            Self::BoundaryEdited => "boundary-edited",
            Self::WouldReplace => "would-replace",
            Self::Denied => "denied",
            Self::Notice => "notice",
            Self::Summary => "summary",
            Self::Suggested => "suggested",
            Self::Exposed => "exposed",
        }
    }
}

impl Outcome {
    /// Where the runbook says what to do about findings of this outcome.
    #[must_use]
    pub fn runbook(self) -> String {
        format!("{}/blob/main/docs/operations.md#{self}", env!("CARGO_PKG_REPOSITORY"))
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
