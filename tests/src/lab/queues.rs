//! The queues of the deployed stack.

use super::Lab;

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
}
