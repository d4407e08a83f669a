//! Rows of the decision table and forms of tampering that no other test shows. `main.rs` has the list of all.

use serde_json::json;
use tests::lab::{ADMINISTRATOR, Lab, OURS, TRUSTS_LAMBDA, Told};

const ANYBODY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"},{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}]}"#;
const ONE_SERVICE: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#;
/// Ours denies this too, and much more.
const WIDER_THAN_OURS: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"iam:CreateUser","Resource":"*"}]}"#;

fn words(findings: &[Told]) -> Vec<(&str, &str)> {
    findings.iter().map(|told| (told.text_of("outcome"), told.text_of("severity"))).collect()
}

async fn put_boundary(lab: &Lab, role: &str, boundary: &str) {
    let put = lab.iam.put_role_permissions_boundary().role_name(role).permissions_boundary(boundary);
    put.send().await.unwrap_or_else(|e| panic!("PutRolePermissionsBoundary {role}: {e:?}"));
}

async fn create_role_with(lab: &Lab, role: &str, boundary: &str) {
    let create = lab.iam.create_role().role_name(role).assume_role_policy_document(TRUSTS_LAMBDA);
    let create = create.permissions_boundary(boundary).send().await;
    create.unwrap_or_else(|e| panic!("CreateRole {role}: {e:?}"));
}

async fn give(lab: &Lab, role: &str, document: &str) {
    let put = lab.iam.put_role_policy().role_name(role).policy_name("given").policy_document(document);
    put.send().await.unwrap_or_else(|e| panic!("PutRolePolicy {role}: {e:?}"));
}

#[tokio::test]
async fn roles_that_aws_manages_and_ringfences_own_are_never_changed() {
    let lab = Lab::start(&[]).await;
    lab.create_role("managed", "/aws-reserved/sso.amazonaws.com/").await;
    lab.attach("managed", ADMINISTRATOR).await;
    lab.attach("ringfence-on-role-change", ADMINISTRATOR).await;
    let before = lab.boundary_of("ringfence-on-role-change").await;
    lab.silence().await;
    assert_eq!(lab.boundary_of("managed").await, None);
    assert!(lab.findings_about("managed").await.is_empty());
    assert_eq!(lab.boundary_of("ringfence-on-role-change").await, before);
    let told = lab.findings_about("ringfence-on-role-change").await;
    assert_eq!(told.iter().map(|told| told.text_of("outcome")).collect::<Vec<_>>(), ["reported"]);
    assert_eq!(lab.own_calls("PutRolePermissionsBoundary"), 0);
}

#[tokio::test]
async fn what_stays_possible_under_ours_is_reported_once() {
    let lab = Lab::start(&[]).await;
    for role in ["open-to-all", "wide"] {
        lab.create_role(role, "/").await;
    }
    lab.silence().await;
    for _ in 0..2 {
        let update = lab.iam.update_assume_role_policy().role_name("open-to-all").policy_document(ANYBODY);
        update.send().await.expect("UpdateAssumeRolePolicy");
        give(&lab, "wide", ONE_SERVICE).await;
        lab.silence().await;
        let told = [("bounded", "LOW"), ("reported", "HIGH")];
        assert_eq!(words(&lab.findings_about("open-to-all").await), told);
        let told = [("bounded", "LOW"), ("reported", "MEDIUM")];
        assert_eq!(words(&lab.findings_about("wide").await), told);
    }
    assert_eq!(lab.own_calls("PutRolePermissionsBoundary"), 2);
}

/// A boundary that is wider than ours gives way only where that is asked for.
async fn a_wider_boundary(parameters: &[(&str, &str)], outcome: &str, boundary_stays: Stays) {
    let lab = Lab::start(parameters).await;
    let wider = lab.create_policy("wider", WIDER_THAN_OURS).await;
    create_role_with(&lab, "orders", &wider).await;
    lab.silence().await;
    let told = lab.findings_about("orders").await;
    assert_eq!(told.iter().map(|told| told.text_of("outcome")).collect::<Vec<_>>(), [outcome]);
    let expected = match boundary_stays {
        Stays::Theirs => wider.as_str(),
        Stays::Ours => OURS,
    };
    assert_eq!(lab.boundary_of("orders").await.as_deref(), Some(expected));
}

