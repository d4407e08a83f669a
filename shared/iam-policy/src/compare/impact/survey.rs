//! Which classes of actions are lost, of which grant, on which of its resources and for which reason.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use super::area::Forms;
use super::wording::Classes;
use crate::action::ActionName;
use crate::catalogue::{Action, Catalogue, Service};
use crate::compare::actions::Matched;
use crate::compare::bits::Bits;
use crate::compare::language::{Budget, Exhausted};
use crate::compare::resources::{Relation, ResourceId, ResourceRule, Resources, Universe};
use crate::compare::rules::{RuleId, Side};
use crate::compare::search::{About, Ask, Demanded, Search};
use crate::compare::{BUDGET, Doubt};
use crate::document::{Effect, Statement};
use crate::evaluate::matching::Match;
use crate::request::Request;

/// One reason for which a grant, by one of its resource patterns, loses some classes of actions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Reason {
    pub(super) grant: RuleId,
    pub(super) cut: RuleCut,
    /// None for a grant of all resources but some.
    pub(super) on: Option<ResourceId>,
}

/// [`super::Cut`] by the place of statements in [`crate::compare::rules::Rules`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum RuleCut {
    Denied(RuleId),
    NotAllowed,
    AllowedInPart(Vec<(RuleId, Certainty)>),
}

/// Whether a statement is about an action, as far as the guide says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Certainty {
    Sure,
    Open,
}

/// What one question brought.
#[derive(Debug, Clone)]
enum Answer {
    Nothing,
    Found(Request),
    Doubtful,
}

/// What was asked: for what reason and on what, which statements apply, what about, and which must not apply.
type Question = (Reason, Vec<RuleId>, Vec<About>, Vec<RuleId>);

/// Classes times patterns: what saying the losses in few words may have to look through.
const MOST_CELLS: usize = 8_000_000;

/// What one question may cost of the budget.
const COST_OF_ONE_QUESTION: u32 = 12_000;

/// The losses of a role to a boundary, as they are found.
pub(super) struct Survey<'p> {
    pub(super) search: Search<'p>,
    pub(super) classes: Classes,
    forms: Forms,
    /// By their place in the rules.
    statements: Vec<&'p Statement>,
    pub(super) losses: BTreeMap<Reason, Losses>,
    /// The classes of which nothing is left of a grant on a pattern.
    gone: BTreeMap<(RuleId, Option<ResourceId>), Bits>,
    /// What each class is about.
    about: Vec<Vec<About>>,
    touching: BTreeMap<(RuleId, Option<ResourceId>, About), bool>,
    answers: BTreeMap<Question, Answer>,
}

/// The classes that are lost, each with a request that shows it if there is one.
pub(super) type Losses = BTreeMap<usize, Option<Request>>;

/// A class of actions, with what the statements say of it.
struct Class {
    place: usize,
    matched: Matched,
    /// One of its actions, known to AWS if there is such a one.
    action: ActionName,
    said: Vec<Match>,
    about: Vec<About>,
}

/// The action, if AWS has it.
fn known_action(name: &ActionName) -> Option<(&'static Service, &'static Action)> {
    let service = Catalogue::bundled().service(name.service())?;
    Some((service, service.action(name)?))
}

impl Class {
    fn certainty(&self, rule: RuleId) -> Certainty {
        if self.said.get(rule) == Some(&Match::Yes) { Certainty::Sure } else { Certainty::Open }
    }
}

/// Whether there may be something that a request is about and that both patterns match.
pub(super) fn can_meet(
    pattern: ResourceId,
    on: Option<ResourceId>,
    about: About,
    known: &mut Resources,
    budget: &mut Budget,
) -> Result<bool, Exhausted> {
    let covers_none = known.covers_no_resource(pattern) && on.is_none_or(|on| known.covers_no_resource(on));
    let form = match about {
        About::NoResource => return Ok(covers_none),
        About::Anything if covers_none => return Ok(true),
        About::Anything => None,
        About::Form(form) => Some(form),
    };
    for other in form.into_iter().chain(on) {
        if known.are_apart(Universe::Arn, other, pattern, budget)? {
            return Ok(false);
        }
    }
    Ok(true)
}

