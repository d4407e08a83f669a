//! Whether the template's alarms go off over given metrics, as CloudWatch evaluates them
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html>). No CloudWatch is asked: this is ours.

use crate::template::Stack;
use serde_json::Value;
use std::collections::BTreeMap;

/// A value of a metric at a time.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// `Ringfence`, `AWS/Lambda` ….
    pub namespace: String,
    /// The metric's name.
    pub metric: String,
    /// Names and values.
    pub dimensions: BTreeMap<String, String>,
    /// Seconds of some clock.
    pub at: i64,
    /// The value.
    pub value: f64,
}

impl Point {
    /// A value of one of AWS's own metrics.
    #[must_use]
    pub fn new(namespace: &str, metric: &str, dimensions: &[(&str, &str)], at: i64, value: f64) -> Self {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self {
            namespace: namespace.to_owned(),
            metric: metric.to_owned(),
            dimensions: dimensions.iter().map(own).collect(),
            at,
            value,
        }
    }

    /// The values that a log line in the embedded metric format stands for; none for any other line.
    #[must_use]
    pub fn of_log_line(line: &str) -> Vec<Self> {
        let Ok(line) = serde_json::from_str::<Value>(line) else { return Vec::new() };
        let mut points = Vec::new();
        let at = line["_aws"]["Timestamp"].as_i64().unwrap_or_default() / 1_000;
        for directive in line["_aws"]["CloudWatchMetrics"].as_array().into_iter().flatten() {
            for set in directive["Dimensions"].as_array().expect("dimension sets") {
                let names = set.as_array().expect("a set").iter().map(|name| name.as_str().expect("a name"));
                let dimensions: Vec<(&str, &str)> =
                    names.map(|name| (name, line[name].as_str().expect("a dimension has a value"))).collect();
                for metric in directive["Metrics"].as_array().expect("metrics") {
                    let name = metric["Name"].as_str().expect("a name");
                    let value = line[name].as_f64().expect("a metric has a value");
                    let namespace = directive["Namespace"].as_str().expect("a namespace");
                    points.push(Self::new(namespace, name, &dimensions, at, value));
                }
            }
        }
        points
    }
}

/// One metric of an alarm.
#[derive(Debug)]
struct Source {
    namespace: String,
    metric: String,
    dimensions: BTreeMap<String, String>,
    statistic: String,
}

/// An alarm of the template.
#[derive(Debug)]
pub struct Alarm {
    /// Its name.
    pub name: String,
    /// Added up where there are several, what is missing counted as nothing.
    sources: Vec<Source>,
    period: i64,
    evaluation_periods: i64,
    datapoints: usize,
    threshold: f64,
    comparison: String,
    missing: String,
}

impl Alarm {
    /// Every alarm of a stack.
    #[must_use]
    pub fn all_of(stack: &Stack) -> Vec<Self> {
        stack.of_type("AWS::CloudWatch::Alarm").map(|(_, alarm)| Self::read(&alarm["Properties"])).collect()
    }

    fn read(properties: &Value) -> Self {
        let text = |field: &str| properties[field].as_str().unwrap_or_default().to_owned();
        let number =
            |field: &str| properties[field].as_i64().unwrap_or_else(|| panic!("{field} of {properties}"));
        let (sources, period) = match properties["Metrics"].as_array() {
            None => {
                let statistic = [text("Statistic"), text("ExtendedStatistic")].concat();
                (vec![Source::read(properties, statistic)], number("Period"))
            }
            Some(metrics) => of_a_sum(metrics),
        };
        let evaluation_periods = number("EvaluationPeriods");
        let datapoints =
            properties["DatapointsToAlarm"].as_u64().and_then(|count| usize::try_from(count).ok());
        Self {
            name: text("AlarmName"),
            sources,
            period,
            evaluation_periods,
            datapoints: datapoints.unwrap_or(usize::try_from(evaluation_periods).expect("some periods")),
            threshold: properties["Threshold"].as_f64().expect("a threshold"),
            comparison: text("ComparisonOperator"),
            missing: text("TreatMissingData"),
        }
    }

    /// Whether it is in ALARM at a time, having been OK before.
    #[must_use]
    pub fn is_raised(&self, points: &[Point], now: i64) -> bool {
        let periods = (0..self.evaluation_periods).map(|back| now - (back + 1) * self.period);
        let breaching = periods.filter(|&from| match self.value(points, from..from + self.period) {
            Some(value) => self.breaches(value),
            None => self.missing == "breaching",
        });
        breaching.count() >= self.datapoints
    }

    fn breaches(&self, value: f64) -> bool {
        match self.comparison.as_str() {
            "GreaterThanOrEqualToThreshold" => value >= self.threshold,
            "GreaterThanThreshold" => value > self.threshold,
            "LessThanThreshold" => value < self.threshold,
            other => panic!("{}: {other} is not known here", self.name),
        }
    }

    fn value(&self, points: &[Point], period: std::ops::Range<i64>) -> Option<f64> {
        let values: Vec<f64> =
            self.sources.iter().filter_map(|source| source.value(points, &period)).collect();
        (!values.is_empty()).then(|| values.iter().sum())
    }
}

