//! What goes into one call of `BatchImportFindings`
//! (<https://docs.aws.amazon.com/securityhub/latest/userguide/finding-update-batchimportfindings.html>).

use super::Asff;
use std::collections::BTreeMap;

/// Findings in a call.
pub const MOST_FINDINGS: usize = 100;
/// Bytes of a finding. The limits of its texts keep it far below.
pub const LARGEST_FINDING: usize = 240 * 1_000;
/// Bytes of a call: 6 MB, less what the request has around its findings.
pub const LARGEST_BATCH: usize = 6_000_000 - 1_000;

/// Findings as calls can take them, in their order. Of several with one id the last stands: all of them bear the same time, and Security
/// Hub could not tell which is newer.
///
/// # Errors
/// Where a finding cannot be written as JSON, which its types leave no way to.
pub fn batches(findings: Vec<Asff>) -> Result<Vec<Vec<Asff>>, serde_json::Error> {
    let last: BTreeMap<String, usize> =
        findings.iter().enumerate().map(|(index, finding)| (finding.id.clone(), index)).collect();
    let mut batches: Vec<Vec<Asff>> = Vec::new();
    let mut size = 0;
    for (index, finding) in findings.into_iter().enumerate() {
        if last.get(&finding.id) != Some(&index) {
            continue;
        }
        let finding_size = serde_json::to_vec(&finding)?.len() + ",".len();
        match batches
            .last_mut()
            .filter(|batch| batch.len() < MOST_FINDINGS && size + finding_size <= LARGEST_BATCH)
        {
            Some(batch) => {
                batch.push(finding);
                size += finding_size;
            }
            None => {
                batches.push(vec![finding]);
                size = finding_size;
            }
        }
    }
    Ok(batches)
}
