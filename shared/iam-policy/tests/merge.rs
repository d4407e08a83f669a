//! Merging: what two boundaries both allow, as one.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod strategies;

use iam_policy::{
    Containment, Context, Doubt, Fit, Policies, Policy, PolicyKind, Request, Verdict, evaluate, merge, within,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use strategies::{policy, request, statements, verdict};

fn allow(actions: Value, resources: Value) -> Value {
    json!({ "Effect": "Allow", "Action": actions, "Resource": resources })
}

fn when(condition: Value) -> Value {
    json!({ "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition })
}

/// Two policies, and what they have in common.
fn merged_exactly() -> Vec<(Value, Value, Value)> {
    let everything = || allow(json!("*"), json!("*"));
    let no_iam = || json!({ "Sid": "NoIam", "Effect": "Deny", "Action": "iam:*", "Resource": "*" });
    vec![
        (everything(), allow(json!("s3:*"), json!("*")), json!([allow(json!(["s3:*"]), json!(["*"]))])),
        (
            json!([everything(), no_iam()]),
            json!([allow(json!(["s3:Get*", "iam:Get*"]), json!("*")), no_iam()]),
            json!([allow(json!(["s3:Get*", "iam:Get*"]), json!(["*"])), no_iam()]),
        ),
        (
            allow(json!("s3:Get*"), json!("arn:aws:s3:::*")),
            allow(json!("S3:*Object"), json!("arn:aws:s3:::mine/*")),
            json!([allow(json!(["s3:Get*Object"]), json!(["arn:aws:s3:::mine/*"]))]),
        ),
        (
            allow(json!("s3:Get*"), json!("arn:aws:s3:::a*")),
            allow(json!("s3:Get*"), json!("arn:aws:s3:::*z")),
            json!([allow(json!(["s3:Get*"]), json!(["arn:aws:s3:::a*z"]))]),
        ),
        (allow(json!("s3:Get*"), json!("*")), allow(json!("s3:Put*"), json!("*")), json!([])),
        (
            json!({ "Effect": "Allow", "NotAction": "iam:*", "Resource": "*" }),
            json!({ "Effect": "Allow", "NotAction": ["sts:*", "iam:*"], "Resource": "*" }),
            json!([{ "Effect": "Allow", "NotAction": ["iam:*", "sts:*"], "Resource": ["*"] }]),
        ),
        (
            json!({ "Effect": "Allow", "NotAction": "iam:*", "Resource": "*" }),
            allow(json!(["s3:*", "iam:PassRole"]), json!("*")),
            json!([allow(json!(["s3:*"]), json!(["*"]))]),
        ),
        (
            json!({ "Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::secret/*" }),
            allow(json!("s3:*"), json!(["arn:aws:s3:::open/*", "arn:aws:s3:::secret/x"])),
            json!([allow(json!(["s3:*"]), json!(["arn:aws:s3:::open/*"]))]),
        ),
        (
            when(json!({ "StringEquals": { "k:a": ["1", "2"] } })),
            when(json!({ "StringEquals": { "K:A": ["2", "3"] }, "Bool": { "k:b": "true" } })),
            json!([{ "Effect": "Allow", "Action": ["*"], "Resource": ["*"],
                "Condition": { "StringEquals": { "k:a": ["2"] }, "Bool": { "k:b": "true" } } }]),
        ),
        (
            when(json!({ "StringEquals": { "k:a": "1" } })),
            when(json!({ "StringEquals": { "k:a": "2" } })),
            json!([]),
        ),
        (
            when(json!({ "StringLike": { "k:a": "a*" } })),
            when(json!({ "StringLike": { "k:a": "*z" } })),
            json!([{ "Effect": "Allow", "Action": ["*"], "Resource": ["*"],
                "Condition": { "StringLike": { "k:a": ["a*z"] } } }]),
        ),
        (
            when(json!({ "StringNotEquals": { "k:a": "1" } })),
            when(json!({ "StringNotEquals": { "k:a": "2" } })),
            json!([{ "Effect": "Allow", "Action": ["*"], "Resource": ["*"],
                "Condition": { "StringNotEquals": { "k:a": ["1", "2"] } } }]),
        ),
    ]
}

#[test]
fn what_both_allow_is_allowed_and_nothing_else() {
    for (one, other, both) in merged_exactly() {
        let merged = merge(&policy(&one), &policy(&other)).unwrap();
        assert_eq!(merged.policy.to_value()["Statement"], both, "{one} and {other}");
        assert_eq!(merged.fit, Fit::Exact, "{one} and {other}");
        if both != json!([]) {
            assert_eq!(merged.policy.validate(PolicyKind::Boundary), [], "{one} and {other}");
        }
        let turned = merge(&policy(&other), &policy(&one)).unwrap();
        for (inner, outer) in [(&merged.policy, &turned.policy), (&turned.policy, &merged.policy)] {
            assert_eq!(within(&[inner], &[outer]), Containment::Pass, "{one} and {other}");
        }
    }
}

#[test]
fn what_has_no_statement_of_its_own_is_left_out() {
    let dates = |before: &str| when(json!({ "DateLessThan": { "aws:CurrentTime": before } }));
    let merged = merge(&policy(&dates("2030-01-01")), &policy(&dates("2031-01-01"))).unwrap();
    assert_eq!((merged.fit, merged.policy.statements().len()), (Fit::Narrower, 0));

    let but = json!({ "Effect": "Allow", "NotAction": "s3:PutObject", "Resource": "*" });
    let merged = merge(&policy(&but), &policy(&allow(json!("s3:PutObject*"), json!("*")))).unwrap();
    assert_eq!(merged.fit, Fit::Narrower, "there may be more of s3:PutObject* one day");
    let named = merged.policy.to_value()["Statement"][0]["Action"].clone();
    assert!(named.as_array().unwrap().contains(&json!("s3:PutObjectAcl")), "{named}");
    assert!(!named.as_array().unwrap().contains(&json!("s3:PutObject")), "{named}");
}

#[test]
fn what_the_guide_leaves_open_is_not_exact() {
    let but = json!({ "Effect": "Allow", "NotAction": "i*:*", "Resource": "*" });
    let merged = merge(&policy(&but), &policy(&allow(json!("iam:PassRole"), json!("*")))).unwrap();
    assert_eq!(merged.fit, Fit::Narrower);
}

#[test]
fn every_deny_stays_because_it_also_binds_what_a_resource_grants() {
    let deny =
        |sid: &str, action: &str| json!({ "Sid": sid, "Effect": "Deny", "Action": action, "Resource": "*" });
    let one = json!([allow(json!("s3:*"), json!("*")), deny("Same", "sqs:*"), deny("Here", "kms:*")]);
    let other = json!([allow(json!("s3:*"), json!("*")), deny("There", "kms:*"), deny("Same", "sns:*")]);
    let merged = merge(&policy(&one), &policy(&other)).unwrap().policy;
    let denied: Vec<(Value, Value)> = merged.to_value()["Statement"].as_array().unwrap()[1..]
        .iter()
        .map(|statement| (statement["Action"].clone(), statement["Sid"].clone()))
        .collect();
    let expected = [("sqs:*", json!("Same")), ("kms:*", json!("Here")), ("sns:*", Value::Null)];
    assert_eq!(denied, expected.map(|(action, sid)| (json!(action), sid)));
}

#[test]
fn text_that_looks_like_a_variable_stays_text() {
    let old = json!({ "Statement": allow(json!("s3:*"), json!("arn:aws:s3:::${aws:username}")) });
    let old = Policy::from_value(&old).unwrap();
    let merged = merge(&old, &policy(&allow(json!("*"), json!("*")))).unwrap();
    let resource = &merged.policy.to_value()["Statement"][0]["Resource"][0];
    assert_eq!(resource, "arn:aws:s3:::${$}{aws:username}");
    assert_eq!(within(&[&old], &[&merged.policy]), Containment::Pass);
}

/// Action holds no variables in either version, so that `${` is text there; and a value of an operator for numbers, dates,
/// addresses or bytes is no pattern.
#[test]
fn only_what_may_hold_variables_is_written_anew() {
    let odd = json!({ "Sid": "${aws:username}", "Effect": "Deny", "Action": ["s3:Get${aws:username}"], "Resource": "*",
        "Condition": { "BinaryEquals": { "k:a": "${x}" }, "StringLike": { "k:b": ["${x}", "a*"] } } });
    let old = Policy::from_value(&json!({ "Statement": [allow(json!("*"), json!("*")), odd] })).unwrap();
    let merged = merge(&old, &policy(&allow(json!("*"), json!("*")))).unwrap();
    let deny = &merged.policy.to_value()["Statement"][1];
    assert_eq!(deny["Sid"], odd["Sid"]);
    assert_eq!(deny["Action"], odd["Action"]);
    assert_eq!(
        deny["Condition"],
        json!({ "BinaryEquals": { "k:a": "${x}" }, "StringLike": { "k:b": ["${$}{x}", "a*"] } })
    );
}

#[test]
fn what_is_no_boundary_is_refused() {
    let everything = policy(&allow(json!("*"), json!("*")));
    let mut named = allow(json!("*"), json!("*"));
    named["Principal"] = json!("*");
    assert_eq!(merge(&policy(&named), &everything), Err(Doubt::NamesPrincipal));
    let no_resource = policy(&json!({ "Effect": "Allow", "Action": "*" }));
    assert_eq!(merge(&everything, &no_resource), Err(Doubt::NoResource));
}

/// Whether the guide settles the verdict.
fn is_settled(policy: &Policy, request: &Request) -> bool {
    evaluate(&Policies { identity: &[policy], ..Policies::default() }, request).undocumented.is_empty()
}

/// `StringEquals` on a key of several values is not settled, so it counts as met, for each of two texts alike. Both at once are met by
/// no single value, and the merged policy has no such statement.
#[test]
fn what_both_allow_only_by_the_benefit_of_the_doubt_may_go() {
    let named = |name: &str| {
        let mut statement = allow(json!("*"), json!("*"));
        statement["Condition"] = json!({ "StringEquals": { "aws:username": name } });
        policy(&statement)
    };
    let (one, other) = (named("a*"), named("a"));
    let mut context = Context::new();
    context.insert("aws:username", ["a", "a"]);
    let request = Request {
        principal: "arn:aws:iam::111122223333:role/r".parse().unwrap(),
        action: "s3:GetObject".parse().unwrap(),
        resource: "*".parse().unwrap(),
        resource_account: None,
        context,
    };
    assert!([&one, &other].iter().all(|policy| verdict(policy, &request) == Verdict::Allowed));
    assert!(![&one, &other].iter().all(|policy| is_settled(policy, &request)));
    let merged = merge(&one, &other).unwrap();
    assert_eq!((merged.policy.statements().len(), merged.fit), (0, Fit::Exact));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 800, failure_persistence: None, ..ProptestConfig::default() })]

    /// Not asked of `within`, which `merge` itself asks.
    #[test]
    fn no_request_is_allowed_that_one_of_both_does_not_allow(
        one in statements(), other in statements(), requests in prop::collection::vec(request(), 60)
    ) {
        let (one, other) = (policy(&json!(one)), policy(&json!(other)));
        let Ok(merged) = merge(&one, &other) else { return Ok(()) };
        for request in &requests {
            let both = [&one, &other].iter().all(|policy| verdict(policy, request) == Verdict::Allowed);
            if verdict(&merged.policy, request) == Verdict::Allowed {
                prop_assert!(both, "{} allows {request:?}", merged.policy);
            } else if merged.fit == Fit::Exact && [&one, &other].iter().all(|policy| is_settled(policy, request)) {
                prop_assert!(!both, "{} does not allow {request:?}", merged.policy);
            }
        }
    }
}
