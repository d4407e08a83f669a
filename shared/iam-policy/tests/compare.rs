//! Comparison: what is within what, that a pass is never wrong, and that a failure shows a request.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod strategies;

use iam_policy::{Containment, Doubt, Verdict, within};
use proptest::prelude::*;
use serde_json::{Value, json};
use strategies::{policy, request, statement, statements, verdict};

fn compare(inner: &Value, outer: &Value) -> Containment {
    within(&[&policy(inner)], &[&policy(outer)])
}

/// An Allow of all actions on all resources under this condition.
fn when(condition: Value) -> Value {
    json!({ "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition })
}

fn allow(actions: Value, resources: Value) -> Value {
    json!({ "Effect": "Allow", "Action": actions, "Resource": resources })
}

fn deny(actions: Value, resources: Value) -> Value {
    json!({ "Effect": "Deny", "Action": actions, "Resource": resources })
}

/// The first is within the second.
fn contained() -> Vec<(Value, Value)> {
    let everything = || allow(json!("*"), json!("*"));
    vec![
        (json!([]), json!([])),
        (json!([everything()]), json!([everything()])),
        (
            allow(json!("s3:GetObject"), json!("arn:aws:s3:::b/x/*")),
            allow(json!("S3:get*"), json!("arn:aws:s3:::b/*")),
        ),
        (allow(json!(["s3:GetObject", "s3:PutObject"]), json!("*")), allow(json!("s3:*Object"), json!("*"))),
        (allow(json!("s3:?*"), json!("*")), allow(json!("s3:*"), json!("*"))),
        // Several patterns together cover one.
        (
            allow(json!("s3:Get*"), json!(["arn:aws:s3:::a/*", "arn:aws:s3:::b/*"])),
            json!([
                allow(json!("s3:*"), json!("arn:aws:s3:::a*")),
                allow(json!("s3:*"), json!("arn:aws:s3:::b*"))
            ]),
        ),
        // What the inner side denies need not be allowed.
        (
            json!([allow(json!("*"), json!("*")), deny(json!("iam:*"), json!("*"))]),
            json!({ "Effect": "Allow", "NotAction": "iam:*", "Resource": "*" }),
        ),
        (
            json!([allow(json!("s3:*"), json!("*")), deny(json!("*"), json!("arn:aws:s3:::secret/*"))]),
            json!([{ "Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::secret/*" }]),
        ),
        (json!({ "Effect": "Allow", "Action": "*", "NotResource": "*" }), json!([])),
        (allow(json!("nothing"), json!("*")), json!([])),
        // A Deny of the outer side that never meets.
        (
            allow(json!("s3:GetObject"), json!("arn:aws:s3:::a/*")),
            json!([everything(), deny(json!("s3:*"), json!("arn:aws:s3:::b/*"))]),
        ),
        (
            when(json!({ "StringEquals": { "k:a": "1" } })),
            when(json!({ "StringEquals": { "K:A": ["1", "2"] } })),
        ),
        (when(json!({ "StringEquals": { "k:a": "abc" } })), when(json!({ "StringLike": { "k:a": "a*" } }))),
        (when(json!({ "StringEquals": { "k:a": "abc" } })), when(json!({ "Null": { "k:a": "false" } }))),
        (
            when(json!({ "StringEquals": { "k:a": "1", "k:b": "2" } })),
            when(json!({ "StringEquals": { "k:b": "2" } })),
        ),
        (when(json!({ "StringEquals": { "k:a": "1" } })), when(json!({ "StringNotEquals": { "k:a": "2" } }))),
        (
            when(json!({ "StringEquals": { "k:a": "x" } })),
            when(json!({ "StringEqualsIfExists": { "k:a": "x" } })),
        ),
        (
            when(json!({ "StringEquals": { "k:a": "KEY" } })),
            when(json!({ "StringEqualsIgnoreCase": { "k:a": "key" } })),
        ),
        (
            when(json!({ "NumericLessThan": { "k:n": "5" } })),
            when(json!({ "NumericLessThanEquals": { "k:n": "5.5" } })),
        ),
        (
            when(json!({ "NumericLessThan": { "k:n": "-1.5" } })),
            when(json!({ "NumericNotEquals": { "k:n": ["-1.5", "0"] } })),
        ),
        (
            json!([
                when(json!({ "NumericLessThan": { "k:n": "5" } })),
                when(json!({ "NumericGreaterThan": { "k:n": "5" } }))
            ]),
            when(json!({ "NumericNotEquals": { "k:n": "5.0" } })),
        ),
        (
            when(
                json!({ "DateGreaterThan": { "k:d": "2025-01-01" }, "DateLessThan": { "k:d": "2025-02-01" } }),
            ),
            when(json!({ "DateGreaterThanEquals": { "k:d": "1735689600" } })),
        ),
        (
            when(json!({ "IpAddress": { "aws:SourceIp": "10.1.0.0/16" } })),
            when(json!({ "IpAddress": { "aws:SourceIp": "10.0.0.0/8" } })),
        ),
        (
            when(json!({ "IpAddress": { "aws:SourceIp": "10.0.0.0/8" } })),
            when(json!({ "IpAddress": { "aws:SourceIp": ["10.0.0.0/9", "10.128.0.0/9"] } })),
        ),
        (when(json!({ "Bool": { "k:b": "true" } })), when(json!({ "Bool": { "k:b": "TRUE" } }))),
        (when(json!({ "Bool": { "k:b": "true" } })), when(json!({ "StringNotEquals": { "k:b": "false" } }))),
        (
            when(json!({ "ArnLike": { "k:r": "arn:aws:s3:::b/*" } })),
            when(json!({ "StringLike": { "k:r": "arn:aws:s3:*" } })),
        ),
        (
            when(json!({ "ForAnyValue:StringEquals": { "k:l": "a" } })),
            when(json!({ "ForAnyValue:StringLike": { "k:l": "a*" } })),
        ),
        // Only in one region either way.
        (
            json!([allow(json!("*"), json!("*")), { "Effect": "Deny", "Action": "*", "Resource": "*",
                "Condition": { "StringNotEquals": { "aws:RequestedRegion": "eu-west-1" } } }]),
            when(json!({ "StringLike": { "aws:RequestedRegion": "eu-*" } })),
        ),
        // Variables.
        (
            allow(json!("s3:GetObject"), json!("arn:aws:s3:::home/${aws:username}/docs/*")),
            allow(json!("s3:Get*"), json!("arn:aws:s3:::home/${aws:username}/*")),
        ),
        (
            allow(json!("s3:GetObject"), json!("arn:aws:s3:::home/${aws:username}/*")),
            allow(json!("s3:Get*"), json!("arn:aws:s3:::home/*")),
        ),
    ]
}

/// The first allows something that the second does not.
fn wider() -> Vec<(Value, Value)> {
    vec![
        // Only numbers that neither policy names.
        (
            when(json!({ "NumericGreaterThan": { "k:n": "5" }, "NumericLessThan": { "k:n": "5.01" } })),
            json!([]),
        ),
        (
            when(json!({ "NumericGreaterThan": { "k:n": "-5.01" }, "NumericLessThan": { "k:n": "-5" } })),
            json!([]),
        ),
        (
            when(json!({ "NumericGreaterThan": { "k:n": "5" } })),
            when(json!({ "NumericLessThan": { "k:n": "4" } })),
        ),
        (
            when(json!({ "NumericLessThan": { "k:n": "-5" } })),
            when(json!({ "NumericGreaterThan": { "k:n": "-4" } })),
        ),
        // One empty text is a key that is there, and no value to the set operators.
        (
            when(json!({ "ForAllValues:StringEquals": { "k:l": ["a", "b"] }, "Null": { "k:l": "false" } })),
            when(json!({ "ForAnyValue:StringEquals": { "k:l": ["a", "b", ""] } })),
        ),
        (allow(json!("s3:GetObject"), json!("*")), json!([])),
        (allow(json!("s3:*"), json!("*")), allow(json!("s3:Get*"), json!("*"))),
        // The actions of tomorrow.
        (
            allow(json!("sqs:*"), json!("*")),
            allow(
                json!([
                    "sqs:Send*",
                    "sqs:Get*",
                    "sqs:List*",
                    "sqs:Receive*",
                    "sqs:Delete*",
                    "sqs:Create*",
                    "sqs:Set*",
                    "sqs:Change*",
                    "sqs:Add*",
                    "sqs:Remove*",
                    "sqs:Purge*",
                    "sqs:Start*",
                    "sqs:Cancel*",
                    "sqs:Tag*",
                    "sqs:Untag*"
                ]),
                json!("*"),
            ),
        ),
        (allow(json!("*"), json!("*")), json!({ "Effect": "Allow", "NotAction": "iam:*", "Resource": "*" })),
        (
            allow(json!("s3:GetObject"), json!("arn:aws:s3:::b/*")),
            allow(json!("s3:GetObject"), json!("arn:aws:s3:::b/x*")),
        ),
        (allow(json!("s3:GetObject"), json!("*")), allow(json!("s3:GetObject"), json!("arn:*"))),
        (
            allow(json!("a:B"), json!("arn:aws:lambda:us-*:function:f")),
            allow(json!("a:B"), json!("arn:aws:lambda:us-*1:*:function:f")),
        ),
        (
            allow(json!("*"), json!("*")),
            json!([allow(json!("*"), json!("*")), deny(json!("iam:Pass*"), json!("arn:aws:iam::*:role/x"))]),
        ),
        (when(json!({ "StringLike": { "k:a": "a*" } })), when(json!({ "StringEquals": { "k:a": "abc" } }))),
        (when(json!({ "StringNotEquals": { "k:a": "2" } })), when(json!({ "StringEquals": { "k:a": "1" } }))),
        (
            when(json!({ "StringEqualsIfExists": { "k:a": "1" } })),
            when(json!({ "StringEquals": { "k:a": "1" } })),
        ),
        (
            when(json!({ "ForAllValues:StringEquals": { "k:l": "a" } })),
            when(json!({ "ForAnyValue:StringEquals": { "k:l": "a" } })),
        ),
        (
            when(json!({ "ForAnyValue:StringEquals": { "k:l": "a" } })),
            when(json!({ "ForAllValues:StringEquals": { "k:l": "a" } })),
        ),
        (
            when(json!({ "NumericLessThanEquals": { "k:n": "5" } })),
            when(json!({ "NumericLessThan": { "k:n": "5" } })),
        ),
        (
            when(json!({ "NumericGreaterThan": { "k:n": "-5" } })),
            when(json!({ "NumericGreaterThan": { "k:n": "-4.9999999" } })),
        ),
        (
            when(json!({ "DateGreaterThan": { "k:d": "9999-12-30" } })),
            when(
                json!({ "DateGreaterThan": { "k:d": "9999-12-30" }, "DateLessThan": { "k:d": "900000000000000000" } }),
            ),
        ),
        (
            when(json!({ "DateLessThan": { "k:d": "2025-01-01T00:00:00.000000001Z" } })),
            when(json!({ "DateLessThan": { "k:d": "2025-01-01" } })),
        ),
        (
            when(json!({ "IpAddress": { "aws:SourceIp": "10.0.0.0/8" } })),
            when(json!({ "IpAddress": { "aws:SourceIp": ["10.0.0.0/9", "10.128.0.0/10"] } })),
        ),
        (
            when(json!({ "IpAddress": { "aws:SourceIp": ["10.0.0.0/8", "2001:db8::/32"] } })),
            when(json!({ "IpAddress": { "aws:SourceIp": "10.0.0.0/8" } })),
        ),
        (
            when(json!({ "StringEqualsIgnoreCase": { "k:a": "key" } })),
            when(
                json!({ "StringEquals": { "k:a": ["key", "KEY", "Key", "kEy", "keY", "KEy", "KeY", "kEY"] } }),
            ),
        ),
        (
            when(json!({ "StringLike": { "k:r": "arn:aws:s3:::b" } })),
            when(json!({ "StringEquals": { "k:r": "arn:aws:s3:::c" } })),
        ),
        (
            allow(json!("s3:GetObject"), json!("arn:aws:s3:::home/*")),
            allow(json!("s3:GetObject"), json!("arn:aws:s3:::home/${aws:username}/*")),
        ),
        (
            allow(json!("s3:GetObject"), json!("arn:aws:s3:::home/${aws:username}/*")),
            allow(json!("s3:GetObject"), json!("arn:aws:s3:::home/bob/*")),
        ),
    ]
}

#[test]
fn what_is_contained_passes() {
    for (inner, outer) in contained() {
        assert_eq!(compare(&inner, &outer), Containment::Pass, "{inner} within {outer}");
    }
}

#[test]
fn what_is_wider_fails_with_a_request() {
    for (inner, outer) in wider() {
        let Containment::Fail(found) = compare(&inner, &outer) else {
            panic!("{inner} within {outer}: {:?}", compare(&inner, &outer));
        };
        assert_eq!(verdict(&policy(&inner), &found.request), Verdict::Allowed, "{inner} within {outer}");
        assert_ne!(verdict(&policy(&outer), &found.request), Verdict::Allowed, "{inner} within {outer}");
    }
}

#[test]
fn an_example_uses_an_action_that_exists() {
    let Containment::Fail(found) = compare(
        &json!([allow(json!("*"), json!("*"))]),
        &json!([allow(json!("*"), json!("*")), deny(json!("iam:Pass*"), json!("*"))]),
    ) else {
        panic!("not a failure");
    };
    assert_eq!(found.request.action, "iam:PassRole".parse().unwrap());
    assert_eq!(found.outer.because.to_string(), "denied by identity policy 0, statement 1");
}

#[test]
fn the_policies_of_a_side_are_united() {
    let reads = policy(&allow(json!("s3:Get*"), json!("*")));
    let writes = policy(&allow(json!("s3:Put*"), json!("*")));
    let both = policy(&allow(json!(["s3:Put*", "s3:Get*"]), json!("*")));
    let no_writes = policy(&deny(json!("s3:Put*"), json!("*")));
    assert_eq!(within(&[&both], &[&reads, &writes]), Containment::Pass);
    assert_eq!(within(&[&reads, &writes], &[&both]), Containment::Pass);
    assert!(matches!(within(&[&both], &[&reads]), Containment::Fail(_)));
    assert_eq!(within(&[&both, &no_writes], &[&reads]), Containment::Pass);
    assert!(matches!(within(&[&both], &[&both, &no_writes]), Containment::Fail(_)));
    assert_eq!(within(&[], &[]), Containment::Pass);
}

#[test]
fn what_cannot_be_compared_is_unknown() {
    let named = json!({ "Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*" });
    let trust = json!({ "Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole" });
    let bare = json!({ "Effect": "Allow", "Action": "s3:*" });
    let nothing = json!([]);
    assert_eq!(compare(&named, &nothing), Containment::Unknown(Doubt::NamesPrincipal));
    assert_eq!(compare(&trust, &trust), Containment::Unknown(Doubt::NamesPrincipal));
    assert_eq!(compare(&bare, &nothing), Containment::Unknown(Doubt::NoResource));
}

/// An open question is answered neither way for a pass.
#[test]
fn silence_of_the_guide_is_no_pass() {
    let star = allow(json!("s3:GetObject"), json!("*"));
    let any_service = allow(json!("*:*"), json!("*"));
    assert_eq!(compare(&star, &any_service), Containment::Unknown(Doubt::Unconfirmed));
    assert_eq!(compare(&any_service, &any_service), Containment::Pass);
    assert_eq!(compare(&any_service, &allow(json!("*"), json!("*"))), Containment::Pass);
    let spelt = when(json!({ "stringequals": { "k:a": "1" } }));
    assert_eq!(
        compare(&when(json!({ "StringEquals": { "k:a": "1" } })), &spelt),
        Containment::Unknown(Doubt::Unconfirmed)
    );
}

#[test]
fn hostile_policies_get_an_answer_in_bounded_time() {
    let many =
        |text: &str, count: usize| (0..count).map(|n| text.replace('#', &n.to_string())).collect::<Vec<_>>();
    let stars = "*a".repeat(900);
    let letters: Vec<String> = ('a'..='z').map(|letter| format!("s3:*{letter}*{letter}*")).collect();
    let arns: Vec<String> = ('a'..='z').map(|letter| format!("arn:aws:s3:::*{letter}*{letter}*")).collect();
    let tests: serde_json::Map<_, _> =
        many("k:#", 300).into_iter().map(|key| (key, json!(["a*", "*b", "*c*"]))).collect();
    let hostile = [
        allow(json!(format!("s3:{stars}*")), json!(format!("arn:aws:s3:::{stars}*"))),
        allow(json!(letters), json!(arns)),
        json!({ "Effect": "Allow", "NotAction": letters, "NotResource": arns }),
        json!(
            many("x", 1_500)
                .iter()
                .enumerate()
                .map(|(n, _)| allow(json!(format!("s3:*{n}*")), json!(format!("arn:aws:s3:::*{n}"))))
                .collect::<Vec<_>>()
        ),
        json!({ "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": { "StringLike": tests, "ForAllValues:StringNotLike": tests } }),
        json!({ "Effect": "Allow", "Action": "*", "Resource": "*",
            "Condition": { "ForAnyValue:StringLike": { "k:l": ('a'..='z').map(|letter| format!("*{letter}*{letter}*")).collect::<Vec<_>>() } } }),
        json!(many("s#:G", 2_000).iter().map(|action| allow(json!(action), json!("*"))).collect::<Vec<_>>()),
    ];
    let everything = allow(json!("*"), json!("*"));
    let next = hostile.iter().skip(1).chain([&everything]);
    for (one, other) in hostile.iter().zip(next).chain(hostile.iter().map(|policy| (policy, &everything))) {
        for (inner, outer) in [(one, other), (other, one)] {
            // Any answer will do; that there is one is the point.
            if let Containment::Fail(found) = compare(inner, outer) {
                assert_eq!(verdict(&policy(inner), &found.request), Verdict::Allowed);
            }
        }
    }
}

/// The same statements, each cut up by its actions, so that they are not the same as written.
fn cut_by_actions(statements: &[Value]) -> Vec<Value> {
    let cut = |statement: &Value| match statement.get("Action") {
        Some(Value::Array(actions)) => actions
            .iter()
            .map(|action| {
                let mut part = statement.clone();
                part["Action"] = action.clone();
                part
            })
            .collect(),
        _ => vec![statement.clone()],
    };
    statements.iter().flat_map(cut).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_request_contradicts_a_pass(
        inner in statements(), outer in statements(), requests in prop::collection::vec(request(), 60)
    ) {
        let (inner, outer) = (policy(&json!(inner)), policy(&json!(outer)));
        match within(&[&inner], &[&outer]) {
            Containment::Pass => for request in &requests {
                prop_assert!(
                    verdict(&inner, request) != Verdict::Allowed || verdict(&outer, request) == Verdict::Allowed,
                    "{request:?}"
                );
            },
            Containment::Fail(found) => {
                prop_assert_eq!(verdict(&inner, &found.request), Verdict::Allowed);
                prop_assert_ne!(verdict(&outer, &found.request), Verdict::Allowed);
            }
            Containment::Unknown(_) => {}
        }
    }

    /// Policies that lie close to each other, so that many are contained.
    #[test]
    fn no_request_contradicts_a_pass_of_neighbours(
        common in statements(), inner in statement(), outer in statement(),
        requests in prop::collection::vec(request(), 60),
    ) {
        let inner = policy(&json!([cut_by_actions(&common), vec![inner]].concat()));
        let outer = policy(&json!([common, vec![outer]].concat()));
        if within(&[&inner], &[&outer]) == Containment::Pass {
            for request in &requests {
                prop_assert!(
                    verdict(&inner, request) != Verdict::Allowed || verdict(&outer, request) == Verdict::Allowed,
                    "{request:?}"
                );
            }
        }
    }

    #[test]
    fn a_policy_is_within_itself(statements in statements()) {
        let cut = cut_by_actions(&statements);
        prop_assert_eq!(compare(&json!(statements), &json!(statements)), Containment::Pass);
        prop_assert_eq!(compare(&json!(cut), &json!(statements)), Containment::Pass);
        prop_assert_eq!(compare(&json!(statements), &json!(cut)), Containment::Pass);
    }

    #[test]
    fn adding_a_deny_never_widens(statements in statements(), mut more in statement()) {
        more["Effect"] = json!("Deny");
        let denied = [cut_by_actions(&statements), vec![more]].concat();
        prop_assert_eq!(compare(&json!(denied), &json!(statements)), Containment::Pass);
    }

    #[test]
    fn adding_an_allow_never_narrows(statements in statements(), mut more in statement()) {
        more["Effect"] = json!("Allow");
        let allowed = [cut_by_actions(&statements), vec![more]].concat();
        prop_assert_eq!(compare(&json!(statements), &json!(allowed)), Containment::Pass);
    }
}
