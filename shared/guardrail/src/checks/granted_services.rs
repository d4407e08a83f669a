//! Which services the statements of a role grant whole: what the checks on wildcards share.

use crate::administrator::{allow_everything, is_silent_on_something};
use crate::assess::Evidence;
use crate::snapshot::Cap;
use crate::view::View;
use iam_policy::{
    ActionElement, ActionName, ActionPattern, Effect, Policy, ResourceElement, ResourcePattern, Statement,
    StatementRef,
};
use std::collections::BTreeSet;

/// A grant of every action of some services on every resource, without a condition.
#[derive(Debug, Clone)]
pub(crate) struct WholeGrant {
    services: Services,
    /// The statement that grants them.
    place: StatementRef,
}

/// A set of services.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Services {
    /// These.
    These(BTreeSet<String>),
    /// All but these.
    AllBut(BTreeSet<String>),
}

impl Services {
    fn none() -> Self {
        Self::These(BTreeSet::new())
    }

    pub(super) fn all() -> Self {
        Self::AllBut(BTreeSet::new())
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Self::none()
    }

    fn intersection(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::These(a), Self::These(b)) => Self::These(a & b),
            (Self::These(a), Self::AllBut(b)) | (Self::AllBut(b), Self::These(a)) => Self::These(a - b),
            (Self::AllBut(a), Self::AllBut(b)) => Self::AllBut(a | b),
        }
    }

    pub(super) fn union(&self, other: &Self) -> Self {
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

/// What grants together grant.
pub(super) fn united(grants: &[WholeGrant]) -> Services {
    grants.iter().fold(Services::none(), |all, grant| all.union(&grant.services))
}

/// Where the grants stand.
pub(super) fn evidence(view: &View<'_>, grants: &[WholeGrant]) -> Vec<Evidence> {
    let of_one = |grant: &WholeGrant| {
        let words = view.statement(grant.place).map_or_else(String::new, words);
        view.evidence(grant.place, words)
    };
    grants.iter().map(of_one).collect()
}

/// The whole grants of a role, what its own denies and its cap take away removed.
pub(super) fn whole_grants<'v>(view: &'v View<'_>) -> &'v [WholeGrant] {
    view.whole_grants(find_whole_grants)
}

/// Whether Allows that are each about some of the resources are together about everything, and so is the cap. Denies
/// count as they do for whole grants: those that take a service whole.
pub(super) fn are_everything_together(view: &View<'_>) -> bool {
    let mut policies: Vec<&Policy> = view.documents().map(|(policy, _)| policy).collect();
    // Cheaper than a comparison, and what nearly every role fails at.
    let is_about_all_services = |policy: &Policy| {
        allows(policy).any(|statement| match statement.action() {
            ActionElement::Action(patterns) => patterns.iter().any(ActionPattern::covers_everything),
            ActionElement::NotAction(_) => true,
        })
    };
    if !policies.iter().any(|policy| is_about_all_services(policy)) || is_silent_on_something(view, &policies)
    {
        return false;
    }
    let together = |policies: &[&Policy]| {
        let alone: Vec<Policy> =
            policies.iter().flat_map(|policy| allows(policy).map(|allow| policy.alone(allow))).collect();
        allow_everything(view, &alone.iter().collect::<Vec<_>>())
    };
    let is_all_left = match view.cap {
        Cap::Everything => false,
        Cap::Nothing => true,
        Cap::Policy(boundary) => together(&[boundary]),
    };
    if !(is_all_left && together(&policies)) {
        return false;
    }
    if let Cap::Policy(boundary) = view.cap {
        policies.push(boundary);
    }
    cut_by(&policies).is_empty()
}

fn allows(policy: &Policy) -> impl Iterator<Item = &Statement> {
    policy.statements().iter().filter(|statement| statement.effect() == Effect::Allow)
}

/// What service control policies leave of the whole grants: what other grants than an administrator's are held against.
pub(super) fn whole_grants_left(view: &View<'_>) -> Vec<WholeGrant> {
    let left = left_by(view.service_control());
    whole_grants(view).iter().filter_map(|grant| keep(grant, &left)).collect()
}

/// The services that every level of service control policies leaves whole.
fn left_by(levels: &[Vec<Policy>]) -> Services {
    let level = |policies: &Vec<Policy>| {
        policies.iter().map(granted_whole).fold(Services::none(), |all, services| all.union(&services))
    };
    let allowed = levels.iter().map(level).fold(Services::all(), |left, level| left.intersection(&level));
    let policies: Vec<&Policy> = levels.iter().flatten().collect();
    allowed.without(&cut_by(&policies))
}

fn find_whole_grants(view: &View<'_>) -> Vec<WholeGrant> {
    let mut denying: Vec<&Policy> = view.documents().map(|(policy, _)| policy).collect();
    let allowed = match view.cap {
        Cap::Everything => return Vec::new(),
        Cap::Nothing => Services::all(),
        Cap::Policy(boundary) => {
            denying.push(boundary);
            granted_whole(boundary)
        }
    };
    let kept = allowed.without(&cut_by(&denying));
    view.written_whole_grants(find_written).iter().filter_map(|grant| keep(grant, &kept)).collect()
}

/// The whole grants of a role as its own statements have them, whatever takes them away.
fn find_written(view: &View<'_>) -> Vec<WholeGrant> {
    let elsewhere = allowed_everywhere(view.documents().map(|(policy, _)| policy));
    let grants = view.statements().map(|(place, statement)| WholeGrant {
        services: services_allowed_whole(statement, &elsewhere),
        place,
    });
    grants.filter(|grant| !grant.services.is_empty()).collect()
}

fn keep(grant: &WholeGrant, kept: &Services) -> Option<WholeGrant> {
    let services = grant.services.intersection(kept);
    (!services.is_empty()).then_some(WholeGrant { services, ..*grant })
}

/// The action patterns that Allow statements list for every resource, whatever the circumstances.
fn allowed_everywhere<'a>(policies: impl Iterator<Item = &'a Policy>) -> Vec<&'a ActionPattern> {
    let statements = policies.flat_map(Policy::statements).filter(|statement| {
        statement.effect() == Effect::Allow
            && statement.is_unconditional()
            && resources_whole(statement) == Services::all()
    });
    let listed = statements.filter_map(|statement| match statement.action() {
        ActionElement::Action(patterns) => Some(patterns.iter()),
        ActionElement::NotAction(_) => None,
    });
    listed.flatten().collect()
}

