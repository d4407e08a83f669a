//! Properties that hold whatever the policies: rights are not widened by a Deny or a boundary, nor narrowed by an
//! Allow, nothing is lost in printing, and nothing that can be read makes the engine fail.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use iam_policy::{Context, Policies, Policy, PolicyKind, Request, Verdict, admits, evaluate, parse_json};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Few actions and resources, so that patterns often meet them.
fn action() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["s3:GetObject", "s3:PutObject", "sqs:SendMessage", "iam:PassRole"])
}

fn action_pattern() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "*",
        "*:*",
        "s3:*",
        "S3:get*",
        "s3:?etObject",
        "sqs:SendMessage",
        "iam:*",
        "iam:PassRole",
        "i*:*",
    ])
}

fn resource() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "*",
        "arn:aws:s3:::photos/a",
        "arn:aws:s3:::photos/b/c",
        "arn:aws:sqs:eu-west-1:111122223333:jobs",
        "arn:aws:iam::111122223333:role/worker",
    ])
}

fn resource_pattern() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "*",
        "arn:aws:s3:::photos/*",
        "arn:aws:s3:::photos/${aws:username}",
        "arn:aws:s3:::photos/?",
        "arn:aws:sqs:*:jobs",
        "arn:aws:sqs:eu-*1:111122223333:jobs",
        "arn:aws:iam::111122223333:role/${aws:PrincipalTag/team, 'worker'}",
    ])
}

fn operator() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "StringEquals",
        "StringNotEquals",
        "StringLike",
        "StringNotLikeIfExists",
        "stringequals",
        "Null",
        "ForAllValues:StringLike",
        "ForAnyValue:StringNotEquals",
        "ForAnyValue:StringEqualsIfExists",
        "Bool",
        "NumericLessThan",
        "DateGreaterThan",
        "ArnLike",
        "IpAddress",
        "NotIpAddress",
        "StringEqualsIgnoreCase",
    ])
}

fn key() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["aws:username", "aws:PrincipalTag/team", "my:list"])
}

fn value() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        json!("a"),
        json!("A*"),
        json!("*"),
        json!("true"),
        json!(true),
        json!("7"),
        json!(7),
        json!("10.0.0.0/8"),
        json!("2025-05-05"),
        json!("arn:aws:sqs:*:*:jobs"),
        json!("${aws:username}"),
        json!(""),
    ])
}

fn context_value() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["a", "A", "*", "true", "5", "10.1.2.3", "arn:aws:sqs:eu-west-1:1:jobs", ""])
}

fn one_or_many<T: Strategy>(one: T) -> impl Strategy<Value = Value>
where
    T::Value: Into<Value> + Clone,
{
    prop_oneof![
        4 => prop::collection::vec(one, 0..3).prop_map(|list| {
            let mut list: Vec<Value> = list.into_iter().map(Into::into).collect();
            match list.len() {
                1 => list.remove(0),
                _ => list.into(),
            }
        }),
    ]
}

fn condition() -> impl Strategy<Value = Option<Value>> {
    let tests = prop::collection::btree_map(key(), one_or_many(value()), 0..3);
    prop::option::of(prop::collection::btree_map(operator(), tests, 0..3).prop_map(|blocks| json!(blocks)))
}

fn principal() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        json!("*"),
        json!({ "AWS": "111122223333" }),
        json!({ "AWS": ["arn:aws:iam::111122223333:role/importer"] }),
        json!({ "AWS": ["arn:aws:sts::111122223333:assumed-role/importer/s"], "Service": "lambda.amazonaws.com" }),
        json!({ "AWS": ["arn:aws:iam::111122223333:user/ana", "444455556666"] }),
    ])
}

