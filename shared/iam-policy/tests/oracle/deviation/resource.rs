//! Deviations about Resource and NotResource.

use serde_json::Value;

use super::super::reading::{any_field, entries, policies, resources, statements, texts};
use super::policy::never;

/// A pattern that no resource of a case matches.
const NOTHING: &str = "arn:no:no:no:no:no";

/// Counted as the oracle does, the colons of variables included.
fn is_short(pattern: &str) -> bool {
    pattern != "*" && pattern.split(':').count() < 6
}

pub(super) fn short_pattern_in_not_resource(case: &Value) -> Option<Value> {
    statements(case, any_field, |statement| {
        if let Some(excepted) = statement.get("NotResource")
            && texts(excepted).iter().any(|pattern| is_short(pattern))
        {
            never(statement);
        }
    })
}

pub(super) fn short_pattern_in_organization(case: &Value) -> Option<Value> {
    let refuse = |policy: &mut Value, refuses: fn(&str) -> bool| {
        for statement in entries(&mut policy["Statement"]) {
            let Some(patterns) = statement.get_mut("Resource") else { continue };
            for pattern in entries(patterns) {
                if is_short(pattern.as_str().unwrap()) && refuses(pattern.as_str().unwrap()) {
                    *pattern = NOTHING.into();
                }
            }
        }
    };
    let in_service_control =
        policies(case, |field| field == "scps", |policy| refuse(policy, |pattern| !pattern.ends_with('*')));
    let read = in_service_control.as_ref().unwrap_or(case);
    let in_resource_control = policies(read, |field| field == "rcps", |policy| refuse(policy, |_| true));
    in_resource_control.or(in_service_control)
}

pub(super) fn variable_for_type(case: &Value) -> Option<Value> {
    resources(case, |pattern, expands| {
        let resource = pattern.splitn(6, ':').nth(5)?;
        let separator = resource.find([':', '/'])?;
        let is_inside = resource[..separator].contains("${") && !resource[..separator].contains('}');
        (expands && is_inside && !pattern.starts_with("arn:aws:s3:::")).then(|| NOTHING.to_owned())
    })
}

pub(super) fn empty_value(case: &Value) -> Option<Value> {
    resources(
        case,
        |pattern, expands| {
            if expands { without_empty_values(case, pattern, NOTHING) } else { None }
        },
    )
}

/// The text with the defaults of variables whose value is empty, or `nothing` where one has none.
pub(super) fn without_empty_values(case: &Value, text: &str, nothing: &str) -> Option<String> {
    let (before, rest) = text.split_once("${")?;
    let (inside, after) = rest.split_once('}')?;
    let (key, default) = inside.split_once(", ").unwrap_or((inside, ""));
    let given = super::super::reading::values(&case["request"]["context"], key);
    let others = without_empty_values(case, after, nothing);
    if given != [""] {
        let others = others?;
        return Some(if others == nothing { others } else { format!("{before}${{{inside}}}{others}") });
    }
    let others = others.unwrap_or_else(|| after.to_owned());
    let default = default.trim_matches('\'');
    Some(if default.is_empty() || others == nothing {
        nothing.to_owned()
    } else {
        format!("{before}{default}{others}")
    })
}

pub(super) fn star_at_end_of_part(case: &Value) -> Option<Value> {
    policies(case, any_field, |policy| {
        let mut may_change = policy["Version"] == "2012-10-17";
        // Without variables the version makes no difference.
        if !policy.to_string().contains("${") {
            may_change = true;
        }
        let mut changed = policy.clone();
        for statement in entries(&mut changed["Statement"]) {
            for element in ["Resource", "NotResource"] {
                let Some(patterns) = statement.get_mut(element) else { continue };
                for pattern in entries(patterns) {
                    if let Some(confined) = confined(pattern.as_str().unwrap()) {
                        *pattern = confined.into();
                    }
                }
            }
        }
        if may_change && changed != *policy {
            changed["Version"] = "2012-10-17".into();
            *policy = changed;
        }
    })
}

/// The pattern in six parts, in which no star ends one of the first five: an empty variable follows it.
fn confined(pattern: &str) -> Option<String> {
    if pattern == "*" {
        return None;
    }
    let mut parts: Vec<String> = pattern.splitn(6, ':').map(str::to_owned).collect();
    while parts.len() < 6 {
        parts.push("*".to_owned());
    }
    for part in &mut parts[..5] {
        if part.ends_with('*') {
            part.push_str("${x:none, ''}");
        }
    }
    let confined = parts.join(":");
    (confined != pattern).then_some(confined)
}
