//! What must keep working: the everyday calls of pipelines and people, the deployment of Ringfence, undo and break-glass.

use super::{ANOTHER, Answer, BASELINE, Call, STRICT, TO_LAMBDA, UNBOUND, answer, levels, organization};

type Calls = &'static [(&'static str, &'static str, &'static [(&'static str, &'static str)])];

/// A story, who tells it, and the calls in it: action, resource, condition keys.
const STORIES: [(&str, &str, Calls); 17] = [
    (
        "SAM or CloudFormation deploys a function with a role in the path",
        "role/pipeline/deploy",
        &[
            ("cloudformation:CreateChangeSet", "stack/orders/1", &[]),
            ("cloudformation:ExecuteChangeSet", "stack/orders/1", &[]),
            ("ssm:GetParameters", "parameter/ringfence/boundary-arn", &[]),
            ("iam:CreateRole", "role/lambda/orders", &[BASELINE]),
            ("iam:TagRole", "role/lambda/orders", &[]),
            ("iam:PutRolePolicy", "role/lambda/orders", &[BASELINE]),
            (
                "iam:AttachRolePolicy",
                "role/lambda/orders",
                &[
                    BASELINE,
                    ("iam:PolicyARN", "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"),
                ],
            ),
            ("iam:PassRole", "role/lambda/orders", &[TO_LAMBDA]),
            ("lambda:CreateFunction", "function:orders", &[]),
            ("lambda:AddPermission", "function:orders", &[]),
            ("lambda:PublishVersion", "function:orders", &[]),
            ("lambda:CreateAlias", "function:orders", &[]),
            (
                "lambda:CreateEventSourceMapping",
                "*",
                &[("lambda:FunctionArn", "arn:aws:lambda:us-east-1:123456789012:function:orders")],
            ),
            ("logs:CreateLogGroup", "log-group:/aws/lambda/orders", &[]),
            ("logs:PutRetentionPolicy", "log-group:/aws/lambda/orders", &[]),
            ("events:PutRule", "rule/orders-nightly", &[]),
            ("events:PutTargets", "rule/orders-nightly", &[]),
        ],
    ),
    (
        "a role in a folder of the path, with the other profile",
        "role/pipeline/deploy",
        &[
            ("iam:CreateRole", "role/lambda/shop/orders", &[STRICT]),
            ("iam:PutRolePolicy", "role/lambda/shop/orders", &[STRICT]),
            ("iam:PassRole", "role/lambda/shop/orders", &[TO_LAMBDA]),
        ],
    ),
    (
        "a function is updated",
        "role/pipeline/deploy",
        &[
            ("lambda:UpdateFunctionCode", "function:orders", &[]),
            ("lambda:UpdateFunctionConfiguration", "function:orders", &[]),
            ("iam:PassRole", "role/lambda/orders", &[TO_LAMBDA]),
            ("lambda:PutFunctionConcurrency", "function:orders", &[]),
            (
                "lambda:UpdateEventSourceMapping",
                "event-source-mapping:1",
                &[("lambda:FunctionArn", "arn:aws:lambda:us-east-1:123456789012:function:orders")],
            ),
        ],
    ),
    (
        "Terraform creates, refreshes and changes a role in the path",
        "role/pipeline/terraform",
        &[
            ("iam:CreateRole", "role/lambda/orders", &[BASELINE]),
            ("iam:GetRole", "role/lambda/orders", &[]),
            ("iam:ListRolePolicies", "role/lambda/orders", &[]),
            ("iam:ListAttachedRolePolicies", "role/lambda/orders", &[]),
            ("iam:ListInstanceProfilesForRole", "role/lambda/orders", &[]),
            ("iam:PutRolePolicy", "role/lambda/orders", &[BASELINE]),
            ("iam:UpdateAssumeRolePolicy", "role/lambda/orders", &[BASELINE]),
            ("iam:UpdateRole", "role/lambda/orders", &[]),
            ("iam:UntagRole", "role/lambda/orders", &[]),
            ("iam:PutRolePermissionsBoundary", "role/lambda/orders", &[STRICT]),
        ],
    ),
    (
        "a role in the path is deleted, with its boundary or from before there was one",
        "role/pipeline/terraform",
        &[
            ("iam:DetachRolePolicy", "role/lambda/orders", &[BASELINE]),
            ("iam:DeleteRolePolicy", "role/lambda/orders", &[BASELINE]),
            ("iam:DeleteRole", "role/lambda/orders", &[]),
            ("iam:DetachRolePolicy", "role/lambda/older", &[]),
            ("iam:DeleteRolePolicy", "role/lambda/older", &[]),
            ("iam:DeleteRole", "role/lambda/older", &[]),
        ],
    ),
    (
        "CDK bootstraps, and deploys with its own roles",
        "role/pipeline/platform",
        &[
            ("iam:CreateRole", "role/cdk-hnb659fds-cfn-exec-role-123456789012-us-east-1", &[]),
            (
                "iam:AttachRolePolicy",
                "role/cdk-hnb659fds-cfn-exec-role-123456789012-us-east-1",
                &[("iam:PolicyARN", "arn:aws:iam::aws:policy/AdministratorAccess")],
            ),
            (
                "iam:PassRole",
                "role/cdk-hnb659fds-cfn-exec-role-123456789012-us-east-1",
                &[("iam:PassedToService", "cloudformation.amazonaws.com")],
            ),
            ("sts:AssumeRole", "role/cdk-hnb659fds-deploy-role-123456789012-us-east-1", &[]),
        ],
    ),
    (
        "CloudFormation, as the role that CDK hands it, creates a role in the path and its function",
        "role/cdk-hnb659fds-cfn-exec-role-123456789012-us-east-1",
        &[
            ("iam:CreateRole", "role/lambda/orders-ServiceRole-1A2B", &[BASELINE]),
            ("iam:PutRolePolicy", "role/lambda/orders-ServiceRole-1A2B", &[BASELINE]),
            ("iam:PassRole", "role/lambda/orders-ServiceRole-1A2B", &[TO_LAMBDA]),
            ("lambda:CreateFunction", "function:orders", &[]),
        ],
    ),
    (
        "roles that are not for functions are made and passed as ever",
        "role/pipeline/deploy",
        &[
            ("iam:CreateRole", "role/orders-task", &[]),
            ("iam:PutRolePolicy", "role/orders-task", &[]),
            (
                "iam:AttachRolePolicy",
                "role/orders-task",
                &[("iam:PolicyARN", "arn:aws:iam::aws:policy/ReadOnlyAccess")],
            ),
            ("iam:PassRole", "role/orders-task", &[("iam:PassedToService", "ecs-tasks.amazonaws.com")]),
            ("iam:PassRole", "role/orders-workflow", &[("iam:PassedToService", "states.amazonaws.com")]),
            // Not every service says who it is.
            ("iam:PassRole", "role/orders-task", &[]),
            ("iam:UpdateAssumeRolePolicy", "role/orders-task", &[]),
            ("iam:DeleteRole", "role/orders-task", &[]),
            (
                "iam:CreateServiceLinkedRole",
                "role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS",
                &[],
            ),
        ],
    ),
    (
        "boundaries of other teams, on roles that are not for functions",
        "role/pipeline/deploy",
        &[
            ("iam:CreatePolicy", "policy/team/developer-boundary", &[]),
            ("iam:CreatePolicyVersion", "policy/team/developer-boundary", &[]),
            ("iam:CreateRole", "role/team/developer", &[ANOTHER]),
            ("iam:PutRolePermissionsBoundary", "role/team/developer", &[ANOTHER]),
            ("iam:DeleteRolePermissionsBoundary", "role/team/developer", &[ANOTHER]),
        ],
    ),
    (
        "a function whose role has not moved yet",
        "role/pipeline/deploy",
        &[
            ("iam:PassRole", "role/service-role/billing-role-1a2b", &[TO_LAMBDA]),
            ("lambda:UpdateFunctionConfiguration", "function:billing", &[]),
            ("iam:PutRolePolicy", "role/service-role/billing-role-1a2b", &[]),
        ],
    ),
    (
        "auditors and CI read everything of Ringfence, and ask it for a look",
        "role/audit/reader",
        &[
            ("iam:GetRole", "role/ringfence/ringfence-on-role-change", &[]),
            ("iam:ListAttachedRolePolicies", "role/ringfence/ringfence-on-role-change", &[]),
            ("iam:SimulatePrincipalPolicy", "role/ringfence/ringfence-on-role-change", &[]),
            ("iam:GetPolicyVersion", "policy/ringfence/ringfence-baseline-v1", &[]),
            ("iam:ListEntitiesForPolicy", "policy/ringfence/ringfence-baseline-v1", &[]),
            ("iam:GetRole", "role/emergency/break-glass", &[]),
            ("lambda:GetFunction", "function:ringfence-review-role", &[]),
            ("events:DescribeRule", "rule/ringfence-on-role-change", &[]),
            ("dynamodb:Query", "table/ringfence-LedgerTable-1A2B", &[]),
            ("dynamodb:GetItem", "table/ringfence-LedgerTable-1A2B", &[]),
            ("dynamodb:StartAwsBackupJob", "table/ringfence-LedgerTable-1A2B", &[]),
            ("s3:GetObject", "ringfence-reportbucket-1a2b/reports/latest.json", &[]),
            ("s3:ListBucket", "ringfence-reportbucket-1a2b", &[]),
            ("sqs:GetQueueAttributes", "ringfence-dead-letters", &[]),
            ("sqs:SendMessage", "ringfence-review", &[]),
            ("sns:Subscribe", "ringfence-findings", &[]),
            ("sns:ListSubscriptionsByTopic", "ringfence-findings", &[]),
            ("logs:StartQuery", "log-group:/aws/lambda/ringfence-review-role", &[]),
            ("logs:FilterLogEvents", "log-group:/aws/lambda/ringfence-review-role", &[]),
            ("cloudwatch:DescribeAlarms", "alarm:ringfence-failures", &[]),
            ("cloudformation:DescribeStacks", "stack/ringfence/1", &[]),
            ("cloudformation:DetectStackDrift", "stack/ringfence/1", &[]),
            ("cloudtrail:LookupEvents", "*", &[]),
            ("cloudtrail:GetTrailStatus", "trail/all", &[]),
        ],
    ),
    (
        "an operator asks for an undo, exempts a role, throws the kill switch, redrives dead letters",
        "role/security/responder",
        &[
            ("dynamodb:PutItem", "table/ringfence-LedgerTable-1A2B", &[]),
            ("dynamodb:DeleteItem", "table/ringfence-LedgerTable-1A2B", &[]),
            ("lambda:InvokeFunction", "function:ringfence-undo-remediation", &[]),
            ("s3:PutObject", "ringfence-reportbucket-1a2b/organization/scps.json", &[]),
            ("sqs:ReceiveMessage", "ringfence-dead-letters", &[]),
            ("sqs:ChangeMessageVisibility", "ringfence-dead-letters", &[]),
            ("sqs:DeleteMessage", "ringfence-dead-letters", &[]),
            ("sqs:StartMessageMoveTask", "ringfence-dead-letters", &[]),
            ("sqs:SendMessage", "ringfence-review", &[]),
        ],
    ),
    (
        "people put Ringfence's boundary on a role themselves",
        "role/pipeline/deploy",
        &[
            ("iam:PutRolePermissionsBoundary", "role/lambda/older", &[BASELINE]),
            ("iam:PutRolePermissionsBoundary", "role/orders-task", &[STRICT]),
        ],
    ),
    (
        "those whom a role trusts become it, also where nobody may change it",
        "role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_OnCall_1a2b",
        &[
            ("sts:AssumeRole", "role/emergency/break-glass", &[]),
            ("sts:TagSession", "role/emergency/break-glass", &[]),
            ("sts:AssumeRole", "role/pipeline/ringfence-deploy", &[]),
        ],
    ),
    (
        "other stacks, tables, queues and keys whose names begin otherwise",
        "role/pipeline/deploy",
        &[
            ("cloudformation:DeleteStack", "stack/ringfence-demo/1", &[]),
            ("dynamodb:DeleteTable", "table/orders", &[]),
            ("sqs:PurgeQueue", "orders", &[]),
            ("kms:ScheduleKeyDeletion", "key/1", &[("kms:ResourceAliases", "alias/orders")]),
            ("kms:ScheduleKeyDeletion", "key/2", &[]),
            ("s3:DeleteBucket", "orders-reportbucket-1a2b", &[]),
            ("iam:CreateRole", "role/emergency-exit", &[]),
            ("iam:DeleteRole", "role/stackset-exec", &[]),
        ],
    ),
    (
        "teams put events on the default bus, let other accounts do so, and have buses of their own",
        "role/pipeline/deploy",
        &[
            ("events:PutEvents", "event-bus/default", &[]),
            ("events:PutPermission", "event-bus/default", &[]),
            ("events:UpdateEventBus", "event-bus/orders", &[]),
        ],
    ),
    (
        "the root user closes what only it can",
        "root",
        &[("iam:CreateAccountAlias", "*", &[]), ("s3:DeleteBucketPolicy", "orders", &[])],
    ),
];

