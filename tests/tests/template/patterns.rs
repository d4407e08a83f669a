//! Every event pattern against the fixtures of its function.

use crate::{stack, text};
use serde_json::Value;
use tests::fixtures::{handled, ignored};
use tests::{event_pattern, function_folders, logical_id};

/// Folder and pattern of every function that a rule starts.
fn patterns() -> Vec<(String, Value)> {
    let stack = stack();
    let mut found = Vec::new();
    for folder in function_folders() {
        // An operator starts undo-remediation, and no event does.
        let events = stack.properties(&logical_id(&folder))["Events"].as_object();
        for event in events.into_iter().flat_map(|events| events.values()) {
            if event["Type"] == "EventBridgeRule" {
                assert_eq!(event["Properties"]["State"], "ENABLED", "{folder}");
                assert_eq!(event["Properties"]["RuleName"], format!("ringfence-{folder}"));
                found.push((folder.clone(), event["Properties"]["Pattern"].clone()));
            }
        }
    }
    found
}

#[test]
fn every_pattern_takes_its_fixtures() {
    for (function, pattern) in patterns() {
        for fixture in handled(&function) {
            assert!(
                event_pattern::matches(&pattern, &fixture.event),
                "{function} would miss {}",
                fixture.name
            );
        }
    }
}

#[test]
fn every_pattern_leaves_the_counter_fixtures_alone() {
    for (function, pattern) in patterns() {
        for fixture in ignored(&function) {
            assert!(
                !event_pattern::matches(&pattern, &fixture.event),
                "{function} would be woken by {}",
                fixture.name
            );
        }
    }
}

#[test]
fn every_event_name_of_a_pattern_has_a_fixture() {
    for (function, pattern) in patterns() {
        let fixtures = handled(&function);
        for name in pattern["detail"]["eventName"].as_array().expect("a list of names") {
            let mut only = pattern.clone();
            only["detail"]["eventName"] = Value::Array(vec![name.clone()]);
            let covered = fixtures.iter().any(|fixture| event_pattern::matches(&only, &fixture.event));
            assert!(covered, "{function}: no fixture for {name}");
        }
    }
}

#[test]
fn every_detail_type_of_a_pattern_but_the_chinese_service_event_has_a_fixture() {
    for (function, pattern) in patterns() {
        for wanted in pattern["detail-type"].as_array().expect("a list of detail types") {
            // Nobody has seen one; it is listed because the pages of the China Regions replace "AWS" throughout.
            let unseen = wanted == "Amazon Service Event via CloudTrail";
            let covered = handled(&function).iter().any(|fixture| fixture.event["detail-type"] == *wanted);
            assert!(covered || unseen, "{function}: no fixture for {wanted}");
        }
    }
}

#[test]
fn the_name_of_a_fixture_begins_with_its_call() {
    for (function, _) in patterns() {
        for fixture in handled(&function).into_iter().chain(ignored(&function)) {
            let call = fixture.name.split("--").next().expect("a name");
            let event_name = text(&fixture.event, "/detail/eventName");
            assert!(event_name.starts_with(call), "{function}/{}: the event is {event_name}", fixture.name);
        }
    }
}

#[test]
fn patterns_fit_the_quota() {
    // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
    for (function, pattern) in patterns() {
        assert!(pattern.to_string().len() <= 2048, "{function}");
    }
}

#[test]
fn queued_fixtures_come_from_the_review_queue() {
    for fixture in handled("review-role").into_iter().chain(ignored("review-role")) {
        for record in fixture.event["Records"].as_array().expect("records") {
            let queue = text(record, "/eventSourceARN");
            assert_eq!(
                stack().properties("ReviewRole")["Events"]["RoleQueued"]["Properties"]["Queue"],
                queue
            );
        }
    }
}
