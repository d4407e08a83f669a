//! A decided write, from the intent to its finding.

use super::{Response, Round, Sight, Work};
use crate::carry_out::{Lasting, Refusal, Written};
use crate::clock;
use crate::failure::Failure;
use crate::ledger::{Deed, Stored, Version};
use guardrail::analyzer::Question;
use guardrail::assess::Assessment;
use guardrail::decide::Remediation;
use guardrail::finding::{AboutRole, Enforcement, Finding};
use guardrail::names::PolicyArn;
use guardrail::record::{Intent, LastWrite, RoleRecord, Told};
use guardrail::settings::Mode;
use guardrail::snapshot::{Boundary, Document, Role, RoleSnapshot};
use guardrail::trigger::Trigger;
use jiff::Timestamp;
use std::slice;

impl Work<'_> {
    /// Records the intent, puts the boundary, tells, closes the intent.
    pub(super) async fn enforce(
        &self,
        sight: &Sight,
        remediation: &Remediation,
        snapshot: Option<&RoleSnapshot>,
    ) -> Result<Round, Failure> {
        if let Some(deferred) = self.unless_within_budget(sight, remediation).await? {
            return Ok(deferred);
        }
        let record = sight.record.with_intent(remediation, self.trigger, self.request, clock::now());
        let stored = self.account.ledger.write(remediation.role(), &record, sight.page.version()).await?;
        let Stored::Yes(version) = stored else { return Ok(Round::Overtaken) };
        let open = Open { role: sight.role.clone(), record, version };
        self.carry_out_and_tell(open, remediation, snapshot).await.map(Round::Over)
    }

    /// The write of an open intent, and all that follows.
    pub(super) async fn carry_out_and_tell(
        &self,
        open: Open,
        remediation: &Remediation,
        snapshot: Option<&RoleSnapshot>,
    ) -> Result<Response, Failure> {
        match self.account.carry_out(remediation).await? {
            Written::Done => {
                let contained_at = clock::now();
                let contained_within_ms = self.milliseconds_so_far();
                let response = self.tell_and_close(open, snapshot, contained_at).await?;
                Ok(Response { contained_within_ms: Some(contained_within_ms), ..response })
            }
            Written::NotFound => self.nothing_to_put(open, remediation).await,
            Written::Refused(refusal) => self.tell_refusal(open, &refusal, snapshot).await,
        }
    }

    /// Tells an intent whose boundary is in place, and closes it.
    pub(super) async fn tell_and_close(
        &self,
        open: Open,
        snapshot: Option<&RoleSnapshot>,
        contained_at: Timestamp,
    ) -> Result<Response, Failure> {
        let Some(intent) = open.record.intent.clone() else {
            return Ok(Response::of("the intent is closed"));
        };
        let contained_after_ms =
            intent.trigger.time.and_then(|called| clock::milliseconds_between(called, contained_at));
        if !intent.is_told() {
            self.close(open, &intent, Closing::BoundaryPut(None)).await?;
            return Ok(Response {
                contained_after_ms,
                ..Response::of("boundary put, as often before; the next finding of the series tells it")
            });
        }
        let (finding, told) = self.describe(&open, &intent, snapshot, contained_at).await?;
        self.account.publish_to_topic(&finding).await?;
        self.close(open, &intent, Closing::BoundaryPut(Some(told))).await?;
        // After that, because whoever waits for the intent waits no longer, and it may hang.
        self.account.pass_on(slice::from_ref(&finding)).await;
        Ok(Response {
            outcome: Some(finding.outcome),
            finding: Some(finding.id),
            contained_after_ms,
            ..Response::of("boundary put")
        })
    }

    async fn describe(
        &self,
        open: &Open,
        intent: &Intent,
        snapshot: Option<&RoleSnapshot>,
        contained_at: Timestamp,
    ) -> Result<(Finding, Told), Failure> {
        let (snapshot, ours) = self.before_and_after(open, intent, snapshot).await?;
        let assessment = self.assess(&snapshot, &open.record, &intent.trigger, Some(&ours));
        let about = self.about(&snapshot, &assessment, &intent.trigger, &open.record, &ours);
        let mut finding = about.enforced(&Enforcement {
            id: &intent.finding,
            outcome: intent.outcome,
            reason: &intent.reason,
            before: intent.boundary_before.as_ref(),
            contained_at: Some(contained_at),
            repetition: intent.repetition.as_ref(),
        });
        let questions = self.questions(&about, &finding).await;
        self.account.enrich(&mut finding, questions).await;
        let told = Told {
            state: about.state(&ours),
            finding: finding.id.clone(),
            outcome: finding.outcome,
            severity: finding.severity,
            worst_breach: finding.worst_breach(),
        };
        Ok((finding, told))
    }

    /// What to ask Access Analyzer for the finding.
    pub(super) async fn questions(&self, about: &AboutRole<'_>, finding: &Finding) -> Vec<Question> {
        let mut questions = about.questions(finding);
        questions.extend(self.account.questions_of_new_versions(about.trigger, about.snapshot).await);
        questions
    }

    /// The role as it was before the write, and our boundary with its document.
    async fn before_and_after(
        &self,
        open: &Open,
        intent: &Intent,
        snapshot: Option<&RoleSnapshot>,
    ) -> Result<(RoleSnapshot, Boundary), Failure> {
        let ours = self.account.boundary(Some(intent.boundary_after.clone()));
        if let Some(snapshot) = snapshot {
            return Ok((snapshot.clone(), ours.await?));
        }
        let before = Role { boundary: intent.boundary_before.clone(), ..open.role.clone() };
        tokio::try_join!(self.account.read_policies(before), ours)
    }

    pub(super) fn about<'a>(
        &'a self,
        snapshot: &'a RoleSnapshot,
        assessment: &'a Assessment,
        trigger: &'a Trigger,
        record: &'a RoleRecord,
        ours: &'a Boundary,
    ) -> AboutRole<'a> {
        AboutRole {
            snapshot,
            assessment,
            trigger,
            settings: &self.account.settings.rules,
            // An intent is recorded in this mode only; what is merely told says its own.
            mode: Mode::Enforce,
            record,
            ours,
            exemption: None,
            region: &self.account.settings.region,
            now: clock::now(),
            ledger_table: &self.account.settings.ledger_table,
            last_accessed: self.last_accessed.get(),
        }
    }

    /// Closes an intent. If somebody closed it meanwhile, all is well: the finding's id was the same.
    async fn close(&self, open: Open, intent: &Intent, how: Closing) -> Result<(), Failure> {
        let name = open.role.arn.name().clone();
        let mut record = RoleRecord { intent: None, deferred: None, ..open.record };
        if let Closing::BoundaryPut(told) = how {
            self.account.ledger.note_deed(&name, &Deed::of_intent(intent)).await?;
            if let Some(told) = told {
                record.note_told(told);
            }
            record.bounded_with = Some(intent.boundary_after.clone());
            record.put_at = Some(clock::now());
            record.last_write = Some(LastWrite {
                finding: intent.finding.clone(),
                boundary_before: intent.boundary_before.clone(),
                boundary_after: intent.boundary_after.clone(),
                at: clock::now(),
            });
            record.undone = None;
            // Once a write came through, the next refusal is news again.
            record.refusals_told.clear();
        }
        record.note_given(&intent.trigger.change);
        record.note_given(&self.trigger.change);
        self.account.ledger.write(&name, &record, open.version).await?;
        Ok(())
    }

    /// `NoSuchEntity`: either the role went, and there is nothing to contain, or the boundary's policy did.
    async fn nothing_to_put(&self, open: Open, remediation: &Remediation) -> Result<Response, Failure> {
        let now = self.account.read_role(remediation.role()).await?;
        if now.is_none_or(|role| role.id != *remediation.role_id()) {
            // Gone, or not to be seen yet: the second look tells.
            self.account.look_again_later(remediation.role(), self.trigger).await?;
            if let Some(intent) = open.record.intent.clone() {
                self.close(open, &intent, Closing::NotPut).await?;
            }
            return Ok(Response::of("the role went before it could be bounded, a second look is queued"));
        }
        let ours = self.account.boundary(Some(remediation.after().clone())).await?;
        if !matches!(ours, Boundary::Attached { document: Document::Gone, .. }) {
            return Err(Failure::retryable(format!(
                "IAM does not find role `{}` for a write, but for a read",
                remediation.role()
            )));
        }
        let refusal = Refusal {
            code: "boundary-policy-missing".to_owned(),
            message: missing_policy(remediation.after()),
            lasting: Lasting::UntilMended,
        };
        self.tell_refusal(open, &refusal, None).await
    }

    /// Tells a refused write once per role and reason. A permanent refusal ends the matter; any other leaves the intent open,
    /// fails, and is tried again by Lambda.
    async fn tell_refusal(
        &self,
        mut open: Open,
        refusal: &Refusal,
        snapshot: Option<&RoleSnapshot>,
    ) -> Result<Response, Failure> {
        let Some(intent) = open.record.intent.clone() else {
            return Ok(Response::of("the intent is closed"));
        };
        let mut response = Response::of("AWS refused the write");
        if !open.record.refusals_told.contains(&refusal.code) {
            let (mut finding, questions) = self.refused_finding(&open, &intent, refusal, snapshot).await?;
            self.account.enrich(&mut finding, questions).await;
            self.account.publish(&finding).await?;
            open.record.note_refusal(&refusal.code, &finding.id, finding.worst_breach());
            response = Response { outcome: Some(finding.outcome), finding: Some(finding.id), ..response };
        }
        match refusal.lasting {
            Lasting::Permanent => {
                self.close(open, &intent, Closing::NotPut).await?;
                Ok(response)
            }
            Lasting::UntilMended => {
                self.account.ledger.write(open.role.arn.name(), &open.record, open.version).await?;
                let role = open.role.arn.name();
                Err(Failure::denied(format!(
                    "AWS refused to put the boundary on role `{role}`: {}",
                    refusal.message
                )))
            }
        }
    }

    async fn refused_finding(
        &self,
        open: &Open,
        intent: &Intent,
        refusal: &Refusal,
        snapshot: Option<&RoleSnapshot>,
    ) -> Result<(Finding, Vec<Question>), Failure> {
        let (snapshot, ours) = self.before_and_after(open, intent, snapshot).await?;
        let assessment = self.assess(&snapshot, &open.record, &intent.trigger, Some(&ours));
        let about = self.about(&snapshot, &assessment, &intent.trigger, &open.record, &ours);
        let intended = Enforcement {
            id: &intent.finding,
            outcome: intent.outcome,
            reason: &intent.reason,
            before: intent.boundary_before.as_ref(),
            contained_at: None,
            repetition: None,
        };
        let finding = about.refused(&intended, &refusal.code, &refusal.message);
        let questions = self.questions(&about, &finding).await;
        Ok((finding, questions))
    }
}

fn missing_policy(boundary: &PolicyArn) -> String {
    format!(
        "the boundary's policy `{boundary}` does not exist; deploy Ringfence again, or correct `BoundaryArn`"
    )
}

/// How an intent ends.
enum Closing {
    /// The boundary is in place, and that was told, or is left to the next finding of its series.
    BoundaryPut(Option<Told>),
    /// Nothing was written to the role.
    NotPut,
}

/// A role with an open intent of its record, as it was stored.
pub(super) struct Open {
    pub(super) role: Role,
    pub(super) record: RoleRecord,
    pub(super) version: Version,
}