#[test]
fn everyday_calls_go_through() {
    let levels = levels(&organization());
    let mut calls_made = 0;
    for (story, who, calls) in STORIES {
        for (action, resource, context) in calls {
            let call = Call { who, action, resource, context };
            assert_eq!(answer(&levels, &call), Answer::Allowed, "{story}: {call:?}");
            calls_made += 1;
        }
    }
    assert!(calls_made > 100, "{calls_made}");
}

/// What StackSets, a named pipeline, and people in an emergency do to Ringfence.
const OF_THE_UNBOUND: Calls = &[
    ("cloudformation:CreateStack", "stack/StackSet-ringfence-0a1b/1", &[]),
    ("cloudformation:UpdateStack", "stack/StackSet-ringfence-0a1b/1", &[]),
    ("cloudformation:DeleteStack", "stack/ringfence/1", &[]),
    ("iam:CreatePolicy", "policy/ringfence/ringfence-baseline-v1", &[]),
    ("iam:CreatePolicyVersion", "policy/ringfence/ringfence-baseline-v1", &[]),
    ("iam:DeletePolicyVersion", "policy/ringfence/ringfence-baseline-v1", &[]),
    (
        "iam:CreateRole",
        "role/ringfence/ringfence-on-role-change",
        &[("iam:PermissionsBoundary", "arn:aws:iam::123456789012:policy/ringfence/ringfence-own-v1")],
    ),
    ("iam:PutRolePolicy", "role/ringfence/ringfence-on-role-change", &[]),
    ("iam:DeleteRole", "role/ringfence/ringfence-on-role-change", &[]),
    ("iam:PassRole", "role/ringfence/ringfence-on-role-change", &[TO_LAMBDA]),
    ("lambda:CreateFunction", "function:ringfence-on-role-change", &[]),
    ("lambda:UpdateFunctionCode", "function:ringfence-on-role-change", &[]),
    ("lambda:PutFunctionConcurrency", "function:ringfence-on-role-change", &[]),
    (
        "lambda:DeleteEventSourceMapping",
        "event-source-mapping:1",
        &[("lambda:FunctionArn", "arn:aws:lambda:us-east-1:123456789012:function:ringfence-review-role")],
    ),
    ("events:PutRule", "rule/ringfence-on-role-change", &[]),
    ("events:RemoveTargets", "rule/ringfence-on-role-change", &[]),
    ("events:UpdateEventBus", "event-bus/default", &[]),
    ("dynamodb:CreateTable", "table/StackSet-ringfence-0a1b-LedgerTable-1A2B", &[]),
    ("dynamodb:PutResourcePolicy", "table/ringfence-LedgerTable-1A2B", &[]),
    ("dynamodb:PutItem", "table/ringfence-LedgerTable-1A2B", &[]),
    ("sns:SetTopicAttributes", "ringfence-findings", &[]),
    ("sqs:SetQueueAttributes", "ringfence-review", &[]),
    ("sqs:PurgeQueue", "ringfence-dead-letters", &[]),
    ("ssm:PutParameter", "parameter/ringfence/boundary-arn", &[]),
    ("kms:PutKeyPolicy", "key/1", &[("kms:ResourceAliases", "alias/ringfence-findings")]),
    ("kms:DeleteAlias", "alias/ringfence-findings", &[]),
    ("s3:PutBucketPolicy", "stackset-ringfence-0a1b-reportbucket-1a2b", &[]),
    ("logs:PutRetentionPolicy", "log-group:/aws/lambda/ringfence-review-role", &[]),
    ("cloudwatch:PutMetricAlarm", "alarm:ringfence-failures", &[]),
    ("cloudtrail:UpdateTrail", "trail/all", &[]),
    // In an emergency, or for a role that Ringfence must never touch.
    ("iam:DeleteRolePermissionsBoundary", "role/lambda/orders", &[BASELINE]),
    ("iam:PutRolePermissionsBoundary", "role/lambda/orders", &[ANOTHER]),
    ("iam:CreateRole", "role/lambda/orders", &[]),
    ("iam:PassRole", "role/orders", &[TO_LAMBDA]),
    (
        "iam:AttachRolePolicy",
        "role/lambda/orders",
        &[BASELINE, ("iam:PolicyARN", "arn:aws:iam::aws:policy/AdministratorAccess")],
    ),
];

