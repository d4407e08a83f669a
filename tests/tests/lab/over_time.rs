//! What becomes of a role over time: it comes into order, somebody fights over it, or there is too much to change at once.

use aws_sdk_dynamodb::types::AttributeValue;
use guardrail::change_budget::{AN_HOUR, BudgetHour};
use serde_json::json;
use std::collections::HashMap;
use tests::lab::{ADMINISTRATOR, Lab, OURS, Told};

fn words(findings: &[Told]) -> Vec<(&str, &str)> {
    findings.iter().map(|told| (told.text_of("outcome"), told.text_of("severity"))).collect()
}

async fn delete_boundary(lab: &Lab, role: &str) {
    let delete = lab.iam.delete_role_permissions_boundary().role_name(role);
    delete.send().await.expect("DeleteRolePermissionsBoundary");
    lab.silence().await;
}

#[tokio::test]
async fn a_role_that_comes_into_order_is_resolved_once() {
    let lab = Lab::start(&[]).await;
    lab.pause_events();
    lab.create_role("orders-api-role", "/").await;
    lab.attach("orders-api-role", ADMINISTRATOR).await;
    lab.resume_events();
    lab.silence().await;
    let bounded = lab.findings_about("orders-api-role").await.remove(0);

    let detach = lab.iam.detach_role_policy().role_name("orders-api-role").policy_arn(ADMINISTRATOR);
    detach.send().await.expect("DetachRolePolicy");
    lab.silence().await;
    lab.create_function("orders-api", "arn:aws:iam::123456789012:role/orders-api-role").await;
    lab.silence().await;

    let findings = lab.findings_about("orders-api-role").await;
    assert_eq!(words(&findings), [("bounded", "CRITICAL"), ("resolved", "INFO")]);
    assert_eq!(findings[1].finding["resolves"], json!([bounded.text_of("id")]));
    assert_eq!(findings[1].text_of("problem"), bounded.text_of("problem"), "the ticket's key");
}

#[tokio::test]
async fn a_boundary_taken_away_again_and_again_is_put_back_each_time_and_is_one_finding() {
    let lab = Lab::start(&[]).await;
    lab.create_role("orders-api-role", "/").await;
    lab.silence().await;
    for time in 1..=4 {
        delete_boundary(&lab, "orders-api-role").await;
        assert_eq!(lab.boundary_of("orders-api-role").await.as_deref(), Some(OURS), "time {time}");
    }
    assert_eq!(lab.own_calls("PutRolePermissionsBoundary"), 5, "once at first, and back each time");

    let query = lab.dynamodb.query().table_name(lab.ledger_table().await);
    let query = query.key_condition_expression("pk = :role");
    let role = AttributeValue::S("history/orders-api-role".to_owned());
    let history = query.expression_attribute_values(":role", role).send().await.expect("Query");
    let history = history.items.unwrap_or_default();
    let deeds: Vec<_> = history.iter().map(|deed| deed["outcome"].as_s().expect("a text").as_str()).collect();
    assert_eq!(
        deeds,
        ["bounded", "restored", "restored", "restored", "restored"],
        "what is not told is noted"
    );
    assert!(history.iter().all(|deed| deed["ttl"].as_n().is_ok()), "none is kept for ever: {history:?}");

    let findings = lab.findings_about("orders-api-role").await;
    assert_eq!(words(&findings), [("bounded", "LOW"), ("restored", "HIGH")]);
    let messages = lab.messages_about("orders-api-role").await;
    let severities =
        [("bounded", "LOW"), ("restored", "HIGH"), ("restored", "HIGH"), ("restored", "CRITICAL")];
    assert_eq!(words(&messages), severities, "told three times, and then ever more rarely");
    let grown = &messages[3];
    assert_eq!(grown.text_of("id"), findings[1].text_of("id"));
    assert!(grown.text_of("title").contains("3 times"), "{}", grown.text_of("title"));
    assert!(grown.text.contains("PermissionsBoundary: arn:"), "the line for the template:\n{}", grown.text);
}

