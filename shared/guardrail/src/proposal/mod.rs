//! A policy of what a role used: within what it has, no way to more rights, and honest about what nobody could see.
//!
//! How to call it:
//!
//! 1. [`Generated`]: what Access Analyzer answered. [`Generated::read`] takes the parts of a finished job's answer; where there is
//!    none, say why with [`Ungenerated`].
//! 2. [`History`]: [`History::new`], then [`History::count`] for each event's `CloudTrailEvent`, in any order and over any number
//!    of invocations (both types go through serde), then [`History::ended`] with how far the reading came:
//!    after every page that is [`Reading::of_every_page`].
//! 3. [`propose`] with the role as it is now (all its policies read), our boundary's document, and the [`Evidence`].
//!
//! What is not known is not unused: without evidence there is [`NoProposal`], and never a policy that only looks tight.
//!
//! What holds for every proposal, each held by a property over arbitrary roles and evidence:
//!
//! - It allows nothing that the role may not do now, and opens no known way to more rights.
//! - What was used stays allowed where it was seen to be used, unless it is told as left out. Resources are named by the calls of the
//!   sessions of its functions in the one Region whose history is read, and only where nobody else may assume the role.
//! - Its documents are such that IAM takes them; the boundary is within ours and cuts nothing of the policy that ours leaves.
//! - The order of the evidence does not show, and another call takes nothing away. Three exceptions are meant: a call of an action
//!   that completes a way to more rights; the first call that names what an action is used on, which Access Analyzer does not tell;
//!   and the first call of a service of which nothing but IAM's report told that it was used.

mod boundary;
mod candidate;
mod documents;
mod event_action;
mod evidence;
mod generated;
mod granted;
mod history;
mod keep;
mod left_out;
mod named_resources;
mod narrow;
mod statements;
mod unseen;

pub use boundary::{FittedBoundary, Leaves};
pub use candidate::{Candidate, Standing};
pub use evidence::{Completeness, Evidence, Period};
pub use generated::{Coverage, Generated, GeneratedPolicy, JobAnswer, Ungenerated};
pub use history::{Counted, History, Reading};
pub use keep::Keep;
pub use left_out::LeftOut;
pub use narrow::{Narrowing, StaysWide};

use crate::snapshot::{Document, RoleSnapshot};
use crate::trust::Trust;
use documents::Unwritable;
use granted::Granted;
use iam_policy::{ActionName, Containment, Policy, Request, within};
use keep::Keeper;
use narrow::Sessions;
use statements::Statements;
use std::collections::{BTreeMap, BTreeSet};

/// A policy that is to take the place of all policies of a role.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// The documents, together within what the role has now.
    pub documents: Vec<Policy>,
    /// A boundary for the role.
    pub boundary: FittedBoundary,
    /// What became of the `*` that used actions were granted on.
    pub narrowed: BTreeMap<ActionName, Narrowing>,
    /// What stays, and why.
    pub kept: BTreeMap<ActionName, Keep>,
    /// What goes.
    pub dropped: BTreeSet<ActionName>,
    /// What would open a way to more rights, and is not in the policy for that reason, used or not.
    pub left_out: BTreeMap<ActionName, LeftOut>,
    /// What AWS refused to the role. Nobody is given anything for having asked.
    pub candidates: Vec<Candidate>,
    /// What the role used and its policies do not allow now: they have changed, or somebody else's policy allows it.
    pub not_granted: BTreeSet<ActionName>,
    /// Services whose calls on data go too, because IAM knows no use of them in all the time that it reports about.
    pub never_used: BTreeSet<String>,
    /// Calls of which it is not known what action they take, as `source:Event`.
    pub unmapped: Vec<String>,
    /// What of the evidence was not understood.
    pub doubts: Vec<String>,
    /// Where the evidence comes from, a sentence for each source.
    pub sources: Vec<String>,
    /// The time that the evidence is about.
    pub period: Period,
    /// How much of it the evidence shows.
    pub completeness: Completeness,
}

