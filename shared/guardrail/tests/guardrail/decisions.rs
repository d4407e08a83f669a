//! The design's decision table, row by row.

use crate::roles::*;
use guardrail::Settings;
use guardrail::assess::{Assessment, Surroundings};
use guardrail::decide::{
    BoundaryDocument, Case, Decision, Step, Untouched, decide, decide_at_first_sight, resume,
};
use guardrail::exemption::Exemption;
use guardrail::finding::FindingId;
use guardrail::operator_item::Attribute;
use guardrail::record::{Enforced, Intent, RoleRecord};
use guardrail::settings::{Mode, ReplaceWider, SharedTrust};
use guardrail::severity::Severity;
use guardrail::snapshot::{Boundary, Document, Role, RoleSnapshot};
use guardrail::trigger::{Change, Trigger};
use serde_json::{Value, json};

struct Situation {
    snapshot: RoleSnapshot,
    record: RoleRecord,
    trigger: Trigger,
    settings: Settings,
    mode: Mode,
    exemption: Option<Exemption>,
    boundary_document: BoundaryDocument,
}

impl Situation {
    fn of(role: Role, boundary: Boundary, statements: &[Value]) -> Self {
        Self {
            snapshot: snapshot(role, boundary, statements),
            record: record(),
            trigger: trigger("AttachRolePolicy", Change::Rights),
            settings: settings(),
            mode: Mode::Enforce,
            exemption: None,
            boundary_document: BoundaryDocument::AsApproved,
        }
    }

    fn case(&self) -> Case<'_> {
        Case {
            role: &self.snapshot.role,
            record: &self.record,
            trigger: &self.trigger,
            settings: &self.settings,
            mode: self.mode,
            exemption: self.exemption.as_ref(),
            installed_at: time("2026-11-01T00:00:00Z"),
            now: time("2026-11-22T10:00:05Z"),
            boundary_document: self.boundary_document,
        }
    }

    /// The outcome word, `compliant` or `none`.
    fn outcome(&self) -> &'static str {
        let ours = our_document();
        let approval = self.settings.approval(&self.snapshot.boundary);
        let around = Surroundings { approval, ours: Some(&ours), ..Surroundings::default() };
        match decide(&self.case(), &Assessment::within(&self.snapshot, &around)) {
            Decision::Nothing(_) => "none",
            Decision::Compliant => "compliant",
            Decision::Report(report) => report.outcome.as_str(),
            Decision::Remediate(remediation) => remediation.outcome().outcome().as_str(),
        }
    }

    /// Whether the role is contained before its policies are read.
    fn is_contained_at_first_sight(&self) -> bool {
        matches!(decide_at_first_sight(&self.case()), Step::Decided(Decision::Remediate(_)))
    }
}

fn admin() -> [Value; 1] {
    [allow(json!("*"), json!("*"))]
}

fn modest() -> [Value; 1] {
    [allow(json!("s3:GetObject"), json!("arn:aws:s3:::orders/*"))]
}

fn shared() -> Document {
    trusts(json!({"Service": ["lambda.amazonaws.com", "ec2.amazonaws.com"]}))
}

#[test]
fn a_role_that_lambda_cannot_assume_is_nobodys_business() {
    let role = Role { trust: trusts(json!({"Service": "ec2.amazonaws.com"})), ..role() };
    let situation = Situation::of(role, Boundary::Absent, &admin());
    let expected = Step::Decided(Decision::Nothing(Untouched::NotAnExecutionRole));
    assert_eq!(decide_at_first_sight(&situation.case()), expected);
}

#[test]
fn roles_that_aws_alone_can_change_are_left_alone() {
    for path in ["/aws-service-role/lambda.amazonaws.com/", "/aws-reserved/sso.amazonaws.com/"] {
        let arn = format!("arn:aws:iam::123456789012:role{path}x").parse().unwrap();
        let situation = Situation::of(Role { arn, ..role() }, Boundary::Absent, &admin());
        let expected = Step::Decided(Decision::Nothing(Untouched::ManagedByAws));
        assert_eq!(decide_at_first_sight(&situation.case()), expected, "{path}");
    }
}

