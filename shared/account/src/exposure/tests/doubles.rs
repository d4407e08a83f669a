//! Doubles of Lambda, IAM, DynamoDB and SNS that keep what they are told. They prove what we ask, not what AWS answers.

use crate::connect::Account;
use crate::ledger::Ledger;
use crate::sdk::{Roots, sdk_config};
use crate::settings::tests::settings;
use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemOutput;
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemOutput};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::types::error::ConditionalCheckFailedException;
use aws_sdk_iam::operation::get_role::{GetRoleError, GetRoleOutput};
use aws_sdk_iam::operation::get_role_policy::GetRolePolicyOutput;
use aws_sdk_iam::operation::list_attached_role_policies::ListAttachedRolePoliciesOutput;
use aws_sdk_iam::operation::list_role_policies::ListRolePoliciesOutput;
use aws_sdk_iam::types::Role;
use aws_sdk_iam::types::error::NoSuchEntityException;
use aws_sdk_lambda::operation::get_function_configuration::GetFunctionConfigurationOutput;
use aws_sdk_lambda::operation::get_policy::{GetPolicyError, GetPolicyOutput};
use aws_sdk_lambda::operation::list_function_url_configs::{
    ListFunctionUrlConfigsError, ListFunctionUrlConfigsOutput,
};
use aws_sdk_lambda::operation::list_tags::ListTagsOutput;
use aws_sdk_lambda::types::error::ResourceNotFoundException;
use aws_sdk_lambda::types::{FunctionUrlAuthType, FunctionUrlConfig};
use aws_sdk_sns::operation::publish::{PublishError, PublishOutput};
use aws_smithy_mocks::{MockResponse, Rule, RuleMode, mock, mock_client};
use aws_smithy_types::error::ErrorMetadata;
use guardrail::exposure::{Claim, ExposureRecord};
use guardrail::settings::Mode;
use guardrail::trigger::{Caller, EventName, ExposureChange, ExposureEffect};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

pub(super) const FUNCTION: &str = "arn:aws:lambda:eu-west-1:123456789012:function:orders";
pub(super) const ROLE: &str = "arn:aws:iam::123456789012:role/apps/orders-role";
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}}"#;
const EVERYTHING: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;

type Item = HashMap<String, AttributeValue>;

/// What the account holds and what was asked of it. Versions and aliases by name; the function itself is empty.
#[derive(Default)]
pub(super) struct State {
    /// The `AuthType` of each URL.
    pub(super) urls: BTreeMap<String, &'static str>,
    /// The statements of each policy, without their resource.
    pub(super) policies: BTreeMap<String, Vec<Value>>,
    /// The function's policy is no JSON.
    pub(super) garbled: bool,
    /// There is no such function any more.
    pub(super) is_gone: bool,
    /// How often `GetPolicy` still finds none.
    pub(super) stale_policies: usize,
    /// The code with which Lambda refuses `GetPolicy`, and IAM `GetRole`.
    pub(super) get_policy: Option<&'static str>,
    pub(super) get_role: Option<&'static str>,
    pub(super) items: HashMap<(String, String), Item>,
    /// Every call, in order.
    pub(super) calls: Vec<String>,
    pub(super) findings: Vec<Value>,
    /// How often SNS does not answer.
    pub(super) sns_fails: usize,
    /// What somebody else does while the next finding is published.
    meanwhile: Option<Box<dyn FnOnce() + Send>>,
    /// What somebody else does once the next policy was read.
    after_reading: Option<Box<dyn FnOnce() + Send>>,
}

/// One account, shared by all that look at it.
#[derive(Clone, Default)]
pub(super) struct World(Arc<Mutex<State>>);

