//! What the policies close, shown by search: the policy engine looks for a request that gets through among all that there are.

use super::{Answer, Call, PARAMETERS, answer, document, levels, organization};
use crate::boundaries::closed::{arns_of_forwarder, arns_of_ringfence};
use crate::statements;
use iam_policy::catalogue::AccessLevel;
use iam_policy::{Catalogue, Containment, Policy, within};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tests::template::{Stack, Template};

const LAMBDA: [&str; 2] = ["lambda.amazonaws.com", "edgelambda.amazonaws.com"];

fn policy<'a>(statements: impl IntoIterator<Item = &'a Value>) -> Policy {
    let statements: Vec<&Value> = statements.into_iter().collect();
    super::parsed(&json!({"Version": "2012-10-17", "Statement": statements}))
}

/// Asserts that under the policy nothing goes through but what one of `rest` says.
fn assert_only_rest_is_left(stack: &Stack, id: &str, rest: &[Value]) {
    let everything = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    let let_through = policy(std::iter::once(&everything).chain(statements(document(stack, id))));
    match within(&[&let_through], &[&policy(rest)]) {
        Containment::Pass => {}
        Containment::Fail(found) => {
            let request = &found.request;
            panic!("{id} lets {} on {} through, with {:?}", request.action, request.resource, request.context)
        }
        Containment::Unknown(doubt) => panic!("{id}: {doubt}"),
    }
}

fn all_but(actions: &[&str]) -> Value {
    json!({"Effect": "Allow", "NotAction": actions, "Resource": "*"})
}

fn by(principals: &[&str]) -> Value {
    json!({
        "Effect": "Allow", "Action": "*", "Resource": "*",
        "Condition": {"ArnLike": {"aws:PrincipalArn": principals}},
    })
}

fn unbound() -> Vec<&'static str> {
    let (_, deployers) = PARAMETERS[4];
    let (_, break_glass) = PARAMETERS[5];
    deployers.split(',').chain([break_glass]).collect()
}

