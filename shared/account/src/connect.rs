//! Clients and connections, made once in the init phase.

use crate::calls::CallCounter;
use crate::clock::Stopwatch;
use crate::ledger::Ledger;
use crate::policies::PolicyCache;
use crate::role_ids::RoleIds;
use crate::sdk::{Roots, sdk_config, unhurried};
use crate::settings::Settings;
use crate::shipped_boundaries::{SHIPPED_BOUNDARIES, ShippedBoundaries};
use aws_config::SdkConfig;
use aws_sdk_iam::error::SdkError;
use std::sync::OnceLock;
use std::time::Duration;

pub(crate) const ACTIONS: &[&str] = &["sns:GetTopicAttributes"];

/// How long the connections may take to open.
const WARM_UP: Duration = Duration::from_secs(3);

/// The AWS account, as far as Ringfence touches it. All calls to AWS are methods of this or of its parts.
#[derive(Debug)]
pub struct Account {
    pub(crate) settings: Settings,
    pub(crate) iam: aws_sdk_iam::Client,
    pub(crate) ledger: Ledger,
    pub(crate) policies: PolicyCache,
    pub(crate) role_ids: RoleIds,
    pub(crate) shipped: ShippedBoundaries,
    /// Made when they are first needed: no role waits for these.
    pub(crate) sns: OnceLock<aws_sdk_sns::Client>,
    pub(crate) lambda: OnceLock<aws_sdk_lambda::Client>,
    pub(crate) sqs: OnceLock<aws_sdk_sqs::Client>,
    pub(crate) eventbridge: OnceLock<aws_sdk_eventbridge::Client>,
    pub(crate) cloudformation: OnceLock<aws_sdk_cloudformation::Client>,
    pub(crate) cloudtrail: OnceLock<aws_sdk_cloudtrail::Client>,
    pub(crate) account_management: OnceLock<aws_sdk_account::Client>,
    pub(crate) security_hub: OnceLock<aws_sdk_securityhub::Client>,
    /// For the report of a sweep alone: nothing else calls [`Account::s3`], so no other function has the client in its binary.
    pub(crate) s3: OnceLock<aws_sdk_s3::Client>,
    pub(crate) config: SdkConfig,
    pub(crate) calls: CallCounter,
}

/// A client whose calls are counted. Each service has types of its own, so no function can do it.
macro_rules! client {
    ($service:ident, $config:expr, $calls:expr) => {
        $service::Client::from_conf(
            $service::config::Builder::from($config).interceptor($calls.clone()).build(),
        )
    };
}

/// How a warm-up went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WarmUp {
    /// Every endpoint answered, if only with an error.
    Answered,
    /// One could not be reached at all.
    Unreachable,
}

impl Account {
    /// Makes the clients and opens their connections, side by side, so that no event has to wait for a handshake.
    ///
    /// An endpoint that does not answer is told in the log and is no reason not to start: the event that needs it
    /// will fail, be retried and, at last, wait in the on-failure queue.
    pub async fn connect(settings: Settings) -> Self {
        let roots = Roots::chosen(&settings);
        let mut account = Self::with_config(settings.clone(), sdk_config(&settings, roots));
        let stopwatch = Stopwatch::start();
        if account.warm_up_in_time().await == WarmUp::Unreachable && roots == Roots::AmazonTrustServices {
            // A proxy with certificates of its own, perhaps.
            tracing::warn!("an endpoint cannot be reached with Amazon's roots, trying the system's");
            account = Self::with_config(settings.clone(), sdk_config(&settings, Roots::System));
            account.warm_up_in_time().await;
        }
        // In microseconds, so that `make bench` can tell the warm-up from the rest of the init phase.
        let warm_up_us = u64::try_from(stopwatch.elapsed().as_micros()).unwrap_or(u64::MAX);
        tracing::info!(warm_up_us, "connections are open");
        account
    }

    /// The same for a sweep, whose calls of IAM and Lambda are large or many and may take their time: nobody waits for them, and other
    /// callers come first.
    pub async fn connect_to_sweep(settings: Settings) -> Self {
        let mut account = Self::connect(settings).await;
        let unhurried = unhurried(&account.config);
        account.iam = client!(aws_sdk_iam, &unhurried, &account.calls);
        account.lambda = client!(aws_sdk_lambda, &unhurried, &account.calls).into();
        account
    }

