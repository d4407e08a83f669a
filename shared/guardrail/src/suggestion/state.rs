use super::{AGAIN_AFTER, Candidate, Hold, HoldReason, LOOKS_BACK, OtherFunctions, RETRY_AFTER};
use crate::finding::FindingId;
use crate::names::{FunctionArn, RoleArn, RoleId, RoleName};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// More wishes of operators are not taken: each takes minutes, and there are few a day.
const MOST_ASKED: usize = 20;

/// More roles are not remembered, so that the item stays far below 400 KB: the oldest may get their proposal somewhat early.
const MOST_ENDED: usize = 500;

/// Longer words of AWS are cut.
const LONGEST_WHY: usize = 300;

const A_DAY: SignedDuration = SignedDuration::from_hours(24);

/// What `suggest-policy` knows: the ledger's item `suggestion`/`state`. Whoever writes it must have read its last version.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SuggestionState {
    /// Who is at work on the job right now, or was when a function died.
    pub lease: Option<Lease>,
    /// The one job, from before AWS is asked for it until its proposal is told.
    pub job: Option<Job>,
    /// When the jobs of the last 24 hours were begun, the newest last.
    pub begun: Vec<Timestamp>,
    /// Until when nothing is asked of Access Analyzer.
    pub hold: Option<Hold>,
    /// Roles that operators want a proposal for, the first one first.
    pub asked: Vec<RoleName>,
    /// What came of roles, by name.
    pub ended: BTreeMap<RoleName, Ended>,
}

/// An invocation's right to work on the job alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Lambda's request id: a retry of the same request proves that its attempt has ended.
    pub request: String,
    /// When Lambda ends the invocation at the latest.
    pub until: Timestamp,
}

/// The id that Access Analyzer gave a job. It is not empty: a job without an id cannot be asked for, and would be waited for for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct JobId(String);

impl JobId {
    /// None of an empty text.
    #[must_use]
    pub fn new(id: String) -> Option<Self> {
        (!id.is_empty()).then_some(Self(id))
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for JobId {
    type Error = &'static str;

    fn try_from(id: String) -> Result<Self, &'static str> {
        Self::new(id).ok_or("the id of a job is empty")
    }
}

impl From<JobId> for String {
    fn from(id: JobId) -> Self {
        id.0
    }
}

/// One role's way through Access Analyzer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// The role.
    pub role: RoleArn,
    /// Its unique id.
    pub role_id: RoleId,
    /// Its functions, as far as they are known.
    #[serde(default)]
    pub functions: Vec<FunctionArn>,
    /// Whether there are others.
    #[serde(default)]
    pub others: OtherFunctions,
    /// Who wanted it.
    pub origin: Origin,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// How far it is.
    pub stage: Stage,
}

/// Who wants a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// A sweep found the role among the worst.
    Sweep,
    /// An operator asked for it.
    Operator,
}

/// How far a job is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Access Analyzer is about to be asked for it. Whether it was, a crash leaves open.
    Recorded,
    /// It gave the job this id.
    Running(JobId),
}

/// What became of a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// Whose it was. A namesake starts anew.
    pub role_id: RoleId,
    /// When.
    pub at: Timestamp,
    /// What came of it.
    pub came_to: CameTo,
}

/// What came of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CameTo {
    /// A proposal was told.
    Suggested(FindingId),
    /// There was nothing to propose, for this reason.
    Nothing(String),
    /// It failed, for this reason.
    Failed(String),
}

impl Job {
    /// A job for a role as it is now.
    #[must_use]
    pub fn new(of: Candidate, origin: Origin, now: Timestamp) -> Self {
        let Candidate { role, id, functions, others } = of;
        // In whole seconds, as the API takes times.
        let recorded_at = Timestamp::from_second(now.as_second()).unwrap_or(now);
        Self { role, role_id: id, functions, others, origin, recorded_at, stage: Stage::Recorded }
    }

    /// What makes Access Analyzer take a repeated request for the first one: the same as long as this record is.
    #[must_use]
    pub fn client_token(&self) -> String {
        format!("ringfence-{}-{}", self.role_id.as_str(), self.recorded_at.as_second())
    }

    /// The beginning of the time that is looked at.
    #[must_use]
    pub fn from(&self) -> Timestamp {
        self.recorded_at.saturating_sub(LOOKS_BACK).unwrap_or(Timestamp::MIN)
    }

    /// Its end.
    #[must_use]
    pub fn to(&self) -> Timestamp {
        self.recorded_at
    }

    /// Whether Access Analyzer may still be asked for it: it looks 90 days back from now, not from the record.
    #[must_use]
    pub fn may_be_asked_for(&self, now: Timestamp) -> bool {
        now.duration_since(self.recorded_at) < SignedDuration::from_mins(30)
    }

    /// Whether a job of this role that AWS lists, begun at `started_at`, is this one. Clocks differ by seconds.
    #[must_use]
    pub fn may_be(&self, started_at: Timestamp) -> bool {
        started_at.duration_since(self.recorded_at) >= SignedDuration::from_secs(-60)
    }
}