#[test]
fn own_and_protected_roles_are_told_and_never_changed() {
    for name in ["ringfence/ringfence-on-role-change", "break-glass"] {
        let arn = format!("arn:aws:iam::123456789012:role/{name}").parse().unwrap();
        let mut situation = Situation::of(Role { arn, ..role() }, Boundary::Absent, &admin());
        situation.record.bounded_with = Some(OURS.parse().unwrap());
        assert_eq!(situation.outcome(), "reported", "{name}");
    }
    let namesake = "arn:aws:iam::123456789012:role/ringfence-on-role-change".parse().unwrap();
    let situation = Situation::of(Role { arn: namesake, ..role() }, Boundary::Absent, &admin());
    assert_eq!(situation.outcome(), "bounded", "only the exact ARN counts");

    let own = "arn:aws:iam::123456789012:role/ringfence/ringfence-on-role-change".parse().unwrap();
    let role = with_boundary(Role { arn: own, ..role() }, APPROVED);
    let situation = Situation::of(role, boundary(APPROVED, our_document()), &[]);
    assert_eq!(situation.outcome(), "compliant", "what is merely worth knowing makes no finding");
}

#[test]
fn ours_is_restored_where_the_ledger_says_that_it_was_there() {
    let mut situation = Situation::of(existing_role(), Boundary::Absent, &modest());
    situation.record.bounded_with = Some(OURS.parse().unwrap());
    assert_eq!(situation.outcome(), "restored");
    assert!(situation.is_contained_at_first_sight());

    situation.record.bounded_with = Some(APPROVED.parse().unwrap());
    assert_eq!(situation.outcome(), "would-bound", "an approved one was not ours to restore");
}

#[test]
fn a_role_with_ours_or_an_approved_boundary() {
    let open_to_all = Role { trust: trusts(json!("*")), ..role() };
    for (boundary, arn) in [(ours(), OURS), (boundary(APPROVED, our_document()), APPROVED)] {
        let outcome = |role: &Role, statements: &[Value]| {
            Situation::of(with_boundary(role.clone(), arn), boundary.clone(), statements).outcome()
        };
        assert_eq!(outcome(&open_to_all, &modest()), "reported", "HIGH is possible with it");
        assert_eq!(outcome(&role(), &admin()), "contained", "worse without it");
        assert_eq!(
            outcome(&role(), &[allow(json!("s3:*"), json!("*"))]),
            "reported",
            "MEDIUM is possible with it"
        );
        assert_eq!(outcome(&role(), &modest()), "compliant");
    }
}

#[test]
fn a_boundary_that_does_not_say_what_it_should_is_told_as_a_policy_and_not_role_by_role() {
    for (boundary, arn) in [(ours(), OURS), (boundary(APPROVED, our_document()), APPROVED)] {
        for statements in [admin(), modest()] {
            let mut situation = Situation::of(with_boundary(role(), arn), boundary.clone(), &statements);
            situation.boundary_document = BoundaryDocument::Edited;
            assert_eq!(situation.outcome(), "boundary-edited", "{arn}");
            situation.exemption = Some(exemption(&[], None));
            assert_ne!(situation.outcome(), "boundary-edited", "an exemption comes first");
        }
    }
}

#[test]
fn a_boundary_that_cannot_be_judged_is_told() {
    for document in [Document::Gone, Document::parse("{}")] {
        let situation = Situation::of(with_boundary(role(), OURS), boundary(OURS, document), &modest());
        assert_eq!(situation.outcome(), "reported");
    }
}

/// A role under a boundary of somebody else that says this.
fn under_theirs(role: Role, document: Document) -> Situation {
    Situation::of(with_boundary(role, THEIRS), boundary(THEIRS, document), &modest())
}

fn wider() -> Document {
    document(json!([allow(json!("*"), json!("*")), deny(json!("iam:CreateAccessKey"), json!("*"))]))
}

fn apart() -> Document {
    document(allow(json!(["s3:*", "iam:CreateUser", "iam:PutRolePolicy"]), json!("*")))
}

#[test]
fn another_boundary_stays_or_goes_by_what_it_caps() {
    let within = document(allow(json!("s3:*"), json!("*")));
    let nothing = document(allow(json!("*"), json!("*")));
    for (document, expected) in [
        (within, "kept"),
        (nothing, "replaced"),
        (wider(), "reported"),
        (apart(), "reported"),
        (Document::Gone, "reported"),
        (Document::parse("{}"), "reported"),
    ] {
        for role in [role(), existing_role()] {
            let mut situation = under_theirs(role, document.clone());
            assert_eq!(situation.outcome(), expected);
            assert!(!situation.is_contained_at_first_sight(), "not before both documents are compared");
            situation.mode = Mode::Observe;
            let observed = if expected == "replaced" { "would-replace" } else { expected };
            assert_eq!(situation.outcome(), observed);
        }
    }
}

