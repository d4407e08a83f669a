//! Whole roles: every check, as the role is and as it would be without its boundary.

use std::collections::BTreeMap;
use std::hint::black_box;

use guardrail::assess::Assessment;
use guardrail::snapshot::{Boundary, Document, RoleSnapshot};
use iam_policy_bench::report::{Budget, Figure, Section};
use iam_policy_bench::{assessed, managed};

use crate::stopwatch::{ROUNDS, Stopwatch};

/// What functions usually carry.
const COMMON: [&str; 10] = [
    "AWSLambdaVPCAccessExecutionRole",
    "AWSXRayDaemonWriteAccess",
    "CloudWatchLambdaInsightsExecutionRolePolicy",
    "AWSLambdaSQSQueueExecutionRole",
    "AWSLambdaDynamoDBExecutionRole",
    "AmazonS3ReadOnlyAccess",
    "AmazonDynamoDBFullAccess",
    "AmazonSSMReadOnlyAccess",
    "AmazonSQSFullAccess",
    "SecretsManagerReadWrite",
];

/// As much as one role can hold.
const WIDE: [&str; 10] = [
    "PowerUserAccess",
    "ReadOnlyAccess",
    "IAMFullAccess",
    "AmazonS3FullAccess",
    "AmazonDynamoDBFullAccess",
    "AmazonEC2FullAccess",
    "AmazonRDSFullAccess",
    "AWSLambda_FullAccess",
    "AmazonSNSFullAccess",
    "AmazonSQSFullAccess",
];

pub(crate) fn section(stopwatch: &mut Stopwatch) -> Section {
    let title = "Assessing a role of ten AWS managed policies";
    let Some(documents) = managed::documents() else {
        return Section::skipped(title, managed::MISSING);
    };
    let roles = [
        ("usual policies", COMMON, Boundary::Absent),
        ("usual policies under Ringfence's boundary", COMMON, assessed::boundary()),
        ("wide policies", WIDE, Boundary::Absent),
        ("wide policies under Ringfence's boundary", WIDE, assessed::boundary()),
    ];
    let roles = roles.map(|(name, policies, boundary)| (name, role(&documents, policies, boundary)));
    let assess = |role: &RoleSnapshot| drop(black_box(Assessment::of(black_box(role))));
    let times = stopwatch.in_turns(
        "assessment",
        roles.each_ref().map(|(name, role)| (*name, Box::new(move || assess(role)) as Box<dyn FnMut()>)),
    );
    let figure = |((name, role), time): (&(&str, RoleSnapshot), std::time::Duration)| {
        let assessment = Assessment::of(role);
        let (breaches, doubts) = (assessment.breaches().len(), assessment.doubts().len());
        Figure::new(*name, time.as_secs_f64() * 1e3, "ms")
            .within(Budget::AtMost(1.0))
            .because(format!("{breaches} breaches, {doubts} doubts"))
    };
    Section {
        title,
        figures: roles.iter().zip(times).map(figure).collect(),
        remarks: vec![
            "The documents are read before, as in a sweep, in which one document serves many roles: what is worked out \
             of a document and of an account is not in the time."
                .into(),
            format!("Median of criterion in the fastest of {ROUNDS} rounds."),
        ],
    }
}

fn role(documents: &BTreeMap<String, String>, names: [&str; 10], boundary: Boundary) -> RoleSnapshot {
    let policies = names.map(|name| (name.to_owned(), Document::parse(&documents[name])));
    assessed::role(policies, boundary)
}
