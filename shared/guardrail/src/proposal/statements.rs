//! The statements of a proposal: the role's own, with fewer actions.

use super::granted::{Allow, Granted};
use iam_policy::{ActionName, ParseError, Policy, Statement};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What a proposal allows and denies, not yet written as documents.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Statements {
    /// As they stand in the role's policies.
    pub(super) denies: Vec<Value>,
    pub(super) allows: Vec<Restricted>,
}

/// An Allow statement of the role, of which some actions are left.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Restricted {
    sid: Option<String>,
    pub(super) actions: BTreeSet<ActionName>,
    /// Everything but Sid, Effect and Action: as it is granted, or narrower.
    pub(super) rest: Map<String, Value>,
}

impl Statements {
    /// The role's statements with the actions that `keep` has. Statements about the same under the same conditions become one.
    pub(super) fn of(granted: &Granted<'_>, keep: &BTreeSet<ActionName>) -> Self {
        let mut denies: Vec<Value> = Vec::new();
        for deny in granted.denies.iter().filter_map(|deny| written(deny)) {
            let deny = Value::Object(deny);
            if !denies.contains(&deny) {
                denies.push(deny);
            }
        }
        let mut by_rest: BTreeMap<String, Restricted> = BTreeMap::new();
        for restricted in granted.allows.iter().filter_map(|allow| restricted(allow, keep)) {
            let key = Value::Object(restricted.rest.clone()).to_string();
            let known = by_rest
                .entry(key)
                .or_insert_with(|| Restricted { actions: BTreeSet::new(), ..restricted.clone() });
            known.actions.extend(restricted.actions);
        }
        Self { denies, allows: by_rest.into_values().collect() }
    }

    /// One document of all of them, of whatever size.
    ///
    /// # Errors
    /// Never, for statements of policies that were understood.
    pub(super) fn policy(&self) -> Result<Policy, ParseError> {
        document(self.denies.iter().cloned().chain(self.allows.iter().map(Restricted::to_value)).collect())
    }
}

impl Restricted {
    /// The statement, its actions by name.
    pub(super) fn to_value(&self) -> Value {
        self.with_actions(self.actions.iter().map(|action| action.as_str().to_owned()).collect())
    }

    /// The same with these for actions.
    pub(super) fn with_actions(&self, actions: Vec<String>) -> Value {
        let mut statement = Map::new();
        if let Some(sid) = &self.sid {
            statement.insert("Sid".to_owned(), sid.as_str().into());
        }
        statement.insert("Effect".to_owned(), "Allow".into());
        statement.insert("Action".to_owned(), actions.into());
        statement.extend(self.rest.clone());
        Value::Object(statement)
    }
}

/// A document of these statements. A Sid that another one has gets a number, because IAM takes each once.
///
/// # Errors
/// Where they are no statements.
pub(super) fn document(mut statements: Vec<Value>) -> Result<Policy, ParseError> {
    let mut taken = BTreeSet::new();
    for statement in &mut statements {
        let Some(sid) = statement.get("Sid").and_then(Value::as_str).map(str::to_owned) else { continue };
        let numbered = (2..).map(|number| format!("{sid}{number}"));
        let free = std::iter::once(sid.clone()).chain(numbered).find(|sid| !taken.contains(sid));
        if let (Some(free), Some(place)) = (free, statement.get_mut("Sid")) {
            *place = free.clone().into();
            taken.insert(free);
        }
    }
    Policy::from_value(&json!({ "Version": "2012-10-17", "Statement": statements }))
}

fn restricted(allow: &Allow<'_>, keep: &BTreeSet<ActionName>) -> Option<Restricted> {
    let actions: BTreeSet<ActionName> = allow.actions.intersection(keep).cloned().collect();
    if actions.is_empty() {
        return None;
    }
    let mut rest = written(allow.statement)?;
    let sid =
        rest.remove("Sid").and_then(|sid| sid.as_str().filter(|sid| !sid.is_empty()).map(str::to_owned));
    rest.retain(|key, _| ["Resource", "NotResource", "Condition"].contains(&key.as_str()));
    Some(Restricted { sid, actions, rest })
}

/// The statement as it is written.
fn written(statement: &Statement) -> Option<Map<String, Value>> {
    let mut document = Policy::empty().alone(statement).to_value();
    match document.get_mut("Statement")?.as_array_mut()?.first_mut()?.take() {
        Value::Object(statement) => Some(statement),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => None,
    }
}
