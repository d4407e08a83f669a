//! What operators changed, told after the work on an event: which calls, how often, and never at its cost.

use super::doubles::{Doubles, put};
use super::samples::role_event;
use crate::connect::Account;
use crate::respond::{NotFound, Response};
use guardrail::settings::Mode;
use jiff::SignedDuration;
use serde_json::Value;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

const KILL_SWITCH: [(&str, &str); 3] = [("value", "observe"), ("by", "alice"), ("reason", "incident 4711")];

fn in_hours(hours: i64) -> String {
    (crate::clock::now() + SignedDuration::from_hours(hours)).to_string()
}

fn with_switch(doubles: Doubles, hours: i64) -> Doubles {
    let expires_at = in_hours(hours);
    let item: Vec<_> = KILL_SWITCH.into_iter().chain([("expires_at", expires_at.as_str())]).collect();
    doubles.settings_item("mode", &item)
}

async fn respond(account: &Account, request: &str) -> Response {
    account.respond(&role_event(), request, NotFound::LookAgainLater).await.unwrap()
}

/// Severity and title of each notice.
fn notices(published: &Arc<Mutex<Vec<Value>>>) -> Vec<(String, String)> {
    let text = |finding: &Value, field: &str| finding[field].as_str().unwrap().to_owned();
    let published = published.lock().unwrap();
    let notices = published.iter().filter(|finding| finding["outcome"] == "notice");
    notices.map(|finding| (text(finding, "severity"), text(finding, "title"))).collect()
}

fn pair(severity: &str, title: &str) -> (String, String) {
    (severity.to_owned(), title.to_owned())
}

#[tokio::test]
async fn a_kill_switch_is_told_once_after_the_role_and_costs_no_call_after_that() {
    let doubles = with_switch(Doubles::new().role_without_boundary(), 1);
    let (order, published) = (doubles.order.clone(), doubles.published.clone());
    let account = doubles.account();
    respond(&account, "request-1").await;
    let calls = order.taken();
    let role_told = calls.iter().rposition(|call| call == "dynamodb:PutItem intent=closed").unwrap();
    assert_eq!(
        calls[role_told + 1..],
        ["dynamodb:PutItem settings/noticed", "sns:Publish", "dynamodb:PutItem settings/noticed"]
    );
    assert_eq!(notices(&published), [pair("CRITICAL", "Kill switch on, Ringfence enforces nothing")]);
    let finding = published.lock().unwrap().last().unwrap().clone();
    assert_eq!((&finding["mode"], &finding["trigger"]["event"]), (&"observe".into(), &"Settings".into()));
    assert!(finding["role"].is_null());

    let before = order.taken().len();
    respond(&account, "request-2").await;
    assert_eq!(order.taken()[before..], ["iam:GetRole", "dynamodb:BatchGetItem", "dynamodb:Query"]);
}

#[tokio::test]
async fn the_end_of_a_kill_switch_is_told_once() {
    let doubles = with_switch(Doubles::new().role_without_boundary(), 1);
    let (items, published) = (doubles.items.clone(), doubles.published.clone());
    let account = doubles.account();
    respond(&account, "request-1").await;
    items.lock().unwrap().remove(&("settings".to_owned(), "mode".to_owned()));
    for request in ["request-2", "request-3"] {
        respond(&account, request).await;
    }
    let told = notices(&published);
    assert_eq!(told[1..], [pair("MEDIUM", "Kill switch over")]);
}

#[tokio::test]
async fn containment_comes_before_every_notice() {
    let doubles = with_switch(Doubles::new().role_without_boundary(), 48);
    let (order, published) = (doubles.order.clone(), doubles.published.clone());
    assert_eq!(respond(&doubles.account(), "request-1").await.outcome.unwrap().as_str(), "bounded");
    assert_eq!(notices(&published), [pair("HIGH", "Kill switch not valid, it counts for nothing")]);
    let at = |call: &str| order.taken().iter().position(|made| made == call).unwrap();
    assert!(at("dynamodb:PutItem intent=closed") < at("dynamodb:PutItem settings/noticed"));
}

