//! The way of an undo against doubles of the SDK's clients: which calls, in which order, with what in them.

use crate::connect::Account;
use crate::failure::FailureClass;
use crate::ledger::Ledger;
use crate::policies::PolicyCache;
use crate::sdk::{Roots, sdk_config};
use crate::settings::tests::settings;
use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemOutput;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemOutput;
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemOutput};
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::types::error::ConditionalCheckFailedException;
use aws_sdk_iam::operation::delete_role_permissions_boundary::DeleteRolePermissionsBoundaryOutput;
use aws_sdk_iam::operation::get_role::GetRoleOutput;
use aws_sdk_iam::operation::put_role_permissions_boundary::PutRolePermissionsBoundaryOutput;
use aws_sdk_iam::types::{AttachedPermissionsBoundary, Role};
use aws_sdk_sns::error::ErrorMetadata;
use aws_sdk_sns::operation::publish::{PublishError, PublishOutput};
use aws_smithy_mocks::{MockResponse, RuleMode, mock, mock_client};
use aws_smithy_types::DateTime;
use guardrail::finding::FindingId;
use guardrail::record::{LastWrite, RoleRecord};
use guardrail::undo::Call;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

const OURS: &str = "arn:aws:iam::123456789012:policy/ringfence/ringfence-baseline-v1";
const TEAM: &str = "arn:aws:iam::123456789012:policy/team-cap";
const ROLE_ID: &str = "AROAEXAMPLE";

type Item = HashMap<String, AttributeValue>;

/// An account with roles and a ledger, as far as undo touches them. It proves what we ask, not what AWS answers.
#[derive(Clone, Default)]
struct Double {
    calls: Arc<Mutex<Vec<String>>>,
    /// Boundaries by role.
    roles: Arc<Mutex<BTreeMap<String, Option<String>>>>,
    items: Arc<Mutex<BTreeMap<(String, String), Item>>>,
    /// How many publications fail from now on.
    failing_publications: Arc<Mutex<usize>>,
    /// The mode of each finding.
    modes: Arc<Mutex<Vec<String>>>,
}

fn text(item: &Item, name: &str) -> String {
    item[name].as_s().unwrap().clone()
}

fn write_of(role: &str) -> FindingId {
    FindingId::of_write(&ROLE_ID.parse().unwrap(), role.len() as u64)
}

impl Double {
    /// A role that Ringfence put its boundary on, in the place of `before`.
    fn with_role(self, name: &str, before: Option<&str>) -> Self {
        self.roles.lock().unwrap().insert(name.to_owned(), Some(OURS.to_owned()));
        let mut record = RoleRecord::new(ROLE_ID.parse().unwrap());
        record.bounded_with = Some(OURS.parse().unwrap());
        record.last_write = Some(LastWrite {
            finding: write_of(name),
            boundary_before: before.map(|arn| arn.parse().unwrap()),
            boundary_after: OURS.parse().unwrap(),
            at: "2026-11-22T09:00:00Z".parse().unwrap(),
        });
        let version = ("version".to_owned(), AttributeValue::N("3".to_owned()));
        let record = ("record".to_owned(), serde_dynamo::to_attribute_value(record).unwrap());
        self.with_item("role", name, HashMap::from([version, record]))
    }

    fn with_request(self, sk: &str, fields: Value) -> Self {
        self.with_item("undo-request", sk, serde_dynamo::to_item(fields).unwrap())
    }

    fn with_item(self, pk: &str, sk: &str, mut item: Item) -> Self {
        item.insert("pk".to_owned(), AttributeValue::S(pk.to_owned()));
        item.insert("sk".to_owned(), AttributeValue::S(sk.to_owned()));
        self.items.lock().unwrap().insert((pk.to_owned(), sk.to_owned()), item);
        self
    }

    fn note(&self, call: String) {
        self.calls.lock().unwrap().push(call);
    }

    fn writes(&self) -> Vec<String> {
        let calls = self.calls.lock().unwrap();
        calls.iter().filter(|call| !call.starts_with("read ")).cloned().collect()
    }

    fn boundary(&self, role: &str) -> Option<String> {
        self.roles.lock().unwrap()[role].clone()
    }

    fn record(&self, role: &str) -> RoleRecord {
        let items = self.items.lock().unwrap();
        let item = &items[&("role".to_owned(), role.to_owned())];
        serde_dynamo::from_attribute_value(item["record"].clone()).unwrap()
    }

