//! The review queue: a role that is not found yet is looked at once more, a minute later.

use crate::connect::Account;
use crate::failure::Failure;
use guardrail::names::RoleName;
use guardrail::review::ReviewRequest;
use guardrail::trigger::Trigger;

pub(crate) const ACTIONS: &[&str] = &["sqs:SendMessage"];

/// Longer than IAM was seen to need until a new role is readable everywhere.
const SECONDS: i32 = 60;

impl Account {
    /// Queues the role for another look in a minute.
    pub(crate) async fn look_again_later(&self, role: &RoleName, trigger: &Trigger) -> Result<(), Failure> {
        let body = serde_json::to_string(&ReviewRequest::second_look(role, trigger))
            .map_err(|e| Failure::malformed("could not write the review request as JSON", e))?;
        let queue = &self.settings.review_queue_url;
        let send =
            self.sqs().send_message().queue_url(queue).message_body(body).delay_seconds(SECONDS).send();
        send.await
            .map_err(|e| Failure::of_call(format!("could not queue role `{role}` for a second look"), e))?;
        Ok(())
    }
}
