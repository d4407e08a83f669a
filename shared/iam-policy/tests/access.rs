//! What a role can do under all layers of policies.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use iam_policy::{Access, NoResource, Policies, Policy, Possible, Source, Targets, Terms, Verdict, evaluate};
use serde_json::{Value, json};

const ROLE: &str = "arn:aws:iam::111122223333:role/team/fn";

fn policy(statements: &[Value]) -> Policy {
    Policy::from_value(&json!({ "Version": "2012-10-17", "Statement": statements })).unwrap()
}

fn allow(action: &str, resource: &str) -> Value {
    json!({ "Effect": "Allow", "Action": action, "Resource": resource })
}

fn deny(action: &str, resource: &str) -> Value {
    json!({ "Effect": "Deny", "Action": action, "Resource": resource })
}

fn possible(policies: &Policies<'_>, action: &str, target: &str) -> Possible {
    let targets = Targets::new([target], NoResource::Excluded);
    let mut access = Access::new(policies, &ROLE.parse().unwrap()).unwrap();
    let answer = access.possible(&action.parse().unwrap(), &targets);
    if let Possible::Yes(way) = &answer {
        assert_eq!(evaluate(policies, &way.request).verdict, Verdict::Allowed, "{way:?}");
    }
    answer
}

fn is_possible(policies: &Policies<'_>, action: &str, target: &str) -> bool {
    match possible(policies, action, target) {
        Possible::Yes(_) => true,
        Possible::No => false,
        Possible::Doubtful(doubt) => panic!("{doubt}"),
    }
}

#[test]
fn every_layer_has_to_allow_and_none_may_deny() {
    let (object, other) = ("arn:aws:s3:::a/*", "arn:aws:s3:::b/*");
    let role = policy(&[allow("s3:*", object), allow("s3:GetObject", other)]);
    let identity = [&role];
    let bare = Policies { identity: &identity, ..Policies::default() };
    assert!(is_possible(&bare, "s3:PutObject", "arn:*:s3:::*"));
    assert!(!is_possible(&bare, "s3:PutObject", other));

    let boundary = policy(&[allow("*", "*"), deny("s3:Put*", "arn:aws:s3:::a*")]);
    let bounded = Policies { boundary: Some(&boundary), ..bare };
    assert!(!is_possible(&bounded, "s3:PutObject", "arn:*:s3:::*"));
    assert!(is_possible(&bounded, "s3:GetObject", "arn:*:s3:::*"));

    let gone = Policy::empty();
    assert!(!is_possible(&Policies { boundary: Some(&gone), ..bare }, "s3:GetObject", other));

    let levels = [
        vec![policy(&[allow("*", "*")])],
        vec![policy(&[allow("ec2:*", "*")]), policy(&[allow("s3:Get*", other)])],
    ];
    let organized = Policies { service_control: &levels, ..bounded };
    assert!(is_possible(&organized, "s3:GetObject", "arn:*:s3:::*"));
    assert!(!is_possible(&organized, "s3:GetObject", object));
}

#[test]
fn the_grant_with_the_fewest_conditions_is_shown() {
    let mut tagged = allow("s3:GetObject", "*");
    tagged["Condition"] = json!({ "StringEquals": { "aws:ResourceTag/team": "a" } });
    let (one, other) = (policy(&[deny("iam:*", "*"), tagged]), policy(&[allow("s3:*", "arn:aws:s3:::a/*")]));
    let identity = [&one, &other];
    let policies = Policies { identity: &identity, ..Policies::default() };
    let Possible::Yes(way) = possible(&policies, "s3:GetObject", "arn:aws:s3:::a/x") else {
        panic!("denied")
    };
    assert_eq!(
        (way.grant.source, way.grant.statement, way.terms),
        (Source::Identity(1), 0, Terms::Unconditional)
    );
    let Possible::Yes(way) = possible(&policies, "s3:GetObject", "arn:aws:s3:::b/x") else {
        panic!("denied")
    };
    assert_eq!(
        (way.grant.source, way.grant.statement, way.terms),
        (Source::Identity(0), 1, Terms::Conditional)
    );
}

#[test]
fn conditions_that_exclude_each_other_leave_nothing() {
    let mut inside = allow("s3:*", "*");
    inside["Condition"] = json!({ "StringEquals": { "aws:SourceVpc": "vpc-1" } });
    let mut outside = deny("s3:*", "*");
    outside["Condition"] = json!({ "StringEquals": { "aws:SourceVpc": ["vpc-1", "vpc-2"] } });
    let role = policy(&[inside, outside]);
    let identity = [&role];
    let policies = Policies { identity: &identity, ..Policies::default() };
    assert!(!is_possible(&policies, "s3:GetObject", "arn:*:s3:::*"));
}

#[test]
fn an_action_without_resource_is_asked_about_none() {
    let role = policy(&[allow("s3:ListAllMyBuckets", "*"), deny("*", "arn:*")]);
    let identity = [&role];
    let policies = Policies { identity: &identity, ..Policies::default() };
    let mut access = Access::new(&policies, &ROLE.parse().unwrap()).unwrap();
    let action = "s3:ListAllMyBuckets".parse().unwrap();
    let (with, without) =
        (Targets::new(["arn:*"], NoResource::Included), Targets::new(["arn:*"], NoResource::Excluded));
    assert!(matches!(access.possible(&action, &with), Possible::Yes(_)));
    assert_eq!(access.possible(&action, &without), Possible::No);
    assert_eq!(access.possible(&"s3:ListBucket".parse().unwrap(), &with), Possible::No);
}

