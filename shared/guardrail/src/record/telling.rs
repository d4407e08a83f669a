use crate::finding::FindingId;
use crate::record::RoleRecord;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// What telling takes and some more: three seconds for the last uses, and a publication.
const LONGEST_TELLING: SignedDuration = SignedDuration::from_secs(5);

/// A finding that an invocation is about to publish. Of many that see one state at once, one tells it.
///
/// A crash leaves the claim. The retry of the same invocation goes on at once, others wait for its end; they tell the same finding
/// under the same id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Telling {
    finding: FindingId,
    /// The Lambda request, the same for each retry of one invocation.
    by: String,
    until: Timestamp,
}

impl RoleRecord {
    /// Whether another invocation is about to publish this finding.
    #[must_use]
    pub fn is_being_told_by_another(&self, finding: &FindingId, request: &str, now: Timestamp) -> bool {
        let claim = self.telling.as_ref();
        claim.is_some_and(|claim| claim.finding == *finding && claim.by != request && now < claim.until)
    }

    /// Notes that the invocation `request` is about to publish this finding.
    pub fn claim_telling(&mut self, finding: &FindingId, request: &str, now: Timestamp) {
        let until = now.saturating_add(LONGEST_TELLING).unwrap_or(now);
        self.telling = Some(Telling { finding: finding.clone(), by: request.to_owned(), until });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_holds_off_others_about_the_same_finding_until_its_author_must_be_dead() {
        let now: Timestamp = "2026-11-23T10:00:00Z".parse().unwrap();
        let role: crate::names::RoleId = "AROAEXAMPLE".parse().unwrap();
        let (finding, another) = (FindingId::of_write(&role, 1), FindingId::of_write(&role, 2));
        let mut record = RoleRecord::new(role);
        assert!(!record.is_being_told_by_another(&finding, "request-2", now));
        record.claim_telling(&finding, "request-1", now);
        assert!(record.is_being_told_by_another(&finding, "request-2", now));
        assert!(!record.is_being_told_by_another(&finding, "request-1", now), "a retry goes on");
        assert!(!record.is_being_told_by_another(&another, "request-2", now), "another state is news");
        let later = now + LONGEST_TELLING;
        assert!(!record.is_being_told_by_another(&finding, "request-2", later));
    }
}
