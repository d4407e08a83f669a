use super::{ExposureResponse, ExposureWork, Look};
use crate::clock;
use crate::failure::Failure;
use crate::ledger::Stored;
use guardrail::exposure::{Behind, Claim, Exposure};
use guardrail::finding::{AboutExposure, Finding, FindingId, Outcome};
use guardrail::settings::Mode;
use std::slice;

impl ExposureWork<'_> {
    /// Claims the finding, publishes it and notes that it is told. A crash in between tells the same finding again, under the same id.
    /// None where somebody else wrote in between.
    pub(super) async fn tell(
        &self,
        look: Look,
        id: FindingId,
        outcome: Outcome,
    ) -> Result<Option<ExposureResponse>, Failure> {
        let function = &self.change.function;
        let mut finding = self.finding(&look, id.clone(), outcome);
        let claim = Claim::new(id.clone(), outcome, self.request, clock::now());
        let claimed = look.page.record.claimed(claim);
        let stored = self.account.ledger.write_exposure(function, &claimed, look.page.version).await?;
        let Stored::Yes(version) = stored else { return Ok(None) };
        self.account.add_owner(&mut finding).await;
        self.account.publish_to_topic(&finding).await?;
        let noted = claimed.after_telling(&id, look.state);
        match self.account.ledger.write_exposure(function, &noted, version).await? {
            Stored::Yes(_) => {}
            // So late that another one took over, which tells the same finding under the same id and notes it.
            Stored::Overtaken => {
                tracing::warn!("telling took longer than its claim, it is told again under the same id")
            }
        }
        // After that, because nobody waits for it, and it may hang.
        self.account.import_into_security_hub(slice::from_ref(&finding)).await;
        Ok(Some(ExposureResponse {
            outcome: Some(outcome),
            finding: Some(id),
            ..ExposureResponse::of("told")
        }))
    }

    fn finding(&self, look: &Look, id: FindingId, outcome: Outcome) -> Finding {
        let mode = self.account.settings.mode.in_force(&look.page.kill_switch);
        let about = self.about(&look.exposure, &look.behind, mode);
        if outcome == Outcome::Resolved {
            about.closed(id, look.page.record.unresolved().into_iter().collect())
        } else {
            about.exposed(id)
        }
    }

    pub(super) fn about<'s>(
        &'s self,
        exposure: &'s Exposure,
        behind: &'s Behind,
        mode: Mode,
    ) -> AboutExposure<'s> {
        let settings = &self.account.settings;
        AboutExposure {
            exposure,
            behind,
            change: self.change,
            settings: &settings.rules,
            account: &settings.account,
            region: &settings.region,
            mode,
            now: clock::now(),
        }
    }
}