impl World {
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().unwrap())
    }

    pub(super) fn calls(&self) -> Vec<String> {
        self.change(|state| state.calls.clone())
    }

    pub(super) fn count(&self, call: &str) -> usize {
        self.calls().iter().filter(|made| made.starts_with(call)).count()
    }

    pub(super) fn findings(&self) -> Vec<Value> {
        self.change(|state| state.findings.clone())
    }

    pub(super) fn meanwhile(&self, deed: impl FnOnce() + Send + 'static) {
        self.change(|state| state.meanwhile = Some(Box::new(deed)));
    }

    pub(super) fn after_reading(&self, deed: impl FnOnce() + Send + 'static) {
        self.change(|state| state.after_reading = Some(Box::new(deed)));
    }

    /// Outcome and severity of each finding.
    pub(super) fn told(&self) -> Vec<(String, String)> {
        let text = |finding: &Value, field: &str| finding[field].as_str().unwrap().to_owned();
        self.findings().iter().map(|finding| (text(finding, "outcome"), text(finding, "severity"))).collect()
    }

    /// What the ledger knows of the function.
    pub(super) fn record(&self) -> ExposureRecord {
        let record = self.change(|state| state.items[&record_key()]["record"].clone());
        serde_dynamo::from_attribute_value(record).unwrap()
    }

    /// As somebody else writes it.
    pub(super) fn put_record(&self, record: &ExposureRecord, version: u64) {
        let (pk, sk) = record_key();
        let item: Item = HashMap::from([
            ("pk".to_owned(), AttributeValue::S(pk.clone())),
            ("sk".to_owned(), AttributeValue::S(sk.clone())),
            ("version".to_owned(), AttributeValue::N(version.to_string())),
            ("record".to_owned(), serde_dynamo::to_attribute_value(record).unwrap()),
        ]);
        self.change(|state| state.items.insert((pk, sk), item));
    }

    /// As if its time was over.
    pub(super) fn end_the_claim(&self) {
        let mut record = self.record();
        let claim = record.claim.take().unwrap();
        let long_ago = "2026-11-22T10:00:00Z".parse().unwrap();
        record.claim = Some(Claim::new(claim.finding, claim.outcome, "dead", long_ago));
        self.put_record(&record, 1);
    }

    pub(super) fn kill_switch(&self) {
        let until = (crate::clock::now() + jiff::SignedDuration::from_hours(1)).to_string();
        let texts = [("pk", "settings"), ("sk", "mode"), ("value", "observe"), ("by", "alice")];
        let texts = texts.into_iter().chain([("reason", "incident"), ("expires_at", until.as_str())]);
        let text = |(name, text): (&str, &str)| (name.to_owned(), AttributeValue::S(text.to_owned()));
        let item: Item = texts.map(text).collect();
        self.change(|state| state.items.insert(key_of(&item), item));
    }

    pub(super) fn account(&self, mode: Mode) -> Account {
        let mut settings = settings();
        settings.mode = mode.as_str().parse().unwrap();
        let config = sdk_config(&settings, Roots::System);
        Account {
            iam: self.iam(),
            ledger: Ledger::new(self.dynamodb(), settings.ledger_table.clone()),
            sns: self.sns().into(),
            lambda: self.lambda().into(),
            cloudformation: mock_client!(aws_sdk_cloudformation, RuleMode::MatchAny, &[]).into(),
            ..Account::with_config(settings, config)
        }
    }

    fn lambda(&self) -> aws_sdk_lambda::Client {
        let world = self.clone();
        let urls =
            mock!(aws_sdk_lambda::Client::list_function_url_configs).then_compute_response(move |request| {
                assert_eq!(request.function_name(), Some(FUNCTION));
                world.change(|state| {
                    state.calls.push("lambda:ListFunctionUrlConfigs".to_owned());
                    if state.is_gone {
                        let gone = ResourceNotFoundException::builder().message("gone").build();
                        let gone = ListFunctionUrlConfigsError::ResourceNotFoundException(gone);
                        return MockResponse::Error(gone);
                    }
                    let urls = state.urls.iter().map(|(qualifier, auth)| url_config(qualifier, auth));
                    let answer = ListFunctionUrlConfigsOutput::builder();
                    MockResponse::Output(
                        answer.set_function_url_configs(Some(urls.collect())).build().unwrap(),
                    )
                })
            });
        let world = self.clone();
        let role =
            mock!(aws_sdk_lambda::Client::get_function_configuration).then_compute_output(move |request| {
                let qualifier = request.qualifier().unwrap_or_default().to_owned();
                world.change(|state| {
                    state.calls.push(format!("lambda:GetFunctionConfiguration {qualifier}"));
                });
                GetFunctionConfigurationOutput::builder().role(ROLE).build()
            });
        let world = self.clone();
        let tags = mock!(aws_sdk_lambda::Client::list_tags).then_compute_output(move |_| {
            world.change(|state| state.calls.push("lambda:ListTags".to_owned()));
            ListTagsOutput::builder().tags("owner", "orders-team").build()
        });
        let policy = self.get_policy();
        mock_client!(aws_sdk_lambda, RuleMode::MatchAny, &[&urls, &role, &tags, &policy])
    }

    /// Of one version or alias at a time, as Lambda does.
    fn get_policy(&self) -> Rule {
        let world = self.clone();
        mock!(aws_sdk_lambda::Client::get_policy).then_compute_response(move |request| {
            let qualifier = request.qualifier().unwrap_or_default().to_owned();
            let answer = world.change(|state| {
                state.calls.push(format!("lambda:GetPolicy {qualifier}"));
                if let Some(code) = state.get_policy {
                    let metadata = ErrorMetadata::builder().code(code).message("no").build();
                    return MockResponse::Error(GetPolicyError::generic(metadata));
                }
                let is_stale = state.stale_policies > 0;
                state.stale_policies = state.stale_policies.saturating_sub(1);
                let text = match state.policies.get(&qualifier) {
                    _ if state.garbled => "{".to_owned(),
                    Some(statements) if !state.is_gone && !is_stale => document(statements, &qualifier),
                    _ => {
                        let none = ResourceNotFoundException::builder().message("no policy").build();
                        return MockResponse::Error(GetPolicyError::ResourceNotFoundException(none));
                    }
                };
                MockResponse::Output(GetPolicyOutput::builder().policy(text).build())
            });
            if let Some(deed) = world.change(|state| state.after_reading.take()) {
                deed();
            }
            answer
        })
    }

    /// A role that may do everything.
    fn iam(&self) -> aws_sdk_iam::Client {
        let world = self.clone();
        let get_role = mock!(aws_sdk_iam::Client::get_role).then_compute_response(move |_| {
            world.change(|state| {
                state.calls.push("iam:GetRole".to_owned());
                match state.get_role {
                    Some("NoSuchEntity") => {
                        let gone = NoSuchEntityException::builder().message("gone").build();
                        MockResponse::Error(GetRoleError::NoSuchEntityException(gone))
                    }
                    Some(code) => {
                        let metadata = ErrorMetadata::builder().code(code).message("no").build();
                        MockResponse::Error(GetRoleError::generic(metadata))
                    }
                    None => MockResponse::Output(GetRoleOutput::builder().role(role()).build()),
                }
            })
        });
        let noting = |call: &'static str| {
            let world = self.clone();
            move || world.change(|state| state.calls.push(call.to_owned()))
        };
        let note = noting("iam:ListAttachedRolePolicies");
        let attached =
            mock!(aws_sdk_iam::Client::list_attached_role_policies).then_compute_output(move |_| {
                note();
                ListAttachedRolePoliciesOutput::builder().build()
            });
        let note = noting("iam:ListRolePolicies");
        let inline = mock!(aws_sdk_iam::Client::list_role_policies).then_compute_output(move |_| {
            note();
            ListRolePoliciesOutput::builder().policy_names("everything").build().unwrap()
        });
        let note = noting("iam:GetRolePolicy");
        let policy = mock!(aws_sdk_iam::Client::get_role_policy).then_compute_output(move |_| {
            note();
            let answer = GetRolePolicyOutput::builder().role_name("orders-role").policy_name("everything");
            answer.policy_document(encoded(EVERYTHING)).build().unwrap()
        });
        mock_client!(aws_sdk_iam, RuleMode::MatchAny, &[&get_role, &attached, &inline, &policy])
    }

    /// Items by key; an item with a version is written only by whoever names the version before.
    fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        let world = self.clone();
        let read = mock!(aws_sdk_dynamodb::Client::batch_get_item).then_compute_output(move |request| {
            let (table, wanted) = request.request_items().unwrap().iter().next().unwrap();
            world.change(|state| {
                state.calls.push("dynamodb:BatchGetItem".to_owned());
                let found = wanted.keys().iter().filter_map(|key| state.items.get(&key_of(key)).cloned());
                BatchGetItemOutput::builder().responses(table, found.collect()).build()
            })
        });
        let world = self.clone();
        let write = mock!(aws_sdk_dynamodb::Client::put_item).then_compute_response(move |request| {
            let item = request.item().unwrap().clone();
            world.change(|state| {
                let expected = request.expression_attribute_values().and_then(|values| values.get(":read"));
                let stored = state.items.get(&key_of(&item));
                let in_order = match expected {
                    Some(version) => stored.and_then(|item| item.get("version")) == Some(version),
                    None => stored.is_none(),
                };
                if !in_order {
                    let failed = ConditionalCheckFailedException::builder().message("overtaken").build();
                    return MockResponse::Error(PutItemError::ConditionalCheckFailedException(failed));
                }
                state.calls.push(format!("dynamodb:PutItem {}", key_of(&item).0));
                state.items.insert(key_of(&item), item);
                MockResponse::Output(PutItemOutput::builder().build())
            })
        });
        mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, &[&read, &write])
    }

    fn sns(&self) -> aws_sdk_sns::Client {
        let world = self.clone();
        let publish = mock!(aws_sdk_sns::Client::publish).then_compute_response(move |request| {
            if let Some(deed) = world.change(|state| state.meanwhile.take()) {
                deed();
            }
            world.change(|state| {
                if state.sns_fails > 0 {
                    state.sns_fails -= 1;
                    let metadata = ErrorMetadata::builder().code("InvalidParameter").message("no").build();
                    return MockResponse::Error(PublishError::generic(metadata));
                }
                let body: Value = serde_json::from_str(request.message().unwrap()).unwrap();
                let mut finding: Value = serde_json::from_str(body["default"].as_str().unwrap()).unwrap();
                finding_schema::assert_valid(&finding);
                finding["email"] = body["email"].clone();
                finding["subject"] = request.subject().into();
                state.calls.push("sns:Publish".to_owned());
                state.findings.push(finding);
                MockResponse::Output(PublishOutput::builder().build())
            })
        });
        mock_client!(aws_sdk_sns, RuleMode::MatchAny, &[&publish])
    }
}

