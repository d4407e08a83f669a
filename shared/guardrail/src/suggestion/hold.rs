use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Policy generation was refused: until then nothing is asked of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Why.
    pub why: HoldReason,
    /// The words of AWS.
    pub said: String,
    /// When it is tried again, unless an operator asks before.
    pub until: Timestamp,
}

/// Why Access Analyzer does not generate a policy now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HoldReason {
    /// A policy of the account or the organization refuses it.
    Denied,
    /// It does not take the request: the trail or the role that it is to read it with is not as it needs them.
    Invalid,
    /// The account began as many jobs today as it may. Others than Ringfence begin some too.
    Quota,
    /// Somebody else's job runs, and there is one at a time.
    AnotherJob,
    /// Too many requests.
    Throttled,
}

impl HoldReason {
    /// How long nothing is asked. What somebody has to mend is looked at a few times a day; the rest passes by itself.
    #[must_use]
    pub fn lasts(self) -> SignedDuration {
        match self {
            Self::Denied | Self::Invalid => SignedDuration::from_hours(6),
            Self::Quota => SignedDuration::from_hours(2),
            Self::AnotherJob | Self::Throttled => SignedDuration::from_mins(10),
        }
    }

    /// Whether it stays like that until somebody changes something.
    #[must_use]
    pub fn needs_somebody(self) -> bool {
        match self {
            Self::Denied | Self::Invalid => true,
            Self::Quota | Self::AnotherJob | Self::Throttled => false,
        }
    }

    /// In words, as the end of "policy generation waits: …".
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Denied => "AWS refuses it",
            Self::Invalid => {
                "Access Analyzer does not take the request; look at TrailArn and PolicyGenerationRoleArn"
            }
            Self::Quota => "the account began as many jobs today as it may",
            Self::AnotherJob => "somebody else's job is under way, and Access Analyzer takes one at a time",
            Self::Throttled => "Access Analyzer gets too many requests",
        }
    }
}

impl Hold {
    /// From now on.
    #[must_use]
    pub fn new(why: HoldReason, said: &str, now: Timestamp) -> Self {
        let until = now.saturating_add(why.lasts()).unwrap_or(Timestamp::MAX);
        Self { why, said: said.to_owned(), until }
    }
}
