//! A changed policy against doubles of the SDK's clients: what is asked, written, told and queued.

mod doubles;

use super::PolicyResponse;
use crate::failure::{Failure, FailureClass};
use crate::settings::tests::settings;
use doubles::{NARROW, OURS, SHIPPED, TEAM, WIDE, World, change, deployed_now};
use guardrail::settings::Mode;
use guardrail::trigger::{Caller, PolicyChange, PolicyEffect};

async fn respond_as(
    world: &World,
    mode: Mode,
    change: &PolicyChange,
    request: &str,
) -> Result<PolicyResponse, Failure> {
    world.account(mode).respond_to_policy_change(change, request).await
}

async fn respond(world: &World, change: &PolicyChange) -> PolicyResponse {
    respond_as(world, Mode::Enforce, change, &change.event_id).await.unwrap()
}

fn new_default(policy: &str, event_id: &str) -> PolicyChange {
    change(policy, event_id, PolicyEffect::NewDefault(None))
}

fn pair(outcome: &str, severity: &str) -> (String, String) {
    (outcome.to_owned(), severity.to_owned())
}

fn names(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|index| format!("role-{index}")).collect()
}

#[tokio::test]
async fn every_role_on_every_page_of_both_uses_is_queued_once_ten_at_a_time() {
    let world = World::with(&[WIDE]);
    world.change(|state| {
        state.roles_with_policy = vec![names(0..12), names(12..14)];
        state.roles_bounded = vec![names(13..15)];
    });
    let policy = "arn:aws:iam::123456789012:policy/orders";
    let response = respond(&world, &new_default(policy, "e-1")).await;
    assert_eq!(response.queued, 15);
    let calls = world.change(|state| state.calls.clone());
    let expected = [
        "iam:ListEntitiesForPolicy PermissionsPolicy 0",
        "iam:ListEntitiesForPolicy PermissionsPolicy 1",
        "iam:ListEntitiesForPolicy PermissionsBoundary 0",
        "sqs:SendMessageBatch 10",
        "sqs:SendMessageBatch 5",
    ];
    assert_eq!(calls, expected, "the policy is nobody's business, so nothing of it is read");
    let mut queued = world.change(|state| state.queued.clone());
    queued.sort();
    queued.dedup();
    assert_eq!(queued.len(), 15);
    assert_eq!(
        queued[0],
        r#"{"role":"role-0","trigger":{"event":"CreatePolicyVersion","event_id":"e-1","time":"2026-11-22T10:00:00Z"}}"#
    );
}

#[tokio::test(start_paused = true)]
async fn a_message_that_sqs_does_not_take_is_sent_again_and_at_last_the_event_fails() {
    let world = World::with(&[WIDE]);
    world.change(|state| {
        state.roles_with_policy = vec![names(0..3)];
        state.sqs_fails = 2;
    });
    let change = new_default("arn:aws:iam::123456789012:policy/orders", "e-1");
    assert_eq!(respond(&world, &change).await.queued, 3);
    let sent: Vec<String> = world.change(|state| state.calls.split_off(2));
    assert_eq!(sent, ["sqs:SendMessageBatch 3", "sqs:SendMessageBatch 1", "sqs:SendMessageBatch 1"]);

    world.change(|state| state.sqs_fails = 3);
    let failure = respond_as(&world, Mode::Enforce, &change, "r").await.unwrap_err();
    assert_eq!(failure.class(), FailureClass::Retryable);
}

#[tokio::test]
async fn a_deleted_version_changes_no_role() {
    let world = World::with(&[WIDE]);
    world.change(|state| state.roles_with_policy = vec![names(0..3)]);
    let change = change("arn:aws:iam::123456789012:policy/orders", "e-1", PolicyEffect::VersionDeleted);
    assert_eq!(respond(&world, &change).await.queued, 0);
    assert!(world.change(|state| state.calls.is_empty()));
}

