//! Roles that get the boundary, keep it, and get it back.

use serde_json::json;
use tests::lab::{ADMINISTRATOR, Lab, OURS};

fn words(findings: &[tests::lab::Told]) -> Vec<(&str, &str)> {
    findings.iter().map(|told| (told.text_of("outcome"), told.text_of("severity"))).collect()
}

/// A role that had AdministratorAccess before its function came: bounded, and told once, as the worst that it is.
async fn function_with_an_administrator_role(path: &str) {
    let lab = Lab::start(&[]).await;
    lab.pause_events();
    lab.create_role("orders-api-role", path).await;
    lab.attach("orders-api-role", ADMINISTRATOR).await;
    lab.create_function("orders-api", &format!("arn:aws:iam::123456789012:role{path}orders-api-role")).await;
    lab.resume_events();
    lab.silence().await;

    assert_eq!(lab.boundary_of("orders-api-role").await.as_deref(), Some(OURS));
    let findings = lab.findings_about("orders-api-role").await;
    assert_eq!(words(&findings), [("bounded", "CRITICAL")]);
    assert_eq!(lab.messages_about("orders-api-role").await.len(), 1, "and nobody reads it twice");
    assert_eq!(findings[0].finding["role"]["path"], json!(path));
    assert_eq!(findings[0].finding["boundary"], json!({"before": null, "after": OURS}));
    assert_eq!(
        lab.own_calls("PutRolePermissionsBoundary"),
        1,
        "three events, one write, and none after our own"
    );
}

#[tokio::test]
async fn a_function_with_an_administrator_role_is_bounded_and_told_once() {
    function_with_an_administrator_role("/").await;
}

#[tokio::test]
async fn a_role_with_a_path_is_bounded_like_any_other() {
    function_with_an_administrator_role("/service-role/").await;
}

#[tokio::test]
async fn a_function_given_an_older_unbounded_role_has_it_bounded() {
    let lab = Lab::start(&[]).await;
    lab.pause_events();
    lab.create_role("orders-api-role", "/").await;
    lab.attach("orders-api-role", ADMINISTRATOR).await;
    lab.forget_events();
    lab.resume_events();
    lab.create_function("orders-api", "arn:aws:iam::123456789012:role/orders-api-role").await;
    lab.silence().await;

    let findings = lab.findings_about("orders-api-role").await;
    assert_eq!(words(&findings), [("bounded", "CRITICAL")]);
    assert_eq!(findings[0].finding["trigger"]["event"], json!("CreateFunction"));
    assert_eq!(
        findings[0].finding["functions"],
        json!(["arn:aws:lambda:us-east-1:123456789012:function:orders-api"])
    );
}

#[tokio::test]
async fn a_bare_role_is_bounded_then_contained_and_then_nothing_more_is_said() {
    let lab = Lab::start(&[]).await;
    lab.create_role("orders-api-role", "/").await;
    lab.silence().await;
    assert_eq!(words(&lab.findings_about("orders-api-role").await), [("bounded", "LOW")]);

    lab.attach("orders-api-role", ADMINISTRATOR).await;
    lab.silence().await;
    let told = [("bounded", "LOW"), ("contained", "MEDIUM")];
    assert_eq!(words(&lab.findings_about("orders-api-role").await), told);

    lab.create_function("orders-api", "arn:aws:iam::123456789012:role/orders-api-role").await;
    lab.silence().await;
    assert_eq!(words(&lab.findings_about("orders-api-role").await), told);
    assert_eq!(lab.own_calls("PutRolePermissionsBoundary"), 1);
}

#[tokio::test]
async fn attaching_and_putting_a_policy_bound_a_role_that_had_no_boundary() {
    let lab = Lab::start(&[]).await;
    lab.pause_events();
    lab.create_role("attached-role", "/").await;
    lab.create_role("inline-role", "/").await;
    lab.forget_events();
    lab.resume_events();
    lab.attach("attached-role", ADMINISTRATOR).await;
    let document = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
    let put = lab.iam.put_role_policy().role_name("inline-role").policy_name("all").policy_document(document);
    put.send().await.expect("PutRolePolicy");
    lab.silence().await;

    for (role, event) in [("attached-role", "AttachRolePolicy"), ("inline-role", "PutRolePolicy")] {
        assert_eq!(lab.boundary_of(role).await.as_deref(), Some(OURS), "{role}");
        let findings = lab.findings_about(role).await;
        assert_eq!(words(&findings), [("bounded", "CRITICAL")], "{role}");
        assert_eq!(findings[0].finding["trigger"]["event"], json!(event));
    }
}