fn unbound_and(own_role: &'static str) -> Vec<&'static str> {
    unbound().into_iter().chain([own_role]).collect()
}

const UNDO: &str = "arn:aws:iam::*:role/ringfence/ringfence-undo-remediation";
const APPROVED: [&str; 2] = [
    "arn:aws:iam::*:policy/ringfence/ringfence-baseline-v1",
    "arn:aws:iam::*:policy/ringfence/ringfence-strict-v1",
];

#[test]
fn functions_get_roles_of_the_path_and_named_ones_only() {
    let in_path = json!({
        "Effect": "Allow", "Action": "iam:PassRole",
        "Resource": ["arn:aws:iam::*:role/lambda/*", "arn:aws:iam::*:role/service-role/billing-role-1a2b"],
    });
    let to_others = json!({
        "Effect": "Allow", "Action": "iam:PassRole", "Resource": "*",
        "Condition": {"StringNotEquals": {"iam:PassedToService": LAMBDA}},
    });
    let rest = [all_but(&["iam:PassRole"]), in_path, to_others, by(&unbound())];
    assert_only_rest_is_left(&organization(), "LambdaRolePathPolicy", &rest);
}

#[test]
fn roles_of_the_path_are_written_with_an_approved_boundary_only() {
    let writes =
        ["iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:AttachRolePolicy", "iam:PutRolePolicy"];
    let elsewhere =
        json!({"Effect": "Allow", "Action": writes, "NotResource": "arn:aws:iam::*:role/lambda/*"});
    let with_approved = json!({
        "Effect": "Allow", "Action": writes, "Resource": "*",
        "Condition": {"StringLike": {"iam:PermissionsBoundary": APPROVED}},
    });
    let rest = [all_but(&writes), elsewhere, with_approved, by(&unbound_and(UNDO))];
    assert_only_rest_is_left(&organization(), "LambdaRolePathPolicy", &rest);
}

#[test]
fn a_boundary_in_the_path_stays_and_so_does_ringfences_anywhere() {
    let delete = ["iam:DeleteRolePermissionsBoundary"];
    let elsewhere =
        json!({"Effect": "Allow", "Action": delete, "NotResource": "arn:aws:iam::*:role/lambda/*"});
    let rest = [all_but(&delete), elsewhere, by(&unbound_and(UNDO))];
    assert_only_rest_is_left(&organization(), "LambdaRolePathPolicy", &rest);
    let of_others = json!({
        "Effect": "Allow", "Action": delete, "Resource": "*",
        "Condition": {"StringNotLike": {"iam:PermissionsBoundary": APPROVED}},
    });
    let rest = [all_but(&delete), of_others, by(&unbound_and(UNDO))];
    assert_only_rest_is_left(&organization(), "SelfProtectionPolicy", &rest);
}

#[test]
fn approved_boundaries_say_what_they_said() {
    let writes = [
        "iam:CreatePolicy",
        "iam:CreatePolicyVersion",
        "iam:SetDefaultPolicyVersion",
        "iam:DeletePolicyVersion",
        "iam:DeletePolicy",
    ];
    let others = json!({"Effect": "Allow", "Action": writes, "NotResource": APPROVED});
    for (id, ours) in [
        ("LambdaRolePathPolicy", "arn:aws:iam::*:role/ringfence/ringfence-on-policy-change"),
        // Their own boundary leaves this to one of them.
        ("SelfProtectionPolicy", "arn:aws:iam::*:role/ringfence/ringfence-*"),
    ] {
        let rest = [all_but(&writes), others.clone(), by(&unbound_and(ours))];
        assert_only_rest_is_left(&organization(), id, &rest);
    }
}

#[test]
fn nobody_else_makes_or_changes_one_who_is_not_bound() {
    let stack = organization();
    let read = ["iam:Get*", "iam:List*", "iam:Generate*", "iam:Simulate*", "sts:*"];
    for id in ["LambdaRolePathPolicy", "TrailProtectionPolicy"] {
        let others = json!({"Effect": "Allow", "Action": "*", "NotResource": unbound()});
        let reads = json!({"Effect": "Allow", "Action": read, "Resource": "*"});
        assert_only_rest_is_left(&stack, id, &[others, reads, by(&unbound())]);
    }
    // There the operators are among them, and what stays open is more than reading, on other kinds of resources.
    let (_, operators) = PARAMETERS[6];
    let (_, deployers) = PARAMETERS[4];
    let targets: Vec<String> = deployers
        .split(',')
        .chain([operators, "arn:aws:iam::*:role/emergency/break-glass"])
        .map(|arn| arn.replace("::*:", "::123456789012:").replace('*', "x"))
        .collect();
    let levels = levels(&stack);
    for target in targets {
        for action in writes_of("iam") {
            let call = Call {
                who: "role/administrator",
                action: leaked(action),
                resource: leaked(target.clone()),
                context: &[],
            };
            assert_ne!(answer(&levels, &call), Answer::Allowed, "{call:?}");
        }
    }
}

/// For a table's fields, in a test.
fn leaked(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

/// Every action of a service that writes, tags or manages permissions, but those of IAM that make reports.
fn writes_of(service: &str) -> Vec<String> {
    let service = Catalogue::bundled().service(service).expect("a service of AWS");
    let writes = service
        .actions()
        .iter()
        .filter(|action| !matches!(action.level(), AccessLevel::List | AccessLevel::Read))
        .map(|action| action.name().as_str().to_owned());
    writes.filter(|name| !name.starts_with("iam:Generate")).collect()
}

/// What may still be done to something of Ringfence's that is not merely reading. Each has a reason.
const STAYS_OPEN: [&str; 5] = [
    // A copy, which changes nothing.
    "dynamodb:CreateBackup",
    "dynamodb:StartAwsBackupJob",
    // Functions read everything from AWS, whoever invokes them; undo does what the ledger says.
    "lambda:InvokeFunction",
    // Whoever reads findings makes nobody else lose them.
    "sns:Subscribe",
    // Asks Ringfence to look at a role.
    "sqs:SendMessage",
];

#[test]
fn no_write_to_anything_of_ringfences_is_left_but_these() {
    let stack = Template::of_project().rendered(&[("FindingsEmail", "security@example.com")]);
    // The key has no ARN that is known beforehand: it is closed by its alias.
    let arns: Vec<String> =
        arns_of_ringfence(&stack).into_iter().filter(|arn| !arn.starts_with("arn:aws:kms:")).collect();
    assert!(arns.len() > 30, "{arns:?}");
    let arns = arns.into_iter().chain(arns_of_forwarder());
    let levels = levels(&organization());
    let mut open = BTreeSet::new();
    let mut asked = 0;
    for arn in arns {
        let service = arn.split(':').nth(2).expect("a service").to_owned();
        let resource = leaked(arn);
        for action in writes_of(&service) {
            let call = Call { who: "role/administrator", action: leaked(action), resource, context: &[] };
            asked += 1;
            if answer(&levels, &call) == Answer::Allowed {
                open.insert(call.action);
            }
        }
    }
    assert!(asked > 5000, "only {asked} were asked about");
    assert_eq!(open, BTreeSet::from(STAYS_OPEN));
}
