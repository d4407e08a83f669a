//! The checks, one file each. A check's doc comment is its page in the catalogue.

mod admin_access;
mod boundary_dangling;
mod boundary_missing;
mod full_access_policy;
mod granted_services;
mod service_wildcard;
mod trust_any_principal;
mod trust_multiple_services;

use crate::assess::Evidence;
use crate::check_id::CheckId;
use crate::snapshot::{Cap, RoleSnapshot};

/// Every check that there is. To add one: a file here, a variant of [`CheckId`], a row in `assess::severity`, a line below.
pub(crate) const CHECKS: &[Check] = &[
    Check { id: CheckId::AdminAccess, find: admin_access::find },
    Check { id: CheckId::FullAccessPolicy, find: full_access_policy::find },
    Check { id: CheckId::ServiceWildcard, find: service_wildcard::find },
    Check { id: CheckId::TrustAnyPrincipal, find: trust_any_principal::find },
    Check { id: CheckId::TrustMultipleServices, find: trust_multiple_services::find },
    Check { id: CheckId::BoundaryDangling, find: boundary_dangling::find },
    Check { id: CheckId::BoundaryMissing, find: boundary_missing::find },
];

/// A check: its id, and how it is found in a role when `Cap` is all that holds the role back.
pub(crate) struct Check {
    pub(crate) id: CheckId,
    pub(crate) find: fn(&RoleSnapshot, Cap<'_>) -> Option<Hit>,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hit {
    /// What the role can do: a sentence without capital and full stop.
    pub(crate) summary: String,
    pub(crate) evidence: Vec<Evidence>,
    pub(crate) remedy: String,
}
