//! A finding without a write, told once per state.

use super::{Response, Round, Seen, Sight, Work};
use crate::clock;
use crate::failure::Failure;
use crate::ledger::Stored;
use guardrail::decide::Report;
use guardrail::finding::AboutRole;
use guardrail::record::{RoleRecord, Told};

impl Work<'_> {
    /// Publishes, then notes that this state was told. A crash in between tells the same finding again, under the same id.
    pub(super) async fn tell_once(
        &self,
        sight: &Sight,
        seen: &Seen<'_>,
        report: &Report,
    ) -> Result<Round, Failure> {
        let Seen { snapshot, assessment, ours } = *seen;
        let about = AboutRole {
            exemption: sight.page.exemption_of(&sight.role),
            ..self.about(snapshot, assessment, self.trigger, &sight.record, ours)
        };
        let state = about.state(&snapshot.boundary);
        if sight.record.has_told(&state) {
            return self.keep_record(sight).await;
        }
        let mut finding = about.told(report.outcome, &report.reason);
        self.account.add_recent_use(&mut finding).await;
        self.account.publish(&finding).await?;
        let told =
            Told { state, finding: finding.id.clone(), outcome: finding.outcome, severity: finding.severity };
        let record = RoleRecord { told: Some(told), ..self.seen(sight) };
        match self.account.ledger.write(sight.role.arn.name(), &record, sight.page.version()).await? {
            Stored::Yes(_) => Ok(Round::Over(Response {
                outcome: Some(finding.outcome),
                finding: Some(finding.id),
                ..Response::of("told")
            })),
            Stored::Overtaken => Ok(Round::Overtaken),
        }
    }

    /// Nothing to tell: stores what was seen, if the ledger does not know it yet.
    pub(super) async fn keep_record(&self, sight: &Sight) -> Result<Round, Failure> {
        let record = self.seen(sight);
        let response = Response::of("nothing to tell");
        if record == sight.record {
            return Ok(Round::Over(response));
        }
        match self.account.ledger.write(sight.role.arn.name(), &record, sight.page.version()).await? {
            Stored::Yes(_) => Ok(Round::Over(response)),
            Stored::Overtaken => Ok(Round::Overtaken),
        }
    }

    /// The record with the function of this trigger, and with the role's boundary if it is one of the accepted.
    fn seen(&self, sight: &Sight) -> RoleRecord {
        let mut record = sight.record.clone();
        record.note_given(&self.trigger.change);
        // IAM may show the boundary for seconds after it was given up.
        let held = record.hold(clock::now()).is_some();
        if let Some(boundary) =
            sight.role.boundary.as_ref().filter(|b| !held && self.account.settings.rules.accepts(b))
        {
            record.bounded_with = Some(boundary.clone());
        }
        record
    }
}
