//! What the profiles close, whatever the policies of a role grant: shown by the policy engine, which looks for a
//! request that gets through among all that there are.

use super::{CARVE_OUTS, PROFILES, allow_everything, denies, document, policy};
use crate::{stack, text};
use guardrail::escalation::Escalations;
use iam_policy::catalogue::AccessLevel;
use iam_policy::{
    Catalogue, Containment, EscalationSet, EscalationTarget, Escape, EscapeStep, Policy, escapes, within,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tests::template::{ACCOUNT, Stack, Template};

const ROLES: [&str; 3] = [
    "arn:aws:iam::123456789012:role/orders",
    "arn:aws:iam::123456789012:role/team/shop/orders",
    "arn:aws:sts::123456789012:assumed-role/orders/orders",
];

/// The escalations that a boundary leaves to a role; what could not be told counts as left.
fn left_open<'s>(
    boundary: &Policy,
    role: &str,
    sets: impl IntoIterator<Item = &'s EscalationSet>,
) -> Vec<Escape<'s>> {
    escapes(boundary, &role.parse().expect("the ARN of a role or its session"), sets)
}

fn ids<'a>(escapes: &[Escape<'a>]) -> BTreeSet<&'a str> {
    escapes.iter().map(|escape| &*escape.set.id).collect()
}

fn told(escapes: &[Escape<'_>]) -> String {
    let told_step = |step: &EscapeStep| match step {
        EscapeStep::Allowed(request) => {
            format!("\n    {} on {} with {:?}", request.action, request.resource, request.context)
        }
        EscapeStep::Doubtful(doubt) => format!("\n    perhaps: {doubt}"),
    };
    let told = |escape: &Escape<'_>| {
        let how = Escalations::bundled().get(&escape.set.id).map_or("", |way| way.how());
        let steps: String = escape.steps.iter().map(told_step).collect();
        format!("\n  {}: {how}{steps}", escape.set.id)
    };
    escapes.iter().map(told).collect()
}

#[test]
fn no_escalation_is_left_under_either_profile() {
    let stack = stack();
    let all = Escalations::bundled();
    // Where in the account a role is makes a difference to what it can do to itself only.
    let of_itself = || all.sets().filter(|set| set.target == EscalationTarget::Itself);
    for profile in PROFILES {
        let boundary = policy(document(&stack, profile));
        let open = left_open(&boundary, ROLES[0], all.sets());
        assert!(open.is_empty(), "{profile} leaves:{}", told(&open));
        for role in ROLES {
            let open = left_open(&boundary, role, of_itself());
            assert!(open.is_empty(), "{profile} leaves to {role}:{}", told(&open));
        }
    }
    assert!(of_itself().count() > 5, "too few ways are about the role itself");
}

/// Or the test above would show nothing.
#[test]
fn every_escalation_is_left_under_a_boundary_that_denies_nothing() {
    let all: BTreeSet<&str> = Escalations::bundled().iter().map(|way| way.id()).collect();
    assert!(all.len() > 100, "only {} escalations are known", all.len());
    let open = left_open(&policy([&allow_everything()]), ROLES[0], Escalations::bundled().sets());
    assert_eq!(ids(&open), all);
}

/// What `AllowedPassRoleArns` opens under the baseline: everything that starts something with a role and needs nothing
/// else that is denied. Under strict it opens nothing, because strict allows none of the services.
const OPENED_BY_PASSING_ROLES: &str = "
    amplify-new-app apprunner-new-service autoscaling-existing-group-launch-configuration
    autoscaling-existing-group-launch-template autoscaling-new-group-launch-configuration
    autoscaling-new-group-launch-template braket-new-job cloudformation-new-stack cloudformation-new-stack-set
    cloudformation-update-stack-set cognito-set-pool-roles datapipeline-new-active-pipeline datapipeline-new-pipeline
    ec2-associate-new-profile ec2-associate-profile ec2-request-spot-instances ec2-run-instances ecs-new-service
    ecs-new-service-on-new-cluster ecs-run-existing-task ecs-run-new-task ecs-run-new-task-on-new-cluster
    ecs-start-existing-task ecs-start-new-task ecs-start-task-on-own-instance emr-new-cluster emr-serverless-new-job
    gamelift-new-fleet glue-new-dev-endpoint glue-new-job glue-new-job-new-trigger glue-new-job-started
    glue-new-session glue-update-job glue-update-job-new-trigger glue-update-job-started imagebuilder-new-image
    kinesisanalytics-new-application lambda-new-microvm omics-new-workflow sagemaker-new-notebook
    sagemaker-new-processing-job sagemaker-new-training-job scheduler-new-schedule ssm-new-automation
    states-new-state-machine";
