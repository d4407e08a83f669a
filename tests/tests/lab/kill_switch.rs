//! An operator has Ringfence only observe, by an item of the ledger: what it holds back, how it ends, what is told.

use crate::undo::{calls_of, item_of, option};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::time::Duration;
use tests::lab::{ADMINISTRATOR, Lab, OURS, Told};

fn now() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "a kill switch is on for a day at most, from now on")]
    Timestamp::now()
}

/// Throws the switch until then.
async fn throw(lab: &Lab, until: Timestamp) {
    let until = until.to_string();
    lab.put_item(&[
        ("pk", "settings"),
        ("sk", "mode"),
        ("value", "observe"),
        ("by", "alice"),
        ("reason", "incident 4711"),
        ("expires_at", &until),
    ])
    .await;
}

fn words(findings: &[Told]) -> Vec<(&str, &str)> {
    findings.iter().map(|told| (told.text_of("outcome"), told.text_of("mode"))).collect()
}

fn notices(messages: &[Told]) -> Vec<(&str, &str)> {
    messages.iter().map(|told| (told.text_of("severity"), told.text_of("title"))).collect()
}

const ON: (&str, &str) = ("CRITICAL", "Kill switch on, Ringfence enforces nothing");
const OVER: (&str, &str) = ("MEDIUM", "Kill switch over");

#[tokio::test]
async fn while_it_is_on_roles_are_only_told_about_and_it_is_told_once_as_its_end_is() {
    let lab = Lab::start(&[]).await;
    lab.create_role("bounded-before", "/").await;
    lab.silence().await;
    throw(&lab, now() + SignedDuration::from_hours(4)).await;
    for role in ["orders-api-role", "billing-role"] {
        lab.create_role(role, "/").await;
    }
    let delete = lab.iam.delete_role_permissions_boundary().role_name("bounded-before");
    delete.send().await.expect("DeleteRolePermissionsBoundary");
    lab.silence().await;
    for role in ["orders-api-role", "billing-role"] {
        assert_eq!(lab.boundary_of(role).await, None);
        assert_eq!(words(&lab.findings_about(role).await), [("would-bound", "observe")]);
    }
    assert_eq!(lab.boundary_of("bounded-before").await, None);
    let expected = [("bounded", "enforce"), ("would-restore", "observe")];
    assert_eq!(words(&lab.findings_about("bounded-before").await), expected);
    assert_eq!(lab.own_calls("PutRolePermissionsBoundary"), 1, "the one before it came on");
    let told = lab.notices().await;
    assert_eq!(notices(&told), [ON], "three invocations at once, one message");
    assert_eq!(
        told[0].subject,
        "[CRITICAL] notice: Kill switch on, Ringfence enforces nothing (123456789012)"
    );
    assert_eq!(told[0].finding["trigger"]["principal"], json!("alice"));
    assert!(told[0].says("incident 4711"), "{}", told[0].text);

    lab.delete_item("settings", "mode").await;
    for role in ["orders-api-role", "bounded-before"] {
        lab.attach(role, ADMINISTRATOR).await;
        lab.silence().await;
        assert_eq!(lab.boundary_of(role).await.as_deref(), Some(OURS), "{role}");
    }
    assert_eq!(words(&lab.findings_about("orders-api-role").await)[1..], [("bounded", "enforce")]);
    assert_eq!(words(&lab.findings_about("bounded-before").await)[2..], [("restored", "enforce")]);
    assert_eq!(notices(&lab.notices().await), [ON, OVER]);
    assert!(lab.dead_letters().await.is_empty());
}

#[tokio::test]
async fn it_ends_by_itself() {
    let lab = Lab::start(&[]).await;
    lab.create_role("first", "/").await;
    lab.silence().await;
    let until = now() + SignedDuration::from_secs(20);
    throw(&lab, until).await;
    lab.create_role("orders-api-role", "/").await;
    lab.silence().await;
    assert_eq!(words(&lab.findings_about("orders-api-role").await), [("would-bound", "observe")]);

    let left = Duration::try_from(until.duration_since(now())).unwrap_or_default();
    tokio::time::sleep(left + Duration::from_millis(100)).await;
    lab.attach("orders-api-role", ADMINISTRATOR).await;
    lab.silence().await;
    assert_eq!(lab.boundary_of("orders-api-role").await.as_deref(), Some(OURS));
    assert_eq!(words(&lab.findings_about("orders-api-role").await)[1..], [("bounded", "enforce")]);
    assert_eq!(notices(&lab.notices().await), [ON, OVER]);
}

#[tokio::test]
async fn one_for_two_days_counts_for_nothing_and_is_told_once() {
    let lab = Lab::start(&[]).await;
    throw(&lab, now() + SignedDuration::from_hours(48)).await;
    for role in ["orders-api-role", "billing-role"] {
        lab.create_role(role, "/").await;
        lab.silence().await;
        assert_eq!(lab.boundary_of(role).await.as_deref(), Some(OURS));
        assert_eq!(words(&lab.findings_about(role).await), [("bounded", "enforce")]);
    }
    let told = lab.notices().await;
    assert_eq!(notices(&told), [("HIGH", "Kill switch not valid, it counts for nothing")]);
    assert!(told[0].text_of("summary").contains("over 24 hours ahead"), "{}", told[0].text_of("summary"));
}

#[tokio::test]
async fn the_line_of_the_readme_throws_it_and_the_line_of_the_notice_takes_it_back() {
    let lab = Lab::start(&[]).await;
    let table = lab.ledger_table().await;
    let line = tests::readme_shell("## Kill switch").replace("<LedgerTableName>", &table);
    let calls = calls_of(&line);
    let [put] = calls.as_slice() else { panic!("one call: {calls:?}") };
    assert_eq!(
        (&put[..2], option(put, "--table-name")),
        (&["dynamodb", "put-item"].map(str::to_owned)[..], table.as_str())
    );
    let write = lab.dynamodb.put_item().table_name(&table).set_item(Some(item_of(option(put, "--item"))));
    write.send().await.expect("PutItem");
    lab.create_role("orders-api-role", "/").await;
    lab.silence().await;
    assert_eq!(words(&lab.findings_about("orders-api-role").await), [("would-bound", "observe")]);

    let told = lab.notices().await.remove(0);
    let (_, line) = told.text_of("summary").split_once("at once: ").expect("a line to take it back");
    let calls = calls_of(line);
    let [delete] = calls.as_slice() else { panic!("one call: {calls:?}") };
    assert_eq!((delete[1].as_str(), option(delete, "--region")), ("delete-item", "us-east-1"));
    let key = item_of(option(delete, "--key"));
    let delete = lab.dynamodb.delete_item().table_name(option(delete, "--table-name")).set_key(Some(key));
    delete.send().await.expect("DeleteItem");
    lab.attach("orders-api-role", ADMINISTRATOR).await;
    lab.silence().await;
    assert_eq!(lab.boundary_of("orders-api-role").await.as_deref(), Some(OURS));
}
