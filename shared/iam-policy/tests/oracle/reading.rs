//! Changes a case so that the guide's rules, applied to the changed case, give what the oracle makes of the original.

use serde_json::{Map, Value, json};

/// The fields that hold policies, singly, in lists or in levels.
const FIELDS: [&str; 8] = [
    "identity_policies",
    "boundary",
    "session_policy",
    "scps",
    "rcps",
    "resource_policy",
    "trust_policy",
    "vpc_endpoint_policies",
];

/// One key under one operator, and what the request has for it.
pub(super) struct Test {
    /// `ForAllValues` or `ForAnyValue`.
    pub(super) set: Option<String>,
    /// The operator without prefix and suffix.
    pub(super) name: String,
    pub(super) given: Vec<String>,
    pub(super) listed: Vec<String>,
    pub(super) expands_variables: bool,
}

/// Another test in the place of one.
pub(super) enum Instead {
    Never,
    Listed(Vec<String>),
    /// The same operator on a key of its own.
    Compare {
        given: Vec<String>,
        listed: Vec<String>,
    },
}

impl Test {
    pub(super) fn is_negated(&self) -> bool {
        self.name.contains("Not")
    }

    pub(super) fn is_about(&self, family: &str) -> bool {
        self.name.contains(family)
    }
}

/// The case with every policy in `fields` changed, if one was.
pub(super) fn policies(
    case: &Value,
    is_wanted: fn(&str) -> bool,
    mut change: impl FnMut(&mut Value),
) -> Option<Value> {
    let mut changed = case.clone();
    for field in FIELDS.into_iter().filter(|field| is_wanted(field)) {
        for entry in entries(&mut changed[field]) {
            for policy in entries(entry) {
                change(policy);
            }
        }
        if changed[field].is_null() {
            changed.as_object_mut().unwrap().shift_remove(field);
        }
    }
    (changed != *case).then_some(changed)
}

/// The case with every statement changed, if one was.
pub(super) fn statements(
    case: &Value,
    is_wanted: fn(&str) -> bool,
    mut change: impl FnMut(&mut Value),
) -> Option<Value> {
    policies(case, is_wanted, |policy| entries(&mut policy["Statement"]).iter_mut().for_each(&mut change))
}

pub(super) fn any_field(_: &str) -> bool {
    true
}

/// The case with every text of Resource and NotResource changed, if one was. `change` learns whether variables count.
pub(super) fn resources(case: &Value, change: impl Fn(&str, bool) -> Option<String>) -> Option<Value> {
    policies(case, any_field, |policy| {
        let expands = expands_variables(policy);
        for statement in entries(&mut policy["Statement"]) {
            for element in ["Resource", "NotResource"] {
                let Some(patterns) = statement.get_mut(element) else { continue };
                for pattern in entries(patterns) {
                    if let Some(other) = change(pattern.as_str().unwrap(), expands) {
                        *pattern = other.into();
                    }
                }
            }
        }
    })
}

/// The case with every condition changed, if one was.
pub(super) fn conditions(case: &Value, change: impl Fn(&Test) -> Option<Instead>) -> Option<Value> {
    let context = case["request"]["context"].clone();
    let mut added = Map::new();
    let mut changed = policies(case, any_field, |policy| {
        let expands_variables = expands_variables(policy);
        for statement in entries(&mut policy["Statement"]) {
            let Some(operators) = statement.get("Condition").and_then(Value::as_object).cloned() else {
                continue;
            };
            for (operator, keys) in operators {
                for (key, listed) in keys.as_object().unwrap() {
                    let test = test(&operator, values(&context, key), listed, expands_variables);
                    let Some(instead) = change(&test) else { continue };
                    let condition = &mut statement["Condition"];
                    let fresh = fresh_key(&context, &added);
                    match instead {
                        Instead::Listed(listed) => condition[&operator][key] = listed.into(),
                        Instead::Never => {
                            condition[&operator].as_object_mut().unwrap().shift_remove(key);
                            added.insert(fresh.clone(), json!([]));
                            condition["Null"][fresh] = "false".into();
                        }
                        Instead::Compare { given, listed } => {
                            condition[&operator].as_object_mut().unwrap().shift_remove(key);
                            added.insert(fresh.clone(), given.into());
                            condition[&operator][fresh] = listed.into();
                        }
                    }
                }
            }
        }
    })?;
    let context = changed["request"]["context"].as_object_mut().unwrap();
    context.extend(added);
    Some(changed)
}

/// A key that no policy of the case names.
fn fresh_key(context: &Value, added: &Map<String, Value>) -> String {
    format!("x:{}", context.as_object().unwrap().len() + added.len())
}

fn test(operator: &str, given: Vec<String>, listed: &Value, expands_variables: bool) -> Test {
    let (set, name) =
        operator.split_once(':').map_or((None, operator), |(set, name)| (Some(set.to_owned()), name));
    let name = name.strip_suffix("IfExists").unwrap_or(name).to_owned();
    Test { set, name, given, listed: texts(listed), expands_variables }
}

fn expands_variables(policy: &Value) -> bool {
    policy["Version"] == "2012-10-17"
}

/// The values of a context key, whose name ignores case.
pub(super) fn values(context: &Value, key: &str) -> Vec<String> {
    let found = context.as_object().unwrap().iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
    found.map_or(vec![], |(_, values)| texts(values))
}

pub(super) fn texts(value: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().map_or(value.to_string(), str::to_owned);
    value.as_array().map_or_else(|| vec![text(value)], |values| values.iter().map(text).collect())
}

pub(super) fn entries(value: &mut Value) -> &mut [Value] {
    match value {
        Value::Null => &mut [],
        Value::Array(entries) => entries,
        single => std::slice::from_mut(single),
    }
}
