//! Lines of the interface: filled in, and without a part of them.

use serde_json::{Map, Value, json};

const KEYS: [&str; 7] = ["id", "account", "role", "policies", "scps", "functions", "boundaries"];

const ROLE_KEYS: [&str; 11] = [
    "Arn",
    "RoleName",
    "Path",
    "RoleId",
    "CreateDate",
    "AssumeRolePolicyDocument",
    "RolePolicyList",
    "AttachedManagedPolicies",
    "PermissionsBoundary",
    "Tags",
    "RoleLastUsed",
];

/// The line with what is the same for most of them.
pub(super) fn filled(mut line: Map<String, Value>) -> Result<Value, String> {
    let unknown = |map: &Map<String, Value>, known: &[&str]| {
        map.keys()
            .find(|key| !known.contains(&key.as_str()))
            .map_or(Ok(()), |key| Err(format!("unknown `{key}`")))
    };
    unknown(&line, &KEYS)?;
    let mut role = line.remove("role").unwrap_or_else(|| json!({}));
    let fields = role.as_object_mut().ok_or("`role` is no object")?;
    unknown(fields, &ROLE_KEYS)?;
    let mut fill = |key: &str, value: Value| {
        fields.entry(key).or_insert(value);
    };
    fill("Arn", json!("arn:aws:iam::123456789012:role/orders"));
    fill("RoleName", json!("orders"));
    fill("RoleId", json!("AROAEXAMPLE"));
    fill("CreateDate", json!("2026-11-22T09:00:00Z"));
    let statement = json!({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"});
    fill("AssumeRolePolicyDocument", json!({"Version": "2012-10-17", "Statement": statement}));
    let boundary = fields.get("PermissionsBoundary").map(|it| it["PermissionsBoundaryArn"].clone());
    let policies = line.get("policies").and_then(Value::as_array).into_iter().flatten();
    let arns = policies.map(|policy| &policy["Arn"]).filter(|arn| Some(*arn) != boundary.as_ref());
    let attached: Vec<Value> = arns.map(|arn| json!({"PolicyArn": arn})).collect();
    fields.entry("AttachedManagedPolicies").or_insert(attached.into());
    for (at, policy) in
        fields.get_mut("RolePolicyList").and_then(Value::as_array_mut).into_iter().flatten().enumerate()
    {
        let policy = policy.as_object_mut().ok_or("an inline policy is no object")?;
        policy.entry("PolicyName").or_insert(format!("p{at}").into());
    }
    line.insert("role".to_owned(), role);
    line.entry("account").or_insert("123456789012".into());
    Ok(Value::Object(line))
}

pub(super) fn without(line: &Value, key: &str) -> Value {
    let mut line = line.clone();
    line.as_object_mut().unwrap().remove(key);
    line
}

pub(super) fn without_boundary(line: &Value) -> Value {
    let mut line = line.clone();
    line["role"].as_object_mut().unwrap().remove("PermissionsBoundary");
    line
}

/// The line without one of the role's policies, for each of them.
pub(super) fn without_each_policy(line: &Value) -> Vec<(String, Value)> {
    let lists = ["RolePolicyList", "AttachedManagedPolicies"];
    let count = |list: &str| line["role"][list].as_array().map_or(0, Vec::len);
    let places = lists.into_iter().flat_map(|list| (0..count(list)).map(move |at| (list, at)));
    places
        .map(|(list, at)| {
            let mut rest = line.clone();
            rest["role"][list].as_array_mut().unwrap().remove(at);
            (format!("{list} {at}"), rest)
        })
        .collect()
}

/// The line without a Deny in any document.
pub(super) fn without_denies(line: &Value) -> Value {
    let mut line = line.clone();
    drop_denies(&mut line);
    line
}

fn drop_denies(value: &mut Value) {
    let is_deny = |statement: &Value| statement["Effect"] == "Deny";
    if let Some(statement) = value.get_mut("Statement") {
        if is_deny(statement) {
            *statement = json!([]);
        }
        if let Some(list) = statement.as_array_mut() {
            list.retain(|statement| !is_deny(statement));
        }
    }
    if let Some(map) = value.as_object_mut() {
        map.values_mut().for_each(drop_denies);
    }
    value.as_array_mut().into_iter().flatten().for_each(drop_denies);
}
