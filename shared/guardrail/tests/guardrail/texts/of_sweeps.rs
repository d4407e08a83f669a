//! The summary of a sweep: with its report, and without.

use crate::roles::*;
use guardrail::decide::BoundaryDocument;
use guardrail::finding::{AboutSweep, Finding, FindingId, ReportPlace};
use guardrail::report::{Earlier, Head, Report};
use guardrail::service_control::Standing;
use guardrail::settings::Mode;
use guardrail::snapshot::{Boundary, Role};
use guardrail::sweep::{Checkpoint, Inventory, LedgerView, Sweep, SweepModes, SweepRules};
use serde_json::json;

const SWEEP: &str = "11111111-2222-3333-4444-555555555555";

fn named(role: Role, name: &str) -> Role {
    Role {
        arn: format!("arn:aws:iam::123456789012:role/{name}").parse().unwrap(),
        id: format!("AROA{}", name.to_uppercase().replace('-', "")).parse().unwrap(),
        ..role
    }
}

/// An administrator without a boundary, one with ours, and a role that may hardly do anything.
pub(crate) fn report() -> Report {
    let (settings, ours, at) = (settings(), ours(), time("2026-11-22T10:00:00Z"));
    let everything = allow(json!("*"), json!("*"));
    let narrow = allow(json!("s3:GetObject"), json!("arn:aws:s3:::orders/*"));
    let our_arn = "arn:aws:iam::123456789012:policy/ringfence/ringfence-baseline-v1";
    let bounded = with_boundary(named(existing_role(), "orders-api"), our_arn);
    let snapshots = [
        snapshot(
            named(existing_role(), "nightly-export"),
            Boundary::Absent,
            std::slice::from_ref(&everything),
        ),
        snapshot(bounded, ours.clone(), &[everything]),
        snapshot(named(existing_role(), "mail"), Boundary::Absent, &[narrow]),
    ];
    let rules = SweepRules {
        settings: &settings,
        modes: SweepModes::in_force(Mode::Enforce, Mode::Observe),
        ours: &ours,
        service_control: &[],
        installed_at: time("2026-11-01T00:00:00Z"),
        now: at,
    };
    let mut inventory = Inventory::default();
    for (function, role) in
        [("export", "nightly-export"), ("orders", "orders-api"), ("orders-2", "orders-api")]
    {
        let function = format!("arn:aws:lambda:eu-west-1:123456789012:function:{function}");
        inventory.add(
            function.parse().unwrap(),
            format!("arn:aws:iam::123456789012:role/{role}").parse().unwrap(),
        );
    }
    let mut sweep = Sweep::resume(rules, inventory, Checkpoint::start(SWEEP.to_owned(), at));
    let ledger = LedgerView {
        record: None,
        exemption: None,
        boundary_document: BoundaryDocument::AsApproved,
        last_accessed: None,
    };
    let rows = snapshots.iter().filter_map(|snapshot| sweep.role(snapshot, &ledger).row);
    let rows = rows.map(|row| *row).collect();
    let head = Head {
        account: "123456789012".parse().unwrap(),
        region: "us-east-1".to_owned(),
        function_regions: vec!["eu-west-1".parse().unwrap()],
        refused_regions: Vec::new(),
        sweep: SWEEP.to_owned(),
        started_at: at,
        finished_at: time("2026-11-22T10:00:42Z"),
        mode: Mode::Enforce,
        sweep_mode: Mode::Observe,
        service_control: Standing::NotGiven,
    };
    Report::new(head, &sweep.checkpoint().summary, rows, &Earlier::None)
}

fn summary(place: ReportPlace) -> Finding {
    let id = FindingId::of_summary(&"123456789012".parse().unwrap(), SWEEP);
    AboutSweep { report: &report(), id, place }.finding()
}

pub(super) fn all() -> Vec<(&'static str, Finding)> {
    let link =
        "https://us-east-1.console.aws.amazon.com/s3/object/ringfence-reports?prefix=reports/report.html";
    vec![
        ("summary", summary(ReportPlace::At(link.to_owned()))),
        (
            "summary without a report",
            summary(ReportPlace::Missing("could not write to S3: AccessDenied".to_owned())),
        ),
    ]
}
