use super::summary::SweepSummary;
use crate::names::PolicyArn;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Where a sweep stands between two pages of roles, for the invocation that goes on with it. It holds no role but the worst and
/// stays far below the 400 KB of an item.
///
/// Functions and managed policies are not in it: whoever resumes reads them again, which takes fewer calls than the roles do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The sweep's id, the same over all its invocations.
    pub sweep: String,
    /// When its first invocation began.
    pub started_at: Timestamp,
    /// What comes next.
    pub phase: Phase,
    /// The totals over all pages so far.
    pub summary: SweepSummary,
    /// Accepted boundaries that were found edited, and for which a role was queued.
    pub weakened: BTreeSet<PolicyArn>,
    /// How many parts of the report earlier invocations wrote.
    #[serde(default)]
    pub report_parts: u32,
}

/// What comes next in a sweep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// The page of roles that this marker asks for; the first, where there is none.
    Roles {
        /// IAM's marker. IAM does not say how long it holds: where it is refused, the sweep starts anew.
        marker: Option<String>,
    },
    /// All roles were judged: those that functions name and nobody saw are next.
    MissingRoles,
    /// Nothing but the report is left.
    Report,
}

impl Checkpoint {
    /// A sweep that begins.
    #[must_use]
    pub fn start(sweep: String, started_at: Timestamp) -> Self {
        let phase = Phase::Roles { marker: None };
        Self {
            sweep,
            started_at,
            phase,
            summary: SweepSummary::default(),
            weakened: BTreeSet::new(),
            report_parts: 0,
        }
    }

    /// Whether anything but the report is left.
    #[must_use]
    pub fn is_unfinished(&self) -> bool {
        match self.phase {
            Phase::Roles { .. } | Phase::MissingRoles => true,
            Phase::Report => false,
        }
    }

    /// Notes that the summary was not told: whoever goes on looks for missing roles again, in which nothing is news, and tells it under
    /// the same id. All rows of the report are in so many parts.
    pub fn summary_not_told(&mut self, report_parts: u32) {
        self.phase = Phase::MissingRoles;
        self.report_parts = report_parts;
    }

    /// Notes that a page of roles was judged. IAM gives a marker as long as there are more.
    pub fn page_done(&mut self, next: Option<String>) {
        self.phase = match next {
            Some(marker) => Phase::Roles { marker: Some(marker) },
            None => Phase::MissingRoles,
        };
    }
}
