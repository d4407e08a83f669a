//! Reading a policy document.
//!
//! Parsing is tolerant: it fails only where a document can be given no meaning. What IAM refuses beyond
//! that is the business of [`Policy::validate`](crate::Policy::validate).

mod json;
mod path;

use std::fmt;

use serde_json::{Map, Value};
use thiserror::Error;

use crate::action::ActionPattern;
use crate::condition::{ConditionValue, KeyTest, Operator, OperatorBlock, Scalar};
use crate::document::{
    ActionElement, Derived, Effect, OneOrMany, Policy, ResourceElement, Statement, Version,
};
use crate::principal::{AwsPrincipal, PrincipalElement, PrincipalList, PrincipalSpec};
use crate::resource::ResourcePattern;
use crate::variable::Variables;

pub use json::parse_json;
use path::Trail;
pub use path::{JsonPath, Position};

/// The longest text that is read, in bytes; the largest policy of AWS is far below it.
pub const LONGEST_TEXT: usize = 10 * 1024 * 1024;

/// Why a document has no meaning, and where.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub struct ParseError {
    fault: Fault,
    path: JsonPath,
    position: Option<Position>,
}

/// The ways in which a document can have no meaning.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Fault {
    /// More than [`LONGEST_TEXT`].
    #[error("document of {0} bytes is longer than any policy")]
    TooLong(usize),
    /// Not JSON, nested too deeply, or a number that cannot be kept exactly.
    #[error("document is not JSON: {0}")]
    Json(String),
    /// A key stands twice in one object, so that one of its values would be lost.
    #[error("key `{0}` is there twice")]
    DuplicateKey(String),
    /// Two condition keys of one operator differ only in letter case, which means that they are the same.
    #[error("condition key `{0}` is there twice in different letter case")]
    DuplicateConditionKey(String),
    /// A value of the wrong type.
    #[error("expected {0}")]
    WrongType(&'static str),
    /// A required element is missing.
    #[error("element `{0}` is missing")]
    Missing(&'static str),
    /// Two elements that exclude each other.
    #[error("elements `{0}` and `{1}` exclude each other")]
    Conflict(&'static str, &'static str),
    /// An unknown language version.
    #[error("version `{0}` is neither `2008-10-17` nor `2012-10-17`")]
    UnknownVersion(String),
    /// An effect other than Allow and Deny.
    #[error("effect `{0}` is neither `Allow` nor `Deny`")]
    UnknownEffect(String),
    /// An unknown type of principal.
    #[error("principal type `{0}` is not one of `AWS`, `Service`, `Federated` and `CanonicalUser`")]
    UnknownPrincipalType(String),
    /// An unknown condition operator.
    #[error("`{0}` is not a condition operator")]
    UnknownOperator(String),
}

impl ParseError {
    fn new(fault: Fault, path: JsonPath) -> Self {
        Self { fault, path, position: None }
    }

    fn at(mut self, position: Position) -> Self {
        self.position = Some(position);
        self
    }

    /// What is wrong.
    pub fn fault(&self) -> &Fault {
        &self.fault
    }

    /// Where it is wrong.
    pub fn path(&self) -> &JsonPath {
        &self.path
    }

    /// Where that is in the text; nothing for documents that were not read from text.
    pub fn position(&self) -> Option<Position> {
        self.position
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.fault, self.path)?;
        self.position.map_or(Ok(()), |position| write!(f, " ({position})"))
    }
}

impl Policy {
    /// Reads a policy document from JSON text.
    ///
    /// # Errors
    /// Fails where the document has no meaning; the error says what is wrong, the JSON path, line and column.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let document = parse_json(text)?;
        Self::from_value(&document).map_err(|error| match error.path.position_in(text) {
            Some(position) => error.at(position),
            None => error,
        })
    }

    /// Reads a policy document from JSON that is already in memory. Duplicate keys can no longer be seen there.
    ///
    /// # Errors
    /// Fails where the document has no meaning.
    pub fn from_value(document: &Value) -> Result<Self, ParseError> {
        let trail = Trail::ROOT;
        let object = object(document, trail)?;
        let version = object.get("Version").map(|value| version(value, trail.key("Version"))).transpose()?;
        let id = object.get("Id").map(|value| text(value, trail.key("Id"))).transpose()?;
        let statements = object.get("Statement").ok_or_else(|| missing("Statement", trail))?;
        let variables = Variables::from(version);
        let trail = trail.key("Statement");
        let statements = match statements.as_array() {
            Some(list) => OneOrMany::Many(
                list.iter()
                    .enumerate()
                    .map(|(index, value)| statement(value, index, variables, trail.index(index)))
                    .collect::<Result<_, _>>()?,
            ),
            None => OneOrMany::One(statement(statements, 0, variables, trail)?),
        };
        let unknown = unknown(object, &["Version", "Id", "Statement"]);
        Ok(Self { version, id: id.map(Into::into), statements, unknown, derived: Derived::default() })
    }
}

