use super::Badge;
use crate::report::{Report, grouped};
use crate::severity::Severity;
use crate::sweep::SeverityCounts;

/// A number with what it counts.
pub(super) struct Tile {
    pub(super) number: String,
    pub(super) label: &'static str,
    /// A class of the style, or nothing.
    pub(super) tone: &'static str,
}

/// The roles by severity, as one bar.
pub(super) struct Bar {
    pub(super) title: &'static str,
    pub(super) parts: Vec<Part>,
}

/// The roles of one severity.
pub(super) struct Part {
    pub(super) class: &'static str,
    pub(super) label: &'static str,
    pub(super) number: String,
    pub(super) x: u64,
    pub(super) width: u64,
}

/// A bar's width in the units of its drawing.
const WIDTH: u64 = 1_000;

/// What can still be seen of it.
const LEAST_WIDTH: u64 = 4;

pub(super) fn tiles(report: &Report) -> Vec<Tile> {
    let totals = &report.totals;
    let tile = |number: u64, label, tone| Tile { number: grouped(number), label, tone };
    let alarming = |number: u64, label, tone| tile(number, label, if number == 0 { "" } else { tone });
    let mut tiles = vec![
        tile(totals.execution_roles, "execution roles", ""),
        alarming(totals.exposed, "HIGH or CRITICAL now", "bad"),
        tile(totals.held_back, "held back by a boundary", if totals.held_back == 0 { "" } else { "good" }),
        alarming(totals.unbounded, "without a boundary", "warn"),
        tile(totals.functions, "functions", ""),
    ];
    let some = [
        (totals.unapproved, "under another boundary", ""),
        (totals.dangling, "whose boundary's policy is gone", "warn"),
        (totals.missing_roles, "missing roles of functions", "warn"),
        (totals.exempt, "exempt", ""),
        (totals.with_unused_services, "with services unused for 90 days", ""),
        (totals.doubtful, "not wholly understood", ""),
        (totals.not_judged, "not judged", "warn"),
    ];
    tiles.extend(
        some.into_iter()
            .filter(|(number, ..)| *number > 0)
            .map(|(number, label, tone)| tile(number, label, tone)),
    );
    tiles
}

pub(super) fn bars(report: &Report) -> Vec<Bar> {
    let totals = &report.totals;
    vec![
        bar("The worst that each role can do now", &totals.now),
        bar("The worst that it could do without its boundary", &totals.without_boundary),
    ]
}

fn bar(title: &'static str, counts: &SeverityCounts) -> Bar {
    let by_severity = counts.by_severity.iter().rev().map(|(severity, count)| (Some(*severity), *count));
    let all: Vec<(Option<Severity>, u64)> =
        by_severity.chain([(None, counts.clean)]).filter(|(_, count)| *count > 0).collect();
    let total = all.iter().map(|(_, count)| count).sum::<u64>().max(1);
    let (mut before, mut drawn) = (0_u64, 0_u64);
    let parts = all.into_iter().map(|(severity, count)| {
        before = before.saturating_add(count);
        // One role in thousands is to be seen too, so a part may begin later than its share says.
        let (x, end) = (drawn, (before.saturating_mul(WIDTH) / total).max(drawn.saturating_add(LEAST_WIDTH)));
        drawn = end;
        let Badge { class, label } = Badge::of(severity);
        Part { class, label, number: grouped(count), x, width: end.saturating_sub(x) }
    });
    Bar { title, parts: parts.collect() }
}
