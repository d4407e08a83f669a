//! Which ways to more rights a boundary leaves open.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::keys::FixedKeys;
use super::language::Budget;
use super::rules::{Rules, Side};
use super::search::{About, Ask, Flow, Search};
use super::{BUDGET, Doubt};
use crate::action::ActionName;
use crate::catalogue::{Catalogue, Need};
use crate::document::{Effect, Policy};
use crate::principal::{IdentityArn, IdentityKind};
use crate::request::Request;
use crate::resource::ResourcePattern;
use crate::variable::Variables;

/// Actions that together let a role gain rights: a privilege escalation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EscalationSet {
    /// What to call it.
    pub id: Box<str>,
    /// All of them are needed. An empty set escapes nothing.
    pub actions: Vec<ActionName>,
    /// What they have to be possible on.
    pub target: EscalationTarget,
}

/// What the actions of an escalation act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EscalationTarget {
    /// Any resource of the role's account, or none at all for an action that takes none.
    Account,
    /// The role itself; for actions on policies, any customer managed policy of its account.
    Itself,
}

/// An escalation that policies leave open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escape<'s> {
    /// The escalation.
    pub set: &'s EscalationSet,
    /// For each of its actions, in order, why it counts as possible.
    pub steps: Vec<EscapeStep>,
}

/// Why an action counts as possible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EscapeStep {
    /// This request is allowed.
    Allowed(Request),
    /// It was not shown that there is no such request.
    Doubtful(Doubt),
}

/// The escalations of which every action stays possible for `role` under a boundary, whatever its identity policies
/// grant. An escalation that is left out is ruled out, as far as the catalogue is right about the ARNs that its
/// actions take; an action that it does not know is looked at on any ARN.
///
/// What the role's requests carry is taken from its ARN: `aws:PrincipalArn` (not for a session, which does not tell
/// the path of its role), `aws:PrincipalAccount` and `aws:PrincipalType`, and its account for `aws:ResourceAccount`.
/// See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>.
///
/// The actions of a set are judged one by one: a boundary that allows each of them under conditions that exclude
/// each other still leaves the set open.
pub fn escapes<'s>(
    boundary: &Policy,
    role: &IdentityArn,
    sets: impl IntoIterator<Item = &'s EscalationSet>,
) -> Vec<Escape<'s>> {
    let sets: Vec<&EscalationSet> = sets.into_iter().collect();
    let mut goals: BTreeMap<Goal<'_>, Reach> = BTreeMap::new();
    for set in &sets {
        for action in &set.actions {
            goals.entry((action, set.target)).or_insert_with(|| Reach::of(role, action, set.target));
        }
    }
    let inner = [boundary];
    let mut budget = Budget::new(BUDGET);
    let rules = Rules::new(&inner, &[], &carried_by(role), &mut budget);
    let mut search = rules.map(|rules| Search::new(rules, &inner, &[], budget));
    let mut known: BTreeMap<Goal<'_>, Option<EscapeStep>> = BTreeMap::new();
    let mut step = |goal: Goal<'s>| {
        known
            .entry(goal)
            .or_insert_with(|| match (&mut search, goals.get(&goal)) {
                (Ok(search), Some(reach)) => reach.step(goal.0, search),
                (Err(doubt), _) => Some(EscapeStep::Doubtful(*doubt)),
                (Ok(_), None) => Some(EscapeStep::Doubtful(Doubt::Unconfirmed)),
            })
            .clone()
    };
    let mut escape = |set: &'s EscalationSet| {
        let steps = set.actions.iter().map(|action| step((action, set.target)));
        let steps = steps.collect::<Option<Vec<_>>>()?;
        (!steps.is_empty()).then_some(Escape { set, steps })
    };
    sets.into_iter().filter_map(&mut escape).collect()
}

/// An action, and what it has to be possible on.
type Goal<'s> = (&'s ActionName, EscalationTarget);

/// What every request of the role carries.
fn carried_by(role: &IdentityArn) -> FixedKeys {
    let mut fixed = FixedKeys::default();
    let account = role.account().to_string();
    fixed.always("aws:principalaccount", &account);
    // Not every service sends it.
    fixed.if_any("aws:resourceaccount", &account);
    match role.kind() {
        IdentityKind::Role => {
            fixed.always("aws:principalarn", role.as_str());
            fixed.always("aws:principaltype", "AssumedRole");
        }
        IdentityKind::Session => fixed.always("aws:principaltype", "AssumedRole"),
        IdentityKind::Root | IdentityKind::User | IdentityKind::FederatedUser => {}
    }
    fixed
}

