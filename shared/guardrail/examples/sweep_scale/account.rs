//! An account to sweep, made up page by page: the same for the same size, and nothing of AWS's.
//!
//! Of 100 roles about 65 trust Lambda (5 of them others too), 5 are service-linked; 40 have Ringfence's boundary, 5 an approved one,
//! 5 another, 1 one whose policy is gone. Half of the inline policies come from one template, the others are each their own; 3 of 100
//! roles may do everything. There are four functions to a role, in three Regions; 2 of 1,000 name a role that does not exist.

use guardrail::Settings;
use guardrail::authorization_details::{ManagedPolicyDetail, RoleDetail};
use guardrail::escalation::{Escalation, Escalations};
use guardrail::names::{FunctionArn, InvalidName, PolicyArn, RoleArn};
use guardrail::settings::{ReplaceWider, SharedTrust};
use guardrail::severity::Severity;
use guardrail::snapshot::{Boundary, Document};
use iam_policy::ActionName;
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub(crate) const OURS: &str = "arn:aws:iam::123456789012:policy/ringfence/ringfence-baseline-v1";
pub(crate) const APPROVED: &str = "arn:aws:iam::123456789012:policy/approved";
const THEIRS: &str = "arn:aws:iam::123456789012:policy/team";
pub(crate) const GONE: &str = "arn:aws:iam::123456789012:policy/gone";
const BASIC: &str = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

/// How large it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) roles: usize,
    pub(crate) functions: usize,
}

impl Size {
    /// Four functions to a role.
    pub(crate) fn of(roles: usize) -> Self {
        Self { roles, functions: roles.saturating_mul(4) }
    }

    /// Customer managed policies: one to five roles.
    fn policies(self) -> usize {
        self.roles.div_ceil(5)
    }
}

/// A number below `below` that looks drawn (splitmix64), the same for the same `n` and `what`.
fn drawn(n: usize, what: u64, below: usize) -> usize {
    let mut z =
        (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(what.wrapping_mul(0xbf58_476d_1ce4_e5b9));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    usize::try_from((z ^ (z >> 31)) % below.max(1) as u64).unwrap_or_default()
}

fn allow(action: Value, resource: Value) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": resource})
}

