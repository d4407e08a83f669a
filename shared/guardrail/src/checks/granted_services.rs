//! Which services the statements of a role grant whole: what the checks on wildcards share.

use crate::assess::Evidence;
use crate::snapshot::{Cap, RolePolicy, RoleSnapshot};
use iam_policy::{ActionElement, ActionPattern, Effect, Policy, ResourceElement, Statement};
use std::collections::BTreeSet;

/// A grant of every action of some services on every resource, without a condition.
#[derive(Debug, Clone)]
pub(super) struct WholeGrant {
    pub(super) services: Services,
    pub(super) evidence: Evidence,
}

/// A set of services.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Services {
    /// These.
    These(BTreeSet<String>),
    /// All but these.
    AllBut(BTreeSet<String>),
}

impl Services {
    pub(super) fn all() -> Self {
        Self::AllBut(BTreeSet::new())
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Self::These(BTreeSet::new())
    }

    fn intersection(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::These(a), Self::These(b)) => Self::These(a & b),
            (Self::These(a), Self::AllBut(b)) | (Self::AllBut(b), Self::These(a)) => Self::These(a - b),
            (Self::AllBut(a), Self::AllBut(b)) => Self::AllBut(a | b),
        }
    }

    fn union(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::These(a), Self::These(b)) => Self::These(a | b),
            (Self::These(a), Self::AllBut(b)) | (Self::AllBut(b), Self::These(a)) => Self::AllBut(b - a),
            (Self::AllBut(a), Self::AllBut(b)) => Self::AllBut(a & b),
        }
    }

    fn without(&self, other: &Self) -> Self {
        let complement = match other {
            Self::These(services) => Self::AllBut(services.clone()),
            Self::AllBut(services) => Self::These(services.clone()),
        };
        self.intersection(&complement)
    }
}

impl std::fmt::Display for Services {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let list =
            |services: &BTreeSet<String>| services.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        match self {
            Self::These(services) => f.write_str(&list(services)),
            Self::AllBut(services) if services.is_empty() => f.write_str("every service"),
            Self::AllBut(services) => write!(f, "every service but {}", list(services)),
        }
    }
}

/// The whole grants of a role, what its own denies and `cap` take away removed.
pub(super) fn whole_grants(role: &RoleSnapshot, cap: Cap<'_>) -> Vec<WholeGrant> {
    let kept = match cap {
        Cap::Everything => return Vec::new(),
        Cap::Nothing => Services::all(),
        Cap::Policy(boundary) => granted_whole(boundary).without(&cut_by(boundary)),
    };
    let own: Vec<&Policy> = role.policies.iter().filter_map(|policy| policy.document.understood()).collect();
    let kept = own.iter().fold(kept, |kept, policy| kept.without(&cut_by(policy)));
    role.policies.iter().flat_map(grants_of).filter_map(|grant| keep(grant, &kept)).collect()
}

fn keep(grant: WholeGrant, kept: &Services) -> Option<WholeGrant> {
    let services = grant.services.intersection(kept);
    (!services.is_empty()).then_some(WholeGrant { services, ..grant })
}

fn grants_of(policy: &RolePolicy) -> impl Iterator<Item = WholeGrant> {
    policy.document.understood().into_iter().flat_map(Policy::statements).filter_map(|statement| {
        let services = services_allowed_whole(statement);
        (!services.is_empty()).then(|| WholeGrant {
            services,
            evidence: Evidence {
                policy: policy.source.to_string(),
                statement: statement.id().to_string(),
                detail: words(statement),
            },
        })
    })
}

fn granted_whole(policy: &Policy) -> Services {
    policy
        .statements()
        .iter()
        .map(services_allowed_whole)
        .fold(Services::These(BTreeSet::new()), |all, services| all.union(&services))
}

/// The services whose every action a statement allows on every resource, whatever the circumstances.
fn services_allowed_whole(statement: &Statement) -> Services {
    let none = Services::These(BTreeSet::new());
    if statement.effect() != Effect::Allow || !statement.is_unconditional() || !is_on_everything(statement) {
        return none;
    }
    match statement.action() {
        ActionElement::Action(patterns) if patterns.iter().any(ActionPattern::covers_everything) => {
            Services::all()
        }
        ActionElement::Action(patterns) => Services::These(
            patterns.iter().filter_map(ActionPattern::covers_service).map(str::to_owned).collect(),
        ),
        ActionElement::NotAction(patterns) => touched(patterns).map_or(none, Services::AllBut),
    }
}

/// The services that a policy's denies take something from, on every resource and whatever the circumstances. A deny
/// on some resources only, or under a condition, leaves a service as good as whole.
fn cut_by(policy: &Policy) -> Services {
    let denies = policy.statements().iter().filter(|statement| {
        statement.effect() == Effect::Deny && statement.is_unconditional() && is_on_everything(statement)
    });
    denies.fold(Services::These(BTreeSet::new()), |cut, statement| {
        let services = match statement.action() {
            ActionElement::Action(patterns) => touched(patterns).map_or_else(Services::all, Services::These),
            ActionElement::NotAction(patterns) => Services::AllBut(
                patterns.iter().filter_map(ActionPattern::covers_service).map(str::to_owned).collect(),
            ),
        };
        cut.union(&services)
    })
}

/// The services that the patterns touch; none where a pattern may touch any.
fn touched(patterns: &[ActionPattern]) -> Option<BTreeSet<String>> {
    patterns.iter().map(|pattern| pattern.service().map(str::to_owned)).collect()
}

/// Whether the statement is about every resource, or every resource of its service (`arn:aws:s3:::*`).
fn is_on_everything(statement: &Statement) -> bool {
    match statement.resource() {
        Some(ResourceElement::Resource(patterns)) => patterns.iter().any(|pattern| {
            let resource = pattern.as_str().splitn(6, ':').nth(5);
            pattern.covers_everything() || resource == Some("*")
        }),
        Some(ResourceElement::NotResource(_)) | None => false,
    }
}

/// `Allow s3:*, sqs:* on *`, shortened.
fn words(statement: &Statement) -> String {
    let shortened = |mut items: Vec<&str>| {
        let more = items.len().saturating_sub(4);
        items.truncate(4);
        let list = items.join(", ");
        if more > 0 { format!("{list} and {more} more") } else { list }
    };
    let actions = shortened(statement.action().patterns().iter().map(ActionPattern::as_str).collect());
    let not = if matches!(statement.action(), ActionElement::NotAction(_)) { "everything but " } else { "" };
    let resources =
        statement.resource().map_or(Vec::new(), |r| r.patterns().iter().map(|p| p.as_str()).collect());
    format!("{} {not}{actions} on {}", statement.effect(), shortened(resources))
}
