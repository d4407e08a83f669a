//! On a schedule, over days: for the worst roles, a smaller policy that they could do with.

use std::collections::BTreeSet;

/// The actions that this function's calls need.
#[must_use]
pub fn actions() -> BTreeSet<&'static str> {
    account::actions::to_suggest()
}
