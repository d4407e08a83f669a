//! Takes Ringfence's last write to a role back, at the request of an operator.

use std::collections::BTreeSet;

/// The IAM actions that this function's calls need.
#[must_use]
pub fn actions() -> BTreeSet<&'static str> {
    account::actions::to_undo()
}
