//! Doubles of IAM, DynamoDB, SNS and SQS: SDK clients whose answers are given here. They prove what we ask, not what
//! AWS answers.

use super::samples::{OURS, ROLE, encoded, job, report, role_answer, used_role_answer};
use crate::connect::Account;
use crate::ledger::Ledger;
use crate::policies::PolicyCache;
use crate::sdk::{Roots, sdk_config};
use crate::settings::tests::settings;
use crate::shipped_boundaries::tests::shipping;
use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemOutput;
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemOutput};
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemOutput};
use aws_sdk_dynamodb::types::error::ConditionalCheckFailedException;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use aws_sdk_iam::operation::generate_service_last_accessed_details::{
    GenerateServiceLastAccessedDetailsError, GenerateServiceLastAccessedDetailsOutput,
};
use aws_sdk_iam::operation::get_policy::{GetPolicyError, GetPolicyOutput};
use aws_sdk_iam::operation::get_policy_version::GetPolicyVersionOutput;
use aws_sdk_iam::operation::get_role::{GetRoleError, GetRoleOutput};
use aws_sdk_iam::operation::get_service_last_accessed_details::{
    GetServiceLastAccessedDetailsError, GetServiceLastAccessedDetailsOutput,
};
use aws_sdk_iam::operation::list_attached_role_policies::ListAttachedRolePoliciesOutput;
use aws_sdk_iam::operation::list_role_policies::ListRolePoliciesOutput;
use aws_sdk_iam::operation::put_role_permissions_boundary::PutRolePermissionsBoundaryOutput;
use aws_sdk_iam::types::error::NoSuchEntityException;
use aws_sdk_iam::types::{AttachedPolicy, Policy, PolicyVersion};
use aws_sdk_sns::operation::publish::{PublishError, PublishOutput};
use aws_sdk_sqs::operation::send_message::SendMessageOutput;
use aws_smithy_mocks::{MockResponse, Rule, RuleMode, mock, mock_client};
use aws_smithy_types::error::ErrorMetadata;
use guardrail::record::RoleRecord;
use guardrail::settings::Mode;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

const TEAM_POLICY: &str = "arn:aws:iam::123456789012:policy/orders";

