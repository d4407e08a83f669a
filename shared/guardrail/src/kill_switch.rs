//! The kill switch: an operator's item of the ledger that has Ringfence only observe for a day at most (design, "Kill switch").

use crate::operator_item::{Attributes, InvalidAttribute};
use crate::settings::{ConfiguredMode, Mode};
use jiff::{SignedDuration, Timestamp};

/// How far ahead it may end.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);

/// What the ledger's item `settings`/`mode` comes to at a time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum KillSwitch {
    /// There is no such item.
    #[default]
    Off,
    /// Nothing is written to IAM on Ringfence's own accord.
    On(Order),
    /// The item counts for nothing.
    Invalid(InvalidSwitch),
}

/// A valid kill switch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    by: String,
    reason: String,
    expires_at: Timestamp,
}

/// Why a kill switch counts for nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSwitch {
    /// An attribute is missing or makes no sense.
    #[error(transparent)]
    Attribute(#[from] InvalidAttribute),
    /// Something else than to observe is asked for.
    #[error("attribute `value` has to be `observe`, nothing else can be asked for")]
    NotObserve,
    /// It is over.
    #[error("it expired at {0}")]
    Expired(Timestamp),
    /// It reaches too far ahead. It counts once no more than 24 hours are left, if it is still there then.
    #[error("it expires at {0}, over 24 hours ahead")]
    TooLong(Timestamp),
}

impl KillSwitch {
    /// Reads the item as it counts at `now`. The ledger tells no time of writing, so that the 24 hours are those to come: one that
    /// asks for more begins to count when 24 hours are left.
    #[must_use]
    pub fn read(attributes: &Attributes, now: Timestamp) -> Self {
        Order::read(attributes, now).map_or_else(Self::Invalid, Self::On)
    }
}

impl Order {
    fn read(attributes: &Attributes, now: Timestamp) -> Result<Self, InvalidSwitch> {
        if attributes.required("value")? != Mode::Observe.as_str() {
            return Err(InvalidSwitch::NotObserve);
        }
        let (by, reason) = (attributes.required("by")?.to_owned(), attributes.required("reason")?.to_owned());
        let expires_at = attributes.time("expires_at")?;
        if expires_at <= now {
            return Err(InvalidSwitch::Expired(expires_at));
        }
        if expires_at.duration_since(now) > LONGEST {
            return Err(InvalidSwitch::TooLong(expires_at));
        }
        Ok(Self { by, reason, expires_at })
    }

    /// Who says to have thrown it.
    #[must_use]
    pub fn by(&self) -> &str {
        &self.by
    }

    /// Why.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// When it ends by itself.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }
}

impl ConfiguredMode {
    /// The mode that counts: what the template says, unless the kill switch is on.
    #[must_use]
    pub fn in_force(self, switch: &KillSwitch) -> Mode {
        match switch {
            KillSwitch::On(_) => Mode::Observe,
            KillSwitch::Off | KillSwitch::Invalid(_) => self.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator_item::Attribute;

    const NOW: &str = "2026-11-23T10:00:00Z";

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// A valid item but for one attribute, which is left out where there is no value.
    fn with(name: &str, value: Option<Attribute>) -> KillSwitch {
        let usual = [
            ("pk", "settings"),
            ("sk", "mode"),
            ("value", "observe"),
            ("by", "alice"),
            ("reason", "incident 4711"),
            ("expires_at", "2026-11-23T12:00:00Z"),
        ];
        let usual = usual.map(|(name, text)| (name.to_owned(), Attribute::Text(text.to_owned())));
        let others = usual.into_iter().filter(|(other, _)| other != name);
        let attributes = others.chain(value.map(|value| (name.to_owned(), value))).collect();
        KillSwitch::read(&attributes, time(NOW))
    }

    #[test]
    fn a_valid_one_is_on_until_it_expires_and_at_most_a_day() {
        let until = |text: &str| with("expires_at", Some(Attribute::Text(text.to_owned())));
        for (expires_at, expected) in [
            ("2026-11-23T10:00:00.001Z", None),
            ("2026-11-24T10:00:00Z", None),
            ("2026-11-24T11:00:00+01:00", None),
            ("2026-11-23T10:00:00Z", Some(InvalidSwitch::Expired(time(NOW)))),
            ("2026-11-23T09:00:00Z", Some(InvalidSwitch::Expired(time("2026-11-23T09:00:00Z")))),
            ("2026-11-24T10:00:00.001Z", Some(InvalidSwitch::TooLong(time("2026-11-24T10:00:00.001Z")))),
            ("2026-11-25T10:00:00Z", Some(InvalidSwitch::TooLong(time("2026-11-25T10:00:00Z")))),
        ] {
            match (until(expires_at), expected) {
                (KillSwitch::On(order), None) => assert_eq!(order.expires_at(), time(expires_at)),
                (KillSwitch::Invalid(why), Some(expected)) => assert_eq!(why, expected),
                (other, _) => panic!("{expires_at}: {other:?}"),
            }
        }
    }

    #[test]
    fn what_is_missing_or_wrong_makes_it_count_for_nothing() {
        let text = |text: &str| Some(Attribute::Text(text.to_owned()));
        let missing = |name| InvalidSwitch::Attribute(InvalidAttribute::Missing(name));
        let unreadable = |name| InvalidSwitch::Attribute(InvalidAttribute::Unreadable(name));
        for (name, value, expected) in [
            ("value", None, missing("value")),
            ("value", text("enforce"), InvalidSwitch::NotObserve),
            ("value", text("Observe"), InvalidSwitch::NotObserve),
            ("value", Some(Attribute::List(vec!["observe".to_owned()])), unreadable("value")),
            ("by", None, missing("by")),
            ("by", text("  "), missing("by")),
            ("reason", None, missing("reason")),
            ("reason", text(""), missing("reason")),
            ("expires_at", None, missing("expires_at")),
            ("expires_at", text("tomorrow"), unreadable("expires_at")),
            ("expires_at", text("2026-11-23"), unreadable("expires_at")),
        ] {
            assert_eq!(with(name, value), KillSwitch::Invalid(expected), "{name}");
        }
        assert_eq!(
            KillSwitch::read(&Attributes::default(), time(NOW)),
            KillSwitch::Invalid(missing("value"))
        );
    }

    #[test]
    fn only_a_valid_one_changes_the_mode_and_only_to_observe() {
        let on = with("ticket", None);
        for (configured, switch, expected) in [
            (Mode::Enforce, &KillSwitch::Off, Mode::Enforce),
            (Mode::Enforce, &KillSwitch::Invalid(InvalidSwitch::NotObserve), Mode::Enforce),
            (Mode::Enforce, &on, Mode::Observe),
            (Mode::Observe, &KillSwitch::Off, Mode::Observe),
            (Mode::Observe, &KillSwitch::Invalid(InvalidSwitch::NotObserve), Mode::Observe),
            (Mode::Observe, &on, Mode::Observe),
        ] {
            assert_eq!(ConfiguredMode(configured).in_force(switch), expected, "{configured:?} {switch:?}");
        }
    }
}
