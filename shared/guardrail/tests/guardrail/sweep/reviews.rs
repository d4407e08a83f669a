//! A verdict of nothing has to mean that a review of the same role would do, tell and note nothing. What the review does is written
//! down here a second time, after `account::respond`, and not taken from the sweep.

use crate::roles::*;
use guardrail::assess::{Approval, Assessment, Surroundings};
use guardrail::decide::{BoundaryDocument, Case, Decision, decide, is_new_role};
use guardrail::exemption::Exemption;
use guardrail::finding::{AboutRole, FindingId, Outcome, StateKey};
use guardrail::names::{FunctionArn, PolicyArn};
use guardrail::operator_item::Attribute;
use guardrail::record::{Enforced, Intent, RoleRecord, Told, Undone};
use guardrail::settings::Mode;
use guardrail::severity::Severity;
use guardrail::snapshot::{Boundary, Document, Role, RoleSnapshot};
use guardrail::sweep::{
    Checkpoint, INTENT_LEFT_OPEN, Inventory, LedgerView, Sweep, SweepModes, SweepRules, SweepVerdict,
    WhyQueued,
};
use guardrail::trigger::Change;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

const NOW: &str = "2026-11-23T10:00:00Z";
const INSTALLED: &str = "2026-11-01T00:00:00Z";

/// A role and all that a verdict over it goes by.
#[derive(Debug, Clone)]
struct Scene {
    snapshot: RoleSnapshot,
    record: RoleRecord,
    exemption: Option<Exemption>,
    boundary_document: BoundaryDocument,
    modes: SweepModes,
    functions: Vec<FunctionArn>,
}

/// What a review comes to.
#[derive(Debug, Clone, PartialEq)]
enum Review {
    Nothing,
    Writes,
    TellsAboutThePolicy,
    Tells(Told),
    Notes,
}

impl Review {
    fn told(self) -> Option<Told> {
        match self {
            Self::Tells(told) => Some(told),
            Self::Nothing | Self::Writes | Self::TellsAboutThePolicy | Self::Notes => None,
        }
    }
}

impl Scene {
    fn mode(&self) -> Mode {
        let had_ours = self.record.bounded_with == Some(settings().boundary);
        let follows_mode = had_ours || is_new_role(&self.snapshot.role, time(INSTALLED));
        if follows_mode { self.modes.for_new() } else { self.modes.for_existing() }
    }

    fn sweep(&self) -> SweepVerdict {
        let (settings, ours) = (settings(), ours());
        let (installed_at, now) = (time(INSTALLED), time(NOW));
        let rules = SweepRules {
            settings: &settings,
            modes: self.modes,
            ours: &ours,
            service_control: &[],
            installed_at,
            now,
        };
        let mut inventory = Inventory::default();
        for function in &self.functions {
            inventory.add(function.clone(), self.snapshot.role.arn.clone());
        }
        let mut sweep = Sweep::resume(rules, inventory, Checkpoint::start("sweep-1".to_owned(), now));
        let ledger = LedgerView {
            record: Some(&self.record),
            exemption: self.exemption.as_ref(),
            boundary_document: self.boundary_document,
            last_accessed: None,
        };
        sweep.role(&self.snapshot, &ledger).verdict
    }

    /// As `account::respond` goes about it.
    fn review(&self) -> Review {
        let (settings, ours, ours_document) = (settings(), ours(), our_document());
        let trigger = trigger("Sweep", Change::Swept);
        let case = Case {
            role: &self.snapshot.role,
            record: &self.record,
            trigger: &trigger,
            settings: &settings,
            mode: self.mode(),
            exemption: self.exemption.as_ref(),
            installed_at: time(INSTALLED),
            now: time(NOW),
            boundary_document: self.boundary_document,
        };
        let approval = settings.approval(&self.snapshot.boundary);
        let functions = self.record.functions_after(&trigger.change);
        let compared = (approval == Approval::Unapproved).then_some(&ours_document);
        let around =
            Surroundings { functions: &functions, approval, ours: compared, ..Surroundings::default() };
        let assessment = Assessment::within(&self.snapshot, &around);
        let about = |ours| AboutRole {
            snapshot: &self.snapshot,
            assessment: &assessment,
            trigger: &trigger,
            settings: &settings,
            mode: self.mode(),
            record: &self.record,
            ours,
            exemption: self.exemption.as_ref(),
            region: "us-east-1",
            now: time(NOW),
            ledger_table: "ringfence",
            last_accessed: None,
        };
        let told = |finding: guardrail::finding::Finding, state: StateKey| {
            let worst_breach = finding.worst_breach();
            let (finding, outcome, severity) = (finding.id, finding.outcome, finding.severity);
            Review::Tells(Told { state, finding, outcome, severity, worst_breach })
        };
        let state = about(&ours).state(&self.snapshot.boundary);
        match decide(&case, &assessment) {
            Decision::Nothing(_) => Review::Nothing,
            Decision::Remediate(_) => Review::Writes,
            Decision::Report(report) if report.outcome == Outcome::BoundaryEdited => {
                Review::TellsAboutThePolicy
            }
            Decision::Report(report) => {
                let about = about(&ours);
                let is_resolved = about.is_resolved();
                let has_told = self.record.has_told(&state);
                if has_told && !is_resolved {
                    return self.keep();
                }
                let finding = about.told(report.outcome, &report.reason);
                let finding = if is_resolved && finding.severity < Severity::Medium {
                    about.resolved()
                } else {
                    finding
                };
                if has_told && finding.outcome != Outcome::Resolved {
                    self.keep()
                } else {
                    told(finding, state)
                }
            }
            Decision::Compliant => {
                let about = about(&self.snapshot.boundary);
                if about.is_resolved() { told(about.resolved(), state) } else { self.keep() }
            }
        }
    }

