//! The program in a local account, with the keys of a user who may read and nothing else. See `tests/lab/README.md`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::{Value, json};
use std::io::{ErrorKind, Write};
use std::process::{Command, Output, Stdio};
use tests::lab::{ADMINISTRATOR, Lab, OURS};

/// What `replay --help` says that it needs.
const READING: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Resource":"*","Action":[
    "dynamodb:BatchGetItem","dynamodb:Query","iam:GenerateServiceLastAccessedDetails","iam:Get*","iam:List*",
    "lambda:GetFunctionConfiguration","lambda:GetPolicy","lambda:ListFunctionUrlConfigs","sts:GetCallerIdentity"]}}"#;

/// The keys of a new user who may only read.
async fn reader(lab: &Lab) -> (String, String) {
    let iam = &lab.iam;
    iam.create_user().user_name("reader").send().await.unwrap();
    let put = iam.put_user_policy().user_name("reader").policy_name("reading").policy_document(READING);
    put.send().await.unwrap();
    let key = iam.create_access_key().user_name("reader").send().await.unwrap().access_key.unwrap();
    (key.access_key_id, key.secret_access_key)
}

fn replay(lab: &Lab, keys: &(String, String), arguments: &[&str], event: &Value) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_replay"))
        .args(arguments)
        .arg("-")
        .env_clear()
        .envs([("AWS_ENDPOINT_URL", lab.url()), ("AWS_ACCESS_KEY_ID", &keys.0)])
        .env("AWS_SECRET_ACCESS_KEY", &keys.1)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Whoever is called wrongly ends before it reads.
    let written = child.stdin.take().unwrap().write_all(event.to_string().as_bytes());
    assert!(written.is_ok() || written.is_err_and(|e| e.kind() == ErrorKind::BrokenPipe));
    child.wait_with_output().unwrap()
}

