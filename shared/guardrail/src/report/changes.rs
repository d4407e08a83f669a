use super::row::{BoundaryStanding, Change, RoleRow};
use super::totals::{Totals, to_u64};
use crate::names::{RoleArn, RoleId};
use crate::severity::Severity;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is different from the report before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Changes {
    /// What it is compared with.
    pub since: Since,
    /// How many roles changed how. A role may count in several.
    pub counts: BTreeMap<Change, u64>,
    /// Roles of the report before that are not there any more.
    pub gone: Vec<RoleArn>,
}

/// What a report is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Since {
    /// It is the first one.
    FirstReport,
    /// The one before could not be read, or one of the two lacks rows: a comparison would tell what is not so.
    NotComparable,
    /// The sweep that began at this time.
    SweepOf(Timestamp),
}

/// The report before, as far as it could be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Earlier {
    /// There is none.
    None,
    /// There is one, and it cannot be read.
    Unreadable,
    /// There is one.
    Report(EarlierReport),
}

/// What of an earlier report's JSON is compared. The rest is passed over, so that thousands of roles take little memory.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct EarlierReport {
    sweep: String,
    started_at: Timestamp,
    totals: EarlierTotals,
    roles: Vec<EarlierRole>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
struct EarlierTotals {
    not_listed: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct EarlierRole {
    role: RoleArn,
    id: RoleId,
    now: Option<Severity>,
    standing: BoundaryStanding,
}

impl EarlierReport {
    /// Reads the JSON document of a report.
    ///
    /// # Errors
    /// Where it is none.
    pub fn from_json(json: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(json)
    }
}

impl Changes {
    /// Compares, and marks each row with what is different.
    pub(super) fn mark(rows: &mut [RoleRow], totals: &Totals, earlier: &Earlier) -> Self {
        let none = |since| Self { since, counts: BTreeMap::new(), gone: Vec::new() };
        let report = match earlier {
            Earlier::None => return none(Since::FirstReport),
            Earlier::Unreadable => return none(Since::NotComparable),
            Earlier::Report(report) if report.totals.not_listed > 0 || totals.not_listed > 0 => {
                return none(Since::NotComparable);
            }
            Earlier::Report(report) => report,
        };
        let mut before: BTreeMap<&RoleArn, &EarlierRole> =
            report.roles.iter().map(|role| (&role.role, role)).collect();
        let mut changes = none(Since::SweepOf(report.started_at));
        for row in rows {
            row.changes = match before.remove(&row.role) {
                Some(role) if role.id == row.id => differences(role, row),
                // A namesake that was made meanwhile is as new as any other.
                Some(_) | None => vec![Change::New],
            };
            for change in &row.changes {
                let count = changes.counts.entry(*change).or_default();
                *count = count.saturating_add(1);
            }
        }
        changes.gone = before.into_keys().cloned().collect();
        changes
    }

    /// How many roles changed so.
    #[must_use]
    pub fn count(&self, change: Change) -> u64 {
        self.counts.get(&change).copied().unwrap_or_default()
    }

    /// How many roles are not there any more.
    #[must_use]
    pub fn gone(&self) -> u64 {
        to_u64(self.gone.len())
    }
}

fn differences(before: &EarlierRole, row: &RoleRow) -> Vec<Change> {
    let is_true = [
        (Change::Worse, row.now > before.now),
        (Change::Better, row.now < before.now),
        (Change::Bounded, row.standing.counts() && !before.standing.counts()),
        (Change::BoundaryLost, !row.standing.counts() && before.standing.counts()),
    ];
    is_true.into_iter().filter_map(|(change, holds)| holds.then_some(change)).collect()
}
