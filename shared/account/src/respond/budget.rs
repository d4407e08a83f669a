//! A change of an existing role that exceeds the hour's budget waits in the review queue.

use super::{Response, Round, Sight, Work};
use crate::clock;
use crate::failure::Failure;
use crate::ledger::{Allowance, Stored};
use guardrail::change_budget::{BudgetHour, Pace};
use guardrail::decide::Remediation;
use guardrail::record::RoleRecord;

impl Work<'_> {
    /// None where the write may be made now; else what became of it.
    pub(super) async fn unless_within_budget(
        &self,
        sight: &Sight,
        remediation: &Remediation,
    ) -> Result<Option<Round>, Failure> {
        if remediation.pace() == Pace::AtOnce {
            return Ok(None);
        }
        let now = clock::now();
        let hour = BudgetHour::of(now);
        match self.account.ledger.take_from_budget(hour).await? {
            Allowance::Granted => Ok(None),
            Allowance::Exhausted => self.defer(sight, remediation, hour).await.map(Some),
        }
    }

    /// The ledger keeps the trigger, because the queue's message tells neither its caller nor its change; then the role is
    /// queued. A crash in between ends in Lambda's retry of the same event.
    async fn defer(
        &self,
        sight: &Sight,
        remediation: &Remediation,
        hour: BudgetHour,
    ) -> Result<Round, Failure> {
        let role = remediation.role();
        if sight.record.deferred.as_ref() != Some(self.trigger) {
            let record = RoleRecord { deferred: Some(self.trigger.clone()), ..sight.record.clone() };
            let stored = self.account.ledger.write(role, &record, sight.page.version()).await?;
            if stored == Stored::Overtaken {
                return Ok(Round::Overtaken);
            }
        }
        let wait = hour.retry_after(clock::now());
        self.account.look_again_after(role, self.trigger, wait).await?;
        if let Some(page) = self.operator.get()
            && let Some(notice) = page.noticed.budget_exhausted(hour)
        {
            self.account.tell_notice(page, notice, self.request).await;
        }
        Ok(Round::Over(Response::of(
            "the hour's change budget is used up, the role waits in the review queue",
        )))
    }
}
