//! A lab of a test's own: a local AWS account with Ringfence deployed in it, stopped when it is dropped.
//!
//! See `tests/lab/README.md` for what it is and what it is not. AWS itself is never contacted.

use crate::project_root;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_iam::config::{Credentials, SharedCredentialsProvider};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// The account that the lab plays.
pub const ACCOUNT: &str = "123456789012";

/// The shipped boundary that a default deployment puts.
pub const OURS: &str = "arn:aws:iam::123456789012:policy/ringfence/ringfence-baseline-v1";

/// AWS's policy for everything.
pub const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

/// What plain execution roles trust.
pub const TRUSTS_LAMBDA: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

/// The e-mail subscriber without a filter.
const EVERYTHING: &str = "everything@example.com";

/// The queue subscriber.
const FINDINGS_QUEUE: &str = "test-findings";

/// Longer than anything in the lab takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running account with Ringfence in it.
pub struct Lab {
    server: Child,
    url: String,
    /// Findings by message id, taken out of the findings queue.
    published: Mutex<HashMap<String, Value>>,
    /// As the account's administrator.
    pub iam: aws_sdk_iam::Client,
    /// As the account's administrator.
    pub lambda: aws_sdk_lambda::Client,
    /// As the account's administrator.
    pub sns: aws_sdk_sns::Client,
    /// As the account's administrator.
    pub sqs: aws_sdk_sqs::Client,
    /// As the account's administrator.
    pub dynamodb: aws_sdk_dynamodb::Client,
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
    /// A text field of the finding.
    pub fn text_of(&self, field: &str) -> &str {
        self.finding[field].as_str().unwrap_or_else(|| panic!("`{field}` is no text in {:#}", self.finding))
    }
}

impl Lab {
    /// Starts an account and deploys Ringfence with `parameters` into it, every finding to be read.
    pub async fn start(parameters: &[(&str, &str)]) -> Self {
        let mut server = python(&["serve", "--die-with-parent"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the lab's Python starts");
        let mut line = String::new();
        let stdout = server.stdout.take().expect("standard output is piped");
        BufReader::new(stdout).read_line(&mut line).expect("the lab says where it listens");
        let ready: Value =
            serde_json::from_str(&line).unwrap_or_else(|e| panic!("the lab did not start: {e}: {line}"));
        let url = ready["url"].as_str().expect("the lab's address").to_owned();
        let config = sdk_config(&url, "test", "test").await;
        let lab = Self {
            server,
            published: Mutex::default(),
            iam: aws_sdk_iam::Client::new(&config),
            lambda: aws_sdk_lambda::Client::new(&config),
            sns: aws_sdk_sns::Client::new(&config),
            sqs: aws_sdk_sqs::Client::new(&config),
            dynamodb: aws_sdk_dynamodb::Client::new(&config),
            url,
        };
        lab.deploy(parameters);
        lab.subscribe_to_everything().await;
        lab
    }

    /// `sam deploy` of the real template, of what `make lab-build` built.
    pub fn deploy(&self, parameters: &[(&str, &str)]) {
        let parameters: Vec<String> =
            parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut arguments = vec!["deploy", "--built", "--url", &self.url];
        parameters.iter().for_each(|parameter| arguments.extend(["--param", parameter]));
        let output = python(&arguments).output().expect("the lab's Python starts");
        assert!(
            output.status.success(),
            "sam deploy failed (was it built? `make lab-build`):\n{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// A queue that gets every finding's JSON, beside the mailbox that gets the texts of e-mail subscribers.
    async fn subscribe_to_everything(&self) {
        let topic = self.topic();
        let subscribe = self.sns.subscribe().topic_arn(topic).protocol("email").endpoint(EVERYTHING);
        subscribe.send().await.expect("an e-mail subscription");
        let subscribe =
            self.sns.subscribe().topic_arn(topic).protocol("sqs").endpoint(self.findings_queue().await);
        subscribe.send().await.expect("a queue subscription");
    }

    /// The ARN of a queue that the topic may send to. Like AWS, the lab obeys the queue's policy.
    async fn findings_queue(&self) -> String {
        let arn = format!("arn:aws:sqs:us-east-1:{ACCOUNT}:{FINDINGS_QUEUE}");
        let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage",
            "Principal": {"Service": "sns.amazonaws.com"}, "Resource": arn}]});
        let create = self.sqs.create_queue().queue_name(FINDINGS_QUEUE);
        let create = create.attributes(aws_sdk_sqs::types::QueueAttributeName::Policy, policy.to_string());
        create.send().await.expect("a queue for findings");
        arn
    }