/// The resources that an action has to be possible on.
struct Reach {
    resources: Vec<ResourcePattern>,
    /// Whether it may be about none.
    takes_none: bool,
}

impl Reach {
    fn of(role: &IdentityArn, action: &ActionName, target: EscalationTarget) -> Self {
        let (texts, takes_none) = match target {
            EscalationTarget::Account => in_account(role, action),
            EscalationTarget::Itself => (itself(role, action), false),
        };
        let pattern = |text: &String| ResourcePattern::new(text, Variables::Literal);
        Self { resources: texts.iter().map(pattern).collect(), takes_none }
    }

    /// A request with this action on one of the resources that the boundary allows, unless there is none.
    fn step<'p>(&'p self, action: &ActionName, search: &mut Search<'p>) -> Option<EscapeStep> {
        match self.look(action, search) {
            Ok(ControlFlow::Break(found)) => Some(EscapeStep::Allowed(found.request)),
            Ok(ControlFlow::Continue(())) => search.take_doubt().map(EscapeStep::Doubtful),
            Err(doubt) => Some(EscapeStep::Doubtful(doubt)),
        }
    }

    fn look<'p>(&'p self, action: &ActionName, search: &mut Search<'p>) -> Result<Flow, Doubt> {
        search.budget = Budget::new(BUDGET);
        search.take_doubt();
        let matched = search.rules.actions.matched(action);
        let said = search.said(&matched);
        let denies = search.about(&said, Side::Inner, Effect::Deny);
        for grant in search.about(&said, Side::Inner, Effect::Allow) {
            let apply = [grant];
            let Some(not) = search.to_leave(&matched, &said, &apply, &denies)? else { continue };
            let mut about = Vec::new();
            for pattern in &self.resources {
                about.push(About::Form(search.rules.resources.place(pattern)?));
            }
            about.extend(self.takes_none.then_some(About::NoResource));
            for about in about {
                let ask = Ask { apply: &apply, on: None, about, not: &not };
                if let found @ ControlFlow::Break(_) = search.look(action, &ask)? {
                    return Ok(found);
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// Patterns for the resources of the role's account that the action can be about: in the forms that the catalogue
/// has for it, or in any form for an action that it does not know; and whether it can be about none.
fn in_account(role: &IdentityArn, action: &ActionName) -> (Vec<String>, bool) {
    let known = Catalogue::bundled().service(action.service());
    let known = known.and_then(|service| Some((service, service.action(action)?)));
    let mut forms: Vec<&str> = Vec::new();
    let mut needs_resource = false;
    if let Some((service, action)) = known {
        for (kind, need) in service.resources_of(action) {
            forms.push(kind.arn());
            needs_resource |= need == Need::Required;
        }
    } else {
        forms.extend(["arn:*:*:*:*:*", "arn:*:*::*:*", "arn:*:*:*::*", "arn:*:*:::*"]);
    }
    (forms.into_iter().map(|form| in_form(role, form)).collect(), !needs_resource)
}

/// The resources of this form in the role's partition and account.
fn in_form(role: &IdentityArn, form: &str) -> String {
    let partition = role.as_str().split(':').nth(1).unwrap_or("*?").to_owned();
    let account = role.account().to_string();
    let part = |(place, part): (usize, &str)| match (place, part) {
        (1, "*") => partition.clone(),
        (4, "*") => account.clone(),
        // A star before a `?` stays inside its part of the ARN.
        (0..=4, "*") => "*?".to_owned(),
        _ => part.to_owned(),
    };
    form.splitn(6, ':').enumerate().map(part).collect::<Vec<_>>().join(":")
}

/// The role, and for actions on policies those of its account.
fn itself(role: &IdentityArn, action: &ActionName) -> Vec<String> {
    let known = Catalogue::bundled().service(action.service());
    let known = known.and_then(|service| Some((service, service.action(action)?)));
    let is_about_policies = known.is_some_and(|(service, action)| {
        service.resources_of(action).any(|(kind, need)| kind.name() == "policy" && need == Need::Required)
    });
    match (role.kind(), role.role_name()) {
        _ if is_about_policies => vec![in_form(role, "arn:*:iam::*:policy/*")],
        // A session does not tell the path of its role.
        (IdentityKind::Session, Some(name)) => {
            ["", "*/"].map(|path| in_form(role, &format!("arn:*:iam::*:role/{path}{name}"))).to_vec()
        }
        _ => vec![role.as_str().to_owned()],
    }
}
