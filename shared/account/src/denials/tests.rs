//! Refused calls against doubles of the SDK's clients: what is asked and how often, and what is told. They prove what we ask, not what
//! AWS answers.

use super::{DenialBatch, DenialCall, DenialMemory, DenialResponse, NoDenial, denial_in};
use crate::clock;
use crate::connect::Account;
use crate::failure::FailureClass;
use crate::ledger::Ledger;
use crate::respond::doubles_of_an_account;
use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemOutput;
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemInput, PutItemOutput};
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::types::error::ConditionalCheckFailedException;
use aws_sdk_iam::operation::get_policy::GetPolicyOutput;
use aws_sdk_iam::operation::get_policy_version::GetPolicyVersionOutput;
use aws_sdk_iam::operation::get_role::{GetRoleError, GetRoleOutput};
use aws_sdk_iam::operation::list_attached_role_policies::ListAttachedRolePoliciesOutput;
use aws_sdk_iam::operation::list_role_policies::ListRolePoliciesOutput;
use aws_sdk_iam::types as iam;
use aws_sdk_iam::types::error::NoSuchEntityException;
use aws_sdk_sns::operation::publish::{PublishError, PublishOutput};
use aws_smithy_mocks::{MockResponse, RuleMode, mock, mock_client};
use aws_smithy_types::DateTime;
use aws_smithy_types::error::ErrorMetadata;
use guardrail::denial::DeniedCall;
use guardrail::names::{AccountId, RoleId};
use guardrail::record::RoleRecord;
use guardrail::trigger::CloudTrailRecord;
use jiff::SignedDuration;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

type Item = HashMap<String, AttributeValue>;

const OURS: &str = "arn:aws:iam::123456789012:policy/ringfence/ringfence-baseline-v1";
const THEIRS: &str = "arn:aws:iam::123456789012:policy/team";
const LAMBDA: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}}"#;
const PEOPLE: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"sts:AssumeRole"}}"#;
const BOUNDARY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},
    {"Sid":"DenyCreatingIdentities","Effect":"Deny","Action":["iam:CreateUser","iam:CreateRole"],"Resource":"*"}]}"#;

/// An account with one role, and what became of batches about it.
#[derive(Clone)]
struct Double {
    items: Arc<Mutex<BTreeMap<(String, String), Item>>>,
    calls: Arc<Mutex<Vec<String>>>,
    published: Arc<Mutex<Vec<Value>>>,
    /// Counted down: that many publications fail.
    sns_fails: Arc<Mutex<usize>>,
    boundary: Option<&'static str>,
    trust: &'static str,
    exists: bool,
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn key_of(item: &Item) -> (String, String) {
    (item["pk"].as_s().unwrap().clone(), item["sk"].as_s().unwrap().clone())
}

fn encoded(document: &str) -> String {
    utf8_percent_encode(document, NON_ALPHANUMERIC).to_string()
}

impl Double {
    fn new() -> Self {
        let double = Self {
            items: Arc::default(),
            calls: Arc::default(),
            published: Arc::default(),
            sns_fails: Arc::default(),
            boundary: Some(OURS),
            trust: LAMBDA,
            exists: true,
        };
        let mut record = RoleRecord::new("AROAEXAMPLE".parse().unwrap());
        let function = "arn:aws:lambda:us-east-1:123456789012:function:orders-api";
        record.functions = [function.parse().unwrap()].into();
        let record = serde_dynamo::to_attribute_value(record).unwrap();
        double.put(
            "role",
            "orders-api-role",
            [("version", AttributeValue::N("1".to_owned())), ("record", record)],
        );
        double
    }

    fn put<const N: usize>(&self, pk: &str, sk: &str, fields: [(&str, AttributeValue); N]) {
        let key = [("pk", text(pk)), ("sk", text(sk))];
        let item = key.into_iter().chain(fields).map(|(name, value)| (name.to_owned(), value)).collect();
        self.items.lock().unwrap().insert((pk.to_owned(), sk.to_owned()), item);
    }

    fn note(&self, call: &str) {
        self.calls.lock().unwrap().push(call.to_owned());
    }

    /// The calls since this was last asked, each with its count.
    fn calls(&self) -> BTreeMap<String, usize> {
        self.calls.lock().unwrap().drain(..).fold(BTreeMap::new(), |mut counts, call| {
            *counts.entry(call).or_default() += 1;
            counts
        })
    }

    fn told(&self) -> Vec<Value> {
        self.published.lock().unwrap().clone()
    }

