//! Roles to test with, written down in few words.

use guardrail::Settings;
use guardrail::escalation::{Escalation, Escalations};
use guardrail::names::{PolicyArn, RoleArn};
use guardrail::record::RoleRecord;
use guardrail::settings::{ReplaceWider, SharedTrust};
use guardrail::severity::Severity;
use guardrail::snapshot::{Boundary, Document, PolicySource, Role, RolePolicy, RoleSnapshot};
use guardrail::trigger::{Caller, Change, EventName, Subject, Tool, Trigger};
use iam_policy::ActionName;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub(crate) const OURS: &str = "arn:aws:iam::123456789012:policy/ringfence/ringfence-baseline-v1";
pub(crate) const APPROVED: &str = "arn:aws:iam::123456789012:policy/approved";
pub(crate) const THEIRS: &str = "arn:aws:iam::123456789012:policy/team";

pub(crate) fn document(statements: Value) -> Document {
    Document::parse(&json!({"Version": "2012-10-17", "Statement": statements}).to_string())
}

pub(crate) fn allow(action: Value, resource: Value) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": resource})
}

pub(crate) fn deny(action: Value, resource: Value) -> Value {
    json!({"Effect": "Deny", "Action": action, "Resource": resource})
}

pub(crate) fn trusts(principal: Value) -> Document {
    document(json!({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}))
}

/// What our boundary is like: everything but the ways to more.
pub(crate) fn our_document() -> Document {
    let ways: BTreeSet<&str> =
        Escalations::bundled().minimal().flat_map(Escalation::actions).map(ActionName::as_str).collect();
    // Reading and invoking gain nothing by themselves, and functions need them.
    let harmless = ["s3:GetObject", "ec2:DescribeInstances", "ecs:DescribeTasks", "lambda:InvokeFunction"];
    let denied: Vec<&str> = ways.into_iter().filter(|action| !harmless.contains(action)).collect();
    document(json!([allow(json!("*"), json!("*")), deny(json!(denied), json!("*"))]))
}

pub(crate) fn ours() -> Boundary {
    Boundary::Attached { arn: OURS.parse().unwrap(), document: our_document() }
}

pub(crate) fn boundary(arn: &str, document: Document) -> Boundary {
    Boundary::Attached { arn: arn.parse().unwrap(), document }
}

pub(crate) fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A role that trusts Lambda and was never used.
pub(crate) fn role() -> Role {
    Role {
        arn: "arn:aws:iam::123456789012:role/service-role/orders-api-role".parse().unwrap(),
        id: "AROAEXAMPLE".parse().unwrap(),
        created: time("2026-11-22T09:00:00Z"),
        last_used: None,
        trust: trusts(json!({"Service": "lambda.amazonaws.com"})),
        boundary: None,
        tags: [("team".to_owned(), "orders".to_owned())].into(),
    }
}

/// The same role, made and used before Ringfence was there.
pub(crate) fn existing_role() -> Role {
    Role { created: time("2024-01-01T00:00:00Z"), last_used: Some(time("2026-11-01T00:00:00Z")), ..role() }
}

pub(crate) fn with_boundary(role: Role, arn: &str) -> Role {
    Role { boundary: Some(arn.parse().unwrap()), ..role }
}

/// The role with inline policies of these statements, each a policy of its own.
pub(crate) fn snapshot(role: Role, boundary: Boundary, statements: &[Value]) -> RoleSnapshot {
    let policy = |(index, statement): (usize, &Value)| RolePolicy {
        source: PolicySource::Inline(format!("p{index}")),
        document: document(statement.clone()),
    };
    RoleSnapshot { role, boundary, policies: statements.iter().enumerate().map(policy).collect() }
}

pub(crate) fn record() -> RoleRecord {
    RoleRecord::new("AROAEXAMPLE".parse().unwrap())
}

pub(crate) fn settings() -> Settings {
    let arn = |text: &str| -> PolicyArn { text.parse().unwrap() };
    let own: RoleArn = "arn:aws:iam::123456789012:role/ringfence/ringfence-on-role-change".parse().unwrap();
    Settings {
        boundary: arn(OURS),
        approved: [arn(APPROVED)].into(),
        enforce_at: Severity::Info,
        enforce_existing_at: Severity::High,
        shared_trust: SharedTrust::New,
        carve_outs: Vec::new(),
        analyzer: guardrail::analyzer::AnalyzerMode::Off,
        replace_wider: ReplaceWider::No,
        protected: ["arn:aws:iam::123456789012:role/break-glass".parse().unwrap()].into(),
        own_roles: [own].into(),
        owner_tag_keys: vec!["owner".to_owned(), "team".to_owned()],
    }
}

pub(crate) fn trigger(event: &str, change: Change) -> Trigger {
    Trigger {
        event: EventName::from_cloudtrail(event),
        event_id: "11111111-2222-3333-4444-555555555555".to_owned(),
        time: Some(time("2026-11-22T10:00:00Z")),
        subject: Subject::Role("orders-api-role".parse().unwrap()),
        change,
        caller: Caller {
            principal: Some("arn:aws:iam::123456789012:user/alice".to_owned()),
            source_ip: Some("203.0.113.7".to_owned()),
            user_agent: Some("aws-cli/2.17.0".to_owned()),
            tool: Tool::Cli,
            ..Caller::default()
        },
        source: None,
    }
}

pub(crate) fn given_to(function: &str) -> Change {
    Change::GivenTo(format!("arn:aws:lambda:us-east-1:123456789012:function:{function}").parse().unwrap())
}
