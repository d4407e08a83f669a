//! Which rules a document breaks, how serious that is, and where it is said to be.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use iam_policy::{Level, Policy, PolicyKind, Rule, VariableFault};

const KINDS: [PolicyKind; 8] = [
    PolicyKind::Identity,
    PolicyKind::Boundary,
    PolicyKind::Session,
    PolicyKind::Resource,
    PolicyKind::Trust,
    PolicyKind::ServiceControl,
    PolicyKind::ResourceControl,
    PolicyKind::VpcEndpoint,
];

type Found = (Level, Rule, String);

fn validate(text: &str, kind: PolicyKind) -> Vec<Found> {
    let problems = Policy::parse(text).unwrap().validate(kind);
    problems.into_iter().map(|problem| (problem.level, problem.rule, problem.path.to_string())).collect()
}

/// The problems of one statement under version 2012-10-17.
fn statement(statement: &str, kind: PolicyKind) -> Vec<Found> {
    validate(&format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#), kind)
}

fn identity(text: &str) -> Vec<Found> {
    statement(text, PolicyKind::Identity)
}

fn refused(rule: Rule, path: &str) -> Vec<Found> {
    vec![(Level::Refused, rule, format!("$.Statement[0]{path}"))]
}

fn error(rule: Rule, path: &str) -> Vec<Found> {
    vec![(Level::Error, rule, format!("$.Statement[0]{path}"))]
}

fn warning(rule: Rule, path: &str) -> Vec<Found> {
    vec![(Level::Warning, rule, format!("$.Statement[0]{path}"))]
}

fn allow(rest: &str) -> String {
    format!(r#"{{"Effect":"Allow","Action":"s3:GetObject","Resource":"*",{rest}}}"#)
}

fn condition(condition: &str) -> Vec<Found> {
    identity(&allow(&format!(r#""Condition":{condition}"#)))
}

#[test]
fn a_plain_document_of_each_kind_has_no_problem() {
    for kind in KINDS {
        let text = match kind {
            PolicyKind::Trust => {
                r#"{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}"#
            }
            PolicyKind::Resource | PolicyKind::ResourceControl | PolicyKind::VpcEndpoint => {
                r#"{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/*"}"#
            }
            PolicyKind::Identity
            | PolicyKind::Boundary
            | PolicyKind::Session
            | PolicyKind::ServiceControl => {
                r#"{"Sid":"A1","Effect":"Allow","Action":["s3:Get*","*"],"Resource":"arn:aws:s3:::b/${aws:username, 'x'}"}"#
            }
        };
        assert_eq!(statement(text, kind), [], "{kind:?}");
    }
}

#[test]
fn principals_belong_to_some_kinds_only() {
    let with = r#"{"Effect":"Deny","Principal":"*","Action":"a:b","Resource":"*"}"#;
    let without = r#"{"Effect":"Deny","Action":"a:b","Resource":"*"}"#;
    for kind in [PolicyKind::Identity, PolicyKind::Boundary, PolicyKind::Session, PolicyKind::ServiceControl]
    {
        assert_eq!(statement(with, kind), refused(Rule::UnexpectedPrincipal, ".Principal"), "{kind:?}");
    }
    for kind in [PolicyKind::Resource, PolicyKind::ResourceControl, PolicyKind::VpcEndpoint] {
        assert_eq!(statement(without, kind), refused(Rule::NoPrincipal, ""), "{kind:?}");
    }
    let trust = r#"{"Effect":"Allow","Action":"sts:AssumeRole"}"#;
    assert_eq!(statement(trust, PolicyKind::Trust), refused(Rule::NoPrincipal, ""));
}

#[test]
fn not_principal_is_for_resources_only() {
    let everyone_else = |effect: &str, kind| {
        statement(
            &format!(
                r#"{{"Effect":"{effect}","NotPrincipal":{{"AWS":"123456789012"}},"Action":"a:b","Resource":"*"}}"#
            ),
            kind,
        )
    };
    assert_eq!(everyone_else("Deny", PolicyKind::Resource), []);
    assert_eq!(
        everyone_else("Allow", PolicyKind::Resource),
        warning(Rule::AllowNotPrincipal, ".NotPrincipal")
    );
    assert_eq!(
        everyone_else("Deny", PolicyKind::Identity),
        refused(Rule::UnexpectedPrincipal, ".NotPrincipal")
    );
    let trust = r#"{"Effect":"Deny","NotPrincipal":{"AWS":"123456789012"},"Action":"sts:AssumeRole"}"#;
    assert_eq!(statement(trust, PolicyKind::Trust), refused(Rule::UnexpectedNotPrincipal, ".NotPrincipal"));
}

#[test]
fn a_principal_that_matches_nobody_is_told() {
    let named = |principal: &str, kind| {
        let resource = if kind == PolicyKind::Trust { "" } else { r#","Resource":"*""# };
        let text = format!(
            r#"{{"Effect":"Allow","Principal":{{"AWS":["*","{principal}"]}},"Action":"sts:AssumeRole"{resource}}}"#
        );
        statement(&text, kind)
    };
    let wild = "arn:aws:iam::123456789012:role/*";
    let rule = || Rule::PartialWildcardPrincipal(wild.into());
    assert_eq!(named(wild, PolicyKind::Trust), refused(rule(), ".Principal.AWS[1]"));
    assert_eq!(named(wild, PolicyKind::Resource), error(rule(), ".Principal.AWS[1]"));
    let rule = Rule::Principal("bob".into());
    assert_eq!(named("bob", PolicyKind::Trust), refused(rule, ".Principal.AWS[1]"));
    let id = "AROAIOSFODNN7EXAMPLEQ";
    let rule = Rule::DeletedPrincipal(id.into());
    assert_eq!(named(id, PolicyKind::Trust), warning(rule, ".Principal.AWS[1]"));
}

#[test]
fn resource_control_policies_are_about_everyone() {
    let text = r#"{"Effect":"Deny","Principal":{"AWS":"123456789012"},"Action":"s3:*","Resource":"*"}"#;
    assert_eq!(statement(text, PolicyKind::ResourceControl), refused(Rule::OnlyEveryone, ".Principal"));
}

#[test]
fn resources_are_missing_in_trust_policies_only() {
    let without = r#"{"Effect":"Allow","Action":"s3:*"}"#;
    assert_eq!(identity(without), refused(Rule::NoResource, ""));
    let with =
        r#"{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole","Resource":"*"}"#;
    assert_eq!(statement(with, PolicyKind::Trust), refused(Rule::UnexpectedResource, ".Resource"));
}

#[test]
fn actions_and_resources_have_a_form() {
    for text in ["", "s3", "s3:", ":Get", "s3*", "s3:Get:Object", "s3:Get Object", " s3:Get"] {
        let found = identity(&format!(r#"{{"Effect":"Allow","Action":"{text}","Resource":"*"}}"#));
        assert_eq!(found, refused(Rule::Action(text.into()), ".Action"), "{text}");
    }
    for text in ["*:*", "s*:GetObject"] {
        let found = identity(&format!(r#"{{"Effect":"Allow","NotAction":["{text}"],"Resource":"*"}}"#));
        assert_eq!(found, warning(Rule::ServiceWildcard(text.into()), ".NotAction[0]"), "{text}");
    }
    for text in ["", "b/*", "s3:::b", "**b", "${aws:username}"] {
        let found = identity(&format!(r#"{{"Effect":"Allow","Action":"s3:*","Resource":["{text}"]}}"#));
        assert_eq!(found, refused(Rule::Resource(text.into()), ".Resource[0]"), "{text}");
    }
    let ends_early = r#"{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3"}"#;
    let rule = || Rule::Resource("arn:aws:s3".into());
    assert_eq!(identity(ends_early), error(rule(), ".Resource"));
    assert_eq!(statement(ends_early, PolicyKind::Session), refused(rule(), ".Resource"));
    for text in ["*", "arn:*", "arn:aws:lambda:*", "arn:aws:s3:::b/${aws:username}"] {
        assert_eq!(identity(&format!(r#"{{"Effect":"Allow","Action":"s3:*","NotResource":"{text}"}}"#)), []);
    }
}

#[test]
fn a_sid_is_letters_and_digits_once() {
    assert_eq!(identity(&allow(r#""Sid":"a-b""#)), refused(Rule::Sid("a-b".into()), ".Sid"));
    assert_eq!(identity(&allow(r#""Sid":"""#)), []);
    let service = r#"{"Sid":"a-b","Effect":"Allow","Principal":"*","Action":"lambda:*","Resource":"*"}"#;
    assert_eq!(statement(service, PolicyKind::Resource), warning(Rule::Sid("a-b".into()), ".Sid"));
    let twice = format!("{0},{0}", allow(r#""Sid":"A""#));
    assert_eq!(
        identity(&twice),
        [(Level::Refused, Rule::DuplicateSid("A".into()), "$.Statement[1].Sid".into())]
    );
}

#[test]
fn the_document_as_a_whole() {
    let text =
        r#"{"Id":"x","Owner":1,"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*","Note":""}}"#;
    assert_eq!(
        validate(text, PolicyKind::Identity),
        [
            (Level::Refused, Rule::UnknownElement, "$.Owner".into()),
            (Level::Refused, Rule::UnknownElement, "$.Statement.Note".into()),
            (Level::Warning, Rule::NoVersion, "$".into()),
        ]
    );
    let empty = r#"{"Version":"2012-10-17","Statement":[]}"#;
    assert_eq!(
        validate(empty, PolicyKind::Identity),
        [(Level::Refused, Rule::NoStatement, "$.Statement".into())]
    );
    let long = allow(&format!(r#""Sid":"{}""#, "a".repeat(6_144)));
    let found = identity(&long);
    assert!(matches!(found.as_slice(), [(Level::Warning, Rule::Size { limit: 6_144, .. }, _)]), "{found:?}");
}

#[test]
fn characters_outside_latin_1_are_refused() {
    let found = |resource: &str| {
        identity(&format!(r#"{{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b/{resource}"}}"#))
    };
    assert_eq!(found("caf\u{e9}\\t\\r\\n\u{ff}"), []);
    for character in ['\u{100}', '\u{1f600}', '\u{200b}'] {
        assert_eq!(found(&character.to_string()), refused(Rule::Character(character), ".Resource"));
    }
    assert_eq!(found("\\u0000"), refused(Rule::Character('\0'), ".Resource"));
}

#[test]
fn variables_are_spelt_and_placed_right() {
    let resource = |text: &str| {
        identity(&format!(r#"{{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::{text}"}}"#))
    };
    for (text, fault) in [
        ("${}", VariableFault::Empty),
        ("${aws:user name}", VariableFault::Space),
        ("${aws:username", VariableFault::MissingBrace),
        ("${aws:username, x}", VariableFault::MissingQuote),
    ] {
        assert_eq!(resource(text), refused(Rule::Variable(fault), ".Resource"), "{text}");
    }
    for operator in ["Null", "NumericEquals", "DateEquals", "Bool", "BinaryEquals", "IpAddress"] {
        let found = condition(&format!(r#"{{"{operator}":{{"my:k":"${{aws:username}}"}}}}"#));
        let path = format!(r#".Condition.{operator}["my:k"]"#);
        let expected = refused(Rule::UnsupportedVariable, &path);
        assert!(found.contains(&expected[0]), "{operator}: {found:?}");
    }
    let action = r#"{"Effect":"Allow","Action":"s3:${aws:username}","Resource":"*"}"#;
    assert!(identity(action).contains(&refused(Rule::UnsupportedVariable, ".Action")[0]));
    let old = r#"{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::${aws:username"}]}"#;
    assert_eq!(validate(old, PolicyKind::Identity), error(Rule::VariableInOldVersion, ".Resource"));
}

#[test]
fn conditions_have_rules_of_their_own() {
    let at = |operator: &str, key: &str| format!(r#".Condition["{operator}"]["{key}"]"#);
    assert_eq!(condition("{}"), warning(Rule::Empty, ".Condition"));
    assert_eq!(condition(r#"{"Bool":{}}"#), warning(Rule::Empty, ".Condition.Bool"));
    assert_eq!(
        condition(r#"{"stringLike":{"my:k":"x"}}"#),
        warning(Rule::OperatorCase("stringLike".into()), ".Condition.stringLike")
    );
    assert_eq!(
        condition(r#"{"StringLike":{"aws:TagKeys":"x"}}"#),
        error(Rule::NoQuantifier("aws:TagKeys".into()), r#".Condition.StringLike["aws:TagKeys"]"#)
    );
    assert_eq!(condition(r#"{"ForAnyValue:StringLike":{"aws:TagKeys":"x"}}"#), []);
    assert_eq!(
        condition(r#"{"ForAllValues:StringLike":{"aws:TagKeys":"x"}}"#),
        warning(Rule::AllValuesAllow, r#".Condition["ForAllValues:StringLike"]"#)
    );
    assert_eq!(
        condition(r#"{"ForAnyValue:Null":{"aws:TagKeys":"true"}}"#),
        warning(Rule::QuantifiedNull, r#".Condition["ForAnyValue:Null"]"#)
    );
    assert_eq!(
        condition(r#"{"Bool":{"my:k":[true,false]}}"#),
        error(Rule::SeveralTruthValues, r#".Condition.Bool["my:k"]"#)
    );
    assert_eq!(
        condition(r#"{"DateLessThan":{"my:k":["2025-05-05","soon"]}}"#),
        warning(Rule::ValueType("soon".into()), r#".Condition.DateLessThan["my:k"][1]"#)
    );
    assert_eq!(
        condition(r#"{"StringLike":{"key":"x"}}"#),
        error(Rule::ConditionKey("key".into()), ".Condition.StringLike.key")
    );
    assert_eq!(
        condition(r#"{"ForAnyValue:StringLike":{"":"x"}}"#),
        refused(Rule::ConditionKey(String::new()), &at("ForAnyValue:StringLike", ""))
    );
}

#[test]
fn empty_lists_are_told_but_accepted() {
    assert_eq!(identity(r#"{"Effect":"Allow","Action":[],"Resource":"*"}"#), warning(Rule::Empty, ".Action"));
    assert_eq!(
        identity(r#"{"Effect":"Allow","Action":"s3:*","Resource":[]}"#),
        warning(Rule::Empty, ".Resource")
    );
}
