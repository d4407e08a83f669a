//! Calls of functions' roles that the boundary refuses, by ordinary API calls: each action is told once, however many calls there are, and
//! a storm of them costs what a few do.
//!
//! The reasons in the messages are the lab's, after AWS's page (`boundary_denials` in `tests/lab/README.md`), and so is which rules get
//! reads (`rule_state`). The lab hands a function ten messages at most and does not wait for more, so a storm takes more invocations
//! here than on AWS, and no fewer calls.

use crate::powerless::TRUSTS_LAMBDA_AND_THE_ACCOUNT;
use serde_json::{Value, json};
use tests::lab::{ADMINISTRATOR, Call, Lab, OURS, Told};

const FUNCTION: &str = "ringfence-on-boundary-denial";
const STRICT: &str = "arn:aws:iam::123456789012:policy/ringfence/ringfence-strict-v1";
const TRUSTS_THE_ACCOUNT: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"sts:AssumeRole"}]}"#;

/// Calls in a row, as of a function in a loop.
const STORM: usize = 300;

/// How often the queue hands a message out, see `DenialQueue` in the template.
const ATTEMPTS: usize = 5;

/// What telling one action takes at the most: the role, the ledger and the policies are read, the key is claimed, told and noted.
const CALLS_TO_TELL_ONE: usize = 16;

pub(super) fn create_user() -> Call {
    Call { service: "iam", operation: "create_user", parameters: json!({"UserName": "eve"}) }
}

fn create_cluster() -> Call {
    Call { service: "ecs", operation: "create_cluster", parameters: json!({"clusterName": "workers"}) }
}

fn list_users() -> Call {
    Call { service: "iam", operation: "list_users", parameters: json!({}) }
}

pub(super) fn arn(role: &str) -> String {
    format!("arn:aws:iam::123456789012:role/{role}")
}

/// Makes an execution role that a test may act as, with everything granted and the boundary put by Ringfence.
pub(super) async fn bounded_administrator(lab: &Lab, role: &str) {
    lab.create_role_trusting(role, "/", TRUSTS_LAMBDA_AND_THE_ACCOUNT).await;
    lab.attach(role, ADMINISTRATOR).await;
    lab.silence().await;
}

async fn with_a_function(parameters: &[(&str, &str)]) -> Lab {
    let lab = Lab::start(parameters).await;
    bounded_administrator(&lab, "orders-api-role").await;
    lab.create_function("orders-api", &arn("orders-api-role")).await;
    lab.silence().await;
    lab
}

/// Makes the calls as the role; each has to be refused.
pub(super) async fn refused(lab: &Lab, role: &str, calls: &[Call]) {
    let came = lab.call_as(&arn(role), calls);
    assert!(
        came.iter().all(|came| came.as_ref().is_err_and(|code| code.starts_with("AccessDenied"))),
        "{came:?}"
    );
    lab.silence().await;
}

pub(super) async fn denials(lab: &Lab) -> Vec<Told> {
    let mut findings = lab.findings().await;
    findings.retain(|told| told.text_of("outcome") == "denied");
    findings
}

fn actions(findings: &[Told]) -> Vec<&str> {
    let mut actions: Vec<&str> =
        findings.iter().map(|told| told.finding["denial"]["action"].as_str().expect("an action")).collect();
    actions.sort_unstable();
    actions
}

/// Switches the function's queue off or on, so that what is sent meanwhile comes in one batch.
async fn switch_queue(lab: &Lab, on: Value) {
    let call = |operation, parameters| {
        let call = Call { service: "lambda", operation, parameters };
        lab.call_as_administrator(&[call]).remove(0).unwrap_or_else(|e| panic!("{operation}: {e}"))
    };
    let mappings = call("list_event_source_mappings", json!({"FunctionName": FUNCTION}));
    call(
        "update_event_source_mapping",
        json!({"UUID": mappings["EventSourceMappings"][0]["UUID"], "Enabled": on}),
    );
    if on == json!(true) {
        lab.silence().await;
    }
}

/// What the function did after an entry of the journal: its AWS calls, and how often it was invoked.
fn work_since(lab: &Lab, seq: usize) -> (Vec<String>, usize) {
    let journal = lab.journal_since(seq);
    let calls =
        journal.iter().filter(|entry| entry["kind"] == "call" && entry["caller"]["function"] == FUNCTION);
    let calls = calls.filter_map(|entry| entry["operation"].as_str().map(str::to_owned)).collect();
    let invoked =
        journal.iter().filter(|entry| entry["kind"] == "invocation" && entry["function"] == FUNCTION);
    (calls, invoked.count())
}

/// As if the claims to tell the role's refusals had been made long ago.
async fn claimed_long_ago(lab: &Lab, role: &str) {
    use aws_sdk_dynamodb::types::AttributeValue::{N, S};
    let table = lab.ledger_table().await;
    let claims = lab.dynamodb.query().table_name(&table).key_condition_expression("pk = :pk");
    let claims = claims.expression_attribute_values(":pk", S(format!("denied/{role}"))).send().await;
    for claim in claims.expect("Query").items.expect("items") {
        let update = lab.dynamodb.update_item().table_name(&table).update_expression("SET claimed_at = :at");
        let update = update.expression_attribute_values(":at", N("0".to_owned()));
        let update = update.key("pk", claim["pk"].clone()).key("sk", claim["sk"].clone());
        update.send().await.expect("UpdateItem");
    }
}