    fn account(&self) -> Account {
        let mut account = doubles_of_an_account();
        account.iam = self.iam();
        account.ledger = Ledger::new(self.dynamodb(), account.settings.ledger_table.clone());
        account.sns = self.sns().into();
        // Nobody is asked who owns it.
        account.settings.rules.owner_tag_keys.clear();
        account
    }

    fn iam(&self) -> aws_sdk_iam::Client {
        let double = self.clone();
        let get_role = mock!(aws_sdk_iam::Client::get_role).then_compute_response(move |request| {
            double.note("GetRole");
            if !double.exists {
                let gone = NoSuchEntityException::builder().message("gone").build();
                return MockResponse::Error(GetRoleError::NoSuchEntityException(gone));
            }
            let name = request.role_name().unwrap();
            let boundary = double
                .boundary
                .map(|arn| iam::AttachedPermissionsBoundary::builder().permissions_boundary_arn(arn).build());
            let path = if name.starts_with("ringfence-") { "/" } else { "/service-role/" };
            let role = iam::Role::builder()
                .path(path)
                .role_name(name)
                .role_id("AROAEXAMPLE")
                .arn(format!("arn:aws:iam::123456789012:role{path}{name}"))
                .create_date(DateTime::from_secs(1_700_000_000))
                .assume_role_policy_document(encoded(double.trust))
                .set_permissions_boundary(boundary)
                .build();
            MockResponse::Output(GetRoleOutput::builder().role(role.unwrap()).build())
        });
        let double = self.clone();
        let attached =
            mock!(aws_sdk_iam::Client::list_attached_role_policies).then_compute_output(move |_| {
                double.note("ListAttachedRolePolicies");
                ListAttachedRolePoliciesOutput::builder().set_attached_policies(Some(Vec::new())).build()
            });
        let double = self.clone();
        let inline = mock!(aws_sdk_iam::Client::list_role_policies).then_compute_output(move |_| {
            double.note("ListRolePolicies");
            ListRolePoliciesOutput::builder().set_policy_names(Some(Vec::new())).build().unwrap()
        });
        let double = self.clone();
        let get_policy = mock!(aws_sdk_iam::Client::get_policy).then_compute_output(move |request| {
            double.note("GetPolicy");
            let arn = request.policy_arn().unwrap();
            let policy = iam::Policy::builder().arn(arn).policy_id(arn).default_version_id("v1").build();
            GetPolicyOutput::builder().policy(policy).build()
        });
        let double = self.clone();
        let get_version = mock!(aws_sdk_iam::Client::get_policy_version).then_compute_output(move |_| {
            double.note("GetPolicyVersion");
            let version = iam::PolicyVersion::builder().document(encoded(BOUNDARY)).version_id("v1").build();
            GetPolicyVersionOutput::builder().policy_version(version).build()
        });
        // Any other call is an error: nothing is written to IAM.
        let rules = [&get_role, &attached, &inline, &get_policy, &get_version];
        mock_client!(aws_sdk_iam, RuleMode::MatchAny, &rules)
    }

    fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        let double = self.clone();
        let read = mock!(aws_sdk_dynamodb::Client::batch_get_item).then_compute_output(move |request| {
            double.note("BatchGetItem");
            let (table, wanted) = request.request_items().unwrap().iter().next().unwrap();
            let items = double.items.lock().unwrap();
            let found = wanted.keys().iter().filter_map(|key| items.get(&key_of(key)).cloned()).collect();
            BatchGetItemOutput::builder().responses(table, found).build()
        });
        let double = self.clone();
        let write = mock!(aws_sdk_dynamodb::Client::put_item).then_compute_response(move |request| {
            let item = request.item().unwrap();
            double.note(if item.contains_key("told_at") { "PutItem told" } else { "PutItem claim" });
            let mut items = double.items.lock().unwrap();
            let known = items.get(&key_of(item));
            if !holds(request, known) {
                let failed =
                    ConditionalCheckFailedException::builder().message("no").set_item(known.cloned());
                return MockResponse::Error(PutItemError::ConditionalCheckFailedException(failed.build()));
            }
            items.insert(key_of(item), item.clone());
            MockResponse::Output(PutItemOutput::builder().build())
        });
        let double = self.clone();
        let query = mock!(aws_sdk_dynamodb::Client::query).then_compute_output(move |_| {
            double.note("Query");
            QueryOutput::builder().set_items(Some(Vec::new())).build()
        });
        mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, &[&read, &write, &query])
    }

    fn sns(&self) -> aws_sdk_sns::Client {
        let double = self.clone();
        let publish = mock!(aws_sdk_sns::Client::publish).then_compute_response(move |request| {
            double.note("Publish");
            let mut fails = double.sns_fails.lock().unwrap();
            if *fails > 0 {
                *fails -= 1;
                let metadata = ErrorMetadata::builder().code("InvalidParameter").message("no").build();
                return MockResponse::Error(PublishError::generic(metadata));
            }
            let body: Value = serde_json::from_str(request.message().unwrap()).unwrap();
            let finding = serde_json::from_str(body["default"].as_str().unwrap()).unwrap();
            finding_schema::assert_valid(&finding);
            double.published.lock().unwrap().push(finding);
            MockResponse::Output(PublishOutput::builder().build())
        });
        mock_client!(aws_sdk_sns, RuleMode::MatchAny, &[&publish])
    }

    async fn respond(&self, memory: &DenialMemory, calls: Vec<(&str, DeniedCall)>) -> DenialResponse {
        self.respond_within(memory, calls, 60).await
    }

    async fn respond_within(
        &self,
        memory: &DenialMemory,
        calls: Vec<(&str, DeniedCall)>,
        seconds: i64,
    ) -> DenialResponse {
        let mut batch = DenialBatch::default();
        for (message, call) in calls {
            batch.add(message.to_owned(), call, clock::now());
        }
        let ends_at = clock::now() + SignedDuration::from_secs(seconds);
        let call = DenialCall { request: "request-1", ends_at };
        self.account().respond_to_denials(memory, batch, call).await
    }
}

