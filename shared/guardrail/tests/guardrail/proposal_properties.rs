//! What holds for every proposal, whatever the role and the evidence.

use crate::evidence::{call, generated, history, not_generated, on, refused};
use crate::roles::{allow, deny, existing_role, our_document, snapshot};
use guardrail::administrator::Administrator;
use guardrail::assess::Assessment;
use guardrail::check_id::CheckId;
use guardrail::proposal::{
    Evidence, FittedBoundary, Generated, Leaves, Narrowing, NoProposal, Proposal, propose,
};
use guardrail::snapshot::{Boundary, Document, PolicySource, RolePolicy, RoleSnapshot};
use iam_policy::{
    ActionName, Containment, Context, Level, Policies, Policy, PolicyKind, Request, Verdict, evaluate, within,
};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What a role may be granted.
const PATTERNS: [&str; 24] = [
    "s3:*",
    "s3:Get*",
    "s3:GetObject",
    "s3:PutBucketPolicy",
    "sqs:*",
    "sqs:CreateQueue",
    "sqs:PurgeQueue",
    "dynamodb:*",
    "dynamodb:DescribeTable",
    "dynamodb:GetItem",
    "iam:*",
    "iam:PassRole",
    "iam:Attach*",
    "iam:GetRole",
    "lambda:*",
    "lambda:UpdateFunctionCode",
    "lambda:InvokeFunction",
    "kms:Decrypt",
    "kms:*",
    "secretsmanager:Get*",
    "sts:AssumeRole",
    "logs:*",
    "ec2:Describe*",
    "s3:GetObjekt",
];

const QUEUE: &str = "arn:aws:sqs:us-east-1:123456789012:orders";
const OTHER_QUEUE: &str = "arn:aws:sqs:us-east-1:123456789012:mail";
const TABLE: &str = "arn:aws:dynamodb:us-east-1:123456789012:table/orders";
const KEY: &str = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555";
const BUCKET: &str = "arn:aws:s3:::orders";
const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:orders";
const ROLE: &str = "arn:aws:iam::123456789012:role/other";
const ELSEWHERE: &str = "arn:aws:iam::210987654321:role/reader";
const SECRET: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:orders-AbCdEf";

const RESOURCES: [&str; 9] = [QUEUE, OTHER_QUEUE, TABLE, KEY, BUCKET, FUNCTION, ROLE, ELSEWHERE, SECRET];

/// Calls, with the action that each takes and the resources that it may name.
const CALLS: [(&str, &str, &str, &[&str]); 14] = [
    ("sqs", "PurgeQueue", "sqs:PurgeQueue", &[QUEUE, OTHER_QUEUE]),
    ("sqs", "CreateQueue", "sqs:CreateQueue", &[QUEUE, OTHER_QUEUE]),
    ("dynamodb", "DescribeTable", "dynamodb:DescribeTable", &[TABLE]),
    ("dynamodb", "DeleteTable", "dynamodb:DeleteTable", &[TABLE]),
    ("kms", "Decrypt", "kms:Decrypt", &[KEY]),
    ("s3", "PutBucketPolicy", "s3:PutBucketPolicy", &[BUCKET]),
    ("s3", "GetBucketAcl", "s3:GetBucketAcl", &[BUCKET]),
    ("lambda", "UpdateFunctionCode20150331v2", "lambda:UpdateFunctionCode", &[FUNCTION]),
    ("lambda", "CreateFunction20150331", "lambda:CreateFunction", &[FUNCTION]),
    ("iam", "AttachRolePolicy", "iam:AttachRolePolicy", &[ROLE]),
    ("iam", "GetRole", "iam:GetRole", &[ROLE]),
    ("sts", "AssumeRole", "sts:AssumeRole", &[ROLE, ELSEWHERE]),
    ("secretsmanager", "GetSecretValue", "secretsmanager:GetSecretValue", &[SECRET]),
    ("ec2", "DescribeInstances", "ec2:DescribeInstances", &[]),
];

fn action(text: &str) -> ActionName {
    text.parse().unwrap()
}

