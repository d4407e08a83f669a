//! An account behind the wire: every request of the SDK's own clients arrives here as it is sent. It proves what we ask and what we make
//! of an answer, not what AWS answers.

use crate::connect::Account;
use crate::sdk::{Roots, sdk_config};
use crate::settings::PolicyGeneration;
use crate::settings::tests::settings;
use aws_sdk_iam::config::{Credentials, Region, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use guardrail::suggestion::{Candidates, SuggestionState};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;

pub(super) const ROLE: &str = "arn:aws:iam::123456789012:role/orders";
pub(super) const TRAIL: &str = "arn:aws:cloudtrail:us-east-1:123456789012:trail/events";
pub(super) const READER: &str = "arn:aws:iam::123456789012:role/ringfence/ringfence-policy-generation";
const OURS: &str = "arn:aws:iam::123456789012:policy/ringfence/ringfence-baseline-v1";
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}}"#;
const WIDE: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["dynamodb:*","s3:*","logs:*"],"Resource":"*"}}"#;
const EVERYTHING: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;

/// When a process dies at one of its calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Death {
    /// The call is not made any more.
    Before(usize),
    /// It is made, and nobody gets the answer.
    After(usize),
}

/// Status, error code and body.
type Prepared = (u16, Option<&'static str>, Value);

#[derive(Default)]
struct State {
    items: BTreeMap<(String, String), Value>,
    /// Answers of Access Analyzer and CloudTrail, by operation, one after the other; the last one stays.
    prepared: BTreeMap<&'static str, VecDeque<Prepared>>,
    calls: Vec<String>,
    sent: Vec<(String, Value)>,
    published: Vec<Value>,
    roles: BTreeMap<String, String>,
    death: Option<Death>,
}

/// The account.
#[derive(Clone, Default)]
pub(super) struct World {
    state: Arc<Mutex<State>>,
    died: Arc<Notify>,
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("World")
    }
}

impl World {
    /// With one role, which has more than it needs.
    pub(super) fn new() -> Self {
        let world = Self::default();
        world.give_role("orders", "AROAORDERS");
        world
    }

    pub(super) fn give_role(&self, name: &str, id: &str) {
        self.state.lock().unwrap().roles.insert(name.to_owned(), id.to_owned());
    }

    pub(super) fn delete_role(&self, name: &str) {
        self.state.lock().unwrap().roles.remove(name);
    }

    /// What an operation answers, after what was prepared before.
    pub(super) fn answers(&self, operation: &'static str, body: Value) -> &Self {
        self.prepare(operation, (200, None, body))
    }

    pub(super) fn refuses(&self, operation: &'static str, status: u16, code: &'static str) -> &Self {
        self.prepare(operation, (status, Some(code), json!({"message": "in AWS's words"})))
    }

    fn prepare(&self, operation: &'static str, answer: Prepared) -> &Self {
        self.state.lock().unwrap().prepared.entry(operation).or_default().push_back(answer);
        self
    }

    /// Forgets what was prepared for an operation.
    pub(super) fn anew(&self, operation: &'static str) -> &Self {
        self.state.lock().unwrap().prepared.remove(operation);
        self
    }

    pub(super) fn dies(&self, death: Option<Death>) {
        self.state.lock().unwrap().death = death;
    }

    /// Until a process died.
    pub(super) async fn died(&self) {
        self.died.notified().await;
    }

    pub(super) fn put<T: Serialize>(&self, sk: &str, record: &T) {
        let record: aws_sdk_dynamodb::types::AttributeValue =
            serde_dynamo::to_attribute_value(record).unwrap();
        let item = json!({
            "pk": {"S": "suggestion"}, "sk": {"S": sk}, "version": {"N": "1"}, "record": wire(&record),
        });
        self.state.lock().unwrap().items.insert(("suggestion".to_owned(), sk.to_owned()), item);
    }

    pub(super) fn put_candidates(&self, candidates: &Candidates) {
        self.put("candidates", candidates);
    }

    fn record<T: DeserializeOwned>(&self, sk: &str) -> Option<T> {
        let state = self.state.lock().unwrap();
        let item = state.items.get(&("suggestion".to_owned(), sk.to_owned()))?;
        Some(serde_json::from_value(plain(&item["record"])).unwrap())
    }

    pub(super) fn suggestion(&self) -> SuggestionState {
        self.record("state").unwrap_or_default()
    }

