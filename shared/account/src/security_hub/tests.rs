//! Answers given here, through the SDK's own reading of them. They prove what we make of an answer, not what AWS answers; the lab has a
//! Security Hub that other people wrote.

use crate::connect::Account;
use crate::sdk::{Roots, sdk_config};
use crate::settings::SecurityHub;
use crate::settings::tests::settings;
use aws_sdk_securityhub::config::{Credentials, Region, SharedCredentialsProvider};
use aws_sdk_sns::operation::publish::PublishOutput;
use aws_smithy_http_client::test_util::{ReplayEvent, StaticReplayClient};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use aws_smithy_types::body::SdkBody;
use guardrail::finding::{
    BoundaryFacts, BreachFacts, Finding, FindingId, Links, Outcome, RoleFacts, SCHEMA, Story, TriggerFacts,
};
use guardrail::settings::Mode;
use guardrail::severity::Severity;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const ALL_TAKEN: &str = r#"{"FailedCount":0,"SuccessCount":1,"FailedFindings":[]}"#;

pub(crate) fn finding(role_id: &str) -> Finding {
    let id = role_id.parse().unwrap();
    Finding {
        schema: SCHEMA,
        version: "1.0.0",
        mode: Mode::Enforce,
        id: FindingId::of_write(&id, 1),
        problem: format!("123456789012/{role_id}/role-rights"),
        resolves: Vec::new(),
        time: "2026-11-22T10:00:00Z".parse().unwrap(),
        contained_at: Some("2026-11-22T10:00:01.25Z".parse().unwrap()),
        account: "123456789012".parse().unwrap(),
        region: "us-east-1".to_owned(),
        severity: Severity::Critical,
        title: "Ringfence put its boundary on orders-api-role".to_owned(),
        summary: "The role is new and had no permissions boundary, so Ringfence put one on it.".to_owned(),
        outcome: Outcome::Bounded,
        reason: "the role is new and had no permissions boundary".to_owned(),
        role: Some(RoleFacts {
            arn: "arn:aws:iam::123456789012:role/orders-api-role".parse().unwrap(),
            name: "orders-api-role".parse().unwrap(),
            path: "/".to_owned(),
            id,
            created: "2026-11-22T09:59:00Z".parse().unwrap(),
            last_used: None,
            owner: Some("orders".to_owned()),
            tags: BTreeMap::from([("team".to_owned(), "orders".to_owned())]),
        }),
        functions: vec!["arn:aws:lambda:eu-west-1:123456789012:function:orders-api".parse().unwrap()],
        trigger: TriggerFacts {
            event: "AttachRolePolicy".to_owned(),
            event_id: "5f6c2b1e-0000-4000-8000-000000000001".to_owned(),
            principal: Some("arn:aws:iam::123456789012:role/deploy".to_owned()),
            session: None,
            source_ip: Some("198.51.100.7".to_owned()),
            user_agent: None,
            via: "terraform",
        },
        source: None,
        breaches: vec![BreachFacts {
            check: guardrail::check_id::CheckId::AdminAccess,
            severity: Severity::Critical,
            capped: true,
            summary: "the role may do everything in the account".to_owned(),
            evidence: Vec::new(),
            remedy: "Name the actions and resources that the function needs.".to_owned(),
        }],
        doubts: Vec::new(),
        analyzer: Vec::new(),
        boundary: BoundaryFacts {
            before: None,
            after: Some("arn:aws:iam::123456789012:policy/ringfence/ringfence-baseline-v1".parse().unwrap()),
        },
        impact: None,
        denial: None,
        proposal: None,
        undo: Some("aws dynamodb put-item …".to_owned()),
        fix: None,
        links: Links {
            role: Some("https://console.aws.amazon.com/iam/home".to_owned()),
            event: None,
            report: None,
            runbook: None,
        },
        story: Story::default(),
    }
}

fn answer(status: u16, error: Option<&str>, body: &str) -> ReplayEvent {
    let request = http::Request::builder().uri("https://not.compared").body(SdkBody::empty()).unwrap();
    let mut response = http::Response::builder().status(status);
    if let Some(error) = error {
        response = response.header("x-amzn-errortype", error);
    }
    ReplayEvent::new(request, response.body(SdkBody::from(body)).unwrap())
}

/// An account whose topic takes everything and whose Security Hub answers so; without an answer any call panics.
fn account(answers: Vec<ReplayEvent>) -> (Account, StaticReplayClient, Rule) {
    let mut settings = settings();
    settings.security_hub = SecurityHub::On;
    let http = StaticReplayClient::new(answers);
    let config = sdk_config(&settings, Roots::System)
        .into_builder()
        .http_client(http.clone())
        .credentials_provider(SharedCredentialsProvider::new(Credentials::for_tests()))
        .region(Region::new("us-east-1"))
        .build();
    let published = mock!(aws_sdk_sns::Client::publish).then_output(|| PublishOutput::builder().build());
    let account = Account {
        sns: mock_client!(aws_sdk_sns, RuleMode::MatchAny, &[&published]).into(),
        ..Account::with_config(settings, config)
    };
    (account, http, published)
}

fn sent(http: &StaticReplayClient) -> Vec<Value> {
    let body = |request: &aws_smithy_runtime_api::client::orchestrator::HttpRequest| {
        serde_json::from_slice(request.body().bytes().unwrap()).unwrap()
    };
    http.actual_requests().map(body).collect()
}

