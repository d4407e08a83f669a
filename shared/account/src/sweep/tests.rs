//! A sweep against doubles of the SDK's clients: what is asked, how often, and what is sent. They prove what we ask, not what AWS
//! answers.

mod last_accessed;
mod missing_roles;

use super::{SweepCall, SweptRoles};
use crate::clock;
use crate::connect::Account;
use crate::failure::Failure;
use crate::ledger::Ledger;
use crate::report::tests::{Bucket, Topic};
use crate::respond::doubles_of_an_account;
use crate::settings::PolicyGeneration;
use aws_sdk_account::operation::list_regions::ListRegionsOutput;
use aws_sdk_account::types::Region;
use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemOutput;
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemOutput};
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::types::error::ConditionalCheckFailedException;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use aws_sdk_iam::operation::get_account_authorization_details::{
    GetAccountAuthorizationDetailsError, GetAccountAuthorizationDetailsOutput,
};
use aws_sdk_iam::operation::get_policy::GetPolicyOutput;
use aws_sdk_iam::operation::get_policy_version::GetPolicyVersionOutput;
use aws_sdk_iam::operation::get_role::{GetRoleError, GetRoleOutput};
use aws_sdk_iam::operation::list_roles::ListRolesOutput;
use aws_sdk_iam::types as iam;
use aws_sdk_iam::types::error::NoSuchEntityException;
use aws_sdk_lambda::operation::list_functions::{ListFunctionsError, ListFunctionsOutput};
use aws_sdk_lambda::types::FunctionConfiguration;
use aws_sdk_sqs::operation::send_message_batch::SendMessageBatchOutput;
use aws_sdk_sqs::types::{BatchResultErrorEntry, SendMessageBatchResultEntry};
use aws_smithy_mocks::{MockResponse, RuleMode, mock, mock_client};
use aws_smithy_types::DateTime;
use aws_smithy_types::error::ErrorMetadata;
use guardrail::record::RoleRecord;
use guardrail::suggestion::Candidates;
use guardrail::sweep::{Checkpoint, Phase, SweepSummary, WhyQueued};
use jiff::SignedDuration;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

type Item = HashMap<String, AttributeValue>;

const OURS: &str = "arn:aws:iam::123456789012:policy/ringfence/ringfence-baseline-v1";
const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}}"#;
/// What the doubles of other tests ship as our boundary.
const WIDE: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:*","logs:*"],"Resource":"*"}}"#;

/// An account of four roles on two pages, and what became of a sweep over it.
#[derive(Clone, Default)]
pub(crate) struct Double {
    pub(crate) bucket: Bucket,
    pub(crate) topic: Topic,
    items: Arc<Mutex<BTreeMap<(String, String), Item>>>,
    calls: Arc<Mutex<Vec<String>>>,
    /// The roles that reached the review queue.
    queued: Arc<Mutex<Vec<String>>>,
    /// How long a page of roles takes.
    page_takes: Arc<Mutex<Duration>>,
    /// What fails from now on, by the names that calls are noted under.
    failing: Arc<Mutex<BTreeSet<&'static str>>>,
    /// How IAM reports what the roles of these names used, and all others in the ordinary way.
    reporting: Arc<Mutex<BTreeMap<String, last_accessed::Reporting>>>,
    /// Functions of the last page beside `orphan`, each with its role.
    more_functions: Arc<Mutex<Vec<(String, String)>>>,
    /// What policies are generated from, for proposals.
    policy_generation: Arc<Mutex<Option<PolicyGeneration>>>,
    /// Roles that are on no page and exist.
    hidden_roles: Arc<Mutex<BTreeSet<String>>>,
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn key_of(item: &Item) -> (String, String) {
    (item["pk"].as_s().unwrap().clone(), item["sk"].as_s().unwrap().clone())
}

fn role(name: &str, last_used: Option<i64>, boundary: Option<&str>) -> iam::RoleDetail {
    let boundary =
        boundary.map(|arn| iam::AttachedPermissionsBoundary::builder().permissions_boundary_arn(arn).build());
    // One that has its boundary may do nothing.
    let attached = boundary
        .is_none()
        .then(|| vec![iam::AttachedPolicy::builder().policy_arn(ADMINISTRATOR).policy_name("a").build()]);
    let used = iam::RoleLastUsed::builder().set_last_used_date(last_used.map(DateTime::from_secs)).build();
    iam::RoleDetail::builder()
        .arn(format!("arn:aws:iam::123456789012:role/{name}"))
        .role_name(name)
        .role_id(format!("AROA{}", name.to_uppercase()))
        .create_date(DateTime::from_secs(1_700_000_000))
        .assume_role_policy_document(TRUST)
        .set_attached_managed_policies(attached)
        .set_permissions_boundary(boundary)
        .role_last_used(used)
        .build()
}

fn policy(arn: &str, document: &str) -> iam::ManagedPolicyDetail {
    let version =
        iam::PolicyVersion::builder().document(document).version_id("v1").is_default_version(true).build();
    iam::ManagedPolicyDetail::builder()
        .arn(arn)
        .default_version_id("v1")
        .attachment_count(1)
        .policy_version_list(version)
        .build()
}

impl Double {
    pub(crate) fn new() -> Self {
        let double = Self::default();
        double.put("settings", "installed", [("at", text("2026-01-01T00:00:00Z"))]);
        double
    }

