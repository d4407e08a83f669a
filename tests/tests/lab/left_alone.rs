//! Roles that are not Ringfence's to change.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;
use tests::lab::{ADMINISTRATOR, Lab};

const TRUSTS_EC2: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
const TRUSTS_BOTH: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":["lambda.amazonaws.com","ec2.amazonaws.com"]},"Action":"sts:AssumeRole"}]}"#;

#[tokio::test]
async fn a_role_that_lambda_cannot_assume_is_untouched_and_untold() {
    let lab = Lab::start(&[]).await;
    lab.create_role_trusting("server-role", "/", TRUSTS_EC2).await;
    lab.attach("server-role", ADMINISTRATOR).await;
    lab.silence().await;

    assert_eq!(lab.boundary_of("server-role").await, None);
    assert!(lab.findings_about("server-role").await.is_empty());
    assert_eq!(lab.own_calls("PutRolePermissionsBoundary"), 0);
}

#[tokio::test]
async fn an_old_role_that_others_may_assume_is_reported_a_new_one_is_bounded() {
    let lab = Lab::start(&[]).await;
    lab.create_role_trusting("new-role", "/", TRUSTS_BOTH).await;
    lab.silence().await;
    lab.pause_events();
    lab.create_role_trusting("old-role", "/", TRUSTS_BOTH).await;
    lab.post(
        "roles/old-role",
        json!({"created": "2024-01-01T00:00:00Z", "last_used": "2026-11-01T00:00:00Z"}),
    );
    lab.attach("old-role", ADMINISTRATOR).await;
    lab.resume_events();
    lab.silence().await;

    let outcomes = async |role: &str| -> Vec<String> {
        lab.findings_about(role).await.iter().map(|told| told.text_of("outcome").to_owned()).collect()
    };
    assert_eq!(outcomes("new-role").await, ["bounded"]);
    assert_eq!(outcomes("old-role").await, ["reported"]);
    assert_eq!(lab.boundary_of("old-role").await, None);
}

#[tokio::test]
async fn a_protected_role_is_reported_and_never_changed() {
    let lab = Lab::start(&[("ProtectedRoles", "arn:aws:iam::123456789012:role/break-glass")]).await;
    lab.pause_events();
    lab.create_role("break-glass", "/").await;
    lab.attach("break-glass", ADMINISTRATOR).await;
    lab.resume_events();
    lab.silence().await;

    assert_eq!(lab.boundary_of("break-glass").await, None);
    let findings = lab.findings_about("break-glass").await;
    assert_eq!(findings.iter().map(|told| told.text_of("outcome")).collect::<Vec<_>>(), ["reported"]);
}

#[tokio::test]
async fn an_exempt_role_is_told_and_not_changed() {
    let lab = Lab::start(&[]).await;
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let tables = lab.dynamodb.list_tables().send().await.expect("tables").table_names.unwrap_or_default();
    let table = tables.iter().find(|name| name.starts_with("ringfence-Ledger")).expect("the ledger");
    #[expect(clippy::disallowed_methods, reason = "an exemption is valid for a year at most, from now on")]
    let next_month = (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(30 * 24)).to_string();
    let item = [
        ("pk", "exemption"),
        ("sk", "migration-*"),
        ("owner", "orders team"),
        ("reason", "moves to its own account"),
        ("expires_at", &next_month),
    ];
    let item = item.iter().map(|(name, value)| ((*name).to_owned(), text(value))).collect();
    lab.dynamodb.put_item().table_name(table).set_item(Some(item)).send().await.expect("PutItem");

    for role in ["migration-job", "other-job"] {
        lab.pause_events();
        lab.create_role(role, "/").await;
        lab.attach(role, ADMINISTRATOR).await;
        lab.resume_events();
        lab.silence().await;
    }
    assert_eq!(lab.boundary_of("migration-job").await, None);
    let told = lab.findings_about("migration-job").await;
    assert_eq!(told.iter().map(|told| told.text_of("outcome")).collect::<Vec<_>>(), ["exempt"]);
    assert_eq!(told[0].text_of("severity"), "LOW");
    assert!(told[0].text_of("summary").contains("orders team"), "{}", told[0].text_of("summary"));
    assert!(lab.boundary_of("other-job").await.is_some());
}
