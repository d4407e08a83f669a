use crate::finding::{FindingId, Outcome};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// What telling takes and some more: finding out the owner, and a publication.
const LONGEST_TELLING: SignedDuration = SignedDuration::from_secs(5);

/// A finding that an invocation is about to publish. While it may be at it, others wait and look again: what they would tell may be
/// told by then.
///
/// A crash leaves the claim. The retry of the same invocation goes on at once, others after the claim's end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The finding.
    pub finding: FindingId,
    /// `exposed` or `resolved`.
    pub outcome: Outcome,
    /// The Lambda request, the same for each retry of one invocation.
    by: String,
    until: Timestamp,
}

impl Claim {
    /// A claim of the invocation `request`.
    #[must_use]
    pub fn new(finding: FindingId, outcome: Outcome, request: &str, now: Timestamp) -> Self {
        let until = now.saturating_add(LONGEST_TELLING).unwrap_or(now);
        Self { finding, outcome, by: request.to_owned(), until }
    }

    /// Whether somebody else may be publishing it right now.
    #[must_use]
    pub fn holds_off(&self, request: &str, now: Timestamp) -> bool {
        self.by != request && now < self.until
    }
}
