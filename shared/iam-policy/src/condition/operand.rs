//! The values of a condition, read once for the operator they stand under.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::operator::{Comparison, ValueType};
use crate::glob::{Glob, Values, Wildcards};
use crate::variable::Variables;

/// A value in the form its operator compares.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Operand {
    /// Compared character by character, or as a pattern for the Like operators.
    Text(Glob),
    /// Compared without regard to case.
    FoldedText(Glob),
    /// Compared part by part.
    Arn(Glob),
    Number(Decimal),
    /// Nanoseconds since 1970.
    Instant(i128),
    Truth(bool),
    Network(IpNet),
    Binary(Box<str>),
    /// Not of the operator's type: matches nothing.
    Unreadable,
}

impl Operand {
    /// The same operand for requests that all carry these values.
    pub(crate) fn with_values<'v>(&self, values: &impl Values<'v>) -> Cow<'_, Self> {
        match self {
            Self::Text(glob) if glob.has_variables() => Cow::Owned(Self::Text(glob.with_values(values))),
            Self::FoldedText(glob) if glob.has_variables() => {
                Cow::Owned(Self::FoldedText(glob.with_values(values)))
            }
            Self::Arn(glob) if glob.has_variables() => Cow::Owned(Self::Arn(glob.with_values(values))),
            Self::Text(_)
            | Self::FoldedText(_)
            | Self::Arn(_)
            | Self::Number(_)
            | Self::Instant(_)
            | Self::Truth(_)
            | Self::Network(_)
            | Self::Binary(_)
            | Self::Unreadable => Cow::Borrowed(self),
        }
    }

    pub(crate) fn read(text: &str, comparison: Comparison, variables: Variables) -> Self {
        let literal = || Glob::text(text, Wildcards::Literal, variables);
        match comparison.value_type() {
            ValueType::Text if matches!(comparison, Comparison::StringLike | Comparison::StringNotLike) => {
                Self::Text(Glob::text(text, Wildcards::Active, variables))
            }
            ValueType::Text
                if matches!(
                    comparison,
                    Comparison::StringEqualsIgnoreCase | Comparison::StringNotEqualsIgnoreCase
                ) =>
            {
                Self::FoldedText(literal())
            }
            ValueType::Text => Self::Text(literal()),
            ValueType::Arn => Self::Arn(Glob::arn(text, variables)),
            ValueType::Number => Decimal::read(text).map_or(Self::Unreadable, Self::Number),
            ValueType::Date => instant(text).map_or(Self::Unreadable, Self::Instant),
            ValueType::Bool => truth(text).map_or(Self::Unreadable, Self::Truth),
            ValueType::Address => network(text).map_or(Self::Unreadable, Self::Network),
            ValueType::Binary => Self::Binary(text.into()),
        }
    }
}

pub(crate) fn truth(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// A range, or one address. Bits after the prefix are ignored.
fn network(text: &str) -> Option<IpNet> {
    text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

/// A date and time of ISO 8601 with an offset, a date, or seconds since 1970. Without an offset the time
/// is read as UTC. Returns nanoseconds since 1970.
pub(crate) fn instant(text: &str) -> Option<i128> {
    if text.strip_prefix('-').unwrap_or(text).bytes().all(|byte| byte.is_ascii_digit()) {
        let seconds: i64 = text.parse().ok()?;
        return Some(i128::from(seconds) * 1_000_000_000);
    }
    let stamp = text.parse::<Timestamp>().ok().or_else(|| {
        let civil: DateTime = text.parse().ok()?;
        civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    })?;
    Some(stamp.as_nanosecond())
}

/// A decimal number of any length, compared exactly: `1.0` equals `1`, and no digit is lost to rounding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decimal {
    sign: Sign,
    /// INVARIANT: digits without leading zeros.
    whole: Box<str>,
    /// INVARIANT: digits without trailing zeros.
    fraction: Box<str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Minus,
    /// Also the sign of zero.
    Plus,
}

impl Decimal {
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => (Sign::Minus, digits),
            None => (Sign::Plus, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(whole) || !is_number(fraction) {
            return None;
        }
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        let sign = if whole.is_empty() && fraction.is_empty() { Sign::Plus } else { sign };
        Some(Self { sign, whole: whole.into(), fraction: fraction.into() })
    }

    /// How many digits stand after the point.
    pub(crate) fn fraction_digits(&self) -> usize {
        self.fraction.len()
    }

    /// A number further from zero by less than any difference between numbers of `digits` digits after the point.
    pub(crate) fn a_little_beyond(&self, digits: usize) -> String {
        let fraction = &self.fraction;
        format!("{}0{}.{fraction:0<digits$}1", self.sign.text(), self.whole)
    }

    fn magnitude(&self, other: &Self) -> Ordering {
        let whole = self.whole.len().cmp(&other.whole.len()).then_with(|| self.whole.cmp(&other.whole));
        whole.then_with(|| self.fraction.cmp(&other.fraction))
    }
}

impl Sign {
    fn text(self) -> &'static str {
        match self {
            Self::Minus => "-",
            Self::Plus => "",
        }
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or_zero = |digits: &str| if digits.is_empty() { "0".to_owned() } else { digits.to_owned() };
        write!(f, "{}{}", self.sign.text(), or_zero(&self.whole))?;
        if self.fraction.is_empty() { Ok(()) } else { write!(f, ".{}", self.fraction) }
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.sign, other.sign) {
            (Sign::Plus, Sign::Minus) => Ordering::Greater,
            (Sign::Minus, Sign::Plus) => Ordering::Less,
            (Sign::Plus, Sign::Plus) => self.magnitude(other),
            (Sign::Minus, Sign::Minus) => other.magnitude(self),
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_by_value() {
        let number = |text: &str| Decimal::read(text).unwrap();
        for (smaller, greater) in
            [("9", "10"), ("-10", "-9"), ("-1", "1"), ("0.09", "0.1"), ("1", "1.000000000000000000001")]
        {
            assert!(number(smaller) < number(greater), "{smaller} < {greater}");
        }
        for (left, right) in [("1", "1.0"), ("-0", "0"), ("007", "7"), ("+3", "3.00")] {
            assert_eq!(number(left), number(right));
        }
        for text in ["", "-", "1.", ".5", "1e3", "one", "1 ", "0x1", "--1"] {
            assert_eq!(Decimal::read(text), None, "{text}");
        }
    }

    #[test]
    fn the_spellings_of_one_instant_agree() {
        let expected = Some(1_704_067_200_000_000_000);
        for text in [
            "2024-01-01T00:00:00Z",
            "2024-01-01T01:00:00+01:00",
            "2024-01-01T00:00Z",
            "2024-01-01",
            "2024-01-01T00:00:00",
            "2024-01-01T00:00:00.000Z",
            "1704067200",
        ] {
            assert_eq!(instant(text), expected, "{text}");
        }
        for text in ["", "-", "today", "2024-13-01", "99999999999999999999"] {
            assert_eq!(instant(text), None, "{text}");
        }
    }

    #[test]
    fn an_address_is_a_range_of_one_and_host_bits_do_not_matter() {
        let within = |range: &str, address: &str| {
            network(range).unwrap().contains(&address.parse::<IpAddr>().unwrap())
        };
        assert!(within("203.0.113.9/24", "203.0.113.77"));
        assert!(!within("203.0.113.7", "203.0.113.8"));
        assert!(!within("0.0.0.0/0", "2001:db8::1"));
        assert_eq!(network("203.0.113.0/33"), None);
    }
}