enum Stays {
    Theirs,
    Ours,
}

#[tokio::test]
async fn a_boundary_wider_than_ours_is_reported() {
    a_wider_boundary(&[], "reported", Stays::Theirs).await;
}

#[tokio::test]
async fn a_boundary_wider_than_ours_is_replaced_where_that_is_asked_for() {
    a_wider_boundary(&[("ReplaceWider", "true")], "replaced", Stays::Ours).await;
}

#[tokio::test]
async fn a_boundary_whose_policy_is_gone_is_reported_or_gives_way_to_ours_where_that_was_there() {
    let lab = Lab::start(&[]).await;
    lab.create_role("had-ours", "/").await;
    lab.silence().await;
    let gone = lab.create_policy("gone", ONE_SERVICE).await;
    lab.pause_events();
    put_boundary(&lab, "had-ours", &gone).await;
    create_role_with(&lab, "never-had-ours", &gone).await;
    // IAM may refuse that while the policy is in use; no page says so of boundaries, and the lab does refuse it.
    lab.post("policies/forget", json!({"arn": gone}));
    lab.resume_events();
    lab.silence().await;

    assert_eq!(lab.boundary_of("had-ours").await.as_deref(), Some(OURS));
    let told = lab.findings_about("had-ours").await;
    assert_eq!(words(&told[1..]), [("restored", "CRITICAL")], "one above that it dangles");
    assert_eq!(told[1].finding["boundary"], json!({"before": gone, "after": OURS}));

    assert_eq!(lab.boundary_of("never-had-ours").await.as_deref(), Some(gone.as_str()));
    let told = lab.findings_about("never-had-ours").await;
    assert_eq!(told.iter().map(|told| told.text_of("outcome")).collect::<Vec<_>>(), ["reported"]);
    assert!(told[0].finding["breaches"].to_string().contains("boundary-dangling"), "{:#}", told[0].finding);
}

#[tokio::test]
async fn observe_mode_says_what_it_would_put_back_and_replace() {
    let lab = Lab::start(&[("Mode", "observe")]).await;
    create_role_with(&lab, "had-ours", OURS).await;
    create_role_with(&lab, "careless", ADMINISTRATOR).await;
    lab.silence().await;
    lab.iam.delete_role_permissions_boundary().role_name("had-ours").send().await.expect("delete");
    lab.silence().await;
    for (role, outcome) in [("had-ours", "would-restore"), ("careless", "would-replace")] {
        let told = lab.findings_about(role).await;
        assert_eq!(told.iter().map(|told| told.text_of("outcome")).collect::<Vec<_>>(), [outcome], "{role}");
    }
    assert_eq!(lab.boundary_of("had-ours").await, None);
    assert_eq!(lab.own_calls("PutRolePermissionsBoundary"), 0);
}

/// SCPs are not in the lab: the refusal is a fault.
#[tokio::test]
async fn an_explicit_deny_is_told_once_and_not_tried_again() {
    let lab = Lab::start(&[]).await;
    lab.post(
        "faults",
        json!({"kind": "fail", "service": "iam", "operation": "PutRolePermissionsBoundary", "function": "*",
            "times": null, "status": 403, "code": "AccessDenied",
            "message": "is not authorized to perform this with an explicit deny in a service control policy"}),
    );
    lab.create_role("orders", "/").await;
    lab.silence().await;
    lab.attach("orders", "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole").await;
    lab.silence().await;
    assert_eq!(words(&lab.findings_about("orders").await), [("failed", "LOW")]);
    assert_eq!(lab.struck(), 2, "each event tries once");
    assert!(lab.dead_letters().await.is_empty());
}
