//! What two Action or Resource elements have in common.

use serde_json::{Map, Value};

use super::meet::{Loss, Meet, meet};
use crate::action::{ActionPattern, ServicePart};
use crate::catalogue::{Catalogue, Openness};
use crate::compare::language::{Budget, Exhausted, Language, Step};
use crate::compare::resources::{Relation, ResourceId, ResourceRule, Resources, Universe};
use crate::document::ActionElement;
use crate::glob::{Glob, Reach, Wildcards};
use crate::resource::{ResourcePattern, completed};
use crate::variable::{Variables, escaped, present};

/// An element: what it lists, or everything but that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Listed(Vec<String>),
    AllBut(Vec<String>),
}

impl Part {
    pub(super) fn is_nothing(&self) -> bool {
        matches!(self, Self::Listed(texts) if texts.is_empty())
    }

    /// Writes the element under the name that says which way it is meant.
    pub(super) fn put(self, listed: &str, all_but: &str, statement: &mut Map<String, Value>) {
        let (name, texts) = match self {
            Self::Listed(texts) => (listed, texts),
            Self::AllBut(texts) => (all_but, texts),
        };
        statement.insert(name.to_owned(), texts.into());
    }
}

/// What is in the first list and in the second.
struct Common {
    texts: Vec<String>,
    loss: Loss,
}

impl Common {
    fn new() -> Self {
        Self { texts: Vec::new(), loss: Loss::Nothing }
    }

    fn add(&mut self, meet: Meet) {
        for text in meet.patterns {
            if !self.texts.contains(&text) {
                self.texts.push(text);
            }
        }
        self.loss = self.loss.or(meet.loss);
    }

    fn into_parts(self) -> (Part, Loss) {
        (Part::Listed(self.texts), self.loss)
    }
}

/// Everything but what either list names.
fn all_but<'t>(left: impl Iterator<Item = &'t str>, right: impl Iterator<Item = &'t str>) -> (Part, Loss) {
    let mut texts: Vec<String> = Vec::new();
    for text in left.chain(right) {
        if !texts.iter().any(|seen| seen == text) {
            texts.push(text.to_owned());
        }
    }
    (Part::AllBut(texts), Loss::Nothing)
}

/// The actions of both elements.
pub(super) fn actions(
    left: &ActionElement,
    right: &ActionElement,
    budget: &mut Budget,
) -> Result<(Part, Loss), Exhausted> {
    let mut common = Common::new();
    match (left, right) {
        (ActionElement::Action(left), ActionElement::Action(right)) => {
            for left in left {
                for right in right {
                    common.add(both_actions(left, right, budget)?);
                }
            }
        }
        (ActionElement::NotAction(left), ActionElement::NotAction(right)) => {
            return Ok(all_but(
                left.iter().map(ActionPattern::as_str),
                right.iter().map(ActionPattern::as_str),
            ));
        }
        (ActionElement::Action(listed), ActionElement::NotAction(excepted))
        | (ActionElement::NotAction(excepted), ActionElement::Action(listed)) => {
            if listed.iter().any(is_every) {
                return Ok(all_but(excepted.iter().map(ActionPattern::as_str), std::iter::empty()));
            }
            for pattern in listed {
                common.add(action_without(pattern, excepted, budget)?);
            }
        }
    }
    Ok(common.into_parts())
}

fn is_every(pattern: &ActionPattern) -> bool {
    pattern.service_part() == ServicePart::Every
}

/// What two action patterns match together.
fn both_actions(left: &ActionPattern, right: &ActionPattern, budget: &mut Budget) -> Result<Meet, Exhausted> {
    budget.spend(1)?;
    let when = |matches: bool, pattern: &ActionPattern| {
        if matches { Meet::only(pattern.as_str()) } else { Meet::nothing() }
    };
    if is_every(right) || left.glob() == right.glob() {
        return Ok(Meet::only(left.as_str()));
    }
    if is_every(left) {
        return Ok(Meet::only(right.as_str()));
    }
    let is_open = |pattern: &ActionPattern| pattern.service_part() == ServicePart::Wildcard;
    if is_open(left) || is_open(right) {
        // The guide does not say what a wildcard in place of the service stands for.
        return Ok(Meet::lost());
    }
    Ok(match (left.exact(), right.exact()) {
        (Some(action), _) => when(right.matches(&action), left),
        (_, Some(action)) => when(left.matches(&action), right),
        (None, None) if left.service() != right.service() => Meet::nothing(),
        (None, None) => {
            let letters = Language::from_steps(vec![Step::Run(Reach::Anything)])?;
            let texts = (left.as_str(), right.as_str());
            meet(texts, char::eq_ignore_ascii_case, &[&letters], action_language, budget)?
        }
    })
}

fn action_language(text: &str) -> Result<Language, Exhausted> {
    let glob = Glob::text(&text.to_ascii_lowercase(), Wildcards::Active, Variables::Literal);
    Language::new(&glob, Language::any_text)
}

