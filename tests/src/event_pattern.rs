//! EventBridge event patterns, as far as our rules use them.
//!
//! Rules: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html>. An operator that
//! is not written here panics, so that a rule cannot outgrow the matcher unnoticed.

use serde_json::{Map, Value};

/// Whether an event matches a pattern. Fields that the pattern does not name are ignored; all that it names must match.
#[must_use]
pub fn matches(pattern: &Value, event: &Value) -> bool {
    fields_match(pattern.as_object().expect("a pattern is an object"), Some(event))
}

fn fields_match(pattern: &Map<String, Value>, event: Option<&Value>) -> bool {
    pattern.iter().all(|(field, wanted)| {
        if field == "$or" {
            let ways = wanted.as_array().expect("`$or` is a list of patterns");
            return ways
                .iter()
                .any(|way| fields_match(way.as_object().expect("a way of `$or` is an object"), event));
        }
        let value = event.and_then(|event| event.get(field));
        match wanted {
            // All that is asked of a list of objects has to be true of one of them.
            Value::Object(nested) => match value {
                Some(Value::Array(objects)) => {
                    objects.iter().any(|object| fields_match(nested, Some(object)))
                }
                one => fields_match(nested, one),
            },
            Value::Array(conditions) => conditions.iter().any(|condition| leaf_matches(condition, value)),
            other => panic!("`{field}: {other}` is not a pattern: values stand in a list"),
        }
    })
}

/// One condition against one field. A field that is a list matches where one of its elements does.
fn leaf_matches(condition: &Value, value: Option<&Value>) -> bool {
    if let Some(exists) = operator(condition, "exists") {
        // Leaves only: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html#eb-filtering-exists-matching
        let is_leaf = value.is_some_and(|value| !value.is_object());
        return is_leaf == exists.as_bool().expect("`exists` is true or false");
    }
    match value {
        None | Some(Value::Object(_)) => false,
        Some(Value::Array(elements)) => elements.iter().any(|element| element_matches(condition, element)),
        Some(element) => element_matches(condition, element),
    }
}

fn element_matches(condition: &Value, element: &Value) -> bool {
    if let Some(prefix) = operator(condition, "prefix") {
        return element.as_str().is_some_and(|text| starts_with(prefix, text));
    }
    if let Some(wildcard) = operator(condition, "wildcard") {
        let wildcard = wildcard.as_str().expect("`wildcard` is a text");
        return element.as_str().is_some_and(|text| matches_wildcard(wildcard, text));
    }
    if let Some(excluded) = operator(condition, "anything-but") {
        return match excluded {
            Value::Array(list) => !list.iter().any(|one| element_matches(one, element)),
            one => !element_matches(one, element),
        };
    }
    assert!(!condition.is_object(), "the test's matcher does not know the operator in `{condition}`");
    condition == element
}

fn starts_with(prefix: &Value, text: &str) -> bool {
    let Some(any_case) = operator(prefix, "equals-ignore-case") else {
        return text.starts_with(prefix.as_str().expect("`prefix` is a text"));
    };
    let any_case = any_case.as_str().expect("`equals-ignore-case` is a text");
    text.get(..any_case.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(any_case))
}

/// `*` stands for any characters. A backslash before one, which would make it literal, is not written in our rules.
fn matches_wildcard(wildcard: &str, text: &str) -> bool {
    assert!(!wildcard.contains('\\'), "the test's matcher does not know escapes");
    let Some((first, rest)) = wildcard.split_once('*') else { return wildcard == text };
    let Some(text) = text.strip_prefix(first) else { return false };
    let places = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    places.into_iter().any(|at| matches_wildcard(rest, text.get(at..).unwrap_or_default()))
}

fn operator<'a>(condition: &'a Value, name: &str) -> Option<&'a Value> {
    condition.as_object().filter(|object| object.len() == 1).and_then(|object| object.get(name))
}

#[cfg(test)]
mod tests {
    use super::matches;
    use serde_json::json;

    #[test]
    fn every_named_field_must_match_and_others_are_ignored() {
        let pattern = json!({"source": ["aws.iam", "aws.lambda"], "detail": {"eventName": ["CreateRole"]}});
        assert!(matches(
            &pattern,
            &json!({"source": "aws.iam", "detail": {"eventName": "CreateRole", "x": 1}})
        ));
        assert!(!matches(&pattern, &json!({"source": "aws.ec2", "detail": {"eventName": "CreateRole"}})));
        assert!(!matches(&pattern, &json!({"source": "aws.iam", "detail": {"eventName": "createrole"}})));
        assert!(!matches(&pattern, &json!({"source": "aws.iam"})));
    }

