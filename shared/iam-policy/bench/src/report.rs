//! The table: a figure, its budget where it has one, and whether it keeps it. The same form as `make bench` has for
//! Ringfence as a whole.

use std::fmt::Write;
use std::process::ExitCode;

/// What a figure has to be, in the figure's unit.
#[derive(Debug, Clone, Copy)]
pub enum Budget {
    AtMost(f64),
    AtLeast(f64),
}

impl Budget {
    fn keeps(self, value: f64) -> bool {
        match self {
            Self::AtMost(limit) => value <= limit,
            Self::AtLeast(limit) => value >= limit,
        }
    }
}

/// One line. A figure without a budget is told and not judged.
#[derive(Debug, Clone)]
pub struct Figure {
    name: String,
    value: f64,
    unit: &'static str,
    budget: Option<Budget>,
    detail: String,
}

impl Figure {
    /// A figure that is told.
    pub fn new(name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self { name: name.into(), value, unit, budget: None, detail: String::new() }
    }

    /// The same with a budget, which counts only where the peers are optimised alike: with opt-level 3.
    #[must_use]
    pub fn within(self, budget: Budget) -> Self {
        Self { budget: is_judged().then_some(budget), ..self }
    }

    /// The same with what else there is to know.
    #[must_use]
    pub fn because(self, detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), ..self }
    }

    fn is_missed(&self) -> bool {
        self.budget.is_some_and(|budget| !budget.keeps(self.value))
    }

    fn cells(&self) -> [String; 5] {
        let budget = self.budget.map_or(String::new(), |budget| match budget {
            Budget::AtMost(limit) => format!("≤ {}", number(limit, self.unit)),
            Budget::AtLeast(limit) => format!("≥ {}", number(limit, self.unit)),
        });
        let verdict = match self.budget {
            None => "",
            Some(_) if self.is_missed() => "MISSED",
            Some(_) => "ok",
        };
        [self.name.clone(), number(self.value, self.unit), budget, verdict.into(), self.detail.clone()]
    }
}

/// Figures that belong together. The remarks say how they were measured and what they leave out.
#[derive(Debug, Clone)]
pub struct Section {
    pub title: &'static str,
    pub figures: Vec<Figure>,
    pub remarks: Vec<String>,
}

impl Section {
    /// What could not be measured, visibly.
    pub fn skipped(title: &'static str, reason: &str) -> Self {
        Self { title, figures: Vec::new(), remarks: vec![format!("SKIPPED: {reason}")] }
    }
}

/// What the program was optimised for.
pub const OPT_LEVEL: &str = env!("BENCH_OPT_LEVEL");

fn is_judged() -> bool {
    OPT_LEVEL == "3"
}

/// Prints the table; the exit status is a failure if a budget is missed.
pub fn tell(what: &str, sections: &[Section], load_before: &str) -> ExitCode {
    let profile = if is_judged() { "" } else { ", the workspace's release profile, not judged" };
    println!("\n{what}, opt-level {OPT_LEVEL}{profile}; load {load_before} before and {} after\n", load());
    print!("{}", as_text(sections));
    let figures =
        || sections.iter().flat_map(|section| section.figures.iter().map(|figure| (section.title, figure)));
    let missed: Vec<_> = figures().filter(|(_, figure)| figure.is_missed()).collect();
    let judged = figures().filter(|(_, figure)| figure.budget.is_some()).count();
    if judged > 0 {
        println!("\n{} of {judged} budgets kept", judged - missed.len());
    }
    for (title, figure) in &missed {
        println!("MISSED: {title}: {}", figure.name);
    }
    if missed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The machine's load of the last minute, as Linux tells it.
pub fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or("unknown").to_owned()
}

fn as_text(sections: &[Section]) -> String {
    let rows: Vec<_> =
        sections.iter().flat_map(|section| section.figures.iter().map(Figure::cells)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let [names, values, budgets, verdicts] = [0, 1, 2, 3].map(width);
    let mut text = String::new();
    for section in sections {
        let _ = writeln!(text, "{}", section.title);
        for [name, value, budget, verdict, detail] in section.figures.iter().map(Figure::cells) {
            let line = format!(
                "  {name:names$}  {value:>values$}  {budget:budgets$}  {verdict:verdicts$}  {detail}"
            );
            let _ = writeln!(text, "{}", line.trim_end());
        }
        for remark in &section.remarks {
            let _ = writeln!(text, "  · {remark}");
        }
        text.push('\n');
    }
    text.trim_end().to_owned() + "\n"
}

fn number(value: f64, unit: &str) -> String {
    let digits = match value.abs() {
        _ if value.fract() == 0.0 => 0,
        10.0.. => 1,
        0.1..10.0 => 2,
        _ => 4,
    };
    let plain = format!("{value:.digits$}");
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) && !grouped.ends_with('-') {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{grouped}{point}{fraction} {unit}").trim_end().to_owned()
}
