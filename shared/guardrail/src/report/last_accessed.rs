//! What the report says of the services that a role did not use, and about which roles IAM is asked next.

use super::row::RoleRow;
use super::texts::{Text, Texts};
use crate::last_accessed::{Grants, LastAccessed, MONTH, Unused, UnusedFor};
use crate::names::{RoleArn, RoleId};
use crate::snapshot::RoleSnapshot;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// More services of a role are counted, not named, and so are more actions.
pub const MOST_SERVICES: usize = 25;

/// About how many roles a sweep asks IAM. Two sweeps a day come round to 5,000 roles in 25 days, before what was reported is too old;
/// and IAM, whose limits nobody publishes, has other callers.
pub const MOST_ASKED: usize = 100;

/// What is known of the use that a role makes of its rights.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum LastAccessedRow {
    /// It is one of Ringfence's own: nobody is to take rights from those.
    NotAsked,
    /// It is not 30 days old, so nothing of it was unused for long.
    TooYoung,
    /// IAM was not asked about it yet, or did not answer. Nothing follows from that.
    #[default]
    NotKnown,
    /// IAM reported.
    Known(Box<UnusedRow>),
}

/// What IAM reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnusedRow {
    /// When it reported.
    pub as_of: Timestamp,
    /// How far back the report says anything about this role.
    pub since: Timestamp,
    /// How many services the role's policies allow.
    pub allowed: usize,
    /// How many of them it did not use for 30 days or longer.
    pub unused_30_days: usize,
    /// For 90 days or longer, counted in the one above too.
    pub unused_90_days: usize,
    /// Never in the time that IAM reports about, counted in both above too.
    pub never_used: usize,
    /// Those of the first count, the longest unused first, at most [`MOST_SERVICES`].
    pub unused: Vec<UnusedServiceRow>,
    /// Services that it used in the 90 days before, the last used first, at most [`MOST_SERVICES`].
    pub used: Vec<Text>,
    /// Actions that a policy allows by name, of services that it used, and that it did not use for 90 days, at most
    /// [`MOST_SERVICES`].
    pub unused_actions: Vec<Text>,
}

/// A service that a role did not use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnusedServiceRow {
    /// The prefix of its actions.
    pub service: Text,
    /// When the role last tried to use it; none where IAM knows of no attempt.
    pub last: Option<Timestamp>,
    /// For how long it was not used at least.
    pub unused_for: UnusedForRow,
}

/// For how long a service was not used at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum UnusedForRow {
    /// 30 days.
    #[serde(rename = "30-days")]
    Month,
    /// 90 days.
    #[serde(rename = "90-days")]
    Quarter,
    /// Ever, as far as IAM tells.
    #[serde(rename = "ever")]
    Ever,
}

impl LastAccessedRow {
    pub(super) fn of(
        role: &RoleSnapshot,
        known: Option<&LastAccessed>,
        now: Timestamp,
        texts: &mut Texts,
    ) -> Self {
        if now.duration_since(role.role.created) < MONTH {
            return Self::TooYoung;
        }
        match known.filter(|known| known.counts_for(&role.role.id, now)) {
            None => Self::NotKnown,
            Some(known) => Self::Known(Box::new(UnusedRow::of(
                &known.unused(role.role.created, Some(Grants::of(role))),
                texts,
            ))),
        }
    }

    /// What is known, where anything is.
    #[must_use]
    pub fn known(&self) -> Option<&UnusedRow> {
        match self {
            Self::NotAsked | Self::TooYoung | Self::NotKnown => None,
            Self::Known(known) => Some(known),
        }
    }

    pub(super) fn unused_services(&self) -> Option<Vec<Text>> {
        self.known().map(UnusedRow::long_unused)
    }

    pub(super) fn share(&mut self, texts: &mut Texts) {
        let Self::Known(known) = self else { return };
        let services = known.unused.iter_mut().map(|unused| &mut unused.service);
        for text in services.chain(&mut known.used).chain(&mut known.unused_actions) {
            *text = texts.shared(text.as_str());
        }
    }
}