    /// Service and operation of every call since the last time.
    pub(super) fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap().calls)
    }

    /// The bodies of the calls of an operation.
    pub(super) fn sent(&self, operation: &str) -> Vec<Value> {
        let state = self.state.lock().unwrap();
        state.sent.iter().filter(|(name, _)| name == operation).map(|(_, body)| body.clone()).collect()
    }

    pub(super) fn published(&self) -> Vec<Value> {
        self.state.lock().unwrap().published.clone()
    }

    /// Ids of the findings with this outcome.
    pub(super) fn told(&self, outcome: &str) -> BTreeSet<String> {
        let published = self.published();
        let meant = published.iter().filter(|finding| finding["outcome"] == outcome);
        meant.map(|finding| finding["id"].as_str().unwrap().to_owned()).collect()
    }

    pub(super) fn account(&self) -> Account {
        let mut settings = settings();
        settings.policy_generation =
            Some(PolicyGeneration { trail_arn: TRAIL.to_owned(), role: READER.parse().unwrap() });
        settings.rules.owner_tag_keys.clear();
        self.account_with(settings)
    }

    pub(super) fn account_with(&self, settings: crate::settings::Settings) -> Account {
        let connector = SharedHttpConnector::new(self.clone());
        let config = sdk_config(&settings, Roots::System)
            .into_builder()
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::for_tests()))
            .region(Region::new("us-east-1"))
            .build();
        Account::with_config(settings, config)
    }

    fn serve(&self, request: &HttpRequest) -> (u16, Option<&'static str>, String) {
        let (service, operation, body) = read(request);
        let mut state = self.state.lock().unwrap();
        state.sent.push((operation.clone(), body.clone()));
        match service.as_str() {
            "dynamodb" => state.dynamodb(&operation, &body),
            "iam" => state.iam(&operation, &body),
            "sns" => state.publish(&body),
            _ => {
                let prepared = state.prepared.get_mut(operation.as_str());
                let prepared = prepared.unwrap_or_else(|| panic!("nobody prepared {operation}"));
                let (status, code, body) =
                    if prepared.len() > 1 { prepared.pop_front() } else { prepared.front().cloned() }
                        .unwrap();
                (status, code, body.to_string())
            }
        }
    }
}

impl HttpConnector for World {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (service, operation, _) = read(&request);
        let (count, death) = {
            let mut state = self.state.lock().unwrap();
            state.calls.push(format!("{service}:{operation}"));
            (state.calls.len(), state.death)
        };
        if death == Some(Death::Before(count)) {
            self.died.notify_one();
            return HttpConnectorFuture::new(std::future::pending());
        }
        let (status, code, body) = self.serve(&request);
        if death == Some(Death::After(count)) {
            self.died.notify_one();
            return HttpConnectorFuture::new(std::future::pending());
        }
        let mut response = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body));
        if let Some(code) = code {
            response.headers_mut().insert("x-amzn-errortype", code);
        }
        HttpConnectorFuture::ready(Ok(response))
    }
}

impl State {
    fn dynamodb(&mut self, operation: &str, body: &Value) -> (u16, Option<&'static str>, String) {
        let key = |item: &Value| {
            (item["pk"]["S"].as_str().unwrap().to_owned(), item["sk"]["S"].as_str().unwrap().to_owned())
        };
        match operation {
            "BatchGetItem" => {
                let (table, wanted) = body["RequestItems"].as_object().unwrap().iter().next().unwrap();
                assert_eq!(wanted["ConsistentRead"], true);
                let keys = wanted["Keys"].as_array().unwrap().iter();
                let found: Vec<&Value> = keys.filter_map(|wanted| self.items.get(&key(wanted))).collect();
                (200, None, json!({"Responses": {table: found}, "UnprocessedKeys": {}}).to_string())
            }
            "PutItem" => {
                let item = &body["Item"];
                let known = self.items.get(&key(item)).map(|known| known["version"].clone());
                let read = body["ExpressionAttributeValues"].get(":read").cloned();
                let condition = body["ConditionExpression"].as_str().unwrap_or_default();
                if condition.is_empty() || known == read {
                    self.items.insert(key(item), item.clone());
                    (200, None, "{}".to_owned())
                } else {
                    let why = "ConditionalCheckFailedException";
                    (400, Some(why), json!({"__type": why, "message": "no"}).to_string())
                }
            }
            other => panic!("the ledger is asked for {other}"),
        }
    }