    #[test]
    fn prefix() {
        let pattern = json!({"name": [{"prefix": "CreateFunction20"}]});
        assert!(matches(&pattern, &json!({"name": "CreateFunction20150331"})));
        assert!(!matches(&pattern, &json!({"name": "CreateFunctionUrlConfig"})));
        assert!(!matches(&pattern, &json!({"name": 20})));
    }

    #[test]
    fn prefix_in_any_case() {
        let pattern = json!({"name": [{"prefix": {"equals-ignore-case": "ringfence-"}}]});
        for name in ["ringfence-a", "RingFence-a", "RINGFENCE-"] {
            assert!(matches(&pattern, &json!({"name": name})), "{name}");
        }
        for name in ["ringfence", "my-ringfence-a", ""] {
            assert!(!matches(&pattern, &json!({"name": name})), "{name}");
        }
    }

    #[test]
    fn wildcard() {
        let pattern = json!({"message": [{"wildcard": "*permissions boundary*"}]});
        for message in
            ["with an explicit deny in a permissions boundary", "no permissions boundary allows it"]
        {
            assert!(matches(&pattern, &json!({"message": message})), "{message}");
        }
        for message in ["Permissions Boundary", "permissions", ""] {
            assert!(!matches(&pattern, &json!({"message": message})), "{message}");
        }
        assert!(!matches(&pattern, &json!({})));
        assert!(matches(&json!({"name": [{"wildcard": "a*c*e"}]}), &json!({"name": "abcde"})));
        assert!(!matches(&json!({"name": [{"wildcard": "a*c*e"}]}), &json!({"name": "abcd"})));
    }

    #[test]
    fn null_is_there_and_absent_is_not() {
        let absent = json!({"errorCode": [{"exists": false}]});
        assert!(matches(&absent, &json!({})));
        assert!(!matches(&absent, &json!({"errorCode": "AccessDenied"})));
        assert!(!matches(&absent, &json!({"errorCode": null})));
        assert!(matches(&json!({"errorCode": [{"exists": true}]}), &json!({"errorCode": null})));
    }

    #[test]
    fn anything_but_needs_the_field() {
        let pattern = json!({"issuer": {"arn": [{"anything-but": ["ours", {"prefix": "own-"}]}]}});
        assert!(matches(&pattern, &json!({"issuer": {"arn": "theirs"}})));
        assert!(!matches(&pattern, &json!({"issuer": {"arn": "ours"}})));
        assert!(!matches(&pattern, &json!({"issuer": {"arn": "own-role"}})));
        assert!(!matches(&pattern, &json!({"issuer": {}})));
        assert!(!matches(&pattern, &json!({})));
    }

    #[test]
    fn or_takes_one_of_several_ways() {
        let pattern = json!({"$or": [{"arn": [{"exists": false}]}, {"arn": [{"anything-but": "ours"}]}]});
        assert!(matches(&pattern, &json!({})) && matches(&pattern, &json!({"arn": "theirs"})));
        assert!(!matches(&pattern, &json!({"arn": "ours"})));
    }

    #[test]
    fn one_element_of_a_list_is_enough() {
        assert!(matches(&json!({"resources": ["b"]}), &json!({"resources": ["a", "b"]})));
        assert!(!matches(&json!({"resources": ["c"]}), &json!({"resources": ["a", "b"]})));
    }

    #[test]
    fn what_is_asked_of_a_list_of_objects_is_true_of_one_of_them() {
        let pattern = json!({"findings": {"state": ["on"], "resources": {"type": ["role"]}}});
        let finding =
            |state: &str, kind: &str| json!({"state": state, "resources": [{"type": "x"}, {"type": kind}]});
        assert!(matches(&pattern, &json!({"findings": [finding("on", "role")]})));
        assert!(!matches(&pattern, &json!({"findings": [finding("on", "user"), finding("off", "role")]})));
    }

    #[test]
    #[should_panic(expected = "does not know the operator")]
    fn an_operator_that_is_not_written_here_panics() {
        let _ = matches(&json!({"name": [{"suffix": "v2"}]}), &json!({"name": "x"}));
    }
}