    fn put<const N: usize>(&self, pk: &str, sk: &str, fields: [(&str, AttributeValue); N]) {
        let key = [("pk", text(pk)), ("sk", text(sk))];
        let item = key.into_iter().chain(fields).map(|(name, value)| (name.to_owned(), value)).collect();
        self.items.lock().unwrap().insert((pk.to_owned(), sk.to_owned()), item);
    }

    /// The ledger's last word is that the role had ours.
    fn had_ours(self, name: &str) -> Self {
        let mut record = RoleRecord::new(format!("AROA{}", name.to_uppercase()).parse().unwrap());
        record.bounded_with = Some(OURS.parse().unwrap());
        let record = serde_dynamo::to_attribute_value(record).unwrap();
        self.put("role", name, [("version", AttributeValue::N("1".to_owned())), ("record", record)]);
        self
    }

    fn note(&self, call: &str) {
        self.calls.lock().unwrap().push(call.to_owned());
    }

    fn fail(&self, call: &'static str) {
        self.failing.lock().unwrap().insert(call);
    }

    fn heal(&self) {
        self.failing.lock().unwrap().clear();
    }

    fn fails(&self, call: &str) -> bool {
        self.failing.lock().unwrap().contains(call)
    }

    pub(crate) fn count(&self, call: &str) -> usize {
        self.calls.lock().unwrap().iter().filter(|made| *made == call).count()
    }

    pub(crate) fn queued(&self) -> Vec<String> {
        let mut queued = self.queued.lock().unwrap().clone();
        queued.sort();
        queued
    }

    /// From now on policies are generated.
    pub(crate) fn generate_policies(&self) {
        let trail_arn = "arn:aws:cloudtrail:us-east-1:123456789012:trail/events".to_owned();
        let role = "arn:aws:iam::123456789012:role/policy-generation".parse().unwrap();
        *self.policy_generation.lock().unwrap() = Some(PolicyGeneration { trail_arn, role });
    }

    /// What the last sweep left for proposals.
    pub(crate) fn candidates(&self) -> Candidates {
        let key = ("suggestion".to_owned(), "candidates".to_owned());
        serde_dynamo::from_attribute_value(self.items.lock().unwrap()[&key]["record"].clone()).unwrap()
    }

    fn lease(&self) -> Item {
        self.items.lock().unwrap()[&("settings".to_owned(), "sweep".to_owned())].clone()
    }

    fn account(&self) -> Account {
        let mut account = doubles_of_an_account();
        account.settings.policy_generation.clone_from(&self.policy_generation.lock().unwrap());
        account.iam = self.iam();
        account.ledger = Ledger::new(self.dynamodb(), account.settings.ledger_table.clone());
        account.lambda = self.lambda().into();
        account.sqs = self.sqs().into();
        account.s3 = self.bucket.client().into();
        account.sns = self.topic.client().into();
        account.account_management = self.account_management().into();
        account.cloudtrail = crate::ground::served().into();
        account
    }