    /// The findings topic of the deployed stack.
    pub fn topic(&self) -> &'static str {
        "arn:aws:sns:us-east-1:123456789012:ringfence-findings"
    }

    /// An IAM client with somebody else's keys.
    pub async fn iam_as(&self, access_key: &str, secret: &str) -> aws_sdk_iam::Client {
        aws_sdk_iam::Client::new(&sdk_config(&self.url, access_key, secret).await)
    }

    /// One of the lab's own paths, `/_lab/…`.
    pub fn get(&self, path: &str) -> Value {
        let address = format!("{}/_lab/{path}", self.url);
        ureq::get(&address)
            .call()
            .and_then(|mut answer| answer.body_mut().read_json())
            .unwrap_or_else(|e| panic!("{path}: {e}"))
    }

    /// One of the lab's own paths, `/_lab/…`.
    pub fn post(&self, path: &str, body: Value) -> Value {
        let address = format!("{}/_lab/{path}", self.url);
        ureq::post(&address)
            .send_json(&body)
            .and_then(|mut answer| answer.body_mut().read_json())
            .unwrap_or_else(|e| panic!("{path}: {e}"))
    }

    /// One of the lab's own paths, `/_lab/…`.
    pub fn delete(&self, path: &str) {
        let address = format!("{}/_lab/{path}", self.url);
        ureq::delete(&address).call().unwrap_or_else(|e| panic!("{path}: {e}"));
    }

    /// Waits until nothing runs and nothing is due: no event, invocation, retry or message.
    pub async fn silence(&self) {
        // Between the delivery of an event and the start of its invocation nothing is counted, so one look is not enough.
        let mut quiet_looks = 0;
        let mut calls = usize::MAX;
        self.until("silence", || {
            let so_far = self.get("journal").as_array().map_or(0, Vec::len);
            let is_quiet = self.get("idle")["idle"] == json!(true) && so_far == calls;
            calls = so_far;
            quiet_looks = if is_quiet { quiet_looks + 1 } else { 0 };
            quiet_looks >= 3
        })
        .await;
    }

    /// Waits until something holds.
    pub async fn until(&self, what: &str, mut holds: impl FnMut() -> bool) {
        let started = Instant::now();
        while !holds() {
            assert!(started.elapsed() < PATIENCE, "waited in vain for {what}: {:#}", self.get("idle"));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// While paused, calls happen but their events wait.
    pub fn pause_events(&self) {
        self.post("tap", json!({"paused": true}));
    }

    /// Drops the events that wait, as if the calls had been made before Ringfence was there.
    pub fn forget_events(&self) {
        self.delete("events");
    }

    /// Events flow again; those that waited are delivered.
    pub fn resume_events(&self) {
        self.post("tap", json!({"paused": false}));
    }

    /// Makes a role that trusts Lambda.
    pub async fn create_role(&self, name: &str, path: &str) {
        self.create_role_trusting(name, path, TRUSTS_LAMBDA).await;
    }

    /// Makes a role with a trust policy.
    pub async fn create_role_trusting(&self, name: &str, path: &str, trust: &str) {
        let create = self.iam.create_role().role_name(name).path(path).assume_role_policy_document(trust);
        create.send().await.unwrap_or_else(|e| panic!("CreateRole {name}: {e:?}"));
    }

    /// Attaches a managed policy to a role.
    pub async fn attach(&self, role: &str, policy: &str) {
        let attach = self.iam.attach_role_policy().role_name(role).policy_arn(policy);
        attach.send().await.unwrap_or_else(|e| panic!("AttachRolePolicy {role}: {e:?}"));
    }

    /// Makes a function with the role.
    pub async fn create_function(&self, name: &str, role_arn: &str) {
        use aws_sdk_lambda::{primitives::Blob, types::FunctionCode, types::Runtime};
        let code = FunctionCode::builder().zip_file(Blob::new(EMPTY_ZIP)).build();
        let create = self.lambda.create_function().function_name(name).role(role_arn).code(code);
        let create = create.runtime(Runtime::Providedal2023).handler("bootstrap");
        create.send().await.unwrap_or_else(|e| panic!("CreateFunction {name}: {e:?}"));
    }

    /// The boundary that the role has now.
    pub async fn boundary_of(&self, role: &str) -> Option<String> {
        let answer = self
            .iam
            .get_role()
            .role_name(role)
            .send()
            .await
            .unwrap_or_else(|e| panic!("GetRole {role}: {e:?}"));
        answer.role?.permissions_boundary?.permissions_boundary_arn
    }

    /// Every message about the role so far, in order, copies included.
    pub async fn messages_about(&self, role: &str) -> Vec<Told> {
        let mut messages = self.messages().await;
        messages.retain(|told| told.finding["role"]["name"] == json!(role));
        messages
    }

    /// Every message so far, in order, copies included.
    pub async fn messages(&self) -> Vec<Told> {
        let mut published = self.published.lock().await;
        published.extend(self.take_from_findings_queue().await);
        let mail = self.get("mailbox");
        let mail = mail.as_array().expect("a list of e-mails").iter();
        mail.filter(|mail| mail["to"] == json!(EVERYTHING))
            .filter_map(|mail| {
                let finding = published.get(mail["message_id"].as_str()?)?.clone();
                let (subject, text) =
                    (mail["subject"].as_str()?.to_owned(), mail["body"].as_str()?.to_owned());
                Some(Told { subject, text, finding })
            })
            .collect()
    }

    /// The findings about the role so far: messages with one id are one finding.
    pub async fn findings_about(&self, role: &str) -> Vec<Told> {
        let mut findings: Vec<Told> = Vec::new();
        for told in self.messages_about(role).await {
            if !findings.iter().any(|earlier| earlier.finding["id"] == told.finding["id"]) {
                findings.push(told);
            }
        }
        findings
    }

    /// What was published, as everybody but e-mail gets it, by SNS's message id.
    async fn take_from_findings_queue(&self) -> Vec<(String, Value)> {
        let url = self.queue_url(FINDINGS_QUEUE).await;
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
                taken.push((id, parsed(envelope["Message"].as_str().expect("the finding"))));
                let delete = self.sqs.delete_message().queue_url(&url);
                delete.set_receipt_handle(message.receipt_handle).send().await.expect("the message goes");
            }
        }
    }

    /// Successful calls so far of an operation by Ringfence's own functions.
    pub fn own_calls(&self, operation: &str) -> usize {
        let journal = self.get("journal");
        journal
            .as_array()
            .expect("a list of calls")
            .iter()
            .filter(|entry| {
                entry["operation"] == json!(operation)
                    && entry["status"] == json!(200)
                    && entry["caller"]["function"].as_str().is_some_and(|name| name.starts_with("ringfence-"))
            })
            .count()
    }

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

    /// The log lines of a function.
    pub fn logs(&self, function: &str) -> Vec<String> {
        let lines = self.get(&format!("logs?function={function}"));
        lines
            .as_array()
            .expect("a list of lines")
            .iter()
            .filter_map(|line| line.as_str().map(str::to_owned))
            .collect()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // The end of its standard input tells the server to stop its functions and go.
        drop(self.server.stdin.take());
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(10) {
            if matches!(self.server.try_wait(), Ok(Some(_)) | Err(_)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// The smallest zip: no file. The lab runs no code of test functions.
const EMPTY_ZIP: &[u8] = b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

fn python(arguments: &[&str]) -> Command {
    let python = std::env::var_os("RINGFENCE_LAB_PYTHON")
        .expect("RINGFENCE_LAB_PYTHON names the lab's Python; run the lab tests through `make test-lab`");
    let mut command = Command::new(python);
    command.args(["-m", "ringfence_lab"]).args(arguments);
    command.env("PYTHONPATH", project_root().join("tests/lab")).current_dir(project_root());
    command
}

async fn sdk_config(url: &str, access_key: &str, secret: &str) -> aws_config::SdkConfig {
    let credentials = Credentials::new(access_key, secret, None, None, "lab");
    aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(url)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .load()
        .await
}
