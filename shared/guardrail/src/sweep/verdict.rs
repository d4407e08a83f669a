use crate::assess::{Approval, Assessment};
use crate::decide::{BoundaryDocument, Case, Decision, Report};
use crate::exemption::Exemption;
use crate::finding::{AboutRole, Outcome};
use crate::last_accessed::LastAccessed;
use crate::record::RoleRecord;
use crate::snapshot::{Boundary, Document, RoleSnapshot};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// From when on an open intent has nobody any more who works on it: Lambda retries an asynchronous invocation twice, a minute and
/// then two after it failed (<https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>).
pub const INTENT_LEFT_OPEN: SignedDuration = SignedDuration::from_mins(15);

/// What the ledger and the operators say about one role: what [`crate::decide::decide`] takes besides the role.
#[derive(Debug, Clone, Copy)]
pub struct LedgerView<'a> {
    /// Its record; none where the ledger knows none. One of a namesake that was deleted counts for nothing.
    pub record: Option<&'a RoleRecord>,
    /// The exemption that covers it.
    pub exemption: Option<&'a Exemption>,
    /// Whether its boundary, where it is ours or approved, says what it should.
    pub boundary_document: BoundaryDocument,
    /// What IAM reported of its use; none where the ledger knows nothing of that.
    pub last_accessed: Option<&'a LastAccessed>,
}

/// What the sweep concludes about a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SweepVerdict {
    /// The role is as it should be or as it was told, or somebody is at work on it: no message is sent.
    Nothing,
    /// The role needs a look.
    Queue(WhyQueued),
}

/// Why a role needs a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhyQueued {
    /// It has no boundary, and no finding told that yet, or it is to be given one.
    BoundaryAbsent,
    /// It has a boundary that is neither ours nor approved, and no finding told that yet, or it is to be replaced.
    BoundaryUnapproved,
    /// The policy of its boundary is gone, and no finding told that yet.
    BoundaryDangling,
    /// Its boundary, ours or approved, does not say what was shipped or approved. One role is queued for each such policy: the
    /// finding is about the policy.
    BoundaryWeakened,
    /// It has an accepted boundary that the ledger does not know: once noted, its loss is noticed.
    BoundaryUnrecorded,
    /// Its state is not the one that was told last: AWS changed one of its own policies, or an event was missed.
    NewState,
    /// Its state is not the one that was told last, and a function has it that the ledger does not know with it.
    NewFunction,
    /// What was told about it is over.
    ResolvedMeanwhile,
    /// A write was begun and not told, and nobody is left to do it.
    IntentLeftOpen,
}

/// All that a verdict goes by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) case: &'a Case<'a>,
    pub(super) snapshot: &'a RoleSnapshot,
    /// As a review makes it: with the functions of the ledger. With more, the state would never be the one that was told.
    pub(super) assessment: &'a Assessment,
    pub(super) approval: Approval,
    pub(super) ours: &'a Boundary,
    pub(super) functions: Functions,
}

/// Whether the ledger knows the role with all functions that have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Functions {
    /// It does.
    Known,
    /// There are others.
    SomeNew,
}

pub(super) fn verdict(seen: &Seen<'_>, decision: &Decision) -> SweepVerdict {
    if let Some(verdict) = of_open_intent(seen.case) {
        return verdict;
    }
    if matches!(decision, Decision::Report(Report { outcome: Outcome::BoundaryEdited, .. })) {
        return SweepVerdict::Queue(WhyQueued::BoundaryWeakened);
    }
    if matches!(decision, Decision::Remediate(_)) {
        return SweepVerdict::Queue(about_the_boundary(seen).unwrap_or(WhyQueued::NewState));
    }
    match about(seen).news(decision) {
        Some(Outcome::Resolved) => SweepVerdict::Queue(WhyQueued::ResolvedMeanwhile),
        Some(_) => SweepVerdict::Queue(why_new(seen)),
        None if is_unrecorded(seen) => SweepVerdict::Queue(WhyQueued::BoundaryUnrecorded),
        None => SweepVerdict::Nothing,
    }
}

/// The verdict over a role with an open intent, whatever else is true of it; none where no intent is open.
pub(super) fn of_open_intent(case: &Case<'_>) -> Option<SweepVerdict> {
    let intent = case.record.intent.as_ref()?;
    let is_left_open = case.now.duration_since(intent.opened_at) >= INTENT_LEFT_OPEN;
    Some(if is_left_open { SweepVerdict::Queue(WhyQueued::IntentLeftOpen) } else { SweepVerdict::Nothing })
}

/// What a finding about the role would be made from, as far as it decides whether there is one.
fn about<'a>(seen: &Seen<'a>) -> AboutRole<'a> {
    let Seen { case, snapshot, assessment, ours, .. } = *seen;
    let Case { trigger, settings, mode, record, exemption, now, .. } = *case;
    // Where it runs and what the table is called stands in the text alone.
    let (region, ledger_table) = ("", "");
    AboutRole {
        snapshot,
        assessment,
        trigger,
        settings,
        mode,
        record,
        ours,
        exemption,
        region,
        now,
        ledger_table,
        last_accessed: None,
    }
}

/// Why a state is news: what is wrong with the boundary, as long as nothing was told; after that, that it changed.
fn why_new(seen: &Seen<'_>) -> WhyQueued {
    let changed = match seen.functions {
        Functions::Known => WhyQueued::NewState,
        Functions::SomeNew => WhyQueued::NewFunction,
    };
    let never_told = seen.case.record.told.is_none();
    if never_told { about_the_boundary(seen).unwrap_or(changed) } else { changed }
}

fn about_the_boundary(seen: &Seen<'_>) -> Option<WhyQueued> {
    match (&seen.snapshot.boundary, seen.approval) {
        (Boundary::Absent, _) => Some(WhyQueued::BoundaryAbsent),
        (Boundary::Attached { document: Document::Gone, .. }, _) => Some(WhyQueued::BoundaryDangling),
        (Boundary::Attached { .. }, Approval::Unapproved | Approval::NotJudged) => {
            Some(WhyQueued::BoundaryUnapproved)
        }
        (Boundary::Attached { .. }, Approval::Ours | Approval::Approved) => None,
    }
}

/// Whether a review would note the role's boundary: an accepted one, unless an operator's undo holds the role.
fn is_unrecorded(seen: &Seen<'_>) -> bool {
    let Case { record, now, role, settings, .. } = *seen.case;
    let accepted = role.boundary.as_ref().filter(|boundary| settings.accepts(boundary));
    accepted.is_some_and(|boundary| record.bounded_with.as_ref() != Some(boundary))
        && record.hold(now).is_none()
}