    fn iam(&self) -> aws_sdk_iam::Client {
        let double = self.clone();
        let pages = mock!(aws_sdk_iam::Client::get_account_authorization_details).then_compute_response(
            move |request| {
                let of_roles = request.filter().contains(&iam::EntityType::Role);
                let marker = request.marker().unwrap_or("first");
                let call = format!("{} page {marker}", if of_roles { "roles" } else { "policies" });
                double.note(&call);
                if of_roles {
                    std::thread::sleep(*double.page_takes.lock().unwrap());
                }
                if double.fails(&call) {
                    let meta = ErrorMetadata::builder().code("ServiceFailure").message("not now").build();
                    return MockResponse::Error(GetAccountAuthorizationDetailsError::generic(meta));
                }
                if marker == "worn out" {
                    let meta = ErrorMetadata::builder().code("InvalidInput").message("the marker").build();
                    return MockResponse::Error(GetAccountAuthorizationDetailsError::generic(meta));
                }
                let answer = GetAccountAuthorizationDetailsOutput::builder();
                let answer = match (of_roles, marker) {
                    (true, "first") => answer
                        .role_detail_list(role("new", None, None))
                        .role_detail_list(role("old", Some(1_750_000_000), None)),
                    (true, _) => answer
                        .role_detail_list(role("lost", Some(1_750_000_000), None))
                        .role_detail_list(role("fine", Some(1_750_000_000), Some(OURS))),
                    (false, "first") => answer.policies(policy(OURS, WIDE)),
                    (false, _) => answer.policies(policy("arn:aws:iam::123456789012:policy/team", WIDE)),
                };
                MockResponse::Output(if marker == "first" {
                    answer.is_truncated(true).marker("second").build()
                } else {
                    answer.is_truncated(false).build()
                })
            },
        );
        let double = self.clone();
        let get_policy = mock!(aws_sdk_iam::Client::get_policy).then_compute_output(move |request| {
            let arn = request.policy_arn().unwrap();
            double.note(&format!("policy {arn}"));
            let policy = iam::Policy::builder().arn(arn).policy_id(arn).default_version_id("v1").build();
            GetPolicyOutput::builder().policy(policy).build()
        });
        let get_version = mock!(aws_sdk_iam::Client::get_policy_version).then_output(|| {
            let version = iam::PolicyVersion::builder().document(WIDE).version_id("v1").build();
            GetPolicyVersionOutput::builder().policy_version(version).build()
        });
        let double = self.clone();
        let get_role = mock!(aws_sdk_iam::Client::get_role).then_compute_response(move |request| {
            let name = request.role_name().unwrap();
            let call = format!("role {name}");
            double.note(&call);
            if double.fails(&call) {
                let meta = ErrorMetadata::builder().code("AccessDenied").message("no").build();
                return MockResponse::Error(GetRoleError::generic(meta));
            }
            if double.hidden_roles.lock().unwrap().contains(name) {
                let role = iam::Role::builder().path("/").role_name(name).role_id("AROAHIDDEN");
                let role = role.arn(format!("arn:aws:iam::123456789012:role/{name}"));
                let role = role.create_date(DateTime::from_secs(0)).assume_role_policy_document(TRUST);
                return MockResponse::Output(GetRoleOutput::builder().role(role.build().unwrap()).build());
            }
            let gone = NoSuchEntityException::builder().message("gone").build();
            MockResponse::Error(GetRoleError::NoSuchEntityException(gone))
        });
        let double = self.clone();
        let list_roles = mock!(aws_sdk_iam::Client::list_roles).then_compute_output(move |_| {
            double.note("list of roles");
            let role = iam::Role::builder().path("/").role_name("old").role_id("AROAOLD");
            let role = role.arn("arn:aws:iam::123456789012:role/old").create_date(DateTime::from_secs(0));
            ListRolesOutput::builder().roles(role.build().unwrap()).build().unwrap()
        });
        // Any other call is an error: nothing is written to IAM.
        let (begin, report) = (self.begin_report(), self.report());
        let rules = [&pages, &get_policy, &get_version, &get_role, &list_roles, &begin, &report];
        mock_client!(aws_sdk_iam, RuleMode::MatchAny, &rules)
    }