fn statement() -> impl Strategy<Value = Value> {
    let resources = prop_oneof![
        4 => Just(json!("*")),
        2 => select(&RESOURCES[..]).prop_map(|one| json!(one)),
        1 => Just(json!(["arn:aws:sqs:*:*:orders*", "arn:aws:dynamodb:*:*:table/*", "arn:aws:s3:::*"])),
    ];
    let condition = prop_oneof![
        5 => Just(None),
        1 => Just(Some(json!({"StringEquals": {"aws:RequestedRegion": "us-east-1"}}))),
        1 => Just(Some(json!({"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}))),
    ];
    let actions = prop::collection::vec(select(&PATTERNS[..]), 1..5);
    (actions, resources, condition, 0..8_u8, 0..60_u8).prop_map(
        |(actions, resources, condition, effect, not)| {
            let mut statement =
                if effect == 0 { deny(json!(actions), resources) } else { allow(json!(actions), resources) };
            if not == 0 {
                let all = statement["Action"].take();
                statement.as_object_mut().unwrap().remove("Action");
                statement["NotAction"] = all;
            }
            if let Some(condition) = condition {
                statement["Condition"] = condition;
            }
            statement
        },
    )
}

/// A call, whether it names its resource, and whether it was refused.
fn record() -> impl Strategy<Value = Value> {
    (select(&CALLS[..]), 0..6_u8, any::<prop::sample::Index>(), 0..8_u8).prop_map(
        |((source, event, _, arns), named, at, refusal)| {
            let record = match refusal {
                0 => refused(source, event, "not authorized"),
                _ => call(source, event),
            };
            match arns.is_empty() || named == 0 {
                true => record,
                false => on(record, at.get::<&str>(arns)),
            }
        },
    )
}

#[derive(Debug, Clone)]
struct Case {
    statements: Vec<Value>,
    records: Vec<Value>,
    generated: Option<Vec<&'static str>>,
}

fn case() -> impl Strategy<Value = Case> {
    let actions: Vec<&str> = CALLS.iter().map(|(_, _, action, _)| *action).collect();
    let generated = prop::option::of(subsequence(actions, 0..6));
    let statements = prop::collection::vec(statement(), 1..5);
    (statements, prop::collection::vec(record(), 0..8), generated)
        .prop_map(|(statements, records, generated)| Case { statements, records, generated })
}

impl Case {
    fn role(&self) -> RoleSnapshot {
        snapshot(existing_role(), Boundary::Absent, &self.statements)
    }

    fn generated(&self) -> Generated {
        self.generated.as_ref().map_or_else(not_generated, |actions| generated(actions))
    }

    fn proposed(&self) -> Result<Proposal, NoProposal> {
        let evidence =
            Evidence { generated: &self.generated(), history: &history(&self.records), last_accessed: None };
        propose(&self.role(), &our_document(), &evidence)
    }
}

fn understood(role: &RoleSnapshot) -> Vec<&Policy> {
    role.policies.iter().map(|policy| policy.document.understood().unwrap()).collect()
}

fn allowed(identity: &[&Policy], action: &str, resource: &str) -> bool {
    let request = Request {
        principal: existing_role().arn.as_str().parse().unwrap(),
        action: action.parse().unwrap(),
        resource: resource.parse().unwrap(),
        resource_account: Some("123456789012".parse().unwrap()),
        context: Context::new().with("aws:RequestedRegion", "us-east-1"),
    };
    evaluate(&Policies { identity, ..Policies::default() }, &request).verdict == Verdict::Allowed
}

/// Every action of the calls, and some that nobody calls, on everything.
fn requests() -> impl Iterator<Item = (&'static str, &'static str)> {
    let actions = CALLS.iter().map(|(_, _, action, _)| *action);
    let actions = actions.chain([
        "s3:GetObject",
        "s3:DeleteBucket",
        "iam:PassRole",
        "dynamodb:GetItem",
        "iam:CreateUser",
    ]);
    actions.flat_map(|action| RESOURCES.into_iter().chain(["*"]).map(move |resource| (action, resource)))
}

fn made(record: &Value) -> Option<(&'static str, Option<String>)> {
    if record.get("errorCode").is_some() {
        return None;
    }
    let (_, _, action, _) = CALLS.iter().find(|(source, event, ..)| {
        record["eventName"] == *event && record["eventSource"] == format!("{source}.amazonaws.com")
    })?;
    Some((action, record["resources"][0]["ARN"].as_str().map(str::to_owned)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_proposal_allows_nothing_new(case in case()) {
        let Ok(proposal) = case.proposed() else { return Ok(()) };
        let role = case.role();
        let (before, after) = (understood(&role), proposal.documents.iter().collect::<Vec<_>>());
        prop_assert_eq!(within(&after, &before), Containment::Pass);
        for (action, resource) in requests() {
            prop_assert!(!allowed(&after, action, resource) || allowed(&before, action, resource), "{action} on {resource}");
        }
    }

    #[test]
    fn what_was_used_stays_allowed_where_it_was_used(case in case()) {
        let Ok(proposal) = case.proposed() else { return Ok(()) };
        let role = case.role();
        let (before, after) = (understood(&role), proposal.documents.iter().collect::<Vec<_>>());
        for (used, resource) in case.records.iter().filter_map(made) {
            let on: Vec<&str> = resource.as_deref().map_or(RESOURCES.to_vec(), |one| vec![one]);
            for resource in on.into_iter().filter(|resource| allowed(&before, used, resource)) {
                let is_left_out = proposal.left_out.contains_key(&action(used));
                prop_assert!(is_left_out || allowed(&after, used, resource), "{used} on {resource}");
            }
        }
        for used in case.generated.iter().flatten().filter(|used| !proposal.left_out.contains_key(&action(used))) {
            let is_narrowed = matches!(proposal.narrowed.get(&action(used)), Some(Narrowing::To(_)));
            for resource in RESOURCES.into_iter().filter(|resource| !is_narrowed && allowed(&before, used, resource)) {
                prop_assert!(allowed(&after, used, resource), "{used} on {resource}");
            }
        }
    }

    #[test]
    fn no_way_to_more_rights_is_open(case in case()) {
        let Ok(proposal) = case.proposed() else { return Ok(()) };
        let alone = |(at, policy): (usize, &Policy)| RolePolicy {
            source: PolicySource::Inline(format!("p{at}")),
            document: Document::Understood(policy.clone().into()),
        };
        let policies = proposal.documents.iter().enumerate().map(alone).collect();
        let judged = Assessment::of(&RoleSnapshot { policies, ..case.role() });
        prop_assert_eq!(judged.administrator(), Administrator::No);
        prop_assert!(judged.breaches().iter().all(|breach| breach.check != CheckId::PrivilegeEscalation));
    }

    #[test]
    fn iam_takes_the_documents_and_the_boundary(case in case()) {
        let Ok(proposal) = case.proposed() else { return Ok(()) };
        prop_assert!(!proposal.documents.is_empty() && proposal.documents.len() <= 10);
        let boundary = match &proposal.boundary {
            FittedBoundary::Document { policy, .. } => Some(&**policy),
            FittedBoundary::Missing(_) => None,
        };
        for document in proposal.documents.iter().chain(boundary) {
            prop_assert!(document.size() <= 6_144);
            let problems = document.validate(PolicyKind::Identity);
            prop_assert!(problems.iter().all(|problem| problem.level != Level::Refused), "{problems:?}");
        }
    }

    #[test]
    fn the_boundary_is_within_ours_and_leaves_the_policy(case in case()) {
        let Ok(Proposal { boundary: FittedBoundary::Document { policy, leaves }, documents, .. }) = case.proposed() else {
            return Ok(())
        };
        let (ours, after) = (our_document(), documents.iter().collect::<Vec<_>>());
        let ours = ours.understood().unwrap();
        prop_assert_eq!(within(&[&policy], &[ours]), Containment::Pass);
        for (action, resource) in requests().filter(|(action, resource)| allowed(&after, action, resource)) {
            let is_ours = leaves == Leaves::WhatOursLeaves && !allowed(&[ours], action, resource);
            prop_assert!(is_ours || allowed(&[&policy], action, resource), "{action} on {resource}");
        }
    }

    #[test]
    fn the_order_of_evidence_and_policies_does_not_matter(case in case(), seed in any::<u64>()) {
        let mut turned = case.clone();
        let turns = usize::try_from(seed % 7).unwrap();
        let (records, statements) = (turned.records.len().max(1), turned.statements.len());
        turned.records.rotate_left(turns % records);
        if let Some(generated) = &mut turned.generated {
            generated.reverse();
        }
        prop_assert_eq!(case.proposed(), case.proposed(), "the same again");
        // The policies keep their names; only the order in which IAM tells them changes.
        let mut role = case.role();
        role.policies.rotate_left(turns % statements);
        let (generated, history) = (turned.generated(), history(&turned.records));
        let evidence = Evidence { generated: &generated, history: &history, last_accessed: None };
        prop_assert_eq!(propose(&role, &our_document(), &evidence), case.proposed());
    }

    /// Two exceptions are meant: what is left out, and the first call that names what Access Analyzer told without a resource.
    #[test]
    fn another_call_takes_nothing_away(case in case(), more in record()) {
        let Ok(proposal) = case.proposed() else { return Ok(()) };
        let mut records = case.records.clone();
        records.push(more.clone());
        let longer = Case { records, ..case.clone() };
        let Ok(next) = longer.proposed() else { return Ok(()) };
        let left_out: BTreeSet<&ActionName> = next.left_out.keys().collect();
        for kept in proposal.kept.keys() {
            prop_assert!(next.kept.contains_key(kept) || left_out.contains(kept), "{kept}");
        }
        let (before, after): (Vec<&Policy>, Vec<&Policy>) = (proposal.documents.iter().collect(), next.documents.iter().collect());
        let called: BTreeSet<&str> = case.records.iter().filter_map(made).map(|(action, _)| action).collect();
        let first_named = made(&more).filter(|(action, _)| !called.contains(action)).map(|(action, _)| action);
        for (used, resource) in requests().filter(|(used, _)| !left_out.contains(&action(used)) && Some(*used) != first_named) {
            prop_assert!(!allowed(&before, used, resource) || allowed(&after, used, resource), "{used} on {resource}");
        }
    }
}

/// The properties above say nothing where there is no proposal.
#[test]
fn most_cases_have_a_proposal() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let (mut proposals, mut left_out, mut narrowed, mut bounded) = (0, 0, 0, 0);
    for _ in 0..100 {
        let Ok(proposal) = case().new_tree(&mut runner).unwrap().current().proposed() else { continue };
        proposals += 1;
        left_out += usize::from(!proposal.left_out.is_empty());
        narrowed +=
            usize::from(proposal.narrowed.values().any(|narrowing| matches!(narrowing, Narrowing::To(_))));
        bounded += usize::from(matches!(proposal.boundary, FittedBoundary::Document { .. }));
    }
    assert!(
        proposals > 60 && left_out > 5 && narrowed > 10 && bounded > 50,
        "{proposals} {left_out} {narrowed} {bounded}"
    );
}