impl std::str::FromStr for Policy {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

fn statement(
    value: &Value,
    index: usize,
    variables: Variables,
    trail: Trail<'_>,
) -> Result<Statement, ParseError> {
    const KEYS: [&str; 9] = [
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    ];
    let object = object(value, trail)?;
    let sid = object.get("Sid").map(|value| text(value, trail.key("Sid"))).transpose()?;
    let effect = effect(object.get("Effect").ok_or_else(|| missing("Effect", trail))?, trail.key("Effect"))?;
    let principal = match one_of(object, "Principal", "NotPrincipal", &trail)? {
        Some(Choice::Listed(value, trail)) => Some(PrincipalElement::Principal(principals(value, trail)?)),
        Some(Choice::Excepted(value, trail)) => {
            Some(PrincipalElement::NotPrincipal(principals(value, trail)?))
        }
        None => None,
    };
    let action = match one_of(object, "Action", "NotAction", &trail)? {
        Some(Choice::Listed(value, trail)) => ActionElement::Action(texts(value, trail, ActionPattern::new)?),
        Some(Choice::Excepted(value, trail)) => {
            ActionElement::NotAction(texts(value, trail, ActionPattern::new)?)
        }
        None => return Err(missing("Action", trail)),
    };
    let pattern = |text: &str| ResourcePattern::new(text, variables);
    let resource = match one_of(object, "Resource", "NotResource", &trail)? {
        Some(Choice::Listed(value, trail)) => Some(ResourceElement::Resource(texts(value, trail, pattern)?)),
        Some(Choice::Excepted(value, trail)) => {
            Some(ResourceElement::NotResource(texts(value, trail, pattern)?))
        }
        None => None,
    };
    let condition = object
        .get("Condition")
        .map(|value| condition(value, variables, trail.key("Condition")))
        .transpose()?;
    let unknown = unknown(object, &KEYS);
    Ok(Statement { index, sid: sid.map(Into::into), effect, principal, action, resource, condition, unknown })
}

/// Which of two elements that exclude each other is there.
enum Choice<'a> {
    Listed(&'a Value, Trail<'a>),
    Excepted(&'a Value, Trail<'a>),
}

fn one_of<'a>(
    object: &'a Map<String, Value>,
    listed: &'static str,
    excepted: &'static str,
    trail: &'a Trail<'a>,
) -> Result<Option<Choice<'a>>, ParseError> {
    match (object.get(listed), object.get(excepted)) {
        (Some(_), Some(_)) => Err(ParseError::new(Fault::Conflict(listed, excepted), trail.to_path())),
        (Some(value), None) => Ok(Some(Choice::Listed(value, trail.key(listed)))),
        (None, Some(value)) => Ok(Some(Choice::Excepted(value, trail.key(excepted)))),
        (None, None) => Ok(None),
    }
}

fn principals(value: &Value, trail: Trail<'_>) -> Result<PrincipalSpec, ParseError> {
    const EXPECTED: &str = "`\"*\"` or an object with principal types";
    if value.as_str() == Some("*") {
        return Ok(PrincipalSpec::Everyone);
    }
    let types = value.as_object().ok_or_else(|| wrong_type(EXPECTED, trail))?;
    let lists = types.iter().map(|(key, value)| {
        let trail = trail.key(key);
        let plain = |text: &str| Box::<str>::from(text);
        match key.as_str() {
            "AWS" => texts(value, trail, AwsPrincipal::new).map(PrincipalList::Aws),
            "Service" => texts(value, trail, plain).map(PrincipalList::Service),
            "Federated" => texts(value, trail, plain).map(PrincipalList::Federated),
            "CanonicalUser" => texts(value, trail, plain).map(PrincipalList::CanonicalUser),
            other => Err(ParseError::new(Fault::UnknownPrincipalType(other.to_owned()), trail.to_path())),
        }
    });
    lists.collect::<Result<_, _>>().map(PrincipalSpec::Typed)
}

