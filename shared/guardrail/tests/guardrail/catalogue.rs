//! `docs/checks.md` is what the doc comments of the checks say. `RINGFENCE_BLESS=1 cargo test -p guardrail` writes it anew.

use guardrail::assess::severities;
use std::fmt::Write as _;
use std::path::Path;

/// The pages of the checks, in the order of their ids: the text of each file's doc comment.
fn pages() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/checks");
    let texts = std::fs::read_dir(folder).unwrap().map(|file| {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let lines = text.lines().map_while(|line| line.strip_prefix("//!"));
        lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n")
    });
    // Files that several checks share have no heading.
    let mut pages: Vec<String> = texts.filter(|text| text.starts_with("# `")).collect();
    pages.sort();
    pages
}

fn catalogue() -> String {
    let mut index = String::new();
    let mut body = String::new();
    let mut unseen: Vec<_> = severities().collect();
    for page in pages() {
        let (heading, rest) = page.split_once('\n').unwrap();
        let (id, line) = heading.strip_prefix("# `").unwrap().split_once("`: ").unwrap();
        for part in ["What it finds", "Why it matters", "Example", "Remedy", "Limits"] {
            assert!(rest.contains(&format!("\n## {part}\n")), "`{id}` does not say: {part}");
        }
        let place = unseen.iter().position(|(check, ..)| check.as_str() == id);
        assert!(place.is_some(), "`{id}` is no check");
        let (_, open, capped) = unseen.remove(place.unwrap());
        let open = open.iter().rev().map(|s| s.as_str()).collect::<Vec<_>>().join(" or ");
        let capped = capped.map_or("–", |severity| severity.as_str());
        writeln!(index, "| [`{id}`](#{id}) | {line} | {open} | {capped} |").unwrap();
        let rest = rest.replace("\n## ", "\n### ");
        writeln!(body, "\n<a id=\"{id}\"></a>\n## `{id}`: {line}\n{rest}").unwrap();
    }
    assert!(unseen.is_empty(), "no page for {unseen:?}");
    format!(
        "# Checks\n\n<!-- Made from the doc comments in shared/guardrail/src/checks by its test `catalogue`. -->\n\n\
         | check | what is true of the role | severity if possible now | only without the boundary |\n\
         |---|---|---|---|\n{index}{body}"
    )
}

#[test]
#[expect(clippy::disallowed_methods, reason = "whether to write is asked of whoever runs the test")]
fn the_catalogue_is_current() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/checks.md");
    let expected = catalogue();
    if std::env::var_os("RINGFENCE_BLESS").is_some() {
        std::fs::write(&file, &expected).unwrap();
    }
    let written = std::fs::read_to_string(&file).unwrap();
    assert!(written == expected, "docs/checks.md is not current: run with RINGFENCE_BLESS=1");
}
