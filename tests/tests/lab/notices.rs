//! What operators write into the ledger, told once each.

use crate::undo::{calls_of, invoke_undo, item_of, option};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::time::Duration;
use tests::lab::{ADMINISTRATOR, Lab, TRUSTS_LAMBDA, Told};

pub(super) fn in_hours(hours: i64) -> String {
    #[expect(clippy::disallowed_methods, reason = "an exemption is valid for a year at most, from now on")]
    let now = Timestamp::now();
    (now + SignedDuration::from_hours(hours)).to_string()
}

pub(super) const A_MONTH: i64 = 30 * 24;

pub(super) async fn exempt(lab: &Lab, pattern: &str, owner: &str, expires_at: &str) {
    lab.put_item(&[
        ("pk", "exemption"),
        ("sk", pattern),
        ("owner", owner),
        ("reason", "moves to its own account"),
        ("expires_at", expires_at),
    ])
    .await;
}

/// Two events, in which Ringfence reads the ledger.
async fn events(lab: &Lab, name: &str) {
    lab.create_role(name, "/").await;
    lab.attach(name, ADMINISTRATOR).await;
    lab.silence().await;
}

fn words(messages: &[Told]) -> Vec<(&str, &str)> {
    messages.iter().map(|told| (told.text_of("severity"), told.text_of("title"))).collect()
}

#[tokio::test]
async fn an_exemption_is_told_once_when_it_is_put_changed_broken_and_deleted() {
    let lab = Lab::start(&[]).await;
    events(&lab, "first").await;
    exempt(&lab, "migration-*", "orders", &in_hours(A_MONTH)).await;
    events(&lab, "second").await;
    events(&lab, "third").await;
    exempt(&lab, "migration-*", "billing", &in_hours(A_MONTH)).await;
    events(&lab, "fourth").await;
    exempt(&lab, "migration-*", "billing", "next year").await;
    events(&lab, "fifth").await;
    exempt(&lab, "migration-*", "billing", &in_hours(A_MONTH)).await;
    events(&lab, "sixth").await;
    lab.delete_item("exemption", "migration-*").await;
    events(&lab, "seventh").await;

    let told = lab.notices().await;
    let expected = [
        ("MEDIUM", "Exemption migration-* is new"),
        ("MEDIUM", "Exemption migration-* changed"),
        ("MEDIUM", "Exemption migration-* is not valid and counts for nothing"),
        ("MEDIUM", "Exemption migration-* is new"),
        ("LOW", "Exemption migration-* was deleted"),
    ];
    assert_eq!(words(&told), expected, "each is one message");
    assert!(told.iter().all(|told| told.finding["role"].is_null()));
    assert!(told[1].says("`billing` answers for it"), "{}", told[1].text);
    assert!(told[2].says("`expires_at` cannot be read"), "{}", told[2].text);
    assert!(lab.dead_letters().await.is_empty());
}

#[tokio::test]
async fn an_exemption_in_its_last_week_and_its_end_are_told_once() {
    let lab = Lab::start(&[]).await;
    #[expect(clippy::disallowed_methods, reason = "the end of an exemption is waited for")]
    let end = Timestamp::now() + SignedDuration::from_secs(20);
    exempt(&lab, "migration-*", "orders", &end.to_string()).await;
    events(&lab, "first").await;
    tokio::time::sleep(Duration::from_secs(20)).await;
    for name in ["second", "third"] {
        events(&lab, name).await;
    }
    let expected = [("MEDIUM", "Exemption migration-* is new"), ("LOW", "Exemption migration-* expired")];
    assert_eq!(words(&lab.notices().await), expected);
}

#[tokio::test]
async fn a_flood_of_exemptions_is_one_notice() {
    let lab = Lab::start(&[]).await;
    for index in 0..30 {
        exempt(&lab, &format!("migration-{index:02}"), "orders", &in_hours(A_MONTH)).await;
    }
    for name in ["first", "second"] {
        events(&lab, name).await;
    }
    let told = lab.notices().await;
    assert_eq!(words(&told), [("MEDIUM", "30 exemptions are new")]);
    assert!(told[0].says("migration-00, migration-01") && told[0].says("and 10 more"));
}

#[tokio::test]
async fn the_line_of_the_readme_is_a_valid_exemption() {
    let lab = Lab::start(&[]).await;
    let table = lab.ledger_table().await;
    let line = tests::readme_shell("## Exemptions").replace("<LedgerTableName>", &table);
    let calls = calls_of(&line);
    let [put] = calls.as_slice() else { panic!("one call: {calls:?}") };
    let mut item = item_of(option(put, "--item"));
    item.insert("expires_at".to_owned(), aws_sdk_dynamodb::types::AttributeValue::S(in_hours(A_MONTH)));
    lab.dynamodb.put_item().table_name(table).set_item(Some(item)).send().await.expect("PutItem");
    events(&lab, "orders-migration-job").await;
    assert_eq!(lab.boundary_of("orders-migration-job").await, None);
    let told = lab.notices().await;
    assert_eq!(words(&told), [("MEDIUM", "Exemption orders-migration-* is new")]);
    assert!(told[0].says("only resource-wildcard; up to MEDIUM"), "{}", told[0].text);
}

#[tokio::test]
async fn an_approved_document_is_told_when_it_is_noted_deleted_and_noted_anew() {
    let team = "arn:aws:iam::123456789012:policy/team-boundary";
    let lab = Lab::start(&[("ApprovedBoundaryArns", team)]).await;
    lab.create_policy("team-boundary", crate::policy::READS).await;
    let create =
        lab.iam.create_role().role_name("orders-api-role").assume_role_policy_document(TRUSTS_LAMBDA);
    create.permissions_boundary(team).send().await.expect("CreateRole");
    lab.silence().await;
    for name in ["first", "second"] {
        events(&lab, name).await;
    }
    lab.delete_item("approved", team).await;
    lab.attach("orders-api-role", ADMINISTRATOR).await;
    lab.silence().await;
    for name in ["third", "fourth"] {
        events(&lab, name).await;
    }
    let expected = [
        ("LOW", "Approved boundary team-boundary was noted"),
        ("MEDIUM", "Approved boundary team-boundary is to be approved anew"),
        ("MEDIUM", "Approved boundary team-boundary was approved anew"),
    ];
    assert_eq!(words(&lab.notices().await), expected);
}

#[tokio::test]
async fn an_undo_that_waits_or_is_refused_is_told_once() {
    let lab = Lab::start(&[]).await;
    events(&lab, "orders-api-role").await;
    let request = [("pk", "undo-request"), ("sk", "orders-api-role"), ("finding", "rf-1"), ("by", "alice")];
    lab.put_item(&request).await;
    for function in ["orders-api", "orders-jobs"] {
        lab.create_function(function, "arn:aws:iam::123456789012:role/orders-api-role").await;
        lab.silence().await;
    }
    for _ in 0..2 {
        let refused = invoke_undo(&lab, "ringfence-undo-remediation", r#"{"role":"orders-api-role"}"#).await;
        assert!(refused.as_ref().is_err_and(|why| why.contains("hold_days")), "{refused:?}");
    }
    lab.silence().await;
    let told = lab.notices().await;
    let expected = [
        ("LOW", "Undo requested for orders-api-role"),
        ("MEDIUM", "Undo request not valid for orders-api-role"),
    ];
    assert_eq!(words(&told), expected);
    assert_eq!(told[1].finding["trigger"]["principal"], json!("alice"));
}