fn condition(
    value: &Value,
    variables: Variables,
    trail: Trail<'_>,
) -> Result<Vec<OperatorBlock>, ParseError> {
    let blocks = object(value, trail)?.iter().map(|(written, keys)| {
        let trail = trail.key(written);
        let operator: Operator = written
            .parse()
            .map_err(|_| ParseError::new(Fault::UnknownOperator(written.clone()), trail.to_path()))?;
        let mut tests: Vec<KeyTest> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for (key, values) in object(keys, trail)? {
            let trail = trail.key(key);
            let test = KeyTest::new(key, condition_values(values, operator, variables, trail)?);
            if !seen.insert(test.folded_key().to_owned()) {
                return Err(ParseError::new(Fault::DuplicateConditionKey(key.clone()), trail.to_path()));
            }
            tests.push(test);
        }
        Ok(OperatorBlock { written: written.as_str().into(), operator, tests })
    });
    blocks.collect()
}

fn condition_values(
    value: &Value,
    operator: Operator,
    variables: Variables,
    trail: Trail<'_>,
) -> Result<OneOrMany<ConditionValue>, ParseError> {
    one_or_many(value, trail, |value, trail| {
        let scalar = match value {
            Value::String(text) => Scalar::Text(text.as_str().into()),
            Value::Number(number) => Scalar::Number(number.clone()),
            Value::Bool(truth) => Scalar::Bool(*truth),
            Value::Null | Value::Array(_) | Value::Object(_) => {
                return Err(wrong_type("a string, number or boolean, or a list of them", trail));
            }
        };
        Ok(ConditionValue::new(scalar, operator, variables))
    })
}

fn one_or_many<T>(
    value: &Value,
    trail: Trail<'_>,
    read: impl Fn(&Value, Trail<'_>) -> Result<T, ParseError>,
) -> Result<OneOrMany<T>, ParseError> {
    match value.as_array() {
        Some(list) => {
            let entries = list.iter().enumerate().map(|(index, value)| read(value, trail.index(index)));
            entries.collect::<Result<_, _>>().map(OneOrMany::Many)
        }
        None => read(value, trail).map(OneOrMany::One),
    }
}

fn texts<T>(value: &Value, trail: Trail<'_>, make: impl Fn(&str) -> T) -> Result<OneOrMany<T>, ParseError> {
    one_or_many(value, trail, |value, trail| match value {
        Value::String(text) => Ok(make(text)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Err(wrong_type("a string or a list of strings", trail))
        }
    })
}

fn version(value: &Value, trail: Trail<'_>) -> Result<Version, ParseError> {
    let text = text(value, trail)?;
    [Version::V2008, Version::V2012]
        .into_iter()
        .find(|version| version.as_str() == text)
        .ok_or_else(|| ParseError::new(Fault::UnknownVersion(text.to_owned()), trail.to_path()))
}

fn effect(value: &Value, trail: Trail<'_>) -> Result<Effect, ParseError> {
    let text = text(value, trail)?;
    [Effect::Allow, Effect::Deny]
        .into_iter()
        .find(|effect| effect.as_str() == text)
        .ok_or_else(|| ParseError::new(Fault::UnknownEffect(text.to_owned()), trail.to_path()))
}

fn object<'a>(value: &'a Value, trail: Trail<'_>) -> Result<&'a Map<String, Value>, ParseError> {
    value.as_object().ok_or_else(|| wrong_type("an object", trail))
}

fn text<'a>(value: &'a Value, trail: Trail<'_>) -> Result<&'a str, ParseError> {
    value.as_str().ok_or_else(|| wrong_type("a string", trail))
}

fn unknown(object: &Map<String, Value>, known: &[&str]) -> Vec<(Box<str>, Value)> {
    let unknown = object.iter().filter(|(key, _)| !known.contains(&key.as_str()));
    unknown.map(|(key, value)| (key.as_str().into(), value.clone())).collect()
}

fn wrong_type(expected: &'static str, trail: Trail<'_>) -> ParseError {
    ParseError::new(Fault::WrongType(expected), trail.to_path())
}

fn missing(element: &'static str, trail: Trail<'_>) -> ParseError {
    ParseError::new(Fault::Missing(element), trail.to_path())
}
