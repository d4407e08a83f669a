//! How the policies are written: off until asked for, short enough, valid, denying only.

use super::{PARAMETERS, POLICIES, document, organization, parsed};
use crate::{statements, text};
use iam_policy::PolicyKind;
use std::collections::BTreeSet;
use tests::template::Template;

/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html>
const QUOTA: usize = 5120;
/// Policies that one OU takes, `FullAWSAccess` among them; the same page.
const POLICIES_PER_TARGET: usize = 5;

#[test]
fn each_policy_is_off_until_it_is_given_a_target_and_then_alone() {
    let template = Template::of_organization();
    let on = |parameters: &[(&str, &str)]| {
        let stack = template.rendered(parameters);
        let policies: Vec<String> =
            stack.of_type("AWS::Organizations::Policy").map(|(id, _)| id.to_owned()).collect();
        let outputs = stack.outputs().len();
        assert_eq!(outputs, policies.len(), "one output for each policy that is there");
        policies
    };
    assert!(on(&[]).is_empty());
    for (policy, (targets, ids)) in POLICIES.iter().zip(PARAMETERS) {
        assert_eq!(on(&[(targets, ids)]), [*policy]);
        let stack = template.rendered(&[(targets, ids)]);
        let given: Vec<&str> = ids.split(',').collect();
        assert_eq!(stack.properties(policy)["TargetIds"], serde_json::json!(given));
        assert_eq!(stack.properties(policy)["Type"], "SERVICE_CONTROL_POLICY");
    }
    assert_eq!(on(&PARAMETERS), POLICIES);
    assert!(POLICIES.len() < POLICIES_PER_TARGET, "FullAWSAccess has to stay, and takes one place");
}

/// What CloudFormation saves of a JSON object has no white space between its parts; that inside of texts would count.
fn characters(document: &serde_json::Value) -> usize {
    document.to_string().chars().count()
}

/// 2,171
fn thousands(number: usize) -> String {
    match (number / 1000, number % 1000) {
        (0, rest) => rest.to_string(),
        (thousands, rest) => format!("{thousands},{rest:03}"),
    }
}

#[test]
fn policies_fit_their_quota_with_room_for_an_organizations_own_names() {
    let template = Template::of_organization();
    // Three deployers, two kinds of operators, three boundaries, and roles that have not moved yet.
    let operators = "arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_SecurityOperator_*,\
                     arn:aws:iam::*:role/security/responder";
    let deployers = "arn:aws:iam::*:role/stacksets-exec-*,arn:aws:iam::*:role/AWSControlTowerExecution,\
                     arn:aws:iam::*:role/pipeline/ringfence-deploy";
    let boundaries = "arn:aws:iam::*:policy/ringfence/ringfence-baseline-v1,\
                      arn:aws:iam::*:policy/ringfence/ringfence-strict-v1,\
                      arn:aws:iam::*:policy/platform/workload-boundary";
    let legacy: Vec<String> =
        (0..10).map(|n| format!("arn:aws:iam::*:role/service-role/orders-role-1a2b3c4{n}")).collect();
    let legacy = legacy.join(",");
    let mut large = PARAMETERS.to_vec();
    for (name, value) in [
        ("OperatorPrincipals", operators),
        ("DeployerRoleArns", deployers),
        ("ApprovedBoundaryArns", boundaries),
        ("LegacyRoleArns", legacy.as_str()),
    ] {
        large.retain(|(parameter, _)| *parameter != name);
        large.push((name, value));
    }
    let page = std::fs::read_to_string(tests::project_root().join("docs/organization.md"))
        .expect("docs/organization.md can be read");
    let targets_only: Vec<(&str, &str)> = PARAMETERS[..3].to_vec();
    for policy in POLICIES {
        let length =
            |parameters: &[(&str, &str)]| characters(document(&template.rendered(parameters), policy));
        let (plain, full) = (length(&targets_only), length(&large));
        println!("{policy}: {plain} characters with the defaults, {full} in a large organization");
        assert!(plain < full && full < QUOTA, "{policy}: {plain} and {full} of {QUOTA} characters");
        let stack = organization();
        let name = text(stack.properties(policy), "/Name");
        let row = format!("| `{name}` | {} | {} | {} |", thousands(plain), thousands(full), thousands(QUOTA));
        assert!(page.contains(&row), "docs/organization.md should have the row {row}");
    }
}