    /// Of several keys it gives the first and leaves out the others; writes are checked as a lease's conditions say.
    fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        let double = self.clone();
        let read = mock!(aws_sdk_dynamodb::Client::batch_get_item).then_compute_output(move |request| {
            let (table, wanted) = request.request_items().unwrap().iter().next().unwrap();
            let (given, left_out): (Vec<_>, Vec<_>) = wanted
                .keys()
                .iter()
                .enumerate()
                .partition(|(index, key)| *index == 0 || key["pk"] != text("role"));
            if given.iter().any(|(_, key)| key["pk"] == text("role")) {
                double.note("ledger");
            }
            if given.iter().any(|(_, key)| key["pk"] == text("last-accessed")) {
                double.note("use read");
            }
            let items = double.items.lock().unwrap();
            let found = given.iter().filter_map(|(_, key)| items.get(&key_of(key)).cloned()).collect();
            let answer = BatchGetItemOutput::builder().responses(table, found);
            if left_out.is_empty() {
                return answer.build();
            }
            let keys = left_out.into_iter().map(|(_, key)| key.clone()).collect();
            let left_out = KeysAndAttributes::builder().set_keys(Some(keys)).build().unwrap();
            answer.unprocessed_keys(table, left_out).build()
        });
        let double = self.clone();
        let write = mock!(aws_sdk_dynamodb::Client::put_item).then_compute_response(move |request| {
            let item = request.item().unwrap();
            let mut items = double.items.lock().unwrap();
            if item["pk"] == text("suggestion") {
                double.note("candidates");
                items.insert(key_of(item), item.clone());
                return MockResponse::Output(PutItemOutput::builder().build());
            }
            if item["pk"] == text("last-accessed") {
                double.note(&format!("use noted {}", item["sk"].as_s().unwrap()));
                items.insert(key_of(item), item.clone());
                return MockResponse::Output(PutItemOutput::builder().build());
            }
            let known = items.get(&key_of(item));
            let value = |name: &str| request.expression_attribute_values().and_then(|all| all.get(name));
            let number = |value: &AttributeValue| value.as_n().unwrap().parse::<i64>().unwrap();
            let holds = match known {
                None => request.condition_expression() == Some("attribute_not_exists(pk)"),
                Some(_) if request.condition_expression() == Some("attribute_not_exists(pk)") => false,
                // An item that has versions.
                Some(known) if value(":read").is_some() => value(":read") == known.get("version"),
                Some(known) => {
                    let holder = value(":before").or(value(":holder"));
                    let is_mine = value(":me").is_some_and(|me| *me == known["holder"]);
                    let is_over = is_mine
                        || value(":now").is_none_or(|now| number(&known["leased_until"]) <= number(now));
                    holder == known.get("holder") && is_over
                }
            };
            if !holds {
                let failed = ConditionalCheckFailedException::builder().message("held").build();
                return MockResponse::Error(PutItemError::ConditionalCheckFailedException(failed));
            }
            items.insert(key_of(item), item.clone());
            MockResponse::Output(PutItemOutput::builder().build())
        });
        let double = self.clone();
        let query = mock!(aws_sdk_dynamodb::Client::query).then_compute_output(move |request| {
            let value = |name: &str| request.expression_attribute_values().unwrap().get(name).cloned();
            let begins = value(":arns").map(|arns| arns.as_s().unwrap().clone()).unwrap_or_default();
            let items = double.items.lock().unwrap();
            let is_meant = |((pk, sk), _): &(&(String, String), &Item)| {
                value(":pk") == Some(text(pk)) && sk.starts_with(&begins)
            };
            let found = items.iter().filter(is_meant).map(|(_, item)| item.clone()).collect();
            QueryOutput::builder().set_items(Some(found)).build()
        });
        mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, &[&read, &write, &query])
    }

    /// A function each on two pages; the same for every Region.
    fn lambda(&self) -> aws_sdk_lambda::Client {
        let double = self.clone();
        let list = mock!(aws_sdk_lambda::Client::list_functions).then_compute_response(move |request| {
            let page = request.marker().unwrap_or("first");
            double.note(&format!("functions page {page}"));
            if double.fails("functions") {
                let meta = ErrorMetadata::builder().code("AccessDeniedException").message("no").build();
                return MockResponse::Error(ListFunctionsError::generic(meta));
            }
            let (name, role) = if page == "first" { ("orders", "old") } else { ("orphan", "gone") };
            let function = FunctionConfiguration::builder()
                .function_arn(format!("arn:aws:lambda:us-east-1:123456789012:function:{name}"))
                .role(format!("arn:aws:iam::123456789012:role/{role}"));
            let next = (page == "first").then(|| "second".to_owned());
            let mut answer = ListFunctionsOutput::builder().functions(function.build()).set_next_marker(next);
            let more = double.more_functions.lock().unwrap();
            for (name, role) in more.iter().filter(|_| page == "second") {
                let function = FunctionConfiguration::builder()
                    .function_arn(format!("arn:aws:lambda:us-east-1:123456789012:function:{name}"))
                    .role(format!("arn:aws:iam::123456789012:role/{role}"));
                answer = answer.functions(function.build());
            }
            MockResponse::Output(answer.build())
        });
        mock_client!(aws_sdk_lambda, RuleMode::MatchAny, &[&list])
    }

    fn account_management(&self) -> aws_sdk_account::Client {
        let list = mock!(aws_sdk_account::Client::list_regions)
            .match_requests(|request| request.region_opt_status_contains().len() == 2)
            .then_output(|| {
                let region = |name: &str| Region::builder().region_name(name).build();
                ListRegionsOutput::builder().regions(region("us-east-1")).regions(region("eu-west-1")).build()
            });
        mock_client!(aws_sdk_account, RuleMode::MatchAny, &[&list])
    }

    /// It takes one message of a batch.
    fn sqs(&self) -> aws_sdk_sqs::Client {
        let double = self.clone();
        let send = mock!(aws_sdk_sqs::Client::send_message_batch).then_compute_output(move |request| {
            double.note("batch");
            let mut answer =
                SendMessageBatchOutput::builder().set_successful(Some(vec![])).set_failed(Some(vec![]));
            for (index, entry) in request.entries().iter().enumerate() {
                if index > 0 {
                    let failed = BatchResultErrorEntry::builder().id(entry.id()).code("InternalError");
                    answer = answer.failed(failed.sender_fault(false).build().unwrap());
                    continue;
                }
                let body: serde_json::Value = serde_json::from_str(entry.message_body()).unwrap();
                assert_eq!(body["trigger"]["event"], json!("Sweep"));
                double.queued.lock().unwrap().push(body["role"].as_str().unwrap().to_owned());
                let taken = SendMessageBatchResultEntry::builder()
                    .id(entry.id())
                    .message_id("m")
                    .md5_of_message_body("");
                answer = answer.successful(taken.build().unwrap());
            }
            answer.build().unwrap()
        });
        mock_client!(aws_sdk_sqs, RuleMode::MatchAny, &[&send])
    }

    pub(crate) async fn sweep(&self, request: &str, seconds_left: i64) -> SweptRoles {
        self.try_to_sweep(request, seconds_left).await.unwrap()
    }

    pub(crate) async fn try_to_sweep(&self, request: &str, seconds_left: i64) -> Result<SweptRoles, Failure> {
        let ends_at = clock::now() + SignedDuration::from_secs(seconds_left);
        self.account().sweep(SweepCall { request, ends_at }).await.map(|response| response.roles)
    }
}

