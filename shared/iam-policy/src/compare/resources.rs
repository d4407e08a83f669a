//! The resource patterns of two policies, and how any two of them lie to each other.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::language::{Budget, Exhausted, Language, Step, find};
use crate::document::ResourceElement;
use crate::glob::{Glob, Reach, Token, Values};
use crate::request::Context;
use crate::resource::{ResourceName, ResourcePattern};
use crate::variable::Variable;

/// The place of a pattern in [`Resources`].
pub(super) type ResourceId = usize;

/// The distinct resource patterns of the policies.
#[derive(Debug)]
pub(super) struct Resources {
    patterns: Vec<Entry>,
    /// Patterns by their text; `${` means something else in the old version of the language.
    places: BTreeMap<Box<str>, Vec<ResourceId>>,
    variables: Vec<Variable>,
    arn: Language,
    any: Language,
    relations: BTreeMap<(Universe, ResourceId, ResourceId), Relation>,
    /// Of two patterns, the earlier first.
    apart: BTreeMap<(Universe, ResourceId, ResourceId), bool>,
    found: BTreeMap<Area, Option<String>>,
}

#[derive(Debug)]
struct Entry {
    pattern: ResourcePattern,
    /// Every variable any text.
    widened: Language,
    /// Every variable a letter of its own, where there are variables.
    symbolic: Option<Language>,
    /// The parts of the ARN before the first wildcard that goes past colons; none for a part that is not plain text.
    first_parts: Vec<Option<Box<str>>>,
    /// Whether it matches `*`, for actions that take no resource.
    covers_none: bool,
}

impl Entry {
    fn new(
        pattern: &ResourcePattern,
        symbol: impl FnMut(&Variable, Reach) -> Vec<Step>,
    ) -> Result<Self, Exhausted> {
        let widened = Language::new(pattern.glob(), Language::any_text)?;
        let symbolic = pattern.has_variables().then(|| Language::new(pattern.glob(), symbol)).transpose()?;
        let first_parts = first_parts(pattern.glob());
        let covers_none = pattern.has_variables() || pattern.matches(&ResourceName::Any);
        Ok(Self { pattern: pattern.clone(), widened, symbolic, first_parts, covers_none })
    }

    /// Whether the two say different things of one part of an ARN.
    fn contradicts(&self, other: &Self) -> bool {
        let both = self.first_parts.iter().zip(&other.first_parts);
        both.into_iter().any(|(one, other)| one.is_some() && other.is_some() && one != other)
    }

    /// Whether it spells out a part of an ARN that not all ARNs share.
    fn names_a_part(&self) -> bool {
        self.first_parts.iter().skip(1).any(Option::is_some)
    }

    fn symbolic(&self) -> &Language {
        self.symbolic.as_ref().unwrap_or(&self.widened)
    }
}

/// What a request can be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Universe {
    /// One resource.
    Arn,
    /// `*`, for actions that take none.
    Any,
}

/// Resources that match all of some patterns and none of others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Area {
    pub(super) universe: Universe,
    pub(super) within: Vec<ResourceId>,
    /// INVARIANT: no patterns with variables.
    pub(super) without: Vec<ResourceId>,
}

/// How one pattern lies to another, whatever the variables are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    /// All that the one matches, the other matches.
    Inside,
    /// They match nothing together.
    Apart,
    Other,
}

/// A Resource or NotResource element over these patterns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ResourceRule {
    Listed(Vec<ResourceId>),
    AllBut(Vec<ResourceId>),
}

/// What one question about patterns may cost of the budget.
const COST_OF_ONE_FIND: u32 = 4_000;

/// What every ARN is like.
static ARN: LazyLock<Result<Language, Exhausted>> = LazyLock::new(|| {
    let part = |may_be_empty| {
        let one = if may_be_empty { vec![] } else { vec![Step::One(Reach::WithinPart)] };
        [vec![Step::Char(':')], one, vec![Step::Run(Reach::WithinPart)]].concat()
    };
    let rest = vec![Step::Char(':'), Step::One(Reach::Anything), Step::Run(Reach::Anything)];
    let arn = [Language::text("arn"), part(false), part(false), part(true), part(true), rest].concat();
    Language::from_steps(arn)
});

/// The ARN that [`Resources::find`] finds in the pattern alone, or in it and such as cover everything.
pub(super) fn an_arn_of(pattern: &ResourcePattern) -> Option<String> {
    let language = Language::new(pattern.glob(), Language::any_text).ok()?;
    let universe = ARN.as_ref().ok()?;
    find(&[universe, &language], &[], any_letter, &mut Budget::new(COST_OF_ONE_FIND)).ok()?
}

impl Resources {
    pub(super) fn new() -> Result<Self, Exhausted> {
        Ok(Self {
            patterns: Vec::new(),
            places: BTreeMap::new(),
            variables: Vec::new(),
            arn: (*ARN).clone()?,
            any: Language::from_steps(Language::text("*"))?,
            relations: BTreeMap::new(),
            apart: BTreeMap::new(),
            found: BTreeMap::new(),
        })
    }

