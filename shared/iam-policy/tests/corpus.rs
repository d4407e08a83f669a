//! The inputs that fuzzing found worth keeping, through the same checks as in the fuzz targets (`make fuzz`).

#![expect(clippy::panic, clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::path::Path;

#[path = "../fuzz/checks/lib.rs"]
#[expect(unreachable_pub, reason = "a crate of its own under `fuzz/`")]
mod checks;

/// Runs the check on every committed input of the target, and names the input that fails.
fn replay(target: &str, check: fn(&[u8])) {
    let inputs = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut seen = 0;
    for entry in inputs.read_dir().unwrap() {
        let input = entry.unwrap().path();
        let bytes = std::fs::read(&input).unwrap();
        if std::panic::catch_unwind(|| check(&bytes)).is_err() {
            panic!("fuzz input {} fails", input.display());
        }
        seen += 1;
    }
    assert!(seen >= 20, "{} has {seen} inputs, so that little is checked", inputs.display());
}

#[test]
fn parse() {
    replay("parse", checks::parse);
}

#[test]
fn evaluate() {
    replay("evaluate", checks::evaluate);
}

#[test]
fn compare() {
    replay("compare", checks::compare);
}

#[test]
fn trust() {
    replay("trust", checks::trust);
}

#[test]
fn catalogue() {
    replay("catalogue", checks::catalogue);
}
