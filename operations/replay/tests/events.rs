//! Every event that Ringfence knows is replayed by the function it is for, and none that it ignores.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use replay::event::{Event, Unusable};
use serde_json::{Value, json};
use tests::fixtures::{handled, ignored};

const FUNCTIONS: [&str; 5] =
    ["on-boundary-denial", "on-exposure-change", "on-function-change", "on-policy-change", "on-role-change"];

fn function_for(event: &Value) -> Result<&'static str, Unusable> {
    let account = "123456789012".parse().unwrap();
    Event::read(&event.to_string())?.taken(&account).map(|taken| taken.function())
}

#[test]
fn each_event_goes_to_the_function_of_its_folder_in_every_envelope() {
    for folder in FUNCTIONS {
        for fixture in handled(folder) {
            let expected = format!("ringfence-{folder}");
            for event in [
                fixture.event.clone(),
                fixture.event["detail"].clone(),
                json!({"Records": [fixture.event["detail"]]}),
            ] {
                let function = function_for(&event).unwrap_or_else(|e| panic!("{}: {e}", fixture.name));
                assert_eq!(function, expected, "{}", fixture.name);
            }
        }
    }
}

#[test]
fn what_a_function_ignores_is_another_ones_or_is_refused_in_one_line() {
    for folder in FUNCTIONS {
        for fixture in ignored(folder) {
            match function_for(&fixture.event) {
                Ok(function) => assert_ne!(function, format!("ringfence-{folder}"), "{}", fixture.name),
                Err(why) => {
                    let why = why.to_string();
                    assert!(!why.is_empty() && !why.contains('\n'), "{}: {why}", fixture.name);
                }
            }
        }
    }
}

#[test]
fn the_reason_is_the_telling_one() {
    let record = |name: &str, more: Value| {
        let mut record = json!({"eventName": name, "eventSource": "iam.amazonaws.com",
            "recipientAccountId": "123456789012", "requestParameters": {"roleName": "orders"}});
        record.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        function_for(&record).unwrap_err().to_string()
    };
    assert!(
        record("CreateRole", json!({"errorCode": "AccessDenied"}))
            .ends_with("the call failed with `AccessDenied`")
    );
    assert!(record("GetRole", json!({"readOnly": true})).ends_with("`GetRole` only reads"));
    assert!(record("CreateRole", json!({"recipientAccountId": "210987654321"})).contains("`210987654321`"));
    assert!(record("TagRole", json!({})).contains("`TagRole` of `iam.amazonaws.com`"));
    assert!(record("CreateRole", json!({"requestParameters": {}})).contains("`roleName` is missing"));
}

#[test]
fn messages_of_the_review_queue_are_events_too() {
    for fixture in handled("review-role") {
        let taken = function_for(&fixture.event);
        if fixture.name.starts_with("batch") {
            assert!(matches!(taken, Err(Unusable::NotOneRecord(_))), "{}", fixture.name);
        } else {
            assert_eq!(taken.unwrap(), "ringfence-review-role", "{}", fixture.name);
        }
    }
    assert_eq!(function_for(&json!({"role": "orders"})).unwrap(), "ringfence-review-role");
    for fixture in ignored("review-role") {
        assert!(function_for(&fixture.event).is_err(), "{}", fixture.name);
    }
}

#[test]
fn anything_else_is_said_to_be_so() {
    assert!(matches!(Event::read("{"), Err(Unusable::NotJson(_))));
    assert!(matches!(function_for(&json!([])), Err(Unusable::OtherForm)));
    assert!(matches!(function_for(&json!({})), Err(Unusable::OtherForm)));
    assert!(matches!(function_for(&json!({"Records": []})), Err(Unusable::NotOneRecord(0))));
    assert!(matches!(function_for(&json!({"all": true, "dry_run": true})), Err(Unusable::Undo)));
    let insight = json!({"detail-type": "AWS Insight via CloudTrail", "detail": {}});
    assert!(matches!(function_for(&insight), Err(Unusable::OtherKind(_))));
    let forged = json!({"detail-type": "AWS API Call via CloudTrail", "source": "team.iam", "detail": {}});
    assert!(matches!(function_for(&forged), Err(Unusable::OtherKind(_))));
}
