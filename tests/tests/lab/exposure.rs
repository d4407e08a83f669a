//! Functions that are opened to others, by ordinary API calls: told once, closed by the lines that were told, told to be over.

use aws_sdk_lambda::types::FunctionUrlAuthType;
use serde_json::{Value, json};
use std::fmt::Write as _;
use tests::lab::{ADMINISTRATOR, Lab, Told};

const ROLE: &str = "arn:aws:iam::123456789012:role/orders-api-role";
const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:orders-api";

/// A function with an administrator for a role; what that leads to is not looked at here.
async fn with_a_function(parameters: &[(&str, &str)]) -> Lab {
    let lab = Lab::start(parameters).await;
    lab.create_role("orders-api-role", "/").await;
    lab.attach("orders-api-role", ADMINISTRATOR).await;
    lab.create_function("orders-api", ROLE).await;
    lab.silence().await;
    lab
}

/// Findings about who may call the function.
async fn told(lab: &Lab) -> Vec<Told> {
    let mut findings = lab.findings().await;
    findings.retain(|told| told.text_of("problem") == format!("123456789012/{FUNCTION}/exposure"));
    findings
}

fn words(findings: &[Told]) -> Vec<(&str, &str)> {
    findings.iter().map(|told| (told.text_of("outcome"), told.text_of("severity"))).collect()
}

/// A statement; what is not given is not asked for.
#[derive(Clone, Copy, Default)]
struct Permission<'a> {
    sid: &'a str,
    principal: &'a str,
    qualifier: Option<&'a str>,
    source_account: Option<&'a str>,
}

async fn permit(lab: &Lab, permission: Permission<'_>) {
    let add = lab.lambda.add_permission().function_name("orders-api").action("lambda:InvokeFunction");
    let add = add.statement_id(permission.sid).principal(permission.principal);
    let add = add
        .set_qualifier(permission.qualifier.map(str::to_owned))
        .set_source_account(permission.source_account.map(str::to_owned));
    add.send().await.unwrap_or_else(|e| panic!("AddPermission: {e:?}"));
}

/// As SAM does: both permissions, and the URL.
async fn open_to_the_internet(lab: &Lab, qualifier: Option<&str>) {
    let qualifier = || qualifier.map(str::to_owned);
    let add = || lab.lambda.add_permission().function_name("orders-api").principal("*");
    let add = || add().set_qualifier(qualifier());
    let url = add().statement_id("FunctionURLAllowPublicAccess").action("lambda:InvokeFunctionUrl");
    url.function_url_auth_type(FunctionUrlAuthType::None).send().await.expect("AddPermission");
    let invoke = add().statement_id("FunctionURLInvokeAllowPublicAccess").action("lambda:InvokeFunction");
    invoke.invoked_via_function_url(true).send().await.expect("AddPermission");
    let create = lab.lambda.create_function_url_config().function_name("orders-api");
    let create = create.set_qualifier(qualifier()).auth_type(FunctionUrlAuthType::None);
    create.send().await.expect("CreateFunctionUrlConfig");
}

async fn publish_version_and_alias(lab: &Lab) {
    lab.lambda.publish_version().function_name("orders-api").send().await.expect("PublishVersion");
    let alias = lab.lambda.create_alias().function_name("orders-api").name("live").function_version("1");
    alias.send().await.expect("CreateAlias");
}

/// The lines that a person pastes into a shell.
fn lines(told: &Told) -> Vec<String> {
    let lines = told.text.lines().filter_map(|line| line.strip_prefix("    "));
    lines.filter(|line| line.starts_with("aws lambda ")).map(str::to_owned).collect()
}

