//! What a loss is about: resources of the forms that actions take, and the resources that a grant and a Deny share.

use std::collections::{BTreeMap, BTreeSet};

use super::survey::{Certainty, RuleCut, Survey, can_meet};
use crate::action::ActionPattern;
use crate::catalogue::{Action, Catalogue, Need, Service};
use crate::compare::Doubt;
use crate::compare::bits::Bits;
use crate::compare::language::{Budget, Exhausted};
use crate::compare::merge::{BothResources, both_resources};
use crate::compare::resources::{ResourceId, ResourceRule, Resources};
use crate::compare::rules::{Rule, RuleId};
use crate::compare::search::{About, Search};
use crate::document::Policy;
use crate::resource::ResourcePattern;
use crate::variable::Variables;

/// The forms of the ARNs of services.
pub(super) struct Forms {
    are_known: bool,
    /// Those that were asked for, by their text.
    places: BTreeMap<&'static str, ResourceId>,
}

/// With more forms than this a class of actions is looked at on anything.
const MOST_FORMS: usize = 64;

impl Forms {
    /// No form is known: everything is looked at on anything.
    pub(super) fn none() -> Self {
        Self { are_known: false, places: BTreeMap::new() }
    }

    pub(super) fn are_known(&self) -> bool {
        self.are_known
    }

    /// The forms of the services that these policies name.
    pub(super) fn of_services<'a>(policies: impl Iterator<Item = &'a Policy>) -> Self {
        let statements = policies.flat_map(Policy::statements);
        let patterns = statements.flat_map(|statement| statement.action().patterns());
        let services: BTreeSet<&str> = patterns.filter_map(ActionPattern::service).collect();
        let mut services = services.into_iter().filter_map(|prefix| Catalogue::bundled().service(prefix));
        let has_forms = |service: &Service| !service.resource_types().is_empty();
        Self { are_known: services.any(has_forms), places: BTreeMap::new() }
    }

    /// What requests with one of these actions are about.
    pub(super) fn about(
        &mut self,
        actions: &[(&'static Service, &'static Action)],
        resources: &mut Resources,
    ) -> Result<Vec<About>, Exhausted> {
        let mut forms: BTreeSet<&'static str> = BTreeSet::new();
        let mut takes_none = false;
        for (service, action) in actions {
            let mut is_needed = false;
            for (kind, need) in service.resources_of(action) {
                forms.insert(kind.arn());
                is_needed |= need == Need::Required;
            }
            takes_none |= !is_needed;
        }
        let is_known = self.are_known || forms.is_empty();
        if !is_known || actions.is_empty() || forms.len() > MOST_FORMS {
            return Ok(vec![About::Anything]);
        }
        let forms = forms.into_iter().map(|form| self.place(form, resources).map(About::Form));
        let mut about = forms.collect::<Result<Vec<_>, _>>()?;
        about.extend(takes_none.then_some(About::NoResource));
        Ok(about)
    }

    fn place(&mut self, form: &'static str, resources: &mut Resources) -> Result<ResourceId, Exhausted> {
        if let Some(place) = self.places.get(form) {
            return Ok(*place);
        }
        let place = resources.place(&ResourcePattern::new(&confined(form), Variables::Literal))?;
        self.places.insert(form, place);
        Ok(place)
    }
}

/// The form of an ARN with stars that stay inside their part: before a `?` they do.
fn confined(arn: &str) -> String {
    let part = |(place, part): (usize, &str)| {
        if place < 5 && part == "*" { "*?".to_owned() } else { part.to_owned() }
    };
    arn.splitn(6, ':').enumerate().map(part).collect::<Vec<_>>().join(":")
}

