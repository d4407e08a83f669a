//! What a role did not use: services and actions by IAM's report, what the report and the finding say of them, and about which roles
//! IAM is asked next.

use crate::findings::about;
use crate::roles::*;
use guardrail::decide::BoundaryDocument;
use guardrail::finding::{AboutRole, ActionUse, Finding, Outcome, ServiceUse};
use guardrail::last_accessed::{Grants, LastAccessed, UnusedFor};
use guardrail::report::{Earlier, Head, LastAccessedRow, MOST_ASKED, Report, RoleRow, Texts, to_ask_about};
use guardrail::settings::Mode;
use guardrail::snapshot::{Boundary, RoleSnapshot};
use guardrail::sweep::{Checkpoint, Inventory, LedgerView, Sweep, SweepModes, SweepRules, SweepSummary};
use guardrail::trigger::Change;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::json;

const AS_OF: &str = "2026-11-22T06:00:00Z";

fn days_before(days: i64) -> Timestamp {
    time(AS_OF) - SignedDuration::from_hours(24 * days)
}

/// Used so many days before the report; never, where none is given.
fn service(namespace: &str, last: Option<i64>, tracked: &[(&str, Option<i64>)]) -> ServiceUse {
    let tracked = tracked.iter().map(|(action, last)| ActionUse {
        action: format!("{namespace}:{action}").parse().unwrap(),
        last: last.map(days_before),
    });
    ServiceUse { namespace: namespace.to_owned(), last: last.map(days_before), tracked: tracked.collect() }
}

fn reported(report: &[ServiceUse]) -> LastAccessed {
    LastAccessed::of_report("AROAEXAMPLE".parse().unwrap(), time(AS_OF), report, None)
}

fn role_with(actions: serde_json::Value) -> RoleSnapshot {
    snapshot(existing_role(), Boundary::Absent, &[allow(actions, json!("*"))])
}

/// Services with how long they were not used, by a role that is so many days old.
fn unused(known: &LastAccessed, age: i64) -> Vec<(String, UnusedFor)> {
    let unused = known.unused(days_before(age), None);
    unused.services.iter().map(|service| (service.name.to_owned(), service.unused_for)).collect()
}

#[test]
fn how_long_a_service_was_not_used() {
    use UnusedFor::{Ever, Month, Quarter};
    // Days since the last use, the age of the role in days, and what follows.
    let table: [(Option<i64>, i64, Option<UnusedFor>); 15] = [
        (Some(0), 1_000, None),
        (Some(29), 1_000, None),
        (Some(30), 1_000, Some(Month)),
        (Some(89), 1_000, Some(Month)),
        (Some(90), 1_000, Some(Quarter)),
        (Some(399), 1_000, Some(Quarter)),
        (None, 1_000, Some(Ever)),
        (None, 90, Some(Ever)),
        (None, 89, Some(Month)),
        (None, 30, Some(Month)),
        (None, 29, None),
        (None, 0, None),
        (Some(40), 35, Some(Month)),
        (Some(100), 20, None),
        // The clocks of IAM's report and of its uses need not agree.
        (Some(-1), 1_000, None),
    ];
    for (last, age, expected) in table {
        let known = reported(&[service("s3", last, &[])]);
        let expected: Vec<_> = expected.into_iter().map(|unused| ("s3".to_owned(), unused)).collect();
        assert_eq!(unused(&known, age), expected, "last used {last:?} days ago, {age} days old");
    }
}

#[test]
fn a_use_of_an_action_is_a_use_of_its_service() {
    let known = reported(&[service("s3", None, &[("CreateBucket", Some(3))])]);
    assert_eq!(unused(&known, 1_000), []);
    assert_eq!(known.unused(days_before(1_000), None).used, ["s3"]);
}

#[test]
fn the_longest_unused_come_first_and_what_is_used_by_its_last_use() {
    let known = reported(&[
        service("sqs", Some(40), &[]),
        service("ec2", None, &[]),
        service("rds", Some(200), &[]),
        service("ecs", Some(100), &[]),
        service("logs", Some(1), &[]),
        service("s3", Some(0), &[]),
    ]);
    let unused = known.unused(days_before(1_000), None);
    let names: Vec<&str> = unused.services.iter().map(|service| service.name).collect();
    assert_eq!(names, ["ec2", "rds", "ecs", "sqs"]);
    assert_eq!(unused.used, ["s3", "logs", "sqs"]);
    let counts = [UnusedFor::Month, UnusedFor::Quarter, UnusedFor::Ever].map(|least| unused.count(least));
    assert_eq!((unused.allowed, counts), (6, [4, 3, 1]));
    assert_eq!(unused.since, days_before(400), "as far as IAM reports at least");
}