/// Why there is no proposal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoProposal {
    /// Nothing was generated, and the event history was not read whole.
    #[error("there is not enough evidence of what the role used: {generated}; {history}")]
    NoEvidence {
        /// Why nothing was generated.
        generated: String,
        /// How far the history was read.
        history: String,
    },
    /// The role was not used in the time of the evidence.
    #[error("the role was not used in the {0} days of the evidence: remove it rather than narrow it")]
    NotUsed(i64),
    /// Policies of the role were not understood: what they grant would be lost.
    #[error("policies of the role were not understood: {}", .0.join("; "))]
    NotUnderstood(Vec<String>),
    /// Others than Lambda may assume the role, whose sessions the event history was not asked for.
    #[error("the event history was read by the names of functions, and others may assume the role too: {}", .0.join(", "))]
    UsedByOthers(Vec<String>),
    /// The role, or the evidence, is too young to conclude from.
    #[error(
        "the evidence since the role was made covers {0} of at least 14 days: what it does every second week would be lost"
    )]
    TooYoung(i64),
    /// The role has nothing that it does not need, as far as the evidence shows.
    #[error("everything that the role may do was used, or is of a kind that the evidence does not show")]
    NothingToDrop,
    /// Nothing would be left.
    #[error(
        "none of what the role may do was used, and nothing of it is of a kind that the evidence does not show"
    )]
    NothingLeft,
    /// The policy could not be shown to be within what the role has.
    #[error("it could not be shown that the policy allows nothing new: {0}")]
    NotProved(String),
    /// It takes more documents than a role may have.
    #[error("the policy would take {0} documents, more than a role may have")]
    TooLarge(usize),
    /// The policy would open a way to more rights, and no action was found that closes it.
    #[error("the policy would be dangerous: {0}")]
    Dangerous(String),
}

/// Makes a policy of what the role used, from the policies that it has.
///
/// # Errors
/// Why there is none. That is an answer to tell, not a failure.
pub fn propose(
    role: &RoleSnapshot,
    ours: &Document,
    evidence: &Evidence<'_>,
) -> Result<Proposal, NoProposal> {
    let (completeness, period) = enough(role, evidence)?;
    let keeper = Keeper::new(role, evidence, period);
    let granted = Granted::of(role, &keeper.named().collect()).map_err(NoProposal::NotUnderstood)?;
    let mut kept = keeper.kept(&granted.actions);
    let sessions = if others(role).is_empty() { Sessions::OfFunctions } else { Sessions::OfOthersToo };
    let statements = |kept: &BTreeMap<ActionName, Keep>| {
        Statements::of(&granted, &kept.keys().cloned().collect()).narrowed(kept, evidence.history, sessions)
    };
    let left_out = left_out::leave_out(role, &mut kept, |kept| statements(kept).0.policy().ok());
    if kept.is_empty() {
        return Err(NoProposal::NothingLeft);
    }
    let (statements, narrowed) = statements(&kept);
    let goes = |action: &&ActionName| !kept.contains_key(*action) && !left_out.contains_key(*action);
    let dropped: BTreeSet<ActionName> = granted.actions.iter().filter(goes).cloned().collect();
    let is_narrowed = narrowed.values().any(|narrowing| matches!(narrowing, Narrowing::To(_)));
    if dropped.is_empty() && left_out.is_empty() && !is_narrowed {
        return Err(NoProposal::NothingToDrop);
    }
    let documents = documents::documents(&statements, &granted)?;
    prove(role, &documents, &granted)?;
    let whole = statements.policy().map_err(|e| NoProposal::NotProved(e.to_string()))?;
    let not_granted: BTreeSet<ActionName> =
        keeper.named().filter(|action| !granted.actions.contains(action)).collect();
    // A boundary also holds back what the policies of resources grant to the role.
    let in_boundary = kept.keys().chain(&not_granted).cloned().collect();
    let never_used = dropped.iter().map(ActionName::service).filter(|service| keeper.was_never_used(service));
    Ok(Proposal {
        boundary: boundary::fitted(role, &whole, &in_boundary, ours),
        documents,
        narrowed,
        candidates: candidate::of(evidence.history, &granted, &kept),
        not_granted,
        never_used: never_used.map(str::to_owned).collect(),
        unmapped: evidence.history.unmapped().map(str::to_owned).collect(),
        doubts: doubts(evidence).into_iter().chain(granted.doubts).collect(),
        sources: evidence.in_words(),
        kept,
        dropped,
        left_out,
        period,
        completeness,
    })
}