#[tokio::test]
async fn a_deleted_boundary_is_put_back() {
    let lab = Lab::start(&[]).await;
    lab.create_role("orders-api-role", "/").await;
    lab.attach("orders-api-role", ADMINISTRATOR).await;
    lab.silence().await;
    let before = lab.findings_about("orders-api-role").await.len();

    let delete = lab.iam.delete_role_permissions_boundary().role_name("orders-api-role");
    delete.send().await.expect("DeleteRolePermissionsBoundary");
    lab.silence().await;

    assert_eq!(lab.boundary_of("orders-api-role").await.as_deref(), Some(OURS));
    let findings = lab.findings_about("orders-api-role").await;
    assert_eq!(words(&findings[before..]), [("restored", "CRITICAL")]);
    assert_eq!(findings[before].finding["trigger"]["event"], json!("DeleteRolePermissionsBoundary"));
}

#[tokio::test]
async fn an_existing_role_is_bounded_only_when_an_event_gives_it_dangerous_rights() {
    let lab = Lab::start(&[]).await;
    lab.create_role("first", "/").await; // The first invocation notes when Ringfence was installed.
    lab.silence().await;
    lab.pause_events();
    lab.create_role("old-role", "/").await;
    lab.post(
        "roles/old-role",
        json!({"created": "2024-01-01T00:00:00Z", "last_used": "2026-11-01T00:00:00Z"}),
    );
    lab.forget_events();
    lab.resume_events();

    lab.attach("old-role", "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole").await;
    lab.silence().await;
    assert_eq!(words(&lab.findings_about("old-role").await), [("would-bound", "LOW")]);
    assert_eq!(lab.boundary_of("old-role").await, None, "an old role with modest rights is left alone");

    lab.attach("old-role", ADMINISTRATOR).await;
    lab.silence().await;
    let told = [("would-bound", "LOW"), ("bounded", "CRITICAL")];
    assert_eq!(words(&lab.findings_about("old-role").await), told);
    assert_eq!(lab.boundary_of("old-role").await.as_deref(), Some(OURS));
}

/// A whole deployment within milliseconds, each call in a process of its own, as CloudFormation and Terraform do it.
#[tokio::test]
async fn a_burst_of_calls_about_one_role_is_one_write_and_no_false_alarm() {
    let lab = Lab::start(&[]).await;
    lab.create_role("orders-api-role", "/").await;
    lab.attach("orders-api-role", ADMINISTRATOR).await;
    lab.create_function("orders-api", "arn:aws:iam::123456789012:role/orders-api-role").await;
    lab.silence().await;

    assert_eq!(lab.boundary_of("orders-api-role").await.as_deref(), Some(OURS));
    assert_eq!(lab.own_calls("PutRolePermissionsBoundary"), 1);
    let findings = lab.findings_about("orders-api-role").await;
    let words = words(&findings);
    let at_once = [("bounded", "CRITICAL")];
    let one_after_the_other = [("bounded", "LOW"), ("contained", "MEDIUM")];
    assert!(words == at_once || words == one_after_the_other, "{words:?}");
    assert!(lab.dead_letters().await.is_empty());
}

#[tokio::test]
async fn events_delivered_five_times_and_out_of_order_are_one_write_and_one_finding() {
    let lab = Lab::start(&[]).await;
    lab.post("tap", json!({"duplicate": 4, "shuffle": 3, "seed": 7, "paused": true}));
    lab.create_role("orders-api-role", "/").await;
    lab.attach("orders-api-role", ADMINISTRATOR).await;
    lab.create_function("orders-api", "arn:aws:iam::123456789012:role/orders-api-role").await;
    lab.resume_events();
    lab.silence().await;

    assert_eq!(lab.boundary_of("orders-api-role").await.as_deref(), Some(OURS));
    assert_eq!(lab.own_calls("PutRolePermissionsBoundary"), 1);
    assert_eq!(words(&lab.findings_about("orders-api-role").await), [("bounded", "CRITICAL")]);
    assert!(lab.dead_letters().await.is_empty());
}
