//! Whoever changes Ringfence itself is told, by a rule and without a function; what Ringfence and its deployments do is not.

use serde_json::{Value, json};
use tests::lab::{ADMINISTRATOR, Call, Lab, Told};

const SECURITY_TEAM: &str = "security@example.com";

async fn told(lab: &Lab) -> Vec<Told> {
    let mut findings = lab.findings().await;
    findings.retain(|told| told.text_of("outcome") == "self-tamper");
    findings
}

/// What the security team got of it, by the topic of the alarms.
fn mails(lab: &Lab) -> Vec<Value> {
    let mail = lab.get("mailbox?since=0");
    let mail = mail.as_array().expect("a list of e-mails").iter();
    let of_alarms =
        |mail: &&Value| mail["topic"].as_str().is_some_and(|topic| topic.ends_with(":ringfence-alarms"));
    mail.filter(of_alarms).cloned().collect()
}

async fn subscription(lab: &Lab, topic: &str) -> String {
    let list = lab.sns.list_subscriptions_by_topic().topic_arn(topic).send().await.expect("a list");
    let of_the_team = list.subscriptions().iter().find(|one| one.endpoint() == Some(SECURITY_TEAM));
    of_the_team.and_then(|one| one.subscription_arn()).expect("the e-mail subscription").to_owned()
}

async fn tampering(lab: &Lab) -> Vec<(&'static str, Call)> {
    let call = |service, operation, parameters| Call { service, operation, parameters };
    let function = "ringfence-on-role-change";
    let rule = json!({"Name": function});
    let ledger = lab.ledger_table().await;
    vec![
        (
            "UpdateFunctionConfiguration20150331v2",
            call(
                "lambda",
                "update_function_configuration",
                json!({"FunctionName": function,
                "Environment": {"Variables": {"RINGFENCE_MODE": "observe"}}}),
            ),
        ),
        (
            "PutFunctionConcurrency20171031",
            call(
                "lambda",
                "put_function_concurrency",
                json!({"FunctionName": "ringfence-review-role", "ReservedConcurrentExecutions": 0}),
            ),
        ),
        ("DisableRule", call("events", "disable_rule", rule)),
        ("StopLogging", call("cloudtrail", "stop_logging", json!({"Name": "management-events"}))),
        (
            "DeleteRolePermissionsBoundary",
            call("iam", "delete_role_permissions_boundary", json!({"RoleName": "ringfence-sweep-account"})),
        ),
        (
            "AttachRolePolicy",
            call(
                "iam",
                "attach_role_policy",
                json!({"RoleName": "ringfence-undo-remediation", "PolicyArn": ADMINISTRATOR}),
            ),
        ),
        (
            "PurgeQueue",
            call("sqs", "purge_queue", json!({"QueueUrl": lab.queue_url("ringfence-review").await})),
        ),
        (
            "UpdateTimeToLive",
            call(
                "dynamodb",
                "update_time_to_live",
                json!({"TableName": ledger,
                "TimeToLiveSpecification": {"AttributeName": "created", "Enabled": true}}),
            ),
        ),
        (
            "PutParameter",
            call(
                "ssm",
                "put_parameter",
                json!({"Name": "/ringfence/boundary-arn", "Overwrite": true,
                "Value": "arn:aws:iam::aws:policy/AdministratorAccess", "Type": "String"}),
            ),
        ),
        (
            "Unsubscribe",
            call("sns", "unsubscribe", json!({"SubscriptionArn": subscription(lab, lab.topic()).await})),
        ),
        (
            "DeleteLogGroup",
            call("logs", "delete_log_group", json!({"logGroupName": format!("/aws/lambda/{function}")})),
        ),
    ]
}

#[tokio::test]
async fn changes_of_ringfence_itself_are_told_once_each_with_an_email_and_without_a_function() {
    let lab = Lab::start(&[("FindingsEmail", SECURITY_TEAM)]).await;
    for (index, (event, call)) in tampering(&lab).await.into_iter().enumerate() {
        let done = lab.call_as_administrator(std::slice::from_ref(&call)).remove(0);
        assert!(done.is_ok(), "{event}: {done:?}");
        lab.silence().await;
        let told = told(&lab).await;
        assert_eq!(
            told.len(),
            index + 1,
            "{event}: {:?}",
            told.iter().map(|one| one.text_of("title")).collect::<Vec<_>>()
        );
        let finding = &told[index].finding;
        assert_eq!((&finding["trigger"]["event"], &finding["severity"]), (&json!(event), &json!("CRITICAL")));
        let principal: Vec<&str> =
            finding["trigger"]["principal"].as_str().expect("a text").split_whitespace().collect();
        assert_eq!(principal, ["Root", "123456789012", "123456789012"], "{event}");
        let mails = mails(&lab);
        assert_eq!(mails.len(), index + 1, "{event}");
        let body = mails[index]["body"].as_str().expect("a text");
        assert!(body.contains(&format!("{event} of ")) && body.contains("By        Root "), "{body}");
    }
    let publishes = lab.journal_since(0).into_iter().filter(|entry| entry["operation"] == "Publish");
    let by_functions = publishes.filter(|entry| !entry["caller"]["function"].is_null()).count();
    let messages = lab.messages().await.len();
    assert_eq!(by_functions, messages - told(&lab).await.len(), "no function told any of it");
}

