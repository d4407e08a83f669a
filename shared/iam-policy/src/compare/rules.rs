//! The statements of two policies in the form that they are compared in.

use super::Doubt;
use super::actions::{ActionRule, Actions};
use super::keys::{FixedKeys, Keys, TestId};
use super::language::{Budget, Exhausted};
use super::resources::{ResourceRule, Resources};
use crate::document::{Effect, Policy, ResourceElement, Statement};

/// The place of a statement in [`Rules`].
pub(super) type RuleId = usize;

/// The set of policies that a statement belongs to: of two that are compared, or of several layers that all have to
/// allow a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Side(pub(super) usize);

impl Side {
    pub(super) const INNER: Self = Self(0);
    pub(super) const OUTER: Self = Self(1);
}

/// A statement.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) side: Side,
    pub(super) effect: Effect,
    pub(super) action: ActionRule,
    pub(super) resource: ResourceRule,
    pub(super) tests: Vec<TestId>,
}

/// All statements of both sides, with what they are made of.
#[derive(Debug)]
pub(super) struct Rules<'p> {
    pub(super) rules: Vec<Rule>,
    pub(super) actions: Actions<'p>,
    pub(super) resources: Resources,
    pub(super) keys: Keys<'p>,
}

impl<'p> Rules<'p> {
    /// None yet.
    pub(super) fn none(fixed: FixedKeys) -> Result<Self, Doubt> {
        let (actions, resources, keys) = (Actions::default(), Resources::new()?, Keys::new(fixed));
        Ok(Self { rules: Vec::new(), actions, resources, keys })
    }

    /// The statements of each side, in order.
    pub(super) fn new(
        sides: impl IntoIterator<Item = impl IntoIterator<Item = &'p Policy>>,
        fixed: &FixedKeys,
        budget: &mut Budget,
    ) -> Result<Self, Doubt> {
        let mut rules = Self::none(fixed.clone())?;
        for (side, policies) in sides.into_iter().enumerate() {
            for statement in policies.into_iter().flat_map(Policy::statements) {
                let place = rules.add(Side(side), statement, budget)?;
                rules.add_actions(place, statement, budget)?;
            }
        }
        rules.keys.work_out(budget)?;
        Ok(rules)
    }

    /// Adds a statement without its actions: until they are added, it lists none.
    pub(super) fn add(
        &mut self,
        side: Side,
        statement: &'p Statement,
        budget: &mut Budget,
    ) -> Result<RuleId, Doubt> {
        let resource = comparable_resource(statement)?;
        budget.spend(1 + resource.patterns().len() + statement.tests().count())?;
        let effect = statement.effect();
        let tests = statement.tests();
        let tests = tests.map(|(operator, test)| self.keys.add(operator, test, effect, budget));
        let tests = tests.collect::<Result<_, _>>()?;
        let (action, resource) = (ActionRule::default(), self.resources.add(resource, &self.keys.fixed())?);
        self.rules.push(Rule { side, effect, action, resource, tests });
        Ok(self.rules.len() - 1)
    }

    /// Adds the actions of a statement.
    pub(super) fn add_actions(
        &mut self,
        rule: RuleId,
        statement: &'p Statement,
        budget: &mut Budget,
    ) -> Result<(), Exhausted> {
        budget.spend(statement.action().patterns().len())?;
        self.rules.get_mut(rule).ok_or(Exhausted)?.action = self.actions.add(statement.action())?;
        Ok(())
    }

    pub(super) fn get(&self, id: RuleId) -> Result<&Rule, Exhausted> {
        self.rules.get(id).ok_or(Exhausted)
    }
}

/// What the statement says of resources, if it can be compared at all.
pub(super) fn comparable_resource(statement: &Statement) -> Result<&ResourceElement, Doubt> {
    match statement.principal() {
        Some(_) => Err(Doubt::NamesPrincipal),
        None => statement.resource().ok_or(Doubt::NoResource),
    }
}

impl Rule {
    /// Whether this statement applies wherever `other` does, told from how they are written: true also where the
    /// guide is silent or a variable decides. Asked about an action that both are about.
    pub(super) fn follows_from(&self, other: &Self) -> bool {
        self.effect == other.effect
            && self.resource == other.resource
            && self.tests.iter().all(|test| other.tests.contains(test))
    }
}
