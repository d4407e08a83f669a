//! Whatever Ringfence depends on fails, and the alarms that should do: computed from the metric lines that the functions wrote and
//! from what the template says of each alarm. The lab has no CloudWatch, so Lambda's own metrics are counted from its journal and
//! SQS's from the queue; nothing here shows that CloudWatch reads the lines as documented.

use serde_json::{Value, json};
use std::collections::BTreeSet;
use tests::alarms::{Alarm, Point};
use tests::lab::{Call, Lab};
use tests::template::Template;

/// Seconds of a clock that only these tests have.
const NOW: i64 = 1_000_000;
const FUNCTIONS: [&str; 9] = [
    "ringfence-on-boundary-denial",
    "ringfence-on-exposure-change",
    "ringfence-on-function-change",
    "ringfence-on-policy-change",
    "ringfence-on-role-change",
    "ringfence-review-role",
    "ringfence-suggest-policy",
    "ringfence-sweep-account",
    "ringfence-undo-remediation",
];

/// How far logs and journal were read.
struct Watch {
    lines: Vec<usize>,
    journal: usize,
}

impl Watch {
    fn from_here(lab: &Lab) -> Self {
        Self { lines: FUNCTIONS.map(|name| lab.logs(name).len()).to_vec(), journal: lab.journal_end() }
    }

    /// The metrics since then, without a time.
    async fn metrics(&self, lab: &Lab) -> Vec<Point> {
        let mut points = Vec::new();
        for (name, from) in FUNCTIONS.iter().zip(&self.lines) {
            points.extend(lab.logs(name).iter().skip(*from).flat_map(|line| Point::of_log_line(line)));
        }
        for invocation in lab.journal_since(self.journal) {
            if invocation["kind"] == "invocation" && !invocation["error"].is_null() {
                let function = invocation["function"].as_str().expect("a name");
                points.push(Point::new("AWS/Lambda", "Errors", &[("FunctionName", function)], 0, 1.0));
            }
        }
        let queue = [("QueueName", "ringfence-dead-letters")];
        let waiting = lab.dead_letter_count().await;
        points.push(Point::new("AWS/SQS", "ApproximateNumberOfMessagesVisible", &queue, 0, count(waiting)));
        points
    }
}

fn count(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::MAX, f64::from)
}

/// The alarms that are in ALARM where this goes on and on, and the sweeps otherwise come as they should.
fn raised_while_it_lasts(metrics: &[Point]) -> BTreeSet<String> {
    let mut points = every_hour(&Point::new("Ringfence", "SweepsCompleted", &[], 0, 1.0));
    for period in 0..9 {
        // Once in each five minutes of the last 45.
        points.extend(metrics.iter().map(|point| Point { at: NOW - 30 - 300 * period, ..point.clone() }));
    }
    raised(&points)
}

fn every_hour(point: &Point) -> Vec<Point> {
    (0..25).map(|hour| Point { at: NOW - 1_800 - 3_600 * hour, ..point.clone() }).collect()
}

fn raised(points: &[Point]) -> BTreeSet<String> {
    let alarms = Alarm::all_of(&Template::of_project().rendered(&[]));
    let raised = alarms.iter().filter(|alarm| alarm.is_raised(points, NOW));
    raised.map(|alarm| alarm.name.strip_prefix("ringfence-").expect("its name").to_owned()).collect()
}

