//! Documents that IAM would refuse, and those that it merely wonders about.

use crate::roles::*;
use guardrail::assess::{Assessment, Breach};
use guardrail::check_id::CheckId;
use guardrail::severity::Severity;
use guardrail::snapshot::{Boundary, Document, PolicySource, Role, RolePolicy, RoleSnapshot};
use serde_json::{Value, json};

fn found(role: &RoleSnapshot) -> Option<Breach> {
    Assessment::of(role).breaches().iter().find(|breach| breach.check == CheckId::PolicyInvalid).cloned()
}

fn of(statements: Value) -> Option<Breach> {
    found(&snapshot(role(), Boundary::Absent, &[statements]))
}

fn trusting(trust: Document) -> RoleSnapshot {
    RoleSnapshot { role: Role { trust, ..role() }, ..snapshot(role(), Boundary::Absent, &[]) }
}

fn put(key: &str, value: Value) -> Value {
    let mut statement = allow(json!("s3:GetObject"), json!("arn:aws:s3:::orders/*"));
    statement[key] = value;
    statement
}

#[test]
fn what_iam_refuses_is_told_with_its_place() {
    for (key, value) in [
        ("Action", json!("s3 GetObject")),
        ("Resource", json!("orders")),
        ("Resource", json!("arn:aws:s3:::${aws:username")),
        ("Resource", json!("arn:aws:s3:::${}")),
        ("Principal", json!("*")),
        ("Sid", json!("not a sid")),
        ("Surplus", json!(1)),
        ("Condition", json!({"StringEquals": {"username": "x"}})),
        ("Condition", json!({"Bool": {"aws:SecureTransport": ["true", "false"]}})),
        ("Condition", json!({"StringEquals": {"aws:TagKeys": "x"}})),
    ] {
        let breach = of(put(key, value.clone())).unwrap_or_else(|| panic!("{key}: {value}"));
        assert_eq!(breach.severity, Severity::Low, "{key}: {value}");
        assert_eq!(breach.evidence[0].policy, "inline:p0");
        assert!(!breach.evidence[0].statement.is_empty(), "{key}: {value}");
    }
}

#[test]
fn the_statement_is_named() {
    let wrong = put("Resource", json!("orders"));
    let fine = put("Sid", json!("Fine"));
    let statement = |statements: Value| of(statements).unwrap().evidence[0].statement.clone();
    assert_eq!(statement(wrong.clone()), "0");
    assert_eq!(statement(json!([fine, wrong])), "1");
    let mut named = wrong;
    named["Sid"] = json!("Wrong");
    assert_eq!(statement(json!([fine, named])), "Wrong");
}

#[test]
fn what_is_merely_odd_is_not_invalid() {
    assert_eq!(of(put("Condition", json!({}))), None, "an empty condition");
    assert_eq!(of(put("Action", json!("*:GetObject"))), None, "a wildcard for the service");
    assert_eq!(of(put("Condition", json!({"NumericEquals": {"s3:max-keys": "many"}}))), None, "a wrong type");
    assert_eq!(of(put("Resource", json!("arn:aws:s3:::${aws:username}/*"))), None, "a variable");
}

#[test]
fn a_trust_policy_has_rules_of_its_own() {
    let plain = || json!({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"});
    let with = |key: &str, value: Value| {
        let mut statement = plain();
        statement[key] = value;
        found(&trusting(document(statement)))
    };
    let breach = with("Resource", json!("*")).unwrap();
    assert_eq!(breach.evidence[0].policy, "trust");
    assert!(with("Principal", json!({"AWS": "arn:aws:iam::123456789012:role/*"})).is_some());
    assert_eq!(found(&trusting(document(plain()))), None);
    assert_eq!(
        with("Principal", json!({"AWS": "AROADBQP57FF2AEXAMPLE"})),
        None,
        "a deleted role is a warning"
    );
}

#[test]
fn what_is_not_understood_is_invalid_and_stays_a_doubt() {
    for role in [trusting(Document::parse("{")), {
        let mut role = snapshot(role(), Boundary::Absent, &[]);
        let (source, document) =
            (PolicySource::Inline("odd".to_owned()), Document::parse("{\"Statement\": 5}"));
        role.policies.push(RolePolicy { source, document });
        role
    }] {
        assert_eq!(found(&role).unwrap().evidence.len(), 1);
        assert_eq!(Assessment::of(&role).doubts().len(), 1);
    }
}

#[test]
fn what_aws_wrote_is_not_held_against_the_role() {
    let attached = |arn: &str| RoleSnapshot {
        policies: vec![RolePolicy {
            source: PolicySource::Managed(arn.parse().unwrap()),
            document: document(put("Resource", json!("orders"))),
        }],
        ..snapshot(role(), Boundary::Absent, &[])
    };
    assert_eq!(found(&attached("arn:aws:iam::aws:policy/Odd")), None);
    assert!(found(&attached("arn:aws:iam::123456789012:policy/Odd")).is_some());
}