/// What `AllowedAssumeRoleArns` opens under either profile.
const OPENED_BY_ASSUMING_ROLES: &str = "sts-assume-role";

/// A statement as it applies to the resources of this account. AWS takes `aws:ResourceAccount` from the resource, so
/// there a test for this account is met
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-resourceaccount>).
/// The engine would take the key for independent of the resource.
fn in_this_account(statement: &Value) -> Value {
    let mut statement = statement.clone();
    let is_ours = json!({"StringEqualsIfExists": {"aws:ResourceAccount": ACCOUNT}});
    if statement.get("Condition") == Some(&is_ours) {
        statement.as_object_mut().and_then(|statement| statement.remove("Condition"));
    }
    statement
}

#[test]
fn carve_outs_open_these_ways_and_only_towards_the_named_roles() {
    let stack = Template::of_project().rendered(&CARVE_OUTS);
    let [(_, passed), (_, assumed)] = CARVE_OUTS;
    let named = [("iam:PassRole", passed), ("sts:AssumeRole", assumed)].map(|(action, arns)| {
        json!({"Effect": "Deny", "Action": action, "Resource": arns.split(',').collect::<Vec<_>>()})
    });
    let by_profile = [
        ("BaselineBoundary", [OPENED_BY_PASSING_ROLES, OPENED_BY_ASSUMING_ROLES].join(" ")),
        ("StrictBoundary", OPENED_BY_ASSUMING_ROLES.to_owned()),
    ];
    for (profile, expected) in by_profile {
        let carved: Vec<Value> = document(&stack, profile).into_iter().map(in_this_account).collect();
        let open = left_open(&policy(&carved), ROLES[0], Escalations::bundled().sets());
        let expected: BTreeSet<&str> = expected.split_whitespace().collect();
        let unexpected: Vec<Escape<'_>> =
            open.iter().filter(|escape| !expected.contains(&*escape.set.id)).cloned().collect();
        assert_eq!(ids(&open), expected, "{profile} leaves besides:{}", told(&unexpected));
        let but_for_the_named_roles = policy(carved.iter().chain(&named));
        let elsewhere = left_open(&but_for_the_named_roles, ROLES[0], open.iter().map(|escape| escape.set));
        assert!(elsewhere.is_empty(), "{profile} opens other roles than those named:{}", told(&elsewhere));
    }
}

/// Asserts that a profile denies every request that `rest` does not allow. Everything is allowed but for the denies,
/// so what is not allowed is denied explicitly.
fn assert_only_rest_is_left(stack: &Stack, profile: &str, rest: &[Value]) {
    let everything = allow_everything();
    let let_through = policy([&everything].into_iter().chain(denies(stack, profile)));
    match within(&[&let_through], &[&policy(rest)]) {
        Containment::Pass => {}
        Containment::Fail(found) => {
            let request = &found.request;
            panic!(
                "{profile} lets {} on {} through, with {:?}",
                request.action, request.resource, request.context
            )
        }
        Containment::Unknown(doubt) => panic!("{profile}: {doubt}"),
    }
}

fn all_but_actions(actions: &[&str]) -> Value {
    json!({"Effect": "Allow", "NotAction": actions, "Resource": "*"})
}

