//! What came of each fault, for people to read.

use std::fmt;
use std::time::Duration;

/// What came of one trial of a fault.
#[derive(Debug, Default)]
pub(crate) struct Count {
    /// Roles that were to be brought into a state, and those that are in it.
    pub(crate) roles: usize,
    pub(crate) right: usize,
    /// Findings that were to be told, by distinct id, and those that were.
    pub(crate) due: usize,
    pub(crate) told: usize,
    /// Findings that nobody needed.
    pub(crate) superfluous: usize,
    /// Messages with the id of an earlier one.
    pub(crate) copies: usize,
    /// Boundaries that were put again where they were.
    pub(crate) double_writes: usize,
    /// Messages of the dead-letter queue that were sent again.
    pub(crate) redriven: usize,
    /// How often the fault struck.
    pub(crate) struck: u64,
    pub(crate) took: Duration,
    /// What is not as it should be, in words.
    pub(crate) problems: Vec<String>,
}

impl Count {
    fn lost(&self) -> usize {
        self.due - self.told
    }
}

const HEAD: [&str; 12] = [
    "fault",
    "k, n or s",
    "struck",
    "roles",
    "right",
    "findings",
    "lost",
    "wrong",
    "copies",
    "double writes",
    "redriven",
    "seconds",
];

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: Vec<[String; HEAD.len()]>,
    problems: Vec<String>,
}

impl Table {
    /// Adds a row: what came of all trials of one fault.
    pub(crate) fn add(&mut self, fault: &str, swept: &str, results: Vec<Count>) {
        let sum = |of: fn(&Count) -> usize| results.iter().map(of).sum::<usize>();
        let took: Duration = results.iter().map(|result| result.took).sum();
        let struck: u64 = results.iter().map(|result| result.struck).sum();
        self.rows.push([
            fault.to_owned(),
            swept.to_owned(),
            struck.to_string(),
            sum(|result| result.roles).to_string(),
            sum(|result| result.right).to_string(),
            sum(|result| result.told).to_string(),
            sum(Count::lost).to_string(),
            sum(|result| result.superfluous).to_string(),
            sum(|result| result.copies).to_string(),
            sum(|result| result.double_writes).to_string(),
            sum(|result| result.redriven).to_string(),
            format!("{:.0}", took.as_secs_f64()),
        ]);
        let told = results.into_iter().flat_map(|result| result.problems);
        self.problems.extend(told.map(|problem| format!("{fault}: {problem}")));
    }

    /// What is not as it should be.
    pub(crate) fn problems(&self) -> &[String] {
        &self.problems
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |column: usize| {
            self.rows
                .iter()
                .map(|row| row[column].chars().count())
                .chain([HEAD[column].len()])
                .max()
                .unwrap_or(0)
        };
        let widths: [usize; HEAD.len()] = std::array::from_fn(width);
        let line = |f: &mut fmt::Formatter<'_>, cells: [&str; HEAD.len()]| {
            for (column, (cell, width)) in cells.into_iter().zip(widths).enumerate() {
                match column {
                    0 | 1 => write!(f, "{cell:<width$}  ")?,
                    _ => write!(f, "{cell:>width$}  ")?,
                }
            }
            writeln!(f)
        };
        line(f, HEAD)?;
        line(f, widths.map(|width| "-".repeat(width)).each_ref().map(String::as_str))?;
        for row in &self.rows {
            line(f, row.each_ref().map(String::as_str))?;
        }
        writeln!(f, "\nFindings count distinct ids; copies are messages with the id of an earlier one.")
    }
}
