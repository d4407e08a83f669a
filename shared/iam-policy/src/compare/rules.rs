//! The statements of two policies in the form that they are compared in.

use super::Doubt;
use super::actions::{ActionRule, Actions};
use super::keys::{FixedKeys, Keys, TestId};
use super::language::{Budget, Exhausted};
use super::resources::{ResourceRule, Resources};
use crate::document::{Effect, Policy};

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
    /// The statements of each side, in order.
    pub(super) fn new(
        sides: impl IntoIterator<Item = impl IntoIterator<Item = &'p Policy>>,
        fixed: &FixedKeys,
        budget: &mut Budget,
    ) -> Result<Self, Doubt> {
        let (actions, resources, keys) = (Actions::default(), Resources::new()?, Keys::new(fixed.clone()));
        let mut rules = Self { rules: Vec::new(), actions, resources, keys };
        for (side, policies) in sides.into_iter().enumerate() {
            for policy in policies {
                rules.add(Side(side), policy, budget)?;
            }
        }
        rules.keys.work_out(budget)?;
        Ok(rules)
    }

    fn add(&mut self, side: Side, policy: &'p Policy, budget: &mut Budget) -> Result<(), Doubt> {
        for statement in policy.statements() {
            if statement.principal().is_some() {
                return Err(Doubt::NamesPrincipal);
            }
            let resource = statement.resource().ok_or(Doubt::NoResource)?;
            let size =
                statement.action().patterns().len() + resource.patterns().len() + statement.tests().count();
            budget.spend(1 + size)?;
            let effect = statement.effect();
            let tests = statement.tests();
            let tests = tests.map(|(operator, test)| self.keys.add(operator, test, effect, budget));
            let tests = tests.collect::<Result<_, _>>()?;
            let action = self.actions.add(statement.action())?;
            let resource = self.resources.add(resource, &self.keys.fixed())?;
            let rule = Rule { side, effect, action, resource, tests };
            self.rules.push(rule);
        }
        Ok(())
    }

    pub(super) fn get(&self, id: RuleId) -> Result<&Rule, Exhausted> {
        self.rules.get(id).ok_or(Exhausted)
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
