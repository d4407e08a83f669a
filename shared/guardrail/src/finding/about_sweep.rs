use super::story::{Step, Story};
use super::{BoundaryFacts, Finding, FindingId, Links, Outcome, SCHEMA, TriggerFacts};
use crate::report::{Change, Report, RoleRow, Since, grouped, minute};
use crate::severity::Severity;

/// How many of the worst roles are named.
const MOST_NAMED: usize = 5;

/// Where a sweep's report is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReportPlace {
    /// Its object in the console.
    At(String),
    /// It could not be written, for this reason.
    Missing(String),
}

/// What the summary of a sweep is made from. It is about no role.
#[derive(Debug, Clone)]
pub struct AboutSweep<'a> {
    /// The report.
    pub report: &'a Report,
    /// From the sweep's id.
    pub id: FindingId,
    /// Where the report is.
    pub place: ReportPlace,
}

impl AboutSweep<'_> {
    /// The finding.
    #[must_use]
    pub fn finding(self) -> Finding {
        let (title, story, report_link) = (self.title(), self.story(), self.link());
        let head = &self.report.head;
        Finding {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION"),
            mode: head.mode,
            problem: format!("{}/summary/ringfence", head.account),
            resolves: Vec::new(),
            time: head.finished_at,
            contained_at: None,
            account: head.account.clone(),
            region: head.region.clone(),
            severity: Severity::Info,
            title,
            summary: story.summary(),
            outcome: Outcome::Summary,
            reason: "a sweep looked at every role of the account".to_owned(),
            role: None,
            functions: Vec::new(),
            trigger: TriggerFacts {
                event: "Sweep".to_owned(),
                event_id: head.sweep.clone(),
                principal: None,
                session: None,
                source_ip: None,
                user_agent: None,
                via: "unknown",
            },
            source: None,
            breaches: Vec::new(),
            doubts: Vec::new(),
            analyzer: Vec::new(),
            boundary: BoundaryFacts { before: None, after: None },
            impact: None,
            undo: None,
            fix: None,
            denial: None,
            proposal: None,
            links: Links {
                role: None,
                event: None,
                runbook: Some(Outcome::Summary.runbook()),
                report: report_link,
            },
            id: self.id,
            story,
        }
    }

    fn title(&self) -> String {
        let totals = &self.report.totals;
        format!(
            "{}, {} exposed now",
            counted(totals.execution_roles, "execution role", "execution roles"),
            grouped(totals.exposed)
        )
    }

    fn link(&self) -> Option<String> {
        match &self.place {
            ReportPlace::At(link) => Some(link.clone()),
            ReportPlace::Missing(_) => None,
        }
    }

    fn story(&self) -> Story {
        Story {
            found: format!("{} {}", self.counts(), self.worst()),
            effect: self.changes(),
            next: self.next(),
            ..Story::default()
        }
    }

    fn counts(&self) -> String {
        let totals = &self.report.totals;
        let not_judged = match totals.not_judged {
            0 => String::new(),
            count => format!(" {} could not be judged.", counted(count, "role", "roles")),
        };
        let unused = match totals.with_unused_services {
            0 => String::new(),
            count => format!(" {} did not use some services for 90 days.", counted(count, "role", "roles")),
        };
        let missing = self.missing_roles();
        format!(
            "{} with {}: {} can do something HIGH or CRITICAL now, {} more only without {} boundary, {} no boundary.{unused}{not_judged}{missing}",
            counted(totals.execution_roles, "execution role", "execution roles"),
            counted(totals.functions, "function", "functions"),
            grouped(totals.exposed),
            grouped(totals.held_back),
            if totals.held_back == 1 { "its" } else { "their" },
            match totals.unbounded {
                1 => "1 has".to_owned(),
                count => format!("{} have", grouped(count)),
            },
        )
    }

    fn missing_roles(&self) -> String {
        let totals = &self.report.totals;
        let missing = match totals.missing_roles {
            0 => return String::new(),
            1 => " 1 role that functions name does not exist".to_owned(),
            count => format!(" {} roles that functions name do not exist", grouped(count)),
        };
        match totals.missing_roles_untold {
            0 => format!("{missing}."),
            untold => format!(
                "{missing}; {} of them {} no finding yet, which the next sweeps tell.",
                grouped(untold),
                if untold == 1 { "has" } else { "have" }
            ),
        }
    }

    /// Rows are worst first.
    fn worst(&self) -> String {
        let exposed = self.report.roles.iter().filter(|row| row.is_exposed()).take(MOST_NAMED);
        let named: Vec<String> = exposed.map(in_words).collect();
        if named.is_empty() { String::new() } else { format!("Worst: {}.", named.join("; ")) }
    }

    fn changes(&self) -> String {
        let changes = &self.report.changes;
        match changes.since {
            Since::FirstReport => {
                "This is the first report, so there is nothing to compare it with.".to_owned()
            }
            Since::NotComparable => "It could not be compared with the report before.".to_owned(),
            Since::SweepOf(at) => {
                let counts = Change::ALL.map(|change| (change.in_words(), changes.count(change)));
                let changed: Vec<String> = counts
                    .into_iter()
                    .chain([("gone", changes.gone())])
                    .filter(|(_, count)| *count > 0)
                    .map(|(words, count)| format!("{} {words}", grouped(count)))
                    .collect();
                let changed = if changed.is_empty() { "no change".to_owned() } else { changed.join(", ") };
                format!("Since the sweep of {}: {changed}.", minute(at))
            }
        }
    }

    fn next(&self) -> Vec<Step> {
        let report = match &self.place {
            ReportPlace::At(_) => "The report has every role; its link is below.".to_owned(),
            ReportPlace::Missing(why) => {
                format!("There is no report this time: {why}. The next sweep writes a new one.")
            }
        };
        let blind = "Calls on data (reading an object, a message, an item) never reach Ringfence as events, so no denial seen does \
                     not mean that nothing was cut.";
        vec![Step::words(report), Step::words(blind)]
    }
}

fn in_words(row: &RoleRow) -> String {
    let what = row.possible_now().next().map(|breach| format!(": {}", breach.summary)).unwrap_or_default();
    let severity = row.now.map_or("", Severity::as_str);
    format!("{} ({severity}{what})", row.role.name())
}

fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(count), if count == 1 { one } else { many })
}
