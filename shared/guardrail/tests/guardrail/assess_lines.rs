//! Lines of the machine interface that somebody got wrong, or means badly: each is answered, and none opens anything.

use crate::corpus::assess::answer;
use serde_json::{Value, json};

const ARN: &str = "arn:aws:iam::123456789012:role/orders";
const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:orders";
const TEAM: &str = "arn:aws:iam::123456789012:policy/team";

fn statement(effect: &str, action: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": {"Effect": effect, "Action": action, "Resource": "*"}})
}

/// A role whose one policy is this document.
fn role(document: Value) -> Value {
    json!({
        "Arn": ARN, "RoleName": "orders", "RoleId": "AROAEXAMPLE", "CreateDate": "2026-11-22T09:00:00Z",
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}},
        "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": document}],
    })
}

fn line() -> Value {
    json!({"id": "x", "account": "123456789012", "role": role(statement("Allow", "*"))})
}

/// The line with one thing changed.
fn with(place: &str, value: Value) -> Value {
    let mut line = line();
    let (parent, key) = place.rsplit_once('/').unwrap();
    line.pointer_mut(parent).unwrap().as_object_mut().unwrap().insert(key.to_owned(), value);
    line
}

fn answered(line: &Value) -> Value {
    answer(line.to_string().as_bytes())
}

fn doubts(answer: &Value) -> Vec<&str> {
    answer["doubts"].as_array().unwrap().iter().map(|doubt| doubt.as_str().unwrap()).collect()
}

fn has(answer: &Value, check: &str) -> bool {
    answer["breaches"].as_array().unwrap().iter().any(|breach| breach["check"] == check)
}

/// Nothing is said of the role, under the id of the line.
fn is_refused(answer: &Value, id: &Value) -> bool {
    let why = doubts(answer);
    answer["id"] == *id
        && answer["breaches"] == json!([])
        && answer["administrator"] == false
        && answer["decision"] == "none"
        && matches!(why.as_slice(), [why] if why.starts_with("the line cannot be read: "))
}

#[test]
fn a_line_in_order_is_answered_in_full() {
    let answer = answered(&line());
    assert_eq!(
        (&answer["id"], &answer["administrator"], &answer["decision"], doubts(&answer)),
        (&json!("x"), &json!(true), &json!("bounded"), vec![])
    );
}

#[test]
fn what_is_no_role_of_the_account_is_refused_under_its_id() {
    for (line, why) in [
        (json!({"id": "x"}), "no role"),
        (json!({"id": "x", "role": null}), "a role that is null"),
        (json!({"id": "x", "role": []}), "a role that is a list"),
        (with("/role/Arn", json!(null)), "no ARN"),
        (with("/role/Arn", json!(TEAM)), "the ARN of something else"),
        (with("/role/Arn", json!("*")), "a wildcard for an ARN"),
        (with("/role/RoleId", json!("no id")), "an id that is none"),
        (with("/role/CreateDate", json!("yesterday")), "a date that is none"),
        (with("/role/RolePolicyList", json!({})), "policies that are no list"),
        (with("/role/RolePolicyList", json!([null])), "a policy that is null"),
        (with("/role/AttachedManagedPolicies", json!([{"PolicyArn": 7}])), "an ARN that is a number"),
        (with("/role/PermissionsBoundary", json!("team")), "a boundary that is a text"),
        (with("/account", json!("210987654321")), "another account"),
        (with("/account", json!(123_456_789_012_u64)), "an account that is a number"),
        (with("/account", json!("12")), "an account of two digits"),
        (with("/policies", json!([null])), "a managed policy that is null"),
        (with("/policies", json!("none")), "policies that are a text"),
        (with("/scps", json!([null])), "a level that is null"),
        (with("/functions", json!({})), "functions that are no list"),
        (with("/boundaries", json!({"ours": "mine"})), "a boundary that is no ARN"),
    ] {
        let answer = answered(&line);
        assert!(is_refused(&answer, &json!("x")), "{why}: {answer}");
    }
}

