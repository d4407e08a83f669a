//! Managed policies that change: every role that uses one is looked at, and our own boundary is set back.

use serde_json::json;
use tests::lab::{Lab, OURS, Told};

pub(super) const READS: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::orders/*"}]}"#;
pub(super) const EVERYTHING: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

fn words(findings: &[Told]) -> Vec<(&str, &str)> {
    findings.iter().map(|told| (told.text_of("outcome"), told.text_of("severity"))).collect()
}

pub(super) async fn new_default(lab: &Lab, policy: &str, document: &str) {
    let create = lab.iam.create_policy_version().policy_arn(policy).policy_document(document);
    create.set_as_default(true).send().await.unwrap_or_else(|e| panic!("CreatePolicyVersion: {e:?}"));
}

pub(super) async fn set_default(lab: &Lab, policy: &str, version: &str) {
    let set = lab.iam.set_default_policy_version().policy_arn(policy).version_id(version);
    set.send().await.unwrap_or_else(|e| panic!("SetDefaultPolicyVersion: {e:?}"));
}

pub(super) async fn default_version(lab: &Lab, policy: &str) -> String {
    let answer = lab.iam.get_policy().policy_arn(policy).send().await.expect("GetPolicy");
    answer.policy.and_then(|policy| policy.default_version_id).expect("a default version")
}

#[tokio::test]
async fn a_policy_that_is_widened_has_every_role_that_uses_it_looked_at() {
    let lab = Lab::start(&[]).await;
    let policy = lab.create_policy("orders", READS).await;
    // More than SQS takes in one call.
    let roles: Vec<String> = (1..=11).map(|index| format!("orders-{index}")).collect();
    for role in &roles {
        lab.create_role(role, "/").await;
        lab.attach(role, &policy).await;
    }
    lab.silence().await;
    let mut before = Vec::new();
    for role in &roles {
        before.push(lab.findings_about(role).await.len());
    }

    let made = lab.iam.create_policy_version().policy_arn(&policy).policy_document(EVERYTHING);
    made.set_as_default(false).send().await.expect("CreatePolicyVersion");
    lab.silence().await;
    assert_eq!(lab.own_calls("ListEntitiesForPolicy"), 0, "a version that is not in force changes nothing");

    set_default(&lab, &policy, "v2").await;
    lab.silence().await;
    for (role, before) in roles.iter().zip(before) {
        let findings = lab.findings_about(role).await;
        assert_eq!(words(&findings[before..]), [("contained", "MEDIUM")], "{role}");
        assert_eq!(findings[before].finding["trigger"]["event"], json!("SetDefaultPolicyVersion"));
    }
    assert!(lab.dead_letters().await.is_empty());
}

#[tokio::test]
async fn our_boundary_is_set_back_each_time_and_its_roles_are_told_nothing() {
    let lab = Lab::start(&[]).await;
    lab.create_role("orders-api-role", "/").await;
    lab.silence().await;
    let about_the_role = lab.messages_about("orders-api-role").await.len();

    new_default(&lab, OURS, EVERYTHING).await;
    lab.silence().await;
    assert_eq!(default_version(&lab, OURS).await, "v1");
    let findings = lab.findings_about_no_role().await;
    assert_eq!(words(&findings), [("boundary-edited", "CRITICAL")]);
    assert_eq!(findings[0].finding["trigger"]["event"], json!("CreatePolicyVersion"));
    assert!(findings[0].subject.contains("ringfence-baseline-v1"), "{}", findings[0].subject);
    assert!(findings[0].text.contains("Ringfence set it back"), "{}", findings[0].text);
    assert_eq!(lab.own_calls("SetDefaultPolicyVersion"), 1, "and none after our own");

    // The version is still there to be taken again. Events tell whole seconds, see `account::policy_change::versions`.
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    set_default(&lab, OURS, "v2").await;
    lab.silence().await;
    assert_eq!(default_version(&lab, OURS).await, "v1");
    let told = [("boundary-edited", "CRITICAL"), ("boundary-edited", "CRITICAL")];
    assert_eq!(words(&lab.findings_about_no_role().await), told);
    assert_eq!(lab.own_calls("SetDefaultPolicyVersion"), 2);
    assert_eq!(lab.messages_about("orders-api-role").await.len(), about_the_role, "nothing changed for it");
    assert!(lab.dead_letters().await.is_empty());
}

#[tokio::test]
async fn an_edit_of_our_boundary_delivered_five_times_is_one_write_and_one_finding() {
    let lab = Lab::start(&[]).await;
    lab.post("tap", json!({"duplicate": 4}));
    new_default(&lab, OURS, READS).await;
    lab.silence().await;
    assert_eq!(default_version(&lab, OURS).await, "v1");
    assert_eq!(words(&lab.findings_about_no_role().await), [("boundary-edited", "HIGH")]);
    assert_eq!(lab.own_calls("SetDefaultPolicyVersion"), 1);
    assert!(lab.dead_letters().await.is_empty());
}

#[tokio::test]
async fn where_the_shipped_version_is_deleted_a_redeploy_is_asked_for() {
    let lab = Lab::start(&[]).await;
    lab.pause_events();
    new_default(&lab, OURS, EVERYTHING).await;
    let delete = lab.iam.delete_policy_version().policy_arn(OURS).version_id("v1");
    delete.send().await.expect("DeletePolicyVersion");
    lab.resume_events();
    lab.silence().await;
    assert_eq!(default_version(&lab, OURS).await, "v2", "there is nothing to set it back to");
    let findings = lab.findings_about_no_role().await;
    assert_eq!(words(&findings), [("boundary-edited", "CRITICAL")]);
    assert!(findings[0].text_of("summary").contains("redeploy"), "{}", findings[0].text_of("summary"));
}

#[tokio::test]
async fn an_edited_approved_boundary_is_told_and_left_to_its_owner() {
    let team = "arn:aws:iam::123456789012:policy/team-boundary";
    let lab = Lab::start(&[("ApprovedBoundaryArns", team)]).await;
    lab.create_policy("team-boundary", READS).await;
    let trust = tests::lab::TRUSTS_LAMBDA;
    let create = lab.iam.create_role().role_name("orders-api-role").assume_role_policy_document(trust);
    create.permissions_boundary(team).send().await.expect("CreateRole");
    lab.silence().await;

    new_default(&lab, team, EVERYTHING).await;
    lab.silence().await;
    assert_eq!(default_version(&lab, team).await, "v2");
    let findings = lab.findings_about_no_role().await;
    assert_eq!(
        words(&findings),
        [("boundary-edited", "CRITICAL"), ("notice", "LOW")],
        "and since when it is watched"
    );
    assert!(findings[0].text_of("summary").contains("--version-id v1"), "{}", findings[0].text_of("summary"));
    assert_eq!(lab.own_calls("SetDefaultPolicyVersion"), 0);
}