fn granted_whole(policy: &Policy) -> Services {
    policy
        .statements()
        .iter()
        .map(|statement| services_allowed_whole(statement, &[]))
        .fold(Services::none(), |all, services| all.union(&services))
}

/// The services whose every action a statement allows on every resource, whatever the circumstances. What its NotAction leaves
/// out and is allowed `elsewhere` is not left out.
fn services_allowed_whole(statement: &Statement, elsewhere: &[&ActionPattern]) -> Services {
    let resources = resources_whole(statement);
    if statement.effect() != Effect::Allow || !statement.is_unconditional() || resources.is_empty() {
        return Services::none();
    }
    let actions = match statement.action() {
        ActionElement::Action(patterns) if patterns.iter().any(ActionPattern::covers_everything) => {
            Services::all()
        }
        ActionElement::Action(patterns) => Services::These(whole_services(patterns)),
        ActionElement::NotAction(patterns) => {
            let is_elsewhere = |pattern: &&ActionPattern| {
                elsewhere.iter().any(|allowed| allowed.as_str().eq_ignore_ascii_case(pattern.as_str()))
            };
            touched(patterns.iter().filter(|pattern| !is_elsewhere(pattern)))
                .map_or(Services::none(), Services::AllBut)
        }
    };
    actions.intersection(&resources)
}

