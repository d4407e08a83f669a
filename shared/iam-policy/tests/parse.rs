//! What the parser accepts, what it refuses, and where it says the fault is.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use iam_policy::{
    ActionElement, Fault, JsonPath, LONGEST_TEXT, Policy, Position, PrincipalSpec, ResourceElement,
    StatementId, Version,
};

const STATEMENT: &str = r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}"#;

fn fault(text: &str) -> (Fault, String) {
    let error = Policy::parse(text).unwrap_err();
    (error.fault().clone(), error.path().to_string())
}

fn around(statement: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#)
}

#[test]
fn elements_are_read_as_written() {
    let policy = Policy::parse(
        r#"{"Version":"2012-10-17","Id":"p","Statement":[
            {"Sid":"Read","Effect":"Allow","Principal":{"AWS":"123456789012","Service":["a.amazonaws.com"]},
             "Action":["s3:\u0047etObject","S3:List*"],"Resource":"arn:aws:s3:::b/*",
             "Condition":{"NumericLessThan":{"s3:max-keys":10},"Bool":{"aws:SecureTransport":[true,"false"]}}},
            {"Effect":"Deny","NotAction":"iam:*","NotResource":[],"NotPrincipal":"*"}]}"#,
    )
    .unwrap();
    assert_eq!(policy.version(), Some(Version::V2012));
    assert_eq!(policy.id(), Some("p"));
    let [read, rest] = policy.statements() else { panic!("two statements") };
    assert_eq!((read.id(), rest.id()), (StatementId::Sid("Read"), StatementId::Index(1)));
    assert_eq!(read.action().patterns()[0].as_str(), "s3:GetObject");
    assert!(!read.is_unconditional() && rest.is_unconditional());
    let tests: Vec<_> = read.tests().map(|(operator, test)| (operator.to_string(), test.key())).collect();
    assert_eq!(
        tests,
        [("NumericLessThan".to_owned(), "s3:max-keys"), ("Bool".to_owned(), "aws:SecureTransport")]
    );
    assert_eq!(read.principal().unwrap().spec().services().collect::<Vec<_>>(), ["a.amazonaws.com"]);
    assert_eq!(*rest.principal().unwrap().spec(), PrincipalSpec::Everyone);
    assert!(matches!(rest.action(), ActionElement::NotAction(_)));
    assert!(matches!(rest.resource(), Some(ResourceElement::NotResource(none)) if none.is_empty()));
}

