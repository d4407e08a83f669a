//! A finding in Security Hub's format: what it says, and that it keeps the format's limits whatever is in the finding.

use crate::findings::about;
use crate::roles::*;
use guardrail::assess::Evidence;
use guardrail::check_id::CheckId;
use guardrail::finding::{
    Asff, BreachFacts, Enforcement, Finding, FindingId, FixLines, LARGEST_BATCH, LARGEST_FINDING,
    MOST_FINDINGS, Outcome, RecordState, batches,
};
use guardrail::record::Enforced;
use guardrail::settings::Mode;
use guardrail::severity::Severity;
use guardrail::snapshot::Boundary;
use guardrail::trigger::Change;
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

const NOW: &str = "2026-11-22T10:00:09Z";

fn bounded() -> Finding {
    let snapshot = snapshot(role(), Boundary::Absent, &[allow(json!("*"), json!("*"))]);
    let trigger = trigger("AttachRolePolicy", Change::Rights);
    about(&snapshot, &record(), &trigger, Mode::Enforce, |about| {
        about.enforced(&Enforcement {
            id: &FindingId::of_write(&snapshot.role.id, 1),
            outcome: Enforced::Bounded,
            reason: "the role is new and had no permissions boundary",
            before: None,
            contained_at: Some(time("2026-11-22T10:00:01.25Z")),
            repetition: None,
        })
    })
}

fn told(outcome: Outcome) -> Finding {
    let snapshot = snapshot(role(), Boundary::Absent, &[allow(json!("*"), json!("*"))]);
    let trigger = trigger("AttachRolePolicy", Change::Rights);
    about(&snapshot, &record(), &trigger, Mode::Observe, |about| about.told(outcome, "it is so"))
}

fn asff(finding: &Finding) -> Asff {
    finding.asff("aws", time(NOW))
}

#[test]
fn a_bounded_administrator() {
    insta::assert_json_snapshot!(asff(&bounded()));
}

#[test]
fn what_becomes_of_a_problem_is_the_same_finding_of_security_hub() {
    let (first, later) = (bounded(), told(Outcome::Contained));
    assert_ne!(first.id, later.id);
    assert_eq!(asff(&first).id, asff(&later).id);
    assert_eq!(asff(&later).product_fields["ringfence/finding"], later.id.as_str());
}

#[test]
fn what_is_resolved_is_archived_and_what_comes_back_is_active() {
    assert_eq!(asff(&told(Outcome::Resolved)).record_state, RecordState::Archived);
    for outcome in
        [Outcome::Contained, Outcome::Reported, Outcome::Failed, Outcome::Kept, Outcome::WouldBound]
    {
        assert_eq!(asff(&told(outcome)).record_state, RecordState::Active, "{outcome}");
    }
}

#[test]
fn an_update_bears_its_own_time_and_the_call_no_later_one() {
    let mut finding = bounded();
    for (called, observed) in [
        ("2026-11-22T09:00:00Z", "2026-11-22T09:00:00.000Z"),
        ("2026-11-22T11:00:00Z", "2026-11-22T10:00:09.000Z"),
    ] {
        finding.time = time(called);
        let asff = asff(&finding);
        assert_eq!(asff.last_observed_at, observed);
        assert_eq!(
            (asff.created_at.as_str(), asff.updated_at.as_str()),
            ("2026-11-22T10:00:09.000Z", "2026-11-22T10:00:09.000Z")
        );
    }
}

#[test]
fn nobody_elses_fields_are_written() {
    let written = serde_json::to_value(asff(&bounded())).unwrap();
    for field in [
        "Workflow",
        "Note",
        "UserDefinedFields",
        "VerificationState",
        "Compliance",
        "Severity",
        "Types",
        "Region",
    ] {
        assert_eq!(written.get(field), None, "{field}");
    }
}

#[test]
fn each_severity_has_its_word() {
    let mut finding = bounded();
    for (severity, label) in [
        (Severity::Info, "INFORMATIONAL"),
        (Severity::Low, "LOW"),
        (Severity::Medium, "MEDIUM"),
        (Severity::High, "HIGH"),
        (Severity::Critical, "CRITICAL"),
    ] {
        finding.severity = severity;
        let given = asff(&finding).finding_provider_fields.severity;
        assert_eq!((given.label, given.original), (label, severity.as_str()));
    }
}