#[tokio::test]
async fn our_widened_boundary_is_set_back_then_told_then_its_roles_are_queued() {
    let world = World::with(&[SHIPPED, WIDE]);
    world.change(|state| state.roles_bounded = vec![names(0..1)]);
    let response = respond(&world, &new_default(OURS, "e-1")).await;
    assert_eq!(world.told(), [pair("boundary-edited", "CRITICAL")]);
    assert_eq!(response.queued, 1);
    let writes: Vec<String> = world.change(|state| {
        let reads = ["iam:GetPolicy", "iam:ListEntities"];
        state.calls.iter().filter(|call| !reads.iter().any(|read| call.starts_with(read))).cloned().collect()
    });
    let expected = [
        "dynamodb:PutItem boundary-policy".to_owned(),
        format!("iam:SetDefaultPolicyVersion {OURS} v1"),
        "sns:Publish".to_owned(),
        "dynamodb:PutItem boundary-policy".to_owned(),
        "sqs:SendMessageBatch 1".to_owned(),
    ];
    assert_eq!(writes, expected);
    let finding = world.change(|state| state.findings[0].clone());
    assert!(finding["role"].is_null());
    assert_eq!(finding["problem"], format!("123456789012/{OURS}/boundary-policy"));
    assert!(finding["contained_at"].is_string());
    assert_eq!(finding["subject"], "[CRITICAL] boundary-edited: ringfence-baseline-v1 (123456789012)");
    let email = finding["email"].as_str().unwrap();
    assert!(email.contains("User mallory: CreatePolicyVersion"), "{email}");
    assert!(email.contains("made the version with the shipped document the default again"), "{email}");
}

#[tokio::test]
async fn a_narrowed_boundary_is_set_back_too_and_told_lower() {
    let world = World::with(&[SHIPPED, NARROW]);
    respond(&world, &new_default(OURS, "e-1")).await;
    assert_eq!(world.told(), [pair("boundary-edited", "HIGH")]);
    assert_eq!(world.change(|state| state.default.clone()), "v1");
}

#[tokio::test]
async fn the_same_event_five_times_is_one_write_and_one_finding_and_the_next_edit_is_told_anew() {
    let world = World::with(&[SHIPPED, WIDE]);
    for _ in 0..5 {
        respond(&world, &new_default(OURS, "e-1")).await;
    }
    assert_eq!(world.count("iam:SetDefaultPolicyVersion"), 1);
    assert_eq!(world.change(|state| state.findings.len()), 1);

    world.change(|state| state.default = "v2".to_owned());
    // Later than the setting back, so that IAM is believed at once.
    let later = Some(crate::clock::now() + jiff::SignedDuration::from_secs(2));
    respond(&world, &PolicyChange { time: later, ..new_default(OURS, "e-2") }).await;
    assert_eq!(world.told().len(), 2, "a repetition is another finding");
    assert_eq!(world.count("iam:SetDefaultPolicyVersion"), 2);
}

#[tokio::test]
async fn our_own_setting_back_makes_no_work() {
    let world = World::with(&[SHIPPED, WIDE]);
    world.change(|state| state.roles_bounded = vec![names(0..1)]);
    respond(&world, &new_default(OURS, "e-1")).await;
    let before = world.change(|state| std::mem::take(&mut state.calls)).len();
    assert!(before > 0);
    let own = settings().rules.own_roles.first().unwrap().to_string();
    let caller = Caller { issuer: Some(own), ..Caller::default() };
    let response = respond(&world, &PolicyChange { caller, ..new_default(OURS, "e-own") }).await;
    assert_eq!((response.decision, response.queued), ("as shipped", 0));
    assert_eq!(world.change(|state| state.calls.clone()), ["iam:GetPolicy"]);
}

#[tokio::test]
async fn a_finding_that_could_not_be_published_is_published_by_the_retry_under_its_id() {
    let world = World::with(&[SHIPPED, WIDE]);
    world.change(|state| state.sns_fails = 1);
    respond_as(&world, Mode::Enforce, &new_default(OURS, "e-1"), "request-1").await.unwrap_err();
    assert_eq!(world.change(|state| state.default.clone()), "v1", "set back before it is told");
    respond_as(&world, Mode::Enforce, &new_default(OURS, "e-1"), "request-1").await.unwrap();
    assert_eq!(world.told(), [pair("boundary-edited", "CRITICAL")]);
    assert_eq!(world.count("iam:SetDefaultPolicyVersion"), 1);
}

