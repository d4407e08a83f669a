//! The queues of the deployed stack.

use super::{Lab, python};
use crate::project_root;
use aws_sdk_sqs::types::QueueAttributeName;

impl Lab {
    /// Messages that wait in the on-failure queue.
    pub async fn dead_letters(&self) -> Vec<String> {
        let url = self.queue_url("ringfence-dead-letter").await;
        let receive =
            self.sqs.receive_message().queue_url(url).max_number_of_messages(10).visibility_timeout(0);
        let answer = receive.send().await.expect("the on-failure queue answers");
        answer.messages.unwrap_or_default().into_iter().filter_map(|message| message.body).collect()
    }

    /// The address of a queue whose name begins so.
    pub async fn queue_url(&self, prefix: &str) -> String {
        let answer =
            self.sqs.list_queues().queue_name_prefix(prefix).send().await.expect("queues are listed");
        answer.queue_urls.unwrap_or_default().pop().unwrap_or_else(|| panic!("no queue is called {prefix}…"))
    }

    /// How many messages the on-failure queue has, those included that somebody is looking at.
    pub async fn dead_letter_count(&self) -> usize {
        let url = self.queue_url("ringfence-dead-letter").await;
        let counts = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        ];
        let attributes =
            self.sqs.get_queue_attributes().queue_url(url).set_attribute_names(Some(counts.to_vec()));
        let attributes =
            attributes.send().await.expect("the queue has attributes").attributes.unwrap_or_default();
        counts.iter().filter_map(|count| attributes.get(count)?.parse::<usize>().ok()).sum()
    }

    /// Sends what waits in the on-failure queue again, by the script that operators use.
    pub fn redrive(&self) {
        let output = python()
            .arg(project_root().join("operations/redrive.py"))
            .envs([
                ("AWS_ENDPOINT_URL", self.url.as_str()),
                ("AWS_ACCESS_KEY_ID", "test"),
                ("AWS_SECRET_ACCESS_KEY", "test"),
            ])
            .args(["--region", "us-east-1"])
            .output()
            .expect("Python starts");
        assert!(output.status.success(), "redrive failed: {}", String::from_utf8_lossy(&output.stderr));
    }
}
