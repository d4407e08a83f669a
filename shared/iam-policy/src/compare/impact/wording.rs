//! Classes of actions as few patterns that a person can read.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::action::{ActionName, ActionPattern};
use crate::catalogue::{Action, Catalogue, Service};
use crate::compare::actions::{ActionRule, Actions, Matched, PatternId, Sense};
use crate::compare::bits::Bits;

/// Every class of actions that is looked at.
#[derive(Debug)]
pub(super) struct Classes {
    places: BTreeMap<Matched, usize>,
    classes: Vec<Entry>,
    /// By service; no name stands for all services that are not named.
    of_service: BTreeMap<Option<Box<str>>, Vec<usize>>,
    /// Services of which only the actions that are listed or named are in a class.
    listed: BTreeSet<&'static str>,
    /// The classes that each pattern stands for; none, if they were not all looked at.
    under: Vec<Bits>,
    /// Those of which no action is known or named, in services that are known: there may be one some day.
    made_up: Bits,
}

#[derive(Debug)]
struct Entry {
    matched: Matched,
    example: ActionName,
    /// Its actions that AWS has, in the services that are named.
    known: Vec<(&'static Service, &'static Action)>,
}

/// A pattern, and what of it is not meant.
#[derive(Debug)]
pub(super) struct Wording {
    pub(super) action: ActionPattern,
    pub(super) but: Vec<ActionPattern>,
    /// The classes that are meant.
    pub(super) under: Bits,
}

/// Whether words mean more than was to be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Precision {
    Exact,
    Rough,
}

/// A pattern with at most so many exceptions reads better than names.
const LONGEST_EXCEPTION: usize = 8;

/// More actions than this are not named, if a pattern with exceptions says it.
const MOST_NAMES: usize = 400;

impl Classes {
    pub(super) fn new() -> Self {
        Self {
            places: BTreeMap::new(),
            classes: Vec::new(),
            of_service: BTreeMap::new(),
            listed: BTreeSet::new(),
            under: Vec::new(),
            made_up: Bits::default(),
        }
    }

    pub(super) fn add(&mut self, service: Option<&str>, classes: BTreeMap<Matched, ActionName>) {
        let places = classes.into_iter().map(|(matched, example)| self.place(matched, &example)).collect();
        self.of_service.insert(service.map(Into::into), places);
    }

    /// The classes of a service of which only what AWS lists and what patterns name counts.
    pub(super) fn add_listed(&mut self, service: &'static Service, actions: &Actions<'_>) {
        let mut places = BTreeSet::new();
        for action in service.actions() {
            let place = self.place(actions.matched(action.name()), action.name());
            if let Some(entry) = self.classes.get_mut(place) {
                entry.known.push((service, action));
            }
            places.insert(place);
        }
        for name in actions.named(service.prefix()).filter(|name| service.action(name).is_none()) {
            places.insert(self.place(actions.matched(name), name));
        }
        self.of_service.insert(Some(service.prefix().into()), places.into_iter().collect());
        self.listed.insert(service.prefix());
    }

    /// The place of a class; one that was seen before keeps its place.
    fn place(&mut self, matched: Matched, example: &ActionName) -> usize {
        let next = self.classes.len();
        let place = *self.places.entry(matched.clone()).or_insert(next);
        if place == next {
            self.classes.push(Entry { matched, example: example.clone(), known: Vec::new() });
        }
        place
    }