    fn has_request(&self, sk: &str) -> bool {
        self.items.lock().unwrap().contains_key(&("undo-request".to_owned(), sk.to_owned()))
    }

    fn account(&self) -> Account {
        let settings = settings();
        Account {
            iam: self.iam(),
            ledger: Ledger::new(self.dynamodb(), settings.ledger_table.clone()),
            sns: self.sns().into(),
            sqs: mock_client!(aws_sdk_sqs, RuleMode::MatchAny, &[]).into(),
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
            shipped: crate::shipped_boundaries::tests::shipping("{}"),
            settings,
        }
    }

    fn iam(&self) -> aws_sdk_iam::Client {
        let own = self.clone();
        let get = mock!(aws_sdk_iam::Client::get_role).then_compute_output(move |request| {
            let name = request.role_name().unwrap();
            let boundary = own
                .boundary(name)
                .map(|arn| AttachedPermissionsBoundary::builder().permissions_boundary_arn(arn).build());
            let role = Role::builder()
                .path("/")
                .role_name(name)
                .role_id(ROLE_ID)
                .arn(format!("arn:aws:iam::123456789012:role/{name}"))
                .create_date(DateTime::from_secs(1_700_000_000))
                .set_permissions_boundary(boundary)
                .build();
            GetRoleOutput::builder().role(role.unwrap()).build()
        });
        let own = self.clone();
        let put =
            mock!(aws_sdk_iam::Client::put_role_permissions_boundary).then_compute_output(move |request| {
                let (role, boundary) =
                    (request.role_name().unwrap(), request.permissions_boundary().unwrap());
                own.note(format!("put {boundary} on {role}"));
                own.roles.lock().unwrap().insert(role.to_owned(), Some(boundary.to_owned()));
                PutRolePermissionsBoundaryOutput::builder().build()
            });
        let own = self.clone();
        let delete = mock!(aws_sdk_iam::Client::delete_role_permissions_boundary).then_compute_output(
            move |request| {
                let role = request.role_name().unwrap();
                own.note(format!("delete the boundary of {role}"));
                own.roles.lock().unwrap().insert(role.to_owned(), None);
                DeleteRolePermissionsBoundaryOutput::builder().build()
            },
        );
        mock_client!(aws_sdk_iam, RuleMode::MatchAny, &[&get, &put, &delete])
    }

    fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        let own = self.clone();
        let read = mock!(aws_sdk_dynamodb::Client::batch_get_item).then_compute_output(move |request| {
            let (table, wanted) = request.request_items().unwrap().iter().next().unwrap();
            let items = own.items.lock().unwrap();
            let found = wanted.keys().iter().filter_map(|key| items.get(&(text(key, "pk"), text(key, "sk"))));
            BatchGetItemOutput::builder().responses(table, found.cloned().collect()).build()
        });
        let own = self.clone();
        let write = mock!(aws_sdk_dynamodb::Client::put_item).then_compute_response(move |request| {
            let item = request.item().unwrap().clone();
            let key = (text(&item, "pk"), text(&item, "sk"));
            let stored = own.items.lock().unwrap().get(&key).cloned();
            let expected = request.expression_attribute_values().and_then(|values| values.get(":read"));
            if stored.as_ref().and_then(|stored| stored.get("version")) != expected {
                let failed = ConditionalCheckFailedException::builder().message("overtaken").build();
                return MockResponse::Error(PutItemError::ConditionalCheckFailedException(failed));
            }
            // The sort key is a time.
            let is_history = key.0.starts_with("history/");
            own.note(if is_history {
                format!("write {}", key.0)
            } else {
                format!("write {}/{}", key.0, key.1)
            });
            own.items.lock().unwrap().insert(key, item);
            MockResponse::Output(PutItemOutput::builder().build())
        });
        let own = self.clone();
        let delete = mock!(aws_sdk_dynamodb::Client::delete_item).then_compute_output(move |request| {
            let key = (text(request.key().unwrap(), "pk"), text(request.key().unwrap(), "sk"));
            own.note(format!("consume {}/{}", key.0, key.1));
            own.items.lock().unwrap().remove(&key);
            DeleteItemOutput::builder().build()
        });
        let own = self.clone();
        let query = mock!(aws_sdk_dynamodb::Client::query).then_compute_output(move |request| {
            let after = request.exclusive_start_key().map(|key| text(key, "sk")).unwrap_or_default();
            let items = own.items.lock().unwrap();
            let rest: Vec<&Item> = items
                .iter()
                .filter(|((pk, sk), _)| pk == "role" && *sk > after)
                .map(|(_, item)| item)
                .collect();
            let page = usize::try_from(request.limit().unwrap()).unwrap();
            let last = (rest.len() > page).then(|| rest[page - 1].clone());
            let page = rest.into_iter().take(page).cloned().collect();
            QueryOutput::builder().set_items(Some(page)).set_last_evaluated_key(last).build()
        });
        mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, &[&read, &write, &delete, &query])
    }

    fn sns(&self) -> aws_sdk_sns::Client {
        let own = self.clone();
        let publish = mock!(aws_sdk_sns::Client::publish).then_compute_response(move |request| {
            let mut failing = own.failing_publications.lock().unwrap();
            if *failing > 0 {
                *failing -= 1;
                let meta = ErrorMetadata::builder().code("AuthorizationError").message("no").build();
                return MockResponse::Error(PublishError::generic(meta));
            }
            let body: Value = serde_json::from_str(request.message().unwrap()).unwrap();
            let finding: Value = serde_json::from_str(body["default"].as_str().unwrap()).unwrap();
            finding_schema::assert_valid(&finding);
            let outcome = finding["outcome"].as_str().unwrap();
            let what = if outcome == "notice" { &finding["title"] } else { &finding["id"] };
            own.note(format!("publish {outcome} {what}"));
            own.modes.lock().unwrap().push(finding["mode"].as_str().unwrap().to_owned());
            MockResponse::Output(PublishOutput::builder().build())
        });
        mock_client!(aws_sdk_sns, RuleMode::MatchAny, &[&publish])
    }
}

