//! On a schedule: what events missed. Every role of the account, whether Ringfence's own rules are in place, and what operators
//! changed while no event came by.

use std::collections::BTreeSet;

/// The actions that this function's calls need.
#[must_use]
pub fn actions() -> BTreeSet<&'static str> {
    account::actions::to_sweep()
}
