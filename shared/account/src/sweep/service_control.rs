//! The organization's service control policies, as somebody put them into the report's bucket.

use crate::clock;
use crate::connect::Account;
use guardrail::service_control::{KEY, ServiceControl};
use std::time::Duration;

/// A small object of the same Region. Whoever waits longer has better things to do: the sweep goes on without it.
const PATIENCE: Duration = Duration::from_secs(10);

impl Account {
    /// What there is, read anew by each invocation. That S3 does not answer is no reason for a sweep to fail.
    pub(super) async fn service_control(&self) -> ServiceControl {
        let read = match tokio::time::timeout(PATIENCE, self.read_object(KEY)).await {
            Ok(Ok(None)) => ServiceControl::NotGiven,
            Ok(Ok(Some(export))) => ServiceControl::read(&export, &self.settings.account, clock::now()),
            Ok(Err(failure)) => ServiceControl::Unread(failure.to_string()),
            Err(_) => ServiceControl::Unread(format!("reading `{KEY}` took too long")),
        };
        match &read {
            ServiceControl::NotGiven | ServiceControl::Counted(_) => {}
            ServiceControl::Unusable(why) | ServiceControl::Unread(why) => {
                tracing::warn!(cause = why, "service control policies are not counted in");
            }
        }
        read
    }
}
