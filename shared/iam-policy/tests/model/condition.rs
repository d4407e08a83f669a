//! Conditions.
//!
//! See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html> and
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>.

use std::net::IpAddr;

use ipnet::IpNet;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::text::{Lookup, Mark, arn_in_condition_matches, matches, pattern};
use super::{all, any, not, texts};

/// The operators that hold where nothing matches, each with the one it negates.
const NEGATED: [(&str, &str); 8] = [
    ("StringNotEquals", "StringEquals"),
    ("StringNotEqualsIgnoreCase", "StringEqualsIgnoreCase"),
    ("StringNotLike", "StringLike"),
    ("NumericNotEquals", "NumericEquals"),
    ("DateNotEquals", "DateEquals"),
    ("NotIpAddress", "IpAddress"),
    ("ArnNotEquals", "ArnLike"),
    ("ArnNotLike", "ArnLike"),
];

/// All operators and all keys have to hold.
pub(crate) fn holds(condition: &Value, lookup: &Lookup<'_>) -> Option<bool> {
    let Some(operators) = condition.as_object() else {
        return Some(true);
    };
    let mut answers = Vec::new();
    for (operator, keys) in operators {
        for (key, listed) in keys.as_object().unwrap() {
            answers.push(holds_for(operator, &lookup.values(key), &texts(listed), lookup));
        }
    }
    all(&answers)
}

fn holds_for(operator: &str, given: &[String], listed: &[String], lookup: &Lookup<'_>) -> Option<bool> {
    // Whether operators ignore case, the guide does not say.
    if operator.chars().next().is_some_and(char::is_lowercase) {
        return None;
    }
    let (set, name) = operator.split_once(':').map_or((None, operator), |(set, name)| (Some(set), name));
    let (name, if_exists) = match name.strip_suffix("IfExists") {
        Some(name) => (name, true),
        None => (name, false),
    };
    if name == "Null" {
        // `true`: the key is missing; `false`: it is there. What a set operator makes of it, the guide does not say.
        let wanted = given.is_empty().to_string();
        let is_as_wanted = listed.iter().any(|value| value.to_lowercase() == wanted);
        return if set.is_some() { None } else { Some(is_as_wanted) };
    }
    let negated = NEGATED.iter().find(|(negated, _)| *negated == name);
    // A negated operator holds for a value that matches none of those listed.
    let holds_for_value = |value: &String| {
        let positive = negated.map_or(name, |(_, positive)| positive);
        let found: Vec<_> = listed.iter().map(|listed| compare(positive, value, listed, lookup)).collect();
        if negated.is_some() { not(any(&found)) } else { any(&found) }
    };
    let each: Vec<_> = given.iter().map(holds_for_value).collect();
    let is_missing = given.is_empty() || (set.is_some() && *given == [""]);
    match (set, is_missing) {
        (Some("ForAllValues"), true) => Some(true),
        (Some("ForAllValues"), false) => all(&each),
        // ForAnyValue is false for a missing key, IfExists true: which wins, the guide does not say.
        (Some(_), true) => {
            if if_exists {
                None
            } else {
                Some(false)
            }
        }
        (Some(_), false) => any(&each),
        (None, true) => Some(if_exists || negated.is_some()),
        // What an operator for one value makes of several, the guide does not say.
        (None, false) if each.len() > 1 => None,
        (None, false) => each[0],
    }
}

/// Whether the request's value matches one that is listed. What is not of the operator's type matches nothing, and
/// neither does a listed value whose variable has none.
fn compare(operator: &str, given: &str, listed: &str, lookup: &Lookup<'_>) -> Option<bool> {
    let text = lookup.plain(listed);
    Some(match operator {
        "StringEquals" => text.is_some_and(|text| text == given),
        "StringEqualsIgnoreCase" => text.is_some_and(|text| text.to_lowercase() == given.to_lowercase()),
        "StringLike" => lookup.pattern(listed).is_some_and(|marks| matches(&marks, given)),
        // ARNs are compared part by part, and one star is no six parts; the guide does not say whether it is any ARN.
        "ArnEquals" | "ArnLike" if pattern(listed) == [Mark::Star] => return None,
        "ArnEquals" | "ArnLike" => {
            lookup.pattern(listed).is_some_and(|marks| arn_in_condition_matches(&marks, given))
        }
        "NumericEquals" => ordered(number(given), number(listed), |given, listed| given == listed),
        "NumericLessThan" => ordered(number(given), number(listed), |given, listed| given < listed),
        "NumericLessThanEquals" => ordered(number(given), number(listed), |given, listed| given <= listed),
        "NumericGreaterThan" => ordered(number(given), number(listed), |given, listed| given > listed),
        "NumericGreaterThanEquals" => ordered(number(given), number(listed), |given, listed| given >= listed),
        "DateEquals" => ordered(date(given), date(listed), |given, listed| given == listed),
        "DateLessThan" => ordered(date(given), date(listed), |given, listed| given < listed),
        "DateLessThanEquals" => ordered(date(given), date(listed), |given, listed| given <= listed),
        "DateGreaterThan" => ordered(date(given), date(listed), |given, listed| given > listed),
        "DateGreaterThanEquals" => ordered(date(given), date(listed), |given, listed| given >= listed),
        "Bool" => {
            let (given, listed) = (given.to_lowercase(), listed.to_lowercase());
            given == listed && (given == "true" || given == "false")
        }
        "BinaryEquals" => given == listed,
        "IpAddress" => match (given.parse::<IpAddr>(), network(listed)) {
            (Ok(address), Some(network)) => network.contains(&address),
            _ => false,
        },
        other => panic!("the model does not know `{other}`"),
    })
}

fn ordered<T>(given: Option<T>, listed: Option<T>, is_so: fn(&T, &T) -> bool) -> bool {
    given.zip(listed).is_some_and(|(given, listed)| is_so(&given, &listed))
}

/// A decimal number, without exponent.
fn number(text: &str) -> Option<f64> {
    let is_decimal = text.chars().all(|letter| letter.is_ascii_digit() || letter == '.' || letter == '-');
    if is_decimal { text.parse().ok() } else { None }
}

/// Seconds since 1970, or a date and time of ISO 8601, or a date alone.
fn date(text: &str) -> Option<i64> {
    if let Ok(seconds) = text.parse() {
        return Some(seconds);
    }
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(instant.as_second());
    }
    let in_utc = text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok()?;
    Some(in_utc.timestamp().as_second())
}

/// A range, or one address.
fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}
