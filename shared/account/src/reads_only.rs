//! A gate in front of the network that lets reads through and nothing else.
//!
//! It stands below the SDK's clients, so it holds whatever the code above asks for: a request that it does not know as a read
//! never leaves the process.

use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use std::sync::{Arc, Mutex};

/// What may leave the process, as the SDK names it on the wire. None of these changes anything; IAM's own reference calls
/// `GenerateServiceLastAccessedDetails` a read
/// (<https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html>).
const READS: &[&str] = &[
    "GenerateServiceLastAccessedDetails",
    "GetCallerIdentity",
    "GetPolicy",
    "GetPolicyVersion",
    "GetRole",
    "GetRolePolicy",
    "GetServiceLastAccessedDetails",
    "ListAttachedRolePolicies",
    "ListEntitiesForPolicy",
    "ListPolicyVersions",
    "ListRolePolicies",
    "ListRoles",
    "SimulatePrincipalPolicy",
    "DynamoDB_20120810.BatchGetItem",
    "DynamoDB_20120810.Query",
    // Lambda's API is REST: the method and the end of the path.
    "GET /configuration",
    "GET /policy",
    "GET /urls",
];

/// A request that is no read.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no read, and a replay only reads: the request was not sent")]
struct NoRead(String);

/// The reads that were let through, in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct ReadLog(Arc<Mutex<Vec<String>>>);

impl ReadLog {
    fn note(&self, read: String) {
        if let Ok(mut reads) = self.0.lock() {
            reads.push(read);
        }
    }

    pub(crate) fn taken(&self) -> Vec<String> {
        self.0.lock().map(|reads| reads.clone()).unwrap_or_default()
    }
}

/// An HTTP client that only reads go through.
pub(crate) fn reads_only(client: SharedHttpClient, log: ReadLog) -> SharedHttpClient {
    SharedHttpClient::new(Gate { client, log })
}

#[derive(Debug, Clone)]
struct Gate {
    client: SharedHttpClient,
    log: ReadLog,
}

#[derive(Debug)]
struct GatedConnector {
    connector: SharedHttpConnector,
    log: ReadLog,
}

impl HttpClient for Gate {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let connector = self.client.http_connector(settings, components);
        SharedHttpConnector::new(GatedConnector { connector, log: self.log.clone() })
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.client.connector_metadata()
    }
}

impl HttpConnector for GatedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let operation = operation_of(&request);
        if !READS.contains(&operation.as_str()) {
            return HttpConnectorFuture::ready(Err(ConnectorError::user(NoRead(operation).into())));
        }
        self.log.note(match operation.as_str() {
            "GET /configuration" => "GetFunctionConfiguration".to_owned(),
            "GET /policy" => "GetPolicy".to_owned(),
            "GET /urls" => "ListFunctionUrlConfigs".to_owned(),
            _ => operation.rsplit('.').next().unwrap_or_default().to_owned(),
        });
        self.connector.call(request)
    }
}

/// The operation that a request asks for: `x-amz-target` in the JSON protocols, `Action` of the form in the Query protocol, else
/// the HTTP method and the last part of the path.
fn operation_of(request: &HttpRequest) -> String {
    if let Some(target) = request.headers().get("x-amz-target") {
        return target.to_owned();
    }
    let body = request.body().bytes().and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default();
    let action = body.split('&').find_map(|field| field.strip_prefix("Action="));
    let path = request.uri().split(['?', '#']).next().unwrap_or_default();
    let last = path.rsplit('/').next().unwrap_or_default();
    action.map_or_else(|| format!("{} /{last}", request.method()), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connect::Account;
    use crate::sdk::{Roots, sdk_config};
    use crate::settings::tests::settings;
    use aws_sdk_iam::config::{Credentials, SharedCredentialsProvider};
    use aws_smithy_runtime_api::client::http::http_client_fn;
    use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
    use aws_smithy_types::body::SdkBody;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[derive(Debug)]
    struct AnswersNothing {
        sent: Arc<AtomicUsize>,
    }

    impl HttpConnector for AnswersNothing {
        fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
            self.sent.fetch_add(1, Ordering::Relaxed);
            HttpConnectorFuture::ready(Ok(HttpResponse::new(200.try_into().unwrap(), SdkBody::from("{}"))))
        }
    }

    /// An account whose requests all get an empty answer, behind the gate; and how many got out.
    fn gated() -> (Account, ReadLog, Arc<AtomicUsize>) {
        let (log, out) = (ReadLog::default(), Arc::new(AtomicUsize::new(0)));
        let sent = out.clone();
        let anything =
            http_client_fn(move |_, _| SharedHttpConnector::new(AnswersNothing { sent: sent.clone() }));
        let keys = Credentials::new("AKIAEXAMPLE", "secret", None, None, "test");
        let config = sdk_config(&settings(), Roots::System)
            .into_builder()
            .http_client(reads_only(anything, log.clone()))
            .credentials_provider(SharedCredentialsProvider::new(keys))
            .build();
        (Account::with_config(settings(), config), log, out)
    }

    fn refused<E: std::error::Error + 'static>(what: &str, answer: Result<(), E>) {
        let error: Box<dyn std::error::Error> = Box::new(answer.unwrap_err());
        let mut causes = std::iter::successors(Some(&*error), |error| (*error).source());
        let reason = causes.find_map(|cause| cause.downcast_ref::<NoRead>());
        assert!(reason.is_some_and(|NoRead(operation)| operation.ends_with(what)), "{what}: {error:?}");
    }

    #[tokio::test]
    async fn no_write_of_any_client_leaves_the_process() {
        let (account, log, out) = gated();
        let iam = &account.iam;
        let put = iam.put_role_permissions_boundary().role_name("orders").permissions_boundary("arn");
        refused("PutRolePermissionsBoundary", put.send().await.map(drop));
        let delete = iam.delete_role_permissions_boundary().role_name("orders");
        refused("DeleteRolePermissionsBoundary", delete.send().await.map(drop));
        let set = iam.set_default_policy_version().policy_arn("arn").version_id("v1");
        refused("SetDefaultPolicyVersion", set.send().await.map(drop));
        refused("Publish", account.sns().publish().topic_arn("arn").message("m").send().await.map(drop));
        let send = account.sqs().send_message().queue_url("https://queue").message_body("m");
        refused("SendMessage", send.send().await.map(drop));
        let dynamodb = aws_sdk_dynamodb::Client::new(&account.config);
        refused("PutItem", dynamodb.put_item().table_name("ledger").send().await.map(drop));
        refused(
            "POST /invocations",
            account.lambda().invoke().function_name("orders").send().await.map(drop),
        );
        let page = account.ledger.note_installation(crate::clock::now()).await;
        assert!(page.is_err(), "the ledger is written through the same gate");
        assert_eq!((out.load(Ordering::Relaxed), log.taken()), (0, Vec::new()));
    }

    #[tokio::test]
    async fn reads_get_out_and_are_noted() {
        let (account, log, out) = gated();
        let _ = account.iam.get_role().role_name("orders").send().await;
        let _ = account.ledger.installed_at().await;
        let _ = account.lambda().get_function_configuration().function_name("orders").send().await;
        assert_eq!(log.taken(), ["GetRole", "BatchGetItem", "GetFunctionConfiguration"]);
        assert_eq!(out.load(Ordering::Relaxed), 3);
    }
}
