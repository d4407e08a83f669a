//! Access Analyzer's policy generation: a job is begun, looked after, found again, cancelled. What it refuses is an answer here, not a
//! failure: the schedule comes again, and a retry of Lambda would ask the same.

use crate::connect::Account;
use crate::failure::Failure;
use crate::role::to_timestamp;
use crate::settings::PolicyGeneration;
use aws_sdk_accessanalyzer::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_accessanalyzer::operation::get_generated_policy::GetGeneratedPolicyOutput;
use aws_sdk_accessanalyzer::types::{
    CloudTrailDetails, GeneratedPolicyResult, JobDetails, PolicyGenerationDetails, Trail,
};
use aws_smithy_types::DateTime;
use guardrail::proposal::{Coverage, Generated, JobAnswer, Period, Ungenerated};
use guardrail::suggestion::{HoldReason, Job, JobId};
use jiff::Timestamp;
use std::error::Error;

/// Access Analyzer passes the role on to itself
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-policy-generation.html>).
pub(crate) const ACTIONS: &[&str] = &[
    "access-analyzer:StartPolicyGeneration",
    "access-analyzer:GetGeneratedPolicy",
    "access-analyzer:ListPolicyGenerations",
    "access-analyzer:CancelPolicyGeneration",
    "iam:PassRole",
];

/// What Access Analyzer does not do, and in which words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) why: HoldReason,
    pub(super) said: String,
}

/// What is known of a job.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Look {
    /// It is under way.
    InProgress,
    /// It is over, with or without a policy.
    Over(Generated),
    /// It failed because of the trail or the role to read it with: others would fail too.
    NotSetUp(Refused),
    /// There is no such job, or none any more.
    Gone(String),
    /// Access Analyzer does not say.
    Refused(Refused),
}

/// More pages of a role's jobs are not read: the newest come first.
const MOST_PAGES: usize = 3;

impl Account {
    /// Has a job begun. The same request again, as after a crash, is the same job.
    pub(super) async fn begin_generation(
        &self,
        of: &PolicyGeneration,
        job: &Job,
    ) -> Result<Result<JobId, Refused>, Failure> {
        let doing = || format!("could not have a policy generated for role `{}`", job.role.name());
        let malformed = |e| Failure::malformed(doing(), e);
        let trail = Trail::builder().cloud_trail_arn(&of.trail_arn).all_regions(true).build();
        let details = CloudTrailDetails::builder()
            .trails(trail.map_err(malformed)?)
            .access_role(of.role.as_str())
            .start_time(DateTime::from_secs(job.from().as_second()))
            .end_time(DateTime::from_secs(job.to().as_second()))
            .build();
        let about = PolicyGenerationDetails::builder().principal_arn(job.role.as_str()).build();
        let start = self.access_analyzer().start_policy_generation();
        let start = start.policy_generation_details(about.map_err(malformed)?);
        let start = start.cloud_trail_details(details.map_err(malformed)?).client_token(job.client_token());
        match start.send().await {
            Ok(answer) => JobId::new(answer.job_id)
                .map(Ok)
                .ok_or_else(|| Failure::malformed(doing(), "Access Analyzer's answer has no id of the job")),
            Err(e) => refused_or_failed(doing, e).map(Err),
        }
    }

    /// How a job is.
    pub(super) async fn look_at_generation(&self, job: &Job, id: &JobId) -> Result<Look, Failure> {
        let doing = || format!("could not read the policy generated for role `{}`", job.role.name());
        match self.access_analyzer().get_generated_policy().job_id(id.as_str()).send().await {
            Ok(answer) => Ok(look(job, answer)),
            Err(e) => refused_or_failed(doing, e).map(|refused| match refused.why {
                HoldReason::Invalid => Look::Gone(refused.said),
                HoldReason::Denied | HoldReason::Quota | HoldReason::AnotherJob | HoldReason::Throttled => {
                    Look::Refused(refused)
                }
            }),
        }
    }

    /// The job that was begun by a request whose answer nobody got.
    pub(super) async fn find_generation(&self, job: &Job) -> Result<Result<Option<JobId>, Refused>, Failure> {
        let doing = || format!("could not list the policies generated for role `{}`", job.role.name());
        let list = self.access_analyzer().list_policy_generations().principal_arn(job.role.as_str());
        let mut pages = list.into_paginator().send();
        for _ in 0..MOST_PAGES {
            let Some(page) = pages.next().await else { break };
            let page = match page {
                Ok(page) => page,
                Err(e) => return refused_or_failed(doing, e).map(Err),
            };
            let mut ids = page
                .policy_generations
                .into_iter()
                .filter(|listed| {
                    listed.principal_arn == job.role.as_str() && job.may_be(to_timestamp(&listed.started_on))
                })
                .filter_map(|listed| JobId::new(listed.job_id));
            if let Some(id) = ids.next() {
                return Ok(Ok(Some(id)));
            }
        }
        Ok(Ok(None))
    }

