//! The Condition element.
//!
//! See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html>.

mod operand;
mod operator;

use serde_json::Number;

use crate::document::OneOrMany;
use crate::variable::Variables;

pub(crate) use operand::{Decimal, Operand, instant, truth};
pub use operator::{
    Comparison, Operator, OperatorError, Polarity, Presence, Quantifier, Spelling, ValueType,
};

/// Keys that carry several values, in lower case, so that an operator needs ForAllValues or ForAnyValue. All such global
/// keys are among them.
/// See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>.
pub(crate) const MULTIVALUED_KEYS: [&str; 9] = [
    "aws:calledvia",
    "aws:principalorgpaths",
    "aws:principalservicenameslist",
    "aws:resourceorgpaths",
    "aws:sourceorgpaths",
    "aws:tagkeys",
    "aws:vpceorgpaths",
    "dynamodb:attributes",
    "dynamodb:leadingkeys",
];

/// One operator with the keys listed under it; all of them must hold.
#[derive(Debug, Clone, PartialEq)]
pub struct OperatorBlock {
    pub(crate) written: Box<str>,
    pub(crate) operator: Operator,
    pub(crate) tests: Vec<KeyTest>,
}

impl OperatorBlock {
    /// The operator as it was written.
    pub fn written(&self) -> &str {
        &self.written
    }

    /// The operator.
    pub fn operator(&self) -> Operator {
        self.operator
    }

    /// The keys and the values they are held against.
    pub fn tests(&self) -> &[KeyTest] {
        &self.tests
    }
}

/// A condition key and the values that the request's values are compared with.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyTest {
    key: Box<str>,
    /// INVARIANT: `key` in lower case.
    folded: Box<str>,
    values: OneOrMany<ConditionValue>,
}

impl KeyTest {
    pub(crate) fn new(key: &str, values: OneOrMany<ConditionValue>) -> Self {
        Self { key: key.into(), folded: key.to_lowercase().into(), values }
    }

    /// The key as it was written.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The key in lower case, which is how keys are compared.
    pub fn folded_key(&self) -> &str {
        &self.folded
    }

    /// The values; one of them must match, or none for a negated operator.
    pub fn values(&self) -> &OneOrMany<ConditionValue> {
        &self.values
    }
}

/// A value in a condition, with its meaning under the operator.
#[derive(Debug, Clone, PartialEq)]
pub struct ConditionValue {
    written: Scalar,
    pub(crate) operand: Operand,
}

/// A value as JSON has it. Numbers and booleans mean the same as their text.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// A string.
    Text(Box<str>),
    /// A number without quotes.
    Number(Number),
    /// `true` or `false` without quotes.
    Bool(bool),
}

impl ConditionValue {
    pub(crate) fn new(written: Scalar, operator: Operator, variables: Variables) -> Self {
        let operand = Operand::read(&written.text(), operator.comparison(), variables);
        Self { written, operand }
    }

    /// The value as it was written.
    pub fn written(&self) -> &Scalar {
        &self.written
    }

    /// The value as text.
    pub fn text(&self) -> String {
        self.written.text()
    }

    /// Whether the value has the type that its operator compares: a number, a date, an address …
    pub fn is_readable(&self) -> bool {
        self.operand != Operand::Unreadable
    }
}

impl Scalar {
    /// The value as text.
    pub fn text(&self) -> String {
        match self {
            Self::Text(text) => text.to_string(),
            // Display never uses an exponent, so that 1e3 reads as 1000.
            Self::Number(number) => match number.as_f64() {
                Some(value) if number.is_f64() => value.to_string(),
                Some(_) | None => number.to_string(),
            },
            Self::Bool(value) => value.to_string(),
        }
    }
}
