//! The README's tables, which people deploy by, against the template.

use guardrail::notice::NoticeKind;
use serde_json::Value;
use std::collections::BTreeMap;
use tests::template::Template;

/// The rows below the header that begins with `| first_heading |`, cell by cell, without the marks around code.
fn table(first_heading: &str) -> Vec<Vec<String>> {
    let path = tests::project_root().join("README.md");
    let text =
        std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("cannot read {}: {e}", path.display()));
    let header = format!("| {first_heading} |");
    let rows: Vec<Vec<String>> = text
        .lines()
        .skip_while(|line| !line.starts_with(&header))
        .take_while(|line| line.starts_with('|'))
        .skip(2)
        .map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect())
        .collect();
    assert!(!rows.is_empty(), "README.md has no table `{header}`");
    rows
}

/// What stands between the marks of `code`.
fn code(cell: &str) -> String {
    let inner = cell.strip_prefix('`').and_then(|rest| rest.strip_suffix('`'));
    inner.unwrap_or_else(|| panic!("README.md: `{cell}` should stand between back quotes")).to_owned()
}

#[test]
fn the_parameter_table_names_every_parameter_with_its_default_and_a_meaning() {
    let rows = table("Parameter");
    let told: BTreeMap<String, String> = rows
        .iter()
        .map(|row| {
            let [name, default, meaning] = row.as_slice() else {
                panic!("README.md: three cells, not {row:?}")
            };
            assert!(meaning.len() > 20, "README.md says nothing about {name}");
            let default = if default == "empty" { String::new() } else { code(default) };
            (code(name), default)
        })
        .collect();
    assert_eq!(told.len(), rows.len(), "README.md names a parameter twice");
    let template = Template::of_project();
    let parameters = template.section("Parameters").as_object().expect("parameters");
    let declared: BTreeMap<String, String> = parameters
        .iter()
        .map(|(name, parameter)| {
            let default = &parameter["Default"];
            (name.clone(), default.as_str().map_or_else(|| default.to_string(), str::to_owned))
        })
        .collect();
    assert_eq!(told, declared);
}

#[test]
fn the_outcome_table_names_every_outcome_of_the_schema_once() {
    let schema = std::fs::read_to_string(tests::project_root().join("docs/finding.schema.json"));
    let schema: Value = serde_json::from_str(&schema.expect("the schema")).expect("JSON");
    let words = schema["$defs"]["Outcome"]["oneOf"].as_array().expect("the outcomes").iter();
    let mut words: Vec<&str> = words.map(|outcome| outcome["const"].as_str().expect("a word")).collect();
    let rows = table("Outcome");
    let mut told: Vec<&str> =
        rows.iter().flat_map(|row| row[0].split(", ")).map(|cell| cell.trim_matches('`')).collect();
    words.sort_unstable();
    told.sort_unstable();
    assert_eq!(told, words);
}

#[test]
fn the_output_table_names_every_output() {
    let mut told: Vec<String> = table("Output").iter().map(|row| code(&row[0])).collect();
    told.sort();
    let template = Template::of_project();
    let mut declared: Vec<&String> =
        template.section("Outputs").as_object().expect("outputs").keys().collect();
    declared.sort();
    assert_eq!(told.iter().collect::<Vec<_>>(), declared);
}

#[test]
fn the_notice_table_says_what_each_notice_weighs() {
    let told: BTreeMap<String, String> = table("Severity")
        .iter()
        .flat_map(|row| row[1].split(", ").map(|what| (what.to_owned(), code(&row[0]))).collect::<Vec<_>>())
        .collect();
    let kinds = NoticeKind::ALL.map(|kind| (kind.in_words().to_owned(), kind.severity().to_string()));
    assert_eq!(told, BTreeMap::from(kinds));
}
