use super::event_action::service_of;
use super::unseen::why_unseen;
use super::{Evidence, Period};
use crate::last_accessed::{Grants, UnusedFor};
use crate::snapshot::RoleSnapshot;
use iam_policy::catalogue::AccessLevel;
use iam_policy::{ActionName, ActionPattern, Catalogue};
use jiff::SignedDuration;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Why an action that the role has now is in the proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Keep {
    /// The role called it.
    Used,
    /// A call on data: CloudTrail's management events do not show it.
    DataEvent,
    /// `iam:PassRole` is part of another call.
    Passing,
    /// Lambda does it for the function, in sessions of its own.
    ByLambda,
    /// Lambda may read the function's event sources with it, in sessions of its own.
    ByEventSource,
    /// It is a permission of another protocol than AWS's API.
    NoCall,
    /// The role made resources of the service, and tags given with the making are not told apart.
    TagsOnCreation,
    /// The service was used, by IAM's report or by what Access Analyzer tells, and nothing tells by which calls.
    ServiceInUse,
    /// The role made calls of the service of which it is not known what action they take.
    CallNotMapped,
    /// The catalogue does not list it, so that it is not known how its use would show.
    NotListed,
}

impl Keep {
    /// Whether a use of it is an attempt that IAM reports for the service, so that a service in use has its explanation.
    fn shows_in_a_report(self) -> bool {
        match self {
            Self::Passing | Self::NoCall | Self::NotListed => false,
            Self::Used
            | Self::DataEvent
            | Self::ByLambda
            | Self::ByEventSource
            | Self::TagsOnCreation
            | Self::ServiceInUse
            | Self::CallNotMapped => true,
        }
    }

    /// In words that follow "kept".
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Used => "because the role used it",
            Self::DataEvent => "because calls on data are not in the evidence",
            Self::Passing => "because handing over a role is not in the evidence",
            Self::ByLambda => "because Lambda does it for the function, which the evidence may not show",
            Self::ByEventSource => {
                "because Lambda may read event sources with it, which the evidence may not show"
            }
            Self::NoCall => "because it is no call that CloudTrail records",
            Self::TagsOnCreation => "because tags given while something is made are not told apart",
            Self::ServiceInUse => "because the service was used, and nothing tells by which calls",
            Self::CallNotMapped => "because some calls of the service could not be told",
            Self::NotListed => "because it is not in the catalogue of actions",
        }
    }
}

/// Sweeps ask for a report once a week.
const OLDEST_REPORT: SignedDuration = SignedDuration::from_hours(8 * 24);

/// What the evidence says of actions.
pub(super) struct Keeper<'a> {
    evidence: &'a Evidence<'a>,
    period: Period,
    patterns: Vec<ActionPattern>,
    /// Of which IAM knows no use in all the time that it reports about.
    never_used: BTreeSet<&'a str>,
    /// With calls that are no action of the catalogue.
    unmapped: BTreeSet<String>,
}

impl<'a> Keeper<'a> {
    pub(super) fn new(role: &'a RoleSnapshot, evidence: &'a Evidence<'a>, period: Period) -> Self {
        let patterns = match evidence.generated {
            super::Generated::Policy(policy) => policy.patterns().collect(),
            super::Generated::Nothing(_) => Vec::new(),
        };
        // A report that is much older than the end of the evidence tells nothing of what came after it.
        let report =
            evidence.last_accessed.filter(|known| period.until.duration_since(known.as_of) <= OLDEST_REPORT);
        let unused = report.map(|known| known.unused(role.role.created, Some(Grants::of(role))));
        let services = unused.into_iter().flat_map(|unused| unused.services);
        let never_used = services
            .filter(|service| service.unused_for == UnusedFor::Ever)
            .map(|service| service.name)
            .collect();
        let unmapped = evidence.history.unmapped();
        let unmapped =
            unmapped.filter_map(|call| call.split_once(':')).map(|(source, _)| service_of(source)).collect();
        let mut keeper = Self { evidence, period, patterns, never_used, unmapped };
        // A call that was seen is newer than IAM's report.
        keeper.never_used =
            keeper.never_used.iter().copied().filter(|service| !keeper.saw_call_of(service)).collect();
        keeper
    }

    /// Whether the role made a call that takes the action.
    pub(super) fn is_used(&self, action: &ActionName) -> bool {
        let is_it = |pattern: &ActionPattern| !pattern.has_wildcard() && pattern.matches(action);
        self.evidence.history.on(action).is_some() || self.patterns.iter().any(is_it)
    }

    fn saw_call_of(&self, service: &str) -> bool {
        self.evidence.history.made().any(|(action, _)| action.service() == service)
            || self.patterns.iter().any(|pattern| pattern.service().is_none_or(|named| named == service))
    }

