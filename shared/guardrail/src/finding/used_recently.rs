//! Which of what a boundary takes away was used recently, by IAM's report on the role.
//!
//! The report is about at least the last 400 days and some four hours late; it counts every attempt, refused ones too; it
//! goes by the permissions policies alone, so that a boundary in place hides nothing
//! (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_GenerateServiceLastAccessedDetails.html>,
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetServiceLastAccessedDetails.html>). Of the actions of a
//! service it tells some or none, mostly those that manage something
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed.html>).

#[cfg(test)]
mod tests;

use super::about_role::shortened;
use super::impact::Lost;
use super::story::RecentUse as Knowledge;
use super::{Finding, Outcome};
use crate::names::RoleArn;
use iam_policy::{ActionName, ActionPattern, Breadth};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// What was not used in a quarter is hardly missed tomorrow.
pub(super) const RECENT_DAYS: i64 = 90;

/// In the finding; the summary names [`MOST_IN_SUMMARY`].
const MOST_SHOWN: usize = 20;
const MOST_IN_SUMMARY: usize = 3;

/// A use that is told of a service and of an action separately need not have the same time to the second.
const SAME_USE: SignedDuration = SignedDuration::from_hours(24);

/// When a role last tried to use a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceUse {
    /// The prefix of the service's actions in lower case: `s3`.
    pub namespace: String,
    /// None where it never did in the time that IAM reports about.
    pub last: Option<Timestamp>,
    /// The actions of the service that IAM tracks for this role, used or not; empty where it tracks none.
    pub tracked: Vec<ActionUse>,
}

/// When a role last tried to use an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionUse {
    /// The action.
    pub action: ActionName,
    /// None where it never did in the time that IAM reports about.
    pub last: Option<Timestamp>,
}

impl Finding {
    /// The role that IAM has to be asked about, because the boundary takes something away that may have been used recently.
    /// None for a role that was not used recently, as every new one.
    #[must_use]
    pub fn wants_recent_use(&self) -> Option<&RoleArn> {
        let takes_away = self.impact.as_ref().is_some_and(|impact| !impact.removed.is_empty());
        let role = self.role.as_ref().filter(|_| takes_away)?;
        role.last_used.is_some_and(|used| used >= self.recent_since()).then_some(&role.arn)
    }

    /// Says what of that which goes was used recently. Neither id nor severity depend on it.
    pub fn tell_recent_use(&mut self, uses: &[ServiceUse]) {
        let since = self.recent_since();
        let Some(impact) = &mut self.impact else { return };
        let recent = of(&impact.lost, uses, since);
        self.story.recent_use = Knowledge::Known;
        impact.used_recently = recent.iter().map(ToString::to_string).collect();
        if let Some(words) = in_words(self.outcome, &recent) {
            self.summary = format!("{} {words}", self.summary);
        }
    }

    /// Says that IAM did not tell what was used recently. Neither id nor severity depend on it.
    pub fn tell_recent_use_unknown(&mut self, why: &str) {
        self.doubts.push(shortened(&format!("what was used recently is not known: {why}")));
    }

    fn recent_since(&self) -> Timestamp {
        self.time.checked_sub(SignedDuration::from_hours(24 * RECENT_DAYS)).unwrap_or(Timestamp::MIN)
    }
}

/// A recent use of something that goes. In words: `iam:CreateRole (2026-11-20)`, with ` on RESOURCE` before the date where
/// the action goes on some resources only, or `s3 (service, 2026-11-20)`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct RecentUse {
    what: Used,
    at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Used {
    /// With the resources on which it goes, empty for all.
    Action(ActionName, Vec<String>),
    /// IAM does not tell which of its actions.
    Service(String),
}

impl std::fmt::Display for RecentUse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let date = self.at.to_zoned(TimeZone::UTC).date();
        match &self.what {
            Used::Service(namespace) => write!(f, "{namespace} (service, {date})"),
            Used::Action(action, on) => match on.as_slice() {
                [] => write!(f, "{action} ({date})"),
                [resource] => write!(f, "{action} on {resource} ({date})"),
                [resource, more @ ..] => write!(f, "{action} on {resource} and {} more ({date})", more.len()),
            },
        }
    }
}

