//! From patterns to actions and back.

use std::collections::BTreeSet;

use super::{Action, Catalogue, Service};
use crate::action::{ActionName, ActionPattern, ServicePart};

/// The actions that a pattern stands for.
#[derive(Debug, Clone)]
pub struct Expansion<'a> {
    /// Those that the catalogue lists, by service and name.
    pub listed: Vec<&'a Action>,
    /// Whether there may be more.
    pub openness: Openness,
}

/// Whether a pattern stands for actions that the catalogue does not list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Openness {
    /// It stands for what is listed, and for nothing else.
    Closed,
    /// It holds a wildcard, so that it also stands for every such action that AWS adds or that is not documented.
    Open,
    /// It names one action, which is not listed: new, undocumented or misspelt.
    Unlisted(ActionName),
}

impl Catalogue {
    /// The actions that `pattern` stands for, read as one glob over `service:Action`. Text that is no action
    /// pattern, such as `s3*`, stands for nothing.
    pub fn expand(&self, pattern: &ActionPattern) -> Expansion<'_> {
        if pattern.service_part() == ServicePart::Malformed {
            return Expansion { listed: Vec::new(), openness: Openness::Closed };
        }
        if let Some(name) = pattern.exact() {
            let listed: Vec<_> = self.action(&name).into_iter().collect();
            let openness = if listed.is_empty() { Openness::Unlisted(name) } else { Openness::Closed };
            return Expansion { listed, openness };
        }
        let services = match pattern.service() {
            Some(prefix) => self.service(prefix).map_or(&[][..], std::slice::from_ref),
            None => self.services(),
        };
        let actions = services.iter().flat_map(Service::actions);
        Expansion {
            listed: actions.filter(|action| pattern.matches(action.name())).collect(),
            openness: if pattern.has_wildcard() { Openness::Open } else { Openness::Closed },
        }
    }

    /// Few patterns that stand for exactly these actions among those that are listed. An action that is not
    /// listed is given by its name.
    ///
    /// For showing to people. A policy of such patterns grants more than the actions: also those that AWS adds
    /// under the same words.
    pub fn shrink<'n>(&self, actions: impl IntoIterator<Item = &'n ActionName>) -> Vec<ActionPattern> {
        let wanted: BTreeSet<&ActionName> = actions.into_iter().collect();
        let is_complete =
            |service: &Service| service.actions().iter().all(|action| wanted.contains(action.name()));
        let unlisted = wanted.iter().filter(|name| self.action(name).is_none());
        let unlisted = unlisted.map(|name| ActionPattern::new(name.as_str()));
        if !wanted.is_empty() && self.services().iter().all(is_complete) {
            return std::iter::once(ActionPattern::new("*")).chain(unlisted).collect();
        }
        let services: BTreeSet<&str> = wanted.iter().map(|name| name.service()).collect();
        let services = services.into_iter().filter_map(|prefix| self.service(prefix));
        services.flat_map(|service| shrink_service(service, &wanted)).chain(unlisted).collect()
    }
}

/// The patterns for the wanted actions of one service: the shortest prefixes, at the end of a word, under which
/// every action is wanted.
fn shrink_service(service: &Service, wanted: &BTreeSet<&ActionName>) -> Vec<ActionPattern> {
    let mut patterns = Vec::new();
    let mut rest = service.actions();
    while let Some((first, after)) = rest.split_first() {
        if !wanted.contains(first.name()) {
            rest = after;
            continue;
        }
        let is_worth_it = |prefix: &&str| {
            let all = under(service.actions(), prefix);
            all.len() > 1 && all.iter().all(|action| wanted.contains(action.name()))
        };
        let (pattern, covered) = match prefixes(first.name()).find(is_worth_it) {
            Some(prefix) => (format!("{prefix}*"), under(rest, prefix).len()),
            None => (first.name().to_string(), 1),
        };
        patterns.push(ActionPattern::new(&pattern));
        rest = rest.get(covered..).unwrap_or_default();
    }
    patterns
}

/// The actions whose names start with `prefix`, whatever the letter case.
fn under<'a>(actions: &'a [Action], prefix: &str) -> &'a [Action] {
    let prefix = prefix.to_ascii_lowercase();
    let start = actions.partition_point(|action| *action.name().folded() < *prefix);
    let rest = actions.get(start..).unwrap_or_default();
    let length = rest.partition_point(|action| action.name().folded().starts_with(&prefix));
    rest.get(..length).unwrap_or_default()
}

/// `s3:`, `s3:Get`, `s3:GetObject` … of `s3:GetObjectAcl`: the name up to every capital that starts a word.
fn prefixes(name: &ActionName) -> impl Iterator<Item = &str> {
    let text = name.as_str();
    let bytes = text.as_bytes();
    let starts_word = |at: &usize| {
        let [before, here] = [at - 1, *at].map(|at| bytes.get(at).copied().unwrap_or_default());
        before == b':' || (here.is_ascii_uppercase() && !before.is_ascii_uppercase())
    };
    (1..text.len()).filter(starts_word).filter_map(|at| text.get(..at))
}
