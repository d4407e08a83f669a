//! Findings in Security Hub: moto's, behind the IAM policies of the deployed functions and AWS's model of the format.

use serde_json::{Value, json};
use tests::lab::{ADMINISTRATOR, Call, Lab, OURS};

/// What Security Hub has, whole.
fn in_security_hub(lab: &Lab) -> Vec<Value> {
    let call =
        Call { service: "securityhub", operation: "get_findings", parameters: json!({"MaxResults": 100}) };
    let [answer] = lab.call_as_administrator(&[call]).try_into().expect("one call, one answer");
    answer.expect("GetFindings")["Findings"].as_array().expect("a list").clone()
}

/// What Security Hub has about a role.
fn about(lab: &Lab, role: &str) -> Vec<Value> {
    let mut findings = in_security_hub(lab);
    let arn = format!("arn:aws:iam::123456789012:role/{role}");
    findings.retain(|finding| finding["Resources"][0]["Id"] == json!(arn));
    findings
}

async fn detach(lab: &Lab, role: &str, policy: &str) {
    lab.iam.detach_role_policy().role_name(role).policy_arn(policy).send().await.expect("DetachRolePolicy");
    lab.silence().await;
}

#[tokio::test]
async fn a_problem_is_one_finding_that_is_updated_and_archived_when_it_is_resolved() {
    let lab = Lab::start(&[("SecurityHub", "true")]).await;
    lab.post("security-hub", json!({}));
    lab.create_role("orders-api-role", "/").await;
    lab.silence().await;
    let [bounded] = about(&lab, "orders-api-role").try_into().expect("one finding");
    let told = lab.findings_about("orders-api-role").await;
    assert_eq!(bounded["ProductFields"]["ringfence/finding"], told[0].finding["id"]);
    assert_eq!(bounded["ProductFields"]["ringfence/outcome"], "bounded");
    assert_eq!(bounded["FindingProviderFields"]["Severity"], json!({"Label": "LOW", "Original": "LOW"}));
    assert_eq!(bounded["RecordState"], "ACTIVE");
    let boundary =
        &bounded["Resources"][0]["Details"]["AwsIamRole"]["PermissionsBoundary"]["PermissionsBoundaryArn"];
    assert_eq!(boundary, OURS);

    lab.attach("orders-api-role", ADMINISTRATOR).await;
    lab.silence().await;
    let [contained] = about(&lab, "orders-api-role").try_into().expect("the same finding");
    assert_eq!(contained["Id"], bounded["Id"]);
    assert_eq!(contained["ProductFields"]["ringfence/outcome"], "contained");
    assert_eq!(contained["FindingProviderFields"]["Severity"]["Label"], "MEDIUM");
    assert!(contained["UpdatedAt"].as_str() > bounded["UpdatedAt"].as_str());

    detach(&lab, "orders-api-role", ADMINISTRATOR).await;
    let [resolved] = about(&lab, "orders-api-role").try_into().expect("the same finding");
    assert_eq!(resolved["Id"], bounded["Id"]);
    assert_eq!(
        (&resolved["RecordState"], &resolved["ProductFields"]["ringfence/outcome"]),
        (&json!("ARCHIVED"), &json!("resolved"))
    );
    let told = lab.findings_about("orders-api-role").await;
    assert_eq!(told.last().expect("a finding").finding["outcome"], "resolved");

    lab.attach("orders-api-role", ADMINISTRATOR).await;
    lab.silence().await;
    let [again] = about(&lab, "orders-api-role").try_into().expect("the same finding");
    assert_eq!((&again["Id"], &again["RecordState"]), (&bounded["Id"], &json!("ACTIVE")));
    assert_eq!(
        lab.own_calls("BatchImportFindings"),
        lab.messages().await.len(),
        "one import for each message"
    );
}

