//! What the ledger knows of a role's use is told with its finding, and costs no call.

use super::super::NotFound;
use super::doubles::Doubles;
use super::samples::role_event;
use crate::clock;
use aws_sdk_dynamodb::types::AttributeValue;
use guardrail::finding::ServiceUse;
use guardrail::last_accessed::LastAccessed;
use jiff::SignedDuration;
use serde_json::Value;
use std::collections::HashMap;

const ROLE: &str = "orders-api-role";

fn never_used_ec2(role_id: &str, days: i64) -> AttributeValue {
    let as_of = clock::now() - SignedDuration::from_hours(24 * days);
    let never = ServiceUse { namespace: "ec2".to_owned(), last: None, tracked: Vec::new() };
    let known = LastAccessed::of_report(role_id.parse().unwrap(), as_of, &[never], None);
    serde_dynamo::to_attribute_value(known).unwrap()
}

/// The calls that were made, and the finding.
async fn bounded_knowing(known: Option<AttributeValue>) -> (Vec<String>, Value) {
    let doubles = Doubles::new().existing_administrator();
    if let Some(known) = known {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let item = [("pk", text("last-accessed")), ("sk", text(ROLE)), ("record", known)];
        let item: HashMap<_, _> = item.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let key = ("last-accessed".to_owned(), ROLE.to_owned());
        doubles.items.lock().unwrap().insert(key, item);
    }
    let (order, published) = (doubles.order.clone(), doubles.published.clone());
    let response =
        doubles.account().respond(&role_event(), "request-1", NotFound::LookAgainLater).await.unwrap();
    assert_eq!(response.outcome.unwrap().as_str(), "bounded");
    let finding = published.lock().unwrap()[0].clone();
    (order.taken(), finding)
}

#[tokio::test(start_paused = true)]
async fn what_a_role_did_not_use_is_told_and_costs_no_call() {
    let (calls, before) = bounded_knowing(None).await;
    let (with, told) = bounded_knowing(Some(never_used_ec2("AROAEXAMPLE", 3))).await;
    assert_eq!(with, calls);
    let breaches = told["breaches"].to_string();
    assert_eq!(breaches.matches("the role did not use ec2").count(), 1, "{breaches}");
    assert_eq!((&told["id"], &told["severity"]), (&before["id"], &before["severity"]));
    finding_schema::assert_valid(&told);
}

#[tokio::test(start_paused = true)]
async fn what_is_too_old_another_roles_or_not_to_be_read_is_not_told() {
    let (calls, before) = bounded_knowing(None).await;
    for (why, known) in [
        ("too old", never_used_ec2("AROAEXAMPLE", 36)),
        ("a namesake's", never_used_ec2("AROANAMESAKE", 3)),
        ("broken", AttributeValue::S("?".to_owned())),
    ] {
        let (with, told) = bounded_knowing(Some(known)).await;
        assert_eq!((with, &told["breaches"]), (calls.clone(), &before["breaches"]), "{why}");
    }
}