    fn keep(&self) -> Review {
        if self.reviewed() == self.record { Review::Nothing } else { Review::Notes }
    }

    /// The record with what a review sees.
    fn reviewed(&self) -> RoleRecord {
        let mut record = self.record.clone();
        let held = record.hold(time(NOW)).is_some();
        let boundary = self.snapshot.role.boundary.as_ref();
        if let Some(boundary) = boundary.filter(|boundary| !held && settings().accepts(boundary)) {
            record.bounded_with = Some(boundary.clone());
        }
        record
    }
}

fn intent(opened_at: Timestamp) -> Intent {
    Intent {
        finding: FindingId::of_write(&"AROAEXAMPLE".parse().unwrap(), 1),
        outcome: Enforced::Bounded,
        reason: "the role is new".to_owned(),
        boundary_before: None,
        boundary_after: OURS.parse().unwrap(),
        trigger: trigger("CreateRole", Change::Rights),
        opened_at,
        opened_by: "request-1".to_owned(),
        taken_up: None,
        repetition: None,
    }
}

fn undone() -> Undone {
    Undone {
        finding: FindingId::of_undo(&"AROAEXAMPLE".parse().unwrap(), 2),
        of: FindingId::of_write(&"AROAEXAMPLE".parse().unwrap(), 1),
        by: "alice".to_owned(),
        at: time("2026-11-22T10:00:00Z"),
        hold_until: time("2026-11-29T10:00:00Z"),
        boundary_before: Some(OURS.parse().unwrap()),
        boundary_after: None,
    }
}

fn exemption() -> Exemption {
    let item = [("owner", "team-a"), ("reason", "legacy"), ("expires_at", "2027-01-01T00:00:00Z")];
    let item = item.map(|(key, value)| (key.to_owned(), Attribute::Text(value.to_owned())));
    Exemption::read("orders-*", &item.into_iter().collect(), time(NOW)).unwrap()
}

fn function(n: usize) -> FunctionArn {
    format!("arn:aws:lambda:us-east-1:123456789012:function:orders-{n}").parse().unwrap()
}

fn statements() -> impl Strategy<Value = Vec<Value>> {
    let one = prop::sample::select(vec![
        allow(json!("*"), json!("*")),
        allow(json!("s3:*"), json!("*")),
        allow(json!("iam:PassRole"), json!("*")),
        allow(json!("s3:GetObject"), json!("arn:aws:s3:::orders/*")),
        allow(json!("iam:CreateUser"), json!("arn:aws:iam::123456789012:user/orders")),
        deny(json!("iam:*"), json!("*")),
        json!({"Effect": "Perhaps"}),
    ]);
    prop::collection::vec(one, 0..3)
}

fn boundaries() -> impl Strategy<Value = Boundary> {
    let modest = document(json!(allow(json!("s3:GetObject"), json!("*"))));
    let everything = document(json!(allow(json!("*"), json!("*"))));
    prop::sample::select(vec![
        Boundary::Absent,
        Boundary::Absent,
        ours(),
        boundary(OURS, Document::Gone),
        boundary(APPROVED, our_document()),
        boundary(APPROVED, Document::Gone),
        boundary(APPROVED, document(json!({"Effect": "Perhaps"}))),
        boundary(THEIRS, modest),
        boundary(THEIRS, everything),
        boundary(THEIRS, Document::Gone),
    ])
}

