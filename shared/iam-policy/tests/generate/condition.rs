//! Conditions: every operator, on keys of its type and sometimes of another.

use serde_json::{Value, json};

use super::Draw;
use super::pattern::VARIABLES;
use super::request::{Asked, RESOURCES};

/// What belongs together: operators, the keys that carry their type, and values near those of the requests.
struct Family {
    operators: &'static [&'static str],
    keys: &'static [&'static str],
    values: &'static [&'static str],
}

const TEXT: Family = Family {
    operators: &[
        "StringEquals",
        "StringNotEquals",
        "StringEqualsIgnoreCase",
        "StringNotEqualsIgnoreCase",
        "StringLike",
        "StringNotLike",
    ],
    keys: &["aws:username", "aws:PrincipalTag/t", "AWS:principaltag/T", "aws:TagKeys", "aws:TagKeys"],
    values: &["a", "a", "b", "A", "ab", "*", "a*", "?", "*b*", "u", ""],
};
const ARNS: Family = Family {
    operators: &["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"],
    keys: &["aws:SourceArn", "aws:PrincipalArn"],
    values: &RESOURCES,
};
const NUMBERS: Family = Family {
    operators: &[
        "NumericEquals",
        "NumericNotEquals",
        "NumericLessThan",
        "NumericLessThanEquals",
        "NumericGreaterThan",
        "NumericGreaterThanEquals",
    ],
    keys: &["s3:max-keys", "S3:Max-Keys"],
    values: &["5", "10", "9", "-1", "5.0", "2.5", "x"],
};
const DATES: Family = Family {
    operators: &[
        "DateEquals",
        "DateNotEquals",
        "DateLessThan",
        "DateLessThanEquals",
        "DateGreaterThan",
        "DateGreaterThanEquals",
    ],
    keys: &["aws:CurrentTime", "aws:EpochTime"],
    values: &[
        "2024-01-01T00:00:00Z",
        "2024-01-02T00:00:00Z",
        "2024-01-02T01:00:00+01:00",
        "2024-01-02",
        "1704067200",
        "1704153600",
        "soon",
    ],
};
const TRUTHS: Family = Family {
    operators: &["Bool"],
    keys: &["aws:MultiFactorAuthPresent"],
    values: &["true", "false", "TRUE", "False"],
};
const ADDRESSES: Family = Family {
    operators: &["IpAddress", "NotIpAddress"],
    keys: &["aws:SourceIp"],
    values: &["10.0.0.0/8", "10.0.0.0/24", "10.0.0.1", "10.0.1.7/24", "0.0.0.0/0", "2001:db8::/32", "::/0"],
};
const BYTES: Family = Family { operators: &["BinaryEquals"], keys: &["x:data"], values: &["YQ==", "Yg=="] };
const PRESENCE: Family = Family {
    operators: &["Null"],
    keys: &["aws:username", "aws:PrincipalTag/t", "aws:TagKeys", "s3:max-keys", "aws:SourceArn"],
    values: &["true", "false"],
};

/// Two keys of one operator may not differ in letter case alone.
fn put(tests: &mut Value, key: &str, values: Value) {
    if let Some(tests) = tests.as_object_mut() {
        tests.retain(|other, _| !other.eq_ignore_ascii_case(key));
    }
    tests[key] = values;
}

impl Draw {
    pub(super) fn condition(&mut self, asked: &Asked) -> Value {
        let mut condition = json!({});
        for _ in 0..self.pick_owned(&[1, 1, 1, 2]) {
            let family = match self.below(100) {
                0..=39 => TEXT,
                40..=54 => ARNS,
                55..=63 => NUMBERS,
                64..=74 => DATES,
                75..=81 => TRUTHS,
                82..=89 => ADDRESSES,
                90..=93 => BYTES,
                _ => PRESENCE,
            };
            let key = self.pick(family.keys);
            let operator = self.operator(&family, key);
            let number = if operator.ends_with("Bool") { 1 } else { self.pick_owned(&[1, 1, 2]) };
            let values = (0..number).map(|_| self.listed_value(&family, key, asked)).collect();
            let values = self.one_or_many(values);
            put(&mut condition[operator], key, values);
        }
        condition
    }

    fn operator(&mut self, family: &Family, key: &str) -> String {
        let name = self.pick(family.operators);
        let set_percent = match (name, key) {
            ("Null", _) => 2,
            (_, "aws:TagKeys") => 92,
            _ => 10,
        };
        let set = if self.percent(set_percent) { self.pick(&["ForAllValues:", "ForAnyValue:"]) } else { "" };
        let if_exists = if name != "Null" && self.percent(18) { "IfExists" } else { "" };
        let operator = format!("{set}{name}{if_exists}");
        if self.percent(1) { operator.to_lowercase() } else { operator }
    }

    fn listed_value(&mut self, family: &Family, key: &str, asked: &Asked) -> Value {
        let given = asked.values(key);
        let value = if !given.is_empty() && self.percent(40) {
            self.pick_owned(&given)
        } else {
            self.pick(family.values).to_owned()
        };
        match family.operators {
            ["StringEquals", ..] if self.percent(30) => {
                let (before, after) = (self.pick(&["", "", "a"]), self.pick(&["", "", "*"]));
                format!("{before}{}{after}", self.pick(&VARIABLES)).into()
            }
            ["ArnEquals", ..] if self.percent(70) => self.arn_value(&value).into(),
            ["Numeric" | "NumericEquals", ..] | ["Bool"] | ["Null"] if self.percent(20) => {
                serde_json::from_str(&value.to_lowercase()).unwrap_or(value.into())
            }
            _ => value.into(),
        }
    }

    /// The ARN with wildcards or variables in it.
    fn arn_value(&mut self, arn: &str) -> String {
        if self.percent(3) {
            return self.pick(&["*", "arn:aws:*"]).to_owned();
        }
        let mut parts: Vec<String> = arn.splitn(6, ':').map(str::to_owned).collect();
        let part = self.pick_owned(&[1, 2, 3, 4, 5, 5, 5]);
        let put = if self.percent(70) { self.pick(&["*", "*", "?"]) } else { self.pick(&VARIABLES) };
        self.put(&mut parts[part], 0, put);
        parts.join(":")
    }
}