#[tokio::test]
async fn where_no_version_holds_the_shipped_document_a_redeploy_is_asked_for_once() {
    let world = World::with(&[WIDE]);
    for event in ["e-1", "e-2"] {
        respond(&world, &change(OURS, event, PolicyEffect::VersionDeleted)).await;
    }
    assert_eq!(world.told(), [pair("boundary-edited", "CRITICAL")]);
    assert_eq!(world.count("iam:SetDefaultPolicyVersion"), 0);
    let summary = world.change(|state| state.findings[0]["summary"].clone());
    assert!(summary.as_str().unwrap().contains("redeploy"), "{summary}");
}

#[tokio::test]
async fn our_deleted_boundary_is_told_as_what_it_does_to_its_roles() {
    let world = World::default();
    respond(&world, &change(OURS, "e-1", PolicyEffect::Deleted)).await;
    assert_eq!(world.told(), [pair("boundary-edited", "HIGH")]);
    let summary = world.change(|state| state.findings[0]["summary"].clone());
    assert!(summary.as_str().unwrap().contains("may do nothing at all"), "{summary}");
}

#[tokio::test]
async fn observe_mode_tells_once_and_sets_nothing_back() {
    let world = World::with(&[SHIPPED, WIDE]);
    for event in ["e-1", "e-2"] {
        respond_as(&world, Mode::Observe, &new_default(OURS, event), event).await.unwrap();
    }
    assert_eq!(world.told(), [pair("boundary-edited", "CRITICAL")]);
    assert_eq!(world.count("iam:SetDefaultPolicyVersion"), 0);
    assert!(world.change(|state| state.findings[0]["contained_at"].is_null()));
}

#[tokio::test]
async fn the_kill_switch_holds_the_setting_back_off_while_it_is_valid() {
    let in_hours = |hours| (crate::clock::now() + jiff::SignedDuration::from_hours(hours)).to_string();
    for (expires_at, mode, set_back) in [(in_hours(1), "observe", 0), (in_hours(48), "enforce", 1)] {
        let world = World::with(&[SHIPPED, WIDE]).settings_item(
            "mode",
            &[("value", "observe"), ("by", "alice"), ("reason", "incident"), ("expires_at", &expires_at)],
        );
        respond(&world, &new_default(OURS, "e-1")).await;
        assert_eq!(world.told()[0], pair("boundary-edited", "CRITICAL"));
        assert_eq!(world.count("iam:SetDefaultPolicyVersion"), set_back, "until {expires_at}");
        assert_eq!(world.change(|state| state.findings[0]["mode"].clone()), mode);
    }
}

#[tokio::test]
async fn a_refusal_is_told_once_and_retried_only_where_that_can_help() {
    for (message, is_retried) in [("not authorized", true), ("with an explicit deny in a policy", false)] {
        let world = World::with(&[SHIPPED, WIDE]);
        world.change(|state| state.refusal = Some(("AccessDenied", message)));
        for _ in 0..2 {
            let outcome = respond_as(&world, Mode::Enforce, &new_default(OURS, "e-1"), "request-1").await;
            assert_eq!(outcome.is_err(), is_retried, "{message}");
        }
        assert_eq!(world.told(), [pair("failed", "CRITICAL")], "{message}");
        assert_eq!(world.change(|state| state.findings.len()), 1);
    }
}

#[tokio::test]
async fn a_deployment_is_left_to_the_code_that_it_brings() {
    let world = World::with(&[SHIPPED, WIDE]);
    let failure = respond_as(&world, Mode::Enforce, &deployed_now(OURS), "request-1").await.unwrap_err();
    assert_eq!(failure.class(), FailureClass::Retryable);
    assert!(world.told().is_empty());
    // The retry runs the new code, which ships what was deployed.
    world.change(|state| state.versions.insert("v2".to_owned(), SHIPPED));
    let response = respond(&world, &deployed_now(OURS)).await;
    assert_eq!(response.decision, "as shipped, by an update");
    assert_eq!(world.told(), [pair("boundary-edited", "INFO")]);
    let response = respond(&world, &deployed_now(OURS)).await;
    assert_eq!((response.decision, world.told().len()), ("as shipped", 1), "an update is told once");
}

#[tokio::test]
async fn a_deployment_that_brings_no_such_code_is_an_edit_like_any_other() {
    let world = World::with(&[SHIPPED, WIDE]);
    let late = PolicyChange { time: Some("2026-11-22T10:00:00Z".parse().unwrap()), ..deployed_now(OURS) };
    respond(&world, &late).await;
    assert_eq!(world.told(), [pair("boundary-edited", "CRITICAL")]);
}

