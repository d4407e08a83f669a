//! Ringfence is removed, without a trace or with the boundaries kept, as `docs/operations.md` tells it.
//!
//! `RINGFENCE_REMOVAL_ROLES` says how many roles have its boundary then; the page tells the figures of 500.

use super::undo::{invoke_undo, item_of};
use futures_util::stream::{StreamExt, iter};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;
use tests::lab::{ADMINISTRATOR, Call, Lab, OURS};

/// Calls at once while roles are made.
const THREADS: usize = 4;

/// Every so many roles has a boundary of its own, which caps nothing and so gives way.
const REPLACED_EVERY: usize = 5;

fn how_many() -> usize {
    std::env::var("RINGFENCE_REMOVAL_ROLES").map_or(100, |count| count.parse().expect("a number"))
}

fn name(index: usize) -> String {
    format!("team-role-{index}")
}

fn is_replaced(index: usize) -> bool {
    index.is_multiple_of(REPLACED_EVERY)
}

/// Makes the roles, by ordinary calls, and waits until each has Ringfence's boundary.
async fn bounded_roles(lab: &mut Lab, count: usize) {
    lab.patience = std::time::Duration::from_secs(600);
    let started = Instant::now();
    iter(0..count)
        .for_each_concurrent(THREADS, |index| {
            let lab = &*lab;
            async move {
                let create = lab.iam.create_role().role_name(name(index));
                let create = create.assume_role_policy_document(tests::lab::TRUSTS_LAMBDA);
                let create =
                    if is_replaced(index) { create.permissions_boundary(ADMINISTRATOR) } else { create };
                create.send().await.unwrap_or_else(|e| panic!("CreateRole {index}: {e:?}"));
            }
        })
        .await;
    lab.silence().await;
    for index in 0..count {
        assert_eq!(lab.boundary_of(&name(index)).await.as_deref(), Some(OURS), "{}", name(index));
    }
    report(lab, 0, &format!("{count} roles bounded"), started);
}

/// Prints how long something took, and the calls of Ringfence's functions since an entry of the journal.
fn report(lab: &Lab, since: usize, what: &str, started: Instant) {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for entry in lab.journal_since(since) {
        let is_ours =
            entry["caller"]["function"].as_str().is_some_and(|function| function.starts_with("ringfence-"));
        if let (true, Some(service), Some(operation)) =
            (is_ours, entry["service"].as_str(), entry["operation"].as_str())
        {
            *counts.entry(format!("{service}:{operation}")).or_default() += 1;
        }
    }
    let total: usize = counts.values().sum();
    println!("{what}: {:.1} s, {total} calls by Ringfence: {counts:?}", started.elapsed().as_secs_f64());
}

/// What AWS lists, by its ARN or name, of everything that has Ringfence's name.
pub(super) fn traces(lab: &Lab) -> BTreeSet<String> {
    let list = |service, operation, parameters| Call { service, operation, parameters };
    let none = || json!({});
    let lists = [
        list("iam", "list_policies", json!({"Scope": "Local", "MaxItems": 1000})),
        list("iam", "list_roles", json!({"PathPrefix": "/ringfence/", "MaxItems": 1000})),
        list("dynamodb", "list_tables", none()),
        list("s3", "list_buckets", none()),
        list("sns", "list_topics", none()),
        list("sns", "list_subscriptions", none()),
        list("sqs", "list_queues", none()),
        list("events", "list_rules", none()),
        list("lambda", "list_functions", none()),
        list("lambda", "list_event_source_mappings", none()),
        list("logs", "describe_log_groups", none()),
        list("ssm", "get_parameters_by_path", json!({"Path": "/ringfence"})),
        list("kms", "list_aliases", none()),
        list("cloudwatch", "describe_alarms", none()),
        list("cloudwatch", "list_dashboards", none()),
    ];
    let answers = lab.call_as_administrator(&lists);
    let mut found = BTreeSet::new();
    for (call, answer) in lists.iter().zip(answers) {
        let answer = answer.unwrap_or_else(|e| panic!("{}: {e}", call.operation));
        texts(&answer, &mut |text| {
            // A blank is in descriptions only.
            if text.to_lowercase().contains("ringfence") && !text.contains(' ') {
                found.insert(format!("{} {text}", call.service));
            }
        });
    }
    // Under these names, from the whole of the answers: the tests' own subscriber is not Ringfence's.
    found.retain(|text| !text.contains("test-findings"));
    found
}

