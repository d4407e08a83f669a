//! A boundary that was approved beside ours belongs to somebody else: an edit is told, nothing is written to IAM.

use super::{Guarded, PolicyWork};
use crate::clock;
use crate::connect::Account;
use crate::failure::Failure;
use crate::ledger::{PolicyPage, Stored};
use guardrail::boundary_policy::{Approved, Edit, Fingerprint, PolicyRecord};
use guardrail::finding::Standing;
use guardrail::names::PolicyArn;
use guardrail::snapshot::Boundary;
use iam_policy::Policy;

/// Overtaken by others this often, an invocation leaves it to the retry.
const ROUNDS: usize = 5;

impl Account {
    /// Notes what an approved boundary says when a role is first seen with it.
    pub(crate) async fn note_first_sight(&self, boundary: &Boundary) -> Result<(), Failure> {
        let Boundary::Attached { arn, document } = boundary else { return Ok(()) };
        let Some(policy) = document.understood() else { return Ok(()) };
        if self.settings.rules.accepts(arn) && is_compared_with_first_sight(arn) {
            self.note_approved_document(arn, policy).await?;
        }
        Ok(())
    }

    /// The boundaries that are compared with what they said when they were first seen.
    pub(crate) fn watched_boundaries(&self) -> Vec<PolicyArn> {
        let rules = &self.settings.rules;
        let accepted = std::iter::once(&rules.boundary)
            .chain(rules.approved.iter().filter(|arn| **arn != rules.boundary));
        accepted.filter(|arn| is_compared_with_first_sight(arn)).cloned().collect()
    }

    async fn note_approved_document(&self, arn: &PolicyArn, policy: &Policy) -> Result<(), Failure> {
        let seen =
            Approved { hash: Fingerprint::of(policy), document: policy.to_json(), seen_at: clock::now() };
        self.ledger.note_approved(arn, &seen).await
    }
}

/// AWS's own are always as approved, and the shipped ones are compared with what is shipped.
fn is_compared_with_first_sight(boundary: &PolicyArn) -> bool {
    !boundary.is_aws_managed() && !boundary.is_shipped()
}

impl PolicyWork<'_> {
    pub(super) async fn guard_approved(&self) -> Result<Guarded, Failure> {
        let policy = &self.change.policy;
        if policy.is_aws_managed() {
            return Ok(Guarded::nothing("AWS's own, always as approved"));
        }
        for _ in 0..ROUNDS {
            let page = self.read().await?;
            let round = match page.approved.clone() {
                Some(approved) => self.compare_with_approved(page, &approved).await?,
                None => self.first_seen_edited(page).await?,
            };
            if let Some(guarded) = round {
                return Ok(guarded);
            }
        }
        Err(Failure::retryable(format!("policy `{policy}` is being worked on by others all the time")))
    }

    async fn compare_with_approved(
        &self,
        page: PolicyPage,
        approved: &Approved,
    ) -> Result<Option<Guarded>, Failure> {
        let policy = &self.change.policy;
        let unusable = |why: String| {
            let what = format!(
                "the ledger's item `approved`/`{policy}` cannot be used; an operator has to delete it"
            );
            Failure::malformed(what, why)
        };
        let expected = Policy::parse(&approved.document).map_err(|e| unusable(e.to_string()))?;
        if Fingerprint::of(&expected) != approved.hash {
            return Err(unusable("its hash is not the one of its document".to_owned()));
        }
        let found = self.settled_default(&page.record, Some(&approved.hash)).await?;
        let Some(edit) = Edit::of(&found.document, &expected) else {
            return self.note_as_approved(page).await;
        };
        let version = self.account.version_holding(policy, &approved.hash).await?;
        let ledger_table = &self.account.settings.ledger_table;
        let standing = Standing::Approved { version: version.as_deref(), ledger_table };
        self.tell_once(page, &edit, standing).await
    }

    /// Nobody had looked at it: what it says now is what later edits are compared with.
    async fn first_seen_edited(&self, page: PolicyPage) -> Result<Option<Guarded>, Failure> {
        let found = self.settled_default(&page.record, None).await?;
        let told = self.tell_once(page, &Edit::of_unseen(&found.document), Standing::FirstSeen).await?;
        if let (Some(_), Some(document)) = (&told, found.document.understood()) {
            self.account.note_approved_document(&self.change.policy, document).await?;
        }
        Ok(told)
    }

    async fn note_as_approved(&self, page: PolicyPage) -> Result<Option<Guarded>, Failure> {
        let guarded = Guarded::nothing("as approved");
        if page.record.told.is_none() {
            return Ok(Some(guarded));
        }
        let record = PolicyRecord { told: None, ..page.record };
        let stored = self.account.ledger.write_policy(&self.change.policy, &record, page.version).await?;
        Ok(matches!(stored, Stored::Yes(_)).then_some(guarded))
    }

    /// An edit that stands is told once. None where somebody else wrote in between.
    pub(super) async fn tell_once(
        &self,
        page: PolicyPage,
        edit: &Edit,
        standing: Standing<'_>,
    ) -> Result<Option<Guarded>, Failure> {
        let policy = &self.change.policy;
        if page.record.intent.is_none() && page.record.has_told(edit, None) {
            return Ok(Some(Guarded::edited("edited, told before", None)));
        }
        let about = self.about(edit, self.change, self.mode(&page));
        let finding = about.edited(page.record.next_finding(policy), standing);
        self.account.publish(&finding).await?;
        let record = page.record.after_telling(edit, None);
        match self.account.ledger.write_policy(policy, &record, page.version).await? {
            Stored::Yes(_) => Ok(Some(Guarded::edited("edited, told", Some(finding.id)))),
            Stored::Overtaken => Ok(None),
        }
    }
}
