//! The posture report of a sweep: its rows on their way through several invocations, its files in the bucket, and the finding that
//! says where they are.
//!
//! The bucket is no part of what keeps an account safe: where it does not answer or refuses, the sweep goes on, and the summary says
//! that there is no report.

mod bucket;
#[cfg(test)]
pub(crate) mod tests;

use crate::clock;
use crate::connect::Account;
use crate::failure::Failure;
use crate::ledger::OperatorPage;
use crate::settings::Settings;
use crate::sweep::SweepCall;
use guardrail::finding::{AboutSweep, FindingId, ReportPlace};
use guardrail::report::{
    Earlier, EarlierReport, Head, LATEST, Latest, Report, ReportKeys, RoleRow, Texts, Unwritable, part_key,
};
use guardrail::service_control::ServiceControl;
use guardrail::suggestion::Candidates;
use guardrail::sweep::Checkpoint;
use jiff::SignedDuration;
use std::time::Duration;

/// Without `s3:ListBucket`, S3 answers "access denied" where there is no object
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>).
pub(crate) const ACTIONS: &[&str] = &["s3:GetObject", "s3:ListBucket", "s3:PutObject"];

/// For the summary, after the report: its publishing must come before Lambda ends the invocation.
const TO_TELL: SignedDuration = SignedDuration::from_secs(20);

/// What the report is of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reported<'a> {
    pub(crate) call: SweepCall<'a>,
    pub(crate) page: &'a OperatorPage,
    pub(crate) service_control: &'a ServiceControl,
    pub(crate) checkpoint: &'a Checkpoint,
}

impl Account {
    /// Leaves the rows of this invocation for the one that will end the sweep; how many parts there are then. Rows that cannot be
    /// left are missing from the report, which says so.
    pub(crate) async fn leave_rows(&self, checkpoint: &Checkpoint, rows: &[RoleRow]) -> u32 {
        let index = checkpoint.report_parts;
        if rows.is_empty() {
            return index;
        }
        match self.write_part(&part_key(&checkpoint.sweep, index), rows).await {
            Ok(()) => index.saturating_add(1),
            Err(failure) => {
                tracing::error!(cause = %failure, rows = rows.len(), "rows of the report are lost");
                index
            }
        }
    }

    /// Writes the report of a sweep that judged every role, and tells its summary. Where that cannot be told, the rows come back.
    pub(crate) async fn report(
        &self,
        of: Reported<'_>,
        rows: Vec<RoleRow>,
    ) -> Result<(), (Failure, Vec<RoleRow>)> {
        let keys = ReportKeys::of(&of.checkpoint.sweep, of.checkpoint.started_at);
        let mut rows = self.with_earlier_rows(of, rows).await;
        self.ask_what_was_used(of.call, &mut rows).await;
        let (earlier, before) = self.earlier_report(of).await;
        let report = Report::new(self.head(of), &of.checkpoint.summary, rows, &earlier);
        drop(earlier);
        let writing = self.write_report(&report, &keys, before);
        let place = match tokio::time::timeout(of.patience(), writing).await {
            Ok(Ok(())) => {
                let Settings { region, deployment, .. } = &self.settings;
                ReportPlace::At(keys.console(&deployment.report_bucket, region))
            }
            Ok(Err(failure)) => missing(&failure.to_string()),
            Err(_) => missing("writing it took too long"),
        };
        self.leave_candidates(&report, of.checkpoint).await;
        let id = FindingId::of_summary(&self.settings.account, &of.checkpoint.sweep);
        let told = self.publish(&AboutSweep { report: &report, id, place }.finding()).await;
        told.map_err(|failure| (failure, report.roles))
    }

    /// Leaves the worst roles for `suggest-policy`, where policies are generated at all. Without them it goes by those of the sweep
    /// before.
    async fn leave_candidates(&self, report: &Report, checkpoint: &Checkpoint) {
        if self.settings.policy_generation.is_none() {
            return;
        }
        let (worst, rules) = (&checkpoint.summary.worst, &self.settings.rules);
        let candidates = Candidates::of_sweep(worst, &report.roles, rules, clock::now());
        if let Err(failure) = self.ledger.write_candidates(&candidates).await {
            tracing::warn!(cause = %failure, "the worst roles are not left for proposals of smaller policies");
        }
    }

    /// The rows of all invocations of this sweep.
    async fn with_earlier_rows(&self, of: Reported<'_>, mut rows: Vec<RoleRow>) -> Vec<RoleRow> {
        let mut texts = Texts::default();
        for index in 0..of.checkpoint.report_parts {
            let key = part_key(&of.checkpoint.sweep, index);
            match tokio::time::timeout(of.patience() / 2, self.read_part(&key, &mut texts)).await {
                Ok(Ok(part)) => rows.extend(part),
                Ok(Err(failure)) => tracing::error!(cause = %failure, "rows of the report are lost"),
                Err(_) => tracing::error!(key, "rows of the report are lost: reading them took too long"),
            }
        }
        rows
    }