fn policy(statements: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// As the baseline is: everything but the ways to more.
fn our_policy() -> Value {
    let ways: BTreeSet<&str> =
        Escalations::bundled().minimal().flat_map(Escalation::actions).map(ActionName::as_str).collect();
    let harmless = ["s3:GetObject", "ec2:DescribeInstances", "ecs:DescribeTasks", "lambda:InvokeFunction"];
    let denied: Vec<&str> = ways.into_iter().filter(|action| !harmless.contains(action)).collect();
    policy(json!([allow(json!("*"), json!("*")), {"Effect": "Deny", "Action": denied, "Resource": "*"}]))
}

pub(crate) fn ours() -> Result<Boundary, InvalidName> {
    Ok(Boundary::Attached { arn: OURS.parse()?, document: Document::parse(&our_policy().to_string()) })
}

pub(crate) fn settings() -> Result<Settings, InvalidName> {
    Ok(Settings {
        boundary: OURS.parse()?,
        approved: [APPROVED.parse::<PolicyArn>()?].into(),
        enforce_at: Severity::Info,
        enforce_existing_at: Severity::High,
        shared_trust: SharedTrust::New,
        carve_outs: Vec::new(),
        analyzer: guardrail::analyzer::AnalyzerMode::Off,
        replace_wider: ReplaceWider::No,
        protected: BTreeSet::new(),
        own_roles: BTreeSet::new(),
        owner_tag_keys: vec!["team".to_owned()],
    })
}

fn role_arn(n: usize) -> String {
    let path = if drawn(n, 1, 100) >= 95 { "/aws-service-role/x.amazonaws.com/" } else { "/service-role/" };
    format!("arn:aws:iam::123456789012:role{path}role-{n}")
}

/// The functions with their roles.
pub(crate) fn functions(size: Size) -> impl Iterator<Item = Result<(FunctionArn, RoleArn), InvalidName>> {
    (0..size.functions).map(move |n| {
        let region =
            ["us-east-1", "eu-west-1", "ap-southeast-2"].get(drawn(n, 2, 3)).copied().unwrap_or("us-east-1");
        let function =
            format!("arn:aws:lambda:{region}:123456789012:function:service-{}-handler-{n}", n % 97);
        let role = if drawn(n, 3, 1_000) < 2 {
            format!("arn:aws:iam::123456789012:role/deleted-{n}")
        } else {
            role_arn(drawn(n, 4, size.roles))
        };
        Ok((function.parse()?, role.parse()?))
    })
}

/// The managed policies in use, `at_once` a page.
pub(crate) fn policy_pages(
    size: Size,
    at_once: usize,
) -> impl Iterator<Item = serde_json::Result<Vec<ManagedPolicyDetail>>> {
    let named = [
        (OURS.to_owned(), our_policy()),
        (APPROVED.to_owned(), policy(allow(json!(["s3:*", "logs:*", "dynamodb:*"]), json!("*")))),
        (
            THEIRS.to_owned(),
            policy(
                json!([allow(json!("*"), json!("*")), {"Effect": "Deny", "Action": "iam:*", "Resource": "*"}]),
            ),
        ),
        (
            BASIC.to_owned(),
            policy(allow(
                json!(["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]),
                json!("*"),
            )),
        ),
        (ADMINISTRATOR.to_owned(), policy(allow(json!("*"), json!("*")))),
    ];
    let customer = (0..size.policies()).map(|n| (customer_policy(n), customer_document(n)));
    let mut all = named.into_iter().chain(customer);
    std::iter::from_fn(move || {
        let page: Vec<Value> = all.by_ref().take(at_once).map(|(arn, document)| json!({
            "Arn": arn, "DefaultVersionId": "v3", "AttachmentCount": 1, "PermissionsBoundaryUsageCount": 1,
            "PolicyVersionList": [{"VersionId": "v3", "IsDefaultVersion": true, "Document": document.to_string()}],
        })).collect();
        (!page.is_empty()).then(|| serde_json::from_str(&Value::Array(page).to_string()))
    })
}

fn customer_policy(n: usize) -> String {
    format!("arn:aws:iam::123456789012:policy/teams/application-{n}")
}

/// A dozen statements about tables, buckets and queues of its own; some careless.
fn customer_document(n: usize) -> Value {
    let statement = |at: usize| match drawn(n.wrapping_mul(31).wrapping_add(at), 5, 40) {
        0 => allow(json!("s3:*"), json!("*")),
        1 => allow(json!("iam:PassRole"), json!("*")),
        2 => allow(json!(["secretsmanager:GetSecretValue", "ssm:GetParameter*"]), json!("*")),
        other if other % 2 == 0 => allow(
            json!(["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"]),
            json!(format!("arn:aws:dynamodb:us-east-1:123456789012:table/application-{n}-{at}")),
        ),
        _ => allow(
            json!(["s3:GetObject", "s3:PutObject"]),
            json!([
                format!("arn:aws:s3:::application-{n}-{at}"),
                format!("arn:aws:s3:::application-{n}-{at}/*")
            ]),
        ),
    };
    policy((0..12).map(statement).collect())
}

/// A page of roles: those of `range`.
pub(crate) fn role_page(size: Size, range: std::ops::Range<usize>) -> serde_json::Result<Vec<RoleDetail>> {
    let page: Vec<Value> = range.map(|n| role(size, n)).collect();
    serde_json::from_str(&Value::Array(page).to_string())
}

fn role(size: Size, n: usize) -> Value {
    let services = match drawn(n, 6, 100) {
        0..60 => json!("lambda.amazonaws.com"),
        60..65 => json!(["lambda.amazonaws.com", "ec2.amazonaws.com"]),
        65..85 => json!("ec2.amazonaws.com"),
        _ => json!("ecs-tasks.amazonaws.com"),
    };
    let trust =
        policy(json!({"Effect": "Allow", "Principal": {"Service": services}, "Action": "sts:AssumeRole"}));
    let inline = match drawn(n, 7, 4) {
        0 | 1 => policy(allow(json!(["xray:PutTraceSegments", "xray:PutTelemetryRecords"]), json!("*"))),
        2 => policy(json!([
            allow(json!("sqs:SendMessage"), json!(format!("arn:aws:sqs:us-east-1:123456789012:queue-{n}"))),
            allow(json!("sns:Publish"), json!(format!("arn:aws:sns:us-east-1:123456789012:topic-{n}"))),
        ])),
        _ => policy(allow(
            json!(["kms:Decrypt", "dynamodb:*"]),
            json!(format!("arn:aws:dynamodb:*:123456789012:table/role-{n}")),
        )),
    };
    let mut attached = vec![
        json!({"PolicyArn": BASIC}),
        json!({"PolicyArn": customer_policy(drawn(n, 8, size.policies()))}),
    ];
    if drawn(n, 9, 100) < 3 {
        attached.push(json!({"PolicyArn": ADMINISTRATOR}));
    }
    let boundary = match drawn(n, 10, 100) {
        0..40 => Some(OURS),
        40..45 => Some(APPROVED),
        45..50 => Some(THEIRS),
        50 => Some(GONE),
        _ => None,
    };
    let used = if drawn(n, 11, 5) > 0 { json!({"LastUsedDate": "2026-11-20T08:00:00Z"}) } else { json!({}) };
    json!({
        "Arn": role_arn(n), "RoleId": format!("AROA{n:017}"), "CreateDate": "2024-02-03T10:00:00Z",
        "AssumeRolePolicyDocument": trust.to_string(),
        "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": inline.to_string()}],
        "AttachedManagedPolicies": attached,
        "PermissionsBoundary": boundary.map(|arn| json!({"PermissionsBoundaryArn": arn})),
        "Tags": [{"Key": "team", "Value": format!("team-{}", n % 40)}],
        "RoleLastUsed": used,
    })
}