    /// Cancels a job. One that is over already needs no cancelling.
    pub(super) async fn cancel_generation(&self, id: &JobId) -> Result<Result<(), Refused>, Failure> {
        let doing = || format!("could not cancel the generation of a policy, job `{}`", id.as_str());
        match self.access_analyzer().cancel_policy_generation().job_id(id.as_str()).send().await {
            Ok(_) => Ok(Ok(())),
            Err(e) => refused_or_failed(doing, e).map(|refused| match refused.why {
                HoldReason::Invalid => Ok(()),
                HoldReason::Denied | HoldReason::Quota | HoldReason::AnotherJob | HoldReason::Throttled => {
                    Err(refused)
                }
            }),
        }
    }
}

/// What passes by itself within minutes and what somebody has to see to is an answer; an outage is a failure.
fn refused_or_failed<E, R>(doing: impl Fn() -> String, error: SdkError<E, R>) -> Result<Refused, Failure>
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let why = match (&error, error.code()) {
        (SdkError::ServiceError(_), Some("AccessDeniedException")) => HoldReason::Denied,
        (SdkError::ServiceError(_), Some("ValidationException")) => HoldReason::Invalid,
        (SdkError::ServiceError(_), Some("ServiceQuotaExceededException")) => HoldReason::Quota,
        (SdkError::ServiceError(_), Some("ConflictException")) => HoldReason::AnotherJob,
        (SdkError::ServiceError(_), Some("ThrottlingException")) => HoldReason::Throttled,
        _ => return Err(Failure::of_call(doing(), error)),
    };
    Ok(Refused { why, said: error.message().unwrap_or("no reason given").to_owned() })
}

/// What an answer must have and lacks, the SDK fills in with nothing.
fn look(job: &Job, answer: GetGeneratedPolicyOutput) -> Look {
    let not_understood =
        |what: &str| Look::Over(Generated::Nothing(Ungenerated::NotUnderstood(what.to_owned())));
    let Some(details) = answer.job_details.filter(|details| !details.job_id.is_empty()) else {
        return not_understood("it tells nothing of the job");
    };
    match details.status.as_str() {
        "IN_PROGRESS" => Look::InProgress,
        "CANCELED" => Look::Over(Generated::Nothing(Ungenerated::Cancelled)),
        "FAILED" => failed(&details),
        "SUCCEEDED" => match answer.generated_policy_result {
            Some(result) => Look::Over(generated(job, &details, &result)),
            None => not_understood("the job succeeded and there is no result"),
        },
        other => not_understood(&format!("the job's status is `{other}`")),
    }
}

fn failed(details: &JobDetails) -> Look {
    let Some(error) = &details.job_error else {
        return Look::Over(Generated::Nothing(Ungenerated::Failed("no reason given".to_owned())));
    };
    let said = format!("{}: {}", error.code.as_str(), error.message);
    match error.code.as_str() {
        "AUTHORIZATION_ERROR" => Look::NotSetUp(Refused { why: HoldReason::Denied, said }),
        "RESOURCE_NOT_FOUND_ERROR" => Look::NotSetUp(Refused { why: HoldReason::Invalid, said }),
        _ => Look::Over(Generated::Nothing(Ungenerated::Failed(said))),
    }
}

fn generated(job: &Job, details: &JobDetails, result: &GeneratedPolicyResult) -> Generated {
    let properties = result.properties.as_ref().filter(|properties| !properties.principal_arn.is_empty());
    if properties.is_none() && result.generated_policies().is_empty() {
        let why = "the job succeeded and there is no result".to_owned();
        return Generated::Nothing(Ungenerated::NotUnderstood(why));
    }
    let trail = properties.and_then(|properties| properties.cloud_trail_properties.as_ref());
    let since = trail.map_or(job.from(), |trail| to_timestamp(&trail.start_time));
    let end = trail.map(|trail| &trail.end_time).or(details.completed_on.as_ref());
    let until = end.map_or_else(|| Timestamp::max(job.to(), since), to_timestamp);
    let is_complete = properties.and_then(|properties| properties.is_complete);
    let policies: Vec<&str> =
        result.generated_policies().iter().map(|generated| generated.policy.as_str()).collect();
    Generated::read(
        &job.role,
        &JobAnswer {
            // Without the properties nothing contradicts that it is the job that was asked for.
            principal: properties.map_or(job.role.as_str(), |properties| properties.principal_arn.as_str()),
            period: Period { since, until },
            coverage: if is_complete == Some(true) { Coverage::Whole } else { Coverage::Part },
            policies: &policies,
        },
    )
}
