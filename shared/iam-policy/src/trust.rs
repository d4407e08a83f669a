//! Whom a trust policy lets in.
//!
//! See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html> and
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html>.

mod closure;

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
    /// admission is unconditional.
    pub conditions: Vec<ConditionKey<'a>>,
}

/// Who is let in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Admitted<'a> {
    /// Everyone: `*`, or an Allow with NotPrincipal.
    Everyone,
    /// An AWS service, by name.
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
        self.admissions.iter().any(|admission| {
            admission.by == AssumeRole::AssumeRole
                && (admission.who == Admitted::Everyone || admission.who == Admitted::Service(name))
        })
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
    let (allows, denies): (Vec<_>, Vec<_>) =
        trust.statements().iter().partition(|statement| statement.effect() == Effect::Allow);
    let mut admissions = Vec::new();
    for statement in allows {
        let conditions = closure::of_allow(statement);
        for (who, by) in named(statement) {
            if denies.iter().any(|deny| takes_back(deny, &who, by)) {
                continue;
            }
            let closing =
                denies.iter().filter(|deny| by.matched_by(deny) == Match::Yes && names_everyone(deny));
            let mut conditions = conditions.clone();
            conditions.extend(closing.flat_map(|deny| closure::of_deny(deny)));
            admissions.push(Admission { who, by, statement: statement.id(), conditions });
        }
    }
    TrustAdmissions { admissions }
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
    let mut found = Vec::new();
    let mut push = |who, by: Option<AssumeRole>| found.extend(by.map(|by| (who, by)));
    if *spec == PrincipalSpec::Everyone {
        push(Admitted::Everyone, any);
    }
    for principal in spec.aws() {
        match principal.kind() {
            AwsPrincipalKind::Everyone => push(Admitted::Everyone, any),
            AwsPrincipalKind::Account(account) => push(Admitted::Account(*account), plain),
            AwsPrincipalKind::Identity(identity) => push(Admitted::Identity(identity), plain),
            AwsPrincipalKind::UniqueId => push(Admitted::Deleted(principal.as_str()), plain),
            AwsPrincipalKind::Unrecognised => {}
        }
    }
    for service in spec.services() {
        push(Admitted::Service(service), plain);
    }
    for provider in spec.federated() {
        push(Admitted::Federated(provider), vouched);
    }
    found
}

fn names_everyone(statement: &Statement) -> bool {
    match statement.principal() {
        Some(PrincipalElement::Principal(spec)) => spec.names_everyone(),
        Some(PrincipalElement::NotPrincipal(_)) | None => false,
    }
}

/// Whether an unconditional Deny covers all that is admitted. IAM refuses a Resource in a trust policy, so a Deny
/// with one is not relied upon, and neither is one whose action pattern the guide leaves open.
fn takes_back(deny: &Statement, who: &Admitted<'_>, by: AssumeRole) -> bool {
    let is_certain =
        by.matched_by(deny) == Match::Yes && deny.is_unconditional() && deny.resource().is_none();
    if !is_certain {
        return false;
    }
    let spec = match deny.principal() {
        Some(PrincipalElement::Principal(spec)) => spec,
        Some(PrincipalElement::NotPrincipal(_)) | None => return false,
    };
    spec.names_everyone()
        || match who {
            Admitted::Everyone => false,
            Admitted::Service(name) => spec.services().any(|listed| listed == *name),
            Admitted::Federated(name) => spec.federated().any(|listed| listed == *name),
            Admitted::Deleted(id) => spec.aws().any(|listed| listed.as_str() == *id),
            Admitted::Account(account) => {
                spec.aws().any(|listed| *listed.kind() == AwsPrincipalKind::Account(*account))
            }
            Admitted::Identity(identity) => spec.aws().any(|listed| match listed.kind() {
                AwsPrincipalKind::Account(account) => *account == identity.account(),
                AwsPrincipalKind::Identity(denied) => denied == *identity,
                AwsPrincipalKind::Everyone | AwsPrincipalKind::UniqueId | AwsPrincipalKind::Unrecognised => {
                    false
                }
            }),
        }
}