    /// Sorts the actions of the catalogue into classes and classes under patterns, after all classes were added.
    pub(super) fn work_out(&mut self, actions: &Actions<'_>) {
        for prefix in self.of_service.keys().flatten().filter(|prefix| !self.listed.contains(&***prefix)) {
            let Some(service) = Catalogue::bundled().service(prefix) else { continue };
            for action in service.actions() {
                let place = self.places.get(&actions.matched(action.name()));
                if let Some(entry) = place.and_then(|place| self.classes.get_mut(*place)) {
                    entry.known.push((service, action));
                }
            }
        }
        let elsewhere = (0..self.classes.len()).map(|class| self.elsewhere(class, actions, |_| true));
        let elsewhere: Vec<Option<&ActionName>> = elsewhere.collect();
        for (entry, action) in
            self.classes.iter_mut().zip(elsewhere).filter(|(entry, _)| entry.known.is_empty())
        {
            entry.example = action.unwrap_or(&entry.example).clone();
        }
        self.under = vec![Bits::none(self.classes.len()); actions.len()];
        for (class, entry) in self.classes.iter().enumerate() {
            for id in entry.matched.patterns() {
                let service = actions.pattern(*id).and_then(ActionPattern::service);
                let is_complete = self.of_service.contains_key(&service.map(Into::into));
                if let Some(under) = self.under.get_mut(*id).filter(|_| is_complete) {
                    under.insert(class);
                }
            }
        }
        self.made_up = Bits::such_that(self.classes.len(), |class| {
            self.classes.get(class).is_some_and(|entry| {
                let is_known_service = Catalogue::bundled().service(entry.example.service()).is_some();
                let has_name = !entry.known.is_empty() || actions.names(&entry.example);
                is_known_service && !has_name && !self.is_of_other_services(class)
            })
        });
    }

    pub(super) fn len(&self) -> usize {
        self.classes.len()
    }

    /// What patterns match a class, and an action in it: one that AWS has, if there is one.
    pub(super) fn example(&self, class: usize) -> Option<(&Matched, &ActionName)> {
        let entry = self.classes.get(class)?;
        Some((&entry.matched, entry.known.first().map_or(&entry.example, |(_, action)| action.name())))
    }

    /// Whether actions of services that no pattern names are in the class.
    pub(super) fn is_of_other_services(&self, class: usize) -> bool {
        self.of_service.get(&None).is_some_and(|classes| classes.contains(&class))
    }

