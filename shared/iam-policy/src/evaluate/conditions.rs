//! Whether a statement's conditions hold.
//!
//! See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html>.

use std::cmp::Ordering;
use std::net::IpAddr;

use super::matching::{Match, Undocumented, all, any};
use crate::condition::{
    Comparison, Decimal, KeyTest, Operand, Operator, Polarity, Presence, Quantifier, Spelling, instant, truth,
};
use crate::document::Statement;
use crate::glob::{Glob, GlobMatch, Token};
use crate::request::Context;

/// Operators and keys are all required, values are alternatives.
pub(super) fn hold(statement: &Statement, context: &Context) -> Match {
    all(statement.tests().map(|(operator, test)| holds(operator, test, context)))
}

/// What one key test says of a request.
pub(crate) fn holds(operator: Operator, test: &KeyTest, context: &Context) -> Match {
    if operator.spelling() == Spelling::OtherCase {
        return Match::Silent(Undocumented::OperatorCase);
    }
    let values = context.values(test.folded_key());
    if operator.comparison() == Comparison::Null {
        return null(operator, test, values);
    }
    match (operator.quantifier(), values) {
        (None, []) => missing(operator).into(),
        (None, [value]) => passes(operator, test, value, context),
        (None, [_, _, ..]) => Match::Silent(Undocumented::SeveralValues),
        (Some(Quantifier::ForAllValues), values) if is_null_set(values) => Match::Yes,
        (Some(Quantifier::ForAllValues), values) => {
            all(values.iter().map(|value| passes(operator, test, value, context)))
        }
        (Some(Quantifier::ForAnyValue), values) if is_null_set(values) => match operator.presence() {
            Presence::Required => Match::No,
            Presence::IfExists => Match::Silent(Undocumented::AnyValueIfExists),
        },
        (Some(Quantifier::ForAnyValue), values) => {
            any(values.iter().map(|value| passes(operator, test, value, context)))
        }
    }
}

/// The set operators take a key that resolves to an empty text for a missing one.
/// See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>.
fn is_null_set(values: &[Box<str>]) -> bool {
    match values {
        [] => true,
        [value] => value.is_empty(),
        _ => false,
    }
}

/// What an operator without set prefix says of a missing key.
fn missing(operator: Operator) -> bool {
    operator.presence() == Presence::IfExists || operator.comparison().polarity() == Polarity::Negated
}

fn null(operator: Operator, test: &KeyTest, values: &[Box<str>]) -> Match {
    if operator.quantifier().is_some() {
        return Match::Silent(Undocumented::QuantifiedNull);
    }
    test.values().iter().any(|value| value.operand == Operand::Truth(values.is_empty())).into()
}

/// Whether one value of the request passes the operator: some listed value matches, or none for a negated one.
fn passes(operator: Operator, test: &KeyTest, value: &str, context: &Context) -> Match {
    let comparison = operator.comparison();
    let matched =
        any(test.values().iter().map(|listed| compare(comparison, &listed.operand, value, context)));
    match comparison.polarity() {
        Polarity::Positive => matched,
        Polarity::Negated => matched.not(),
    }
}

/// Whether the request's value matches the listed one. A value that is not of the operator's type matches
/// nothing, and so does a listed value whose variable has no value.
fn compare(comparison: Comparison, operand: &Operand, value: &str, context: &Context) -> Match {
    let globbed = |glob: &Glob| glob.matches(value, &context) == GlobMatch::Yes;
    match operand {
        Operand::Text(glob) => globbed(glob).into(),
        Operand::FoldedText(glob) => equals_folded(glob, value, context).into(),
        Operand::Arn(glob) if glob.is_bare_star() => Match::Silent(Undocumented::BareStarArn),
        Operand::Arn(glob) => (is_arn(value) && globbed(glob)).into(),
        Operand::Number(listed) => {
            Decimal::read(value).is_some_and(|given| ordered(comparison, given.cmp(listed))).into()
        }
        Operand::Instant(listed) => {
            instant(value).is_some_and(|given| ordered(comparison, given.cmp(listed))).into()
        }
        Operand::Truth(listed) => (truth(value) == Some(*listed)).into(),
        Operand::Network(range) => {
            value.parse::<IpAddr>().is_ok_and(|address| range.contains(&address)).into()
        }
        Operand::Binary(listed) => (**listed == *value).into(),
        Operand::Unreadable => Match::No,
    }
}

fn is_arn(value: &str) -> bool {
    value.starts_with("arn:") && value.bytes().filter(|byte| *byte == b':').nth(4).is_some()
}

/// Whether the order of the request's value to the listed one is what the operator asks for. Negated operators
/// ask for equality here and are turned round by their polarity.
fn ordered(comparison: Comparison, order: Ordering) -> bool {
    match comparison {
        Comparison::NumericLessThan | Comparison::DateLessThan => order.is_lt(),
        Comparison::NumericLessThanEquals | Comparison::DateLessThanEquals => order.is_le(),
        Comparison::NumericGreaterThan | Comparison::DateGreaterThan => order.is_gt(),
        Comparison::NumericGreaterThanEquals | Comparison::DateGreaterThanEquals => order.is_ge(),
        Comparison::NumericEquals
        | Comparison::NumericNotEquals
        | Comparison::DateEquals
        | Comparison::DateNotEquals
        | Comparison::StringEquals
        | Comparison::StringNotEquals
        | Comparison::StringEqualsIgnoreCase
        | Comparison::StringNotEqualsIgnoreCase
        | Comparison::StringLike
        | Comparison::StringNotLike
        | Comparison::Bool
        | Comparison::BinaryEquals
        | Comparison::IpAddress
        | Comparison::NotIpAddress
        | Comparison::ArnEquals
        | Comparison::ArnLike
        | Comparison::ArnNotEquals
        | Comparison::ArnNotLike
        | Comparison::Null => order.is_eq(),
    }
}

fn equals_folded(listed: &Glob, value: &str, context: &Context) -> bool {
    let folded =
        |text: &str| text.chars().flat_map(char::to_lowercase).eq(value.chars().flat_map(char::to_lowercase));
    match listed.tokens() {
        [Token::Literal(text)] => folded(text),
        _ => listed.substituted(&context).is_some_and(|text| folded(&text)),
    }
}
