//! Metrics, as lines of the log that CloudWatch turns into metrics: no call, no permission, no wait
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>).
//!
//! Only what happens is written: an invocation that changed and told nothing leaves no line. Each pair of name and dimension
//! values costs by the month, so there are few dimensions, and none that grows with the account.

use crate::clock;
use crate::failure::FailureClass;
use guardrail::finding::Finding;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::io::Write as _;

/// The namespace of all of them.
const NAMESPACE: &str = "Ringfence";

/// The names of all of them: what alarms and dashboard may be about.
pub const METRICS: [&str; 9] = [
    "Findings",
    "TimeToContainment",
    "WorkToContainment",
    "FailedInvocations",
    "FailedCalls",
    "ThrottledCalls",
    "SweepsCompleted",
    "GroundFaults",
    "BoundaryDenials",
];

/// Something that is counted or measured.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Metric<'a> {
    /// A finding that was published: `Findings` by outcome and by severity.
    Finding(&'a Finding),
    /// A boundary that was put.
    Containment {
        /// `TimeToContainment`: from the call to the boundary being in place, by CloudTrail's clock (whole seconds) and ours.
        after_ms: Option<u64>,
        /// `WorkToContainment`: from the start of the invocation, as far as the invocation put it.
        within_ms: Option<u64>,
    },
    /// `FailedInvocations`: an event or a message of the queue that has to be tried again.
    Failure(FailureClass),
    /// `FailedCalls` by service: also those that an invocation gets along without.
    FailedCalls {
        /// As the SDK names it, in lower case.
        service: &'a str,
        /// How many.
        count: u64,
    },
    /// `SweepsCompleted`: the heartbeat.
    SweepCompleted,
    /// `GroundFaults`: how much of what Ringfence stands on is missing or switched off, none included.
    GroundFaults(u64),
    /// `BoundaryDenials`: calls that boundaries refused which Ringfence answers for, whether told or not.
    BoundaryDenials(u64),
    /// `ThrottledCalls`: requests that a service answered with "slow down".
    ThrottledCalls(u64),
}

impl Metric<'_> {
    /// Writes it to the log.
    pub(crate) fn emit(&self) {
        let line = self.document(clock::now());
        if let Err(e) = writeln!(std::io::stdout().lock(), "{line}") {
            tracing::warn!(cause = %e, "a metric could not be written");
        }
    }

    fn document(&self, at: Timestamp) -> Value {
        match *self {
            Self::Finding(finding) => document(
                at,
                &json!([["outcome"], ["severity"]]),
                &[("Findings", "Count", Some(1))],
                json!({
                    "outcome": finding.outcome,
                    "severity": finding.severity.as_str(),
                    "finding": finding.id,
                }),
            ),
            Self::Containment { after_ms, within_ms } => document(
                at,
                &json!([[]]),
                &[
                    ("TimeToContainment", "Milliseconds", after_ms),
                    ("WorkToContainment", "Milliseconds", within_ms),
                ],
                json!({}),
            ),
            Self::Failure(class) => document(
                at,
                &json!([[]]),
                &[("FailedInvocations", "Count", Some(1))],
                json!({ "class": class.as_str() }),
            ),
            Self::FailedCalls { service, count } => document(
                at,
                &json!([[], ["service"]]),
                &[("FailedCalls", "Count", Some(count))],
                json!({ "service": service }),
            ),
            Self::SweepCompleted => {
                document(at, &json!([[]]), &[("SweepsCompleted", "Count", Some(1))], json!({}))
            }
            Self::GroundFaults(count) => {
                document(at, &json!([[]]), &[("GroundFaults", "Count", Some(count))], json!({}))
            }
            Self::BoundaryDenials(count) => {
                document(at, &json!([[]]), &[("BoundaryDenials", "Count", Some(count))], json!({}))
            }
            Self::ThrottledCalls(count) => {
                document(at, &json!([[]]), &[("ThrottledCalls", "Count", Some(count))], json!({}))
            }
        }
    }
}

/// A line of the format. A metric without a value is left out.
fn document(
    at: Timestamp,
    dimensions: &Value,
    metrics: &[(&str, &str, Option<u64>)],
    properties: Value,
) -> Value {
    let known = || metrics.iter().filter_map(|(name, unit, value)| Some((*name, *unit, (*value)?)));
    let declared: Vec<Value> = known().map(|(name, unit, _)| json!({ "Name": name, "Unit": unit })).collect();
    let mut line = serde_json::Map::new();
    line.insert(
        "_aws".to_owned(),
        json!({
            "Timestamp": at.as_millisecond(),
            "CloudWatchMetrics": [{ "Namespace": NAMESPACE, "Dimensions": dimensions, "Metrics": declared }],
        }),
    );
    line.extend(known().map(|(name, _, value)| (name.to_owned(), value.into())));
    if let Value::Object(properties) = properties {
        line.extend(properties);
    }
    Value::Object(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(metric: Metric<'_>) -> Value {
        metric.document("2026-11-23T10:00:00.250Z".parse().unwrap())
    }

    #[test]
    fn a_line_has_the_documented_form() {
        let line = written(Metric::FailedCalls { service: "iam", count: 3 });
        let expected = json!({
            "_aws": {
                "Timestamp": 1_795_428_000_250_i64,
                "CloudWatchMetrics": [{
                    "Namespace": "Ringfence",
                    "Dimensions": [[], ["service"]],
                    "Metrics": [{ "Name": "FailedCalls", "Unit": "Count" }],
                }],
            },
            "FailedCalls": 3,
            "service": "iam",
        });
        assert_eq!(line, expected);
    }

    #[test]
    fn each_dimension_and_metric_that_is_declared_has_a_value() {
        for metric in [
            Metric::Containment { after_ms: Some(2_100), within_ms: None },
            Metric::Containment { after_ms: None, within_ms: Some(40) },
            Metric::Failure(FailureClass::Denied),
            Metric::FailedCalls { service: "sns", count: 1 },
            Metric::ThrottledCalls(2),
            Metric::SweepCompleted,
            Metric::GroundFaults(0),
            Metric::BoundaryDenials(240),
        ] {
            let line = written(metric);
            let directive = &line["_aws"]["CloudWatchMetrics"][0];
            let metrics = directive["Metrics"].as_array().unwrap();
            assert!(!metrics.is_empty());
            for declared in metrics {
                assert!(METRICS.contains(&declared["Name"].as_str().unwrap()), "{line}");
                assert!(line[declared["Name"].as_str().unwrap()].is_u64(), "{line}");
            }
            for dimension in
                directive["Dimensions"].as_array().unwrap().iter().flat_map(|set| set.as_array().unwrap())
            {
                assert!(line[dimension.as_str().unwrap()].is_string(), "{line}");
            }
        }
    }
}
