//! What is asked of IAM's simulator, and when two verdicts count as the same.

use crate::roles::{allow, boundary, deny, document, existing_role, snapshot, with_boundary};
use guardrail::escalation::Escalations;
use guardrail::simulation::{
    Comparison, MOST_CALLS, NotComparable, Organization, SimulatedCall, SimulatorAnswer, Tally, compare,
    questions, tally,
};
use guardrail::snapshot::{Boundary, Document, RoleSnapshot};
use iam_policy::Verdict;
use serde_json::{Value, json};

const OWN: &str = "arn:aws:iam::123456789012:role/service-role/orders-api-role";
const TEAM: &str = "arn:aws:iam::123456789012:policy/team";

fn role(statements: Value) -> RoleSnapshot {
    snapshot(existing_role(), Boundary::Absent, &[statements])
}

fn call(action: &str, resource: &str) -> SimulatedCall {
    SimulatedCall { action: action.parse().unwrap(), resource: resource.to_owned() }
}

fn answer(action: &str, resource: &str, verdict: Verdict) -> SimulatorAnswer {
    SimulatorAnswer {
        call: call(action, resource),
        verdict,
        missing_keys: Vec::new(),
        organization: Organization::Allows,
        matched: Vec::new(),
    }
}

#[test]
fn a_named_action_is_asked_about_on_its_resource_and_on_none() {
    let role = role(allow(json!("s3:GetObject"), json!("arn:aws:s3:::orders/*")));
    let asked = questions(&role).unwrap();
    assert!(asked.calls.contains(&call("s3:GetObject", "arn:aws:s3:::orders/simulated")));
    assert!(asked.calls.contains(&call("s3:GetObject", "*")));
    assert_eq!(asked.left_out, 0);
}

#[test]
fn what_a_pattern_leaves_open_is_filled_in_and_what_cannot_be_is_left() {
    for (pattern, expected) in [
        ("arn:aws:sqs:*:*:orders-?", Some("arn:aws:sqs:us-east-1:123456789012:orders-x")),
        (
            "arn:*:dynamodb:eu-west-1:210987654321:table/o*",
            Some("arn:aws:dynamodb:eu-west-1:210987654321:table/osimulated"),
        ),
        ("arn:aws:s3:::${aws:PrincipalTag/team}/*", None),
        ("arn:aws:*:us-east-1:123456789012:orders", None),
    ] {
        let asked = questions(&role(allow(json!("sqs:SendMessage"), json!(pattern)))).unwrap();
        let resources: Vec<&str> = asked
            .calls
            .iter()
            .filter(|call| call.action.as_str() == "sqs:SendMessage" && call.resource != "*")
            .map(|call| call.resource.as_str())
            .collect();
        assert_eq!(resources, expected.into_iter().collect::<Vec<_>>(), "{pattern}");
    }
}

#[test]
fn every_action_of_a_known_way_to_more_rights_is_asked_about() {
    let asked = questions(&role(allow(json!("s3:GetObject"), json!("*")))).unwrap();
    for action in Escalations::bundled().iter().flat_map(|way| way.actions()) {
        assert!(asked.calls.contains(&call(action.as_str(), "*")), "{action}");
    }
    assert!(asked.calls.contains(&call("iam:PutRolePolicy", OWN)));
}

#[test]
fn a_wildcard_is_asked_about_by_a_few_of_its_actions() {
    let asked = questions(&role(allow(json!("s3:*"), json!("*")))).unwrap();
    let of_s3 = asked.calls.iter().filter(|call| call.action.service() == "s3").count();
    assert!((4..=20).contains(&of_s3), "{of_s3}");
}

#[test]
fn too_many_calls_are_cut_and_counted() {
    let buckets: Vec<String> = (0..300).map(|n| format!("arn:aws:s3:::orders-{n}/*")).collect();
    let asked = questions(&role(allow(json!("s3:*"), json!(buckets)))).unwrap();
    assert!(asked.left_out > 0);
    // What is known to be dangerous is asked about in any case.
    assert!(asked.calls.len() > MOST_CALLS && asked.calls.contains(&call("iam:PassRole", "*")));
}

#[test]
fn calls_on_one_resource_stand_together() {
    let role = role(json!([
        allow(json!(["s3:GetObject", "s3:PutObject"]), json!(["arn:aws:s3:::a/*", "arn:aws:s3:::b/*"])),
        allow(json!("sqs:SendMessage"), json!("*")),
    ]));
    let mut resources: Vec<String> =
        questions(&role).unwrap().calls.into_iter().map(|call| call.resource).collect();
    resources.dedup();
    let apart = resources.len();
    resources.sort_unstable();
    resources.dedup();
    assert_eq!(resources.len(), apart);
}

#[test]
fn a_policy_that_is_not_understood_is_named_and_nothing_is_asked() {
    let mut role = role(allow(json!("s3:GetObject"), json!("*")));
    role.policies[0].document = Document::parse("{");
    assert_eq!(questions(&role).unwrap_err(), ["inline:p0"]);
    for document in [Document::Gone, Document::parse("{")] {
        let capped = snapshot(with_boundary(existing_role(), TEAM), boundary(TEAM, document), &[]);
        assert_eq!(questions(&capped).unwrap_err(), ["boundary"]);
    }
}

