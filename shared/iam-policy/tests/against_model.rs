//! `evaluate` against a slow, obvious model of it, on random policies and requests.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::wildcard_enum_match_arm,
    reason = "a test fails by panicking, and JSON gains no kinds of values"
)]

mod generate;
mod model;

use std::collections::BTreeMap;

use generate::{case, judge, refusal, shrink};
use model::{Silence, verdict};
use serde_json::Value;

const SEED: u64 = 20_261_122;
const CASES: u64 = 5_000;

/// What the crate and the model say, each with whether the answer hangs on an open question.
#[derive(Debug, PartialEq)]
struct Answer {
    verdict: String,
    is_open: bool,
}

fn crates_answer(case: &Value) -> Answer {
    let (verdict, is_open) = judge(case);
    Answer { verdict, is_open }
}

fn models_answer(case: &Value) -> Answer {
    let found = verdict(case, Silence::Allows);
    Answer { verdict: found.to_owned(), is_open: verdict(case, Silence::Denies) != found }
}

#[test]
fn the_model_agrees() {
    let mut verdicts: BTreeMap<String, u64> = BTreeMap::new();
    let mut open = 0;
    for number in 0..CASES {
        let drawn = case(SEED, number);
        assert_eq!(refusal(&drawn), None, "seed {SEED}, case {number}");
        let found = crates_answer(&drawn);
        if found != models_answer(&drawn) {
            let smallest = shrink::smallest(drawn, |case| crates_answer(case) != models_answer(case));
            let (found, expected) = (crates_answer(&smallest), models_answer(&smallest));
            panic!("seed {SEED}, case {number}: found {found:?}, the model says {expected:?}\n{smallest:#}");
        }
        open += u64::from(found.is_open);
        *verdicts.entry(found.verdict).or_default() += 1;
    }
    let percent = |verdict: &str| verdicts.get(verdict).copied().unwrap_or_default() * 100 / CASES;
    assert!(percent("Allowed") >= 15, "too few are allowed: {verdicts:?}");
    assert!(percent("ExplicitlyDenied") >= 10, "too few are denied: {verdicts:?}");
    assert!(percent("ImplicitlyDenied") <= 70, "too little matches: {verdicts:?}");
    assert!(open * 100 >= CASES, "too few open questions: {open}");
}
