//! How what is exposed is told: claimed, published, noted. A crash in between tells the same finding again, under the same id.

use super::{ExposureResponse, ExposureWork, Look};
use crate::clock;
use crate::connect::Account;
use crate::failure::Failure;
use crate::ledger::{Stored, Version};
use guardrail::analyzer::Question;
use guardrail::exposure::{Behind, Claim, Exposure, ExposureRecord, ExposureState, ExposureSubject};
use guardrail::finding::{AboutExposure, Finding, FindingId, Outcome};
use guardrail::settings::Mode;
use std::slice;

/// A finding that this invocation alone may publish.
pub(crate) struct Claimed<'a> {
    of: ExposureSubject<'a>,
    record: ExposureRecord,
    version: Version,
}

impl Account {
    /// Claims to tell `finding`. None where somebody else wrote since `read`.
    pub(crate) async fn claim_exposure<'a>(
        &self,
        of: ExposureSubject<'a>,
        (record, read): (&ExposureRecord, Version),
        finding: &Finding,
        request: &str,
    ) -> Result<Option<Claimed<'a>>, Failure> {
        let claim = Claim::new(finding.id.clone(), finding.outcome, request, clock::now());
        let record = record.claimed(claim);
        Ok(match self.ledger.write_exposure(of, &record, read).await? {
            Stored::Yes(version) => Some(Claimed { of, record, version }),
            Stored::Overtaken => None,
        })
    }

    /// Publishes what was claimed and notes that it is told.
    pub(crate) async fn tell_claimed(
        &self,
        claimed: Claimed<'_>,
        finding: &Finding,
        state: Option<ExposureState>,
    ) -> Result<(), Failure> {
        self.publish_to_topic(finding).await?;
        let noted = claimed.record.after_telling(&finding.id, state);
        match self.ledger.write_exposure(claimed.of, &noted, claimed.version).await? {
            Stored::Yes(_) => {}
            // So late that another one took over, which tells the same finding under the same id and notes it.
            Stored::Overtaken => {
                tracing::warn!("telling took longer than its claim, it is told again under the same id")
            }
        }
        // After that, because nobody waits for it, and it may hang.
        self.pass_on(slice::from_ref(finding)).await;
        Ok(())
    }
}

impl ExposureWork<'_> {
    /// None where somebody else wrote in between.
    pub(super) async fn tell(
        &self,
        look: Look,
        id: FindingId,
        outcome: Outcome,
    ) -> Result<Option<ExposureResponse>, Failure> {
        let mut finding = self.finding(&look, id.clone(), outcome);
        let (of, known) = ((&self.change.function).into(), (&look.page.record, look.page.version));
        let claimed = self.account.claim_exposure(of, known, &finding, self.request).await?;
        let Some(claimed) = claimed else { return Ok(None) };
        let questions = self.questions(&look, outcome);
        self.account.enrich_exposure(&mut finding, questions).await;
        self.account.tell_claimed(claimed, &finding, look.state).await?;
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

    /// Of what is closed again there is nothing to ask.
    fn questions(&self, look: &Look, outcome: Outcome) -> Vec<Question> {
        if outcome == Outcome::Resolved {
            return Vec::new();
        }
        let mode = self.account.settings.mode.in_force(&look.page.kill_switch);
        self.about(&look.exposure, &look.behind, mode).questions()
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
