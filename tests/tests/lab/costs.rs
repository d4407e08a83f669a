//! What one deployment makes the functions do, counted: `operations/costs.py` computes with it.

use serde_json::{Value, json};
use tests::lab::{ADMINISTRATOR, Lab};
use tests::project_root;

/// A kilobyte is a write unit of DynamoDB, and each key of a batch at least a read unit.
const WRITE_UNIT: usize = 1024;

/// The keys that a look at a role asks for at once, see `account::ledger`.
const KEYS: usize = 7;

/// Roles that are made first, so that no function starts while it is counted.
const WARM_UP: usize = 2;

async fn deploy(lab: &Lab, name: &str) {
    lab.create_role(name, "/").await;
    lab.silence().await;
    lab.attach(name, ADMINISTRATOR).await;
    lab.silence().await;
    lab.create_function(name, &format!("arn:aws:iam::123456789012:role/{name}")).await;
    lab.silence().await;
}

fn log_bytes(lab: &Lab) -> usize {
    let functions =
        ["ringfence-on-role-change", "ringfence-on-function-change", "ringfence-on-policy-change"];
    functions.iter().flat_map(|function| lab.logs(function)).map(|line| line.len() + 1).sum()
}

/// The whole units that the largest item of the ledger takes to be written: no write takes more.
async fn units_of_largest_item(lab: &Lab) -> usize {
    let scan = lab.dynamodb.scan().table_name(lab.ledger_table().await);
    let items = scan.send().await.expect("Scan").items.unwrap_or_default();
    // Longer than what is billed: Rust's notation has the types' names.
    let sizes = items.iter().map(|item| format!("{item:?}").len());
    sizes.max().expect("items").div_ceil(WRITE_UNIT)
}

#[tokio::test]
async fn the_counted_calls_are_those_of_a_deployment() {
    let lab = Lab::start(&[("FindingsEmail", "security@example.com")]).await;
    for index in 0..WARM_UP {
        deploy(&lab, &format!("warm-up-{index}")).await;
    }
    let mails = || {
        let mails = lab.get("mailbox");
        let mails = mails.as_array().expect("a list").clone();
        mails.iter().filter(|mail| mail["to"] == "security@example.com").count()
    };
    let (since, logged, mailed) = (lab.journal_end(), log_bytes(&lab), mails());
    deploy(&lab, "orders-api").await;

    let journal = lab.journal_since(since);
    let is_ours = |name: &Value| name.as_str().is_some_and(|name| name.starts_with("ringfence-"));
    let calls: Vec<&Value> = journal
        .iter()
        .filter(|entry| entry["kind"] == "call" && is_ours(&entry["caller"]["function"]))
        .collect();
    let named = |operation: &str| calls.iter().filter(|call| call["operation"] == operation).count();
    assert_eq!(named("GetTopicAttributes"), 0, "a function started while it was counted");
    let of = |operations: &[&str]| -> Vec<&Value> {
        calls
            .iter()
            .copied()
            .filter(|call| operations.iter().any(|name| call["operation"] == *name))
            .collect()
    };
    let writes = of(&["PutItem", "UpdateItem", "DeleteItem"]);
    let counted = json!({
        "invocations": journal.iter().filter(|entry| entry["kind"] == "invocation" && is_ours(&entry["function"])).count(),
        "calls": calls.len(),
        "read_units": named("BatchGetItem") * KEYS + named("Query"),
        "write_units": writes.len() * units_of_largest_item(&lab).await,
        "published": named("Publish"),
        "emails": mails() - mailed,
        // Times and ids differ in length, so it is rounded up far.
        "log_bytes": (log_bytes(&lab) - logged).next_multiple_of(2000),
        "sent": named("SendMessage") + named("SendMessageBatch"),
    });
    let file = project_root().join("operations/counted-calls.json");
    let told: Value = std::fs::read_to_string(&file)
        .ok()
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or(Value::Null);
    if std::env::var_os("RINGFENCE_UPDATE").is_some() {
        std::fs::write(&file, format!("{counted:#}\n")).expect("the file can be written");
    } else {
        assert_eq!(
            told, counted,
            "run it with RINGFENCE_UPDATE=1, then operations/costs.py for docs/operations.md"
        );
    }
}
