//! Everything that crosses crates: what the tests need to read the template, the event patterns and the fixtures.
//!
//! Test code throughout. It panics where the project is broken, and says what is wrong.

pub mod alarms;
pub mod event_pattern;
pub mod fixtures;
pub mod input_transformer;
pub mod lab;
pub mod template;

use std::path::{Path, PathBuf};

/// The root of the project, where `template.yaml` lies.
#[must_use]
pub fn project_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the project").to_owned()
}

/// The first block of shell lines below a heading of the README.
#[must_use]
pub fn readme_shell(heading: &str) -> String {
    let path = project_root().join("README.md");
    let text =
        std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("cannot read {}: {e}", path.display()));
    let below = text.lines().skip_while(|line| *line != heading);
    let block: Vec<&str> =
        below.skip_while(|line| *line != "```sh").skip(1).take_while(|line| *line != "```").collect();
    assert!(!block.is_empty(), "README.md has no shell lines below `{heading}`");
    block.join("\n")
}

/// The README's blocks of JSON, in their order.
#[must_use]
pub fn readme_json() -> Vec<serde_json::Value> {
    let path = project_root().join("README.md");
    let text =
        std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("cannot read {}: {e}", path.display()));
    let blocks = text.split("\n```json\n").skip(1).map(|rest| rest.split("\n```").next().unwrap_or_default());
    blocks
        .map(|block| serde_json::from_str(block).unwrap_or_else(|e| panic!("README.md: {e}: {block}")))
        .collect()
}

/// The folders of `functions/`: the names of the Lambda functions.
#[must_use]
pub fn function_folders() -> Vec<String> {
    let functions = project_root().join("functions");
    let mut names: Vec<String> = std::fs::read_dir(&functions)
        .unwrap_or_else(|e| panic!("cannot list {}: {e}", functions.display()))
        .map(|entry| entry.expect("an entry can be read"))
        .filter(|entry| entry.path().join("Cargo.toml").is_file())
        .map(|entry| entry.file_name().into_string().expect("folder names are plain"))
        .collect();
    names.sort();
    names
}

/// The logical id that a function's folder has in the template: `on-role-change` is `OnRoleChange`.
#[must_use]
pub fn logical_id(folder: &str) -> String {
    folder
        .split('-')
        .map(|word| {
            let (first, rest) = word.split_at(1);
            first.to_uppercase() + rest
        })
        .collect()
}
