//! What the e-mail tells apart from each other and everybody else gets as one `summary`.

use crate::names::RoleName;

/// Beside the fields of the finding. Empty where the fields say it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Story {
    /// What was found.
    pub(super) found: String,
    /// What Ringfence did.
    pub(super) done: String,
    /// What it means for those whom it is about.
    pub(super) effect: String,
    /// What a person can do.
    pub(super) next: Vec<Step>,
    /// The named grants that the boundary cuts.
    pub(super) cut: Option<CutInWords>,
    /// Whether it tells that something is over: there is nothing to look into any more.
    pub(super) is_over: bool,
    /// The role that does not exist, or did not: there are no facts of it.
    pub(super) missing_role: Option<RoleName>,
    /// Whether IAM told what was used recently.
    pub(super) recent_use: RecentUse,
}

/// A thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    /// In words, without full stop where a line follows.
    pub(super) what: String,
    /// The line for a shell that does it.
    pub(super) line: Option<String>,
}

/// What is cut, and what its owner can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CutInWords {
    pub(super) what: String,
    pub(super) remedy: &'static str,
}

/// Whether it is known what the role used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum RecentUse {
    /// Nobody asked, or IAM did not tell.
    #[default]
    Unknown,
    /// IAM told.
    Known,
}

impl Step {
    pub(super) fn words(what: impl Into<String>) -> Self {
        Self { what: what.into(), line: None }
    }

    pub(super) fn line(what: impl Into<String>, line: impl Into<String>) -> Self {
        Self { what: what.into(), line: Some(line.into()) }
    }

    /// As part of a sentence.
    fn in_summary(&self) -> String {
        match &self.line {
            Some(line) => format!("{}: {line}", self.what),
            None => self.what.clone(),
        }
    }
}

impl Story {
    /// What was found, what it means, what was done, what can be done.
    pub(super) fn summary(&self) -> String {
        let steps = self.next.iter().map(Step::in_summary);
        let parts = [self.found.clone(), self.effect.clone(), self.done.clone()];
        let parts: Vec<String> = parts.into_iter().chain(steps).filter(|part| !part.is_empty()).collect();
        parts.join(" ")
    }
}
