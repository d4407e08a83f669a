//! The policy and the boundary that are proposed to roles of real life, under the boundaries that are shipped.

use super::form::QUOTA;
use super::roles::{Kind, RoleShape, role_shapes};
use super::{PROFILES, document, policy};
use crate::stack;
use guardrail::proposal::{
    Coverage, Evidence, FittedBoundary, Generated, History, JobAnswer, NoProposal, Period, Proposal, Reading,
    propose,
};
use guardrail::snapshot::{Boundary, Document, PolicySource, Role, RolePolicy, RoleSnapshot};
use iam_policy::{ActionName, ActionPattern, Containment, Effect, Policy, within};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

const ROLE: &str = "arn:aws:iam::123456789012:role/orders";

/// A role of this shape, which may also translate, and never did.
fn role(shape: &RoleShape) -> RoleSnapshot {
    let unused = json!({"Statement": {"Effect": "Allow", "Action": "translate:*", "Resource": "*"}});
    let unused = Policy::from_value(&unused).expect("a policy");
    let inline = |(at, policy): (usize, &Policy)| RolePolicy {
        source: PolicySource::Inline(format!("p{at}")),
        document: Document::Understood(policy.clone().into()),
    };
    let trust = json!({"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"Service": "lambda.amazonaws.com"}}});
    RoleSnapshot {
        role: Role {
            arn: ROLE.parse().expect("the ARN of a role"),
            id: "AROAEXAMPLE".parse().expect("the id of a role"),
            created: "2024-01-01T00:00:00Z".parse().expect("a time"),
            last_used: Some("2026-11-20T00:00:00Z".parse().expect("a time")),
            trust: Document::parse(&trust.to_string()),
            boundary: None,
            tags: [].into(),
        },
        policies: shape.policies.iter().chain([&unused]).enumerate().map(inline).collect(),
        boundary: Boundary::Absent,
    }
}

/// Access Analyzer saw all that the shape grants.
fn all_used(shape: &RoleShape) -> Generated {
    let allows = shape.policies.iter().flat_map(|policy| policy.statements());
    let allows = allows.filter(|statement| statement.effect() == Effect::Allow);
    let actions: Vec<&str> =
        allows.flat_map(|statement| statement.action().patterns()).map(ActionPattern::as_str).collect();
    let document = json!({"Statement": {"Effect": "Allow", "Action": actions, "Resource": "*"}}).to_string();
    let answer = JobAnswer {
        principal: ROLE,
        period: period(),
        coverage: Coverage::Whole,
        policies: &[document.as_str()],
    };
    Generated::read(&ROLE.parse().expect("the ARN of a role"), &answer)
}

fn period() -> Period {
    let time = |text: &str| text.parse().expect("a time");
    Period { since: time("2026-08-24T00:00:00Z"), until: time("2026-11-22T00:00:00Z") }
}

fn proposed(shape: &RoleShape, ours: &Document) -> Result<Proposal, NoProposal> {
    let history =
        History::new("us-east-1", period()).ended(Reading::NotRead("it was not asked for".to_owned()));
    let evidence = Evidence { generated: &all_used(shape), history: &history, last_accessed: None };
    propose(&role(shape), ours, &evidence)
}

#[test]
fn each_shape_gets_a_policy_without_what_it_does_not_use_and_a_boundary_that_fits() {
    let stack = stack();
    for profile in PROFILES {
        let ours = policy(document(&stack, profile));
        for shape in role_shapes() {
            let id = &shape.id;
            let proposal = proposed(&shape, &Document::Understood(ours.clone().into()));
            let proposal = proposal.unwrap_or_else(|why| panic!("no policy for `{id}`: {why}"));
            let dropped: BTreeSet<&str> = proposal.dropped.iter().map(ActionName::service).collect();
            assert_eq!(dropped, ["translate"].into(), "`{id}`");
            let FittedBoundary::Document { policy, .. } = &proposal.boundary else {
                panic!("no boundary for `{id}` within {profile}: {:?}", proposal.boundary)
            };
            assert!(policy.size() <= QUOTA, "`{id}`: {} characters", policy.size());
            assert_eq!(within(&[policy], &[&ours]), Containment::Pass, "`{id}`, {profile}");
        }
    }
}

/// What is left out of a policy although the role used it has to be done another way: that is rare, and never a surprise.
#[test]
fn of_workloads_little_is_left_out() {
    let ours = policy(document(&stack(), PROFILES[0]));
    let ours = Document::Understood(ours.into());
    let mut left_out = BTreeMap::new();
    for shape in role_shapes().into_iter().filter(|shape| shape.kind == Kind::Workload) {
        let proposal =
            proposed(&shape, &ours).unwrap_or_else(|why| panic!("no policy for `{}`: {why}", shape.id));
        let actions: Vec<String> = proposal.left_out.keys().map(ToString::to_string).collect();
        if !actions.is_empty() {
            left_out.insert(shape.id, actions);
        }
    }
    assert_eq!(left_out, BTreeMap::new());
}
