//! Parameters and outputs: what people and other templates rely on.

use crate::stack;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use tests::template::Template;

/// Every parameter there will be and its default. Those without one come with the feature that uses them.
const PARAMETERS: [(&str, Option<&str>); 24] = [
    ("Mode", Some("enforce")),
    ("SweepMode", Some("observe")),
    ("BoundaryProfile", Some("baseline")),
    ("BoundaryArn", Some("")),
    ("ApprovedBoundaryArns", Some("")),
    ("EnforceAt", Some("INFO")),
    ("EnforceExistingAt", Some("HIGH")),
    ("EnforceSharedTrust", Some("new")),
    ("ReplaceWider", Some("false")),
    ("AllowedPassRoleArns", Some("")),
    ("AllowedAssumeRoleArns", Some("")),
    ("ProtectedRoles", Some("")),
    ("OperatorPrincipals", Some("")),
    ("BreakGlassRoleArn", Some("")),
    ("OwnerTagKeys", Some("owner,team")),
    ("FindingsEmail", Some("")),
    ("CentralFindingsTopicArn", Some("")),
    ("SecurityHub", Some("false")),
    ("AccessAnalyzer", Some("validate")),
    ("TrailArn", Some("")),
    ("PolicyGenerationRoleArn", Some("")),
    ("SweepSchedule", Some("rate(12 hours)")),
    ("ReservedConcurrency", Some("0")),
    ("Architecture", Some("arm64")),
];

const OUTPUTS: [&str; 7] = [
    "BoundaryPolicyArn",
    "DeadLetterQueueUrl",
    "FindingsTopicArn",
    "LedgerTableName",
    "ReportBucketName",
    "ReviewQueueUrl",
    "UndoFunctionName",
];

fn declared() -> BTreeMap<String, Value> {
    let template = Template::of_project();
    template.section("Parameters").as_object().expect("parameters").clone().into_iter().collect()
}

#[test]
fn parameters_and_their_defaults() {
    let expected: BTreeMap<&str, &str> =
        PARAMETERS.iter().filter_map(|(name, default)| Some((*name, (*default)?))).collect();
    let parameters = declared();
    let found: BTreeMap<&str, String> = parameters
        .iter()
        .map(|(name, parameter)| {
            let default = &parameter["Default"];
            (name.as_str(), default.as_str().map_or_else(|| default.to_string(), str::to_owned))
        })
        .collect();
    assert_eq!(found, expected.into_iter().map(|(name, default)| (name, default.to_owned())).collect());
}

