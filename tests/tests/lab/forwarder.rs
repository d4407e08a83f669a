//! Two Regions: Ringfence in the home region, `forwarder.yaml` in another. What happens to functions there is handled as if it had
//! happened at home, once, and what is told leads to where it happened.
//!
//! That a rule delivers to the bus of another Region is the lab's doing (`event_forwarding` in `tests/lab/README.md`).

use crate::denials::{arn, bounded_administrator, denials};
use serde_json::{Value, json};
use tests::lab::{ADMINISTRATOR, Call, Lab, OURS, Told};

const ELSEWHERE: &str = "eu-west-1";
const FUNCTION: &str = "arn:aws:lambda:eu-west-1:123456789012:function:orders-api";

fn cloudformation(operation: &'static str, parameters: Value) -> Call {
    Call { service: "cloudformation", operation, parameters }
}

/// What came of deploying the forwarder in a Region.
fn deploy_forwarder(lab: &Lab, region: &str) -> Result<Value, String> {
    let template = std::fs::read_to_string(tests::project_root().join("forwarder.yaml")).expect("a template");
    let stack = json!({"StackName": "ringfence-forwarder", "TemplateBody": template,
        "Capabilities": ["CAPABILITY_NAMED_IAM"]});
    lab.call_in(region, &[cloudformation("create_stack", stack)]).remove(0)
}

