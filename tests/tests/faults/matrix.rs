//! The faults, and what each is swept over.

use crate::trial::{Lasts, Trial};
use serde_json::{Value, json};
use std::time::Duration;

/// One fault.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) fault: String,
    /// What it is swept over, for people to read.
    pub(crate) swept: String,
    pub(crate) trials: Vec<Trial>,
}

impl Row {
    fn swept<T: ToString>(fault: &str, over: &[T], trial: impl Fn(&T) -> Trial) -> Self {
        let swept: Vec<String> = over.iter().map(ToString::to_string).collect();
        Self { fault: fault.to_owned(), swept: swept.join(" "), trials: over.iter().map(trial).collect() }
    }

    fn once(fault: &str, trial: Trial) -> Self {
        Self { fault: fault.to_owned(), swept: String::new(), trials: vec![trial] }
    }
}

/// The services that Ringfence depends on, with the errors by which each says that it is throttling, and that it is
/// broken: the "Common Errors" of their API references, and the errors of the calls.
const SERVICES: [Service; 4] = [
    Service { name: "iam", throttling: (400, "Throttling"), broken: (500, "ServiceFailure") },
    Service {
        name: "dynamodb",
        throttling: (400, "ThrottlingException"),
        broken: (500, "InternalServerError"),
    },
    Service { name: "sns", throttling: (400, "ThrottlingException"), broken: (500, "InternalError") },
    Service { name: "sqs", throttling: (400, "RequestThrottled"), broken: (503, "ServiceUnavailable") },
];

