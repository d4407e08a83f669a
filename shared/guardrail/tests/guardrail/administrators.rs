//! Who has the account, or can get it on permissions of its own.

use crate::roles::*;
use guardrail::administrator::Administrator;
use guardrail::assess::{Assessment, Surroundings};
use guardrail::snapshot::{Boundary, PolicySource, RolePolicy, RoleSnapshot};
use serde_json::{Value, json};

fn is_administrator(role: &RoleSnapshot) -> bool {
    Assessment::of(role).administrator() == Administrator::Yes
}

fn unbounded(statements: &[Value]) -> bool {
    is_administrator(&snapshot(role(), Boundary::Absent, statements))
}

fn own(actions: Value) -> Value {
    allow(actions, json!(role().arn.as_str()))
}

fn when(mut statement: Value, condition: Value) -> Value {
    statement["Condition"] = condition;
    statement
}

#[test]
fn who_may_do_everything_is_one() {
    let everything = allow(json!("*"), json!("*"));
    assert!(unbounded(std::slice::from_ref(&everything)));
    assert!(unbounded(&[
        allow(json!("iam:*"), json!("*")),
        json!({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})
    ]));
    assert!(!unbounded(&[everything, deny(json!("iam:*"), json!("*"))]));
    assert!(!unbounded(&[allow(json!(["s3:*", "ec2:*", "lambda:*"]), json!("*"))]));
}

#[test]
fn who_may_get_there_alone_is_one() {
    for (why, statements) in [
        ("itself, a managed policy", vec![own(json!("iam:AttachRolePolicy"))]),
        ("itself, an inline policy", vec![own(json!("iam:PutRolePolicy"))]),
        (
            "a new user",
            vec![allow(json!(["iam:AttachUserPolicy", "iam:CreateUser", "iam:CreateAccessKey"]), json!("*"))],
        ),
        ("an existing user", vec![allow(json!(["iam:PutUserPolicy", "iam:UpdateLoginProfile"]), json!("*"))]),
        (
            "a new role",
            vec![allow(json!(["iam:CreateRole", "iam:PutRolePolicy"]), json!("arn:aws:iam::*:role/new-*"))],
        ),
        (
            "an existing role",
            vec![allow(
                json!(["iam:UpdateAssumeRolePolicy", "iam:AttachRolePolicy"]),
                json!("arn:aws:iam::*:role/other"),
            )],
        ),
    ] {
        assert!(unbounded(&statements), "{why}");
    }
}

#[test]
fn who_needs_somebody_elses_rights_or_is_kept_from_a_step_is_none() {
    for (why, statements) in [
        (
            "a role to pass",
            vec![allow(
                json!(["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"]),
                json!("*"),
            )],
        ),
        ("a role to assume", vec![allow(json!("sts:AssumeRole"), json!("*"))]),
        ("a user without its credentials", vec![allow(json!("iam:AttachUserPolicy"), json!("*"))]),
        ("credentials of a user that stays weak", vec![allow(json!("iam:CreateAccessKey"), json!("*"))]),
        (
            "two steps on two different roles",
            vec![
                allow(json!("iam:UpdateAssumeRolePolicy"), json!("arn:aws:iam::*:role/a")),
                allow(json!("iam:AttachRolePolicy"), json!("arn:aws:iam::*:role/b")),
            ],
        ),
        (
            "only a weak policy",
            vec![when(
                own(json!("iam:AttachRolePolicy")),
                json!({"ArnEquals": {"iam:PolicyARN": "arn:aws:iam::aws:policy/ReadOnlyAccess"}}),
            )],
        ),
        (
            "only users with a boundary",
            vec![
                when(
                    allow(json!(["iam:CreateUser", "iam:AttachUserPolicy"]), json!("*")),
                    json!({"StringEquals": {"iam:PermissionsBoundary": OURS}}),
                ),
                allow(json!("iam:CreateAccessKey"), json!("*")),
            ],
        ),
        ("a Deny that stays", vec![own(json!("iam:AttachRolePolicy")), deny(json!("ec2:*"), json!("*"))]),
    ] {
        assert!(!unbounded(&statements), "{why}");
    }
    let liftable =
        [own(json!(["iam:AttachRolePolicy", "iam:DeleteRolePolicy"])), deny(json!("ec2:*"), json!("*"))];
    assert!(unbounded(&liftable), "a Deny that it takes away itself");
}

#[test]
fn a_boundary_counts_unless_the_role_lifts_it() {
    let admin = [allow(json!("*"), json!("*"))];
    let under = |document: Value| {
        is_administrator(&snapshot(
            with_boundary(role(), OURS),
            boundary(OURS, self::document(document)),
            &admin,
        ))
    };
    assert!(!is_administrator(&snapshot(with_boundary(role(), OURS), ours(), &admin)));
    assert!(under(allow(json!("*"), json!("*"))), "a boundary that caps nothing");
    let but_own_boundary = json!([
        allow(json!("s3:*"), json!("*")),
        allow(json!(["iam:DeleteRolePermissionsBoundary", "iam:PutRolePolicy"]), json!(role().arn.as_str())),
    ]);
    assert!(under(but_own_boundary), "one that it may take off");
    assert!(!under(allow(json!(["s3:*", "iam:PutRolePolicy"]), json!("*"))), "one that stays");
}

#[test]
fn service_control_policies_take_what_they_do_not_leave() {
    let policy = |statements: Value| {
        iam_policy::Policy::from_value(&json!({"Version": "2012-10-17", "Statement": statements})).unwrap()
    };
    let everything = allow(json!("*"), json!("*"));
    let admin = snapshot(role(), Boundary::Absent, std::slice::from_ref(&everything));
    let some =
        vec![vec![policy(json!([everything]))], vec![policy(allow(json!(["s3:*", "sqs:*"]), json!("*")))]];
    let is_one = |role: &RoleSnapshot| {
        Assessment::within(role, &Surroundings { service_control: &some, ..Surroundings::default() })
            .administrator()
            == Administrator::Yes
    };
    assert!(is_one(&admin));
    assert!(
        is_one(&snapshot(role(), Boundary::Absent, &[allow(json!(["s3:*", "sqs:*"]), json!("*"))])),
        "all that is left"
    );
    assert!(!is_one(&snapshot(role(), Boundary::Absent, &[allow(json!(["s3:*", "iam:*"]), json!("*"))])));
}

#[test]
fn a_customers_policy_that_it_may_rewrite_is_its_own() {
    let arn = "arn:aws:iam::123456789012:policy/worker";
    let with = |attached: &str| RoleSnapshot {
        policies: vec![RolePolicy {
            source: PolicySource::Managed(attached.parse().unwrap()),
            document: document(allow(json!("iam:CreatePolicyVersion"), json!(arn))),
        }],
        ..snapshot(role(), Boundary::Absent, &[])
    };
    assert!(is_administrator(&with(arn)));
    assert!(!is_administrator(&with("arn:aws:iam::123456789012:policy/another")), "one that is not attached");
}
