//! What an operator may have taken back, what is refused, and how long the role is held.

use crate::roles::*;
use guardrail::assess::Assessment;
use guardrail::decide::{BoundaryDocument, Case, Decision, decide};
use guardrail::finding::{AboutUndo, FindingId};
use guardrail::names::PolicyArn;
use guardrail::record::{LastWrite, RoleRecord};
use guardrail::settings::Mode;
use guardrail::snapshot::{Boundary, Role};
use guardrail::trigger::Change;
use guardrail::undo::{self, All, Call, Force, HoldDays, Undo, UndoAll, UndoRequest};
use serde_json::{Value, json};

const TEAM: &str = "arn:aws:iam::123456789012:policy/team-cap";
const NOW: &str = "2026-11-22T10:00:00Z";

fn finding(generation: u64) -> FindingId {
    FindingId::of_write(&role().id, generation)
}

fn request_for(finding: &FindingId) -> UndoRequest {
    let item = json!({"pk": "undo-request", "sk": "orders-api-role", "finding": finding, "by": "alice", "hold_days": 7});
    serde_json::from_value(item).unwrap()
}

/// A role that Ringfence put its boundary on, in the place of `before`.
fn record_of_write(before: Option<&str>) -> RoleRecord {
    RoleRecord {
        bounded_with: Some(OURS.parse().unwrap()),
        generation: 1,
        last_write: Some(LastWrite {
            finding: finding(1),
            boundary_before: before.map(|arn| arn.parse().unwrap()),
            boundary_after: OURS.parse().unwrap(),
            at: time("2026-11-22T09:00:00Z"),
        }),
        ..record()
    }
}

fn decided(role: &Role, record: &RoleRecord, force: Force) -> Result<undo::Decision, undo::Refusal> {
    undo::decide(&request_for(&finding(1)), role, record, force, time(NOW))
}

fn given_back(role: &Role, record: &RoleRecord, force: Force) -> Undo {
    let undo = match decided(role, record, force) {
        Ok(undo::Decision::GiveBack(undo)) => Some(undo),
        Ok(undo::Decision::Finish(_)) | Err(_) => None,
    };
    undo.unwrap()
}

fn bounded() -> Role {
    with_boundary(role(), OURS)
}

#[test]
fn what_the_ledger_recorded_is_given_back() {
    for before in [None, Some(TEAM)] {
        let undo = given_back(&bounded(), &record_of_write(before), Force::No);
        assert_eq!(undo.before().map(PolicyArn::as_str), Some(OURS));
        assert_eq!(undo.after().map(PolicyArn::as_str), before);
        assert_eq!(undo.undone().hold_until, time("2026-11-29T10:00:00Z"), "seven days");
        assert_eq!((undo.undone().by.as_str(), &undo.undone().of), ("alice", &finding(1)));
    }
}

#[test]
fn whatever_is_no_longer_as_recorded_is_refused_without_force() {
    let made_anew = Role { id: "AROAANOTHER".parse().unwrap(), ..bounded() };
    let other_finding = RoleRecord {
        last_write: record_of_write(None).last_write.map(|write| LastWrite { finding: finding(2), ..write }),
        ..record_of_write(None)
    };
    for (role, record, why) in [
        (made_anew, record_of_write(None), "made anew"),
        (with_boundary(role(), APPROVED), record_of_write(Some(TEAM)), APPROVED),
        (role(), record_of_write(None), "has no boundary"),
        (bounded(), other_finding, finding(2).as_str()),
    ] {
        let refusal = decided(&role, &record, Force::No).unwrap_err().to_string();
        assert!(refusal.contains(why) && refusal.contains("force"), "{refusal}");
        let undo = given_back(&role, &record, Force::Yes);
        let before = record.last_write.as_ref().unwrap().boundary_before.as_ref();
        assert_eq!((undo.before(), undo.after()), (role.boundary.as_ref(), before), "{why}");
        assert_eq!(undo.recorded_in(&record).role_id, role.id, "{why}");
    }
}

