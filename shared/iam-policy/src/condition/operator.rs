//! The condition operators, as closed enums.
//!
//! See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A condition operator with its prefix and suffix: `ForAnyValue:StringLikeIfExists`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Operator {
    quantifier: Option<Quantifier>,
    comparison: Comparison,
    presence: Presence,
    spelling: Spelling,
}

/// How an operator treats a key with several values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Quantifier {
    /// Every value of the request must pass; none at all passes too.
    ForAllValues,
    /// At least one value of the request must pass.
    ForAnyValue,
}

/// Whether the key has to be in the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Presence {
    /// The plain operator.
    Required,
    /// `…IfExists`: a missing key passes.
    IfExists,
}

/// Whether the operator was written with the guide's letter case. The guide does not say whether another
/// one counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Spelling {
    /// As in the guide.
    Documented,
    /// The same letters in another case.
    OtherCase,
}

/// Whether a match of the values makes the operator true or false.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Polarity {
    /// True when one of the values matches.
    Positive,
    /// True when none of the values matches.
    Negated,
}

/// What an operator takes its values for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ValueType {
    /// Text.
    Text,
    /// A decimal number.
    Number,
    /// A point in time.
    Date,
    /// `true` or `false`.
    Bool,
    /// Base64.
    Binary,
    /// An address or range.
    Address,
    /// A resource name.
    Arn,
}

macro_rules! comparisons {
    ($($name:ident: $polarity:ident, $value_type:ident, $doc:literal;)*) => {
        /// What an operator compares.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Comparison {
            $(#[doc = $doc] $name,)*
        }

        impl Comparison {
            /// Every operator of the guide.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The name in the guide's spelling.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }

            /// Whether the operator asks for a match or for none.
            pub fn polarity(self) -> Polarity {
                match self {
                    $(Self::$name => Polarity::$polarity,)*
                }
            }

            /// The type of the operator's values.
            pub fn value_type(self) -> ValueType {
                match self {
                    $(Self::$name => ValueType::$value_type,)*
                }
            }
        }
    };
}

comparisons! {
    StringEquals: Positive, Text, "The same text, case included.";
    StringNotEquals: Negated, Text, "Another text.";
    StringEqualsIgnoreCase: Positive, Text, "The same text, whatever the case.";
    StringNotEqualsIgnoreCase: Negated, Text, "Another text, whatever the case.";
    StringLike: Positive, Text, "Text with `*` and `?`, which also go past colons.";
    StringNotLike: Negated, Text, "Text that does not match `*` and `?`.";
    NumericEquals: Positive, Number, "The same number.";
    NumericNotEquals: Negated, Number, "Another number.";
    NumericLessThan: Positive, Number, "A smaller number.";
    NumericLessThanEquals: Positive, Number, "A smaller number, or the same.";
    NumericGreaterThan: Positive, Number, "A greater number.";
    NumericGreaterThanEquals: Positive, Number, "A greater number, or the same.";
    DateEquals: Positive, Date, "The same instant.";
    DateNotEquals: Negated, Date, "Another instant.";
    DateLessThan: Positive, Date, "Before.";
    DateLessThanEquals: Positive, Date, "Before or at.";
    DateGreaterThan: Positive, Date, "After.";
    DateGreaterThanEquals: Positive, Date, "At or after.";
    Bool: Positive, Bool, "The same truth value.";
    BinaryEquals: Positive, Binary, "The same bytes, both in base64.";
    IpAddress: Positive, Address, "An address inside the range.";
    NotIpAddress: Negated, Address, "An address outside the range.";
    ArnEquals: Positive, Arn, "The same as ArnLike.";
    ArnLike: Positive, Arn, "An ARN that matches part by part.";
    ArnNotEquals: Negated, Arn, "The same as ArnNotLike.";
    ArnNotLike: Negated, Arn, "An ARN that does not match part by part.";
    Null: Positive, Bool, "`true`: the key is missing; `false`: it is there.";
}

impl Operator {
    /// The prefix for keys with several values.
    pub fn quantifier(self) -> Option<Quantifier> {
        self.quantifier
    }

    /// What is compared.
    pub fn comparison(self) -> Comparison {
        self.comparison
    }

    /// Whether the key may be missing.
    pub fn presence(self) -> Presence {
        self.presence
    }

    /// Whether the letter case is the guide's.
    pub fn spelling(self) -> Spelling {
        self.spelling
    }
}

/// Text that is no condition operator.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is not a condition operator")]
pub struct OperatorError(String);

impl FromStr for Operator {
    type Err = OperatorError;

    fn from_str(text: &str) -> Result<Self, OperatorError> {
        let (quantifier, rest) = [Quantifier::ForAllValues, Quantifier::ForAnyValue]
            .into_iter()
            .find_map(|quantifier| {
                let prefix = quantifier.prefix();
                let (start, rest) = text.split_at_checked(prefix.len())?;
                start.eq_ignore_ascii_case(prefix).then_some((Some(quantifier), rest))
            })
            .unwrap_or((None, text));
        let named = |name: &str| Comparison::ALL.iter().find(|known| known.name().eq_ignore_ascii_case(name));
        let (comparison, presence) = if let Some(comparison) = named(rest) {
            (*comparison, Presence::Required)
        } else {
            const SUFFIX: &str = "IfExists";
            rest.len()
                .checked_sub(SUFFIX.len())
                .and_then(|at| rest.split_at_checked(at))
                .filter(|(_, suffix)| suffix.eq_ignore_ascii_case(SUFFIX))
                .and_then(|(name, _)| named(name))
                .filter(|comparison| **comparison != Comparison::Null)
                .map(|comparison| (*comparison, Presence::IfExists))
                .ok_or_else(|| OperatorError(text.to_owned()))?
        };
        let mut operator = Self { quantifier, comparison, presence, spelling: Spelling::Documented };
        if operator.to_string() != text {
            operator.spelling = Spelling::OtherCase;
        }
        Ok(operator)
    }
}

impl Quantifier {
    fn prefix(self) -> &'static str {
        match self {
            Self::ForAllValues => "ForAllValues:",
            Self::ForAnyValue => "ForAnyValue:",
        }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.quantifier.map_or("", Quantifier::prefix))?;
        f.write_str(self.comparison.name())?;
        match self.presence {
            Presence::Required => Ok(()),
            Presence::IfExists => f.write_str("IfExists"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operator_reads_back_with_prefix_and_suffix() {
        for comparison in Comparison::ALL {
            for prefix in ["", "ForAllValues:", "ForAnyValue:"] {
                let text = format!("{prefix}{}", comparison.name());
                let operator: Operator = text.parse().unwrap();
                assert_eq!((operator.comparison(), operator.presence()), (*comparison, Presence::Required));
                assert_eq!(operator.to_string(), text);
                let optional = format!("{text}IfExists").parse::<Operator>();
                assert_eq!(optional.is_ok(), *comparison != Comparison::Null, "{text}IfExists");
            }
        }
    }

    #[test]
    fn another_letter_case_is_read_and_marked() {
        let operator: Operator = "forallvalues:stringequalsifexists".parse().unwrap();
        assert_eq!(operator.spelling(), Spelling::OtherCase);
        assert_eq!(operator.quantifier(), Some(Quantifier::ForAllValues));
        assert_eq!(operator.presence(), Presence::IfExists);
    }

    #[test]
    fn other_texts_are_no_operators() {
        for text in ["", "IfExists", "StringMatches", "ForAnyValue:", "ForSome:Bool", "StringEquals ", "äöü"]
        {
            assert!(text.parse::<Operator>().is_err(), "{text}");
        }
    }
}
