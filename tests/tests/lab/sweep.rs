//! What events missed is found by the next sweep.

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_lambda::{primitives::Blob, types::InvocationType};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tests::lab::{ADMINISTRATOR, Call, Lab, OURS, Told};

const SWEEP: &str = "ringfence-sweep-account";

fn words(findings: &[Told]) -> Vec<(&str, &str)> {
    findings.iter().map(|told| (told.text_of("outcome"), told.text_of("severity"))).collect()
}

pub(super) async fn sweep(lab: &Lab) {
    let invoke = lab.lambda.invoke().function_name(SWEEP).invocation_type(InvocationType::Event);
    invoke.payload(Blob::new("{}")).send().await.expect("it is taken");
    lab.silence().await;
}

/// How many findings there are but the summaries of sweeps.
async fn about_roles(lab: &Lab) -> usize {
    lab.findings().await.iter().filter(|told| !told.finding["role"].is_null()).count()
}

/// What the last sweep said at its end.
fn last_words(lab: &Lab) -> Value {
    let lines = lab.logs(SWEEP);
    let mut lines = lines.iter().rev().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let done = lines.find(|line| line["fields"]["event"] == json!("Sweep")).expect("a line of the sweep");
    done["fields"].clone()
}

/// The role as if it had been in use for years.
fn make_old(lab: &Lab, role: &str) {
    let old = json!({"created": "2024-01-01T00:00:00Z", "last_used": "2026-11-01T00:00:00Z"});
    lab.post(&format!("roles/{role}"), old);
}

