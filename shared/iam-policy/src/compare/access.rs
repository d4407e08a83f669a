//! What a role can do under all the policies that bear on it.
//!
//! The policies are read once and can then be asked about many actions. A request has to be allowed by a statement of
//! every layer and denied by none, so that the search of the comparison finds it: statements that apply, and others
//! that must not.

use std::ops::ControlFlow;

use super::keys::FixedKeys;
use super::language::Budget;
use super::rules::{RuleId, Rules, Side};
use super::search::{About, Ask, Search, Wanted};
use super::{BUDGET, Doubt};
use crate::action::ActionName;
use crate::document::{Effect, Policy};
use crate::evaluate::{Policies, Source, StatementRef};
use crate::principal::{IdentityArn, IdentityKind};
use crate::request::Request;
use crate::resource::ResourcePattern;
use crate::variable::Variables;

/// Resources to ask about: any of those that patterns stand for, or none at all.
#[derive(Debug, Clone)]
pub struct Targets {
    patterns: Vec<ResourcePattern>,
    none: NoResource,
}

/// Whether a request about no resource, for an action that takes none, is asked about too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoResource {
    /// It is.
    Included,
    /// Only requests about a resource count.
    Excluded,
}

/// Whether a role can do something.
#[derive(Debug, Clone, PartialEq)]
pub enum Possible {
    /// No request is allowed.
    No,
    /// This request is.
    Yes(Box<Way>),
    /// Neither was shown. Treat it as possible.
    Doubtful(Doubt),
}

/// How a role can do something.
#[derive(Debug, Clone, PartialEq)]
pub struct Way {
    /// A request that the evaluator allows.
    pub request: Request,
    /// The statement of an identity policy that grants it.
    pub grant: StatementRef,
    /// Whether it hangs on a condition of that statement.
    pub terms: Terms,
}

/// Whether a grant has conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Terms {
    /// It has none.
    Unconditional,
    /// It has some, which a request can meet.
    Conditional,
}

impl Targets {
    /// The resources that these patterns stand for, written as in a Resource element without variables.
    pub fn new<T: AsRef<str>>(patterns: impl IntoIterator<Item = T>, none: NoResource) -> Self {
        let pattern = |text: T| ResourcePattern::new(text.as_ref(), Variables::Literal);
        Self { patterns: patterns.into_iter().map(pattern).collect(), none }
    }
}

/// The policies that bear on a role, ready to be asked.
pub struct Access<'p> {
    search: Search<'p>,
    /// How many layers have to allow a request.
    layers: usize,
    /// The place of every identity statement.
    grants: Vec<StatementRef>,
}

impl<'p> Access<'p> {
    /// Reads the identity policies, the boundary and the service control policies in `policies`; the other layers are
    /// left out, because they belong to a resource or a session.
    ///
    /// What the role's requests carry is taken from its ARN: `aws:PrincipalArn` (not for a session, which does not
    /// tell the path of its role), `aws:PrincipalAccount` and `aws:PrincipalType`, and its account for
    /// `aws:ResourceAccount`: ask about resources of its account. Global keys carry as many values as the guide says.
    /// See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>.
    ///
    /// # Errors
    /// A statement names principals or has no Resource, or there are more combinations than can be looked at.
    pub fn new(policies: &Policies<'p>, role: &IdentityArn) -> Result<Self, Doubt> {
        let mut layers: Vec<Vec<&'p Policy>> = vec![policies.identity.to_vec()];
        layers.extend(policies.boundary.map(|boundary| vec![boundary]));
        // They do not bind service-linked roles.
        let service_control = if role.is_service_linked_role() { &[] } else { policies.service_control };
        layers.extend(service_control.iter().map(|level| level.iter().collect()));
        let grants = policies.identity.iter().enumerate().flat_map(|(at, policy)| {
            let place = move |index| StatementRef { source: Source::Identity(at), statement: index };
            policy.statements().iter().map(move |statement| place(statement.index()))
        });
        let grants = grants.collect();
        let count = layers.len();
        let mut budget = Budget::new(BUDGET);
        let rules = Rules::new(layers, &carried_by(role), &mut budget)?;
        let allowed_by = Policies {
            identity: policies.identity,
            boundary: policies.boundary,
            service_control,
            ..Policies::default()
        };
        let wanted = Wanted { caller: role.clone(), allowed_by, not_by: None };
        Ok(Self { search: Search::new(rules, wanted, budget), layers: count, grants })
    }

