//! The outcomes that Ringfence produces, among the words of the contract.

use finding_schema::{COMMITTED, outcomes};
use guardrail::finding::Outcome;
use serde_json::{Value, json};

/// What rules of the template tell, without a function and its types: `tests/tests/template/self_tamper.rs`.
const BY_RULES: &str = "self-tamper";

/// Those that today's types know.
fn by_functions() -> impl Iterator<Item = &'static str> {
    outcomes().filter(|word| serde_json::from_value::<Outcome>(json!(word)).is_ok())
}

fn produced() -> impl Iterator<Item = &'static str> {
    by_functions().chain([BY_RULES])
}

#[test]
fn each_outcome_has_its_heading_in_the_runbook() {
    let runbook = include_str!("../../../../docs/operations.md");
    let headings: Vec<&str> = runbook.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    for word in by_functions() {
        let outcome: Outcome = serde_json::from_value(json!(word)).unwrap();
        assert!(outcome.runbook().ends_with(&format!("/docs/operations.md#{word}")), "{}", outcome.runbook());
        assert!(headings.contains(&word), "docs/operations.md has no heading `### {word}`");
    }
    assert!(headings.contains(&BY_RULES));
    assert_eq!(produced().count(), 20, "the outcomes of today");
}

#[test]
fn the_schema_says_which_outcomes_this_version_does_not_produce() {
    let schema: Value = serde_json::from_str(COMMITTED).unwrap();
    for word in schema["$defs"]["Outcome"]["oneOf"].as_array().unwrap() {
        let says_so = word["description"].as_str().unwrap().ends_with("Not produced by this version.");
        let is_produced = produced().any(|produced| word["const"] == produced);
        assert_ne!(says_so, is_produced, "{word}");
    }
}
