//! The two boundary profiles, looked at as text.
//!
//! Syntactic: what an unconditional Deny names is counted as denied, what an Allow names as allowed. Whether an
//! escalation is really closed is for the policy engine to say, over the whole catalogue; this test sees to it that
//! nobody drops an action from the lists unnoticed.

use crate::{one_or_many, stack, statements, text};
use serde_json::Value;
use std::collections::BTreeSet;
use tests::template::{ACCOUNT, Stack, Template};
use tests::wildcard::{action_matches, text_matches};

const PROFILES: [&str; 2] = ["BaselineBoundary", "StrictBoundary"];
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
const QUOTA: usize = 6144;
const CARVE_OUTS: [(&str, &str); 2] = [
    (
        "AllowedPassRoleArns",
        "arn:aws:iam::123456789012:role/jobs/orders-task,arn:aws:iam::123456789012:role/jobs/run-*",
    ),
    ("AllowedAssumeRoleArns", "arn:aws:iam::123456789012:role/data/orders-reader"),
];

fn document<'a>(stack: &'a Stack, policy: &str) -> Vec<&'a Value> {
    statements(&stack.properties(policy)["PolicyDocument"])
}

/// Action patterns that a profile denies on everything in the account, whatever the request.
fn denied_outright<'a>(stack: &'a Stack, profile: &str) -> Vec<&'a str> {
    let all_roles = format!("arn:aws:iam::{ACCOUNT}:role/*");
    document(stack, profile)
        .into_iter()
        .filter(|statement| statement["Effect"] == "Deny" && statement.get("Condition").is_none())
        .filter(|statement| {
            let resource = &statement["Resource"];
            // sts:AssumeRole takes roles and nothing else, so all roles are all there is.
            resource == "*" || (statement["Action"] == "sts:AssumeRole" && *resource == all_roles)
        })
        .flat_map(|statement| one_or_many(&statement["Action"]))
        .collect()
}

fn is_denied(denied: &[&str], action: &str) -> bool {
    denied.iter().any(|pattern| action_matches(pattern, action))
}

fn escalation_sets() -> Vec<Vec<String>> {
    let sets: Vec<Vec<String>> = serde_json::from_str(include_str!("../../data/escalation-sets.json"))
        .expect("a list of lists of actions");
    assert!(sets.len() > 100, "the list of escalation sets has shrunk to {}", sets.len());
    sets
}

#[test]
fn every_escalation_set_lacks_an_action_under_either_profile() {
    let stack = stack();
    for profile in PROFILES {
        let denied = denied_outright(&stack, profile);
        for set in escalation_sets() {
            assert!(set.iter().any(|action| is_denied(&denied, action)), "{profile} leaves {set:?} usable");
        }
    }
}

#[test]
fn carve_outs_open_the_named_roles_and_no_other_way() {
    let stack = Template::of_project().rendered(&CARVE_OUTS);
    for profile in PROFILES {
        let denied = denied_outright(&stack, profile);
        for set in escalation_sets() {
            let carved = set.iter().any(|action| action == "iam:PassRole" || action == "sts:AssumeRole");
            let closed = set.iter().any(|action| is_denied(&denied, action));
            assert!(closed || carved, "{profile}: the carve-outs open {set:?}");
        }
        for ((parameter, roles), action) in CARVE_OUTS.iter().zip(["iam:PassRole", "sts:AssumeRole"]) {
            let mut on_action = document(&stack, profile)
                .into_iter()
                .filter(|statement| statement["Effect"] == "Deny" && statement["Action"] == action);
            let statement = on_action.next().unwrap_or_else(|| panic!("{profile} no longer denies {action}"));
            assert_eq!(one_or_many(&statement["NotResource"]).join(","), *roles, "{profile}: {parameter}");
            assert!(on_action.next().is_none(), "{profile}: another statement denies {action} as well");
        }
    }
}

#[test]
fn what_both_profiles_must_deny_outright() {
    let stack = stack();
    for profile in PROFILES {
        let denied = denied_outright(&stack, profile);
        for action in [
            "iam:CreateUser",
            "iam:CreateRole",
            "iam:CreateGroup",
            "iam:CreatePolicy",
            "iam:CreatePolicyVersion",
            "iam:CreateAccessKey",
            "iam:CreateLoginProfile",
            "iam:UpdateLoginProfile",
            "iam:AttachUserPolicy",
            "iam:AttachGroupPolicy",
            "iam:AttachRolePolicy",
            "iam:PutUserPolicy",
            "iam:PutGroupPolicy",
            "iam:PutRolePolicy",
            "iam:DetachRolePolicy",
            "iam:DeleteRolePolicy",
            "iam:DeletePolicy",
            "iam:DeletePolicyVersion",
            "iam:SetDefaultPolicyVersion",
            "iam:UpdateAssumeRolePolicy",
            "iam:PassRole",
            "iam:PutRolePermissionsBoundary",
            "iam:DeleteRolePermissionsBoundary",
            "iam:PutUserPermissionsBoundary",
            "iam:DeleteUserPermissionsBoundary",
            "lambda:CreateFunction",
            "lambda:UpdateFunctionCode",
            "lambda:UpdateFunctionConfiguration",
            "sts:AssumeRole",
            "cloudtrail:StopLogging",
            "cloudtrail:DeleteTrail",
            "cloudtrail:UpdateTrail",
            "cloudtrail:PutEventSelectors",
            "config:StopConfigurationRecorder",
            "config:DeleteConfigurationRecorder",
            "guardduty:DeleteDetector",
            "guardduty:UpdateDetector",
            "securityhub:DisableSecurityHub",
            "securityhub:BatchDisableStandards",
        ] {
            assert!(is_denied(&denied, action), "{profile} does not deny {action}");
        }
    }
}

