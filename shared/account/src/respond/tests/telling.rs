//! A finding without a write: of many invocations that see the same state at once, one tells it.

use super::doubles::Doubles;
use super::samples::{OURS, role_answer, role_event};
use crate::connect::Account;
use crate::respond::{NotFound, Response};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_mocks::mock;
use guardrail::finding::FindingId;
use guardrail::record::{Enforced, Intent, RoleRecord};
use guardrail::settings::Mode;
use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

type RoleItem = Arc<Mutex<HashMap<String, AttributeValue>>>;

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

/// What another invocation writes into the role's item, as the next version.
fn writes(
    item: &RoleItem,
    change: impl FnOnce(&mut RoleRecord) + Send + 'static,
) -> Box<dyn FnOnce() + Send> {
    let item = item.clone();
    Box::new(move || {
        let mut item = item.lock().unwrap();
        let mut record: RoleRecord = serde_dynamo::from_attribute_value(item["record"].clone()).unwrap();
        change(&mut record);
        item.insert("record".to_owned(), serde_dynamo::to_attribute_value(record).unwrap());
        let version: u64 = item["version"].as_n().unwrap().parse().unwrap();
        item.insert("version".to_owned(), AttributeValue::N((version + 1).to_string()));
    })
}

fn stored(item: &RoleItem) -> RoleRecord {
    serde_dynamo::from_attribute_value(item.lock().unwrap()["record"].clone()).unwrap()
}

#[tokio::test]
async fn what_another_invocation_wrote_while_the_finding_was_published_stays() {
    let doubles = Doubles::new().role_without_boundary().mode(Mode::Observe);
    let (item, meanwhile, published) =
        (doubles.item.clone(), doubles.meanwhile.clone(), doubles.published.clone());
    let refused = |record: &mut RoleRecord| {
        record.refusals_told.insert("Throttled".to_owned());
    };
    *meanwhile.lock().unwrap() = Some(writes(&item, refused));
    let account = doubles.account();
    respond(&account, "request-1").await.unwrap();
    assert_eq!(stored(&item).refusals_told.len(), 1);
    assert!(stored(&item).told.is_some(), "and it is noted that it was told");
    respond(&account, "request-2").await.unwrap();
    assert_eq!(published.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn an_intent_that_was_opened_meanwhile_is_its_authors_to_close() {
    let doubles = Doubles::new().role_without_boundary().mode(Mode::Observe);
    let (item, meanwhile) = (doubles.item.clone(), doubles.meanwhile.clone());
    *meanwhile.lock().unwrap() = Some(writes(&item, |record| record.intent = Some(open_intent())));
    respond(&doubles.account(), "request-1").await.unwrap();
    let version = item.lock().unwrap()["version"].as_n().unwrap().clone();
    assert_eq!((stored(&item).intent, version.as_str()), (Some(open_intent()), "2"), "nobody wrote after it");
}

#[tokio::test]
async fn of_many_that_find_an_intent_whose_author_died_one_sees_it_to_its_end() {
    let left_behind = RoleRecord {
        generation: 1,
        intent: Some(open_intent()),
        ..RoleRecord::new("AROAEXAMPLE".parse().unwrap())
    };
    let contained = mock!(aws_sdk_iam::Client::get_role).then_output(|| role_answer(Some(OURS)));
    let doubles = Doubles::new().get_role(contained).ledger(left_behind);
    let (published, item, order) = (doubles.published.clone(), doubles.item.clone(), doubles.order.clone());
    let account = doubles.account();
    let requests: Vec<String> = (0..8).map(|index| format!("request-{index}")).collect();
    let events: Vec<_> = requests.iter().map(|request| respond(&account, request)).collect();
    let responses = futures_util::future::join_all(events).await;
    assert!(responses.iter().all(Result::is_ok), "{responses:?}");
    assert_eq!(published.lock().unwrap().len(), 1, "{:?}", order.taken());
    assert_eq!(stored(&item).intent, None);
}

#[tokio::test]
async fn whoever_takes_an_intent_up_and_dies_is_followed_by_the_next() {
    let left_behind = RoleRecord {
        generation: 1,
        intent: Some(open_intent()),
        ..RoleRecord::new("AROAEXAMPLE".parse().unwrap())
    };
    let doubles = Doubles::new().role_without_boundary().ledger(left_behind);
    let (published, item, sns_takes) =
        (doubles.published.clone(), doubles.item.clone(), doubles.sns_takes.clone());
    let account = doubles.account();
    sns_takes.store(0, Ordering::Relaxed);
    assert!(respond(&account, "request-1").await.is_err());
    assert_eq!(stored(&item).intent.unwrap().holder().0, "request-1");
    sns_takes.store(usize::MAX, Ordering::Relaxed);
    let taken_up_at = crate::clock::now();
    assert!(respond(&account, "request-2").await.is_ok());
    let waited = crate::clock::now().duration_since(taken_up_at);
    assert!(waited.as_secs() >= 2, "a lease of three seconds is respected: {waited}");
    assert_eq!((published.lock().unwrap().len(), stored(&item).intent), (1, None));
}

#[tokio::test]
async fn the_record_of_a_namesake_made_meanwhile_is_not_touched() {
    let doubles = Doubles::new().role_without_boundary().mode(Mode::Observe);
    let (item, meanwhile) = (doubles.item.clone(), doubles.meanwhile.clone());
    let namesake = RoleRecord::new("AROANAMESAKE".parse().unwrap());
    let expected = namesake.clone();
    *meanwhile.lock().unwrap() = Some(writes(&item, |record| *record = namesake));
    respond(&doubles.account(), "request-1").await.unwrap();
    assert_eq!(stored(&item), expected);
}

fn open_intent() -> Intent {
    Intent {
        finding: FindingId::of_write(&"AROAEXAMPLE".parse().unwrap(), 1),
        outcome: Enforced::Bounded,
        reason: "the role has no boundary".to_owned(),
        boundary_before: None,
        boundary_after: OURS.parse().unwrap(),
        trigger: role_event(),
        opened_at: "2026-11-22T10:00:01Z".parse().unwrap(),
        opened_by: "another-request".to_owned(),
        taken_up: None,
        repetition: None,
    }
}

#[tokio::test]
async fn telling_takes_a_claim_and_a_note_of_the_ledger() {
    let doubles = Doubles::new().role_without_boundary().mode(Mode::Observe);
    let order = doubles.order.clone();
    respond(&doubles.account(), "request-1").await.unwrap();
    let expected = ["dynamodb:PutItem intent=closed", "sns:Publish", "dynamodb:PutItem intent=closed"];
    assert_eq!(order.taken()[3..], expected);
}