const WIDE: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:*","logs:*"],"Resource":"*"}}"#;
const EVERYTHING: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
const LITTLE: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::orders/*"}}"#;

/// The calls in the order in which they were made.
#[derive(Debug, Clone, Default)]
pub(super) struct Order(Arc<Mutex<Vec<String>>>);

impl Order {
    fn note(&self, call: &str) {
        self.0.lock().unwrap().push(call.to_owned());
    }

    pub(super) fn taken(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    pub(super) fn count(&self, call: &str) -> usize {
        self.taken().iter().filter(|taken| *taken == call).count()
    }
}

/// The unique id and the document of a managed policy, by ARN; none where it does not exist.
type ManagedPolicies = Arc<dyn Fn(&str) -> Option<(String, &'static str)> + Send + Sync>;

/// What IAM answers to the request for a report of last uses.
pub(super) type Job =
    MockResponse<GenerateServiceLastAccessedDetailsOutput, GenerateServiceLastAccessedDetailsError>;
/// What IAM answers to a look at the report.
pub(super) type Report =
    MockResponse<GetServiceLastAccessedDetailsOutput, GetServiceLastAccessedDetailsError>;

/// The doubles of one account.
pub(super) struct Doubles {
    pub(super) order: Order,
    last_uses: [Rule; 2],
    mode: Mode,
    get_role: Rule,
    put: Rule,
    policies: ManagedPolicies,
    list_policy_versions: Option<Rule>,
    /// The role's item.
    pub(super) item: Arc<Mutex<HashMap<String, AttributeValue>>>,
    ledger: LedgerManner,
    shipped: &'static str,
    pub(super) budget_left: Arc<AtomicU64>,
    /// Items that are neither the role's nor exemptions, by `pk` and `sk`.
    pub(super) items: Items,
    /// Exemptions, by pattern.
    pub(super) exemptions: Exemptions,
    /// What was published, as JSON.
    pub(super) published: Arc<Mutex<Vec<Value>>>,
    /// What somebody else does while the next finding is published.
    pub(super) meanwhile: Meanwhile,
    /// The publications that SNS takes, counted down; then it takes no more.
    pub(super) sns_takes: Arc<AtomicUsize>,
}

pub(super) type Meanwhile = Arc<Mutex<Option<Box<dyn FnOnce() + Send>>>>;
type Item = HashMap<String, AttributeValue>;
pub(super) type Items = Arc<Mutex<BTreeMap<(String, String), Item>>>;
pub(super) type Exemptions = Arc<Mutex<BTreeMap<String, Item>>>;

#[derive(Clone, Copy, PartialEq)]
enum LedgerManner {
    Whole,
    InPart,
    /// The first read of a role's item is older than what is there.
    FirstReadOld,
}

impl Doubles {
    pub(super) fn new() -> Self {
        let order = Order::default();
        let noted = order.clone();
        let put = mock!(aws_sdk_iam::Client::put_role_permissions_boundary).then_compute_output(move |_| {
            noted.note("iam:PutRolePermissionsBoundary");
            PutRolePermissionsBoundaryOutput::builder().build()
        });
        Self {
            get_role: answering(&order, || MockResponse::Output(role_answer(None))),
            put,
            policies: Arc::new(|arn| (arn == OURS).then(|| ("ANPAOURS".to_owned(), WIDE))),
            list_policy_versions: None,
            last_uses: reporting(
                &order,
                || MockResponse::Output(job()),
                |_| MockResponse::Output(report().build().unwrap()),
            ),
            order,
            mode: Mode::Enforce,
            item: Arc::default(),
            ledger: LedgerManner::Whole,
            shipped: WIDE,
            budget_left: Arc::new(AtomicU64::new(1_000)),
            items: Arc::default(),
            exemptions: Arc::default(),
            published: Arc::default(),
            meanwhile: Arc::default(),
            sns_takes: Arc::new(AtomicUsize::new(usize::MAX)),
        }
        .settings_item("installed", &[("at", "2026-01-01T00:00:00Z")])
    }

    pub(super) fn role_without_boundary(self) -> Self {
        let get_role = answering(&self.order, || MockResponse::Output(role_answer(None)));
        Self { get_role, ..self }
    }

    pub(super) fn role_not_found(self) -> Self {
        let missing = || NoSuchEntityException::builder().message("gone").build();
        let get_role = answering(&self.order, move || {
            MockResponse::Error(GetRoleError::NoSuchEntityException(missing()))
        });
        Self { get_role, ..self }
    }

    /// What IAM answers when it is to report last uses, and to each look at the report, which may name a marker.
    pub(super) fn last_uses(
        self,
        job: impl Fn() -> Job + Send + Sync + 'static,
        report: impl Fn(Option<&str>) -> Report + Send + Sync + 'static,
    ) -> Self {
        Self { last_uses: reporting(&self.order, job, report), ..self }
    }

    pub(super) fn get_role(self, get_role: Rule) -> Self {
        Self { get_role, ..self }
    }

    /// A role with every right that was in use before Ringfence came.
    pub(super) fn existing_administrator(self) -> Self {
        self.administrator_used("2026-09-21T14:13:20Z")
    }

    /// A role with every right, made before Ringfence came and last used then.
    pub(super) fn administrator_used(self, last_used: &str) -> Self {
        let last_used = last_used.to_owned();
        let get_role = answering(&self.order, move || MockResponse::Output(used_role_answer(&last_used)));
        let policies = |arn: &str| {
            Some(if arn == OURS {
                ("ANPAOURS".to_owned(), WIDE)
            } else {
                ("ANPATEAM".to_owned(), EVERYTHING)
            })
        };
        Self { get_role, policies: Arc::new(policies), ..self }
    }

    pub(super) fn put(self, put: Rule) -> Self {
        Self { put, ..self }
    }

    pub(super) fn mode(self, mode: Mode) -> Self {
        Self { mode, ..self }
    }

    pub(super) fn boundary_policy_gone(self) -> Self {
        Self { policies: Arc::new(|_| None), ..self }
    }

    /// Each time that it is asked for, the policy is another one of the same ARN and version.
    /// A role that is given everything.
    pub(super) fn administrator(self) -> Self {
        let policies: ManagedPolicies = Arc::new(|arn| match arn {
            OURS => Some(("ANPAOURS".to_owned(), WIDE)),
            TEAM_POLICY => Some(("ANPATEAM".to_owned(), EVERYTHING)),
            _ => None,
        });
        Self { policies, ..self }
    }

    pub(super) fn attached_policy_made_anew(self) -> Self {
        let asked = AtomicUsize::new(0);
        let policies = move |arn: &str| match arn {
            TEAM_POLICY if asked.fetch_add(1, Ordering::Relaxed) == 0 => {
                Some(("ANPAFIRST".to_owned(), LITTLE))
            }
            TEAM_POLICY => Some(("ANPASECOND".to_owned(), WIDE)),
            _ => Some(("ANPAOURS".to_owned(), WIDE)),
        };
        Self { policies: Arc::new(policies), ..self }
    }

    pub(super) fn ledger(self, record: RoleRecord) -> Self {
        *self.item.lock().unwrap() = HashMap::from([
            ("pk".to_owned(), AttributeValue::S("role".to_owned())),
            ("sk".to_owned(), AttributeValue::S(ROLE.to_owned())),
            ("version".to_owned(), AttributeValue::N("1".to_owned())),
            ("record".to_owned(), serde_dynamo::to_attribute_value(record).unwrap()),
        ]);
        self
    }

    /// An exemption of the role's own team, until then.
    pub(super) fn exempt_until(self, expires_at: &str) -> Self {
        let texts = [("owner", "orders team"), ("reason", "migration"), ("expires_at", expires_at)];
        self.exemptions.lock().unwrap().insert("orders-*".to_owned(), item("exemption", "orders-*", &texts));
        self
    }

    /// IAM shows an old document of our boundary once, and then the one that the template ships.
    pub(super) fn boundary_shown_as_it_was_before(self) -> Self {
        let asked = AtomicUsize::new(0);
        let policies = move |arn: &str| match arn {
            OURS if asked.fetch_add(1, Ordering::Relaxed) == 0 => Some(("ANPAOURS-1".to_owned(), LITTLE)),
            OURS => Some(("ANPAOURS-2".to_owned(), WIDE)),
            _ => None,
        };
        Self { policies: Arc::new(policies), ..self }
    }

    /// The template ships another document than the one that the boundary has.
    pub(super) fn boundary_edited(self) -> Self {
        Self { shipped: LITTLE, ..self }
    }

    pub(super) fn list_policy_versions(self, rule: Rule) -> Self {
        Self { list_policy_versions: Some(rule), ..self }
    }

    /// So many changes of existing roles are left in this hour.
    pub(super) fn budget_left(self, left: u64) -> Self {
        self.budget_left.store(left, Ordering::Relaxed);
        self
    }

    /// An item `settings`/`sk` of these texts.
    pub(super) fn settings_item(self, sk: &str, texts: &[(&str, &str)]) -> Self {
        put(&self.items, "settings", sk, texts);
        self
    }

    pub(super) fn first_ledger_read_is_old(self) -> Self {
        Self { ledger: LedgerManner::FirstReadOld, ..self }
    }

    pub(super) fn ledger_answers_in_part(self) -> Self {
        Self { ledger: LedgerManner::InPart, ..self }
    }

    pub(super) fn account(self) -> Account {
        let mut settings = settings();
        settings.mode = self.mode.as_str().parse().unwrap();
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
            shipped: shipping(self.shipped),
            settings,
        }
    }

    fn iam(&self) -> aws_sdk_iam::Client {
        let list_attached = mock!(aws_sdk_iam::Client::list_attached_role_policies).then_output(|| {
            let policy = AttachedPolicy::builder().policy_arn(TEAM_POLICY).policy_name("orders").build();
            ListAttachedRolePoliciesOutput::builder().attached_policies(policy).build()
        });
        let list_inline = mock!(aws_sdk_iam::Client::list_role_policies).then_output(|| {
            ListRolePoliciesOutput::builder().set_policy_names(Some(Vec::new())).build().unwrap()
        });
        let documents: Arc<Mutex<HashMap<String, &'static str>>> = Arc::default();
        let (policies, noted) = (self.policies.clone(), documents.clone());
        let get_policy = mock!(aws_sdk_iam::Client::get_policy).then_compute_response(move |request| {
            let arn = request.policy_arn().unwrap();
            match policies(arn) {
                Some((id, document)) => {
                    noted.lock().unwrap().insert(arn.to_owned(), document);
                    let policy = Policy::builder().arn(arn).policy_id(id).default_version_id("v1").build();
                    MockResponse::Output(GetPolicyOutput::builder().policy(policy).build())
                }
                None => MockResponse::Error(GetPolicyError::NoSuchEntityException(
                    NoSuchEntityException::builder().message("gone").build(),
                )),
            }
        });
        let get_version =
            mock!(aws_sdk_iam::Client::get_policy_version).then_compute_output(move |request| {
                let document = documents.lock().unwrap()[request.policy_arn().unwrap()];
                let version = PolicyVersion::builder().document(encoded(document)).version_id("v1").build();
                GetPolicyVersionOutput::builder().policy_version(version).build()
            });
        let mut rules =
            vec![&self.get_role, &self.put, &list_attached, &list_inline, &get_policy, &get_version];
        rules.extend(&self.last_uses);
        rules.extend(&self.list_policy_versions);
        mock_client!(aws_sdk_iam, RuleMode::MatchAny, &rules)
    }

    /// One item with a version, written only by whoever names the version before; and the time of the installation.
    fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        let (item, order, manner) = (self.item.clone(), self.order.clone(), self.ledger);
        let items = self.items.clone();
        let read = mock!(aws_sdk_dynamodb::Client::batch_get_item).then_compute_output(move |request| {
            let is_first = order.count("dynamodb:BatchGetItem") == 0;
            order.note("dynamodb:BatchGetItem");
            let (table, wanted) = request.request_items().unwrap().iter().next().unwrap();
            let items = items.lock().unwrap();
            let role = item.lock().unwrap().clone();
            let find = |key: &Item| match key["pk"].as_s().unwrap().as_str() {
                "role" if is_first && manner == LedgerManner::FirstReadOld => None,
                "role" => Some(role.clone()).filter(|item| !item.is_empty()),
                _ => items.get(&key_of(key)).cloned(),
            };
            let items = wanted.keys().iter().filter_map(find).collect();
            let answer = BatchGetItemOutput::builder().responses(table, items);
            match manner {
                LedgerManner::Whole | LedgerManner::FirstReadOld => answer.build(),
                LedgerManner::InPart => {
                    let missing = KeysAndAttributes::builder().keys(HashMap::new()).build().unwrap();
                    answer.unprocessed_keys(table, missing).build()
                }
            }
        });
        let (item, items, order) = (self.item.clone(), self.items.clone(), self.order.clone());
        let write = mock!(aws_sdk_dynamodb::Client::put_item).then_compute_response(move |request| {
            let overtaken = || {
                let failed = ConditionalCheckFailedException::builder().message("overtaken").build();
                MockResponse::Error(PutItemError::ConditionalCheckFailedException(failed))
            };
            let expected = request.expression_attribute_values().and_then(|values| values.get(":read"));
            let key = key_of(request.item().unwrap());
            if key.0 != "role" {
                let mut items = items.lock().unwrap();
                if items.get(&key).and_then(|item| item.get("version")) != expected {
                    return overtaken();
                }
                let call = if key.0.starts_with("history/") {
                    "history".to_owned()
                } else {
                    format!("{}/{}", key.0, key.1)
                };
                order.note(&format!("dynamodb:PutItem {call}"));
                items.insert(key, request.item().unwrap().clone());
                return MockResponse::Output(PutItemOutput::builder().build());
            }
            let mut stored = item.lock().unwrap();
            if stored.get("version") != expected {
                return overtaken();
            }
            *stored = request.item().unwrap().clone();
            let is_open =
                matches!(stored["record"].as_m().unwrap().get("intent"), Some(AttributeValue::M(_)));
            order.note(if is_open {
                "dynamodb:PutItem intent=open"
            } else {
                "dynamodb:PutItem intent=closed"
            });
            MockResponse::Output(PutItemOutput::builder().build())
        });
        let (exemptions, order) = (self.exemptions.clone(), self.order.clone());
        let query = mock!(aws_sdk_dynamodb::Client::query).then_compute_output(move |_| {
            order.note("dynamodb:Query");
            let exemptions = exemptions.lock().unwrap().values().cloned().collect();
            QueryOutput::builder().set_items(Some(exemptions)).build()
        });
        let budget = budget_double(self.budget_left.clone(), self.order.clone());
        mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, &[&read, &write, &query, &budget])
    }

    fn sns(&self) -> aws_sdk_sns::Client {
        let (order, published) = (self.order.clone(), self.published.clone());
        let (sns_takes, meanwhile) = (self.sns_takes.clone(), self.meanwhile.clone());
        let publish = mock!(aws_sdk_sns::Client::publish).then_compute_response(move |request| {
            let left =
                sns_takes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
            if left.is_err() {
                let metadata = ErrorMetadata::builder().code("InvalidParameter").message("no").build();
                return MockResponse::Error(PublishError::generic(metadata));
            }
            order.note("sns:Publish");
            if let Some(act) = meanwhile.lock().unwrap().take() {
                act();
            }
            let body: Value = serde_json::from_str(request.message().unwrap()).unwrap();
            let finding = serde_json::from_str(body["default"].as_str().unwrap()).unwrap();
            finding_schema::assert_valid(&finding);
            published.lock().unwrap().push(finding);
            MockResponse::Output(PublishOutput::builder().build())
        });
        mock_client!(aws_sdk_sns, RuleMode::MatchAny, &[&publish])
    }

    fn sqs(&self) -> aws_sdk_sqs::Client {
        let order = self.order.clone();
        let send = mock!(aws_sdk_sqs::Client::send_message).then_compute_output(move |request| {
            let marked =
                request.message_attributes().is_some_and(|all| all.contains_key("ringfence-look-again"));
            assert!(marked, "what is looked at again and not found is gone");
            order.note("sqs:SendMessage");
            SendMessageOutput::builder().build()
        });
        mock_client!(aws_sdk_sqs, RuleMode::MatchAny, &[&send])
    }
}

fn key_of(item: &Item) -> (String, String) {
    (item["pk"].as_s().unwrap().clone(), item["sk"].as_s().unwrap().clone())
}

fn item(pk: &str, sk: &str, texts: &[(&str, &str)]) -> Item {
    let key = [("pk", pk), ("sk", sk)];
    let text = |(name, text): &(&str, &str)| ((*name).to_owned(), AttributeValue::S((*text).to_owned()));
    key.iter().chain(texts).map(text).collect()
}

/// As an operator does it.
pub(super) fn put(items: &Items, pk: &str, sk: &str, texts: &[(&str, &str)]) {
    items.lock().unwrap().insert((pk.to_owned(), sk.to_owned()), item(pk, sk, texts));
}

/// The hour has begun, and counts down.
fn budget_double(left: Arc<AtomicU64>, order: Order) -> Rule {
    mock!(aws_sdk_dynamodb::Client::update_item).then_compute_response(move |request| {
        order.note("dynamodb:UpdateItem");
        let counts = request.update_expression().unwrap().contains("used + ");
        let take = |left: u64| left.checked_sub(1).filter(|_| counts);
        if left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok() {
            return MockResponse::Output(UpdateItemOutput::builder().build());
        }
        let failed = ConditionalCheckFailedException::builder().message("used up").build();
        MockResponse::Error(UpdateItemError::ConditionalCheckFailedException(failed))
    })
}

fn answering(
    order: &Order,
    answer: impl Fn() -> MockResponse<GetRoleOutput, GetRoleError> + Send + Sync + 'static,
) -> Rule {
    let order = order.clone();
    mock!(aws_sdk_iam::Client::get_role).then_compute_response(move |_| {
        order.note("iam:GetRole");
        answer()
    })
}

fn reporting(
    order: &Order,
    job: impl Fn() -> Job + Send + Sync + 'static,
    report: impl Fn(Option<&str>) -> Report + Send + Sync + 'static,
) -> [Rule; 2] {
    let noted = order.clone();
    let generate = mock!(aws_sdk_iam::Client::generate_service_last_accessed_details).then_compute_response(
        move |request| {
            noted.note("iam:GenerateServiceLastAccessedDetails");
            assert_eq!(request.arn(), Some("arn:aws:iam::123456789012:role/orders-api-role"));
            assert_eq!(request.granularity().unwrap().as_str(), "ACTION_LEVEL");
            job()
        },
    );
    let noted = order.clone();
    let get =
        mock!(aws_sdk_iam::Client::get_service_last_accessed_details).then_compute_response(move |request| {
            noted.note("iam:GetServiceLastAccessedDetails");
            assert_eq!(request.job_id(), Some("job-1"));
            report(request.marker())
        });
    [generate, get]
}
