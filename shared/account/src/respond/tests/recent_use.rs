//! What the role used recently: asked after containment, for roles that were used, and never in the way of a finding.

use super::super::NotFound;
use super::doubles::{Doubles, Job, Report};
use super::samples::{job, report, role_event};
use crate::last_accessed::PATIENCE;
use aws_sdk_iam::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_iam::operation::generate_service_last_accessed_details::{
    GenerateServiceLastAccessedDetailsError as JobError, GenerateServiceLastAccessedDetailsOutput,
};
use aws_sdk_iam::operation::get_service_last_accessed_details::GetServiceLastAccessedDetailsError as ReportError;
use aws_sdk_iam::types::error::NoSuchEntityException;
use aws_sdk_iam::types::{ErrorDetails, JobStatusType, ServiceLastAccessed, TrackedActionLastAccessed};
use aws_smithy_mocks::MockResponse;
use aws_smithy_types::DateTime;
use aws_smithy_types::error::ErrorMetadata;
use guardrail::settings::Mode;
use serde_json::Value;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::time::Instant;

const GENERATE: &str = "iam:GenerateServiceLastAccessedDetails";
const GET: &str = "iam:GetServiceLastAccessedDetails";

fn used(namespace: &str, action: &str) -> ServiceLastAccessed {
    let at = DateTime::from_secs(1_795_168_800); // 2026-11-20T10:00:00Z
    let action = TrackedActionLastAccessed::builder().action_name(action).last_accessed_time(at).build();
    ServiceLastAccessed::builder()
        .service_name("a name for people")
        .service_namespace(namespace)
        .last_authenticated(at)
        .tracked_actions_last_accessed(action)
        .build()
        .unwrap()
}

fn unfinished() -> Report {
    MockResponse::Output(report().job_status(JobStatusType::InProgress).build().unwrap())
}

fn finding(published: &Mutex<Vec<Value>>) -> Value {
    let published = published.lock().unwrap();
    assert_eq!(published.len(), 1, "one finding");
    published[0].clone()
}

