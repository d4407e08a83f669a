//! Many roles at once into the review queue.

use crate::connect::Account;
use crate::failure::Failure;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use guardrail::review::ReviewRequest;
use std::collections::BTreeSet;
use std::time::Duration;

pub(crate) const ACTIONS: &[&str] = &["sqs:SendMessage"];

/// What SQS takes in one call at most.
const BATCH: usize = 10;

/// How often the messages that SQS did not take are sent again, within one invocation, and after which pause.
const ATTEMPTS: usize = 3;
const PAUSE: Duration = Duration::from_millis(200);

impl Account {
    /// Queues a look for each request.
    pub(crate) async fn queue_for_review(
        &self,
        requests: impl Iterator<Item = ReviewRequest>,
    ) -> Result<(), Failure> {
        let bodies = requests
            .map(|request| serde_json::to_string(&request))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| Failure::malformed("could not write the review request as JSON", e))?;
        for batch in bodies.chunks(BATCH) {
            self.send_to_review(batch).await?;
        }
        Ok(())
    }

    /// Sends a batch, and again what SQS did not take of it.
    async fn send_to_review(&self, bodies: &[String]) -> Result<(), Failure> {
        let mut open: Vec<(String, &String)> =
            bodies.iter().enumerate().map(|(index, body)| (index.to_string(), body)).collect();
        for _ in 0..ATTEMPTS {
            let entries = open
                .iter()
                .map(|(id, body)| SendMessageBatchRequestEntry::builder().id(id).message_body(*body).build())
                .collect::<Result<Vec<_>, _>>()
                .map_err(|e| Failure::malformed("could not build a batch of messages", e))?;
            let send = self.sqs().send_message_batch().queue_url(&self.settings.review_queue_url);
            let answer = send
                .set_entries(Some(entries))
                .send()
                .await
                .map_err(|e| Failure::of_call("could not queue roles for a look", e))?;
            let failed: BTreeSet<String> = answer.failed.into_iter().map(|failed| failed.id).collect();
            open.retain(|(id, _)| failed.contains(id));
            if open.is_empty() {
                return Ok(());
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(Failure::retryable(format!(
            "the review queue did not take {} of the roles that need a look",
            open.len()
        )))
    }
}
