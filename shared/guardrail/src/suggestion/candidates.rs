use crate::names::{FunctionArn, RoleArn, RoleId};
use crate::report::RoleRow;
use crate::settings::Settings;
use crate::severity::Severity;
use crate::sweep::{RoleLine, WorstRoles};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// How many roles the sweep names: as many as its summary does.
pub const MOST_CANDIDATES: usize = crate::sweep::MOST_WORST;

/// A role that a smaller policy would do good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// The role.
    pub role: RoleArn,
    /// Its unique id: what came of a namesake counts for nothing.
    pub id: RoleId,
    /// Functions that have it, as many as the report names. A session of a function is named after it.
    #[serde(default)]
    pub functions: Vec<FunctionArn>,
    /// Whether there are others.
    #[serde(default)]
    pub others: OtherFunctions,
}

/// Functions with the role beside those that are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OtherFunctions {
    /// So many.
    Some(usize),
    /// It is not known: no sweep looked.
    #[default]
    Unknown,
    /// There were none when the sweep looked.
    None,
}

/// The worst roles of the account as a sweep left them, worst first. They are the ledger's item `suggestion`/`candidates`, far below
/// its 400 KB.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidates {
    /// When the sweep that saw them was done.
    pub as_of: Timestamp,
    /// At most [`MOST_CANDIDATES`].
    pub roles: Vec<Candidate>,
}

impl Candidates {
    /// Of the worst roles of a sweep, as far as their policies have a breach of LOW or higher, boundary or not. Exempt
    /// roles are among them, because a proposal changes nothing. Ringfence's own roles are not: their policies are the template's.
    #[must_use]
    pub fn of_sweep(worst: &WorstRoles, rows: &[RoleRow], settings: &Settings, as_of: Timestamp) -> Self {
        let rows: HashMap<&RoleArn, &RoleRow> = rows.iter().map(|row| (&row.role, row)).collect();
        // A check about the boundary or the trust says nothing without the boundary, and no policy mends it.
        let is_bad = |line: &&RoleLine| line.without_boundary >= Some(Severity::Low);
        let others = worst.roles().iter().filter(|line| !settings.own_roles.contains(&line.role));
        let others = others.filter(is_bad);
        let candidate = |row: &RoleRow| Candidate {
            role: row.role.clone(),
            id: row.id.clone(),
            functions: row.function_names.clone(),
            others: match row.functions.saturating_sub(row.function_names.len()) {
                0 => OtherFunctions::None,
                others => OtherFunctions::Some(others),
            },
        };
        let roles = others.filter_map(|line| rows.get(&line.role)).map(|row| candidate(row));
        Self { as_of, roles: roles.take(MOST_CANDIDATES).collect() }
    }
}