impl Double {
    /// Sweeps until the time is up, which is before the second page of roles.
    /// IAM does not know the marker any more that the sweep before left.
    pub(crate) fn wear_the_marker_out(&self) {
        let mut lease = self.lease();
        let stopped = lease["checkpoint"].clone();
        let mut stopped: Checkpoint = serde_dynamo::from_attribute_value(stopped).unwrap();
        stopped.phase = Phase::Roles { marker: Some("worn out".to_owned()) };
        lease.insert("checkpoint".to_owned(), serde_dynamo::to_attribute_value(&stopped).unwrap());
        self.items.lock().unwrap().insert(("settings".to_owned(), "sweep".to_owned()), lease);
    }

    pub(crate) async fn sweep_one_page(&self, request: &str) -> SweptRoles {
        *self.page_takes.lock().unwrap() = Duration::from_millis(2_500);
        let swept = self.sweep(request, 62).await;
        *self.page_takes.lock().unwrap() = Duration::ZERO;
        swept
    }
}

fn summary(swept: SweptRoles) -> SweepSummary {
    match swept {
        SweptRoles::All(summary) => *summary,
        other @ (SweptRoles::Some(_) | SweptRoles::LeftToAnother) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn every_page_is_read_and_what_needs_a_look_is_queued_once() {
    let double = Double::new().had_ours("lost").had_ours("fine");
    let summary = summary(double.sweep("request-1", 900).await);

    assert_eq!((summary.execution_roles, summary.functions), (4, 2));
    let expected = BTreeMap::from([(WhyQueued::BoundaryAbsent, 3)]);
    assert_eq!(summary.queued, expected);
    assert_eq!(double.queued(), ["lost", "new", "old"], "what SQS leaves out is sent again");
    for call in ["policies page first", "policies page second", "roles page first", "roles page second"] {
        assert_eq!(double.count(call), 1, "{call}");
    }
    assert_eq!(
        double.count(&format!("policy {ADMINISTRATOR}")),
        1,
        "one that no page held is asked for once"
    );
    assert_eq!(double.count("ledger"), 4, "two keys a page, of which one is left out at first");
    assert_eq!(double.lease()["leased_until"], AttributeValue::N("0".to_owned()));
    assert!(!double.lease().contains_key("checkpoint"));
}

#[tokio::test]
async fn two_sweeps_never_overlap_and_a_dead_one_ends_with_its_invocation() {
    let double = Double::new();
    let leased = |seconds: i64| {
        let until = clock::now() + SignedDuration::from_secs(seconds);
        [("holder", text("other")), ("leased_until", AttributeValue::N(until.as_millisecond().to_string()))]
    };
    double.put("settings", "sweep", leased(30));
    assert_eq!(double.sweep("request-1", 900).await, SweptRoles::LeftToAnother);
    assert_eq!((double.count("roles page first"), double.queued().len()), (0, 0));
    assert_eq!(double.lease()["holder"], text("other"));

    double.put("settings", "sweep", leased(-1));
    assert_eq!(summary(double.sweep("request-2", 900).await).execution_roles, 4);
}

#[tokio::test]
async fn what_has_no_time_left_is_taken_up_where_it_stopped() {
    let double = Double::new();
    assert!(matches!(double.sweep("request-1", 30).await, SweptRoles::Some(_)));
    assert_eq!(double.count("roles page first"), 0);

    let mut stopped = Checkpoint::start("request-0".to_owned(), clock::now());
    stopped.page_done(Some("second".to_owned()));
    let stopped = serde_dynamo::to_attribute_value(&stopped).unwrap();
    let over = ("leased_until", AttributeValue::N("0".to_owned()));
    double.put("settings", "sweep", [("holder", text("request-0")), over, ("checkpoint", stopped)]);
    assert_eq!(summary(double.sweep("request-2", 900).await).execution_roles, 2);
    assert_eq!((double.count("roles page first"), double.count("roles page second")), (0, 1));
    assert!(!double.lease().contains_key("checkpoint"), "the next one begins anew");
}

#[tokio::test]
async fn functions_are_listed_in_every_region_and_their_missing_roles_counted() {
    let double = Double::new();
    let swept = summary(double.sweep("request-1", 900).await);
    assert_eq!((double.count("functions page first"), double.count("functions page second")), (2, 2));
    assert_eq!(swept.missing_roles, 1);
    assert_eq!((double.count("role gone"), double.count("role old")), (1, 0), "asked for before it is told");
    assert_eq!(double.count("list of roles"), 0, "every page was seen");
}

#[tokio::test]
async fn a_region_that_the_organization_closed_is_named_and_the_roles_are_swept() {
    let double = Double::new();
    double.fail("functions");
    let swept = summary(double.sweep("request-1", 900).await);
    assert_eq!((swept.execution_roles, swept.functions), (4, 0));
    let refused: Vec<_> = swept.regions_refused.iter().map(|region| region.as_str()).collect();
    assert_eq!(refused, ["eu-west-1", "us-east-1"]);
}

#[tokio::test]
async fn a_sweep_that_fails_half_way_is_taken_up_by_its_retry_and_counts_nothing_twice() {
    let double = Double::new();
    double.fail("roles page second");
    assert!(double.try_to_sweep("request-1", 900).await.is_err());
    double.heal();
    let swept = summary(double.sweep("request-1", 900).await);
    assert_eq!((swept.execution_roles, swept.missing_roles), (4, 1));
    assert_eq!((double.count("roles page first"), double.count("list of roles")), (1, 1));
    assert_eq!(double.queued(), ["fine", "lost", "new", "old"]);
}

#[tokio::test]
async fn a_retry_takes_over_the_lease_of_the_attempt_before() {
    let double = Double::new();
    let until = clock::now() + SignedDuration::from_secs(600);
    let until = AttributeValue::N(until.as_millisecond().to_string());
    double.put("settings", "sweep", [("holder", text("request-1")), ("leased_until", until)]);
    assert_eq!(summary(double.sweep("request-1", 900).await).execution_roles, 4);
}