    /// The actions that the evidence names one by one.
    pub(super) fn named(&self) -> impl Iterator<Item = ActionName> {
        let generated = match self.evidence.generated {
            super::Generated::Policy(policy) => Some(policy.named()),
            super::Generated::Nothing(_) => None,
        };
        let made = self.evidence.history.made().map(|(action, _)| action.clone());
        generated.into_iter().flatten().chain(made)
    }

    /// Those of the granted actions that stay, and why.
    pub(super) fn kept(&self, granted: &BTreeSet<ActionName>) -> BTreeMap<ActionName, Keep> {
        let mut kept: BTreeMap<ActionName, Keep> =
            granted.iter().filter_map(|action| Some((action.clone(), self.reason(action)?))).collect();
        let creating = creating_services(&kept);
        let explained: BTreeSet<String> = kept
            .iter()
            .filter(|(_, why)| why.shows_in_a_report())
            .map(|(action, _)| action.service().to_owned())
            .collect();
        let assumes = kept.keys().any(|action| action.folded().starts_with("sts:assumerole"));
        for action in granted {
            let of_service = || {
                if assumes && goes_with_assuming(action) {
                    return Some(Keep::NoCall);
                }
                let is_tagging = || level(action) == Some(AccessLevel::Tagging) && !takes_tags_away(action);
                if creating.contains(action.service()) && is_tagging() {
                    return Some(Keep::TagsOnCreation);
                }
                let is_explained = explained.contains(action.service());
                (!is_explained && self.is_service_in_use(action.service())).then_some(Keep::ServiceInUse)
            };
            if !kept.contains_key(action)
                && let Some(why) = of_service()
            {
                kept.insert(action.clone(), why);
            }
        }
        kept
    }

    /// What the action alone tells.
    fn reason(&self, action: &ActionName) -> Option<Keep> {
        if self.is_used(action) {
            return Some(Keep::Used);
        }
        if self.unmapped.contains(action.service()) {
            return Some(Keep::CallNotMapped);
        }
        if self.patterns.iter().any(|pattern| pattern.matches(action)) {
            return Some(Keep::ServiceInUse);
        }
        let unseen = why_unseen(action).or_else(|| level(action).is_none().then_some(Keep::NotListed));
        // IAM's report tells nothing of what is no call to a service; and what Lambda does before a function runs for the first time
        // or writes once in a year is too little to lose.
        let is_reported = !matches!(unseen, Some(Keep::Passing | Keep::NoCall | Keep::ByLambda));
        unseen.filter(|_| !is_reported || !self.never_used.contains(action.service()))
    }

    /// Whether IAM reports an attempt in the time of the evidence.
    fn is_service_in_use(&self, service: &str) -> bool {
        let last = self.evidence.last_accessed.and_then(|known| known.last_attempt(service));
        last.is_some_and(|last| last >= self.period.since)
    }

    /// Whether the service's calls on data were left out because IAM knows no use of the service.
    pub(super) fn was_never_used(&self, service: &str) -> bool {
        self.never_used.contains(service)
    }
}

/// None for an action that the catalogue does not list.
pub(super) fn level(action: &ActionName) -> Option<AccessLevel> {
    Catalogue::bundled().action(action).map(|listed| listed.level())
}

fn takes_tags_away(action: &ActionName) -> bool {
    ["delete", "remove", "untag"].iter().any(|word| action.folded().contains(word))
}

/// Permissions that `sts:AssumeRole` asks for beside its own, where a session gets tags, a source identity or a context
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html>). There is no call of these names.
fn goes_with_assuming(action: &ActionName) -> bool {
    ["sts:tagsession", "sts:setsourceidentity", "sts:setcontext"].contains(&action.folded())
}

/// Services in which the role made something.
pub(super) fn creating_services(kept: &BTreeMap<ActionName, Keep>) -> BTreeSet<String> {
    let used = kept.iter().filter(|(_, why)| **why == Keep::Used).map(|(action, _)| action);
    used.filter(|action| makes_resources(action)).map(|action| action.service().to_owned()).collect()
}

/// Whether the next call of the action is about a resource that is not there yet.
pub(super) fn makes_resources(action: &ActionName) -> bool {
    const MAKING: [&str; 8] =
        ["Allocate", "Copy", "Create", "Import", "Register", "Request", "Restore", "Run"];
    let name = action.as_str().split_once(':').map_or("", |(_, name)| name);
    MAKING.iter().any(|word| name.starts_with(word)) || puts_resources(action, name)
}

/// `PutRule`, `PutMetricAlarm`, `PutParameter`: the first call makes what the word after `Put` says.
fn puts_resources(action: &ActionName, name: &str) -> bool {
    let Some(what) = name.strip_prefix("Put").map(str::to_ascii_lowercase) else { return false };
    let service = Catalogue::bundled().service(action.service());
    let kinds = service.into_iter().flat_map(|service| service.resource_types());
    let mut kinds = kinds.map(|kind| kind.name().replace(['-', '_'], "").to_ascii_lowercase());
    kinds.any(|kind| kind.starts_with(&what) || what.ends_with(&kind))
}
