use super::call::DeniedCall;
use crate::names::{RoleArn, RoleId};
use iam_policy::ActionName;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// What is told once: one action, refused to one role, on one day (UTC).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DenialKey {
    /// The role.
    pub role: RoleArn,
    /// Its unique id, where the event tells it: a namesake that was made later is another role.
    pub role_id: Option<RoleId>,
    /// The day of the call.
    pub day: Date,
    /// The action.
    pub action: ActionName,
}

/// The refusals of one key that were seen together.
#[derive(Debug, Clone, PartialEq)]
pub struct Denials {
    /// The earliest.
    pub first: DeniedCall,
    /// When the earliest was made.
    pub since: Timestamp,
    /// When the latest was made.
    pub until: Timestamp,
    /// How many there are. There may have been more: this is what was seen until one was told.
    pub count: u64,
}

impl DenialKey {
    /// The key of a refused call; `now` stands in for a time that the event does not tell.
    #[must_use]
    pub fn of(call: &DeniedCall, now: Timestamp) -> Self {
        Self {
            role: call.role.clone(),
            role_id: call.role_id.clone(),
            day: call.time.unwrap_or(now).to_zoned(TimeZone::UTC).date(),
            action: call.refusal.action.clone(),
        }
    }
}

impl Denials {
    /// Of one call.
    #[must_use]
    pub fn of(call: DeniedCall, now: Timestamp) -> Self {
        let at = call.time.unwrap_or(now);
        Self { first: call, since: at, until: at, count: 1 }
    }

    /// One more. Events come in any order.
    pub fn add(&mut self, call: DeniedCall, now: Timestamp) {
        let at = call.time.unwrap_or(now);
        self.count = self.count.saturating_add(1);
        self.until = self.until.max(at);
        if at < self.since {
            (self.first, self.since) = (call, at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::denial::Refusal;
    use crate::trigger::{Caller, EventName};

    fn call(action: &str, at: Option<&str>) -> DeniedCall {
        let message = format!(
            "x is not authorized to perform: {action} with an explicit deny in a permissions boundary"
        );
        DeniedCall {
            event: EventName::from_cloudtrail("CreateUser"),
            event_id: at.unwrap_or_default().to_owned(),
            time: at.map(|at| at.parse().unwrap()),
            region: None,
            role: "arn:aws:iam::123456789012:role/orders".parse().unwrap(),
            role_id: None,
            refusal: Refusal::read(&message).unwrap(),
            caller: Caller::default(),
        }
    }

    #[test]
    fn one_action_of_one_role_on_one_day_is_one_key() {
        let now = "2026-11-23T00:00:01Z".parse().unwrap();
        let key = |action, at| DenialKey::of(&call(action, at), now);
        let first = key("iam:CreateUser", Some("2026-11-22T00:00:00Z"));
        assert_eq!(first, key("iam:createuser", Some("2026-11-22T23:59:59Z")), "whatever its case");
        assert_ne!(first, key("iam:CreateUser", Some("2026-11-23T00:00:00Z")), "another day");
        assert_ne!(first, key("iam:CreateRole", Some("2026-11-22T00:00:00Z")), "another action");
        assert_eq!(key("iam:CreateUser", None).day.to_string(), "2026-11-23");
        let namesake = DenialKey { role_id: Some("AROAOTHER".parse().unwrap()), ..first.clone() };
        assert_ne!(first, namesake);
    }

    #[test]
    fn the_earliest_is_kept_and_all_are_counted_in_whatever_order_they_come() {
        let now = "2026-11-23T00:00:01Z".parse().unwrap();
        let times =
            ["2026-11-22T10:00:02Z", "2026-11-22T10:00:00Z", "2026-11-22T10:00:09Z", "2026-11-22T10:00:00Z"];
        let mut calls = times.iter().map(|at| call("iam:CreateUser", Some(at)));
        let mut denials = Denials::of(calls.next().unwrap(), now);
        calls.for_each(|call| denials.add(call, now));
        assert_eq!((denials.count, denials.first.event_id.as_str()), (4, "2026-11-22T10:00:00Z"));
        assert_eq!(denials.since.to_string(), "2026-11-22T10:00:00Z");
        assert_eq!(denials.until.to_string(), "2026-11-22T10:00:09Z");
    }
}
