//! What runs by the clock and not by an event: it sees what no event tells.

use crate::connect::Account;
use crate::failure::Failure;
use crate::metrics::Metric;

/// What a sweep came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SweepResponse {
    /// How much of what Ringfence stands on is missing or switched off.
    pub ground_faults: usize,
}

impl Account {
    /// Looks whether Ringfence's own rules are in place, and tells what operators changed while no event came by.
    ///
    /// `request` is Lambda's request id.
    ///
    /// # Errors
    /// Where AWS does not answer or refuses. The next sweep looks again.
    pub async fn sweep(&self, request: &str) -> Result<SweepResponse, Failure> {
        let watched = self.watched_boundaries();
        let (faults, page) = tokio::try_join!(self.ground_faults(), self.ledger.read_operators(&watched))?;
        let mut due = self.due_notices(&page);
        due.notices.extend(page.noticed.ground(&faults));
        self.tell_all_due(&page, &due, request).await;
        Metric::GroundFaults(faults.len() as u64).emit();
        Metric::SweepCompleted.emit();
        Ok(SweepResponse { ground_faults: faults.len() })
    }
}