impl<'p> Survey<'p> {
    /// Looks at every class of actions that the identity policies can be about: several times the questions of a
    /// comparison, which ends with the first answer.
    pub(super) fn new(
        mut search: Search<'p>,
        statements: Vec<&'p Statement>,
        forms: Forms,
    ) -> Result<Self, Doubt> {
        search.take_doubt();
        search.budget = Budget::new(4 * BUDGET);
        let Search { rules, budget, .. } = &mut search;
        let grants = rules.rules.iter();
        let grants = grants.filter(|rule| (rule.side, rule.effect) == (Side::INNER, Effect::Allow));
        let mut classes = Classes::new();
        for service in rules.actions.services(grants.map(|rule| &rule.action)) {
            let known = service.and_then(|service| Catalogue::bundled().service(service));
            if let Some(known) = known.filter(|_| forms.are_known()) {
                budget.spend(known.actions().len() / 8)?;
                classes.add_listed(known, &rules.actions);
            } else {
                classes.add(service, rules.actions.classes(service, budget)?);
            }
        }
        if classes.len().saturating_mul(rules.actions.len()) > MOST_CELLS {
            return Err(Doubt::TooComplex);
        }
        classes.work_out(&rules.actions);
        let mut survey = Self {
            search,
            classes,
            forms,
            statements,
            losses: BTreeMap::new(),
            gone: BTreeMap::new(),
            about: Vec::new(),
            touching: BTreeMap::new(),
            answers: BTreeMap::new(),
        };
        for place in 0..survey.classes.len() {
            survey.look_at(place)?;
        }
        Ok(survey)
    }

    fn look_at(&mut self, place: usize) -> Result<(), Doubt> {
        let Some((matched, action)) = self.classes.example(place) else { return Ok(()) };
        let (matched, action) = (matched.clone(), action.clone());
        let shown: Vec<_> = known_action(&action).into_iter().collect();
        let known = match self.classes.known(place) {
            [] if self.classes.is_of_other_services(place) => &shown,
            known => known,
        };
        let mut about = self.forms.about(known, &mut self.search.rules.resources)?;
        if self.classes.is_of_other_services(place) && !about.contains(&About::Anything) {
            about.push(About::Anything);
        }
        self.about.push(about.clone());
        let class = Class { place, said: self.search.said(&matched), matched, action, about };
        let of = |side, effect| self.search.about(&class.said, side, effect);
        let (grants, kept_out) = (of(Side::INNER, Effect::Allow), of(Side::INNER, Effect::Deny));
        let (denies, allows) = (of(Side::OUTER, Effect::Deny), of(Side::OUTER, Effect::Allow));
        for grant in grants {
            for on in self.patterns_of(grant)? {
                let denies = self.touching(&class, &denies, on)?;
                let allows = self.touching(&class, &allows, on)?;
                let whole = self.takes_all(&class, &denies, &allows, on)?;
                if whole.is_some() {
                    let gone = self.gone.entry((grant, on)).or_insert_with(|| Bits::none(self.classes.len()));
                    gone.insert(place);
                }
                if let Some(cut) = whole {
                    self.look_for(&class, Reason { grant, cut, on }, &[grant], &kept_out)?;
                    continue;
                }
                for deny in denies {
                    let reason = Reason { grant, cut: RuleCut::Denied(deny), on };
                    self.look_for(&class, reason, &[grant, deny], &kept_out)?;
                }
                let not = [kept_out.as_slice(), &allows].concat();
                let allows = allows.into_iter().map(|allow| (allow, class.certainty(allow)));
                let cut = RuleCut::AllowedInPart(allows.collect());
                self.look_for(&class, Reason { grant, cut, on }, &[grant], &not)?;
            }
        }
        Ok(())
    }

    /// Notes whether the class is lost for the reason: where all of `apply` apply and none of `not`.
    fn look_for(
        &mut self,
        class: &Class,
        reason: Reason,
        apply: &[RuleId],
        not: &[RuleId],
    ) -> Result<(), Doubt> {
        self.demand(reason.grant, &reason.cut);
        let answer = self.ask(class, &reason, apply, not)?;
        self.note(reason, class, answer);
        Ok(())
    }

    /// From here on, requests have to show that it is this grant that is lost, and for this reason.
    pub(super) fn demand(&mut self, grant: RuleId, cut: &RuleCut) {
        let (deny, allows) = match cut {
            RuleCut::Denied(deny) => (Some(*deny), &[][..]),
            RuleCut::NotAllowed => (None, &[][..]),
            RuleCut::AllowedInPart(allows) => (None, allows.as_slice()),
        };
        let statement = |rule: RuleId| self.statements.get(rule).copied();
        self.search.demanded = Demanded {
            applying: [grant].into_iter().chain(deny).filter_map(statement).collect(),
            idle: allows.iter().filter_map(|(allow, _)| statement(*allow)).collect(),
        };
    }

    /// Those of the statements that can apply to something that the class is about and the pattern matches.
    fn touching(
        &mut self,
        class: &Class,
        rules: &[RuleId],
        on: Option<ResourceId>,
    ) -> Result<Vec<RuleId>, Doubt> {
        let mut touching = Vec::new();
        for rule in rules.iter().copied() {
            for about in class.about.iter().copied() {
                if self.touches(rule, on, about)? {
                    touching.push(rule);
                    break;
                }
            }
        }
        Ok(touching)
    }

