//! What a role can do under all the policies that bear on it.
//!
//! A request has to be allowed by a statement of every layer and denied by none, so that the search of the comparison
//! finds it: statements that apply, and others that must not. Most questions need no search, because nothing grants the
//! action or a Deny takes it away from everything; for the others only the statements about the action are read.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::OnceLock;

use super::actions::Matched;
use super::keys::FixedKeys;
use super::language::Budget;
use super::resources::an_arn_of;
use super::rules::{RuleId, Rules, Side, comparable_resource};
use super::search::{About, Ask, Search, Wanted};
use super::{BUDGET, Doubt};
use crate::action::ActionName;
use crate::document::{Effect, Policy, ResourceElement, Statement, mark};
use crate::evaluate::matching::Match;
use crate::evaluate::{Policies, Source, StatementRef};
use crate::principal::{IdentityArn, IdentityKind};
use crate::request::{Context, Principal, Request};
use crate::resource::{ResourceName, ResourcePattern};
use crate::variable::Variables;

/// Resources to ask about: any of those that patterns stand for, or none at all.
#[derive(Debug, Clone)]
pub struct Targets {
    patterns: Vec<Target>,
    none: NoResource,
}

#[derive(Debug, Clone)]
struct Target {
    pattern: ResourcePattern,
    /// One of the resources, once it was asked for; none, if there is none or it is hard to find.
    example: OnceLock<Option<ResourceName>>,
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
        let target = |text: T| Target {
            pattern: ResourcePattern::new(text.as_ref(), Variables::Literal),
            example: OnceLock::new(),
        };
        Self { patterns: patterns.into_iter().map(target).collect(), none }
    }

    /// The first of them that a request can be about; none, if that takes more than a look.
    fn first(&self) -> Option<ResourceName> {
        match self.patterns.first() {
            Some(target) => {
                target.example.get_or_init(|| target.spelled_out().or_else(|| target.found())).clone()
            }
            None => (self.none == NoResource::Included).then_some(ResourceName::Any),
        }
    }
}

impl Target {
    /// The one resource that a pattern without wildcards stands for.
    fn spelled_out(&self) -> Option<ResourceName> {
        let name: ResourceName = self.pattern.as_str().parse().ok()?;
        let is_whole = match &name {
            ResourceName::Arn(arn) => ![arn.partition(), arn.service(), arn.resource()].contains(&""),
            ResourceName::Any => false,
        };
        (is_whole && !self.pattern.has_wildcard()).then_some(name)
    }

    fn found(&self) -> Option<ResourceName> {
        an_arn_of(&self.pattern)?.parse().ok()
    }
}

/// The policies that bear on a role, ready to be asked.
pub struct Access<'p> {
    search: Search<'p>,
    /// Each of them has to allow a request.
    layers: Vec<Vec<&'p Policy>>,
    /// The statements that were read so far.
    read: BTreeMap<Place, RuleId>,
    /// What every request of the role carries.
    carried: Context,
}

/// Where a statement stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    layer: usize,
    policy: usize,
    statement: usize,
}

/// A statement that is or may be about the action in question.
#[derive(Clone, Copy)]
struct Concerned<'p> {
    place: Place,
    statement: &'p Statement,
    said: Match,
}

/// What there is to search about an action: in each layer a statement at least allows it somewhere, and none denies it
/// everywhere.
pub struct Question<'p, 'n> {
    action: &'n ActionName,
    /// By layer. What hangs on nothing comes first, because it is the better evidence.
    allows: Vec<Vec<Concerned<'p>>>,
    denies: Vec<Concerned<'p>>,
}

