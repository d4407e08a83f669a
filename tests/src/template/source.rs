//! YAML with CloudFormation's short tags.

use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Map, Value, json};

/// Turns YAML into JSON. `!Tag value` becomes `{"Fn::Tag": value}`, but `!Ref` and `!Condition` keep their names, and
/// `!GetAtt a.b` becomes a list, as CloudFormation reads them.
pub(super) fn parse(text: &str) -> Value {
    let documents = Yaml::load_from_str(text).unwrap_or_else(|e| panic!("template.yaml is not YAML: {e}"));
    to_json(documents.first().expect("template.yaml is not empty"))
}

fn to_json(node: &Yaml<'_>) -> Value {
    match node {
        Yaml::Value(scalar) => scalar_to_json(scalar),
        Yaml::Sequence(items) => items.iter().map(to_json).collect(),
        Yaml::Mapping(entries) => entries
            .iter()
            .map(|(key, value)| (key.as_str().expect("keys are texts").to_owned(), to_json(value)))
            .collect::<Map<_, _>>()
            .into(),
        Yaml::Tagged(tag, value) => long_form(&tag.suffix, to_json(value)),
        Yaml::Representation(..) | Yaml::Alias(_) | Yaml::BadValue => {
            panic!("template.yaml: cannot read {node:?}")
        }
    }
}

fn scalar_to_json(scalar: &Scalar<'_>) -> Value {
    match scalar {
        Scalar::Null => Value::Null,
        Scalar::Boolean(truth) => json!(truth),
        Scalar::Integer(number) => json!(number),
        Scalar::FloatingPoint(number) => json!(number.0),
        Scalar::String(text) => json!(text),
    }
}

fn long_form(tag: &str, value: Value) -> Value {
    match (tag, &value) {
        ("Ref" | "Condition", _) => json!({ tag: value }),
        ("GetAtt", Value::String(path)) => {
            let (resource, attribute) = path.split_once('.').expect("`!GetAtt resource.attribute`");
            json!({"Fn::GetAtt": [resource, attribute]})
        }
        _ => json!({ format!("Fn::{tag}"): value }),
    }
}

#[cfg(test)]
mod tests {
    use super::parse;
    use serde_json::json;

    #[test]
    fn short_tags_on_texts_lists_and_inside_each_other() {
        let yaml = "a: !Ref X\nb: !GetAtt X.Arn\nc: !If [C, !Ref Y, !Sub 'x-${Y}']\nd: !Equals [\"\", 0]\ne: !FindInMap\n  - M\n  - K\n";
        let expected = json!({
            "a": {"Ref": "X"},
            "b": {"Fn::GetAtt": ["X", "Arn"]},
            "c": {"Fn::If": ["C", {"Ref": "Y"}, {"Fn::Sub": "x-${Y}"}]},
            "d": {"Fn::Equals": ["", 0]},
            "e": {"Fn::FindInMap": ["M", "K"]},
        });
        assert_eq!(parse(yaml), expected);
    }
}
