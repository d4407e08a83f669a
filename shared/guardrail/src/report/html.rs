//! The page: one file, no request. What is static reads without JavaScript; the rows of all roles are data that a script shows in
//! pages. Names, tags and policies are other people's words: the template escapes them, and the script makes text of them.

mod data;
mod figures;

use super::changes::Since;
use super::row::{BoundaryStanding, BreachRow, Change, RoleRow};
use super::{Report, Unwritable, grouped, minute};
use crate::severity::Severity;
use askama::Template;
use base64::Engine as _;
use data::Data;
use figures::{Bar, Tile, bars, tiles};
use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("../../templates/report/style.css");
const SCRIPT: &str = include_str!("../../templates/report/script.js");

/// Shown without JavaScript.
const MOST_STATIC: usize = 50;

/// What a static row says of what the role can do.
const MOST_BREACHES: usize = 3;

/// Of those that are gone.
const MOST_GONE: usize = 200;

#[derive(Template)]
#[template(path = "report/page.html")]
struct Page<'a> {
    report: &'a Report,
    csp: String,
    style: &'static str,
    script: &'static str,
    finished: String,
    started: String,
    regions: String,
    tiles: Vec<Tile>,
    bars: Vec<Bar>,
    changes: ChangesInWords<'a>,
    worst: Vec<StaticRow<'a>>,
    data: Data<'a>,
}

struct ChangesInWords<'a> {
    sentence: String,
    counts: Vec<(&'static str, String)>,
    gone: Vec<&'a str>,
}

struct StaticRow<'a> {
    name: &'a str,
    owner: Option<&'a str>,
    now: Badge,
    without: Badge,
    standing: &'static str,
    functions: String,
    last_used: String,
    breaches: Vec<String>,
}

/// A severity on the page.
struct Badge {
    class: &'static str,
    label: &'static str,
}

pub(super) fn page(report: &Report) -> Result<String, Unwritable> {
    let page = Page {
        report,
        csp: csp(),
        style: STYLE,
        script: SCRIPT,
        finished: minute(report.head.finished_at),
        started: minute(report.head.started_at),
        regions: super::named(&report.head.function_regions),
        tiles: tiles(report),
        bars: bars(report),
        changes: changes(report),
        worst: report.roles.iter().take(MOST_STATIC).map(static_row).collect(),
        data: Data::of(report),
    };
    Ok(page.render()?)
}

/// Nothing is fetched, nothing is sent, and no script or style but ours counts
/// (<https://www.w3.org/TR/CSP3/#grammardef-hash-source>).
fn csp() -> String {
    let hash = |text: &str| base64::prelude::BASE64_STANDARD.encode(Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

fn changes(report: &Report) -> ChangesInWords<'_> {
    let changes = &report.changes;
    let sentence = match changes.since {
        Since::FirstReport => "This is the first report, so there is nothing to compare it with.".to_owned(),
        Since::NotComparable => {
            "The report before could not be read, or one of the two lacks roles, so they are not compared."
                .to_owned()
        }
        Since::SweepOf(at) => format!("Since the sweep of {}:", minute(at)),
    };
    let counts = match changes.since {
        Since::FirstReport | Since::NotComparable => Vec::new(),
        Since::SweepOf(_) => Change::ALL
            .into_iter()
            .map(|change| (change.in_words(), grouped(changes.count(change))))
            .chain([("gone", grouped(changes.gone()))])
            .collect(),
    };
    let gone = changes.gone.iter().take(MOST_GONE).map(|role| role.as_str()).collect();
    ChangesInWords { sentence, counts, gone }
}

fn static_row(row: &RoleRow) -> StaticRow<'_> {
    let in_words = |breach: &BreachRow| match breach.now {
        Some(_) => breach.summary.to_string(),
        None => format!("without the boundary: {}", breach.summary),
    };
    StaticRow {
        name: row.role.name().as_str(),
        owner: row.owner.as_deref(),
        now: Badge::of(row.now),
        without: Badge::of(row.without_boundary),
        standing: row.standing.in_words(),
        functions: grouped(super::totals::to_u64(row.functions)),
        last_used: row.last_used.map_or("never seen".to_owned(), |at| at.strftime("%Y-%m-%d").to_string()),
        breaches: row.breaches.iter().take(MOST_BREACHES).map(in_words).collect(),
    }
}

impl Badge {
    fn of(severity: Option<Severity>) -> Self {
        let class = match severity {
            None => "clean",
            Some(Severity::Info) => "info",
            Some(Severity::Low) => "low",
            Some(Severity::Medium) => "medium",
            Some(Severity::High) => "high",
            Some(Severity::Critical) => "critical",
        };
        Self { class, label: severity.map_or("nothing found", Severity::as_str) }
    }
}

impl BoundaryStanding {
    /// As the script numbers them.
    const ALL: [Self; 5] = [Self::Absent, Self::Dangling, Self::Unapproved, Self::Approved, Self::Ours];
}