async fn with_a_forwarder() -> Lab {
    let lab = Lab::start(&[]).await;
    deploy_forwarder(&lab, ELSEWHERE).expect("CreateStack");
    lab.until("the forwarder", || {
        let stack = cloudformation("describe_stacks", json!({"StackName": "ringfence-forwarder"}));
        let answer = lab.call_in(ELSEWHERE, &[stack]).remove(0).expect("DescribeStacks");
        answer["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
    })
    .await;
    lab
}

/// A role whose own events nobody heard, so that only its function's can lead to it.
async fn unheard_role(lab: &Lab, name: &str) {
    lab.pause_events();
    lab.create_role(name, "/").await;
    lab.attach(name, ADMINISTRATOR).await;
    lab.forget_events();
    lab.resume_events();
}

fn words(told: &[Told]) -> Vec<(&str, &str)> {
    told.iter().map(|told| (told.text_of("outcome"), told.text_of("severity"))).collect()
}

fn event_link_is_of(told: &Told, region: &str) -> bool {
    let link = told.finding["links"]["event"].as_str().expect("a link");
    link.starts_with(&format!("https://{region}.console.aws.amazon.com/"))
}

#[tokio::test]
async fn a_function_of_another_region_is_contained_and_told_once() {
    let lab = with_a_forwarder().await;
    unheard_role(&lab, "orders-api-role").await;
    lab.create_function_in(ELSEWHERE, "orders-api", &arn("orders-api-role")).await;
    lab.silence().await;
    assert_eq!(lab.boundary_of("orders-api-role").await.as_deref(), Some(OURS));
    let findings = lab.findings_about("orders-api-role").await;
    assert_eq!(words(&findings), [("bounded", "CRITICAL")], "{findings:?}");
    assert_eq!(lab.messages_about("orders-api-role").await.len(), 1, "nothing comes twice");
    let told = &findings[0];
    assert_eq!(told.finding["region"], json!("us-east-1"), "where Ringfence runs");
    assert_eq!(told.finding["trigger"]["event"], json!("CreateFunction"));
    assert_eq!(told.finding["functions"], json!([FUNCTION]));
    assert!(event_link_is_of(told, ELSEWHERE), "{:#}", told.finding["links"]);
    let undo = told.text_of("undo");
    assert!(
        undo.contains("--region us-east-1") && !undo.contains(ELSEWHERE),
        "the ledger is at home: {undo}"
    );
    assert_eq!(told.finding["fix"]["cloudformation"], json!(format!("PermissionsBoundary: {OURS}")));

    // Its configuration is asked for where the function is.
    let end = lab.journal_end();
    let update = json!({"FunctionName": "orders-api", "Description": "orders"});
    let update = Call { service: "lambda", operation: "update_function_configuration", parameters: update };
    lab.call_in(ELSEWHERE, &[update]).remove(0).expect("UpdateFunctionConfiguration");
    lab.silence().await;
    let handled = lab.journal_since(end).into_iter().filter(|entry| {
        entry["kind"] == json!("invocation") && entry["function"] == json!("ringfence-on-function-change")
    });
    assert_eq!(handled.count(), 1, "forwarded once");
    assert_eq!(lab.findings_about("orders-api-role").await.len(), 1, "all is well");
    assert!(lab.dead_letters().await.is_empty());
}

#[tokio::test]
async fn a_function_that_is_opened_and_a_call_that_is_refused_in_another_region_are_told() {
    let lab = with_a_forwarder().await;
    bounded_administrator(&lab, "orders-api-role").await;
    lab.create_function_in(ELSEWHERE, "orders-api", &arn("orders-api-role")).await;
    lab.silence().await;
    let open = json!({"FunctionName": "orders-api", "StatementId": "open", "Principal": "*", "Action": "lambda:InvokeFunction"});
    let open = Call { service: "lambda", operation: "add_permission", parameters: open };
    lab.call_in(ELSEWHERE, &[open]).remove(0).expect("AddPermission");
    lab.silence().await;
    let mut exposed = lab.findings().await;
    exposed.retain(|told| told.text_of("outcome") == "exposed");
    let [told] = &exposed[..] else { panic!("one finding: {exposed:?}") };
    assert_eq!(told.finding["functions"], json!([FUNCTION]));
    assert!(event_link_is_of(told, ELSEWHERE), "{:#}", told.finding["links"]);
    assert!(told.says("--region eu-west-1 --function-name orders-api"), "{}", told.text);

    let change = json!({"FunctionName": "orders-api", "Description": "by the function itself"});
    let change = Call { service: "lambda", operation: "update_function_configuration", parameters: change };
    let came = lab.call_as_in(&arn("orders-api-role"), ELSEWHERE, &[change]);
    assert!(came[0].as_ref().is_err_and(|code| code.starts_with("AccessDenied")), "{came:?}");
    lab.silence().await;
    let denials = denials(&lab).await;
    let [told] = &denials[..] else { panic!("one finding: {denials:?}") };
    assert_eq!(told.finding["denial"]["action"], json!("lambda:UpdateFunctionConfiguration"));
    assert!(event_link_is_of(told, ELSEWHERE), "{:#}", told.finding["links"]);
}

#[tokio::test]
async fn the_home_region_refuses_the_forwarder_and_names_the_template_for_it() {
    let lab = Lab::start(&[]).await;
    let template = std::fs::read_to_string(tests::project_root().join("forwarder.yaml")).expect("a template");
    let refused = deploy_forwarder(&lab, "us-east-1");
    assert_eq!(refused.expect_err("it is refused"), "ValidationError");
    assert!(template.contains("Deploy template.yaml here"));
    let gone = cloudformation("describe_stacks", json!({"StackName": "ringfence-forwarder"}));
    assert!(lab.call_as_administrator(&[gone]).remove(0).is_err(), "no stack is left");
}

#[tokio::test]
async fn a_rule_of_the_forwarder_that_is_switched_off_is_told_at_home() {
    let lab = with_a_forwarder().await;
    let off = json!({"Name": "ringfence-forward-function-change"});
    let off = Call { service: "events", operation: "disable_rule", parameters: off };
    lab.call_in(ELSEWHERE, &[off]).remove(0).expect("DisableRule");
    lab.silence().await;
    let mut told = lab.findings().await;
    told.retain(|told| told.text_of("outcome") == "self-tamper");
    let [told] = &told[..] else { panic!("one finding: {told:?}") };
    assert_eq!(told.finding["region"], json!(ELSEWHERE));
    assert_eq!(told.finding["trigger"]["event"], json!("DisableRule"));
    assert!(
        told.text_of("summary").contains("ringfence-forward-function-change"),
        "{}",
        told.text_of("summary")
    );
    assert!(lab.dead_letters().await.is_empty());
}