/// `SUM(METRICS())` of metrics of one period.
fn of_a_sum(metrics: &[Value]) -> (Vec<Source>, i64) {
    let expression = metrics.iter().find_map(|metric| metric["Expression"].as_str()).expect("an expression");
    assert_eq!(expression.trim(), "SUM(METRICS())", "no other expression is known here");
    let stats: Vec<&Value> = metrics.iter().filter_map(|metric| metric.get("MetricStat")).collect();
    let read =
        |stat: &&Value| Source::read(&stat["Metric"], stat["Stat"].as_str().expect("a statistic").to_owned());
    let period = stats.first().and_then(|stat| stat["Period"].as_i64()).expect("a period");
    (stats.iter().map(read).collect(), period)
}

impl Source {
    fn read(metric: &Value, statistic: String) -> Self {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let dimensions = metric["Dimensions"].as_array().into_iter().flatten();
        Self {
            namespace: text(&metric["Namespace"]),
            metric: text(&metric["MetricName"]),
            dimensions: dimensions.map(|one| (text(&one["Name"]), text(&one["Value"]))).collect(),
            statistic,
        }
    }

    fn value(&self, points: &[Point], period: &std::ops::Range<i64>) -> Option<f64> {
        let of_this = |point: &&Point| {
            (&point.namespace, &point.metric, &point.dimensions)
                == (&self.namespace, &self.metric, &self.dimensions)
        };
        let mut values: Vec<f64> = points
            .iter()
            .filter(of_this)
            .filter(|point| period.contains(&point.at))
            .map(|point| point.value)
            .collect();
        values.sort_by(f64::total_cmp);
        match self.statistic.as_str() {
            _ if values.is_empty() => None,
            "Sum" => Some(values.iter().sum()),
            "Maximum" => values.last().copied(),
            // The nearest rank: enough to tell one side of a threshold from the other.
            "p90" => values.get((values.len() * 9).div_ceil(10) - 1).copied(),
            other => panic!("statistic {other} is not known here"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn alarm(missing: &str, statistic: &str, comparison: &str) -> Alarm {
        let field = if statistic.starts_with('p') { "ExtendedStatistic" } else { "Statistic" };
        Alarm::read(
            &json!({"AlarmName": "a", "Namespace": "N", "MetricName": "M", field: statistic, "Period": 300,
            "EvaluationPeriods": 3, "DatapointsToAlarm": 2, "Threshold": 10, "ComparisonOperator": comparison,
            "TreatMissingData": missing}),
        )
    }

    fn points(values: &[(i64, f64)]) -> Vec<Point> {
        values.iter().map(|(at, value)| Point::new("N", "M", &[], *at, *value)).collect()
    }

    #[test]
    fn two_of_three_periods_have_to_breach() {
        let alarm = alarm("notBreaching", "Sum", "GreaterThanOrEqualToThreshold");
        for (values, expected) in [
            (vec![(850, 10.0)], false),
            (vec![(850, 6.0), (870, 4.0), (310, 10.0)], true),
            (vec![(850, 9.0), (550, 9.0), (310, 9.0)], false),
            (vec![(850, 10.0), (-20, 10.0)], false),
        ] {
            assert_eq!(alarm.is_raised(&points(&values), 900), expected, "{values:?}");
        }
        let elsewhere = vec![
            Point::new("N", "M", &[("d", "1")], 850, 99.0),
            Point::new("N", "M", &[("d", "1")], 550, 99.0),
        ];
        assert!(!alarm.is_raised(&elsewhere, 900), "another metric");
    }

    #[test]
    fn silence_is_what_the_alarm_says_it_is() {
        assert!(alarm("breaching", "Sum", "LessThanThreshold").is_raised(&[], 900));
        assert!(!alarm("notBreaching", "Sum", "LessThanThreshold").is_raised(&[], 900));
        assert!(
            !alarm("breaching", "Sum", "LessThanThreshold")
                .is_raised(&points(&[(850, 10.0), (550, 10.0)]), 900)
        );
    }

    #[test]
    fn one_late_event_among_many_is_below_the_percentile() {
        let alarm = alarm("notBreaching", "p90", "GreaterThanThreshold");
        let mut values: Vec<(i64, f64)> = (0..9).flat_map(|n| [(610 + n, 1.0), (310 + n, 1.0)]).collect();
        values.extend([(650, 99.0), (350, 99.0)]);
        assert!(!alarm.is_raised(&points(&values), 900));
        values.extend([(651, 99.0), (351, 99.0)]);
        assert!(alarm.is_raised(&points(&values), 900));
    }

    #[test]
    fn a_metric_line_is_a_point_for_each_set_of_dimensions() {
        let line = json!({"_aws": {"Timestamp": 5_000, "CloudWatchMetrics": [{"Namespace": "N",
            "Dimensions": [[], ["service"]], "Metrics": [{"Name": "M"}]}]}, "M": 2, "service": "iam"});
        let expected =
            [Point::new("N", "M", &[], 5, 2.0), Point::new("N", "M", &[("service", "iam")], 5, 2.0)];
        assert_eq!(Point::of_log_line(&line.to_string()), expected);
        assert!(Point::of_log_line("no JSON").is_empty());
        assert!(Point::of_log_line(r#"{"message":"done"}"#).is_empty());
    }
}