#[tokio::test]
async fn what_ringfence_and_its_deployments_do_is_no_tampering() {
    let lab = Lab::start(&[("FindingsEmail", SECURITY_TEAM)]).await;
    lab.create_role("orders-role", "/").await;
    lab.attach("orders-role", ADMINISTRATOR).await;
    lab.silence().await;
    lab.lambda.invoke().function_name("ringfence-sweep-account").send().await.expect("a sweep");
    lab.deploy(&[("FindingsEmail", SECURITY_TEAM), ("Mode", "observe")]);
    let finding = lab.findings_about("orders-role").await;
    assert!(!finding.is_empty(), "it was at work");
    lab.silence().await;
    let told: Vec<Value> = told(&lab).await.into_iter().map(|told| told.finding).collect();
    assert_eq!(told, [] as [Value; 0]);
    assert_eq!(mails(&lab), [] as [Value; 0]);
}

#[tokio::test]
async fn each_use_of_the_break_glass_role_is_told() {
    let role = "arn:aws:iam::*:role/emergency/break-glass";
    let lab = Lab::start(&[("FindingsEmail", SECURITY_TEAM), ("BreakGlassRoleArn", role)]).await;
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"AWS": "arn:aws:iam::123456789012:root"}}]});
    for name in ["break-glass", "reader"] {
        lab.create_role_trusting(name, "/emergency/", &trust.to_string()).await;
    }
    let look = [Call { service: "iam", operation: "list_roles", parameters: json!({}) }];
    for (name, uses) in [("reader", 0), ("break-glass", 1), ("break-glass", 2)] {
        let _ = lab.call_as(&format!("arn:aws:iam::123456789012:role/emergency/{name}"), &look);
        lab.silence().await;
        let notices = lab.notices().await;
        let told: Vec<_> =
            notices.iter().map(|told| (told.text_of("severity"), told.text_of("title"))).collect();
        assert_eq!(told, vec![("CRITICAL", "The break-glass role was assumed"); uses]);
        assert_eq!(mails(&lab).len(), uses);
    }
}

async fn sweep(lab: &Lab) {
    lab.lambda.invoke().function_name("ringfence-sweep-account").send().await.expect("a sweep");
    lab.silence().await;
}

/// The settings of a function, one of them changed.
async fn with_setting(lab: &Lab, function: &str, name: &str, value: &str) {
    let configuration = lab.lambda.get_function_configuration().function_name(function).send().await;
    let environment = configuration.expect("a function").environment.and_then(|it| it.variables);
    let mut variables = environment.expect("variables");
    variables.insert(name.to_owned(), value.to_owned());
    let environment = aws_sdk_lambda::types::Environment::builder().set_variables(Some(variables)).build();
    let update = lab.lambda.update_function_configuration().function_name(function).environment(environment);
    update.send().await.expect("UpdateFunctionConfiguration");
}

#[tokio::test]
async fn a_function_that_is_not_as_deployed_is_told_by_the_sweep_and_so_is_its_end() {
    let lab = Lab::start(&[]).await;
    let concurrency = |operation, parameters: Value| {
        let call = Call { service: "lambda", operation, parameters };
        lab.call_as_administrator(&[call]).remove(0).expect("it is done")
    };
    sweep(&lab).await;
    assert_eq!(lab.notices().await.len(), 0, "as deployed");
    lab.pause_events();
    with_setting(&lab, "ringfence-on-role-change", "RINGFENCE_MODE", "observe").await;
    concurrency(
        "put_function_concurrency",
        json!({"FunctionName": "ringfence-undo-remediation", "ReservedConcurrentExecutions": 0}),
    );
    lab.forget_events();
    lab.resume_events();
    for _ in 0..2 {
        sweep(&lab).await;
    }
    let notices = lab.notices().await;
    assert_eq!(notices.len(), 1, "once");
    for words in [
        "setting RINGFENCE_MODE of function ringfence-on-role-change is not as deployed",
        "function ringfence-undo-remediation has a concurrency of 0",
    ] {
        assert!(
            notices[0].text_of("summary").to_lowercase().contains(&words.to_lowercase()),
            "{}",
            notices[0].finding
        );
    }
    with_setting(&lab, "ringfence-on-role-change", "RINGFENCE_MODE", "enforce").await;
    concurrency("delete_function_concurrency", json!({"FunctionName": "ringfence-undo-remediation"}));
    sweep(&lab).await;
    let titles: Vec<_> = lab.notices().await.iter().map(|told| told.text_of("title").to_owned()).collect();
    assert_eq!(
        titles,
        ["A part of Ringfence is missing, switched off or changed", "Ringfence is whole again"]
    );
}
