//! From what the search leaves to a request that the evaluator confirms.

use std::ops::ControlFlow;

use super::{Demanded, Flow, Region, Search};
use crate::action::ActionName;
use crate::compare::actions::Matched;
use crate::compare::keys::KeyState;
use crate::compare::{Counterexample, Doubt};
use crate::document::Statement;
use crate::evaluate::{Verdict, applies, evaluate};
use crate::request::{Context, Principal, Request};

/// After so many candidates that the evaluator does not confirm, a search for more is not worth its time.
const MOST_UNCONFIRMED: usize = 24;

/// How many requests to try for one candidate.
const MOST_TRIES: usize = 16;

/// Which keys that only variables ask for a request gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Carried {
    All,
    /// Those of patterns that have to match.
    Needed,
}

impl Search<'_> {
    /// Puts what was found to the evaluator.
    pub(super) fn candidate(
        &mut self,
        action: &ActionName,
        region: &Region,
        resource: String,
    ) -> Result<Flow, Doubt> {
        for (choice, carried) in self.tries(region) {
            self.budget.spend(8)?;
            let context = self.context(region, &choice, carried);
            let resource = if self.hangs_on_variables(region) {
                let (area, but) = (&region.area, &region.without_variables);
                match self.rules.resources.find_for(area, but, &context, &mut self.budget)? {
                    Some(resource) => resource,
                    None => continue,
                }
            } else {
                resource.clone()
            };
            if let Some(found) = self.confirm(action, &resource, context) {
                return Ok(ControlFlow::Break(Box::new(found)));
            }
        }
        self.doubt.get_or_insert(Doubt::Unconfirmed);
        self.unconfirmed += 1;
        if self.unconfirmed < MOST_UNCONFIRMED {
            Ok(ControlFlow::Continue(()))
        } else {
            Err(Doubt::Unconfirmed)
        }
    }

    /// What to put into requests. A pattern that must not match is also left by a variable without a value.
    fn tries(&self, region: &Region) -> impl Iterator<Item = (Vec<usize>, Carried)> + use<> {
        let all = self.choices_of_states(region);
        let needed = if region.without_variables.is_empty() { Vec::new() } else { all.clone() };
        let needed = needed.into_iter().map(|choice| (choice, Carried::Needed));
        all.into_iter().map(|choice| (choice, Carried::All)).chain(needed)
    }

    fn hangs_on_variables(&self, region: &Region) -> bool {
        !region.without_variables.is_empty()
            || region.area.within.iter().any(|pattern| self.rules.resources.has_variables(*pattern))
    }

    /// The first state of every key, and then others of one key at a time.
    fn choices_of_states(&self, region: &Region) -> Vec<Vec<usize>> {
        let first: Vec<usize> =
            region.states.iter().map(|states| states.iter().next().unwrap_or_default()).collect();
        let mut choices = vec![first.clone()];
        for (key, states) in region.states.iter().enumerate() {
            let is_open = states.len() < self.rules.keys.all_states(key).len();
            for state in states.iter().skip(1).filter(|_| is_open) {
                if choices.len() >= MOST_TRIES {
                    return choices;
                }
                let mut choice = first.clone();
                if let Some(place) = choice.get_mut(key) {
                    *place = state;
                }
                choices.push(choice);
            }
        }
        choices
    }

    /// A request context in these states. Keys that only variables ask for get a value too, and those that every
    /// request carries.
    fn context(&self, region: &Region, choice: &[usize], carried: Carried) -> Context {
        let mut context = Context::new();
        let fixed = self.rules.keys.fixed();
        let others = if carried == Carried::All { &*region.without_variables } else { &[] };
        let patterns = region.area.within.iter().chain(others);
        for key in patterns.flat_map(|pattern| self.rules.resources.variables_of(*pattern)) {
            context.insert(key, [fixed.likely(key).unwrap_or("example")]);
        }
        fixed.certain().for_each(|(key, value)| context.insert(key, [value]));
        for (key, state) in choice.iter().enumerate() {
            let keys = &self.rules.keys;
            let is_free = !keys.is_fixed(key) && region.states.get(key) == Some(&keys.all_states(key));
            match keys.state(key, *state) {
                Some(_) if is_free => {}
                Some(KeyState::Values(values)) => context.insert(keys.name(key), values.iter().cloned()),
                Some(KeyState::Missing) => context.remove(keys.name(key)),
                Some(KeyState::Unexplored) | None => {}
            }
        }
        context
    }

    fn confirm(&self, action: &ActionName, resource: &str, context: Context) -> Option<Counterexample> {
        let request = Request {
            principal: Principal::Identity(self.wanted.caller.clone()),
            action: action.clone(),
            resource: resource.parse().ok()?,
            resource_account: Some(self.wanted.caller.account()),
            context,
        };
        self.judge(request)
    }

    /// The same with an action that AWS has, if there is one that no policy tells from this: better to read.
    pub(super) fn with_known_action(
        &self,
        found: Box<Counterexample>,
        matched: &Matched,
    ) -> Box<Counterexample> {
        let Some(action) = self.rules.actions.known(&found.request.action, matched, |_| true) else {
            return found;
        };
        let request = Request { action: action.clone(), ..found.request.clone() };
        self.judge(request).map_or(found, Box::new)
    }

    /// Whether the request is one that was looked for.
    pub(in crate::compare) fn confirms(&self, request: &Request) -> bool {
        self.judge(request.clone()).is_some()
    }

    fn judge(&self, request: Request) -> Option<Counterexample> {
        let Demanded { applying, idle } = &self.demanded;
        let applies = |statement: &&Statement| applies(statement, &request);
        if !applying.iter().all(applies) || idle.iter().any(applies) {
            return None;
        }
        let inner = evaluate(&self.wanted.allowed_by, &request);
        if inner.verdict != Verdict::Allowed {
            return None;
        }
        let outer = match &self.wanted.not_by {
            Some(policies) => evaluate(policies, &request),
            None => return Some(Counterexample { request, outer: inner.clone(), inner }),
        };
        (outer.verdict != Verdict::Allowed).then_some(Counterexample { request, inner, outer })
    }
}