#[tokio::test]
async fn an_explicit_deny_is_told_once_with_its_statement() {
    let lab = with_a_function(&[]).await;
    refused(&lab, "orders-api-role", &vec![create_user(); 20]).await;
    refused(&lab, "orders-api-role", &[create_user()]).await;
    let told = denials(&lab).await;
    let [told] = told.as_slice() else { panic!("one finding: {told:#?}") };
    assert_eq!((told.text_of("severity"), told.text_of("time").len()), ("LOW", "2026-11-23T00:00:00Z".len()));
    assert_eq!(told.finding["role"]["name"], json!("orders-api-role"));
    assert_eq!(
        told.finding["functions"],
        json!(["arn:aws:lambda:us-east-1:123456789012:function:orders-api"])
    );
    assert_eq!(told.finding["trigger"]["event"], json!("CreateUser"));
    assert_eq!(told.finding["boundary"], json!({"before": OURS, "after": OURS}));
    let denial = &told.finding["denial"];
    assert_eq!(denial["action"], json!("iam:CreateUser"));
    assert_eq!(denial["kind"], json!("explicit-deny"));
    assert_eq!(denial["statements"], json!(["DenyCreatingIdentities"]));
    assert_eq!((&denial["dangerous"], &denial["granted"]), (&json!(true), &json!("yes")));
    assert_eq!(denial["remedies"], json!(["none-by-design"]));
    assert!(told.says("no setting opens it"), "{}", told.text);
    assert!(told.says("does not mean that nothing was cut"), "{}", told.text);
    assert_eq!(lab.messages().await.iter().filter(|told| told.text_of("outcome") == "denied").count(), 1);
    assert!(lab.dead_letters().await.is_empty());
}

#[tokio::test]
async fn what_the_strict_profile_does_not_allow_is_told_once_an_action_and_reads_are_told_too() {
    let lab = with_a_function(&[("BoundaryProfile", "strict")]).await;
    assert_eq!(lab.boundary_of("orders-api-role").await.as_deref(), Some(STRICT));
    for _ in 0..3 {
        refused(&lab, "orders-api-role", &[create_cluster(), list_users(), create_cluster()]).await;
    }
    let told = denials(&lab).await;
    assert_eq!(actions(&told), ["ecs:CreateCluster", "iam:ListUsers"], "{told:#?}");
    for told in &told {
        let denial = &told.finding["denial"];
        assert_eq!((&denial["kind"], &denial["statements"]), (&json!("implicit-deny"), &json!([])));
        assert_eq!((&denial["dangerous"], &denial["granted"]), (&json!(false), &json!("yes")));
        assert_eq!(denial["remedies"][0], json!("baseline-for-this-role"));
        assert!(told.says("no statement of ringfence-strict-v1 allows it"), "{}", told.text);
    }
    let read = lab.get("events");
    let is_read = |event: &&Value| event["Detail"]["eventName"] == json!("ListUsers");
    let read = read.as_array().expect("a list").iter().find(is_read).expect("the refused read is an event");
    assert_eq!(read["Detail"]["readOnly"], json!(true), "only a rule that includes reads gets it");
}

#[tokio::test]
async fn a_storm_costs_no_more_than_its_actions() {
    let lab = with_a_function(&[]).await;
    // The first process makes the calls of the init phase.
    refused(&lab, "orders-api-role", &[create_user()]).await;
    assert_eq!(actions(&denials(&lab).await), ["iam:CreateUser"]);

    // As it comes.
    let since = lab.journal_end();
    let key = |_| Call { service: "iam", operation: "create_access_key", parameters: json!({}) };
    refused(&lab, "orders-api-role", &(0..STORM).map(key).collect::<Vec<_>>()).await;
    let (calls, invocations) = work_since(&lab, since);
    println!(
        "{STORM} refused calls as they come: {} calls in {invocations} invocations: {calls:?}",
        calls.len()
    );
    assert_eq!(actions(&denials(&lab).await), ["iam:CreateAccessKey", "iam:CreateUser"]);
    assert!(calls.len() <= 2 * CALLS_TO_TELL_ONE, "two processes at the most: {calls:?}");

    // All at once, of what was told today and of one thing that was not.
    switch_queue(&lab, json!(false)).await;
    let role = || Call {
        service: "iam",
        operation: "create_role",
        parameters: json!({"RoleName": "eve", "AssumeRolePolicyDocument": TRUSTS_THE_ACCOUNT}),
    };
    let storm: Vec<Call> =
        (0..STORM).map(|index| if index % 2 == 0 { role() } else { create_user() }).collect();
    refused(&lab, "orders-api-role", &storm).await;
    let since = lab.journal_end();
    switch_queue(&lab, json!(true)).await;
    let (calls, invocations) = work_since(&lab, since);
    println!(
        "{STORM} refused calls that waited: {} calls in {invocations} invocations: {calls:?}",
        calls.len()
    );
    assert!(calls.len() <= 2 * CALLS_TO_TELL_ONE, "{calls:?}");
    let told = denials(&lab).await;
    assert_eq!(actions(&told), ["iam:CreateAccessKey", "iam:CreateRole", "iam:CreateUser"]);
    let of_role = told.iter().find(|told| told.finding["denial"]["action"] == json!("iam:CreateRole"));
    let at_least = of_role.and_then(|told| told.finding["denial"]["at_least"].as_u64());
    assert!(at_least.is_some_and(|count| count > 1), "a batch is counted before it is told: {at_least:?}");
    assert!(lab.dead_letters().await.is_empty());
}

