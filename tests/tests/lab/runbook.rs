//! The commands of `docs/operations.md`, run as they stand there, from the first to the removal.
//!
//! `aws` and `sam` are stand-ins, see `ringfence_lab/runbook.py`; the calls that they make are real ones of the local account.

use super::removal::traces;
use serde_json::json;
use std::collections::BTreeSet;
use tests::lab::{ADMINISTRATOR, Lab};

#[tokio::test]
async fn every_command_that_is_marked_runs_and_in_the_end_nothing_is_left() {
    let lab = Lab::start(&[("FindingsEmail", "security@example.com")]).await;
    for role in ["orders-api-role", "billing-api-role"] {
        lab.create_role(role, "/").await;
        lab.attach(role, ADMINISTRATOR).await;
    }
    lab.create_function("orders-api", "arn:aws:iam::123456789012:role/orders-api-role").await;
    lab.silence().await;
    let since = lab.journal_end();

    let output = lab.run_page("docs/operations.md");
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");

    let written = |operation: &str| lab.own_calls_since(since, operation).len();
    assert_eq!(written("DeleteRolePermissionsBoundary"), 1, "the undo of one role: {said}");
    assert_eq!(written("PutRolePermissionsBoundary"), 2, "the move to strict, and back with all: {said}");
    assert!(said.replace(' ', "").contains("\"done\":true"), "{said}");
    for role in ["orders-api-role", "billing-api-role"] {
        assert_eq!(lab.boundary_of(role).await, None, "{role}");
    }
    assert_eq!(traces(&lab), BTreeSet::new());
    let journal = lab.journal_since(since);
    let failed: Vec<_> = journal
        .iter()
        .filter(|entry| entry["kind"] == json!("invocation") && !entry["error"].is_null())
        .collect();
    assert!(failed.is_empty(), "no function failed meanwhile: {failed:#?}");
}
