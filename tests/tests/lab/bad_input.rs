//! Broken events and missing parts: the right error, nothing changed that should not be, nothing lost.

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use serde_json::{Value, json};
use tests::lab::{ADMINISTRATOR, Lab, OURS};

/// Invokes a function of ours with an event of anybody's, and returns the error type, if any.
async fn invoke(lab: &Lab, function: &str, payload: &[u8]) -> Option<String> {
    let invoke = lab.lambda.invoke().function_name(function).invocation_type(InvocationType::RequestResponse);
    let answer = invoke.payload(Blob::new(payload)).send().await.expect("Invoke");
    answer.function_error?;
    let error: Value =
        serde_json::from_slice(answer.payload.expect("an error").as_ref()).expect("the error is JSON");
    Some(error["errorType"].as_str().expect("an error type").to_owned())
}

fn event(detail: Value) -> Vec<u8> {
    let envelope = json!({"version": "0", "id": "e", "detail-type": "AWS API Call via CloudTrail", "source": "aws.iam",
        "account": "123456789012", "time": "2026-11-22T10:00:00Z", "region": "us-east-1", "resources": [],
        "detail": detail});
    envelope.to_string().into_bytes()
}

#[tokio::test]
async fn events_that_make_no_sense_change_nothing() {
    let lab = Lab::start(&[]).await;
    let malformed = Some("Ringfence.Malformed".to_owned());
    for function in ["ringfence-on-role-change", "ringfence-on-function-change"] {
        assert_eq!(invoke(&lab, function, b"[1, 2]").await, malformed, "no envelope");
        assert_eq!(invoke(&lab, function, b"\"text\"").await, malformed, "a text");
        let garbage = format!("{{\"x\": \"{}\"}}", "g".repeat(256 * 1024));
        assert_eq!(invoke(&lab, function, garbage.as_bytes()).await, malformed, "256 KB of garbage");
        for (detail, why) in [
            (json!({}), "an empty record"),
            (json!({"eventName": 5, "requestParameters": []}), "wrong types"),
            (json!({"eventName": "CreateRole", "eventSource": "iam.amazonaws.com"}), "no parameters"),
            (
                json!({"eventName": "NewThing20300101", "eventSource": "lambda.amazonaws.com"}),
                "an unknown call",
            ),
        ] {
            assert_eq!(invoke(&lab, function, &event(detail)).await, None, "{why} is ignored");
        }
    }
    lab.silence().await;
    assert_eq!(lab.own_calls("PutRolePermissionsBoundary"), 0);
    assert_eq!(lab.own_calls("Publish"), 0);
}

#[tokio::test]
async fn a_role_that_is_gone_is_looked_at_once_more_and_then_forgotten() {
    let lab = Lab::start(&[]).await;
    let detail = json!({"eventName": "CreateRole", "eventSource": "iam.amazonaws.com", "eventID": "gone-1",
        "requestParameters": {"roleName": "gone-role"}});
    assert_eq!(invoke(&lab, "ringfence-on-role-change", &event(detail)).await, None);

    assert_eq!(lab.own_calls("SendMessage"), 1, "a second look is queued");
    // The lab does not wait a minute: the message as it comes then.
    let again = json!({"ringfence-look-again": {"dataType": "String", "stringValue": "true"}});
    let body = json!({"role": "gone-role", "trigger": {"event": "CreateRole", "event_id": "gone-1"}});
    let review = |attributes: Value| {
        json!({"Records": [{"messageId": "m-1", "eventSource": "aws:sqs", "body": body.to_string(),
            "messageAttributes": attributes}]})
        .to_string()
    };
    assert_eq!(invoke(&lab, "ringfence-review-role", review(again).as_bytes()).await, None);
    assert_eq!(lab.own_calls("SendMessage"), 1, "and no third one");
    assert_eq!(invoke(&lab, "ringfence-review-role", review(json!({})).as_bytes()).await, None);
    assert_eq!(lab.own_calls("SendMessage"), 2, "a first look by way of the queue is followed by a second");
    assert!(lab.findings_about("gone-role").await.is_empty());
    assert!(
        lab.logs("ringfence-review-role").iter().any(|line| line.contains("gone-1") && line.contains("gone"))
    );
}

