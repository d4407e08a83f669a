//! What operators changed, told after everything else.
//!
//! Of many invocations that see a change at once, one claims to tell it, publishes, and notes that it is told. A crash in between leaves
//! the claim, which ends after a while, and the same finding is told again under the same id. No invocation fails because of a
//! notice: what could not be told is still due at the next one.

use crate::clock;
use crate::connect::Account;
use crate::failure::Failure;
use crate::ledger::{OperatorPage, Stored};
use guardrail::finding::{AboutNotice, Finding};
use guardrail::notice::{Due, Notice};
use std::time::Duration;

/// What telling may take: by then all that the invocation was for is done, and five messages of the review queue share 30 s.
const PATIENCE: Duration = Duration::from_secs(3);

impl Account {
    /// Tells what changed of the operators' items since it was told. `request` is Lambda's request id.
    pub(crate) async fn tell_notices(&self, page: &OperatorPage, request: &str) {
        self.tell_all_due(page, &self.due_notices(page), request).await;
    }

    pub(crate) fn due_notices(&self, page: &OperatorPage) -> Due {
        page.noticed.due(&page.view, self.settings.mode, clock::now())
    }

    /// Tells one thing that is not to be seen in the items alone.
    pub(crate) async fn tell_notice(&self, page: &OperatorPage, notice: Notice, request: &str) {
        let due = Due { notices: vec![notice], silent: Vec::new() };
        self.tell_all_due(page, &due, request).await;
    }

    pub(crate) async fn tell_all_due(&self, page: &OperatorPage, due: &Due, request: &str) {
        if due.is_nothing() || !page.noticed.may_be_told_by(request, clock::now()) {
            return;
        }
        let mut published = Vec::new();
        let telling = self.claim_and_tell(page, due, request, &mut published);
        match tokio::time::timeout(PATIENCE, telling).await {
            Ok(Ok(())) => {}
            Ok(Err(failure)) => {
                tracing::warn!(cause = %failure, "a notice could not be told, it is due again at the next event");
            }
            Err(_) => {
                self.calls.note_given_up("sns");
                tracing::warn!("telling notices took too long, they are due again at the next event");
            }
        }
        // After it is noted that they are told: a Security Hub that hangs must not make them due again.
        self.pass_on(&published).await;
    }

    async fn claim_and_tell(
        &self,
        page: &OperatorPage,
        due: &Due,
        request: &str,
        published: &mut Vec<Finding>,
    ) -> Result<(), Failure> {
        if due.notices.is_empty() {
            self.ledger.write_noticed(&page.noticed.after(&[], &due.silent), page.version).await?;
            return Ok(());
        }
        let claimed = page.noticed.claimed_by(request, clock::now());
        let stored = self.ledger.write_noticed(&claimed, page.version).await?;
        // Somebody else saw it too and was first.
        let Stored::Yes(version) = stored else { return Ok(()) };
        for (index, notice) in due.notices.iter().enumerate() {
            match self.publish_notice(page, notice).await {
                Ok(finding) => published.push(finding),
                Err(failure) => {
                    let told = due.notices.get(..index).unwrap_or_default();
                    if !told.is_empty() {
                        self.ledger.write_noticed(&claimed.after_some(told), version).await?;
                    }
                    return Err(failure);
                }
            }
        }
        self.ledger.write_noticed(&claimed.after(&due.notices, &due.silent), version).await?;
        Ok(())
    }

    async fn publish_notice(&self, page: &OperatorPage, notice: &Notice) -> Result<Finding, Failure> {
        let (settings, now) = (&self.settings, clock::now());
        let about = AboutNotice {
            notice,
            id: page.noticed.finding_id(notice),
            account: &settings.account,
            region: &settings.region,
            mode: settings.mode.in_force(&page.kill_switch(now)),
            now,
            ledger_table: &settings.ledger_table,
        };
        let finding = about.finding();
        self.publish_to_topic(&finding).await?;
        tracing::info!(notice = notice.kind.in_words(), finding = finding.id.as_str(), "told");
        Ok(finding)
    }
}