#[test]
fn what_both_profiles_deny_outright() {
    let denied = [
        "iam:CreateUser",
        "iam:CreateRole",
        "iam:CreateGroup",
        "iam:CreatePolicy",
        "iam:CreatePolicyVersion",
        "iam:CreateAccessKey",
        "iam:CreateLoginProfile",
        "iam:UpdateLoginProfile",
        "iam:CreateServiceSpecificCredential",
        "iam:ResetServiceSpecificCredential",
        "iam:UploadSigningCertificate",
        "iam:UploadSSHPublicKey",
        "iam:CreateSAMLProvider",
        "iam:UpdateSAMLProvider",
        "iam:CreateOpenIDConnectProvider",
        "iam:UpdateOpenIDConnectProviderThumbprint",
        "iam:AddClientIDToOpenIDConnectProvider",
        "iam:AcceptDelegationRequest",
        "iam:TagRole",
        "iam:UntagUser",
        "iam:Attach*Policy",
        "iam:Put*Policy",
        "iam:Detach*Policy",
        "iam:Delete*Policy",
        "iam:DeletePolicyVersion",
        "iam:SetDefaultPolicyVersion",
        "iam:UpdateAssumeRolePolicy",
        "iam:AddUserToGroup",
        "iam:RemoveUserFromGroup",
        "iam:PassRole",
        "iam:*PermissionsBoundary",
        "sso:PutPermissionsBoundaryToPermissionSet",
        "sso:DeletePermissionsBoundaryFromPermissionSet",
        "sso-directory:AddMemberToGroup",
        "sso-directory:UpdatePassword",
        "sso-directory:CreateBearerToken",
        "identitystore:CreateGroupMembership",
        "organizations:LeaveOrganization",
        "organizations:RemoveAccountFromOrganization",
        "organizations:DetachPolicy",
        "organizations:UpdatePolicy",
        "organizations:DisablePolicyType",
        "organizations:PutResourcePolicy",
        "lambda:CreateFunction",
        "lambda:CreateWebFunction",
        "lambda:CreateWebFunctionRevision",
        "lambda:CreateMicrovmShellAuthToken",
        "lambda:UpdateFunctionCode",
        "lambda:UpdateFunctionConfiguration",
        "cloudtrail:StopLogging",
        "cloudtrail:DeleteTrail",
        "cloudtrail:UpdateTrail",
        "cloudtrail:PutEventSelectors",
        "cloudtrail:DeleteEventDataStore",
        "config:StopConfigurationRecorder",
        "config:DeleteConfigurationRecorder",
        "config:DeleteDeliveryChannel",
        "guardduty:DeleteDetector",
        "guardduty:UpdateDetector",
        "guardduty:UpdateMemberDetectors",
        "guardduty:DeleteMembers",
        "guardduty:DeletePublishingDestination",
        "guardduty:DisassociateMembers",
        "guardduty:StopMonitoringMembers",
        "guardduty:CreateFilter",
        "guardduty:UpdateFilter",
        "guardduty:CreateIPSet",
        "guardduty:UpdateIPSet",
        "guardduty:CreateTrustedEntitySet",
        "guardduty:UpdateTrustedEntitySet",
        "securityhub:DisableSecurityHub",
        "securityhub:BatchDisableStandards",
        "access-analyzer:DeleteAnalyzer",
        "ec2:DeleteFlowLogs",
        "events:UpdateEventBus",
    ];
    for profile in PROFILES {
        assert_only_rest_is_left(&stack(), profile, &[all_but_actions(&denied)]);
    }
}

/// Actions of IAM and Identity Center that manage permissions by the Service Authorization Reference and give nobody
/// more rights.
const HARMLESS: [&str; 1] = ["sso:UpdatePermissionSet"];

#[test]
fn whatever_manages_the_permissions_of_principals_is_denied() {
    let services =
        ["iam", "sso"].map(|prefix| Catalogue::bundled().service(prefix).expect("a service of AWS"));
    let managing = services
        .iter()
        .flat_map(|service| service.actions())
        .filter(|action| action.level() == AccessLevel::PermissionsManagement)
        .map(|action| action.name().as_str());
    let (harmless, managing): (Vec<&str>, Vec<&str>) = managing.partition(|name| HARMLESS.contains(name));
    assert_eq!(harmless, HARMLESS);
    assert!(managing.len() > 20, "the catalogue knows only {managing:?}");
    for profile in PROFILES {
        assert_only_rest_is_left(&stack(), profile, &[all_but_actions(&managing)]);
    }
}

#[test]
fn no_role_of_the_account_can_be_assumed() {
    let others = json!({
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "NotResource": format!("arn:aws:iam::{ACCOUNT}:role/*"),
    });
    for profile in PROFILES {
        assert_only_rest_is_left(&stack(), profile, &[all_but_actions(&["sts:AssumeRole"]), others.clone()]);
    }
}

/// Every resource of the stack, with what is below it where actions name that.
pub(crate) fn arns_of_ringfence(stack: &Stack) -> Vec<String> {
    let stack_itself =
        "cloudformation:us-east-1:123456789012:stack/ringfence/0a1b2c3d-0000-4000-8000-0123456789ab";
    let resources = stack.resources().flat_map(|(id, resource)| ends_of_arns(stack, id, resource));
    resources.chain([stack_itself.to_owned()]).map(|end| format!("arn:aws:{end}")).collect()
}

/// Every resource of the forwarder in another Region, by the name that it has in any.
pub(crate) fn arns_of_forwarder() -> Vec<String> {
    let stack = Template::of_forwarder().rendered_in("eu-west-1", &[]);
    let resources = stack.resources().flat_map(|(id, resource)| ends_of_arns(&stack, id, resource));
    let ends = resources.map(|end| end.replace(":us-east-1:", ":eu-west-1:"));
    ends.map(|end| format!("arn:aws:{end}")).collect()
}

