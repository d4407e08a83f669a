use super::known::{KnownService, LastAccessed, is_recent};
use super::{Grants, MONTH, QUARTER, TRACKED};
use iam_policy::ActionName;
use jiff::{SignedDuration, Timestamp};
use std::cmp::Reverse;

/// What a role did not use of that which its policies allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unused<'a> {
    /// When IAM made the report: a use since then is not in it.
    pub as_of: Timestamp,
    /// How far back it says anything about this role.
    pub since: Timestamp,
    /// How many services were looked at.
    pub allowed: usize,
    /// Those that were not used for [`MONTH`] or longer, the longest unused first.
    pub services: Vec<UnusedService<'a>>,
    /// Those that were used within a [`QUARTER`], the last used first.
    pub used: Vec<&'a str>,
    /// Actions that were not used for a [`QUARTER`], of services that were: those that a policy allows by name.
    pub actions: Vec<ActionName>,
}

/// A service that a role did not use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnusedService<'a> {
    /// The prefix of its actions in lower case.
    pub name: &'a str,
    /// The last attempt; none where IAM knows of none.
    pub last: Option<Timestamp>,
    /// For how long.
    pub unused_for: UnusedFor,
}

/// For how long a service was not used, as far as that is certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum UnusedFor {
    /// 30 days or more.
    Month,
    /// 90 days or more.
    Quarter,
    /// 90 days or more, and never in the time that IAM reports about.
    Ever,
}

impl LastAccessed {
    /// What a role that was made at `created` did not use. With `grants`, of what its policies still allow; without, no action is
    /// named, because no one knows whether a policy does.
    #[must_use]
    pub fn unused(&self, created: Timestamp, grants: Option<Grants<'_>>) -> Unused<'_> {
        let as_of = self.as_of;
        let since = created.max(earlier(as_of, TRACKED));
        let allowed: Vec<(&str, &KnownService)> = self
            .services
            .iter()
            .map(|(name, service)| (name.as_str(), service))
            .filter(|(name, _)| grants.is_none_or(|grants| grants.concern(name)))
            .collect();
        let mut services: Vec<UnusedService<'_>> = allowed
            .iter()
            .filter_map(|(name, service)| {
                let unused_for = service.unused_for(as_of, since)?;
                Some(UnusedService { name, last: service.last, unused_for })
            })
            .collect();
        services.sort_by_key(|service| (Reverse(service.unused_for), service.last, service.name));
        let mut used: Vec<(Timestamp, &str)> = allowed
            .iter()
            .filter_map(|(name, service)| Some((service.last.filter(|last| is_recent(*last, as_of))?, *name)))
            .collect();
        used.sort_by_key(|(last, name)| (Reverse(*last), *name));
        let named = |action: &ActionName| grants.is_some_and(|grants| grants.name(action));
        let actions = allowed
            .iter()
            .filter(|(_, service)| service.was_allowed_for(QUARTER, as_of, since))
            .flat_map(|(name, service)| service.idle.iter().map(move |idle| format!("{name}:{idle}")))
            .filter_map(|action| action.parse().ok())
            .filter(named)
            .collect();
        let used = used.into_iter().map(|(_, name)| name).collect();
        Unused { as_of, since, allowed: allowed.len(), services, used, actions }
    }
}

impl Unused<'_> {
    /// How many services were not used for so long.
    #[must_use]
    pub fn count(&self, at_least: UnusedFor) -> usize {
        self.services.iter().filter(|service| service.unused_for >= at_least).count()
    }
}

impl KnownService {
    /// None where it was used, or where not enough time passed to say so.
    fn unused_for(&self, as_of: Timestamp, since: Timestamp) -> Option<UnusedFor> {
        let begun = self.allowed_since(since).max(self.last.unwrap_or(since));
        let unused = as_of.duration_since(begun);
        match self.last {
            _ if unused < MONTH => None,
            _ if unused < QUARTER => Some(UnusedFor::Month),
            None => Some(UnusedFor::Ever),
            Some(_) => Some(UnusedFor::Quarter),
        }
    }

    fn was_allowed_for(&self, time: SignedDuration, as_of: Timestamp, since: Timestamp) -> bool {
        as_of.duration_since(self.allowed_since(since)) >= time
    }

    fn allowed_since(&self, since: Timestamp) -> Timestamp {
        self.came_up.map_or(since, |came_up| came_up.max(since))
    }
}

fn earlier(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_sub(by).unwrap_or(Timestamp::MIN)
}
