//! Whom a trust policy lets in.
//!
//! See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html> and
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html>.

pub(crate) mod closure;

use std::collections::HashSet;
use std::sync::Arc;

use crate::arn::AccountId;
use crate::document::{Effect, Policy, Statement, StatementId};
use crate::evaluate::matching::{self, Match};
use crate::principal::{AwsPrincipalKind, IdentityArn, PrincipalElement, PrincipalSpec};

pub use closure::{ConditionKey, KeyEffect};

/// Somebody whom a statement of a trust policy lets in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admission<'a> {
    /// Who.
    pub who: Admitted<'a>,
    /// By which call they become the role.
    pub by: AssumeRole,
    /// The statement that lets them in.
    pub statement: StatementId<'a>,
    /// The keys that conditions ask for, in the statement itself or in a Deny about everyone; empty where the
    /// admission is unconditional. Shared, because one statement may let in thousands.
    pub conditions: Arc<[ConditionKey<'a>]>,
}

/// Who is let in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Admitted<'a> {
    /// Everyone: `*`, or an Allow with NotPrincipal.
    Everyone,
    /// An AWS service, by name. `*` stands for every service: the guide is silent on it, and as in [`crate::evaluate()`]
    /// it lets all of them in where it is allowed, and keeps none out where it is denied.
    Service(&'a str),
    /// Everybody in an account to whom the account gives the permission.
    Account(AccountId),
    /// One user, role or session.
    Identity(&'a IdentityArn),
    /// The id of a user or role that was deleted: nobody.
    Deleted(&'a str),
    /// Those whom an identity provider vouches for: its domain or ARN.
    Federated(&'a str),
}

/// A service principal that may or may not stand for all of them.
const EVERY_SERVICE: &str = "*";

/// The calls that turn a caller into a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AssumeRole {
    /// `sts:AssumeRole`.
    AssumeRole,
    /// `sts:AssumeRoleWithWebIdentity`.
    WithWebIdentity,
    /// `sts:AssumeRoleWithSAML`.
    WithSaml,
}

/// Whom a trust policy lets in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustAdmissions<'a> {
    admissions: Vec<Admission<'a>>,
    /// The services that may not assume the role whoever else may.
    denied_services: HashSet<&'a str>,
}

impl<'a> TrustAdmissions<'a> {
    /// Every admission, in the order of the document.
    pub fn iter(&self) -> std::slice::Iter<'_, Admission<'a>> {
        self.admissions.iter()
    }

    /// The services, by name; a service that two statements let in comes twice.
    pub fn services(&self) -> impl Iterator<Item = &'a str> {
        self.admissions.iter().filter_map(|admission| match admission.who {
            Admitted::Service(name) => Some(name),
            Admitted::Everyone
            | Admitted::Account(_)
            | Admitted::Identity(_)
            | Admitted::Deleted(_)
            | Admitted::Federated(_) => None,
        })
    }

    /// Whether the service may assume the role, under whatever conditions. A trust in everyone includes services.
    pub fn admits_service(&self, name: &str) -> bool {
        let includes = |who: &Admitted<'_>| match who {
            Admitted::Everyone => true,
            Admitted::Service(listed) => *listed == name || *listed == EVERY_SERVICE,
            Admitted::Account(_) | Admitted::Identity(_) | Admitted::Deleted(_) | Admitted::Federated(_) => {
                false
            }
        };
        let mut plain = self.admissions.iter().filter(|admission| admission.by == AssumeRole::AssumeRole);
        !self.denied_services.contains(name) && plain.any(|admission| includes(&admission.who))
    }

    /// The admissions of everyone.
    pub fn everyone(&self) -> impl Iterator<Item = &Admission<'a>> {
        self.admissions.iter().filter(|admission| admission.who == Admitted::Everyone)
    }
}

impl<'a, 'b> IntoIterator for &'b TrustAdmissions<'a> {
    type Item = &'b Admission<'a>;
    type IntoIter = std::slice::Iter<'b, Admission<'a>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Admission<'_> {
    /// Whether a condition closes the admission to all but known accounts, organizations, resources or networks.
    /// An external id alone does not: it is no secret, and it does not say who is calling.
    pub fn is_closed(&self) -> bool {
        self.conditions.iter().any(|condition| condition.effect == KeyEffect::Closes)
    }

    /// Whether an external id is asked for.
    pub fn asks_external_id(&self) -> bool {
        self.conditions.iter().any(|condition| condition.effect == KeyEffect::ExternalId)
    }
}

impl AssumeRole {
    const ALL: [Self; 3] = [Self::AssumeRole, Self::WithWebIdentity, Self::WithSaml];

    /// The action.
    pub fn action(self) -> &'static str {
        match self {
            Self::AssumeRole => "sts:AssumeRole",
            Self::WithWebIdentity => "sts:AssumeRoleWithWebIdentity",
            Self::WithSaml => "sts:AssumeRoleWithSAML",
        }
    }

    /// The first of `calls` that the statement may be about.
    fn first_in(calls: &[Self], statement: &Statement) -> Option<Self> {
        calls.iter().copied().find(|call| call.matched_by(statement) != Match::No)
    }

    fn matched_by(self, statement: &Statement) -> Match {
        match self.action().parse() {
            Ok(action) => matching::action(statement.action(), &action),
            Err(_) => Match::No,
        }
    }
}