fn call(json: Value) -> Call {
    serde_json::from_value(json).unwrap()
}

fn request(role: &str) -> Value {
    json!({"finding": write_of(role), "by": "alice", "hold_days": 7})
}

fn no_hurry() -> Timestamp {
    crate::clock::now().checked_add(SignedDuration::from_hours(1)).unwrap()
}

#[tokio::test]
async fn the_undo_is_recorded_then_made_then_told_and_then_its_request_is_gone() {
    for (before, write) in
        [(None, "delete the boundary of orders".to_owned()), (Some(TEAM), format!("put {TEAM} on orders"))]
    {
        let double = Double::default().with_role("orders", before).with_request("orders", request("orders"));
        double.account().undo(call(json!({"role": "orders"})), no_hurry(), "request-1").await.unwrap();

        assert_eq!(double.boundary("orders").as_deref(), before);
        let id = FindingId::of_undo(&ROLE_ID.parse().unwrap(), 1);
        let expected = [
            "write role/orders".to_owned(),
            write,
            format!("publish undone \"{}\"", id.as_str()),
            "write history/orders".to_owned(),
            "consume undo-request/orders".to_owned(),
            "write role/orders".to_owned(),
        ];
        assert_eq!(double.writes(), expected);
        let record = double.record("orders");
        assert_eq!((record.bounded_with.clone(), record.last_write.clone()), (None, None));
        assert!(record.hold(crate::clock::now()).is_some(), "{record:?}");
    }
}

#[tokio::test]
async fn without_a_usable_request_nothing_is_done_and_that_is_told_once() {
    let broken = json!({"finding": "rf-1", "by": "alice"});
    for (double, class, names, notice) in [
        (Double::default().with_role("orders", None), FailureClass::Refused, "undo-request", None),
        (
            Double::default().with_role("orders", None).with_request("orders", broken),
            FailureClass::Malformed,
            "hold_days",
            Some("publish notice \"Undo request not valid for orders\""),
        ),
        (
            Double::default().with_role("orders", None).with_request("orders", request("another")),
            FailureClass::Refused,
            "force",
            Some("publish notice \"Undo refused for orders\""),
        ),
    ] {
        for lambda_request in ["request-1", "request-2"] {
            let undo = call(json!({"role": "orders"}));
            let failure = double.account().undo(undo, no_hurry(), lambda_request).await.unwrap_err();
            assert_eq!(failure.class(), class, "{failure}");
            assert!(failure.to_string().contains(names), "{failure}");
        }
        let noticed = "write settings/noticed";
        let expected = notice.map_or(vec![], |notice| vec![noticed, notice, noticed]);
        assert_eq!(double.writes(), expected);
    }
}

