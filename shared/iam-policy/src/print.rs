//! Writing a policy document.

use std::fmt;

use serde_json::{Map, Value};

use crate::condition::{KeyTest, OperatorBlock, Scalar};
use crate::document::{ActionElement, OneOrMany, Policy, ResourceElement, Statement};
use crate::principal::{PrincipalElement, PrincipalList, PrincipalSpec};

impl Policy {
    /// The document as JSON. Elements come in the order of the guide, unknown keys last; everything else is as
    /// it was read, so that reading the result gives an equal policy.
    pub fn to_value(&self) -> Value {
        let mut document = Map::new();
        if let Some(version) = self.version {
            document.insert("Version".to_owned(), version.as_str().into());
        }
        if let Some(id) = &self.id {
            document.insert("Id".to_owned(), (**id).into());
        }
        document.insert("Statement".to_owned(), list(&self.statements, statement));
        append(&mut document, &self.unknown);
        Value::Object(document)
    }

    /// The document as JSON text without white space, which is how AWS counts its size.
    pub fn to_json(&self) -> String {
        self.to_value().to_string()
    }

    /// How many characters count towards a size limit: all but white space.
    /// See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>.
    pub fn size(&self) -> usize {
        self.to_json().chars().filter(|character| !character.is_whitespace()).count()
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to_value())
    }
}

/// One statement as JSON.
pub(crate) fn statement(statement: &Statement) -> Value {
    let mut object = Map::new();
    let mut put = |key: &str, value: Value| object.insert(key.to_owned(), value);
    if let Some(sid) = &statement.sid {
        put("Sid", (**sid).into());
    }
    put("Effect", statement.effect.as_str().into());
    match &statement.principal {
        Some(PrincipalElement::Principal(spec)) => put("Principal", principals(spec)),
        Some(PrincipalElement::NotPrincipal(spec)) => put("NotPrincipal", principals(spec)),
        None => None,
    };
    match &statement.action {
        ActionElement::Action(patterns) => put("Action", list(patterns, |pattern| pattern.as_str().into())),
        ActionElement::NotAction(patterns) => {
            put("NotAction", list(patterns, |pattern| pattern.as_str().into()))
        }
    };
    match &statement.resource {
        Some(ResourceElement::Resource(patterns)) => {
            put("Resource", list(patterns, |pattern| pattern.as_str().into()))
        }
        Some(ResourceElement::NotResource(patterns)) => {
            put("NotResource", list(patterns, |pattern| pattern.as_str().into()))
        }
        None => None,
    };
    if let Some(blocks) = &statement.condition {
        put("Condition", condition(blocks));
    }
    append(&mut object, &statement.unknown);
    Value::Object(object)
}

fn principals(spec: &PrincipalSpec) -> Value {
    let PrincipalSpec::Typed(lists) = spec else {
        return "*".into();
    };
    let entries = lists.iter().map(|entries| match entries {
        PrincipalList::Aws(named) => ("AWS".to_owned(), list(named, |principal| principal.as_str().into())),
        PrincipalList::Service(named) => ("Service".to_owned(), texts(named)),
        PrincipalList::Federated(named) => ("Federated".to_owned(), texts(named)),
        PrincipalList::CanonicalUser(named) => ("CanonicalUser".to_owned(), texts(named)),
    });
    Value::Object(entries.collect())
}

fn condition(blocks: &[OperatorBlock]) -> Value {
    let blocks = blocks.iter().map(|block| {
        let tests = block.tests.iter().map(|test| (test.key().to_owned(), values(test)));
        (block.written.to_string(), Value::Object(tests.collect()))
    });
    Value::Object(blocks.collect())
}

/// The values of a condition key as JSON.
pub(crate) fn values(test: &KeyTest) -> Value {
    list(test.values(), |value| match value.written() {
        Scalar::Text(text) => (**text).into(),
        Scalar::Number(number) => Value::Number(number.clone()),
        Scalar::Bool(truth) => Value::Bool(*truth),
    })
}

fn list<T>(values: &OneOrMany<T>, print: impl Fn(&T) -> Value) -> Value {
    match values {
        OneOrMany::One(value) => print(value),
        OneOrMany::Many(values) => Value::Array(values.iter().map(print).collect()),
    }
}

fn texts(named: &OneOrMany<Box<str>>) -> Value {
    list(named, |text| Value::from(&**text))
}

fn append(object: &mut Map<String, Value>, unknown: &[(Box<str>, Value)]) {
    object.extend(unknown.iter().map(|(key, value)| (key.to_string(), value.clone())));
}
