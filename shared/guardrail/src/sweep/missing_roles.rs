//! What a sweep has to tell of roles that functions name and that do not exist: each once, and once that it is over.

use super::role::Sweep;
use crate::exposure::{ExposureRecord, ExposureState, News};
use crate::finding::{FindingId, RoleOver};
use crate::names::{FunctionArn, RoleArn};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// The most findings of a kind that one sweep tells of missing roles. The summary counts the rest, and the next sweeps tell it.
pub const MOST_TOLD: usize = 20;

/// What IAM said about the roles that functions name and no page showed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AskedRoles {
    /// They do not exist.
    pub missing: BTreeSet<RoleArn>,
    /// AWS does not let Ringfence ask for them.
    pub refused: BTreeSet<RoleArn>,
}

/// How many roles are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct MissingRoleCounts {
    /// Roles that functions name and that do not exist.
    pub missing: u64,
    /// Those of them that the next sweeps tell: one sweep tells only so many.
    pub untold: u64,
}

/// One thing to tell, or to note, of one role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingRoleNews {
    /// The role.
    pub role: RoleArn,
    /// The functions that name it now; where none does, those that were told.
    pub functions: Vec<FunctionArn>,
    /// What the ledger is to know afterwards.
    pub state: Option<ExposureState>,
    /// What to tell.
    pub what: MissingRoleFact,
}

/// What to tell of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MissingRoleFact {
    /// It does not exist, or more functions name it than was told.
    Missing(FindingId),
    /// What was told is over.
    Over(FindingId, RoleOver),
    /// Fewer functions name it than was told: that is noted and not told.
    Fewer,
}

/// All that is to be told, and how much of it has to wait.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MissingRolesToTell {
    /// What is over first, then the roles that most functions name.
    pub news: Vec<MissingRoleNews>,
    /// Missing roles that are beyond [`MOST_TOLD`].
    pub untold: u64,
}

impl Sweep<'_> {
    /// What is to be told of missing roles, now that every role was seen. `told` is what the ledger knows of them.
    #[must_use]
    pub fn missing_role_news(
        &self,
        asked: &AskedRoles,
        told: &BTreeMap<RoleArn, ExposureRecord>,
    ) -> MissingRolesToTell {
        let nothing = ExposureRecord::default();
        let roles: BTreeSet<&RoleArn> = asked.missing.iter().chain(told.keys()).collect();
        let known = |role: &RoleArn| told.get(role).unwrap_or(&nothing);
        let news = roles.into_iter().filter_map(|role| self.news_of(role, known(role), asked));
        let (mut missing, over): (Vec<_>, Vec<_>) =
            news.partition(|news| matches!(news.what, MissingRoleFact::Missing(_)));
        missing.sort_by_key(|news| Reverse(news.functions.len()));
        let untold = u64::try_from(missing.len().saturating_sub(MOST_TOLD)).unwrap_or(u64::MAX);
        let news = over.into_iter().take(MOST_TOLD).chain(missing.into_iter().take(MOST_TOLD)).collect();
        MissingRolesToTell { news, untold }
    }

    fn news_of(
        &self,
        role: &RoleArn,
        record: &ExposureRecord,
        asked: &AskedRoles,
    ) -> Option<MissingRoleNews> {
        let (told, refused) = (record.told.as_ref(), self.inventory().refused());
        let mut functions: Vec<FunctionArn> = self.inventory().functions_of(role).cloned().collect();
        let (state, over) = if asked.missing.contains(role) {
            (ExposureState::of_missing_role(role, &functions, told, refused), RoleOver::Unnamed)
        } else if !functions.is_empty() {
            (None, RoleOver::ExistsAgain)
        } else {
            functions = told.map(|told| told.functions_of_missing_role(role).collect()).unwrap_or_default();
            (None, RoleOver::Unnamed)
        };
        // What cannot be read now may be as it was.
        let is_unknown = asked.refused.contains(role)
            || (state.is_none()
                && over == RoleOver::Unnamed
                && told.is_some_and(|told| told.has_functions_in(refused)));
        let what = match record.news(role, state.as_ref()) {
            News::Nothing => return None,
            _ if is_unknown => return None,
            News::Less => MissingRoleFact::Fewer,
            News::Exposed(id) => MissingRoleFact::Missing(id),
            News::Resolved(id) => MissingRoleFact::Over(id, over),
        };
        Some(MissingRoleNews { role: role.clone(), functions, state, what })
    }
}