    /// The element for requests that all carry these values.
    pub(super) fn add<'v>(
        &mut self,
        element: &ResourceElement,
        values: &impl Values<'v>,
    ) -> Result<ResourceRule, Exhausted> {
        let patterns = element.patterns().iter().map(|pattern| self.place(&pattern.with_values(values)));
        let patterns = patterns.collect::<Result<_, _>>()?;
        Ok(match element {
            ResourceElement::Resource(_) => ResourceRule::Listed(patterns),
            ResourceElement::NotResource(_) => ResourceRule::AllBut(patterns),
        })
    }

    /// The place of a pattern; one that was seen before keeps its place.
    pub(super) fn place(&mut self, pattern: &ResourcePattern) -> Result<ResourceId, Exhausted> {
        let seen = self.places.get(pattern.as_str()).map_or(&[][..], |seen| seen);
        let is_same =
            |id: &&ResourceId| self.patterns.get(**id).is_some_and(|entry| entry.pattern == *pattern);
        if let Some(place) = seen.iter().find(is_same) {
            return Ok(*place);
        }
        for token in pattern.glob().tokens() {
            if let Token::Value(variable, _) = token
                && !self.variables.contains(variable)
            {
                self.variables.push(variable.clone());
            }
        }
        let symbols = &self.variables;
        let symbol = |variable: &Variable, reach| {
            let symbol = symbols.iter().position(|seen| seen == variable);
            symbol
                .and_then(|symbol| u16::try_from(symbol).ok())
                .map_or_else(|| vec![Step::Never], |symbol| vec![Step::Symbol(symbol, reach)])
        };
        let entry = Entry::new(pattern, symbol)?;
        let place = self.patterns.len();
        self.places.entry(pattern.as_str().into()).or_default().push(place);
        self.patterns.push(entry);
        Ok(place)
    }

    fn entry(&self, id: ResourceId) -> Result<&Entry, Exhausted> {
        self.patterns.get(id).ok_or(Exhausted)
    }

    pub(super) fn has_variables(&self, id: ResourceId) -> bool {
        self.patterns.get(id).is_some_and(|entry| entry.pattern.has_variables())
    }

    /// The keys of a pattern's variables.
    pub(super) fn variables_of(&self, id: ResourceId) -> impl Iterator<Item = &str> {
        let tokens = self.patterns.get(id).map_or(&[][..], |entry| entry.pattern.glob().tokens());
        tokens.iter().filter_map(|token| match token {
            Token::Value(variable, _) => Some(&*variable.key),
            Token::Literal(_) | Token::Run(_) | Token::One(_) => None,
        })
    }

    pub(super) fn pattern(&self, id: ResourceId) -> Result<&ResourcePattern, Exhausted> {
        self.entry(id).map(|entry| &entry.pattern)
    }

    /// The pattern as it was written.
    pub(super) fn text(&self, id: ResourceId) -> &str {
        self.patterns.get(id).map_or("", |entry| entry.pattern.as_str())
    }

    pub(super) fn covers_everything(&self, id: ResourceId) -> bool {
        self.patterns.get(id).is_some_and(|entry| entry.pattern.covers_everything())
    }

    /// Whether the pattern may cover `*`, for actions that take no resource.
    pub(super) fn covers_no_resource(&self, id: ResourceId) -> bool {
        self.patterns.get(id).is_some_and(|entry| entry.covers_none)
    }

    /// What the pattern matches, were its variables any text.
    pub(super) fn widened(&self, id: ResourceId) -> Result<&Language, Exhausted> {
        self.entry(id).map(|entry| &entry.widened)
    }

    pub(super) fn universe(&self, universe: Universe) -> &Language {
        match universe {
            Universe::Arn => &self.arn,
            Universe::Any => &self.any,
        }
    }

    /// How the resources of `one` lie to those of `other`. What cannot be told within the budget is `Other`,
    /// which is never wrong.
    pub(super) fn relation(
        &mut self,
        universe: Universe,
        one: ResourceId,
        other: ResourceId,
        budget: &mut Budget,
    ) -> Result<Relation, Exhausted> {
        if one == other {
            return Ok(Relation::Inside);
        }
        if let Some(known) = self.relations.get(&(universe, one, other)) {
            return Ok(*known);
        }
        let (left, right) = (self.entry(one)?, self.entry(other)?);
        match universe {
            Universe::Arn if left.contradicts(right) => return Ok(Relation::Apart),
            // Other names of the part are outside.
            Universe::Arn if left.pattern.covers_everything() && right.names_a_part() => {
                return Ok(Relation::Other);
            }
            Universe::Any if !left.covers_none => return Ok(Relation::Inside),
            Universe::Any if !right.covers_none => return Ok(Relation::Apart),
            Universe::Arn | Universe::Any => {}
        }
        // The universe has no symbols in it, so that it stays out where variables are symbols.
        let bounds = if left.pattern.has_variables() { vec![] } else { vec![self.universe(universe)] };
        let relation = if right.pattern.covers_everything()
            || are_none(&[bounds, vec![left.symbolic()]].concat(), &[right.symbolic()], budget)
        {
            Relation::Inside
        } else if self.are_apart(universe, one, other, budget)? {
            Relation::Apart
        } else {
            Relation::Other
        };
        budget.spend(1)?;
        self.relations.insert((universe, one, other), relation);
        Ok(relation)
    }

    /// Whether the relation of the two is [`Relation::Apart`]: less to find out than which it is.
    pub(super) fn are_apart(
        &mut self,
        universe: Universe,
        one: ResourceId,
        other: ResourceId,
        budget: &mut Budget,
    ) -> Result<bool, Exhausted> {
        let pair = (universe, one.min(other), one.max(other));
        if let Some(known) = self.apart.get(&pair) {
            return Ok(*known);
        }
        let (left, right) = (self.entry(one)?, self.entry(other)?);
        let are_apart = match universe {
            // What covers no resource at all is inside whatever there is.
            Universe::Any => return Ok(left.covers_none && !right.covers_none),
            Universe::Arn if one == other || right.pattern.covers_everything() => false,
            Universe::Arn if left.contradicts(right) => true,
            Universe::Arn => are_none(&[self.universe(universe), &left.widened, &right.widened], &[], budget),
        };
        budget.spend(1)?;
        self.apart.insert(pair, are_apart);
        Ok(are_apart)
    }

    /// A resource of the area, were its variables any text.
    pub(super) fn find(&mut self, area: &Area, budget: &mut Budget) -> Result<Option<String>, Exhausted> {
        if let Some(known) = self.found.get(area) {
            return Ok(known.clone());
        }
        let languages = |ids: &[ResourceId]| {
            ids.iter().map(|id| Ok(&self.entry(*id)?.widened)).collect::<Result<Vec<_>, _>>()
        };
        let within = [vec![self.universe(area.universe)], languages(&area.within)?].concat();
        let mut share = budget.split(COST_OF_ONE_FIND);
        let found = find(&within, &languages(&area.without)?, any_letter, &mut share);
        budget.merge(share);
        let found = found?;
        self.found.insert(area.clone(), found.clone());
        Ok(found)
    }

    /// A resource of the area for a request with this context; also outside the patterns `but`, which may hold
    /// variables.
    pub(super) fn find_for(
        &self,
        area: &Area,
        but: &[ResourceId],
        context: &Context,
        budget: &mut Budget,
    ) -> Result<Option<String>, Exhausted> {
        let substitute = |variable: &Variable, reach: Reach| match context
            .value(&variable.key)
            .or(variable.default.as_deref())
        {
            Some(value) if reach == Reach::Anything || !value.contains(':') => Language::text(value),
            Some(_) | None => vec![Step::Never],
        };
        let languages = |ids: &[ResourceId]| {
            ids.iter()
                .map(|id| Language::new(self.entry(*id)?.pattern.glob(), substitute))
                .collect::<Result<Vec<_>, _>>()
        };
        let (within, without, but) = (languages(&area.within)?, languages(&area.without)?, languages(but)?);
        let within: Vec<_> = [self.universe(area.universe)].into_iter().chain(&within).collect();
        let without: Vec<_> = without.iter().chain(&but).collect();
        find(&within, &without, any_letter, budget)
    }
}