#[tokio::test]
async fn refusals_of_other_roles_and_by_other_boundaries_are_nobodys_news() {
    let lab = with_a_function(&[]).await;
    // A person's role with our boundary, and a function's role with a boundary of its team.
    let create = lab.iam.create_role().role_name("person").assume_role_policy_document(TRUSTS_THE_ACCOUNT);
    create.permissions_boundary(OURS).send().await.expect("CreateRole");
    lab.attach("person", ADMINISTRATOR).await;
    let objects =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#;
    let teams = lab.create_policy("team-boundary", objects).await;
    let create = lab.iam.create_role().role_name("team-role");
    let create =
        create.assume_role_policy_document(TRUSTS_LAMBDA_AND_THE_ACCOUNT).permissions_boundary(&teams);
    create.send().await.expect("CreateRole");
    lab.attach("team-role", ADMINISTRATOR).await;
    lab.silence().await;

    let since = lab.journal_end();
    for role in ["person", "team-role"] {
        refused(&lab, role, &vec![create_user(); 3]).await;
    }
    // And one that nobody knows, as an event tells of it.
    let events = lab.get("events");
    let is_refused = |event: &&Value| event["Detail"]["eventName"] == json!("CreateUser");
    let mut event =
        events.as_array().expect("a list").iter().find(is_refused).expect("it was refused").clone();
    event["Detail"]["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"] = json!(arn("nobody"));
    lab.post(
        "events",
        json!({"source": event["Source"], "detail-type": event["DetailType"], "detail": event["Detail"]}),
    );
    lab.silence().await;

    let told = denials(&lab).await;
    assert!(told.is_empty(), "{told:#?}");
    let (calls, _) = work_since(&lab, since);
    assert!(calls.iter().any(|call| call == "GetRole"), "they were looked at");
    for written in ["PutItem", "Publish"] {
        assert!(!calls.iter().any(|call| call == written), "{calls:?}");
    }
    let logs = lab.logs(FUNCTION).join("\n");
    for why in ["no execution role", "a boundary of somebody else", "the role is gone"] {
        assert!(logs.contains(why), "{why}: {logs}");
    }
    assert!(lab.dead_letters().await.is_empty());
}

#[tokio::test]
async fn a_malformed_message_ends_in_the_dead_letter_queue_alone() {
    let lab = with_a_function(&[]).await;
    switch_queue(&lab, json!(false)).await;
    let queue = lab.queue_url("ringfence-denials").await;
    let send = lab.sqs.send_message().queue_url(&queue).message_body("no event");
    send.send().await.expect("it is queued");
    let role = || lab.call_as(&arn("orders-api-role"), &vec![create_user(); 10]);
    assert!(role().iter().all(Result::is_err));
    switch_queue(&lab, json!(true)).await;
    assert_eq!(actions(&denials(&lab).await), ["iam:CreateUser"], "its neighbours are told");
    let since = lab.journal_end();
    for _ in 0..ATTEMPTS {
        assert!(
            lab.post("queues/due", json!({}))["due"].as_u64() <= Some(1),
            "its neighbours do not come back"
        );
        lab.silence().await;
    }
    let (calls, invocations) = work_since(&lab, since);
    assert_eq!((calls, invocations), (Vec::new(), ATTEMPTS - 1), "it is tried again and costs nothing");
    assert_eq!(lab.dead_letters().await, ["no event"]);
    assert_eq!(denials(&lab).await.len(), 1);
}

#[tokio::test]
async fn what_cannot_be_told_waits_and_is_told_once() {
    let lab = with_a_function(&[]).await;
    lab.post("faults", json!({"kind": "fail", "service": "sns", "function": "*", "times": null}));
    refused(&lab, "orders-api-role", &vec![create_user(); 5]).await;
    lab.settle().await;
    assert!(denials(&lab).await.is_empty());
    let waiting = lab.dead_letter_count().await;
    assert!((1..=5).contains(&waiting), "{waiting} dead letters");
    lab.disarm();
    // Five attempts take half an hour on AWS, longer than a claim holds.
    claimed_long_ago(&lab, "orders-api-role").await;
    lab.redrive();
    lab.silence().await;
    assert_eq!(actions(&denials(&lab).await), ["iam:CreateUser"], "back through their own queue");
    assert_eq!(lab.dead_letter_count().await, 0);
}