    /// An action of the class that AWS has in a service that no pattern names, and that will do.
    pub(super) fn elsewhere(
        &self,
        class: usize,
        actions: &Actions<'_>,
        will_do: impl Fn(&ActionName) -> bool,
    ) -> Option<&'static ActionName> {
        let entry = self.classes.get(class).filter(|_| self.is_of_other_services(class))?;
        let is_named = |name: &ActionName| self.of_service.contains_key(&Some(name.service().into()));
        actions.known(&entry.example, &entry.matched, |name| !is_named(name) && will_do(name))
    }

    pub(super) fn known(&self, class: usize) -> &[(&'static Service, &'static Action)] {
        self.classes.get(class).map_or(&[], |entry| &entry.known)
    }

    /// The classes in words: patterns of either side where they say it, otherwise a pattern of the grant with
    /// exceptions or the names of actions, whichever is shorter. All of `lost` is said, and no action that AWS has and
    /// that is not `gone`.
    pub(super) fn wording(
        &self,
        lost: &Bits,
        gone: &Bits,
        grant: &ActionRule,
        actions: &Actions<'_>,
    ) -> Vec<Wording> {
        let gone = &gone.or(&self.made_up);
        let mut open = lost.clone();
        let whole =
            self.under.iter().enumerate().filter(|(_, under)| under.is_inside(gone) && under.meets(lost));
        let mut whole: Vec<(PatternId, &Bits)> = whole.collect();
        whole.sort_by_key(|(_, under)| Reverse(under.len()));
        let mut words = Vec::new();
        for (id, under) in whole {
            if let Some(action) = actions.pattern(id).filter(|_| under.meets(&open)) {
                open = open.minus(under);
                words.push(Wording { action: action.clone(), but: Vec::new(), under: under.and(lost) });
            }
        }
        if open.is_empty() {
            return words;
        }
        let length = |words: &[Wording]| words.iter().map(|word| 1 + word.but.len()).sum::<usize>();
        let (excepting, precision) = self.excepting(&open, gone, grant, actions);
        if precision == Precision::Exact && length(&excepting) <= LONGEST_EXCEPTION {
            words.extend(excepting);
            return words;
        }
        words.extend(match self.named(&open, actions) {
            Some(named) if precision == Precision::Rough || length(&named) < length(&excepting) => named,
            Some(_) | None => excepting,
        });
        words
    }

    /// The patterns of the grant, but for patterns that stand for what is not gone.
    fn excepting(
        &self,
        open: &Bits,
        gone: &Bits,
        grant: &ActionRule,
        actions: &Actions<'_>,
    ) -> (Vec<Wording>, Precision) {
        let of_grant: Vec<(ActionPattern, Bits)> = match grant.sense() {
            Sense::Listed => {
                let patterns = grant.patterns().iter();
                patterns
                    .filter_map(|id| Some((actions.pattern(*id)?.clone(), self.under.get(*id)?.clone())))
                    .collect()
            }
            Sense::AllBut => vec![(ActionPattern::new("*"), Bits::all(self.len()))],
        };
        let lost = open.clone();
        let mut open = open.clone();
        let mut words = Vec::new();
        let mut precision = Precision::Exact;
        for (action, under) in of_grant {
            if !under.meets(&open) {
                continue;
            }
            let mut left = under.minus(gone);
            let may_be_left = left.or(&self.made_up.minus(&lost));
            let others = self.under.iter().enumerate().map(|(id, other)| (id, other.and(&under)));
            let mut others: Vec<(PatternId, Bits)> =
                others.filter(|(_, other)| other.is_inside(&may_be_left)).collect();
            others.sort_by_key(|(_, other)| Reverse(other.and(&left).len()));
            let mut but = Vec::new();
            for (id, other) in others {
                if let Some(pattern) = actions.pattern(id).filter(|_| other.meets(&left)) {
                    left = left.minus(&other);
                    but.push(pattern.clone());
                }
            }
            if !left.is_empty() {
                precision = Precision::Rough;
            }
            let meant = under.and(&open);
            open = open.minus(&under);
            words.push(Wording { action, but, under: meant });
        }
        (words, precision)
    }

    /// The classes by the actions of the catalogue that are in them; nothing, if there is one without such an action, or
    /// if there are too many.
    fn named(&self, open: &Bits, actions: &Actions<'_>) -> Option<Vec<Wording>> {
        let mut names: BTreeMap<&ActionName, usize> = BTreeMap::new();
        for class in open.iter() {
            let entry = self.classes.get(class)?;
            names.extend(entry.known.iter().map(|(_, action)| (action.name(), class)));
            if entry.known.is_empty() && actions.names(&entry.example) {
                // One that AWS does not list, or not yet.
                names.insert(&entry.example, class);
            } else if entry.known.is_empty() && !self.is_of_other_services(class) {
                return None;
            }
        }
        if names.len() > MOST_NAMES {
            return None;
        }
        let patterns = Catalogue::bundled().shrink(names.keys().copied());
        let word = |action: ActionPattern| {
            let meant: BTreeSet<usize> =
                names.iter().filter(|(name, _)| action.matches(name)).map(|(_, class)| *class).collect();
            let under = Bits::such_that(self.len(), |class| meant.contains(&class));
            Wording { action, but: Vec::new(), under }
        };
        let mut words: Vec<Wording> = patterns.into_iter().map(word).collect();
        if open.iter().any(|class| self.is_of_other_services(class)) {
            let named = self.of_service.keys().flatten();
            words.push(Wording {
                action: ActionPattern::new("*"),
                but: named.map(|service| ActionPattern::new(&format!("{service}:*"))).collect(),
                under: Bits::such_that(self.len(), |class| {
                    open.has(class) && self.is_of_other_services(class)
                }),
            });
        }
        Some(words)
    }
}
