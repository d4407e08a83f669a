//! Doubles of IAM, DynamoDB, SNS and SQS that keep what they are told. They prove what we ask, not what AWS answers.

use crate::connect::Account;
use crate::ledger::Ledger;
use crate::policies::PolicyCache;
use crate::sdk::{Roots, sdk_config};
use crate::settings::tests::settings;
use crate::shipped_boundaries::tests::shipping;
use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemOutput;
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemOutput};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::types::error::ConditionalCheckFailedException;
use aws_sdk_iam::operation::get_policy::{GetPolicyError, GetPolicyOutput};
use aws_sdk_iam::operation::get_policy_version::GetPolicyVersionOutput;
use aws_sdk_iam::operation::list_entities_for_policy::ListEntitiesForPolicyOutput;
use aws_sdk_iam::operation::list_policy_versions::ListPolicyVersionsOutput;
use aws_sdk_iam::operation::set_default_policy_version::{
    SetDefaultPolicyVersionError, SetDefaultPolicyVersionOutput,
};
use aws_sdk_iam::types::error::NoSuchEntityException;
use aws_sdk_iam::types::{EntityType, Policy, PolicyRole, PolicyUsageType, PolicyVersion};
use aws_sdk_sns::operation::publish::{PublishError, PublishOutput};
use aws_sdk_sqs::operation::send_message_batch::SendMessageBatchOutput;
use aws_sdk_sqs::types::{BatchResultErrorEntry, SendMessageBatchResultEntry};
use aws_smithy_mocks::{MockResponse, Rule, RuleMode, mock, mock_client};
use aws_smithy_types::error::ErrorMetadata;
use guardrail::settings::Mode;
use guardrail::trigger::{Caller, EventName, PolicyChange, PolicyEffect, Tool};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, OnceLock};

pub(super) const OURS: &str = "arn:aws:iam::123456789012:policy/ringfence/ringfence-baseline-v1";
pub(super) const TEAM: &str = "arn:aws:iam::123456789012:policy/platform/team-boundary";
pub(super) const SHIPPED: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"iam:*","Resource":"*"}]}"#;
pub(super) const WIDE: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
pub(super) const NARROW: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#;

type Item = HashMap<String, AttributeValue>;

/// What the account holds and what was asked of it.
#[derive(Debug, Default)]
pub(super) struct State {
    /// Documents by version id; empty where the policy does not exist.
    pub(super) versions: BTreeMap<String, &'static str>,
    pub(super) default: String,
    /// Roles by how they use the policy, page by page.
    pub(super) roles_with_policy: Vec<Vec<String>>,
    pub(super) roles_bounded: Vec<Vec<String>>,
    pub(super) items: HashMap<(String, String), Item>,
    /// Every call, in order.
    pub(super) calls: Vec<String>,
    /// The findings that were published.
    pub(super) findings: Vec<Value>,
    /// The bodies that the review queue took.
    pub(super) queued: Vec<String>,
    /// The code and words with which AWS refuses to set a policy back.
    pub(super) refusal: Option<(&'static str, &'static str)>,
    /// How often SNS does not answer.
    pub(super) sns_fails: usize,
    /// How many more calls SQS takes all but one message of.
    pub(super) sqs_fails: usize,
    /// How often GetPolicy still shows this version.
    pub(super) stale: Option<(usize, String)>,
}

/// One account, shared by all that look at it.
#[derive(Debug, Clone, Default)]
pub(super) struct World(pub(super) Arc<Mutex<State>>);

