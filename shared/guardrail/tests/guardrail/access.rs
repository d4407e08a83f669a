//! Access to any resource of a kind: what the checks on reach find, narrowly miss, and what clears it.

use crate::roles::*;
use guardrail::assess::{Assessment, Breach};
use guardrail::severity::Severity;
use guardrail::snapshot::{Boundary, Document, PolicySource, RolePolicy, RoleSnapshot};
use serde_json::{Value, json};

fn found(role: &RoleSnapshot, check: &str) -> Option<Breach> {
    Assessment::of(role).breaches().iter().find(|breach| breach.check.as_str() == check).cloned()
}

fn of(statements: &[Value], check: &str) -> Option<Breach> {
    found(&snapshot(role(), Boundary::Absent, statements), check)
}

fn under(condition: Value, mut statement: Value) -> Value {
    statement["Condition"] = condition;
    statement
}

/// A grant that each check finds, with its severity where it is open and where a boundary closes it.
fn grants() -> [(&'static str, Value, Severity, Severity); 4] {
    [
        ("resource-wildcard", allow(json!("dynamodb:PutItem"), json!("*")), Severity::Low, Severity::Info),
        ("data-exfiltration", allow(json!("s3:GetObject"), json!("*")), Severity::Medium, Severity::Low),
        (
            "credentials-exposure",
            allow(json!("lambda:GetFunction"), json!("*")),
            Severity::Medium,
            Severity::Low,
        ),
        (
            "permissions-management",
            allow(json!("s3:PutBucketPolicy"), json!("*")),
            Severity::Medium,
            Severity::Low,
        ),
    ]
}

#[test]
fn a_grant_on_everything_is_found_with_its_statement() {
    for (check, grant, open, _) in grants() {
        let breach = of(std::slice::from_ref(&grant), check).unwrap_or_else(|| panic!("{check}"));
        assert_eq!((breach.severity, breach.now), (open, Some(open)), "{check}");
        assert_eq!(breach.evidence.len(), 1, "{check}");
        assert_eq!(
            (breach.evidence[0].policy.as_str(), breach.evidence[0].statement.as_str()),
            ("inline:p0", "0")
        );
        let action = grant["Action"].as_str().unwrap();
        assert_eq!(breach.evidence[0].detail, format!("{action} on any resource"));
    }
}

#[test]
fn a_deny_clears_it_and_a_deny_of_something_else_does_not() {
    for (check, grant, ..) in grants() {
        let with = |more: Value| of(&[grant.clone(), more], check).is_some();
        let action = grant["Action"].clone();
        assert!(!with(deny(action.clone(), json!("*"))), "{check}");
        assert!(
            !with(json!({"Effect": "Deny", "Action": action, "NotResource": "arn:aws:s3:::orders*"})),
            "{check}"
        );
        assert!(with(deny(json!("sqs:SendMessage"), json!("*"))), "{check}");
        let only_insecure = json!({"Bool": {"aws:SecureTransport": "false"}});
        assert!(with(under(only_insecure, deny(action, json!("*")))), "{check} under a condition");
    }
}

#[test]
fn a_boundary_contains_it() {
    for (check, grant, open, capped) in grants() {
        let with = |boundary_of: Value| {
            let boundary = boundary(OURS, document(boundary_of));
            found(&snapshot(with_boundary(role(), OURS), boundary, std::slice::from_ref(&grant)), check)
                .unwrap()
        };
        let contained = with(allow(json!("sqs:*"), json!("*")));
        assert_eq!((contained.severity, contained.now), (capped, None), "{check}");
        assert_eq!(contained.without_boundary, Some(open), "{check}");
        assert_eq!(with(allow(json!("*"), json!("*"))).now, Some(open), "{check}");
        let narrow = with(allow(json!("*"), json!("arn:aws:s3:::orders/*")));
        assert_eq!(narrow.now, None, "{check} on a few resources");
    }
}

#[test]
fn several_policies_count_together() {
    for (check, grant, ..) in grants() {
        let action = grant["Action"].clone();
        let elsewhere = allow(action.clone(), json!("arn:aws:s3:::orders/*"));
        let unrelated = allow(json!("sqs:GetQueueUrl"), json!("*"));
        let breach = of(&[elsewhere.clone(), unrelated.clone(), grant], check).unwrap();
        assert_eq!(breach.evidence[0].policy, "inline:p2", "{check}");
        assert_eq!(of(&[elsewhere, unrelated], check), None, "{check}: neither alone nor together");
    }
}

#[test]
fn a_document_that_is_not_understood_hides_nothing() {
    for (check, grant, ..) in grants() {
        let mut role = snapshot(role(), Boundary::Absent, &[grant]);
        let odd = Document::parse("{\"Statement\": 5}");
        role.policies.insert(0, RolePolicy { source: PolicySource::Inline("odd".to_owned()), document: odd });
        assert_eq!(found(&role, check).unwrap().evidence[0].policy, "inline:p0", "{check}");
        assert_eq!(Assessment::of(&role).doubts().len(), 1);
    }
}

#[test]
fn resource_wildcard_is_about_changes_that_could_be_limited() {
    let hits = |action: Value, resource: Value| of(&[allow(action, resource)], "resource-wildcard").is_some();
    for (action, resource) in [
        (json!("*"), "*"),
        (json!("s3:*"), "arn:aws:s3:::*"),
        (json!("dynamodb:Put*"), "arn:aws:dynamodb:*:*:table/*"),
        (json!("dynamodb:PutItem"), "arn:aws:dynamodb:eu-west-1:123456789012:table/*"),
        (json!(["s3:GetObject", "sqs:TagQueue"]), "*"),
        (json!("kms:CreateGrant"), "*"),
    ] {
        assert!(hits(action.clone(), json!(resource)), "{action} on {resource}");
    }
    for (action, resource) in [
        (json!("s3:GetObject"), "*"),
        (json!("xray:PutTraceSegments"), "*"),
        (json!("dynamodb:PutItem"), "arn:aws:dynamodb:*:*:table/orders-*"),
        (json!("dynamodb:PutItem"), "arn:aws:dynamodb:*:999999999999:table/*"),
        (json!("s3:PutObject"), "arn:aws:s3:::orders/*"),
        (json!("s3:PutObject"), "arn:aws:s3:::*/public/*"),
        (json!("s3:NoSuchAction"), "*"),
    ] {
        assert!(!hits(action.clone(), json!(resource)), "{action} on {resource}");
    }
    let condition = json!({"StringEquals": {"aws:ResourceTag/team": "orders"}});
    let limited = under(condition, allow(json!("dynamodb:PutItem"), json!("*")));
    assert_eq!(of(&[limited], "resource-wildcard"), None, "under a condition");
    let but = json!({"Effect": "Allow", "NotAction": ["iam:*", "sts:*"], "Resource": "*"});
    assert!(of(&[but], "resource-wildcard").is_some(), "all but something");
}

#[test]
fn a_wildcard_is_held_against_what_the_boundary_names() {
    let now = |boundary_of: Value| {
        let boundary = boundary(OURS, document(boundary_of));
        let role = snapshot(with_boundary(role(), OURS), boundary, &[allow(json!("*"), json!("*"))]);
        found(&role, "resource-wildcard").unwrap().now
    };
    assert_eq!(now(allow(json!("kinesis:PutRecord"), json!("*"))), Some(Severity::Low), "an unusual service");
    assert_eq!(now(allow(json!("kinesis:GetRecords"), json!("*"))), None, "reads only");
}

#[test]
fn data_exfiltration_wants_every_resource_of_a_kind() {
    let hits = |action: &str, resource: &str| {
        of(&[allow(json!(action), json!(resource))], "data-exfiltration").is_some()
    };
    assert!(hits("s3:Get*", "arn:aws:s3:::*"));
    assert!(hits("s3:GetObject", "arn:aws:s3:::*/*"));
    assert!(hits("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:*"));
    assert!(hits("ssm:GetParametersByPath", "arn:aws:ssm:*:*:parameter/*"));
    assert!(hits("ec2:CopySnapshot", "*"));
    assert!(!hits("s3:GetObject", "arn:aws:s3:::orders/*"), "one bucket");
    assert!(!hits("s3:GetBucketLocation", "*"), "nothing that is stored");
    assert!(
        !hits("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:*:*:secret:orders/*"),
        "some secrets"
    );
    assert!(
        !hits("dynamodb:Scan", "arn:aws:dynamodb:*:*:table/*/index/*"),
        "indexes alone are nothing to scan"
    );
    let condition = |condition: Value| {
        of(&[under(condition, allow(json!("s3:GetObject"), json!("*")))], "data-exfiltration").is_some()
    };
    assert!(condition(json!({"Bool": {"aws:SecureTransport": "true"}})), "a condition that can be met");
    assert!(!condition(json!({"StringEquals": {"aws:PrincipalAccount": "999999999999"}})), "one that cannot");
}

#[test]
fn credentials_exposure_wants_any_name_where_there_are_names() {
    let hits = |action: &str, resource: &str| {
        of(&[allow(json!(action), json!(resource))], "credentials-exposure").is_some()
    };
    assert!(hits("lambda:Get*", "arn:aws:lambda:eu-west-1:123456789012:function:*"));
    assert!(hits("lambda:ListFunctions", "*"), "without a resource");
    assert!(hits("iam:CreateAccessKey", "arn:aws:iam::123456789012:user/*"));
    assert!(!hits("lambda:GetFunction", "arn:aws:lambda:*:*:function:orders-*"), "some functions");
    assert!(
        !hits("rds-db:connect", "arn:aws:rds-db:eu-west-1:123456789012:dbuser:db-EXAMPLE/orders"),
        "one login"
    );
    assert!(!hits("ecr:GetAuthorizationToken", "*"), "opens what the role may read anyway");
}

#[test]
fn permissions_management_is_about_writes_outside_iam() {
    let hits = |action: &str, resource: &str| {
        of(&[allow(json!(action), json!(resource))], "permissions-management").is_some()
    };
    assert!(hits("lambda:Add*", "*"));
    assert!(hits("kms:PutKeyPolicy", "arn:aws:kms:*:123456789012:key/*"));
    assert!(hits("sqs:SetQueueAttributes", "*"));
    assert!(hits("ram:*", "*"));
    assert!(!hits("iam:PutRolePolicy", "*"), "IAM has checks of its own");
    assert!(!hits("s3:PutBucketPolicy", "arn:aws:s3:::orders"), "one bucket");
    assert!(!hits("lambda:RemovePermission", "*"), "takes away");
    assert!(!hits("s3:PutObject", "*"), "no permission");
}

#[test]
fn what_aws_grants_functions_is_no_breach_of_weight() {
    let logs = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"];
    let with_logs = |actions: &[&str]| allow(json!([actions, &logs].concat()), json!("*"));
    let interfaces = [
        "ec2:CreateNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:DeleteNetworkInterface",
    ];
    let policies: [(&str, Value); 8] = [
        ("AWSLambdaBasicExecutionRole", with_logs(&[])),
        (
            "AWSLambdaVPCAccessExecutionRole",
            with_logs(
                &[&interfaces[..], &["ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses"]]
                    .concat(),
            ),
        ),
        (
            "AWSLambdaSQSQueueExecutionRole",
            with_logs(&["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]),
        ),
        (
            "AWSLambdaDynamoDBExecutionRole",
            with_logs(&[
                "dynamodb:DescribeStream",
                "dynamodb:GetRecords",
                "dynamodb:GetShardIterator",
                "dynamodb:ListStreams",
            ]),
        ),
        (
            "AWSLambdaKinesisExecutionRole",
            with_logs(&[
                "kinesis:DescribeStream",
                "kinesis:DescribeStreamSummary",
                "kinesis:GetRecords",
                "kinesis:GetShardIterator",
                "kinesis:ListShards",
                "kinesis:ListStreams",
                "kinesis:SubscribeToShard",
            ]),
        ),
        (
            "AWSLambdaMSKExecutionRole",
            with_logs(
                &[
                    &interfaces[..],
                    &["ec2:DescribeVpcs", "ec2:DescribeSecurityGroups"],
                    &["kafka:DescribeCluster", "kafka:DescribeClusterV2", "kafka:GetBootstrapBrokers"],
                ]
                .concat(),
            ),
        ),
        (
            "AWSXRayDaemonWriteAccess",
            allow(
                json!([
                    "xray:PutTraceSegments",
                    "xray:PutTelemetryRecords",
                    "xray:GetSamplingRules",
                    "xray:GetSamplingTargets",
                    "xray:GetSamplingStatisticSummaries",
                ]),
                json!(["*"]),
            ),
        ),
        (
            "CloudWatchLambdaInsightsExecutionRolePolicy",
            json!([
                allow(json!("logs:CreateLogGroup"), json!("*")),
                allow(json!(&logs[1..]), json!("arn:aws:logs:*:*:log-group:/aws/lambda-insights:*")),
            ]),
        ),
    ];
    let all: Vec<Value> = policies.iter().map(|(_, policy)| policy.clone()).collect();
    for (name, policy) in
        policies.into_iter().map(|(name, policy)| (name, vec![policy])).chain([("all of them", all)])
    {
        let assessment = Assessment::of(&snapshot(role(), Boundary::Absent, &policy));
        let heavy: Vec<_> = assessment.breaches().iter().filter(|b| b.severity >= Severity::Medium).collect();
        assert!(heavy.is_empty(), "{name}: {heavy:?}");
        assert!(assessment.doubts().is_empty(), "{name}");
    }
}