#[tokio::test(start_paused = true)]
async fn a_version_that_iam_does_not_show_yet_is_waited_for() {
    let world = World::with(&[SHIPPED, WIDE]);
    world.change(|state| state.stale = Some((3, "v1".to_owned())));
    let effect = PolicyEffect::NewDefault(Some("v2".to_owned()));
    let now = PolicyChange { time: Some(crate::clock::now()), ..change(OURS, "e-1", effect) };
    respond(&world, &now).await;
    assert_eq!(world.told(), [pair("boundary-edited", "CRITICAL")]);
}

#[tokio::test]
async fn an_edited_approved_boundary_is_told_once_with_how_to_restore_and_how_to_approve() {
    let world = World::with(&[SHIPPED]);
    let boundary = guardrail::snapshot::Boundary::Attached {
        arn: TEAM.parse().unwrap(),
        document: guardrail::snapshot::Document::parse(SHIPPED),
    };
    let account = world.account(Mode::Enforce);
    account.note_first_sight(&boundary).await.unwrap();
    account.note_first_sight(&boundary).await.unwrap();
    assert_eq!(world.count("dynamodb:PutItem approved"), 1);

    world.change(|state| {
        state.versions.insert("v2".to_owned(), WIDE);
        state.default = "v2".to_owned();
    });
    for event in ["e-1", "e-2"] {
        respond(&world, &new_default(TEAM, event)).await;
    }
    assert_eq!(world.told(), [pair("boundary-edited", "CRITICAL")]);
    assert_eq!(world.count("iam:SetDefaultPolicyVersion"), 0, "it is somebody else's");
    let summary = world.change(|state| state.findings[0]["summary"].as_str().unwrap().to_owned());
    for command in [
        format!("aws iam set-default-policy-version --policy-arn {TEAM} --version-id v1"),
        format!(
            r#"aws dynamodb delete-item --region us-east-1 --table-name ringfence-ledger --key '{{"pk":{{"S":"approved"}},"sk":{{"S":"{TEAM}"}}}}'"#
        ),
    ] {
        assert!(summary.contains(&command), "{summary}");
    }

    // Restored by its owner, then edited again: told again.
    world.change(|state| state.default = "v1".to_owned());
    assert_eq!(respond(&world, &new_default(TEAM, "e-3")).await.decision, "as approved");
    world.change(|state| state.default = "v2".to_owned());
    respond(&world, &new_default(TEAM, "e-4")).await;
    assert_eq!(world.told().len(), 2);
}

#[tokio::test]
async fn an_approved_boundary_that_nobody_had_seen_is_told_and_approved_as_it_is() {
    let world = World::with(&[SHIPPED, WIDE]);
    for event in ["e-1", "e-2"] {
        respond(&world, &new_default(TEAM, event)).await;
    }
    assert_eq!(world.told(), [pair("boundary-edited", "HIGH")]);
    assert_eq!(world.count("dynamodb:PutItem approved"), 1);
    assert_eq!(world.notices(), ["Approved boundary team-boundary was noted"]);
    world.change(|state| state.items.remove(&("approved".to_owned(), TEAM.to_owned())));
    for event in ["e-3", "e-4"] {
        respond(&world, &new_default(TEAM, event)).await;
    }
    let anew = [
        "Approved boundary team-boundary is to be approved anew",
        "Approved boundary team-boundary was approved anew",
    ];
    assert_eq!(world.notices()[1..], anew);
}

#[tokio::test]
async fn an_approved_document_that_was_tampered_with_stops_the_comparison() {
    let world = World::with(&[SHIPPED]);
    respond(&world, &new_default(TEAM, "e-1")).await;
    world.change(|state| {
        let item = state.items.get_mut(&("approved".to_owned(), TEAM.to_owned())).unwrap();
        item.insert("document".to_owned(), aws_sdk_dynamodb::types::AttributeValue::S(WIDE.to_owned()));
    });
    let failure =
        respond_as(&world, Mode::Enforce, &new_default(TEAM, "e-2"), "request-1").await.unwrap_err();
    assert_eq!(failure.class(), FailureClass::Malformed);
    assert!(failure.to_string().contains("an operator has to delete it"), "{failure}");
}