impl<'p> Access<'p> {
    /// Takes the identity policies, the boundary and the service control policies in `policies`; the other layers are
    /// left out, because they belong to a resource or a session.
    ///
    /// What the role's requests carry is taken from its ARN: `aws:PrincipalArn` (not for a session, which does not
    /// tell the path of its role), `aws:PrincipalAccount` and `aws:PrincipalType`, and its account for
    /// `aws:ResourceAccount`: ask about resources of its account. Global keys carry as many values as the guide says.
    /// See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>.
    ///
    /// # Errors
    /// A statement names principals or has no Resource.
    pub fn new(policies: &Policies<'p>, role: &IdentityArn) -> Result<Self, Doubt> {
        let mut layers: Vec<Vec<&'p Policy>> = vec![policies.identity.to_vec()];
        layers.extend(policies.boundary.map(|boundary| vec![boundary]));
        // They do not bind service-linked roles.
        let service_control = if role.is_service_linked_role() { &[] } else { policies.service_control };
        layers.extend(service_control.iter().map(|level| level.iter().collect()));
        for statement in layers.iter().flatten().flat_map(|policy| policy.statements()) {
            comparable_resource(statement)?;
        }
        let allowed_by = Policies {
            identity: policies.identity,
            boundary: policies.boundary,
            service_control,
            ..Policies::default()
        };
        let wanted = Wanted { caller: role.clone(), allowed_by, not_by: None };
        let fixed = carried_by(role);
        let carried = fixed.carried();
        let search = Search::new(Rules::none(fixed)?, wanted, Budget::new(BUDGET));
        Ok(Self { search, layers, read: BTreeMap::new(), carried })
    }

    /// Whether the role can do this on one of the targets.
    pub fn possible(&mut self, action: &ActionName, targets: &Targets) -> Possible {
        self.possible_on(action, || targets)
    }

    /// The same with targets that are made only where they are looked at.
    pub fn possible_on<T: Borrow<Targets>>(
        &mut self,
        action: &ActionName,
        targets: impl FnOnce() -> T,
    ) -> Possible {
        match self.question(action) {
            Some(question) => self.answer(&question, targets().borrow()),
            None => Possible::No,
        }
    }

    /// Whether the role can do on one of the targets what was asked of these same policies.
    pub fn answer(&mut self, question: &Question<'p, '_>, targets: &Targets) -> Possible {
        if let Some(way) = self.without_search(question, targets) {
            return Possible::Yes(Box::new(way));
        }
        match self.find(question, targets) {
            Ok(Some(way)) => Possible::Yes(Box::new(way)),
            Ok(None) => self.search.take_doubt().map_or(Possible::No, Possible::Doubtful),
            Err(doubt) => Possible::Doubtful(doubt),
        }
    }

    /// Whether it is clear without a search that no request with this action is allowed.
    pub fn is_out_of_question(&self, action: &ActionName) -> bool {
        self.question(action).is_none()
    }

