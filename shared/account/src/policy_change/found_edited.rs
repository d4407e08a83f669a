//! A boundary that is found edited when a role is looked at: the event of the edit is on its way, or never came.

use super::{Guarded, PolicyWork};
use crate::connect::Account;
use crate::failure::Failure;
use guardrail::boundary_policy::{Edit, Fingerprint};
use guardrail::decide::BoundaryDocument;
use guardrail::finding::{FindingId, Standing};
use guardrail::names::PolicyArn;
use guardrail::settings::Mode;
use guardrail::snapshot::Boundary;
use guardrail::trigger::{Caller, EventName, PolicyChange, PolicyEffect};
use iam_policy::Policy;
use std::sync::OnceLock;
use std::time::Duration;

/// Looks at the policy in one invocation, for those that were overtaken.
const ROUNDS: usize = 5;

/// Between two looks at a policy that is being set back.
const PAUSE: Duration = Duration::from_secs(1);

/// A boundary that stands edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FoundEdited {
    /// The finding's id; none where it was told before.
    pub(crate) told: Option<FindingId>,
}

impl Account {
    /// Whether a role's boundary says what was shipped or approved. AWS's own are always as approved, and those that Ringfence
    /// does not accept are judged otherwise.
    pub(crate) async fn boundary_document(&self, boundary: &Boundary) -> Result<BoundaryDocument, Failure> {
        let Boundary::Attached { arn, document } = boundary else { return Ok(BoundaryDocument::AsApproved) };
        if !self.settings.rules.accepts(arn) || arn.is_aws_managed() {
            return Ok(BoundaryDocument::AsApproved);
        }
        let expected = match self.shipped.get()?.document(arn) {
            Some(shipped) => Some(Fingerprint::of(shipped)),
            None => self.ledger.read_policy(arn).await?.approved.map(|approved| approved.hash),
        };
        let found = document.understood().map(Fingerprint::of);
        Ok(match expected {
            Some(expected) if found.as_ref() != Some(&expected) => BoundaryDocument::Edited,
            Some(_) | None => BoundaryDocument::AsApproved,
        })
    }

    /// Whether the function of policy changes sets this policy back by itself, as soon as it hears of the edit.
    pub(crate) fn is_set_back(&self, policy: &PolicyArn) -> Result<bool, Failure> {
        Ok(self.shipped.get()?.document(policy).is_some())
    }

    /// Tells once that a boundary stands edited; none where it does not, and IAM only showed what was over. Nothing is written to
    /// IAM: one function alone may set a policy back.
    pub(crate) async fn tell_found_edited(
        &self,
        policy: &PolicyArn,
        request: &str,
    ) -> Result<Option<FoundEdited>, Failure> {
        // Who edited it is not known here: the call that led to the look was another one.
        let change = &PolicyChange {
            event: EventName::from_cloudtrail("Review"),
            event_id: String::new(),
            time: None,
            policy: policy.clone(),
            effect: PolicyEffect::VersionDeleted,
            caller: Caller::default(),
        };
        let work = PolicyWork { account: self, change, request, operator: OnceLock::new() };
        let guarded = match self.shipped.get()?.document(policy) {
            Some(shipped) => work.tell_that_it_stands(shipped).await?,
            None => work.guard_approved().await?,
        };
        Ok(match guarded.document {
            BoundaryDocument::Edited => Some(FoundEdited { told: guarded.finding }),
            BoundaryDocument::AsApproved => None,
        })
    }
}

impl PolicyWork<'_> {
    async fn tell_that_it_stands(&self, shipped: &Policy) -> Result<Guarded, Failure> {
        let policy = &self.change.policy;
        for _ in 0..ROUNDS {
            let page = self.account.ledger.read_policy(policy).await?;
            if page.record.intent.is_some() {
                // It is being set back.
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            let found = self.settled_default(&page.record, Some(&Fingerprint::of(shipped))).await?;
            let Some(edit) = Edit::of(&found.document, shipped) else {
                return Ok(Guarded::nothing("as shipped"));
            };
            let version = self.account.version_holding(policy, &Fingerprint::of(shipped)).await?;
            let standing = match (version.as_deref(), self.mode(&page)) {
                (Some(version), Mode::Enforce) => Standing::Stands(version),
                (Some(version), Mode::Observe) => Standing::Observed(version),
                (None, Mode::Enforce | Mode::Observe) => Standing::VersionGone,
            };
            if let Some(guarded) = self.tell_once(page, &edit, standing).await? {
                return Ok(guarded);
            }
        }
        Err(Failure::retryable(format!("policy `{policy}` is being worked on by others all the time")))
    }
}
