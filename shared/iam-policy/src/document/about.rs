//! Which statements of a policy are about an action.
//!
//! Worked out once per document and kept with it, because one document is asked about hundreds of actions, for every
//! role that it is attached to.

use std::collections::HashMap;
use std::fmt;
use std::sync::OnceLock;

use super::{ActionElement, Policy, Statement};
use crate::action::{ActionName, ActionPattern, ServicePart};
use crate::catalogue::{AccessLevel, Action, Catalogue, Service};
use crate::evaluate::matching::{Match, Undocumented};

/// Actions that change something.
type Changes = Box<[&'static Action]>;

/// The action patterns of a document, by the service that they name.
#[derive(Debug)]
pub(super) struct Index {
    services: HashMap<Box<str>, Named>,
    /// The marks of all services: one that is not among them need not be looked up.
    marks: u64,
    /// Patterns that name no service.
    unbound: Vec<Place>,
    /// The statements with NotAction.
    all_but: Vec<usize>,
}

/// The patterns that name one service.
#[derive(Debug, Default)]
struct Named {
    /// The statements that name an action without wildcards, by the action in lower case.
    exact: HashMap<Box<str>, Vec<usize>>,
    wild: Vec<Place>,
}

/// Where a pattern stands.
#[derive(Debug, Clone, Copy)]
struct Place {
    statement: usize,
    pattern: usize,
}

/// What is worked out of a document when it is first asked for. It says nothing that the document does not say, and so
/// it never tells two documents apart.
#[derive(Default)]
pub(crate) struct Derived {
    index: OnceLock<Index>,
    /// By statement.
    changes: OnceLock<Box<[Option<Changes>]>>,
}

impl Clone for Derived {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Derived {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl fmt::Debug for Derived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Derived")
    }
}

impl Index {
    fn of(policy: &Policy) -> Self {
        let mut index = Self { services: HashMap::new(), marks: 0, unbound: Vec::new(), all_but: Vec::new() };
        for (statement, element) in policy.statements().iter().map(Statement::action).enumerate() {
            if let ActionElement::NotAction(_) = element {
                index.all_but.push(statement);
            }
            for (place, pattern) in element.patterns().iter().enumerate() {
                let place = Place { statement, pattern: place };
                match (pattern.service_part(), pattern.service(), pattern.exact()) {
                    // It stands for nothing.
                    (ServicePart::Malformed, ..) => {}
                    (_, Some(service), Some(name)) => {
                        let named = index.named(service);
                        let statements = named.exact.entry(name.folded().into()).or_default();
                        if statements.last() != Some(&statement) {
                            statements.push(statement);
                        }
                    }
                    (_, Some(service), None) => index.named(service).wild.push(place),
                    (_, None, _) => index.unbound.push(place),
                }
            }
        }
        index
    }

    fn named(&mut self, service: &str) -> &mut Named {
        self.marks |= mark(service);
        self.services.entry(service.into()).or_default()
    }

    /// Whether it is clear without a look that no statement is about an action of a service with this mark.
    fn is_silent_on(&self, mark: u64) -> bool {
        self.marks & mark == 0 && self.unbound.is_empty() && self.all_but.is_empty()
    }

    /// The statements that list the action, in order, each once, and what their lists say of it.
    fn listing<'p>(&self, policy: &'p Policy, action: &ActionName) -> Vec<(&'p Statement, Match)> {
        let named = self.services.get(action.service());
        let wild = named.into_iter().flat_map(|named| &named.wild).chain(&self.unbound);
        let wild = wild.filter_map(|place| {
            let statement = policy.statements().get(place.statement)?;
            let pattern = statement.action().patterns().get(place.pattern)?;
            let said = match pattern.service_part() {
                ServicePart::Wildcard => Match::Silent(Undocumented::ServiceWildcard),
                ServicePart::Every | ServicePart::Named | ServicePart::Malformed => Match::Yes,
            };
            pattern.matches(action).then_some((statement, said))
        });
        let exact = named.and_then(|named| named.exact.get(action.folded())).into_iter().flatten();
        let exact = exact.filter_map(|statement| Some((policy.statements().get(*statement)?, Match::Yes)));
        let mut listing: Vec<(&Statement, Match)> = exact.chain(wild).collect();
        // Of one statement what is certain comes first.
        if listing.len() > 1 {
            listing.sort_unstable_by_key(|(statement, said)| (statement.index(), *said != Match::Yes));
            listing.dedup_by_key(|(statement, _)| statement.index());
        }
        listing
    }

    /// Turns what the lists say into what the elements say: NotAction means what it does not list.
    fn turn_all_but<'p>(&self, policy: &'p Policy, said: &mut Vec<(&'p Statement, Match)>) {
        let mut others = Vec::new();
        for place in &self.all_but {
            match said.binary_search_by_key(place, |(statement, _)| statement.index()) {
                Ok(listed) => said.iter_mut().skip(listed).take(1).for_each(|(_, said)| *said = said.not()),
                Err(_) => others.extend(policy.statements().get(*place).map(|one| (one, Match::Yes))),
            }
        }
        said.extend(others);
        said.retain(|(_, said)| *said != Match::No);
        said.sort_unstable_by_key(|(statement, _)| statement.index());
    }
}

/// What tells services apart in part: one of 64 bits, for telling cheaply that a service is not there.
pub(crate) fn mark(service: &str) -> u64 {
    let sum = service.bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
    1 << (sum % 61)
}