#[tokio::test]
async fn an_undo_goes_through_whatever_the_mode_and_says_it() {
    let expires_at = (crate::clock::now() + SignedDuration::from_hours(1)).to_string();
    let switch = json!({"value": "observe", "by": "alice", "reason": "incident", "expires_at": expires_at});
    let double = Double::default()
        .with_role("orders", None)
        .with_request("orders", request("orders"))
        .with_item("settings", "mode", serde_dynamo::to_item(switch).unwrap());
    double.account().undo(call(json!({"role": "orders"})), no_hurry(), "request-1").await.unwrap();
    assert_eq!(double.boundary("orders"), None);
    assert_eq!(*double.modes.lock().unwrap(), ["observe"]);
}

#[tokio::test]
async fn an_undo_that_could_not_be_told_is_told_by_the_next_invocation_under_the_same_id() {
    let double = Double::default().with_role("orders", None).with_request("orders", request("orders"));
    *double.failing_publications.lock().unwrap() = 1;
    let account = double.account();
    account.undo(call(json!({"role": "orders"})), no_hurry(), "request-1").await.unwrap_err();
    assert_eq!(double.boundary("orders"), None);
    assert!(double.has_request("orders"));

    account.undo(call(json!({"role": "orders"})), no_hurry(), "request-1").await.unwrap();
    let id = FindingId::of_undo(&ROLE_ID.parse().unwrap(), 1);
    let writes = double.writes();
    assert_eq!(writes.iter().filter(|call| call.starts_with("delete")).count(), 1, "{writes:?}");
    assert!(writes.contains(&format!("publish undone \"{}\"", id.as_str())), "{writes:?}");
    assert!(!double.has_request("orders"));
}

fn forty_roles() -> Double {
    (0..40).fold(Double::default(), |double, n| double.with_role(&format!("role-{n:02}"), None))
}

#[tokio::test]
async fn a_dry_run_lists_every_role_and_changes_nothing() {
    let double = forty_roles();
    let answer = double
        .account()
        .undo(call(json!({"all": true, "dry_run": true})), no_hurry(), "request-1")
        .await
        .unwrap();
    let answer = serde_json::to_value(answer).unwrap();
    assert_eq!(answer["undone"].as_array().unwrap().len(), 40);
    assert_eq!((&answer["done"], &answer["dry_run"]), (&json!(true), &json!(true)));
    assert_eq!(double.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn all_needs_a_request_of_its_own_and_then_frees_every_role_it_can() {
    let double = forty_roles();
    let everything = || call(json!({"all": true}));
    let failure = double.account().undo(everything(), no_hurry(), "request-1").await.unwrap_err();
    assert_eq!(failure.class(), FailureClass::Refused);
    assert_eq!(double.writes(), Vec::<String>::new());

    double.roles.lock().unwrap().insert("role-07".to_owned(), Some(TEAM.to_owned()));
    let double = double.with_request("*", json!({"by": "alice", "hold_days": 30}));
    let answer = double.account().undo(everything(), no_hurry(), "request-1").await.unwrap();
    let answer = serde_json::to_value(answer).unwrap();
    assert_eq!(answer["done"], json!(true));
    assert_eq!(answer["undone"].as_array().unwrap().len(), 39);
    assert_eq!(answer["refused"][0]["role"], "role-07");
    assert!(answer["refused"][0]["why"].as_str().unwrap().contains(TEAM), "{answer}");
    assert_eq!(double.boundary("role-07").as_deref(), Some(TEAM));
    assert_eq!(double.boundary("role-39"), None);
    assert!(!double.has_request("*"));
    let writes = double.writes();
    let notices: Vec<&String> = writes.iter().filter(|call| call.starts_with("publish notice")).collect();
    assert_eq!(notices, ["publish notice \"Undo refused for all roles\""]);
}

#[tokio::test]
async fn all_goes_on_behind_the_last_role_where_time_ran_out() {
    let double =
        forty_roles().with_request("*", json!({"by": "alice", "hold_days": 30, "continue_after": "role-30"}));
    let account = double.account();
    let out_of_time = crate::clock::now();
    let answer = account.undo(call(json!({"all": true})), out_of_time, "request-1").await.unwrap();
    assert_eq!(serde_json::to_value(answer).unwrap()["done"], json!(false));
    assert_eq!(double.writes(), ["write undo-request/*"], "it notes how far it came");

    let answer = account.undo(call(json!({"all": true})), no_hurry(), "request-1").await.unwrap();
    assert_eq!(serde_json::to_value(answer).unwrap()["undone"].as_array().unwrap().len(), 9);
    assert_eq!(double.boundary("role-30").as_deref(), Some(OURS), "done before, as far as the ledger knows");
}