#[tokio::test]
async fn a_notice_that_cannot_be_published_fails_nothing_and_is_told_by_the_retry_under_its_id() {
    let doubles = Doubles::new().role_without_boundary().exempt_until(&in_hours(24 * 30));
    let doubles = with_switch(doubles, 1).mode(Mode::Enforce);
    let (order, published, sns_takes) =
        (doubles.order.clone(), doubles.published.clone(), doubles.sns_takes.clone());
    // The role's finding and the first notice.
    sns_takes.store(2, Ordering::Relaxed);
    let account = doubles.account();
    assert_eq!(respond(&account, "request-1").await.outcome.unwrap().as_str(), "exempt");
    assert_eq!(notices(&published).len(), 1);
    sns_takes.store(usize::MAX, Ordering::Relaxed);
    respond(&account, "request-2").await;
    assert_eq!(notices(&published).len(), 1, "others leave it alone for a while");
    respond(&account, "request-1").await;
    let told = notices(&published);
    assert_eq!(told[0].0, "CRITICAL");
    assert_eq!(
        told[1..],
        [pair("MEDIUM", "Exemption orders-* is new")],
        "and what was told is not told again"
    );
    assert_eq!(order.count("dynamodb:PutItem settings/noticed"), 4);
}

#[tokio::test]
async fn of_many_that_see_it_at_once_one_tells() {
    let doubles = with_switch(Doubles::new().role_without_boundary(), 1);
    let published = doubles.published.clone();
    let account = doubles.account();
    let requests: Vec<String> = (0..8).map(|index| format!("request-{index}")).collect();
    let events: Vec<_> = requests.iter().map(|request| respond(&account, request)).collect();
    futures_util::future::join_all(events).await;
    assert_eq!(notices(&published).len(), 1);
}

#[tokio::test]
async fn an_exemption_is_told_when_it_comes_is_broken_and_goes() {
    let doubles = Doubles::new().role_without_boundary().exempt_until(&in_hours(24 * 30));
    let (exemptions, published) = (doubles.exemptions.clone(), doubles.published.clone());
    let account = doubles.account();
    for request in ["request-1", "request-2"] {
        respond(&account, request).await;
    }
    exemptions.lock().unwrap().get_mut("orders-*").unwrap().remove("owner");
    respond(&account, "request-3").await;
    exemptions.lock().unwrap().clear();
    for request in ["request-4", "request-5"] {
        respond(&account, request).await;
    }
    let expected = [
        pair("MEDIUM", "Exemption orders-* is new"),
        pair("MEDIUM", "Exemption orders-* is not valid and counts for nothing"),
        pair("INFO", "Exemption orders-* was deleted, it was not valid"),
    ];
    assert_eq!(notices(&published), expected);
}

#[tokio::test]
async fn an_undo_request_that_waits_is_told_at_the_next_event_of_its_role_and_of_all_at_any() {
    let doubles = Doubles::new().role_without_boundary();
    let (items, published) = (doubles.items.clone(), doubles.published.clone());
    let account = doubles.account();
    put(&items, "undo-request", "orders-api-role", &[("finding", "rf-1"), ("by", "alice")]);
    put(&items, "undo-request", "*", &[("by", "alice")]);
    put(&items, "undo-request", "another-role", &[("finding", "rf-1"), ("by", "alice")]);
    for request in ["request-1", "request-2"] {
        respond(&account, request).await;
    }
    let expected =
        [pair("LOW", "Undo requested for orders-api-role"), pair("HIGH", "Undo requested for all roles")];
    assert_eq!(notices(&published), expected);
}

#[tokio::test]
async fn what_was_told_that_cannot_be_read_is_told_again_and_written_anew() {
    let doubles = with_switch(Doubles::new().role_without_boundary(), 1);
    let doubles = doubles.settings_item("noticed", &[("record", "garbage")]);
    let (items, published) = (doubles.items.clone(), doubles.published.clone());
    let number = aws_sdk_dynamodb::types::AttributeValue::N("7".to_owned());
    let key = ("settings".to_owned(), "noticed".to_owned());
    items.lock().unwrap().get_mut(&key).unwrap().insert("version".to_owned(), number);
    let account = doubles.account();
    for request in ["request-1", "request-2"] {
        respond(&account, request).await;
    }
    assert_eq!(notices(&published).len(), 1);
}
