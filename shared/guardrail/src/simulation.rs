//! Our verdicts beside those of IAM's policy simulator: what is asked, what our engine says to it, whether the two agree.
//!
//! `SimulatePrincipalPolicy` counts in the role's policies, its boundary and the organization's policies. It is given no resource
//! policy, and takes each resource for one of the role's own account
//! (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html>).

use crate::escalation::Escalations;
use crate::snapshot::{Document, RoleSnapshot};
use iam_policy::{
    ActionElement, ActionName, ActionPattern, Arn, Catalogue, Context, IdentityArn, Policies, Policy,
    Principal, Request, ResourceElement, ResourceName, ResourcePattern, Statement, Verdict, evaluate,
};
use std::collections::{BTreeMap, BTreeSet};

/// How many calls are asked about at most: the simulator is throttled early.
pub const MOST_CALLS: usize = 1_000;
/// How many actions stand for a pattern with wildcards: the first, the last, and some between.
const PER_PATTERN: usize = 6;
/// How many actions stand for all that a NotAction leaves.
const PER_NOT_ACTION: usize = 24;
/// Stands for what a wildcard in a resource leaves open.
const ANYTHING: &str = "simulated";
/// Stands for a Region that is left open.
const ANY_REGION: &str = "us-east-1";

/// A call that both are asked about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SimulatedCall {
    /// The resource as a policy would spell it; `*` for none.
    pub resource: String,
    /// The action.
    pub action: ActionName,
}

/// What is asked about a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Questions {
    /// The calls, those on one resource together.
    pub calls: Vec<SimulatedCall>,
    /// How many more there would be.
    pub left_out: usize,
}

/// What the simulator says to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimulatorAnswer {
    /// The call.
    pub call: SimulatedCall,
    /// Its verdict.
    pub verdict: Verdict,
    /// Condition keys of which it would have to know a value.
    pub missing_keys: Vec<String>,
    /// What the organization's policies say.
    pub organization: Organization,
    /// The policies whose statements it found to match.
    pub matched: Vec<String>,
}

/// What the policies of the organization say to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Organization {
    /// They allow it, or there are none.
    Allows,
    /// They do not allow it.
    Refuses,
}

/// How the two verdicts lie to each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Comparison {
    /// They are the same.
    Agree,
    /// They are not; with ours and what it rests on.
    Differ {
        /// Our verdict.
        ours: Verdict,
        /// What it rests on.
        because: String,
    },
    /// The two were not asked the same.
    NotComparable(NotComparable),
}

/// Why two verdicts say nothing about each other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotComparable {
    /// The verdict hangs on condition keys that nobody gave.
    #[error("it hangs on {}", .0.join(", "))]
    MissingKeys(Vec<String>),
    /// Our engine was not given the organization's policies.
    #[error("the organization's policies refuse it, which our engine was not given")]
    Organization,
    /// IAM's documentation does not say how it is to be decided.
    #[error("the IAM User Guide does not settle it: {0}")]
    Undocumented(String),
}

/// What to ask about a role: each action that a policy or the boundary names, some for each wildcard, on a resource that the
/// statement names and on none, and every action of a known way to more rights.
///
/// # Errors
/// The documents that were not understood: an answer about the rest would say nothing about the role.
pub fn questions(role: &RoleSnapshot) -> Result<Questions, Vec<String>> {
    let own = role.role.arn.as_str();
    let mut calls = BTreeSet::new();
    for policy in documents(role)? {
        for statement in policy.statements() {
            let resources: BTreeSet<String> = resources(statement, own).chain([String::from("*")]).collect();
            for action in actions(statement) {
                calls.extend(
                    resources
                        .iter()
                        .map(|resource| SimulatedCall { resource: resource.clone(), action: action.clone() }),
                );
            }
        }
    }
    let named: usize = calls.len();
    let mut calls = evenly(calls, MOST_CALLS);
    for action in Escalations::bundled().iter().flat_map(|way| way.actions()) {
        let on_itself = (action.service() == "iam").then(|| own.to_owned());
        for resource in on_itself.into_iter().chain([String::from("*")]) {
            calls.insert(SimulatedCall { resource, action: action.clone() });
        }
    }
    Ok(Questions { calls: calls.into_iter().collect(), left_out: named.saturating_sub(MOST_CALLS) })
}