#[test]
fn a_service_that_came_up_since_the_last_report_is_not_judged_by_what_was_before() {
    let id = || "AROAEXAMPLE".parse().unwrap();
    let report = |services: &[&str]| services.iter().map(|name| service(name, None, &[])).collect::<Vec<_>>();
    let first = LastAccessed::of_report(id(), days_before(40), &report(&["s3"]), None);
    let second = LastAccessed::of_report(id(), days_before(20), &report(&["s3", "ec2"]), Some(&first));
    let third = LastAccessed::of_report(id(), time(AS_OF), &report(&["s3", "ec2"]), Some(&second));
    assert_eq!(unused(&third, 1_000), [("s3".to_owned(), UnusedFor::Ever)], "ec2 came up 20 days ago");
    let fourth = LastAccessed::of_report(id(), days_before(-15), &report(&["s3", "ec2"]), Some(&third));
    assert_eq!(fourth.unused(days_before(1_000), None).count(UnusedFor::Month), 2, "35 days ago");
    let other = "AROAOTHER".parse().unwrap();
    let of_a_namesake = LastAccessed::of_report(other, days_before(40), &report(&["s3"]), None);
    let anew = LastAccessed::of_report(id(), time(AS_OF), &report(&["ec2"]), Some(&of_a_namesake));
    assert_eq!(unused(&anew, 1_000), [("ec2".to_owned(), UnusedFor::Ever)]);
}

#[test]
fn only_what_the_policies_still_allow_is_told() {
    let known = reported(&[service("s3", None, &[]), service("ec2", None, &[]), service("sqs", None, &[])]);
    let table: [(serde_json::Value, &[&str]); 6] = [
        (json!("*"), &["ec2", "s3", "sqs"]),
        (json!(["s3:GetObject", "EC2:Describe*"]), &["ec2", "s3"]),
        (json!("s*:Get*"), &["ec2", "s3", "sqs"]),
        (json!("dynamodb:*"), &[]),
        (json!("*:*"), &["ec2", "s3", "sqs"]),
        (json!([]), &[]),
    ];
    for (actions, expected) in table {
        let role = role_with(actions.clone());
        let unused = known.unused(role.role.created, Some(Grants::of(&role)));
        let names: Vec<&str> = unused.services.iter().map(|service| service.name).collect();
        assert_eq!((names.as_slice(), unused.allowed), (expected, expected.len()), "{actions}");
    }
    let not = json!({"Effect": "Allow", "NotAction": ["s3:*", "sqs:SendMessage"], "Resource": "*"});
    let denied = deny(json!("s3:*"), json!("*"));
    for (statement, expected) in [(not, vec!["ec2", "sqs"]), (denied, vec![])] {
        let role = snapshot(existing_role(), Boundary::Absent, &[statement]);
        let unused = known.unused(role.role.created, Some(Grants::of(&role)));
        assert_eq!(unused.services.iter().map(|service| service.name).collect::<Vec<_>>(), expected);
    }
}

#[test]
fn actions_are_told_where_a_policy_names_them_and_the_service_is_used() {
    let iam =
        |last| service("iam", last, &[("GetRole", Some(1)), ("ListRoles", Some(91)), ("TagRole", None)]);
    let named = json!(["iam:getrole", "iam:ListRoles", "iam:TagRole", "s3:GetObject"]);
    let told = |report: &[ServiceUse], actions: &serde_json::Value, age: i64| -> Vec<String> {
        let role = role_with(actions.clone());
        let known = reported(report);
        let unused = known.unused(days_before(age), Some(Grants::of(&role)));
        unused.actions.iter().map(ToString::to_string).collect()
    };
    let both = ["iam:ListRoles", "iam:TagRole"];
    assert_eq!(told(&[iam(Some(1))], &named, 1_000), both);
    assert_eq!(told(&[iam(Some(1))], &json!("iam:*"), 1_000), [""; 0], "nobody wrote them down");
    assert_eq!(told(&[iam(Some(1))], &json!(["iam:GetRole"]), 1_000), [""; 0], "no policy allows them");
    assert_eq!(told(&[iam(Some(1))], &named, 89), [""; 0], "the role is too young");
    let unused_service = service("iam", Some(100), &[("GetRole", Some(100))]);
    assert_eq!(told(&[unused_service], &named, 1_000), [""; 0], "the service says it all");
    let data = service("s3", Some(1), &[("CreateBucket", None)]);
    assert_eq!(told(&[data], &named, 1_000), [""; 0], "IAM tells nothing of calls on data");
    assert_eq!(
        reported(&[iam(Some(1))]).unused(days_before(1_000), None).actions,
        [],
        "no policies to go by"
    );
}

