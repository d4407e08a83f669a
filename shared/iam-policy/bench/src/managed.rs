//! The policies that AWS manages, from the cache.

use std::collections::BTreeMap;
use std::env;
use std::path::PathBuf;

use serde::Deserialize;

/// What to say where the policies are not there.
pub const MISSING: &str =
    "the policies that AWS manages are not in the cache (`make bench-policy` puts them there from PyPI)";

#[derive(Deserialize)]
struct Line {
    name: String,
    document: serde_json::Value,
}

/// The documents without white space, by name; none if they are not in the cache.
pub fn documents() -> Option<BTreeMap<String, String>> {
    let text = std::fs::read_to_string(file()).ok()?;
    let line = |line: &str| {
        let Line { name, document } = serde_json::from_str(line).expect("managed_policies.py writes JSON");
        (name, document.to_string())
    };
    Some(text.lines().map(line).collect())
}

fn file() -> PathBuf {
    let cache = env::var_os("RINGFENCE_CACHE").map_or(crate::project_file("../../../.cache"), PathBuf::from);
    cache.join("bench-data").join("managed-policies.jsonl")
}
