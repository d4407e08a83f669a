use super::{AboutRole, Outcome};
use crate::decide::Decision;
use crate::severity::Severity;

impl AboutRole<'_> {
    /// What is to be told of a decision that writes nothing; none where nobody needs to hear it: its state was told, or all is
    /// well and always was. What a write leads to is told with that write, an edited boundary with its policy.
    #[must_use]
    pub fn news(&self, decision: &Decision) -> Option<Outcome> {
        match decision {
            Decision::Nothing(_) | Decision::Remediate(_) => None,
            Decision::Compliant => {
                let about = Self { ours: &self.snapshot.boundary, ..*self };
                about.is_resolved().then_some(Outcome::Resolved)
            }
            Decision::Report(report) if report.outcome == Outcome::BoundaryEdited => None,
            Decision::Report(report) => {
                if self.is_resolved() && self.severity_told(report.outcome) < Severity::Medium {
                    return Some(Outcome::Resolved);
                }
                let is_told = self.record.has_told(&self.state(&self.snapshot.boundary));
                (!is_told).then_some(report.outcome)
            }
        }
    }
}
