//! Deviations about whole policies and about principals.

use serde_json::{Value, json};

use super::super::reading::{any_field, entries, policies, statements, texts, values};

pub(super) fn variable_in_old_version(case: &Value) -> Option<Value> {
    policies(case, any_field, |policy| {
        if policy.to_string().contains("${") {
            policy["Version"] = "2012-10-17".into();
        }
    })
}

pub(super) fn not_principal_account(case: &Value) -> Option<Value> {
    if !entries(&mut case["boundary"].clone()).is_empty() {
        return None;
    }
    let account = callers_account(case)?;
    statements(
        case,
        |field| field == "resource_policy",
        |statement| {
            let listed = texts(&statement["NotPrincipal"]["AWS"]);
            let names_account = listed
                .iter()
                .any(|entry| *entry == account || *entry == format!("arn:aws:iam::{account}:root"));
            if statement["Effect"] == "Deny" && names_account {
                never(statement);
            }
        },
    )
}

pub(super) fn role_under_another_path(case: &Value) -> Option<Value> {
    let account = callers_account(case)?;
    let (_, session) = case["request"]["principal"].as_str()?.split_once(":assumed-role/")?;
    let name = session.split('/').next()?.to_owned();
    let role = values(&case["request"]["context"], "aws:PrincipalArn").pop()?;
    let is_namesake = |entry: &str| {
        entry.starts_with(&format!("arn:aws:iam::{account}:role/")) && entry.rsplit('/').next() == Some(&name)
    };
    principals(case, |entry| is_namesake(entry).then(|| role.clone()))
}

pub(super) fn principal_of_endpoint(case: &Value) -> Option<Value> {
    statements(
        case,
        |field| field == "vpc_endpoint_policies",
        |statement| {
            statement.as_object_mut().unwrap().shift_remove("NotPrincipal");
            statement["Principal"] = "*".into();
        },
    )
}

/// The caller and the policies that name it get another name; `aws:PrincipalArn` stays, for the conditions on it.
pub(super) fn service_linked_role(case: &Value) -> Option<Value> {
    if case["scps"].is_null() && case["rcps"].is_null() {
        return None;
    }
    let caller = case["request"]["principal"].as_str()?;
    let role = values(&case["request"]["context"], "aws:PrincipalArn").pop();
    let (other, other_role) = match caller.split_once(":assumed-role/") {
        Some((_, session)) if role.as_ref()?.contains(":role/aws-service-role/") => {
            let (name, _) = session.split_once('/')?;
            let role = format!("arn:aws:iam::{}:role/another-{name}", callers_account(case)?);
            (caller.replacen(":assumed-role/", ":assumed-role/another-", 1), role)
        }
        _ if caller.contains(":role/aws-service-role/") => {
            let other = caller.replacen(":role/aws-service-role/", ":role/another/", 1);
            (other.clone(), other)
        }
        _ => return None,
    };
    let mut read = case.clone();
    read["request"]["principal"] = other.clone().into();
    let named = |entry: &str| match entry {
        _ if entry == caller => Some(other.clone()),
        _ if Some(entry) == role.as_deref() => Some(other_role.clone()),
        _ => None,
    };
    Some(principals(&read, named).unwrap_or(read))
}

/// The case with entries under `AWS` of the policies that may grant to the caller replaced, if one was.
fn principals(case: &Value, other: impl Fn(&str) -> Option<String>) -> Option<Value> {
    let names_callers =
        |field: &str| matches!(field, "resource_policy" | "trust_policy" | "vpc_endpoint_policies");
    statements(case, names_callers, |statement| {
        for element in ["Principal", "NotPrincipal"] {
            let Some(listed) = statement.get_mut(element).and_then(|element| element.get_mut("AWS")) else {
                continue;
            };
            for entry in entries(listed) {
                if let Some(other) = other(entry.as_str().unwrap()) {
                    *entry = other.into();
                }
            }
        }
    })
}

/// The session policy becomes one more level that has to allow everything.
pub(super) fn session_policy_over_grant(case: &Value) -> Option<Value> {
    let session = case.get("session_policy")?;
    let mut read = case.clone();
    let mut levels = read["scps"].as_array().cloned().unwrap_or_default();
    levels.push(json!([session]));
    read["scps"] = levels.into();
    Some(read)
}

/// Makes the statement one that never applies: nothing has the key.
pub(super) fn never(statement: &mut Value) {
    statement["Condition"] = json!({ "Null": { "x:never": "false" } });
}

fn callers_account(case: &Value) -> Option<String> {
    case["request"]["principal"].as_str()?.split(':').nth(4).map(str::to_owned)
}