#[test]
fn the_boundary_of_the_role_is_the_one_that_it_has() {
    let boundary = |finding: &Finding| {
        serde_json::to_value(asff(finding)).unwrap()["Resources"][0]["Details"]["AwsIamRole"]["PermissionsBoundary"].clone()
    };
    assert_eq!(boundary(&bounded())["PermissionsBoundaryArn"], json!(OURS));
    assert_eq!(boundary(&told(Outcome::WouldBound)), Value::Null, "it would have one");
}

#[test]
fn without_a_role_it_is_about_the_policy_or_the_account() {
    let mut finding = bounded();
    finding.role = None;
    let kind = |finding: &Finding| (asff(finding).resources[0].kind, asff(finding).resources[0].id.clone());
    assert_eq!(kind(&finding), ("AwsIamPolicy", OURS.to_owned()));
    finding.boundary.after = None;
    finding.functions.clear();
    assert_eq!(kind(&finding), ("AwsAccount", "AWS::::Account:123456789012".to_owned()));
}

#[test]
fn half_a_command_is_not_shown() {
    let mut finding = bounded();
    assert!(asff(&finding).product_fields.contains_key("ringfence/undo"));
    finding.undo = Some("x".repeat(2_049));
    assert!(!asff(&finding).product_fields.contains_key("ringfence/undo"));
}

#[test]
fn the_account_and_the_partition_own_the_product() {
    let arn = bounded().asff("aws-us-gov", time(NOW)).product_arn;
    assert_eq!(arn, "arn:aws-us-gov:securityhub:us-east-1:123456789012:product/123456789012/default");
}

/// A finding in which every text is `text`, as long as it may be, and every list as long as it may be.
fn stuffed(text: &str, breaches: usize, functions: usize, tags: usize) -> Finding {
    let mut finding = bounded();
    let some = || Some(text.to_owned());
    finding.title = text.to_owned();
    finding.summary = text.to_owned();
    finding.reason = text.to_owned();
    finding.problem = text.to_owned();
    finding.undo = some();
    finding.fix = Some(FixLines {
        sam: text.into(),
        cloudformation: text.into(),
        terraform: text.into(),
        cdk: text.into(),
    });
    finding.links.role = some();
    finding.links.runbook = some();
    finding.trigger.event = text.to_owned();
    finding.trigger.event_id = text.to_owned();
    finding.trigger.principal = some();
    finding.trigger.source_ip = some();
    finding.breaches = (0..breaches)
        .map(|_| BreachFacts {
            check: CheckId::ResourcePolicyPublic,
            severity: Severity::High,
            capped: true,
            summary: text.to_owned(),
            evidence: vec![Evidence { policy: text.into(), statement: text.into(), detail: text.into() }],
            remedy: text.to_owned(),
        })
        .collect();
    finding.functions = (0..functions)
        .map(|n| {
            format!("arn:aws:lambda:us-east-1:123456789012:function:{}{n}", "f".repeat(50)).parse().unwrap()
        })
        .collect();
    let role = finding.role.as_mut().unwrap();
    role.owner = some();
    role.path = text.to_owned();
    role.tags = (0..tags).map(|n| (format!("{n}{text}"), text.to_owned())).collect();
    finding
}

/// Every text that Security Hub limits, with its limit; the other texts of a finding have 512.
fn limit(name: &str, is_product_field: bool) -> usize {
    match name {
        _ if is_product_field => 2_048,
        "Title" | "Value" => 256,
        "Description" => 1_024,
        _ => 512,
    }
}

