//! Clients and connections, made once in the init phase.

use crate::clock::Stopwatch;
use crate::ledger::Ledger;
use crate::policies::PolicyCache;
use crate::settings::Settings;
use aws_config::BehaviorVersion;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use std::time::Duration;

pub(crate) const ACTIONS: &[&str] = &["sns:GetTopicAttributes"];

/// How long the connections may take to open.
const WARM_UP: Duration = Duration::from_secs(3);

/// The AWS account, as far as Ringfence touches it. All calls to AWS are methods of this or of its parts.
#[derive(Debug)]
pub struct Account {
    pub(crate) settings: Settings,
    pub(crate) iam: aws_sdk_iam::Client,
    pub(crate) lambda: aws_sdk_lambda::Client,
    pub(crate) sns: aws_sdk_sns::Client,
    pub(crate) sqs: aws_sdk_sqs::Client,
    pub(crate) ledger: Ledger,
    pub(crate) policies: PolicyCache,
}

impl Account {
    /// Makes the clients and opens their connections, side by side, so that no event has to wait for a handshake.
    ///
    /// An endpoint that does not answer is told in the log and is no reason not to start: the event that needs it
    /// will fail, be retried and, at last, wait in the on-failure queue.
    pub async fn connect(settings: Settings) -> Self {
        let account = Self::with_config(settings.clone(), &load_config(&settings).await);
        let stopwatch = Stopwatch::start();
        // Lambda's init phase ends after 10 s: an endpoint that hangs must not use it up.
        if tokio::time::timeout(WARM_UP, account.warm_up()).await.is_err() {
            tracing::warn!("an endpoint does not answer at start");
        }
        tracing::info!(warm_up_ms = milliseconds(stopwatch.elapsed()), "connections are open");
        account
    }

    fn with_config(settings: Settings, config: &aws_config::SdkConfig) -> Self {
        Self {
            iam: aws_sdk_iam::Client::new(config),
            lambda: aws_sdk_lambda::Client::new(config),
            sns: aws_sdk_sns::Client::new(config),
            sqs: aws_sdk_sqs::Client::new(config),
            ledger: Ledger::new(aws_sdk_dynamodb::Client::new(config), settings.ledger_table.clone()),
            policies: PolicyCache::default(),
            settings,
        }
    }

    /// Opens the ledger's connection by a read that is needed anyway: the first function that ever starts notes the time.
    async fn note_installation(&self) -> Result<(), crate::Failure> {
        match self.ledger.installed_at().await? {
            Some(_) => Ok(()),
            None => self.ledger.note_installation(crate::clock::now()).await,
        }
    }

    /// The endpoints on the path of every event, each asked for something that Ringfence may read anyway.
    async fn warm_up(&self) {
        let own_role =
            self.settings.rules.own_roles.first().map(|role| role.name().as_str()).unwrap_or_default();
        let (iam, ledger, sns) = tokio::join!(
            self.iam.get_role().role_name(own_role).send(),
            self.note_installation(),
            self.sns.get_topic_attributes().topic_arn(&self.settings.findings_topic).send(),
        );
        let failures = [
            iam.err().map(|e| crate::Failure::of_call("could not reach IAM", e)),
            ledger.err(),
            sns.err().map(|e| crate::Failure::of_call("could not reach the findings topic", e)),
        ];
        for failure in failures.into_iter().flatten() {
            tracing::warn!(cause = %failure, "an endpoint does not answer at start");
        }
    }
}

/// Fast to make: credentials come from the environment only, which is where Lambda puts them.
async fn load_config(settings: &Settings) -> aws_config::SdkConfig {
    let http_client =
        aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    aws_config::defaults(BehaviorVersion::latest())
        .region(aws_config::Region::new(settings.region.clone()))
        .http_client(http_client)
        .credentials_provider(EnvironmentVariableCredentialsProvider::new())
        .retry_config(
            RetryConfig::standard().with_max_attempts(4).with_initial_backoff(Duration::from_millis(100)),
        )
        .timeout_config(
            // Within the functions' 30 s there must be room for a second try of a call that hangs.
            TimeoutConfig::builder()
                .connect_timeout(Duration::from_secs(2))
                .operation_attempt_timeout(Duration::from_secs(5))
                .operation_timeout(Duration::from_secs(12))
                .build(),
        )
        .load()
        .await
}

pub(crate) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