#[tokio::test]
async fn edits_of_the_boundary_undos_and_notices_get_there_too() {
    let lab = Lab::start(&[("SecurityHub", "true")]).await;
    lab.post("security-hub", json!({}));
    lab.create_role("orders-api-role", "/").await;
    lab.silence().await;
    let widen = lab.iam.create_policy_version().policy_arn(OURS).set_as_default(true);
    let everything = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
    widen.policy_document(everything).send().await.expect("CreatePolicyVersion");
    lab.silence().await;
    crate::notices::exempt(&lab, "migration-*", "orders", &crate::notices::in_hours(crate::notices::A_MONTH))
        .await;
    lab.create_role("billing-role", "/").await;
    lab.silence().await;
    let told = lab.findings_about("orders-api-role").await;
    crate::undo::paste(&lab, told[0].text_of("undo")).await.expect("undone");
    lab.silence().await;

    let imported = in_security_hub(&lab);
    let kinds: Vec<(&str, &str)> = imported
        .iter()
        .map(|finding| {
            (
                finding["Resources"][0]["Type"].as_str().expect("a type"),
                finding["ProductFields"]["ringfence/outcome"].as_str().expect("an outcome"),
            )
        })
        .collect();
    for expected in [
        ("AwsIamPolicy", "boundary-edited"),
        ("AwsAccount", "notice"),
        ("AwsIamRole", "undone"),
        ("AwsIamRole", "bounded"),
    ] {
        assert!(kinds.contains(&expected), "{expected:?} is not in {kinds:?}");
    }
    assert_eq!(
        lab.own_calls("BatchImportFindings"),
        lab.messages().await.len(),
        "one import for each message"
    );
}

#[tokio::test]
async fn where_nobody_enabled_it_everybody_else_is_told_and_nothing_fails() {
    let lab = Lab::start(&[("SecurityHub", "true")]).await;
    lab.create_role("orders-api-role", "/").await;
    lab.silence().await;
    assert_eq!(lab.messages_about("orders-api-role").await.len(), 1);
    assert_eq!(lab.own_calls("PutRolePermissionsBoundary"), 1);
    let logs = lab.logs("ringfence-on-role-change").join("\n");
    assert!(logs.contains("Security Hub is not enabled in this account and Region"), "{logs}");
    assert!(logs.contains("security_hub_failed"), "{logs}");
    assert!(lab.dead_letters().await.is_empty());
}

#[tokio::test]
async fn it_is_not_called_unless_that_was_asked_for() {
    let lab = Lab::start(&[]).await;
    lab.post("security-hub", json!({}));
    lab.create_role("orders-api-role", "/").await;
    lab.silence().await;
    assert_eq!(lab.messages_about("orders-api-role").await.len(), 1);
    let calls = lab.journal_since(0);
    assert!(calls.iter().all(|call| call["service"] != "securityhub"), "nobody calls it");
    assert!(in_security_hub(&lab).is_empty());
}

#[tokio::test]
async fn throttling_passes_and_one_that_hangs_holds_nobody_up_nor_makes_anything_be_told_twice() {
    let lab = Lab::start(&[("SecurityHub", "true")]).await;
    lab.post("security-hub", json!({}));
    let throttle = json!({"kind": "fail", "service": "securityhub", "times": 2, "status": 429,
        "code": "TooManyRequestsException", "message": "slow down"});
    lab.post("faults", throttle);
    lab.create_role("throttled-role", "/").await;
    lab.silence().await;
    assert_eq!(about(&lab, "throttled-role").len(), 1);

    lab.delete("faults");
    lab.post("faults", json!({"kind": "hang", "service": "securityhub", "times": null}));
    crate::notices::exempt(&lab, "migration-*", "orders", &crate::notices::in_hours(crate::notices::A_MONTH))
        .await;
    for role in ["first-role", "second-role"] {
        lab.create_role(role, "/").await;
        lab.silence().await;
        assert_eq!(lab.messages_about(role).await.len(), 1, "{role}");
    }
    assert_eq!(lab.notices().await.len(), 1, "told once, though Security Hub never answered");
    let logs = lab.logs("ringfence-on-role-change").join("\n");
    assert!(logs.contains("did not get to Security Hub in time"), "{logs}");
    let failed = lab
        .journal_since(0)
        .iter()
        .filter(|entry| entry["kind"] == "invocation" && !entry["error"].is_null())
        .count();
    assert_eq!(failed, 0, "no invocation fails");
    assert!(lab.dead_letters().await.is_empty());
}
