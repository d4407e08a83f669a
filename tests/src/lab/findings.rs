//! What was told: the messages of the findings topic, as an e-mail subscriber and a queue get them.

use super::{ACCOUNT, Lab};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};

/// The e-mail subscriber without a filter.
const EVERYTHING: &str = "everything@example.com";

/// The queue subscriber.
const FINDINGS_QUEUE: &str = "test-findings";

/// What the subscribers got so far. A message is whole when both have it.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    mails_read: usize,
    /// E-mails whose JSON is not there yet.
    half: Vec<Value>,
    /// Findings by SNS's message id, whose e-mail is not there yet.
    published: HashMap<String, Value>,
    told: Vec<Told>,
}

/// A finding, as a subscriber gets it: the e-mail with the JSON that everybody else gets.
#[derive(Debug, Clone)]
pub struct Told {
    /// Of the e-mail.
    pub subject: String,
    /// Of the e-mail.
    pub text: String,
    /// The finding.
    pub finding: Value,
}

impl Told {
    /// Whether the e-mail has these words in a row, wherever its lines break.
    pub fn says(&self, words: &str) -> bool {
        let on_one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        on_one_line(&self.text).contains(&on_one_line(words))
    }

    /// A text field of the finding.
    pub fn text_of(&self, field: &str) -> &str {
        self.finding[field].as_str().unwrap_or_else(|| panic!("`{field}` is no text in {:#}", self.finding))
    }
}

impl Lab {
    /// The findings topic of the deployed stack.
    pub fn topic(&self) -> &'static str {
        "arn:aws:sns:us-east-1:123456789012:ringfence-findings"
    }

    /// A queue that gets every finding's JSON, beside the mailbox that gets the texts of e-mail subscribers. They were there before
    /// Ringfence: a subscription that comes is told.
    pub async fn subscribe_to_everything(&self) {
        let topic = self.topic();
        let subscribe = self.sns.subscribe().topic_arn(topic).protocol("email").endpoint(EVERYTHING);
        self.pause_events();
        subscribe.send().await.expect("an e-mail subscription");
        self.subscribe_queue(FINDINGS_QUEUE, None).await;
    }

    /// A new queue that gets the findings that pass a filter policy, or all. Whatever waits is forgotten.
    pub async fn subscribe_queue(&self, name: &str, filter_policy: Option<&Value>) {
        self.subscribe_queue_to(self.topic(), name, filter_policy).await;
    }

    /// The same with another topic.
    pub async fn subscribe_queue_to(&self, topic: &str, name: &str, filter_policy: Option<&Value>) {
        let queue = self.queue_of_findings(name).await;
        let subscribe = self.sns.subscribe().topic_arn(topic).protocol("sqs").endpoint(queue);
        let subscribe = match filter_policy {
            Some(policy) => subscribe.attributes("FilterPolicy", policy.to_string()),
            None => subscribe,
        };
        self.pause_events();
        subscribe.send().await.expect("a queue subscription");
        self.forget_events();
        self.resume_events();
    }

    /// The ARN of a queue that the topic may send to. Like AWS, the lab obeys the queue's policy.
    async fn queue_of_findings(&self, name: &str) -> String {
        let arn = format!("arn:aws:sqs:us-east-1:{ACCOUNT}:{name}");
        let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage",
            "Principal": {"Service": "sns.amazonaws.com"}, "Resource": arn}]});
        let create = self.sqs.create_queue().queue_name(name);
        let create = create.attributes(aws_sdk_sqs::types::QueueAttributeName::Policy, policy.to_string());
        create.send().await.expect("a queue for findings");
        arn
    }

    /// Every message about the role so far, in order, copies included.
    pub async fn messages_about(&self, role: &str) -> Vec<Told> {
        let mut messages = self.messages().await;
        messages.retain(|told| told.finding["role"]["name"] == json!(role));
        messages
    }

    /// Every message so far, in order, copies included.
    pub async fn messages(&self) -> Vec<Told> {
        let mut inbox = self.inbox.lock().await;
        let Inbox { mails_read, half, published, told } = &mut *inbox;
        published.extend(self.take_from(FINDINGS_QUEUE).await);
        let mail = self.get(&format!("mailbox?since={mails_read}"));
        let mail = mail.as_array().expect("a list of e-mails");
        *mails_read += mail.len();
        half.extend(mail.iter().filter(|mail| mail["to"] == json!(EVERYTHING)).cloned());
        half.retain(|mail| {
            let finding = mail["message_id"].as_str().and_then(|id| published.remove(id));
            let (Some(subject), Some(text)) = (mail["subject"].as_str(), mail["body"].as_str()) else {
                panic!("no e-mail: {mail}")
            };
            told.extend(finding.clone().map(|finding| Told {
                subject: subject.to_owned(),
                text: text.to_owned(),
                finding,
            }));
            finding.is_none()
        });
        told.clone()
    }

    /// The findings about the role so far, in order: messages with one id are one finding.
    pub async fn findings_about(&self, role: &str) -> Vec<Told> {
        let mut findings = self.findings().await;
        findings.retain(|told| told.finding["role"]["name"] == json!(role));
        findings
    }

    /// The findings so far that are about no role, but a policy or Ringfence itself.
    pub async fn findings_about_no_role(&self) -> Vec<Told> {
        let mut findings = self.findings().await;
        findings.retain(|told| told.finding["role"] == Value::Null);
        findings
    }

    /// All findings so far, in order: messages with one id are one finding.
    pub async fn findings(&self) -> Vec<Told> {
        let mut findings = self.messages().await;
        let mut ids = HashSet::new();
        findings.retain(|told| ids.insert(told.text_of("id").to_owned()));
        findings
    }

    /// Takes the findings out of a subscribed queue: what was published, as everybody but e-mail gets it, by SNS's message id.
    pub async fn take_from(&self, queue: &str) -> Vec<(String, Value)> {
        let url = self.queue_url(queue).await;
        let mut taken = Vec::new();
        loop {
            let receive = self.sqs.receive_message().queue_url(&url).max_number_of_messages(10);
            let messages =
                receive.send().await.expect("the findings queue answers").messages.unwrap_or_default();
            if messages.is_empty() {
                return taken;
            }
            for message in messages {
                let parsed = |text: &str| -> Value {
                    serde_json::from_str(text).unwrap_or_else(|e| panic!("a message is no JSON: {e}: {text}"))
                };
                let envelope = parsed(message.body().expect("a body"));
                let id = envelope["MessageId"].as_str().expect("SNS's message id").to_owned();
                let finding = parsed(envelope["Message"].as_str().expect("the finding"));
                finding_schema::assert_valid(&finding);
                taken.push((id, finding));
                let delete = self.sqs.delete_message().queue_url(&url);
                delete.set_receipt_handle(message.receipt_handle).send().await.expect("the message goes");
            }
        }
    }
}
