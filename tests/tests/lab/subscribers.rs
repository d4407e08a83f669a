//! Who gets what: filter policies, and that an e-mail and a queue tell the same finding.

use crate::notices::in_hours;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tests::lab::{ADMINISTRATOR, Lab};

const SECURITY_TEAM: &str = "security@example.com";

/// Findings of several severities, outcomes, triggers and modes.
async fn cause_all_sorts_of_findings(lab: &Lab) {
    lab.create_role("bare-role", "/").await;
    lab.silence().await;
    lab.attach("bare-role", ADMINISTRATOR).await;
    lab.silence().await;
    lab.pause_events();
    lab.create_role("orders-api-role", "/").await;
    lab.attach("orders-api-role", ADMINISTRATOR).await;
    lab.forget_events();
    lab.resume_events();
    lab.create_function("orders-api", "arn:aws:iam::123456789012:role/orders-api-role").await;
    lab.silence().await;
    let delete = lab.iam.delete_role_permissions_boundary().role_name("orders-api-role");
    delete.send().await.expect("DeleteRolePermissionsBoundary");
    lab.silence().await;
    let until = in_hours(4);
    lab.put_item(&[
        ("pk", "settings"),
        ("sk", "mode"),
        ("value", "observe"),
        ("by", "alice"),
        ("reason", "incident 4711"),
        ("expires_at", &until),
    ])
    .await;
    lab.create_role("billing-role", "/").await;
    lab.silence().await;
}

/// What the attributes of a finding's message say, by the contract.
fn attribute<'a>(finding: &'a Value, name: &str) -> &'a str {
    let value = match name {
        "trigger" => &finding["trigger"]["event"],
        "severity" | "outcome" | "account" | "mode" => &finding[name],
        _ => panic!("findings have no attribute `{name}`"),
    };
    value.as_str().expect("a text")
}

/// Whether a finding passes a filter policy of plain values and `anything-but`
/// (<https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html>).
fn passes(finding: &Value, policy: &Value) -> bool {
    policy.as_object().expect("a filter policy").iter().all(|(name, accepted)| {
        let is = attribute(finding, name);
        accepted.as_array().expect("a list").iter().any(|one| match one {
            Value::String(text) => text == is,
            other => !other["anything-but"].as_array().expect("`anything-but`").contains(&json!(is)),
        })
    })
}

fn id(finding: &Value) -> &str {
    finding["id"].as_str().expect("an id")
}

#[tokio::test]
async fn each_queue_gets_exactly_what_its_filter_policy_lets_through() {
    let of_the_readme = tests::readme_json();
    assert!(of_the_readme.len() >= 2, "the README shows filter policies");
    let own = [
        json!({"severity": ["LOW"]}),
        json!({"severity": [{"anything-but": ["INFO", "LOW"]}]}),
        json!({"outcome": ["notice"]}),
        json!({"trigger": ["CreateFunction", "DeleteRolePermissionsBoundary"]}),
        json!({"mode": ["observe"]}),
        json!({"mode": ["enforce"], "severity": ["CRITICAL"]}),
    ];
    let whole_account = json!({"account": ["123456789012"]});
    let other_account = json!({"account": ["210987654321"]});
    let lab = Lab::start(&[]).await;
    let policies: Vec<&Value> =
        of_the_readme.iter().chain(&own).chain([&whole_account, &other_account]).collect();
    for (index, policy) in policies.iter().enumerate() {
        lab.subscribe_queue(&format!("filtered-{index:02}"), Some(policy)).await;
    }
    cause_all_sorts_of_findings(&lab).await;

    let all = lab.messages().await;
    assert!(all.len() >= 5, "{} messages", all.len());
    for (index, policy) in policies.iter().enumerate() {
        let got = lab.take_from(&format!("filtered-{index:02}")).await;
        let got: Vec<&str> = got.iter().map(|(_, finding)| id(finding)).collect();
        let expected: Vec<&str> =
            all.iter().filter(|told| passes(&told.finding, policy)).map(|told| id(&told.finding)).collect();
        assert_eq!(got.iter().collect::<BTreeSet<_>>(), expected.iter().collect(), "{policy}");
        assert_eq!(got.len(), expected.len(), "{policy}: nothing comes twice");
        let all_or_nothing = expected.is_empty() || expected.len() == all.len();
        assert_eq!(
            all_or_nothing,
            **policy == whole_account || **policy == other_account,
            "{policy} tells nothing apart"
        );
    }
}

#[tokio::test]
async fn an_email_and_a_queue_tell_the_same_finding() {
    let lab = Lab::start(&[("FindingsEmail", SECURITY_TEAM)]).await;
    lab.subscribe_queue("siem", None).await;
    cause_all_sorts_of_findings(&lab).await;

    let in_the_queue = lab.take_from("siem").await;
    let mailbox = lab.get("mailbox");
    let mails: Vec<&Value> =
        mailbox.as_array().expect("a list").iter().filter(|mail| mail["to"] == SECURITY_TEAM).collect();
    let for_people: Vec<&(String, Value)> = in_the_queue
        .iter()
        .filter(|(_, finding)| ["MEDIUM", "HIGH", "CRITICAL"].contains(&attribute(finding, "severity")))
        .collect();
    assert_eq!(mails.len(), for_people.len(), "the stack's own subscription takes MEDIUM and higher");
    assert!(mails.len() >= 3 && mails.len() < in_the_queue.len());
    for (message_id, finding) in for_people {
        let mail =
            mails.iter().find(|mail| mail["message_id"] == json!(message_id)).expect("an e-mail for each");
        let (subject, text) =
            (mail["subject"].as_str().expect("a subject"), mail["body"].as_str().expect("a text"));
        assert!(
            text.contains(&format!(
                "finding {} · problem {}",
                id(finding),
                finding["problem"].as_str().expect("a problem")
            )),
            "{text}"
        );
        assert!(text.contains(finding["title"].as_str().expect("a title")), "{text}");
        let undo = finding["undo"].as_str();
        assert!(undo.is_none_or(|line| text.contains(line)), "{text}");
        let begins = format!("[{}] {}: ", attribute(finding, "severity"), attribute(finding, "outcome"));
        assert!(subject.starts_with(&begins), "{subject}");
        assert_eq!(mail["attributes"]["severity"], finding["severity"]);
        assert!(!text.trim_start().starts_with('{'), "people do not read JSON");
    }
}