/// Shows that the documents allow nothing that the role does not have, and open no way to more rights.
fn prove(role: &RoleSnapshot, documents: &[Policy], granted: &Granted<'_>) -> Result<(), NoProposal> {
    match within(&documents.iter().collect::<Vec<_>>(), &granted.policies) {
        Containment::Pass => {}
        Containment::Fail(example) => {
            let Request { action, resource, .. } = example.request;
            return Err(NoProposal::NotProved(format!("{action} on {resource}")));
        }
        Containment::Unknown(doubt) => return Err(NoProposal::NotProved(doubt.to_string())),
    }
    left_out::still_open(role, documents).map_or(Ok(()), |danger| Err(NoProposal::Dangerous(danger)))
}

impl From<Unwritable> for NoProposal {
    fn from(why: Unwritable) -> Self {
        match why {
            Unwritable::TooLarge(documents) => Self::TooLarge(documents),
            Unwritable::Refused(why) => Self::NotProved(why),
        }
    }
}

fn doubts(evidence: &Evidence<'_>) -> Vec<String> {
    let generated = match evidence.generated {
        Generated::Policy(policy) => policy.doubts().to_vec(),
        Generated::Nothing(_) => Vec::new(),
    };
    let history = match evidence.history.not_understood() {
        0 => None,
        records => Some(format!("{records} records of the event history")),
    };
    generated.into_iter().chain(history).collect()
}

/// Who else may assume the role than Lambda, in words.
fn others(role: &RoleSnapshot) -> Vec<String> {
    match Trust::of(&role.role) {
        Trust::Understood { others, .. } => others,
        Trust::NotUnderstood => vec!["whoever its trust policy lets in, which was not understood".to_owned()],
    }
}

/// Of less, nothing is concluded: a job that runs every second week would be taken for none.
const SHORTEST_EVIDENCE_DAYS: i64 = 14;

/// Whether there is evidence to go by, and of what time.
fn enough(role: &RoleSnapshot, evidence: &Evidence<'_>) -> Result<(Completeness, Period), NoProposal> {
    let Some(completeness) = Completeness::of(evidence) else {
        let generated = match evidence.generated {
            Generated::Nothing(why) => why.to_string(),
            Generated::Policy(_) => String::new(),
        };
        return Err(NoProposal::NoEvidence { generated, history: evidence.history.in_words() });
    };
    let period = match evidence.generated {
        Generated::Policy(policy) if evidence.history.is_read() => {
            policy.period().with(evidence.history.period())
        }
        Generated::Policy(policy) => policy.period(),
        Generated::Nothing(_) => evidence.history.period(),
    };
    // Nothing can be concluded from the time before the role was there.
    let period = Period { since: period.since.max(role.role.created), ..period };
    if period.days() < SHORTEST_EVIDENCE_DAYS {
        return Err(NoProposal::TooYoung(period.days()));
    }
    let is_called = match evidence.generated {
        Generated::Policy(policy) => policy.patterns().next().is_some(),
        Generated::Nothing(_) => false,
    };
    let is_called = is_called || evidence.history.made().next().is_some();
    if !is_called && role.role.last_used.is_none_or(|used| used < period.since) {
        return Err(NoProposal::NotUsed(period.days()));
    }
    let others = others(role);
    if completeness == Completeness::OneRegion && !others.is_empty() {
        return Err(NoProposal::UsedByOthers(others));
    }
    Ok((completeness, period))
}