#[test]
fn a_statement_may_stand_alone_and_the_version_may_be_missing() {
    let policy = Policy::parse(&format!(r#"{{"Statement":{STATEMENT}}}"#)).unwrap();
    assert_eq!(policy.version(), None);
    assert_eq!(policy.statements().len(), 1);
}

#[test]
fn a_document_without_meaning_is_refused_where_the_fault_is() {
    let cases = [
        ("[]", Fault::WrongType("an object"), "$"),
        ("{}", Fault::Missing("Statement"), "$"),
        (r#"{"Statement":"x"}"#, Fault::WrongType("an object"), "$.Statement"),
        (r#"{"Statement":[1]}"#, Fault::WrongType("an object"), "$.Statement[0]"),
        (
            r#"{"Version":"2012-10-18","Statement":[]}"#,
            Fault::UnknownVersion("2012-10-18".into()),
            "$.Version",
        ),
        (r#"{"Version":20121017,"Statement":[]}"#, Fault::WrongType("a string"), "$.Version"),
        (r#"{"Id":null,"Statement":[]}"#, Fault::WrongType("a string"), "$.Id"),
    ];
    for (text, expected, path) in cases {
        assert_eq!(fault(text), (expected, path.to_owned()), "{text}");
    }
}

#[test]
fn a_statement_without_meaning_is_refused_where_the_fault_is() {
    let text_list = Fault::WrongType("a string or a list of strings");
    let cases = [
        (r#"{"Action":"a:b","Resource":"*"}"#, Fault::Missing("Effect"), "$.Statement[0]"),
        (
            r#"{"Effect":"allow","Action":"a:b"}"#,
            Fault::UnknownEffect("allow".into()),
            "$.Statement[0].Effect",
        ),
        (r#"{"Effect":"Allow","Resource":"*"}"#, Fault::Missing("Action"), "$.Statement[0]"),
        (
            r#"{"Effect":"Allow","Action":"a:b","NotAction":"a:c"}"#,
            Fault::Conflict("Action", "NotAction"),
            "$.Statement[0]",
        ),
        (
            r#"{"Effect":"Allow","Action":"a:b","Resource":"*","NotResource":"*"}"#,
            Fault::Conflict("Resource", "NotResource"),
            "$.Statement[0]",
        ),
        (
            r#"{"Effect":"Allow","Action":"a:b","Principal":"*","NotPrincipal":"*"}"#,
            Fault::Conflict("Principal", "NotPrincipal"),
            "$.Statement[0]",
        ),
        (r#"{"Effect":"Allow","Action":1}"#, text_list.clone(), "$.Statement[0].Action"),
        (r#"{"Effect":"Allow","Action":["a:b",["a:c"]]}"#, text_list.clone(), "$.Statement[0].Action[1]"),
        (r#"{"Effect":"Allow","Action":"a:b","Resource":null}"#, text_list, "$.Statement[0].Resource"),
        (
            r#"{"Effect":"Allow","Action":"a:b","Sid":["x"]}"#,
            Fault::WrongType("a string"),
            "$.Statement[0].Sid",
        ),
        (
            r#"{"Effect":"Allow","Action":"a:b","Principal":"123456789012"}"#,
            Fault::WrongType("`\"*\"` or an object with principal types"),
            "$.Statement[0].Principal",
        ),
        (
            r#"{"Effect":"Allow","Action":"a:b","Principal":{"aws":"*"}}"#,
            Fault::UnknownPrincipalType("aws".into()),
            "$.Statement[0].Principal.aws",
        ),
        (
            r#"{"Effect":"Allow","Action":"a:b","Condition":{"StringIs":{"k":"v"}}}"#,
            Fault::UnknownOperator("StringIs".into()),
            "$.Statement[0].Condition.StringIs",
        ),
        (
            r#"{"Effect":"Allow","Action":"a:b","Condition":{"NullIfExists":{"k":"true"}}}"#,
            Fault::UnknownOperator("NullIfExists".into()),
            "$.Statement[0].Condition.NullIfExists",
        ),
        (
            r#"{"Effect":"Allow","Action":"a:b","Condition":{"StringLike":{"aws:x":[null]}}}"#,
            Fault::WrongType("a string, number or boolean, or a list of them"),
            r#"$.Statement[0].Condition.StringLike["aws:x"][0]"#,
        ),
        (
            r#"{"Effect":"Allow","Action":"a:b","Condition":["StringLike"]}"#,
            Fault::WrongType("an object"),
            "$.Statement[0].Condition",
        ),
    ];
    for (statement, expected, path) in cases {
        assert_eq!(fault(&around(statement)), (expected, path.to_owned()), "{statement}");
    }
}

#[test]
fn no_key_may_stand_twice() {
    let cases = [
        (
            r#"{"Statement":[],"Statement":[]}"#.to_owned(),
            Fault::DuplicateKey("Statement".into()),
            "$.Statement",
        ),
        (
            around(r#"{"Effect":"Deny","Effect":"Allow","Action":"a:b"}"#),
            Fault::DuplicateKey("Effect".into()),
            "$.Statement[0].Effect",
        ),
        (
            around(r#"{"Effect":"Allow","Action":"a:b","Condition":{"StringLike":{"k":"1","k":"2"}}}"#),
            Fault::DuplicateKey("k".into()),
            "$.Statement[0].Condition.StringLike.k",
        ),
        (
            around(r#"{"Effect":"Allow","Action":"a:b","Condition":{"StringLike":{"K":"1","k":"2"}}}"#),
            Fault::DuplicateConditionKey("k".into()),
            "$.Statement[0].Condition.StringLike.k",
        ),
        (
            around(r#"{"Effect":"Allow","Action":"a:b","Own":{"a":[{"b":1,"\u0062":2}]}}"#),
            Fault::DuplicateKey("b".into()),
            "$.Statement[0].Own.a[0].b",
        ),
    ];
    for (text, expected, path) in cases {
        assert_eq!(fault(&text), (expected, path.to_owned()), "{text}");
    }
}

#[test]
fn an_error_points_to_line_and_column() {
    let text = "{\n  \"Statement\": [\n    {\"Effect\": \"allow\",\n     \"Action\": \"a:b\"}\n  ]\n}";
    let error = Policy::parse(text).unwrap_err();
    assert_eq!(error.position().map(|position| position.line), Some(3));
    assert_eq!(
        error.to_string(),
        "effect `allow` is neither `Allow` nor `Deny` at $.Statement[0].Effect (line 3, column 22)"
    );

    let error = Policy::parse("{\"Statement\": [],\n \"Statement\": []}").unwrap_err();
    assert_eq!(error.position().map(|position| position.line), Some(2));

    let error = Policy::parse("{\"Statement\": [\n}").unwrap_err();
    assert_eq!(error.position(), Some(Position { line: 2, column: 1 }));
    assert!(matches!(error.fault(), Fault::Json(_)));
}

#[test]
fn a_path_is_found_in_the_text() {
    let text = "{\"a\": [1,\n  {\"b\": 2}]}";
    let found = JsonPath::root().key("a").index(1).key("b").position_in(text);
    assert_eq!(found.map(|position| position.line), Some(2));
    assert_eq!(JsonPath::root().key("a").index(2).position_in(text), None);
    assert_eq!(JsonPath::root().key("c").position_in(text), None);
}

#[test]
fn hostile_text_is_refused_without_harm() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep_inside = around(&format!(
        r#"{{"Effect":"Allow","Action":"a:b","Own":{}{}}}"#,
        "{\"a\":".repeat(5_000),
        "}".repeat(5_000)
    ));
    for text in [
        "",
        " ",
        "\u{0}",
        "{",
        "nul",
        "{\"Statement\":[]} x",
        "\u{feff}{\"Statement\":[]}",
        &deep,
        &deep_inside,
    ] {
        let error = Policy::parse(text).unwrap_err();
        assert!(matches!(error.fault(), Fault::Json(_)), "{error}");
    }
    let long = " ".repeat(LONGEST_TEXT + 1);
    assert_eq!(*Policy::parse(&long).unwrap_err().fault(), Fault::TooLong(LONGEST_TEXT + 1));
}

#[test]
fn a_number_that_would_be_rounded_is_refused() {
    let with = |number: &str| {
        around(&format!(
            r#"{{"Effect":"Allow","Action":"a:b","Condition":{{"NumericEquals":{{"k":{number}}}}}}}"#
        ))
    };
    for exact in ["0", "-5", "18446744073709551615", "0.5", "1e3"] {
        assert!(Policy::parse(&with(exact)).is_ok(), "{exact}");
    }
    for rounded in ["18446744073709551616", "1e400", "123456789012345678901234567890"] {
        assert!(matches!(fault(&with(rounded)).0, Fault::Json(_)), "{rounded}");
    }
}

#[test]
fn unknown_keys_are_kept_and_named() {
    let text =
        r#"{"Statement":[{"Effect":"Allow","Action":"a:b","Resource":"*","Note":{"x":[1]}}],"Owner":"me"}"#;
    let policy = Policy::parse(text).unwrap();
    let paths: Vec<_> = policy.unknown_keys().iter().map(ToString::to_string).collect();
    assert_eq!(paths, ["$.Owner", "$.Statement[0].Note"]);
    assert_eq!(policy.to_json(), text);
}

#[test]
fn printing_keeps_what_was_written() {
    for text in [
        r#"{"Statement":{"Effect":"Allow","Action":"a:b","Resource":"*"}}"#,
        r#"{"Version":"2008-10-17","Id":"","Statement":[]}"#,
        r#"{"Version":"2012-10-17","Statement":[{"Sid":"A","Effect":"Deny","Principal":{"AWS":["*"],"Federated":"f"},"NotAction":["a:b"],"NotResource":"*","Condition":{"forallvalues:StringLike":{"K":["x",1,true,0.5]},"Null":{}}}]}"#,
        r#"{"Statement":[{"Effect":"Deny","NotPrincipal":"*","Action":[],"Condition":{}}]}"#,
    ] {
        let policy = Policy::parse(text).unwrap();
        assert_eq!(policy.to_json(), text);
        assert_eq!(Policy::parse(&policy.to_json()).unwrap(), policy);
    }
}

#[test]
fn size_counts_all_but_white_space() {
    let policy = Policy::parse(r#"{ "Statement" : { "Effect":"Allow", "Action":"a:b", "Resource":"x y" } }"#);
    assert_eq!(
        policy.unwrap().size(),
        r#"{"Statement":{"Effect":"Allow","Action":"a:b","Resource":"xy"}}"#.len()
    );
}
