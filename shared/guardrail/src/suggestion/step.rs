use super::{Candidate, Candidates, Hold, Job, JobId, LONGEST_JOB, Origin, Stage, SuggestionState};
use crate::names::RoleName;
use jiff::{SignedDuration, Timestamp};

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Have a policy generated for this role.
    Begin(Due),
    /// A job was recorded, and whoever did it died: find out whether Access Analyzer began it.
    Resume(Job),
    /// Look whether the job is done.
    Collect(Job, JobId),
    /// The job takes too long: cancel it.
    GiveUp(Job, JobId),
    /// Nothing.
    Wait(Wait),
}

/// A role whose turn it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Its name.
    pub role: RoleName,
    /// Who wants it.
    pub origin: Origin,
    /// What a sweep knew of it.
    pub candidate: Option<Candidate>,
}

/// Why nothing is done now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wait {
    /// Another invocation is at work until then at the latest.
    AnotherAtWork(Timestamp),
    /// Access Analyzer refused.
    Held(Hold),
    /// So many jobs were begun in the last 24 hours; the next one may begin then.
    Quota(Timestamp),
    /// Every candidate had its turn; then the first one has it again.
    NothingDue(Timestamp),
    /// No role is bad enough.
    NoCandidate,
    /// No sweep named candidates yet.
    NoSweep,
}

impl Wait {
    /// Until when, if that is known.
    #[must_use]
    pub fn until(&self) -> Option<Timestamp> {
        match self {
            Self::AnotherAtWork(until) | Self::Quota(until) | Self::NothingDue(until) => Some(*until),
            Self::Held(hold) => Some(hold.until),
            Self::NoCandidate | Self::NoSweep => None,
        }
    }

    /// Why, in words.
    #[must_use]
    pub fn in_words(&self) -> String {
        match self {
            Self::AnotherAtWork(_) => "another invocation is at work".to_owned(),
            Self::Held(Hold { why, said, .. }) => format!("{}: {said}", why.in_words()),
            Self::Quota(_) => "as many jobs as AWS allows were begun in the last 24 hours".to_owned(),
            Self::NothingDue(_) => "every candidate of the last sweep had its turn".to_owned(),
            Self::NoCandidate => "the last sweep found no role that needs a smaller policy".to_owned(),
            Self::NoSweep => {
                "no sweep has named candidates yet; ringfence-sweep-account does, or ask for one role with \
                 `{\"role\":\"name\"}`"
                    .to_owned()
            }
        }
    }
}

/// What comes next: the job that is under way, what operators asked for, then the worst role whose turn it is.
#[must_use]
pub fn next_step(
    state: &SuggestionState,
    candidates: Option<&Candidates>,
    quota: usize,
    request: &str,
    now: Timestamp,
) -> Step {
    if let Some(lease) = state.leased_to_another(request, now) {
        return Step::Wait(Wait::AnotherAtWork(lease.until));
    }
    if let Some(hold) = state.hold.as_ref().filter(|hold| hold.until > now) {
        return Step::Wait(Wait::Held(hold.clone()));
    }
    if let Some(job) = &state.job {
        return with_job(job.clone(), now);
    }
    if let Some(wait) = used_up(state, quota, now) {
        return Step::Wait(wait);
    }
    if let Some(role) = state.asked.first() {
        let known = candidates.into_iter().flat_map(|candidates| &candidates.roles);
        let candidate = known.into_iter().find(|candidate| candidate.role.name() == role).cloned();
        return Step::Begin(Due { role: role.clone(), origin: Origin::Operator, candidate });
    }
    match candidates {
        None => Step::Wait(Wait::NoSweep),
        Some(candidates) => of_candidates(state, candidates, now),
    }
}

fn with_job(job: Job, now: Timestamp) -> Step {
    match job.stage.clone() {
        Stage::Recorded => Step::Resume(job),
        Stage::Running(id) if now.duration_since(job.recorded_at) >= LONGEST_JOB => Step::GiveUp(job, id),
        Stage::Running(id) => Step::Collect(job, id),
    }
}

fn used_up(state: &SuggestionState, quota: usize, now: Timestamp) -> Option<Wait> {
    let begun: Vec<Timestamp> = state.begun_within_a_day(now).collect();
    let first = begun.len().checked_sub(quota).and_then(|over| begun.get(over))?;
    Some(Wait::Quota(first.saturating_add(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MAX)))
}

fn of_candidates(state: &SuggestionState, candidates: &Candidates, now: Timestamp) -> Step {
    let again_at = |candidate: &Candidate| {
        let ended = state.ended.get(candidate.role.name()).filter(|ended| ended.role_id == candidate.id);
        ended.map(super::Ended::again_at).filter(|at| *at > now)
    };
    let mut first = None;
    for candidate in &candidates.roles {
        match again_at(candidate) {
            None => {
                let (role, candidate) = (candidate.role.name().clone(), Some(candidate.clone()));
                return Step::Begin(Due { role, origin: Origin::Sweep, candidate });
            }
            Some(at) => first = Some(first.map_or(at, |first: Timestamp| first.min(at))),
        }
    }
    Step::Wait(first.map_or(Wait::NoCandidate, Wait::NothingDue))
}