impl Survey<'_> {
    /// The resources on which a grant loses these classes of actions, on these of its patterns.
    pub(super) fn area(
        &mut self,
        grant: RuleId,
        cut: &RuleCut,
        on: &[Option<ResourceId>],
        lost: &Bits,
    ) -> Result<Area, Doubt> {
        let about = self.about(lost.iter());
        let Search { rules, budget, .. } = &mut self.search;
        let (known, rules) = (&mut rules.resources, &rules.rules);
        let resource_of = |rule: RuleId| rules.get(rule).map(|rule| &rule.resource).ok_or(Doubt::TooComplex);
        let (mut resources, mut but) = (Vec::new(), Vec::new());
        if let ResourceRule::AllBut(patterns) = resource_of(grant)? {
            but.extend(as_written(patterns, known)?);
        }
        let denied = match cut {
            RuleCut::Denied(deny) => Some(resource_of(*deny)?),
            RuleCut::NotAllowed | RuleCut::AllowedInPart(_) => None,
        };
        if let Some(ResourceRule::AllBut(patterns)) = denied {
            but.extend(as_written(patterns, known)?);
        }
        for on in on {
            match (on, denied) {
                (Some(on), Some(ResourceRule::Listed(patterns))) => {
                    for pattern in touched(patterns, &[Some(*on)], &about, known, budget)? {
                        resources.extend(shared(*on, pattern, &about, known, budget)?);
                    }
                }
                (None, Some(ResourceRule::Listed(patterns))) => {
                    let touched = touched(patterns, &[None], &about, known, budget)?;
                    resources.extend(as_written(&touched, known)?);
                }
                (Some(on), _) => resources.push(known.pattern(*on)?.clone()),
                (None, _) => resources.push(ResourcePattern::new("*", Variables::Literal)),
            }
        }
        if let RuleCut::AllowedInPart(allows) = cut {
            for pattern in left_over(allows, rules)? {
                but.extend(as_written(&touched(&[pattern], on, &about, known, budget)?, known)?);
            }
        }
        Ok(Area { resources: tidied(resources), but: tidied(but) })
    }
}

/// Those of the patterns that have something in common with what is lost.
fn touched(
    patterns: &[ResourceId],
    on: &[Option<ResourceId>],
    about: &BTreeSet<About>,
    known: &mut Resources,
    budget: &mut Budget,
) -> Result<Vec<ResourceId>, Doubt> {
    let mut touched = Vec::new();
    for pattern in patterns {
        let mut can = false;
        for (on, about) in on.iter().flat_map(|on| about.iter().map(move |about| (on, about))) {
            // What takes too long to tell is not left out.
            can = can || can_meet(*pattern, *on, *about, known, budget).unwrap_or(true);
        }
        touched.extend(can.then_some(*pattern));
    }
    Ok(touched)
}

fn as_written(patterns: &[ResourceId], known: &Resources) -> Result<Vec<ResourcePattern>, Doubt> {
    patterns.iter().map(|id| Ok(known.pattern(*id)?.clone())).collect()
}

/// What it may cost of the budget to say what two patterns match together.
const COST_OF_ONE_TEXT: u32 = 1_500;

/// What a pattern of a grant and one of a Deny match together, or that of the Deny where this cannot be said in few.
fn shared(
    on: ResourceId,
    pattern: ResourceId,
    about: &BTreeSet<About>,
    known: &mut Resources,
    budget: &mut Budget,
) -> Result<Vec<ResourcePattern>, Doubt> {
    let compiled = |text: &String| ResourcePattern::new(text, Variables::Expanded);
    let mut forms = Vec::new();
    for about in about.iter().copied().filter(|_| !about.contains(&About::Anything)) {
        if let About::Form(form) = about
            && can_meet(pattern, Some(on), about, known, budget).unwrap_or(true)
        {
            forms.push(form);
        }
    }
    Ok(match both_resources(on, pattern, &forms, COST_OF_ONE_TEXT, known, budget) {
        Ok(BothResources::One(id)) => vec![known.pattern(id)?.clone()],
        Ok(BothResources::Texts(meet)) if meet.is_whole() => meet.patterns.iter().map(compiled).collect(),
        Ok(BothResources::Texts(_)) | Err(Exhausted) => vec![known.pattern(pattern)?.clone()],
    })
}

/// In order, each once. One text may be two patterns, with variables and without.
fn tidied(mut patterns: Vec<ResourcePattern>) -> Vec<ResourcePattern> {
    patterns.sort_by(|left, right| {
        (left.as_str(), left.has_variables()).cmp(&(right.as_str(), right.has_variables()))
    });
    patterns.dedup();
    patterns
}

/// Resources, and which of them are left out.
pub(super) struct Area {
    pub(super) resources: Vec<ResourcePattern>,
    pub(super) but: Vec<ResourcePattern>,
}

/// The resources that Allows without conditions name. What others allow cannot be said in resources alone, and nothing is
/// left for certain by those of which the guide does not say that they are about the actions.
fn left_over(allows: &[(RuleId, Certainty)], rules: &[Rule]) -> Result<Vec<ResourceId>, Doubt> {
    let mut left = Vec::new();
    for (allow, certainty) in allows {
        let rule = rules.get(*allow).ok_or(Doubt::TooComplex)?;
        match (&rule.resource, certainty) {
            (ResourceRule::Listed(patterns), Certainty::Sure) if rule.tests.is_empty() => {
                left.extend(patterns.iter().copied());
            }
            (ResourceRule::Listed(_) | ResourceRule::AllBut(_), Certainty::Sure | Certainty::Open) => {}
        }
    }
    Ok(left)
}