#[test]
fn service_control_policies_do_not_bind_service_linked_roles() {
    let role = "arn:aws:iam::111122223333:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS";
    let identity = policy(&[allow("*", "*")]);
    let levels = [vec![policy(&[allow("*", "*"), deny("iam:*", "*")])]];
    let policies = Policies { identity: &[&identity], service_control: &levels, ..Policies::default() };
    let targets = Targets::new(["arn:aws:iam::111122223333:role/*"], NoResource::Excluded);
    let mut access = Access::new(&policies, &role.parse().unwrap()).unwrap();
    assert!(matches!(access.possible(&"iam:PassRole".parse().unwrap(), &targets), Possible::Yes(_)));
}

fn when(mut statement: Value, condition: Value) -> Value {
    statement["Condition"] = condition;
    statement
}

#[test]
fn variables_of_what_the_role_is_have_their_value() {
    let (own, other) = ("arn:aws:s3:::logs-111122223333/x", "arn:aws:s3:::logs-444455556666/x");
    let named = policy(&[allow("s3:GetObject", "arn:aws:s3:::logs-${aws:PrincipalAccount}/*")]);
    let identity = [&named];
    let policies = Policies { identity: &identity, ..Policies::default() };
    assert!(is_possible(&policies, "s3:GetObject", own));
    assert!(!is_possible(&policies, "s3:GetObject", other));

    let closed = policy(&[allow("s3:*", "*"), deny("s3:*", "arn:aws:s3:::logs-${aws:PrincipalAccount}/*")]);
    let identity = [&closed];
    let policies = Policies { identity: &identity, ..Policies::default() };
    assert!(!is_possible(&policies, "s3:GetObject", own));
    assert!(is_possible(&policies, "s3:GetObject", other));

    // Its ARN has colons, which go only where a part may have some.
    let tagged = policy(&[allow("s3:GetObject", "arn:aws:s3:::b/${aws:PrincipalArn}")]);
    let identity = [&tagged];
    let policies = Policies { identity: &identity, ..Policies::default() };
    assert!(is_possible(&policies, "s3:GetObject", &format!("arn:aws:s3:::b/{ROLE}")));
    assert!(!is_possible(&policies, "s3:GetObject", "arn:aws:s3:::b/role"));
}

#[test]
fn variables_of_what_the_role_is_have_their_value_in_conditions() {
    let same_account = |key: &str| json!({ "StringEquals": { key: "${aws:PrincipalAccount}" } });
    for (key, is_own) in [("aws:ResourceAccount", true), ("aws:PrincipalType", false)] {
        let role = policy(&[when(allow("s3:*", "*"), same_account(key))]);
        let identity = [&role];
        let policies = Policies { identity: &identity, ..Policies::default() };
        assert_eq!(is_possible(&policies, "s3:GetObject", "arn:aws:s3:::b/x"), is_own, "{key}");
    }
    let denies = [
        when(deny("s3:*", "*"), same_account("aws:RequestTag/account")),
        when(deny("s3:*", "*"), json!({ "StringNotEquals": { "aws:RequestTag/account": "111122223333" } })),
    ];
    let role = policy(&[&[allow("s3:*", "*")], denies.as_slice()].concat());
    let identity = [&role];
    let policies = Policies { identity: &identity, ..Policies::default() };
    assert!(!is_possible(&policies, "s3:GetObject", "arn:aws:s3:::b/x"), "with the tag or without");
}

#[test]
fn a_variable_of_the_resources_account_has_its_value_or_none() {
    let role = policy(&[allow("s3:GetObject", "arn:aws:s3:::logs-${aws:ResourceAccount}/*")]);
    let identity = [&role];
    let policies = Policies { identity: &identity, ..Policies::default() };
    assert!(is_possible(&policies, "s3:GetObject", "arn:aws:s3:::logs-111122223333/x"));
    // A service that does not send the key is not denied.
    let role = policy(&[allow("s3:*", "*"), deny("s3:*", "arn:aws:s3:::logs-${aws:ResourceAccount}/*")]);
    let identity = [&role];
    let policies = Policies { identity: &identity, ..Policies::default() };
    assert!(is_possible(&policies, "s3:GetObject", "arn:aws:s3:::logs-111122223333/x"));
}

#[test]
fn the_grants_of_a_question_are_the_allows_about_its_action() {
    let mut conditional = allow("s3:GetObject", "*");
    conditional["Condition"] = json!({ "Bool": { "aws:SecureTransport": "true" } });
    let statements = [
        conditional,
        allow("*:*", "*"),
        allow("s3:PutObject", "*"),
        json!({ "Effect": "Allow", "NotAction": "iam:*", "Resource": "*" }),
        json!({ "Effect": "Allow", "NotAction": "s*:Get*", "Resource": "*" }),
        deny("s3:Get*", "arn:aws:s3:::a"),
    ];
    let role = policy(&statements);
    let identity = [&role];
    let policies = Policies { identity: &identity, ..Policies::default() };
    let access = Access::new(&policies, &ROLE.parse().unwrap()).unwrap();
    let grants = |action: &str| -> Vec<usize> {
        let action = action.parse().unwrap();
        let question = access.question(&action);
        question.iter().flat_map(|question| question.grants()).map(|grant| grant.index()).collect()
    };
    assert_eq!(
        grants("s3:GetObject"),
        [1, 3, 0],
        "conditions come last; `*:*` is a list, `s*:Get*` may leave it out"
    );
    assert_eq!(grants("iam:PassRole"), [1, 4]);

    let denied = policy(&[allow("*", "*"), deny("s3:*", "*")]);
    let identity = [&denied];
    let access = Access::new(&Policies { identity: &identity, ..policies }, &ROLE.parse().unwrap()).unwrap();
    assert!(access.question(&"s3:GetObject".parse().unwrap()).is_none());
}
