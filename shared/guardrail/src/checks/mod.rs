//! The checks, one file each. A check's doc comment is its page in the catalogue.

mod admin_access;
mod any_resource;
mod assume_role_wildcard;
mod boundary_dangling;
mod boundary_ineffective;
mod boundary_missing;
mod boundary_unapproved;
mod credentials_exposure;
mod data_exfiltration;
mod environment_key;
mod every_role;
mod full_access_policy;
mod function_url_public;
mod granted_services;
mod logging_cut;
mod missing_role;
mod not_action_allow;
mod not_resource_allow;
mod pass_role_wildcard;
mod permissions_management;
mod policy_invalid;
mod privilege_escalation;
mod resource_policy_public;
mod resource_wildcard;
mod service_wildcard;
mod shared_role;
mod trust_any_principal;
mod trust_cross_account;
mod trust_missing_source_account;
mod trust_multiple_services;
mod url_calls;

use crate::assess::Evidence;
use crate::check_id::CheckId;
use crate::function::{Entrance, Function};
use crate::view::View;
pub(crate) use function_url_public::{AtNewerUrls, PublicUrl, public_urls};
pub(crate) use granted_services::WholeGrant;
use iam_policy::StatementId;
pub(crate) use privilege_escalation::open_ways;
pub(crate) use resource_policy_public::{Stranger, strangers};

/// Every check that there is. To add one: a file here, a variant of [`CheckId`], a row in `assess::severity`, a line below.
pub(crate) const CHECKS: &[Check] = &[
    Check { id: CheckId::AdminAccess, find: admin_access::find },
    Check { id: CheckId::PrivilegeEscalation, find: privilege_escalation::find },
    Check { id: CheckId::PassRoleWildcard, find: pass_role_wildcard::find },
    Check { id: CheckId::AssumeRoleWildcard, find: assume_role_wildcard::find },
    Check { id: CheckId::FullAccessPolicy, find: full_access_policy::find },
    Check { id: CheckId::ServiceWildcard, find: service_wildcard::find },
    Check { id: CheckId::DataExfiltration, find: data_exfiltration::find },
    Check { id: CheckId::CredentialsExposure, find: credentials_exposure::find },
    Check { id: CheckId::PermissionsManagement, find: permissions_management::find },
    Check { id: CheckId::ResourceWildcard, find: resource_wildcard::find },
    Check { id: CheckId::NotActionAllow, find: not_action_allow::find },
    Check { id: CheckId::NotResourceAllow, find: not_resource_allow::find },
    Check { id: CheckId::TrustAnyPrincipal, find: trust_any_principal::find },
    Check { id: CheckId::TrustCrossAccount, find: trust_cross_account::find },
    Check { id: CheckId::TrustMultipleServices, find: trust_multiple_services::find },
    Check { id: CheckId::TrustMissingSourceAccount, find: trust_missing_source_account::find },
    Check { id: CheckId::PolicyInvalid, find: policy_invalid::find },
    Check { id: CheckId::BoundaryIneffective, find: boundary_ineffective::find },
    Check { id: CheckId::BoundaryDangling, find: boundary_dangling::find },
    Check { id: CheckId::BoundaryUnapproved, find: boundary_unapproved::find },
    Check { id: CheckId::BoundaryMissing, find: boundary_missing::find },
    Check { id: CheckId::LoggingCut, find: logging_cut::find },
    Check { id: CheckId::SharedRole, find: shared_role::find },
];

/// The checks that look at functions alone. What they find does not hang on the role's boundary.
pub(crate) const FUNCTION_CHECKS: &[FunctionCheck] = &[
    FunctionCheck { id: CheckId::ResourcePolicyPublic, find: resource_policy_public::find },
    FunctionCheck { id: CheckId::FunctionUrlPublic, find: function_url_public::find },
    FunctionCheck { id: CheckId::MissingRole, find: missing_role::find },
    FunctionCheck { id: CheckId::EnvironmentKey, find: environment_key::find },
];

/// More functions than this add nothing to a finding.
const MOST_FUNCTIONS: usize = 5;

/// What names the entrance to a command of `aws lambda`, beside the function's name; `$LATEST` is in quotes for the shell.
fn qualifier_option(entrance: &Entrance) -> String {
    entrance.qualifier.as_ref().map_or_else(String::new, |qualifier| format!(" --qualifier '{qualifier}'"))
}

/// The line that has callers of an entrance's URL sign their requests.
pub(crate) fn line_to_ask_for_signatures(function: &Function, entrance: &Entrance) -> String {
    format!(
        "aws lambda update-function-url-config --region {} --function-name {}{} --auth-type AWS_IAM",
        function.arn.region(),
        function.arn.name(),
        qualifier_option(entrance)
    )
}

/// The line that takes a statement out of an entrance's resource policy; none for an id that `AddPermission` would not have taken,
/// and that might mean something to a shell.
pub(crate) fn line_to_remove(
    function: &Function,
    entrance: &Entrance,
    id: StatementId<'_>,
) -> Option<String> {
    let StatementId::Sid(sid) = id else { return None };
    let is_id = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    (!sid.is_empty() && sid.bytes().all(is_id)).then(|| {
        format!(
            "aws lambda remove-permission --region {} --function-name {}{} --statement-id '{sid}'",
            function.arn.region(),
            function.arn.name(),
            qualifier_option(entrance)
        )
    })
}

/// A check: its id, and how it is found in a role under one cap.
pub(crate) struct Check {
    pub(crate) id: CheckId,
    pub(crate) find: fn(&View<'_>) -> Option<Hit>,
}

/// A check of functions: its id, and how it is found in those that have the role.
pub(crate) struct FunctionCheck {
    pub(crate) id: CheckId,
    pub(crate) find: fn(&[Function]) -> Option<Hit>,
}

/// Whether a hit weighs what its check usually does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Grade {
    /// It does.
    Usual,
    /// More: it takes nobody and nothing but the role itself.
    OfItsOwnAccord,
    /// More: it is the way to something else that is dangerous.
    WayToDanger,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hit {
    pub(crate) grade: Grade,
    /// What the role can do: a sentence without capital and full stop.
    pub(crate) summary: String,
    pub(crate) evidence: Vec<Evidence>,
    pub(crate) remedy: String,
}
