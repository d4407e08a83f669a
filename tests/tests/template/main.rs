//! Holds `template.yaml`, `functions/` and `events/` together, without AWS: what one of them promises, the others keep.

mod alarms;
mod architecture;
mod boundaries;
mod break_glass;
mod contract;
mod denials;
mod fixtures;
mod forwarder;
mod functions;
mod new_roles;
mod organization;
mod other_tools;
mod own_roles;
mod patterns;
mod permissions;
mod readme;
mod real_records;
mod replay;
mod runbook;
mod security;
mod self_tamper;
mod shipped;
mod transformed;

use serde_json::Value;
use tests::template::{Stack, Template};

fn stack() -> Stack {
    Template::of_project().rendered(&[])
}

/// A list, or the one thing that stands in its place, as IAM allows.
fn one_or_many(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    }
}

fn statements(policy_document: &Value) -> Vec<&Value> {
    policy_document["Statement"].as_array().expect("statements stand in a list").iter().collect()
}

fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_else(|| panic!("no text at {path} in {value}"))
}
