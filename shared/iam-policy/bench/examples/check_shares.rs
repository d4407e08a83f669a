//! Which of the policies that AWS manages each check finds something in, and whether those for functions are left alone.
//!
//! Each document is looked at as the only policy of a role without a boundary. Fails where a document is not understood,
//! or where one that AWS made for functions has a breach of weight that is not told below.

use std::collections::BTreeMap;
use std::process::ExitCode;

use guardrail::assess::Assessment;
use guardrail::check_id::CheckId;
use guardrail::severity::Severity;
use guardrail::snapshot::{Boundary, Document};
use iam_policy_bench::{assessed, managed};

/// What AWS made for functions, and the checks of weight that hit it for good reason.
const FOR_FUNCTIONS: &[(&str, &[CheckId])] = &[
    ("AWSLambdaBasicExecutionRole", &[]),
    ("AWSLambdaDynamoDBExecutionRole", &[]),
    ("AWSLambdaENIManagementAccess", &[]),
    // It grants `logs:*` on all logs, and the objects of every bucket.
    ("AWSLambdaExecute", &[CheckId::FullAccessPolicy, CheckId::ServiceWildcard, CheckId::DataExfiltration]),
    ("AWSLambdaInvocation-DynamoDB", &[]),
    ("AWSLambdaKinesisExecutionRole", &[]),
    ("AWSLambdaMSKExecutionRole", &[]),
    ("AWSLambdaRole", &[]),
    ("AWSLambdaSQSQueueExecutionRole", &[]),
    ("AWSLambdaVPCAccessExecutionRole", &[]),
    ("AWSXRayDaemonWriteAccess", &[]),
    ("AWSXrayWriteOnlyAccess", &[]),
    ("CloudWatchLambdaApplicationSignalsExecutionRolePolicy", &[]),
    ("CloudWatchLambdaInsightsExecutionRolePolicy", &[]),
];

fn main() -> ExitCode {
    let Some(documents) = managed::documents() else {
        println!("SKIPPED: what the checks find in the policies that AWS manages: {}", managed::MISSING);
        return ExitCode::SUCCESS;
    };
    let assess = |(name, document): (&String, &String)| {
        let policy = (name.clone(), Document::parse(document));
        (name.clone(), Assessment::of(&assessed::role([policy], Boundary::Absent)))
    };
    let assessments: BTreeMap<String, Assessment> = documents.iter().map(assess).collect();
    tell_shares(&assessments);
    let failures: Vec<String> = doubts(&assessments).chain(heavy(&assessments)).collect();
    for failure in &failures {
        println!("FAILED: {failure}");
    }
    if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn tell_shares(assessments: &BTreeMap<String, Assessment>) {
    let mut found: BTreeMap<CheckId, (usize, Severity)> = BTreeMap::new();
    for breach in assessments.values().flat_map(Assessment::breaches) {
        let (count, worst) = found.entry(breach.check).or_insert((0, breach.severity));
        *count += 1;
        *worst = breach.severity.max(*worst);
    }
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
    println!(
        "\nwhat the checks find in the {} policies that AWS manages, each alone on a role\n",
        assessments.len()
    );
    for (check, (count, worst)) in found {
        let share = 100.0 * count as f64 / assessments.len() as f64;
        println!("  {:30}  {count:5}  {share:5.1} %  at worst {worst}", check.to_string());
    }
    println!();
}

fn doubts(assessments: &BTreeMap<String, Assessment>) -> impl Iterator<Item = String> {
    assessments
        .iter()
        .flat_map(|(name, found)| found.doubts().iter().map(move |doubt| format!("{name}: {doubt}")))
}

/// What is told of the policies for functions and should not be, or should be and is not.
fn heavy(assessments: &BTreeMap<String, Assessment>) -> impl Iterator<Item = String> {
    FOR_FUNCTIONS.iter().filter_map(|(name, expected)| {
        let Some(assessment) = assessments.get(*name) else {
            return Some(format!("{name}: there is no such policy any more"));
        };
        let heavy = assessment.breaches().iter().filter(|breach| breach.severity >= Severity::Medium);
        let mut heavy: Vec<CheckId> = heavy.map(|breach| breach.check).collect();
        let mut expected = expected.to_vec();
        heavy.sort();
        expected.sort();
        (heavy != expected).then(|| format!("{name}: {heavy:?} of MEDIUM or higher, not {expected:?}"))
    })
}