/// The two conditions of a claim; a note that it is told has none.
fn holds(request: &PutItemInput, known: Option<&Item>) -> bool {
    let value = |name: &str| request.expression_attribute_values().and_then(|all| all.get(name));
    let number = |value: &AttributeValue| value.as_n().unwrap().parse::<i64>().unwrap();
    match (request.condition_expression(), known) {
        (None, _) => true,
        (Some(condition), None) => condition.starts_with("attribute_not_exists(pk)"),
        (Some(condition), Some(known)) if condition.starts_with("claimed_by") => {
            known.get("claimed_by") == value(":by") && !known.contains_key("told_at")
        }
        (Some(_), Some(known)) => {
            let is_dead = number(&known["claimed_at"]) < number(value(":dead").unwrap());
            known.get("role_id") != value(":role") || (!known.contains_key("told_at") && is_dead)
        }
    }
}

fn denied_of(role: &str, action: &str, at: &str) -> DeniedCall {
    let record = json!({"eventName": action.split(':').nth(1), "eventSource": "iam.amazonaws.com", "eventID": at, "eventTime": at,
        "errorCode": "AccessDenied", "userAgent": "aws-sdk-rust/1.3 exec-env/AWS_Lambda_rust",
        "errorMessage": format!("x is not authorized to perform: {action} with an explicit deny in a permissions boundary"),
        "userIdentity": {"type": "AssumedRole", "arn": "arn:aws:sts::123456789012:assumed-role/orders-api-role/orders-api",
            "sessionContext": {"sessionIssuer": {"principalId": "AROAEXAMPLE", "arn": role}}}});
    DeniedCall::read(&CloudTrailRecord::from_detail(record), &"123456789012".parse().unwrap()).unwrap()
}

fn denied(action: &str, at: &str) -> DeniedCall {
    denied_of("arn:aws:iam::123456789012:role/service-role/orders-api-role", action, at)
}

const MORNING: &str = "2026-11-22T10:00:00Z";

fn counts(expected: &[(&str, usize)]) -> BTreeMap<String, usize> {
    expected.iter().map(|(call, count)| ((*call).to_owned(), *count)).collect()
}

#[tokio::test]
async fn five_hundred_refusals_of_one_action_are_one_finding_and_the_next_cost_no_call() {
    let (double, memory) = (Double::new(), DenialMemory::default());
    let messages: Vec<String> = (0..500).map(|number| format!("m-{number}")).collect();
    let batch =
        || messages.iter().map(|message| (message.as_str(), denied("iam:CreateUser", MORNING))).collect();

    let response = double.respond(&memory, batch()).await;
    assert_eq!((response.refused, response.told.len(), response.failed.len()), (500, 1, 0));
    let once = [
        "GetRole",
        "BatchGetItem",
        "Query",
        "PutItem claim",
        "GetPolicy",
        "GetPolicyVersion",
        "ListAttachedRolePolicies",
        "ListRolePolicies",
        "Publish",
        "PutItem told",
    ];
    assert_eq!(double.calls(), counts(&once.map(|call| (call, 1))));
    let [told] = double.told().try_into().unwrap();
    assert_eq!((&told["outcome"], &told["severity"]), (&json!("denied"), &json!("LOW")));
    assert_eq!(told["denial"]["at_least"], json!(500));
    assert_eq!(told["denial"]["statements"], json!(["DenyCreatingIdentities"]));
    assert_eq!(told["denial"]["granted"], json!("no"));
    assert_eq!(told["functions"], json!(["arn:aws:lambda:us-east-1:123456789012:function:orders-api"]));

    let response = double.respond(&memory, batch()).await;
    assert_eq!((response.refused, response.told.len()), (500, 0));
    assert_eq!(double.calls(), counts(&[]), "this process remembers");

    // Another process has to ask, and the ledger knows.
    let response = double.respond(&DenialMemory::default(), batch()).await;
    assert_eq!((response.refused, response.told.len()), (500, 0));
    assert_eq!(
        double.calls(),
        counts(&["GetRole", "BatchGetItem", "Query", "PutItem claim"].map(|call| (call, 1)))
    );
}

