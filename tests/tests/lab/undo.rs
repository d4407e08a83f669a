//! An operator takes a write back: the line of the finding, the hold, and what comes after it.
//!
//! The line is read by a real shell, with a stand-in for the AWS CLI that only notes its arguments (version 2 of it is in
//! no package registry). The calls that these arguments stand for are then made with the SDK.

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_lambda::primitives::Blob;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::process::Command;
use tests::lab::{ADMINISTRATOR, Lab, OURS};

/// Who the stand-in says that the caller is.
const OPERATOR: &str = "arn:aws:iam::123456789012:role/operators";

/// The arguments of each `aws` that a line calls in a shell, in order.
pub(super) fn calls_of(line: &str) -> Vec<Vec<String>> {
    let folder = std::env::temp_dir().join(format!("ringfence-undo-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for the arguments");
    let noted = folder.join("calls");
    let _ = std::fs::remove_file(&noted);
    let stand_in = format!(
        r#"aws() {{ if [ "$1" = sts ]; then echo {OPERATOR}; return; fi; printf '%s\0' "$@" >> "$NOTED"; printf '\n\0' >> "$NOTED"; }}"#
    );
    let shell = Command::new("sh").arg("-c").arg(format!("{stand_in}\n{line}")).env("NOTED", &noted).output();
    let shell = shell.expect("a shell");
    assert!(
        shell.status.success() && shell.stderr.is_empty() && shell.stdout.is_empty(),
        "{line}: {shell:?}"
    );
    let noted = std::fs::read_to_string(&noted).expect("the arguments were noted");
    let arguments: Vec<&str> = noted.split('\0').filter(|argument| !argument.is_empty()).collect();
    let calls = arguments.split(|argument| *argument == "\n").filter(|call| !call.is_empty());
    calls.map(|call| call.iter().map(|argument| (*argument).to_owned()).collect()).collect()
}

/// The value of an option.
pub(super) fn option<'a>(call: &'a [String], name: &str) -> &'a str {
    let at = call.iter().position(|argument| argument == name);
    let value = at.and_then(|at| call.get(at + 1));
    value.unwrap_or_else(|| panic!("no {name} in {call:?}"))
}

/// DynamoDB's JSON, as far as the line uses it.
pub(super) fn item_of(json: &str) -> HashMap<String, AttributeValue> {
    let item: Value =
        serde_json::from_str(json).unwrap_or_else(|e| panic!("the item is no JSON: {e}: {json}"));
    let fields = item.as_object().expect("an object").iter();
    fields.map(|(name, value)| (name.clone(), attribute_of(value))).collect()
}

fn attribute_of(value: &Value) -> AttributeValue {
    match (value["S"].as_str(), value["N"].as_str(), value["L"].as_array()) {
        (Some(text), None, None) => AttributeValue::S(text.to_owned()),
        (None, Some(number), None) => AttributeValue::N(number.to_owned()),
        (None, None, Some(list)) => AttributeValue::L(list.iter().map(attribute_of).collect()),
        _ => panic!("neither S nor N nor L: {value}"),
    }
}

/// Makes the calls of a finding's undo line. The answer, or the error's type and message.
pub(super) async fn paste(lab: &Lab, line: &str) -> Result<Value, String> {
    let calls = calls_of(line);
    let [put, invoke] = calls.as_slice() else { panic!("two calls: {calls:?}") };
    assert_eq!(put[..2], ["dynamodb", "put-item"]);
    assert_eq!(invoke[..2], ["lambda", "invoke"]);
    assert_eq!(option(invoke, "--cli-binary-format"), "raw-in-base64-out");
    assert_eq!((option(put, "--region"), option(invoke, "--region")), ("us-east-1", "us-east-1"));
    let item = item_of(option(put, "--item"));
    assert_eq!(item["by"], AttributeValue::S(OPERATOR.to_owned()));
    let write = lab.dynamodb.put_item().table_name(option(put, "--table-name")).set_item(Some(item));
    write.send().await.expect("PutItem");
    invoke_undo(lab, option(invoke, "--function-name"), option(invoke, "--payload")).await
}

pub(super) async fn invoke_undo(lab: &Lab, function: &str, payload: &str) -> Result<Value, String> {
    let answer = lab.lambda.invoke().function_name(function).payload(Blob::new(payload)).send().await;
    let answer = answer.expect("Invoke");
    let body: Value =
        serde_json::from_slice(answer.payload.expect("an answer").as_ref()).expect("the answer is JSON");
    match answer.function_error {
        None => Ok(body),
        Some(_) => Err(body["errorMessage"].as_str().expect("a message").to_owned()),
    }
}