#[test]
fn a_wider_boundary_is_replaced_where_that_is_asked_for() {
    let mut situation = under_theirs(role(), wider());
    situation.settings.replace_wider = ReplaceWider::Yes;
    assert_eq!(situation.outcome(), "replaced");
    let mut situation = under_theirs(role(), apart());
    situation.settings.replace_wider = ReplaceWider::Yes;
    assert_eq!(situation.outcome(), "reported", "one that is not provably wider");
}

#[test]
fn a_boundary_that_caps_nothing_stays_on_a_role_that_others_share() {
    let nothing = document(allow(json!("*"), json!("*")));
    let role = Role { trust: shared(), ..existing_role() };
    assert_eq!(under_theirs(role.clone(), nothing.clone()).outcome(), "reported");
    let mut situation = under_theirs(role, nothing);
    situation.settings.shared_trust = SharedTrust::All;
    assert_eq!(situation.outcome(), "replaced");
}

#[test]
fn ours_is_restored_in_the_place_of_one_that_is_not_within_it() {
    let within = document(allow(json!("s3:*"), json!("*")));
    for (document, expected) in [
        (within, "kept"),
        (document(allow(json!("*"), json!("*"))), "restored"),
        (wider(), "restored"),
        (apart(), "restored"),
        (Document::Gone, "restored"),
        (Document::parse("{}"), "restored"),
    ] {
        // Trust that was widened first does not help.
        for trust in [role().trust, shared()] {
            let mut situation = under_theirs(Role { trust, ..existing_role() }, document.clone());
            situation.record.bounded_with = Some(OURS.parse().unwrap());
            assert_eq!(situation.outcome(), expected);
        }
    }
    let mut dangling =
        Situation::of(with_boundary(role(), APPROVED), boundary(APPROVED, Document::Gone), &[]);
    assert_eq!(dangling.outcome(), "reported");
    dangling.record.bounded_with = Some(OURS.parse().unwrap());
    assert_eq!(dangling.outcome(), "restored", "an approved one whose policy is gone");
}

#[test]
fn shared_trust_follows_its_setting() {
    for (setting, new, existing) in [
        (SharedTrust::Off, "reported", "reported"),
        (SharedTrust::New, "bounded", "reported"),
        (SharedTrust::All, "bounded", "bounded"),
    ] {
        for (role, expected) in [(role(), new), (existing_role(), existing)] {
            let mut situation = Situation::of(Role { trust: shared(), ..role }, Boundary::Absent, &admin());
            situation.settings.shared_trust = setting;
            assert_eq!(situation.outcome(), expected, "{setting:?}");
        }
    }
}

#[test]
fn a_new_role_is_bounded_at_first_sight() {
    let created_later = Role { created: time("2026-11-02T00:00:00Z"), ..existing_role() };
    let never_used = Role { last_used: None, ..existing_role() };
    for role in [role(), created_later, never_used] {
        let situation = Situation::of(role, Boundary::Absent, &modest());
        assert!(situation.is_contained_at_first_sight());
        assert_eq!(situation.outcome(), "bounded");
    }
}

#[test]
fn enforce_at_decides_about_new_roles_and_a_lack_of_a_boundary_counts_as_info() {
    for (statements, at, expected) in [
        (admin(), Severity::Critical, "bounded"),
        ([allow(json!("s3:*"), json!("*"))], Severity::Medium, "bounded"),
        ([allow(json!("s3:*"), json!("*"))], Severity::High, "would-bound"),
        (modest(), Severity::Low, "would-bound"),
        (modest(), Severity::Info, "bounded"),
    ] {
        let mut situation = Situation::of(role(), Boundary::Absent, &statements);
        situation.settings.enforce_at = at;
        assert_eq!(situation.outcome(), expected, "{at}");
        assert_eq!(situation.is_contained_at_first_sight(), at == Severity::Info);
    }
}

#[test]
fn an_existing_role_is_bounded_only_by_an_event_that_gave_it_more() {
    let function = given_to("orders-api");
    let known = given_to("known");
    let same =
        Change::NothingOf("arn:aws:lambda:us-east-1:123456789012:function:orders-api".parse().unwrap());
    for (change, statements, expected) in [
        (Change::Rights, admin(), "bounded"),
        (Change::BoundaryDeleted, admin(), "bounded"),
        (function.clone(), admin(), "bounded"),
        (known.clone(), admin(), "would-bound"),
        (same, admin(), "would-bound"),
        (Change::Look, admin(), "would-bound"),
        (Change::Rights, modest(), "would-bound"),
        (function, modest(), "would-bound"),
    ] {
        let mut situation = Situation::of(existing_role(), Boundary::Absent, &statements);
        situation.record.note_given(&known);
        situation.trigger.change = change.clone();
        assert_eq!(situation.outcome(), expected, "{change:?}");
        assert!(!situation.is_contained_at_first_sight());
    }
}