fn paste(lab: &Lab, lines: &[String]) {
    let mut page = "```sh lab\n".to_owned();
    lines.iter().for_each(|line| writeln!(page, "{line}").expect("a String takes it"));
    page.push_str("```\n");
    let file = std::env::temp_dir().join(format!("ringfence-exposure-{}.md", std::process::id()));
    std::fs::write(&file, page).expect("a page to paste from");
    let output = lab.run_page(file.to_str().expect("a path"));
    std::fs::remove_file(&file).expect("it was there");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Calls of Ringfence's functions that change something of a function or a role.
fn writes_since(lab: &Lab, seq: usize) -> Vec<Value> {
    let written = ["AddPermission", "RemovePermission", "UpdateFunctionUrlConfig", "DeleteFunctionUrlConfig"];
    let written = written.into_iter().chain(["PutRolePermissionsBoundary", "PutResourcePolicy"]);
    written.flat_map(|operation| lab.own_calls_since(seq, operation)).collect()
}

#[tokio::test]
async fn a_public_url_is_one_finding_and_its_lines_close_it() {
    let lab = with_a_function(&[]).await;
    let since = lab.journal_end();
    open_to_the_internet(&lab, None).await;
    lab.silence().await;
    let findings = told(&lab).await;
    assert_eq!(words(&findings), [("exposed", "MEDIUM")], "the boundary caps the role");
    let finding = &findings[0].finding;
    assert_eq!(finding["role"]["arn"], json!(ROLE));
    assert_eq!(finding["functions"], json!([FUNCTION]));
    assert_eq!(finding["breaches"][0]["check"], json!("function-url-public"));
    assert!(findings[0].says("A boundary does not close this"), "{}", findings[0].text);
    assert!(writes_since(&lab, since).is_empty(), "nothing is changed");

    let lines = lines(&findings[0]);
    assert_eq!(lines.len(), 1, "{lines:?}");
    paste(&lab, &lines);
    lab.silence().await;
    let findings = told(&lab).await;
    assert_eq!(words(&findings), [("exposed", "MEDIUM"), ("resolved", "INFO")]);
    assert_eq!(findings[1].finding["resolves"], json!([findings[0].text_of("id")]));
    assert!(lab.dead_letters().await.is_empty());
}

#[tokio::test]
async fn events_in_any_order_and_number_are_one_finding() {
    let lab = with_a_function(&[("Mode", "observe")]).await;
    lab.post("tap", json!({"duplicate": 3, "shuffle": 4, "seed": 7}));
    open_to_the_internet(&lab, None).await;
    lab.silence().await;
    assert_eq!(words(&told(&lab).await), [("exposed", "CRITICAL")], "an administrator without a boundary");
    assert!(lab.dead_letters().await.is_empty());
}

#[tokio::test]
async fn each_half_of_a_public_url_is_nothing() {
    let lab = with_a_function(&[]).await;
    let create = lab.lambda.create_function_url_config().function_name("orders-api");
    create.auth_type(FunctionUrlAuthType::None).send().await.expect("CreateFunctionUrlConfig");
    permit(
        &lab,
        Permission {
            sid: "nightly",
            principal: "events.amazonaws.com",
            source_account: Some("123456789012"),
            ..Permission::default()
        },
    )
    .await;
    permit(&lab, Permission { sid: "own", principal: "123456789012", ..Permission::default() }).await;
    lab.silence().await;
    assert_eq!(words(&told(&lab).await), []);
    // An empty ledger and an empty queue: nothing was told, and nothing failed.
    assert!(lab.dead_letters().await.is_empty());
}

/// Three entrances with three kinds of strangers; what the finding says closes all of it.
#[tokio::test]
async fn versions_and_aliases_are_told_with_lines_of_their_own() {
    let lab = with_a_function(&[]).await;
    publish_version_and_alias(&lab).await;
    lab.silence().await;
    lab.pause_events();
    open_to_the_internet(&lab, Some("live")).await;
    permit(&lab, Permission { sid: "everyone", principal: "*", ..Permission::default() }).await;
    permit(
        &lab,
        Permission {
            sid: "partner",
            principal: "210987654321",
            qualifier: Some("live"),
            ..Permission::default()
        },
    )
    .await;
    lab.resume_events();
    lab.silence().await;
    let findings = told(&lab).await;
    assert_eq!(words(&findings), [("exposed", "HIGH")], "all that was opened before anybody looked");
    let mut first = lines(&findings[0]);

    permit(
        &lab,
        Permission {
            sid: "s3",
            principal: "s3.amazonaws.com",
            qualifier: Some("1"),
            ..Permission::default()
        },
    )
    .await;
    lab.silence().await;
    let findings = told(&lab).await;
    assert_eq!(words(&findings), [("exposed", "HIGH"), ("exposed", "HIGH")], "a version is open too now");
    let all = lines(&findings[1]);
    first.retain(|line| !all.contains(line));
    assert!(first.is_empty() && all.len() == 4, "{all:?}");

    paste(&lab, &all[..3]);
    lab.silence().await;
    assert_eq!(told(&lab).await.len(), 2, "a part that is closed is no news");
    paste(&lab, &all[3..]);
    lab.silence().await;
    let findings = told(&lab).await;
    assert_eq!(findings.len(), 3);
    assert_eq!(findings[2].text_of("outcome"), "resolved");
    assert_eq!(findings[2].finding["resolves"].as_array().expect("ids").len(), 2);
    assert!(lab.dead_letters().await.is_empty());
}

#[tokio::test]
async fn a_function_that_goes_takes_its_openings_with_it() {
    let lab = with_a_function(&[]).await;
    permit(&lab, Permission { sid: "everyone", principal: "*", ..Permission::default() }).await;
    lab.silence().await;
    lab.lambda.delete_function().function_name("orders-api").send().await.expect("DeleteFunction");
    lab.silence().await;
    assert_eq!(words(&told(&lab).await), [("exposed", "HIGH"), ("resolved", "INFO")]);
    assert!(lab.dead_letters().await.is_empty());
}

#[tokio::test]
async fn lambda_away_for_a_while_delays_the_finding_and_away_for_good_leaves_the_event() {
    let lab = with_a_function(&[]).await;
    let failing = |times: Value| {
        let what = json!({"kind": "fail", "service": "lambda", "operation": "GetPolicy",
            "function": "ringfence-on-exposure-change", "times": times, "status": 500, "code": "ServiceException"});
        lab.post("faults", what);
    };
    // More often than the SDK asks in one attempt, less often than Lambda makes attempts.
    failing(json!(5));
    permit(&lab, Permission { sid: "everyone", principal: "*", ..Permission::default() }).await;
    lab.silence().await;
    assert_eq!(words(&told(&lab).await), [("exposed", "HIGH")]);
    assert!(lab.dead_letters().await.is_empty());

    lab.delete("faults");
    failing(json!(null));
    permit(&lab, Permission { sid: "partner", principal: "210987654321", ..Permission::default() }).await;
    lab.silence().await;
    assert_eq!(told(&lab).await.len(), 1, "nothing is told that was not read");
    lab.delete("faults");
    assert_eq!(lab.dead_letter_count().await, 1);
    lab.redrive();
    lab.silence().await;
    assert_eq!(words(&told(&lab).await), [("exposed", "HIGH"), ("exposed", "HIGH")]);
}
