//! A replay reads what an event would have read, and writes nothing.

use super::doubles::Doubles;
use super::samples::{record_with_ours, role_event};
use crate::replay::Ledger;
use guardrail::settings::Mode;

/// The reads on the way of an event, none of its writes. The policies' reads are not noted by the double.
const READS: [&str; 3] = ["iam:GetRole", "dynamodb:BatchGetItem", "dynamodb:Query"];

#[tokio::test]
async fn a_new_role_would_be_bounded_and_only_reads_are_made() {
    let doubles = Doubles::new().role_without_boundary().mode(Mode::Observe);
    let (order, published, item) = (doubles.order.clone(), doubles.published.clone(), doubles.item.clone());
    let replay = doubles.account().replay(&role_event(), Ledger::Read).await.unwrap();

    assert_eq!(replay.decision, "would-bound");
    let finding = replay.finding.unwrap();
    assert_eq!((finding.outcome.as_str(), finding.mode), ("would-bound", Mode::Observe));
    assert_eq!(order.taken(), READS);
    assert!(published.lock().unwrap().is_empty() && item.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_is_replayed_is_what_an_event_would_have_told() {
    let doubles = || Doubles::new().administrator().role_without_boundary().mode(Mode::Observe);
    let replay = doubles().account().replay(&role_event(), Ledger::Read).await.unwrap();
    let event = doubles();
    let published = event.published.clone();
    let response =
        event.account().respond(&role_event(), "request-1", super::NotFound::LookAgainLater).await.unwrap();

    let replayed = replay.finding.unwrap();
    assert_eq!(Some(&replayed.id), response.finding.as_ref());
    let published = published.lock().unwrap();
    assert_eq!(published.first(), Some(&serde_json::to_value(&replayed).unwrap()));
}

#[tokio::test]
async fn what_the_ledger_knows_is_part_of_the_decision() {
    let doubles = Doubles::new().role_without_boundary().ledger(record_with_ours()).mode(Mode::Observe);
    let order = doubles.order.clone();
    let replay = doubles.account().replay(&role_event(), Ledger::Read).await.unwrap();
    assert_eq!(replay.decision, "would-restore");
    assert_eq!(order.taken(), READS);
}

#[tokio::test]
async fn without_a_deployment_no_ledger_is_asked() {
    let doubles = Doubles::new().existing_administrator().mode(Mode::Observe);
    let order = doubles.order.clone();
    let replay = doubles.account().replay(&role_event(), Ledger::NotThere).await.unwrap();
    assert_eq!(replay.decision, "would-bound");
    let reason = replay.reason.unwrap();
    assert!(reason.contains("the role's rights were changed"), "an existing role: {reason}");
    assert_eq!(order.count("dynamodb:BatchGetItem") + order.count("dynamodb:Query"), 0);
}

#[tokio::test]
async fn a_role_that_is_not_there_is_an_answer() {
    let doubles = Doubles::new().role_not_found().mode(Mode::Observe);
    let replay = doubles.account().replay(&role_event(), Ledger::Read).await.unwrap();
    assert_eq!((replay.decision, replay.finding), ("the role is not found", None));
}

#[tokio::test]
async fn an_account_that_enforces_is_not_replayed_in() {
    let doubles = Doubles::new().role_without_boundary().mode(Mode::Enforce);
    let order = doubles.order.clone();
    assert!(doubles.account().replay(&role_event(), Ledger::Read).await.is_err());
    assert_eq!(order.count("iam:PutRolePermissionsBoundary"), 0);
}
