//! The way of a proposal: a smaller policy for one of the worst roles, over hours and days.
//!
//! A schedule asks what comes next (`guardrail::suggestion`). What is about to be done is written down first, so that it can be killed
//! at any point: a job that is recorded and was perhaps begun is looked for before it is asked for again, and a proposal is told under
//! an id that its role and its job make. It reads and tells; nothing in here changes a role.

mod generation;
mod history;
mod tell;
#[cfg(test)]
mod tests;

pub(crate) use generation::ACTIONS as GENERATION_ACTIONS;
pub(crate) use history::ACTIONS as HISTORY_ACTIONS;

use crate::clock;
use crate::connect::Account;
use crate::failure::Failure;
use crate::ledger::{Stored, SuggestionPage};
use crate::settings::PolicyGeneration;
use generation::{Look, Refused};
use guardrail::decide::is_managed_by_aws;
use guardrail::finding::FindingId;
use guardrail::names::RoleName;
use guardrail::proposal::{Generated, Ungenerated};
use guardrail::suggestion::{
    Call, CameTo, Candidate, Due, Hold, Job, JobId, LONGEST_JOB, Lease, OtherFunctions, Step,
    SuggestionState, Wait, daily_quota, next_step,
};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use std::slice;
use tell::Told;

/// What an invocation came to: its log line, and what an operator reads.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct SuggestAnswer {
    /// What was done, in order.
    pub did: Vec<Did>,
    /// Why nothing more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits: Option<Waits>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum Did {
    /// A policy is being generated.
    Began {
        /// For this role.
        role: RoleName,
        /// Access Analyzer's id of the job.
        job: String,
    },
    /// A proposal was told.
    Suggested {
        /// For this role.
        role: RoleName,
        /// The id of the finding.
        finding: FindingId,
    },
    /// There is none.
    NothingToSuggest {
        /// For this role.
        role: RoleName,
        /// Why.
        why: String,
    },
    /// The role was passed over, or its job came to nothing.
    Failed {
        /// The role.
        role: RoleName,
        /// Why.
        why: String,
    },
}

/// Why nothing more is done now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Waits {
    /// In words.
    pub why: String,
    /// Until when, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// The invocation.
#[derive(Debug, Clone, Copy)]
pub struct SuggestCall<'a> {
    /// Lambda's request id.
    pub request: &'a str,
    /// When Lambda ends the invocation.
    pub ends_at: Timestamp,
}

/// Steps of one invocation: a job is told, some roles are passed over, and the next job is begun.
const MOST_STEPS: usize = 8;

/// How often a write is tried again that came after somebody else's.
const ROUNDS: usize = 5;

/// For the last calls of a proposal: publishing, and closing the job.
const TO_TELL: SignedDuration = SignedDuration::from_secs(60);

/// A proposal is not begun with less: reading a role's history alone may take two minutes.
const FOR_A_PROPOSAL: SignedDuration = SignedDuration::from_secs(120);

const NOT_SET_UP: &str = "policies are not generated in this account: give the stack both TrailArn, a trail that logs to S3, and \
                          PolicyGenerationRoleArn, a role that Access Analyzer may read it with; docs/policy-generation.md says how";

/// What comes after a step.
enum Then {
    /// Another one, by what is known now.
    GoOn(Box<SuggestionPage>),
    /// Somebody else wrote: read again.
    ReadAgain,
    /// Nothing more in this invocation, for this reason.
    Stop(Waits),
}