#[tokio::test]
async fn what_no_event_told_is_found_and_handled_by_mode() {
    let lab = Lab::start(&[]).await;
    lab.create_role("bounded-role", "/").await;
    lab.silence().await;
    lab.pause_events();
    for role in ["new-role", "old-role"] {
        lab.create_role(role, "/").await;
        lab.attach(role, ADMINISTRATOR).await;
        lab.create_function(&format!("{role}-function"), &format!("arn:aws:iam::123456789012:role/{role}"))
            .await;
    }
    let delete = lab.iam.delete_role_permissions_boundary().role_name("bounded-role");
    delete.send().await.expect("DeleteRolePermissionsBoundary");
    ["old-role", "bounded-role"].iter().for_each(|role| make_old(&lab, role));
    lab.forget_events();
    lab.resume_events();

    sweep(&lab).await;
    assert_eq!(lab.boundary_of("new-role").await.as_deref(), Some(OURS), "a new role follows Mode");
    assert_eq!(lab.boundary_of("bounded-role").await.as_deref(), Some(OURS), "and so does a restore");
    assert_eq!(lab.boundary_of("old-role").await, None, "an existing one follows SweepMode");
    assert_eq!(words(&lab.findings_about("new-role").await), [("bounded", "CRITICAL")]);
    assert_eq!(words(&lab.findings_about("bounded-role").await), [("bounded", "LOW"), ("restored", "HIGH")]);
    let told = lab.findings_about("old-role").await;
    assert_eq!(words(&told), [("would-bound", "CRITICAL")]);
    assert_eq!((told[0].text_of("mode"), &told[0].finding["trigger"]["event"]), ("observe", &json!("Sweep")));
    let findings = about_roles(&lab).await;
    assert_eq!(findings, 4, "nothing is told of other roles: {:?}", words(&lab.findings().await));
    let line = last_words(&lab);
    assert_eq!(line["decision"], json!("all roles judged"), "{line}");
    assert_eq!(line["queued"], json!(r#"{"boundary-absent":3}"#), "{line}");

    let before = lab.journal_end();
    sweep(&lab).await;
    assert_eq!(last_words(&lab)["queued"], json!("{}"), "one state is told once");
    assert!(lab.own_calls_since(before, "SendMessageBatch").is_empty());
    assert_eq!(about_roles(&lab).await, findings);

    lab.deploy(&[("SweepMode", "enforce")]);
    sweep(&lab).await;
    assert_eq!(lab.boundary_of("old-role").await.as_deref(), Some(OURS));
    assert_eq!(
        words(&lab.findings_about("old-role").await),
        [("would-bound", "CRITICAL"), ("bounded", "CRITICAL")]
    );
    assert_eq!(about_roles(&lab).await, findings + 1);

    let by_sweeps = |entry: &Value| entry["caller"]["function"] == json!(SWEEP);
    let journal = lab.journal_since(0);
    let calls: BTreeSet<&str> = journal
        .iter()
        .filter(|entry| by_sweeps(entry) && entry["service"] == json!("iam") && entry["status"] == json!(200))
        .filter_map(|entry| entry["operation"].as_str())
        .collect();
    let reads = [
        "GenerateServiceLastAccessedDetails",
        "GetAccountAuthorizationDetails",
        "GetPolicy",
        "GetPolicyVersion",
        "GetRole",
        "GetServiceLastAccessedDetails",
    ];
    assert_eq!(calls, BTreeSet::from(reads), "a sweep writes nothing to IAM");
}

#[tokio::test]
async fn a_throttled_sweep_comes_to_its_end() {
    let lab = Lab::start(&[]).await;
    lab.pause_events();
    lab.create_role("new-role", "/").await;
    lab.forget_events();
    lab.resume_events();
    lab.post(
        "faults",
        json!({"kind": "fail", "service": "iam", "operation": "GetAccountAuthorizationDetails", "function": SWEEP,
            "every": 2, "times": null, "status": 400, "code": "Throttling"}),
    );
    sweep(&lab).await;
    assert!(lab.struck() > 0);
    assert_eq!(last_words(&lab)["decision"], json!("all roles judged"));
    assert_eq!(words(&lab.findings_about("new-role").await), [("bounded", "LOW")]);
}

#[tokio::test]
async fn functions_of_other_regions_count_and_those_whose_role_is_gone_are_found() {
    let lab = Lab::start(&[]).await;
    for role in ["shared-role", "lost-role"] {
        lab.create_role(role, "/").await;
    }
    lab.create_function("at-home", "arn:aws:iam::123456789012:role/shared-role").await;
    lab.create_function("orphan", "arn:aws:iam::123456789012:role/lost-role").await;
    lab.silence().await;
    sweep(&lab).await;
    let before = last_words(&lab);
    assert_eq!(before["missing_roles"], json!(0), "{before}");

    lab.create_function_in("eu-west-1", "abroad", "arn:aws:iam::123456789012:role/shared-role").await;
    lab.iam.delete_role().role_name("lost-role").send().await.expect("DeleteRole");
    lab.silence().await;
    sweep(&lab).await;
    let after = last_words(&lab);
    assert_eq!(after["functions"].as_u64(), before["functions"].as_u64().map(|count| count + 1), "{after}");
    assert_eq!(after["missing_roles"], json!(1), "{after}");
    let told = || async {
        let findings = lab.messages().await;
        findings.into_iter().filter(|told| told.says("lost-role") && told.text_of("outcome") != "summary")
    };
    let missing: Vec<Told> = told().await.filter(|told| told.text_of("outcome") == "exposed").collect();
    let [missing] = &missing[..] else { panic!("one finding: {missing:?}") };
    assert_eq!((missing.text_of("severity"), &missing.finding["role"]), ("MEDIUM", &json!(null)));
    assert_eq!(missing.finding["breaches"][0]["check"], json!("missing-role"));
    assert_eq!(
        missing.finding["functions"],
        json!(["arn:aws:lambda:us-east-1:123456789012:function:orphan"])
    );
    sweep(&lab).await;
    assert_eq!(
        told().await.filter(|told| told.text_of("outcome") == "exposed").count(),
        1,
        "one state is told once"
    );

    lab.create_role("lost-role", "/").await;
    lab.silence().await;
    for _ in 0..2 {
        sweep(&lab).await;
    }
    let resolved: Vec<Told> = told().await.filter(|told| told.text_of("outcome") == "resolved").collect();
    let [resolved] = &resolved[..] else { panic!("one resolution: {resolved:?}") };
    assert_eq!(resolved.finding["resolves"], json!([missing.finding["id"]]));
    assert_eq!(resolved.finding["problem"], missing.finding["problem"]);
}

#[tokio::test]
async fn a_trail_that_is_stopped_is_told_once_and_so_is_its_end() {
    let lab = Lab::start(&[]).await;
    let trail = |operation| {
        let call =
            Call { service: "cloudtrail", operation, parameters: json!({"Name": "management-events"}) };
        lab.call_as_administrator(&[call]).remove(0).expect("it is done")
    };
    sweep(&lab).await;
    assert_eq!(last_words(&lab)["ground_faults"], json!(0));
    trail("stop_logging");
    for _ in 0..2 {
        sweep(&lab).await;
        assert_eq!(last_words(&lab)["ground_faults"], json!(1));
    }
    trail("start_logging");
    sweep(&lab).await;
    let notices = lab.notices().await;
    let told: Vec<_> = notices.iter().map(|told| (told.text_of("severity"), told.text_of("title"))).collect();
    let expected = [
        ("HIGH", "A part of Ringfence is missing, switched off or changed"),
        ("MEDIUM", "Ringfence is whole again"),
    ];
    assert_eq!(told, expected);
    assert!(notices[0].says("management-events is stopped"), "{}", notices[0].finding);
}

#[tokio::test]
async fn what_was_begun_and_never_told_is_told_after_the_next_sweep() {
    let lab = Lab::start(&[]).await;
    lab.post(
        "faults",
        json!({"kind": "fail", "service": "sns", "operation": "Publish", "function": "ringfence-on-role-change",
            "times": null, "status": 400, "code": "AuthorizationError"}),
    );
    lab.create_role("orders-role", "/").await;
    lab.silence().await;
    assert_eq!(lab.boundary_of("orders-role").await.as_deref(), Some(OURS));
    assert_eq!(
        (lab.findings().await.len(), lab.dead_letters().await.len()),
        (0, 1),
        "all retries have ended"
    );
    lab.disarm();

    sweep(&lab).await;
    assert_eq!(last_words(&lab)["queued"], json!("{}"), "somebody may be at work on it yet");
    let long_ago = AttributeValue::S("2026-01-01T00:00:00Z".to_owned());
    let key = [("pk", "role"), ("sk", "orders-role")];
    let mut update = lab.dynamodb.update_item().table_name(lab.ledger_table().await);
    for (name, value) in key {
        update = update.key(name, AttributeValue::S(value.to_owned()));
    }
    let update = update.update_expression("SET #record.#intent.#at = :at");
    let update = [("#record", "record"), ("#intent", "intent"), ("#at", "opened_at")]
        .into_iter()
        .fold(update, |update, (alias, name)| update.expression_attribute_names(alias, name));
    update.expression_attribute_values(":at", long_ago).send().await.expect("UpdateItem");
    sweep(&lab).await;
    assert_eq!(last_words(&lab)["queued"], json!(r#"{"intent-left-open":1}"#));
    let told = lab.findings_about("orders-role").await;
    assert_eq!(words(&told), [("bounded", "LOW")]);
    assert_eq!(told[0].finding["trigger"]["event"], json!("CreateRole"), "as it was begun");
    sweep(&lab).await;
    assert_eq!(last_words(&lab)["queued"], json!("{}"));
}

fn days_ago(days: i64) -> String {
    (jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24 * days)).strftime("%FT%TZ").to_string()
}

/// What the latest report says of a role.
fn row(lab: &Lab, role: &str) -> Value {
    let latest = lab.report_object("reports/latest.json");
    let report = lab.report_object(latest["report"].as_str().expect("a key"));
    let rows = report["roles"].as_array().expect("rows").iter();
    let mut of_role =
        rows.filter(|row| row["role"].as_str().is_some_and(|arn| arn.ends_with(&format!("/{role}"))));
    of_role.next().unwrap_or_else(|| panic!("no row of {role}: {report}")).clone()
}

/// Reviews ask too, about what a boundary would take away.
fn asked_by_sweeps(lab: &Lab) -> usize {
    let calls = lab.own_calls_since(0, "GenerateServiceLastAccessedDetails");
    calls.iter().filter(|call| call["caller"]["function"] == json!(SWEEP)).count()
}

/// What IAM reports is set by the test: the lab counts no calls.
#[tokio::test]
async fn what_a_role_did_not_use_is_asked_once_told_in_the_report_and_with_its_next_finding() {
    let lab = Lab::start(&[]).await;
    lab.pause_events();
    for role in ["old-role", "slow-role", "young-role"] {
        lab.create_role(role, "/").await;
        let wide = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Resource": "*",
            "Action": ["s3:*", "ec2:*", "sqs:*"]}});
        let put =
            lab.iam.put_role_policy().role_name(role).policy_name("wide").policy_document(wide.to_string());
        put.send().await.expect("PutRolePolicy");
    }
    ["old-role", "slow-role"].iter().for_each(|role| make_old(&lab, role));
    let used = json!([
        {"service": "s3", "last": days_ago(2)},
        {"service": "sqs", "last": days_ago(45)},
        {"service": "ec2", "last": null},
    ]);
    lab.post("roles/old-role", json!({"used": used}));
    lab.post("roles/slow-role", json!({"used": "unfinished"}));
    lab.forget_events();
    lab.resume_events();

    sweep(&lab).await;
    assert_eq!(last_words(&lab)["decision"], json!("all roles judged"));
    let told = row(&lab, "old-role");
    assert_eq!(told["unused_services"], json!(["ec2"]));
    let known = &told["last_accessed"];
    assert_eq!(known["state"], json!("known"));
    let counts =
        ["allowed", "unused_30_days", "unused_90_days", "never_used"].map(|name| known[name].clone());
    assert_eq!(counts, [json!(3), json!(2), json!(1), json!(1)]);
    let of = |role: &str| row(&lab, role)["last_accessed"]["state"].clone();
    assert_eq!((of("slow-role"), of("young-role")), (json!("not-known"), json!("too-young")));
    assert!(row(&lab, "slow-role")["unused_services"].is_null(), "not known is not unused");
    assert_eq!(asked_by_sweeps(&lab), 2, "none about the young role");
    let messages = lab.messages().await;
    let mut summaries = messages.iter().filter(|told| told.finding["outcome"] == json!("summary"));
    let summary = summaries.next().expect("a summary").text_of("summary");
    assert!(summary.contains("1 role did not use some services for 90 days."), "{summary}");

    sweep(&lab).await;
    assert_eq!(asked_by_sweeps(&lab), 3, "the ledger knows about the other");
    assert_eq!(row(&lab, "old-role")["unused_services"], json!(["ec2"]));

    lab.attach("old-role", ADMINISTRATOR).await;
    lab.silence().await;
    let findings = lab.findings_about("old-role").await;
    let finding = findings.last().expect("a finding");
    let breaches = finding.finding["breaches"].to_string();
    assert!(breaches.contains("did not use 1 of the 3 services that its policies allow (ec2)"), "{breaches}");
    assert!(finding.says("no error path, disaster recovery or yearly job needs it"), "{}", finding.text);
}

