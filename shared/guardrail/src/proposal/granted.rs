use crate::assess::Surroundings;
use crate::snapshot::{Cap, Document, RolePolicy, RoleSnapshot};
use crate::view::{Documents, View};
use iam_policy::{ActionElement, ActionName, ActionPattern, Catalogue, Effect, Policy, Statement};
use std::collections::BTreeSet;

/// What a role's policies allow now, action by action.
pub(super) struct Granted<'a> {
    /// Every Allow statement, its actions spelled out as far as the catalogue lists them.
    pub(super) allows: Vec<Allow<'a>>,
    /// Every Deny statement.
    pub(super) denies: Vec<&'a Statement>,
    /// What is allowed on something and not denied on everything.
    pub(super) actions: BTreeSet<ActionName>,
    /// The policies, in the order of their names, so that the order in which IAM told them does not show.
    pub(super) policies: Vec<&'a Policy>,
}

/// An Allow statement.
pub(super) struct Allow<'a> {
    pub(super) statement: &'a Statement,
    pub(super) actions: BTreeSet<ActionName>,
}

impl<'a> Granted<'a> {
    /// # Errors
    /// The policies that were not understood: what they grant would be lost.
    pub(super) fn of(role: &'a RoleSnapshot) -> Result<Self, Vec<String>> {
        let mut sorted: Vec<&RolePolicy> = role.policies.iter().collect();
        sorted.sort_by_cached_key(|policy| policy.source.to_string());
        let in_doubt: Vec<String> = sorted.iter().filter_map(|policy| in_doubt(policy)).collect();
        if !in_doubt.is_empty() {
            return Err(in_doubt);
        }
        let policies: Vec<&Policy> =
            sorted.iter().filter_map(|policy| policy.document.understood()).collect();
        let statements = || policies.iter().flat_map(|policy| policy.statements());
        let of = |effect: Effect| statements().filter(move |statement| statement.effect() == effect);
        let allows: Vec<Allow<'_>> =
            of(Effect::Allow).map(|statement| Allow { statement, actions: spelled_out(statement) }).collect();
        let named: BTreeSet<ActionName> =
            allows.iter().flat_map(|allow| allow.actions.iter().cloned()).collect();
        let actions = not_out_of_question(role, named);
        let denies = of(Effect::Deny).collect();
        Ok(Self { allows, denies, actions, policies })
    }
}

fn in_doubt(policy: &RolePolicy) -> Option<String> {
    match &policy.document {
        Document::Understood(_) => None,
        Document::NotUnderstood(why) => Some(format!("{}: {why}", policy.source)),
        Document::Gone => Some(format!("{}: the policy does not exist any more", policy.source)),
    }
}

/// The actions of a statement: those that the catalogue lists, and those that it names itself.
fn spelled_out(statement: &Statement) -> BTreeSet<ActionName> {
    let catalogue = Catalogue::bundled();
    let spelled = |pattern: &ActionPattern| {
        let listed: Vec<ActionName> =
            catalogue.expand(pattern).listed.into_iter().map(|action| action.name().clone()).collect();
        let unlisted = if listed.is_empty() { pattern.exact() } else { None };
        listed.into_iter().chain(unlisted)
    };
    match statement.action() {
        ActionElement::Action(patterns) => patterns.iter().flat_map(spelled).collect(),
        ActionElement::NotAction(patterns) => {
            let all = catalogue.services().iter().flat_map(|service| service.actions());
            let names = all.map(|action| action.name());
            names.filter(|name| !patterns.iter().any(|but| but.matches(name))).cloned().collect()
        }
    }
}

/// Without the actions that a Deny takes away from everything.
fn not_out_of_question(role: &RoleSnapshot, actions: BTreeSet<ActionName>) -> BTreeSet<ActionName> {
    let (documents, around) = (Documents::of(role), Surroundings::default());
    let view = View::new(role, Cap::Nothing, &documents, &around);
    actions.into_iter().filter(|action| !view.is_out_of_question(action)).collect()
}
