//! Deviations about conditions.

use std::net::IpAddr;

use serde_json::Value;

use super::super::reading::{Instead, Test, conditions, values};
use super::resource::without_empty_values;

/// An ARN that no key of a case has, and a text that none has.
const NO_ARN: &str = "arn:no:no:no:no:no";
const NO_TEXT: &str = "~";

/// The listed values changed one by one, if one was.
fn listed(test: &Test, change: impl Fn(&str) -> Option<String>) -> Option<Instead> {
    let changed: Vec<String> =
        test.listed.iter().map(|value| change(value).unwrap_or_else(|| value.clone())).collect();
    (changed != test.listed).then_some(Instead::Listed(changed))
}

pub(super) fn variable_cut_in_arn(case: &Value) -> Option<Value> {
    conditions(case, |test| {
        if !test.is_about("Arn") {
            return None;
        }
        listed(test, |value| {
            let first_five: String = value.splitn(6, ':').take(5).collect::<Vec<_>>().join(":");
            let is_cut = first_five.matches("${").count() != first_five.matches('}').count()
                || value.splitn(6, ':').take(5).any(|part| part.contains("${") && !part.contains('}'));
            is_cut.then(|| NO_ARN.to_owned())
        })
    })
}

pub(super) fn empty_value(case: &Value) -> Option<Value> {
    conditions(case, |test| {
        if !test.expands_variables {
            return None;
        }
        if test.is_about("Arn") {
            listed(test, |value| without_empty_values(case, value, NO_ARN))
        } else if test.is_about("String") {
            listed(test, |value| without_empty_values(case, value, NO_TEXT))
        } else {
            None
        }
    })
}

/// Of an ARN, the oracle looks at the last part only if the others match.
pub(super) fn negated_without_value(case: &Value) -> Option<Value> {
    conditions(case, |test| {
        let has_no_value = |value: &String| test.expands_variables && lacks_value(case, value);
        if !test.is_negated() || test.given.is_empty() || !test.listed.iter().any(has_no_value) {
            return None;
        }
        if test.is_about("String") {
            return Some(Instead::Never);
        }
        listed(test, |value| {
            let parts: Vec<_> = value.splitn(6, ':').collect();
            let in_last_part = parts.len() == 6 && !parts[..5].iter().any(|part| part.contains("${"));
            (in_last_part && lacks_value(case, value)).then(|| format!("{}:*", parts[..5].join(":")))
        })
    })
}

/// Whether some variable of the text has neither a value nor a default.
fn lacks_value(case: &Value, text: &str) -> bool {
    let variables = text.split("${").skip(1).filter_map(|rest| rest.split('}').next());
    variables.into_iter().any(|inside| {
        !inside.contains(',')
            && !["*", "?", "$"].contains(&inside)
            && values(&case["request"]["context"], inside).len() != 1
    })
}

pub(super) fn escape_under_equals(case: &Value) -> Option<Value> {
    conditions(case, |test| {
        if !test.expands_variables || !test.is_about("String") || test.is_about("Like") {
            return None;
        }
        listed(test, |value| {
            Some(["${*}", "${?}"].iter().fold(value.replace("${$}", "${$}{${$}}"), |text, escape| {
                text.replace(escape, &escape.replace("${", "${$}{"))
            }))
        })
    })
}

pub(super) fn negated_unreadable(case: &Value) -> Option<Value> {
    conditions(case, |test| {
        let is_unreadable = |value: &String| {
            (test.is_about("Numeric") && value.parse::<f64>().is_err())
                || (test.is_about("Date") && milliseconds(value).is_none())
                || (test.is_about("Arn") && value.split(':').count() < 6)
        };
        let fails = test.is_negated() && !test.given.is_empty() && test.listed.iter().any(is_unreadable);
        fails.then_some(Instead::Never)
    })
}

pub(super) fn mixed_dates(case: &Value) -> Option<Value> {
    conditions(case, |test| {
        let is_number = |value: &String| value.parse::<i64>().is_ok();
        let mixed = test
            .given
            .iter()
            .any(|given| test.listed.iter().any(|listed| is_number(given) != is_number(listed)));
        if !test.is_about("Date") || !mixed {
            return None;
        }
        let number =
            |value: &String| milliseconds(value).map_or_else(|| value.clone(), |number| number.to_string());
        Some(Instead::Compare {
            given: test.given.iter().map(number).collect(),
            listed: test.listed.iter().map(number).collect(),
        })
    })
}

/// Seconds as they are, and everything else in milliseconds.
fn milliseconds(text: &str) -> Option<i64> {
    if let Ok(seconds) = text.parse() {
        return Some(seconds);
    }
    let text = if text.contains('T') { text.to_owned() } else { format!("{text}T00:00:00Z") };
    text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond)
}

pub(super) fn every_address(case: &Value) -> Option<Value> {
    conditions(case, |test| {
        if !test.is_about("IpAddress") {
            return None;
        }
        listed(test, |value| (value == "0.0.0.0/0").then(|| "0.0.0.0/32".to_owned()))
    })
}

pub(super) fn address_of_other_version(case: &Value) -> Option<Value> {
    conditions(case, |test| {
        let is_other = |listed: &String| {
            let Ok(listed) = listed.parse::<IpAddr>() else { return false };
            test.given
                .iter()
                .any(|given| given.parse::<IpAddr>().is_ok_and(|given| given.is_ipv4() != listed.is_ipv4()))
        };
        (test.name == "NotIpAddress" && test.listed.iter().any(is_other)).then_some(Instead::Never)
    })
}

/// Two empty texts are no null set.
pub(super) fn empty_text_as_set(case: &Value) -> Option<Value> {
    conditions(case, |test| {
        let is_empty = test.set.is_some() && test.given == [""] && test.name != "Null";
        is_empty.then(|| Instead::Compare { given: vec![String::new(); 2], listed: test.listed.clone() })
    })
}
