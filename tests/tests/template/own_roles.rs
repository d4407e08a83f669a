//! Ringfence's own roles, judged by its own engine as it judges everybody's.

use crate::permissions::{grants, with_everything};
use crate::{statements, text};
use guardrail::assess::{Approval, Assessment, Surroundings};
use guardrail::authorization_details::{ManagedPolicyDetail, RoleDetail};
use guardrail::check_id::CheckId;
use guardrail::function::Function;
use guardrail::severity::Severity;
use serde_json::{Value, json};
use tests::template::{ACCOUNT, Stack};
use tests::{function_folders, logical_id};

/// What stays, by check, and why.
const REMAINS: [(CheckId, &str); 1] = [(
    CheckId::TrustMissingSourceAccount,
    "Lambda sends no source when it assumes an execution role, so a condition on one would close the role to Lambda",
)];

/// The role as the template deploys it, with everything granted that a parameter can ask for.
fn assessed(stack: &Stack, folder: &str) -> Assessment {
    let role = stack.properties(&format!("{}Role", logical_id(folder)));
    let boundary = stack.properties("OwnBoundary");
    let arn = text(role, "/PermissionsBoundary");
    let granted: Vec<&Value> = grants(stack, folder);
    let detail: RoleDetail = serde_json::from_value(json!({
        "Arn": format!("arn:aws:iam::{ACCOUNT}:role/ringfence/ringfence-{folder}"),
        "RoleId": "AROAEXAMPLEEXAMPLE123",
        "CreateDate": "2026-11-23T12:00:00Z",
        "AssumeRolePolicyDocument": role["AssumeRolePolicyDocument"].to_string(),
        "RolePolicyList": [{
            "PolicyName": "all",
            "PolicyDocument": json!({"Version": "2012-10-17", "Statement": granted}).to_string(),
        }],
        "PermissionsBoundary": {"PermissionsBoundaryArn": arn},
    }))
    .expect("a role");
    let policy: ManagedPolicyDetail = serde_json::from_value(json!({
        "Arn": arn,
        "DefaultVersionId": "v1",
        "PolicyVersionList": [
            {"VersionId": "v1", "IsDefaultVersion": true, "Document": boundary["PolicyDocument"].to_string()}
        ],
    }))
    .expect("a policy");
    let snapshot = detail.snapshot(&[policy]).expect("a role that can be read");
    let function = format!("arn:aws:lambda:us-east-1:{ACCOUNT}:function:ringfence-{folder}");
    let functions = [Function::named(function.parse().expect("a function"))];
    let around =
        Surroundings { functions: &functions, approval: Approval::Approved, ..Surroundings::default() };
    Assessment::within(&snapshot, &around)
}

#[test]
fn no_function_of_ours_has_a_way_to_more_rights_or_more_than_it_needs() {
    let stack = with_everything();
    for folder in function_folders() {
        assert!(!statements(&stack.properties("OwnBoundary")["PolicyDocument"]).is_empty());
        let assessment = assessed(&stack, &folder);
        let told = format!("{folder}: {:#?}", assessment.breaches());
        assert_eq!(assessment.doubts(), [""; 0], "{told}");
        assert!(assessment.severity() <= Some(Severity::Info), "{told}");
        let unexplained = assessment
            .breaches()
            .iter()
            .filter(|breach| REMAINS.iter().all(|(check, _)| *check != breach.check));
        assert_eq!(unexplained.count(), 0, "{told}");
    }
}
