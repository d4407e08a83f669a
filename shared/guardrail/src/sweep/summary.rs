use super::inventory::Inventory;
use super::verdict::{SweepVerdict, WhyQueued};
use super::worst_roles::{RoleLine, WorstRoles};
use crate::assess::{Approval, Assessment};
use crate::names::Region;
use crate::severity::Severity;
use crate::snapshot::{Boundary, Document};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// How many roles have which severity.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SeverityCounts {
    /// Roles in which nothing was found.
    pub clean: u64,
    /// The others, by the worst that was found.
    pub by_severity: BTreeMap<Severity, u64>,
}

/// What a sweep saw: the totals of the report. All counts are of execution roles, where nothing else is said.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SweepSummary {
    /// Roles that Lambda can assume and that the account can change.
    pub execution_roles: u64,
    /// All others.
    pub other_roles: u64,
    /// Roles that could not be put together, and were not judged.
    pub not_judged: u64,
    /// By the worst that is possible now.
    pub now: SeverityCounts,
    /// By the worst that would be possible without a boundary.
    pub without_boundary: SeverityCounts,
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
    /// Roles that functions name and that do not exist.
    pub missing_roles: u64,
    /// Those of them that no finding told yet: the next sweeps do.
    #[serde(default)]
    pub missing_roles_untold: u64,
    /// Functions of all Regions that were read.
    pub functions: u64,
    /// The Regions that these are of.
    #[serde(default)]
    pub regions_read: BTreeSet<Region>,
    /// Enabled Regions whose functions could not be read, because a policy of the organization refuses it.
    #[serde(default)]
    pub regions_refused: BTreeSet<Region>,
    /// Roles that were sent to the review queue, by why.
    pub queued: BTreeMap<WhyQueued, u64>,
    /// The worst roles.
    pub worst: WorstRoles,
}

/// What the totals need to know of an execution role.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judged<'a> {
    pub(super) line: &'a RoleLine,
    pub(super) boundary: &'a Boundary,
    pub(super) approval: Approval,
    pub(super) assessment: &'a Assessment,
    pub(super) verdict: SweepVerdict,
}

impl SeverityCounts {
    fn count(&mut self, worst: Option<Severity>) {
        match worst {
            None => add_one(&mut self.clean),
            Some(severity) => add_one(self.by_severity.entry(severity).or_default()),
        }
    }
}

impl SweepSummary {
    /// How many roles were sent to the review queue.
    #[must_use]
    pub fn queued_roles(&self) -> u64 {
        self.queued.values().sum()
    }

    pub(super) fn note_functions(&mut self, inventory: &Inventory) {
        self.functions = u64::try_from(inventory.functions()).unwrap_or(u64::MAX);
        self.regions_read.clone_from(inventory.read());
        self.regions_refused.clone_from(inventory.refused());
    }

    pub(super) fn count(&mut self, judged: Judged<'_>) {
        let Judged { line, boundary, approval, assessment, verdict } = judged;
        add_one(&mut self.execution_roles);
        self.now.count(line.now);
        self.without_boundary.count(line.without_boundary);
        match (boundary, approval) {
            (Boundary::Absent, _) => add_one(&mut self.unbounded),
            (Boundary::Attached { .. }, Approval::Ours | Approval::Approved) => add_one(&mut self.bounded),
            (Boundary::Attached { .. }, Approval::Unapproved | Approval::NotJudged) => {
                add_one(&mut self.unapproved);
            }
        }
        if boundary.document() == Some(&Document::Gone) {
            add_one(&mut self.dangling);
        }
        if line.functions > 1 {
            add_one(&mut self.shared);
        }
        if !assessment.doubts().is_empty() {
            add_one(&mut self.doubtful);
        }
        self.count_verdict(verdict);
        self.worst.offer(line);
    }

    pub(super) fn count_other_role(&mut self, verdict: SweepVerdict) {
        add_one(&mut self.other_roles);
        self.count_verdict(verdict);
    }

    fn count_verdict(&mut self, verdict: SweepVerdict) {
        if let SweepVerdict::Queue(why) = verdict {
            add_one(self.queued.entry(why).or_default());
        }
    }

    pub(super) fn count_not_judged(&mut self) {
        add_one(&mut self.not_judged);
    }
}

fn add_one(count: &mut u64) {
    *count = count.saturating_add(1);
}
