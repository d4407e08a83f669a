//! Boundaries that leave a way to more rights open, and those that do not.

use crate::roles::*;
use guardrail::assess::{Approval, Assessment, Breach, Surroundings, possible_under};
use guardrail::check_id::CheckId;
use guardrail::severity::Severity;
use guardrail::snapshot::{Boundary, Cap, Document};
use serde_json::{Value, json};

fn found(boundary: Boundary, statements: &[Value]) -> Option<Breach> {
    let role = snapshot(with_boundary(role(), OURS), boundary, statements);
    Assessment::of(&role).breaches().iter().find(|b| b.check == CheckId::BoundaryIneffective).cloned()
}

fn of(statements: Value) -> Boundary {
    boundary(OURS, document(statements))
}

fn everything() -> Value {
    allow(json!("*"), json!("*"))
}

#[test]
fn a_boundary_that_allows_everything_is_no_boundary() {
    let breach = found(of(everything()), &[]).unwrap();
    assert_eq!((breach.severity, breach.now), (Severity::High, Some(Severity::High)));
    assert_eq!(breach.without_boundary, None, "without the boundary it cannot be a bad one");
    assert!(breach.evidence.iter().all(|evidence| evidence.policy == "boundary"));
}

#[test]
fn one_open_way_is_told_step_by_step() {
    let two = allow(json!(["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"]), json!("*"));
    let breach = found(of(json!([two])), &[]).unwrap();
    assert!(
        breach.evidence[0].detail.contains("iam:PassRole on arn:aws:iam::123456789012:role/"),
        "{breach:?}"
    );
    assert!(breach.evidence[0].detail.contains("lambda:CreateFunction on "), "{breach:?}");
}

#[test]
fn what_lacks_one_action_or_is_about_something_else_is_no_way() {
    let pass = allow(json!("iam:PassRole"), json!("*"));
    let put = |on: &str| allow(json!("iam:PutRolePolicy"), json!(on));
    for (boundary, why) in [
        (json!([pass]), "nothing to pass a role with"),
        (put("arn:aws:iam::123456789012:role/somebody-else"), "another role"),
        (put("arn:aws:iam::999999999999:role/*"), "another account"),
        (json!([everything(), deny(json!("*"), json!("*"))]), "everything is denied"),
    ] {
        assert_eq!(found(of(boundary), &[everything()]), None, "{why}");
    }
    assert!(found(of(put(role().arn.as_str())), &[]).is_some(), "itself");
}

#[test]
fn a_condition_counts_only_if_no_request_meets_it() {
    let under = |condition: Value| {
        let mut put = allow(json!("iam:PutRolePolicy"), json!("*"));
        put["Condition"] = condition;
        found(of(put), &[]).is_some()
    };
    assert!(under(json!({"Bool": {"aws:SecureTransport": "true"}})));
    assert!(!under(json!({"StringEquals": {"aws:PrincipalAccount": "999999999999"}})));
}

#[test]
fn ours_leaves_none_open() {
    assert_eq!(found(ours(), &[everything()]), None);
}

#[test]
fn without_a_document_there_is_nothing_to_judge() {
    for (boundary, why) in [
        (Boundary::Absent, "none"),
        (boundary(OURS, Document::Gone), "gone"),
        (boundary(OURS, Document::parse("{}")), "not understood"),
    ] {
        assert_eq!(found(boundary, &[everything()]), None, "{why}");
    }
}

#[test]
fn a_better_boundary_in_its_place_closes_it() {
    let role = snapshot(with_boundary(role(), THEIRS), boundary(THEIRS, document(everything())), &[]);
    let after = |cap: Cap<'_>| possible_under(&role, cap, &[]).contains_key(&CheckId::BoundaryIneffective);
    assert!(after(role.boundary.cap()));
    assert!(!after(ours().cap()));
    assert!(!after(Cap::Nothing));
}

#[test]
fn what_ours_was_asked_to_leave_open_is_not_held_against_it() {
    let passes = document(allow(
        json!(["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"]),
        json!("*"),
    ));
    let role = snapshot(with_boundary(role(), OURS), boundary(OURS, passes), &[]);
    let hits = |approval: Approval, carve_outs: &[iam_policy::ActionName]| {
        let around = Surroundings { approval, carve_outs, ..Surroundings::default() };
        let assessment = Assessment::within(&role, &around);
        assessment.breaches().iter().any(|breach| breach.check == CheckId::BoundaryIneffective)
    };
    let pass_role = ["iam:PassRole".parse().unwrap()];
    assert!(hits(Approval::Ours, &[]));
    assert!(!hits(Approval::Ours, &pass_role));
    assert!(hits(Approval::Approved, &pass_role), "an approved one was not asked");
    assert!(hits(Approval::Ours, &["sts:AssumeRole".parse().unwrap()]), "something else was");
}
