use super::{LastAccessedRow, RoleRow};
use crate::severity::Severity;
use crate::sweep::{SeverityCounts, SweepSummary};
use jiff::Timestamp;
use serde::Serialize;

/// How many of what. All counts are of execution roles, where nothing else is said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Roles that Lambda can assume and that the account can change.
    pub execution_roles: u64,
    /// All others.
    pub other_roles: u64,
    /// Roles that could not be put together, and were not judged.
    pub not_judged: u64,
    /// Roles that were judged, and whose rows were lost on the way into the report.
    pub not_listed: u64,
    /// Functions of all Regions in scope.
    pub functions: u64,
    /// Roles that functions name and that do not exist.
    pub missing_roles: u64,
    /// Those of them that no finding told yet: the next sweeps do.
    pub missing_roles_untold: u64,
    /// With something HIGH or CRITICAL that is possible now.
    pub exposed: u64,
    /// With something HIGH or CRITICAL that only the boundary prevents.
    pub held_back: u64,
    /// With our boundary or an approved one.
    pub bounded: u64,
    /// Without any boundary.
    pub unbounded: u64,
    /// With another boundary.
    pub unapproved: u64,
    /// With a boundary whose policy is gone; counted in one of the three above too.
    pub dangling: u64,
    /// With more than one function.
    pub shared: u64,
    /// With something that was not understood.
    pub doubtful: u64,
    /// That somebody answers for.
    pub exempt: u64,
    /// With services that they did not use for 90 days.
    pub with_unused_services: u64,
    /// Of whose use nothing is known: IAM was not asked yet, or did not answer.
    pub use_not_known: u64,
    /// When the oldest of IAM's reports that are counted in was made; none where none is.
    pub use_known_since: Option<Timestamp>,
    /// By the worst that is possible now.
    pub now: SeverityCounts,
    /// By the worst that would be possible without a boundary.
    pub without_boundary: SeverityCounts,
}

impl Totals {
    pub(super) fn of(summary: &SweepSummary, rows: &[RoleRow]) -> Self {
        let count = |is_meant: fn(&&RoleRow) -> bool| to_u64(rows.iter().filter(is_meant).count());
        Self {
            execution_roles: summary.execution_roles,
            other_roles: summary.other_roles,
            not_judged: summary.not_judged,
            not_listed: summary.execution_roles.saturating_sub(to_u64(rows.len())),
            functions: summary.functions,
            missing_roles: summary.missing_roles,
            missing_roles_untold: summary.missing_roles_untold,
            exposed: exposed(&summary.now),
            held_back: count(|row| !row.is_exposed() && row.without_boundary >= Some(Severity::High)),
            bounded: summary.bounded,
            unbounded: summary.unbounded,
            unapproved: summary.unapproved,
            dangling: summary.dangling,
            shared: summary.shared,
            doubtful: summary.doubtful,
            exempt: count(|row| row.exemption.is_some()),
            with_unused_services: count(|row| {
                row.last_accessed.known().is_some_and(|known| known.unused_90_days > 0)
            }),
            use_not_known: count(|row| row.last_accessed == LastAccessedRow::NotKnown),
            use_known_since: rows.iter().filter_map(|row| Some(row.last_accessed.known()?.as_of)).min(),
            now: summary.now.clone(),
            without_boundary: summary.without_boundary.clone(),
        }
    }
}

fn exposed(counts: &SeverityCounts) -> u64 {
    counts.by_severity.range(Severity::High..).map(|(_, count)| count).sum()
}

pub(super) fn to_u64(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
