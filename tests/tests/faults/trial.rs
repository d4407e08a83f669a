//! One trial: the workload under one fault, and what came of it.

use crate::table::Count;
use crate::workload::{Expected, Workload};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};
use tests::lab::{Lab, Told};

/// What is wrong, how, and for how long.
#[derive(Debug, Clone)]
pub(crate) struct Trial {
    /// Faults of the lab.
    pub(crate) faults: Vec<Value>,
    /// How events are delivered; null for at once, once, in order.
    pub(crate) delivery: Value,
    pub(crate) lasts: Lasts,
}

/// How long a fault lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lasts {
    /// All the time, and retries have to come through.
    Throughout,
    /// All the time, and so often that retries may end: what could not be done is sent again.
    ThroughoutAndOften,
    /// It ends while Lambda still retries.
    For(Duration),
    /// Longer than anything is retried: what could not be done waits in the dead-letter queue and is sent again.
    UntilAllRetriesEnded,
}

/// Plays the workload under the trial's fault.
pub(crate) async fn run(lab: &Lab, team: &str, trial: &Trial, name: &str) -> Count {
    let started = Instant::now();
    let workload = Workload::prepare(lab, team, name).await;
    let before: HashSet<String> = lab.messages().await.iter().map(id).collect();
    let journal = lab.journal_end();

    for fault in &trial.faults {
        lab.post("faults", fault.clone());
    }
    if !trial.delivery.is_null() {
        lab.post("tap", trial.delivery.clone());
    }
    // CloudTrail takes seconds: by the time that the first event arrives the deployment is over.
    lab.pause_events();
    workload.play().await;
    lab.resume_events();
    let mut result = Count::default();
    if let Lasts::For(time) = trial.lasts {
        tokio::time::sleep(time).await;
        result.struck = lab.struck();
        lab.disarm();
    }
    lab.settle().await;

    result.struck += lab.struck();
    if trial.delivery.is_null() && result.struck == 0 {
        result.problems.push(format!("{name}: the fault never struck"));
    }
    lab.disarm();
    lab.post("tap", json!({"delay_ms": 0, "duplicate": 0, "shuffle": 0}));
    let waiting = lab.dead_letter_count().await;
    match (trial.lasts, waiting) {
        (Lasts::UntilAllRetriesEnded, 0) => {
            result.problems.push(format!("{name}: retries came through, so nothing was sent again"));
        }
        (Lasts::Throughout | Lasts::For(_), 1..) => {
            let letters = lab.dead_letters().await;
            result.problems.push(format!("{name}: retries should have come through: {letters:#?}"));
        }
        _ => {}
    }
    if waiting > 0 {
        result.redriven = waiting;
        lab.redrive();
        lab.settle().await;
    }
    let left = lab.dead_letter_count().await;
    if left > 0 {
        result.problems.push(format!("{name}: {left} messages stay in the dead-letter queue"));
    }

    let messages = lab.messages().await;
    let news = messages.into_iter().filter(|told| !before.contains(&id(told))).collect();
    let puts = puts_since(lab, journal);
    judge(lab, &mut result, &workload.expected(), news, &puts).await;
    result.took = started.elapsed();
    result
}

fn id(told: &Told) -> String {
    told.text_of("id").to_owned()
}

/// How often Ringfence put a boundary on each role.
pub(crate) fn puts_since(lab: &Lab, journal: usize) -> HashMap<String, usize> {
    let mut puts = HashMap::new();
    for call in lab.own_calls_since(journal, "PutRolePermissionsBoundary") {
        *puts.entry(call["parameters"]["RoleName"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
    }
    puts
}

/// Compares what is with what must be.
async fn judge(
    lab: &Lab,
    result: &mut Count,
    expected: &[Expected],
    news: Vec<Told>,
    puts: &HashMap<String, usize>,
) {
    let mut ids = HashSet::new();
    let (mut findings, copies): (Vec<Told>, Vec<Told>) =
        news.into_iter().partition(|told| ids.insert(id(told)));
    result.copies = copies.len();
    // Whichever event comes after a restoration finds the role in order and says so: here a duplicate or an older one.
    findings.retain(|told| told.text_of("outcome") != "resolved");
    result.roles = expected.len();
    result.due = expected.len();
    let mut needed = 0;
    for Expected { role, boundary, told, writes } in expected {
        let has = lab.boundary_of(role).await;
        if has.as_ref() == Some(boundary) {
            result.right += 1;
        } else {
            result.problems.push(format!("{role} has boundary {has:?} and not {boundary}"));
        }
        let put = puts.get(role).copied().unwrap_or_default();
        result.double_writes += put.saturating_sub(*writes);
        if put < *writes {
            result.problems.push(format!("{role}: its boundary was never put"));
        }
        let about_it: Vec<(&str, &str)> = findings
            .iter()
            .filter(|finding| finding.finding["role"]["name"] == json!(role))
            .map(|finding| (finding.text_of("outcome"), finding.text_of("severity")))
            .collect();
        if about_it.contains(told) {
            result.told += 1;
            needed += 1;
        }
        if about_it != [*told] {
            result.problems.push(format!("{role}: told {about_it:?} and not {told:?}"));
        }
    }
    result.superfluous = findings.len() - needed;
    if result.superfluous > 0 {
        let all: Vec<&str> = findings.iter().map(|finding| finding.subject.as_str()).collect();
        result.problems.push(format!("findings that nobody needed: {all:?}"));
    }
}