fn roles() -> impl Strategy<Value = Role> {
    let shared = trusts(json!({"Service": ["lambda.amazonaws.com", "ec2.amazonaws.com"]}));
    let another = trusts(json!({"Service": "ec2.amazonaws.com"}));
    let linked = "arn:aws:iam::123456789012:role/aws-service-role/x/orders".parse().unwrap();
    let protected = "arn:aws:iam::123456789012:role/break-glass".parse().unwrap();
    prop::sample::select(vec![
        role(),
        existing_role(),
        existing_role(),
        Role { trust: shared.clone(), ..role() },
        Role { trust: shared, ..existing_role() },
        Role { trust: another, ..role() },
        Role { trust: Document::Gone, ..role() },
        Role { arn: linked, ..role() },
        Role { arn: protected, ..role() },
    ])
}

fn records() -> impl Strategy<Value = RoleRecord> {
    let boundary = prop::sample::select(vec![None, Some(OURS), Some(APPROVED)]);
    (boundary, 0_usize..3, any::<bool>(), any::<bool>()).prop_map(
        |(bounded_with, functions, held, unresolved)| {
            let mut record = record();
            record.bounded_with = bounded_with.map(|arn| arn.parse::<PolicyArn>().unwrap());
            record.functions = (0..functions).map(function).collect();
            record.undone = held.then(undone);
            record.unresolved =
                unresolved.then(|| FindingId::of_write(&record.role_id, 1)).into_iter().collect();
            record
        },
    )
}

