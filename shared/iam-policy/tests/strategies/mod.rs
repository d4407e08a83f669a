//! Small policies and requests in which everything meets everything.

use iam_policy::{Context, Policies, Policy, Request, Verdict, evaluate};
use proptest::prelude::*;
use serde_json::{Value, json};

pub(crate) fn policy(statements: &Value) -> Policy {
    Policy::from_value(&json!({ "Version": "2012-10-17", "Statement": statements })).unwrap()
}

pub(crate) fn verdict(policy: &Policy, request: &Request) -> Verdict {
    evaluate(&Policies { identity: &[policy], ..Policies::default() }, request).verdict
}

fn some_of<T: Clone + std::fmt::Debug + 'static>(
    values: Vec<T>,
    most: usize,
) -> impl Strategy<Value = Vec<T>> {
    prop::collection::vec(prop::sample::select(values), 1..=most)
}

fn action_patterns() -> impl Strategy<Value = Vec<&'static str>> {
    some_of(
        vec![
            "*",
            "s3:*",
            "S3:get*",
            "s3:?etObject",
            "s3:*Object",
            "sqs:SendMessage",
            "s3:GetObject",
            "i*:*",
            "iam:*",
            "iam:PassRole",
        ],
        2,
    )
}

fn resource_patterns() -> impl Strategy<Value = Vec<&'static str>> {
    some_of(
        vec![
            "*",
            "arn:aws:s3:::p/*",
            "arn:aws:s3:::p/${aws:username}",
            "arn:aws:s3:::p/?",
            "arn:aws:s3:::*b*",
            "arn:aws:s3:::p/${aws:username, 'a'}*",
            "arn:aws:sqs:*:jobs",
            "arn:aws:sqs:eu-*1:1:jobs",
        ],
        2,
    )
}

/// An operator with values of its sort, mostly.
fn test() -> impl Strategy<Value = (&'static str, &'static str, Value)> {
    let strings = || {
        prop::sample::select(vec![
            "StringEquals",
            "StringNotEquals",
            "StringLike",
            "StringNotLikeIfExists",
            "StringEqualsIfExists",
            "ForAllValues:StringLike",
            "ForAnyValue:StringLike",
            "ForAnyValue:StringNotEquals",
            "ForAllValues:StringNotEquals",
            "ForAnyValue:StringEqualsIfExists",
            "StringEqualsIgnoreCase",
            "stringequals",
        ])
    };
    let texts = some_of(vec!["a", "A*", "*", "ab", "a*", "?", "", "${aws:username}"], 2);
    let numbers = prop::sample::select(vec![
        "NumericLessThan",
        "NumericGreaterThanEquals",
        "NumericNotEquals",
        "NumericEqualsIfExists",
    ]);
    let addresses = prop::sample::select(vec!["IpAddress", "NotIpAddress", "IpAddressIfExists"]);
    let arns = prop::sample::select(vec!["ArnLike", "ArnNotEquals"]);
    prop_oneof![
        5 => (strings(), prop::sample::select(vec!["k:s", "aws:username"]), texts).prop_map(|(o, k, v)| (o, k, json!(v))),
        1 => (numbers, Just("k:n"), some_of(vec!["5", "-3.5", "5.0", "7"], 2)).prop_map(|(o, k, v)| (o, k, json!(v))),
        1 => (addresses, Just("k:i"), some_of(vec!["10.0.0.0/8", "10.1.0.0/16", "10.1.2.3", "::/0"], 2)).prop_map(|(o, k, v)| (o, k, json!(v))),
        1 => (arns, Just("k:s"), some_of(vec!["arn:aws:s3:::*", "arn:*:s3:::b", "*"], 2)).prop_map(|(o, k, v)| (o, k, json!(v))),
        1 => (Just("Null"), prop::sample::select(vec!["k:s", "k:n"]), some_of(vec!["true", "false"], 1)).prop_map(|(o, k, v)| (o, k, json!(v))),
        1 => (Just("Bool"), Just("k:s"), some_of(vec!["true", "false"], 1)).prop_map(|(o, k, v)| (o, k, json!(v))),
    ]
}

fn condition() -> impl Strategy<Value = Value> {
    prop::collection::vec(test(), 0..3).prop_map(|tests| {
        let mut condition = json!({});
        for (operator, key, values) in tests {
            condition[operator][key] = values;
        }
        condition
    })
}

pub(crate) fn statement() -> impl Strategy<Value = Value> {
    let effect = prop::sample::select(vec!["Allow", "Allow", "Deny"]);
    let not = prop::bool::weighted(0.2);
    (effect, not, action_patterns(), not, resource_patterns(), condition()).prop_map(
        |(effect, not_action, actions, not_resource, resources, condition)| {
            let mut statement = json!({ "Effect": effect, "Condition": condition });
            statement[if not_action { "NotAction" } else { "Action" }] = json!(actions);
            statement[if not_resource { "NotResource" } else { "Resource" }] = json!(resources);
            statement
        },
    )
}

pub(crate) fn statements() -> impl Strategy<Value = Vec<Value>> {
    prop::collection::vec(statement(), 0..4)
}

pub(crate) fn request() -> impl Strategy<Value = Request> {
    let action = prop::sample::select(vec![
        "s3:GetObject",
        "s3:Get",
        "s3:PutObject",
        "sqs:SendMessage",
        "iam:PassRole",
        "ia:X",
        "new:Thing",
    ]);
    let resource = prop::sample::select(vec![
        "*",
        "arn:aws:s3:::p/a",
        "arn:aws:s3:::p/b",
        "arn:aws:s3:::p/ab",
        "arn:aws:s3:::q",
        "arn:aws:sqs:eu-west-1:1:jobs",
        "arn:aws:sqs:a:b:jobs",
    ]);
    let texts = || {
        prop::collection::vec(
            prop::sample::select(vec![
                "a",
                "A",
                "ab",
                "b",
                "",
                "true",
                "FALSE",
                "*",
                "arn:aws:s3:::b",
                "arn:x:s3:::c",
            ]),
            0..3,
        )
    };
    let numbers = prop::collection::vec(prop::sample::select(vec!["5", "-3.5", "6", "-4", "x", ""]), 0..2);
    let addresses = prop::collection::vec(
        prop::sample::select(vec!["10.1.2.3", "10.1.2.4", "10.9.0.0", "1.1.1.1", "::1", "x"]),
        0..2,
    );
    (action, resource, texts(), texts(), numbers, addresses).prop_map(
        |(action, resource, name, text, number, address)| {
            let mut context = Context::new();
            for (key, values) in [("aws:username", name), ("k:s", text), ("k:n", number), ("k:i", address)] {
                if !values.is_empty() {
                    context.insert(key, values);
                }
            }
            Request {
                principal: "arn:aws:iam::111122223333:role/r".parse().unwrap(),
                action: action.parse().unwrap(),
                resource: resource.parse().unwrap(),
                resource_account: Some("111122223333".parse().unwrap()),
                context,
            }
        },
    )
}
