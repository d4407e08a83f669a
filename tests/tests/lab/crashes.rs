//! A function's process that dies before or after any one of its AWS calls: the role ends up right, and the finding
//! is told. The lab kills the process; the product knows nothing of it.

use serde_json::{Value, json};
use tests::lab::{ADMINISTRATOR, Lab, OURS};

/// No path makes more calls than this; the loop ends where a kill no longer fires.
const MOST_CALLS: u32 = 40;

/// Kills the process around each of its calls in turn, on a role of its own each time.
async fn killed_around_every_call(when: &str) {
    let lab = Lab::start(&[]).await;
    // The first process makes the calls of the init phase, which are not those of an event.
    lab.create_role("first-role", "/").await;
    lab.silence().await;
    let mut kills = Vec::new();
    for call in 1..=MOST_CALLS {
        let role = format!("role-{when}-{call}");
        lab.pause_events();
        lab.create_role(&role, "/").await;
        lab.forget_events();
        let fault =
            json!({"kind": "kill", "function": "ringfence-on-role-change", "when": when, "call": call});
        lab.post("faults", fault);
        lab.resume_events();
        lab.attach(&role, ADMINISTRATOR).await;
        lab.silence().await;

        let faults = lab.get("faults");
        let fired = fired_at(&faults);
        assert!(faults[0]["unattributed"] == json!(0), "the lab did not know whose call it was: {faults}");
        lab.delete("faults");
        assert_eq!(
            lab.boundary_of(&role).await.as_deref(),
            Some(OURS),
            "killed {when} call {call} ({fired:?})"
        );
        let findings = lab.findings_about(&role).await;
        let words: Vec<_> =
            findings.iter().map(|told| (told.text_of("outcome"), told.text_of("severity"))).collect();
        assert_eq!(words, [("bounded", "CRITICAL")], "killed {when} call {call} ({fired:?})");
        match fired {
            Some(at) => kills.push(at),
            None => {
                println!("call {call} was not reached: {}", faults);
                break;
            }
        }
    }
    println!("killed {when} each of: {kills:?}");
    assert!(lab.dead_letters().await.is_empty(), "every retry came through");
    // The first two calls are made side by side, so either may come first, twice.
    assert!(
        ["iam:GetRole", "dynamodb:BatchGetItem", "dynamodb:Query"].contains(&kills[0].as_str()),
        "{kills:?}"
    );
    for needed in ["dynamodb:PutItem", "iam:PutRolePermissionsBoundary", "iam:GetPolicy", "sns:Publish"] {
        assert!(kills.iter().any(|at| at == needed), "no process was killed around {needed}: {kills:?}");
    }
    assert_eq!(
        kills.last().map(String::as_str),
        Some("dynamodb:PutItem"),
        "closing the intent is the last call: {kills:?}"
    );
}

fn fired_at(faults: &Value) -> Option<String> {
    let list = faults.as_array().unwrap_or_else(|| panic!("no list of faults: {faults}"));
    list.iter().find_map(|fault| fault["at"].as_str().map(str::to_owned))
}

#[tokio::test]
async fn killed_before_each_of_its_calls() {
    killed_around_every_call("before").await;
}

#[tokio::test]
async fn killed_after_each_of_its_calls() {
    killed_around_every_call("after").await;
}
