//! A smaller policy for a role that has too much, from what it did. Access Analyzer's jobs and CloudTrail's event history are doubles
//! of the lab, made of the calls that were made here: they show what is asked and what becomes of the answers, not what AWS answers.
//!
//! That a process may die at any of its calls is shown in `account`, `suggest/tests.rs`: the lease of a dead one lasts as long as Lambda
//! would have let it run, or until Lambda's retry of the same request, which the lab gives another id.

use aws_sdk_lambda::primitives::Blob;
use guardrail::names::RoleArn;
use iam_policy::{Containment, Policy, within};
use serde_json::{Value, json};
use tests::lab::{Call, Lab, Told};

const SUGGEST: &str = "ringfence-suggest-policy";
const TRAIL: (&str, &str) = ("TrailArn", "arn:aws:cloudtrail:us-east-1:123456789012:trail/management-events");
const READER: (&str, &str) = ("PolicyGenerationRoleArn", "arn:aws:iam::123456789012:role/policy-generation");

const ROLE: &str = "orders-role";
const ROLE_ARN: &str = "arn:aws:iam::123456789012:role/orders-role";
const FUNCTION: &str = "orders-api";
const TOO_MUCH: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Sid":"Everything","Effect":"Allow","Action":["dynamodb:*","s3:*","sqs:*","ec2:*"],"Resource":"*"}]}"#;

fn call(service: &'static str, operation: &'static str, parameters: Value) -> Call {
    Call { service, operation, parameters }
}

