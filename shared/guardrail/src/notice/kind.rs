use crate::severity::Severity;

/// The kinds of notices. [`NoticeKind::severity`] is the table of what each weighs; the README has the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoticeKind {
    /// The kill switch is on: nothing is enforced.
    KillSwitchOn,
    /// The kill switch is on, but the template has Ringfence only observe anyway.
    KillSwitchIdle,
    /// The kill switch was on and is not any more.
    KillSwitchOver,
    /// The kill switch counts for nothing.
    KillSwitchInvalid,
    /// Changes of existing roles wait for the next hour.
    BudgetExhausted,
    /// Something that Ringfence stands on is missing, switched off or not as deployed.
    GroundMissing,
    /// Nothing of it is missing any more.
    GroundMended,
    /// An export of the organization's service control policies counts for nothing.
    ServiceControlUnusable,
    /// That is over.
    ServiceControlMended,
    /// AWS refuses to generate policies for proposals.
    GenerationRefused,
    /// That is over.
    GenerationMended,
    /// An exemption counts from now on.
    ExemptionNew,
    /// An exemption says something else than before.
    ExemptionChanged,
    /// An exemption counts for nothing.
    ExemptionInvalid,
    /// An exemption ends within a week.
    ExemptionEnding,
    /// An exemption's time is over.
    ExemptionExpired,
    /// An exemption that counted was deleted.
    ExemptionDeleted,
    /// An exemption that counted for nothing was deleted.
    ExemptionCleared,
    /// Something changed among exemptions that are too many to be told one by one.
    ExemptionsOverflow,
    /// The document of an approved boundary was noted for the first time.
    ApprovedNoted,
    /// The document of an approved boundary was noted anew.
    ApprovedAnew,
    /// The document of an approved boundary was deleted from the ledger.
    ApprovedDeleted,
    /// An undo of one role was asked for and waits.
    UndoRequested,
    /// An undo of every role was asked for.
    UndoOfAllRequested,
    /// An undo was refused.
    UndoRefused,
    /// An undo request cannot be read.
    UndoInvalid,
}

impl NoticeKind {
    /// Every kind, in the order of the README's table.
    pub const ALL: [Self; 26] = [
        Self::KillSwitchOn,
        Self::KillSwitchInvalid,
        Self::KillSwitchOver,
        Self::KillSwitchIdle,
        Self::BudgetExhausted,
        Self::GroundMissing,
        Self::GroundMended,
        Self::ServiceControlUnusable,
        Self::ServiceControlMended,
        Self::GenerationRefused,
        Self::GenerationMended,
        Self::ExemptionNew,
        Self::ExemptionChanged,
        Self::ExemptionInvalid,
        Self::ExemptionEnding,
        Self::ExemptionsOverflow,
        Self::ExemptionExpired,
        Self::ExemptionDeleted,
        Self::ExemptionCleared,
        Self::ApprovedAnew,
        Self::ApprovedDeleted,
        Self::ApprovedNoted,
        Self::UndoOfAllRequested,
        Self::UndoRefused,
        Self::UndoInvalid,
        Self::UndoRequested,
    ];

    /// What it weighs. `FindingsEmail` gets MEDIUM and above: all that takes protection away, all that an operator believes to have
    /// done and has not, and what will change a role soon.
    #[must_use]
    pub fn severity(self) -> Severity {
        match self {
            // Nothing is enforced any more.
            Self::KillSwitchOn => Severity::Critical,
            // An operator believes that writes have stopped, and they have not.
            Self::KillSwitchInvalid => Severity::High,
            // Whoever heard of its beginning waits for its end.
            Self::KillSwitchOver => Severity::Medium,
            Self::KillSwitchIdle => Severity::Low,
            // Dangerous roles stay open for up to an hour, or somebody's mistake reaches the whole account.
            Self::BudgetExhausted => Severity::High,
            // Events pass unseen.
            Self::GroundMissing => Severity::High,
            Self::GroundMended => Severity::Medium,
            // Somebody believes that they are counted in. What is told without them is worse than it is, never better.
            Self::ServiceControlUnusable => Severity::Medium,
            Self::ServiceControlMended => Severity::Low,
            // Somebody set it up and waits for proposals.
            Self::GenerationRefused => Severity::Medium,
            Self::GenerationMended => Severity::Low,
            // They take roles out, or were meant to.
            Self::ExemptionNew
            | Self::ExemptionChanged
            | Self::ExemptionInvalid
            | Self::ExemptionsOverflow => Severity::Medium,
            // The last chance to renew it before the roles are bounded.
            Self::ExemptionEnding => Severity::Medium,
            // Protection is back.
            Self::ExemptionExpired | Self::ExemptionDeleted => Severity::Low,
            Self::ExemptionCleared => Severity::Info,
            // Another document counts as approved from now on.
            Self::ApprovedAnew | Self::ApprovedDeleted => Severity::Medium,
            // The template approved it; this only says since when edits are seen.
            Self::ApprovedNoted => Severity::Low,
            // Every boundary that Ringfence put is about to go.
            Self::UndoOfAllRequested => Severity::High,
            Self::UndoRefused | Self::UndoInvalid => Severity::Medium,
            Self::UndoRequested => Severity::Low,
        }
    }

    /// What the README's table calls it.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::KillSwitchOn => "kill switch on",
            Self::KillSwitchIdle => "kill switch on in observe mode",
            Self::KillSwitchOver => "kill switch over",
            Self::KillSwitchInvalid => "kill switch not valid",
            Self::BudgetExhausted => "change budget used up",
            Self::GroundMissing => "something of Ringfence missing or changed",
            Self::GroundMended => "nothing of Ringfence missing any more",
            Self::ServiceControlUnusable => "service control policies not counted",
            Self::ServiceControlMended => "service control policies in order again",
            Self::GenerationRefused => "policy generation refused",
            Self::GenerationMended => "policy generation works again",
            Self::ExemptionNew => "exemption new",
            Self::ExemptionChanged => "exemption changed",
            Self::ExemptionInvalid => "exemption not valid",
            Self::ExemptionEnding => "exemption ends within a week",
            Self::ExemptionExpired => "exemption expired",
            Self::ExemptionDeleted => "exemption deleted",
            Self::ExemptionCleared => "exemption deleted that was not valid",
            Self::ExemptionsOverflow => "exemptions too many to be told one by one",
            Self::ApprovedNoted => "approved document noted",
            Self::ApprovedAnew => "approved document noted anew",
            Self::ApprovedDeleted => "approved document deleted",
            Self::UndoRequested => "undo requested",
            Self::UndoOfAllRequested => "undo of all roles requested",
            Self::UndoRefused => "undo refused",
            Self::UndoInvalid => "undo request not valid",
        }
    }
}
