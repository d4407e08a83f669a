//! An administrator under the boundary has no power over Ringfence: whatever it tries with its own credentials is refused,
//! and nothing changes. The same calls of the same role without the boundary come through, all of them.
//!
//! The lab enforces boundaries. It does not know the ledger's resource policy, which on AWS refuses even the latter, and it
//! does not tell which alarms a call is about, so alarms are not tried.

use serde_json::{Value, json};
use tests::lab::{ADMINISTRATOR, Call, Lab, OURS};

pub(super) const TRUSTS_LAMBDA_AND_THE_ACCOUNT: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"},
    {"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"sts:AssumeRole"}]}"#;
const EVERYTHING: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;

fn call(service: &'static str, operation: &'static str, parameters: Value) -> Call {
    Call { service, operation, parameters }
}

fn arn(role: &str) -> String {
    format!("arn:aws:iam::123456789012:role/{role}")
}

/// What an attacker has to know of the installation.
struct Installation {
    table: String,
    topic: String,
    subscription: String,
    review_queue: String,
    dead_letters: String,
    mapping: String,
    key: String,
    zip: String,
}

impl Installation {
    fn of(lab: &Lab) -> Self {
        let described = lab.call_as_administrator(&[
            call("cloudformation", "describe_stack_resources", json!({"StackName": "ringfence"})),
            call("lambda", "list_event_source_mappings", json!({"FunctionName": "ringfence-review-role"})),
            call("sns", "list_subscriptions_by_topic", json!({"TopicArn": lab.topic()})),
        ]);
        let [resources, mappings, subscriptions] =
            described.try_into().map(|all: [_; 3]| all.map(|one| one.expect("an answer"))).expect("three");
        let physical = |logical: &str| -> String {
            let resources = resources["StackResources"].as_array().expect("resources");
            let found = resources.iter().find(|resource| resource["LogicalResourceId"] == json!(logical));
            let id = found.and_then(|resource| resource["PhysicalResourceId"].as_str());
            id.unwrap_or_else(|| panic!("no resource is called {logical}")).to_owned()
        };
        Self {
            table: physical("LedgerTable"),
            topic: physical("FindingsTopic"),
            subscription: subscriptions["Subscriptions"][0]["SubscriptionArn"]
                .as_str()
                .expect("one")
                .to_owned(),
            review_queue: physical("ReviewQueue"),
            dead_letters: physical("DeadLetterQueue"),
            mapping: mappings["EventSourceMappings"][0]["UUID"].as_str().expect("a mapping").to_owned(),
            key: physical("FindingsKey"),
            // The smallest: no file.
            zip: format!("PK\u{5}\u{6}{}", "\0".repeat(18)),
        }
    }
}

/// In an order in which each could come through: what deletes comes last.
fn attacks(on: &Installation, attacker: &str) -> Vec<Call> {
    let item = |pk: &str, sk: &str| {
        json!({"pk": {"S": pk}, "sk": {"S": sk}, "owner": {"S": "me"}, "by": {"S": "me"},
        "reason": {"S": "because"}, "finding": {"S": "rf-1"}, "expires_at": {"S": "2027-01-01T00:00:00Z"}})
    };
    let key = json!({"pk": {"S": "role"}, "sk": {"S": attacker}});
    let table = &on.table;
    let own = "ringfence-on-role-change";
    let ringfences_role = "arn:aws:iam::123456789012:role/ringfence/ringfence-undo-remediation";
    let mut attacks = Vec::new();
    let mut try_it = |service, operation, parameters| attacks.push(call(service, operation, parameters));

    // The ledger.
    try_it("dynamodb", "put_item", json!({"TableName": table, "Item": item("exemption", "*-role")}));
    try_it("dynamodb", "put_item", json!({"TableName": table, "Item": item("undo-request", attacker)}));
    try_it("dynamodb", "put_item", json!({"TableName": table, "Item": item("settings", "mode")}));
    try_it(
        "dynamodb",
        "update_item",
        json!({"TableName": table, "Key": key, "UpdateExpression": "REMOVE #r",
        "ExpressionAttributeNames": {"#r": "record"}}),
    );
    try_it(
        "dynamodb",
        "batch_write_item",
        json!({"RequestItems": {table: [{"DeleteRequest": {"Key": key}}]}}),
    );
    try_it("dynamodb", "delete_item", json!({"TableName": table, "Key": key}));

    // Its functions, and what calls them.
    try_it(
        "lambda",
        "invoke",
        json!({"FunctionName": "ringfence-undo-remediation", "Payload": r#"{"all":true,"dry_run":true}"#}),
    );
    try_it(
        "lambda",
        "update_function_configuration",
        json!({"FunctionName": own, "Environment": {"Variables": {}}}),
    );
    try_it(
        "lambda",
        "put_function_concurrency",
        json!({"FunctionName": own, "ReservedConcurrentExecutions": 0}),
    );
    try_it(
        "lambda",
        "add_permission",
        json!({"FunctionName": own, "StatementId": "me", "Action": "lambda:InvokeFunction", "Principal": "123456789012"}),
    );
    try_it("lambda", "delete_event_source_mapping", json!({"UUID": on.mapping}));
    try_it("events", "disable_rule", json!({"Name": own}));
    try_it("events", "put_rule", json!({"Name": own, "EventPattern": r#"{"source":["nobody"]}"#}));

    // What it writes to.
    try_it("sns", "publish", json!({"TopicArn": on.topic, "Message": "all is well"}));
    try_it(
        "sns",
        "set_topic_attributes",
        json!({"TopicArn": on.topic, "AttributeName": "DisplayName", "AttributeValue": "x"}),
    );
    try_it("sns", "unsubscribe", json!({"SubscriptionArn": on.subscription}));
    try_it("sqs", "send_message", json!({"QueueUrl": on.review_queue, "MessageBody": "{}"}));
    try_it(
        "sqs",
        "set_queue_attributes",
        json!({"QueueUrl": on.dead_letters, "Attributes": {"VisibilityTimeout": "0"}}),
    );
    try_it("sqs", "purge_queue", json!({"QueueUrl": on.dead_letters}));

    // Its boundaries and roles.
    try_it(
        "iam",
        "create_policy_version",
        json!({"PolicyArn": OURS, "PolicyDocument": EVERYTHING, "SetAsDefault": true}),
    );
    try_it("iam", "set_default_policy_version", json!({"PolicyArn": OURS, "VersionId": "v1"}));
    try_it("iam", "delete_policy_version", json!({"PolicyArn": OURS, "VersionId": "v2"}));
    try_it(
        "iam",
        "attach_role_policy",
        json!({"RoleName": "ringfence-undo-remediation", "PolicyArn": ADMINISTRATOR}),
    );
    try_it(
        "iam",
        "update_assume_role_policy",
        json!({"RoleName": "ringfence-undo-remediation", "PolicyDocument": TRUSTS_LAMBDA_AND_THE_ACCOUNT}),
    );
    try_it("sts", "assume_role", json!({"RoleArn": ringfences_role, "RoleSessionName": "me"}));
    try_it("iam", "delete_role_permissions_boundary", json!({"RoleName": "ringfence-undo-remediation"}));

    // More rights for itself.
    try_it(
        "iam",
        "put_role_permissions_boundary",
        json!({"RoleName": attacker, "PermissionsBoundary": ADMINISTRATOR}),
    );
    try_it("iam", "delete_role_permissions_boundary", json!({"RoleName": attacker}));
    try_it(
        "iam",
        "attach_role_policy",
        json!({"RoleName": attacker, "PolicyArn": "arn:aws:iam::aws:policy/PowerUserAccess"}),
    );
    try_it(
        "iam",
        "put_role_policy",
        json!({"RoleName": attacker, "PolicyName": "all", "PolicyDocument": EVERYTHING}),
    );
    try_it("iam", "create_user", json!({"UserName": "mine"}));
    try_it("iam", "create_access_key", json!({"UserName": "mine"}));
    try_it(
        "iam",
        "create_role",
        json!({"RoleName": "mine", "AssumeRolePolicyDocument": TRUSTS_LAMBDA_AND_THE_ACCOUNT}),
    );
    try_it("iam", "create_policy", json!({"PolicyName": "mine", "PolicyDocument": EVERYTHING}));
    try_it(
        "lambda",
        "create_function",
        json!({"FunctionName": "mine", "Role": ringfences_role, "Runtime": "provided.al2023",
        "Handler": "bootstrap", "Code": {"ZipFile": on.zip}}),
    );

    // The end of it.
    try_it("events", "remove_targets", json!({"Rule": own, "Ids": ["1"]}));
    try_it("lambda", "delete_function", json!({"FunctionName": own}));
    try_it("logs", "delete_log_group", json!({"logGroupName": "/aws/lambda/ringfence-on-role-change"}));
    try_it(
        "ssm",
        "put_parameter",
        json!({"Name": "/ringfence/boundary-arn", "Value": "x", "Overwrite": true}),
    );
    try_it("kms", "schedule_key_deletion", json!({"KeyId": on.key}));
    try_it("sqs", "delete_queue", json!({"QueueUrl": on.dead_letters}));
    try_it("sns", "delete_topic", json!({"TopicArn": on.topic}));
    try_it("dynamodb", "delete_table", json!({"TableName": table}));
    try_it("cloudformation", "delete_stack", json!({"StackName": "ringfence"}));
    attacks
}

#[tokio::test]
async fn an_administrator_under_the_boundary_has_no_power_over_ringfence() {
    let lab = Lab::start(&[]).await;
    lab.create_role_trusting("attacker", "/", TRUSTS_LAMBDA_AND_THE_ACCOUNT).await;
    lab.attach("attacker", ADMINISTRATOR).await;
    lab.silence().await;
    assert_eq!(lab.boundary_of("attacker").await.as_deref(), Some(OURS));
    lab.pause_events();
    lab.create_role_trusting("twin", "/", TRUSTS_LAMBDA_AND_THE_ACCOUNT).await;
    lab.attach("twin", ADMINISTRATOR).await;

    let installation = Installation::of(&lab);
    let attacks = attacks(&installation, "attacker");
    let before = lab.journal_end();
    let came_of = lab.call_as(&arn("attacker"), &attacks);
    let not_refused: Vec<String> = attacks
        .iter()
        .zip(&came_of)
        .filter(|(_, came)| !came.as_ref().is_err_and(|code| DENIALS.contains(&code.as_str())))
        .map(|(attack, came)| format!("{}:{}: {came:?}", attack.service, attack.operation))
        .collect();
    assert!(not_refused.is_empty(), "{not_refused:#?}");
    let mut made = lab.journal_since(before);
    made.retain(|entry| entry["caller"]["role"] == json!("attacker") && entry["status"] == json!(200));
    assert!(made.is_empty(), "nothing came through: {made:#?}");
    assert_eq!(lab.boundary_of("attacker").await.as_deref(), Some(OURS));

    // The calls are such as come through: with the same policies and no boundary they do.
    let came_of = lab.call_as(&arn("twin"), &attacks);
    let failed: Vec<String> = attacks
        .iter()
        .zip(&came_of)
        .filter(|(_, came)| came.is_err())
        .map(|(attack, came)| format!("{}:{}: {came:?}", attack.service, attack.operation))
        .collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

/// By which services refuse what IAM does not allow.
const DENIALS: [&str; 3] = ["AccessDenied", "AccessDeniedException", "AuthorizationError"];