fn named(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn away(service: &str) -> Value {
    json!({"kind": "fail", "service": service, "function": "*", "times": null})
}

/// Arms the faults, lets something happen, and says which alarms that raises while it lasts.
async fn during(lab: &Lab, faults: &[Value], happens: impl AsyncFnOnce(&Lab)) -> BTreeSet<String> {
    let watch = Watch::from_here(lab);
    for fault in faults {
        lab.post("faults", fault.clone());
    }
    happens(lab).await;
    lab.settle().await;
    assert!(faults.is_empty() || lab.struck() > 0, "no fault struck");
    lab.disarm();
    let raised = raised_while_it_lasts(&watch.metrics(lab).await);
    lab.redrive();
    lab.settle().await;
    assert_eq!(lab.dead_letter_count().await, 0, "once it is over, everything comes through");
    raised
}

async fn a_role_is_made(lab: &Lab) {
    static NUMBER: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    lab.create_role(&format!("role-{number}"), "/").await;
}

async fn the_schedule_fires(lab: &Lab) {
    let invoke = lab.lambda.invoke().function_name("ringfence-sweep-account");
    let invoke = invoke.invocation_type(aws_sdk_lambda::types::InvocationType::Event);
    invoke.payload(aws_sdk_lambda::primitives::Blob::new("{}")).send().await.expect("it is taken");
}

#[tokio::test]
async fn each_dependency_that_is_away_raises_the_alarms_that_say_so() {
    let lab = Lab::start(&[]).await;
    let of_events = ["dead-letters", "failed-calls", "failures", "on-role-change-errors"];
    assert_eq!(during(&lab, &[], a_role_is_made).await, named(&[]), "all is well");
    for service in ["iam", "dynamodb", "sns"] {
        assert_eq!(during(&lab, &[away(service)], a_role_is_made).await, named(&of_events), "{service}");
    }

    // A role that is read too early has to be queued for a second look.
    let unread = json!({"kind": "fail", "service": "iam", "operation": "GetRole", "function": "*", "times": null,
        "status": 404, "code": "NoSuchEntity"});
    assert_eq!(during(&lab, &[unread, away("sqs")], a_role_is_made).await, named(&of_events), "sqs");

    // Lambda is asked where neither an event nor a message tells the role. A batch that fails in part is no error of Lambda's.
    lab.create_role("known-role", "/").await;
    lab.create_function("orders", "arn:aws:iam::123456789012:role/known-role").await;
    lab.silence().await;
    let is_queued = async |lab: &Lab| {
        let message =
            json!({"function": "arn:aws:lambda:us-east-1:123456789012:function:orders"}).to_string();
        let send = lab.sqs.send_message().queue_url(lab.queue_url("ringfence-review").await);
        send.message_body(message).send().await.expect("it is queued");
    };
    let lambda = during(&lab, &[away("lambda")], is_queued).await;
    assert_eq!(lambda, named(&["dead-letters", "failed-calls", "failures"]), "lambda");

    let events = during(&lab, &[away("events")], the_schedule_fires).await;
    let of_sweeps = ["dead-letters", "failed-calls", "failures", "sweep-account-errors"];
    assert_eq!(events, named(&of_sweeps), "events");

    let throttled = json!({"kind": "fail", "service": "iam", "operation": "GetRole", "function": "*", "every": 2,
        "times": null, "status": 400, "code": "Throttling"});
    assert_eq!(
        during(&lab, &[throttled], a_role_is_made).await,
        named(&["throttles"]),
        "throttled, and it comes through"
    );
}

#[tokio::test]
async fn a_rule_that_is_switched_off_is_an_alarm_and_a_notice_until_it_is_back() {
    let lab = Lab::start(&[]).await;
    let events = |operation| {
        let parameters = json!({"Name": "ringfence-on-role-change"});
        lab.call_as_administrator(&[Call { service: "events", operation, parameters }])
            .remove(0)
            .expect("it is done")
    };
    let sweep = async || {
        let watch = Watch::from_here(&lab);
        the_schedule_fires(&lab).await;
        lab.settle().await;
        raised_while_it_lasts(&watch.metrics(&lab).await)
    };
    assert_eq!(sweep().await, named(&[]));
    events("disable_rule");
    for _ in 0..2 {
        assert_eq!(sweep().await, named(&["ground"]));
    }
    events("enable_rule");
    assert_eq!(sweep().await, named(&[]));

    let notices = lab.notices().await;
    let told: Vec<_> = notices.iter().map(|told| (told.text_of("severity"), told.text_of("title"))).collect();
    assert_eq!(
        told,
        [
            ("HIGH", "A part of Ringfence is missing, switched off or changed"),
            ("MEDIUM", "Ringfence is whole again")
        ]
    );
    assert!(notices[0].text_of("summary").contains("Rule ringfence-on-role-change is switched off"));
}

/// What only Lambda and the schedule know: counted here, not seen in the lab.
#[test]
fn silence_and_throttled_functions_raise_their_alarms() {
    let heartbeat = Point::new("Ringfence", "SweepsCompleted", &[], 0, 1.0);
    assert_eq!(raised(&[]), named(&["sweep-stale"]), "no sweep for a day");
    assert_eq!(
        raised(&[Point { at: NOW - 23 * 3_600, ..heartbeat }]),
        named(&[]),
        "one sweep within a day is enough"
    );

    let function = [("FunctionName", "ringfence-on-role-change")];
    let throttled = [Point::new("AWS/Lambda", "Throttles", &function, 0, 3.0)];
    assert_eq!(raised_while_it_lasts(&throttled), named(&["throttles"]));

    let late = |ms| [Point::new("Ringfence", "TimeToContainment", &[], 0, ms)];
    assert_eq!(raised_while_it_lasts(&late(60_000.0)), named(&[]));
    assert_eq!(raised_while_it_lasts(&late(60_001.0)), named(&["time-to-containment"]));
}
