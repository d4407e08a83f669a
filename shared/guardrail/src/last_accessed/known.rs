use super::{FRESH, OUTDATED, QUARTER};
use crate::finding::ServiceUse;
use crate::names::RoleId;
use iam_policy::ActionName;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// More unused actions of a role are not kept: whoever names so many has a wildcard in mind, and an item of the ledger stays small.
const MOST_ACTIONS: usize = 300;

/// What IAM reported of a role, as the ledger keeps it: a few kilobytes even of one that may use every service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastAccessed {
    /// The role's unique id: what a namesake used counts for nothing.
    pub role_id: RoleId,
    /// When IAM made the report.
    pub as_of: Timestamp,
    /// By the prefix of the service's actions in lower case.
    pub(super) services: BTreeMap<String, KnownService>,
}

/// A service that the role's policies allowed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct KnownService {
    /// The last attempt; none where there was none in the time that IAM reports about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) last: Option<Timestamp>,
    /// The report in which it came up, where an earlier one did not have it; none where all had it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) came_up: Option<Timestamp>,
    /// Actions that IAM tracks and that were not tried in the quarter before the report, without the prefix; none for a service that
    /// was not used at all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) idle: Vec<String>,
}

impl LastAccessed {
    /// What is kept of a report that IAM made at `as_of`. `before` is what was known until then.
    #[must_use]
    pub fn of_report(
        role_id: RoleId,
        as_of: Timestamp,
        report: &[ServiceUse],
        before: Option<&LastAccessed>,
    ) -> Self {
        let before = before.filter(|before| before.role_id == role_id);
        let tracked = report.iter().flat_map(|service| &service.tracked);
        let in_use: BTreeSet<&ActionName> = tracked
            .filter(|action| action.last.is_some_and(|last| is_recent(last, as_of)))
            .map(|action| &action.action)
            .collect();
        let mut services: BTreeMap<String, KnownService> = BTreeMap::new();
        let mut room = MOST_ACTIONS;
        for service in report {
            let known = services.entry(service.namespace.clone()).or_default();
            known.last = known.last.max(last_use(service));
            known.came_up = before.and_then(|before| match before.services.get(&service.namespace) {
                Some(earlier) => earlier.came_up,
                None => Some(as_of),
            });
            if known.last.is_some_and(|last| is_recent(last, as_of)) {
                let idle = service.tracked.iter().map(|action| &action.action);
                known
                    .idle
                    .extend(idle.filter(|action| !in_use.contains(action)).take(room).filter_map(name_alone));
                room = MOST_ACTIONS.saturating_sub(services.values().map(|known| known.idle.len()).sum());
            }
        }
        Self { role_id, as_of, services }
    }

    /// Whether it says anything about this role now.
    #[must_use]
    pub fn counts_for(&self, role: &RoleId, now: Timestamp) -> bool {
        self.role_id == *role && now.duration_since(self.as_of) < OUTDATED
    }

    /// The last attempt on a service, given by its prefix in lower case; none where IAM told of none, or nothing of the service.
    #[must_use]
    pub fn last_attempt(&self, service: &str) -> Option<Timestamp> {
        self.services.get(service)?.last
    }

    /// Whether IAM has to be asked again.
    #[must_use]
    pub fn is_stale(as_of: Timestamp, now: Timestamp) -> bool {
        now.duration_since(as_of) >= FRESH
    }
}

/// The last attempt on the service, as it is told or as one of its actions tells it.
fn last_use(service: &ServiceUse) -> Option<Timestamp> {
    service.tracked.iter().filter_map(|action| action.last).chain(service.last).max()
}

pub(super) fn is_recent(last: Timestamp, as_of: Timestamp) -> bool {
    as_of.duration_since(last) < QUARTER
}

fn name_alone(action: &ActionName) -> Option<String> {
    action.as_str().split_once(':').map(|(_, name)| name.to_owned())
}