#[test]
fn the_same_verdict_agrees_and_another_one_differs_with_what_ours_rests_on() {
    let role = role(json!([
        allow(json!("s3:*"), json!("arn:aws:s3:::orders/*")),
        deny(json!("s3:DeleteObject"), json!("*")),
    ]));
    for (action, resource, verdict) in [
        ("s3:GetObject", "arn:aws:s3:::orders/a", Verdict::Allowed),
        ("s3:DeleteObject", "arn:aws:s3:::orders/a", Verdict::ExplicitlyDenied),
        ("s3:GetObject", "arn:aws:s3:::others/a", Verdict::ImplicitlyDenied),
    ] {
        assert_eq!(
            compare(&role, &answer(action, resource, verdict)),
            Ok(Comparison::Agree),
            "{action} {resource}"
        );
    }
    let compared = compare(&role, &answer("s3:GetObject", "arn:aws:s3:::others/a", Verdict::Allowed));
    let because = "not allowed by the identity policies".to_owned();
    assert_eq!(compared, Ok(Comparison::Differ { ours: Verdict::ImplicitlyDenied, because }));
}

#[test]
fn the_boundary_counts_on_both_sides() {
    let team = document(allow(json!("sqs:*"), json!("*")));
    let capped = snapshot(
        with_boundary(existing_role(), TEAM),
        boundary(TEAM, team),
        &[allow(json!("s3:*"), json!("*"))],
    );
    let refused = answer("s3:GetObject", "arn:aws:s3:::orders/a", Verdict::ImplicitlyDenied);
    assert_eq!(compare(&capped, &refused), Ok(Comparison::Agree));
    assert!(questions(&capped).unwrap().calls.iter().any(|call| call.action.service() == "sqs"));
}

#[test]
fn a_resource_of_another_account_is_taken_for_the_roles_own_as_the_simulator_does() {
    let role = role(allow(json!("sqs:SendMessage"), json!("*")));
    let there = answer("sqs:SendMessage", "arn:aws:sqs:us-east-1:210987654321:orders", Verdict::Allowed);
    assert_eq!(compare(&role, &there), Ok(Comparison::Agree));
}

#[test]
fn a_verdict_that_hangs_on_keys_nobody_gave_is_no_agreement() {
    let mut conditional = allow(json!("s3:GetObject"), json!("*"));
    conditional["Condition"] = json!({"StringEquals": {"aws:SourceVpc": "vpc-1"}});
    let role = role(json!([conditional, allow(json!("sqs:SendMessage"), json!("*"))]));
    let mut answer = answer("s3:GetObject", "arn:aws:s3:::orders/a", Verdict::ImplicitlyDenied);
    answer.missing_keys = vec!["aws:sourcevpc".to_owned()];
    let missing = NotComparable::MissingKeys(vec!["aws:SourceVpc".to_owned()]);
    assert_eq!(compare(&role, &answer), Ok(Comparison::NotComparable(missing)));
    // The simulator names the keys of all statements; those of others decide nothing.
    answer.call = call("sqs:SendMessage", "*");
    answer.verdict = Verdict::Allowed;
    assert_eq!(compare(&role, &answer), Ok(Comparison::Agree));
}

#[test]
fn what_the_organization_refuses_cannot_be_compared_even_where_both_refuse() {
    let role = role(allow(json!("s3:GetObject"), json!("*")));
    let refused = |action| SimulatorAnswer {
        organization: Organization::Refuses,
        ..answer(action, "arn:aws:s3:::orders/a", Verdict::ImplicitlyDenied)
    };
    let why = Comparison::NotComparable(NotComparable::Organization);
    for action in ["s3:GetObject", "s3:PutObject"] {
        assert_eq!(compare(&role, &refused(action)), Ok(why.clone()), "{action}");
    }
}

#[test]
fn a_key_in_a_resource_counts_as_one_that_nobody_gave() {
    let role = role(allow(json!("s3:GetObject"), json!("arn:aws:s3:::${aws:PrincipalTag/team}/*")));
    let mut answer = answer("s3:GetObject", "arn:aws:s3:::orders/a", Verdict::ImplicitlyDenied);
    answer.missing_keys = vec!["aws:principaltag/team".to_owned()];
    let missing = NotComparable::MissingKeys(vec!["aws:PrincipalTag/team".to_owned()]);
    assert_eq!(compare(&role, &answer), Ok(Comparison::NotComparable(missing)));
}

#[test]
fn of_not_action_and_not_resource_both_sides_are_asked_about() {
    let role =
        role(json!({"Effect": "Allow", "NotAction": "iam:*", "NotResource": "arn:aws:sqs:*:*:orders"}));
    let asked = questions(&role).unwrap();
    let on = |resource: &str| {
        let calls = asked.calls.iter().filter(|call| call.resource == resource);
        calls.map(|call| call.action.service()).collect::<std::collections::BTreeSet<_>>()
    };
    for resource in
        ["arn:aws:sqs:us-east-1:123456789012:orders", "arn:aws:sqs:us-east-1:123456789012:another-simulated"]
    {
        let services = on(resource);
        assert!(services.contains("iam") && services.len() > 15, "{resource}: {services:?}");
    }
}

#[test]
fn answers_are_counted_by_service() {
    let differ = Comparison::Differ { ours: Verdict::Allowed, because: String::new() };
    let compared = [
        (answer("s3:GetObject", "*", Verdict::Allowed), Comparison::Agree),
        (answer("s3:PutObject", "*", Verdict::Allowed), differ),
        (
            answer("sqs:SendMessage", "*", Verdict::Allowed),
            Comparison::NotComparable(NotComparable::Organization),
        ),
    ];
    let tallies = tally(&compared);
    assert_eq!(tallies["s3"], Tally { agree: 1, differ: 1, not_comparable: 0 });
    assert_eq!(tallies["sqs"], Tally { agree: 0, differ: 0, not_comparable: 1 });
}