#[test]
fn policies_are_valid_and_only_deny() {
    let stack = organization();
    for policy in POLICIES {
        let parsed = parsed(document(&stack, policy));
        assert_eq!(parsed.validate(PolicyKind::ServiceControl), [], "{policy}");
        let mut seen = BTreeSet::new();
        for statement in statements(document(&stack, policy)) {
            let sid = text(statement, "/Sid");
            assert_eq!(statement["Effect"], "Deny", "{policy}: {sid}");
            assert!(sid.starts_with("Deny") && seen.insert(sid), "{policy}: {sid}");
        }
    }
}

/// An empty entry in a list of ARNs is none that matches nothing: IAM refuses the document.
#[test]
fn what_is_not_given_leaves_no_trace() {
    let template = Template::of_organization();
    let stack = template.rendered(&PARAMETERS[..3]);
    for policy in POLICIES {
        let text = document(&stack, policy).to_string();
        assert!(!text.contains("\"\"") && !text.contains("null") && !text.contains("[]"), "{policy}: {text}");
    }
}

/// A list within a list, or an ARN that was glued to the next.
#[test]
fn lists_are_lists_of_single_arns() {
    fn texts<'a>(value: &'a serde_json::Value, found: &mut Vec<&'a str>) {
        match value {
            serde_json::Value::Array(items) => {
                for item in items {
                    assert!(item.is_string() || item.is_object(), "{item} in a list");
                    texts(item, found);
                }
            }
            serde_json::Value::Object(entries) => entries.values().for_each(|value| texts(value, found)),
            other => found.extend(other.as_str()),
        }
    }
    let stack = organization();
    for policy in POLICIES {
        let mut found = Vec::new();
        texts(document(&stack, policy), &mut found);
        assert!(found.len() > 10, "{policy}");
        for text in found {
            assert!(!text.contains(',') && !text.contains("${"), "{policy}: {text}");
        }
    }
}

/// An exception for an ARN of another partition is one for nobody: the deployers would be locked out.
#[test]
fn defaults_of_another_partition_are_refused() {
    const OF_GOVCLOUD: [(&str, &str); 3] = [
        ("DeployerRoleArns", "arn:aws-us-gov:iam::*:role/stacksets-exec-*"),
        ("ApprovedBoundaryArns", "arn:aws-us-gov:iam::*:policy/ringfence/ringfence-strict-v1"),
        ("RefusedPolicyArns", "arn:aws-us-gov:iam::aws:policy/AdministratorAccess"),
    ];
    let template = Template::of_organization();
    let refusals = |region: &str, parameters: &[(&str, &str)]| template.refusals_in(region, parameters);
    for policy in &PARAMETERS[..3] {
        assert_eq!(refusals("us-east-1", &[*policy]), [""; 0]);
        let all_given = [&OF_GOVCLOUD[..], &[*policy]].concat();
        assert_eq!(refusals("us-gov-west-1", &all_given), [""; 0]);
        for (left_out, _) in OF_GOVCLOUD {
            let mut given = all_given.clone();
            given.retain(|(parameter, _)| *parameter != left_out);
            let refusals = refusals("us-gov-west-1", &given);
            let [refusal] = &refusals[..] else { panic!("{left_out}: {refusals:?}") };
            assert!(refusal.contains(left_out), "{refusal}");
        }
    }
    // Or the second of two would not be seen.
    for boundary in ["baseline", "strict"] {
        let boundary = format!("arn:aws:iam::*:policy/ringfence/ringfence-{boundary}-v1");
        let given = [PARAMETERS[1], OF_GOVCLOUD[0], ("ApprovedBoundaryArns", &boundary), OF_GOVCLOUD[2]];
        assert_eq!(refusals("us-gov-west-1", &given).len(), 1, "{boundary}");
    }
    assert_eq!(
        refusals("us-gov-west-1", &[("OrganizationId", "o-a1b2c3d4e5")]),
        [""; 0],
        "no policy is wanted"
    );
}
