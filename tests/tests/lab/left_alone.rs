//! Roles that are not Ringfence's to change.

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
