//! `docs/operations.md` has a heading for each alarm and each outcome, and for nothing else of the kind.

use std::collections::BTreeSet;
use tests::project_root;
use tests::template::Template;

/// The outcomes of the finding's schema, in its order.
const OUTCOMES: [&str; 20] = [
    "bounded",
    "restored",
    "replaced",
    "kept",
    "contained",
    "exempt",
    "reported",
    "failed",
    "resolved",
    "would-bound",
    "would-restore",
    "would-replace",
    "exposed",
    "denied",
    "suggested",
    "boundary-edited",
    "self-tamper",
    "undone",
    "summary",
    "notice",
];

/// The headings below a heading, with the text under each.
fn section(heading: &str) -> Vec<(String, String)> {
    let page = std::fs::read_to_string(project_root().join("docs/operations.md")).expect("the runbook");
    let page = page.split_once(&format!("\n## {heading}\n")).expect("the heading").1;
    let page = page.split_once("\n## ").map_or(page, |(section, _)| section);
    let parts = page.split("\n### ").skip(1);
    parts
        .map(|part| {
            let (name, text) = part.split_once('\n').expect("a text below the heading");
            (name.to_owned(), text.trim().to_owned())
        })
        .collect()
}

#[test]
fn each_alarm_has_a_heading_and_says_who_does_what() {
    let template = Template::of_project();
    let resources = template.section("Resources").as_object().expect("resources");
    let alarms: BTreeSet<String> = resources
        .values()
        .filter(|resource| resource["Type"] == "AWS::CloudWatch::Alarm")
        .map(|alarm| alarm["Properties"]["AlarmName"].as_str().expect("a name").to_owned())
        .collect();
    let told = section("Alarms");
    assert_eq!(told.iter().map(|(name, _)| name.clone()).collect::<BTreeSet<_>>(), alarms);
    for (name, text) in told {
        assert!(text.contains("**"), "{name} says nobody who acts");
    }
}

#[test]
fn each_outcome_has_a_heading_and_says_who_does_what() {
    let told = section("Outcomes");
    assert_eq!(
        told.iter().map(|(name, _)| name.as_str()).collect::<BTreeSet<_>>(),
        OUTCOMES.into_iter().collect()
    );
    assert_eq!(told.len(), OUTCOMES.len(), "none twice");
    for (name, text) in told {
        assert!(text.contains("**"), "{name} says nobody who acts");
    }
}