fn ids(request: &Value) -> Vec<&str> {
    request["Findings"].as_array().unwrap().iter().map(|finding| finding["Id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_request_says_all_that_the_finding_does_after_it_was_published() {
    let (account, http, published) = account(vec![answer(200, None, ALL_TAKEN)]);
    account.publish(&finding("AROAEXAMPLE1")).await.unwrap();
    assert_eq!(published.num_calls(), 1);
    let request = http.actual_requests().next().unwrap();
    assert_eq!(request.uri(), "https://securityhub.us-east-1.amazonaws.com/findings/import");
    let [body] = sent(&http).try_into().unwrap();
    let imported_at = body["Findings"][0]["UpdatedAt"].as_str().unwrap().parse().unwrap();
    // Nothing that the format has is lost on the way into the SDK's types.
    assert_eq!(body, json!({"Findings": [finding("AROAEXAMPLE1").asff("aws", imported_at)]}));
    let mut body = body;
    for time in ["CreatedAt", "UpdatedAt"] {
        body["Findings"][0][time] = json!("[time of the import]");
    }
    // The SDK keeps the fields in a hash map.
    insta::with_settings!({sort_maps => true}, { insta::assert_json_snapshot!(body) });
}

#[tokio::test]
async fn nothing_is_imported_unless_that_was_asked_for() {
    let (mut account, http, published) = account(Vec::new());
    account.settings.security_hub = SecurityHub::Off;
    account.publish(&finding("AROAEXAMPLE1")).await.unwrap();
    assert_eq!((published.num_calls(), http.actual_requests().count()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn of_a_call_that_was_taken_in_part_what_may_pass_is_sent_again() {
    let in_part = r#"{"FailedCount":2,"SuccessCount":1,"FailedFindings":[
        {"Id":"ringfence/123456789012/AROAEXAMPLE1/role-rights","ErrorCode":"InvalidInput","ErrorMessage":"no"},
        {"Id":"ringfence/123456789012/AROAEXAMPLE2/role-rights","ErrorCode":"InternalException","ErrorMessage":"later"}]}"#;
    let (account, http, _) = account(vec![answer(200, None, in_part), answer(200, None, ALL_TAKEN)]);
    let findings = ["AROAEXAMPLE1", "AROAEXAMPLE2", "AROAEXAMPLE3"].map(finding);
    assert_eq!(account.import_into_security_hub(&findings).await, 1, "one is refused for good");
    let requests = sent(&http);
    assert_eq!(requests.iter().map(|request| ids(request).len()).collect::<Vec<_>>(), [3, 1]);
    assert_eq!(ids(&requests[1]), ["ringfence/123456789012/AROAEXAMPLE2/role-rights"]);
}

#[tokio::test(start_paused = true)]
async fn a_finding_that_never_passes_is_given_up_and_counted() {
    let busy = r#"{"FailedCount":1,"SuccessCount":0,"FailedFindings":[
        {"Id":"ringfence/123456789012/AROAEXAMPLE1/role-rights","ErrorCode":"InternalException","ErrorMessage":"later"}]}"#;
    let (account, http, _) = account((0..3).map(|_| answer(200, None, busy)).collect());
    assert_eq!(account.import_into_security_hub(&[finding("AROAEXAMPLE1")]).await, 1);
    assert_eq!(http.actual_requests().count(), 3);
}

#[tokio::test(start_paused = true)]
async fn throttling_passes() {
    let throttled = || answer(429, Some("TooManyRequestsException"), "{}");
    let limited = || answer(429, Some("LimitExceededException"), "{}");
    let (account, http, _) = account(vec![throttled(), limited(), answer(200, None, ALL_TAKEN)]);
    assert_eq!(account.import_into_security_hub(&[finding("AROAEXAMPLE1")]).await, 0);
    assert_eq!(http.actual_requests().count(), 3);
}

#[tokio::test(start_paused = true)]
async fn whatever_security_hub_answers_the_finding_is_published_and_that_is_no_failure() {
    for (status, error, calls) in [
        (401, "InvalidAccessException", 1),
        (403, "AccessDeniedException", 1),
        (400, "InvalidInputException", 1),
        (500, "InternalException", 4),
        (429, "TooManyRequestsException", 4),
    ] {
        let (account, http, published) =
            account((0..calls).map(|_| answer(status, Some(error), r#"{"Message":"not today"}"#)).collect());
        account.publish(&finding("AROAEXAMPLE1")).await.unwrap();
        assert_eq!((published.num_calls(), http.actual_requests().count()), (1, calls), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn where_one_call_fails_the_others_are_not_tried_and_all_are_counted() {
    let (account, http, _) = account(vec![answer(401, Some("InvalidAccessException"), "{}")]);
    let findings: Vec<Finding> = (0..250).map(|n| finding(&format!("AROAEXAMPLE{n:03}"))).collect();
    assert_eq!(account.import_into_security_hub(&findings).await, 250);
    assert_eq!(sent(&http).iter().map(|request| ids(request).len()).collect::<Vec<_>>(), [100]);
}

#[tokio::test(start_paused = true)]
async fn a_security_hub_that_hangs_is_waited_for_a_few_seconds() {
    let mut settings = settings();
    settings.security_hub = SecurityHub::On;
    let hanging = aws_smithy_http_client::test_util::NeverClient::new();
    let config = sdk_config(&settings, Roots::System)
        .into_builder()
        .http_client(hanging)
        .credentials_provider(SharedCredentialsProvider::new(Credentials::for_tests()))
        .build();
    let account = Account::with_config(settings, config);
    let started = tokio::time::Instant::now();
    assert_eq!(account.import_into_security_hub(&[finding("AROAEXAMPLE1")]).await, 1);
    assert_eq!(started.elapsed(), super::PATIENCE);
}