/// Holds an answer against our engine's.
///
/// # Errors
/// As [`questions`].
pub fn compare(role: &RoleSnapshot, answer: &SimulatorAnswer) -> Result<Comparison, Vec<String>> {
    let identity = identity(role)?;
    let boundary = boundary(role)?;
    let not_asked_alike =
        |what: &str| vec![format!("`{what}` is nothing that our engine could be asked about")];
    let arn: IdentityArn =
        role.role.arn.as_str().parse().map_err(|_| not_asked_alike(role.role.arn.as_str()))?;
    let resource: ResourceName =
        answer.call.resource.parse().map_err(|_| not_asked_alike(&answer.call.resource))?;
    let request = Request {
        // Whatever account the ARN names: the simulator takes it for the role's own.
        resource_account: Some(arn.account()),
        principal: Principal::Identity(arn),
        action: answer.call.action.clone(),
        resource,
        context: Context::new(),
    };
    let bearing = identity.iter().copied().chain(&boundary);
    let missing = bearing.flat_map(|policy| missing_of(policy, answer)).collect::<BTreeSet<_>>();
    if !missing.is_empty() {
        // Not even as agreement: both may be right for a request that nobody makes.
        return Ok(Comparison::NotComparable(NotComparable::MissingKeys(missing.into_iter().collect())));
    }
    if answer.organization == Organization::Refuses {
        // Its refusal hides what the role's own policies say.
        return Ok(Comparison::NotComparable(NotComparable::Organization));
    }
    let policies = Policies { identity: &identity, boundary: boundary.as_ref(), ..Policies::default() };
    let ours = evaluate(&policies, &request);
    if ours.verdict == answer.verdict {
        return Ok(Comparison::Agree);
    }
    Ok(match ours.undocumented.first() {
        Some(silence) => Comparison::NotComparable(NotComparable::Undocumented(silence.to_string())),
        None => Comparison::Differ { ours: ours.verdict, because: ours.because.to_string() },
    })
}

/// How many answers agree, differ and cannot be compared, by service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// The same verdict.
    pub agree: usize,
    /// Another one.
    pub differ: usize,
    /// Not asked the same.
    pub not_comparable: usize,
}

/// Counts by service.
#[must_use]
pub fn tally(compared: &[(SimulatorAnswer, Comparison)]) -> BTreeMap<String, Tally> {
    let mut by_service: BTreeMap<String, Tally> = BTreeMap::new();
    for (answer, comparison) in compared {
        let tally = by_service.entry(answer.call.action.service().to_owned()).or_default();
        match comparison {
            Comparison::Agree => tally.agree += 1,
            Comparison::Differ { .. } => tally.differ += 1,
            Comparison::NotComparable(_) => tally.not_comparable += 1,
        }
    }
    by_service
}

/// Of the keys that the simulator misses, those that a statement about the action asks for: it names all that any statement has.
fn missing_of<'a>(policy: &'a Policy, answer: &'a SimulatorAnswer) -> impl Iterator<Item = String> + 'a {
    let keys = policy.statements_about(&answer.call.action).flat_map(keys_of);
    keys.filter(|key| answer.missing_keys.iter().any(|missing| missing.eq_ignore_ascii_case(key)))
}

/// The keys that a statement tests, and those whose values it puts into its resources.
fn keys_of(statement: &Statement) -> impl Iterator<Item = String> + '_ {
    let tested = statement.tests().map(|(_, test)| test.key().to_owned());
    let variables = patterns_of(statement).iter().filter(|pattern| pattern.has_variables());
    tested.chain(variables.flat_map(|pattern| keys_in(pattern.as_str())))
}

/// `aws:PrincipalTag/team` of `arn:aws:s3:::${aws:PrincipalTag/team, 'none'}/*`.
fn keys_in(pattern: &str) -> impl Iterator<Item = String> + '_ {
    let variables = pattern.split("${").skip(1).filter_map(|text| text.split_once('}'));
    variables.map(|(variable, _)| variable.split(',').next().unwrap_or_default().trim().to_owned())
}

fn documents(role: &RoleSnapshot) -> Result<Vec<Policy>, Vec<String>> {
    let mut all: Vec<Policy> = identity(role)?.into_iter().cloned().collect();
    all.extend(boundary(role)?);
    Ok(all)
}

