//! What other tools find makes Ringfence look, and its finding says whose idea that was.
//!
//! Their events are written here after AWS's pages: the local account has none of these services.

use serde_json::{Value, json};
use tests::lab::{ADMINISTRATOR, Lab, OURS};

async fn role_id(lab: &Lab, role: &str) -> String {
    let answer = lab.iam.get_role().role_name(role).send().await.expect("GetRole");
    answer.role.expect("a role").role_id
}

fn deliver(lab: &Lab, source: &str, detail_type: &str, detail: Value) {
    lab.post("events", json!({"source": source, "detail-type": detail_type, "detail": detail}));
}

fn security_hub(generator: &str, resources: Value) -> Value {
    json!({"findings": [{"Id": "finding-1", "ProductName": "Prowler", "GeneratorId": generator,
        "AwsAccountId": "123456789012", "Title": "Role \"hub\" is an administrator", "RecordState": "ACTIVE",
        "Workflow": {"Status": "NEW"}, "Compliance": {"Status": "FAILED"}, "Resources": resources}]})
}

#[tokio::test]
async fn a_finding_of_another_tool_leads_to_a_look_and_stands_in_ours() {
    let lab = Lab::start(&[]).await;
    lab.pause_events();
    for role in ["hub-role", "config-role", "analyzer-role", "function-role"] {
        lab.create_role(role, "/app/").await;
        lab.attach(role, ADMINISTRATOR).await;
    }
    lab.create_function("orders", "arn:aws:iam::123456789012:role/app/function-role").await;
    lab.forget_events();
    lab.resume_events();
    let arn = |role: &str| format!("arn:aws:iam::123456789012:role/app/{role}");

    // Ours come back from Security Hub as well.
    let ours = security_hub("ringfence/role-rights", json!([{"Type": "AwsIamRole", "Id": arn("hub-role")}]));
    deliver(&lab, "aws.securityhub", "Security Hub Findings - Imported", ours);
    lab.silence().await;
    assert!(lab.findings().await.is_empty());

    let account = json!({"Type": "AwsAccount", "Id": "AWS::::Account:123456789012"});
    let role =
        json!({"Type": "AwsIamRole", "Id": arn("hub-role"), "Details": {"AwsIamRole": {"Path": "/app/"}}});
    let theirs = security_hub("prowler-iam_role_administratoraccess_policy", json!([account, role]));
    deliver(&lab, "aws.securityhub", "Security Hub Findings - Imported", theirs);
    let compliance = |kind: &str, id: &str| {
        json!({"resourceId": id, "resourceType": kind, "awsRegion": "us-east-1", "awsAccountId": "123456789012",
            "configRuleName": "no-admins", "configRuleARN": "arn:aws:config:us-east-1:123456789012:config-rule/config-rule-1",
            "messageType": "ComplianceChangeNotification", "newEvaluationResult": {"complianceType": "NON_COMPLIANT"}})
    };
    let id = role_id(&lab, "config-role").await;
    deliver(&lab, "aws.config", "Config Rules Compliance Change", compliance("AWS::IAM::Role", &id));
    deliver(
        &lab,
        "aws.config",
        "Config Rules Compliance Change",
        compliance("AWS::Lambda::Function", "orders"),
    );
    let unused = json!({"findingId": "unused-1", "findingType": "UnusedPermission", "resource": arn("analyzer-role"),
        "resourceType": "AWS::IAM::Role", "accountId": "123456789012", "status": "ACTIVE", "isDeleted": false});
    deliver(&lab, "aws.access-analyzer", "Unused Access Finding for IAM entities", unused);
    lab.silence().await;

    let config_rule = "arn:aws:config:us-east-1:123456789012:config-rule/config-rule-1";
    for (role, product, id, title) in [
        ("hub-role", "Prowler", "finding-1", "Role \"hub\" is an administrator".to_owned()),
        ("config-role", "AWS Config", config_rule, "Rule no-admins: NON_COMPLIANT".to_owned()),
        ("function-role", "AWS Config", config_rule, "Rule no-admins: NON_COMPLIANT".to_owned()),
        (
            "analyzer-role",
            "IAM Access Analyzer",
            "unused-1",
            format!("UnusedPermission of {}", arn("analyzer-role")),
        ),
    ] {
        assert_eq!(lab.boundary_of(role).await.as_deref(), Some(OURS), "{role}");
        let told = lab.findings_about(role).await;
        assert_eq!(told.len(), 1, "{role}");
        assert_eq!(
            told[0].finding["source"],
            json!({"product": product, "id": id, "title": title}),
            "{role}"
        );
    }
    assert_eq!(lab.dead_letters().await.len(), 0);

    // The same finding comes again with each of the other tool's scans.
    let again = security_hub("prowler", json!([{"Type": "AwsIamRole", "Id": arn("hub-role")}]));
    deliver(&lab, "aws.securityhub", "Security Hub Findings - Imported", again);
    lab.silence().await;
    assert_eq!(lab.findings_about("hub-role").await.len(), 1);
}
