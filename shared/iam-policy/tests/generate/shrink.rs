//! Makes a failing case as small as it can be.

use serde_json::Value;

/// Takes away what can be taken away while the case still `fails`.
pub(crate) fn smallest(mut case: Value, mut fails: impl FnMut(&Value) -> bool) -> Value {
    while let Some(smaller) = smaller(&case).into_iter().find(|smaller| fails(smaller)) {
        case = smaller;
    }
    case
}

/// The case with one thing less in each: a policy, a statement, an entry of a list, a condition, a context key.
fn smaller(case: &Value) -> Vec<Value> {
    let mut found = Vec::new();
    let fields = case.as_object().unwrap().keys().filter(|field| *field != "request");
    for pointer in fields.map(|field| format!("/{field}")).chain(["/request/context".to_owned()]) {
        without_one(case, &pointer, &mut found);
    }
    found
}

fn without_one(case: &Value, pointer: &str, found: &mut Vec<Value>) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    // An element that a policy or statement cannot do without.
    let is_needed = [
        "Statement",
        "Effect",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Principal",
        "NotPrincipal",
    ]
    .contains(&name)
        || pointer == "/request/context"
        || case.pointer(parent).is_some_and(|parent| parent.as_array().is_some_and(|list| list.len() == 1));
    let name = name.replace("~1", "/");
    if !is_needed {
        let mut smaller = case.clone();
        match smaller.pointer_mut(parent).unwrap() {
            Value::Object(entries) => drop(entries.shift_remove(&name)),
            Value::Array(entries) => drop(entries.remove(name.parse().unwrap())),
            _ => {}
        }
        found.push(smaller);
    }
    match case.pointer(pointer).unwrap() {
        Value::Object(entries) => {
            for key in entries.keys() {
                without_one(case, &format!("{pointer}/{}", key.replace('/', "~1")), found);
            }
        }
        Value::Array(entries) => {
            for position in 0..entries.len() {
                without_one(case, &format!("{pointer}/{position}"), found);
            }
        }
        _ => {}
    }
}
