//! What runs by the clock and not by an event: it sees what no event tells.
//!
//! A sweep reads every role of the account by pages of `GetAccountAuthorizationDetails`, never by a call for each, judges each as a
//! review would, and queues those that need a look. It writes nothing to IAM: the review does, on the one path that there is.
//! Functions are listed in every Region that the account has enabled; at the end come the roles that they name and nobody has.

mod functions;
mod last_accessed;
mod memory;
mod missing_roles;
mod pages;
mod policies;
mod roles;
mod service_control;
#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use tests::Double;

pub(crate) use memory::peak_rss_kib;

use crate::clock;
use crate::connect::Account;
use crate::failure::{Failure, FailureClass};
use crate::ledger::{LeaseTaken, OperatorPage};
use crate::metrics::Metric;
use crate::report::Reported;
use guardrail::kill_switch::KillSwitch;
use guardrail::report::RoleRow;
use guardrail::service_control::ServiceControl;
use guardrail::sweep::{Checkpoint, SweepModes, SweepSummary};
use jiff::{SignedDuration, Timestamp};

pub(crate) const ACTIONS: &[&str] = &[
    "account:ListRegions",
    "iam:GetAccountAuthorizationDetails",
    "iam:GetPolicy",
    "iam:GetPolicyVersion",
    "iam:GetRole",
    "iam:ListRoles",
    "lambda:ListFunctions",
];

/// Longer than a page of roles takes when IAM throttles.
const TO_SPARE: SignedDuration = SignedDuration::from_secs(60);

/// What a sweep came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SweepResponse {
    /// How much of what Ringfence stands on is missing or switched off.
    pub ground_faults: usize,
    /// How far it came over the account's roles.
    pub roles: SweptRoles,
}

/// How far a sweep came over the account's roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SweptRoles {
    /// Every role was judged.
    All(Box<SweepSummary>),
    /// The time was up. The next sweep goes on from here.
    Some(Box<SweepSummary>),
    /// Another sweep is at work, so this one left all to it.
    LeftToAnother,
}

/// The invocation that a sweep runs in.
#[derive(Debug, Clone, Copy)]
pub struct SweepCall<'a> {
    /// Lambda's request id.
    pub request: &'a str,
    /// When Lambda ends the invocation.
    pub ends_at: Timestamp,
}

impl SweepCall<'_> {
    fn has_time_left(&self) -> bool {
        self.ends_at.duration_since(clock::now()) > TO_SPARE
    }
}

impl Account {
    /// Looks whether Ringfence's own rules are in place, tells what operators changed while no event came by, and queues the roles
    /// that need a look.
    ///
    /// # Errors
    /// Where AWS does not answer or refuses. Lambda's retry begins anew; what was queued is queued again, and a look at a role
    /// that needs none does and tells nothing.
    pub async fn sweep(&self, call: SweepCall<'_>) -> Result<SweepResponse, Failure> {
        let watched = self.watched_boundaries();
        let (faults, page) = tokio::try_join!(self.ground_faults(), self.ledger.read_operators(&watched))?;
        let service_control = self.service_control().await;
        let mut due = self.due_notices(&page);
        due.notices.extend(page.noticed.ground(&faults));
        due.notices.extend(page.noticed.service_control(&service_control));
        self.tell_all_due(&page, &due, call.request).await;
        Metric::GroundFaults(faults.len() as u64).emit();
        let roles = self.sweep_alone(call, &page, &service_control).await?;
        if matches!(roles, SweptRoles::All(_)) {
            Metric::SweepCompleted.emit();
        }
        Ok(SweepResponse { ground_faults: faults.len(), roles })
    }

    /// Sweeps the roles while holding the lease, and gives it back however that ends.
    async fn sweep_alone(
        &self,
        call: SweepCall<'_>,
        page: &OperatorPage,
        service_control: &ServiceControl,
    ) -> Result<SweptRoles, Failure> {
        let checkpoint = match self.ledger.take_sweep_lease(call.request, call.ends_at, clock::now()).await? {
            LeaseTaken::Yes(checkpoint) => checkpoint.map(|stopped| *stopped),
            LeaseTaken::HeldByAnother => {
                tracing::info!("another sweep is at work, this one leaves all to it");
                return Ok(SweptRoles::LeftToAnother);
            }
        };
        let Stop { mut at, mut outcome, rows } =
            self.sweep_roles(call, page, service_control, checkpoint).await;
        if at.is_unfinished() {
            at.report_parts = self.leave_rows(&at, &rows).await;
        } else if outcome.is_ok()
            && let Err((failure, rows)) =
                self.report(Reported { call, page, service_control, checkpoint: &at }, rows).await
        {
            at.summary_not_told(0);
            at.report_parts = self.leave_rows(&at, &rows).await;
            outcome = Err(failure);
        }
        let goes_on = Some(&at).filter(|at| at.is_unfinished() && !is_in_the_way(&outcome));
        // Whoever sweeps next waits for the end of the lease, where it cannot be given back.
        if let Err(failure) = self.ledger.give_sweep_lease_back(call.request, goes_on).await {
            tracing::warn!(cause = %failure, "the sweep's lease could not be given back, it ends by itself");
        }
        outcome?;
        let is_unfinished = at.is_unfinished();
        let summary = Box::new(at.summary);
        Ok(if is_unfinished { SweptRoles::Some(summary) } else { SweptRoles::All(summary) })
    }

    /// The modes that what a sweep set off goes by.
    pub(crate) fn sweep_modes(&self, switch: &KillSwitch) -> SweepModes {
        SweepModes::in_force(self.settings.mode.in_force(switch), self.settings.sweep_mode.in_force(switch))
    }
}

/// Where a sweep stopped, and why.
struct Stop {
    at: Checkpoint,
    outcome: Result<(), Failure>,
    /// Of the roles that this invocation judged.
    rows: Vec<RoleRow>,
}

/// Whether whoever went on from here would fail again: then the next sweep had better begin anew.
fn is_in_the_way(outcome: &Result<(), Failure>) -> bool {
    outcome.as_ref().is_err_and(|failure| failure.class() == FailureClass::Malformed)
}
