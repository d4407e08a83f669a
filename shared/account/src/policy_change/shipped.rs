//! A boundary that Ringfence ships is set back to the shipped document.

use super::set_back::SetBack;
use super::{Guarded, PolicyWork};
use crate::carry_out::{Lasting, Refusal};
use crate::clock;
use crate::failure::Failure;
use crate::ledger::{PolicyPage, Stored, Version};
use guardrail::boundary_policy::{Edit, EditIntent, Fingerprint, PolicyRecord, Reach};
use guardrail::finding::Standing;
use guardrail::settings::Mode;
use guardrail::trigger::Tool;
use iam_policy::Policy;
use std::time::Duration;

/// How long the author of an open intent is left to finish, as for roles.
const LEASE: Duration = Duration::from_secs(3);

/// Between two looks at an author that is still at it.
const PAUSE: Duration = Duration::from_millis(250);

/// Looks at the policy in one invocation: all that a lease can take, and some that were overtaken.
const ROUNDS: usize = 30;

/// A deployment of the Ringfence stack writes the policy first and replaces this function's code, which knows the new
/// document, some seconds later. Until then CloudFormation's edit is left to Lambda's second retry, three minutes after the
/// event, which runs the new code.
const DEPLOYMENT_MS: u64 = 150_000;

/// How a round ended.
enum Round {
    Over(Guarded),
    LookAgain,
}

impl Round {
    /// None: somebody else wrote in between.
    fn after(told: Option<Guarded>) -> Self {
        told.map_or(Self::LookAgain, Self::Over)
    }
}

