//! Ringfence's own writes come back to it as events and set nothing off: the lab's journal tells of at most one more
//! invocation, and of no further write to IAM or the ledger.

use crate::policy::{EVERYTHING, new_default};
use crate::undo::paste;
use serde_json::{Value, json};
use std::collections::HashSet;
use tests::lab::{ADMINISTRATOR, Lab, OURS, TRUSTS_LAMBDA};

/// The writes to IAM that Ringfence knows.
const IAM: [&str; 3] =
    ["PutRolePermissionsBoundary", "DeleteRolePermissionsBoundary", "SetDefaultPolicyVersion"];

/// Those to the ledger.
const LEDGER: [&str; 3] = ["PutItem", "UpdateItem", "DeleteItem"];

/// What Ringfence did of its own since an entry of the journal.
struct Done {
    /// To IAM.
    written: Vec<String>,
    /// To the ledger.
    noted: Vec<String>,
    /// Invocations by events of its own writes.
    invoked_by_itself: usize,
}

fn done_since(lab: &Lab, seq: usize) -> Done {
    let journal = lab.journal_since(seq);
    let calls = |names: &[&str]| -> Vec<String> {
        // The edit of a policy has its roles looked at, which is no consequence of setting it back.
        let own = journal.iter().filter(|entry| {
            let function = entry["caller"]["function"].as_str().unwrap_or_default();
            entry["status"] == json!(200)
                && function.starts_with("ringfence-")
                && function != "ringfence-review-role"
        });
        let operations = own.filter_map(|entry| entry["operation"].as_str());
        operations.filter(|operation| names.contains(operation)).map(str::to_owned).collect()
    };
    let events = lab.get("events");
    let own_events: HashSet<&str> = events
        .as_array()
        .expect("a list")
        .iter()
        .filter(|event| {
            let issuer = &event["Detail"]["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"];
            issuer.as_str().is_some_and(|arn| arn.contains(":role/ringfence/"))
        })
        .filter_map(|event| event["Detail"]["eventID"].as_str())
        .collect();
    let is_by_itself = |entry: &&Value| entry["event_id"].as_str().is_some_and(|id| own_events.contains(id));
    let invoked_by_itself =
        journal.iter().filter(|entry| entry["kind"] == json!("invocation")).filter(is_by_itself).count();
    Done { written: calls(&IAM), noted: calls(&LEDGER), invoked_by_itself }
}

/// One write to IAM between those of its intent, and nothing that follows from it.
fn assert_nothing_followed(lab: &Lab, seq: usize, kind: &str, write: &str, noted: &[&str]) {
    let done = done_since(lab, seq);
    assert_eq!(done.written, [write], "{kind}: one write to IAM");
    assert_eq!(done.noted, noted, "{kind}: what the ledger is told before and after it");
    assert!(done.invoked_by_itself <= 1, "{kind}: {} invocations by its own write", done.invoked_by_itself);
}

#[tokio::test]
async fn no_write_of_ringfence_sets_off_another() {
    let lab = Lab::start(&[]).await;
    lab.create_role("first-role", "/").await; // The first invocation notes when Ringfence was installed.
    lab.silence().await;
    let put = "PutRolePermissionsBoundary";
    // The intent, the history of the role, the end of the intent.
    let intent = ["PutItem", "PutItem", "PutItem"];

    let seq = lab.journal_end();
    lab.create_role("orders", "/").await;
    lab.silence().await;
    assert_nothing_followed(&lab, seq, "bounded", put, &intent);

    let seq = lab.journal_end();
    lab.iam.delete_role_permissions_boundary().role_name("orders").send().await.expect("delete");
    lab.silence().await;
    assert_nothing_followed(&lab, seq, "restored", put, &intent);

    let seq = lab.journal_end();
    let create = lab.iam.create_role().role_name("careless").assume_role_policy_document(TRUSTS_LAMBDA);
    create.permissions_boundary(ADMINISTRATOR).send().await.expect("CreateRole");
    lab.silence().await;
    assert_nothing_followed(&lab, seq, "replaced", put, &intent);

    let line = lab.findings_about("careless").await.remove(0).text_of("undo").to_owned();
    let seq = lab.journal_end();
    paste(&lab, &line).await.expect("undone");
    lab.silence().await;
    let undo = ["PutItem", "PutItem", "DeleteItem", "PutItem"];
    assert_nothing_followed(&lab, seq, "undone", put, &undo);
    assert_eq!(lab.boundary_of("careless").await.as_deref(), Some(ADMINISTRATOR));

    let line = lab.findings_about("first-role").await.remove(0).text_of("undo").to_owned();
    let seq = lab.journal_end();
    paste(&lab, &line).await.expect("undone");
    lab.silence().await;
    assert_nothing_followed(&lab, seq, "undone", "DeleteRolePermissionsBoundary", &undo);

    let seq = lab.journal_end();
    new_default(&lab, OURS, EVERYTHING).await;
    lab.silence().await;
    assert_nothing_followed(&lab, seq, "boundary-edited", "SetDefaultPolicyVersion", &["PutItem", "PutItem"]);
}