#[test]
fn what_is_no_json_is_refused() {
    let nested = |depth: usize| {
        format!(r#"{{"id":"x","role":{}{}}}"#, r#"{"a":"#.repeat(depth), "}".repeat(depth)).into_bytes()
    };
    for (line, id, why) in [
        (b"".to_vec(), json!(null), "an empty line"),
        (b"\n".to_vec(), json!(null), "a line break"),
        (b"null\n".to_vec(), json!(null), "null"),
        (b"[]".to_vec(), json!(null), "a list"),
        (b"{\"id\":\"x\"".to_vec(), json!(null), "half a line"),
        (b"{\"id\":\"x\",\"role\":\"\xff\xfe\"}".to_vec(), json!("x"), "not UTF-8"),
        (b"\xef\xbb\xbf{}".to_vec(), json!(null), "a byte order mark"),
        (b"\0\0\0".to_vec(), json!(null), "zeros"),
        (vec![b'['; 1 << 20], json!(null), "brackets without end"),
        (nested(100_000), json!(null), "too deep, and never closed"),
        (b"{\"id\":\"x\",\"id\":\"y\",\"role\":{}}".to_vec(), json!(null), "two ids"),
    ] {
        let answer = answer(&line);
        assert!(is_refused(&answer, &id), "{why}: {answer}");
        assert!(!answer.to_string().contains('\n'), "{why}");
    }
}

#[test]
fn an_id_is_given_back_whatever_it_is() {
    for id in [json!(7), json!(["x", {"y": null}]), json!("a\nb\u{0}\"c"), json!("é\u{2028}"), json!(null)] {
        let answer = answered(&with("/id", id.clone()));
        assert_eq!(answer["id"], id);
        assert_eq!(answer.to_string().lines().count(), 1, "{id}");
    }
}

#[test]
fn null_is_nothing() {
    let mut line = line();
    for place in ["account", "policies", "scps", "functions", "boundaries"] {
        line[place] = json!(null);
    }
    for place in
        ["RoleId", "CreateDate", "AttachedManagedPolicies", "PermissionsBoundary", "Tags", "RoleLastUsed"]
    {
        line["role"][place] = json!(null);
    }
    let answer = answered(&line);
    assert_eq!((&answer["administrator"], doubts(&answer)), (&json!(true), vec![]));
    let answer = answered(&with("/boundaries", json!({"ours": null, "approved": null})));
    assert_eq!(doubts(&answer), [""; 0]);
}

#[test]
fn documents_are_read_as_json_as_text_and_percent_encoded() {
    let text = statement("Allow", "*").to_string();
    let encoded: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
    for document in [statement("Allow", "*"), json!(text), json!(encoded)] {
        assert_eq!(answered(&with("/role", role(document.clone())))["administrator"], true, "{document}");
    }
}

#[test]
fn a_document_that_is_not_understood_grants_nothing_and_is_a_doubt() {
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    let in_value: Value = (0..100).fold(json!("*"), |inner, _| json!([inner]));
    for (document, why) in [
        (json!(null), "null"),
        (json!(7), "a number"),
        (json!([]), "a list"),
        (json!({}), "without statements"),
        (json!("%7B%22Statement%22"), "half a document"),
        (json!("%FF%FE"), "not UTF-8"),
        (json!("%%%"), "no code"),
        (json!(deep), "too deep"),
        (json!({"Version": "2012-10-17", "Statement": in_value}), "lists in lists"),
        (statement("allow", "*"), "an effect that there is not"),
        (json!({"Version": "2099-01-01", "Statement": []}), "a version that there is not"),
    ] {
        let answer = answered(&with("/role", role(document)));
        assert_eq!(
            (answer["administrator"].clone(), doubts(&answer).len()),
            (json!(false), 1),
            "{why}: {answer}"
        );
        assert!(has(&answer, "boundary-missing") && !has(&answer, "admin-access"), "{why}: {answer}");
    }
}

#[test]
fn a_boundary_that_is_not_understood_hides_nothing() {
    let mut line =
        with("/policies", json!([{"Arn": TEAM, "PolicyVersionList": [{"Document": {"Statement": 7}}]}]));
    line["role"]["PermissionsBoundary"] = json!({"PermissionsBoundaryArn": TEAM});
    let answer = answered(&line);
    assert_eq!((&answer["administrator"], &answer["decision"]), (&json!(true), &json!("reported")));
    assert_eq!(doubts(&answer).len(), 1, "{answer}");
    line["policies"] = json!([]);
    let answer = answered(&line);
    assert_eq!(answer["administrator"], false, "one that is gone leaves nothing");
    assert_eq!(doubts(&answer).len(), 1, "{answer}");
}

#[test]
fn a_service_control_policy_that_is_not_understood_hides_nothing() {
    for document in [json!(null), json!({"Statement": 7}), json!("%FF")] {
        let answer = answered(&with("/scps", json!([[document]])));
        assert_eq!((&answer["administrator"], doubts(&answer).len()), (&json!(true), 1), "{document}");
    }
    let understood = answered(&with("/scps", json!([[statement("Allow", "s3:*")], [{"Statement": 7}]])));
    assert!(!has(&understood, "privilege-escalation"), "the others still count: {understood}");
    assert_eq!(doubts(&understood).len(), 1);
}

#[test]
fn a_function_that_cannot_have_the_role_is_left_out_and_a_doubt() {
    let public = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*",
        "Action": "lambda:InvokeFunctionUrl", "Resource": "*"}});
    let open = |arn: &str| json!({"arn": arn, "url_auth": "NONE", "policy": public});
    for (function, why) in [
        (open("arn:aws:lambda:us-east-1:210987654321:function:orders"), "of another account"),
        (open("orders"), "a bare name"),
        (open("arn:aws:lambda:us-east-1:123456789012:layer:orders"), "a layer"),
        (
            json!({"arn": FUNCTION, "qualifier": "a b", "url_auth": "NONE", "policy": public}),
            "a qualifier that is none",
        ),
        (open(&format!("{FUNCTION}:a b")), "the same in the ARN"),
        (json!({"arn": FUNCTION, "url_auth": "PUBLIC", "policy": public}), "an AuthType that there is not"),
        (json!({"url_auth": "NONE", "policy": public}), "no ARN"),
        (json!(null), "null"),
    ] {
        let answer = answered(&with("/functions", json!([function])));
        assert!(!has(&answer, "function-url-public") && !has(&answer, "logging-cut"), "{why}");
        assert!(
            matches!(doubts(&answer).as_slice(), [one] if one.starts_with("function 0: ")),
            "{why}: {answer}"
        );
        let answer = answered(&with("/functions", json!([function, open(FUNCTION)])));
        assert!(has(&answer, "function-url-public") && !has(&answer, "shared-role"), "{why}: the other one");
        assert_eq!(answer["administrator"], true, "{why}: the role");
    }
}

#[test]
fn a_line_of_a_megabyte_is_judged_like_a_short_one() {
    let statements: Vec<Value> = (0..8_000)
        .map(|at| json!({"Effect": "Deny", "Action": "s3:GetObject", "Resource": format!("arn:aws:s3:::bucket-{at:060}/*")}))
        .chain([json!({"Effect": "Allow", "Action": "*", "Resource": "*"})])
        .collect();
    let line = with("/role", role(json!({"Version": "2012-10-17", "Statement": statements})));
    assert!(line.to_string().len() > 1_000_000);
    let answer = answered(&line);
    assert_eq!(answer["administrator"], true, "{:?}", doubts(&answer));
    let padded = with("/unknown", json!("x".repeat(1_000_000)));
    assert_eq!(answered(&padded), answered(&self::line()), "a key that is not of the interface");
}