fn any_letter(_: char) -> bool {
    true
}

/// Whether it can be told that there is no text that all of the one match and none of the others.
fn are_none(within: &[&Language], without: &[&Language], budget: &mut Budget) -> bool {
    let mut share = budget.split(COST_OF_ONE_FIND);
    let found = find(within, without, any_letter, &mut share);
    budget.merge(share);
    found.is_ok_and(|text| text.is_none())
}

/// The parts of an ARN that a pattern spells out, up to the first wildcard or variable that can go past a colon.
fn first_parts(glob: &Glob) -> Vec<Option<Box<str>>> {
    /// The sixth part may hold colons.
    const PARTS: usize = 5;
    let mut parts: Vec<Option<Box<str>>> = Vec::new();
    let mut part = Some(String::new());
    for token in glob.tokens() {
        match token {
            Token::Literal(text) => {
                for (count, piece) in text.split(':').enumerate() {
                    if count > 0 {
                        parts.push(part.replace(String::new()).map(Into::into));
                    }
                    if let Some(part) = &mut part {
                        part.push_str(piece);
                    }
                }
            }
            Token::Run(Reach::WithinPart)
            | Token::One(Reach::WithinPart)
            | Token::Value(_, Reach::WithinPart) => {
                part = None;
            }
            Token::Run(Reach::Anything) | Token::One(Reach::Anything) | Token::Value(_, Reach::Anything) => {
                break;
            }
        }
    }
    parts.truncate(PARTS);
    parts
}
