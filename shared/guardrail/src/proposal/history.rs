//! Calls of a role in CloudTrail's event history.
//!
//! `LookupEvents` answers with the management events of one Region and the last 90 days, found by one attribute at a time
//! (<https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html>). Lambda names the session of a function's
//! role after the function, so that `Username` = the function's name finds its calls; whose role it was stands in the record.

use super::Period;
use super::event_action::{Mapped, actions_of};
use super::evidence::SeenAction;
use super::named_resources::named_resources;
use crate::denial::refused_action;
use crate::names::FunctionArn;
use crate::snapshot::Role;
use crate::trigger::CloudTrailRecord;
use iam_policy::ActionName;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The calls of one role. Kept in the ledger from one day to the next: it stays small, however many calls there were.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    region: String,
    period: Period,
    reading: Reading,
    made: BTreeMap<SeenAction, Made>,
    refused: BTreeMap<SeenAction, Refused>,
    /// Calls of which it is not known what action they take, as `source:Event`.
    unmapped: BTreeSet<String>,
    not_understood: u64,
}

/// How far the history was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "how", content = "why")]
pub enum Reading {
    /// Every page of every session name, and CloudTrail refused none.
    Whole,
    /// Some pages, and then no more for this reason: throttled, out of time ….
    Cut(String),
    /// Nothing, for this reason. That is not the same as no calls.
    NotRead(String),
}

impl Reading {
    /// How far it goes to have read every page of these functions' sessions in a Region: functions that run in another one make their
    /// calls there.
    #[must_use]
    pub fn of_every_page<'a>(region: &str, functions: impl IntoIterator<Item = &'a FunctionArn>) -> Self {
        let regions = functions.into_iter().map(FunctionArn::region);
        let elsewhere: BTreeSet<&str> = regions.filter(|other| *other != region).collect();
        if elsewhere.is_empty() {
            return Self::Whole;
        }
        let elsewhere: Vec<&str> = elsewhere.into_iter().collect();
        Self::Cut(format!("functions of the role run in {}, whose history is not read", elsewhere.join(", ")))
    }
}

/// What was made of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// A call of the role, made or refused.
    Call,
    /// Somebody else's, or no call.
    NotOfTheRole,
    /// No record of CloudTrail. The history counts as cut from then on.
    NotUnderstood,
}

/// Calls of one action that AWS did not refuse.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Made {
    pub(super) times: u64,
    pub(super) on: On,
}

/// What the calls were about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum On {
    /// Each of them named its resource: the ARNs.
    Resources(BTreeSet<String>),
    /// Some record does not tell.
    SomeUnnamed,
    /// More than [`MOST_RESOURCES`].
    TooMany,
}

/// Calls of one action that AWS refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Refused {
    pub(super) times: u64,
    pub(super) last: Option<Timestamp>,
    /// In AWS's words, which are shown and not gone by.
    pub(super) resources: BTreeSet<String>,
}

/// A policy that names more resources than this names none of them for a reason.
const MOST_RESOURCES: usize = 40;
const MOST_SHOWN: usize = 3;
const MOST_UNMAPPED: usize = 50;

impl History {
    /// Nothing read yet.
    #[must_use]
    pub fn new(region: &str, period: Period) -> Self {
        Self {
            region: region.to_owned(),
            period,
            reading: Reading::Cut("it was not read to its end".to_owned()),
            made: BTreeMap::new(),
            refused: BTreeMap::new(),
            unmapped: BTreeSet::new(),
            not_understood: 0,
        }
    }

    /// Takes in one event's `CloudTrailEvent`, the text of a record. The order does not matter; the same record twice counts twice
    /// and changes nothing else.
    pub fn count(&mut self, role: &Role, event: &str) -> Counted {
        let Ok(record) = serde_json::from_str(event) else {
            self.not_understood += 1;
            return Counted::NotUnderstood;
        };
        let record = CloudTrailRecord::from_detail(record);
        let is_of_role = record.caller().issuer.as_deref() == Some(role.arn.as_str())
            && record.issuer_id().is_none_or(|id| id == role.id);
        let event = match record.event_name() {
            Ok(event) if is_of_role && record.is_api_call() => event,
            _ => return Counted::NotOfTheRole,
        };
        let mapped = actions_of(record.source_service(), event.as_str());
        match record.refusal_message() {
            Some(message) => self.count_refused(mapped, message, record.time()),
            None => self.count_made(mapped, &record, record.source_service(), event.as_str()),
        }
        Counted::Call
    }

