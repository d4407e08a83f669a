//! What a boundary takes away, in words.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod strategies;

use std::fmt::Write;

use iam_policy::{
    Breadth, Catalogue, Containment, Cut, Danger, Effect, EscalationSet, EscalationTarget, Policies, Policy,
    Removal, ResourcePattern, Statement, Verdict, evaluate, impact, within,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use strategies::{policy, request, statements, verdict};

fn allow(actions: Value, resources: Value) -> Value {
    json!({ "Effect": "Allow", "Action": actions, "Resource": resources })
}

fn deny(actions: Value, resources: Value) -> Value {
    json!({ "Effect": "Deny", "Action": actions, "Resource": resources })
}

fn everything() -> Value {
    allow(json!("*"), json!("*"))
}

/// A function with a role of the caller's choice.
fn sets() -> [EscalationSet; 1] {
    let actions = ["iam:PassRole", "lambda:CreateFunction"].map(|action| action.parse().unwrap()).to_vec();
    [EscalationSet { id: "function-with-role".into(), actions, target: EscalationTarget::Account }]
}

fn texts(patterns: &[ResourcePattern]) -> String {
    patterns.iter().map(ResourcePattern::as_str).collect::<Vec<_>>().join(", ")
}

/// One line for each group: the actions, the resources and the reason.
fn told(removals: &[Removal]) -> Vec<String> {
    let line = |removal: &Removal| {
        let mut line = String::new();
        for (count, lost) in removal.actions.iter().enumerate() {
            let comma = if count == 0 { "" } else { ", " };
            let danger = if lost.danger == Danger::Dangerous { "!" } else { "" };
            let breadth = if lost.breadth == Breadth::Narrow { "=" } else { "" };
            write!(line, "{comma}{danger}{breadth}{}", lost.action).unwrap();
            for but in &lost.but {
                write!(line, " -{but}").unwrap();
            }
        }
        write!(line, " on {}", texts(&removal.resources)).unwrap();
        for but in &removal.but_resources {
            write!(line, " -{but}").unwrap();
        }
        for (_, test) in &removal.conditions {
            write!(line, " if {}", test.key()).unwrap();
        }
        match &removal.cut {
            Cut::Denied(deny) => write!(line, ": denied by {deny}").unwrap(),
            Cut::NotAllowed => line.push_str(": not allowed"),
            Cut::AllowedInPart(allows) => write!(line, ": allowed in part by {allows:?}").unwrap(),
        }
        line
    };
    removals.iter().map(line).collect()
}

fn told_of(identity: &Value, boundary: &Value) -> Vec<String> {
    let (identity, boundary) = (policy(identity), policy(boundary));
    let removals = impact(&[&identity], &boundary, &sets()).unwrap();
    removals.iter().for_each(|removal| shows_what_it_says(&identity, &boundary, removal));
    told(&removals)
}

/// Every example is allowed without the boundary and not with it, by the grant and for the reason that are told.
fn shows_what_it_says(identity: &Policy, boundary: &Policy, removal: &Removal) {
    let only = |policy: &Policy, keeps: &dyn Fn(&Statement) -> bool| {
        let mut document = policy.to_value();
        let all = document["Statement"].as_array().cloned();
        let all = all.unwrap_or_else(|| vec![document["Statement"].clone()]);
        let kept = policy.statements().iter().filter(|statement| keeps(statement));
        document["Statement"] = kept.map(|statement| all[statement.index()].clone()).collect();
        Policy::from_value(&document).unwrap()
    };
    let grant = only(identity, &|statement| statement.index() == removal.grant.statement);
    for lost in &removal.actions {
        let Some(example) = &lost.example else { continue };
        assert!(lost.action.matches(&example.action), "{lost:?}");
        assert!(!lost.but.iter().any(|but| but.matches(&example.action)), "{lost:?}");
        let policies = Policies { identity: &[identity], ..Policies::default() };
        assert_eq!(evaluate(&policies, example).verdict, Verdict::Allowed, "{example:?}");
        let bounded = Policies { boundary: Some(boundary), ..policies };
        assert_ne!(evaluate(&bounded, example).verdict, Verdict::Allowed, "{example:?}");
        assert_eq!(verdict(&grant, example), Verdict::Allowed, "{example:?} by {grant}");
        match &removal.cut {
            Cut::Denied(deny) => {
                let deny = only(boundary, &|statement| statement.index() == *deny);
                assert_eq!(verdict(&deny, example), Verdict::ExplicitlyDenied, "{example:?} by {deny}");
            }
            Cut::NotAllowed | Cut::AllowedInPart(_) => {
                let allows = only(boundary, &|statement| statement.effect() == Effect::Allow);
                assert_ne!(verdict(&allows, example), Verdict::Allowed, "{example:?} by {allows}");
            }
        }
    }
}

#[test]
fn what_is_within_the_boundary_loses_nothing() {
    let role = json!([allow(json!("s3:*"), json!("*")), deny(json!("iam:*"), json!("*"))]);
    assert_eq!(told_of(&role, &role), Vec::<String>::new());
    assert_eq!(told_of(&role, &everything()), Vec::<String>::new());
}

#[test]
fn a_deny_is_told_in_its_own_words_as_far_as_the_grant_reaches() {
    let boundary = json!([everything(), deny(json!(["iam:*", "s3:Delete*"]), json!("*"))]);
    assert_eq!(told_of(&everything(), &boundary), ["!iam:*, s3:Delete* on *: denied by 1"]);
    assert_eq!(
        told_of(&allow(json!(["s3:*Bucket", "iam:GetRole"]), json!("*")), &boundary),
        ["iam:GetRole, s3:DeleteBucket on *: denied by 1"]
    );
}

#[test]
fn a_named_grant_is_narrow_and_part_of_an_escalation_dangerous() {
    let boundary = json!([everything(), deny(json!(["iam:PassRole", "lambda:Create*"]), json!("*"))]);
    let role = "arn:aws:iam::111122223333:role/worker";
    let both = allow(
        json!(["iam:PassRole", "lambda:CreateFunction"]),
        json!([role, "arn:aws:lambda:*:*:function:x"]),
    );
    assert_eq!(
        told_of(&both, &boundary),
        [
            format!("!=iam:PassRole on {role}: denied by 1"),
            "!lambda:CreateFunction on arn:aws:lambda:*:*:function:x: denied by 1".to_owned(),
        ]
    );
    // Passing a role gains nothing without something to pass it to.
    assert_eq!(
        told_of(&allow(json!("iam:PassRole"), json!(role)), &boundary),
        [format!("=iam:PassRole on {role}: denied by 1")]
    );
}

#[test]
fn what_a_list_of_allows_leaves_out_is_told_by_what_it_leaves() {
    let boundary = json!([
        allow(json!(["s3:GetObject", "s3:PutObject"]), json!("arn:aws:s3:::mine/*")),
        allow(json!("sqs:*"), json!("*")),
    ]);
    assert_eq!(
        told_of(&allow(json!("s3:*"), json!("*")), &boundary),
        [
            "s3:* -s3:GetObject -s3:PutObject on *: not allowed",
            "s3:GetObject, s3:PutObject on * -arn:aws:s3:::mine/*: allowed in part by [0]",
        ]
    );
    assert_eq!(
        told_of(&everything(), &boundary),
        [
            "!* -s3:GetObject -s3:PutObject -sqs:* on *: not allowed",
            "s3:GetObject, s3:PutObject on * -arn:aws:s3:::mine/*: allowed in part by [0]",
        ]
    );
}

#[test]
fn a_service_of_which_nothing_is_left_is_told_as_a_whole() {
    let boundary = allow(json!(["logs:*", "s3:Get*"]), json!("*"));
    assert_eq!(
        told_of(&allow(json!(["sqs:SendMessage", "sqs:*", "sns:Publish"]), json!("*")), &boundary),
        ["sqs:*, sns:Publish on *: not allowed"]
    );
    let but = json!({ "Effect": "Allow", "NotAction": ["iam:*", "logs:*"], "Resource": "*" });
    assert_eq!(told_of(&but, &boundary), ["* -iam:* -logs:* -s3:Get* on *: not allowed"]);
}

#[test]
fn only_the_resources_that_are_lost_are_told() {
    let boundary = json!([everything(), deny(json!("*"), json!("arn:aws:s3:::secret*"))]);
    assert_eq!(
        told_of(&allow(json!("s3:GetObject"), json!(["arn:aws:s3:::open/*", "arn:aws:s3:::*/x"])), &boundary),
        ["s3:GetObject on arn:aws:s3:::secret*/x: denied by 1"]
    );
    // No queue is a bucket.
    assert_eq!(
        told_of(&allow(json!(["sqs:*", "s3:ListBucket"]), json!("*")), &boundary),
        ["s3:ListBucket on arn:aws:s3:::secret*: denied by 1"]
    );
}

#[test]
fn a_grant_of_everything_is_broad_whatever_is_lost_of_it() {
    let boundary = json!([everything(), deny(json!("s3:*"), json!("arn:aws:s3:::secret/x"))]);
    assert_eq!(
        told_of(&allow(json!("s3:GetObject"), json!("*")), &boundary),
        ["s3:GetObject on arn:aws:s3:::secret/x: denied by 1"]
    );
}

#[test]
fn no_words_take_back_all_that_they_say() {
    let boundary = json!({ "Effect": "Allow", "NotAction": "s3:List*", "Resource": "*" });
    for line in told_of(&allow(json!("s3:*Object"), json!("*")), &boundary) {
        assert!(!line.contains("s3:*Object -s3:*Object"), "{line}");
    }
}

#[test]
fn what_the_role_denies_itself_is_not_lost() {
    let role = json!([everything(), deny(json!("iam:*"), json!("*"))]);
    let boundary = json!([everything(), deny(json!(["iam:*", "sts:AssumeRole"]), json!("*"))]);
    assert_eq!(told_of(&role, &boundary), ["sts:AssumeRole on *: denied by 1"]);
}

#[test]
fn conditions_of_both_sides_are_told() {
    let mut granted = allow(json!("s3:GetObject"), json!("*"));
    granted["Condition"] = json!({ "StringEquals": { "aws:RequestedRegion": "eu-west-1" } });
    let mut denied = deny(json!("s3:*"), json!("*"));
    denied["Condition"] = json!({ "Bool": { "aws:SecureTransport": "false" } });
    assert_eq!(
        told_of(&granted, &json!([everything(), denied])),
        ["s3:GetObject on * if aws:RequestedRegion if aws:SecureTransport: denied by 1"]
    );
}

#[test]
fn only_what_is_left_for_certain_is_told_as_left() {
    let grant = allow(json!("s3:GetObject"), json!("arn:aws:s3:::mine/*"));
    // The guide does not say that a star may stand for a service.
    assert_eq!(
        told_of(&grant, &allow(json!("s*:Get*"), json!("arn:aws:s3:::mine/a*"))),
        ["s3:GetObject on arn:aws:s3:::mine/*: allowed in part by [0]"]
    );
    assert_eq!(told_of(&everything(), &allow(json!("*:*"), json!("*"))), ["!* on *: allowed in part by [0]"]);
    assert_eq!(
        told_of(
            &grant,
            &json!([
                allow(json!("s*:Get*"), json!("arn:aws:s3:::mine/a*")),
                allow(json!("s3:Get*"), json!("arn:aws:s3:::mine/b*"))
            ])
        ),
        ["s3:GetObject on arn:aws:s3:::mine/* -arn:aws:s3:::mine/b*: allowed in part by [0, 1]"]
    );
}

#[test]
fn what_the_boundary_allows_elsewhere_is_not_told() {
    let grant = |resources: Value| allow(json!("s3:GetObject"), resources);
    let elsewhere = || allow(json!("*"), json!(["arn:aws:s3:::theirs/*", "arn:aws:sqs:*:*:jobs"]));
    assert_eq!(
        told_of(&grant(json!("arn:aws:s3:::mine/*")), &elsewhere()),
        ["s3:GetObject on arn:aws:s3:::mine/*: not allowed"]
    );
    assert_eq!(
        told_of(
            &grant(json!("arn:aws:s3:::mine/*")),
            &json!([elsewhere(), allow(json!("s3:*"), json!(["arn:aws:s3:::mine/a*", "arn:aws:s3:::his"]))])
        ),
        ["s3:GetObject on arn:aws:s3:::mine/* -arn:aws:s3:::mine/a*: allowed in part by [1]"]
    );
    // No queue is an object.
    assert_eq!(
        told_of(&allow(json!(["s3:GetObject", "sns:Publish"]), json!("*")), &elsewhere()),
        ["sns:Publish on *: not allowed", "s3:GetObject on * -arn:aws:s3:::theirs/*: allowed in part by [0]",]
    );
}

#[test]
fn what_is_lost_of_other_services_is_shown_by_an_action_of_one() {
    let role =
        json!([everything(), deny(json!(["s3:Get*", "s3:GetObject*"]), json!("arn:aws:s3:::nowhere/x"))]);
    let denies_objects = json!([everything(), deny(json!("*"), json!("arn:aws:s3:::x/*"))]);
    for (role, boundary) in [
        (everything(), allow(json!(["sqs:*", "s3:Get*"]), json!("*"))),
        (
            json!({ "Effect": "Allow", "NotAction": "s3:*", "Resource": "*" }),
            allow(json!("sqs:*"), json!("*")),
        ),
        (role, denies_objects),
    ] {
        let removals = impact(&[&policy(&role)], &policy(&boundary), &sets()).unwrap();
        for lost in removals.iter().flat_map(|removal| &removal.actions) {
            let example = lost.example.as_ref().map(|example| example.action.clone()).unwrap();
            assert!(Catalogue::bundled().action(&example).is_some(), "{example} of {lost:?}");
        }
        assert!(told_of(&role, &boundary).iter().any(|line| line.contains('*')));
    }
}

#[test]
fn what_looks_like_a_variable_is_text_in_a_document_of_the_old_version() {
    let literal = "arn:aws:s3:::b/${aws:username}/*";
    let told = "arn:aws:s3:::b/${aws:username}/x".parse().unwrap();
    let everything = policy(&everything());
    let old = |statements: Value| Policy::from_value(&json!({ "Statement": statements })).unwrap();
    let grant = |resource: &str| old(allow(json!("s3:GetObject"), json!(resource)));
    let all_but_literal = policy(&deny(json!("s3:Get*"), json!("*")));
    let denies_literal = old(json!([allow(json!("*"), json!("*")), deny(json!("s3:Get*"), json!(literal))]));
    for (identity, boundary) in [(&grant(literal), &all_but_literal), (&everything, &denies_literal)] {
        let removals = impact(&[identity], boundary, &sets()).unwrap();
        assert_eq!(texts(&removals[0].resources), literal);
        assert!(removals[0].resources[0].matches(&told), "{identity} under {boundary}");
    }
    let leaves_literal = old(allow(json!("s3:*"), json!(literal)));
    let removals = impact(&[&grant("*")], &leaves_literal, &sets()).unwrap();
    assert!(removals[0].but_resources[0].matches(&told), "{removals:?}");
}

#[test]
fn an_action_that_aws_does_not_list_is_not_left_out() {
    let boundary = json!([everything(), deny(json!("s3:*"), json!("*"))]);
    assert_eq!(
        told_of(&allow(json!(["s3:Teleport", "new:Thing"]), json!("*")), &boundary),
        ["s3:Teleport on *: denied by 1"]
    );
    assert_eq!(
        told_of(&allow(json!(["s3:Teleport", "new:Thing"]), json!("*")), &allow(json!("sqs:*"), json!("*"))),
        ["s3:Teleport, new:Thing on *: not allowed"]
    );
}

/// Whether AWS has such a request: an action on a resource of its service.
fn is_real(action: &str, resource: &str) -> bool {
    matches!((action, resource), ("s3:GetObject" | "s3:PutObject", resource) if resource.starts_with("arn:aws:s3:::p/"))
        || (action == "sqs:SendMessage" && resource == "arn:aws:sqs:a:b:jobs")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    /// Nothing that is lost goes untold, and nothing is told of a role that loses nothing.
    #[test]
    fn every_lost_request_is_told(
        identity in statements(), boundary in statements(), requests in prop::collection::vec(request(), 60)
    ) {
        let (identity, boundary) = (policy(&json!(identity)), policy(&json!(boundary)));
        let Ok(removals) = impact(&[&identity], &boundary, &sets()) else { return Ok(()) };
        if within(&[&identity], &[&boundary]) == Containment::Pass {
            prop_assert!(removals.is_empty());
        }
        for removal in &removals {
            prop_assert!(!removal.actions.is_empty() && !removal.resources.is_empty(), "{removal:?}");
        }
        let is_told = |request: &iam_policy::Request| removals.iter().any(|removal| {
            let says = |lost: &iam_policy::LostAction| lost.action.matches(&request.action)
                && !lost.but.iter().any(|but| but.matches(&request.action));
            removal.actions.iter().any(says)
        });
        for request in &requests {
            let is_lost =
                verdict(&identity, request) == Verdict::Allowed && verdict(&boundary, request) != Verdict::Allowed;
            if is_lost && is_real(request.action.as_str(), request.resource.as_str()) {
                prop_assert!(is_told(request), "{request:?} of {:#?}", told(&removals));
            }
        }
        removals.iter().for_each(|removal| shows_what_it_says(&identity, &boundary, removal));
    }

    #[test]
    fn a_boundary_that_is_the_role_takes_nothing(statements in statements()) {
        let policy: Policy = policy(&json!(statements));
        prop_assert_eq!(impact(&[&policy], &policy, &sets()), Ok(Vec::new()));
    }
}
