//! `securityhub:BatchImportFindings`: what was published, for those who collect findings there.
//!
//! Whatever keeps Security Hub from taking a finding, everybody who subscribed has it already: it is told in the log and is no failure
//! of the invocation.

mod typed;

use crate::clock;
use crate::connect::Account;
use crate::failure::Failure;
use crate::metrics::Metric;
use crate::settings::SecurityHub;
use aws_sdk_securityhub::error::ProvideErrorMetadata;
use aws_sdk_securityhub::types::ImportFindingsError;
use guardrail::finding::{Asff, Finding, batches};
use std::time::Duration;

pub(crate) const ACTIONS: &[&str] = &["securityhub:BatchImportFindings"];

/// What a call may take, with its retries: five messages of the review queue share 30 s.
const PATIENCE: Duration = Duration::from_secs(3);
/// Security Hub may take some findings of a call and not others.
const MOST_ATTEMPTS: usize = 3;
const PAUSE: Duration = Duration::from_millis(200);

/// A finding that Security Hub does not take.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Refused {
    id: String,
    code: String,
    why: String,
}

impl Account {
    /// Imports findings, if that was asked for. Those that Security Hub may not have are counted, and told in the log with the field
    /// `security_hub_failed`.
    pub(crate) async fn import_into_security_hub(&self, findings: &[Finding]) -> usize {
        if self.settings.security_hub == SecurityHub::Off || findings.is_empty() {
            return 0;
        }
        let now = clock::now();
        let partition = &self.settings.deployment.partition;
        let batches = match batches(findings.iter().map(|finding| finding.asff(partition, now)).collect()) {
            Ok(batches) => batches,
            Err(cause) => {
                tracing::warn!(security_hub_failed = findings.len(), %cause, "findings could not be written for Security Hub");
                return findings.len();
            }
        };
        let mut refused_so_far = 0;
        let mut left: usize = batches.iter().map(Vec::len).sum();
        for batch in batches {
            match tokio::time::timeout(PATIENCE, self.import_batch(&batch)).await {
                Ok(Ok(refused)) => {
                    log_refused(&refused);
                    if !refused.is_empty() {
                        let (service, count) = ("securityhub", refused.len() as u64);
                        Metric::FailedCalls { service, count }.emit();
                    }
                    refused_so_far += refused.len();
                    left = left.saturating_sub(batch.len());
                }
                Ok(Err(failure)) => {
                    tracing::warn!(security_hub_failed = left, cause = %failure, "findings did not get to Security Hub");
                    return refused_so_far + left;
                }
                Err(_) => {
                    self.calls.note_given_up("securityhub");
                    tracing::warn!(
                        security_hub_failed = left,
                        "findings did not get to Security Hub in time"
                    );
                    return refused_so_far + left;
                }
            }
        }
        refused_so_far
    }

    /// One call, and another for findings that may fare better then. What Security Hub does not take in the end.
    async fn import_batch(&self, batch: &[Asff]) -> Result<Vec<Refused>, Failure> {
        let mut lasting = Vec::new();
        let mut passed_over = Vec::new();
        let mut left: Vec<&Asff> = batch.iter().collect();
        for _ in 0..MOST_ATTEMPTS {
            let sent = left.iter().map(|finding| typed::finding(finding)).collect();
            let call = self.security_hub().batch_import_findings().set_findings(Some(sent));
            let answer = call.send().await.map_err(|e| Failure::of_call(in_words(e.code()), e))?;
            // An answer of 200 may be about findings that were not taken.
            let refused = answer.failed_findings.unwrap_or_default().into_iter().map(Refused::from);
            let (passing, refused): (Vec<_>, Vec<_>) = refused.partition(Refused::may_pass);
            lasting.extend(refused);
            left.retain(|finding| passing.iter().any(|refused| refused.id == finding.id));
            if left.is_empty() {
                return Ok(lasting);
            }
            passed_over = passing;
            tokio::time::sleep(PAUSE).await;
        }
        lasting.extend(passed_over);
        Ok(lasting)
    }
}

/// What failed, and what to do about it.
fn in_words(code: Option<&str>) -> &'static str {
    match code {
        Some("InvalidAccessException") => {
            "Security Hub is not enabled in this account and Region; enable it, or deploy Ringfence with SecurityHub=false"
        }
        Some("AccessDeniedException" | "AccessDenied") => {
            "Ringfence is not allowed to import findings into Security Hub; deploy its template again, or look for an SCP that denies it"
        }
        _ => "could not import findings into Security Hub",
    }
}

impl Refused {
    /// What is wrong with a finding, or with the account, stays so.
    fn may_pass(&self) -> bool {
        !["Invalid", "AccessDenied", "Validation", "TooLarge"]
            .iter()
            .any(|lasting| self.code.contains(lasting))
    }
}

impl From<ImportFindingsError> for Refused {
    fn from(error: ImportFindingsError) -> Self {
        Self {
            id: error.id.unwrap_or_default(),
            code: error.error_code.unwrap_or_default(),
            why: error.error_message.unwrap_or_default(),
        }
    }
}

fn log_refused(refused: &[Refused]) {
    for Refused { id, code, why } in refused {
        tracing::warn!(
            security_hub_failed = 1,
            id,
            code,
            cause = why,
            "Security Hub does not take a finding"
        );
    }
}

#[cfg(test)]
pub(crate) mod tests;