    fn count_made(&mut self, mapped: Mapped, record: &CloudTrailRecord, source: &str, event: &str) {
        match mapped {
            Mapped::Actions(actions) => {
                for action in actions {
                    let named = named_resources(record, &action);
                    self.made.entry(SeenAction(action)).or_default().add(named);
                }
            }
            Mapped::Unknown => {
                if self.unmapped.len() < MOST_UNMAPPED {
                    self.unmapped.insert(format!("{source}:{event}"));
                }
            }
        }
    }

    /// AWS's words name the action that was missing; the call is the second best.
    fn count_refused(&mut self, mapped: Mapped, message: &str, at: Option<Timestamp>) {
        let (actions, resource) = match (refused_action(message), mapped) {
            (Some((action, resource)), _) => (vec![action], resource),
            (None, Mapped::Actions(actions)) => (actions, None),
            (None, Mapped::Unknown) => return,
        };
        for action in actions {
            let refused = self.refused.entry(SeenAction(action)).or_insert_with(|| Refused {
                times: 0,
                last: None,
                resources: BTreeSet::new(),
            });
            refused.times = refused.times.saturating_add(1);
            refused.last = refused.last.max(at);
            refused.resources.extend(resource.clone());
            // The first by name, so that the order of the records does not show.
            while refused.resources.len() > MOST_SHOWN {
                refused.resources.pop_last();
            }
        }
    }

    /// The history, read so far.
    #[must_use]
    pub fn ended(self, reading: Reading) -> Self {
        Self { reading, ..self }
    }

    /// The Region that it is of.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The time that was asked for.
    #[must_use]
    pub fn period(&self) -> Period {
        self.period
    }

    /// How far it was read.
    #[must_use]
    pub fn reading(&self) -> &Reading {
        &self.reading
    }

    /// How many records were none.
    #[must_use]
    pub fn not_understood(&self) -> u64 {
        self.not_understood
    }

    /// Whether what is not in it did not happen, as far as an event history can tell.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.reading == Reading::Whole && self.not_understood == 0
    }

    /// Whether any of it was read.
    pub(super) fn is_read(&self) -> bool {
        !matches!(self.reading, Reading::NotRead(_))
    }

    /// How far it was read.
    pub(super) fn in_words(&self) -> String {
        match &self.reading {
            Reading::NotRead(why) => format!("the event history was not read: {why}"),
            Reading::Cut(why) => format!("the event history was read in part: {why}"),
            Reading::Whole if self.not_understood > 0 => {
                format!("{} records of the event history were not understood", self.not_understood)
            }
            Reading::Whole => "the event history was read whole".to_owned(),
        }
    }

    pub(super) fn made(&self) -> impl Iterator<Item = (&ActionName, &Made)> {
        self.made.iter().map(|(action, made)| (&action.0, made))
    }

    pub(super) fn refused(&self) -> impl Iterator<Item = (&ActionName, &Refused)> {
        self.refused.iter().map(|(action, refused)| (&action.0, refused))
    }

    /// `source:Event` of the calls that are no action of the catalogue.
    pub(super) fn unmapped(&self) -> impl Iterator<Item = &str> {
        self.unmapped.iter().map(String::as_str)
    }

    /// What the calls of an action were about; none, if there was no call.
    pub(super) fn on(&self, action: &ActionName) -> Option<&On> {
        self.made.get(&SeenAction(action.clone())).map(|made| &made.on)
    }
}

impl Default for On {
    fn default() -> Self {
        Self::Resources(BTreeSet::new())
    }
}

impl Made {
    fn add(&mut self, named: Option<BTreeSet<String>>) {
        self.times = self.times.saturating_add(1);
        match (&mut self.on, named) {
            (On::SomeUnnamed, _) => {}
            (on, None) => *on = On::SomeUnnamed,
            (On::TooMany, Some(_)) => {}
            (On::Resources(known), Some(more)) => {
                known.extend(more);
                if known.len() > MOST_RESOURCES {
                    self.on = On::TooMany;
                }
            }
        }
    }
}