#[test]
fn ordinary_functions_keep_working_under_either_profile() {
    let stack = stack();
    for profile in PROFILES {
        let all = document(&stack, profile);
        let denied = denied_outright(&stack, profile);
        let allowed: Vec<&str> =
            all.iter().filter(|s| s["Effect"] == "Allow").flat_map(|s| one_or_many(&s["Action"])).collect();
        for action in [
            // Lambda itself: logs, traces, VPC, environment variables, what it polls, what it sends failures to.
            "logs:CreateLogGroup",
            "logs:CreateLogStream",
            "logs:PutLogEvents",
            "xray:PutTraceSegments",
            "xray:PutTelemetryRecords",
            "ec2:CreateNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSubnets",
            "ec2:DeleteNetworkInterface",
            "ec2:AssignPrivateIpAddresses",
            "ec2:UnassignPrivateIpAddresses",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeVpcs",
            "ec2:GetSecurityGroupsForVpc",
            "kms:Decrypt",
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:ChangeMessageVisibility",
            "kinesis:GetRecords",
            "kinesis:GetShardIterator",
            "kinesis:DescribeStream",
            "kinesis:ListShards",
            "kinesis:SubscribeToShard",
            "dynamodb:GetRecords",
            "dynamodb:GetShardIterator",
            "dynamodb:DescribeStream",
            "dynamodb:ListStreams",
            "kafka:DescribeClusterV2",
            "kafka:GetBootstrapBrokers",
            "elasticfilesystem:ClientMount",
            "elasticfilesystem:ClientWrite",
            "sns:Publish",
            "sqs:SendMessage",
            "lambda:InvokeFunction",
            "events:PutEvents",
            // The code.
            "s3:GetObject",
            "s3:PutObject",
            "s3:DeleteObject",
            "s3:ListBucket",
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:UpdateItem",
            "dynamodb:BatchWriteItem",
            "dynamodb:Query",
            "secretsmanager:GetSecretValue",
            "ssm:GetParameter",
            "ssm:GetParametersByPath",
            "kms:GenerateDataKey",
            "kms:Encrypt",
            "cloudwatch:PutMetricData",
            "states:StartExecution",
            "execute-api:ManageConnections",
        ] {
            assert!(
                allowed.iter().any(|pattern| action_matches(pattern, action)),
                "{profile} does not allow {action}"
            );
            assert!(!is_denied(&denied, action), "{profile} denies {action}");
        }
    }
}

#[test]
fn roles_of_other_accounts_can_still_be_assumed() {
    let theirs = "arn:aws:iam::210987654321:role/reader";
    for profile in PROFILES {
        let stack = stack();
        for statement in document(&stack, profile).into_iter().filter(|s| s["Effect"] == "Deny") {
            let about_assuming =
                one_or_many(&statement["Action"]).iter().any(|p| action_matches(p, "sts:AssumeRole"));
            let covers =
                one_or_many(&statement["Resource"]).iter().any(|pattern| text_matches(pattern, theirs));
            assert!(!(about_assuming && covers), "{profile}: {}", text(statement, "/Sid"));
        }
        let carved = Template::of_project().rendered(&CARVE_OUTS);
        let statement =
            document(&carved, profile).into_iter().find(|s| s["Action"] == "sts:AssumeRole").expect("a deny");
        assert_eq!(statement["Condition"]["StringEqualsIfExists"]["aws:ResourceAccount"], ACCOUNT);
    }
}

#[test]
fn both_profiles_deny_the_same() {
    for parameters in [&[][..], &CARVE_OUTS[..]] {
        let stack = Template::of_project().rendered(parameters);
        let [baseline, strict] = PROFILES.map(|profile| {
            document(&stack, profile)
                .into_iter()
                .filter(|s| s["Effect"] == "Deny")
                .cloned()
                .collect::<Vec<_>>()
        });
        assert_eq!(baseline, strict);
    }
}