/// A statement without its principal.
fn statement(effect: &'static str) -> impl Strategy<Value = Value> {
    let actions = (prop::bool::weighted(0.2), one_or_many(action_pattern()));
    let resources = (prop::bool::weighted(0.2), one_or_many(resource_pattern()));
    (actions, resources, condition()).prop_map(
        move |((not_action, actions), (not_resource, resources), condition)| {
            let mut statement = json!({ "Effect": effect });
            statement[if not_action { "NotAction" } else { "Action" }] = actions;
            statement[if not_resource { "NotResource" } else { "Resource" }] = resources;
            if let Some(condition) = condition {
                statement["Condition"] = condition;
            }
            statement
        },
    )
}

fn any_statement() -> impl Strategy<Value = Value> {
    prop_oneof![3 => statement("Allow"), 1 => statement("Deny")]
}

fn statements() -> impl Strategy<Value = Vec<Value>> {
    prop::collection::vec(any_statement(), 0..4)
}

fn with_principal(mut statement: Value, principal: Value) -> Value {
    statement["Principal"] = principal;
    statement
}

fn resource_statements() -> impl Strategy<Value = Vec<Value>> {
    prop::collection::vec((any_statement(), principal()).prop_map(|(s, p)| with_principal(s, p)), 0..3)
}

fn request() -> impl Strategy<Value = Request> {
    let principal = prop::sample::select(vec![
        "arn:aws:iam::111122223333:role/importer",
        "arn:aws:sts::111122223333:assumed-role/importer/s",
        "arn:aws:iam::111122223333:user/ana",
        "lambda.amazonaws.com",
        "*",
    ]);
    let context = prop::collection::btree_map(key(), prop::collection::vec(context_value(), 0..3), 0..3);
    let account = prop::sample::select(vec!["111122223333", "444455556666"]);
    (principal, action(), resource(), account, context).prop_map(
        |(principal, action, resource, account, keys)| {
            let mut context = Context::new();
            for (key, values) in keys {
                context.insert(key, values);
            }
            Request {
                principal: principal.parse().unwrap(),
                action: action.parse().unwrap(),
                resource: resource.parse().unwrap(),
                resource_account: Some(account.parse().unwrap()),
                context,
            }
        },
    )
}

fn policy(statements: &[Value]) -> Policy {
    Policy::from_value(&json!({ "Version": "2012-10-17", "Statement": statements })).unwrap()
}

/// The policies of one evaluation, as statements.
#[derive(Debug, Clone)]
struct World {
    identity: Vec<Value>,
    boundary: Option<Vec<Value>>,
    session: Option<Vec<Value>>,
    service_control: Option<Vec<Value>>,
    resource: Option<Vec<Value>>,
}

fn world() -> impl Strategy<Value = World> {
    let optional = || prop::option::weighted(0.3, statements());
    (statements(), optional(), optional(), optional(), prop::option::of(resource_statements())).prop_map(
        |(identity, boundary, session, service_control, resource)| World {
            identity,
            boundary,
            session,
            service_control,
            resource,
        },
    )
}

impl World {
    fn verdict(&self, request: &Request) -> Verdict {
        let read = |statements: &Option<Vec<Value>>| statements.as_deref().map(policy);
        let identity = policy(&self.identity);
        let levels: Vec<Vec<Policy>> =
            read(&self.service_control).map(|level| vec![level]).into_iter().collect();
        let found = evaluate(
            &Policies {
                identity: &[&identity],
                boundary: read(&self.boundary).as_ref(),
                session: read(&self.session).as_ref(),
                service_control: &levels,
                resource: read(&self.resource).as_ref(),
                ..Policies::default()
            },
            request,
        );
        assert_eq!(found.verdict, found.because.verdict());
        found.verdict
    }
}

