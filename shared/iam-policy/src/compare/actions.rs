//! Which actions two policies tell apart.
//!
//! All actions that there could be, not those that are known today: every service that is named, and one that is
//! not; in each every action that is named, and one for every combination of wildcards that an action can match.

use std::collections::{BTreeMap, BTreeSet};

use super::language::{Budget, Exhausted, Language, Step, combinations, find};
use crate::action::{ActionName, ActionPattern, ServicePart};
use crate::catalogue::{Action, Catalogue, Service};
use crate::document::ActionElement;
use crate::evaluate::matching::{Match, Undocumented};
use crate::glob::Reach;

/// The place of a pattern in [`Actions`].
pub(super) type PatternId = usize;

/// The distinct action patterns of the policies.
#[derive(Debug, Default)]
pub(super) struct Actions<'p> {
    patterns: Vec<Entry<'p>>,
    places: BTreeMap<Box<str>, PatternId>,
    services: BTreeMap<Box<str>, Named>,
    /// Patterns with wildcards that are not bound to one service.
    unbound: Vec<PatternId>,
}

/// The patterns that name one service.
#[derive(Debug, Default)]
struct Named {
    /// Those without wildcards, by the action they name.
    exact: BTreeMap<ActionName, PatternId>,
    wild: Vec<PatternId>,
}

#[derive(Debug)]
struct Entry<'p> {
    pattern: &'p ActionPattern,
    /// Only of those with wildcards, which alone are combined.
    language: Option<Language>,
}

/// An Action or NotAction element over these patterns.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct ActionRule {
    /// INVARIANT: sorted, each once.
    patterns: Vec<PatternId>,
    sense: Sense,
}

/// Whether an element means what it lists or everything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Sense {
    #[default]
    Listed,
    AllBut,
}

/// The patterns that match one action, and all actions that are matched by the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Matched(
    /// INVARIANT: sorted, each once.
    Vec<PatternId>,
);

impl ActionRule {
    fn lists(&self, id: PatternId) -> bool {
        self.patterns.binary_search(&id).is_ok()
    }

    pub(super) fn patterns(&self) -> &[PatternId] {
        &self.patterns
    }

    pub(super) fn sense(&self) -> Sense {
        self.sense
    }
}

impl Matched {
    pub(super) fn has(&self, id: PatternId) -> bool {
        self.0.binary_search(&id).is_ok()
    }

    pub(super) fn patterns(&self) -> &[PatternId] {
        &self.0
    }
}

impl<'p> Actions<'p> {
    pub(super) fn add(&mut self, element: &'p ActionElement) -> Result<ActionRule, Exhausted> {
        let sense = match element {
            ActionElement::Action(_) => Sense::Listed,
            ActionElement::NotAction(_) => Sense::AllBut,
        };
        // What is no action pattern stands for nothing.
        let patterns =
            element.patterns().iter().filter(|pattern| pattern.service_part() != ServicePart::Malformed);
        let mut patterns = patterns.map(|pattern| self.place(pattern)).collect::<Result<Vec<_>, _>>()?;
        patterns.sort_unstable();
        patterns.dedup();
        Ok(ActionRule { patterns, sense })
    }

    fn place(&mut self, pattern: &'p ActionPattern) -> Result<PatternId, Exhausted> {
        let text: Box<str> = pattern.as_str().to_ascii_lowercase().into();
        if let Some(place) = self.places.get(&text) {
            return Ok(*place);
        }
        let place = self.patterns.len();
        match (pattern.exact(), pattern.service()) {
            (Some(name), Some(service)) => {
                self.services.entry(service.into()).or_default().exact.insert(name, place);
            }
            (None, Some(service)) if pattern.has_wildcard() => {
                self.services.entry(service.into()).or_default().wild.push(place);
            }
            (None, None) => self.unbound.push(place),
            // Text that names no action.
            (None | Some(_), _) => {}
        }
        let language = if pattern.has_wildcard() {
            Some(Language::new(pattern.glob(), Language::any_text)?)
        } else {
            None
        };
        self.patterns.push(Entry { pattern, language });
        self.places.insert(text, place);
        Ok(place)
    }