fn identity(role: &RoleSnapshot) -> Result<Vec<&Policy>, Vec<String>> {
    let in_doubt: Vec<String> = role
        .policies
        .iter()
        .filter(|policy| policy.document.understood().is_none())
        .map(|policy| policy.source.to_string())
        .collect();
    if in_doubt.is_empty() {
        Ok(role.policies.iter().filter_map(|policy| policy.document.understood()).collect())
    } else {
        Err(in_doubt)
    }
}

fn boundary(role: &RoleSnapshot) -> Result<Option<Policy>, Vec<String>> {
    match role.boundary.document().map(Document::understood) {
        None => Ok(None),
        Some(Some(policy)) => Ok(Some(policy.clone())),
        Some(None) => Err(vec!["boundary".to_owned()]),
    }
}

fn actions(statement: &Statement) -> BTreeSet<ActionName> {
    let catalogue = Catalogue::bundled();
    let of_pattern = |pattern: &ActionPattern| {
        let listed = catalogue.expand(pattern).listed;
        evenly(listed.into_iter().map(|action| action.name().clone()).collect(), PER_PATTERN)
    };
    match statement.action() {
        ActionElement::Action(patterns) => patterns.iter().flat_map(of_pattern).collect(),
        // What it is about are the others.
        ActionElement::NotAction(patterns) => {
            let all = catalogue.services().iter().flat_map(|service| service.actions());
            let others =
                all.map(|action| action.name()).filter(|name| !patterns.iter().any(|but| but.matches(name)));
            let others = evenly(others.cloned().collect(), PER_NOT_ACTION);
            patterns.iter().flat_map(of_pattern).chain(others).collect()
        }
    }
}

/// One resource for each that the statement names, and one beside each that a NotResource names. A pattern with a variable of a
/// request stands for none.
fn resources<'a>(statement: &'a Statement, own: &'a str) -> impl Iterator<Item = String> + 'a {
    let named = patterns_of(statement)
        .iter()
        .filter(|pattern| !pattern.has_variables() && !pattern.covers_everything())
        .filter_map(|pattern| concrete(pattern.as_str(), own));
    let is_negated = matches!(statement.resource(), Some(ResourceElement::NotResource(_)));
    named.flat_map(move |resource| {
        let beside = is_negated.then(|| beside(&resource, statement)).flatten();
        std::iter::once(resource).chain(beside)
    })
}

/// A resource of the same service with another name, which the NotResource does not mean either.
fn beside(resource: &str, statement: &Statement) -> Option<String> {
    let (place, _) = resource.rsplit_once([':', '/'])?;
    let other = resource.get(..=place.len()).map(|place| format!("{place}another-{ANYTHING}"))?;
    let name = other.parse().ok()?;
    (!patterns_of(statement).iter().any(|pattern| pattern.matches(&name))).then_some(other)
}

fn patterns_of(statement: &Statement) -> &[ResourcePattern] {
    match statement.resource() {
        Some(ResourceElement::Resource(patterns) | ResourceElement::NotResource(patterns)) => {
            patterns.as_slice()
        }
        None => &[],
    }
}

/// An ARN that the pattern covers.
fn concrete(pattern: &str, own: &str) -> Option<String> {
    let part_of_own = |at: usize| own.split(':').nth(at).unwrap_or_default();
    let parts: Vec<&str> = pattern.splitn(6, ':').collect();
    let &[arn, partition, service, region, account, resource] = parts.as_slice() else { return None };
    let open = |part: &str| part.contains(['*', '?']);
    let or = |part: &str, instead: &str| if open(part) { instead.to_owned() } else { part.to_owned() };
    if open(service) {
        return None;
    }
    let concrete = format!(
        "{arn}:{}:{service}:{}:{}:{}",
        or(partition, part_of_own(1)),
        or(region, ANY_REGION),
        or(account, part_of_own(4)),
        resource.replace('*', ANYTHING).replace('?', "x")
    );
    concrete.parse::<Arn>().is_ok().then_some(concrete)
}

/// At most so many of them, from the first to the last.
fn evenly<T: Ord>(all: BTreeSet<T>, most: usize) -> BTreeSet<T> {
    let count = all.len();
    if count <= most {
        return all;
    }
    let last = most.saturating_sub(1).max(1);
    let chosen: BTreeSet<usize> = (0..most).map(|step| step * (count - 1) / last).collect();
    all.into_iter().enumerate().filter_map(|(at, one)| chosen.contains(&at).then_some(one)).collect()
}
