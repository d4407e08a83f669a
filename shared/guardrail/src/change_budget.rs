//! How many roles in use Ringfence changes in an hour on its own accord (design, "Change budget").
//!
//! A mistake in a pipeline that reaches every role of an account must not become a change of every role of the account
//! before a person has seen the first finding. New roles and restorations never wait.

use jiff::{SignedDuration, Timestamp};

/// Changes of existing roles in one hour.
pub const AN_HOUR: u64 = 50;

/// SQS delays a message no longer than this.
const LONGEST_DELAY: SignedDuration = SignedDuration::from_mins(15);

const HOUR: i64 = 3_600;

/// Whether a write counts against the budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// A new role, or a restoration: at once, whatever the budget says.
    AtOnce,
    /// A role that was in use before: what exceeds the budget waits.
    Budgeted,
}

/// An hour of the clock, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BudgetHour(i64);

impl BudgetHour {
    /// The hour that `now` lies in.
    #[must_use]
    pub fn of(now: Timestamp) -> Self {
        Self(now.as_second().div_euclid(HOUR))
    }

    /// Hours since 1970.
    #[must_use]
    pub fn number(self) -> i64 {
        self.0
    }

    /// When the next one begins.
    #[must_use]
    pub fn end(self) -> Timestamp {
        self.0
            .checked_add(1)
            .and_then(|next| next.checked_mul(HOUR))
            .and_then(|second| Timestamp::from_second(second).ok())
            .unwrap_or(Timestamp::MAX)
    }

    /// After which time what waits is looked at again: with the next hour, and as often before as SQS's longest delay asks.
    #[must_use]
    pub fn retry_after(self, now: Timestamp) -> SignedDuration {
        self.end().duration_since(now).clamp(SignedDuration::from_secs(1), LONGEST_DELAY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_looked_at_again_with_the_next_hour() {
        for (now, end, seconds) in [
            ("2026-11-23T10:00:00Z", "2026-11-23T11:00:00Z", 900),
            ("2026-11-23T10:50:00Z", "2026-11-23T11:00:00Z", 600),
            ("2026-11-23T10:59:59.9Z", "2026-11-23T11:00:00Z", 1),
            ("1969-12-31T23:59:00Z", "1970-01-01T00:00:00Z", 60),
        ] {
            let now: Timestamp = now.parse().unwrap();
            let hour = BudgetHour::of(now);
            assert_eq!(hour.end().to_string(), end);
            assert_eq!(hour.retry_after(now).as_secs(), seconds, "{now}");
            assert_ne!(BudgetHour::of(hour.end()), hour);
        }
    }
}
