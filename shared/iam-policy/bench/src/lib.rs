//! What the benches of the policy engine share: their input, the engines side by side, and the table.
//!
//! `benches/speed` measures time, `benches/memory.rs` memory; `examples/check_shares.rs` tells what the checks find in
//! the policies that AWS manages. The input is in `data/`, in the cases of `../tests/cases`,
//! and in the policies that AWS manages, which `managed_policies.py` puts into the cache.

pub mod assessed;
pub mod engines;
pub mod managed;
pub mod report;
pub mod role;
pub mod vectors;

use std::path::{Path, PathBuf};

/// A file of the project, by its path from this crate.
pub fn project_file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The text of a file of the project. A bench without its input fails.
pub fn read(path: &str) -> String {
    let file = project_file(path);
    std::fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("`{}` cannot be read: {error}", file.display()))
}

/// The lines of a list, but for its comments.
pub fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}