impl Ended {
    /// When the role may have its next proposal.
    #[must_use]
    pub fn again_at(&self) -> Timestamp {
        let after = match self.came_to {
            CameTo::Suggested(_) | CameTo::Nothing(_) => AGAIN_AFTER,
            CameTo::Failed(_) => RETRY_AFTER,
        };
        self.at.saturating_add(after).unwrap_or(Timestamp::MAX)
    }
}

impl SuggestionState {
    /// The lease of another invocation that may still be at work.
    #[must_use]
    pub fn leased_to_another(&self, request: &str, now: Timestamp) -> Option<&Lease> {
        self.lease.as_ref().filter(|lease| lease.request != request && lease.until > now)
    }

    /// Whether this invocation holds the lease.
    #[must_use]
    pub fn is_leased_to(&self, request: &str) -> bool {
        self.lease.as_ref().is_some_and(|lease| lease.request == request)
    }

    /// The jobs that count to the quota of a day.
    pub(super) fn begun_within_a_day(&self, now: Timestamp) -> impl Iterator<Item = Timestamp> {
        self.begun.iter().copied().filter(move |at| now.duration_since(*at) < A_DAY)
    }

    /// With an operator's wish, which is tried even where a hold would have it wait. The role comes once; it is not taken in where it
    /// is under way or too many wait.
    #[must_use]
    pub fn asked_for(mut self, role: &RoleName) -> Self {
        if !self.is_wanted(role) && self.asked.len() < MOST_ASKED {
            self.asked.push(role.clone());
        }
        self.hold = None;
        self
    }

    /// Whether a role's job is under way, or waits for its turn by the wish of an operator.
    #[must_use]
    pub fn is_wanted(&self, role: &RoleName) -> bool {
        self.asked.contains(role) || self.job.as_ref().is_some_and(|job| job.role.name() == role)
    }

    /// Without a wish that cannot be fulfilled: there is no such role.
    #[must_use]
    pub fn no_longer_asked(mut self, role: &RoleName) -> Self {
        self.asked.retain(|asked| asked != role);
        self
    }

    /// Before the work on the job: nobody else is to do it meanwhile.
    #[must_use]
    pub fn leased(mut self, lease: Lease) -> Self {
        self.lease = Some(lease);
        self
    }

    /// After the work.
    #[must_use]
    pub fn released(mut self) -> Self {
        self.lease = None;
        self
    }

    /// Before Access Analyzer is asked for a job.
    #[must_use]
    pub fn recorded(mut self, job: Job) -> Self {
        let now = job.recorded_at;
        self.begun = self.begun_within_a_day(now).chain([now]).collect();
        self = self.no_longer_asked(job.role.name());
        self.job = Some(job);
        self
    }

    /// Access Analyzer is at work.
    #[must_use]
    pub fn running(mut self, id: JobId) -> Self {
        if let Some(job) = &mut self.job {
            job.stage = Stage::Running(id);
        }
        self.hold = None;
        self
    }

    /// Access Analyzer did not begin the job: it does not count, and an operator's wish stays one. A request that it does not take may
    /// be so because of the role, so another one comes first.
    #[must_use]
    pub fn not_begun(mut self, hold: Hold, now: Timestamp) -> Self {
        if let Some(recorded_at) = self.job.as_ref().map(|job| job.recorded_at) {
            self.begun.retain(|at| *at != recorded_at);
        }
        if hold.why == HoldReason::Invalid {
            self = self.ended(CameTo::Failed(hold.said.clone()), now);
        } else if let Some(job) = self.job.take()
            && job.origin == Origin::Operator
        {
            self.asked.insert(0, job.role.name().clone());
        }
        self.hold = Some(hold);
        self
    }

    /// The job is forgotten: it is not known whether it was begun, and too late to ask again.
    #[must_use]
    pub fn dropped(mut self) -> Self {
        self.job = None;
        self
    }

    /// Access Analyzer does not say how the job is. It goes on.
    #[must_use]
    pub fn held(mut self, hold: Hold) -> Self {
        self.hold = Some(hold);
        self
    }

    /// A candidate that is none any more: it takes its turn without a job.
    #[must_use]
    pub fn passed_over(mut self, candidate: Candidate, why: &str, now: Timestamp) -> Self {
        let came_to = CameTo::Failed(cut(why));
        self.ended.insert(candidate.role.name().clone(), Ended { role_id: candidate.id, at: now, came_to });
        self
    }

    /// The job is over.
    #[must_use]
    pub fn ended(mut self, came_to: CameTo, now: Timestamp) -> Self {
        self.hold = None;
        let Some(job) = self.job.take() else { return self };
        let came_to = match came_to {
            CameTo::Nothing(why) => CameTo::Nothing(cut(&why)),
            CameTo::Failed(why) => CameTo::Failed(cut(&why)),
            told @ CameTo::Suggested(_) => told,
        };
        self.ended.insert(job.role.name().clone(), Ended { role_id: job.role_id, at: now, came_to });
        self.ended.retain(|_, ended| ended.again_at() > now);
        while self.ended.len() > MOST_ENDED {
            let oldest = self.ended.iter().min_by_key(|(_, ended)| ended.at).map(|(role, _)| role.clone());
            oldest.and_then(|role| self.ended.remove(&role));
        }
        self
    }
}

fn cut(why: &str) -> String {
    why.chars().take(LONGEST_WHY).collect()
}
