//! Judging requests by policies that were read before.

use std::time::Duration;

use iam_policy_bench::engines::{Awsim, Engine, IamRs, Ours, Questions};
use iam_policy_bench::report::{Budget, Figure, Section};
use iam_policy_bench::role::{Role, boundary};
use iam_policy_bench::{managed, vectors};

use crate::stopwatch::{ROUNDS, Stopwatch};

const UNIT: &str = "M/s";

/// Evaluations a second, in millions.
fn millions(evaluations: usize, time: Duration) -> f64 {
    evaluations as f64 / time.as_secs_f64() / 1e6
}

/// One to three statements.
pub(crate) fn small_policies(stopwatch: &mut Stopwatch) -> Section {
    let vectors = vectors::chosen();
    let ours = Questions::<Ours>::of_vectors(&vectors);
    let awsim = Questions::<Awsim>::of_vectors(&vectors);
    let iam_rs = Questions::<IamRs>::of_vectors(&vectors);
    let read_before = stopwatch.in_turns(
        "small policies, requests read before",
        [
            (Ours::NAME, Box::new(|| ours.judge())),
            (Awsim::NAME, Box::new(|| awsim.judge())),
            (IamRs::NAME, Box::new(|| iam_rs.judge())),
        ],
    );
    let from_text = stopwatch.in_turns(
        "small policies, requests from text",
        [
            (Ours::NAME, Box::new(|| ours.read_and_judge())),
            (Awsim::NAME, Box::new(|| awsim.read_and_judge())),
            (IamRs::NAME, Box::new(|| iam_rs.read_and_judge())),
        ],
    );
    let rate = |time| millions(vectors.len(), time);
    let [ours, awsim, iam_rs] = read_before.map(rate);
    let [ours_from_text, awsim_from_text, iam_rs_from_text] = from_text.map(rate);
    let figures = vec![
        Figure::new(Ours::NAME, ours, UNIT).within(Budget::AtLeast(2.0)),
        Figure::new(Awsim::NAME, awsim, UNIT),
        Figure::new(IamRs::NAME, iam_rs, UNIT),
        Figure::new(format!("{} ÷ {}", Ours::NAME, Awsim::NAME), ours / awsim, "×")
            .within(Budget::AtLeast(1.15)),
        Figure::new(format!("{}, requests from text", Ours::NAME), ours_from_text, UNIT),
        Figure::new(format!("{}, requests from text", Awsim::NAME), awsim_from_text, UNIT),
        Figure::new(format!("{}, requests from text", IamRs::NAME), iam_rs_from_text, UNIT),
        Figure::new("    ours ÷ awsim, requests from text", ours_from_text / awsim_from_text, "×"),
    ];
    Section {
        title: "Evaluations a second, policies of 1 to 3 statements",
        figures,
        remarks: vec![
            format!("{} cases of tests/cases, all of which each engine answered rightly before it was timed.", vectors.len()),
            "No engine's time has the reading of policies in it, and none has that of requests and their context keys.".into(),
            "From text: each engine's time has in it that principal, action, resource and context keys are made its own.".into(),
            format!("Median of criterion in the fastest of {ROUNDS} rounds, in turns."),
        ],
    }
}

/// A function's role.
pub(crate) fn role(stopwatch: &mut Stopwatch) -> Section {
    let title = "Evaluations a second, a role of two AWS managed policies under Ringfence's boundary";
    let Some(documents) = managed::documents() else {
        return Section::skipped(title, managed::MISSING);
    };
    let role = Role::read();
    let document = |name: &String| serde_json::from_str(&documents[name]).expect("a document is JSON");
    let identity: Vec<_> = role.managed.iter().map(document).collect();
    let requests = role.requests();
    let ours = Questions::<Ours>::of_role(&identity, &boundary(), &requests);
    let awsim = Questions::<Awsim>::of_role(&identity, &boundary(), &requests);
    let times = stopwatch.in_turns(
        "role",
        [(Ours::NAME, Box::new(|| ours.judge())), (Awsim::NAME, Box::new(|| awsim.judge()))],
    );
    let [ours, awsim] = times.map(|time| millions(requests.len(), time));
    Section {
        title,
        figures: vec![
            Figure::new(Ours::NAME, ours, UNIT).within(Budget::AtLeast(0.5)),
            Figure::new(Awsim::NAME, awsim, UNIT),
        ],
        remarks: vec![
            format!(
                "{}; {} requests, allowed and denied, read before.",
                role.managed.join(" and "),
                requests.len()
            ),
            "iam-rs has no boundaries.".into(),
        ],
    }
}
