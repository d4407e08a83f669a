//! What the page's script reads. Roles of one template say the same over and over, so texts and breaches are written once and named
//! by their place.

use crate::check_id::CheckId;
use crate::report::row::{BoundaryStanding, BreachRow, Change, ExemptionRow, RoleRow, ToldRow};
use crate::report::{Report, UnusedForRow, UnusedRow, UnusedServiceRow, minute};
use crate::severity::Severity;
use serde::Serialize;
use std::borrow::Cow;
use std::collections::HashMap;

#[derive(Serialize)]
pub(super) struct Data<'a> {
    /// What every role's ARN begins with.
    prefix: String,
    standings: [&'static str; BoundaryStanding::ALL.len()],
    changes: [&'static str; Change::ALL.len()],
    texts: Vec<Cow<'a, str>>,
    breaches: Vec<BreachData>,
    roles: Vec<RoleData<'a>>,
}

/// A place in `texts`.
type Text = usize;

#[derive(Serialize, PartialEq, Eq, Hash, Clone)]
struct BreachData {
    check: CheckId,
    /// From 1 for INFO to 5 for CRITICAL; 0 for none.
    now: u8,
    without: u8,
    summary: Text,
    /// Policy, statement, detail.
    evidence: Vec<(Text, Text, Text)>,
    more: usize,
    remedy: Text,
}

#[derive(Serialize)]
struct RoleData<'a> {
    /// Path and name.
    path: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<Text>,
    now: u8,
    without: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    boundary: Option<Text>,
    /// Places in `standings` and `changes`.
    standing: usize,
    changes: Vec<usize>,
    functions: usize,
    names: Vec<String>,
    /// Places in `breaches`.
    breaches: Vec<usize>,
    doubts: Vec<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exemption: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    told: Option<Text>,
    /// Seconds since 1970.
    created: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    used: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    denials: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unused: Option<UnusedData>,
}

/// What IAM reported of a role's use.
#[derive(Serialize)]
struct UnusedData {
    /// Seconds since 1970.
    at: i64,
    allowed: usize,
    /// Not used for 90 days, and those of them that are named.
    long: (usize, Vec<Text>),
    /// Not used for 30 days, and those that are named and not among the others.
    short: (usize, Vec<Text>),
    used: Vec<Text>,
    actions: Vec<Text>,
}

#[derive(Default)]
struct Tables<'a> {
    texts: Vec<Cow<'a, str>>,
    text_places: HashMap<Cow<'a, str>, usize>,
    breaches: Vec<BreachData>,
    breach_places: HashMap<BreachData, usize>,
}

impl<'a> Data<'a> {
    pub(super) fn of(report: &'a Report) -> Self {
        let mut tables = Tables::default();
        let roles = report.roles.iter().map(|row| tables.role(row)).collect();
        let partition = report.roles.first().map_or("aws", |row| row.role.partition());
        Self {
            prefix: format!("arn:{partition}:iam::{}:role", report.head.account),
            standings: BoundaryStanding::ALL.map(BoundaryStanding::in_words),
            changes: Change::ALL.map(Change::in_words),
            texts: tables.texts,
            breaches: tables.breaches,
            roles,
        }
    }
}

impl<'a> Tables<'a> {
    fn role(&mut self, row: &'a RoleRow) -> RoleData<'a> {
        RoleData {
            path: format!("{}{}", row.role.path(), row.role.name()).into(),
            owner: row.owner.as_deref().map(|owner| self.text(owner)),
            now: weight(row.now),
            without: weight(row.without_boundary),
            boundary: row.boundary.as_ref().map(|boundary| self.text(boundary.as_str())),
            standing: place(&BoundaryStanding::ALL, row.standing),
            changes: row.changes.iter().map(|change| place(&Change::ALL, *change)).collect(),
            functions: row.functions,
            names: row
                .function_names
                .iter()
                .map(|function| format!("{} ({})", function.name(), function.region()))
                .collect(),
            breaches: row.breaches.iter().map(|breach| self.breach(breach)).collect(),
            doubts: row.doubts.iter().map(|doubt| self.text(doubt.as_str())).collect(),
            exemption: row.exemption.as_ref().map(|exemption| self.text(exemption_in_words(exemption))),
            told: row.told.as_ref().map(|told| self.text(told_in_words(told))),
            created: row.created.as_second(),
            used: row.last_used.map(jiff::Timestamp::as_second),
            denials: row.denials,
            unused: row.last_accessed.known().map(|known| self.unused(known)),
        }
    }

    fn unused(&mut self, known: &'a UnusedRow) -> UnusedData {
        let is_long = |unused: &UnusedServiceRow| unused.unused_for != UnusedForRow::Month;
        let (long, short): (Vec<_>, Vec<_>) = known.unused.iter().partition(|unused| is_long(unused));
        let mut named = |unused: Vec<&'a UnusedServiceRow>| -> Vec<Text> {
            unused.into_iter().map(|unused| self.text(unused.service.as_str())).collect()
        };
        let (long, short) = (named(long), named(short));
        UnusedData {
            at: known.as_of.as_second(),
            allowed: known.allowed,
            long: (known.unused_90_days, long),
            short: (known.unused_30_days.saturating_sub(known.unused_90_days), short),
            used: known.used.iter().map(|service| self.text(service.as_str())).collect(),
            actions: known.unused_actions.iter().map(|action| self.text(action.as_str())).collect(),
        }
    }

    fn breach(&mut self, breach: &'a BreachRow) -> usize {
        let data = BreachData {
            check: breach.check,
            now: weight(breach.now),
            without: weight(breach.without_boundary),
            summary: self.text(breach.summary.as_str()),
            evidence: breach
                .evidence
                .iter()
                .map(|at| {
                    (
                        self.text(at.policy.as_str()),
                        self.text(at.statement.as_str()),
                        self.text(at.detail.as_str()),
                    )
                })
                .collect(),
            more: breach.more_evidence,
            remedy: self.text(breach.remedy.as_str()),
        };
        let Self { breaches, breach_places, .. } = self;
        *breach_places.entry(data).or_insert_with_key(|data| {
            breaches.push(data.clone());
            breaches.len() - 1
        })
    }

    fn text(&mut self, text: impl Into<Cow<'a, str>>) -> Text {
        let Self { texts, text_places, .. } = self;
        *text_places.entry(text.into()).or_insert_with_key(|text| {
            texts.push(text.clone());
            texts.len() - 1
        })
    }
}

fn exemption_in_words(exemption: &ExemptionRow) -> String {
    let ExemptionRow { until, owner, reason } = exemption;
    format!("until {}: {owner}, {reason}", minute(*until))
}

fn told_in_words(told: &ToldRow) -> String {
    format!("{} ({}), {}", told.outcome, told.severity, told.finding.as_str())
}

fn weight(severity: Option<Severity>) -> u8 {
    match severity {
        None => 0,
        Some(Severity::Info) => 1,
        Some(Severity::Low) => 2,
        Some(Severity::Medium) => 3,
        Some(Severity::High) => 4,
        Some(Severity::Critical) => 5,
    }
}

/// All values are in their lists.
fn place<T: PartialEq>(all: &[T], one: T) -> usize {
    all.iter().position(|known| *known == one).unwrap_or_default()
}