#[test]
fn a_boundary_that_is_not_ours_is_not_deleted_even_by_force() {
    let theirs = with_boundary(role(), TEAM);
    let refusal = decided(&theirs, &record_of_write(None), Force::Yes).unwrap_err();
    assert!(matches!(refusal, undo::Refusal::NotOurs { .. }), "{refusal}");
}

#[test]
fn without_a_recorded_write_there_is_nothing_to_take_back_even_by_force() {
    for force in [Force::No, Force::Yes] {
        let refusal = decided(&bounded(), &record(), force).unwrap_err();
        assert_eq!(refusal, undo::Refusal::NothingRecorded("orders-api-role".parse().unwrap()));
    }
}

#[test]
fn what_was_recorded_and_not_told_is_finished_under_its_id() {
    let record = record_of_write(None);
    let undo = given_back(&bounded(), &record, Force::No);
    let recorded = undo.recorded_in(&record);
    assert_eq!(recorded.bounded_with, None, "or its absence would be tampering");
    let expected = undo::Decision::Finish(undo.undone().clone());
    assert_eq!(decided(&role(), &recorded, Force::No), Ok(expected), "IAM was asked before the crash");
    let again = given_back(&bounded(), &recorded, Force::No);
    assert_eq!(again.after(), None, "IAM was not asked before the crash");
    let closed = Undo::closed(recorded);
    assert!(matches!(decided(&role(), &closed, Force::No), Err(undo::Refusal::NothingRecorded(_))));
}

#[test]
fn our_own_undo_is_expected_and_another_change_is_not() {
    let ours: PolicyArn = OURS.parse().unwrap();
    let deleted =
        given_back(&bounded(), &record_of_write(None), Force::No).recorded_in(&record_of_write(None));
    assert!(deleted.expects(&Change::BoundaryDeleted));
    assert!(!deleted.expects(&Change::BoundaryPut(Some(ours.clone()))));
    let before = record_of_write(Some(TEAM));
    let put_back = given_back(&bounded(), &before, Force::No).recorded_in(&before);
    assert!(put_back.expects(&Change::BoundaryPut(Some(TEAM.parse().unwrap()))));
    assert!(!put_back.expects(&Change::BoundaryDeleted));
    assert!(!record_of_write(None).expects(&Change::BoundaryDeleted));
}

#[test]
fn a_held_role_is_told_and_not_bounded_until_the_hold_is_over() {
    let settings = settings();
    let record = record_of_write(None);
    let record = Undo::closed(given_back(&bounded(), &record, Force::No).recorded_in(&record));
    let snapshot = snapshot(role(), Boundary::Absent, &[allow(json!("*"), json!("*"))]);
    let outcome = |now: &str, record: &RoleRecord| {
        let trigger = trigger("AttachRolePolicy", Change::Rights);
        let case = Case {
            role: &snapshot.role,
            record,
            trigger: &trigger,
            settings: &settings,
            mode: Mode::Enforce,
            exemption: None,
            installed_at: time("2026-11-01T00:00:00Z"),
            boundary_document: BoundaryDocument::AsApproved,
            now: time(now),
        };
        match decide(&case, &Assessment::of(&snapshot)) {
            Decision::Report(report) => (report.outcome.as_str(), report.reason),
            Decision::Remediate(remediation) => (remediation.outcome().outcome().as_str(), String::new()),
            Decision::Nothing(_) | Decision::Compliant => ("nothing", String::new()),
        }
    };
    let (word, reason) = outcome("2026-11-29T09:59:59Z", &record);
    assert_eq!(word, "reported");
    assert!(reason.contains("2026-11-29T10:00:00Z") && reason.contains("alice"), "{reason}");
    assert_eq!(outcome("2026-11-29T10:00:00Z", &record).0, "bounded", "the hold is over");
    let had_ours = RoleRecord { bounded_with: Some(OURS.parse().unwrap()), ..record };
    assert_eq!(outcome("2026-11-29T09:59:59Z", &had_ours).0, "reported", "nor is it restored");
}