#[tokio::test(start_paused = true)]
async fn a_bounded_role_is_asked_about_after_its_boundary_and_before_its_finding() {
    let doubles = Doubles::new().administrator_used("2026-11-20T10:00:00Z").last_uses(
        || MockResponse::Output(job()),
        |_| MockResponse::Output(report().services_last_accessed(used("iam", "CreateRole")).build().unwrap()),
    );
    let (order, published) = (doubles.order.clone(), doubles.published.clone());
    let response =
        doubles.account().respond(&role_event(), "request-1", NotFound::LookAgainLater).await.unwrap();

    assert_eq!(response.outcome.unwrap().as_str(), "bounded");
    let calls = order.taken();
    let put = calls.iter().position(|call| call == "iam:PutRolePermissionsBoundary").unwrap();
    assert!(!calls[..put].iter().any(|call| call == GENERATE || call == GET), "{calls:?}");
    let after = [GENERATE, GET, "sns:Publish", "dynamodb:PutItem history", "dynamodb:PutItem intent=closed"];
    assert_eq!(calls[put + 1..], after);
    let finding = finding(&published);
    assert_eq!(finding["impact"]["used_recently"], serde_json::json!(["iam:CreateRole (2026-11-20)"]));
    let summary = finding["summary"].as_str().unwrap();
    assert!(
        summary.contains("Used in the last 90 days and no longer allowed: iam:CreateRole (2026-11-20)."),
        "{summary}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_plan_is_asked_about_once_however_often_it_is_seen() {
    let doubles = Doubles::new().administrator_used("2026-11-20T10:00:00Z").mode(Mode::Observe);
    let order = doubles.order.clone();
    let account = doubles.account();
    for request in ["request-1", "request-2"] {
        account.respond(&role_event(), request, NotFound::LookAgainLater).await.unwrap();
    }
    assert_eq!((order.count(GENERATE), order.count(GET), order.count("sns:Publish")), (1, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn roles_that_can_have_used_nothing_that_goes_cost_no_call() {
    let used_long_ago = Doubles::new().administrator_used("2026-08-20T10:00:00Z");
    let never_used = Doubles::new().role_without_boundary();
    let nothing_goes =
        Doubles::new().mode(Mode::Observe).administrator_used("2026-11-20T10:00:00Z").boundary_policy_gone();
    for (case, doubles) in
        [("used long ago", used_long_ago), ("never used", never_used), ("nothing goes", nothing_goes)]
    {
        let order = doubles.order.clone();
        doubles.account().respond(&role_event(), "request-1", NotFound::LookAgainLater).await.unwrap();
        assert_eq!(order.count("sns:Publish"), 1, "{case}");
        assert_eq!(order.count(GENERATE) + order.count(GET), 0, "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_report_is_read_to_its_end() {
    let doubles = Doubles::new().administrator_used("2026-11-20T10:00:00Z").last_uses(
        || MockResponse::Output(job()),
        |marker| {
            let page = match marker {
                None => {
                    report().services_last_accessed(used("s3", "CreateBucket")).is_truncated(true).marker("2")
                }
                Some("2") => report().services_last_accessed(used("iam", "CreateRole")),
                Some(other) => panic!("no page has the marker {other}"),
            };
            MockResponse::Output(page.build().unwrap())
        },
    );
    let published = doubles.published.clone();
    doubles.account().respond(&role_event(), "request-1", NotFound::LookAgainLater).await.unwrap();
    let used = &finding(&published)["impact"]["used_recently"];
    assert_eq!(*used, serde_json::json!(["iam:CreateRole (2026-11-20)"]), "s3 stays allowed");
}

#[tokio::test(start_paused = true)]
async fn a_report_that_takes_a_while_is_waited_for() {
    let looks = AtomicUsize::new(0);
    let doubles = Doubles::new().administrator_used("2026-11-20T10:00:00Z").last_uses(
        || MockResponse::Output(job()),
        move |_| match looks.fetch_add(1, Ordering::Relaxed) {
            0 => MockResponse::Error(ReportError::NoSuchEntityException(
                NoSuchEntityException::builder().message("not to be seen yet").build(),
            )),
            1 | 2 => unfinished(),
            _ => MockResponse::Output(
                report().services_last_accessed(used("iam", "CreateRole")).build().unwrap(),
            ),
        },
    );
    let (order, published) = (doubles.order.clone(), doubles.published.clone());
    doubles.account().respond(&role_event(), "request-1", NotFound::LookAgainLater).await.unwrap();
    assert_eq!(order.count(GET), 4);
    assert_eq!(finding(&published)["impact"]["used_recently"][0], "iam:CreateRole (2026-11-20)");
}

fn without_job() -> GenerateServiceLastAccessedDetailsOutput {
    GenerateServiceLastAccessedDetailsOutput::builder().build()
}

fn coded(code: &str) -> ErrorMetadata {
    ErrorMetadata::builder().code(code).message("so it is").build()
}

#[tokio::test(start_paused = true)]
async fn whatever_iam_answers_the_same_finding_is_published_in_time_and_says_what_is_not_known() {
    let begun: fn() -> Job = || MockResponse::Output(job());
    let never: fn(Option<&str>) -> Report = |_| panic!("nothing to look at");
    type Case = (&'static str, fn() -> Job, fn(Option<&str>) -> Report, &'static str);
    let cases: [Case; 7] = [
        (
            "denied",
            || MockResponse::Error(JobError::generic(coded("AccessDenied"))),
            never,
            "AccessDenied: so it is",
        ),
        ("no job", || MockResponse::Output(without_job()), never, "IAM tells no job"),
        (
            "broken",
            begun,
            |_| MockResponse::Error(ReportError::generic(coded("ServiceFailure"))),
            "ServiceFailure: so it is",
        ),
        ("never finished", begun, |_| unfinished(), "IAM had not finished its report in time"),
        (
            "failed",
            begun,
            |_| {
                let error =
                    ErrorDetails::builder().message("it broke").code("InternalError").build().unwrap();
                MockResponse::Output(report().job_status(JobStatusType::Failed).error(error).build().unwrap())
            },
            "failed: it broke",
        ),
        (
            "a service without a name",
            begun,
            |_| {
                MockResponse::Output(report().services_last_accessed(used("", "CreateRole")).build().unwrap())
            },
            "IAM's report makes no sense",
        ),
        (
            "an action with blanks",
            begun,
            |_| {
                MockResponse::Output(
                    report().services_last_accessed(used("iam", "Create Role")).build().unwrap(),
                )
            },
            "IAM's report makes no sense",
        ),
    ];
    let known = {
        let doubles = Doubles::new().administrator_used("2026-11-20T10:00:00Z");
        let published = doubles.published.clone();
        doubles.account().respond(&role_event(), "request-1", NotFound::LookAgainLater).await.unwrap();
        finding(&published)
    };
    for (case, job, report, why) in cases {
        let doubles = Doubles::new().administrator_used("2026-11-20T10:00:00Z").last_uses(job, report);
        let (order, published) = (doubles.order.clone(), doubles.published.clone());
        let started = Instant::now();
        let response =
            doubles.account().respond(&role_event(), "request-1", NotFound::LookAgainLater).await.unwrap();
        assert!(started.elapsed() <= PATIENCE, "{case}: {:?}", started.elapsed());
        assert_eq!(response.outcome.unwrap().as_str(), "bounded", "{case}");
        assert_eq!(order.count("dynamodb:PutItem intent=closed"), 1, "{case}");
        let finding = finding(&published);
        let doubt = finding["doubts"][0].as_str().unwrap();
        assert!(
            doubt.starts_with("what was used recently is not known: ") && doubt.contains(why),
            "{case}: {doubt}"
        );
        assert_eq!(finding["impact"]["used_recently"], serde_json::json!([]), "{case}");
        for same in ["id", "problem", "severity", "outcome", "summary"] {
            assert_eq!(finding[same], known[same], "{case}: {same}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_iam_that_never_answers_is_given_up_on() {
    let config = aws_sdk_iam::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::for_tests())
        .http_client(aws_smithy_http_client::test_util::NeverClient::new())
        .build();
    let mut account = Doubles::new().account();
    account.iam = aws_sdk_iam::Client::from_conf(config);
    let started = Instant::now();
    let role = "arn:aws:iam::123456789012:role/orders-api-role".parse().unwrap();
    let why = account.last_accessed_in_time(&role).await.unwrap_err();
    assert_eq!(why, "IAM did not answer within 3 s");
    assert_eq!(started.elapsed().as_secs(), PATIENCE.as_secs());
}