#[derive(Debug, Clone, Copy)]
struct Service {
    name: &'static str,
    throttling: (u16, &'static str),
    broken: (u16, &'static str),
}

impl Service {
    /// Every k-th call by a function gets the error, the first among them.
    fn fails(self, (status, code): (u16, &str), every: u32) -> Value {
        json!({"kind": "fail", "service": self.name, "function": "*", "times": null, "every": every,
            "status": status, "code": code, "message": "Rate exceeded"})
    }

    fn hangs(self, every: u32) -> Value {
        json!({"kind": "hang", "service": self.name, "function": "*", "times": null, "every": every})
    }

    /// Later than the functions wait for an answer, see `account::sdk`.
    fn answers_late(self, every: u32) -> Value {
        json!({"kind": "late", "service": self.name, "function": "*", "times": null, "every": every, "seconds": 6.0})
    }
}

/// Calls that fail one after the other by mere chance use up the retries of a busy service.
const OFTEN: u32 = 3;

/// Every k-th call, all the time.
fn every(k: u32, fault: Value) -> Trial {
    let lasts = if k <= OFTEN { Lasts::ThroughoutAndOften } else { Lasts::Throughout };
    Trial { lasts, ..throughout(fault) }
}

fn throughout(fault: Value) -> Trial {
    Trial { faults: vec![fault], delivery: Value::Null, lasts: Lasts::Throughout }
}

fn delivered(delivery: Value) -> Trial {
    Trial { faults: Vec::new(), delivery, lasts: Lasts::Throughout }
}

fn throttled(service: Service, swept: &[u32]) -> Row {
    let name = format!("{} throttles every k-th call", service.name);
    Row::swept(&name, swept, |k| every(*k, service.fails(service.throttling, *k)))
}

fn broken(service: Service, swept: &[u32]) -> Row {
    let name = format!("{} answers every k-th call with 5xx", service.name);
    Row::swept(&name, swept, |k| every(*k, service.fails(service.broken, *k)))
}

fn silent(service: Service, swept: &[u32]) -> Row {
    let name = format!("{} never answers every k-th call", service.name);
    Row::swept(&name, swept, |k| every(*k, service.hangs(*k)))
}

fn late(service: Service, swept: &[u32]) -> Row {
    let name = format!("{} answers every k-th call too late", service.name);
    Row::swept(&name, swept, |k| every(*k, service.answers_late(*k)))
}

/// Lambda's retries are seconds apart here, minutes on AWS: an outage of a second stands for one of a minute.
fn away_for(service: Service, milliseconds: &[u64]) -> Row {
    Row::swept(&format!("{} away for s ms", service.name), milliseconds, |time| Trial {
        faults: vec![service.fails(service.broken, 1)],
        delivery: Value::Null,
        lasts: Lasts::For(Duration::from_millis(*time)),
    })
}

fn away(services: &[Service]) -> Row {
    let names: Vec<&str> = services.iter().map(|service| service.name).collect();
    let trial = Trial {
        faults: services.iter().map(|service| service.fails(service.broken, 1)).collect(),
        delivery: Value::Null,
        lasts: Lasts::UntilAllRetriesEnded,
    };
    Row::once(&format!("{} away longer than retries", names.join(", ")), trial)
}

fn killed(function: &str, when: &str, calls: &[u32]) -> Row {
    Row::swept(&format!("{function} killed {when} its n-th call"), calls, |call| {
        let name = format!("ringfence-{function}");
        throughout(json!({"kind": "kill", "function": name, "when": when, "call": call}))
    })
}

/// IAM was seen to take three to four seconds.
fn stale(what: &str, seconds: &[f64]) -> Row {
    let name = match what {
        "role" => "a new role is not found for s seconds",
        _ => "a changed boundary does not show for s seconds",
    };
    Row::swept(name, seconds, |seconds| {
        throughout(json!({"kind": "stale", "what": what, "seconds": seconds}))
    })
}

/// What `make test-lab` has time for.
pub(crate) fn short() -> Vec<Row> {
    let [iam, dynamodb, sns, sqs] = SERVICES;
    vec![
        throttled(iam, &[2, 5]),
        throttled(dynamodb, &[2]),
        throttled(sns, &[2]),
        throttled(sqs, &[2]),
        broken(iam, &[3]),
        broken(dynamodb, &[3]),
        silent(dynamodb, &[9]),
        Row::once(
            "events delivered five times, shuffled, late",
            delivered(json!({"duplicate": 4, "shuffle": 5, "seed": 3, "delay_ms": 500})),
        ),
        killed("on-function-change", "before", &[4]),
        killed("on-function-change", "after", &[4, 5]),
        killed("review-role", "after", &[3]),
        stale("role", &[2.0]),
        stale("boundary", &[2.0]),
        away_for(sns, &[800]),
        away_for(dynamodb, &[800]),
        away(&[sns]),
        away(&[dynamodb]),
    ]
}

/// Everything.
pub(crate) fn whole() -> Vec<Row> {
    let mut rows = Vec::new();
    rows.extend(SERVICES.map(|service| throttled(service, &[2, 3, 5, 7])));
    rows.extend(SERVICES.map(|service| broken(service, &[2, 3, 5, 7])));
    rows.extend(SERVICES.map(|service| silent(service, &[4, 9])));
    rows.extend(SERVICES.map(|service| late(service, &[4, 9])));
    rows.push(Row::once("events delivered five times", delivered(json!({"duplicate": 4}))));
    rows.push(Row::swept("events shuffled (n: the seed)", &[1, 2, 3, 4], |seed| {
        delivered(json!({"shuffle": 20, "seed": seed}))
    }));
    rows.push(Row::once("events two seconds late", delivered(json!({"delay_ms": 2000}))));
    rows.push(Row::swept("five times, shuffled and late (n: the seed)", &[1, 2], |seed| {
        delivered(json!({"duplicate": 4, "shuffle": 20, "seed": seed, "delay_ms": 1000}))
    }));
    for when in ["before", "after"] {
        rows.push(killed("on-role-change", when, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]));
        rows.push(killed("on-function-change", when, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]));
        rows.push(killed("on-policy-change", when, &[1, 2, 3]));
        rows.push(killed("review-role", when, &[1, 2, 3, 4, 5, 6, 7, 8]));
    }
    rows.push(stale("role", &[1.0, 2.0, 4.0]));
    rows.push(stale("boundary", &[1.0, 2.0, 4.0]));
    rows.extend(SERVICES.map(|service| away_for(service, &[500, 1000])));
    rows.extend(SERVICES.map(|service| away(&[service])));
    rows.push(away(&SERVICES));
    rows
}