/// The hour's budget as it is when so many changes were made.
async fn spend_budget(lab: &Lab, table: &str, used: u64) {
    #[expect(clippy::disallowed_methods, reason = "the budget is that of the hour by the clock")]
    let hour = BudgetHour::of(jiff::Timestamp::now()).number();
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let number = |number: String| AttributeValue::N(number);
    let item = HashMap::from([
        ("pk".to_owned(), text("settings")),
        ("sk".to_owned(), text("budget")),
        ("hour".to_owned(), number(hour.to_string())),
        ("used".to_owned(), number(used.to_string())),
    ]);
    lab.dynamodb.put_item().table_name(table).set_item(Some(item)).send().await.expect("PutItem");
}

#[tokio::test]
async fn a_role_in_use_waits_for_the_change_budget_and_a_new_one_does_not() {
    let lab = Lab::start(&[]).await;
    lab.create_role("first", "/").await; // The first invocation notes when Ringfence was installed.
    lab.silence().await;
    let tables = lab.dynamodb.list_tables().send().await.expect("tables").table_names.unwrap_or_default();
    let table = tables.iter().find(|name| name.starts_with("ringfence-Ledger")).expect("the ledger");
    lab.pause_events();
    lab.create_role("old-role", "/").await;
    let old = json!({"created": "2024-01-01T00:00:00Z", "last_used": "2026-11-01T00:00:00Z"});
    lab.post("roles/old-role", old);
    lab.forget_events();
    lab.resume_events();

    spend_budget(&lab, table, AN_HOUR).await;
    lab.attach("old-role", ADMINISTRATOR).await;
    lab.create_role("new-role", "/").await;
    lab.silence().await;
    assert_eq!(lab.boundary_of("new-role").await.as_deref(), Some(OURS), "a new role never waits");
    assert_eq!(lab.boundary_of("old-role").await, None);
    let told = lab.messages().await;
    let notices: Vec<_> = told.iter().filter(|told| told.text_of("outcome") == "notice").collect();
    let titles: Vec<_> = notices.iter().map(|told| told.text_of("title")).collect();
    assert_eq!(titles, ["Change budget used up, roles in use wait"]);

    // The lab does not wait a quarter of an hour: a message like the one that does is sent, and finds budget again.
    spend_budget(&lab, table, AN_HOUR - 1).await;
    let events = lab.get("events");
    let event = events.as_array().expect("a list").iter().rev().find_map(|event| {
        let detail = &event["Detail"];
        let record = detail.as_str().map_or(detail.clone(), |text| serde_json::from_str(text).expect("JSON"));
        (record["eventName"] == json!("AttachRolePolicy")).then_some(record)
    });
    let event_id = event.expect("an event")["eventID"].clone();
    let message = json!({"role": "old-role", "trigger": {"event": "AttachRolePolicy", "event_id": event_id}});
    let send = lab.sqs.send_message().queue_url(lab.queue_url("ringfence-review").await);
    send.message_body(message.to_string()).send().await.expect("SendMessage");
    lab.silence().await;

    assert_eq!(lab.boundary_of("old-role").await.as_deref(), Some(OURS));
    let findings = lab.findings_about("old-role").await;
    assert_eq!(words(&findings), [("bounded", "CRITICAL")]);
    assert_eq!(
        findings[0].finding["trigger"]["principal"],
        json!("arn:aws:iam::123456789012:root"),
        "who did it is not forgotten while it waits"
    );
}

#[tokio::test]
async fn where_concurrency_is_reserved_a_lost_boundary_has_a_function_of_its_own() {
    let lab = Lab::start(&[("ReservedConcurrency", "5")]).await;
    lab.create_role("orders-api-role", "/").await;
    lab.silence().await;
    delete_boundary(&lab, "orders-api-role").await;

    assert_eq!(lab.boundary_of("orders-api-role").await.as_deref(), Some(OURS));
    let journal = lab.get("journal");
    let puts = journal.as_array().expect("a list").iter().filter(|entry| {
        entry["operation"] == json!("PutRolePermissionsBoundary") && entry["status"] == json!(200)
    });
    let by: Vec<&str> = puts.filter_map(|put| put["caller"]["function"].as_str()).collect();
    assert_eq!(by, ["ringfence-on-role-change", "ringfence-on-role-change-restores"]);
    assert_eq!(
        words(&lab.findings_about("orders-api-role").await),
        [("bounded", "LOW"), ("restored", "HIGH")]
    );
}
