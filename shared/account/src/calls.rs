//! Which calls an invocation made and what became of them: for its log line and its metrics, not for decisions.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, Metadata};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Counts the calls of every client that it is given to.
#[derive(Debug, Clone, Default)]
pub(crate) struct CallCounter(Arc<Mutex<CallCounts>>);

/// Calls by service, as the SDK names it in lower case: `iam`, `dynamodb`, `sns` ….
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct CallCounts {
    services: BTreeMap<String, ServiceCalls>,
}

/// The calls to one service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ServiceCalls {
    /// Requests sent, the SDK's own retries included.
    pub(crate) requests: u64,
    /// Requests that were answered with "slow down".
    pub(crate) throttled: u64,
    /// Calls that came to nothing after all retries: not answered, throttled, not allowed. An answer such as "there is no such role"
    /// is none, nor is a boundary that somebody does not let us put: that is a finding.
    pub(crate) failed: u64,
}

impl CallCounts {
    pub(crate) fn throttled(&self) -> u64 {
        self.services.values().map(|calls| calls.throttled).sum()
    }

    /// The services with calls that came to nothing, and how many.
    pub(crate) fn failed(&self) -> impl Iterator<Item = (&str, u64)> {
        let failed = self.services.iter().map(|(service, calls)| (service.as_str(), calls.failed));
        failed.filter(|(_, failed)| *failed > 0)
    }

    /// `dynamodb 4, iam 2, sns 1`.
    pub(crate) fn in_words(&self) -> String {
        let made = self.services.iter().filter(|(_, calls)| calls.requests > 0);
        made.map(|(service, calls)| format!("{service} {}", calls.requests)).collect::<Vec<_>>().join(", ")
    }
}

impl CallCounter {
    /// What was counted since it was last taken.
    pub(crate) fn take(&self) -> CallCounts {
        std::mem::take(&mut *self.counts())
    }

    /// Counts a call whose answer Ringfence did not wait for. One that is dropped because another one failed is none.
    pub(crate) fn note_given_up(&self, service: &str) {
        self.counts().services.entry(service.to_owned()).or_default().failed += 1;
    }

    fn counts(&self) -> MutexGuard<'_, CallCounts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, config: &ConfigBag, note: impl FnOnce(&mut ServiceCalls)) {
        let service = config.load::<Metadata>().map_or("unknown", Metadata::service).to_lowercase();
        note(self.counts().services.entry(service).or_default());
    }
}

impl Intercept for CallCounter {
    fn name(&self) -> &'static str {
        "CallCounter"
    }

    fn read_before_attempt(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.note(config, |calls| calls.requests += 1);
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if trouble_of(context, config) == Some(Trouble::Throttled) {
            self.note(config, |calls| calls.throttled += 1);
        }
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let is_the_write =
            config.load::<Metadata>().is_some_and(|call| call.name() == "PutRolePermissionsBoundary");
        let failed = match trouble_of(context, config) {
            Some(Trouble::Denied) => !is_the_write,
            Some(Trouble::Throttled | Trouble::Unanswered | Trouble::Missing) => true,
            None => false,
        };
        self.note(config, |calls| calls.failed += u64::from(failed));
        Ok(())
    }
}

/// What is wrong with a service or with our access to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    Throttled,
    Denied,
    Unanswered,
    /// What is asked for is not there, or not usable.
    Missing,
}

fn trouble_of(context: &FinalizerInterceptorContextRef<'_>, config: &ConfigBag) -> Option<Trouble> {
    let error = context.output_or_error()?.err()?;
    match context.response() {
        Some(response) if error.is_operation_error() => {
            let trouble = trouble_in(response.status().as_u16(), &error_code(response).unwrap_or_default());
            // Of Lambda, functions are asked for that may be gone; of the others, what Ringfence's own stack has.
            let asks_for_others = config.load::<Metadata>().is_some_and(|call| call.service() == "Lambda");
            trouble.filter(|trouble| *trouble != Trouble::Missing || !asks_for_others)
        }
        _ => Some(Trouble::Unanswered),
    }
}

/// By status and by the codes that AWS documents as common to its services
/// (<https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html>) or for those that Ringfence uses.
fn trouble_in(status: u16, code: &str) -> Option<Trouble> {
    // Some services prefix the code with a namespace, and some append an address.
    let code = code.rsplit('#').next().and_then(|code| code.split(':').next()).unwrap_or_default();
    match code {
        "Throttling"
        | "ThrottlingException"
        | "Throttled"
        | "ThrottledException"
        | "RequestLimitExceeded"
        | "RequestThrottled"
        | "ProvisionedThroughputExceededException"
        | "TooManyRequestsException"
        | "KMSThrottling"
        | "KMSThrottlingException"
        | "SlowDown"
        | "LimitExceededException" => Some(Trouble::Throttled),
        _ if status == 429 => Some(Trouble::Throttled),
        _ if status >= 500 => Some(Trouble::Unanswered),
        _ if status == 401 || status == 403 || code.starts_with("AccessDenied") => Some(Trouble::Denied),
        "KMSAccessDenied" | "KMSAccessDeniedException" | "KMSOptInRequired" | "InvalidAccessException" => {
            Some(Trouble::Denied)
        }
        // SNS's names for what KMS says (<https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>).
        "KMSDisabled" | "KMSInvalidState" | "KMSNotFound" => Some(Trouble::Missing),
        "ResourceNotFoundException" | "NotFound" | "QueueDoesNotExist" => Some(Trouble::Missing),
        _ => None,
    }
}

