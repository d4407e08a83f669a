//! Which privilege escalations a boundary leaves open.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use iam_policy::{
    ActionName, EscalationSet, EscalationTarget, EscapeStep, Policies, Policy, Verdict, escapes, evaluate,
};
use serde_json::{Value, json};

const ROLE: &str = "arn:aws:iam::111122223333:role/team/fn";

fn set(actions: &[&str], target: EscalationTarget) -> EscalationSet {
    let actions: Vec<ActionName> = actions.iter().map(|action| action.parse().unwrap()).collect();
    EscalationSet { id: "set".into(), actions, target }
}

/// A boundary that allows everything but for these statements.
fn all_but(denies: &[Value]) -> Policy {
    let allow = json!({ "Effect": "Allow", "Action": "*", "Resource": "*" });
    let statements: Vec<&Value> = [&allow].into_iter().chain(denies).collect();
    Policy::from_value(&json!({ "Version": "2012-10-17", "Statement": statements })).unwrap()
}

fn deny(action: &str, resource: &str) -> Value {
    json!({ "Effect": "Deny", "Action": action, "Resource": resource })
}

fn is_open(boundary: &Policy, set: &EscalationSet) -> bool {
    let found = escapes(boundary, &ROLE.parse().unwrap(), [set]);
    for step in found.iter().flat_map(|escape| &escape.steps) {
        if let EscapeStep::Allowed(request) = step {
            let judged = evaluate(&Policies { identity: &[boundary], ..Policies::default() }, request);
            assert_eq!(judged.verdict, Verdict::Allowed, "{request:?}");
        }
    }
    !found.is_empty()
}

#[test]
fn every_action_of_a_set_has_to_be_possible() {
    let pass_role = set(&["iam:PassRole", "lambda:CreateFunction"], EscalationTarget::Account);
    assert!(is_open(&all_but(&[]), &pass_role));
    assert!(!is_open(&all_but(&[deny("iam:PassRole", "*")]), &pass_role));
    assert!(!is_open(&all_but(&[deny("lambda:Create*", "*")]), &pass_role));
    assert!(!is_open(&Policy::empty(), &pass_role));
    assert!(!is_open(&all_but(&[]), &set(&[], EscalationTarget::Account)));
}

#[test]
fn only_the_account_of_the_role_counts() {
    let assume = set(&["sts:AssumeRole"], EscalationTarget::Account);
    assert!(!is_open(&all_but(&[deny("sts:*", "arn:aws:iam::111122223333:*")]), &assume));
    assert!(!is_open(&all_but(&[deny("sts:*", "arn:aws:iam::111122223333:role/*")]), &assume));
    assert!(is_open(&all_but(&[deny("sts:*", "arn:aws:iam::111122223333:role/a*")]), &assume));
    assert!(is_open(&all_but(&[deny("sts:*", "arn:aws:iam::444455556666:*")]), &assume));
}

#[test]
fn self_escalation_is_about_the_role_itself_or_any_policy() {
    let attach = set(&["iam:AttachRolePolicy"], EscalationTarget::Itself);
    assert!(!is_open(&all_but(&[deny("iam:*", "arn:aws:iam::*:role/team/*")]), &attach));
    assert!(is_open(&all_but(&[deny("iam:*", "arn:aws:iam::*:role/fn")]), &attach));
    let version = set(&["iam:CreatePolicyVersion"], EscalationTarget::Itself);
    assert!(is_open(&all_but(&[deny("iam:*", "arn:aws:iam::*:role/*")]), &version));
    assert!(!is_open(&all_but(&[deny("iam:*", "arn:aws:iam::111122223333:policy/*")]), &version));
}

#[test]
fn a_condition_that_can_be_met_closes_nothing() {
    let attach = set(&["iam:AttachRolePolicy"], EscalationTarget::Itself);
    let unless_tagged = json!({ "Effect": "Deny", "Action": "iam:*", "Resource": "*",
        "Condition": { "StringNotEquals": { "aws:PrincipalTag/team": "platform" } } });
    assert!(is_open(&all_but(&[unless_tagged]), &attach));
    let when_tagged = |missing: &str| {
        json!({ "Effect": "Deny", "Action": "iam:*", "Resource": "*",
            "Condition": { "Null": { "aws:PrincipalTag/team": missing } } })
    };
    assert!(is_open(&all_but(&[when_tagged("true")]), &attach));
    assert!(!is_open(&all_but(&[when_tagged("true"), when_tagged("false")]), &attach));
}

#[test]
fn actions_without_resources_and_new_ones_count() {
    let listing = set(&["s3:ListAllMyBuckets"], EscalationTarget::Account);
    assert!(is_open(&all_but(&[deny("*", "arn:*")]), &listing));
    assert!(!is_open(&all_but(&[deny("s3:List*", "*")]), &listing));
    let new = set(&["lambda:NewThing"], EscalationTarget::Account);
    assert!(is_open(&all_but(&[deny("*", "arn:aws:lambda:*")]), &new));
    assert!(is_open(&all_but(&[deny("*", "arn:aws:iam::*")]), &new));
    assert!(!is_open(&all_but(&[deny("lambda:New*", "*")]), &new));
}

/// A Deny of everything in IAM and of assuming roles under this condition.
fn deny_when(condition: &Value) -> Value {
    json!({ "Effect": "Deny", "Action": ["iam:*", "sts:*"], "Resource": "*", "Condition": condition })
}

#[test]
fn the_role_and_its_account_are_known() {
    let attach = set(&["iam:AttachRolePolicy"], EscalationTarget::Itself);
    let assume = set(&["sts:AssumeRole"], EscalationTarget::Account);
    for closes in [
        json!({ "StringEqualsIfExists": { "aws:ResourceAccount": "111122223333" } }),
        json!({ "StringEquals": { "aws:PrincipalAccount": ["111122223333", "444455556666"] } }),
        json!({ "ArnNotLike": { "aws:PrincipalArn": "arn:aws:iam::*:role/admin/*" } }),
        json!({ "StringEquals": { "aws:PrincipalType": "AssumedRole" } }),
    ] {
        assert!(!is_open(&all_but(&[deny_when(&closes)]), &attach), "{closes}");
        assert!(!is_open(&all_but(&[deny_when(&closes)]), &assume), "{closes}");
    }
    for leaves_open in [
        // A service that does not send the key is not denied.
        json!({ "StringEquals": { "aws:ResourceAccount": "111122223333" } }),
        json!({ "StringEquals": { "aws:PrincipalAccount": "444455556666" } }),
        json!({ "ArnNotLike": { "aws:PrincipalArn": "arn:aws:iam::*:role/team/*" } }),
    ] {
        assert!(is_open(&all_but(&[deny_when(&leaves_open)]), &assume), "{leaves_open}");
    }
}

#[test]
fn a_session_does_not_tell_the_path_of_its_role() {
    let attach = set(&["iam:AttachRolePolicy"], EscalationTarget::Itself);
    let but_admins =
        deny_when(&json!({ "ArnNotLike": { "aws:PrincipalArn": "arn:aws:iam::*:role/admin/*" } }));
    let session = "arn:aws:sts::111122223333:assumed-role/fn/fn".parse().unwrap();
    assert_eq!(escapes(&all_but(&[but_admins]), &session, [&attach]).len(), 1);
}
