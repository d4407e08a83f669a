//! What operators watch: alarms, the dashboard, and the metrics behind them.

use crate::{one_or_many, stack, text};
use account::METRICS;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tests::function_folders;
use tests::template::{Stack, Template};

fn alarms(stack: &Stack) -> impl Iterator<Item = (&str, &Value)> {
    stack.of_type("AWS::CloudWatch::Alarm").map(|(id, alarm)| (id, &alarm["Properties"]))
}

/// `Namespace Metric Dimension=value …` of every metric that an alarm is about.
fn watched(alarm: &Value) -> Vec<String> {
    let in_words = |metric: &Value| {
        let dimensions = metric["Dimensions"].as_array().into_iter().flatten();
        let dimensions = dimensions.map(|d| format!(" {}={}", text(d, "/Name"), text(d, "/Value")));
        let (namespace, name) = (text(metric, "/Namespace"), text(metric, "/MetricName"));
        format!("{namespace} {name}{}", dimensions.collect::<String>())
    };
    match alarm["Metrics"].as_array() {
        None => vec![in_words(alarm)],
        Some(metrics) => metrics
            .iter()
            .filter_map(|metric| metric.get("MetricStat"))
            .map(|stat| in_words(&stat["Metric"]))
            .collect(),
    }
}

#[test]
fn every_alarm_says_what_to_do_and_tells_the_findings_topic() {
    let stack = stack();
    let topic = stack.outputs()["FindingsTopicArn"].clone();
    for (id, alarm) in alarms(&stack) {
        assert_eq!(alarm["AlarmActions"], json!([topic]), "{id}");
        assert!(text(alarm, "/AlarmName").starts_with("ringfence-"), "{id}");
        let description = text(alarm, "/AlarmDescription");
        // CloudWatch takes 1024 characters.
        assert!((120..=1_024).contains(&description.len()), "{id} does not say what to do: {description}");
    }
}

#[test]
fn people_who_gave_an_address_get_every_alarm() {
    let stack = Template::of_project().rendered(&[("FindingsEmail", "security@example.com")]);
    let alarm_topic = "arn:aws:sns:us-east-1:123456789012:ringfence-alarms";
    let alarm_mail = &stack.properties("AlarmEmailTopic")["Subscription"];
    assert_eq!(*alarm_mail, json!([{"Protocol": "email", "Endpoint": "security@example.com"}]));
    for (id, alarm) in alarms(&stack) {
        // A message without attributes passes no attribute filter, so alarms need a topic without one.
        assert!(one_or_many(&alarm["AlarmActions"]).contains(&alarm_topic), "{id}");
    }
}

#[test]
fn what_can_go_wrong_has_an_alarm_and_idleness_is_none() {
    let stack = stack();
    let found: BTreeSet<String> = alarms(&stack).flat_map(|(_, alarm)| watched(alarm)).collect();
    let of_functions = |metric: &str| {
        let functions = function_folders().into_iter();
        let line = |folder: String| format!("AWS/Lambda {metric} FunctionName=ringfence-{folder}");
        functions.map(line).collect::<BTreeSet<String>>()
    };
    let mut expected = of_functions("Errors");
    // Whoever undoes something waits for the answer, and proposals of smaller policies may wait for the next quarter of an hour.
    let waits = |line: &String| line.ends_with("undo-remediation") || line.ends_with("suggest-policy");
    expected.extend(of_functions("Throttles").into_iter().filter(|line| !waits(line)));
    expected.insert("AWS/SQS ApproximateNumberOfMessagesVisible QueueName=ringfence-dead-letters".to_owned());
    let own = [
        "FailedInvocations",
        "FailedCalls",
        "ThrottledCalls",
        "TimeToContainment",
        "SweepsCompleted",
        "GroundFaults",
    ];
    expected.extend(own.map(|metric| format!("Ringfence {metric}")));
    assert_eq!(found, expected);

    for (id, alarm) in alarms(&stack) {
        let of_silence = match text(alarm, "/AlarmName") {
            // Silence is what it is there for.
            "ringfence-sweep-stale" => "breaching",
            // Between two sweeps nothing is known anew.
            "ringfence-ground" => "ignore",
            _ => "notBreaching",
        };
        assert_eq!(alarm["TreatMissingData"], of_silence, "{id}");
    }
}

#[test]
fn alarms_and_dashboard_are_about_metrics_that_the_functions_write() {
    let stack = stack();
    let dashboard = dashboard(&stack);
    let on_dashboard = dashboard.to_string();
    for metric in METRICS {
        assert!(on_dashboard.contains(metric), "the dashboard does not show {metric}");
    }
    let watched: Vec<String> = alarms(&stack).flat_map(|(_, alarm)| watched(alarm)).collect();
    for own in watched.iter().filter_map(|metric| metric.strip_prefix("Ringfence ")) {
        assert!(METRICS.contains(&own), "nobody writes {own}");
    }
    for shown in widgets(&dashboard)
        .flat_map(|widget| widget["properties"]["metrics"].as_array().into_iter().flatten())
    {
        if shown[0] == "Ringfence" {
            assert!(METRICS.contains(&shown[1].as_str().expect("a name")), "nobody writes {shown}");
        }
    }
}

#[test]
fn the_dashboard_has_every_alarm_of_the_stack_and_its_widgets_do_not_overlap() {
    for parameters in [vec![], vec![("ReservedConcurrency", "5")]] {
        let stack = Template::of_project().rendered(&parameters);
        let dashboard = dashboard(&stack);
        let shown: BTreeSet<&str> = widgets(&dashboard)
            .filter(|widget| widget["type"] == "alarm")
            .flat_map(|widget| one_or_many(&widget["properties"]["alarms"]))
            .map(|arn| arn.rsplit(':').next().expect("an ARN ends in the name"))
            .collect();
        assert_eq!(shown, alarms(&stack).map(|(_, alarm)| text(alarm, "/AlarmName")).collect());
    }
    let dashboard = dashboard(&stack());
    let mut taken = BTreeSet::new();
    for widget in widgets(&dashboard) {
        let number = |field: &str| widget[field].as_u64().expect("a position");
        let (x, y) = (number("x"), number("y"));
        assert!(x + number("width") <= 24, "{widget}");
        for cell in (x..x + number("width")).flat_map(|x| (y..y + number("height")).map(move |y| (x, y))) {
            assert!(taken.insert(cell), "two widgets at {cell:?}");
        }
    }
}

fn dashboard(stack: &Stack) -> Value {
    let body = text(stack.properties("Dashboard"), "/DashboardBody");
    serde_json::from_str(body).unwrap_or_else(|e| panic!("the dashboard is no JSON: {e}"))
}

fn widgets(dashboard: &Value) -> impl Iterator<Item = &Value> {
    dashboard["widgets"].as_array().expect("widgets").iter()
}
