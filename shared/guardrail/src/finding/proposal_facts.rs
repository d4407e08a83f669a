use super::about_role::shortened;
use crate::proposal::{
    Candidate, Completeness, FittedBoundary, Keep, Leaves, LeftOut, Narrowing, Proposal, StaysWide,
};
use iam_policy::{ActionName, ActionPattern, Catalogue, Policy};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The policy that is to take the place of all policies of the role, with what it is made from. Lists are cut where a finding would
/// become too long for SNS; `granted`, `allowed` and the counts never are.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProposalFacts {
    /// The beginning of the evidence.
    pub since: Timestamp,
    /// Its end.
    pub until: Timestamp,
    /// How much of what the role did the evidence shows.
    pub completeness: Completeness,
    /// Where the evidence comes from, a sentence for each source.
    pub sources: Vec<String>,
    /// How many actions of AWS's catalogue the role may do now.
    pub granted: usize,
    /// How many of them it may do with the policy.
    pub allowed: usize,
    /// The policy: one document or, where it is too long for one, several, each of which IAM takes as a managed policy.
    pub documents: Vec<Value>,
    /// A permissions boundary for this role, within Ringfence's; `null` where none was found.
    pub boundary: Option<FittedFacts>,
    /// Why there is none; `null` where there is one.
    pub no_boundary: Option<String>,
    /// The change, service by service: first those that stay.
    pub services: Vec<ServiceFacts>,
    /// How many more services go whole, which `services` does not name.
    pub more_services: usize,
    /// What would open a way to more rights and is not in the policy for that reason, used or not.
    pub left_out: Vec<LeftOutFacts>,
    /// Actions that were granted on every resource.
    pub narrowed: Vec<NarrowedFacts>,
    /// Calls that AWS refused. Nobody is given anything for having asked.
    pub candidates: Vec<Candidate>,
    /// What the role used and its policies do not allow now.
    pub not_granted: Vec<String>,
    /// Services whose calls on data go, because IAM knows no use of them in at least 400 days.
    pub never_used: Vec<String>,
    /// Calls, as `source:Event`, of which it is not known what action they take.
    pub unmapped: Vec<String>,
    /// How many entries of `left_out`, `narrowed`, `candidates`, `not_granted`, `never_used` and `unmapped` are not shown.
    pub not_shown: usize,
}

/// A permissions boundary for the role.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FittedFacts {
    /// What it says.
    pub document: Value,
    /// What it leaves of the policy.
    pub leaves: Leaves,
}

/// The change in one service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ServiceFacts {
    /// The prefix of its actions.
    pub service: String,
    /// How many of its actions the role may do now.
    pub granted: usize,
    /// How many of them stay.
    pub kept_count: usize,
    /// Those that stay, by reason.
    pub kept: BTreeMap<Keep, Vec<String>>,
    /// How many of them go.
    pub dropped_count: usize,
    /// Those that go, in patterns that stand for no other action of the catalogue that the role has.
    pub dropped: Vec<String>,
}

/// An action that is left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LeftOutFacts {
    /// The action.
    pub action: String,
    /// Why it would have stayed.
    pub because: Keep,
    /// The way that it is part of.
    pub way: String,
    /// What somebody with the role could do, in words that follow "can".
    pub how: String,
}

/// What became of the `*` that an action was granted on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NarrowedFacts {
    /// The action.
    pub action: String,
    /// The resources that it is granted on; empty where it stays granted on all.
    pub resources: Vec<String>,
    /// Why it stays; `null` where it does not.
    pub stays_wide: Option<StaysWide>,
}

/// SNS takes 256 KB of a message, in which this stands as a string inside a string beside the e-mail.
const LARGEST: usize = 110_000;

/// How much of each list is shown.
#[derive(Debug, Clone, Copy)]
struct Most {
    services: usize,
    actions: usize,
    patterns: usize,
    entries: usize,
    resources: usize,
}

impl Most {
    const USUALLY: Self = Self { services: 60, actions: 60, patterns: 12, entries: 40, resources: 40 };
    const OF_A_LONG_ONE: Self = Self { services: 30, actions: 12, patterns: 6, entries: 20, resources: 5 };
    const OF_THE_LONGEST: Self = Self { services: 10, actions: 3, patterns: 3, entries: 10, resources: 1 };
}

impl ProposalFacts {
    /// What the finding shows of a proposal.
    #[must_use]
    pub fn of(proposal: &Proposal) -> Self {
        let fits = |facts: &Self| serde_json::to_string(facts).is_ok_and(|json| json.len() <= LARGEST);
        let shorter =
            [Most::USUALLY, Most::OF_A_LONG_ONE].into_iter().map(|most| Self::showing(most, proposal));
        shorter.into_iter().find(fits).unwrap_or_else(|| Self::showing(Most::OF_THE_LONGEST, proposal))
    }