    fn touches(&mut self, rule: RuleId, on: Option<ResourceId>, about: About) -> Result<bool, Doubt> {
        if let Some(known) = self.touching.get(&(rule, on, about)) {
            return Ok(*known);
        }
        let Search { rules, budget, .. } = &mut self.search;
        let touches = match &rules.rules.get(rule).ok_or(Doubt::TooComplex)?.resource {
            ResourceRule::AllBut(_) => true,
            ResourceRule::Listed(patterns) => {
                let mut touches = false;
                for pattern in patterns {
                    touches = touches || can_meet(*pattern, on, about, &mut rules.resources, budget)?;
                }
                touches
            }
        };
        self.touching.insert((rule, on, about), touches);
        Ok(touches)
    }

    /// The resource patterns of a statement, each to be looked at apart.
    fn patterns_of(&self, rule: RuleId) -> Result<Vec<Option<ResourceId>>, Doubt> {
        Ok(match &self.search.rules.get(rule)?.resource {
            ResourceRule::Listed(patterns) => patterns.iter().copied().map(Some).collect(),
            ResourceRule::AllBut(_) => vec![None],
        })
    }

    /// Why nothing is left of the class on what the pattern matches, if that is so.
    fn takes_all(
        &mut self,
        class: &Class,
        denies: &[RuleId],
        allows: &[RuleId],
        on: Option<ResourceId>,
    ) -> Result<Option<RuleCut>, Doubt> {
        for deny in denies.iter().copied() {
            if class.said.get(deny) == Some(&Match::Yes) && self.covers(deny, on)? {
                return Ok(Some(RuleCut::Denied(deny)));
            }
        }
        Ok(allows.is_empty().then_some(RuleCut::NotAllowed))
    }

    /// Whether the statement applies to everything that the pattern matches.
    fn covers(&mut self, rule: RuleId, on: Option<ResourceId>) -> Result<bool, Doubt> {
        let Search { rules, budget, .. } = &mut self.search;
        let rule = rules.rules.get(rule).ok_or(Doubt::TooComplex)?;
        let (ResourceRule::Listed(patterns), true) = (&rule.resource, rule.tests.is_empty()) else {
            return Ok(false);
        };
        for pattern in patterns {
            let Some(on) = on else {
                if rules.resources.covers_everything(*pattern) {
                    return Ok(true);
                }
                continue;
            };
            let mut is_inside = true;
            for universe in [Universe::Arn, Universe::Any] {
                is_inside &= rules.resources.relation(universe, on, *pattern, budget)? == Relation::Inside;
            }
            if is_inside {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Looks for a request to which all of `apply` apply and none of `not`, about one thing after the other.
    fn ask(
        &mut self,
        class: &Class,
        reason: &Reason,
        apply: &[RuleId],
        not: &[RuleId],
    ) -> Result<Answer, Doubt> {
        self.search.budget.spend(1)?;
        let Some(not) = self.search.to_leave(&class.matched, &class.said, apply, not)? else {
            return Ok(Answer::Nothing);
        };
        let question = (reason.clone(), apply.to_vec(), class.about.clone(), not);
        if let Some(known) = self.answers.get(&question) {
            return Ok(known.clone());
        }
        let mut answer = Answer::Nothing;
        let share = self.search.budget.split(COST_OF_ONE_QUESTION);
        let rest = std::mem::replace(&mut self.search.budget, share);
        for about in class.about.iter().copied() {
            let looked =
                self.search.look(&class.action, &Ask { apply, on: reason.on, about, not: &question.3 });
            let doubt = self.search.take_doubt();
            match looked {
                Ok(ControlFlow::Break(found)) => {
                    answer = Answer::Found(found.request);
                    break;
                }
                Ok(ControlFlow::Continue(())) if doubt.is_none() => {}
                Ok(ControlFlow::Continue(())) | Err(Doubt::Unconfirmed) => answer = Answer::Doubtful,
                // It may be lost, for all that could be told.
                Err(_) => {
                    answer = Answer::Doubtful;
                    break;
                }
            }
        }
        self.search.budget.merge(rest);
        self.answers.insert(question, answer.clone());
        Ok(answer)
    }

    fn note(&mut self, reason: Reason, class: &Class, answer: Answer) {
        let example = match answer {
            Answer::Nothing => return,
            // It may have been found for another class that the same statements are about.
            Answer::Found(request) => Some(Request { action: class.action.clone(), ..request })
                .filter(|request| self.search.confirms(request)),
            Answer::Doubtful => None,
        };
        self.losses.entry(reason).or_default().insert(class.place, example);
    }

    /// All that the actions of these classes are about.
    pub(super) fn about(&self, classes: impl Iterator<Item = usize>) -> BTreeSet<About> {
        classes.filter_map(|class| self.about.get(class)).flatten().copied().collect()
    }

    /// The classes of which nothing is left of the grant on any of these patterns.
    pub(super) fn gone_on_all(&self, grant: RuleId, on: &[Option<ResourceId>]) -> Bits {
        let classes = self.classes.len();
        let gone = on.iter().map(|on| self.gone.get(&(grant, *on)));
        gone.fold(Bits::all(classes), |all, gone| gone.map_or(Bits::none(classes), |gone| all.and(gone)))
    }
}