#[test]
fn deployers_of_ringfence_and_break_glass_are_not_bound() {
    let levels = levels(&organization());
    for who in UNBOUND {
        for (action, resource, context) in OF_THE_UNBOUND {
            let call = Call { who, action, resource, context };
            assert_eq!(answer(&levels, &call), Answer::Allowed, "{call:?}");
        }
    }
}

/// Or the test above would show nothing: it is who they are that opens it.
#[test]
fn what_the_unbound_may_is_closed_to_an_administrator() {
    let levels = levels(&organization());
    for who in ["role/administrator", "user/alice", "root", "role/lambda/orders", "role/security/responder"] {
        for (action, resource, context) in OF_THE_UNBOUND {
            let call = Call { who, action, resource, context };
            let is_operators = who == "role/security/responder"
                && ["dynamodb:PutItem", "events:UpdateEventBus"].contains(action);
            assert_eq!(answer(&levels, &call) == Answer::Allowed, is_operators, "{call:?}");
        }
    }
}

/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>: StackSets' own service-linked
/// role makes the execution roles in the accounts.
#[test]
fn service_linked_roles_are_not_bound() {
    let levels = levels(&organization());
    let call = Call {
        who: "role/aws-service-role/member.org.stacksets.cloudformation.amazonaws.com/AWSServiceRoleForCloudFormationStackSetsOrgMember",
        action: "iam:CreateRole",
        resource: "role/stacksets-exec-0a1b2c3d",
        context: &[],
    };
    assert_eq!(answer(&levels, &call), Answer::Allowed);
    assert_ne!(answer(&levels, &Call { who: "role/administrator", ..call }), Answer::Allowed);
}
