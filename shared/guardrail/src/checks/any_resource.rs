//! A resource that nobody can have meant: what the checks on reach share.

use crate::account_targets::{Reach, partition};
use crate::assess::Evidence;
use crate::snapshot::Cap;
use crate::view::{Granted, View};
use iam_policy::catalogue::{Action, Need};
use iam_policy::{
    ActionElement, ActionName, ActionPattern, Catalogue, Effect, IdentityArn, NoResource, Policy,
    ResourceElement, ResourceName, ResourcePattern, Statement, StatementRef, Targets,
};
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// What stands for the name of a resource. A policy that covers it covers every name.
const ANY_NAME: &str = "7f3Kq9-anything-at-all-Zx1";

/// More than this adds nothing to a finding.
pub(super) const MOST_EVIDENCE: usize = 5;

/// How the role can do this on a resource of any name, in some region. For an action without resources: at all.
pub(super) fn way_on_any(view: &View<'_>, action: &ActionName) -> Option<Granted> {
    let question = view.question(action)?;
    if !view.grants_of(&question).any(|statement| may_cover_any(view, statement, action)) {
        return None;
    }
    let targets = view.targets(Reach::AnyName, action, |role| any_resource(role, action))?;
    view.answer(&question, || targets)
}

/// A resource of any name, in the forms that the action takes. Those that it always acts on decide, where there are any.
fn any_resource(role: &IdentityArn, action: &ActionName) -> Targets {
    let forms: Vec<String> = forms(action).map(|form| named(role, form, "*?")).collect();
    let none = if forms.is_empty() { NoResource::Included } else { NoResource::Excluded };
    Targets::new(forms, none)
}

fn forms(action: &ActionName) -> impl Iterator<Item = &'static str> {
    let service = Catalogue::bundled().service(action.service());
    let known = service.and_then(|service| Some((service, service.action(action)?)));
    let taken: Vec<_> =
        known.into_iter().flat_map(|(service, action)| service.resources_of(action)).collect();
    let has_required = taken.iter().any(|(_, need)| *need == Need::Required);
    let counts = move |need| !has_required || need == Need::Required;
    taken.into_iter().filter(move |(_, need)| counts(*need)).map(|(kind, _)| kind.arn())
}

/// The form with the role's partition and account, this region, and [`ANY_NAME`] for names.
fn named(role: &IdentityArn, form: &str, region: &str) -> String {
    let account = role.account().to_string();
    let part = |(place, part): (usize, &str)| match (place, part) {
        (1, "*") => partition(role).to_owned(),
        (3, "*") => region.to_owned(),
        (4, "*") => account.clone(),
        (5, _) => part.replace('*', ANY_NAME),
        _ => part.to_owned(),
    };
    form.splitn(6, ':').enumerate().map(part).collect::<Vec<_>>().join(":")
}

/// Whether the Resource of the statement may cover any resource of the action: asked first, because it costs little.
fn may_cover_any(view: &View<'_>, statement: &Statement, action: &ActionName) -> bool {
    let Some(ResourceElement::Resource(patterns)) = statement.resource() else { return true };
    let Some(role) = view.arn() else { return true };
    patterns.iter().any(|pattern| {
        let names_one = !pattern.has_wildcard() && !pattern.has_variables();
        pattern.covers_everything() || !names_one && covers_any(pattern, role, action)
    })
}

/// Whether the pattern covers any resource of the action in its own region.
fn covers_any(pattern: &ResourcePattern, role: &IdentityArn, action: &ActionName) -> bool {
    if pattern.has_variables() {
        return true;
    }
    let region = pattern.as_str().split(':').nth(3).filter(|region| !region.contains(['*', '?']));
    let region = region.unwrap_or("us-east-1");
    let covers = |resource: ResourceName| pattern.matches(&resource);
    forms(action).any(|form| named(role, form, region).parse().is_ok_and(covers))
}

/// Services whose actions stand for those of all, where a statement names no service.
const COMMON_SERVICES: [&str; 10] =
    ["s3", "dynamodb", "sqs", "sns", "lambda", "kms", "secretsmanager", "ec2", "ssm", "ecr"];

