//! The architecture that crate boundaries alone do not hold.

use serde_json::Value;
use std::process::Command;
use tests::project_root;

/// The crates that must stay free of AWS, of I/O and of the clock.
const PURE: [&str; 2] = ["guardrail", "iam-policy"];

/// What would end that.
const FORBIDDEN: [&str; 6] = ["aws", "lambda_runtime", "tokio", "rand", "uuid", "chrono"];

#[test]
fn pure_crates_depend_on_nothing_that_talks_to_the_world() {
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--locked"])
        .current_dir(project_root())
        .output()
        .expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&metadata.stdout).expect("cargo metadata is JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    for pure in PURE {
        let package = packages
            .iter()
            .find(|package| package["name"] == pure)
            .unwrap_or_else(|| panic!("no crate {pure}"));
        let normal =
            package["dependencies"].as_array().expect("dependencies").iter().filter(|d| d["kind"].is_null());
        let names: Vec<&str> = normal.filter_map(|dependency| dependency["name"].as_str()).collect();
        assert!(!names.is_empty(), "{pure} has dependencies to look at");
        for name in names {
            let forbidden = FORBIDDEN.iter().any(|f| {
                name == *f || name.starts_with(&format!("{f}-")) || name.starts_with(&format!("{f}_"))
            });
            assert!(!forbidden, "{pure} must not depend on {name}");
        }
    }
}
