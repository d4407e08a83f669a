//! A finding without a write, told once per state.

use super::{ROUNDS, Response, Round, Seen, Sight, Work};
use crate::clock;
use crate::failure::Failure;
use crate::ledger::{Stored, Version};
use guardrail::analyzer::Question;
use guardrail::assess::Assessment;
use guardrail::decide::Report;
use guardrail::finding::{AboutRole, Finding, FindingId, Outcome, StateKey};
use guardrail::record::{RoleRecord, Told};
use guardrail::severity::Severity;
use guardrail::snapshot::{Role, RoleSnapshot};
use std::slice;
use std::time::Duration;

/// Between two looks at a finding that another invocation is about to tell.
const PAUSE: Duration = Duration::from_millis(250);

/// Two claims of invocations that died, one after the other.
const PATIENCE: Duration = Duration::from_secs(11);

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
            mode: self.mode(sight),
            ..self.about(snapshot, assessment, self.trigger, &sight.record, ours)
        };
        let state = about.state(&snapshot.boundary);
        let is_resolved = about.is_resolved();
        if sight.record.has_told(&state) && !is_resolved {
            return self.keep_record(sight).await;
        }
        let finding = about.told(report.outcome, &report.reason);
        let finding =
            if is_resolved && finding.severity < Severity::Medium { about.resolved() } else { finding };
        if sight.record.has_told(&state) && finding.outcome != Outcome::Resolved {
            return self.keep_record(sight).await;
        }
        let questions = self.questions(&about, &finding).await;
        self.publish_and_note(sight, finding, questions, state).await
    }

    /// All is well with the role. Where it was not, that is told once.
    pub(super) async fn compliant(
        &self,
        sight: &Sight,
        snapshot: &RoleSnapshot,
        assessment: &Assessment,
    ) -> Result<Round, Failure> {
        let about = self.about(snapshot, assessment, self.trigger, &sight.record, &snapshot.boundary);
        if about.is_resolved() {
            // Nothing is wrong with it: nobody else has to be asked.
            let state = about.state(&snapshot.boundary);
            return self.publish_and_note(sight, about.resolved(), Vec::new(), state).await;
        }
        self.keep_record(sight).await
    }

    /// Claims the finding, publishes it and notes that it is told.
    async fn publish_and_note(
        &self,
        sight: &Sight,
        mut finding: Finding,
        questions: Vec<Question>,
        state: StateKey,
    ) -> Result<Round, Failure> {
        let (name, now) = (sight.role.arn.name(), clock::now());
        if sight.record.is_being_told_by_another(&finding.id, self.request, now) {
            return Ok(Round::BeingTold(finding.id));
        }
        let mut record = self.seen(sight);
        record.claim_telling(&finding.id, self.request, now);
        let stored = self.account.ledger.write(name, &record, sight.page.version()).await?;
        let Stored::Yes(version) = stored else { return Ok(Round::Overtaken) };
        self.account.enrich(&mut finding, questions).await;
        self.account.publish_to_topic(&finding).await?;
        let Finding { id, outcome, severity, .. } = finding.clone();
        let worst_breach = finding.worst_breach();
        let told = Told { state, finding: id.clone(), outcome, severity, worst_breach };
        self.note_told(sight, record, version, &told).await?;
        // After that, because nobody waits for it, and it may hang.
        self.account.pass_on(slice::from_ref(&finding)).await;
        Ok(Round::Over(Response { outcome: Some(outcome), finding: Some(id), ..Response::of("told") }))
    }

    /// Waits until a finding that another invocation is about to tell is told, or is not told by it any more. Only the ledger is asked.
    pub(super) async fn wait_for_teller(&self, role: &Role, finding: &FindingId) -> Result<(), Failure> {
        let mut waited = Duration::ZERO;
        while waited < PATIENCE {
            tokio::time::sleep(PAUSE).await;
            waited += PAUSE;
            let record = self.account.ledger.record_of(role).await?;
            let is_being_told = record
                .is_some_and(|record| record.is_being_told_by_another(finding, self.request, clock::now()));
            if !is_being_told {
                return Ok(());
            }
        }
        let name = role.arn.name();
        Err(Failure::retryable(format!("others try to tell the same about role `{name}` all the time")))
    }

    /// Whoever wrote the record while the finding was published is not undone. If it told another state, that is the last word; if it
    /// is about to write to the role, its intent is its own to close.
    async fn note_told(
        &self,
        sight: &Sight,
        mut record: RoleRecord,
        mut version: Version,
        told: &Told,
    ) -> Result<(), Failure> {
        for _ in 0..ROUNDS {
            record.note_told(told.clone());
            match self.account.ledger.write(sight.role.arn.name(), &record, version).await? {
                Stored::Yes(_) => return Ok(()),
                Stored::Overtaken => {}
            }
            let page = self.read_ledger(sight.role.arn.name()).await?;
            let is_a_namesakes = page.record().is_none_or(|record| record.role_id != sight.role.id);
            (record, version) = (page.record_of(&sight.role.id), page.version());
            if is_a_namesakes || record.intent.is_some() || record.told != sight.record.told {
                return Ok(());
            }
        }
        tracing::warn!("that a finding was told cannot be noted, it may be told again under the same id");
        Ok(())
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