/// The ARNs of a resource without `arn:aws:`.
fn ends_of_arns(stack: &Stack, id: &str, resource: &Value) -> Vec<String> {
    let named = |property: &str| resource["Properties"][property].as_str();
    let name = |property: &str| named(property).unwrap_or_else(|| panic!("`{id}` has no {property}"));
    let iam_name =
        |property: &str| named(property).map_or(format!("ringfence-{id}-1A2B3C4D5E6F7"), str::to_owned);
    let below = |arn: String, ends: &[&str]| ends.iter().map(|end| format!("{arn}{end}")).collect();
    let here = |service: &str, rest: &str| format!("{service}:us-east-1:{ACCOUNT}:{rest}");
    match text(resource, "/Type") {
        "AWS::IAM::ManagedPolicy" => {
            vec![format!("iam::{ACCOUNT}:policy{}{}", name("Path"), iam_name("ManagedPolicyName"))]
        }
        "AWS::IAM::Role" => vec![format!("iam::{ACCOUNT}:role{}{}", name("Path"), name("RoleName"))],
        "AWS::SQS::Queue" => vec![here("sqs", name("QueueName"))],
        // A subscription has its topic's ARN with an id.
        "AWS::SNS::Topic" => {
            below(here("sns", name("TopicName")), &["", ":0a1b2c3d-0000-4000-8000-0123456789ab"])
        }
        "AWS::KMS::Key" => {
            let key = text(stack.properties("FindingsTopic"), "/KmsMasterKeyId");
            vec![here("kms", &format!("key/{key}"))]
        }
        "AWS::DynamoDB::Table" => {
            let table = here("dynamodb", &format!("table/{}", stack.outputs()["LedgerTableName"]));
            below(
                table,
                &["", "/stream/2026-11-22T00:00:00.000", "/backup/01600000000000-abc", "/export/01-abc"],
            )
        }
        "AWS::Logs::LogGroup" => {
            below(here("logs", &format!("log-group:{}", name("LogGroupName"))), &["", ":*", ":log-stream:a"])
        }
        "AWS::CloudWatch::Alarm" => vec![here("cloudwatch", &format!("alarm:{}", name("AlarmName")))],
        "AWS::SSM::Parameter" => vec![here("ssm", &format!("parameter{}", name("Name")))],
        "AWS::S3::Bucket" => {
            let bucket = format!("s3:::{}", stack.outputs()["ReportBucketName"]);
            below(bucket, &["", "/reports/latest.json", "/parts/1/0.jsonl"])
        }
        // Changed by the bucket's ARN.
        "AWS::S3::BucketPolicy" => Vec::new(),
        "AWS::Events::Rule" => vec![here("events", &format!("rule/{}", name("Name")))],
        "AWS::Serverless::Function" => {
            let events = resource["Properties"]["Events"].as_object().into_iter().flatten();
            let rules = events.filter_map(|(_, event)| match text(event, "/Type") {
                "EventBridgeRule" => {
                    Some(here("events", &format!("rule/{}", text(event, "/Properties/RuleName"))))
                }
                "Schedule" => Some(here("events", &format!("rule/{}", text(event, "/Properties/Name")))),
                _ => None,
            });
            let function = here("lambda", &format!("function:{}", name("FunctionName")));
            let versions: Vec<String> = below(function, &["", ":1", ":live", ":$LATEST"]);
            rules.chain(versions).collect()
        }
        // Changed by the ARN of the resource that they belong to.
        "AWS::SNS::Subscription" | "AWS::SNS::TopicPolicy" | "AWS::SQS::QueuePolicy" | "AWS::KMS::Alias" => {
            Vec::new()
        }
        // It only shows: nothing depends on it, and the alarms are closed.
        "AWS::CloudWatch::Dashboard" => Vec::new(),
        other => panic!("say here what the ARN of `{id}`, an {other}, is"),
    }
}

#[test]
fn everything_of_ringfence_is_out_of_reach_of_those_it_bounds() {
    let stack = Template::of_project().rendered(&[("FindingsEmail", "security@example.com")]);
    let mut arns = arns_of_ringfence(&stack);
    assert!(arns.len() > 30, "{arns:?}");
    let forwarder = arns_of_forwarder();
    assert!(forwarder.len() >= 7, "{forwarder:?}");
    arns.extend(forwarder);
    let rest = json!({"Effect": "Allow", "Action": "*", "NotResource": arns});
    for profile in PROFILES {
        assert_only_rest_is_left(&stack, profile, std::slice::from_ref(&rest));
    }
}

#[test]
fn nobody_cuts_the_functions_of_ringfence_off_from_their_queue() {
    let actions = ["lambda:UpdateEventSourceMapping", "lambda:DeleteEventSourceMapping"];
    for function in tests::function_folders() {
        let arn = format!("arn:aws:lambda:us-east-1:{ACCOUNT}:function:ringfence-{function}");
        let of_others = json!({
            "Effect": "Allow",
            "Action": actions,
            "Resource": "*",
            "Condition": {"ArnNotEquals": {"lambda:FunctionArn": arn}},
        });
        for profile in PROFILES {
            assert_only_rest_is_left(&stack(), profile, &[all_but_actions(&actions), of_others.clone()]);
        }
    }
}
