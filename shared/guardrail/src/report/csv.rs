use super::row::{BreachRow, RoleRow};
use super::{Text, Unwritable};
use crate::severity::Severity;
use jiff::Timestamp;

/// Columns may be added at the end; none changes its place or its meaning.
const COLUMNS: [&str; 24] = [
    "role",
    "arn",
    "owner",
    "severity_now",
    "severity_without_boundary",
    "can_do_now",
    "only_without_boundary",
    "boundary_standing",
    "boundary",
    "functions",
    "function_names",
    "created",
    "last_used",
    "changes",
    "exempt_until",
    "exempt_by",
    "doubts",
    "last_outcome",
    "last_finding",
    "denials",
    "unused_90_days",
    "unused_30_days",
    "unused_actions",
    "use_reported",
];

pub(super) fn table(rows: &[RoleRow]) -> Result<Vec<u8>, Unwritable> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(COLUMNS)?;
    for row in rows {
        table.write_record(cells(row).map(|cell| harmless(&cell)))?;
    }
    Ok(table.into_inner().map_err(|e| csv::Error::from(e.into_error()))?)
}

fn cells(row: &RoleRow) -> [String; COLUMNS.len()] {
    let severity = |severity: Option<Severity>| severity.map_or("", Severity::as_str).to_owned();
    let time = |time: Option<Timestamp>| time.map(|time| time.to_string()).unwrap_or_default();
    let joined = |parts: Vec<String>| parts.join("; ");
    let breaches = |breaches: Vec<&BreachRow>| {
        joined(breaches.into_iter().map(|breach| format!("{}: {}", breach.check, breach.summary)).collect())
    };
    let texts = |texts: &[Text]| texts.iter().map(Text::to_string).collect();
    let named = |services: &[Text], count: usize| {
        let more = count.saturating_sub(services.len());
        let more = (more > 0).then(|| format!("and {more} more"));
        joined(services.iter().map(Text::to_string).chain(more).collect())
    };
    let (exemption, told, known) = (row.exemption.as_ref(), row.told.as_ref(), row.last_accessed.known());
    [
        row.role.name().to_string(),
        row.role.to_string(),
        row.owner.clone().unwrap_or_default(),
        severity(row.now),
        severity(row.without_boundary),
        breaches(row.possible_now().collect()),
        breaches(row.held_back().collect()),
        row.standing.in_words().to_owned(),
        row.boundary.as_ref().map(ToString::to_string).unwrap_or_default(),
        row.functions.to_string(),
        joined(row.function_names.iter().map(ToString::to_string).collect()),
        time(Some(row.created)),
        time(row.last_used),
        joined(row.changes.iter().map(|change| change.in_words().to_owned()).collect()),
        time(exemption.map(|exemption| exemption.until)),
        exemption.map(|exemption| exemption.owner.clone()).unwrap_or_default(),
        joined(row.doubts.clone()),
        told.map(|told| told.outcome.to_string()).unwrap_or_default(),
        told.map(|told| told.finding.as_str().to_owned()).unwrap_or_default(),
        row.denials.map(|denials| denials.to_string()).unwrap_or_default(),
        known.map(|known| named(&known.long_unused(), known.unused_90_days)).unwrap_or_default(),
        known.map(|known| named(&known.services(), known.unused_30_days)).unwrap_or_default(),
        known.map(|known| joined(texts(&known.unused_actions))).unwrap_or_default(),
        time(known.map(|known| known.as_of)),
    ]
}

/// A spreadsheet takes a cell that begins so for a formula, and whoever names roles and tags would write it
/// (<https://owasp.org/www-community/attacks/CSV_Injection>).
fn harmless(cell: &str) -> String {
    match cell.chars().next() {
        Some('=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠' | '\t' | '\r' | '\n') => {
            format!("'{cell}")
        }
        _ => cell.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn no_cell_is_a_formula() {
        for cell in ["=cmd|' /C calc'!A0", "＝1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"] {
            assert_eq!(harmless(cell), format!("'{cell}"));
        }
        assert_eq!(harmless("orders=1"), "orders=1");
    }
}