fn scenes() -> impl Strategy<Value = Scene> {
    let modes = [Mode::Enforce, Mode::Observe];
    let modes = (prop::sample::select(modes.to_vec()), prop::sample::select(modes.to_vec()))
        .prop_map(|(mode, sweep)| SweepModes::in_force(mode, sweep));
    let documents = prop::sample::select(vec![
        BoundaryDocument::AsApproved,
        BoundaryDocument::AsApproved,
        BoundaryDocument::Edited,
    ]);
    let exempt = prop::bool::weighted(0.2);
    (roles(), boundaries(), statements(), records(), modes, documents, exempt, 0_usize..4).prop_map(
        |(role, boundary, statements, record, modes, boundary_document, exempt, functions)| {
            let arn = match &boundary {
                Boundary::Absent => None,
                Boundary::Attached { arn, .. } => Some(arn.clone()),
            };
            Scene {
                snapshot: snapshot(Role { boundary: arn, ..role }, boundary, &statements),
                record,
                exemption: exempt.then(exemption),
                boundary_document,
                modes,
                functions: (0..functions).map(function).collect(),
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_role_is_queued_exactly_where_a_review_would_do_or_tell_or_note_something(
        mut scene in scenes(),
        earlier in prop::option::of(statements()),
    ) {
        // What the role's policies said when it was last told.
        if let Some(earlier) = earlier {
            let role = scene.snapshot.role.clone();
            let before = Scene { snapshot: snapshot(role, scene.snapshot.boundary.clone(), &earlier), ..scene.clone() };
            if let Some(told) = before.review().told() {
                scene.record.note_told(told);
            }
        }
        let review = scene.review();
        prop_assert_eq!(scene.sweep() == SweepVerdict::Nothing, review == Review::Nothing, "{:?}", review);

        // Once that is told and noted, the next sweep has nothing to queue about the role.
        if matches!(review, Review::Nothing | Review::Writes | Review::TellsAboutThePolicy) {
            return Ok(());
        }
        scene.record = scene.reviewed();
        if let Some(told) = review.told() {
            scene.record.note_told(told);
        }
        let about_the_policy = scene.review() == Review::TellsAboutThePolicy;
        prop_assert_eq!(scene.sweep() == SweepVerdict::Nothing, !about_the_policy);
    }
}

fn scene(role: Role, boundary: Boundary, statements: &[Value]) -> Scene {
    let arn = match &boundary {
        Boundary::Absent => None,
        Boundary::Attached { arn, .. } => Some(arn.clone()),
    };
    Scene {
        snapshot: snapshot(Role { boundary: arn, ..role }, boundary, statements),
        record: record(),
        exemption: None,
        boundary_document: BoundaryDocument::AsApproved,
        modes: SweepModes::in_force(Mode::Enforce, Mode::Observe),
        functions: Vec::new(),
    }
}

/// The same after the review told what it tells.
fn told(mut scene: Scene) -> Scene {
    scene.record.note_told(scene.review().told().unwrap());
    scene
}

#[test]
fn each_reason_is_found() {
    let admin = [allow(json!("*"), json!("*"))];
    let queue = SweepVerdict::Queue;
    let team = |document| boundary(THEIRS, document);
    let wider = document(json!(allow(json!(["s3:*", "iam:*"]), json!("*"))));

    assert_eq!(scene(role(), Boundary::Absent, &admin).sweep(), queue(WhyQueued::BoundaryAbsent));
    assert_eq!(scene(role(), team(wider.clone()), &admin).sweep(), queue(WhyQueued::BoundaryUnapproved));
    assert_eq!(scene(role(), team(Document::Gone), &admin).sweep(), queue(WhyQueued::BoundaryDangling));
    assert_eq!(scene(role(), ours(), &[]).sweep(), queue(WhyQueued::BoundaryUnrecorded));
    let edited = Scene { boundary_document: BoundaryDocument::Edited, ..scene(role(), ours(), &admin) };
    assert_eq!(edited.sweep(), queue(WhyQueued::BoundaryWeakened));

    let mut changed =
        told(scene(existing_role(), Boundary::Absent, &[allow(json!("s3:GetObject"), json!("*"))]));
    assert_eq!(changed.sweep(), SweepVerdict::Nothing, "as it was told");
    changed.snapshot = snapshot(existing_role(), Boundary::Absent, &admin);
    assert_eq!(changed.sweep(), queue(WhyQueued::NewState), "AWS or somebody changed a policy");
    changed.functions = vec![function(1)];
    assert_eq!(changed.sweep(), queue(WhyQueued::NewFunction));

    let mut over = scene(role(), ours(), &[]);
    over.record.bounded_with = Some(OURS.parse().unwrap());
    assert_eq!(over.sweep(), SweepVerdict::Nothing);
    over.record.unresolved = [FindingId::of_write(&over.record.role_id, 1)].into();
    assert_eq!(over.sweep(), queue(WhyQueued::ResolvedMeanwhile));
}

#[test]
fn an_intent_is_left_to_its_author_until_the_retries_are_over() {
    let mut scene = scene(role(), Boundary::Absent, &[]);
    scene.record.intent = Some(intent(time(NOW) - INTENT_LEFT_OPEN + SignedDuration::from_secs(1)));
    assert_eq!(scene.sweep(), SweepVerdict::Nothing);
    scene.record.intent = Some(intent(time(NOW) - INTENT_LEFT_OPEN));
    assert_eq!(scene.sweep(), SweepVerdict::Queue(WhyQueued::IntentLeftOpen));
}

#[test]
fn a_sweep_changes_existing_roles_only_where_it_may() {
    let admin = [allow(json!("*"), json!("*"))];
    let mut scene = scene(existing_role(), Boundary::Absent, &admin);
    assert!(matches!(scene.review(), Review::Tells(told) if told.outcome == Outcome::WouldBound));
    scene.modes = SweepModes::in_force(Mode::Enforce, Mode::Enforce);
    assert_eq!(scene.review(), Review::Writes);
    scene.snapshot.policies.clear();
    assert!(
        matches!(scene.review(), Review::Tells(told) if told.outcome == Outcome::WouldBound),
        "below EnforceExistingAt"
    );
}

#[test]
fn a_namesake_s_record_counts_for_nothing() {
    let mut scene = scene(role(), ours(), &[]);
    scene.record.bounded_with = Some(OURS.parse().unwrap());
    scene.snapshot.role.id = "AROANAMESAKE".parse().unwrap();
    assert_eq!(scene.sweep(), SweepVerdict::Queue(WhyQueued::BoundaryUnrecorded));
}

#[test]
fn what_was_there_is_put_back_although_sweeps_only_observe() {
    let mut lost = scene(existing_role(), Boundary::Absent, &[]);
    lost.record.bounded_with = Some(OURS.parse().unwrap());
    assert_eq!(
        (lost.sweep(), lost.review()),
        (SweepVerdict::Queue(WhyQueued::BoundaryAbsent), Review::Writes)
    );
    let modes = lost.modes.of_role(&lost.snapshot.role, &lost.record, &settings(), time(INSTALLED));
    assert_eq!(modes, Mode::Enforce);
    lost.record.bounded_with = Some(APPROVED.parse().unwrap());
    let modes = lost.modes.of_role(&lost.snapshot.role, &lost.record, &settings(), time(INSTALLED));
    assert_eq!(modes, Mode::Observe, "another one's loss is no reason to put ours");
}

#[test]
fn nothing_is_told_of_our_own_roles() {
    let own = settings().own_roles.first().unwrap().clone();
    let role = Role { arn: own, ..role() };
    let scene = scene(role, Boundary::Absent, &[allow(json!("*"), json!("*"))]);
    assert_eq!(scene.sweep(), SweepVerdict::Nothing);
}