    /// The report before and the key of its document.
    async fn earlier_report(&self, of: Reported<'_>) -> (Earlier, Option<String>) {
        match tokio::time::timeout(of.patience() / 2, self.read_latest(&of.checkpoint.sweep)).await {
            Ok(Ok(Some((report, key)))) => (Earlier::Report(report), Some(key)),
            Ok(Ok(None)) => (Earlier::None, None),
            Ok(Err(failure)) => {
                tracing::warn!(cause = %failure, "the report before cannot be read, nothing is compared");
                (Earlier::Unreadable, None)
            }
            Err(_) => {
                tracing::warn!("reading the report before took too long, nothing is compared");
                (Earlier::Unreadable, None)
            }
        }
    }

    fn head(&self, of: Reported<'_>) -> Head {
        let now = clock::now();
        let modes = self.sweep_modes(&of.page.kill_switch(now));
        Head {
            account: self.settings.account.clone(),
            region: self.settings.region.clone(),
            function_regions: of.checkpoint.summary.regions_read.iter().cloned().collect(),
            refused_regions: of.checkpoint.summary.regions_refused.iter().cloned().collect(),
            sweep: of.checkpoint.sweep.clone(),
            started_at: of.checkpoint.started_at,
            finished_at: now,
            mode: modes.for_new(),
            sweep_mode: modes.for_existing(),
            service_control: of.service_control.standing(),
        }
    }

    async fn read_latest(&self, sweep: &str) -> Result<Option<(EarlierReport, String)>, Failure> {
        let Some(latest) = self.read_object(LATEST).await? else { return Ok(None) };
        let latest: Latest = serde_json::from_slice(&latest)
            .map_err(|e| Failure::malformed(format!("`{LATEST}` does not name a report"), e))?;
        let Some(key) = latest.to_compare(sweep) else { return Ok(None) };
        let Some(report) = self.read_object(key).await? else { return Ok(None) };
        let report = EarlierReport::from_json(&report)
            .map_err(|e| Failure::malformed(format!("`{key}` is no report"), e))?;
        Ok(Some((report, key.to_owned())))
    }

    async fn write_part(&self, key: &str, rows: &[RoleRow]) -> Result<(), Failure> {
        let mut lines = Vec::new();
        for row in rows {
            serde_json::to_writer(&mut lines, row)
                .map_err(|e| Failure::malformed("could not write a row of the report as JSON", e))?;
            lines.push(b'\n');
        }
        self.write_object(key, "application/x-ndjson", lines).await
    }

    async fn read_part(&self, key: &str, texts: &mut Texts) -> Result<Vec<RoleRow>, Failure> {
        let part = self.read_object(key).await?;
        let part = part.ok_or_else(|| Failure::retryable(format!("there is no object `{key}`")))?;
        let lines = part.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let rows = lines.map(|line| serde_json::from_slice(line).map(|row: RoleRow| row.sharing(texts)));
        rows.collect::<Result<_, _>>()
            .map_err(|e| Failure::malformed(format!("`{key}` does not hold rows of a report"), e))
    }

    /// One file after the other, so that one at a time is in memory. What names them comes last.
    async fn write_report(
        &self,
        report: &Report,
        keys: &ReportKeys,
        before: Option<String>,
    ) -> Result<(), Failure> {
        let unwritable = |e: Unwritable| Failure::malformed("could not put the report together", e);
        let json = report.json().map_err(unwritable)?;
        self.write_object(&keys.json(), "application/json", json.into()).await?;
        self.write_object(&keys.csv(), "text/csv; charset=utf-8", report.csv().map_err(unwritable)?).await?;
        let html = report.html().map_err(unwritable)?;
        self.write_object(&keys.html(), "text/html; charset=utf-8", html.into()).await?;
        let latest = Latest { sweep: report.head.sweep.clone(), report: keys.json(), before };
        let latest = serde_json::to_vec(&latest)
            .map_err(|e| Failure::malformed("could not write the name of the report as JSON", e))?;
        self.write_object(LATEST, "application/json", latest).await
    }
}

impl Reported<'_> {
    /// How long S3 may take from now on.
    fn patience(&self) -> Duration {
        let left = self.call.ends_at.duration_since(clock::now()) - TO_TELL;
        Duration::try_from(left).unwrap_or_default()
    }
}

fn missing(why: &str) -> ReportPlace {
    tracing::error!(cause = why, "the sweep's report is not written");
    ReportPlace::Missing(why.to_owned())
}
