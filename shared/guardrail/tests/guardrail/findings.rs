//! What is told: the finding's JSON, the e-mail's text, the message.

use crate::decisions::exemption;
use crate::roles::*;
use guardrail::assess::Assessment;
use guardrail::exemption::Exemption;
use guardrail::finding::{AboutRole, ActionUse, Enforcement, Finding, FindingId, Outcome, ServiceUse};
use guardrail::record::{Enforced, RoleRecord};
use guardrail::settings::Mode;
use guardrail::severity::Severity;
use guardrail::snapshot::{Boundary, RoleSnapshot};
use guardrail::trigger::{Change, Trigger};
use serde_json::{Value, json};

/// Runs `tell` with all that a finding is made from.
fn tell(
    snapshot: &RoleSnapshot,
    trigger: &Trigger,
    mode: Mode,
    tell: impl FnOnce(&AboutRole<'_>) -> Finding,
) -> Finding {
    let finding = about(snapshot, &record(), trigger, mode, tell);
    finding_schema::assert_valid(&serde_json::to_value(&finding).unwrap());
    finding
}

/// The same with what the ledger knows of the role.
pub(crate) fn about<T>(
    snapshot: &RoleSnapshot,
    record: &RoleRecord,
    trigger: &Trigger,
    mode: Mode,
    tell: impl FnOnce(&AboutRole<'_>) -> T,
) -> T {
    tell(&AboutRole {
        snapshot,
        assessment: &Assessment::of(snapshot),
        trigger,
        settings: &settings(),
        mode,
        record,
        ours: &ours(),
        exemption: None,
        region: "us-east-1",
        now: time("2026-11-22T10:00:05Z"),
        ledger_table: "ringfence-LedgerTable-1A2B3C4D5E6F7",
        last_accessed: None,
    })
}

fn enforced(snapshot: &RoleSnapshot, outcome: Enforced) -> Finding {
    tell(snapshot, &trigger("AttachRolePolicy", Change::Rights), Mode::Enforce, |about| {
        about.enforced(&Enforcement {
            id: &FindingId::of_write(&snapshot.role.id, 1),
            outcome,
            reason: match outcome {
                Enforced::Bounded => "the role is new and had no permissions boundary",
                Enforced::Restored => {
                    "Ringfence's ledger says that this role had its boundary, and now it has none"
                }
                Enforced::Replaced => "the role had a boundary that caps nothing",
            },
            before: None,
            contained_at: Some(time("2026-11-22T10:00:01.25Z")),
            repetition: None,
        })
    })
}

fn admin_role() -> RoleSnapshot {
    snapshot(role(), Boundary::Absent, &[allow(json!("*"), json!("*"))])
}

pub(crate) fn email(finding: &Finding) -> String {
    let body: Value = serde_json::from_str(&finding.message().unwrap().body).unwrap();
    body["email"].as_str().unwrap().to_owned()
}

#[test]
fn the_json_of_a_bounded_administrator() {
    insta::assert_json_snapshot!(enforced(&admin_role(), Enforced::Bounded));
}

/// An administrator that was used two days before.
/// CloudTrail shows an event where its call was made, Ringfence's ledger is where Ringfence runs.
#[test]
fn the_event_of_a_function_is_looked_up_in_the_functions_region_and_undone_at_home() {
    let snapshot = admin_role();
    for (change, region) in [
        (Change::Rights, "us-east-1"),
        (
            Change::GivenTo("arn:aws:lambda:us-east-1:123456789012:function:orders".parse().unwrap()),
            "us-east-1",
        ),
        (
            Change::GivenTo("arn:aws:lambda:eu-west-1:123456789012:function:orders".parse().unwrap()),
            "eu-west-1",
        ),
        (
            Change::NothingOf("arn:aws:lambda:ap-southeast-2:123456789012:function:o".parse().unwrap()),
            "ap-southeast-2",
        ),
    ] {
        let finding = tell(&snapshot, &trigger("CreateFunction", change), Mode::Enforce, |about| {
            about.enforced(&Enforcement {
                id: &FindingId::of_write(&snapshot.role.id, 1),
                outcome: Enforced::Bounded,
                reason: "the role is new and had no permissions boundary",
                before: None,
                contained_at: None,
                repetition: None,
            })
        });
        let link = finding.links.event.unwrap();
        assert!(link.starts_with(&format!("https://{region}.console.aws.amazon.com/")), "{link}");
        assert!(link.contains(&format!("?region={region}#")), "{link}");
        assert_eq!(finding.region, "us-east-1");
        assert!(finding.undo.unwrap().contains("--region us-east-1"));
    }
}

fn used_admin_role() -> RoleSnapshot {
    let mut used = admin_role();
    used.role.last_used = Some(time("2026-11-20T08:00:00Z"));
    used
}

fn uses() -> [ServiceUse; 2] {
    let attach = ActionUse {
        action: "iam:AttachRolePolicy".parse().unwrap(),
        last: Some(time("2026-11-20T08:00:00Z")),
    };
    let last = |at: &str| Some(time(at));
    [
        ServiceUse { namespace: "iam".into(), last: last("2026-11-20T08:00:00Z"), tracked: vec![attach] },
        ServiceUse { namespace: "s3".into(), last: last("2026-11-21T08:00:00Z"), tracked: Vec::new() },
    ]
}

#[test]
fn what_was_used_and_goes_is_named() {
    let mut finding = enforced(&used_admin_role(), Enforced::Bounded);
    let (id, severity) = (finding.id.clone(), finding.severity);
    finding.tell_recent_use(&uses());
    assert_eq!(
        finding.impact.as_ref().unwrap().used_recently,
        ["iam:AttachRolePolicy (2026-11-20)"],
        "s3 stays allowed"
    );
    assert_eq!((&finding.id, finding.severity), (&id, severity));
}

#[test]
fn the_email_says_that_it_is_not_known_what_was_used() {
    let mut finding = enforced(&used_admin_role(), Enforced::Bounded);
    finding.tell_recent_use_unknown("IAM had not finished its report in time");
    let doubt = "what was used recently is not known: IAM had not finished its report in time";
    assert_eq!(finding.doubts, [doubt]);
    assert!(email(&finding).contains(doubt));
}

#[test]
fn recent_use_matters_where_something_goes_from_a_role_that_was_used() {
    let used = used_admin_role();
    let role = &used.role.arn;
    assert_eq!(enforced(&used, Enforced::Bounded).wants_recent_use(), Some(role));
    assert_eq!(enforced(&admin_role(), Enforced::Bounded).wants_recent_use(), None, "never used");
    let told = |outcome| {
        tell(&used, &trigger("AttachRolePolicy", Change::Rights), Mode::Enforce, |about| {
            about.told(outcome, "it is so")
        })
    };
    assert_eq!(told(Outcome::WouldBound).wants_recent_use(), Some(role));
    assert_eq!(told(Outcome::Reported).wants_recent_use(), None, "nothing goes");
    let harmless = snapshot(used.role.clone(), Boundary::Absent, &[allow(json!("s3:GetObject"), json!("*"))]);
    assert_eq!(enforced(&harmless, Enforced::Bounded).wants_recent_use(), None, "nothing goes");
    let mut long_ago = used.clone();
    long_ago.role.last_used = Some(time("2026-08-20T08:00:00Z"));
    assert_eq!(enforced(&long_ago, Enforced::Bounded).wants_recent_use(), None, "used long ago");
}

#[test]
fn severities_of_outcomes() {
    let bare = snapshot(role(), Boundary::Absent, &[]);
    assert_eq!(enforced(&bare, Enforced::Bounded).severity.as_str(), "LOW");
    assert_eq!(enforced(&bare, Enforced::Restored).severity.as_str(), "HIGH", "at least");
    assert_eq!(enforced(&admin_role(), Enforced::Restored).severity.as_str(), "CRITICAL");
}

#[test]
fn a_cut_grant_that_was_named_is_told_with_its_name() {
    let named = [allow(json!("iam:PassRole"), json!("arn:aws:iam::123456789012:role/batch-worker"))];
    let finding = enforced(&snapshot(role(), Boundary::Absent, &named), Enforced::Bounded);
    assert_eq!(finding.severity.as_str(), "MEDIUM", "somebody wanted that");
    assert!(
        finding.summary.contains("iam:PassRole on arn:aws:iam::123456789012:role/batch-worker"),
        "{}",
        finding.summary
    );

    let kept = [allow(json!("s3:GetObject"), json!("arn:aws:s3:::orders/prices.json"))];
    assert_eq!(
        enforced(&snapshot(role(), Boundary::Absent, &kept), Enforced::Bounded).severity.as_str(),
        "LOW"
    );
}

#[test]
fn one_state_is_one_state_before_and_after_our_boundary() {
    let before = admin_role();
    let after = snapshot(with_boundary(role(), OURS), ours(), &[allow(json!("*"), json!("*"))]);
    let state = |snapshot: &RoleSnapshot| {
        let mut state = None;
        tell(snapshot, &trigger("AttachRolePolicy", Change::Rights), Mode::Enforce, |about| {
            state = Some(about.state(&ours()));
            about.told(Outcome::Contained, "")
        });
        state.unwrap()
    };
    assert_eq!(state(&before), state(&after), "`bounded` and `contained` of one state are one");
    assert_ne!(state(&after), state(&snapshot(with_boundary(role(), OURS), ours(), &[])));
}

#[test]
fn a_refusal_is_one_finding_whatever_words_aws_uses() {
    let refused = |message: &str| {
        tell(&admin_role(), &trigger("CreateRole", Change::Rights), Mode::Enforce, |about| {
            let id = FindingId::of_write(&role().id, 1);
            let intended = Enforcement {
                id: &id,
                outcome: Enforced::Bounded,
                reason: "",
                before: None,
                contained_at: None,
                repetition: None,
            };
            about.refused(&intended, "AccessDenied", message)
        })
    };
    assert_eq!(
        refused("User: session-1 is not authorized").id,
        refused("User: session-2 is not authorized").id
    );
    assert_eq!(refused("x").severity.as_str(), "CRITICAL", "as the intended outcome");
}

#[test]
fn the_message_keeps_the_limits_of_sns() {
    let many: Vec<Value> = (0..400).map(|i| allow(json!(format!("service{i}:*")), json!("*"))).collect();
    let mut role = snapshot(role(), Boundary::Absent, &many);
    role.role.arn = format!("arn:aws:iam::123456789012:role/{}", "r".repeat(64)).parse().unwrap();
    let finding = tell(&role, &trigger("UpdateAssumeRolePolicy", Change::Rights), Mode::Observe, |about| {
        about.told(Outcome::WouldRestore, "it would")
    });
    let message = finding.message().unwrap();
    assert!(message.subject.len() < 100, "{}", message.subject);
    assert!(message.subject.ends_with("(123456789012)"), "a long name does not push the account out");
    assert!(message.body.len() < 32 * 1024, "{} bytes", message.body.len());
    let names: Vec<_> = message.attributes.iter().map(|attribute| attribute.name).collect();
    assert_eq!(names, ["severity", "outcome", "account", "trigger", "mode"]);
    assert!(message.attributes.iter().all(|attribute| !attribute.value.is_empty()));
}

#[test]
fn a_finding_says_what_its_boundary_takes_away_and_what_of_it_was_wanted() {
    let named = "arn:aws:iam::123456789012:user/reports";
    let statements = [
        allow(json!("iam:CreateAccessKey"), json!(named)),
        allow(json!(["iam:*", "s3:GetObject"]), json!("*")),
        allow(json!("s3:PutObject"), json!("arn:aws:s3:::orders/*")),
    ];
    let finding = enforced(&snapshot(role(), Boundary::Absent, &statements), Enforced::Bounded);
    let removed = finding.impact.unwrap().removed;
    let wanted = &removed[0];
    assert_eq!((wanted.action.as_str(), wanted.narrow), ("iam:CreateAccessKey", true));
    assert_eq!(wanted.resources, [named]);
    assert!(removed.iter().any(|removed| removed.action == "iam:AttachRolePolicy" && removed.dangerous));
    assert!(!removed.iter().any(|removed| removed.action.starts_with("s3:")), "what stays is not listed");

    let told = tell(
        &snapshot(with_boundary(role(), OURS), ours(), &statements),
        &trigger("AttachRolePolicy", Change::Rights),
        Mode::Enforce,
        |about| about.told(Outcome::Contained, "the boundary holds"),
    );
    assert_eq!(told.impact, None, "nothing was changed");
}

#[test]
fn what_goes_beyond_an_exemption_is_told_at_its_full_severity() {
    let severity = |exemption: &Exemption, statements: &[Value]| {
        let snapshot = snapshot(role(), Boundary::Absent, statements);
        tell(&snapshot, &trigger("AttachRolePolicy", Change::Rights), Mode::Enforce, |about| {
            let about = AboutRole { exemption: Some(exemption), ..*about };
            about.told(Outcome::Exempt, "the role is exempt")
        })
        .severity
    };
    let wildcards = [allow(json!("s3:PutObject"), json!("*"))];
    let admin = [allow(json!("*"), json!("*"))];
    let documented =
        exemption(&["resource-wildcard", "boundary-missing", "trust-missing-source-account"], None);
    assert_eq!(severity(&documented, &wildcards), Severity::Low, "a wildcard that the team has documented");
    assert_eq!(severity(&documented, &admin), Severity::Critical, "and no more than that");
    assert_eq!(severity(&exemption(&[], None), &admin), Severity::Low, "all of it was accepted");
    assert_eq!(severity(&exemption(&[], Some("MEDIUM")), &admin), Severity::Critical);
    assert_eq!(severity(&exemption(&[], Some("MEDIUM")), &wildcards), Severity::Low);
}