#[tokio::test]
async fn each_action_and_each_day_is_told_and_the_role_is_read_once_for_all() {
    let (double, memory) = (Double::new(), DenialMemory::default());
    let calls = vec![
        ("m-1", denied("iam:CreateUser", MORNING)),
        ("m-2", denied("iam:CreateRole", MORNING)),
        ("m-3", denied("iam:CreateUser", "2026-11-23T00:00:01Z")),
        ("m-4", denied("iam:CreateUser", "2026-11-22T10:00:09Z")),
    ];
    let response = double.respond(&memory, calls).await;
    assert_eq!((response.refused, response.told.len()), (4, 3));
    let made = double.calls();
    assert_eq!((made["GetRole"], made["ListRolePolicies"], made["Publish"]), (1, 1, 3));
    let ids: std::collections::BTreeSet<String> =
        double.told().iter().map(|told| told["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), 3);
    let kept = double.items.lock().unwrap();
    let keys: Vec<&str> =
        kept.keys().filter(|(pk, _)| pk == "denied/orders-api-role").map(|(_, sk)| sk.as_str()).collect();
    assert_eq!(keys, ["2026-11-22/iam:createrole", "2026-11-22/iam:createuser", "2026-11-23/iam:createuser"]);
    let item = &kept[&("denied/orders-api-role".to_owned(), "2026-11-22/iam:createuser".to_owned())];
    assert_eq!(
        (&item["count"], &item["role_id"]),
        (&AttributeValue::N("2".to_owned()), &text("AROAEXAMPLE"))
    );
    assert!(item.contains_key("ttl") && item.contains_key("told_at"));
}

#[tokio::test]
async fn what_could_not_be_published_comes_back_and_is_told_under_the_same_id() {
    let (double, memory) = (Double::new(), DenialMemory::default());
    *double.sns_fails.lock().unwrap() = 1;
    let batch =
        || vec![("m-1", denied("iam:CreateUser", MORNING)), ("m-2", denied("iam:CreateUser", MORNING))];
    let response = double.respond(&memory, batch()).await;
    let [(failure, back)] = response.failed.as_slice() else { panic!("{:?}", response.failed) };
    assert_eq!(
        (failure.class(), back.as_slice()),
        (FailureClass::Malformed, &["m-1".to_owned(), "m-2".to_owned()][..])
    );
    assert_eq!(double.told().len(), 0);

    // Somebody else has other calls of it in hand, and leaves it to whoever has the claim's message.
    let response =
        double.respond(&DenialMemory::default(), vec![("m-9", denied("iam:CreateUser", MORNING))]).await;
    assert_eq!((response.told.len(), response.failed.len()), (0, 0));

    let response = double.respond(&memory, batch()).await;
    assert_eq!(response.told.len(), 1);
    assert_eq!(double.told()[0]["id"], json!(response.told[0].as_str()));
}

#[tokio::test]
async fn a_claim_of_the_dead_is_taken_over() {
    let double = Double::new();
    let claimed = |seconds: i64| {
        let at = (clock::now() - SignedDuration::from_secs(seconds)).as_second();
        [
            ("role_id", text("AROAEXAMPLE")),
            ("claimed_by", text("m-0")),
            ("claimed_at", AttributeValue::N(at.to_string())),
        ]
    };
    let respond = async || {
        double
            .respond(&DenialMemory::default(), vec![("m-1", denied("iam:CreateUser", MORNING))])
            .await
            .told
            .len()
    };
    double.put("denied/orders-api-role", "2026-11-22/iam:createuser", claimed(5));
    assert_eq!(respond().await, 0, "it may be at it");
    double.put("denied/orders-api-role", "2026-11-22/iam:createuser", claimed(300));
    assert_eq!(respond().await, 1);
}

#[tokio::test]
async fn a_namesake_of_the_role_has_denials_of_its_own() {
    let double = Double::new();
    let told = ("told_at", text(MORNING));
    let of_another =
        [("role_id", text("AROAOTHER")), ("claimed_at", AttributeValue::N("1".to_owned())), told];
    double.put("denied/orders-api-role", "2026-11-22/iam:createuser", of_another);
    let response =
        double.respond(&DenialMemory::default(), vec![("m-1", denied("iam:CreateUser", MORNING))]).await;
    assert_eq!(response.told.len(), 1);
}

#[tokio::test]
async fn what_is_not_ours_is_passed_over_and_not_asked_about_again_soon() {
    let other_id = DeniedCall {
        role_id: Some("AROAOLD".parse::<RoleId>().unwrap()),
        ..denied("iam:CreateUser", MORNING)
    };
    let call = denied("iam:CreateUser", MORNING);
    for (double, call, why) in [
        (Double { exists: false, ..Double::new() }, call.clone(), "the role is gone"),
        (Double::new(), other_id, "the role was made anew since"),
        (Double { trust: PEOPLE, ..Double::new() }, call.clone(), "no execution role"),
        (Double { boundary: None, ..Double::new() }, call.clone(), "the role has no boundary any more"),
        (Double { boundary: Some(THEIRS), ..Double::new() }, call, "a boundary of somebody else"),
    ] {
        let memory = DenialMemory::default();
        for _ in 0..2 {
            let response = double.respond(&memory, vec![("m-1", call.clone()), ("m-2", call.clone())]).await;
            assert_eq!(response.passed_over, BTreeMap::from([(why, 2)]));
            assert_eq!((response.refused, response.told.len(), response.failed.len()), (0, 0, 0), "{why}");
        }
        let made = double.calls();
        assert_eq!(
            (made["BatchGetItem"], made.get("Publish"), made.get("PutItem claim")),
            (1, None, None),
            "{why}"
        );
    }
}

#[tokio::test]
async fn a_refusal_to_ringfence_itself_is_told_loudly() {
    let double = Double {
        boundary: Some("arn:aws:iam::123456789012:policy/ringfence/ringfence-own-v1"),
        ..Double::new()
    };
    let own = "arn:aws:iam::123456789012:role/ringfence-OnRoleChangeRole-1";
    let response = double
        .respond(&DenialMemory::default(), vec![("m-1", denied_of(own, "iam:CreateRole", MORNING))])
        .await;
    assert_eq!(response.told.len(), 1, "{response:?}");
    let [told] = double.told().try_into().unwrap();
    assert_eq!(
        (&told["severity"], &told["denial"]["remedies"]),
        (&json!("HIGH"), &json!(["look-into-ringfence"]))
    );
}

#[tokio::test]
async fn with_no_time_left_what_is_new_goes_back_and_what_is_known_does_not() {
    let (double, memory) = (Double::new(), DenialMemory::default());
    double.respond(&memory, vec![("m-1", denied("iam:CreateUser", MORNING))]).await;
    double.calls();
    let late = vec![("m-2", denied("iam:CreateUser", MORNING)), ("m-3", denied("iam:CreateRole", MORNING))];
    let response = double.respond_within(&memory, late, 5).await;
    assert_eq!((response.refused, response.put_off.as_slice()), (1, &["m-3".to_owned()][..]));
    assert_eq!(double.calls(), counts(&[]));
}

#[tokio::test]
async fn one_role_that_cannot_be_read_holds_up_no_other() {
    let (double, memory) = (Double::new(), DenialMemory::default());
    double.put("role", "broken-role", [("version", AttributeValue::N("1".to_owned()))]);
    let broken = denied_of("arn:aws:iam::123456789012:role/broken-role", "iam:CreateUser", MORNING);
    let response =
        double.respond(&memory, vec![("m-1", broken), ("m-2", denied("iam:CreateUser", MORNING))]).await;
    assert_eq!(response.told.len(), 1);
    let [(failure, back)] = response.failed.as_slice() else { panic!("{:?}", response.failed) };
    assert_eq!((failure.class(), back.as_slice()), (FailureClass::Malformed, &["m-1".to_owned()][..]));
}

#[test]
fn a_message_that_is_no_event_is_told_from_an_event_of_somebody_else() {
    let account: AccountId = "123456789012".parse().unwrap();
    let read = |body: &str| denial_in(body, DeniedCall::read, &account).unwrap_err();
    for body in ["", "{", "[]", "null", "\"x\""] {
        assert!(matches!(read(body), NoDenial::Malformed(_)), "{body}");
    }
    assert!(matches!(read(r#"{"detail-type":"x","source":"aws.iam","detail":{}}"#), NoDenial::Ignored(_)));
}
