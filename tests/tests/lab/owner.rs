//! Whose role it is: by the tags of its function, or of the stack that made it, where its own do not tell.

use serde_json::json;
use tests::lab::{ADMINISTRATOR, Call, Lab, TRUSTS_LAMBDA};

fn call(service: &'static str, operation: &'static str, parameters: serde_json::Value) -> Call {
    Call { service, operation, parameters }
}

async fn owner_in_last_finding(lab: &Lab, role: &str) -> serde_json::Value {
    let findings = lab.findings_about(role).await;
    let last = findings.last().unwrap_or_else(|| panic!("nothing was told about {role}"));
    last.finding["role"]["owner"].clone()
}

#[tokio::test]
async fn the_finding_names_the_owner_of_the_function_or_of_the_stack() {
    let lab = Lab::start(&[]).await;

    lab.create_role("orders-api-role", "/").await;
    lab.create_function("orders-api", "arn:aws:iam::123456789012:role/orders-api-role").await;
    lab.silence().await;
    assert_eq!(owner_in_last_finding(&lab, "orders-api-role").await, json!(null), "nobody tells it yet");
    let tags = json!({"Resource": "arn:aws:lambda:us-east-1:123456789012:function:orders-api", "Tags": {"Team": "shop"}});
    lab.call_as_administrator(&[call("lambda", "tag_resource", tags)]).remove(0).expect("TagResource");
    lab.attach("orders-api-role", ADMINISTRATOR).await;
    lab.silence().await;
    assert_eq!(owner_in_last_finding(&lab, "orders-api-role").await, json!("shop"));

    let template = json!({"Resources": {"WorkerRole": {"Type": "AWS::IAM::Role",
        "Properties": {"AssumeRolePolicyDocument": serde_json::from_str::<serde_json::Value>(TRUSTS_LAMBDA).expect("JSON")}}}});
    let stack = json!({"StackName": "billing", "TemplateBody": template.to_string(),
        "Tags": [{"Key": "owner", "Value": "finance"}], "Capabilities": ["CAPABILITY_IAM"]});
    lab.call_as_administrator(&[call("cloudformation", "create_stack", stack)])
        .remove(0)
        .expect("CreateStack");
    lab.until("the stack", || {
        let described = call("cloudformation", "describe_stacks", json!({"StackName": "billing"}));
        let answer = lab.call_as_administrator(&[described]).remove(0).expect("DescribeStacks");
        answer["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
    })
    .await;
    let resources = call("cloudformation", "describe_stack_resources", json!({"StackName": "billing"}));
    let resources = lab.call_as_administrator(&[resources]).remove(0).expect("DescribeStackResources");
    let role = resources["StackResources"][0]["PhysicalResourceId"].as_str().expect("the role").to_owned();
    lab.attach(&role, ADMINISTRATOR).await;
    lab.silence().await;
    assert_eq!(owner_in_last_finding(&lab, &role).await, json!("finance"), "{role}");
}
