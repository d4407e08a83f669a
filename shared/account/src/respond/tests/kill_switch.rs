//! An operator's kill switch on the way of an event: which writes it holds back, and what is told instead.

use super::doubles::Doubles;
use super::samples::{OURS, record_with_ours, role_answer, role_event};
use crate::respond::NotFound;
use aws_smithy_mocks::mock;
use guardrail::finding::FindingId;
use guardrail::record::{Enforced, Intent, RoleRecord};
use guardrail::settings::Mode;
use jiff::{SignedDuration, Timestamp};

fn in_hours(hours: i64) -> String {
    (crate::clock::now() + SignedDuration::from_hours(hours)).to_string()
}

fn with_switch(doubles: Doubles, expires_at: &str) -> Doubles {
    let item =
        [("value", "observe"), ("by", "alice"), ("reason", "incident 4711"), ("expires_at", expires_at)];
    doubles.settings_item("mode", &item)
}

/// The outcome and mode of each finding about the role, and how many boundaries were put.
async fn respond(doubles: Doubles) -> (Vec<(String, String)>, usize) {
    let (order, published) = (doubles.order.clone(), doubles.published.clone());
    doubles.account().respond(&role_event(), "request-1", NotFound::LookAgainLater).await.unwrap();
    let published = published.lock().unwrap();
    let about_the_role = published.iter().filter(|finding| !finding["role"].is_null());
    let text = |finding: &serde_json::Value, field: &str| finding[field].as_str().unwrap().to_owned();
    let told = about_the_role.map(|finding| (text(finding, "outcome"), text(finding, "mode"))).collect();
    (told, order.count("iam:PutRolePermissionsBoundary"))
}

fn pair(outcome: &str, mode: &str) -> (String, String) {
    (outcome.to_owned(), mode.to_owned())
}

#[tokio::test]
async fn a_new_role_is_only_told_while_it_is_on_and_bounded_before_and_after() {
    for (expires_at, outcome, mode, written) in [
        (in_hours(1), "would-bound", "observe", 0),
        (in_hours(-1), "bounded", "enforce", 1),
        (in_hours(48), "bounded", "enforce", 1),
    ] {
        let doubles = with_switch(Doubles::new().role_without_boundary(), &expires_at);
        assert_eq!(respond(doubles).await, (vec![pair(outcome, mode)], written), "until {expires_at}");
    }
}

#[tokio::test]
async fn it_asks_for_no_call_more() {
    let on = with_switch(Doubles::new().role_without_boundary(), &in_hours(48));
    let order = on.order.clone();
    on.account().respond(&role_event(), "request-1", NotFound::LookAgainLater).await.unwrap();
    let calls = order.taken();
    let put = calls.iter().position(|call| call == "iam:PutRolePermissionsBoundary").unwrap();
    assert_eq!(
        calls[..put],
        ["iam:GetRole", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:PutItem intent=open"]
    );
}

#[tokio::test]
async fn in_observe_mode_it_changes_nothing_and_cannot_turn_enforcement_on() {
    let observing = || Doubles::new().role_without_boundary().mode(Mode::Observe);
    let enforce = [("value", "enforce"), ("by", "mallory"), ("reason", "x"), ("expires_at", &in_hours(1))];
    for doubles in [with_switch(observing(), &in_hours(1)), observing().settings_item("mode", &enforce)] {
        assert_eq!(respond(doubles).await, (vec![pair("would-bound", "observe")], 0));
    }
}

#[tokio::test]
async fn a_lost_boundary_is_only_told_while_it_is_on() {
    let record = RoleRecord { put_at: None, ..record_with_ours() };
    let doubles = Doubles::new().role_without_boundary().ledger(record);
    assert_eq!(
        respond(with_switch(doubles, &in_hours(1))).await,
        (vec![pair("would-restore", "observe")], 0)
    );
}

/// What somebody left behind who died before the write.
fn record_with_intent() -> RoleRecord {
    let opened_at: Timestamp = "2026-11-22T10:00:01Z".parse().unwrap();
    let role_id = "AROAEXAMPLE".parse().unwrap();
    let intent = Intent {
        finding: FindingId::of_write(&role_id, 1),
        outcome: Enforced::Bounded,
        reason: "the role is new".to_owned(),
        boundary_before: None,
        boundary_after: OURS.parse().unwrap(),
        trigger: role_event(),
        opened_at,
        opened_by: "request-0".to_owned(),
        taken_up: None,
        repetition: None,
    };
    RoleRecord { generation: 1, intent: Some(intent), ..RoleRecord::new(role_id) }
}

#[tokio::test]
async fn an_open_intent_is_not_carried_out_while_it_is_on() {
    let doubles = Doubles::new().role_without_boundary().ledger(record_with_intent());
    assert_eq!(respond(with_switch(doubles, &in_hours(1))).await, (vec![pair("would-bound", "observe")], 0));
    let doubles = Doubles::new().role_without_boundary().ledger(record_with_intent());
    assert_eq!(respond(doubles).await, (vec![pair("bounded", "enforce")], 1));
}

#[tokio::test]
async fn what_was_written_before_it_came_on_is_told_as_it_was() {
    let bounded = mock!(aws_sdk_iam::Client::get_role).then_output(|| role_answer(Some(OURS)));
    let doubles = Doubles::new().get_role(bounded).ledger(record_with_intent());
    let (told, written) = respond(with_switch(doubles, &in_hours(1))).await;
    assert_eq!((told.first(), written), (Some(&pair("bounded", "enforce")), 0));
}