/// Actions that say more to a reader than the first of their service by name.
const TELLING: [&str; 4] = ["s3:PutObject", "s3:PutBucketPolicy", "dynamodb:PutItem", "kms:PutKeyPolicy"];

static TELLING_ACTIONS: LazyLock<Vec<&'static Action>> = LazyLock::new(|| {
    TELLING.iter().filter_map(|action| Catalogue::bundled().action(&action.parse().ok()?)).collect()
});

/// An action of this kind that the role can do on any resource by this Allow, and how; the first that is found. Of the
/// actions that only list or read, those count that say more than others.
pub(super) fn first_on_any(
    view: &View<'_>,
    place: StatementRef,
    statement: &Statement,
    is_wanted: impl Fn(&Action) -> bool,
) -> Option<(&'static ActionName, Granted)> {
    let telling = TELLING_ACTIONS.iter().copied();
    match view.changes_listed(place) {
        Some(listed) => first_of(view, place, statement, telling.chain(listed.iter().copied()), is_wanted),
        None => first_of(view, place, statement, telling.chain(usual_actions(view)), is_wanted),
    }
}

fn first_of(
    view: &View<'_>,
    place: StatementRef,
    statement: &Statement,
    actions: impl Iterator<Item = &'static Action>,
    is_wanted: impl Fn(&Action) -> bool,
) -> Option<(&'static ActionName, Granted)> {
    actions
        .filter(|action| is_wanted(action))
        .map(Action::name)
        .filter(|action| view.is_about(place, action))
        .filter(|action| may_cover_any(view, statement, action) && !is_denied(view, action))
        .find_map(|action| Some((action, way_on_any(view, action)?)))
}

/// The actions to look at for a statement that names no service.
fn usual_actions(view: &View<'_>) -> impl Iterator<Item = &'static Action> {
    let catalogue = Catalogue::bundled();
    let services = usual_services(view).into_iter().filter_map(|prefix| catalogue.service(&prefix));
    services.flat_map(|service| service.actions())
}

/// The usual services, and those that the boundary names.
fn usual_services(view: &View<'_>) -> Vec<String> {
    let mut named = BTreeSet::new();
    if let Cap::Policy(boundary) = view.cap {
        for statement in allows(boundary) {
            if let ActionElement::Action(patterns) = statement.action() {
                named.extend(patterns.iter().filter_map(ActionPattern::service).map(str::to_ascii_lowercase));
            }
        }
    }
    let common = COMMON_SERVICES.into_iter().map(str::to_owned);
    common.chain(named.into_iter().filter(|name| !COMMON_SERVICES.contains(&name.as_str()))).collect()
}

/// Whether a Deny without a condition takes the action from everything, its patterns as they are read: to name an
/// action for an example, a Deny of `*:*` is taken to be one.
fn is_denied(view: &View<'_>, action: &ActionName) -> bool {
    let denies = |policy: &Policy| {
        policy.statements_about(action).any(|statement| {
            statement.effect() == Effect::Deny && statement.is_unconditional() && covers_everything(statement)
        })
    };
    let is_cut = match view.cap {
        Cap::Everything => true,
        Cap::Nothing => false,
        Cap::Policy(boundary) => denies(boundary),
    };
    is_cut || view.documents().any(|(policy, _)| denies(policy))
}

fn covers_everything(statement: &Statement) -> bool {
    matches!(statement.resource(), Some(ResourceElement::Resource(patterns))
        if patterns.iter().any(ResourcePattern::covers_everything))
}

fn allows(policy: &Policy) -> impl Iterator<Item = &Statement> {
    policy.statements().iter().filter(|statement| statement.effect() == Effect::Allow)
}

/// Where those of these actions are granted that the role can do on any resource; the first few.
pub(super) fn any_of(view: &View<'_>, actions: &[ActionName]) -> Vec<Evidence> {
    actions
        .iter()
        .filter_map(|action| Some((way_on_any(view, action)?, action)))
        .map(|(granted, action)| view.evidence(granted.grant, format!("{action} on any resource")))
        .take(MOST_EVIDENCE)
        .collect()
}
