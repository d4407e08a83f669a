//! What roles used: IAM is asked about some of them in each sweep, the worst first, and what it reports stays in the ledger. It is
//! advice, so it may take only the time that the sweep has to spare, and where it does not come it is not known.

use super::SweepCall;
use crate::clock;
use crate::connect::Account;
use crate::failure::Failure;
use crate::last_accessed::ReportJob;
use crate::ledger::KnownUse;
use futures_util::stream::{StreamExt, iter};
use guardrail::last_accessed::LastAccessed;
use guardrail::names::{RoleArn, RoleId, RoleName};
use guardrail::report::{RoleRow, Texts, to_ask_about};
use jiff::SignedDuration;
use std::time::Duration;

/// Reports that are begun at once. IAM has other callers.
const BEGUN_AT_ONCE: usize = 4;

/// Reports that are read at once: that of an administrator is megabytes while it is read.
const READ_AT_ONCE: usize = 2;

/// Whoever is refused so often is refused everywhere: the others wait for the next sweep.
const MOST_REFUSED: usize = 20;

/// Before each look at whether a report is finished. Most are when the last one was begun.
const PAUSES: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];

/// For all of it.
const PATIENCE: Duration = Duration::from_secs(120);

/// For what comes after it: the report is written and the summary told before Lambda ends the invocation.
const TO_REPORT: SignedDuration = SignedDuration::from_secs(90);

/// What came of asking.
#[derive(Debug, Default)]
struct Answers {
    known: Vec<LastAccessed>,
    /// How often it was asked for nothing, and why the first time.
    failed: usize,
    first_failure: Option<Failure>,
}

/// A report that was begun, and about whom.
type Begun = (RoleName, RoleId, ReportJob);

impl Account {
    /// What the ledger knows of these roles' use; nothing, where it does not answer.
    pub(super) async fn known_use(&self, roles: &[RoleName]) -> KnownUse {
        self.ledger.read_last_accessed(roles).await.unwrap_or_else(|failure| {
            tracing::warn!(cause = %failure, "what was noted of the roles' use cannot be read");
            KnownUse::default()
        })
    }

    /// Asks IAM what some roles used, notes it in the ledger and in their rows. Never fails: what is not known the next sweep asks for
    /// again.
    pub(crate) async fn ask_what_was_used(&self, call: SweepCall<'_>, rows: &mut [RoleRow]) {
        let now = clock::now();
        let wanted = to_ask_about(rows, now);
        let left = Duration::try_from(call.ends_at.duration_since(now) - TO_REPORT).unwrap_or_default();
        let patience = PATIENCE.min(left);
        if wanted.is_empty() || patience.is_zero() {
            return;
        }
        let asked = wanted.len();
        let mut answers = Answers::default();
        let is_in_time = tokio::time::timeout(patience, self.ask(wanted, &mut answers)).await.is_ok();
        let Answers { known, failed, first_failure } = answers;
        let not_known = asked.saturating_sub(known.len());
        match first_failure {
            Some(cause) => {
                tracing::warn!(asked, not_known, failed, cause = %cause, "what some roles used is not known");
            }
            None if !is_in_time => {
                tracing::warn!(asked, not_known, "IAM took too long to say what roles used")
            }
            None => tracing::info!(asked, "IAM was asked what roles used"),
        }
        let mut texts = Texts::default();
        for known in &known {
            rows.iter_mut()
                .filter(|row| row.id == known.role_id)
                .for_each(|row| row.note_last_accessed(known, &mut texts));
        }
    }

    /// All reports are begun before the first is read, so that IAM makes them meanwhile.
    async fn ask(&self, wanted: Vec<(RoleArn, RoleId)>, answers: &mut Answers) {
        let names: Vec<RoleName> = wanted.iter().map(|(role, _)| role.name().clone()).collect();
        // What came up since the report before is not unused for as long as the role exists.
        let before = match self.ledger.read_last_accessed(&names).await {
            Ok(before) => before,
            Err(failure) => return answers.failed(failure),
        };
        let begun = self.begin_reports(wanted, answers).await;
        let read = async |begun: Begun| self.note_report(begun, &before).await;
        let mut reports = iter(begun).map(read).buffer_unordered(READ_AT_ONCE);
        while let Some(report) = reports.next().await {
            match report {
                Ok(known) => answers.known.push(known),
                Err(failure) => answers.failed(failure),
            }
        }
    }

    async fn begin_reports(&self, wanted: Vec<(RoleArn, RoleId)>, answers: &mut Answers) -> Vec<Begun> {
        let begin = async |(role, id): (RoleArn, RoleId)| {
            let job = self.begin_report(&role).await?;
            Ok::<_, Failure>((role.name().clone(), id, job))
        };
        let mut begun = Vec::new();
        let mut jobs = iter(wanted).map(begin).buffered(BEGUN_AT_ONCE);
        while let Some(job) = jobs.next().await {
            match job {
                Ok(job) => begun.push(job),
                Err(failure) => answers.failed(failure),
            }
            if answers.failed >= MOST_REFUSED {
                break;
            }
        }
        begun
    }

    async fn note_report(&self, (role, id, job): Begun, before: &KnownUse) -> Result<LastAccessed, Failure> {
        let report = self.report_of(&job, &PAUSES).await?;
        let known = LastAccessed::of_report(id, clock::now(), &report, before.of(&role));
        self.ledger.write_last_accessed(&role, &known).await?;
        Ok(known)
    }
}

impl Answers {
    fn failed(&mut self, failure: Failure) {
        self.failed = self.failed.saturating_add(1);
        self.first_failure.get_or_insert(failure);
    }
}
