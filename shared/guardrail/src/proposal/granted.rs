use crate::assess::Surroundings;
use crate::snapshot::{Cap, Document, RolePolicy, RoleSnapshot};
use crate::view::{Documents, View};
use iam_policy::{ActionElement, ActionName, ActionPattern, Catalogue, Effect, Policy, Statement, Version};
use std::collections::BTreeSet;

/// What a role's policies allow now, action by action.
pub(super) struct Granted<'a> {
    /// Every Allow statement, its actions spelled out as far as the catalogue lists them.
    pub(super) allows: Vec<Allow<'a>>,
    /// Every Deny statement.
    pub(super) denies: Vec<&'a Statement>,
    /// What is allowed on something and not denied on everything.
    pub(super) actions: BTreeSet<ActionName>,
    /// Wildcards that stand for nothing that is known: what they grant goes.
    pub(super) doubts: Vec<String>,
    /// The policies, in the order of their names, so that the order in which IAM told them does not show.
    pub(super) policies: Vec<&'a Policy>,
}

/// An Allow statement.
pub(super) struct Allow<'a> {
    pub(super) statement: &'a Statement,
    pub(super) actions: BTreeSet<ActionName>,
}

impl<'a> Granted<'a> {
    /// `seen` are actions that the role was seen to use: AWS has more actions than any catalogue lists.
    ///
    /// # Errors
    /// The policies that were not understood: what they grant would be lost.
    pub(super) fn of(role: &'a RoleSnapshot, seen: &BTreeSet<ActionName>) -> Result<Self, Vec<String>> {
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
        let allows: Vec<Allow<'_>> = of(Effect::Allow)
            .map(|statement| Allow { statement, actions: spelled_out(statement, seen) })
            .collect();
        let doubts = allows.iter().flat_map(stands_for_nothing).collect();
        let named: BTreeSet<ActionName> =
            allows.iter().flat_map(|allow| allow.actions.iter().cloned()).collect();
        let actions = not_out_of_question(role, named);
        let denies = of(Effect::Deny).collect();
        Ok(Self { allows, denies, actions, doubts, policies })
    }
}

fn in_doubt(policy: &RolePolicy) -> Option<String> {
    let source = &policy.source;
    match &policy.document {
        Document::Understood(policy) => {
            // The statements are written into a document of the newest version, where `${` begins a variable.
            let is_old = policy.version() != Some(Version::V2012);
            (is_old && policy.to_json().contains("${"))
                .then(|| format!("{source}: in its Version, 2008-10-17, `${{` is no variable"))
        }
        Document::NotUnderstood(why) => Some(format!("{source}: {why}")),
        Document::Gone => Some(format!("{source}: the policy does not exist any more")),
    }
}

/// A pattern with a wildcard that the catalogue lists nothing for, and that nothing was seen of.
fn stands_for_nothing(allow: &Allow<'_>) -> Vec<String> {
    let ActionElement::Action(patterns) = allow.statement.action() else { return Vec::new() };
    let unknown = patterns.iter().filter(|pattern| {
        pattern.has_wildcard() && !allow.actions.iter().any(|action| pattern.matches(action))
    });
    unknown
        .map(|pattern| format!("`{pattern}` stands for no action that is known: what it grants goes"))
        .collect()
}

/// The actions of a statement: those that the catalogue lists, those that it names itself, and those that were seen.
fn spelled_out(statement: &Statement, seen: &BTreeSet<ActionName>) -> BTreeSet<ActionName> {
    let catalogue = Catalogue::bundled();
    let spelled = |pattern: &ActionPattern| -> Vec<ActionName> {
        let listed = catalogue.expand(pattern).listed;
        let unlisted = if listed.is_empty() { pattern.exact() } else { None };
        let seen = seen.iter().filter(|action| pattern.matches(action)).cloned();
        listed.into_iter().map(|action| action.name().clone()).chain(unlisted).chain(seen).collect()
    };
    match statement.action() {
        ActionElement::Action(patterns) => patterns.iter().flat_map(spelled).collect(),
        ActionElement::NotAction(patterns) => {
            let all = catalogue.services().iter().flat_map(|service| service.actions());
            let names = all.map(|action| action.name()).chain(seen);
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
