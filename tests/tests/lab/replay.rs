//! `make replay`: an event from a file through the real functions, and what is shown of it.

use super::undo::invoke_undo;
use serde_json::{Value, json};
use std::process::Output;
use tests::lab::{ADMINISTRATOR, Lab, OURS, TRUSTS_LAMBDA};

const CREATE_ROLE: &str = "events/on-role-change/CreateRole--bare-by-iam-user.json";

fn shown(output: &Output) -> Value {
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {output:?}"))
}

fn role_file(last_used: Option<&str>) -> std::path::PathBuf {
    let trust: Value = serde_json::from_str(TRUSTS_LAMBDA).expect("JSON");
    let mut role = json!({"RoleName": "nightly-export", "Path": "/", "AssumeRolePolicyDocument": trust,
        "AttachedManagedPolicies": [
            {"PolicyName": "AdministratorAccess", "PolicyArn": ADMINISTRATOR},
            {"PolicyName": "elsewhere", "PolicyArn": "arn:aws:iam::123456789012:policy/elsewhere"}],
        "CreateDate": "2025-01-01T00:00:00Z"});
    if let Some(last_used) = last_used {
        role["RoleLastUsed"] = json!({"LastUsedDate": last_used});
    }
    let file = std::env::temp_dir().join(format!("ringfence-replay-{}.json", std::process::id()));
    std::fs::write(&file, role.to_string()).expect("a file for the role");
    file
}

#[tokio::test]
async fn an_event_is_taken_through_the_real_functions_with_the_role_as_it_was() {
    let lab = Lab::start(&[]).await;
    lab.silence().await;

    let without = shown(&lab.replay(&[CREATE_ROLE, "--json"]));
    assert_eq!(without["invocations"][0]["function"], "ringfence-on-role-change");
    assert!(without["notes"][0].as_str().is_some_and(|note| note.contains("--role")), "{without:#}");
    assert_eq!(without["findings"], json!([]));

    let file = role_file(Some("2026-11-01T00:00:00Z"));
    let json = shown(&lab.replay(&[CREATE_ROLE, "--json", "--role", file.to_str().expect("UTF-8")]));
    assert_eq!(json["findings"][0]["outcome"], "bounded");
    assert_eq!(json["findings"][0]["severity"], "CRITICAL");
    assert!(
        json["findings"][0]["reason"].as_str().is_some_and(|reason| reason.contains("reaches HIGH")),
        "a role in use: {json:#}"
    );
    assert!(json["notes"][0].as_str().is_some_and(|note| note.contains("policy/elsewhere")), "{json:#}");
    assert!(json["calls"].to_string().contains("iam:PutRolePermissionsBoundary"));
    assert_eq!(lab.boundary_of("nightly-export").await.as_deref(), Some(OURS));
    let _ = std::fs::remove_file(file);

    for (fixture, why) in [
        ("events/on-role-change/ignored/CreateRole--failed-name-is-taken.json", "the call failed with"),
        ("events/on-role-change/ignored/GetRole--read-only.json", "only reads"),
        ("events/on-role-change/ignored/TagRole--changes-no-rights.json", "no rule of the template"),
        ("events/on-role-change/ignored/CreateRole--of-another-account.json", "ADOPT=1"),
    ] {
        let output = lab.replay(&[fixture]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{fixture}: {said}");
        assert!(said.contains(why), "{fixture}: {said}");
    }

    let text = lab.replay(&["events/review-role/role-by-name.json"]);
    assert!(text.status.success(), "{text:?}");
    let text = String::from_utf8(text.stdout).expect("UTF-8");
    assert!(text.contains("Function   ringfence-review-role"), "{text}");
    let nothing = invoke_undo(&lab, "ringfence-undo-remediation", r#"{"all":true,"dry_run":true}"#).await;
    assert!(nothing.is_ok(), "the account is whole after all of it: {nothing:?}");
}