fn shown(output: &Output) -> Value {
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn attach(role: &str) -> Value {
    json!({"eventName": "AttachRolePolicy", "eventSource": "iam.amazonaws.com", "eventID": "replayed",
        "eventTime": "2026-11-22T10:00:00Z", "awsRegion": "us-east-1", "recipientAccountId": "123456789012",
        "requestParameters": {"roleName": role, "policyArn": ADMINISTRATOR}})
}

#[tokio::test]
async fn with_rights_to_read_alone_the_finding_is_shown_and_nothing_changes() {
    let lab = Lab::start(&[]).await;
    lab.silence().await;
    let keys = reader(&lab).await;
    lab.pause_events();
    lab.create_role("orders-api-role", "/").await;
    lab.attach("orders-api-role", ADMINISTRATOR).await;
    lab.forget_events();
    lab.resume_events();
    let before = lab.journal_end();

    let json = shown(&replay(&lab, &keys, &["--json"], &attach("orders-api-role")));
    assert_eq!((&json["decision"], &json["settings"]), (&json!("would-bound"), &json!("deployment")));
    assert_eq!(json["deployed_mode"], "enforce");
    assert_eq!(json["finding"]["severity"], "CRITICAL");
    assert_eq!(json["finding"]["boundary"]["after"], OURS);
    assert_eq!(json["finding"]["trigger"]["event_id"], "replayed");
    let mut calls = lab.journal_since(before);
    calls.retain(|entry| entry["caller"]["user"] == "reader");
    assert!(
        calls.iter().all(|call| call["status"] == 200),
        "nothing was refused, so nothing more was tried: {calls:#?}"
    );
    let mut made: Vec<&str> = calls.iter().filter_map(|call| call["operation"].as_str()).collect();
    let mut told: Vec<&str> = json["calls"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    made.sort_unstable();
    told.sort_unstable();
    assert_eq!(made, told, "exactly the calls that it tells of");
    assert_eq!(lab.boundary_of("orders-api-role").await, None);
    assert!(lab.findings_about("orders-api-role").await.is_empty());

    let text = replay(&lab, &keys, &[], &attach("orders-api-role"));
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.contains("Decision   would-bound: "), "{text}");
    assert!(text.contains("Subject: [CRITICAL] would-bound: orders-api-role (123456789012)"), "{text}");
    assert!(text.contains("admin-access"), "{text}");

    // The real event, afterwards, is decided about as if nobody had looked.
    lab.attach("orders-api-role", ADMINISTRATOR).await;
    lab.silence().await;
    assert_eq!(lab.boundary_of("orders-api-role").await.as_deref(), Some(OURS));
}

#[tokio::test]
async fn exit_codes_tell_the_event_from_the_account() {
    let lab = Lab::start(&[]).await;
    let keys = reader(&lab).await;
    let code = |output: Output| {
        assert!(output.stdout.is_empty() || output.status.success());
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (ended, why) = code(replay(&lab, &keys, &[], &json!({"hello": 1})));
    assert_eq!(ended, Some(2), "{why}");
    let mut failed = attach("orders");
    failed["errorCode"] = json!("AccessDenied");
    let (ended, why) = code(replay(&lab, &keys, &[], &failed));
    assert_eq!(ended, Some(2), "{why}");
    assert!(why.contains("no function of Ringfence takes this event: the call failed with `AccessDenied`"));
    let nobody = ("AKIANOBODY".to_owned(), "wrong".to_owned());
    let (ended, why) = code(replay(&lab, &nobody, &[], &attach("orders")));
    assert_eq!(ended, Some(1), "{why}");
    let (ended, why) = code(replay(&lab, &keys, &["--jsno"], &attach("orders")));
    assert_eq!(ended, Some(2), "{why}");
    let gone = replay(&lab, &keys, &["--json"], &attach("gone"));
    assert_eq!(shown(&gone)["decision"], "the role is not found");
}

#[tokio::test]
async fn an_edit_of_the_boundary_is_compared_and_its_roles_are_listed() {
    let lab = Lab::start(&[]).await;
    let keys = reader(&lab).await;
    lab.create_role("orders-api-role", "/").await;
    lab.silence().await;
    lab.pause_events();
    let document = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
    let edit =
        lab.iam.create_policy_version().policy_arn(OURS).policy_document(document).set_as_default(true);
    edit.send().await.unwrap();
    let event = json!({"eventName": "CreatePolicyVersion", "eventSource": "iam.amazonaws.com", "eventID": "e",
        "recipientAccountId": "123456789012", "requestParameters": {"policyArn": OURS, "setAsDefault": true}});
    let json = shown(&replay(&lab, &keys, &["--json"], &event));
    assert_eq!(
        (&json["decision"], &json["finding"]["severity"]),
        (&json!("boundary-edited"), &json!("CRITICAL"))
    );
    assert!(json["notes"].to_string().contains("orders-api-role"), "{json:#}");
    let versions = lab.iam.list_policy_versions().policy_arn(OURS).send().await.unwrap().versions.unwrap();
    assert!(
        versions
            .iter()
            .any(|version| version.is_default_version && version.version_id.as_deref() == Some("v2"))
    );
}

#[tokio::test]
async fn an_open_function_is_shown_with_what_closes_it() {
    let lab = Lab::start(&[]).await;
    let keys = reader(&lab).await;
    lab.create_role("orders-api-role", "/").await;
    lab.create_function("orders-api", "arn:aws:iam::123456789012:role/orders-api-role").await;
    lab.silence().await;
    let event = json!({"eventName": "AddPermission20150331v2", "eventSource": "lambda.amazonaws.com",
        "eventID": "e", "awsRegion": "us-east-1", "recipientAccountId": "123456789012",
        "requestParameters": {"functionName": "orders-api", "statementId": "public"}});
    let closed = shown(&replay(&lab, &keys, &["--json"], &event));
    assert_eq!((&closed["decision"], &closed["finding"]), (&json!("nothing is open"), &json!(null)));

    lab.pause_events();
    let add = lab.lambda.add_permission().function_name("orders-api").statement_id("public").principal("*");
    add.action("lambda:InvokeFunction").send().await.unwrap();
    let open = shown(&replay(&lab, &keys, &["--json"], &event));
    assert_eq!((&open["decision"], &open["finding"]["severity"]), (&json!("exposed"), &json!("HIGH")));
    assert_eq!(open["role"], "arn:aws:iam::123456789012:role/orders-api-role");
    let remedy = open["finding"]["breaches"][0]["remedy"].as_str().unwrap();
    assert!(remedy.starts_with("aws lambda remove-permission"), "{remedy}");

    lab.resume_events();
    lab.silence().await;
    let told = shown(&replay(&lab, &keys, &["--json"], &event));
    assert_eq!((&told["decision"], &told["finding"]), (&json!("open, told before"), &json!(null)));
}

#[tokio::test]
async fn a_refused_call_is_shown_with_the_statement_that_refused_it() {
    let lab = Lab::start(&[]).await;
    let keys = reader(&lab).await;
    lab.create_role("orders-api-role", "/").await;
    lab.attach("orders-api-role", ADMINISTRATOR).await;
    lab.silence().await;
    let event = json!({"eventName": "CreateUser", "eventSource": "iam.amazonaws.com", "eventID": "e",
        "recipientAccountId": "123456789012", "errorCode": "AccessDenied",
        "errorMessage": "User: x is not authorized to perform: iam:CreateUser with an explicit deny in a permissions boundary",
        "userIdentity": {"type": "AssumedRole", "sessionContext": {"sessionIssuer": {"type": "Role",
            "arn": "arn:aws:iam::123456789012:role/orders-api-role"}}}});
    let json = shown(&replay(&lab, &keys, &["--json"], &event));
    assert_eq!((&json["decision"], &json["finding"]["severity"]), (&json!("denied"), &json!("LOW")));
    assert_eq!(json["finding"]["denial"]["statements"], json!(["DenyCreatingIdentities"]));
    assert_eq!(json["function"], "ringfence-on-boundary-denial");
    lab.silence().await;
    let told = lab.findings_about("orders-api-role").await;
    assert!(told.iter().all(|told| told.text_of("outcome") != "denied"), "nothing is told");
}

#[tokio::test]
async fn a_profile_is_previewed_over_the_roles_that_have_the_other() {
    let lab = Lab::start(&[]).await;
    let keys = reader(&lab).await;
    let policies = [
        (
            "reads-a-bucket",
            r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::orders/*"}"#,
        ),
        (
            "asks-athena",
            r#"{"Effect":"Allow","Action":"athena:StartQueryExecution","Resource":"arn:aws:athena:us-east-1:123456789012:workgroup/orders"}"#,
        ),
    ];
    for (role, statement) in policies {
        lab.create_role(role, "/").await;
        let document = format!(r#"{{"Version":"2012-10-17","Statement":{statement}}}"#);
        let put = lab.iam.put_role_policy().role_name(role).policy_name("own").policy_document(document);
        put.send().await.unwrap();
    }
    lab.silence().await;
    let preview = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_preview-boundary"))
            .args(arguments)
            .env_clear()
            .envs([("AWS_ENDPOINT_URL", lab.url()), ("AWS_ACCESS_KEY_ID", &keys.0)])
            .env("AWS_SECRET_ACCESS_KEY", &keys.1)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let same = preview(&[]);
    assert!(same.contains("Change     none") && same.contains("Roles      2 have"), "{same}");
    let strict = preview(&["strict"]);
    assert!(strict.contains("Change     it allows nothing that the one in force does not"), "{strict}");
    assert!(strict.contains("- reads-a-bucket loses nothing"), "{strict}");
    assert!(strict.contains("- asks-athena LOSES athena:StartQueryExecution on arn:aws:athena"), "{strict}");
}
