//! Whether one policy is within another: a distribution, which criterion does not tell.

use std::collections::BTreeMap;
use std::time::Duration;

use iam_policy::{Containment, Policy, within};
use iam_policy_bench::report::{Budget, Figure, Section};
use iam_policy_bench::{lines, managed, read};

use crate::processor_time::{RUNS, fastest};

pub(crate) fn section() -> Section {
    let title = "Comparing two AWS managed policies";
    let Some(documents) = managed::documents() else {
        return Section::skipped(title, managed::MISSING);
    };
    let policies: BTreeMap<&str, Policy> = documents
        .iter()
        .map(|(name, document)| {
            (name.as_str(), Policy::parse(document).expect("AWS's own policies are valid"))
        })
        .collect();
    let list = read("data/pairs.txt");
    let pairs: Vec<(&str, &str)> = lines(&list)
        .map(|line| line.split_once(' ').expect("a line of data/pairs.txt has two names"))
        .collect();
    let mut times = Vec::new();
    let (mut passes, mut failures, mut unknown) = (0, 0, 0);
    for (inner, outer) in &pairs {
        let (inner, outer) = (&policies[inner], &policies[outer]);
        let (time, found) = fastest(|| within(&[inner], &[outer]));
        times.push((time, pairs[times.len()]));
        match found {
            Containment::Pass => passes += 1,
            Containment::Fail(_) => failures += 1,
            Containment::Unknown(_) => unknown += 1,
        }
    }
    times.sort_unstable();
    let at = |share: f64| times[((share * times.len() as f64).ceil() as usize).clamp(1, times.len()) - 1];
    let milliseconds = |(time, _): (Duration, _)| time.as_secs_f64() * 1e3;
    let (_, slowest) = at(1.0);
    let share = 100.0 * f64::from(unknown) / times.len() as f64;
    Section {
        title,
        figures: vec![
            Figure::new("median", milliseconds(at(0.5)), "ms"),
            Figure::new("slowest hundredth", milliseconds(at(0.99)), "ms").within(Budget::AtMost(5.0)),
            Figure::new("slowest", milliseconds(at(1.0)), "ms")
                .because(format!("{} within {}", slowest.0, slowest.1)),
            Figure::new("unknown", share, "%")
                .within(Budget::AtMost(2.0))
                .because(format!("{passes} within, {failures} not, {unknown} unknown")),
        ],
        remarks: vec![format!(
            "{} pairs of data/pairs.txt, half of them related; the fastest of {RUNS} for each.",
            times.len()
        )],
    }
}
