//! EventBridge input transformers, as far as our rules use them.
//!
//! Rules: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html>. What a path does not find is
//! nothing: within a text that is an empty text; elsewhere the message would not be JSON, so that panics, and so does what a template
//! asks for in vain.

use serde_json::Value;

/// What the target gets: `transformer` with the event's values filled in.
#[must_use]
pub fn transformed(transformer: &Value, event: &Value) -> String {
    let template = transformer["InputTemplate"].as_str().expect("a template");
    let mut filled = String::new();
    let mut in_text = false;
    let mut rest = template;
    while let Some(next) = rest.find(['"', '<']) {
        let (before, from) = rest.split_at(next);
        filled.push_str(before);
        if let Some(after) = from.strip_prefix('"') {
            in_text = !in_text;
            filled.push('"');
            rest = after;
            continue;
        }
        let end = from.find('>').expect("a placeholder ends with `>`");
        let (placeholder, after) = (&from[1..end], &from[end + 1..]);
        let path = transformer["InputPathsMap"][placeholder].as_str();
        let path = path.unwrap_or_else(|| panic!("no path for <{placeholder}>"));
        match (in_text, at(path, event)) {
            // As it is, not escaped.
            (true, Some(Value::String(text))) => filled.push_str(text),
            (true, None | Some(Value::Null)) => {}
            (true, Some(other)) => panic!("<{placeholder}> stands in a text and is {other}"),
            (false, Some(value)) => filled.push_str(&value.to_string()),
            (false, None) => panic!("{path} finds nothing in {event}"),
        }
        rest = after;
    }
    filled + rest
}

fn at<'a>(path: &str, event: &'a Value) -> Option<&'a Value> {
    let pointer = path.strip_prefix('$').expect("a path begins with `$`");
    let pointer = pointer.replace(['.', '['], "/").replace(']', "");
    event.pointer(&pointer)
}

#[cfg(test)]
mod tests {
    use super::transformed;
    use serde_json::json;

    #[test]
    fn values_are_json_and_texts_within_texts_are_not() {
        let transformer = json!({
            "InputPathsMap": {"id": "$.detail.list[1].Id", "all": "$.detail.list", "name": "$.detail.name"},
            "InputTemplate": r#"{"id": <id>, "all": <all>, "title": "about <name>"}"#});
        let event = json!({"detail": {"list": [{}, {"Id": "a \"b\""}], "name": "n"}});
        let expected = r#"{"id": "a \"b\"", "all": [{},{"Id":"a \"b\""}], "title": "about n"}"#;
        assert_eq!(transformed(&transformer, &event), expected);
    }

    #[test]
    fn what_is_not_there_is_nothing_within_a_text() {
        let transformer = json!({"InputPathsMap": {"id": "$.id"}, "InputTemplate": r#"{"id": "rf-<id>"}"#});
        assert_eq!(transformed(&transformer, &json!({})), r#"{"id": "rf-"}"#);
        assert_eq!(transformed(&transformer, &json!({"id": null})), r#"{"id": "rf-"}"#);
    }

    #[test]
    #[should_panic(expected = "finds nothing")]
    fn what_is_not_there_panics_elsewhere() {
        let transformer = json!({"InputPathsMap": {"id": "$.id"}, "InputTemplate": "<id>"});
        let _ = transformed(&transformer, &json!({}));
    }
}