impl Account {
    /// Does what comes next: tells the proposal of a job that is done, and begins the next job.
    ///
    /// # Errors
    /// Where AWS does not answer or makes no sense. Lambda's retry goes on where it stopped. What AWS refuses is no error: it is told
    /// once, and tried again some hours later.
    pub async fn suggest(&self, asked: Call, call: SuggestCall<'_>) -> Result<SuggestAnswer, Failure> {
        let Some(generation) = &self.settings.policy_generation else {
            return Ok(SuggestAnswer {
                did: Vec::new(),
                waits: Some(Waits { why: NOT_SET_UP.to_owned(), until: None }),
            });
        };
        let page = self.ledger.read_suggestion().await?;
        let (operator, page) = (page.operator.clone(), self.with_wish(page, asked).await?);
        let mut work =
            Work { account: self, generation, call, did: Vec::new(), hold: page.state.hold.clone() };
        let outcome = work.steps(page).await;
        let Work { did, hold, .. } = work;
        let mut due = self.due_notices(&operator);
        // That nothing is held says that it works only where something was tried.
        if hold.is_some() || did.iter().any(Did::is_of_access_analyzer) {
            due.notices.extend(operator.noticed.policy_generation(hold.as_ref()));
        }
        self.tell_all_due(&operator, &due, call.request).await;
        outcome.map(|waits| SuggestAnswer { did, waits: Some(waits) })
    }

    /// Notes an operator's wish, so that it is not lost where its turn does not come now.
    async fn with_wish(&self, mut page: SuggestionPage, asked: Call) -> Result<SuggestionPage, Failure> {
        let Call::Role(role) = asked else { return Ok(page) };
        for _ in 0..ROUNDS {
            let state = page.state.clone().asked_for(&role);
            if !state.is_wanted(&role) {
                return Err(Failure::refused("too many roles wait already; ask again tomorrow"));
            }
            if state == page.state {
                return Ok(page);
            }
            match self.ledger.write_suggestion(&state, page.version).await? {
                Stored::Yes(version) => return Ok(SuggestionPage { state, version, ..page }),
                Stored::Overtaken => page = self.ledger.read_suggestion().await?,
            }
        }
        Err(Failure::retryable("the proposals are being worked on by others all the time; invoke again"))
    }
}

/// One invocation at work.
struct Work<'a> {
    account: &'a Account,
    generation: &'a PolicyGeneration,
    call: SuggestCall<'a>,
    did: Vec<Did>,
    /// As it is at the end.
    hold: Option<Hold>,
}