/// The most recent first.
fn of(lost: &[Lost], uses: &[ServiceUse], since: Timestamp) -> Vec<RecentUse> {
    let mut recent: Vec<RecentUse> =
        uses.iter().flat_map(|service| actions(lost, service).chain(whole_service(lost, service))).collect();
    recent.retain(|used| used.at >= since);
    recent.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.what.cmp(&b.what)));
    recent.truncate(MOST_SHOWN);
    recent
}

fn actions<'a>(lost: &'a [Lost], service: &'a ServiceUse) -> impl Iterator<Item = RecentUse> {
    service.tracked.iter().filter_map(|tracked| {
        let mut cuts = lost.iter().filter(|lost| lost.says(&tracked.action)).peekable();
        cuts.peek()?;
        let what = Used::Action(tracked.action.clone(), resources(cuts));
        Some(RecentUse { what, at: tracked.last? })
    })
}

/// Empty for all of them.
fn resources<'a>(cuts: impl Iterator<Item = &'a Lost>) -> Vec<String> {
    let mut resources: Vec<String> = cuts.flat_map(|lost| lost.resources.iter().cloned()).collect();
    if resources.iter().any(|resource| resource == "*") {
        return Vec::new();
    }
    resources.sort();
    resources.dedup();
    resources
}

/// The service, where its last use may have been one of an action that goes and that IAM does not track.
fn whole_service(lost: &[Lost], service: &ServiceUse) -> Option<RecentUse> {
    let at = service.last?;
    let is_untracked = |name: &ActionName| {
        name.service() == service.namespace && !service.tracked.iter().any(|tracked| tracked.action == *name)
    };
    let may_be_meant = lost.iter().any(|lost| match lost.action.exact() {
        // Somebody asked for this one by name and will miss it: it is told even if the last use was another one's.
        Some(name) if lost.breadth == Breadth::Narrow => is_untracked(&name),
        // A use that a tracked action accounts for is told by that, or the action stays allowed.
        Some(name) => is_untracked(&name) && !is_accounted_for(service, at),
        None => lost.concerns(&service.namespace) && !is_accounted_for(service, at),
    });
    may_be_meant.then(|| RecentUse { what: Used::Service(service.namespace.clone()), at })
}

fn is_accounted_for(service: &ServiceUse, at: Timestamp) -> bool {
    let latest = service.tracked.iter().filter_map(|tracked| tracked.last).max();
    latest.is_some_and(|latest| at.duration_since(latest) <= SAME_USE)
}

impl Lost {
    fn says(&self, action: &ActionName) -> bool {
        self.action.matches(action) && !self.but.iter().any(|but| but.matches(action))
    }

    /// Whether a pattern with wildcards may stand for some action of a service.
    fn concerns(&self, namespace: &str) -> bool {
        let is_named = self.action.service() == Some(namespace);
        let is_left_out =
            |but: &ActionPattern| but.covers_everything() || but.covers_service() == Some(namespace);
        (is_named || self.action.covers_everything()) && !self.but.iter().any(is_left_out)
    }
}

fn in_words(outcome: Outcome, recent: &[RecentUse]) -> Option<String> {
    let shown: Vec<String> = recent.iter().take(MOST_IN_SUMMARY).map(ToString::to_string).collect();
    let more = match recent.len().saturating_sub(shown.len()) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let is_plan = matches!(outcome, Outcome::WouldBound | Outcome::WouldRestore | Outcome::WouldReplace);
    let no_longer = if is_plan { "no longer allowed with the boundary" } else { "no longer allowed" };
    let of_services = recent.iter().take(MOST_IN_SUMMARY).any(|used| matches!(used.what, Used::Service(_)));
    let hint = if of_services { " Of a service, IAM does not tell which action was used." } else { "" };
    (!shown.is_empty()).then(|| {
        format!("Used in the last {RECENT_DAYS} days and {no_longer}: {}{more}.{hint}", shown.join(", "))
    })
}