impl World {
    /// A policy with these versions, the last of them in force.
    pub(super) fn with(versions: &[&'static str]) -> Self {
        let world = Self::default();
        world.change(|state| {
            for (index, document) in versions.iter().enumerate() {
                state.default = format!("v{}", index + 1);
                state.versions.insert(state.default.clone(), document);
            }
        });
        world
    }

    pub(super) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().unwrap())
    }

    /// An item `settings`/`sk` of these texts.
    pub(super) fn settings_item(self, sk: &str, texts: &[(&str, &str)]) -> Self {
        let key = [("pk", "settings"), ("sk", sk)];
        let text = |(name, text): &(&str, &str)| ((*name).to_owned(), AttributeValue::S((*text).to_owned()));
        let item: Item = key.iter().chain(texts).map(text).collect();
        self.change(|state| state.items.insert(key_of(&item), item));
        self
    }

    pub(super) fn count(&self, call: &str) -> usize {
        self.change(|state| state.calls.iter().filter(|made| made.starts_with(call)).count())
    }

    /// The title of each notice.
    pub(super) fn notices(&self) -> Vec<String> {
        self.change(|state| {
            let notices = state.findings.iter().filter(|finding| finding["outcome"] == "notice");
            notices.map(|finding| finding["title"].as_str().unwrap().to_owned()).collect()
        })
    }

    /// Outcome and severity of each distinct finding that is no notice.
    pub(super) fn told(&self) -> Vec<(String, String)> {
        let text = |finding: &Value, field: &str| finding[field].as_str().unwrap().to_owned();
        self.change(|state| {
            let mut ids = Vec::new();
            let distinct = state.findings.iter().filter(|finding| {
                let id = finding["id"].clone();
                let new = !ids.contains(&id) && finding["outcome"] != "notice";
                ids.push(id);
                new
            });
            distinct.map(|finding| (text(finding, "outcome"), text(finding, "severity"))).collect()
        })
    }

    pub(super) fn account(&self, mode: Mode) -> Account {
        let mut settings = settings();
        settings.mode = mode.as_str().parse().unwrap();
        settings.rules.approved = [TEAM.parse().unwrap()].into();
        Account {
            iam: self.iam(),
            ledger: Ledger::new(self.dynamodb(), settings.ledger_table.clone()),
            sns: self.sns().into(),
            sqs: self.sqs().into(),
            eventbridge: mock_client!(aws_sdk_eventbridge, RuleMode::MatchAny, &[]).into(),
            cloudformation: mock_client!(aws_sdk_cloudformation, RuleMode::MatchAny, &[]).into(),
            cloudtrail: OnceLock::new(),
            s3: OnceLock::new(),
            account_management: OnceLock::new(),
            lambda: mock_client!(aws_sdk_lambda, RuleMode::MatchAny, &[]).into(),
            security_hub: OnceLock::new(),
            access_analyzer: OnceLock::new(),
            config: sdk_config(&settings, Roots::System),
            calls: crate::calls::CallCounter::default(),
            policies: PolicyCache::default(),
            role_ids: crate::role_ids::RoleIds::default(),
            shipped: shipping(SHIPPED),
            settings,
        }
    }

    fn iam(&self) -> aws_sdk_iam::Client {
        let gone = || NoSuchEntityException::builder().message("gone").build();
        let world = self.clone();
        let get_policy = mock!(aws_sdk_iam::Client::get_policy).then_compute_response(move |request| {
            world.change(|state| {
                state.calls.push("iam:GetPolicy".to_owned());
                if state.versions.is_empty() {
                    return MockResponse::Error(GetPolicyError::NoSuchEntityException(gone()));
                }
                let shown = match &mut state.stale {
                    Some((times, version)) if *times > 0 => {
                        *times -= 1;
                        version.clone()
                    }
                    _ => state.default.clone(),
                };
                let policy = Policy::builder().set_arn(request.policy_arn().map(str::to_owned));
                let policy = policy.policy_id("ANPA").default_version_id(shown).build();
                MockResponse::Output(GetPolicyOutput::builder().policy(policy).build())
            })
        });
        let world = self.clone();
        let get_version =
            mock!(aws_sdk_iam::Client::get_policy_version).then_compute_output(move |request| {
                world.change(|state| {
                    let id = request.version_id().unwrap();
                    let encoded = utf8_percent_encode(state.versions[id], NON_ALPHANUMERIC).to_string();
                    let version = PolicyVersion::builder().document(encoded).version_id(id).build();
                    GetPolicyVersionOutput::builder().policy_version(version).build()
                })
            });
        let world = self.clone();
        let list_versions = mock!(aws_sdk_iam::Client::list_policy_versions).then_compute_output(move |_| {
            world.change(|state| {
                let version = |id: &String| PolicyVersion::builder().version_id(id).build();
                let versions = state.versions.keys().rev().map(version).collect();
                ListPolicyVersionsOutput::builder().set_versions(Some(versions)).build()
            })
        });
        let (set, entities) = (self.set_default(), self.entities());
        mock_client!(
            aws_sdk_iam,
            RuleMode::MatchAny,
            &[&get_policy, &get_version, &list_versions, &set, &entities]
        )
    }

    fn set_default(&self) -> Rule {
        let world = self.clone();
        mock!(aws_sdk_iam::Client::set_default_policy_version).then_compute_response(move |request| {
            let (arn, version) = (request.policy_arn().unwrap(), request.version_id().unwrap());
            world.change(|state| {
                state.calls.push(format!("iam:SetDefaultPolicyVersion {arn} {version}"));
                if let Some((code, message)) = state.refusal {
                    let metadata = ErrorMetadata::builder().code(code).message(message).build();
                    return MockResponse::Error(SetDefaultPolicyVersionError::generic(metadata));
                }
                state.default = version.to_owned();
                MockResponse::Output(SetDefaultPolicyVersionOutput::builder().build())
            })
        })
    }

    /// Answers only what is asked for roles, by use, a page at a time.
    fn entities(&self) -> Rule {
        let world = self.clone();
        mock!(aws_sdk_iam::Client::list_entities_for_policy).then_compute_output(move |request| {
            assert_eq!(request.entity_filter(), Some(&EntityType::Role));
            let usage = request.policy_usage_filter().expect("both uses are asked for, one by one").clone();
            let page: usize = request.marker().map_or(0, |marker| marker.parse().unwrap());
            world.change(|state| {
                state.calls.push(format!("iam:ListEntitiesForPolicy {} {page}", usage.as_str()));
                let is_boundary = usage == PolicyUsageType::PermissionsBoundary;
                let pages = if is_boundary { &state.roles_bounded } else { &state.roles_with_policy };
                let role = |name: &String| PolicyRole::builder().role_name(name).build();
                let roles = pages.get(page).into_iter().flatten().map(role).collect();
                let more = page + 1 < pages.len();
                ListEntitiesForPolicyOutput::builder()
                    .set_policy_roles(Some(roles))
                    .is_truncated(more)
                    .set_marker(more.then(|| (page + 1).to_string()))
                    .build()
            })
        })
    }

    /// Items by key; an item with a version is written only by whoever names the version before.
    fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        let world = self.clone();
        let read = mock!(aws_sdk_dynamodb::Client::batch_get_item).then_compute_output(move |request| {
            let (table, wanted) = request.request_items().unwrap().iter().next().unwrap();
            world.change(|state| {
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

    fn sqs(&self) -> aws_sdk_sqs::Client {
        let world = self.clone();
        let send = mock!(aws_sdk_sqs::Client::send_message_batch).then_compute_output(move |request| {
            world.change(|state| {
                let entries = request.entries();
                state.calls.push(format!("sqs:SendMessageBatch {}", entries.len()));
                let refused = usize::from(state.sqs_fails > 0);
                state.sqs_fails -= refused;
                let mut answer = SendMessageBatchOutput::builder()
                    .set_successful(Some(Vec::new()))
                    .set_failed(Some(Vec::new()));
                for (index, entry) in entries.iter().enumerate() {
                    if index < refused {
                        let failed = BatchResultErrorEntry::builder().id(entry.id()).code("InternalError");
                        answer = answer.failed(failed.sender_fault(false).build().unwrap());
                    } else {
                        let sent = SendMessageBatchResultEntry::builder().id(entry.id()).message_id("m");
                        answer = answer.successful(sent.md5_of_message_body("d").build().unwrap());
                        state.queued.push(entry.message_body().to_owned());
                    }
                }
                answer.build().unwrap()
            })
        });
        mock_client!(aws_sdk_sqs, RuleMode::MatchAny, &[&send])
    }
}

fn key_of(item: &Item) -> (String, String) {
    (item["pk"].as_s().unwrap().clone(), item["sk"].as_s().unwrap().clone())
}

/// A change of long ago, so that nothing waits for IAM to settle.
pub(super) fn change(policy: &str, event_id: &str, effect: PolicyEffect) -> PolicyChange {
    let event = match &effect {
        PolicyEffect::NewDefault(_) => "CreatePolicyVersion",
        PolicyEffect::VersionDeleted => "DeletePolicyVersion",
        PolicyEffect::Deleted => "DeletePolicy",
    };
    PolicyChange {
        event: EventName::from_cloudtrail(event),
        event_id: event_id.to_owned(),
        time: Some("2026-11-22T10:00:00Z".parse().unwrap()),
        policy: policy.parse().unwrap(),
        effect,
        caller: Caller {
            principal: Some("arn:aws:iam::123456789012:user/mallory".to_owned()),
            ..Caller::default()
        },
    }
}

/// By CloudFormation, just now.
pub(super) fn deployed_now(policy: &str) -> PolicyChange {
    PolicyChange {
        time: Some(crate::clock::now()),
        caller: Caller { tool: Tool::CloudFormation, ..Caller::default() },
        ..change(policy, "e-deploy", PolicyEffect::NewDefault(Some("v2".to_owned())))
    }
}