    /// How many patterns there are.
    pub(super) fn len(&self) -> usize {
        self.patterns.len()
    }

    pub(super) fn pattern(&self, id: PatternId) -> Option<&'p ActionPattern> {
        self.patterns.get(id).map(|entry| entry.pattern)
    }

    /// The actions of a service that patterns name without wildcards.
    pub(super) fn named(&self, service: &str) -> impl Iterator<Item = &ActionName> {
        self.services.get(service).into_iter().flat_map(|named| named.exact.keys())
    }

    /// Whether a pattern names this action without wildcards.
    pub(super) fn names(&self, name: &ActionName) -> bool {
        self.services.get(name.service()).is_some_and(|named| named.exact.contains_key(name))
    }

    /// The services in which one of the elements can be about an action; no name stands for all that are not named.
    pub(super) fn services<'a>(&self, elements: impl Iterator<Item = &'a ActionRule>) -> Vec<Option<&str>> {
        let mut services: BTreeSet<Option<&str>> = BTreeSet::new();
        for rule in elements {
            for entry in rule.patterns.iter().filter_map(|id| self.patterns.get(*id)) {
                services.insert(entry.pattern.service());
            }
            if rule.sense == Sense::AllBut {
                services.insert(None);
            }
        }
        if services.contains(&None) {
            services.extend(self.services.keys().map(|service| Some(&**service)));
        }
        services.into_iter().collect()
    }

    /// An example for every set of actions of the service that no pattern tells apart.
    ///
    /// # Errors
    /// The wildcards can be combined in too many ways.
    pub(super) fn classes(
        &self,
        service: Option<&str>,
        budget: &mut Budget,
    ) -> Result<BTreeMap<Matched, ActionName>, Exhausted> {
        let named = service.and_then(|service| self.services.get(service));
        let exact = named.iter().flat_map(|named| named.exact.keys()).cloned();
        let names: Vec<ActionName> = exact.chain(self.unnamed(service, budget)?).collect();
        budget.spend(names.len().saturating_mul(1 + self.wild_of(service).count() / 16))?;
        let mut classes = BTreeMap::new();
        for name in names {
            classes.entry(self.matched(&name)).or_insert(name);
        }
        Ok(classes)
    }

    /// Actions that no pattern names, one for each combination of wildcards.
    fn unnamed(&self, service: Option<&str>, budget: &mut Budget) -> Result<Vec<ActionName>, Exhausted> {
        let universe = service.map_or_else(part, Language::text);
        let universe = Language::from_steps([universe, name_steps()].concat())?;
        let wild: Vec<&Language> = self.wild_of(service).filter_map(|id| self.language(id)).collect();
        let mut found = Vec::new();
        for text in combinations(&universe, &wild, is_action_letter, budget)? {
            let Ok(name) = text.parse::<ActionName>() else { continue };
            let named = self.services.get(name.service());
            let is_named = match service {
                Some(_) => named.is_some_and(|named| named.exact.contains_key(&name)),
                None => named.is_some(),
            };
            if is_named {
                found.extend(self.unnamed_like(&name, service, &universe, budget)?);
            } else {
                found.push(name);
            }
        }
        Ok(found)
    }

    /// Another action that the same wildcards match, if they leave one that is not named.
    fn unnamed_like(
        &self,
        name: &ActionName,
        service: Option<&str>,
        universe: &Language,
        budget: &mut Budget,
    ) -> Result<Option<ActionName>, Exhausted> {
        let matched = self.matched(name);
        let (within, without): (Vec<PatternId>, Vec<PatternId>) =
            self.wild_of(service).partition(|id| matched.has(*id));
        let languages = |ids: Vec<PatternId>| ids.into_iter().filter_map(|id| self.language(id));
        let mut named = Vec::new();
        match service {
            Some(service) => {
                for exact in self.services.get(service).iter().flat_map(|named| named.exact.keys()) {
                    named.push(Language::from_steps(Language::text(exact.folded()))?);
                }
            }
            None => {
                for service in self.services.keys() {
                    let rest = vec![Step::Char(':'), Step::Run(Reach::Anything)];
                    named.push(Language::from_steps([Language::text(service), rest].concat())?);
                }
            }
        }
        let within: Vec<_> = [universe].into_iter().chain(languages(within)).collect();
        let without: Vec<_> = languages(without).chain(&named).collect();
        let other = find(&within, &without, is_action_letter, budget)?;
        Ok(other.and_then(|text| text.parse().ok()))
    }

    /// The patterns with wildcards that can match an action of the service.
    fn wild_of(&self, service: Option<&str>) -> impl Iterator<Item = PatternId> {
        let named = service.and_then(|service| self.services.get(service));
        named.into_iter().flat_map(|named| &named.wild).chain(&self.unbound).copied()
    }

    fn language(&self, id: PatternId) -> Option<&Language> {
        self.patterns.get(id)?.language.as_ref()
    }

    pub(super) fn matched(&self, name: &ActionName) -> Matched {
        let wild = self
            .wild_of(Some(name.service()))
            .filter(|id| self.patterns.get(*id).is_some_and(|entry| entry.pattern.matches(name)));
        let named = self.services.get(name.service());
        let exact = named.and_then(|named| named.exact.get(name).copied());
        let mut matched: Vec<PatternId> = wild.chain(exact).collect();
        matched.sort_unstable();
        Matched(matched)
    }

    /// What the element says of the actions that these patterns match.
    pub(super) fn says(&self, rule: &ActionRule, matched: &Matched) -> Match {
        let mut found = Match::No;
        for id in matched.0.iter().filter(|id| rule.lists(**id)) {
            let part = self.patterns.get(*id).map(|entry| entry.pattern.service_part());
            if part == Some(ServicePart::Wildcard) {
                found = Match::Silent(Undocumented::ServiceWildcard);
            } else {
                found = Match::Yes;
                break;
            }
        }
        match rule.sense {
            Sense::Listed => found,
            Sense::AllBut => found.not(),
        }
    }

    /// Whether an element is about an action wherever another is, even if the guide is silent on some pattern.
    pub(super) fn follows(rule: &ActionRule, from: &ActionRule, matched: &Matched) -> bool {
        let all_in = |some: &ActionRule, others: &ActionRule| {
            matched.0.iter().filter(|id| some.lists(**id)).all(|id| others.lists(*id))
        };
        match (rule.sense, from.sense) {
            (Sense::Listed, Sense::Listed) => all_in(from, rule),
            (Sense::AllBut, Sense::AllBut) => all_in(rule, from),
            (Sense::Listed, Sense::AllBut) | (Sense::AllBut, Sense::Listed) => false,
        }
    }

    /// An action that AWS has, that is matched as `name` is and will do, if there is one: better to read than one made up.
    pub(super) fn known(
        &self,
        name: &ActionName,
        matched: &Matched,
        will_do: impl Fn(&ActionName) -> bool,
    ) -> Option<&'static ActionName> {
        /// Services that readers know, for what holds of any service.
        const FAMILIAR: [&str; 4] = ["s3", "dynamodb", "sqs", "ec2"];
        let catalogue = Catalogue::bundled();
        let familiar = [name.service()].into_iter().chain(FAMILIAR);
        let services = familiar.filter_map(|prefix| catalogue.service(prefix)).chain(catalogue.services());
        let is_same = |name: &&ActionName| will_do(name) && self.matched(name) == *matched;
        services.take(MOST_SERVICES).flat_map(Service::actions).map(Action::name).find(is_same)
    }
}

/// In how many services to look for an example.
const MOST_SERVICES: usize = 12;

/// One part of an action's name.
fn part() -> Vec<Step> {
    vec![Step::One(Reach::WithinPart), Step::Run(Reach::WithinPart)]
}

/// The colon of an action, and what follows.
fn name_steps() -> Vec<Step> {
    [vec![Step::Char(':')], part()].concat()
}

/// Actions are compared in lower case.
fn is_action_letter(letter: char) -> bool {
    letter.is_ascii_graphic() && !letter.is_ascii_uppercase() && !matches!(letter, '*' | '?')
}