/// How much a verdict permits.
fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Allowed => 2,
        Verdict::ImplicitlyDenied => 1,
        Verdict::ExplicitlyDenied => 0,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn adding_a_deny_never_widens(world in world(), deny in statement("Deny"), to in 0..4, request in request()) {
        let mut more = world.clone();
        match to {
            0 => more.identity.push(deny),
            1 => more.boundary.get_or_insert_default().push(deny),
            2 => more.service_control.get_or_insert_default().push(deny),
            _ => more.resource.get_or_insert_default().push(with_principal(deny, json!("*"))),
        }
        prop_assert!(rank(more.verdict(&request)) <= rank(world.verdict(&request)));
    }

    #[test]
    fn adding_an_allow_never_narrows(
        world in world(), allow in statement("Allow"), principal in principal(), to in 0..4, request in request()
    ) {
        let mut more = world.clone();
        match to {
            0 => more.identity.push(allow),
            // Where there is no boundary or level, adding one caps; only one that is there can get wider.
            1 => more.boundary.iter_mut().for_each(|boundary| boundary.push(allow.clone())),
            2 => more.service_control.iter_mut().for_each(|level| level.push(allow.clone())),
            _ => more.resource.get_or_insert_default().push(with_principal(allow, principal)),
        }
        prop_assert!(rank(more.verdict(&request)) >= rank(world.verdict(&request)));
    }

    #[test]
    fn a_boundary_never_enlarges(world in world(), boundary in statements(), request in request()) {
        let without = World { boundary: None, ..world.clone() };
        let with = World { boundary: Some(boundary), ..world };
        prop_assert!(rank(with.verdict(&request)) <= rank(without.verdict(&request)));
    }

    #[test]
    fn a_boundary_that_equals_the_identity_policies_changes_nothing(world in world(), request in request()) {
        let alone = World { boundary: None, resource: None, ..world };
        let capped = World { boundary: Some(alone.identity.clone()), ..alone.clone() };
        prop_assert_eq!(capped.verdict(&request), alone.verdict(&request));
    }

    #[test]
    fn a_deny_that_covers_the_request_decides(world in world(), request in request()) {
        let mut denied = world;
        denied.resource.get_or_insert_default().push(
            json!({ "Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*" }),
        );
        prop_assert_eq!(denied.verdict(&request), Verdict::ExplicitlyDenied);
    }

    #[test]
    fn order_and_grouping_of_statements_do_not_matter(world in world(), request in request()) {
        let mut turned = world.clone();
        turned.identity.reverse();
        prop_assert_eq!(turned.verdict(&request), world.verdict(&request));
        let alone: Vec<_> =
            world.identity.iter().map(|statement| policy(std::slice::from_ref(statement))).collect();
        let split = evaluate(
            &Policies { identity: &alone.iter().collect::<Vec<_>>(), ..Policies::default() }, &request,
        );
        let together = World { boundary: None, session: None, service_control: None, resource: None, ..world };
        prop_assert_eq!(split.verdict, together.verdict(&request));
    }

    #[test]
    fn printing_loses_nothing(statements in resource_statements(), more in statements()) {
        let first = policy(&[statements, more].concat());
        let printed = first.to_json();
        let second = Policy::parse(&printed).unwrap();
        prop_assert_eq!(&first, &second);
        prop_assert_eq!(second.to_json(), printed);
    }

    #[test]
    fn no_text_makes_the_parser_fail(text in "[\\PC\\s]{0,60}") {
        let _ = Policy::parse(&text);
        let _ = parse_json(&text);
    }

    #[test]
    fn no_damaged_document_makes_the_engine_fail(
        statements in resource_statements(), cut in any::<prop::sample::Index>(), put in any::<char>(),
        request in request(),
    ) {
        let mut text: Vec<char> = policy(&statements).to_json().chars().collect();
        let at = cut.index(text.len());
        text[at] = put;
        let text: String = text.into_iter().collect();
        if let Ok(policy) = Policy::parse(&text) {
            for kind in [PolicyKind::Identity, PolicyKind::Resource, PolicyKind::Trust] {
                let _ = policy.validate(kind);
            }
            let _ = admits(&policy);
            let _ = evaluate(
                &Policies { identity: &[&policy], resource: Some(&policy), ..Policies::default() }, &request,
            );
            prop_assert_eq!(Policy::parse(&policy.to_json()).unwrap(), policy);
        }
    }
}
