//! Whether a statement is about the caller, and in what capacity.
//!
//! See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>.

use super::matching::{Match, Undocumented};
use crate::principal::{AwsPrincipalKind, IdentityArn, IdentityKind, PrincipalElement, PrincipalSpec};
use crate::request::{Principal, Request};

/// In what capacity a statement names the caller. Later ones reach further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Capacity {
    /// Its account is named, which leaves the decision to the identity policies there.
    Account,
    /// The role behind a session, or the role itself: boundary and session policy cap the grant.
    Role,
    /// The user or session itself, or everyone: nothing of the caller's caps the grant.
    Itself,
}

/// Whether `element` is about the caller.
pub(super) fn concerns(element: &PrincipalElement, request: &Request) -> (Match, Capacity) {
    match element {
        PrincipalElement::Principal(spec) => named(spec, request),
        PrincipalElement::NotPrincipal(spec) => (not_listed(spec, request), Capacity::Itself),
    }
}

fn named(spec: &PrincipalSpec, request: &Request) -> (Match, Capacity) {
    if spec.names_everyone() {
        return (Match::Yes, Capacity::Itself);
    }
    match &request.principal {
        Principal::Identity(identity) => {
            let best = spec.aws().filter_map(|entry| capacity(entry.kind(), identity, request)).max();
            best.map_or((Match::No, Capacity::Account), |capacity| (Match::Yes, capacity))
        }
        Principal::Service(name) if spec.services().any(|listed| listed == &**name) => {
            (Match::Yes, Capacity::Itself)
        }
        Principal::Service(_) if spec.services().any(|listed| listed == "*") => {
            (Match::Silent(Undocumented::EveryService), Capacity::Itself)
        }
        Principal::Federated(provider) => {
            (spec.federated().any(|listed| listed == &**provider).into(), Capacity::Itself)
        }
        Principal::Service(_) | Principal::Anonymous => (Match::No, Capacity::Itself),
    }
}

/// In what capacity an entry under `AWS` names the caller, if it does.
fn capacity(entry: &AwsPrincipalKind, caller: &IdentityArn, request: &Request) -> Option<Capacity> {
    match entry {
        AwsPrincipalKind::Everyone => Some(Capacity::Itself),
        AwsPrincipalKind::Account(account) if *account != caller.account() => None,
        AwsPrincipalKind::Account(_) if *caller.kind() == IdentityKind::Root => Some(Capacity::Itself),
        AwsPrincipalKind::Account(_) => Some(Capacity::Account),
        AwsPrincipalKind::Identity(listed) if listed == caller => match caller.kind() {
            IdentityKind::Role => Some(Capacity::Role),
            IdentityKind::User | IdentityKind::Session | IdentityKind::FederatedUser | IdentityKind::Root => {
                Some(Capacity::Itself)
            }
        },
        AwsPrincipalKind::Identity(listed) if is_role_of(listed, caller, request) => Some(Capacity::Role),
        AwsPrincipalKind::Identity(_) | AwsPrincipalKind::UniqueId | AwsPrincipalKind::Unrecognised => None,
    }
}

/// Whether `listed` is the role that the caller's session belongs to. Names of roles are unique in an account
/// whatever their path, so the name decides where the session's path is not known.
fn is_role_of(listed: &IdentityArn, caller: &IdentityArn, request: &Request) -> bool {
    *caller.kind() == IdentityKind::Session
        && *listed.kind() == IdentityKind::Role
        && listed.account() == caller.account()
        && listed.role_name() == caller.role_name()
        && request.role().is_none_or(|role| *role == *listed)
}

/// How completely NotPrincipal lists the caller.
enum Listed {
    Fully,
    /// The guide asks for the caller, its role and its account to be listed, and warns of what may happen
    /// otherwise without saying what does.
    /// See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>.
    Partly,
    No,
}

fn not_listed(spec: &PrincipalSpec, request: &Request) -> Match {
    match listed(spec, request) {
        Listed::Fully => Match::No,
        Listed::Partly => Match::Silent(Undocumented::PartlyListed),
        Listed::No => Match::Yes,
    }
}

fn listed(spec: &PrincipalSpec, request: &Request) -> Listed {
    if spec.names_everyone() {
        return Listed::Fully;
    }
    let Principal::Identity(caller) = &request.principal else {
        return match named(spec, request).0 {
            Match::Yes => Listed::Fully,
            Match::Silent(_) => Listed::Partly,
            Match::No => Listed::No,
        };
    };
    let (mut itself, mut its_role, mut its_account) = (false, false, false);
    for entry in spec.aws() {
        match entry.kind() {
            AwsPrincipalKind::Identity(listed) if listed == caller => itself = true,
            AwsPrincipalKind::Identity(listed) if is_role_of(listed, caller, request) => its_role = true,
            AwsPrincipalKind::Account(account) if *account == caller.account() => its_account = true,
            AwsPrincipalKind::Everyone
            | AwsPrincipalKind::Account(_)
            | AwsPrincipalKind::Identity(_)
            | AwsPrincipalKind::UniqueId
            | AwsPrincipalKind::Unrecognised => {}
        }
    }
    let complete = match caller.kind() {
        IdentityKind::Root => its_account,
        IdentityKind::Session => itself && its_role && its_account,
        IdentityKind::User | IdentityKind::Role | IdentityKind::FederatedUser => itself && its_account,
    };
    match (complete, itself || its_role) {
        (true, _) => Listed::Fully,
        (false, true) => Listed::Partly,
        (false, false) => Listed::No,
    }
}
