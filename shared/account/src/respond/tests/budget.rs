//! The change budget: what counts against it, and what becomes of a change that exceeds it.

use super::doubles::Doubles;
use super::samples::{record_with_ours, role_event};
use crate::respond::NotFound;
use guardrail::record::RoleRecord;
use guardrail::review::ReviewRequest;
use guardrail::trigger::{Caller, Trigger};
use serde_json::Value;
use std::sync::atomic::Ordering;

fn existing_role() -> Doubles {
    Doubles::new().existing_administrator()
}

/// As review-role reads it from the queue: neither caller nor time.
fn from_the_queue(trigger: &Trigger) -> Trigger {
    let role = "orders-api-role".parse().unwrap();
    let body = serde_json::to_string(&ReviewRequest::second_look(&role, trigger)).unwrap();
    let request: ReviewRequest = serde_json::from_str(&body).unwrap();
    request.into_triggers("message-1", &"123456789012".parse().unwrap()).remove(0)
}

#[tokio::test]
async fn a_change_of_an_existing_role_is_counted_before_its_intent_is_written() {
    let doubles = existing_role();
    let order = doubles.order.clone();
    let response =
        doubles.account().respond(&role_event(), "request-1", NotFound::LookAgainLater).await.unwrap();
    assert_eq!(response.outcome.unwrap().as_str(), "bounded");
    let writes: Vec<String> = order.taken().into_iter().filter(|call| is_write(call)).collect();
    assert_eq!(
        writes,
        [
            "dynamodb:UpdateItem",
            "dynamodb:PutItem intent=open",
            "iam:PutRolePermissionsBoundary",
            "sns:Publish",
            "dynamodb:PutItem history",
            "dynamodb:PutItem intent=closed"
        ]
    );
}

fn is_write(call: &str) -> bool {
    let is_report = call.ends_with("LastAccessedDetails");
    !is_report && !["iam:GetRole", "dynamodb:BatchGetItem", "dynamodb:Query"].contains(&call)
}

#[tokio::test]
async fn what_exceeds_the_budget_waits_and_is_then_done_for_its_own_trigger() {
    let doubles = existing_role().budget_left(0);
    let (order, left, published) =
        (doubles.order.clone(), doubles.budget_left.clone(), doubles.published.clone());
    let account = doubles.account();
    let caller =
        Caller { principal: Some("arn:aws:iam::123456789012:user/eve".to_owned()), ..Caller::default() };
    let trigger = Trigger { caller, ..role_event() };
    for message in [trigger.clone(), from_the_queue(&trigger)] {
        let response = account.respond(&message, "request-1", NotFound::LookAgainLater).await.unwrap();
        assert_eq!(response.outcome, None, "{}", response.decision);
    }
    assert_eq!(order.count("iam:PutRolePermissionsBoundary"), 0);
    assert_eq!(order.count("sqs:SendMessage"), 2, "it waits on");
    assert_eq!(order.count("dynamodb:PutItem intent=closed"), 1, "the trigger is kept once");
    let outcomes = || -> Vec<Value> {
        published.lock().unwrap().iter().map(|finding| finding["outcome"].clone()).collect()
    };
    assert_eq!(outcomes(), ["notice"], "told once");

    left.store(1, Ordering::Relaxed);
    let response = account.respond(&from_the_queue(&trigger), "request-2", NotFound::Gone).await.unwrap();
    assert_eq!(response.outcome.unwrap().as_str(), "bounded");
    assert_eq!(
        published.lock().unwrap().last().unwrap()["trigger"]["principal"],
        "arn:aws:iam::123456789012:user/eve"
    );
}

#[tokio::test]
async fn new_roles_and_restorations_are_never_held_back() {
    let new = Doubles::new().role_without_boundary().budget_left(0);
    let lost = existing_role().ledger(record_with_ours_long_ago()).budget_left(0);
    for (doubles, outcome) in [(new, "bounded"), (lost, "restored")] {
        let order = doubles.order.clone();
        let response =
            doubles.account().respond(&role_event(), "request-1", NotFound::LookAgainLater).await.unwrap();
        assert_eq!(response.outcome.unwrap().as_str(), outcome);
        assert_eq!(order.count("dynamodb:UpdateItem"), 0, "{outcome}: nothing is counted");
    }
}

fn record_with_ours_long_ago() -> RoleRecord {
    RoleRecord { put_at: None, ..record_with_ours() }
}