    /// What there is to search; nothing, if it is clear without a search that no request with this action is allowed,
    /// because a layer allows it nowhere or denies it everywhere.
    pub fn question<'n>(&self, action: &'n ActionName) -> Option<Question<'p, 'n>> {
        let (mut allows, mut denies) = (Vec::new(), Vec::new());
        // The layers beyond the identity's are short and refuse most of what is asked, so that they are asked first.
        for (place, layer) in self.layers.iter().enumerate().rev() {
            allows.push(in_layer(place, layer, action, &mut denies)?);
        }
        allows.reverse();
        denies.sort_by_key(|deny| deny.place.layer);
        Some(Question { action, allows, denies })
    }

    /// A way by grants of everything in every layer, if no Deny stops the first request that comes to mind: what the
    /// search would find as well, in a fraction of its time.
    fn without_search(&self, question: &Question<'p, '_>, targets: &Targets) -> Option<Way> {
        let is_open = |allow: &Concerned<'_>| allow.said == Match::Yes && allows_everything(allow.statement);
        let firsts: Vec<&Concerned<'p>> =
            question.allows.iter().map(|allows| allows.first()).collect::<Option<_>>()?;
        if !firsts.iter().all(|allow| is_open(allow)) {
            return None;
        }
        let caller = &self.search.wanted().caller;
        let request = Request {
            principal: Principal::Identity(caller.clone()),
            action: question.action.clone(),
            resource: targets.first()?,
            resource_account: Some(caller.account()),
            context: self.carried.clone(),
        };
        let is_allowed = question.denies.is_empty() || self.search.confirms(&request);
        let grant = reference(firsts.first()?.place);
        is_allowed.then_some(Way { request, grant, terms: Terms::Unconditional })
    }

    fn find(&mut self, question: &Question<'p, '_>, targets: &Targets) -> Result<Option<Way>, Doubt> {
        self.search.budget = Budget::new(BUDGET);
        self.search.take_doubt();
        let denies = self.read_all(&question.denies)?;
        let mut choices: Vec<Vec<RuleId>> = vec![Vec::new()];
        for allows in &question.allows {
            let allows = self.read_all(allows)?;
            self.search.budget.spend(choices.len() * allows.len())?;
            choices = choices
                .iter()
                .flat_map(|chosen| allows.iter().map(move |allow| [chosen.as_slice(), &[*allow]].concat()))
                .collect();
        }
        let (said, matched) = self.what_is_said(question)?;
        let Search { rules, budget, .. } = &mut self.search;
        let counting = question.all().filter_map(|one| self.read.get(&one.place));
        let counting = counting.filter_map(|rule| rules.rules.get(*rule)).flat_map(|rule| &rule.tests);
        rules.keys.work_out_for(counting.copied().collect(), budget)?;

        let mut about = Vec::new();
        for Target { pattern, .. } in &targets.patterns {
            about.push(About::Form(self.search.rules.resources.place(pattern)?));
        }
        about.extend((targets.none == NoResource::Included).then_some(About::NoResource));
        for apply in choices {
            let Some(not) = self.search.to_leave(&matched, &said, &apply, &denies)? else { continue };
            for about in about.iter().copied() {
                let ask = Ask { apply: &apply, on: None, about, not: &not };
                if let ControlFlow::Break(found) = self.search.look(question.action, &ask)? {
                    return Ok(self.way(&apply, found.request));
                }
            }
        }
        Ok(None)
    }

    /// The statements as the search has them.
    fn read_all(&mut self, statements: &[Concerned<'p>]) -> Result<Vec<RuleId>, Doubt> {
        let Search { rules, budget, .. } = &mut self.search;
        let mut read = Vec::new();
        for Concerned { place, statement, .. } in statements {
            read.push(match self.read.get(place) {
                Some(rule) => *rule,
                None => {
                    let rule = rules.add(Side(place.layer), statement, budget)?;
                    self.read.insert(*place, rule);
                    rule
                }
            });
        }
        Ok(read)
    }

    /// What each statement says of the action, by its place in the search.
    fn what_is_said(&mut self, question: &Question<'p, '_>) -> Result<(Vec<Match>, Matched), Doubt> {
        let Search { rules, budget, .. } = &mut self.search;
        let mut said = vec![Match::No; rules.rules.len()];
        let places = || question.all().filter_map(|one| Some((*self.read.get(&one.place)?, one)));
        for (rule, one) in places() {
            if let Some(place) = said.get_mut(rule) {
                *place = one.said;
            }
        }
        // Only a Deny that may apply or not is held against the actions of the statements that apply.
        if question.denies.iter().all(|deny| deny.said == Match::Yes) {
            return Ok((said, Matched::default()));
        }
        for (rule, one) in places() {
            rules.add_actions(rule, one.statement, budget)?;
        }
        Ok((said, rules.actions.matched(question.action)))
    }

    fn way(&self, apply: &[RuleId], request: Request) -> Option<Way> {
        let grant = *apply.first()?;
        let has_tests = self.search.rules.get(grant).is_ok_and(|rule| !rule.tests.is_empty());
        let terms = if has_tests { Terms::Conditional } else { Terms::Unconditional };
        let (place, _) = self.read.iter().find(|(_, rule)| **rule == grant)?;
        Some(Way { request, grant: reference(*place), terms })
    }
}

impl<'p> Question<'p, '_> {
    /// The Allows of identity policies whose Action element covers the action, as [`Policy::statements_about`] has them;
    /// those with fewer conditions come first.
    pub fn grants(&self) -> impl Iterator<Item = &'p Statement> {
        let covers = |one: &&Concerned<'_>| one.said == Match::Yes || one.statement.action().is_list();
        self.allows.first().into_iter().flatten().filter(covers).map(|one| one.statement)
    }

    fn all(&self) -> impl Iterator<Item = &Concerned<'p>> {
        self.allows.iter().flatten().chain(&self.denies)
    }
}

