//! A finding without a write: of many invocations that see the same state at once, one tells it.

use super::doubles::Doubles;
use super::samples::role_event;
use crate::connect::Account;
use crate::respond::{NotFound, Response};
use guardrail::settings::Mode;
use std::sync::atomic::Ordering;

async fn respond(account: &Account, request: &str) -> Result<Response, crate::Failure> {
    account.respond(&role_event(), request, NotFound::LookAgainLater).await
}

#[tokio::test]
async fn of_many_events_about_one_new_role_at_once_one_tells_it_in_observe_mode() {
    let doubles = Doubles::new().role_without_boundary().mode(Mode::Observe);
    let published = doubles.published.clone();
    let account = doubles.account();
    let requests: Vec<String> = (0..8).map(|index| format!("request-{index}")).collect();
    let events: Vec<_> = requests.iter().map(|request| respond(&account, request)).collect();
    let responses = futures_util::future::join_all(events).await;
    assert!(responses.iter().all(Result::is_ok));
    assert_eq!(published.lock().unwrap().len(), 1);
    let told = responses.iter().flatten().filter(|response| response.finding.is_some());
    assert_eq!(told.count(), 1, "and one says that it told");
}

#[tokio::test]
async fn a_finding_that_could_not_be_published_is_told_by_the_retry_of_the_same_invocation() {
    let doubles = Doubles::new().role_without_boundary().mode(Mode::Observe);
    let (published, sns_takes) = (doubles.published.clone(), doubles.sns_takes.clone());
    let account = doubles.account();
    sns_takes.store(0, Ordering::Relaxed);
    assert!(respond(&account, "request-1").await.is_err());
    sns_takes.store(usize::MAX, Ordering::Relaxed);
    assert_eq!(respond(&account, "request-1").await.unwrap().outcome.unwrap().as_str(), "would-bound");
    assert_eq!(published.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn others_wait_for_whoever_is_telling_and_tell_in_its_place_if_it_died() {
    let doubles = Doubles::new().role_without_boundary().mode(Mode::Observe);
    let (published, sns_takes) = (doubles.published.clone(), doubles.sns_takes.clone());
    let account = doubles.account();
    sns_takes.store(0, Ordering::Relaxed);
    assert!(respond(&account, "request-1").await.is_err());
    sns_takes.store(usize::MAX, Ordering::Relaxed);
    let claimed_at = crate::clock::now();
    assert_eq!(respond(&account, "request-2").await.unwrap().outcome.unwrap().as_str(), "would-bound");
    let waited = crate::clock::now().duration_since(claimed_at);
    assert!(waited.as_secs() >= 4, "a claim is respected for five seconds: {waited}");
    assert_eq!(published.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn telling_takes_a_claim_and_a_note_of_the_ledger() {
    let doubles = Doubles::new().role_without_boundary().mode(Mode::Observe);
    let order = doubles.order.clone();
    respond(&doubles.account(), "request-1").await.unwrap();
    let expected = ["dynamodb:PutItem intent=closed", "sns:Publish", "dynamodb:PutItem intent=closed"];
    assert_eq!(order.taken()[3..], expected);
}