    fn iam(&self, operation: &str, form: &Value) -> (u16, Option<&'static str>, String) {
        let name = form["RoleName"].as_str().unwrap_or_default();
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let id = self.roles.get(name).map(String::as_str).unwrap_or_default();
        if id.is_empty() && form.get("PolicyArn").is_none() {
            let error = "<ErrorResponse><Error><Code>NoSuchEntity</Code></Error></ErrorResponse>";
            return (404, None, error.to_owned());
        }
        let result = match operation {
            "GetRole" => format!(
                "<Role><Path>/</Path><RoleName>{name}</RoleName><RoleId>{id}</RoleId><Arn>arn:aws:iam::123456789012:role/{name}</Arn>\
                 <CreateDate>2024-01-01T00:00:00Z</CreateDate><AssumeRolePolicyDocument>{}</AssumeRolePolicyDocument></Role>",
                encoded(TRUST)
            ),
            "ListAttachedRolePolicies" => "<IsTruncated>false</IsTruncated><AttachedPolicies/>".to_owned(),
            "ListRolePolicies" => {
                "<IsTruncated>false</IsTruncated><PolicyNames><member>access</member></PolicyNames>"
                    .to_owned()
            }
            "GetRolePolicy" => format!(
                "<RoleName>{name}</RoleName><PolicyName>access</PolicyName><PolicyDocument>{}</PolicyDocument>",
                encoded(WIDE)
            ),
            "GetPolicy" => format!(
                "<Policy><Arn>{OURS}</Arn><PolicyId>ANPAOURS</PolicyId><DefaultVersionId>v1</DefaultVersionId></Policy>"
            ),
            "GetPolicyVersion" => format!(
                "<PolicyVersion><VersionId>v1</VersionId><Document>{}</Document></PolicyVersion>",
                encoded(EVERYTHING)
            ),
            other => panic!("IAM is asked for {other}"),
        };
        let body = format!(
            "<{operation}Response><{operation}Result>{result}</{operation}Result></{operation}Response>"
        );
        (200, None, body)
    }

    fn publish(&mut self, form: &Value) -> (u16, Option<&'static str>, String) {
        let bodies: Value = serde_json::from_str(form["Message"].as_str().unwrap()).unwrap();
        self.published.push(serde_json::from_str(bodies["default"].as_str().unwrap()).unwrap());
        let answer =
            "<PublishResponse><PublishResult><MessageId>m</MessageId></PublishResult></PublishResponse>";
        (200, None, answer.to_owned())
    }
}

/// Service, operation and body of a request; of a query the form, of a path the parts of it.
fn read(request: &HttpRequest) -> (String, String, Value) {
    let host = request.uri().split('/').nth(2).unwrap();
    let service = host.split('.').next().unwrap().to_owned();
    let body = std::str::from_utf8(request.body().bytes().unwrap_or_default()).unwrap();
    if let Some(target) = request.headers().get("x-amz-target") {
        let operation = target.rsplit('.').next().unwrap().to_owned();
        return (service, operation, serde_json::from_str(body).unwrap());
    }
    if service == "access-analyzer" {
        let path = request.uri().split_once("/policy/generation").expect("its only path").1;
        let operation = match (request.method(), path.starts_with('/')) {
            ("PUT", false) => "StartPolicyGeneration",
            ("PUT", true) => "CancelPolicyGeneration",
            (_, true) => "GetGeneratedPolicy",
            (_, false) => "ListPolicyGenerations",
        };
        let body = serde_json::from_str(body).unwrap_or_else(|_| json!(path));
        return (service, operation.to_owned(), body);
    }
    let form: BTreeMap<String, String> = body
        .split('&')
        .filter_map(|field| field.split_once('='))
        .map(|(name, value)| {
            let value = value.replace('+', " ");
            (name.to_owned(), percent_decode_str(&value).decode_utf8().unwrap().into_owned())
        })
        .collect();
    (service, form["Action"].clone(), json!(form))
}

/// An attribute as DynamoDB writes it.
#[expect(clippy::wildcard_enum_match_arm, reason = "records have no sets and no bytes")]
fn wire(value: &aws_sdk_dynamodb::types::AttributeValue) -> Value {
    use aws_sdk_dynamodb::types::AttributeValue as A;
    match value {
        A::S(text) => json!({"S": text}),
        A::N(number) => json!({"N": number}),
        A::Bool(bool) => json!({"BOOL": bool}),
        A::Null(_) => json!({"NULL": true}),
        A::L(list) => json!({"L": list.iter().map(wire).collect::<Vec<_>>()}),
        A::M(map) => {
            json!({"M": map.iter().map(|(name, value)| (name, wire(value))).collect::<BTreeMap<_, _>>()})
        }
        other => panic!("no record has {other:?}"),
    }
}

/// The record behind it.
fn plain(value: &Value) -> Value {
    let (kind, value) = value.as_object().unwrap().iter().next().unwrap();
    match kind.as_str() {
        "S" | "BOOL" => value.clone(),
        "N" => serde_json::from_str(value.as_str().unwrap()).unwrap(),
        "NULL" => Value::Null,
        "L" => value.as_array().unwrap().iter().map(plain).collect(),
        "M" => value.as_object().unwrap().iter().map(|(name, value)| (name.clone(), plain(value))).collect(),
        other => panic!("no record has {other}"),
    }
}
