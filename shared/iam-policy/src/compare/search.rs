//! The search for a request that the inner policies allow and the outer ones do not.
//!
//! Per class of actions and per Allow of the inner side there are two ways: a Deny of the outer side applies, or none
//! of its Allows does; and no Deny of the inner side applies either way. So one or two statements have to apply and
//! others must not, each of which can be left by its resource or by one of its conditions.

mod candidate;

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::actions::{Actions, Matched};
use super::bits::Bits;
use super::keys::TestId;
use super::language::{Budget, Exhausted};
use super::resources::{Area, Relation, ResourceId, ResourceRule, Resources, Universe};
use super::rules::{Rule, RuleId, Rules, Side};
use super::{Counterexample, Doubt};
use crate::action::ActionName;
use crate::document::{Effect, Policy, Statement};
use crate::evaluate::Policies;
use crate::evaluate::matching::Match;
use crate::principal::IdentityArn;

pub(super) struct Search<'p> {
    pub(super) rules: Rules<'p>,
    wanted: Wanted<'p>,
    pub(super) budget: Budget,
    /// What was searched already, for other actions: what has to apply, and what must not.
    done: BTreeSet<(Vec<RuleId>, Vec<RuleId>)>,
    /// What a request has to show besides.
    pub(super) demanded: Demanded<'p>,
    /// Why the search cannot end with a pass.
    doubt: Option<Doubt>,
    unconfirmed: usize,
}

/// What the evaluator has to say of a request for it to be an answer.
#[derive(Debug, Clone)]
pub(super) struct Wanted<'p> {
    /// Who asks. Nobody in particular, where that is not known.
    pub(super) caller: IdentityArn,
    /// Under these policies the request is allowed.
    pub(super) allowed_by: Policies<'p>,
    /// Under these it is not, if there are any.
    pub(super) not_by: Option<Policies<'p>>,
}

impl<'p> Wanted<'p> {
    /// A request that the inner policies allow and the outer ones do not.
    pub(super) fn difference(inner: &'p [&'p Policy], outer: &'p [&'p Policy]) -> Result<Self, Doubt> {
        let caller = "arn:aws:iam::111122223333:role/example".parse().map_err(|_| Doubt::Unconfirmed)?;
        let identity = |identity| Policies { identity, ..Policies::default() };
        Ok(Self { caller, allowed_by: identity(inner), not_by: Some(identity(outer)) })
    }
}

/// Statements that an answer has to show at work, and others that it has to show without effect; none, where any
/// answer will do.
#[derive(Debug, Clone, Default)]
pub(super) struct Demanded<'p> {
    pub(super) applying: Vec<&'p Statement>,
    pub(super) idle: Vec<&'p Statement>,
}

/// What to look for.
pub(super) struct Ask<'a> {
    /// All of these statements apply.
    pub(super) apply: &'a [RuleId],
    /// The first of them by this pattern, if one is given.
    pub(super) on: Option<ResourceId>,
    pub(super) about: About,
    /// None of these applies.
    pub(super) not: &'a [RuleId],
}

/// What the request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum About {
    Anything,
    /// A resource that this pattern matches.
    Form(ResourceId),
    /// An action without resource.
    NoResource,
}

/// The requests that are still looked at.
#[derive(Debug, Clone)]
struct Region {
    area: Area,
    /// Patterns with variables that should not match, where the search itself leaves it open.
    without_variables: Vec<ResourceId>,
    /// What each key may be.
    states: Vec<Bits>,
    /// Tests that hold.
    held: Vec<TestId>,
}

/// A way to keep a statement from applying.
#[derive(Debug, Clone)]
enum WayOut {
    /// The test fails.
    Test(TestId),
    /// The resource is none of these.
    Avoid(Vec<ResourceId>),
    /// The resource is one of those that the statement excepts.
    Enter(ResourceId),
}

/// What the search makes of a statement that must not apply.
enum Standing {
    /// It cannot apply here.
    Gone,
    /// It can be left in these ways; in none, if it always applies here.
    Leave(Vec<WayOut>),
}

pub(super) type Flow = ControlFlow<Box<Counterexample>>;

impl<'p> Search<'p> {
    pub(super) fn new(rules: Rules<'p>, wanted: Wanted<'p>, budget: Budget) -> Self {
        let demanded = Demanded::default();
        Self { rules, wanted, budget, done: BTreeSet::new(), demanded, doubt: None, unconfirmed: 0 }
    }

