//! The event fixtures: `events/<function>/*.json`, and those a function has nothing to do with in `ignored/`.

use crate::project_root;
use serde_json::Value;
use std::path::Path;

/// One event and where it came from.
#[derive(Debug, Clone)]
pub struct Fixture {
    /// File name without `.json`; it says what is special about the event.
    pub name: String,
    /// The event as Lambda would be given it.
    pub event: Value,
}

/// The events that a function is there for.
#[must_use]
pub fn handled(function: &str) -> Vec<Fixture> {
    read(&project_root().join("events").join(function))
}

/// The events that must not reach a function, or that it must refuse.
#[must_use]
pub fn ignored(function: &str) -> Vec<Fixture> {
    read(&project_root().join("events").join(function).join("ignored"))
}

fn read(folder: &Path) -> Vec<Fixture> {
    let entries =
        std::fs::read_dir(folder).unwrap_or_else(|e| panic!("no fixtures in {}: {e}", folder.display()));
    let mut fixtures: Vec<Fixture> = entries
        .map(|entry| entry.expect("an entry can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("a fixture can be read");
            let event =
                serde_json::from_str(&text).unwrap_or_else(|e| panic!("{} is not JSON: {e}", path.display()));
            let name =
                path.file_stem().and_then(|stem| stem.to_str()).expect("file names are plain").to_owned();
            Fixture { name, event }
        })
        .collect();
    fixtures.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(!fixtures.is_empty(), "no fixtures in {}", folder.display());
    fixtures
}
