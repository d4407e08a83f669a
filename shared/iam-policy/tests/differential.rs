//! `evaluate` against an evaluator by other people, on random policies and requests. `make differential` runs it.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::wildcard_enum_match_arm,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, JSON gains no kinds of values, make says how many, and the counts are for reading"
)]

mod generate;
mod model;
mod oracle;

use std::collections::BTreeMap;
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use generate::{case, judge, refusal, shrink};
use model::{Silence, verdict};
use oracle::deviation::{Deviation, explain};
use oracle::{Answers, Oracle, knows_caller};
use serde_json::Value;

const SEED: u64 = 20_261_122;

/// What became of a case.
#[derive(Debug, PartialEq)]
enum Outcome {
    Agrees,
    /// The verdict hangs on a question that the guide leaves open.
    Open,
    /// The oracle does not know callers of this kind.
    UnknownCaller,
    /// The oracle failed.
    Error,
    Excused(Vec<Deviation>),
    Disagrees,
}

fn outcome(case: &Value, answer: &str) -> Outcome {
    let (found, is_open) = judge(case);
    if !knows_caller(case) {
        Outcome::UnknownCaller
    } else if is_open {
        Outcome::Open
    } else if answer.starts_with("Error") {
        Outcome::Error
    } else if found == answer {
        Outcome::Agrees
    } else {
        // What the oracle makes of open questions is not held against it: it may answer each in its own way.
        let permits = |verdict: &str| {
            ["ExplicitlyDenied", "ImplicitlyDenied", "Allowed"].iter().position(|v| *v == verdict)
        };
        let is_possible = |read: &Value| {
            let (most, least) = (verdict(read, Silence::Allows), verdict(read, Silence::Denies));
            (permits(least)..=permits(most)).contains(&permits(answer))
        };
        explain(case, is_possible).map_or(Outcome::Disagrees, Outcome::Excused)
    }
}

#[derive(Default)]
struct Tally {
    agreed: BTreeMap<String, u64>,
    open: u64,
    unknown_callers: u64,
    errors: u64,
    last_error: String,
    excused: BTreeMap<Deviation, u64>,
    excused_cases: u64,
    disagreements: Vec<u64>,
}

impl Tally {
    fn note(&mut self, number: u64, case: &Value, answer: String) {
        match outcome(case, &answer) {
            Outcome::Agrees => *self.agreed.entry(answer).or_default() += 1,
            Outcome::Open => self.open += 1,
            Outcome::UnknownCaller => self.unknown_callers += 1,
            Outcome::Error => {
                self.errors += 1;
                self.last_error = format!("case {number}: {answer}");
            }
            Outcome::Excused(deviations) => {
                self.excused_cases += 1;
                for deviation in deviations {
                    *self.excused.entry(deviation).or_default() += 1;
                }
            }
            Outcome::Disagrees => self.disagreements.push(number),
        }
    }

    fn print(&self, took: Duration) {
        let agreed: u64 = self.agreed.values().sum();
        let not_compared = self.open + self.unknown_callers + self.errors;
        let cases = agreed + not_compared + self.excused_cases + self.disagreements.len() as u64;
        println!("{cases} cases, seed {SEED}, {:.0} s: {agreed} agree {:?}", took.as_secs_f64(), self.agreed);
        println!(
            "not compared: {} open questions, {} callers the oracle does not know",
            self.open, self.unknown_callers
        );
        println!("{} answered with an error {}", self.errors, self.last_error);
        println!("{} excused by known deviations of the oracle:", self.excused_cases);
        for (deviation, count) in &self.excused {
            println!("{count:>8} {deviation:?}");
        }
    }
}

fn compare(cases: u64, answers: &mut Answers, questions: oracle::Questions) -> Tally {
    let mut tally = Tally::default();
    std::thread::scope(|scope| {
        let (sender, asked) = sync_channel(1_000);
        scope.spawn(move || {
            let mut questions = questions;
            for number in 0..cases {
                let drawn = case(SEED, number);
                assert_eq!(refusal(&drawn), None, "seed {SEED}, case {number}");
                questions.put(&drawn);
                if sender.send(drawn).is_err() {
                    return;
                }
            }
        });
        let mut told = Instant::now();
        for (number, case) in asked.into_iter().enumerate() {
            let number = number as u64;
            let answer = answers.next().unwrap();
            tally.note(number, &case, answer);
            if told.elapsed() > Duration::from_secs(5) {
                told = Instant::now();
                eprintln!("{number} of {cases} cases, {} disagreements", tally.disagreements.len());
            }
            if tally.disagreements.len() >= 5 {
                break;
            }
        }
    });
    tally
}

#[test]
#[ignore = "needs Node and its packages: `make differential`"]
fn the_oracle_agrees() {
    let cases = std::env::var("CASES").map_or(20_000, |cases| cases.parse().unwrap());
    let mut oracle = match Oracle::start() {
        Ok(oracle) => oracle,
        Err(missing) => return println!("SKIPPED: comparison with the oracle ({missing})"),
    };
    let started = Instant::now();
    let questions = oracle.questions.take().unwrap();
    let tally = compare(cases, &mut oracle.answers, questions);
    tally.print(started.elapsed());
    for number in &tally.disagreements {
        let mut oracle = Oracle::start().unwrap();
        let smallest = shrink::smallest(case(SEED, *number), |case| {
            let answer = oracle.ask(case);
            outcome(case, &answer) == Outcome::Disagrees
        });
        let (found, expected) = (judge(&smallest).0, oracle.ask(&smallest));
        println!("seed {SEED}, case {number}: `evaluate` says {found}, the oracle {expected}\n{smallest:#}");
    }
    assert!(tally.disagreements.is_empty(), "the oracle disagrees on {:?}", tally.disagreements);
    assert!(tally.errors * 100 < cases, "too many errors: {}", tally.errors);
    let agreed = |verdict: &str| tally.agreed.get(verdict).copied().unwrap_or_default();
    assert!(agreed("Allowed") * 100 >= cases * 15, "too few are allowed");
    assert!(agreed("ExplicitlyDenied") * 100 >= cases * 10, "too few are denied");
    assert!(tally.excused_cases * 100 < cases * 25, "too many are excused");
}