    /// What is looked for.
    pub(super) fn wanted(&self) -> &Wanted<'p> {
        &self.wanted
    }

    /// Forgets why earlier questions had no answer.
    pub(super) fn take_doubt(&mut self) -> Option<Doubt> {
        self.unconfirmed = 0;
        self.doubt.take()
    }

    /// A counterexample, or the certainty that there is none.
    pub(super) fn run(&mut self) -> Result<Option<Box<Counterexample>>, Doubt> {
        let grants =
            self.rules.rules.iter().filter(|rule| (rule.side, rule.effect) == (Side::INNER, Effect::Allow));
        let services = self.rules.actions.services(grants.map(|rule| &rule.action));
        let services: Vec<Option<Box<str>>> =
            services.into_iter().map(|service| service.map(Into::into)).collect();
        for service in services {
            let classes = self.rules.actions.classes(service.as_deref(), &mut self.budget)?;
            for (matched, action) in &classes {
                if let ControlFlow::Break(found) = self.class(matched, action)? {
                    return Ok(Some(self.with_known_action(found, matched)));
                }
            }
        }
        self.doubt.map_or(Ok(None), Err)
    }

    fn class(&mut self, matched: &Matched, action: &ActionName) -> Result<Flow, Doubt> {
        self.budget.spend(1 + self.rules.rules.len() / 16)?;
        let said = self.said(matched);
        let of = |side, effect| self.about(&said, side, effect);
        let grants = of(Side::INNER, Effect::Allow);
        let denies = of(Side::INNER, Effect::Deny);
        let outer_grants = of(Side::OUTER, Effect::Allow);
        let outer_denies = of(Side::OUTER, Effect::Deny);
        for grant in grants {
            for deny in outer_denies.iter().copied() {
                if let found @ ControlFlow::Break(_) =
                    self.question((matched, action), &said, &[grant, deny], &denies)?
                {
                    return Ok(found);
                }
            }
            let others = [denies.as_slice(), &outer_grants].concat();
            if let found @ ControlFlow::Break(_) =
                self.question((matched, action), &said, &[grant], &others)?
            {
                return Ok(found);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// What every statement says of the actions of a class.
    pub(super) fn said(&self, matched: &Matched) -> Vec<Match> {
        self.rules.rules.iter().map(|rule| self.rules.actions.says(&rule.action, matched)).collect()
    }

    /// The statements of one side and effect that may be about them.
    pub(super) fn about(&self, said: &[Match], side: Side, effect: Effect) -> Vec<RuleId> {
        let rules = self.rules.rules.iter().enumerate().zip(said);
        let about = rules.filter(|(_, said)| **said != Match::No);
        let of_side = about.filter(|((_, rule), _)| rule.side == side && rule.effect == effect);
        of_side.map(|((id, _), _)| id).collect()
    }

    /// Looks for a request to which all of `apply` apply and none of `not`.
    fn question(
        &mut self,
        (matched, action): (&Matched, &ActionName),
        said: &[Match],
        apply: &[RuleId],
        not: &[RuleId],
    ) -> Result<Flow, Doubt> {
        self.budget.spend(1)?;
        let Some(not) = self.to_leave(matched, said, apply, not)? else {
            return Ok(ControlFlow::Continue(()));
        };
        if !self.done.insert((apply.to_vec(), not.clone())) {
            return Ok(ControlFlow::Continue(()));
        }
        self.look(action, &Ask { apply, on: None, about: About::Anything, not: &not })
    }

    /// Which of the statements that must not apply have to be left; nothing, where one applies for certain.
    pub(super) fn to_leave(
        &self,
        matched: &Matched,
        said: &[Match],
        apply: &[RuleId],
        not: &[RuleId],
    ) -> Result<Option<Vec<RuleId>>, Exhausted> {
        let is_sure = |rule: &RuleId| said.get(*rule) == Some(&Match::Yes);
        for (rule, other) in not.iter().flat_map(|rule| apply.iter().map(move |other| (*rule, *other))) {
            let (left, right) = (self.rules.get(rule)?, self.rules.get(other)?);
            if left.follows_from(right)
                && (is_sure(&rule) || Actions::follows(&left.action, &right.action, matched))
            {
                return Ok(None);
            }
        }
        // What may apply or not, for all the guide says, does not have to be left.
        Ok(Some(not.iter().copied().filter(is_sure).collect()))
    }

    /// Looks for a request with this action to which all of `apply` apply and none of `not`.
    pub(super) fn look(&mut self, action: &ActionName, ask: &Ask<'_>) -> Result<Flow, Doubt> {
        let universes: &[Universe] = match ask.about {
            About::Anything => &[Universe::Arn, Universe::Any],
            About::Form(_) => &[Universe::Arn],
            About::NoResource => &[Universe::Any],
        };
        let mut regions = Vec::new();
        for universe in universes {
            regions.extend(self.regions(*universe, ask)?);
        }
        for region in regions {
            if let found @ ControlFlow::Break(_) = self.solve(action, region, ask.not.to_vec())? {
                return Ok(found);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Where all the statements apply: one region for each choice of their resource patterns.
    fn regions(&mut self, universe: Universe, ask: &Ask<'_>) -> Result<Vec<Region>, Exhausted> {
        let keys = &self.rules.keys;
        let states = (0..keys.len()).map(|key| keys.all_states(key)).collect();
        let within = if let About::Form(form) = ask.about { vec![form] } else { Vec::new() };
        let area = Area { universe, within, without: Vec::new() };
        let mut start = Region { area, without_variables: Vec::new(), states, held: Vec::new() };
        for rule in ask.apply {
            for test in &self.rules.get(*rule)?.tests {
                if !start.hold(&self.rules, *test) {
                    return Ok(Vec::new());
                }
            }
        }
        let Rules { rules, resources, .. } = &mut self.rules;
        let mut regions = vec![start];
        let mut on = ask.on;
        for rule in ask.apply {
            let only = on.take();
            match &rules.get(*rule).ok_or(Exhausted)?.resource {
                ResourceRule::Listed(patterns) => {
                    let mut chosen = Vec::new();
                    for region in &regions {
                        for pattern in patterns.iter().filter(|id| only.is_none_or(|only| only == **id)) {
                            let mut is_apart = false;
                            for within in &region.area.within {
                                is_apart |=
                                    resources.are_apart(universe, *within, *pattern, &mut self.budget)?;
                            }
                            self.budget.spend(1)?;
                            if !is_apart {
                                let mut region = region.clone();
                                insert(&mut region.area.within, *pattern);
                                chosen.push(region);
                            }
                        }
                    }
                    regions = chosen;
                }
                ResourceRule::AllBut(patterns) => {
                    regions.iter_mut().for_each(|region| region.avoid(resources, patterns));
                }
            }
        }
        Ok(regions)
    }

    /// Looks for a request of the region to which none of the statements apply.
    fn solve(
        &mut self,
        action: &ActionName,
        mut region: Region,
        mut not: Vec<RuleId>,
    ) -> Result<Flow, Doubt> {
        // Statements with one way out leave no choice, so that their way is taken before any choice is made.
        let mut choices = loop {
            self.budget.spend(1 + not.len() / 8)?;
            let mut open: Vec<(RuleId, Vec<WayOut>)> = Vec::new();
            for rule in not {
                match self.standing(&region, rule)? {
                    Standing::Gone => {}
                    Standing::Leave(ways) if ways.is_empty() => return Ok(ControlFlow::Continue(())),
                    Standing::Leave(ways) => open.push((rule, ways)),
                }
            }
            let (forced, free): (Vec<_>, Vec<_>) = open.into_iter().partition(|(_, ways)| ways.len() == 1);
            if forced.is_empty() {
                break free;
            }
            for way in forced.into_iter().flat_map(|(_, ways)| ways) {
                if !region.take(&self.rules, &way) {
                    return Ok(ControlFlow::Continue(()));
                }
            }
            not = free.into_iter().map(|(rule, _)| rule).collect();
        };
        let resource = match self.rules.resources.find(&region.area, &mut self.budget) {
            Ok(Some(resource)) => resource,
            Ok(None) => return Ok(ControlFlow::Continue(())),
            Err(Exhausted) => {
                self.doubt.get_or_insert(Doubt::TooComplex);
                return Ok(ControlFlow::Continue(()));
            }
        };
        let Some(place) =
            (0..choices.len()).min_by_key(|place| choices.get(*place).map(|(_, ways)| ways.len()))
        else {
            return self.candidate(action, &region, resource);
        };
        let (_, ways) = choices.swap_remove(place);
        let rest: Vec<RuleId> = choices.into_iter().map(|(rule, _)| rule).collect();
        for way in ways {
            let mut chosen = region.clone();
            if chosen.take(&self.rules, &way)
                && let found @ ControlFlow::Break(_) = self.solve(action, chosen, rest.clone())?
            {
                return Ok(found);
            }
            // The other ways need only be looked at where this one was not taken.
            if let WayOut::Test(test) = way
                && !region.narrow(&self.rules, test, Outcome::Holds)
            {
                break;
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Whether a statement that must not apply can apply in the region, and how that can be helped.
    fn standing(&mut self, region: &Region, rule: RuleId) -> Result<Standing, Exhausted> {
        let Rules { rules, resources, keys, .. } = &mut self.rules;
        let rule: &Rule = rules.get(rule).ok_or(Exhausted)?;
        let mut ways = Vec::new();
        for test in &rule.tests {
            let states = region.states.get(keys.key_of(*test)).ok_or(Exhausted)?;
            let meets = |set: Option<&Bits>| set.is_some_and(|set| states.meets(set));
            if !meets(keys.can_hold(*test)) {
                return Ok(Standing::Gone);
            }
            if meets(keys.can_fail(*test)) && !region.held.contains(test) {
                ways.push(WayOut::Test(*test));
            }
        }
        let (ResourceRule::Listed(patterns) | ResourceRule::AllBut(patterns)) = &rule.resource;
        self.budget.spend(1 + patterns.len() * region.area.within.len() / 8)?;
        let mut touched = Vec::new();
        let mut is_inside = false;
        for pattern in patterns {
            let mut is_apart = false;
            let mut contains = false;
            for within in &region.area.within {
                match resources.relation(region.area.universe, *within, *pattern, &mut self.budget)? {
                    Relation::Inside => contains = true,
                    Relation::Apart => is_apart = true,
                    Relation::Other => {}
                }
            }
            is_inside |= contains;
            if !contains && !is_apart {
                touched.push(*pattern);
            }
        }
        match &rule.resource {
            ResourceRule::Listed(_) if is_inside => {}
            ResourceRule::Listed(_) if touched.is_empty() => return Ok(Standing::Gone),
            ResourceRule::Listed(_) => ways.push(WayOut::Avoid(touched)),
            ResourceRule::AllBut(_) if is_inside => return Ok(Standing::Gone),
            // An exception that hangs on a variable may not be one: the guide is silent.
            ResourceRule::AllBut(patterns)
                if patterns.iter().any(|pattern| resources.has_variables(*pattern)) =>
            {
                return Ok(Standing::Gone);
            }
            ResourceRule::AllBut(_) => ways.extend(touched.into_iter().map(WayOut::Enter)),
        }
        Ok(Standing::Leave(ways))
    }
}

/// How a test comes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Holds,
    Fails,
}

impl Region {
    /// Leaves the requests of which the test holds; false, where there are none.
    fn hold(&mut self, rules: &Rules<'_>, test: TestId) -> bool {
        self.held.push(test);
        self.narrow(rules, test, Outcome::Holds)
    }

    fn narrow(&mut self, rules: &Rules<'_>, test: TestId, outcome: Outcome) -> bool {
        let set = match outcome {
            Outcome::Holds => rules.keys.can_hold(test),
            Outcome::Fails => rules.keys.can_fail(test),
        };
        let states = self.states.get_mut(rules.keys.key_of(test));
        let (Some(set), Some(states)) = (set, states) else { return true };
        *states = states.and(set);
        !states.is_empty()
    }

    /// Goes a way out; false, where it leads nowhere.
    fn take(&mut self, rules: &Rules<'_>, way: &WayOut) -> bool {
        match way {
            WayOut::Test(test) => return self.narrow(rules, *test, Outcome::Fails),
            WayOut::Avoid(patterns) => self.avoid(&rules.resources, patterns),
            WayOut::Enter(pattern) => insert(&mut self.area.within, *pattern),
        }
        true
    }

    fn avoid(&mut self, resources: &Resources, patterns: &[ResourceId]) {
        for pattern in patterns {
            let list = if resources.has_variables(*pattern) {
                &mut self.without_variables
            } else {
                &mut self.area.without
            };
            insert(list, *pattern);
        }
    }
}

/// Adds to a sorted list without doubles.
fn insert(list: &mut Vec<ResourceId>, id: ResourceId) {
    if let Err(place) = list.binary_search(&id) {
        list.insert(place, id);
    }
}
