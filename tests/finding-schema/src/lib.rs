//! Holds findings against `docs/finding.schema.json`, the schema that subscribers go by. Whatever reads a finding in a test calls
//! [`assert_valid`], so that no finding can leave the schema unseen.

use serde_json::Value;
use std::sync::LazyLock;

/// The committed schema.
pub const COMMITTED: &str = include_str!("../../../docs/finding.schema.json");

static VALIDATOR: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
    let schema: Value = serde_json::from_str(COMMITTED).expect("docs/finding.schema.json is JSON");
    // Formats are annotations in draft 2020-12 unless somebody asks.
    jsonschema::draft202012::options()
        .should_validate_formats(true)
        .build(&schema)
        .expect("docs/finding.schema.json is a JSON Schema")
});

/// What is wrong with a finding, each with the place; nothing where it is valid.
#[must_use]
pub fn complaints(finding: &Value) -> Vec<String> {
    VALIDATOR.iter_errors(finding).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// # Panics
/// Where the finding is not valid.
pub fn assert_valid(finding: &Value) {
    let complaints = complaints(finding);
    assert!(
        complaints.is_empty(),
        "docs/finding.schema.json does not allow this finding:\n{}\n{finding:#}",
        complaints.join("\n")
    );
}

/// The words of the contract for `outcome`, those of later versions too.
///
/// # Panics
/// Where the committed schema has no such list.
pub fn outcomes() -> impl Iterator<Item = &'static str> {
    static SCHEMA: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(COMMITTED).expect("JSON"));
    let words = SCHEMA["$defs"]["Outcome"]["oneOf"].as_array().expect("a list of outcomes");
    words.iter().map(|word| word["const"].as_str().expect("a word"))
}