    fn showing(most: Most, proposal: &Proposal) -> Self {
        let mut services = services(proposal, most);
        let more_services = services.len().saturating_sub(most.services);
        services.truncate(most.services);
        let (boundary, no_boundary) = match &proposal.boundary {
            FittedBoundary::Document { policy, leaves } => {
                (Some(FittedFacts { document: policy.to_value(), leaves: *leaves }), None)
            }
            FittedBoundary::Missing(why) => (None, Some(why.clone())),
        };
        let mut shown = Shown { most, not_shown: 0 };
        Self {
            since: proposal.period.since,
            until: proposal.period.until,
            completeness: proposal.completeness,
            sources: proposal.sources.iter().map(|source| shortened(source)).collect(),
            granted: proposal.kept.len() + proposal.dropped.len() + proposal.left_out.len(),
            allowed: proposal.kept.len(),
            documents: proposal.documents.iter().map(Policy::to_value).collect(),
            boundary,
            no_boundary,
            services,
            more_services,
            left_out: shown.of(proposal.left_out.iter().map(left_out)),
            narrowed: shown.of(proposal.narrowed.iter().map(|entry| narrowed(entry, most))),
            candidates: shown.of(proposal.candidates.iter().map(|candidate| refused(candidate, most))),
            not_granted: shown.of(proposal.not_granted.iter().map(ToString::to_string)),
            never_used: shown.of(proposal.never_used.iter().cloned()),
            unmapped: shown.of(proposal.unmapped.iter().map(|call| shortened(call))),
            not_shown: shown.not_shown,
        }
    }
}

/// Cuts lists and counts what it cuts.
struct Shown {
    most: Most,
    not_shown: usize,
}

impl Shown {
    fn of<T>(&mut self, entries: impl Iterator<Item = T>) -> Vec<T> {
        let mut entries: Vec<T> = entries.collect();
        self.not_shown += entries.len().saturating_sub(self.most.entries);
        entries.truncate(self.most.entries);
        entries
    }
}

/// Those of which something stays first, each kind by name.
fn services(proposal: &Proposal, most: Most) -> Vec<ServiceFacts> {
    let mut names: BTreeSet<&str> = proposal.kept.keys().map(ActionName::service).collect();
    names.extend(proposal.dropped.iter().chain(proposal.left_out.keys()).map(ActionName::service));
    let mut services: Vec<ServiceFacts> =
        names.into_iter().map(|name| service(proposal, name, most)).collect();
    services.sort_by_key(|service| service.kept_count == 0);
    services
}

fn service(proposal: &Proposal, name: &str, most: Most) -> ServiceFacts {
    let is_of_it = |action: &&ActionName| action.service() == name;
    let mut kept: BTreeMap<Keep, Vec<String>> = BTreeMap::new();
    let staying = proposal.kept.iter().filter(|(action, _)| is_of_it(action));
    for (action, why) in staying.clone().take(most.actions) {
        kept.entry(*why).or_default().push(action.to_string());
    }
    let dropped: BTreeSet<&ActionName> = proposal.dropped.iter().filter(is_of_it).collect();
    let left_out = proposal.left_out.keys().filter(is_of_it).count();
    let patterns = Catalogue::bundled().shrink(dropped.iter().copied());
    let kept_count = staying.count();
    ServiceFacts {
        service: name.to_owned(),
        granted: kept_count + dropped.len() + left_out,
        kept_count,
        kept,
        dropped_count: dropped.len(),
        dropped: patterns.iter().take(most.patterns).map(ActionPattern::to_string).collect(),
    }
}

fn left_out((action, why): (&ActionName, &LeftOut)) -> LeftOutFacts {
    LeftOutFacts { action: action.to_string(), because: why.keep, way: why.way.clone(), how: why.how.clone() }
}

fn narrowed((action, narrowing): (&ActionName, &Narrowing), most: Most) -> NarrowedFacts {
    let (resources, stays_wide) = match narrowing {
        Narrowing::To(resources) => (resources.iter().take(most.resources).cloned().collect(), None),
        Narrowing::Stays(why) => (Vec::new(), Some(*why)),
    };
    NarrowedFacts { action: action.to_string(), resources, stays_wide }
}

fn refused(candidate: &Candidate, most: Most) -> Candidate {
    let resources = candidate.resources.iter().take(most.resources).cloned().collect();
    Candidate { resources, ..candidate.clone() }
}