/// An account whose stack was given both parameters, with a role that has too much and the function that it is for.
async fn prepared() -> Lab {
    let lab = Lab::start(&[TRAIL, READER]).await;
    let trust = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"access-analyzer.amazonaws.com"},"Action":"sts:AssumeRole"}}"#;
    lab.create_role_trusting("policy-generation", "/", trust).await;
    lab.create_role(ROLE, "/").await;
    let put = lab.iam.put_role_policy().role_name(ROLE).policy_name("access").policy_document(TOO_MUCH);
    put.send().await.expect("PutRolePolicy");
    lab.create_function(FUNCTION, ROLE_ARN).await;
    lab.post(&format!("roles/{ROLE}"), json!({"created": "2025-01-01T00:00:00Z"}));
    let table = json!({"TableName": "orders", "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]});
    lab.call_as_administrator(&[call("dynamodb", "create_table", table)]).remove(0).expect("a table");
    let on_orders = || json!({"TableName": "orders"});
    let came = lab.call_as_function(
        FUNCTION,
        ROLE_ARN,
        &[
            call("dynamodb", "describe_table", on_orders()),
            call("dynamodb", "describe_time_to_live", on_orders()),
            call("dynamodb", "scan", on_orders()),
            call("sns", "list_topics", json!({})),
        ],
    );
    assert!(came.iter().take(3).all(Result::is_ok) && came[3].is_err(), "{came:?}");
    lab.silence().await;
    lab
}

/// What the function answers.
async fn suggest(lab: &Lab, payload: &str) -> Value {
    let answer = lab.lambda.invoke().function_name(SUGGEST).payload(Blob::new(payload)).send().await;
    let answer = answer.expect("Invoke");
    let payload = answer.payload.map(Blob::into_inner).unwrap_or_default();
    let value = serde_json::from_slice(&payload).expect("JSON");
    assert_eq!(answer.function_error, None, "{value}");
    lab.silence().await;
    value
}

async fn suggested(lab: &Lab) -> Vec<Told> {
    let mut findings = lab.findings_about(ROLE).await;
    findings.retain(|told| told.text_of("outcome") == "suggested");
    findings
}

async fn sweep(lab: &Lab) {
    let invoke = lab.lambda.invoke().function_name("ringfence-sweep-account");
    invoke.payload(Blob::new("{}")).send().await.expect("Invoke");
    lab.silence().await;
}

fn step(answer: &Value, index: usize) -> (&str, &str) {
    let did = &answer["did"][index];
    (did["step"].as_str().unwrap_or_default(), did["role"].as_str().unwrap_or_default())
}

/// How often an operation was called, whatever the answer.
fn asked(lab: &Lab, operation: &str) -> usize {
    let journal = lab.journal_since(0);
    journal.iter().filter(|entry| entry["operation"] == json!(operation)).count()
}

fn own_writes_to_iam(lab: &Lab, since: usize) -> usize {
    let journal = lab.journal_since(since);
    let ours =
        |entry: &&Value| entry["caller"]["function"] == json!(SUGGEST) && entry["service"] == json!("iam");
    let writes = |entry: &&Value| !entry["operation"].as_str().unwrap_or_default().starts_with(['G', 'L']);
    journal.iter().filter(ours).filter(writes).count()
}

#[tokio::test]
async fn a_role_that_has_too_much_gets_one_smaller_policy_of_what_it_did() {
    let lab = prepared().await;
    let idle = suggest(&lab, "{}").await;
    assert!(idle["waits"]["why"].as_str().is_some_and(|why| why.starts_with("no sweep")), "{idle}");
    sweep(&lab).await;
    let since = lab.journal_end();
    let begun = suggest(&lab, "{}").await;
    assert_eq!(step(&begun, 0), ("began", ROLE), "{begun}");
    let waits = suggest(&lab, "{}").await;
    assert_eq!((&waits["did"], &waits["waits"]["why"]), (&json!([]), &json!("Access Analyzer is at work")));
    lab.post("access-analyzer/generation", json!({}));

    let told = suggest(&lab, "{}").await;
    assert_eq!(step(&told, 0), ("suggested", ROLE), "{told}");
    let findings = suggested(&lab).await;
    let [finding] = findings.as_slice() else { panic!("one finding: {findings:?}") };
    assert_eq!(told["did"][0]["finding"], finding.finding["id"]);
    let proposal = &finding.finding["proposal"];
    let documents = proposal["documents"].as_array().expect("documents");
    let policies: Vec<Policy> =
        documents.iter().map(|document| Policy::parse(&document.to_string()).expect("a policy")).collect();
    let granted = Policy::parse(TOO_MUCH).expect("a policy");
    for policy in &policies {
        assert!(
            matches!(within(&[policy], &[&granted]), Containment::Pass),
            "within what it has: {proposal}"
        );
    }
    let allowed = proposal["documents"].to_string();
    assert!(
        allowed.contains("dynamodb:DescribeTable") && allowed.contains("dynamodb:DescribeTimeToLive"),
        "{allowed}"
    );
    assert!(allowed.contains("dynamodb:Scan"), "its use would not be seen: {allowed}");
    assert!(allowed.contains(":table/orders"), "each call named it: {allowed}");
    assert!(!allowed.contains("dynamodb:DeleteTable") && !allowed.contains("ec2:RunInstances"), "{allowed}");
    assert!(!allowed.contains("sns:ListTopics"), "it was refused: {allowed}");
    let number = |field: &str| proposal[field].as_u64().expect("a number");
    assert!(number("allowed") * 2 < number("granted"), "{} of {}", number("allowed"), number("granted"));
    let boundary = &proposal["boundary"]["document"];
    let fitted = Policy::parse(&boundary.to_string()).expect("a boundary that fits");
    assert!(fitted.size() <= 6_144 && boundary.to_string().contains("dynamodb:Scan"), "{boundary}");
    assert!(!boundary.to_string().contains("ec2:RunInstances"), "{boundary}");
    assert!(finding.says("sns:ListTopics"), "told as what was refused: {}", finding.text);
    assert_eq!(own_writes_to_iam(&lab, since), 0, "it only tells");

    let role: RoleArn = ROLE_ARN.parse().expect("a role");
    let before = lab.journal_end();
    let again = suggest(&lab, "{}").await;
    assert_eq!(again["did"], json!([]), "{role} had its turn: {again}");
    assert_eq!(suggested(&lab).await.len(), 1);
    let calls: Vec<Value> = lab.journal_since(before);
    let own: Vec<&Value> = calls
        .iter()
        .filter(|entry| entry["kind"] == "call" && entry["caller"]["function"] == json!(SUGGEST))
        .map(|entry| &entry["operation"])
        .collect();
    assert_eq!(own, [&json!("BatchGetItem")], "a tick with nothing to do");
}

#[tokio::test]
async fn an_operator_asks_for_one_role_and_does_not_wait_for_a_sweep() {
    let lab = prepared().await;
    let answer = suggest(&lab, r#"{"role":"no-such-role"}"#).await;
    assert_eq!(step(&answer, 0), ("failed", "no-such-role"));
    let answer = suggest(&lab, &format!(r#"{{"role":"{ROLE}"}}"#)).await;
    assert_eq!(step(&answer, 0), ("began", ROLE), "{answer}");
    lab.post("access-analyzer/generation", json!({}));
    let answer = suggest(&lab, "{}").await;
    assert_eq!(step(&answer, 0), ("suggested", ROLE), "{answer}");
}

#[tokio::test]
async fn what_aws_refuses_is_told_once_and_not_asked_again_until_somebody_does() {
    let lab = prepared().await;
    sweep(&lab).await;
    lab.post(
        "access-analyzer",
        json!({"StartPolicyGeneration": {"error": "AccessDeniedException", "status": 403}}),
    );
    let refused = suggest(&lab, "{}").await;
    assert!(refused["waits"]["until"].is_string(), "{refused}");
    for _ in 0..3 {
        suggest(&lab, "{}").await;
    }
    assert_eq!(asked(&lab, "StartPolicyGeneration"), 1);
    let notices = lab.notices().await;
    let titles: Vec<&str> = notices.iter().map(|told| told.text_of("title")).collect();
    assert_eq!(titles, ["AWS refuses to generate policies for proposals"]);
    assert_eq!(lab.dead_letter_count().await, 0);

    lab.post("access-analyzer", json!({"StartPolicyGeneration": null}));
    let begun = suggest(&lab, &format!(r#"{{"role":"{ROLE}"}}"#)).await;
    assert_eq!(step(&begun, 0), ("began", ROLE), "{begun}");
    let notices = lab.notices().await;
    assert_eq!(
        notices.last().map(|told| told.text_of("title")),
        Some("Policies for proposals are generated again")
    );

    // Under way, and Access Analyzer throttles.
    lab.post(
        "access-analyzer",
        json!({"GetGeneratedPolicy": {"error": "ThrottlingException", "status": 429}}),
    );
    suggest(&lab, "{}").await;
    let looks = asked(&lab, "GetGeneratedPolicy");
    assert_eq!(looks, 4, "the SDK's attempts");
    suggest(&lab, "{}").await;
    assert_eq!(asked(&lab, "GetGeneratedPolicy"), looks, "it waits");
    assert_eq!(lab.notices().await.len(), 2, "that passes by itself");
}

#[tokio::test]
async fn without_the_parameters_nothing_is_scheduled_and_an_invocation_says_what_to_set() {
    let lab = Lab::start(&[]).await;
    let answer = suggest(&lab, "{}").await;
    let why = answer["waits"]["why"].as_str().expect("a reason");
    assert!(why.contains("TrailArn") && why.contains("PolicyGenerationRoleArn"), "{why}");
    assert_eq!(asked(&lab, "StartPolicyGeneration"), 0);
}
