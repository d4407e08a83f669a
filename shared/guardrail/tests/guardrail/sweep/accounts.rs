use super::account::{self, GONE, Size};
use guardrail::decide::BoundaryDocument;
use guardrail::names::RoleArn;
use guardrail::service_control::{ServiceControl, Standing};
use guardrail::settings::Mode;
use guardrail::severity::Severity;
use guardrail::snapshot::Document;
use guardrail::sweep::{
    Checkpoint, Inventory, LedgerView, MissingRoleCounts, Phase, PolicyStore, Sweep, SweepModes, SweepRules,
    SweepVerdict, WhyQueued,
};

use iam_policy::Policy;

const SIZE: Size = Size { roles: 300, functions: 1_200 };
const PAGE: usize = 50;

fn inventory() -> Inventory {
    let mut inventory = Inventory::default();
    for function in account::functions(SIZE) {
        let (function, role) = function.unwrap();
        inventory.add(function, role);
    }
    inventory
}

fn store() -> PolicyStore {
    let mut store = PolicyStore::default();
    for page in account::policy_pages(SIZE, PAGE) {
        page.unwrap().iter().for_each(|policy| store.add(policy));
    }
    store.note(GONE.parse().unwrap(), Document::Gone);
    store
}

/// Sweeps in one go, or in invocations of `pages` pages, each with what the last one left as JSON.
fn swept(pages: usize, boundary_document: BoundaryDocument) -> (Checkpoint, Vec<SweepVerdict>) {
    swept_under(&[], pages, boundary_document)
}

fn swept_under(
    service_control: &[Vec<Policy>],
    pages: usize,
    boundary_document: BoundaryDocument,
) -> (Checkpoint, Vec<SweepVerdict>) {
    let (settings, ours) = (account::settings().unwrap(), account::ours().unwrap());
    let now = "2026-11-23T10:00:00Z".parse().unwrap();
    let rules = SweepRules {
        settings: &settings,
        modes: SweepModes::in_force(Mode::Enforce, Mode::Observe),
        ours: &ours,
        service_control,
        installed_at: "2026-11-01T00:00:00Z".parse().unwrap(),
        now,
    };
    let ledger = LedgerView { record: None, exemption: None, boundary_document, last_accessed: None };
    let mut left = serde_json::to_string(&Checkpoint::start("sweep-1".to_owned(), now)).unwrap();
    let mut verdicts = Vec::new();
    loop {
        let mut store = store();
        let mut sweep = Sweep::resume(rules, inventory(), serde_json::from_str(&left).unwrap());
        for _ in 0..pages {
            let first: usize = match &sweep.checkpoint().phase {
                Phase::Roles { marker } => marker.as_ref().map_or(0, |marker| marker.parse().unwrap()),
                Phase::MissingRoles | Phase::Report => break,
            };
            for earlier in account::role_page(SIZE, 0..first).unwrap() {
                sweep.judged_before(&earlier.arn);
            }
            let last = (first + PAGE).min(SIZE.roles);
            for role in account::role_page(SIZE, first..last).unwrap() {
                verdicts.push(sweep.role(&store.snapshot(role).unwrap(), &ledger).verdict);
            }
            sweep.page_done((last < SIZE.roles).then(|| last.to_string()));
        }
        if sweep.checkpoint().phase == Phase::MissingRoles {
            let missing: Vec<RoleArn> = sweep
                .missing_roles(&"123456789012".parse().unwrap())
                .map(|missing| missing.role.clone())
                .collect();
            assert!(missing.iter().all(|role| role.name().as_str().starts_with("deleted-")), "{missing:?}");
            let counts = MissingRoleCounts { missing: missing.len() as u64, untold: 0 };
            return (sweep.missing_roles_done(counts).clone(), verdicts);
        }
        left = serde_json::to_string(sweep.checkpoint()).unwrap();
    }
}

#[test]
fn a_sweep_that_stops_between_pages_comes_to_the_same() {
    let whole = swept(usize::MAX, BoundaryDocument::AsApproved);
    assert_eq!(swept(1, BoundaryDocument::AsApproved), whole);
    assert_eq!(swept(4, BoundaryDocument::AsApproved), whole);
}

#[test]
fn the_totals_add_up() {
    let (checkpoint, verdicts) = swept(usize::MAX, BoundaryDocument::AsApproved);
    let summary = &checkpoint.summary;
    assert_eq!((summary.functions, summary.execution_roles + summary.other_roles), (1_200, 300));
    assert!(summary.missing_roles > 0 && summary.shared > 0 && summary.dangling > 0 && summary.bounded > 0);
    assert_eq!(summary.bounded + summary.unbounded + summary.unapproved, summary.execution_roles);
    for counts in [&summary.now, &summary.without_boundary] {
        assert_eq!(counts.clean + counts.by_severity.values().sum::<u64>(), summary.execution_roles);
    }
    let queued = verdicts.iter().filter(|verdict| matches!(verdict, SweepVerdict::Queue(_))).count();
    assert_eq!(summary.queued_roles(), queued as u64);
    assert!(summary.queued.contains_key(&WhyQueued::BoundaryDangling), "{:?}", summary.queued);
    assert!(serde_json::to_vec(&checkpoint).unwrap().len() < 100_000, "it is an item of the ledger");
}

#[test]
fn an_edited_boundary_queues_one_role_and_not_each_that_has_it() {
    for pages in [usize::MAX, 1] {
        let (checkpoint, _) = swept(pages, BoundaryDocument::Edited);
        let queued = checkpoint.summary.queued.get(&WhyQueued::BoundaryWeakened);
        assert_eq!(queued, Some(&2), "ours and the approved one");
    }
}

/// What `operations/export_scps.py` writes; its own test holds it to this file.
#[test]
fn an_export_is_read_as_it_is_written() {
    let now = "2026-11-23T10:00:00Z".parse().unwrap();
    let account = "123456789012".parse().unwrap();
    let read = ServiceControl::read(include_bytes!("../scps/exported.json"), &account, now);
    assert_eq!(read.levels().iter().map(Vec::len).collect::<Vec<_>>(), [1, 2, 1]);
    let Standing::Counted { doubts, .. } = read.standing() else { panic!("{read:?}") };
    assert!(doubts.is_empty(), "{doubts:?}");
}

#[test]
fn service_control_policies_count_in_what_is_told_and_not_in_what_needs_a_look() {
    let full = r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let only_logs = r#"{"Statement":[{"Effect":"Deny","NotAction":"logs:*","Resource":"*"}]}"#;
    let level = |documents: &[&str]| documents.iter().map(|text| Policy::parse(text).unwrap()).collect();
    let levels = [level(&[full]), level(&[full, only_logs])];
    let (without, verdicts) = swept(usize::MAX, BoundaryDocument::AsApproved);
    let (with, verdicts_with) = swept_under(&levels, usize::MAX, BoundaryDocument::AsApproved);
    assert_eq!(verdicts_with, verdicts, "a review does not know them");
    assert_eq!(with.summary.queued, without.summary.queued);
    let severe = |checkpoint: &Checkpoint| {
        let of = |severity| checkpoint.summary.now.by_severity.get(&severity).copied().unwrap_or_default();
        of(Severity::Critical) + of(Severity::High)
    };
    // What is left is about boundaries and trust, which no such policy closes.
    assert!(severe(&with) < severe(&without) / 2, "{} of {}", severe(&with), severe(&without));
}
