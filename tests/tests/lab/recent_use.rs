//! What a role used recently and is no longer allowed to. What IAM reports is set by the test: the lab counts no calls.

use serde_json::{Value, json};
use tests::lab::{ADMINISTRATOR, Lab, OURS, Told};

fn days_ago(days: i64) -> String {
    (jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24 * days)).strftime("%FT%TZ").to_string()
}

/// A role that was there and in use before Ringfence, given every right; and the finding about that.
async fn existing_role_given_every_right(lab: &Lab, used: Value) -> Told {
    lab.create_role("first", "/").await; // The first invocation notes when Ringfence was installed.
    lab.silence().await;
    lab.pause_events();
    lab.create_role("old-role", "/").await;
    lab.post(
        "roles/old-role",
        json!({"created": "2024-01-01T00:00:00Z", "last_used": days_ago(1), "used": used}),
    );
    lab.forget_events();
    lab.resume_events();
    lab.attach("old-role", ADMINISTRATOR).await;
    lab.silence().await;

    assert_eq!(lab.boundary_of("old-role").await.as_deref(), Some(OURS));
    let mut findings = lab.findings_about("old-role").await;
    assert_eq!(findings.len(), 1);
    let finding = findings.remove(0);
    assert_eq!(finding.text_of("outcome"), "bounded");
    finding
}

/// When Ringfence's functions last began such a call, in milliseconds.
fn began(lab: &Lab, operation: &str) -> u64 {
    let journal = lab.get("journal");
    let calls = journal.as_array().expect("a list of calls").iter();
    let mut calls = calls.filter(|call| {
        let is_own = |function: &str| function.starts_with("ringfence-");
        call["operation"] == json!(operation) && call["caller"]["function"].as_str().is_some_and(is_own)
    });
    let last = calls.next_back().unwrap_or_else(|| panic!("no {operation}"));
    last["started_ms"].as_f64().expect("a time") as u64
}

#[tokio::test]
async fn what_was_used_and_goes_is_named_first() {
    let lab = Lab::start(&[]).await;
    let used = json!([
        {"service": "iam", "action": "AttachRolePolicy", "last": days_ago(2)},
        {"service": "iam", "action": "GetRole", "last": days_ago(1)},
        {"service": "iam", "action": "CreateAccessKey", "last": days_ago(200)},
        {"service": "s3", "last": days_ago(1)},
    ]);
    let told = existing_role_given_every_right(&lab, used).await;

    let shown = format!("iam:AttachRolePolicy ({})", &days_ago(2)[..10]);
    assert_eq!(told.finding["impact"]["used_recently"], json!([shown]));
    let sentence = format!("Used in the last 90 days and no longer allowed: {shown}.");
    assert!(told.text_of("summary").contains(&sentence), "{}", told.text_of("summary"));
    assert!(told.says(&sentence), "{}", told.text);
    assert_eq!(told.finding["doubts"], json!([]));
    assert_eq!(lab.own_calls("GenerateServiceLastAccessedDetails"), 1, "none for the role that is new");
    assert!(began(&lab, "PutRolePermissionsBoundary") < began(&lab, "GenerateServiceLastAccessedDetails"));
}

#[tokio::test]
async fn a_report_that_is_never_finished_holds_no_finding_up() {
    let lab = Lab::start(&[]).await;
    let told = existing_role_given_every_right(&lab, json!("unfinished")).await;

    assert_eq!(told.finding["impact"]["used_recently"], json!([]));
    let doubt = "what was used recently is not known: IAM had not finished its report in time";
    assert_eq!(told.finding["doubts"], json!([doubt]));
    assert!(told.says(doubt), "{}", told.text);
    let waited = began(&lab, "Publish") - began(&lab, "GenerateServiceLastAccessedDetails");
    assert!((2_000..5_000).contains(&waited), "{waited} ms");
    assert!(lab.logs("ringfence-on-role-change").iter().any(|line| line.contains("is not known")));
    assert!(lab.dead_letters().await.is_empty());
}