fn check_texts(value: &Value, name: &str, is_product_field: bool) -> Result<(), TestCaseError> {
    match value {
        Value::String(text) => {
            prop_assert!(!text.trim().is_empty(), "{name} is blank");
            prop_assert!(
                !text.contains(|c: char| c.is_control() || c == '\u{2028}'),
                "{name} has several lines"
            );
            let length = text.encode_utf16().count();
            prop_assert!(length <= limit(name, is_product_field), "{name} has {length}");
        }
        Value::Array(items) => {
            for item in items {
                check_texts(item, name, is_product_field)?;
            }
        }
        Value::Object(fields) => {
            for (field, value) in fields {
                let name = if name == "Tags" { "Value" } else { field };
                prop_assert!(field.encode_utf16().count() <= 128, "{field} is a long name");
                check_texts(value, name, is_product_field || field == "ProductFields")?;
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    Ok(())
}

fn check(finding: &Finding) -> Result<Asff, TestCaseError> {
    let asff = asff(finding);
    let written = serde_json::to_value(&asff).unwrap();
    check_texts(&written, "", false)?;
    prop_assert!((1..=32).contains(&asff.resources.len()));
    prop_assert!((1..=50).contains(&asff.finding_provider_fields.types.len()));
    prop_assert!(asff.product_fields.len() <= 50);
    prop_assert!(asff.resources.iter().all(|resource| resource.tags.len() <= 50));
    prop_assert!(serde_json::to_vec(&asff).unwrap().len() <= LARGEST_FINDING);
    Ok(asff)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_finding_keeps_the_limits(
        text in prop_oneof![
            "\\PC{0,60}",
            any::<String>(),
            "[\u{1}-\u{20}]{0,5}",
            (any::<char>(), 0_usize..3_000).prop_map(|(c, n)| c.to_string().repeat(n)),
        ],
        (breaches, functions, tags) in (0_usize..30, 0_usize..60, 0_usize..60),
    ) {
        check(&stuffed(&text, breaches, functions, tags))?;
    }
}

#[test]
fn the_largest_finding_is_far_below_what_security_hub_takes() {
    // Three bytes for one UTF-16 unit are the most; two for a quotation mark in JSON are less.
    for (c, room) in [("中", 2_048), ("\"", 2_048), ("😀", 1_024)] {
        check(&stuffed(&c.repeat(room), 27, 60, 60)).unwrap();
        check(&stuffed(&c.repeat(120), 27, 60, 60)).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn calls_keep_the_limits_and_every_problem_is_in_one(
        sizes in prop::collection::vec(0_usize..60, 0..260),
        problems in 1_usize..300,
    ) {
        let large = Asff { description: "中".repeat(30_000), ..asff(&bounded()) };
        let small = asff(&bounded());
        let findings: Vec<Asff> = sizes.iter().enumerate().map(|(index, size)| {
            let base = if *size < 30 { &small } else { &large };
            Asff { id: format!("ringfence/{}", index % problems), title: index.to_string(), ..base.clone() }
        }).collect();
        let batches = batches(findings.clone()).unwrap();
        for batch in &batches {
            prop_assert!((1..=MOST_FINDINGS).contains(&batch.len()));
            prop_assert!(serde_json::to_vec(batch).unwrap().len() <= LARGEST_BATCH);
        }
        // Of several with one id the last stands; the order is kept.
        let sent: Vec<&Asff> = batches.iter().flatten().collect();
        let expected: Vec<&Asff> = findings.iter().enumerate()
            .filter(|(index, finding)| !findings.iter().skip(index + 1).any(|later| later.id == finding.id))
            .map(|(_, finding)| finding)
            .collect();
        prop_assert_eq!(sent, expected);
    }
}

#[test]
fn a_call_is_full_by_number_and_by_size() {
    let with_id = |finding: &Asff, n: usize| Asff { id: n.to_string(), ..finding.clone() };
    let small = asff(&bounded());
    let sizes = |findings: Vec<Asff>| batches(findings).unwrap().iter().map(Vec::len).collect::<Vec<_>>();
    assert_eq!(sizes((0..250).map(|n| with_id(&small, n)).collect()), [100, 100, 50]);
    let large = asff(&stuffed(&"中".repeat(120), 3, 31, 50));
    let large = Asff {
        description: "中".repeat(20_000), // Longer than it can be: nothing that Ringfence writes fills a call by its size.
        ..large
    };
    let in_a_call = LARGEST_BATCH / (serde_json::to_vec(&large).unwrap().len() + 5);
    assert!(in_a_call < 100, "{in_a_call}");
    assert_eq!(sizes((0..=in_a_call).map(|n| with_id(&large, n)).collect()), [in_a_call, 1]);
    assert!(sizes(Vec::new()).is_empty());
}

#[test]
fn times_are_read_back() {
    assert_eq!(asff(&bounded()).updated_at.parse::<Timestamp>().unwrap(), time(NOW));
}