#[tokio::test]
async fn a_review_message_that_makes_no_sense_fails_alone() {
    let lab = Lab::start(&[]).await;
    lab.pause_events();
    lab.create_role("orders-api-role", "/").await;
    lab.forget_events();
    let message = |id: &str, body: &str| json!({"messageId": id, "eventSource": "aws:sqs", "body": body});
    let batch = json!({"Records": [message("bad", "{}"), message("good", r#"{"role":"orders-api-role"}"#)]});
    let invoke =
        lab.lambda.invoke().function_name("ringfence-review-role").payload(Blob::new(batch.to_string()));
    let answer = invoke.send().await.expect("Invoke").payload.expect("an answer");
    let answer: Value = serde_json::from_slice(answer.as_ref()).expect("JSON");
    assert_eq!(answer, json!({"batchItemFailures": [{"itemIdentifier": "bad"}]}));
    assert_eq!(lab.boundary_of("orders-api-role").await.as_deref(), Some(OURS));
}

#[tokio::test]
async fn without_its_topic_the_role_is_bounded_and_the_finding_waits_in_the_on_failure_queue() {
    let lab = Lab::start(&[]).await;
    lab.sns.delete_topic().topic_arn(lab.topic()).send().await.expect("DeleteTopic");
    lab.create_role("orders-api-role", "/").await;
    lab.silence().await;

    assert_eq!(lab.boundary_of("orders-api-role").await.as_deref(), Some(OURS), "containment comes first");
    let letters = lab.dead_letters().await;
    assert!(letters.iter().any(|letter| letter.contains("orders-api-role")), "{letters:?}");
    let failures = lab.logs("ringfence-on-role-change");
    assert!(failures.iter().any(|line| line.contains("could not publish")), "{failures:?}");
}

#[tokio::test]
async fn without_its_ledger_nothing_is_changed_and_nothing_is_lost() {
    let lab = Lab::start(&[]).await;
    lab.post("faults", json!({"kind": "fail", "service": "dynamodb", "times": 1000}));
    lab.create_role("orders-api-role", "/").await;
    lab.silence().await;
    assert_eq!(lab.boundary_of("orders-api-role").await, None, "no intent, no write");
    assert!(lab.dead_letters().await.iter().any(|letter| letter.contains("orders-api-role")));
    lab.delete("faults");

    lab.attach("orders-api-role", ADMINISTRATOR).await;
    lab.silence().await;
    assert_eq!(lab.boundary_of("orders-api-role").await.as_deref(), Some(OURS));
}

#[tokio::test]
async fn without_the_boundarys_policy_the_failure_is_told_once_and_the_event_waits() {
    let missing = "arn:aws:iam::123456789012:policy/missing-boundary";
    let lab = Lab::start(&[("BoundaryArn", missing)]).await;
    lab.create_role("orders-api-role", "/").await;
    lab.silence().await;

    assert_eq!(lab.boundary_of("orders-api-role").await, None);
    let findings = lab.findings_about("orders-api-role").await;
    assert_eq!(findings.iter().map(|told| told.text_of("outcome")).collect::<Vec<_>>(), ["failed"]);
    assert!(findings[0].text_of("reason").contains(missing), "{:#}", findings[0].finding);
    assert!(lab.dead_letters().await.iter().any(|letter| letter.contains("orders-api-role")));

    let document =
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#;
    let create = lab.iam.create_policy().policy_name("missing-boundary").policy_document(document);
    create.send().await.expect("CreatePolicy");
    lab.attach("orders-api-role", ADMINISTRATOR).await;
    lab.silence().await;
    assert_eq!(lab.boundary_of("orders-api-role").await.as_deref(), Some(missing));
    let findings = lab.findings_about("orders-api-role").await;
    assert_eq!(
        findings.iter().map(|told| told.text_of("outcome")).collect::<Vec<_>>(),
        ["failed", "bounded"]
    );
}
