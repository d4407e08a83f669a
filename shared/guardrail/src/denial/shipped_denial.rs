/// What a Deny statement of a shipped boundary keeps away, by its Sid. Both profiles have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShippedDenial {
    /// New identities, and new credentials for those that exist.
    CreatingIdentities,
    /// What changes what somebody may do.
    ChangingPermissions,
    /// What puts, changes or deletes a permissions boundary.
    TamperingWithBoundaries,
    /// Code under the role of something that exists.
    TakingOverCompute,
    /// What switches off or blinds trails, detectors and recorders.
    TamperingWithAudit,
    /// `iam:PassRole`.
    PassingRoles,
    /// `sts:AssumeRole` towards roles of the own account.
    AssumingRoles,
    /// Anything done to a part of Ringfence.
    TouchingRingfence,
    /// What takes events away from Ringfence's functions.
    DisconnectingRingfence,
}

impl ShippedDenial {
    /// By the Sid of a statement. A test holds it against those of the template.
    #[must_use]
    pub fn of_sid(sid: &str) -> Option<Self> {
        Some(match sid {
            "DenyCreatingIdentities" => Self::CreatingIdentities,
            "DenyChangingPermissions" => Self::ChangingPermissions,
            "DenyTamperingWithBoundaries" => Self::TamperingWithBoundaries,
            "DenyTakingOverCompute" => Self::TakingOverCompute,
            "DenyTamperingWithAudit" => Self::TamperingWithAudit,
            "DenyPassingRoles" | "DenyPassingRolesExceptAllowedOnes" => Self::PassingRoles,
            "DenyAssumingRolesOfThisAccount" | "DenyAssumingRolesOfThisAccountExceptAllowedOnes" => {
                Self::AssumingRoles
            }
            "DenyTouchingRingfence" => Self::TouchingRingfence,
            "DenyDisconnectingRingfence" => Self::DisconnectingRingfence,
            _ => return None,
        })
    }

    /// What it is there for, as the end of "it would …".
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::CreatingIdentities => "make a new identity, or new credentials for one that exists",
            Self::ChangingPermissions => "change what somebody may do",
            Self::TamperingWithBoundaries => "change or remove a permissions boundary",
            Self::TakingOverCompute => "run code under the role of something that exists already",
            Self::TamperingWithAudit => "switch off what records and detects",
            Self::PassingRoles => "hand a role to a service, and with it the role's rights",
            Self::AssumingRoles => "take over another role of this account",
            Self::TouchingRingfence => "change Ringfence itself",
            Self::DisconnectingRingfence => "cut Ringfence's functions off from their events",
        }
    }

    /// Whether it is about Ringfence's own parts, which every action may touch.
    pub(super) fn is_about_ringfence(self) -> bool {
        match self {
            Self::TouchingRingfence | Self::DisconnectingRingfence => true,
            Self::CreatingIdentities
            | Self::ChangingPermissions
            | Self::TamperingWithBoundaries
            | Self::TakingOverCompute
            | Self::TamperingWithAudit
            | Self::PassingRoles
            | Self::AssumingRoles => false,
        }
    }
}