async fn outcomes(lab: &Lab) -> Vec<String> {
    let findings = lab.findings_about("orders-api-role").await;
    findings.iter().map(|told| told.text_of("outcome").to_owned()).collect()
}

/// The name of the ledger's table, from a finding's undo line.
fn table_of(line: &str) -> String {
    option(&calls_of(line)[0], "--table-name").to_owned()
}

/// As if the days had gone by.
async fn end_the_hold(lab: &Lab, table: &str) {
    let key = |name: &str| AttributeValue::S(name.to_owned());
    let update =
        lab.dynamodb.update_item().table_name(table).key("pk", key("role")).key("sk", key("orders-api-role"));
    let update = update
        .update_expression("SET #record.undone.hold_until = :past")
        .expression_attribute_names("#record", "record")
        .expression_attribute_values(":past", key("2026-01-01T00:00:00Z"));
    update.send().await.expect("UpdateItem");
}

#[tokio::test]
async fn an_undone_role_stays_as_it_was_while_it_is_held_and_is_bounded_again_after_that() {
    let lab = Lab::start(&[]).await;
    lab.create_role("orders-api-role", "/").await;
    lab.silence().await;
    let first = lab.findings_about("orders-api-role").await.remove(0);
    let line = first.text_of("undo").to_owned();
    assert!(first.text.contains(&line), "the e-mail has the line: {}", first.text);

    let answer = paste(&lab, &line).await.expect("undone");
    assert_eq!((&answer["role"], &answer["boundary"]), (&json!("orders-api-role"), &Value::Null));
    lab.silence().await;
    assert_eq!(lab.boundary_of("orders-api-role").await, None);
    assert_eq!(outcomes(&lab).await, ["bounded", "undone"], "our own deletion sets nothing off");
    let again = invoke_undo(&lab, "ringfence-undo-remediation", r#"{"role":"orders-api-role"}"#).await;
    assert!(
        again.as_ref().is_err_and(|why| why.contains("undo-request")),
        "the request is used up: {again:?}"
    );

    for _ in 0..2 {
        lab.attach("orders-api-role", ADMINISTRATOR).await;
        lab.silence().await;
    }
    assert_eq!(lab.boundary_of("orders-api-role").await, None, "held");
    assert_eq!(outcomes(&lab).await, ["bounded", "undone", "reported"], "and told once");
    assert_eq!(lab.own_calls("PutRolePermissionsBoundary"), 1);

    end_the_hold(&lab, &table_of(&line)).await;
    lab.create_function("orders-api", "arn:aws:iam::123456789012:role/orders-api-role").await;
    lab.silence().await;
    assert_eq!(lab.boundary_of("orders-api-role").await.as_deref(), Some(OURS));
    assert_eq!(outcomes(&lab).await, ["bounded", "undone", "reported", "bounded"]);

    let refused = paste(&lab, &line).await.expect_err("the line of the first finding");
    assert!(refused.contains("force"), "{refused}");
    assert_eq!(lab.boundary_of("orders-api-role").await.as_deref(), Some(OURS));
    let forced = r#"{"role":"orders-api-role","force":true}"#;
    invoke_undo(&lab, "ringfence-undo-remediation", forced).await.expect("undone by force");
    lab.silence().await;
    assert_eq!(lab.boundary_of("orders-api-role").await, None);
    assert_eq!(outcomes(&lab).await.last().map(String::as_str), Some("undone"));
    assert!(lab.dead_letters().await.is_empty());
}

#[tokio::test]
async fn undo_cannot_take_another_teams_boundary_away() {
    let lab = Lab::start(&[]).await;
    lab.create_role("orders-api-role", "/").await;
    lab.silence().await;
    let line = lab.findings_about("orders-api-role").await.remove(0).text_of("undo").to_owned();
    // Of a service in which Ringfence has nothing: whatever could read its reports would not be within ours, and give way.
    let document =
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ses:SendEmail","Resource":"*"}}"#;
    let theirs = lab.create_policy("team-cap", document).await;
    let put =
        lab.iam.put_role_permissions_boundary().role_name("orders-api-role").permissions_boundary(&theirs);
    put.send().await.expect("PutRolePermissionsBoundary");
    lab.silence().await;

    let refused = paste(&lab, &line).await.expect_err("the boundary is another one");
    assert!(refused.contains(&theirs), "{refused}");
    let forced = r#"{"role":"orders-api-role","force":true}"#;
    let denied =
        invoke_undo(&lab, "ringfence-undo-remediation", forced).await.expect_err("it is not ours to delete");
    assert!(denied.contains("not Ringfence's to delete"), "{denied}");
    assert_eq!(lab.boundary_of("orders-api-role").await, Some(theirs));
}
