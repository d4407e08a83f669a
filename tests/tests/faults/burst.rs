//! Many deployments at once: each a role, its policy and its function, in calls that overtake each other.

use crate::table::Count;
use crate::trial::puts_since;
use std::collections::{HashMap, HashSet};
use std::time::Instant;
use tests::lab::{ADMINISTRATOR, Lab, OURS, Told};

/// `count` deployments at once.
pub(crate) async fn run(lab: &Lab, count: usize) -> Count {
    let started = Instant::now();
    let journal = lab.journal_end();
    let roles: Vec<String> = (1..=count).map(|number| format!("burst-{number}")).collect();
    let deployments = roles.iter().map(async |role| {
        lab.create_role(role, "/").await;
        lab.attach(role, ADMINISTRATOR).await;
        lab.create_function(role, &format!("arn:aws:iam::123456789012:role/{role}")).await;
    });
    futures_util::future::join_all(deployments).await;
    lab.settle().await;
    // So many processes at once may be more than one machine can do in the time that a function has.
    let waiting = lab.dead_letter_count().await;
    if waiting > 0 {
        lab.redrive();
        lab.settle().await;
    }

    let mut result = Count { roles: count, due: count, redriven: waiting, ..Count::default() };
    let mut told: HashMap<String, Vec<Told>> = HashMap::new();
    let mut ids = HashSet::new();
    for message in lab.messages().await {
        if ids.insert(message.text_of("id").to_owned()) {
            let role = message.finding["role"]["name"].as_str().unwrap_or_default().to_owned();
            told.entry(role).or_default().push(message);
        } else if message.finding["role"]["name"].as_str().is_some_and(|role| role.starts_with("burst-")) {
            result.copies += 1;
        }
    }
    let puts = puts_since(lab, journal);
    for role in &roles {
        let has = lab.boundary_of(role).await;
        if has.as_deref() == Some(OURS) {
            result.right += 1;
        } else {
            result.problems.push(format!("{role} has boundary {has:?}"));
        }
        result.double_writes += puts.get(role).copied().unwrap_or_default().saturating_sub(1);
        let words: Vec<(&str, &str)> = told.get(role).map_or(Vec::new(), |told| {
            told.iter().map(|told| (told.text_of("outcome"), told.text_of("severity"))).collect()
        });
        // What was attached before the first look is told with it; what came later is told once more.
        match words.as_slice() {
            [("bounded", "CRITICAL")] => result.told += 1,
            [("bounded", "LOW"), ("contained", "MEDIUM")] => {
                result.told += 2;
                result.due += 1;
            }
            other => result.problems.push(format!("{role}: told {other:?}")),
        }
    }
    let left = lab.dead_letter_count().await;
    if left > 0 {
        let letters = lab.dead_letters().await;
        result.problems.push(format!("{left} messages in the dead-letter queue: {:#?}", letters.first()));
    }
    result.took = started.elapsed();
    result
}