fn record_key() -> (String, String) {
    ("exposure".to_owned(), FUNCTION.to_owned())
}

fn key_of(item: &Item) -> (String, String) {
    (item["pk"].as_s().unwrap().clone(), item["sk"].as_s().unwrap().clone())
}

fn encoded(document: &str) -> String {
    utf8_percent_encode(document, NON_ALPHANUMERIC).to_string()
}

fn role() -> Role {
    let role = Role::builder().path("/apps/").role_name("orders-role").role_id("AROAEXAMPLE").arn(ROLE);
    let made = aws_smithy_types::DateTime::from_secs(1_700_000_000);
    role.create_date(made).assume_role_policy_document(encoded(TRUST)).build().unwrap()
}

fn qualified(qualifier: &str) -> String {
    if qualifier.is_empty() { FUNCTION.to_owned() } else { format!("{FUNCTION}:{qualifier}") }
}

fn url_config(qualifier: &str, auth: &str) -> FunctionUrlConfig {
    let url = FunctionUrlConfig::builder()
        .function_url("https://abcdefghijklmnopqrstuvwxyz012345.lambda-url.eu-west-1.on.aws/")
        .function_arn(qualified(qualifier))
        .auth_type(FunctionUrlAuthType::from(auth));
    url.creation_time("2026-11-22T10:00:00Z").last_modified_time("2026-11-22T10:00:00Z").build().unwrap()
}