fn texts(value: &Value, found: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => found(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| texts(field, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The roles that still have Ringfence's boundary.
fn under_our_boundary(lab: &Lab) -> Vec<Value> {
    let parameters = json!({"PolicyArn": OURS, "PolicyUsageFilter": "PermissionsBoundary", "MaxItems": 1000});
    let list = Call { service: "iam", operation: "list_entities_for_policy", parameters };
    let answer = lab.call_as_administrator(&[list]).remove(0).expect("ListEntitiesForPolicy");
    answer["PolicyRoles"].as_array().expect("roles").clone()
}

#[tokio::test]
async fn without_a_trace_each_role_has_what_it_had_and_nothing_of_ringfence_is_left() {
    let mut lab = Lab::start(&[]).await;
    let count = how_many();
    bounded_roles(&mut lab, count).await;
    let (table, bucket) = (lab.ledger_table().await, lab.report_bucket());

    let dry = invoke_undo(&lab, "ringfence-undo-remediation", r#"{"all":true,"dry_run":true}"#).await;
    let dry = dry.expect("the roles are listed");
    assert_eq!(dry["undone"].as_array().map(Vec::len), Some(count));
    assert_eq!(lab.boundary_of(&name(1)).await.as_deref(), Some(OURS), "nothing was done");

    let (started, since) = (Instant::now(), lab.journal_end());
    let request = r#"{"pk":{"S":"undo-request"},"sk":{"S":"*"},"by":{"S":"olivia"},"hold_days":{"N":"365"}}"#;
    lab.dynamodb
        .put_item()
        .table_name(&table)
        .set_item(Some(item_of(request)))
        .send()
        .await
        .expect("PutItem");
    let mut invocations = 0;
    loop {
        invocations += 1;
        let answer = invoke_undo(&lab, "ringfence-undo-remediation", r#"{"all":true}"#).await;
        let answer = answer.expect("a batch");
        assert_eq!(answer["refused"], json!([]));
        if answer["done"] == json!(true) {
            break;
        }
    }
    lab.silence().await;
    report(&lab, since, &format!("{count} roles undone in {invocations} invocations"), started);
    for index in 0..count {
        let before = is_replaced(index).then_some(ADMINISTRATOR);
        assert_eq!(lab.boundary_of(&name(index)).await.as_deref(), before, "{}", name(index));
    }
    assert_eq!(under_our_boundary(&lab), Vec::<Value>::new());

    let started = Instant::now();
    lab.delete_stack();
    let delete = |service, operation, parameters| Call { service, operation, parameters };
    for profile in ["baseline", "strict"] {
        let arn = format!("arn:aws:iam::123456789012:policy/ringfence/ringfence-{profile}-v1");
        let gone = lab.call_as_administrator(&[delete("iam", "delete_policy", json!({"PolicyArn": arn}))]);
        assert!(gone[0].is_ok(), "{gone:?}");
    }
    let rest = [
        delete("dynamodb", "delete_table", json!({"TableName": table})),
        delete("s3", "delete_bucket", json!({"Bucket": bucket})),
    ];
    for gone in lab.call_as_administrator(&rest) {
        assert!(gone.is_ok(), "{gone:?}");
    }
    println!("stack and what it retains deleted: {:.1} s", started.elapsed().as_secs_f64());
    assert_eq!(traces(&lab), BTreeSet::new());
    for index in 0..count {
        let before = is_replaced(index).then_some(ADMINISTRATOR);
        assert_eq!(lab.boundary_of(&name(index)).await.as_deref(), before, "{}", name(index));
    }
}

#[tokio::test]
async fn with_the_boundaries_kept_they_cap_on_and_nothing_else_is_left() {
    let mut lab = Lab::start(&[]).await;
    let count = how_many();
    bounded_roles(&mut lab, count).await;
    lab.attach(&name(1), ADMINISTRATOR).await;
    lab.silence().await;
    let (table, bucket) = (lab.ledger_table().await, lab.report_bucket());

    lab.delete_stack();
    assert_eq!(
        traces(&lab),
        BTreeSet::from([
            format!("dynamodb {table}"),
            format!("iam {OURS}"),
            "iam /ringfence/".to_owned(),
            "iam arn:aws:iam::123456789012:policy/ringfence/ringfence-strict-v1".to_owned(),
            "iam ringfence-baseline-v1".to_owned(),
            "iam ringfence-strict-v1".to_owned(),
            format!("s3 arn:aws:s3:::{bucket}"),
            format!("s3 {bucket}"),
        ])
    );
    assert_eq!(under_our_boundary(&lab).len(), count);
    for index in 0..count {
        assert_eq!(lab.boundary_of(&name(index)).await.as_deref(), Some(OURS), "{}", name(index));
    }
    // The role has AdministratorAccess.
    let role = format!("arn:aws:iam::123456789012:role/{}", name(1));
    trust_the_account(&lab, &name(1)).await;
    let came = lab.call_as(
        &role,
        &[
            Call { service: "iam", operation: "create_user", parameters: json!({"UserName": "backdoor"}) },
            Call { service: "s3", operation: "list_buckets", parameters: json!({}) },
        ],
    );
    assert_eq!(came[0], Err("AccessDenied".to_owned()), "the boundary still caps");
    assert!(came[1].is_ok(), "and allows what it allowed: {came:?}");
}

/// So that a test may act as the role.
async fn trust_the_account(lab: &Lab, role: &str) {
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"sts:AssumeRole"}]}"#;
    let update = lab.iam.update_assume_role_policy().role_name(role).policy_document(trust);
    update.send().await.expect("UpdateAssumeRolePolicy");
}
