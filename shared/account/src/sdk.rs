//! How the SDK's clients are made: fast, since the init phase of every function waits for it.

use crate::settings::Settings;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_iam::config::{SharedAsyncSleep, SharedCredentialsProvider};
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_async::time::SystemTimeSource;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use std::time::Duration;

/// The five roots behind the endpoints of AWS (<https://www.amazontrust.com/repository/>), as Debian ships them.
const AMAZON_TRUST_SERVICES: &[u8] = include_bytes!("../data/amazon-trust-services.pem");

/// Whose certificates are believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Roots {
    /// Amazon's alone: read in no time.
    AmazonTrustServices,
    /// All that the operating system believes, some 150: each takes time to read, and an init phase waits for it.
    System,
}

impl Roots {
    /// Amazon's, except where somebody names others, and in China, where the endpoints have certificates of others.
    pub(crate) fn chosen(settings: &Settings) -> Self {
        match (settings.deployment.partition.as_str(), &settings.trust_file) {
            ("aws" | "aws-us-gov", None) => Self::AmazonTrustServices,
            _ => Self::System,
        }
    }
}

/// The configuration that all clients share. It is put together here and not by `aws_config::load`, which looks for
/// profiles in a home folder that Lambda does not have. Credentials come from the environment, where Lambda puts them.
pub(crate) fn sdk_config(settings: &Settings, roots: Roots) -> SdkConfig {
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(settings.region.clone()))
        .http_client(https_client(roots))
        .credentials_provider(SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new()))
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .time_source(SystemTimeSource::new())
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
        );
    config.set_endpoint_url(settings.endpoint_url.clone());
    config.build()
}

/// The same for calls that nobody waits for. Where the service throttles, all further calls are held back until it takes them.
pub(crate) fn unhurried(config: &SdkConfig) -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_attempt_timeout(Duration::from_secs(20))
        .operation_timeout(Duration::from_secs(60));
    let retries = RetryConfig::adaptive().with_max_attempts(10).with_max_backoff(Duration::from_secs(10));
    config.to_builder().retry_config(retries).timeout_config(timeouts.build()).build()
}

fn https_client(roots: Roots) -> SharedHttpClient {
    let trust_store = match roots {
        Roots::AmazonTrustServices => TrustStore::empty().with_pem_certificate(AMAZON_TRUST_SERVICES),
        Roots::System => TrustStore::default(),
    };
    let builder = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring));
    match TlsContext::builder().with_trust_store(trust_store).build() {
        Ok(context) => builder.tls_context(context).build_https(),
        // The system's roots need no context of their own.
        Err(_) => builder.build_https(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_five_roots_are_there() {
        let text = std::str::from_utf8(AMAZON_TRUST_SERVICES).unwrap();
        assert_eq!(text.matches("-----BEGIN CERTIFICATE-----").count(), 5);
        assert_eq!(text.matches("-----END CERTIFICATE-----").count(), 5);
    }

    #[test]
    fn the_system_is_trusted_in_china_and_where_certificates_are_named() {
        let mut settings = crate::settings::tests::settings();
        assert_eq!(Roots::chosen(&settings), Roots::AmazonTrustServices);
        settings.trust_file = Some("/etc/proxy.pem".to_owned());
        assert_eq!(Roots::chosen(&settings), Roots::System);
        settings.trust_file = None;
        settings.deployment.partition = "aws-cn".to_owned();
        assert_eq!(Roots::chosen(&settings), Roots::System);
    }
}