#[test]
fn everything_of_ringfence_is_out_of_reach_of_those_it_bounds() {
    let stack = Template::of_project().rendered(&[("FindingsEmail", "security@example.com")]);
    let mut own: BTreeSet<String> = [
        "dynamodb:us-east-1:123456789012:table/ringfence-LedgerTable-1A2B3C4D5E6F7",
        "dynamodb:us-east-1:123456789012:table/ringfence-LedgerTable-1A2B3C4D5E6F7/stream/2026-11-22T00:00:00.000",
        "events:us-east-1:123456789012:rule/ringfence-on-role-change",
        "kms:us-east-1:123456789012:key/0a1b2c3d-0000-4000-8000-0123456789ab",
        "ssm:us-east-1:123456789012:parameter/ringfence/boundary-arn",
        "lambda:us-east-1:123456789012:function:ringfence-undo-remediation",
        "cloudformation:us-east-1:123456789012:stack/ringfence/0a1b2c3d-0000-4000-8000-0123456789ab",
    ]
    .map(|rest| format!("arn:aws:{rest}"))
    .into();
    for (id, resource) in stack.resources() {
        let name = |property: &str| text(&resource["Properties"], property).to_owned();
        own.extend(
            match text(resource, "/Type") {
                "AWS::Serverless::Function" => {
                    Some(format!("lambda:us-east-1:{ACCOUNT}:function:{}", name("/FunctionName")))
                }
                "AWS::SQS::Queue" => Some(format!("sqs:us-east-1:{ACCOUNT}:{}", name("/QueueName"))),
                "AWS::SNS::Topic" => Some(format!("sns:us-east-1:{ACCOUNT}:{}", name("/TopicName"))),
                "AWS::IAM::Role" => {
                    Some(format!("iam::{ACCOUNT}:role{}{}", name("/Path"), name("/RoleName")))
                }
                "AWS::IAM::ManagedPolicy" => Some(format!("iam::{ACCOUNT}:policy{}{id}", name("/Path"))),
                "AWS::CloudWatch::Alarm" => {
                    Some(format!("cloudwatch:us-east-1:{ACCOUNT}:alarm:{}", name("/AlarmName")))
                }
                "AWS::Logs::LogGroup" => {
                    Some(format!("logs:us-east-1:{ACCOUNT}:log-group:{}", name("/LogGroupName")))
                }
                _ => None,
            }
            .map(|rest| format!("arn:aws:{rest}")),
        );
    }
    for profile in PROFILES {
        let statement =
            document(&stack, profile).into_iter().find(|s| s["Sid"] == "DenyTouchingRingfence").expect("it");
        assert_eq!((&statement["Effect"], &statement["Action"]), (&"Deny".into(), &"*".into()));
        let patterns = one_or_many(&statement["Resource"]);
        for arn in &own {
            assert!(patterns.iter().any(|pattern| text_matches(pattern, arn)), "{profile} leaves {arn} open");
        }
    }
}

#[test]
fn profiles_and_own_boundary_fit_their_quota_with_room_for_carve_outs() {
    let template = Template::of_project();
    for policy in ["BaselineBoundary", "StrictBoundary", "OwnBoundary"] {
        let length = |parameters: &[(&str, &str)]| {
            let document = template.rendered(parameters).properties(policy)["PolicyDocument"].to_string();
            document.chars().filter(|c| !c.is_whitespace()).count()
        };
        let (plain, carved) = (length(&[]), length(&CARVE_OUTS));
        println!("{policy}: {plain} characters without white space, {carved} with carve-outs of three roles");
        // Ten ARNs of 60 characters, as the parameter's description promises.
        assert!(
            plain + 600 <= QUOTA && carved <= QUOTA,
            "{policy}: {plain} and {carved} of {QUOTA} characters"
        );
    }
}

#[test]
fn sids_say_what_is_denied_and_are_unique() {
    let stack = stack();
    for policy in ["BaselineBoundary", "StrictBoundary", "OwnBoundary"] {
        let mut seen = BTreeSet::new();
        for statement in document(&stack, policy) {
            let sid = text(statement, "/Sid");
            let verb = text(statement, "/Effect");
            assert!(sid.starts_with(verb), "{policy}: {sid} is {verb}");
            assert!(sid.chars().all(|c| c.is_ascii_alphanumeric()) && seen.insert(sid), "{policy}: {sid}");
        }
    }
}

#[test]
fn profiles_have_one_name_per_major_version_and_outlive_the_stack() {
    let stack = stack();
    for (policy, name) in
        [("BaselineBoundary", "ringfence-baseline-v1"), ("StrictBoundary", "ringfence-strict-v1")]
    {
        assert_eq!(stack.properties(policy)["ManagedPolicyName"], name);
        assert_eq!(stack.properties(policy)["Path"], "/ringfence/");
        assert_eq!(stack.resource(policy)["DeletionPolicy"], "RetainExceptOnCreate");
        assert_eq!(stack.resource(policy)["UpdateReplacePolicy"], "Retain");
    }
    assert_eq!(stack.properties("OwnBoundary")["ManagedPolicyName"], "ringfence-own-v1");
}
