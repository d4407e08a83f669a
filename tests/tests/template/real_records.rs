//! Real CloudTrail records, where the developers' collection lies beside the project: each is understood, or ignored for a
//! reason, and never an error. The project does not contain them; `events/` has its own of the same shapes.

use guardrail::names::AccountId;
use guardrail::trigger::{CloudTrailRecord, Ignored};
use serde_json::Value;
use tests::project_root;

#[test]
fn every_real_record_is_understood_or_ignored_for_a_reason() {
    let folder = project_root().join("../shared/reference/cloudtrail");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        println!("SKIPPED: no real records beside the project (looked in {})", folder.display());
        return;
    };
    let (mut understood, mut ignored) = (0, 0);
    for entry in entries {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a readable file");
        let record: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let account = account_of(&record);
        let record = CloudTrailRecord::from_detail(record);
        for read in [on_role_change::trigger, on_function_change::trigger] {
            match read(&record, &account) {
                Ok(_) => understood += 1,
                Err(Ignored::NoEventName) => panic!("{}: its call was not read", path.display()),
                Err(reason) => {
                    assert!(!reason.to_string().is_empty());
                    ignored += 1;
                }
            }
        }
    }
    println!("{understood} triggers, {ignored} ignored");
    assert!(understood >= 10 && ignored > understood, "{understood} understood, {ignored} ignored");
}

/// Each record is read as if it were of the guarded account; anonymised ones have no account at all.
fn account_of(record: &Value) -> AccountId {
    let told = record["recipientAccountId"].as_str().and_then(|id| id.parse().ok());
    told.unwrap_or_else(|| "123456789012".parse().expect("an account"))
}
