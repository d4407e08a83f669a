//! From text to a policy that can be asked.

use std::hint::black_box;
use std::time::Duration;

use iam_policy_bench::engines::{Awsim, Engine, IamRs, Ours};
use iam_policy_bench::report::{Budget, Figure, Section};
use iam_policy_bench::{managed, role};
use serde_json::{Value, json};

use crate::processor_time::fastest;
use crate::stopwatch::Stopwatch;

/// The most that AWS takes of a managed policy, without white space.
/// See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>.
const LARGEST: usize = 6_144;

/// More than a short statement takes.
const LAST: usize = 100;

pub(crate) fn section(stopwatch: &mut Stopwatch) -> Section {
    let document = largest();
    let [ours, awsim, iam_rs] = stopwatch.in_turns(
        "largest document",
        [
            (Ours::NAME, Box::new(|| parse::<Ours>(&document))),
            (Awsim::NAME, Box::new(|| parse::<Awsim>(&document))),
            (IamRs::NAME, Box::new(|| parse::<IamRs>(&document))),
        ],
    );
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    let rate = |length: usize, time: Duration| length as f64 / time.as_secs_f64() / 1e6;
    let mut figures = vec![
        Figure::new(Ours::NAME, milliseconds(ours), "ms")
            .within(Budget::AtMost(1.0))
            .because(format!("{:.0} MB/s", rate(document.len(), ours))),
        Figure::new(Awsim::NAME, milliseconds(awsim), "ms"),
        Figure::new(IamRs::NAME, milliseconds(iam_rs), "ms"),
    ];
    let mut remarks = vec![
        "The statements of Ringfence's boundary, again and again up to 6,144 characters.".to_owned(),
        "Ours splits patterns into their parts while it reads; the others do so in every evaluation."
            .to_owned(),
    ];
    match managed::documents() {
        None => remarks.push(format!("SKIPPED: all AWS managed policies: {}", managed::MISSING)),
        Some(documents) => {
            let all = || documents.values().for_each(|document| parse::<Ours>(document));
            let (time, ()) = fastest(all);
            let length = documents.values().map(String::len).sum();
            figures.push(
                Figure::new(
                    format!("{}, {} AWS managed policies", Ours::NAME, documents.len()),
                    rate(length, time),
                    "MB/s",
                )
                .because(format!("{length} bytes without white space")),
            );
        }
    }
    Section { title: "Reading a document of 6,144 characters", figures, remarks }
}

fn parse<E: Engine>(document: &str) {
    assert!(black_box(E::parse(black_box(document))), "{} does not read the document", E::NAME);
}

/// As long as may be, to the character.
fn largest() -> String {
    let boundary = role::boundary();
    let statements = boundary["Statement"].as_array().expect("the boundary has statements");
    let mut document = json!({ "Version": "2012-10-17", "Statement": [] });
    for statement in statements.iter().cycle() {
        let mut longer = document.clone();
        let mut statement = statement.clone();
        // One name may stand once only.
        statement.as_object_mut().expect("a statement is an object").remove("Sid");
        push(&mut longer, statement);
        if length(&longer) > LARGEST - LAST {
            break;
        }
        document = longer;
    }
    // The last statement fills what is left.
    let last = |name: &str| json!({ "Effect": "Deny", "Action": format!("iam:{name}"), "Resource": "*" });
    let mut shortest = document.clone();
    push(&mut shortest, last(""));
    push(&mut document, last(&"x".repeat(LARGEST.saturating_sub(length(&shortest)))));
    assert_eq!(length(&document), LARGEST);
    document.to_string()
}

fn push(document: &mut Value, statement: Value) {
    document["Statement"].as_array_mut().expect("the statements are a list").push(statement);
}

fn length(document: &Value) -> usize {
    document.to_string().chars().filter(|character| !character.is_whitespace()).count()
}