/// A use that is told of a service, of one of its actions, or of neither.
fn any_service() -> impl Strategy<Value = ServiceUse> {
    let last = || prop::option::of(-2_i64..500);
    ("[a-d]", last(), prop::collection::vec(("[A-D]", last()), 0..4)).prop_map(|(name, last, tracked)| {
        let tracked: Vec<(&str, Option<i64>)> =
            tracked.iter().map(|(action, last)| (action.as_str(), *last)).collect();
        service(&name, last, &tracked)
    })
}

proptest! {
    #[test]
    fn what_was_used_in_the_period_is_never_unused(
        report in prop::collection::vec(any_service(), 0..8),
        before in prop::collection::vec(any_service(), 0..4),
        with_before in any::<bool>(),
        age in 0_i64..500,
        grants in prop::sample::select(vec![None, Some("*"), Some("a:A"), Some("b:*")]),
    ) {
        let id: guardrail::names::RoleId = "AROAEXAMPLE".parse().unwrap();
        let earlier = LastAccessed::of_report(id.clone(), days_before(10), &before, None);
        let known = LastAccessed::of_report(id, time(AS_OF), &report, with_before.then_some(&earlier));
        let role = grants.map(|grants| role_with(json!(grants)));
        let unused = known.unused(days_before(age), role.as_ref().map(Grants::of));
        let least = |unused_for| match unused_for {
            UnusedFor::Month => 30,
            UnusedFor::Quarter | UnusedFor::Ever => 90,
        };
        for told in &unused.services {
            prop_assert!(age >= least(told.unused_for), "{told:?}: the role is {age} days old");
            let uses = report.iter().filter(|service| service.namespace == told.name);
            for used in uses.flat_map(|service| service.tracked.iter().filter_map(|one| one.last).chain(service.last)) {
                prop_assert!(used <= days_before(least(told.unused_for)), "{told:?} was used at {used}");
                prop_assert!(told.unused_for != UnusedFor::Ever, "{told:?} was used at {used}");
            }
        }
        for action in &unused.actions {
            let uses = report.iter().flat_map(|service| &service.tracked).filter(|one| one.action == *action);
            let last = uses.map(|one| one.last).max().unwrap();
            prop_assert!(age >= 90 && last.is_none_or(|last| last <= days_before(90)), "{action} was used at {last:?}");
        }
        // What the ledger keeps is read as it was written.
        let kept: LastAccessed = serde_json::from_str(&serde_json::to_string(&known).unwrap()).unwrap();
        prop_assert_eq!(kept, known.clone());
    }
}

fn row(name: &str, role: RoleSnapshot, known: Option<&LastAccessed>) -> RoleRow {
    let (settings, ours, now) = (settings(), ours(), time("2026-11-23T10:00:00Z"));
    let rules = SweepRules {
        settings: &settings,
        modes: SweepModes::in_force(Mode::Enforce, Mode::Observe),
        ours: &ours,
        service_control: &[],
        installed_at: time("2026-11-01T00:00:00Z"),
        now,
    };
    let mut role = role;
    role.role.arn = format!("arn:aws:iam::123456789012:role/{name}").parse().unwrap();
    let checkpoint = Checkpoint::start("sweep-1".to_owned(), now);
    let mut sweep = Sweep::resume(rules, Inventory::default(), checkpoint);
    let ledger = LedgerView {
        record: None,
        exemption: None,
        boundary_document: BoundaryDocument::AsApproved,
        last_accessed: known,
    };
    *sweep.role(&role, &ledger).row.unwrap()
}

fn of_report_at(days: i64, report: &[ServiceUse]) -> LastAccessed {
    LastAccessed::of_report("AROAEXAMPLE".parse().unwrap(), days_before(days), report, None)
}