#[test]
fn observe_mode_decides_the_same_and_writes_nothing() {
    let mut situation = Situation::of(role(), Boundary::Absent, &admin());
    situation.mode = Mode::Observe;
    assert_eq!(situation.outcome(), "would-bound");
    situation.record.bounded_with = Some(OURS.parse().unwrap());
    assert_eq!(situation.outcome(), "would-restore");
    assert!(!situation.is_contained_at_first_sight());
}

#[test]
fn a_trust_policy_that_is_not_understood_does_not_hide_a_known_role() {
    let mut situation =
        Situation::of(Role { trust: Document::parse("{}"), ..role() }, Boundary::Absent, &modest());
    assert_eq!(situation.outcome(), "none");
    situation.record.bounded_with = Some(OURS.parse().unwrap());
    assert_eq!(situation.outcome(), "restored");
}

fn intent(trigger: Trigger) -> Intent {
    Intent {
        finding: FindingId::of_write(&"AROAEXAMPLE".parse().unwrap(), 1),
        outcome: Enforced::Bounded,
        reason: "the role is new".to_owned(),
        boundary_before: None,
        boundary_after: OURS.parse().unwrap(),
        trigger,
        opened_at: time("2026-11-22T10:00:01Z"),
        opened_by: "request".to_owned(),
        taken_up: None,
        repetition: None,
    }
}

#[test]
fn an_intent_is_taken_up_only_while_its_role_may_still_be_changed() {
    let plain = || Situation::of(role(), Boundary::Absent, &[]);
    let resumed =
        |situation: &Situation| resume(&intent(situation.trigger.clone()), &situation.case()).is_some();
    assert!(resumed(&plain()));

    let mut observing = plain();
    observing.mode = Mode::Observe;
    let mut other_boundary = plain();
    other_boundary.settings.boundary = APPROVED.parse().unwrap();
    let mut protected = plain();
    protected.settings.protected.insert(role().arn);
    for (situation, why) in [
        (observing, "the mode changed"),
        (other_boundary, "another boundary is ours now"),
        (protected, "the role was protected meanwhile"),
        (
            Situation::of(with_boundary(role(), THEIRS), Boundary::Absent, &[]),
            "somebody put another boundary",
        ),
        (
            Situation::of(
                Role { trust: trusts(json!({"Service": "ec2.amazonaws.com"})), ..role() },
                Boundary::Absent,
                &[],
            ),
            "Lambda is no longer trusted",
        ),
    ] {
        assert!(!resumed(&situation), "{why}");
    }
}

pub(crate) fn exemption(checks: &[&str], max_severity: Option<&str>) -> Exemption {
    let text = |text: &str| Attribute::Text(text.to_owned());
    let mut attributes = vec![
        ("owner".to_owned(), text("orders team")),
        ("reason".to_owned(), text("migration")),
        ("expires_at".to_owned(), text("2026-12-31T00:00:00Z")),
    ];
    if !checks.is_empty() {
        let names = checks.iter().map(|check| (*check).to_owned()).collect();
        attributes.push(("checks".to_owned(), Attribute::List(names)));
    }
    attributes.extend(max_severity.map(|most| ("max_severity".to_owned(), text(most))));
    Exemption::read("orders-*", &attributes.into_iter().collect(), time("2026-11-22T10:00:00Z")).unwrap()
}

#[test]
fn an_exempt_role_is_told_and_never_changed() {
    for (role, boundary) in [
        (role(), Boundary::Absent),
        (existing_role(), Boundary::Absent),
        (with_boundary(role(), THEIRS), boundary(THEIRS, document(allow(json!("*"), json!("*"))))),
    ] {
        let mut situation = Situation::of(role, boundary, &admin());
        situation.exemption = Some(exemption(&[], None));
        situation.record.bounded_with = Some(OURS.parse().unwrap());
        assert_eq!(situation.outcome(), "exempt");
        assert!(!situation.is_contained_at_first_sight());
        assert!(resume(&intent(situation.trigger.clone()), &situation.case()).is_none());
    }
    let approved = boundary(APPROVED, our_document());
    let mut harmless = Situation::of(with_boundary(role(), APPROVED), approved, &[]);
    harmless.exemption = Some(exemption(&[], None));
    assert_eq!(harmless.outcome(), "compliant");
}