impl PolicyWork<'_> {
    pub(super) async fn guard_shipped(&self, shipped: &Policy) -> Result<Guarded, Failure> {
        let fingerprint = Fingerprint::of(shipped);
        for _ in 0..ROUNDS {
            let page = self.read().await?;
            if let Round::Over(guarded) = self.round(page, shipped, &fingerprint).await? {
                return Ok(guarded);
            }
        }
        let policy = &self.change.policy;
        Err(Failure::retryable(format!("policy `{policy}` is being worked on by others all the time")))
    }

    async fn round(
        &self,
        page: PolicyPage,
        shipped: &Policy,
        fingerprint: &Fingerprint,
    ) -> Result<Round, Failure> {
        if page.record.intent.as_ref().is_some_and(|intent| !self.author_is_dead(intent)) {
            tokio::time::sleep(PAUSE).await;
            return Ok(Round::LookAgain);
        }
        let found = self.settled_default(&page.record, Some(fingerprint)).await?;
        let Some(edit) = Edit::of(&found.document, shipped) else {
            return match &page.record.intent {
                // Set back, but its author died before it was told.
                Some(intent) => self.tell_and_close(page.record.clone(), intent, page.version).await,
                None => self.note_as_shipped(page, fingerprint).await,
            };
        };
        if self.may_be_a_deployment() {
            return Err(Failure::retryable(format!(
                "CloudFormation is deploying another document of `{}`, and this function's code does not know it yet",
                self.change.policy
            )));
        }
        let version = self.account.version_holding(&self.change.policy, fingerprint).await?;
        match (version, self.mode(&page)) {
            (Some(version), Mode::Enforce) => self.set_back_and_tell(page, edit, &version).await,
            (Some(version), Mode::Observe) => {
                self.tell_once(page, &edit, Standing::Observed(&version)).await.map(Round::after)
            }
            (None, Mode::Enforce | Mode::Observe) => {
                self.tell_once(page, &edit, Standing::VersionGone).await.map(Round::after)
            }
        }
    }

    /// A retry of the same Lambda request proves that the attempt before it ended; otherwise the lease decides.
    fn author_is_dead(&self, intent: &EditIntent) -> bool {
        let age = clock::milliseconds_between(intent.opened_at, clock::now()).map(Duration::from_millis);
        intent.opened_by == self.request || age.is_none_or(|age| age >= LEASE)
    }

    fn may_be_a_deployment(&self) -> bool {
        let age = self.change.time.and_then(|called| clock::milliseconds_between(called, clock::now()));
        self.change.caller.tool == Tool::CloudFormation && age.is_some_and(|age| age < DEPLOYMENT_MS)
    }

    /// An edit that stood and was told is over, so that the next one like it is told again.
    async fn note_as_shipped(&self, page: PolicyPage, shipped: &Fingerprint) -> Result<Round, Failure> {
        if self.change.caller.tool == Tool::CloudFormation && page.record.updated_to.as_ref() != Some(shipped)
        {
            return self.tell_update(page, shipped).await;
        }
        let over = Round::Over(Guarded::nothing("as shipped"));
        if page.record.told.is_none() {
            return Ok(over);
        }
        let record = PolicyRecord { told: None, ..page.record };
        match self.account.ledger.write_policy(&self.change.policy, &record, page.version).await? {
            Stored::Yes(_) => Ok(over),
            Stored::Overtaken => Ok(Round::LookAgain),
        }
    }

    /// The stack brought another document, and this function's code with it.
    async fn tell_update(&self, page: PolicyPage, shipped: &Fingerprint) -> Result<Round, Failure> {
        let policy = &self.change.policy;
        let edit = Edit { reach: Reach::NothingToCompare, fingerprint: Some(shipped.clone()) };
        let about = self.about(&edit, self.change, self.mode(&page));
        let finding = about.edited(page.record.next_finding(policy), Standing::Deployed);
        self.account.publish(&finding).await?;
        let record = page.record.after_update(shipped);
        Ok(match self.account.ledger.write_policy(policy, &record, page.version).await? {
            Stored::Yes(_) => Round::Over(Guarded {
                finding: Some(finding.id),
                ..Guarded::nothing("as shipped, by an update")
            }),
            Stored::Overtaken => Round::LookAgain,
        })
    }

    /// Records the intent, or takes up the one of an author that died, sets the policy back, tells, closes the intent.
    async fn set_back_and_tell(
        &self,
        page: PolicyPage,
        edit: Edit,
        shipped_in: &str,
    ) -> Result<Round, Failure> {
        let policy = &self.change.policy;
        let intent = match &page.record.intent {
            Some(intent) => intent.clone(),
            None => self.intent(page.record.next_finding(policy), edit),
        };
        let record = PolicyRecord { intent: Some(intent.clone()), ..page.record };
        let stored = self.account.ledger.write_policy(policy, &record, page.version).await?;
        let Stored::Yes(version) = stored else { return Ok(Round::LookAgain) };
        match self.account.set_back(policy, shipped_in).await? {
            SetBack::Done => {
                let record = PolicyRecord { set_back_at: Some(clock::now()), ..record };
                self.tell_and_close(record, &intent, version).await
            }
            SetBack::NotFound => {
                let record = PolicyRecord { intent: None, ..record };
                self.account.ledger.write_policy(policy, &record, version).await?;
                Ok(Round::LookAgain)
            }
            SetBack::Refused(refusal) => {
                self.tell_refusal(record, &intent, version, shipped_in, &refusal).await
            }
        }
    }

    async fn tell_and_close(
        &self,
        record: PolicyRecord,
        intent: &EditIntent,
        version: Version,
    ) -> Result<Round, Failure> {
        let set_back_at = record.set_back_at.filter(|at| *at >= intent.opened_at).unwrap_or_else(clock::now);
        let about = self.about(&intent.edit, &intent.change, Mode::Enforce);
        let finding = about.edited(intent.finding.clone(), Standing::SetBack(set_back_at));
        self.account.publish(&finding).await?;
        let closed = PolicyRecord {
            generation: record.generation.saturating_add(1),
            told: None,
            intent: None,
            set_back_at: Some(set_back_at),
            updated_to: record.updated_to,
        };
        match self.account.ledger.write_policy(&self.change.policy, &closed, version).await? {
            Stored::Yes(_) if intent.change.event_id == self.change.event_id => Ok(Round::Over(Guarded {
                finding: Some(finding.id),
                ..Guarded::nothing("set back to the shipped document")
            })),
            Stored::Yes(_) | Stored::Overtaken => Ok(Round::LookAgain),
        }
    }

    /// A refusal is told once. What may be mended meanwhile is tried again by Lambda's retries.
    async fn tell_refusal(
        &self,
        record: PolicyRecord,
        intent: &EditIntent,
        version: Version,
        shipped_in: &str,
        refusal: &Refusal,
    ) -> Result<Round, Failure> {
        let Refusal { code, message, lasting } = refusal;
        let mut guarded = Guarded::edited("AWS refuses to set it back, told before", None);
        if !record.has_told(&intent.edit, Some(code)) {
            let standing = Standing::Refused { code, message, version: shipped_in };
            let about = self.about(&intent.edit, &intent.change, Mode::Enforce);
            let finding = about.edited(intent.finding.clone(), standing);
            self.account.publish(&finding).await?;
            guarded = Guarded::edited("AWS refuses to set it back", Some(finding.id));
        }
        let record = record.after_telling(&intent.edit, Some(code));
        self.account.ledger.write_policy(&self.change.policy, &record, version).await?;
        match lasting {
            Lasting::Permanent => Ok(Round::Over(guarded)),
            Lasting::UntilMended => Err(Failure::denied(format!(
                "AWS refused to set policy `{}` back to {shipped_in}: {message}",
                self.change.policy
            ))),
        }
    }
}
