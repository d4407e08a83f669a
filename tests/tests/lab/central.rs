//! Findings of all accounts: what `organization.yaml` makes for them, in the one account that the lab has, which is its organization's
//! management account and a member of it.
//!
//! Who may publish is asked of the topic's policy by the lab; the key's policy is not (the lab encrypts nothing), and the pipe from
//! the heartbeats' queue into the log is not there.

use crate::sweep::sweep;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tests::lab::{ADMINISTRATOR, Call, Lab, OURS};

const CENTRAL: &str = "arn:aws:sns:us-east-1:123456789012:ringfence-central-findings";
const QUEUE: &str = "test-central-findings";

fn call(lab: &Lab, service: &'static str, operation: &'static str, parameters: Value) -> Value {
    let call = Call { service, operation, parameters };
    lab.call_as_administrator(&[call]).remove(0).unwrap_or_else(|e| panic!("{operation}: {e}"))
}

/// The template without what the lab does not know: its pipes read DynamoDB streams only.
fn organization_template() -> String {
    let template =
        std::fs::read_to_string(tests::project_root().join("organization.yaml")).expect("a template");
    let (before, pipe) = template.split_once("  HeartbeatPipe:\n").expect("the pipe");
    let (_, after) = pipe.split_once("  HeartbeatPipeRole:\n").expect("its role");
    format!("{before}  HeartbeatPipeRole:\n{after}")
}

/// An organization with its topic, and Ringfence that publishes to it.
async fn in_an_organization() -> Lab {
    let lab = Lab::empty().await;
    let organization = call(&lab, "organizations", "describe_organization", json!({}));
    let id = organization["Organization"]["Id"].as_str().expect("an id").to_owned();
    call(&lab, "s3", "create_bucket", json!({"Bucket": "templates"}));
    let object =
        json!({"Bucket": "templates", "Key": "o/organization.yaml", "Body": organization_template()});
    call(&lab, "s3", "put_object", object);
    let url = "https://templates.s3.us-east-1.amazonaws.com/o/organization.yaml";
    lab.create_stack_of("ringfence-organization", url, &[("OrganizationId", &id)]).await;
    lab.deploy(&[("CentralFindingsTopicArn", CENTRAL)]);
    lab.subscribe_to_everything().await;
    lab.subscribe_queue_to(CENTRAL, QUEUE, None).await;
    lab
}

/// The findings that the organization got, by id.
async fn central(lab: &Lab) -> Vec<Value> {
    lab.take_from(QUEUE).await.into_iter().map(|(_, finding)| finding).collect()
}

#[tokio::test]
async fn each_finding_gets_to_the_organization_as_the_account_has_it_and_a_sweep_is_a_heartbeat() {
    let lab = in_an_organization().await;
    lab.create_role("orders-api-role", "/").await;
    lab.silence().await;
    lab.attach("orders-api-role", ADMINISTRATOR).await;
    lab.silence().await;
    sweep(&lab).await;
    let own: BTreeSet<String> = lab.messages().await.iter().map(|told| told.finding.to_string()).collect();
    let elsewhere = central(&lab).await;
    assert_eq!(elsewhere.len(), own.len(), "once each");
    assert_eq!(elsewhere.iter().map(Value::to_string).collect::<BTreeSet<_>>(), own);
    let outcomes: Vec<&str> = elsewhere.iter().filter_map(|finding| finding["outcome"].as_str()).collect();
    assert_eq!(outcomes, ["bounded", "contained", "summary"]);

    // The finding itself, without SNS's envelope: what the pipe would write down.
    let heartbeats = lab.queue_url("ringfence-heartbeats").await;
    let received = lab.sqs.receive_message().queue_url(heartbeats).max_number_of_messages(10);
    let beats = received.send().await.expect("the queue answers").messages.unwrap_or_default();
    let [beat] = &beats[..] else { panic!("one heartbeat: {beats:?}") };
    let beat: Value = serde_json::from_str(beat.body().expect("a body")).expect("JSON");
    assert_eq!((&beat["outcome"], &beat["account"]), (&json!("summary"), &json!("123456789012")));
}

#[tokio::test]
async fn what_the_organization_refuses_is_told_in_the_account_once_and_logged() {
    let lab = in_an_organization().await;
    let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*",
        "Action": "sns:Publish", "Resource": CENTRAL}]});
    let refuse =
        json!({"TopicArn": CENTRAL, "AttributeName": "Policy", "AttributeValue": policy.to_string()});
    // Not told: that a rule cannot publish there either is no matter of this test.
    lab.pause_events();
    call(&lab, "sns", "set_topic_attributes", refuse);
    lab.forget_events();
    lab.resume_events();
    lab.create_role("orders-api-role", "/").await;
    lab.silence().await;
    assert_eq!(lab.boundary_of("orders-api-role").await.as_deref(), Some(OURS));
    let messages = lab.messages_about("orders-api-role").await;
    assert_eq!(
        messages.iter().map(|told| told.text_of("outcome")).collect::<Vec<_>>(),
        ["bounded"],
        "told once"
    );
    assert!(central(&lab).await.is_empty());
    assert!(lab.dead_letters().await.is_empty(), "nothing failed");
    let log = lab.logs("ringfence-on-role-change");
    assert!(log.iter().any(|line| line.contains("central_topic_failed")), "{log:#?}");
    assert!(
        log.iter().any(|line| line.contains("\"FailedCalls\":1") && line.contains("\"service\":\"sns\"")),
        "the alarm ringfence-failed-calls goes by it: {log:#?}"
    );
}