/// The services that a policy's denies take: those denied whole, on every resource and whatever the circumstances. A deny
/// of a few actions, on some resources or under a condition leaves a service as good as whole. IAM is the exception: it
/// is no longer whole once none of [`TAKE_OVER`] is left.
fn cut_by(policies: &[&Policy]) -> Services {
    let denied = denied_everywhere(policies).fold(Services::none(), |cut, statement| {
        cut.union(&match statement.action() {
            ActionElement::Action(patterns) if patterns.iter().any(ActionPattern::covers_everything) => {
                Services::all()
            }
            ActionElement::Action(patterns) => Services::These(whole_services(patterns)),
            ActionElement::NotAction(patterns) => {
                touched(patterns.iter()).map_or(Services::none(), Services::AllBut)
            }
        })
    });
    let iam = Services::These(BTreeSet::from(["iam".to_owned()]));
    if take_over_is_denied(policies) { denied.union(&iam) } else { denied }
}

/// Actions by any one of which a role gives itself every right.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html> on why a boundary denies them.
const TAKE_OVER: [&str; 6] = [
    "iam:AttachRolePolicy",
    "iam:PutRolePolicy",
    "iam:CreatePolicyVersion",
    "iam:SetDefaultPolicyVersion",
    "iam:CreateAccessKey",
    "iam:UpdateAssumeRolePolicy",
];

/// Whether the policies' denies leave no way to every right.
fn take_over_is_denied(policies: &[&Policy]) -> bool {
    let is_denied = |action: &ActionName| {
        denied_everywhere(policies).any(|statement| match statement.action() {
            ActionElement::Action(patterns) => patterns.iter().any(|pattern| pattern.matches(action)),
            ActionElement::NotAction(patterns) => !patterns.iter().any(|pattern| pattern.matches(action)),
        })
    };
    TAKE_OVER.into_iter().filter_map(|action| action.parse().ok()).all(|action| is_denied(&action))
}

fn denied_everywhere<'a>(policies: &'a [&'a Policy]) -> impl Iterator<Item = &'a Statement> {
    policies.iter().flat_map(|policy| policy.statements()).filter(|statement| {
        statement.effect() == Effect::Deny
            && statement.is_unconditional()
            && resources_whole(statement) == Services::all()
    })
}

/// The services named as a whole, such as `s3:*`.
fn whole_services(patterns: &[ActionPattern]) -> BTreeSet<String> {
    patterns.iter().filter_map(ActionPattern::covers_service).map(str::to_owned).collect()
}

/// The services that the patterns touch; none where a pattern may touch any.
fn touched<'a>(patterns: impl Iterator<Item = &'a ActionPattern>) -> Option<BTreeSet<String>> {
    patterns.map(|pattern| pattern.service().map(str::to_owned)).collect()
}

/// The services all of whose resources the statement is about: all for `*`, S3 for `arn:aws:s3:::*`.
fn resources_whole(statement: &Statement) -> Services {
    match statement.resource() {
        Some(ResourceElement::Resource(patterns))
            if patterns.iter().any(ResourcePattern::covers_everything) =>
        {
            Services::all()
        }
        Some(ResourceElement::Resource(patterns)) => {
            Services::These(patterns.iter().filter_map(|pattern| service_of_all(pattern.as_str())).collect())
        }
        Some(ResourceElement::NotResource(_)) | None => Services::none(),
    }
}

/// `s3` of `arn:aws:s3:::*` and `sqs` of `arn:aws:sqs:*:*:*`: an ARN that leaves nothing but its service open.
fn service_of_all(pattern: &str) -> Option<String> {
    let mut parts = pattern.splitn(6, ':').skip(2);
    let service = parts.next().filter(|service| !service.contains(['*', '?']))?;
    let is_open = |part: &str| part.is_empty() || part == "*";
    let region_and_account = is_open(parts.next()?) && is_open(parts.next()?);
    (region_and_account && parts.next() == Some("*")).then(|| service.to_owned())
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
