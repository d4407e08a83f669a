//! Within `/1` a field may be added; none goes or changes its meaning. Held twice: findings as they were told once stay valid, and
//! nothing that the schema of record promises is gone from today's.
//!
//! `baseline.json` is the schema as it was first published. It is never written anew; when a field has been added and released, it may be
//! added there by hand, so that it cannot go again.

use finding_schema::{COMMITTED, complaints};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

const BASELINE: &str = include_str!("../../baseline.json");

/// Words for people: they may change.
const FOR_PEOPLE: [&str; 5] = ["title", "description", "examples", "$id", "$schema"];

/// What was made wider on purpose. Findings as they were told stay valid; who holds new ones against an old copy of the schema needs
/// today's.
const WIDENED: [&str; 1] = [
    // The rules that tell `self-tamper` cannot compute, so the id of the event stands in that of the finding.
    "/$defs/FindingId/pattern was",
];

/// What `today` no longer promises of what `baseline` did, each with its place.
fn lost(baseline: &Value, today: &Value, at: &str) -> Vec<String> {
    match (baseline, today) {
        (Value::Object(baseline), Value::Object(today)) => baseline
            .iter()
            .filter(|(keyword, _)| at.ends_with("/properties") || !FOR_PEOPLE.contains(&keyword.as_str()))
            .flat_map(|(keyword, value)| {
                let at = format!("{at}/{keyword}");
                today.get(keyword).map_or_else(|| vec![format!("{at} is gone")], |now| lost(value, now, &at))
            })
            .collect(),
        // `required`, `type`, `enum`, `oneOf`: the order says nothing, and there may be more.
        (Value::Array(baseline), Value::Array(today)) => baseline
            .iter()
            .filter(|value| !today.iter().any(|now| lost(value, now, at).is_empty()))
            .map(|value| format!("{at} has no {value} any more"))
            .collect(),
        (baseline, today) if baseline == today => Vec::new(),
        (baseline, today) => vec![format!("{at} was {baseline} and is {today}")],
    }
}

fn baseline() -> Value {
    serde_json::from_str(BASELINE).unwrap()
}

#[test]
fn nothing_that_was_promised_is_gone() {
    let mut lost = lost(&baseline(), &serde_json::from_str(COMMITTED).unwrap(), "");
    lost.retain(|one| !WIDENED.iter().any(|widened| one.starts_with(widened)));
    assert!(lost.is_empty(), "{}", lost.join("\n"));
}

#[test]
fn a_field_that_goes_or_changes_is_seen_and_one_that_comes_is_none() {
    let changed = |change: fn(&mut Value)| {
        let mut today = baseline();
        change(&mut today);
        lost(&baseline(), &today, "")
    };
    let none: [String; 0] = [];
    assert_eq!(changed(|today| today["properties"]["more"] = "new".into()), none);
    assert_eq!(changed(|today| today["properties"]["role"]["description"] = "other words".into()), none);
    for (breaks, why) in [
        (
            changed(|today| drop(today["properties"].as_object_mut().unwrap().remove("undo"))),
            "/properties/undo is gone",
        ),
        (
            changed(|today| drop(today["properties"].as_object_mut().unwrap().remove("title"))),
            "/properties/title is gone",
        ),
        (
            changed(|today| today["properties"]["reason"]["type"] = "array".into()),
            "/properties/reason/type was \"string\" and is \"array\"",
        ),
        (
            changed(|today| drop(today["required"].as_array_mut().unwrap().remove(0))),
            "/required has no \"schema\" any more",
        ),
        (
            changed(|today| drop(today["$defs"]["Via"]["enum"].as_array_mut().unwrap().remove(0))),
            "/$defs/Via/enum has no \"cloudformation\" any more",
        ),
    ] {
        assert_eq!(breaks, [why]);
    }
    let word = changed(|today| drop(today["$defs"]["Outcome"]["oneOf"].as_array_mut().unwrap().remove(0)));
    assert!(word[0].starts_with("/$defs/Outcome/oneOf has no") && word[0].contains("bounded"), "{word:?}");
}

#[test]
fn findings_as_they_were_told_stay_valid() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let mut outcomes = BTreeSet::new();
    for entry in std::fs::read_dir(samples).unwrap() {
        let path = entry.unwrap().path();
        let finding: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(complaints(&finding), [""; 0], "{}", path.display());
        outcomes.insert(finding["outcome"].as_str().unwrap().to_owned());
    }
    let words = finding_schema::outcomes().map(str::to_owned).collect();
    assert_eq!(outcomes, words, "there is a sample of each outcome");
}
