//! Somebody who takes our boundary off a role again and again: it is put back each time, and one finding grows.

use crate::finding::FindingId;
use crate::trigger::Trigger;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A pause longer than this ends a series: a pipeline that runs nightly stays in one.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_hours(36);

/// More principals than this are forgotten, the longest silent first: an item of the ledger holds 400 KB.
const MOST_PRINCIPALS: usize = 20;

/// From here on somebody has to act: it is no accident, and until then the two sides fight.
const CRITICAL_FROM: u32 = 3;

/// The series of a role, by the principal that takes its boundary away.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TamperingSeries(BTreeMap<String, Series>);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Series {
    finding: FindingId,
    since: Timestamp,
    last: Timestamp,
    times: u32,
}

/// One restoration's place in its series.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repetition {
    /// Who: the role behind a session, else the caller's ARN, else `an unknown caller`.
    pub by: String,
    /// The how manieth restoration this is.
    pub times: u32,
    /// When the series began.
    pub since: Timestamp,
}

impl TamperingSeries {
    /// Counts a restoration. Its finding is the series' own, so that a fight is one finding and not a storm.
    pub fn count(&mut self, trigger: &Trigger, next: &FindingId, now: Timestamp) -> (FindingId, Repetition) {
        self.0.retain(|_, series| now.duration_since(series.last) <= LONGEST_PAUSE);
        let caller = &trigger.caller;
        let by = caller.issuer.as_ref().or(caller.principal.as_ref());
        let by = by.cloned().unwrap_or_else(|| "an unknown caller".to_owned());
        while self.0.len() >= MOST_PRINCIPALS && !self.0.contains_key(&by) {
            let silent = self.0.iter().min_by_key(|(_, series)| series.last).map(|(by, _)| by.clone());
            silent.and_then(|by| self.0.remove(&by));
        }
        let new = Series { finding: next.clone(), since: now, last: now, times: 0 };
        let series = self.0.entry(by.clone()).or_insert(new);
        series.times = series.times.saturating_add(1);
        series.last = now;
        (series.finding.clone(), Repetition { by, times: series.times, since: series.since })
    }
}

impl Repetition {
    /// Whether this restoration is told: the first three, the tenth, the thirtieth, the hundredth and so on.
    #[must_use]
    pub fn is_told(&self) -> bool {
        let tens = 10_u32.saturating_pow(self.times.checked_ilog10().unwrap_or_default());
        self.times == 2 || self.times == tens || self.times == tens.saturating_mul(3)
    }

    /// Whether it is one of many.
    #[must_use]
    pub fn is_a_fight(&self) -> bool {
        self.times >= CRITICAL_FROM
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::RoleId;
    use crate::trigger::{Caller, Change, EventName, Subject};

    fn by(principal: &str, issuer: Option<&str>) -> Trigger {
        Trigger {
            event: EventName::from_cloudtrail("DeleteRolePermissionsBoundary"),
            event_id: String::new(),
            time: None,
            subject: Subject::Role("orders".parse().unwrap()),
            change: Change::BoundaryDeleted,
            caller: Caller {
                principal: Some(principal.to_owned()),
                issuer: issuer.map(str::to_owned),
                ..Caller::default()
            },
            source: None,
        }
    }

    fn id(generation: u64) -> FindingId {
        let role: RoleId = "AROAEXAMPLE".parse().unwrap();
        FindingId::of_write(&role, generation)
    }

    fn at(hour: i64) -> Timestamp {
        "2026-11-23T00:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_hours(hour)
    }

    #[test]
    fn one_principal_s_series_is_one_finding_and_another_s_is_another() {
        let mut series = TamperingSeries::default();
        let role = Some("arn:aws:iam::123456789012:role/deployer");
        let (first, _) = series.count(&by("session-1", role), &id(1), at(0));
        let (second, repeated) = series.count(&by("session-2", role), &id(2), at(1));
        assert_eq!((first, second), (id(1), id(1)), "whatever the session is called");
        assert_eq!((repeated.times, repeated.since), (2, at(0)));
        let (other, repeated) = series.count(&by("arn:aws:iam::123456789012:user/eve", None), &id(3), at(1));
        assert_eq!((other, repeated.times), (id(3), 1));
    }

    #[test]
    fn a_long_pause_ends_a_series() {
        let mut series = TamperingSeries::default();
        series.count(&by("eve", None), &id(1), at(0));
        assert_eq!(series.count(&by("eve", None), &id(2), at(36)).0, id(1), "each night");
        assert_eq!(series.count(&by("eve", None), &id(3), at(73)).0, id(3));
    }

    #[test]
    fn no_number_of_principals_fills_the_ledger() {
        let mut series = TamperingSeries::default();
        for n in 0..50 {
            series.count(&by(&format!("eve-{n}"), None), &id(n), at(0) + SignedDuration::from_secs(n as i64));
        }
        assert_eq!(series.0.len(), MOST_PRINCIPALS);
        assert_eq!(series.count(&by("eve-49", None), &id(99), at(1)).1.times, 2, "the latest are kept");
    }

    #[test]
    fn a_fight_is_told_ever_more_rarely() {
        let told = |times: &u32| Repetition { by: String::new(), times: *times, since: at(0) }.is_told();
        let all: Vec<u32> = (1..=3_000).filter(told).collect();
        assert_eq!(all, [1, 2, 3, 10, 30, 100, 300, 1_000, 3_000]);
    }
}