/// The code, wherever the service's protocol has it.
fn error_code(response: &HttpResponse) -> Option<String> {
    let headers = response.headers();
    if let Some(code) = headers.get("x-amzn-errortype") {
        return Some(code.to_owned());
    }
    let body = std::str::from_utf8(response.body().bytes()?).ok()?;
    if let Some((_, rest)) = body.split_once("<Code>") {
        return rest.split_once("</Code>").map(|(code, _)| code.to_owned());
    }
    let json: serde_json::Value = serde_json::from_str(body).ok()?;
    json.get("__type").or_else(|| json.get("code")).and_then(|code| code.as_str()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_iam::config::{Credentials, Region};
    use aws_smithy_http_client::test_util::infallible_client_fn;
    use aws_smithy_types::body::SdkBody;

    /// A client of IAM that is answered so, each time.
    fn iam(counter: &CallCounter, status: u16, body: &'static str) -> aws_sdk_iam::Client {
        let http = infallible_client_fn(move |_| {
            http::Response::builder().status(status).body(SdkBody::from(body)).unwrap()
        });
        let config = aws_sdk_iam::Config::builder()
            .behavior_version_latest()
            .region(Region::from_static("us-east-1"))
            .credentials_provider(Credentials::for_tests())
            .http_client(http)
            .interceptor(counter.clone())
            .retry_config(aws_config::retry::RetryConfig::standard().with_max_attempts(2))
            .build();
        aws_sdk_iam::Client::from_conf(config)
    }

    async fn counted(status: u16, body: &'static str) -> ServiceCalls {
        let counter = CallCounter::default();
        assert!(iam(&counter, status, body).get_role().role_name("a").send().await.is_err());
        *counter.take().services.get("iam").unwrap()
    }

    fn requests_throttled_failed(calls: ServiceCalls) -> (u64, u64, u64) {
        (calls.requests, calls.throttled, calls.failed)
    }

    #[tokio::test(start_paused = true)]
    async fn requests_and_what_became_of_them_are_counted() {
        let answer = |code: &str| {
            format!("<ErrorResponse><Error><Code>{code}</Code></Error></ErrorResponse>").leak() as &str
        };
        for (status, code, expected) in [
            (404, "NoSuchEntity", (1, 0, 0)),
            (400, "Throttling", (2, 2, 1)),
            (403, "AccessDenied", (1, 0, 1)),
            (500, "ServiceFailure", (2, 0, 1)),
            (400, "ValidationError", (1, 0, 0)),
        ] {
            let calls = counted(status, answer(code)).await;
            assert_eq!(requests_throttled_failed(calls), expected, "{status} {code}");
        }
    }

    #[tokio::test]
    async fn a_boundary_that_may_not_be_put_is_a_finding_and_no_failed_call() {
        let counter = CallCounter::default();
        let denied = "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>";
        let put = iam(&counter, 403, denied).put_role_permissions_boundary();
        put.role_name("a").permissions_boundary("b").send().await.unwrap_err();
        assert_eq!(counter.take().failed().count(), 0);
    }

    #[test]
    fn a_call_that_is_given_up_on_came_to_nothing_and_is_counted_once() {
        let counter = CallCounter::default();
        counter.note_given_up("securityhub");
        assert_eq!(counter.take().failed().collect::<Vec<_>>(), [("securityhub", 1)]);
        assert_eq!(counter.take(), CallCounts::default(), "what was taken is not counted again");
    }

    #[test]
    fn codes_are_read_with_and_without_what_services_put_around_them() {
        for (status, code, expected) in [
            (400, "com.amazonaws.dynamodb.v20120810#ThrottlingException", Some(Trouble::Throttled)),
            (
                400,
                "AccessDeniedException:http://internal.amazon.com/coral/com.amazon.coral.service/",
                Some(Trouble::Denied),
            ),
            (400, "ConditionalCheckFailedException", None),
            (400, "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException", Some(Trouble::Missing)),
            (404, "NotFound", Some(Trouble::Missing)),
            (400, "KMSDisabled", Some(Trouble::Missing)),
            (400, "KMSThrottling", Some(Trouble::Throttled)),
            (429, "", Some(Trouble::Throttled)),
            (503, "Throttling", Some(Trouble::Throttled)),
        ] {
            assert_eq!(trouble_in(status, code), expected, "{status} {code}");
        }
    }
}
