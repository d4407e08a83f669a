//! `sns:Publish` to the organization's topic: what was published here, for those who watch all accounts.
//!
//! It comes after the account's own topic and after the intent is closed. Whatever keeps it from getting there, everybody who
//! subscribed in the account has the finding already: it is told in the log, counts as a failed call, and is no failure of the
//! invocation, which would tell the account twice.

use crate::connect::Account;
use guardrail::finding::Finding;
use std::time::Duration;

/// The key of the organization's topic is a customer's, of the organization's account.
pub(crate) const ACTIONS: &[&str] = &["sns:Publish", "kms:GenerateDataKey", "kms:Decrypt"];

/// What a finding may take, with the SDK's retries: five messages of the review queue share 30 s.
const PATIENCE: Duration = Duration::from_secs(3);

impl Account {
    /// Hands on what was published in the account: to the organization's topic and to Security Hub, side by side, as far as that was
    /// asked for. Takes a few seconds at most and never fails.
    pub(crate) async fn pass_on(&self, findings: &[Finding]) {
        tokio::join!(self.publish_centrally(findings), self.import_into_security_hub(findings));
    }

    /// Publishes findings to the organization's topic, if there is one, each with the message and the attributes that it has on the
    /// account's own. Those that did not get there are counted, and told in the log with the field `central_topic_failed`.
    pub(crate) async fn publish_centrally(&self, findings: &[Finding]) -> usize {
        let Some(topic) = &self.settings.central_topic else { return 0 };
        let mut failed = 0;
        for (done, finding) in findings.iter().enumerate() {
            match tokio::time::timeout(PATIENCE, self.send(topic, finding)).await {
                Ok(Ok(())) => {}
                Ok(Err(cause)) => {
                    failed += 1;
                    tracing::warn!(
                        central_topic_failed = 1,
                        finding = ?finding.id,
                        %cause,
                        "a finding did not get to the organization's topic; if it was denied, see that CentralFindingsTopicArn is the \
                         topic of this account's organization, and deploy both stacks again"
                    );
                }
                Err(_) => {
                    self.calls.note_given_up("sns");
                    let left = findings.len().saturating_sub(done);
                    tracing::warn!(
                        central_topic_failed = left,
                        finding = ?finding.id,
                        "findings did not get to the organization's topic in time"
                    );
                    return failed + left;
                }
            }
        }
        failed
    }
}

#[cfg(test)]
mod tests;
