//! Losses as they are to be read.

use std::collections::{BTreeMap, BTreeSet};

use super::survey::{Losses, Reason, RuleCut, Survey};
use super::wording::Wording;
use super::{Breadth, Cut, Danger, LostAction, Removal};
use crate::action::{ActionName, ActionPattern};
use crate::compare::Doubt;
use crate::compare::bits::Bits;
use crate::compare::resources::ResourceId;
use crate::compare::rules::RuleId;
use crate::condition::{KeyTest, Operator};
use crate::document::{ActionElement, Policy, ResourceElement, Statement};
use crate::evaluate::{Source, StatementRef};
use crate::request::Request;
use crate::resource::ResourcePattern;

/// Statements by their place in the rules of the comparison, and actions to look out for.
pub(super) struct Report<'p> {
    statements: Vec<(StatementRef, &'p Statement)>,
    dangers: &'p BTreeSet<&'p ActionName>,
}

/// What one grant loses for one reason on several of its patterns.
#[derive(Debug, Default)]
struct Group {
    on: Vec<Option<ResourceId>>,
    losses: Losses,
}

impl<'p> Report<'p> {
    pub(super) fn new(
        identity: &[&'p Policy],
        boundary: &'p Policy,
        dangers: &'p BTreeSet<&'p ActionName>,
    ) -> Self {
        let identity = identity.iter().enumerate().map(|(at, policy)| (Source::Identity(at), *policy));
        let all = identity.chain([(Source::Boundary, boundary)]);
        let statements = all.flat_map(|(source, policy)| {
            let place = move |statement: &Statement| StatementRef { source, statement: statement.index() };
            policy.statements().iter().map(move |statement| (place(statement), statement))
        });
        Self { statements: statements.collect(), dangers }
    }

    /// The statements, by their place in the rules.
    pub(super) fn statements(&self) -> Vec<&'p Statement> {
        self.statements.iter().map(|(_, statement)| *statement).collect()
    }

    /// What is lost on several resource patterns of one grant for one reason becomes one thing.
    pub(super) fn removals(&self, survey: &mut Survey<'_>) -> Result<Vec<Removal>, Doubt> {
        let mut groups: BTreeMap<(RuleId, RuleCut, Bits), Group> = BTreeMap::new();
        for (Reason { grant, cut, on }, losses) in std::mem::take(&mut survey.losses) {
            let lost = Bits::such_that(survey.classes.len(), |class| losses.contains_key(&class));
            let group = groups.entry((grant, cut, lost)).or_default();
            group.on.push(on);
            group.losses.extend(losses);
        }
        let mut removals = Vec::new();
        for ((grant, cut, lost), Group { on, losses }) in groups {
            let Some((place, granting)) = self.statements.get(grant) else { continue };
            let area = survey.area(grant, &cut, &on, &lost)?;
            let may_be_said = match cut {
                RuleCut::Denied(_) => lost.or(&survey.gone_on_all(grant, &on)),
                // What is left to the actions that are meant is not left to those that are gone.
                RuleCut::NotAllowed | RuleCut::AllowedInPart(_) => lost.clone(),
            };
            survey.demand(grant, &cut);
            let rules = &survey.search.rules;
            let words =
                survey.classes.wording(&lost, &may_be_said, &rules.get(grant)?.action, &rules.actions);
            let lost =
                words.into_iter().map(|word| self.lost(survey, word, granting, &area.resources, &losses));
            removals.push(Removal {
                actions: lost.collect(),
                resources: area.resources.clone(),
                but_resources: area.but,
                conditions: self.conditions(granting, &cut),
                grant: *place,
                cut: self.cut(&cut),
            });
        }
        Ok(removals)
    }

    fn lost(
        &self,
        survey: &Survey<'_>,
        word: Wording,
        grant: &Statement,
        resources: &[ResourcePattern],
        losses: &Losses,
    ) -> LostAction {
        let says =
            |name: &ActionName| word.action.matches(name) && !word.but.iter().any(|but| but.matches(name));
        let is_dangerous = self.dangers.iter().any(|name| says(name));
        let is_named = is_named(grant, &word.action, resources);
        let of_class = |class| example(survey, class, losses.get(&class)?.as_ref()?, says);
        LostAction {
            danger: if is_dangerous { Danger::Dangerous } else { Danger::Harmless },
            breadth: if is_named { Breadth::Narrow } else { Breadth::Broad },
            example: word.under.iter().find_map(of_class),
            action: word.action,
            but: word.but,
        }
    }

    /// What has to hold for the grant to apply, and for the Deny that cuts it.
    fn conditions(&self, grant: &Statement, cut: &RuleCut) -> Vec<(Operator, KeyTest)> {
        let deny = match cut {
            RuleCut::Denied(deny) => self.statements.get(*deny).map(|(_, deny)| *deny),
            RuleCut::NotAllowed | RuleCut::AllowedInPart(_) => None,
        };
        let all = [grant].into_iter().chain(deny).flat_map(Statement::tests);
        all.map(|(operator, test)| (operator, test.clone())).collect()
    }

    /// The same by the place of statements in the boundary.
    fn cut(&self, cut: &RuleCut) -> Cut {
        let place = |rule: &RuleId| self.statements.get(*rule).map_or(0, |(place, _)| place.statement);
        match cut {
            RuleCut::Denied(deny) => Cut::Denied(place(deny)),
            RuleCut::NotAllowed => Cut::NotAllowed,
            RuleCut::AllowedInPart(allows) => {
                Cut::AllowedInPart(allows.iter().map(|(allow, _)| place(allow)).collect())
            }
        }
    }
}

/// The request that shows the loss of a class, with an action of the class that is said.
fn example(
    survey: &Survey<'_>,
    class: usize,
    found: &Request,
    says: impl Fn(&ActionName) -> bool,
) -> Option<Request> {
    if says(&found.action) {
        return Some(found.clone());
    }
    let mut actions = survey.classes.known(class).iter().map(|(_, action)| action.name());
    let elsewhere = || survey.classes.elsewhere(class, &survey.search.rules.actions, &says);
    let action = actions.find(|name| says(name)).or_else(elsewhere)?;
    let request = Request { action: action.clone(), ..found.clone() };
    survey.search.confirms(&request).then_some(request)
}

/// Whether a grant names this action and these resources itself, without a wildcard.
fn is_named(grant: &Statement, action: &ActionPattern, resources: &[ResourcePattern]) -> bool {
    let (ActionElement::Action(patterns), Some(ResourceElement::Resource(granted))) =
        (grant.action(), grant.resource())
    else {
        return false;
    };
    let names_action =
        patterns.iter().any(|pattern| !pattern.has_wildcard() && pattern.glob() == action.glob());
    let names = |resource: &ResourcePattern| {
        !resource.has_wildcard() && granted.iter().any(|pattern| pattern.as_str() == resource.as_str())
    };
    names_action && resources.iter().all(names)
}
