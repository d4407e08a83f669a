//! `docs/finding.schema.json` is what the types of a finding say. `RINGFENCE_BLESS=1 cargo nextest run -p finding-schema` writes it anew.

use finding_schema::COMMITTED;
use guardrail::finding::json_schema;

#[test]
fn the_committed_schema_is_that_of_the_types() {
    let expected = format!("{:#}\n", json_schema().as_value());
    if std::env::var_os("RINGFENCE_BLESS").is_some() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/finding.schema.json");
        return std::fs::write(page, expected).expect("the schema can be written");
    }
    assert!(COMMITTED == expected, "docs/finding.schema.json is not current: run with RINGFENCE_BLESS=1");
}
