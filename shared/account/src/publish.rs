//! `sns:Publish`: one finding to everybody who subscribed. What was published there is handed on to the organization's topic and to
//! Security Hub.

use crate::connect::Account;
use crate::failure::Failure;
use crate::metrics::Metric;
use aws_sdk_sns::types::MessageAttributeValue;
use guardrail::finding::Finding;
use std::slice;

/// The topic's key is a customer's: SNS uses it on the publisher's behalf
/// (<https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html>).
pub(crate) const ACTIONS: &[&str] = &["sns:Publish", "kms:GenerateDataKey", "kms:Decrypt"];

impl Account {
    /// Publishes a finding, then hands it on, which takes a few seconds at most and never fails.
    pub(crate) async fn publish(&self, finding: &Finding) -> Result<(), Failure> {
        self.publish_to_topic(finding).await?;
        self.pass_on(slice::from_ref(finding)).await;
        Ok(())
    }

    /// Publishes a finding, with a body of its own for e-mail and attributes to filter by.
    pub(crate) async fn publish_to_topic(&self, finding: &Finding) -> Result<(), Failure> {
        self.send(&self.settings.findings_topic, finding).await?;
        Metric::Finding(finding).emit();
        Ok(())
    }

    /// One call. The topic is the account's own, or the organization's.
    pub(crate) async fn send(&self, topic: &str, finding: &Finding) -> Result<(), Failure> {
        let message =
            finding.message().map_err(|e| Failure::malformed("could not write the finding as JSON", e))?;
        let mut publish = self
            .sns()
            .publish()
            .topic_arn(topic)
            .subject(message.subject)
            .message_structure("json")
            .message(message.body);
        for attribute in message.attributes {
            let value =
                MessageAttributeValue::builder().data_type("String").string_value(attribute.value).build();
            let value = value.map_err(|e| Failure::malformed("could not build a message attribute", e))?;
            publish = publish.message_attributes(attribute.name, value);
        }
        publish
            .send()
            .await
            .map_err(|e| Failure::of_call(format!("could not publish to topic `{topic}`"), e))?;
        Ok(())
    }
}
