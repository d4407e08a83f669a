//! What each check finds, narrowly misses, and what clears it.

use crate::roles::*;
use guardrail::assess::{Assessment, BoundaryReading};
use guardrail::severity::Severity;
use guardrail::snapshot::{Boundary, Document, PolicySource, Role, RolePolicy, RoleSnapshot};
use proptest::prelude::*;
use serde_json::{Value, json};

/// The checks that hit, with the severity shown.
fn breaches(role: &RoleSnapshot) -> Vec<(String, &'static str)> {
    Assessment::of(role).breaches().iter().map(|b| (b.check.to_string(), b.severity.as_str())).collect()
}

fn hits(statements: &[Value], check: &str) -> bool {
    let role = snapshot(
        with_boundary(role(), OURS),
        boundary(OURS, document(allow(json!("*"), json!("*")))),
        statements,
    );
    breaches(&role).iter().any(|(id, _)| id == check)
}

#[test]
fn admin_access_is_judged_over_all_policies_together() {
    let everything = allow(json!("*"), json!("*"));
    let all_but_iam = json!({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"});
    let cases: [(&str, Vec<Value>, bool); 12] = [
        ("one statement", vec![everything.clone()], true),
        ("both wildcards", vec![allow(json!("*:*"), json!("*"))], true),
        ("two halves in two policies", vec![all_but_iam.clone(), allow(json!("IAM:*"), json!(["*"]))], true),
        ("one half", vec![all_but_iam], false),
        ("everything of S3 only", vec![allow(json!("*"), json!("arn:aws:s3:::*"))], false),
        (
            "under a condition",
            vec![json!({"Effect": "Allow", "Action": "*", "Resource": "*",
            "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}})],
            false,
        ),
        ("everything denied", vec![everything.clone(), deny(json!("*"), json!("*"))], false),
        ("every way to more denied", vec![everything.clone(), deny(json!("iam:*"), json!("*"))], false),
        (
            "a deny of one action elsewhere",
            vec![everything.clone(), deny(json!("s3:DeleteBucket"), json!("*"))],
            true,
        ),
        (
            "a deny on some resources",
            vec![everything.clone(), deny(json!("*"), json!("arn:aws:sqs:us-east-1:123456789012:*"))],
            true,
        ),
        (
            "a deny under a condition",
            vec![
                everything.clone(),
                json!({"Effect": "Deny", "Action": "*", "Resource": "*",
            "Condition": {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}}),
            ],
            true,
        ),
        (
            "a deny of all but one",
            vec![everything, json!({"Effect": "Deny", "NotAction": "s3:GetObject", "Resource": "*"})],
            false,
        ),
    ];
    for (why, statements, expected) in cases {
        assert_eq!(hits(&statements, "admin-access"), expected, "{why}");
    }
}

#[test]
fn service_wildcard_wants_all_actions_on_all_resources() {
    let cases: [(&str, Vec<Value>, bool); 8] = [
        ("a service", vec![allow(json!("s3:*"), json!("*"))], true),
        ("a service on all its resources", vec![allow(json!(["sqs:*"]), json!("arn:aws:sqs:*:*:*"))], true),
        ("all but IAM", vec![json!({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})], true),
        ("on one bucket", vec![allow(json!("s3:*"), json!("arn:aws:s3:::orders/*"))], false),
        ("on another service's resources", vec![allow(json!("s3:*"), json!("arn:aws:sqs:*:*:*"))], false),
        ("some actions", vec![allow(json!("s3:Get*"), json!("*"))], false),
        ("denied whole", vec![allow(json!("s3:*"), json!("*")), deny(json!("s3:*"), json!("*"))], false),
        (
            "denied in part",
            vec![allow(json!("s3:*"), json!("*")), deny(json!("s3:DeleteBucket"), json!("*"))],
            true,
        ),
    ];
    for (why, statements, expected) in cases {
        assert_eq!(hits(&statements, "service-wildcard"), expected, "{why}");
    }
}

#[test]
fn full_access_goes_by_arn_and_document_never_by_name() {
    let attached = |arn: &str, statement: Value| RoleSnapshot {
        role: role(),
        boundary: Boundary::Absent,
        policies: vec![RolePolicy {
            source: PolicySource::Managed(arn.parse().unwrap()),
            document: document(statement),
        }],
    };
    let whole = || allow(json!("s3:*"), json!("*"));
    let hit = |role: &RoleSnapshot| breaches(role).iter().any(|(id, _)| id == "full-access-policy");
    assert!(hit(&attached("arn:aws:iam::aws:policy/AmazonS3FullAccess", whole())));
    assert!(!hit(&attached("arn:aws:iam::123456789012:policy/AmazonS3FullAccess", whole())), "a namesake");
    let narrow = allow(json!("logs:PutLogEvents"), json!("*"));
    assert!(!hit(&attached("arn:aws:iam::aws:policy/AdministratorAccess", narrow)), "the document decides");
}

#[test]
fn trust_checks_tell_anybody_and_other_services() {
    let with_trust = |trust: Document| RoleSnapshot {
        role: Role { trust, ..role() },
        ..snapshot(role(), Boundary::Absent, &[])
    };
    let ids = |trust| -> Vec<String> { breaches(&with_trust(trust)).into_iter().map(|(id, _)| id).collect() };
    assert_eq!(ids(trusts(json!("*"))), ["trust-any-principal", "boundary-missing"]);
    assert_eq!(
        ids(trusts(json!({"Service": ["lambda.amazonaws.com", "ec2.amazonaws.com"]}))),
        ["trust-multiple-services", "boundary-missing", "trust-missing-source-account"]
    );
    let closed = json!({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-example"}}});
    assert_eq!(ids(document(closed)), ["boundary-missing"], "a condition closes the way");
}

#[test]
fn severities_follow_what_is_possible_now() {
    let admin = [allow(json!("*"), json!("*"))];
    let unbounded = snapshot(role(), Boundary::Absent, &admin);
    assert_eq!(breaches(&unbounded)[0], ("admin-access".to_owned(), "CRITICAL"));

    let bounded = Assessment::of(&snapshot(with_boundary(role(), OURS), ours(), &admin));
    assert_eq!(bounded.severity_now(), Some(Severity::Medium), "services stay whole under our boundary");
    assert_eq!(bounded.severity_without_boundary(), Some(Severity::Critical));
    let shown: Vec<_> = bounded.breaches().iter().map(|b| (b.check.as_str(), b.severity.as_str())).collect();
    assert_eq!(
        shown,
        [
            ("admin-access", "MEDIUM"),
            ("privilege-escalation", "MEDIUM"),
            ("service-wildcard", "MEDIUM"),
            ("data-exfiltration", "MEDIUM"),
            ("credentials-exposure", "MEDIUM"),
            ("permissions-management", "MEDIUM"),
            ("pass-role-wildcard", "LOW"),
            ("assume-role-wildcard", "LOW"),
            ("resource-wildcard", "LOW"),
            ("trust-missing-source-account", "INFO"),
        ]
    );

    let open_to_all = |boundary| RoleSnapshot {
        role: Role { trust: trusts(json!("*")), ..role() },
        ..snapshot(role(), boundary, &[])
    };
    assert_eq!(breaches(&open_to_all(Boundary::Absent))[0].1, "CRITICAL");
    assert_eq!(breaches(&open_to_all(ours()))[0].1, "HIGH", "under a boundary");
}

#[test]
fn a_boundary_whose_policy_is_gone_is_told() {
    let role = snapshot(
        with_boundary(role(), OURS),
        boundary(OURS, Document::Gone),
        &[allow(json!("*"), json!("*"))],
    );
    assert_eq!(breaches(&role)[0], ("boundary-dangling".to_owned(), "HIGH"));
    assert!(Assessment::of(&role).doubts()[0].contains("does not exist any more"));
}

#[test]
fn what_is_not_understood_is_a_doubt_and_hides_nothing() {
    let odd = Document::parse("{\"Statement\": 5}");
    let mut role =
        snapshot(with_boundary(role(), OURS), boundary(OURS, odd.clone()), &[allow(json!("*"), json!("*"))]);
    role.policies.push(RolePolicy { source: PolicySource::Inline("odd".to_owned()), document: odd });
    let assessment = Assessment::of(&role);
    assert_eq!(assessment.boundary(), BoundaryReading::InDoubt);
    assert_eq!(assessment.severity_now(), Some(Severity::Critical), "a boundary in doubt caps nothing");
    assert_eq!(assessment.doubts().len(), 2);
    assert!(assessment.doubts()[0].starts_with("inline:odd: "), "{:?}", assessment.doubts());
}

fn statements() -> impl Strategy<Value = Vec<Value>> {
    let action =
        prop::sample::select(vec!["*", "s3:*", "s3:Get*", "iam:*", "iam:PassRole", "sqs:*", "lambda:*"]);
    let resource =
        prop::sample::select(vec!["*", "arn:aws:s3:::*", "arn:aws:sqs:*:*:*", "arn:aws:s3:::orders/*"]);
    let key = prop::sample::select(vec!["Action", "NotAction"]);
    let statement = (key, action, resource)
        .prop_map(|(key, action, resource)| json!({"Effect": "Allow", key: action, "Resource": resource}));
    prop::collection::vec(statement, 0..4)
}

#[test]
fn two_halves_of_everything_that_meet_inside_a_service_are_whole_whatever_one_queue_is_denied() {
    let all_but = json!({"Effect": "Allow", "NotAction": "s3:Get*", "Resource": "*"});
    let rest = |action: &str| allow(json!(action), json!("*"));
    let one_queue = deny(json!("*"), json!("arn:aws:sqs:us-east-1:123456789012:one-queue"));
    assert!(hits(&[all_but.clone(), rest("S3:get*"), one_queue.clone()], "admin-access"));
    assert!(!hits(&[all_but.clone(), rest("s3:GetObject"), one_queue.clone()], "admin-access"));
    let narrow = allow(json!("s3:Get*"), json!("arn:aws:s3:::orders/*"));
    assert!(!hits(&[all_but, narrow, one_queue], "admin-access"));
}

proptest! {
    #[test]
    fn a_deny_on_one_arn_never_clears_a_breach(statements in statements()) {
        let before = breaches(&snapshot(role(), Boundary::Absent, &statements));
        let mut more = statements;
        more.push(deny(json!("*"), json!("arn:aws:sqs:us-east-1:123456789012:one-queue")));
        prop_assert_eq!(before, breaches(&snapshot(role(), Boundary::Absent, &more)));
    }

    #[test]
    fn a_boundary_never_makes_a_role_worse(statements in statements()) {
        let bounded = Assessment::of(&snapshot(with_boundary(role(), OURS), ours(), &statements));
        prop_assert!(bounded.severity_now() <= bounded.severity_without_boundary());
    }

    #[test]
    fn an_allow_never_clears_a_breach(statements in statements(), more in statements()) {
        let few = Assessment::of(&snapshot(role(), Boundary::Absent, &statements));
        let many = Assessment::of(&snapshot(role(), Boundary::Absent, &[statements, more].concat()));
        prop_assert!(many.severity() >= few.severity());
        for breach in few.breaches() {
            prop_assert!(many.breaches().iter().any(|other| other.check == breach.check), "{}", breach.check);
        }
    }
}