impl UnusedRow {
    /// The services that were not used for 90 days, as far as they are named.
    #[must_use]
    pub fn long_unused(&self) -> Vec<Text> {
        let long = |service: &&UnusedServiceRow| service.unused_for != UnusedForRow::Month;
        self.unused.iter().filter(long).map(|unused| unused.service.clone()).collect()
    }

    /// The services that were not used for 30 days, as far as they are named.
    #[must_use]
    pub fn services(&self) -> Vec<Text> {
        self.unused.iter().map(|unused| unused.service.clone()).collect()
    }

    fn of(unused: &Unused<'_>, texts: &mut Texts) -> Self {
        let services = unused.services.iter().take(MOST_SERVICES).map(|service| UnusedServiceRow {
            service: texts.shared(service.name),
            last: service.last,
            unused_for: match service.unused_for {
                UnusedFor::Month => UnusedForRow::Month,
                UnusedFor::Quarter => UnusedForRow::Quarter,
                UnusedFor::Ever => UnusedForRow::Ever,
            },
        });
        let services = services.collect();
        Self {
            as_of: unused.as_of,
            since: unused.since,
            allowed: unused.allowed,
            unused_30_days: unused.count(UnusedFor::Month),
            unused_90_days: unused.count(UnusedFor::Quarter),
            never_used: unused.count(UnusedFor::Ever),
            unused: services,
            used: unused.used.iter().take(MOST_SERVICES).map(|name| texts.shared(name)).collect(),
            unused_actions: unused
                .actions
                .iter()
                .take(MOST_SERVICES)
                .map(|action| texts.shared(action.as_str()))
                .collect(),
        }
    }
}

impl RoleRow {
    /// Notes what IAM reported just now. Of what its policies allow, IAM knows best, and whether they name an action is told with the
    /// next sweep, which reads them.
    pub fn note_last_accessed(&mut self, reported: &LastAccessed, texts: &mut Texts) {
        let unused = reported.unused(self.created, None);
        self.last_accessed = LastAccessedRow::Known(Box::new(UnusedRow::of(&unused, texts)));
        self.unused_services = self.last_accessed.unused_services();
    }

    /// Notes that nobody is to ask about its use.
    pub(crate) fn last_accessed_not_asked(&mut self) {
        self.last_accessed = LastAccessedRow::NotAsked;
        self.unused_services = None;
    }
}

/// The roles about which IAM is asked next, at most [`MOST_ASKED`]: first those of which nothing is known, worst first, then those
/// whose report is a week old, oldest first.
#[must_use]
pub fn to_ask_about(rows: &[RoleRow], now: Timestamp) -> Vec<(RoleArn, RoleId)> {
    let rank = |row: &RoleRow| (Reverse(row.now), Reverse(row.without_boundary), Reverse(row.functions));
    let mut wanted: Vec<(Option<Timestamp>, &RoleRow)> = rows
        .iter()
        .filter_map(|row| match &row.last_accessed {
            LastAccessedRow::NotAsked | LastAccessedRow::TooYoung => None,
            LastAccessedRow::NotKnown => Some((None, row)),
            LastAccessedRow::Known(known) if LastAccessed::is_stale(known.as_of, now) => {
                Some((Some(known.as_of), row))
            }
            LastAccessedRow::Known(_) => None,
        })
        .collect();
    // None comes before every time.
    wanted.sort_by_key(|(as_of, row)| (*as_of, rank(row), &row.role));
    // A page that was read again leaves two rows of a role.
    let mut seen = BTreeSet::new();
    let once = wanted.into_iter().filter(|(_, row)| seen.insert(&row.role));
    once.take(MOST_ASKED).map(|(_, row)| (row.role.clone(), row.id.clone())).collect()
}
