//! The posture report: what a sweep saw of each execution role, worst first, and what changed since the report before. Pure: rows
//! come from [`crate::sweep::Sweep::role`], the report before as the JSON that was written then, and a page, a table and a JSON
//! document go out. What the JSON holds is told in `docs/report.md`.

mod changes;
mod csv;
mod html;
mod last_accessed;
mod place;
mod row;
mod texts;
mod totals;
mod unseen;

pub use changes::{Changes, Earlier, EarlierReport, Since};
pub use last_accessed::{
    LastAccessedRow, MOST_ASKED, MOST_SERVICES, UnusedForRow, UnusedRow, UnusedServiceRow, to_ask_about,
};
pub use place::{LATEST, Latest, ReportKeys, part_key};
pub use row::{
    AboutRow, BoundaryStanding, BreachRow, Change, EvidenceRow, ExemptionRow, MOST_EVIDENCE, MOST_FUNCTIONS,
    RoleRow, ToldRow,
};
pub use texts::{Text, Texts};
pub use totals::Totals;

use crate::names::{AccountId, Region};
use crate::service_control::Standing;
use crate::settings::Mode;
use crate::sweep::SweepSummary;
use jiff::Timestamp;
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The name and version of the JSON document. A field may be added within `/1`; none changes its meaning or goes.
pub const SCHEMA: &str = "ringfence.report/1";

/// What the report tells about itself and the sweep that made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Head {
    /// The account that was swept.
    pub account: AccountId,
    /// The Region that Ringfence runs in.
    pub region: String,
    /// The Regions whose functions were listed.
    pub function_regions: Vec<Region>,
    /// Enabled Regions whose functions a policy of the organization hides.
    pub refused_regions: Vec<Region>,
    /// The sweep's id.
    pub sweep: String,
    /// When its first invocation began.
    pub started_at: Timestamp,
    /// When the report was put together.
    pub finished_at: Timestamp,
    /// The mode in force.
    pub mode: Mode,
    /// What became of existing roles.
    pub sweep_mode: Mode,
    /// Whether the organization's service control policies are counted in what roles can do.
    pub service_control: Standing,
}

/// A whole report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The version of Ringfence that made it.
    pub version: &'static str,
    /// Of the sweep.
    #[serde(flatten)]
    pub head: Head,
    /// How many of what.
    pub totals: Totals,
    /// What is different from the report before.
    pub changes: Changes,
    /// What this report does not see, each in a sentence or two.
    pub not_seen: Vec<String>,
    /// Every execution role that was judged, worst first.
    pub roles: Vec<RoleRow>,
}

/// A format could not be written. No content makes that happen.
#[derive(Debug, thiserror::Error)]
pub enum Unwritable {
    /// The page.
    #[error("the report's page cannot be rendered")]
    Page(#[from] askama::Error),
    /// The table.
    #[error("the report's table cannot be written")]
    Table(#[from] ::csv::Error),
    /// The document.
    #[error("the report cannot be written as JSON")]
    Document(#[from] serde_json::Error),
}

impl Report {
    /// Puts the report together. `rows` may hold a role twice, where a sweep had to read a page again: the later one counts.
    #[must_use]
    pub fn new(head: Head, summary: &SweepSummary, rows: Vec<RoleRow>, earlier: &Earlier) -> Self {
        let by_role: BTreeMap<_, _> = rows.into_iter().map(|row| (row.role.clone(), row)).collect();
        let mut roles: Vec<RoleRow> = by_role.into_values().collect();
        // Those of a report whose summary could not be told were compared before.
        roles.iter_mut().for_each(|row| row.changes.clear());
        let totals = Totals::of(summary, &roles);
        let changes = Changes::mark(&mut roles, &totals, earlier);
        roles.sort_by(|a, b| rank(a).cmp(&rank(b)));
        let not_seen = unseen::sentences(&head, &totals);
        Self { schema: SCHEMA, version: env!("CARGO_PKG_VERSION"), head, totals, changes, not_seen, roles }
    }

    /// The document for programs.
    ///
    /// # Errors
    /// None of its content makes that happen.
    pub fn json(&self) -> Result<String, Unwritable> {
        Ok(serde_json::to_string(self)?)
    }

    /// The table for spreadsheets.
    ///
    /// # Errors
    /// None of its content makes that happen.
    pub fn csv(&self) -> Result<Vec<u8>, Unwritable> {
        csv::table(&self.roles)
    }

    /// The page for people: one file that asks for nothing else.
    ///
    /// # Errors
    /// None of its content makes that happen.
    pub fn html(&self) -> Result<String, Unwritable> {
        html::page(self)
    }
}

/// Smaller is worse: what is possible now, then what only the boundary prevents, then how many functions are concerned.
fn rank(row: &RoleRow) -> impl Ord + '_ {
    (Reverse(row.now), Reverse(row.without_boundary), Reverse(row.functions), &row.role)
}

/// `2026-11-23 10:00 UTC`.
pub(crate) fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// With a comma between thousands.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// The Regions in a sentence.
fn named(regions: &[Region]) -> String {
    regions.iter().map(Region::as_str).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_are_grouped() {
        let numbers = [0, 12, 999, 1_000, 20_000, 1_234_567].map(grouped);
        assert_eq!(numbers, ["0", "12", "999", "1,000", "20,000", "1,234,567"]);
    }
}