impl Work<'_> {
    async fn steps(&mut self, mut page: SuggestionPage) -> Result<Waits, Failure> {
        let quota = daily_quota(&self.account.settings.region);
        for _ in 0..MOST_STEPS {
            let (request, now) = (self.call.request, clock::now());
            let then = match next_step(&page.state, page.candidates.as_ref(), quota, request, now) {
                Step::Wait(wait) => Then::Stop((&wait).into()),
                Step::Begin(due) => self.begin(page, due).await?,
                Step::Resume(job) => self.resume(page, job).await?,
                Step::Collect(job, id) => self.collect(page, job, id).await?,
                Step::GiveUp(job, id) => self.give_up(page, job, id).await?,
            };
            page = match then {
                Then::GoOn(page) => *page,
                Then::ReadAgain => self.account.ledger.read_suggestion().await?,
                Then::Stop(waits) => return Ok(waits),
            };
            self.hold.clone_from(&page.state.hold);
        }
        Ok(Waits { why: "enough was done at once, the schedule goes on".to_owned(), until: None })
    }

    /// Reads the role, records the job, then has it begun.
    async fn begin(&mut self, page: SuggestionPage, due: Due) -> Result<Then, Failure> {
        let role = match self.account.get_role(&due.role).await? {
            Some(role) if is_managed_by_aws(&role.arn) => Err("AWS alone can change it"),
            Some(role) if self.account.settings.rules.own_roles.contains(&role.arn) => {
                Err("it is one of Ringfence's own, whose policies are the template's")
            }
            Some(role) => Ok(role),
            None => Err("there is no such role"),
        };
        let role = match role {
            Ok(role) => role,
            Err(why) => return self.pass_over(page, due, why).await,
        };
        let known = due.candidate.filter(|candidate| candidate.id == role.id);
        let unknown = || Candidate {
            role: role.arn.clone(),
            id: role.id.clone(),
            functions: Vec::new(),
            others: OtherFunctions::Unknown,
        };
        let job = Job::new(known.unwrap_or_else(unknown), due.origin, clock::now());
        match self.claim(page, |state| state.recorded(job.clone())).await? {
            Some(page) => self.ask_for(page, job).await,
            None => Ok(Then::ReadAgain),
        }
    }

    /// A role that is none to propose for takes its turn, so that the next one comes.
    async fn pass_over(&mut self, page: SuggestionPage, due: Due, why: &str) -> Result<Then, Failure> {
        self.did.push(Did::Failed { role: due.role.clone(), why: why.to_owned() });
        let now = clock::now();
        let state = match due.candidate {
            Some(candidate) => page.state.clone().passed_over(candidate, why, now),
            None => page.state.clone(),
        };
        let state = state.no_longer_asked(&due.role);
        Ok(match self.account.ledger.write_suggestion(&state, page.version).await? {
            Stored::Yes(version) => Then::GoOn(Box::new(SuggestionPage { state, version, ..page })),
            Stored::Overtaken => Then::ReadAgain,
        })
    }

    /// Asks for a job that is recorded, and notes the answer.
    async fn ask_for(&mut self, page: SuggestionPage, job: Job) -> Result<Then, Failure> {
        match self.account.begin_generation(self.generation, &job).await? {
            Ok(id) => self.is_running(page, job, id).await,
            Err(Refused { why, said }) => {
                let (now, role) = (clock::now(), job.role.name().clone());
                let hold = Hold::new(why, &said, now);
                tracing::warn!(role = role.as_str(), said, "no policy is generated: {}", why.in_words());
                let page = self.close(page, |state| state.not_begun(hold.clone(), now)).await?;
                Ok(Then::GoOn(Box::new(page)))
            }
        }
    }

    async fn is_running(&mut self, page: SuggestionPage, job: Job, id: JobId) -> Result<Then, Failure> {
        let page = self.close(page, |state| state.running(id.clone())).await?;
        self.did.push(Did::Began { role: job.role.name().clone(), job: id.into() });
        self.hold = page.state.hold;
        Ok(Then::Stop(Waits { why: "Access Analyzer is at work".to_owned(), until: None }))
    }

    /// Whoever recorded the job died. It was begun, or not, or perhaps.
    async fn resume(&mut self, page: SuggestionPage, job: Job) -> Result<Then, Failure> {
        let Some(page) = self.claim(page, |state| state).await? else { return Ok(Then::ReadAgain) };
        match self.account.find_generation(&job).await? {
            Ok(Some(id)) => self.is_running(page, job, id).await,
            Ok(None) if job.may_be_asked_for(clock::now()) => self.ask_for(page, job).await,
            Ok(None) => {
                let page = self.close(page, SuggestionState::dropped).await?;
                Ok(Then::GoOn(Box::new(page)))
            }
            Err(refused) => self.put_off(page, refused).await,
        }
    }

    /// Looks at the job without a claim, since most looks find it under way.
    async fn collect(&mut self, page: SuggestionPage, job: Job, id: JobId) -> Result<Then, Failure> {
        let (generated, also) = match self.account.look_at_generation(&job, &id).await? {
            Look::InProgress => {
                return Ok(Then::Stop(Waits { why: "Access Analyzer is at work".to_owned(), until: None }));
            }
            Look::Refused(refused) => {
                let Some(page) = self.claim(page, |state| state).await? else { return Ok(Then::ReadAgain) };
                return self.put_off(page, refused).await;
            }
            Look::Gone(said) => (Generated::Nothing(Ungenerated::Failed(said)), None),
            Look::NotSetUp(refused) => {
                (Generated::Nothing(Ungenerated::Failed(refused.said.clone())), Some(refused))
            }
            Look::Over(generated) => (generated, None),
        };
        if self.call.ends_at.duration_since(clock::now()) < FOR_A_PROPOSAL {
            return Ok(Then::Stop(Waits {
                why: "there is no time left in this invocation".to_owned(),
                until: None,
            }));
        }
        let Some(page) = self.claim(page, |state| state).await? else { return Ok(Then::ReadAgain) };
        let Told { came_to, finding } = self.tell(&page, &job, &generated).await?;
        let now = clock::now();
        let hold = also.map(|Refused { why, said }| Hold::new(why, &said, now));
        let end = |state: SuggestionState| {
            let state = state.ended(came_to.clone(), now);
            SuggestionState { hold: hold.clone(), ..state }
        };
        let page = self.close(page, end).await?;
        // After that, because nobody waits for it, and it may hang.
        if let Some(finding) = finding {
            self.account.publish_centrally(slice::from_ref(&finding)).await;
        }
        self.did.push(did(job.role.name(), came_to));
        Ok(Then::GoOn(Box::new(page)))
    }

    async fn give_up(&mut self, page: SuggestionPage, job: Job, id: JobId) -> Result<Then, Failure> {
        // It may be done, and nobody looked: the schedule was off, or its calls failed.
        let is_done =
            matches!(self.account.look_at_generation(&job, &id).await?, Look::Over(Generated::Policy(_)));
        if is_done && clock::now().duration_since(job.recorded_at) < LONGEST_JOB * 2 {
            return self.collect(page, job, id).await;
        }
        let Some(page) = self.claim(page, |state| state).await? else { return Ok(Then::ReadAgain) };
        if let Err(refused) = self.account.cancel_generation(&id).await? {
            return self.put_off(page, refused).await;
        }
        let (now, why) = (clock::now(), "Access Analyzer did not finish within a day, the job was cancelled");
        let came_to = CameTo::Failed(why.to_owned());
        let page = self.close(page, |state| state.ended(came_to.clone(), now)).await?;
        self.did.push(did(job.role.name(), came_to));
        Ok(Then::GoOn(Box::new(page)))
    }

    /// Access Analyzer does not answer now. The job stays as it is.
    async fn put_off(&mut self, page: SuggestionPage, refused: Refused) -> Result<Then, Failure> {
        let Refused { why, said } = refused;
        tracing::warn!(said, "Access Analyzer says nothing of its job: {}", why.in_words());
        let hold = Hold::new(why, &said, clock::now());
        let page = self.close(page, |state| state.held(hold.clone())).await?;
        Ok(Then::GoOn(Box::new(page)))
    }

    /// Writes what is about to be done, with the lease. None where somebody else wrote since the page was read.
    async fn claim(
        &self,
        page: SuggestionPage,
        change: impl FnOnce(SuggestionState) -> SuggestionState,
    ) -> Result<Option<SuggestionPage>, Failure> {
        let lease = Lease { request: self.call.request.to_owned(), until: self.call.ends_at };
        let state = change(page.state.clone()).leased(lease);
        Ok(match self.account.ledger.write_suggestion(&state, page.version).await? {
            Stored::Yes(version) => Some(SuggestionPage { state, version, ..page }),
            Stored::Overtaken => None,
        })
    }

    /// Writes what was done, and gives the lease back. Meanwhile only an operator's wish may have come.
    async fn close(
        &self,
        mut page: SuggestionPage,
        change: impl Fn(SuggestionState) -> SuggestionState,
    ) -> Result<SuggestionPage, Failure> {
        for _ in 0..ROUNDS {
            let state = change(page.state.clone()).released();
            match self.account.ledger.write_suggestion(&state, page.version).await? {
                Stored::Yes(version) => return Ok(SuggestionPage { state, version, ..page }),
                Stored::Overtaken => page = self.account.ledger.read_suggestion().await?,
            }
            if !page.state.is_leased_to(self.call.request) {
                break;
            }
        }
        Err(Failure::retryable("another invocation took the proposals over, it goes on with them"))
    }
}

impl Did {
    /// Whether Access Analyzer did its part in it.
    fn is_of_access_analyzer(&self) -> bool {
        match self {
            Self::Began { .. } | Self::Suggested { .. } => true,
            Self::NothingToSuggest { .. } | Self::Failed { .. } => false,
        }
    }
}

fn did(role: &RoleName, came_to: CameTo) -> Did {
    let role = role.clone();
    match came_to {
        CameTo::Suggested(finding) => Did::Suggested { role, finding },
        CameTo::Nothing(why) => Did::NothingToSuggest { role, why },
        CameTo::Failed(why) => Did::Failed { role, why },
    }
}

impl From<&Wait> for Waits {
    fn from(wait: &Wait) -> Self {
        Self { why: wait.in_words(), until: wait.until() }
    }
}
