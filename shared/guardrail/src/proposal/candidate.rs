use super::granted::Granted;
use super::{History, Keep};
use iam_policy::ActionName;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

/// An action that AWS refused to the role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Candidate {
    /// The action.
    pub action: String,
    /// How often, as far as the records were read.
    pub times: u64,
    /// When last; `null` where no record tells.
    pub last: Option<Timestamp>,
    /// What the calls were about, in AWS's words; some of them.
    pub resources: Vec<String>,
    /// What the role's policies say of the action.
    pub standing: Standing,
}

/// Whether the role's own policies allow an action somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Standing {
    /// They do, and the proposal does: a boundary, a service control policy, a condition or the resource refused it.
    Kept,
    /// They do, and the proposal does not.
    Goes,
    /// They do not.
    NotGranted,
}

pub(super) fn of(
    history: &History,
    granted: &Granted<'_>,
    kept: &BTreeMap<ActionName, Keep>,
) -> Vec<Candidate> {
    let standing = |action: &ActionName| match (kept.contains_key(action), granted.actions.contains(action)) {
        (true, _) => Standing::Kept,
        (false, true) => Standing::Goes,
        (false, false) => Standing::NotGranted,
    };
    let candidate = |(action, refused): (&ActionName, &super::history::Refused)| Candidate {
        action: action.as_str().to_owned(),
        times: refused.times,
        last: refused.last,
        resources: refused.resources.iter().cloned().collect(),
        standing: standing(action),
    };
    history.refused().map(candidate).collect()
}