/// Tells whom `trust` lets in: what its Allow statements admit, less what its unconditional Deny statements take
/// back. Conditions are not judged, but listed with what they do to the admission.
pub fn admits(trust: &Policy) -> TrustAdmissions<'_> {
    let denied = AssumeRole::ALL.map(|call| Denied::of(trust, call));
    let allows = trust.statements().iter().filter(|statement| statement.effect() == Effect::Allow);
    let mut admissions = Vec::new();
    for statement in allows {
        let asked = closure::of_allow(statement);
        let by_call = denied.each_ref().map(|denied| {
            let conditions: Arc<[_]> = asked.iter().chain(&denied.closing).cloned().collect();
            (denied, conditions)
        });
        for (who, by) in named(statement) {
            let left = by_call.iter().find(|(denied, _)| denied.call == by && !denied.takes_back(&who));
            admissions.extend(left.map(|(_, conditions)| {
                let (statement, conditions) = (statement.id(), Arc::clone(conditions));
                Admission { who, by, statement, conditions }
            }));
        }
    }
    let plain = denied.iter().filter(|denied| denied.call == AssumeRole::AssumeRole);
    let denied_services = plain.flat_map(|denied| &denied.who).filter_map(|who| match who {
        Admitted::Service(name) => Some(*name),
        Admitted::Everyone
        | Admitted::Account(_)
        | Admitted::Identity(_)
        | Admitted::Deleted(_)
        | Admitted::Federated(_) => None,
    });
    TrustAdmissions { admissions, denied_services: denied_services.collect() }
}

/// Whom the statement is about, with the call that is open to them.
fn named(statement: &Statement) -> Vec<(Admitted<'_>, AssumeRole)> {
    let spec = match statement.principal() {
        Some(PrincipalElement::Principal(spec)) => spec,
        Some(PrincipalElement::NotPrincipal(_)) => &PrincipalSpec::Everyone,
        None => return Vec::new(),
    };
    let plain = AssumeRole::first_in(&[AssumeRole::AssumeRole], statement);
    let any = AssumeRole::first_in(&AssumeRole::ALL, statement);
    let vouched = AssumeRole::first_in(&[AssumeRole::WithWebIdentity, AssumeRole::WithSaml], statement);
    let named = listed(spec).filter_map(|who| {
        let by = match &who {
            Admitted::Everyone => any,
            Admitted::Federated(_) => vouched,
            Admitted::Service(_) | Admitted::Account(_) | Admitted::Identity(_) | Admitted::Deleted(_) => {
                plain
            }
        };
        by.map(|by| (who, by))
    });
    named.collect()
}

/// Everybody whom the element lists.
pub(crate) fn listed(spec: &PrincipalSpec) -> impl Iterator<Item = Admitted<'_>> {
    let everyone = (*spec == PrincipalSpec::Everyone).then_some(Admitted::Everyone);
    let aws = spec.aws().filter_map(|principal| match principal.kind() {
        AwsPrincipalKind::Everyone => Some(Admitted::Everyone),
        AwsPrincipalKind::Account(account) => Some(Admitted::Account(*account)),
        AwsPrincipalKind::Identity(identity) => Some(Admitted::Identity(identity)),
        AwsPrincipalKind::UniqueId => Some(Admitted::Deleted(principal.as_str())),
        AwsPrincipalKind::Unrecognised => None,
    });
    let services = spec.services().map(Admitted::Service);
    everyone.into_iter().chain(aws).chain(services).chain(spec.federated().map(Admitted::Federated))
}

/// What the Deny statements take back of one call. Gathered once, so that thousands of Allow statements need not be
/// held against thousands of Deny statements.
struct Denied<'a> {
    call: AssumeRole,
    /// Those whom an unconditional Deny is about. IAM refuses a Resource in a trust policy, so a Deny with one is
    /// not relied upon, and neither is one whose action pattern the guide leaves open.
    who: HashSet<Admitted<'a>>,
    /// The keys that a Deny about everyone asks for, each once.
    closing: Vec<ConditionKey<'a>>,
}

impl<'a> Denied<'a> {
    fn of(trust: &'a Policy, call: AssumeRole) -> Self {
        let mut denied = Self { call, who: HashSet::new(), closing: Vec::new() };
        let denies = trust.statements().iter().filter(|statement| statement.effect() == Effect::Deny);
        for deny in denies.filter(|deny| call.matched_by(deny) == Match::Yes) {
            let Some(PrincipalElement::Principal(spec)) = deny.principal() else { continue };
            if deny.is_unconditional() && deny.resource().is_none() {
                denied.who.extend(listed(spec).filter(|who| *who != Admitted::Service(EVERY_SERVICE)));
            }
            if spec.names_everyone()
                && let Some(asked) = closure::of_deny(deny)
                && !denied.closing.iter().any(|known| known.key.eq_ignore_ascii_case(asked.key))
            {
                denied.closing.push(asked);
            }
        }
        denied
    }

    /// Whether all that is admitted is taken back.
    fn takes_back(&self, who: &Admitted<'_>) -> bool {
        let of_account = match who {
            Admitted::Identity(identity) => self.who.contains(&Admitted::Account(identity.account())),
            Admitted::Everyone
            | Admitted::Service(_)
            | Admitted::Account(_)
            | Admitted::Deleted(_)
            | Admitted::Federated(_) => false,
        };
        of_account || self.who.contains(&Admitted::Everyone) || self.who.contains(who)
    }
}
