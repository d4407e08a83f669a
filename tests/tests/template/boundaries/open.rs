//! What stays possible under the profiles for a role whose own policies allow it.

use super::{CARVE_OUTS, PROFILES, allow_everything, document, policy};
use crate::stack;
use iam_policy::{Context, Policies, Request, Verdict, evaluate};
use serde_json::json;
use tests::template::{Stack, Template};

/// How a request ends for a role that may do everything, under a profile. Every role to be assumed trusts it.
fn verdict(stack: &Stack, profile: &str, action: &str, resource: &str, context: Context) -> Verdict {
    let (everything, boundary) = (policy([&allow_everything()]), policy(document(stack, profile)));
    let trust = json!({
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"AWS": "arn:aws:iam::123456789012:role/orders"},
    });
    let trust = policy([&trust]);
    let policies = Policies {
        identity: &[&everything],
        boundary: Some(&boundary),
        trust: Some(&trust),
        ..Policies::default()
    };
    let request = Request {
        principal: "arn:aws:sts::123456789012:assumed-role/orders/orders".parse().expect("a session"),
        action: action.parse().expect("an action"),
        resource: resource.parse().expect("an ARN or `*`"),
        resource_account: None,
        context,
    };
    evaluate(&policies, &request).verdict
}

/// What ordinary functions do, by the resource they do it to.
const ORDINARY: [(&str, &[&str]); 31] = [
    // Lambda itself: logs, traces, VPC, environment variables, what it polls, what it sends failures to.
    (
        "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/orders:log-stream:a",
        &["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
    ),
    (
        "*",
        &[
            "xray:PutTraceSegments",
            "xray:PutTelemetryRecords",
            "cloudwatch:PutMetricData",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSubnets",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeVpcs",
            "ec2:GetSecurityGroupsForVpc",
            "dynamodb:ListStreams",
            "rds:DescribeDBClusters",
            "rds:DescribeDBClusterParameters",
            "rds:DescribeDBSubnetGroups",
            "codepipeline:PutJobSuccessResult",
            "codepipeline:PutJobFailureResult",
            "codedeploy:PutLifecycleEventHookExecutionStatus",
            "s3-object-lambda:WriteGetObjectResponse",
        ],
    ),
    (
        "arn:aws:ec2:us-east-1:123456789012:network-interface/eni-0",
        &[
            "ec2:CreateNetworkInterface",
            "ec2:DeleteNetworkInterface",
            "ec2:AssignPrivateIpAddresses",
            "ec2:UnassignPrivateIpAddresses",
        ],
    ),
    (
        "arn:aws:kms:us-east-1:123456789012:key/11111111-0000-4000-8000-000000000000",
        &["kms:Decrypt", "kms:Encrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKey"],
    ),
    (
        "arn:aws:sqs:us-east-1:123456789012:orders",
        &[
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:ChangeMessageVisibility",
            "sqs:SendMessage",
        ],
    ),
    (
        "arn:aws:kinesis:us-east-1:123456789012:stream/orders",
        &[
            "kinesis:GetRecords",
            "kinesis:GetShardIterator",
            "kinesis:DescribeStream",
            "kinesis:ListShards",
            "kinesis:PutRecord",
        ],
    ),
    ("arn:aws:kinesis:us-east-1:123456789012:stream/orders/consumer/fn:1", &["kinesis:SubscribeToShard"]),
    (
        "arn:aws:dynamodb:us-east-1:123456789012:table/orders/stream/2026-11-22T00:00:00.000",
        &["dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:DescribeStream"],
    ),
    (
        "arn:aws:kafka:us-east-1:123456789012:cluster/orders/1",
        &["kafka:DescribeClusterV2", "kafka:GetBootstrapBrokers"],
    ),
    ("arn:aws:glue:us-east-1:123456789012:registry/orders", &["glue:GetRegistry", "glue:GetSchemaVersion"]),
    ("arn:aws:rds:us-east-1:123456789012:db:orders", &["rds:DescribeDBInstances"]),
    (
        "arn:aws:elasticfilesystem:us-east-1:123456789012:file-system/fs-0",
        &["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"],
    ),
    (
        "arn:aws:s3files:us-east-1:123456789012:file-system/fs-0",
        &["s3files:ClientMount", "s3files:ClientWrite"],
    ),
    (
        "arn:aws:lambda:us-east-1:123456789012:function:orders:1/durable-execution/a/b",
        &["lambda:CheckpointDurableExecution", "lambda:GetDurableExecutionState"],
    ),
    ("arn:aws:sns:us-east-1:123456789012:orders", &["sns:Publish"]),
    ("arn:aws:lambda:us-east-1:123456789012:function:orders", &["lambda:InvokeFunction"]),
    ("arn:aws:events:us-east-1:123456789012:event-bus/default", &["events:PutEvents"]),
    // The code.
    ("arn:aws:s3:::orders", &["s3:ListBucket"]),
    (
        "arn:aws:s3:::orders/1.json",
        &["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"],
    ),
    (
        "arn:aws:dynamodb:us-east-1:123456789012:table/orders",
        &[
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:UpdateItem",
            "dynamodb:BatchWriteItem",
            "dynamodb:Query",
        ],
    ),
    ("arn:aws:dynamodb:us-east-1:123456789012:table/orders/index/by-date", &["dynamodb:Query"]),
    (
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:orders-abcdef",
        &[
            "secretsmanager:GetSecretValue",
            "secretsmanager:PutSecretValue",
            "secretsmanager:DescribeSecret",
            "secretsmanager:UpdateSecretVersionStage",
        ],
    ),
    (
        "arn:aws:ssm:us-east-1:123456789012:parameter/orders/url",
        &["ssm:GetParameter", "ssm:GetParametersByPath"],
    ),
    ("arn:aws:states:us-east-1:123456789012:stateMachine:orders", &["states:StartExecution"]),
    (
        "arn:aws:execute-api:us-east-1:123456789012:a/prod/POST/@connections/c",
        &["execute-api:ManageConnections"],
    ),
    ("arn:aws:firehose:us-east-1:123456789012:deliverystream/orders", &["firehose:PutRecordBatch"]),
    ("arn:aws:ses:us-east-1:123456789012:identity/example.com", &["ses:SendEmail"]),
    ("arn:aws:bedrock:us-east-1::foundation-model/m", &["bedrock:InvokeModel"]),
    ("arn:aws:bedrock:us-east-1:123456789012:guardrail/g", &["bedrock:ApplyGuardrail"]),
    ("arn:aws:appsync:us-east-1:123456789012:apis/a/types/Query/fields/f", &["appsync:GraphQL"]),
    ("arn:aws:rds-db:us-east-1:123456789012:dbuser:db/orders", &["rds-db:connect"]),
];

#[test]
fn ordinary_functions_keep_working_under_either_profile() {
    let stack = stack();
    for profile in PROFILES {
        for (resource, actions) in ORDINARY {
            for action in actions {
                let verdict = verdict(&stack, profile, action, resource, Context::new());
                assert_eq!(verdict, Verdict::Allowed, "{profile}: {action} on {resource}");
            }
        }
    }
}

#[test]
fn the_baseline_allows_what_no_deny_names_and_strict_does_not() {
    let stack = stack();
    for (action, resource) in [
        ("rekognition:DetectText", "*"),
        ("ecs:DescribeTasks", "arn:aws:ecs:us-east-1:123456789012:task/orders/1"),
        ("iam:CreateServiceLinkedRole", "arn:aws:iam::123456789012:role/aws-service-role/x.amazonaws.com/x"),
        ("iam:GetRole", "arn:aws:iam::123456789012:role/orders"),
        // Neighbours of patterns that are shorter than the names that they stand for.
        ("iam:UploadServerCertificate", "arn:aws:iam::123456789012:server-certificate/orders"),
        ("iam:ListGroupsForUser", "arn:aws:iam::123456789012:user/orders"),
        ("iam:GetSAMLProvider", "arn:aws:iam::123456789012:saml-provider/orders"),
        ("organizations:DescribePolicy", "*"),
        ("guardduty:GetFilter", "*"),
        ("guardduty:UpdateThreatIntelSet", "*"),
        ("newservice:NewAction", "*"),
    ] {
        let [baseline, strict] =
            PROFILES.map(|profile| verdict(&stack, profile, action, resource, Context::new()));
        assert_eq!((baseline, strict), (Verdict::Allowed, Verdict::ImplicitlyDenied), "{action}");
    }
}

#[test]
fn roles_of_other_accounts_can_be_assumed_and_own_ones_only_where_carved_out() {
    let theirs = "arn:aws:iam::210987654321:role/reader";
    let ours = "arn:aws:iam::123456789012:role/data/admin";
    let carved_out = "arn:aws:iam::123456789012:role/data/orders-reader";
    let (plain, carved) = (stack(), Template::of_project().rendered(&CARVE_OUTS));
    for profile in PROFILES {
        let assume = |stack: &Stack, role: &str| {
            let account = role.split(':').nth(4).expect("the account of an ARN");
            let context = Context::new().with("aws:ResourceAccount", account);
            verdict(stack, profile, "sts:AssumeRole", role, context)
        };
        assert_eq!(
            [theirs, ours, carved_out].map(|role| assume(&plain, role)),
            [Verdict::Allowed, Verdict::ExplicitlyDenied, Verdict::ExplicitlyDenied]
        );
        assert_eq!(
            [theirs, ours, carved_out].map(|role| assume(&carved, role)),
            [Verdict::Allowed, Verdict::ExplicitlyDenied, Verdict::Allowed]
        );
        // Should AWS not tell whose role it is.
        let untold = verdict(&carved, profile, "sts:AssumeRole", ours, Context::new());
        assert_eq!(untold, Verdict::ExplicitlyDenied);
    }
}

#[test]
fn queues_of_other_functions_can_be_connected_and_disconnected_under_the_baseline() {
    let mapping = "arn:aws:lambda:us-east-1:123456789012:event-source-mapping:1";
    for (function, expected) in
        [("orders", Verdict::Allowed), ("ringfence-review-role", Verdict::ExplicitlyDenied)]
    {
        let arn = format!("arn:aws:lambda:us-east-1:123456789012:function:{function}");
        let context = Context::new().with("lambda:FunctionArn", &arn);
        let verdict =
            verdict(&stack(), "BaselineBoundary", "lambda:DeleteEventSourceMapping", mapping, context);
        assert_eq!(verdict, expected, "{function}");
    }
}