/// What `pattern` matches and none of `excepted` does. Actions that are listed can be named one by one, those that
/// are not cannot.
fn action_without(
    pattern: &ActionPattern,
    excepted: &[ActionPattern],
    budget: &mut Budget,
) -> Result<Meet, Exhausted> {
    /// More than so many actions are not named in the place of a pattern.
    const MOST_NAMED: usize = 40;
    let mut touched = Vec::new();
    for other in excepted {
        let both = both_actions(pattern, other, budget)?;
        if both != Meet::nothing() {
            touched.push(other);
        }
    }
    if touched.is_empty() {
        return Ok(Meet::only(pattern.as_str()));
    }
    let expansion = Catalogue::bundled().expand(pattern);
    budget.spend(expansion.listed.len())?;
    let named = expansion.listed.iter().map(|action| action.name());
    let named = named.filter(|name| !touched.iter().any(|other| other.matches(name)));
    let named: Vec<String> = named.map(ToString::to_string).collect();
    let is_settled = touched.iter().all(|other| other.service_part() != ServicePart::Wildcard);
    let is_all = match expansion.openness {
        Openness::Closed => true,
        Openness::Open => touched.iter().any(|other| other.covers_service().is_some() || is_every(other)),
        Openness::Unlisted(_) => touched.iter().any(|other| !other.has_wildcard() || is_every(other)),
    };
    let loss =
        if is_all && is_settled && named.len() <= MOST_NAMED { Loss::Nothing } else { Loss::Something };
    let patterns = if named.len() <= MOST_NAMED { named } else { Vec::new() };
    Ok(Meet { patterns, loss })
}

/// The resources of both elements.
pub(super) fn resources(
    left: &ResourceRule,
    right: &ResourceRule,
    known: &mut Resources,
    budget: &mut Budget,
) -> Result<(Part, Loss), Exhausted> {
    let mut common = Common::new();
    match (left, right) {
        (ResourceRule::Listed(left), ResourceRule::Listed(right)) => {
            for left in left {
                for right in right {
                    common.add(match both_resources(*left, *right, &[], COST_OF_ONE_MEET, known, budget)? {
                        BothResources::One(id) => Meet::only(known.text(id)),
                        BothResources::Texts(meet) => meet,
                    });
                }
            }
        }
        (ResourceRule::AllBut(left), ResourceRule::AllBut(right)) => {
            let texts = |ids: &[ResourceId]| ids.iter().map(|id| known.text(*id)).collect::<Vec<_>>();
            return Ok(all_but(texts(left).into_iter(), texts(right).into_iter()));
        }
        (ResourceRule::Listed(listed), ResourceRule::AllBut(excepted))
        | (ResourceRule::AllBut(excepted), ResourceRule::Listed(listed)) => {
            if listed.iter().any(|id| known.covers_everything(*id)) {
                return Ok(all_but(excepted.iter().map(|id| known.text(*id)), std::iter::empty()));
            }
            for id in listed {
                common.add(resource_without(*id, excepted, known, budget)?);
            }
        }
    }
    Ok(common.into_parts())
}

/// How one pattern lies to another, whether the request is about a resource or about none.
fn relation(
    one: ResourceId,
    other: ResourceId,
    known: &mut Resources,
    budget: &mut Budget,
) -> Result<Relation, Exhausted> {
    let by_arn = known.relation(Universe::Arn, one, other, budget)?;
    let without_resource = (known.covers_no_resource(one), known.covers_no_resource(other));
    Ok(match (by_arn, without_resource) {
        (Relation::Inside, (false, _) | (_, true)) => Relation::Inside,
        (Relation::Apart, (false, _) | (_, false)) => Relation::Apart,
        _ => Relation::Other,
    })
}

/// What two resource patterns match together.
pub(in crate::compare) enum BothResources {
    /// What this one of them matches.
    One(ResourceId),
    /// These, as they are written in the version of the language that has variables.
    Texts(Meet),
}

/// What one question about what two patterns have in common may cost of a budget.
const COST_OF_ONE_MEET: u32 = 6_000;

/// Resources that none of `forms` matches are left aside, if any are given. What takes too long counts as lost.
pub(in crate::compare) fn both_resources(
    left: ResourceId,
    right: ResourceId,
    forms: &[ResourceId],
    at_most: u32,
    known: &mut Resources,
    budget: &mut Budget,
) -> Result<BothResources, Exhausted> {
    match (relation(left, right, known, budget)?, relation(right, left, known, budget)?) {
        (Relation::Inside, _) => return Ok(BothResources::One(left)),
        (_, Relation::Inside) => return Ok(BothResources::One(right)),
        (Relation::Apart, _) | (_, Relation::Apart) => return Ok(BothResources::Texts(Meet::nothing())),
        (Relation::Other, Relation::Other) => {}
    }
    let (left, right) = (completed(known.text(left)), completed(known.text(right)));
    let texts = (&*left, &*right);
    if present(texts.0) || present(texts.1) {
        return Ok(BothResources::Texts(Meet::lost()));
    }
    let language =
        |text: &str| Language::new(ResourcePattern::new(text, Variables::Literal).glob(), Language::any_text);
    let universes: Vec<&Language> = if forms.is_empty() {
        [Universe::Arn, Universe::Any].map(|universe| known.universe(universe)).to_vec()
    } else {
        forms.iter().map(|form| known.widened(*form)).collect::<Result<_, _>>()?
    };
    let mut share = budget.split(at_most);
    let met = meet(texts, char::eq, &universes, language, &mut share);
    budget.merge(share);
    let mut meet = met.unwrap_or_else(|Exhausted| Meet::lost());
    // Two halves may have met.
    meet.patterns.iter_mut().for_each(|text| *text = escaped(text));
    Ok(BothResources::Texts(meet))
}

/// What `pattern` matches and none of `excepted` does, as far as that is all of it or nothing.
fn resource_without(
    pattern: ResourceId,
    excepted: &[ResourceId],
    known: &mut Resources,
    budget: &mut Budget,
) -> Result<Meet, Exhausted> {
    let mut meet = Meet::only(known.text(pattern));
    for other in excepted {
        match relation(pattern, *other, known, budget)? {
            Relation::Apart => {}
            Relation::Inside => return Ok(Meet::nothing()),
            Relation::Other => meet = Meet::lost(),
        }
    }
    Ok(meet)
}