#[test]
fn every_parameter_is_explained_constrained_grouped_and_used() {
    let template = Template::of_project();
    let interface = &template.section("Metadata")["AWS::CloudFormation::Interface"];
    let grouped: Vec<&str> = interface["ParameterGroups"]
        .as_array()
        .expect("groups")
        .iter()
        .flat_map(|group| group["Parameters"].as_array().expect("parameters"))
        .filter_map(Value::as_str)
        .collect();
    let everything_else =
        ["Conditions", "Globals", "Resources"].map(|section| template.section(section).to_string()).join("");
    for (name, parameter) in declared() {
        assert!(
            parameter["Description"].as_str().is_some_and(|text| text.len() > 40),
            "{name} is not explained"
        );
        let constrained = ["AllowedValues", "AllowedPattern", "MinValue"]
            .iter()
            .any(|limit| parameter.get(limit).is_some());
        // Tag keys may be anything.
        assert!(constrained || name == "OwnerTagKeys", "{name} takes anything");
        assert_eq!(
            grouped.iter().filter(|grouped| **grouped == name).count(),
            1,
            "{name} in the console's groups"
        );
        assert!(interface["ParameterLabels"].get(&name).is_some(), "{name} has no label");
        assert!(everything_else.contains(&format!(r#"{{"Ref":"{name}"}}"#)), "nothing uses {name}");
    }
}

#[test]
fn outputs() {
    assert_eq!(
        stack().outputs().keys().map(String::as_str).collect::<BTreeSet<_>>(),
        BTreeSet::from(OUTPUTS)
    );
}

#[test]
fn ours_is_the_boundary_that_the_admin_chose_everywhere_the_same() {
    let profile = |name: &str| format!("arn:aws:iam::123456789012:policy/ringfence/ringfence-{name}-v1");
    let own = "arn:aws:iam::123456789012:policy/platform/our-cap";
    for (parameters, ours) in [
        (vec![], profile("baseline")),
        (vec![("BoundaryProfile", "strict")], profile("strict")),
        (vec![("BoundaryProfile", "strict"), ("BoundaryArn", own)], own.to_owned()),
    ] {
        let stack = Template::of_project().rendered(&parameters);
        assert_eq!(stack.outputs()["BoundaryPolicyArn"], ours);
        assert_eq!(stack.properties("BoundaryArnParameter")["Name"], "/ringfence/boundary-arn");
        assert_eq!(stack.properties("BoundaryArnParameter")["Value"], ours);
        for (id, function) in stack.of_type("AWS::Serverless::Function") {
            assert_eq!(
                function["Properties"]["Environment"]["Variables"]["RINGFENCE_BOUNDARY_ARN"], ours,
                "{id}"
            );
        }
        crate::permissions::assert_only_our_boundary_can_be_put(&stack, &ours);
    }
}

#[test]
fn outside_the_home_regions_the_deployment_is_refused_with_advice() {
    let rules = Template::of_project().section("Rules").clone();
    let assertion = &rules["HomeRegion"]["Assertions"][0];
    let regions = json!(["us-east-1", "us-gov-west-1", "cn-north-1"]);
    assert_eq!(assertion["Assert"], json!({"Fn::Contains": [regions, {"Ref": "AWS::Region"}]}));
    assert!(assertion["AssertDescription"].as_str().is_some_and(|text| text.contains("forwarder.yaml")));
}

#[test]
fn the_ledger_survives_the_stack_and_is_in_nobodys_way() {
    let stack = stack();
    let ledger = stack.resource("LedgerTable");
    assert_eq!(ledger["DeletionPolicy"], "RetainExceptOnCreate");
    assert_eq!(ledger["UpdateReplacePolicy"], "Retain");
    let properties = &ledger["Properties"];
    assert!(
        properties.get("TableName").is_none(),
        "a kept table with a fixed name blocks the next deployment"
    );
    assert_eq!(properties["BillingMode"], "PAY_PER_REQUEST");
    assert_eq!(properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], true);
    assert_eq!(properties["SSESpecification"]["SSEEnabled"], true);
    assert_eq!(properties["TimeToLiveSpecification"], json!({"AttributeName": "ttl", "Enabled": true}));
    let keys =
        json!([{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]);
    assert_eq!(properties["KeySchema"], keys);
}

#[test]
fn only_our_functions_and_named_operators_write_the_ledger() {
    let operator = "arn:aws:iam::123456789012:role/security/operators";
    let condition = |parameters: &[(&str, &str)]| {
        let stack = Template::of_project().rendered(parameters);
        let policy = &stack.properties("LedgerTable")["ResourcePolicy"]["PolicyDocument"];
        let [statement] = policy["Statement"].as_array().expect("statements").as_slice() else {
            panic!("one statement: {policy}")
        };
        assert_eq!((&statement["Effect"], &statement["Principal"]), (&json!("Deny"), &json!("*")));
        let denied: BTreeSet<&str> = crate::one_or_many(&statement["Action"]).into_iter().collect();
        // Every action of the catalogue by which an item is written.
        let writing = [
            "BatchWriteItem",
            "DeleteItem",
            "PartiQLDelete",
            "PartiQLInsert",
            "PartiQLUpdate",
            "PutItem",
            "UpdateItem",
        ];
        let writing: Vec<String> = writing.iter().map(|action| format!("dynamodb:{action}")).collect();
        assert_eq!(denied, writing.iter().map(String::as_str).collect());
        statement["Condition"].clone()
    };
    let functions: BTreeSet<String> = tests::function_folders()
        .iter()
        .map(|folder| format!("arn:aws:iam::123456789012:role/ringfence/ringfence-{folder}"))
        .collect();
    let nobody = condition(&[]);
    let spared = crate::one_or_many(&nobody["ArnNotEquals"]["aws:PrincipalArn"]);
    assert_eq!(spared.into_iter().map(str::to_owned).collect::<BTreeSet<_>>(), functions);
    assert!(nobody.get("ArnNotLike").is_none(), "nobody was named: {nobody}");
    assert_eq!(nobody["Bool"], json!({"aws:PrincipalIsAWSService": "false"}));
    let named = condition(&[("OperatorPrincipals", operator)]);
    assert_eq!(named["ArnNotLike"], json!({"aws:PrincipalArn": [operator]}));
}

#[test]
fn findings_are_encrypted_with_a_key_that_alarms_can_use_too() {
    let stack = stack();
    let key = stack.properties("FindingsKey");
    assert_eq!(key["EnableKeyRotation"], true);
    let alarms = &key["KeyPolicy"]["Statement"][1];
    assert_eq!(alarms["Principal"], json!({"Service": "cloudwatch.amazonaws.com"}));
    assert_eq!(alarms["Action"], json!(["kms:Decrypt", "kms:GenerateDataKey*"]));
    for (id, topic) in stack.of_type("AWS::SNS::Topic") {
        assert!(topic["Properties"]["KmsMasterKeyId"].is_string(), "{id} is not encrypted");
    }
}

#[test]
fn sam_deploy_needs_no_other_step() {
    let samconfig = std::fs::read_to_string(tests::project_root().join("samconfig.toml"))
        .expect("samconfig.toml is there");
    for line in [
        "stack_name = \"ringfence\"",
        "region = \"us-east-1\"",
        "capabilities = [\"CAPABILITY_IAM\", \"CAPABILITY_NAMED_IAM\", \"CAPABILITY_AUTO_EXPAND\"]",
        "resolve_s3 = true",
        "lint = true",
    ] {
        assert!(samconfig.lines().any(|found| found == line), "samconfig.toml lacks `{line}`");
    }
}