impl Policy {
    /// The statements that are or may be about the action, in order, and what their Action element says of it. Where
    /// the guide is silent they may be.
    pub(crate) fn said_of(&self, action: &ActionName) -> Vec<(&Statement, Match)> {
        self.said_of_marked(action, mark(action.service()))
    }

    /// The same with the mark of the action's service, for those who ask many documents about one action.
    pub(crate) fn said_of_marked(&self, action: &ActionName, mark: u64) -> Vec<(&Statement, Match)> {
        let index = self.derived.index.get_or_init(|| Index::of(self));
        if index.is_silent_on(mark) {
            return Vec::new();
        }
        let mut said = index.listing(self, action);
        if !index.all_but.is_empty() {
            index.turn_all_but(self, &mut said);
        }
        said
    }

    /// The statements to look at for a request with the action: those about it where an index was made already, and
    /// all where not, because to make one for a single question would take longer.
    pub(crate) fn candidates_for(&self, action: &ActionName) -> impl Iterator<Item = &Statement> {
        let index = self.derived.index.get();
        let all = if index.is_none() { self.statements() } else { &[] };
        let said = index.map(|_| self.said_of(action)).unwrap_or_default();
        all.iter().chain(said.into_iter().map(|(statement, _)| statement))
    }

    /// The actions of the catalogue that a statement of this document lists and that do more than list and read, in the
    /// order of its patterns. Nothing for NotAction and for a pattern that names no service: those stand for too many.
    pub fn changes_listed(&self, statement: usize) -> Option<&[&'static Action]> {
        let work_out = || self.statements().iter().map(|statement| changes_of(statement.action())).collect();
        let changes = self.derived.changes.get_or_init(work_out);
        changes.get(statement)?.as_deref()
    }

    /// The statements whose Action element covers the action, in order: patterns as they are read, so that `*:*` covers
    /// all.
    pub fn statements_about(&self, action: &ActionName) -> impl Iterator<Item = &Statement> {
        let covers = |(statement, said): &(&Statement, Match)| match statement.action() {
            ActionElement::Action(_) => true,
            ActionElement::NotAction(_) => *said == Match::Yes,
        };
        self.said_of(action).into_iter().filter(covers).map(|(statement, _)| statement)
    }
}

fn changes_of(element: &ActionElement) -> Option<Changes> {
    let catalogue = Catalogue::bundled();
    let ActionElement::Action(patterns) = element else { return None };
    if patterns.iter().any(|pattern| pattern.service().is_none()) {
        return None;
    }
    let does_change = |action: &&Action| match action.level() {
        AccessLevel::Write | AccessLevel::Tagging | AccessLevel::PermissionsManagement => true,
        AccessLevel::List | AccessLevel::Read => false,
    };
    let listed = |pattern: &ActionPattern| -> Vec<&'static Action> {
        let of_service = || pattern.service().and_then(|prefix| catalogue.service(prefix));
        match pattern.exact() {
            Some(name) => catalogue.action(&name).filter(does_change).into_iter().collect(),
            None => {
                let actions = of_service().into_iter().flat_map(Service::actions).filter(does_change);
                actions.filter(|action| pattern.matches(action.name())).collect()
            }
        }
    };
    Some(patterns.iter().flat_map(listed).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::evaluate::matching;

    #[test]
    fn the_index_says_what_the_elements_say() {
        let elements = [
            json!({ "Action": ["s3:GetObject", "S3:Get*", "ec2:*"] }),
            json!({ "NotAction": ["s3:PutObject", "iam:*"] }),
            json!({ "Action": "*" }),
            json!({ "Action": ["*:*", "s3:PutObject"] }),
            json!({ "NotAction": "s*:Get*" }),
            json!({ "NotAction": ["s*:Get*", "s3:GetObject"] }),
            json!({ "Action": ["s3*", "s3", "iam:", "", "iam:PassRol?"] }),
            json!({ "NotAction": [] }),
            json!({ "Action": [] }),
            json!({ "Action": ["sqs:a?c", "?qs:abc"] }),
        ];
        let statements: Vec<_> = elements
            .into_iter()
            .map(|mut statement| {
                statement["Effect"] = "Allow".into();
                statement["Resource"] = "*".into();
                statement
            })
            .collect();
        let policy =
            Policy::from_value(&json!({ "Version": "2012-10-17", "Statement": statements })).unwrap();
        for action in ["s3:GetObject", "S3:getobject", "s3:PutObject", "iam:PassRole", "sqs:abc", "new:Thing"]
        {
            let action: ActionName = action.parse().unwrap();
            let one_by_one = policy
                .statements()
                .iter()
                .map(|statement| (statement.index(), matching::action(statement.action(), &action)));
            let one_by_one: Vec<_> = one_by_one.filter(|(_, said)| *said != Match::No).collect();
            let said: Vec<_> = policy
                .said_of(&action)
                .into_iter()
                .map(|(statement, said)| (statement.index(), said))
                .collect();
            assert_eq!(said, one_by_one, "{action}");
            let covering = policy.statements().iter().filter(|statement| match statement.action() {
                ActionElement::Action(patterns) => patterns.iter().any(|pattern| pattern.matches(&action)),
                ActionElement::NotAction(patterns) => {
                    !patterns.iter().any(|pattern| pattern.matches(&action))
                }
            });
            assert!(policy.statements_about(&action).eq(covering), "{action}");
        }
    }
}
