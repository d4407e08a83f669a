//! IAM's report on when a role last used what: for the finding alone, after containment, and never waited for long.

use crate::connect::Account;
use crate::failure::Failure;
use crate::role::to_timestamp;
use aws_config::retry::RetryConfig;
use aws_sdk_iam::operation::get_service_last_accessed_details::{
    GetServiceLastAccessedDetailsError as ReportError, GetServiceLastAccessedDetailsOutput as Page,
};
use aws_sdk_iam::types::{
    AccessAdvisorUsageGranularityType, JobStatusType, ServiceLastAccessed, TrackedActionLastAccessed,
};
use guardrail::finding::{ActionUse, Finding, ServiceUse};
use guardrail::names::RoleArn;
use std::time::Duration;

pub(crate) const ACTIONS: &[&str] =
    &["iam:GenerateServiceLastAccessedDetails", "iam:GetServiceLastAccessedDetails"];

/// Before each look at whether the report is finished. AWS says nothing of how long one takes, so the first look comes at
/// once and the last when people would begin to wait for their finding.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(700),
    Duration::from_millis(1_000),
];

/// For all of it, whatever hangs. The report is of use, but the finding must not wait for it: the intent is open meanwhile,
/// and the function's time is limited.
pub(crate) const PATIENCE: Duration = Duration::from_secs(3);

/// Advice is not worth more where IAM throttles: it has other callers, and a sweep more roles.
fn few_retries() -> aws_sdk_iam::config::Builder {
    let retries =
        RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(100));
    aws_sdk_iam::config::Builder::default().retry_config(retries)
}

/// A report that IAM is at work on.
#[derive(Debug)]
pub(crate) struct ReportJob(String);

impl Account {
    /// Adds to a finding what the role used recently of that which goes, or that this is not known. Never fails, and asks
    /// nothing about roles that were not used recently.
    pub(crate) async fn add_recent_use(&self, finding: &mut Finding) {
        let Some(role) = finding.wants_recent_use().cloned() else { return };
        match self.last_accessed_in_time(&role).await {
            Ok(uses) => finding.tell_recent_use(&uses),
            Err(why) => {
                tracing::warn!(role = role.name().as_str(), why, "what the role used recently is not known");
                finding.tell_recent_use_unknown(&why);
            }
        }
    }

    /// The report, or in words why there is none after [`PATIENCE`] at the latest.
    pub(crate) async fn last_accessed_in_time(&self, role: &RoleArn) -> Result<Vec<ServiceUse>, String> {
        match tokio::time::timeout(PATIENCE, self.last_accessed(role)).await {
            Ok(report) => report.map_err(|failure| failure.to_string()),
            Err(_) => {
                self.calls.note_given_up("iam");
                Err(format!("IAM did not answer within {} s", PATIENCE.as_secs()))
            }
        }
    }

    async fn last_accessed(&self, role: &RoleArn) -> Result<Vec<ServiceUse>, Failure> {
        let job = self.begin_report(role).await?;
        self.report_of(&job, &PAUSES).await
    }

    /// Has IAM begin its report on what a role used.
    pub(crate) async fn begin_report(&self, role: &RoleArn) -> Result<ReportJob, Failure> {
        let doing = || format!("could not have IAM report what role `{}` used", role.name());
        let generate = self.iam.generate_service_last_accessed_details().arn(role.as_str());
        let generate = generate.granularity(AccessAdvisorUsageGranularityType::ActionLevel);
        let job = generate.customize().config_override(few_retries()).send().await;
        let job = job.map_err(|e| Failure::of_call(doing(), e))?.job_id;
        job.map(ReportJob).ok_or_else(|| Failure::malformed(doing(), "IAM tells no job"))
    }

    /// A report that was begun, with a pause before each look at whether it is finished.
    pub(crate) async fn report_of(
        &self,
        job: &ReportJob,
        pauses: &[Duration],
    ) -> Result<Vec<ServiceUse>, Failure> {
        let mut page = self.finished_report(job, pauses).await?;
        let mut uses = Vec::new();
        loop {
            for service in std::mem::take(&mut page.services_last_accessed) {
                uses.push(service_use(service)?);
            }
            match page.marker.filter(|_| page.is_truncated) {
                Some(marker) => {
                    let next = self.iam.get_service_last_accessed_details().job_id(&job.0).marker(marker);
                    let next = next.customize().config_override(few_retries()).send().await;
                    page = next.map_err(|e| Failure::of_call(NOT_READ, e))?;
                }
                None => return Ok(uses),
            }
        }
    }

    /// The first page of the report, asked for until it is there.
    async fn finished_report(&self, job: &ReportJob, pauses: &[Duration]) -> Result<Page, Failure> {
        for pause in pauses {
            tokio::time::sleep(*pause).await;
            let asked = self.iam.get_service_last_accessed_details().job_id(&job.0).customize();
            let page = match asked.config_override(few_retries()).send().await {
                Ok(page) => page,
                // IAM is eventually consistent: the job may not show everywhere yet.
                Err(e) if e.as_service_error().is_some_and(ReportError::is_no_such_entity_exception) => {
                    continue;
                }
                Err(e) => return Err(Failure::of_call(NOT_READ, e)),
            };
            if page.job_status == JobStatusType::Completed {
                return Ok(page);
            }
            if page.job_status == JobStatusType::Failed {
                let why = page.error.map_or("no reason given".to_owned(), |error| error.message);
                return Err(Failure::retryable(format!("IAM's report on what the role used failed: {why}")));
            }
        }
        Err(Failure::retryable("IAM had not finished its report in time"))
    }
}

const NOT_READ: &str = "could not read IAM's report on what the role used";

fn service_use(service: ServiceLastAccessed) -> Result<ServiceUse, Failure> {
    let namespace = service.service_namespace.to_ascii_lowercase();
    let tracked = service.tracked_actions_last_accessed.unwrap_or_default();
    let tracked =
        tracked.into_iter().map(|tracked| action_use(&namespace, &tracked)).collect::<Result<_, _>>()?;
    Ok(ServiceUse { last: service.last_authenticated.as_ref().map(to_timestamp), namespace, tracked })
}

fn action_use(namespace: &str, tracked: &TrackedActionLastAccessed) -> Result<ActionUse, Failure> {
    let name = tracked.action_name().unwrap_or_default();
    let action = format!("{namespace}:{name}")
        .parse()
        .map_err(|e: iam_policy::ActionNameError| Failure::malformed("IAM's report makes no sense", e))?;
    Ok(ActionUse { action, last: tracked.last_accessed_time().map(to_timestamp) })
}
