//! A lab of a test's own: a local AWS account with Ringfence deployed in it, stopped when it is dropped.
//!
//! See `tests/lab/README.md` for what it is and what it is not. AWS itself is never contacted.

mod calls;
mod deployments;
mod faults;
mod findings;
mod journal;
mod ledger;
mod package;
mod queues;
mod reports;

pub use calls::Call;
pub use findings::Told;

use crate::project_root;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_iam::config::{Credentials, SharedCredentialsProvider};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::AtomicUsize;
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

/// Longer than most things in the lab take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running account with Ringfence in it.
pub struct Lab {
    server: Child,
    url: String,
    /// What the subscribers got, as far as it was read.
    inbox: Mutex<findings::Inbox>,
    /// The journal's last entry that was read.
    read: AtomicUsize,
    /// How long to wait for silence, and whatever else is awaited.
    pub patience: Duration,
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

impl Lab {
    /// Starts an account and deploys Ringfence with `parameters` into it, every finding to be read.
    pub async fn start(parameters: &[(&str, &str)]) -> Self {
        let lab = Self::empty().await;
        lab.deploy(parameters);
        lab.subscribe_to_everything().await;
        lab
    }

    /// Starts an account without Ringfence.
    pub async fn empty() -> Self {
        let mut server = lab_command(&["serve", "--die-with-parent"])
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
        Self {
            server,
            inbox: Mutex::default(),
            read: AtomicUsize::new(0),
            patience: PATIENCE,
            iam: aws_sdk_iam::Client::new(&config),
            lambda: aws_sdk_lambda::Client::new(&config),
            sns: aws_sdk_sns::Client::new(&config),
            sqs: aws_sdk_sqs::Client::new(&config),
            dynamodb: aws_sdk_dynamodb::Client::new(&config),
            url,
        }
    }

    /// `sam deploy` of the real template, of what `make lab-build` built.
    pub fn deploy(&self, parameters: &[(&str, &str)]) {
        let parameters: Vec<String> =
            parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut arguments = vec!["deploy", "--built", "--url", &self.url];
        parameters.iter().for_each(|parameter| arguments.extend(["--param", parameter]));
        let output = lab_command(&arguments).output().expect("the lab's Python starts");
        assert!(
            output.status.success(),
            "sam deploy failed (was it built? `make lab-build`):\n{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// Where the account is, for programs that are to be pointed at it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// `sam delete`.
    pub fn delete_stack(&self) {
        let output = lab_command(&["delete", "--url", &self.url]).output().expect("the lab's Python starts");
        assert!(output.status.success(), "sam delete failed: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Runs the commands of a page that are marked for it.
    pub fn run_page(&self, page: &str) -> std::process::Output {
        lab_command(&["runbook", "--url", &self.url, page]).output().expect("the lab's Python starts")
    }

    /// `python -m ringfence_lab replay` in this account.
    pub fn replay(&self, arguments: &[&str]) -> std::process::Output {
        let mut command = lab_command(&["replay", "--url", &self.url]);
        command.args(arguments).output().expect("the lab's Python starts")
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
        let mut end = self.journal_end();
        self.until("silence", || {
            let news = self.journal_end() - end;
            end += news;
            let is_quiet = news == 0 && self.get("idle")["idle"] == json!(true);
            quiet_looks = if is_quiet { quiet_looks + 1 } else { 0 };
            quiet_looks >= 3
        })
        .await;
    }

    /// Waits until something holds.
    pub async fn until(&self, what: &str, mut holds: impl FnMut() -> bool) {
        let started = Instant::now();
        while !holds() {
            assert!(started.elapsed() < self.patience, "waited in vain for {what}: {:#}", self.get("idle"));
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

fn lab_command(arguments: &[&str]) -> Command {
    let mut command = python();
    command.args(["-m", "ringfence_lab"]).args(arguments);
    command.env("PYTHONPATH", project_root().join("tests/lab")).current_dir(project_root());
    command
}

/// The lab's Python, which has boto3.
fn python() -> Command {
    let python = std::env::var_os("RINGFENCE_LAB_PYTHON")
        .expect("RINGFENCE_LAB_PYTHON names the lab's Python; run the lab tests through `make test-lab`");
    Command::new(python)
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
