//! The names of the checks.

use serde::Serialize;

/// The checks. Their ids are part of the wire format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckId {
    /// Every action on every resource, unconditionally.
    AdminAccess,
    /// A known way to more rights is open.
    PrivilegeEscalation,
    /// Every role of the account may be passed.
    PassRoleWildcard,
    /// Every role of the account may be assumed.
    AssumeRoleWildcard,
    /// An attached AWS managed policy that grants whole services.
    FullAccessPolicy,
    /// All actions of a service.
    ServiceWildcard,
    /// An Allow of everything but some actions.
    NotActionAllow,
    /// An Allow on everything but some resources.
    NotResourceAllow,
    /// Anybody may assume the role.
    TrustAnyPrincipal,
    /// Services other than Lambda may assume the role.
    TrustMultipleServices,
    /// No permissions boundary.
    BoundaryMissing,
    /// The boundary's policy is gone.
    BoundaryDangling,
}

impl CheckId {
    /// The id on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AdminAccess => "admin-access",
            Self::PrivilegeEscalation => "privilege-escalation",
            Self::PassRoleWildcard => "pass-role-wildcard",
            Self::AssumeRoleWildcard => "assume-role-wildcard",
            Self::NotActionAllow => "not-action-allow",
            Self::NotResourceAllow => "not-resource-allow",
            Self::FullAccessPolicy => "full-access-policy",
            Self::ServiceWildcard => "service-wildcard",
            Self::TrustAnyPrincipal => "trust-any-principal",
            Self::TrustMultipleServices => "trust-multiple-services",
            Self::BoundaryMissing => "boundary-missing",
            Self::BoundaryDangling => "boundary-dangling",
        }
    }
}

impl std::fmt::Display for CheckId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
