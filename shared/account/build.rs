//! Takes the boundary policies out of `template.yaml`, so that the functions know what this very build ships: a boundary that
//! somebody edits in the template is compared with what they wrote, not with what we did. The stack's parameters are not
//! known here; what depends on them stays a CloudFormation function in its long form and is resolved at start.

use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Map, Value, json};
use std::error::Error;
use std::path::Path;

const BOUNDARIES: [&str; 2] = ["BaselineBoundary", "StrictBoundary"];

fn main() -> Result<(), Box<dyn Error>> {
    // Relative to this crate, where Cargo runs the script: a path that is compiled in would be that of the checkout that built
    // the script first, and checkouts share target folders.
    let template = Path::new("../../template.yaml");
    println!("cargo::rerun-if-changed={}", template.display());
    let text =
        std::fs::read_to_string(template).map_err(|e| format!("cannot read {}: {e}", template.display()))?;
    let documents = Yaml::load_from_str(&text)?;
    let template = to_json(documents.first().ok_or("template.yaml is empty")?)?;
    let mut boundaries = Map::new();
    for id in BOUNDARIES {
        let wanted = |field: &str| {
            let pointer = format!("/Resources/{id}/Properties/{field}");
            template.pointer(&pointer).ok_or(format!("template.yaml lacks {pointer}"))
        };
        let boundary = json!({
            "name": wanted("ManagedPolicyName")?,
            "path": wanted("Path")?,
            "document": with_mappings(wanted("PolicyDocument")?, &template)?,
        });
        boundaries.insert(id.to_owned(), boundary);
    }
    #[expect(clippy::disallowed_methods, reason = "Cargo tells a build script its folder only so")]
    let folder = std::env::var("OUT_DIR")?;
    std::fs::write(
        Path::new(&folder).join("shipped-boundaries.json"),
        Value::Object(boundaries).to_string(),
    )?;
    Ok(())
}

fn to_json(node: &Yaml<'_>) -> Result<Value, Box<dyn Error>> {
    Ok(match node {
        Yaml::Value(Scalar::Null) => Value::Null,
        Yaml::Value(Scalar::Boolean(truth)) => json!(truth),
        Yaml::Value(Scalar::Integer(number)) => json!(number),
        Yaml::Value(Scalar::FloatingPoint(number)) => json!(number.0),
        Yaml::Value(Scalar::String(text)) => json!(text),
        Yaml::Sequence(items) => items.iter().map(to_json).collect::<Result<_, _>>()?,
        Yaml::Mapping(entries) => {
            let mut object = Map::new();
            for (key, value) in entries {
                let key = key.as_str().ok_or("template.yaml has a key that is no text")?;
                object.insert(key.to_owned(), to_json(value)?);
            }
            object.into()
        }
        Yaml::Tagged(tag, value) => long_form(&tag.suffix, to_json(value)?),
        Yaml::Representation(..) | Yaml::Alias(_) | Yaml::BadValue => {
            return Err(format!("template.yaml: cannot read {node:?}").into());
        }
    })
}

/// `!Sub x` is `{"Fn::Sub": x}`; `!Ref` and `!Condition` keep their names, and `!GetAtt a.b` becomes a list.
fn long_form(tag: &str, value: Value) -> Value {
    match (tag, value.as_str().and_then(|path| path.split_once('.'))) {
        ("Ref" | "Condition", _) => json!({ tag: value }),
        ("GetAtt", Some((resource, attribute))) => json!({"Fn::GetAtt": [resource, attribute]}),
        _ => json!({ format!("Fn::{tag}"): value }),
    }
}

/// Replaces what is looked up in the template's own mappings: those are the same for every deployment.
fn with_mappings(value: &Value, template: &Value) -> Result<Value, Box<dyn Error>> {
    Ok(match value {
        Value::Array(items) => {
            items.iter().map(|item| with_mappings(item, template)).collect::<Result<_, _>>()?
        }
        Value::Object(entries) => match entries.get("Fn::FindInMap").and_then(Value::as_array) {
            Some(path) => {
                let names: Vec<&str> = path.iter().filter_map(Value::as_str).collect();
                let pointer = format!("/Mappings/{}", names.join("/"));
                template.pointer(&pointer).ok_or(format!("template.yaml lacks {pointer}"))?.clone()
            }
            None => {
                let mut object = Map::new();
                for (key, value) in entries {
                    object.insert(key.clone(), with_mappings(value, template)?);
                }
                object.into()
            }
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    })
}
