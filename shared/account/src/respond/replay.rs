//! What would be done about a trigger now: the way of [`super`] without its writes. It reads with the same calls, decides by
//! the same table and words the same finding, in observe mode.

use super::{NotFound, Sight, Work};
use crate::clock::{self, Stopwatch};
use crate::connect::Account;
use crate::failure::Failure;
use crate::ledger::LedgerPage;
use crate::replay::{Ledger, Replay};
use guardrail::assess::Approval;
use guardrail::decide::{Case, Decision, Report, Step, Untouched, decide, decide_at_first_sight};
use guardrail::finding::{AboutRole, Finding, Outcome};
use guardrail::names::RoleName;
use guardrail::severity::Severity;
use guardrail::snapshot::{Boundary, Document, RoleSnapshot};
use guardrail::trigger::Trigger;
use std::sync::{Arc, OnceLock};

impl Account {
    /// The account has to be one that observes: its settings make every decision one to tell.
    pub(crate) async fn replay(&self, trigger: &Trigger, ledger: Ledger) -> Result<Replay, Failure> {
        let work = Work {
            account: self,
            trigger,
            request: "replay",
            not_found: NotFound::Gone,
            stopwatch: Stopwatch::start(),
            operator: &OnceLock::new(),
            last_accessed: &OnceLock::new(),
        };
        work.replay(ledger).await
    }
}

impl Work<'_> {
    async fn replay(&self, ledger: Ledger) -> Result<Replay, Failure> {
        let Some(name) = self.role_name().await? else { return Ok(Replay::of("the function is gone")) };
        if ledger == Ledger::Read && self.is_own_expected_call(&name).await? {
            return Ok(Replay::of("own call, expected"));
        }
        let Some(sight) = self.sight_without_writes(&name, ledger).await? else {
            return Ok(Replay::of("the role is not found"));
        };
        let mut notes = Vec::new();
        if let Some(intent) = &sight.record.intent {
            notes.push(format!(
                "the ledger has an open intent (finding {}), which the next event finishes first",
                intent.finding.as_str()
            ));
        }
        let replay = match sight.record.taken_up_by(self.trigger).cloned() {
            Some(deferred) => {
                notes.push(format!(
                    "the change budget held `{}` back, so that is decided about",
                    deferred.event.as_str()
                ));
                Work { trigger: &deferred, ..*self }.replay_sight(&sight).await?
            }
            None => self.replay_sight(&sight).await?,
        };
        notes.extend(replay.notes);
        Ok(Replay { role: Some(sight.role.arn.clone()), notes, ..replay })
    }

    async fn sight_without_writes(&self, name: &RoleName, ledger: Ledger) -> Result<Option<Sight>, Failure> {
        let page = async {
            match ledger {
                Ledger::Read => self.read_ledger(name).await,
                Ledger::NotThere => Ok(LedgerPage::empty()),
            }
        };
        let (role, page) = tokio::try_join!(self.account.get_role(name), page)?;
        Ok(role.map(|role| Sight {
            record: page.record_of(&role.id),
            // A Ringfence that is installed now counts every older role that is in use as existing.
            installed_at: page.installed_at.unwrap_or_else(clock::now),
            role,
            page,
        }))
    }

    async fn replay_sight(&self, sight: &Sight) -> Result<Replay, Failure> {
        let case = self.case(sight);
        if let Step::Decided(Decision::Nothing(why)) = decide_at_first_sight(&case) {
            return Ok(Replay::of(match why {
                Untouched::NotAnExecutionRole => "not an execution role",
                Untouched::ManagedByAws => "managed by AWS",
            }));
        }
        let (snapshot, ours) =
            tokio::try_join!(self.account.read_policies(sight.role.clone()), self.ours_or_shipped())?;
        self.replay_snapshot(sight, &case, &snapshot, &ours).await
    }

    /// Our boundary; before the first deployment the one that this build would deploy.
    async fn ours_or_shipped(&self) -> Result<Boundary, Failure> {
        let ours = self.account.our_boundary().await?;
        match (&ours, self.account.shipped.get()?.document(&self.account.settings.rules.boundary)) {
            (Boundary::Attached { arn, document: Document::Gone }, Some(shipped)) => Ok(Boundary::Attached {
                arn: arn.clone(),
                document: Document::Understood(Arc::new(shipped.clone())),
            }),
            _ => Ok(ours),
        }
    }

    async fn replay_snapshot(
        &self,
        sight: &Sight,
        case: &Case<'_>,
        snapshot: &RoleSnapshot,
        ours: &Boundary,
    ) -> Result<Replay, Failure> {
        let compared = match self.account.settings.rules.approval(&snapshot.boundary) {
            Approval::Unapproved => Some(ours),
            Approval::NotJudged | Approval::Ours | Approval::Approved => None,
        };
        let assessment = self.assess(snapshot, &sight.record, self.trigger, compared);
        let boundary_document = self.account.boundary_document(&snapshot.boundary).await?;
        let about = AboutRole {
            exemption: sight.page.exemption_of(&sight.role),
            mode: self.mode(sight),
            ..self.about(snapshot, &assessment, self.trigger, &sight.record, ours)
        };
        match decide(&Case { boundary_document, ..*case }, &assessment) {
            Decision::Report(Report { outcome: Outcome::BoundaryEdited, reason }) => Ok(Replay {
                reason: Some(reason),
                notes: vec![
                    "the finding is about the policy: replay the call that edited it to see the finding"
                        .to_owned(),
                ],
                ..Replay::of(Outcome::BoundaryEdited.as_str())
            }),
            Decision::Report(report) => self.replay_report(sight, &about, &report).await,
            Decision::Compliant if about.is_resolved() => self.shown(about.resolved(), Vec::new()).await,
            Decision::Compliant => Ok(Replay::of("compliant")),
            Decision::Nothing(_) => Ok(Replay::of("nothing to do")),
            // A permit to write is made in enforce mode only.
            Decision::Remediate(remediation) => Err(Failure::malformed(
                "the account of a replay has to observe",
                format!("a write to role `{}` was decided", remediation.role()),
            )),
        }
    }

    async fn replay_report(
        &self,
        sight: &Sight,
        about: &AboutRole<'_>,
        report: &Report,
    ) -> Result<Replay, Failure> {
        let finding = about.told(report.outcome, &report.reason);
        let finding = if about.is_resolved() && finding.severity < Severity::Medium {
            about.resolved()
        } else {
            finding
        };
        let mut notes = Vec::new();
        if sight.record.has_told(&about.state(&about.snapshot.boundary)) {
            notes.push(
                "this state of the role was told before, so nothing would be published again".to_owned(),
            );
        }
        self.shown(finding, notes).await
    }

    async fn shown(&self, mut finding: Finding, notes: Vec<String>) -> Result<Replay, Failure> {
        self.account.add_recent_use(&mut finding).await;
        Ok(Replay { reason: Some(finding.reason.clone()), notes, ..Replay::of(finding.outcome.as_str()) }
            .with(finding))
    }
}
