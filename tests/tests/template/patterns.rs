//! Every event pattern against the fixtures of its function.

use crate::{one_or_many, stack, text};
use serde_json::Value;
use std::collections::BTreeSet;
use tests::fixtures::{handled, ignored};
use tests::template::{Stack, Template};
use tests::{event_pattern, function_folders, logical_id};

/// Folder and patterns of every function that rules start.
fn patterns() -> Vec<(String, Vec<Value>)> {
    let stack = stack();
    let mut found = Vec::new();
    for folder in function_folders() {
        // An operator starts undo-remediation, and no event does.
        let patterns = enabled_patterns(&stack, &logical_id(&folder), &folder);
        if !patterns.is_empty() {
            found.push((folder, patterns));
        }
    }
    found
}

/// The patterns of a function's rules that are on. Their names begin with the function's.
fn enabled_patterns(stack: &Stack, id: &str, folder: &str) -> Vec<Value> {
    let events = stack.properties(id)["Events"].as_object().into_iter().flat_map(|events| events.values());
    let rules = events.filter(|event| event["Type"] == "EventBridgeRule").map(|event| &event["Properties"]);
    rules
        .filter(|rule| {
            assert!(text(rule, "/RuleName").starts_with(&format!("ringfence-{folder}")));
            text(rule, "/State") == "ENABLED"
        })
        .map(|rule| rule["Pattern"].clone())
        .collect()
}

fn matches_one(patterns: &[Value], event: &Value) -> bool {
    let matching = patterns.iter().filter(|pattern| event_pattern::matches(pattern, event)).count();
    assert!(matching <= 1, "two rules would start one function twice");
    matching == 1
}

/// Names of events that are started by both rules, and by neither, would be handled twice, and never.
#[test]
fn lost_boundaries_have_a_function_of_their_own_exactly_where_concurrency_is_reserved() {
    let names = |patterns: &[Value]| -> BTreeSet<String> {
        let lists = patterns.iter().flat_map(|pattern| one_or_many(&pattern["detail"]["eventName"]));
        lists.map(str::to_owned).collect()
    };
    let (folder, id) = ("on-role-change", "OnRoleChange");
    let usual = stack();
    assert!(usual.resources().all(|(id, _)| id != "OnRoleChangeRestores"));
    let reserved = Template::of_project().rendered(&[("ReservedConcurrency", "5")]);
    let rest = names(&enabled_patterns(&reserved, id, folder));
    let restores = names(&enabled_patterns(&reserved, "OnRoleChangeRestores", folder));
    let boundary = ["DeleteRolePermissionsBoundary", "PutRolePermissionsBoundary"];
    assert_eq!(restores, boundary.map(str::to_owned).into());
    assert_eq!(rest.intersection(&restores).count(), 0);
    assert_eq!(&rest | &restores, names(&enabled_patterns(&usual, id, folder)));
    for function in ["OnRoleChange", "OnRoleChangeRestores"] {
        assert_eq!(reserved.properties(function)["ReservedConcurrentExecutions"], "5", "{function}");
    }
    let of_restores = |field: &str| &reserved.properties("OnRoleChangeRestores")[field];
    for same in
        ["CodeUri", "Role", "Environment", "EventInvokeConfig", "LoggingConfig", "Timeout", "MemorySize"]
    {
        assert_eq!(of_restores(same), &reserved.properties(id)[same], "{same}");
    }
    let watched = reserved.properties("OnRoleChangeRestoresErrorsAlarm");
    assert_eq!(text(watched, "/Dimensions/0/Value"), "ringfence-on-role-change-restores");
}

fn each_pattern() -> impl Iterator<Item = (String, Value)> {
    patterns()
        .into_iter()
        .flat_map(|(folder, patterns)| patterns.into_iter().map(move |pattern| (folder.clone(), pattern)))
}

#[test]
fn every_pattern_takes_its_fixtures() {
    for (function, patterns) in patterns() {
        for fixture in handled(&function) {
            assert!(matches_one(&patterns, &fixture.event), "{function} would miss {}", fixture.name);
        }
    }
}

#[test]
fn every_pattern_leaves_the_counter_fixtures_alone() {
    for (function, patterns) in patterns() {
        for fixture in ignored(&function) {
            assert!(!matches_one(&patterns, &fixture.event), "{function} would be woken by {}", fixture.name);
        }
    }
}

#[test]
fn every_event_name_of_a_pattern_has_a_fixture() {
    for (function, pattern) in each_pattern() {
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
    for (function, pattern) in each_pattern() {
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
    for (function, pattern) in each_pattern() {
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