    pub(crate) fn with_config(settings: Settings, config: SdkConfig) -> Self {
        let calls = CallCounter::default();
        Self {
            iam: client!(aws_sdk_iam, &config, &calls),
            ledger: Ledger::new(client!(aws_sdk_dynamodb, &config, &calls), settings.ledger_table.clone()),
            policies: PolicyCache::default(),
            role_ids: RoleIds::default(),
            shipped: ShippedBoundaries::new(SHIPPED_BOUNDARIES, settings.deployment.clone()),
            sns: OnceLock::new(),
            lambda: OnceLock::new(),
            sqs: OnceLock::new(),
            eventbridge: OnceLock::new(),
            cloudformation: OnceLock::new(),
            cloudtrail: OnceLock::new(),
            account_management: OnceLock::new(),
            security_hub: OnceLock::new(),
            s3: OnceLock::new(),
            settings,
            config,
            calls,
        }
    }

    pub(crate) fn sns(&self) -> &aws_sdk_sns::Client {
        self.sns.get_or_init(|| client!(aws_sdk_sns, &self.config, &self.calls))
    }

    pub(crate) fn lambda(&self) -> &aws_sdk_lambda::Client {
        self.lambda.get_or_init(|| client!(aws_sdk_lambda, &self.config, &self.calls))
    }

    pub(crate) fn sqs(&self) -> &aws_sdk_sqs::Client {
        self.sqs.get_or_init(|| client!(aws_sdk_sqs, &self.config, &self.calls))
    }

    pub(crate) fn cloudformation(&self) -> &aws_sdk_cloudformation::Client {
        self.cloudformation.get_or_init(|| client!(aws_sdk_cloudformation, &self.config, &self.calls))
    }

    pub(crate) fn cloudtrail(&self) -> &aws_sdk_cloudtrail::Client {
        self.cloudtrail.get_or_init(|| client!(aws_sdk_cloudtrail, &self.config, &self.calls))
    }

    pub(crate) fn account_management(&self) -> &aws_sdk_account::Client {
        self.account_management.get_or_init(|| client!(aws_sdk_account, &self.config, &self.calls))
    }

    pub(crate) fn eventbridge(&self) -> &aws_sdk_eventbridge::Client {
        self.eventbridge.get_or_init(|| client!(aws_sdk_eventbridge, &self.config, &self.calls))
    }

    pub(crate) fn security_hub(&self) -> &aws_sdk_securityhub::Client {
        self.security_hub.get_or_init(|| client!(aws_sdk_securityhub, &self.config, &self.calls))
    }

    pub(crate) fn s3(&self) -> &aws_sdk_s3::Client {
        // Reports are megabytes, and nobody waits for them.
        self.s3.get_or_init(|| client!(aws_sdk_s3, &unhurried(&self.config), &self.calls))
    }

    /// Lambda's init phase ends after 10 s: an endpoint that hangs must not use it up.
    async fn warm_up_in_time(&self) -> WarmUp {
        tokio::time::timeout(WARM_UP, self.warm_up()).await.unwrap_or_else(|_| {
            tracing::warn!("an endpoint does not answer at start");
            WarmUp::Unreachable
        })
    }

    /// Opens the ledger's connection by a read that is needed anyway: the first function that ever starts notes the time.
    async fn note_installation(&self) -> Result<(), crate::Failure> {
        match self.ledger.installed_at().await? {
            Some(_) => Ok(()),
            None => self.ledger.note_installation(crate::clock::now()).await,
        }
    }

    /// The endpoints on the path of every event, each asked for something that Ringfence may read anyway.
    async fn warm_up(&self) -> WarmUp {
        let own_role =
            self.settings.rules.own_roles.first().map(|role| role.name().as_str()).unwrap_or_default();
        let (iam, ledger, sns) = tokio::join!(
            self.iam.get_role().role_name(own_role).send(),
            self.note_installation(),
            self.sns().get_topic_attributes().topic_arn(&self.settings.findings_topic).send(),
        );
        let unreachable = matches!(iam, Err(SdkError::DispatchFailure(_)))
            || matches!(sns, Err(SdkError::DispatchFailure(_)));
        let failures = [
            // Any answer will do: not every function may read roles.
            iam.err()
                .filter(|e| !matches!(e, SdkError::ServiceError(_)))
                .map(|e| crate::Failure::of_call("could not reach IAM", e)),
            ledger.err(),
            sns.err().map(|e| crate::Failure::of_call("could not reach the findings topic", e)),
        ];
        for failure in failures.into_iter().flatten() {
            tracing::warn!(cause = %failure, "an endpoint does not answer at start");
        }
        if unreachable { WarmUp::Unreachable } else { WarmUp::Answered }
    }
}

pub(crate) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
