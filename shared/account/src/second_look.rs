//! The review queue: a role that is not found yet is looked at once more, a minute later, and one whose write exceeds the
//! change budget when there is some again.

use crate::connect::Account;
use crate::failure::Failure;
use crate::respond::NotFound;
use aws_lambda_events::sqs::SqsMessage;
use aws_sdk_sqs::types::MessageAttributeValue;
use guardrail::names::RoleName;
use guardrail::review::ReviewRequest;
use guardrail::trigger::Trigger;
use jiff::SignedDuration;

pub(crate) const ACTIONS: &[&str] = &["sqs:SendMessage"];

/// The message attribute of a look that is not the first: a role that is not found by then is gone. Whoever else asks for a
/// look, a fan-out among them, may be as early as an event.
const AGAIN: &str = "ringfence-look-again";

/// Longer than IAM was seen to need until a new role is readable everywhere.
const SECOND_LOOK: SignedDuration = SignedDuration::from_mins(1);

/// What to do where the role of a queued message is not found.
pub(crate) fn not_found(message: &SqsMessage) -> NotFound {
    if message.message_attributes.contains_key(AGAIN) { NotFound::Gone } else { NotFound::LookAgainLater }
}

impl Account {
    /// Queues the role for another look in a minute.
    pub(crate) async fn look_again_later(&self, role: &RoleName, trigger: &Trigger) -> Result<(), Failure> {
        self.look_again_after(role, trigger, SECOND_LOOK).await
    }

    /// Queues the role for another look after `wait`, at most SQS's longest delay, a quarter of an hour.
    pub(crate) async fn look_again_after(
        &self,
        role: &RoleName,
        trigger: &Trigger,
        wait: SignedDuration,
    ) -> Result<(), Failure> {
        let body = serde_json::to_string(&ReviewRequest::second_look(role, trigger))
            .map_err(|e| Failure::malformed("could not write the review request as JSON", e))?;
        let queue = &self.settings.review_queue_url;
        let seconds = i32::try_from(wait.as_secs()).unwrap_or(i32::MAX);
        let again = MessageAttributeValue::builder().data_type("String").string_value("true").build();
        let again = again.map_err(|e| Failure::malformed("could not build a message attribute", e))?;
        let send = self.sqs().send_message().queue_url(queue).message_body(body).delay_seconds(seconds);
        send.message_attributes(AGAIN, again)
            .send()
            .await
            .map_err(|e| Failure::of_call(format!("could not queue role `{role}` for another look"), e))?;
        Ok(())
    }
}
