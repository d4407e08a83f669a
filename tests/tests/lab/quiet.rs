//! Whether people who deploy well hear anything, and what that costs.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use tests::lab::{ACCOUNT, Lab, OURS, TRUSTS_LAMBDA};

const SECURITY_TEAM: &str = "security@example.com";
const LOGS: &str = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
const DEPLOYMENTS: usize = 100;

/// As many as one pipeline does at once. Two cores that start the functions of a hundred deployments in the same second are no
/// account's: what comes of a burst is counted with the faults.
const AT_ONCE: usize = 10;

/// What a template of an ordinary function comes to: a role with the boundary that the platform asks for or without, the logs,
/// what the function reads and writes by name, and the function.
async fn deploy(lab: &Lab, name: &str, boundary: Option<&str>) {
    let role = format!("{name}-role");
    let trust: Value = serde_json::from_str(TRUSTS_LAMBDA).expect("a trust policy");
    let create = lab.iam.create_role().role_name(&role).assume_role_policy_document(trust.to_string());
    create.set_permissions_boundary(boundary.map(str::to_owned)).send().await.expect("CreateRole");
    lab.attach(&role, LOGS).await;
    let rights = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"],
         "Resource": format!("arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/{name}")},
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": format!("arn:aws:s3:::{name}-assets/*")},
        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": format!("arn:aws:sqs:us-east-1:{ACCOUNT}:{name}")},
    ]});
    let put = lab.iam.put_role_policy().role_name(&role).policy_name("data");
    put.policy_document(rights.to_string()).send().await.expect("PutRolePolicy");
    lab.create_function(name, &format!("arn:aws:iam::{ACCOUNT}:role/{role}")).await;
}

/// How many entries there are of each.
fn counted<'a>(words: impl IntoIterator<Item = &'a str>) -> BTreeMap<&'a str, usize> {
    words.into_iter().fold(BTreeMap::new(), |mut counts, word| {
        *counts.entry(word).or_default() += 1;
        counts
    })
}

fn per_deployment(counts: &BTreeMap<&str, usize>) -> String {
    let total: usize = counts.values().sum();
    let each: Vec<String> =
        counts.iter().map(|(word, count)| format!("{word} {:.2}", of_each(*count))).collect();
    format!("{:.2} ({})", of_each(total), each.join(", "))
}

#[expect(clippy::cast_precision_loss, reason = "a few thousand calls")]
fn of_each(count: usize) -> f64 {
    count as f64 / DEPLOYMENTS as f64
}

#[tokio::test]
async fn a_hundred_clean_deployments_cause_no_email() {
    let mut lab = Lab::start(&[("FindingsEmail", SECURITY_TEAM)]).await;
    lab.patience = Duration::from_secs(300);
    let before = lab.journal_end();
    for index in 0..DEPLOYMENTS {
        let boundary = (index % 2 == 0).then_some(OURS);
        deploy(&lab, &format!("service-{index:03}"), boundary).await;
        if index % AT_ONCE == AT_ONCE - 1 {
            lab.silence().await;
        }
    }

    let mailbox = lab.get("mailbox");
    let mails: Vec<&Value> =
        mailbox.as_array().expect("a list").iter().filter(|mail| mail["to"] == SECURITY_TEAM).collect();
    let messages = lab.messages().await;
    let findings = lab.findings().await;
    let kinds: Vec<String> = findings
        .iter()
        .map(|told| format!("{} {}", told.text_of("outcome"), told.text_of("severity")))
        .collect();
    let journal = lab.journal_since(before);
    let own = |service: &'static str| {
        journal.iter().filter(move |entry| {
            let function = entry["caller"]["function"].as_str().unwrap_or_default();
            entry["service"] == service && function.starts_with("ringfence-")
        })
    };
    let operation = |entry: &'_ Value| entry["operation"].as_str().unwrap_or_default().to_owned();
    let iam: Vec<String> = own("iam").map(operation).collect();
    let ledger: Vec<String> = own("dynamodb").map(operation).collect();
    let is_write = |call: &&str| ["PutItem", "UpdateItem", "DeleteItem"].contains(call);
    let invocations = journal.iter().filter(|entry| entry["kind"] == "invocation").count();
    println!(
        "{DEPLOYMENTS} clean deployments: a role, a managed and an inline policy, a function; every second with the boundary"
    );
    println!("  e-mails to people   {}", mails.len());
    println!("  findings            {} {:?}", findings.len(), counted(kinds.iter().map(String::as_str)));
    println!("  SNS messages        {}", messages.len());
    println!("  invocations         {:.2} per deployment", of_each(invocations));
    println!(
        "  IAM calls           {} per deployment",
        per_deployment(&counted(iam.iter().map(String::as_str)))
    );
    println!(
        "  ledger writes       {} per deployment",
        per_deployment(&counted(ledger.iter().map(String::as_str).filter(is_write)))
    );
    println!(
        "  ledger reads        {} per deployment",
        per_deployment(&counted(ledger.iter().map(String::as_str).filter(|call| !is_write(call))))
    );

    assert!(mails.len() <= 1, "people hear of clean deployments: {mails:#?}");
    assert_eq!(messages.len(), findings.len(), "nothing is told twice");
    assert_eq!(
        lab.own_calls("PutRolePermissionsBoundary"),
        DEPLOYMENTS / 2,
        "every role without a boundary has ours"
    );
    let unexpected: Vec<&String> = kinds.iter().filter(|kind| *kind != "bounded LOW").collect();
    assert!(unexpected.is_empty(), "{unexpected:?}");
    assert_eq!(findings.len(), DEPLOYMENTS / 2, "one finding for each role that was bounded");
    assert!(lab.dead_letters().await.is_empty());
}