    /// Whether the role can do this on one of the targets.
    pub fn possible(&mut self, action: &ActionName, targets: &Targets) -> Possible {
        match self.find(action, targets) {
            Ok(Some(way)) => Possible::Yes(Box::new(way)),
            Ok(None) => self.search.take_doubt().map_or(Possible::No, Possible::Doubtful),
            Err(doubt) => Possible::Doubtful(doubt),
        }
    }

    fn find(&mut self, action: &ActionName, targets: &Targets) -> Result<Option<Way>, Doubt> {
        self.search.budget = Budget::new(BUDGET);
        self.search.take_doubt();
        let matched = self.search.rules.actions.matched(action);
        let said = self.search.said(&matched);
        let of = |effect| (0..self.layers).map(move |layer| (Side(layer), effect));
        let denies: Vec<RuleId> =
            of(Effect::Deny).flat_map(|(side, effect)| self.search.about(&said, side, effect)).collect();
        let mut choices: Vec<Vec<RuleId>> = vec![Vec::new()];
        for (side, effect) in of(Effect::Allow) {
            let mut allows = self.search.about(&said, side, effect);
            // What hangs on nothing is the better evidence.
            allows.sort_by_key(|rule| self.search.rules.get(*rule).map_or(0, |rule| rule.tests.len()));
            self.search.budget.spend(choices.len() * allows.len())?;
            choices = choices
                .iter()
                .flat_map(|chosen| allows.iter().map(move |allow| [chosen.as_slice(), &[*allow]].concat()))
                .collect();
        }
        if choices.is_empty() {
            return Ok(None);
        }
        let mut about = Vec::new();
        for pattern in &targets.patterns {
            about.push(About::Form(self.search.rules.resources.place(pattern)?));
        }
        about.extend((targets.none == NoResource::Included).then_some(About::NoResource));
        for apply in choices {
            let Some(not) = self.search.to_leave(&matched, &said, &apply, &denies)? else { continue };
            for about in about.iter().copied() {
                let ask = Ask { apply: &apply, on: None, about, not: &not };
                if let ControlFlow::Break(found) = self.search.look(action, &ask)? {
                    return Ok(self.way(&apply, found.request));
                }
            }
        }
        Ok(None)
    }

    fn way(&self, apply: &[RuleId], request: Request) -> Option<Way> {
        let grant = *apply.first()?;
        let has_tests = self.search.rules.get(grant).is_ok_and(|rule| !rule.tests.is_empty());
        let terms = if has_tests { Terms::Conditional } else { Terms::Unconditional };
        // The statements of the first layer come first.
        Some(Way { request, grant: *self.grants.get(grant)?, terms })
    }
}

/// What every request of the role carries.
fn carried_by(role: &IdentityArn) -> FixedKeys {
    let mut fixed = FixedKeys::as_documented();
    let account = role.account().to_string();
    fixed.always("aws:principalaccount", &account);
    // Not every service sends it.
    fixed.if_any("aws:resourceaccount", &account);
    match role.kind() {
        IdentityKind::Role => {
            fixed.always("aws:principalarn", role.as_str());
            fixed.always("aws:principaltype", "AssumedRole");
        }
        IdentityKind::Session => fixed.always("aws:principaltype", "AssumedRole"),
        IdentityKind::Root | IdentityKind::User | IdentityKind::FederatedUser => {}
    }
    fixed
}
