use super::{Generated, History};
use crate::last_accessed::LastAccessed;
use iam_policy::{ActionName, ActionPattern};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// All that is known of what a role used. What is not known is not unused.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// What Access Analyzer made of the trail, or why there is nothing.
    pub generated: &'a Generated,
    /// The calls in CloudTrail's event history, or why they were not read.
    pub history: &'a History,
    /// IAM's report on the role's services. Give it only where it counts for the role now ([`LastAccessed::counts_for`]).
    pub last_accessed: Option<&'a LastAccessed>,
}

impl Evidence<'_> {
    /// Where it comes from and how far it goes, a sentence for each source.
    #[must_use]
    pub fn in_words(&self) -> Vec<String> {
        let generated = match self.generated {
            Generated::Policy(policy) => {
                let whole = match policy.coverage() {
                    super::Coverage::Whole => "and calls its answer complete",
                    super::Coverage::Part => "and does not call its answer complete",
                };
                format!("Access Analyzer read the trail {} {whole}", policy.period().in_words())
            }
            Generated::Nothing(why) => format!("nothing of a trail: {why}"),
        };
        let history = format!(
            "{} ({}, {})",
            self.history.in_words(),
            self.history.region(),
            self.history.period().in_words()
        );
        let last_accessed = match self.last_accessed {
            Some(known) => {
                format!("IAM's report on the services that the role used, of {}", day(known.as_of))
            }
            None => "no report of IAM on the services that the role used".to_owned(),
        };
        vec![generated, history, last_accessed]
    }
}

fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// A time that evidence is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// Its first moment.
    pub since: Timestamp,
    /// Its last.
    pub until: Timestamp,
}

impl Period {
    /// From the earlier beginning to the later end.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self { since: self.since.min(other.since), until: self.until.max(other.until) }
    }

    /// `from 2026-08-24 to 2026-11-22`.
    fn in_words(self) -> String {
        format!("from {} to {}", day(self.since), day(self.until))
    }

    /// In whole days, at least one.
    #[must_use]
    pub fn days(self) -> i64 {
        (self.until.duration_since(self.since).as_hours() / 24).max(1)
    }
}

/// How much of what the role did the evidence shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Completeness {
    /// The event history of one Region alone, read whole.
    OneRegion,
    /// Access Analyzer read the trail, and its answer lacks something: it says so, or the event history has calls that it does not name.
    TrailInPart,
    /// Access Analyzer read the trail of the period and calls its answer complete, and nothing contradicts that.
    Trail,
}

impl Completeness {
    /// None, if the evidence is not enough to conclude from what is missing in it.
    pub(super) fn of(evidence: &Evidence<'_>) -> Option<Self> {
        use super::Coverage;
        match evidence.generated {
            Generated::Policy(policy) => {
                let patterns: Vec<ActionPattern> = policy.patterns().collect();
                let is_named = |action: &ActionName| patterns.iter().any(|pattern| pattern.matches(action));
                let lacks_nothing = evidence.history.made().all(|(action, _)| is_named(action));
                Some(match policy.coverage() {
                    Coverage::Whole if lacks_nothing => Self::Trail,
                    Coverage::Whole | Coverage::Part => Self::TrailInPart,
                })
            }
            Generated::Nothing(_) => evidence.history.is_whole().then_some(Self::OneRegion),
        }
    }

    /// What the evidence does not show, in one sentence without full stop.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::OneRegion => {
                "the evidence is the event history of one Region: what the role did in other Regions, or in sessions that are not \
                 named after its functions, is not in it"
            }
            Self::TrailInPart => {
                "Access Analyzer's answer lacks some of what the role did: what else is missing in it is not known"
            }
            Self::Trail => {
                "the evidence is what Access Analyzer read in the trail: what the trail does not log, and what the role does less \
                 often, is not in it"
            }
        }
    }
}

/// An action in evidence: text on the wire and in the ledger, read as an action or not at all.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SeenAction(pub(super) ActionName);

impl Serialize for SeenAction {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

impl<'de> Deserialize<'de> for SeenAction {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(serde::de::Error::custom)
    }
}
