//! The names of the checks.

use serde::de::value::StrDeserializer;
use serde::{Deserialize, Serialize};

/// The checks. Their ids are part of the wire format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    /// A write on every resource by an action that takes resources.
    ResourceWildcard,
    /// Bulk reads of data.
    DataExfiltration,
    /// Actions that return credentials.
    CredentialsExposure,
    /// Writes of resource policies and shares.
    PermissionsManagement,
    /// A document that IAM would refuse or Access Analyzer calls an error.
    PolicyInvalid,
    /// An Allow of everything but some actions.
    NotActionAllow,
    /// An Allow on everything but some resources.
    NotResourceAllow,
    /// Anybody may assume the role.
    TrustAnyPrincipal,
    /// Services other than Lambda may assume the role.
    TrustMultipleServices,
    /// A principal of another account may assume the role.
    TrustCrossAccount,
    /// A service may assume the role for anybody's resource.
    TrustMissingSourceAccount,
    /// No permissions boundary.
    BoundaryMissing,
    /// An escalation stays possible under the boundary.
    BoundaryIneffective,
    /// The boundary's policy is gone.
    BoundaryDangling,
    /// A boundary that is neither Ringfence's nor approved.
    BoundaryUnapproved,
    /// Several functions have the role.
    SharedRole,
    /// A function names a role that does not exist.
    MissingRole,
    /// The role cannot write its function's logs.
    LoggingCut,
    /// Environment variables without a customer's key.
    EnvironmentKey,
    /// Anybody on the internet may call the function.
    FunctionUrlPublic,
    /// The function's resource policy lets strangers in.
    ResourcePolicyPublic,
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
            Self::ResourceWildcard => "resource-wildcard",
            Self::DataExfiltration => "data-exfiltration",
            Self::CredentialsExposure => "credentials-exposure",
            Self::PermissionsManagement => "permissions-management",
            Self::PolicyInvalid => "policy-invalid",
            Self::NotActionAllow => "not-action-allow",
            Self::NotResourceAllow => "not-resource-allow",
            Self::FullAccessPolicy => "full-access-policy",
            Self::ServiceWildcard => "service-wildcard",
            Self::TrustAnyPrincipal => "trust-any-principal",
            Self::TrustMultipleServices => "trust-multiple-services",
            Self::TrustCrossAccount => "trust-cross-account",
            Self::TrustMissingSourceAccount => "trust-missing-source-account",
            Self::BoundaryMissing => "boundary-missing",
            Self::BoundaryIneffective => "boundary-ineffective",
            Self::BoundaryDangling => "boundary-dangling",
            Self::BoundaryUnapproved => "boundary-unapproved",
            Self::SharedRole => "shared-role",
            Self::MissingRole => "missing-role",
            Self::LoggingCut => "logging-cut",
            Self::EnvironmentKey => "environment-key",
            Self::FunctionUrlPublic => "function-url-public",
            Self::ResourcePolicyPublic => "resource-policy-public",
        }
    }
}

impl std::fmt::Display for CheckId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no check.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no check; docs/checks.md lists them")]
pub struct UnknownCheck(String);

impl std::str::FromStr for CheckId {
    type Err = UnknownCheck;

    fn from_str(text: &str) -> Result<Self, UnknownCheck> {
        let named = StrDeserializer::<serde::de::value::Error>::new(text);
        Self::deserialize(named).map_err(|_| UnknownCheck(text.to_owned()))
    }
}