#[tokio::test]
async fn an_iam_that_reports_nothing_costs_the_sweep_no_more_than_that() {
    for code in ["AccessDenied", "Throttling"] {
        let lab = Lab::start(&[]).await;
        lab.pause_events();
        lab.create_role("old-role", "/").await;
        make_old(&lab, "old-role");
        lab.forget_events();
        lab.resume_events();
        lab.post(
            "faults",
            json!({"kind": "fail", "service": "iam", "operation": "GenerateServiceLastAccessedDetails",
                "function": SWEEP, "times": null, "status": 400, "code": code}),
        );
        sweep(&lab).await;
        assert!(lab.struck() > 0);
        assert_eq!(last_words(&lab)["decision"], json!("all roles judged"), "{code}");
        assert_eq!(row(&lab, "old-role")["last_accessed"]["state"], json!("not-known"), "{code}");
        let warnings =
            lab.logs(SWEEP).into_iter().filter(|line| line.contains("what some roles used is not known"));
        assert_eq!(warnings.count(), 1, "{code}: it is told once");
    }
}

#[tokio::test]
async fn each_sweep_leaves_a_report_and_tells_one_summary() {
    let lab = Lab::start(&[]).await;
    lab.create_role("first-role", "/").await;
    lab.silence().await;
    sweep(&lab).await;
    lab.create_role("second-role", "/").await;
    lab.attach("second-role", ADMINISTRATOR).await;
    lab.silence().await;
    sweep(&lab).await;

    let messages = lab.messages().await;
    let summaries: Vec<_> =
        messages.iter().filter(|told| told.finding["outcome"] == json!("summary")).collect();
    assert_eq!(summaries.len(), 2);
    assert_eq!(summaries[0].text_of("severity"), "INFO");
    assert!(summaries[0].says("This is the first report"), "{}", summaries[0].finding);
    assert!(summaries[1].says("1 new"), "{}", summaries[1].finding);

    let (bucket, keys) = (lab.report_bucket(), lab.report_keys());
    for ending in [".html", ".csv", ".json"] {
        let count = keys.iter().filter(|key| key.ends_with(&format!("report{ending}"))).count();
        assert_eq!(count, 2, "{ending}: {keys:?}");
    }
    let link = summaries[1].finding["links"]["report"].as_str().expect("a link");
    assert!(link.contains(&bucket), "{link}");
}
