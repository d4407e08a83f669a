//! Ringfence's own roles, judged by its own engine as it judges everybody's.

use crate::permissions::{grants, with_everything};
use crate::{one_or_many, text};
use guardrail::assess::{Approval, Assessment, Surroundings};
use guardrail::authorization_details::{ManagedPolicyDetail, RoleDetail};
use guardrail::check_id::CheckId;
use guardrail::function::Function;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tests::template::{ACCOUNT, Stack};
use tests::{function_folders, logical_id};

/// What stays: the check, how its evidence ends, and why it has to.
const REMAINS: [(CheckId, &str, &str); 6] = [
    (
        CheckId::TrustMissingSourceAccount,
        "",
        "a condition on a source that Lambda does not send would close the role to Lambda",
    ),
    (
        CheckId::BoundaryIneffective,
        "iam:SetDefaultPolicyVersion on arn:aws:iam::123456789012:policy/ringfence/ringfence-baseline-v1",
        "sets the shipped boundaries back, which are in no policy or boundary of a role of ours: see the test below",
    ),
    (
        CheckId::PrivilegeEscalation,
        "iam:SetDefaultPolicyVersion on arn:aws:iam::123456789012:policy/ringfence/ringfence-baseline-v1",
        "the same: on-policy-change alone is granted it",
    ),
    (
        CheckId::CredentialsExposure,
        "lambda:GetFunctionConfiguration on any resource",
        "nothing else tells the role of a function; Lambda puts the environment into the same answer",
    ),
    (
        CheckId::CredentialsExposure,
        "lambda:ListFunctions on any resource",
        "nothing else tells the roles of all functions; Lambda puts the environment into the same answer",
    ),
    (
        CheckId::ResourceWildcard,
        "iam:PutRolePermissionsBoundary on any resource",
        "an undo gives back whichever boundary was there, to whichever role",
    ),
];

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
    let (mut unexplained, mut explained) = (Vec::new(), BTreeSet::new());
    for folder in function_folders() {
        let assessment = assessed(&stack, &folder);
        assert_eq!(assessment.doubts(), [""; 0], "{folder}");
        for breach in assessment.breaches() {
            for evidence in &breach.evidence {
                let fits = |(check, end, _): &&(CheckId, &str, &str)| {
                    *check == breach.check && evidence.detail.ends_with(end)
                };
                match REMAINS.iter().position(|known| fits(&known)) {
                    Some(at) => drop(explained.insert(at)),
                    None => unexplained.push(format!("{folder}: {} {}", breach.check, evidence.detail)),
                }
            }
        }
    }
    assert_eq!(unexplained, [""; 0]);
    assert_eq!(
        explained.len(),
        REMAINS.len(),
        "what is explained and not there any more goes: {explained:?}"
    );
}

/// A version of a policy widens a role only where the role has the policy. Ours have neither of the two whose version one of
/// them may choose.
#[test]
fn no_role_of_ours_has_a_policy_whose_version_a_role_of_ours_may_choose() {
    let stack = with_everything();
    let choosable: Vec<&str> = function_folders()
        .iter()
        .flat_map(|folder| grants(&stack, folder))
        .filter(|statement| one_or_many(&statement["Action"]).contains(&"iam:SetDefaultPolicyVersion"))
        .flat_map(|statement| one_or_many(&statement["Resource"]))
        .collect();
    assert_eq!(choosable.len(), 2, "{choosable:?}");
    for folder in function_folders() {
        let role = stack.properties(&format!("{}Role", logical_id(&folder)));
        let has =
            [one_or_many(&role["ManagedPolicyArns"]), vec![text(role, "/PermissionsBoundary")]].concat();
        assert!(has.iter().all(|policy| !choosable.contains(policy)), "{folder}: {has:?}");
    }
}
