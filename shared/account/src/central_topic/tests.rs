//! Which topics get a finding, in which order, and what a topic that refuses, throttles or hangs costs.

use crate::connect::Account;
use crate::sdk::{Roots, sdk_config};
use crate::security_hub::tests::finding;
use crate::settings::Settings;
use crate::settings::tests::settings;
use aws_sdk_sns::config::{Credentials, Region, SharedCredentialsProvider};
use aws_smithy_http_client::test_util::{ReplayEvent, StaticReplayClient};
use aws_smithy_runtime_api::client::http::HttpClient;
use aws_smithy_types::body::SdkBody;
use std::collections::BTreeMap;

const OWN: &str = "arn:aws:sns:us-east-1:123456789012:ringfence-findings";
const CENTRAL: &str = "arn:aws:sns:us-east-1:999999999999:ringfence-central-findings";

const PUBLISHED: &str =
    "<PublishResponse><PublishResult><MessageId>m-1</MessageId></PublishResult></PublishResponse>";

fn refusal(code: &str) -> String {
    format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
    )
}

fn answer(status: u16, body: &str) -> ReplayEvent {
    let request = http::Request::builder().uri("https://not.compared").body(SdkBody::empty()).unwrap();
    ReplayEvent::new(request, http::Response::builder().status(status).body(SdkBody::from(body)).unwrap())
}

/// An account whose SNS answers so; without an answer any call panics.
fn account(central: Option<&str>, answers: Vec<ReplayEvent>) -> (Account, StaticReplayClient) {
    let http = StaticReplayClient::new(answers);
    (with_client(central, http.clone()), http)
}

fn with_client(central: Option<&str>, client: impl HttpClient + 'static) -> Account {
    let settings = Settings { central_topic: central.map(str::to_owned), ..settings() };
    let config = sdk_config(&settings, Roots::System)
        .into_builder()
        .http_client(client)
        .credentials_provider(SharedCredentialsProvider::new(Credentials::for_tests()))
        .region(Region::new("us-east-1"))
        .build();
    Account::with_config(settings, config)
}

/// The topics, and what each call says besides: its parameters, its attributes by their names.
fn published(http: &StaticReplayClient) -> (Vec<String>, Vec<BTreeMap<String, String>>) {
    let mut topics = Vec::new();
    let mut rest = Vec::new();
    for request in http.actual_requests() {
        let body = std::str::from_utf8(request.body().bytes().unwrap()).unwrap();
        let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
        let mut sent: BTreeMap<String, String> = pairs.map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
        topics.push(sent.remove("TopicArn").unwrap().replace("%3A", ":"));
        // They are numbered in no order.
        for number in 1..=5 {
            let mut take =
                |end: &str| sent.remove(&format!("MessageAttributes.entry.{number}.{end}")).unwrap();
            let (name, kind, value) = (take("Name"), take("Value.DataType"), take("Value.StringValue"));
            sent.insert(name, format!("{kind} {value}"));
        }
        rest.push(sent);
    }
    (topics, rest)
}

#[tokio::test]
async fn the_organization_gets_the_same_message_and_attributes_after_the_account() {
    let (account, http) = account(Some(CENTRAL), vec![answer(200, PUBLISHED), answer(200, PUBLISHED)]);
    account.publish(&finding("AROAEXAMPLE1")).await.unwrap();
    let (topics, messages) = published(&http);
    assert_eq!(topics, [OWN, CENTRAL]);
    assert_eq!(messages[0], messages[1]);
    assert_eq!(messages[1]["severity"], "String CRITICAL");
    assert_eq!(account.calls.take().failed().count(), 0);
}

#[tokio::test]
async fn without_a_central_topic_there_is_one_call() {
    let (account, http) = account(None, vec![answer(200, PUBLISHED)]);
    account.publish(&finding("AROAEXAMPLE1")).await.unwrap();
    assert_eq!(published(&http).0, [OWN]);
}

#[tokio::test]
async fn a_refusal_there_neither_fails_nor_repeats_the_finding_and_is_counted() {
    for code in ["AuthorizationError", "NotFound", "KMSAccessDenied"] {
        let (account, http) =
            account(Some(CENTRAL), vec![answer(200, PUBLISHED), answer(403, &refusal(code))]);
        account.publish(&finding("AROAEXAMPLE1")).await.unwrap();
        assert_eq!(published(&http).0, [OWN, CENTRAL], "{code}");
        let failed: Vec<(String, u64)> =
            account.calls.take().failed().map(|(service, count)| (service.to_owned(), count)).collect();
        assert_eq!(failed, [("sns".to_owned(), 1)], "{code}: the alarm ringfence-failed-calls goes by it");
    }
}

#[tokio::test]
async fn what_the_account_itself_does_not_get_is_not_told_elsewhere() {
    let (account, http) = account(Some(CENTRAL), vec![answer(403, &refusal("AuthorizationError"))]);
    account.publish(&finding("AROAEXAMPLE1")).await.unwrap_err();
    assert_eq!(published(&http).0, [OWN]);
}

#[tokio::test]
async fn one_that_does_not_get_there_does_not_keep_the_next_from_it() {
    let findings = [finding("AROAEXAMPLE1"), finding("AROAEXAMPLE2"), finding("AROAEXAMPLE3")];
    let answers =
        vec![answer(200, PUBLISHED), answer(400, &refusal("InvalidParameter")), answer(200, PUBLISHED)];
    let (account, http) = account(Some(CENTRAL), answers);
    assert_eq!(account.publish_centrally(&findings).await, 1);
    assert_eq!(published(&http).0, [CENTRAL, CENTRAL, CENTRAL]);
}

/// A topic that takes the call and never answers.
#[tokio::test(start_paused = true)]
async fn a_topic_that_hangs_is_waited_for_a_few_seconds_and_the_rest_is_left() {
    let hanging = aws_smithy_http_client::test_util::NeverClient::new();
    let account = with_client(Some(CENTRAL), hanging);
    let started = tokio::time::Instant::now();
    let failed = account.publish_centrally(&[finding("AROAEXAMPLE1"), finding("AROAEXAMPLE2")]).await;
    assert_eq!(failed, 2);
    assert_eq!(started.elapsed(), super::PATIENCE);
    assert_eq!(account.calls.take().failed().map(|(_, count)| count).sum::<u64>(), 1);
}