#[test]
fn a_row_says_what_was_not_used_or_why_that_is_not_known() {
    let role = || role_with(json!(["s3:*", "ec2:*", "sqs:SendMessage"]));
    let report = [service("s3", Some(1), &[]), service("ec2", None, &[]), service("sqs", Some(50), &[])];
    let told = row("orders", role(), Some(&reported(&report)));
    let known = told.last_accessed.known().unwrap();
    let counts = (known.allowed, known.unused_30_days, known.unused_90_days, known.never_used);
    assert_eq!(counts, (3, 2, 1, 1));
    assert_eq!(serde_json::to_value(&told.unused_services).unwrap(), json!(["ec2"]));
    assert_eq!(
        serde_json::to_value(&told.last_accessed).unwrap(),
        json!({"state": "known", "as_of": AS_OF, "since": "2025-10-18T06:00:00Z", "allowed": 3,
            "unused_30_days": 2, "unused_90_days": 1, "never_used": 1,
            "unused": [{"service": "ec2", "last": null, "unused_for": "ever"},
                {"service": "sqs", "last": "2026-10-03T06:00:00Z", "unused_for": "30-days"}],
            "used": ["s3", "sqs"], "unused_actions": []})
    );
    let again: RoleRow = serde_json::from_str(&serde_json::to_string(&told).unwrap()).unwrap();
    assert_eq!(again.sharing(&mut Texts::default()), told, "a part of the report is read as it was written");

    let not_known = |told: &RoleRow| (told.last_accessed.clone(), told.unused_services.is_none());
    let of_a_namesake = LastAccessed::of_report("AROAOTHER".parse().unwrap(), time(AS_OF), &report, None);
    for (why, known) in [
        ("nobody asked", None),
        ("a namesake's", Some(of_a_namesake)),
        ("too old", Some(of_report_at(34, &report))),
    ] {
        let told = row("orders", role(), known.as_ref());
        assert_eq!(not_known(&told), (LastAccessedRow::NotKnown, true), "{why}");
    }
    let mut young = role();
    young.role.created = time("2026-10-25T00:00:00Z");
    let young = row("young", young, Some(&reported(&report)));
    assert_eq!(not_known(&young), (LastAccessedRow::TooYoung, true));
    let own = row("ringfence/ringfence-on-role-change", role(), Some(&reported(&report)));
    assert_eq!(not_known(&own), (LastAccessedRow::NotAsked, true));
}

#[test]
fn thousands_of_unused_services_are_counted_and_the_first_are_named() {
    let names: Vec<String> = (100..500).map(|n| format!("service{n}")).collect();
    let report: Vec<ServiceUse> = names.iter().map(|name| service(name, None, &[])).collect();
    let told = row("admin", role_with(json!("*")), Some(&reported(&report)));
    let known = told.last_accessed.known().unwrap();
    assert_eq!((known.allowed, known.never_used, known.unused.len()), (400, 400, 25));
    assert!(
        serde_json::to_string(&reported(&report)).unwrap().len() < 10_000,
        "an item of the ledger is small"
    );
}

#[test]
fn iam_is_asked_about_the_worst_first_and_again_after_a_week() {
    let report = [service("s3", None, &[])];
    let (admin, narrow) = (|| role_with(json!("*")), || role_with(json!("s3:GetObject")));
    let mut young = admin();
    young.role.created = time("2026-11-20T00:00:00Z");
    let mut rows = vec![
        row("a-fresh", admin(), Some(&of_report_at(5, &report))),
        row("b-stale", narrow(), Some(&of_report_at(8, &report))),
        row("c-staler", narrow(), Some(&of_report_at(20, &report))),
        row("d-narrow", narrow(), None),
        row("e-admin", admin(), None),
        row("f-young", young, None),
        row("ringfence/ringfence-on-role-change", admin(), None),
    ];
    rows.push(rows[4].clone());
    let asked = |rows: &[RoleRow]| -> Vec<String> {
        let asked = to_ask_about(rows, time("2026-11-23T10:00:00Z"));
        asked.iter().map(|(role, _)| role.name().to_string()).collect()
    };
    assert_eq!(asked(&rows), ["e-admin", "d-narrow", "c-staler", "b-stale"]);
    let many: Vec<RoleRow> = (0..150).map(|n| row(&format!("role-{n:03}"), narrow(), None)).collect();
    assert_eq!(asked(&many).len(), MOST_ASKED);
}

/// The sentences at the report's end, and the table.
fn said(rows: Vec<RoleRow>) -> (Vec<String>, String) {
    let at = time("2026-11-23T10:00:00Z");
    let head = Head {
        account: "123456789012".parse().unwrap(),
        region: "us-east-1".to_owned(),
        function_regions: vec!["us-east-1".parse().unwrap()],
        refused_regions: Vec::new(),
        sweep: "sweep-1".to_owned(),
        started_at: at,
        finished_at: at,
        mode: Mode::Enforce,
        sweep_mode: Mode::Observe,
        service_control: guardrail::service_control::Standing::NotGiven,
    };
    let report = Report::new(head, &SweepSummary::default(), rows, &Earlier::None);
    (report.not_seen.clone(), String::from_utf8(report.csv().unwrap()).unwrap())
}

