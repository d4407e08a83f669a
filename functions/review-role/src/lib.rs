//! Roles that wait in the review queue: second looks, roles whose policy changed, and what other tools ask for.

use std::collections::BTreeSet;

/// The IAM actions that this function's calls need.
#[must_use]
pub fn actions() -> BTreeSet<&'static str> {
    account::actions::to_review()
}
