//! What becomes of a problem over time: it is resolved, or comes back again and again.

use crate::findings::about;
use crate::roles::*;
use guardrail::finding::{Enforcement, Finding, FindingId, Outcome, StateKey};
use guardrail::record::{Enforced, Repetition, RoleRecord, Told};
use guardrail::settings::Mode;
use guardrail::severity::Severity;
use guardrail::snapshot::{Boundary, Document, RoleSnapshot};
use guardrail::trigger::Change;
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn bounded(statements: &[Value]) -> RoleSnapshot {
    snapshot(with_boundary(role(), OURS), ours(), statements)
}

fn told(outcome: Outcome, severity: Severity, generation: u64) -> Told {
    let id = role().id;
    let state = StateKey::new(&id, None, None, &BTreeSet::new(), &[]);
    let finding = FindingId::of_write(&id, generation);
    Told { state, finding, outcome, severity, worst_breach: Some(severity) }
}

/// After these findings.
fn after(findings: &[(Outcome, Severity)]) -> RoleRecord {
    let mut record = record();
    for ((outcome, severity), generation) in findings.iter().zip(1..) {
        record.note_told(told(*outcome, *severity, generation));
    }
    record
}

fn is_resolved(snapshot: &RoleSnapshot, record: &RoleRecord) -> bool {
    let trigger = trigger("DetachRolePolicy", Change::Rights);
    about(snapshot, record, &trigger, Mode::Enforce, |about| about.is_resolved())
}

fn resolved(snapshot: &RoleSnapshot, record: &RoleRecord) -> Finding {
    let trigger = trigger("DetachRolePolicy", Change::Rights);
    about(snapshot, record, &trigger, Mode::Enforce, |about| about.resolved())
}

const CRITICAL: (Outcome, Severity) = (Outcome::Bounded, Severity::Critical);

#[test]
fn a_role_is_resolved_when_nothing_of_medium_or_higher_is_left_with_its_boundary_or_without() {
    let modest = [allow(json!("s3:GetObject"), json!("arn:aws:s3:::orders/*"))];
    let admin = [allow(json!("*"), json!("*"))];
    let cut = [allow(json!("iam:PassRole"), json!("arn:aws:iam::123456789012:role/task"))];
    assert!(is_resolved(&bounded(&modest), &after(&[CRITICAL])));
    assert!(is_resolved(&snapshot(role(), Boundary::Absent, &modest), &after(&[CRITICAL])));

    assert!(!is_resolved(&bounded(&modest), &record()), "nothing was told");
    let low = (Outcome::Bounded, Severity::Low);
    assert!(!is_resolved(&bounded(&modest), &after(&[low])), "what was told was LOW");
    assert!(!is_resolved(&bounded(&admin), &after(&[CRITICAL])), "held back is not gone");
    assert!(!is_resolved(&bounded(&cut), &after(&[CRITICAL])), "a named grant is still cut");
    let without = snapshot(role(), Boundary::Absent, &cut);
    assert!(!is_resolved(&without, &after(&[CRITICAL])), "a named grant would be cut");
    let gone = snapshot(with_boundary(role(), OURS), boundary(OURS, Document::Gone), &modest);
    assert!(!is_resolved(&gone, &after(&[CRITICAL])), "in doubt it is not");
}

#[test]
fn a_resolution_closes_all_that_is_open_and_is_told_once() {
    let contained = (Outcome::Contained, Severity::Medium);
    let low = (Outcome::Reported, Severity::Low);
    let mut record = after(&[CRITICAL, contained, low]);
    let quiet = bounded(&[]);
    let finding = resolved(&quiet, &record);
    let ids: Vec<FindingId> = [1, 2].map(|generation| FindingId::of_write(&role().id, generation)).into();
    assert_eq!(finding.resolves.iter().collect::<BTreeSet<_>>(), ids.iter().collect());
    assert_eq!((finding.outcome.as_str(), finding.severity.as_str()), ("resolved", "INFO"));
    assert_eq!(finding.problem, "123456789012/AROAEXAMPLE/role-rights");

    let first = finding.id.clone();
    record.note_told(Told { finding: finding.id, ..told(Outcome::Resolved, Severity::Info, 9) });
    assert!(!is_resolved(&quiet, &record), "once");
    record.note_told(told(Outcome::Contained, Severity::Medium, 10));
    assert_ne!(resolved(&quiet, &record).id, first, "what came back and went again is another resolution");
}

#[test]
fn a_lost_boundary_that_is_back_is_nothing_that_could_be_over() {
    let mut record = record();
    let restored = told(Outcome::Restored, Severity::High, 1);
    record.note_told(Told { worst_breach: Some(Severity::Low), ..restored });
    assert!(!is_resolved(&bounded(&[]), &record), "its ticket is for a person to close");
}

#[test]
fn a_refused_write_is_open_until_the_role_is_in_order() {
    let mut record = record();
    record.note_refusal("AccessDenied", &FindingId::of_write(&role().id, 1), Some(Severity::Critical));
    assert!(is_resolved(&bounded(&[]), &record));
}

fn restored(times: u32) -> Finding {
    let lost = snapshot(role(), Boundary::Absent, &[]);
    let repetition = Repetition {
        by: "arn:aws:iam::123456789012:role/deployer".to_owned(),
        times,
        since: time("2026-11-22T08:00:00Z"),
    };
    let trigger = trigger("DeleteRolePermissionsBoundary", Change::BoundaryDeleted);
    about(&lost, &record(), &trigger, Mode::Enforce, |about| {
        about.enforced(&Enforcement {
            id: &FindingId::of_write(&role().id, 1),
            outcome: Enforced::Restored,
            reason: "Ringfence's ledger says that this role had its boundary, and now it has none",
            before: None,
            contained_at: Some(time("2026-11-22T10:00:01.25Z")),
            repetition: Some(&repetition),
        })
    })
}

#[test]
fn a_boundary_that_is_taken_away_again_and_again_is_one_finding_that_grows() {
    let (first, tenth) = (restored(1), restored(10));
    assert_eq!(first.id, tenth.id);
    assert_eq!(first.problem, tenth.problem);
    assert_eq!((first.severity.as_str(), tenth.severity.as_str()), ("HIGH", "CRITICAL"));
}