#[test]
fn the_report_says_of_when_it_is_what_is_not_known_and_what_must_not_be_concluded() {
    let report = [service("s3", Some(1), &[]), service("ec2", None, &[]), service("sqs", Some(50), &[])];
    let role = || role_with(json!(["s3:*", "ec2:*", "sqs:SendMessage"]));
    let known = row("orders", role(), Some(&of_report_at(3, &report)));
    let (sentences, table) = said(vec![known.clone(), row("mail", role(), None), row("web", role(), None)]);
    let says = |what: &str| sentences.iter().any(|sentence| sentence.contains(what));
    assert!(says("Which services 2 roles did not use is not known yet"), "{sentences:#?}");
    assert!(says("error paths, disaster recovery and yearly jobs"), "{sentences:#?}");
    assert!(says("reported on 2026-11-19 or later"), "{sentences:#?}");
    assert!(table.lines().any(|line| line.ends_with(",ec2,ec2; sqs,,2026-11-19T06:00:00Z")), "{table}");
    assert!(table.lines().any(|line| line.starts_with("mail,") && line.ends_with(",,,,")), "{table}");
    let (sentences, _) = said(vec![known]);
    assert!(!sentences.iter().any(|sentence| sentence.contains("not known yet")), "{sentences:#?}");
    let (sentences, _) = said(Vec::new());
    assert!(!sentences.iter().any(|sentence| sentence.contains("candidate")), "{sentences:#?}");
}

fn told_of(role: &RoleSnapshot, known: Option<&LastAccessed>) -> Finding {
    about(role, &record(), &trigger("AttachRolePolicy", Change::Rights), Mode::Enforce, |about| {
        AboutRole { last_accessed: known, ..*about }.told(Outcome::Reported, "so it is")
    })
}

#[test]
fn a_finding_about_too_wide_grants_names_what_could_go() {
    let report = [service("s3", Some(1), &[]), service("ec2", None, &[]), service("sqs", Some(90), &[])];
    let known = reported(&report);
    let role = role_with(json!(["s3:*", "ec2:*", "sqs:*"]));
    let finding = told_of(&role, Some(&known));
    let remedies: Vec<&str> = finding.breaches.iter().map(|breach| breach.remedy.as_str()).collect();
    let expected = "In the 90 days before 2026-11-22 the role did not use 2 of the 3 services that its policies allow (ec2, sqs), and \
                    used s3. What it did not use is a candidate for removal, if no error path, disaster recovery or yearly job needs it";
    assert_eq!(remedies.iter().filter(|remedy| remedy.contains(expected)).count(), 1, "{remedies:#?}");
    let before = told_of(&role, None);
    assert_eq!((&finding.id, finding.severity), (&before.id, before.severity));

    let narrow = role_with(json!(["s3:GetObject", "ec2:DescribeInstances"]));
    assert_eq!(told_of(&narrow, Some(&known)), told_of(&narrow, None), "nothing is granted too widely");
    let too_old = of_report_at(35, &report);
    let of_a_namesake = LastAccessed::of_report("AROAOTHER".parse().unwrap(), time(AS_OF), &report, None);
    let all_used = reported(&[service("s3", Some(1), &[]), service("ec2", Some(80), &[])]);
    for (why, known) in [("too old", too_old), ("a namesake's", of_a_namesake), ("all used", all_used)] {
        assert_eq!(told_of(&role, Some(&known)), before, "{why}");
    }
}

#[test]
fn an_administrator_learns_what_has_to_stay() {
    let names: Vec<String> = (100..500).map(|n| format!("service{n}")).collect();
    let mut report: Vec<ServiceUse> = names.iter().map(|name| service(name, None, &[])).collect();
    report.push(service("logs", Some(1), &[]));
    let finding = told_of(&role_with(json!("*")), Some(&reported(&report)));
    let remedy = &finding.breaches[0].remedy;
    assert!(
        remedy.contains(
            "did not use 400 of the 401 services that its policies allow (service100, service101, service102, service103, service104 \
             and 395 more), and used logs. What"
        ),
        "{remedy}"
    );
    let nothing = reported(&[service("s3", None, &[])]);
    let finding = told_of(&role_with(json!("s3:*")), Some(&nothing));
    let expected = "the role did not use s3, the one service that its policies allow";
    assert!(
        finding.breaches.iter().any(|breach| breach.remedy.contains(expected)),
        "{:#?}",
        finding.breaches
    );
}
