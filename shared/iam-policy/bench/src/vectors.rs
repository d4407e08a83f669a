//! Small policies: cases of `../tests/cases` that every engine answers rightly, named in `data/vectors.txt`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{lines, project_file, read};

/// One request and the identity policies that judge it, as text.
#[derive(Debug, Clone)]
pub struct Vector {
    pub name: String,
    pub request: TextRequest,
    pub identity: Vec<Value>,
    pub expect: Answer,
}

/// A request as a caller has it before any engine has read it.
#[derive(Debug, Clone)]
pub struct TextRequest {
    pub principal: String,
    /// The caller's account.
    pub account: String,
    pub action: String,
    pub resource: String,
    pub resource_account: Option<String>,
    pub context: Vec<(String, Vec<String>)>,
}

/// The answers that all engines have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Answer {
    Allowed,
    ExplicitlyDenied,
    ImplicitlyDenied,
}

/// The fields of a case file that matter here; `../tests/semantics.rs` describes them.
#[derive(Deserialize)]
struct Theme {
    request: BTreeMap<String, Option<String>>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    #[serde(default)]
    request: BTreeMap<String, Option<String>>,
    #[serde(default)]
    context: BTreeMap<String, Values>,
    #[serde(default)]
    identity: Vec<Value>,
    allow_on: Option<Value>,
    allow_if: Option<Value>,
    deny_if: Option<Value>,
    expect: Answer,
    open: Option<String>,
    /// What only our engine knows, or not all of them.
    #[serde(flatten)]
    other: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Values {
    One(String),
    Many(Vec<String>),
}

/// The cases of `data/vectors.txt`, in its order. A name that is no case any more is an error.
pub fn chosen() -> Vec<Vector> {
    let all = all();
    let find = |name: &str| {
        let found = all.iter().find(|vector| vector.name == name);
        found.unwrap_or_else(|| panic!("`{name}` of data/vectors.txt is not in tests/cases any more")).clone()
    };
    lines(&read("data/vectors.txt")).map(find).collect()
}

/// Every case with identity policies alone, of one to three statements in all, on whose answer the guide is clear.
pub fn all() -> Vec<Vector> {
    let mut files: Vec<_> = std::fs::read_dir(project_file("../tests/cases"))
        .expect("the cases are beside this crate")
        .map(|entry| entry.expect("a readable folder").path())
        .collect();
    files.sort();
    let read = |file| std::fs::read_to_string(file).expect("a case file is readable");
    let themes =
        files.iter().map(|file| serde_json::from_str::<Theme>(&read(file)).expect("a case file is valid"));
    let vectors = themes
        .flat_map(|theme| theme.cases.iter().filter_map(|case| vector(&theme, case)).collect::<Vec<_>>());
    vectors.filter(|vector| (1..=3).contains(&statements(&vector.identity))).collect()
}

fn statements(documents: &[Value]) -> usize {
    documents.iter().map(|document| document["Statement"].as_array().map_or(1, Vec::len)).sum()
}

fn vector(theme: &Theme, case: &Case) -> Option<Vector> {
    const TOLD: [&str; 3] = ["rule", "page", "because"];
    if case.open.is_some() || !case.other.keys().all(|field| TOLD.contains(&field.as_str())) {
        return None;
    }
    let field = |name: &str| case.request.get(name).or_else(|| theme.request.get(name)).cloned().flatten();
    let values = |values: &Values| match values {
        Values::One(value) => vec![value.clone()],
        Values::Many(values) => values.clone(),
    };
    let principal = field("principal")?;
    let request = TextRequest {
        account: principal.split(':').nth(4)?.to_owned(),
        principal,
        action: field("action")?,
        resource: field("resource")?,
        resource_account: field("resource_account"),
        context: case.context.iter().map(|(key, found)| (key.clone(), values(found))).collect(),
    };
    let identity = identity(case, &request.action);
    Some(Vector { name: case.name.clone(), request, identity, expect: case.expect })
}

fn identity(case: &Case, action: &str) -> Vec<Value> {
    let document = |value: &Value| match value {
        Value::Array(_) => json!({ "Version": "2012-10-17", "Statement": value }),
        _ => value.clone(),
    };
    let on = |effect: &str, resource: &Value, condition: Option<&Value>| {
        let mut statement = json!({ "Effect": effect, "Action": action, "Resource": resource });
        if let Some(condition) = condition {
            statement["Condition"] = condition.clone();
        }
        statement
    };
    let everything = json!("*");
    let mut found: Vec<Value> = case.identity.iter().map(document).collect();
    if let Some(resources) = &case.allow_on {
        found.push(document(&json!([on("Allow", resources, None)])));
    }
    if let Some(condition) = &case.allow_if {
        found.push(document(&json!([on("Allow", &everything, Some(condition))])));
    }
    if let Some(condition) = &case.deny_if {
        let deny = on("Deny", &everything, Some(condition));
        found.push(document(&json!([on("Allow", &everything, None), deny])));
    }
    found
}
