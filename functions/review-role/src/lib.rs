//! Roles that wait in the review queue: second looks now, later fan-outs, sweeps and other tools' findings.

use std::collections::BTreeSet;

/// The IAM actions that this function's calls need.
#[must_use]
pub fn actions() -> BTreeSet<&'static str> {
    account::actions::to_respond()
}