fn document(statements: &[Value], qualifier: &str) -> String {
    let mut statements = statements.to_vec();
    for statement in &mut statements {
        statement["Resource"] = json!(qualified(qualifier));
    }
    json!({"Version": "2012-10-17", "Id": "default", "Statement": statements}).to_string()
}

pub(super) fn statement(sid: &str, principal: Value, action: &str) -> Value {
    json!({"Sid": sid, "Effect": "Allow", "Principal": principal, "Action": action})
}

/// What lets everyone call the URL.
pub(super) fn invoke_url() -> Value {
    let mut statement = statement("FunctionURLAllowPublicAccess", json!("*"), "lambda:InvokeFunctionUrl");
    statement["Condition"] = json!({"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}});
    statement
}

/// A change of long ago, so that nothing waits for Lambda to settle.
pub(super) fn change(event: &str, event_id: &str, effect: ExposureEffect) -> ExposureChange {
    ExposureChange {
        event: EventName::from_cloudtrail(event),
        event_id: event_id.to_owned(),
        time: Some("2026-11-22T10:00:00Z".parse().unwrap()),
        function: FUNCTION.parse().unwrap(),
        qualifier: None,
        effect,
        caller: Caller {
            principal: Some("arn:aws:iam::123456789012:user/mallory".to_owned()),
            ..Caller::default()
        },
    }
}

/// The same, just made.
pub(super) fn recent(change: ExposureChange) -> ExposureChange {
    ExposureChange { time: Some(crate::clock::now()), ..change }
}