/// The Allows about the action in one layer, whose Denies about it are added to `denies`; nothing, if it allows the action
/// nowhere or denies it everywhere.
fn in_layer<'p>(
    layer: usize,
    policies: &[&'p Policy],
    action: &ActionName,
    denies: &mut Vec<Concerned<'p>>,
) -> Option<Vec<Concerned<'p>>> {
    let mut allows = Vec::new();
    let mark = mark(action.service());
    for (policy, document) in policies.iter().copied().enumerate() {
        for (statement, said) in document.said_of_marked(action, mark) {
            let place = Place { layer, policy, statement: statement.index() };
            let concerned = Concerned { place, statement, said };
            match statement.effect() {
                Effect::Allow => allows.push(concerned),
                Effect::Deny if said == Match::Yes && always_applies(statement) => return None,
                Effect::Deny => denies.push(concerned),
            }
        }
    }
    allows.sort_by_key(|allow| allow.statement.tests().count());
    (!allows.is_empty()).then_some(allows)
}

/// A statement of an identity policy, whose layer is the first.
fn reference(place: Place) -> StatementRef {
    StatementRef { source: Source::Identity(place.policy), statement: place.statement }
}

/// Whether the statement applies to every request with its actions.
fn always_applies(statement: &Statement) -> bool {
    statement.is_unconditional()
        && matches!(statement.resource(), Some(ResourceElement::Resource(patterns))
            if patterns.iter().any(ResourcePattern::covers_everything))
}

/// The same, and nothing narrower is written beside it.
fn allows_everything(statement: &Statement) -> bool {
    always_applies(statement) && statement.resource().is_some_and(|element| element.patterns().len() == 1)
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::compare::EscalationTarget;

    /// Both ways to an answer have to give the same, so that nobody has to know which was taken.
    #[test]
    fn what_is_seen_without_a_search_is_what_the_search_finds() {
        let policy = |statements| Policy::from_value(&json!({ "Statement": statements })).unwrap();
        let everything = || json!({ "Effect": "Allow", "Action": "*", "Resource": "*" });
        let identities = [
            policy(json!([everything()])),
            policy(json!([
                everything(),
                { "Effect": "Deny", "Action": "lambda:*", "Resource": "arn:aws:lambda:*:*:function:ours-*" },
                { "Effect": "Deny", "Action": "*", "Resource": "*",
                  "Condition": { "Bool": { "aws:SecureTransport": "false" } } },
            ])),
            policy(json!([{ "Effect": "Allow", "NotAction": "iam:*", "Resource": "*" }])),
        ];
        let boundary = policy(json!([
            everything(),
            { "Effect": "Deny", "Action": "*", "Resource": "arn:aws:dynamodb:*:*:table/ours" },
        ]));
        let role: IdentityArn = "arn:aws:iam::111122223333:role/fn".parse().unwrap();
        let actions = [
            "lambda:InvokeFunction",
            "dynamodb:PutItem",
            "s3:GetObject",
            "iam:PassRole",
            "ec2:RunInstances",
            "a:B",
        ];
        let mut seen = 0;
        for (identity, boundary) in identities.iter().flat_map(|one| [(one, None), (one, Some(&boundary))]) {
            let identity = [identity];
            let policies = Policies { identity: &identity, boundary, ..Policies::default() };
            for action in actions {
                let action = action.parse().unwrap();
                let targets = EscalationTarget::Account.targets(&role, &action);
                let mut access = Access::new(&policies, &role).unwrap();
                let Some(question) = access.question(&action) else { continue };
                let Some(way) = access.without_search(&question, &targets) else { continue };
                let found = access.find(&question, &targets).unwrap().unwrap();
                assert_eq!(
                    (&way.request.resource, way.grant),
                    (&found.request.resource, found.grant),
                    "{action}"
                );
                assert_eq!(way.terms, found.terms, "{action}");
                assert!(access.search.confirms(&way.request), "{action}");
                seen += 1;
            }
        }
        assert!(seen > 20, "only {seen} answers without a search");
    }
}