#[test]
fn requests_and_calls_that_make_no_sense_are_refused() {
    let whole = json!({"finding": "rf-1", "by": "alice", "hold_days": 7});
    let with = |field: &str, value: Value| {
        let mut request = whole.clone();
        request[field] = value;
        request
    };
    for (request, names) in [
        (json!({"by": "alice", "hold_days": 7}), "finding"),
        (json!({"finding": "rf-1", "hold_days": 7}), "by"),
        (json!({"finding": "rf-1", "by": "alice"}), "hold_days"),
        (with("by", json!(" ")), "by"),
        (with("by", json!("a\nb")), "by"),
        (with("hold_days", json!(0)), "hold_days"),
        (with("hold_days", json!(366)), "hold_days"),
    ] {
        let error = serde_json::from_value::<UndoRequest>(request.clone()).unwrap_err().to_string();
        assert!(error.contains(&format!("`{names}`")), "{request}: {error}");
    }
    let call = |text: &str| serde_json::from_str::<Call>(text);
    let orders = || "orders".parse().unwrap();
    assert_eq!(call(r#"{"role":"orders"}"#).unwrap(), Call::Role(orders(), Force::No));
    assert_eq!(call(r#"{"role":"orders","force":true}"#).unwrap(), Call::Role(orders(), Force::Yes));
    assert_eq!(call(r#"{"all":true}"#).unwrap(), Call::All(All::GiveBack));
    assert_eq!(call(r#"{"all":true,"dry_run":true}"#).unwrap(), Call::All(All::DryRun));
    for text in [
        "{}",
        r#"{"role":"a b"}"#,
        r#"{"role":"orders","all":true}"#,
        r#"{"role":"orders","dry_run":true}"#,
        r#"{"all":true,"force":true}"#,
        r#"{"all":false}"#,
        r#"{"role":"orders","dryrun":true}"#,
        "[]",
    ] {
        assert!(call(text).is_err(), "{text}");
    }
}

#[test]
fn a_request_for_all_asks_for_each_write_that_is_left() {
    let all: UndoAll = serde_json::from_value(json!({"by": "alice", "hold_days": 30})).unwrap();
    let request = all.for_role(&record_of_write(None)).unwrap();
    assert_eq!(request.finding, finding(1));
    assert_eq!(request.hold_days.to_string(), "30");
    assert_eq!(all.for_role(&record()), None);
    assert_eq!(HoldDays::USUAL.to_string(), "7");
}

#[test]
fn the_finding_tells_who_asked_and_until_when() {
    let record = record_of_write(Some(TEAM));
    let undo = given_back(&bounded(), &record, Force::No);
    let about = AboutUndo {
        role: &bounded(),
        undone: undo.undone(),
        settings: &settings(),
        mode: Mode::Enforce,
        region: "us-east-1",
    };
    let finding = about.finding();
    assert_eq!((finding.outcome.as_str(), finding.severity.as_str()), ("undone", "INFO"));
    assert_eq!(finding.id, undo.undone().finding);
    assert_eq!(json!(finding)["boundary"], json!({"before": OURS, "after": TEAM}));
    assert_eq!(finding.trigger.event, "Undo");
    for part in ["alice", "2026-11-29T10:00:00Z", TEAM] {
        assert!(finding.summary.contains(part), "{part}: {}", finding.summary);
    }
    assert_eq!(finding.undo, None);
}

#[test]
fn the_undo_line_is_one_line_and_names_the_finding_that_it_takes_back() {
    let line = undo::shell_line(
        &"orders-api-role".parse().unwrap(),
        &finding(1),
        "us-east-1",
        "ringfence-LedgerTable-X",
    );
    assert!(!line.contains('\n'));
    for part in
        ["--table-name ringfence-LedgerTable-X", finding(1).as_str(), r#"'{"role":"orders-api-role"}'"#]
    {
        assert!(line.contains(part), "{part}: {line}");
    }
}
