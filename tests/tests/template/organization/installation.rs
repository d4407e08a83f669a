//! The half of `organization.yaml` that installs Ringfence in every account: who may read the code and publish findings, who is
//! installed after whom, and that nothing is there before it is asked for.

use crate::{one_or_many, statements, text};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tests::template::{Stack, Template};

const ORGANIZATION: (&str, &str) = ("OrganizationId", "o-a1b2c3d4e5");
const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:ringfence-central-findings";
const STACK_SET: &str = "AWS::CloudFormation::StackSet";

/// Everything installed everywhere.
const INSTALLED: [(&str, &str); 6] = [
    ORGANIZATION,
    ("TemplateUrl", "https://artifacts.s3.us-east-1.amazonaws.com/ringfence/0a1b/template.json"),
    ("ForwarderTemplateUrl", "https://artifacts.s3.us-east-1.amazonaws.com/ringfence/0a1b/forwarder.yaml"),
    ("CanaryTargets", "ou-ab12-0a1b2c3d"),
    ("RolloutTargets", "ou-ab12-1111aaaa,ou-ab12-2222bbbb"),
    ("ForwarderRegions", "eu-west-1,ap-southeast-2"),
];

fn rendered(parameters: &[(&str, &str)]) -> Stack {
    Template::of_organization().rendered(parameters)
}

fn without(name: &str) -> Stack {
    let rest: Vec<_> = INSTALLED.into_iter().filter(|(parameter, _)| *parameter != name).collect();
    rendered(&rest)
}

fn stack_sets(stack: &Stack) -> BTreeSet<&str> {
    stack.of_type(STACK_SET).map(|(id, _)| id).collect()
}

fn is_subset(stack: &Stack, type_: &str) -> bool {
    stack.resources().any(|(_, resource)| resource["Type"] == type_)
}

#[test]
fn nothing_is_there_before_it_is_asked_for_and_the_bucket_before_what_it_holds() {
    assert_eq!(rendered(&[]).resources().count(), 0);
    let first = rendered(&[ORGANIZATION]);
    assert!(stack_sets(&first).is_empty(), "there is no template yet");
    for needed in ["AWS::S3::Bucket", "AWS::SNS::Topic", "AWS::KMS::Key", "AWS::Logs::LogGroup"] {
        assert!(is_subset(&first, needed), "{needed}");
    }
    let outputs: BTreeSet<&str> = first.outputs().keys().map(String::as_str).collect();
    assert_eq!(outputs, ["ArtifactBucketName", "CentralFindingsTopicArn", "HeartbeatLogGroup"].into());
    let all = ["CanaryForwarderStackSet", "CanaryStackSet", "RolloutForwarderStackSet", "RolloutStackSet"];
    assert_eq!(stack_sets(&rendered(&INSTALLED)), all.into());
    assert!(stack_sets(&without("TemplateUrl")).is_empty());
    assert!(stack_sets(&without("CanaryTargets")).is_empty(), "never without a canary");
    assert_eq!(stack_sets(&without("RolloutTargets")), ["CanaryForwarderStackSet", "CanaryStackSet"].into());
    for forwarders in ["ForwarderTemplateUrl", "ForwarderRegions"] {
        assert_eq!(stack_sets(&without(forwarders)), ["CanaryStackSet", "RolloutStackSet"].into());
    }
}

/// A template that is larger has to be put into a bucket first, and this one makes the bucket.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>
#[test]
fn the_templates_that_come_first_fit_a_call() {
    for template in ["organization.yaml", "forwarder.yaml"] {
        let size = std::fs::metadata(tests::project_root().join(template)).expect("a template").len();
        assert!(size <= 51_200, "{template} has {size} bytes");
    }
}

#[test]
fn the_canary_comes_first_and_a_failure_there_stops_the_rest() {
    let stack = rendered(&INSTALLED);
    let after = |id: &str| -> BTreeSet<String> {
        one_or_many(&stack.resource(id)["DependsOn"]).into_iter().map(str::to_owned).collect()
    };
    assert!(after("CanaryStackSet").is_empty());
    assert_eq!(after("RolloutStackSet"), ["CanaryStackSet".to_owned()].into());
    assert_eq!(after("CanaryForwarderStackSet"), ["CanaryStackSet".to_owned()].into());
    let both = ["RolloutStackSet", "CanaryForwarderStackSet"].map(str::to_owned);
    assert_eq!(after("RolloutForwarderStackSet"), both.into());
    for id in ["CanaryStackSet", "CanaryForwarderStackSet"] {
        let preferences = &stack.properties(id)["OperationPreferences"];
        assert_eq!(
            (&preferences["FailureToleranceCount"], &preferences["MaxConcurrentCount"]),
            (&json!(0), &json!(1))
        );
    }
    for id in ["RolloutStackSet", "RolloutForwarderStackSet"] {
        let preferences = &stack.properties(id)["OperationPreferences"];
        assert!(
            preferences["FailureTolerancePercentage"].as_u64().is_some_and(|percent| percent <= 5),
            "{id}"
        );
        assert!(preferences["MaxConcurrentPercentage"].as_u64().is_some_and(|percent| percent <= 25), "{id}");
    }
}

#[test]
fn stack_sets_are_managed_by_the_organization_and_follow_its_accounts() {
    let stack = rendered(&INSTALLED);
    for (id, set) in stack.of_type(STACK_SET) {
        let set = &set["Properties"];
        assert_eq!(set["PermissionModel"], "SERVICE_MANAGED", "{id}");
        assert_eq!(
            set["AutoDeployment"],
            json!({"Enabled": true, "RetainStacksOnAccountRemoval": false}),
            "{id}"
        );
        assert_eq!(
            set["Capabilities"],
            json!(["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]),
            "{id}: no transform"
        );
        let groups = set["StackInstancesGroup"].as_array().expect("groups");
        assert_eq!(groups.len(), 1, "{id}");
        let is_canary = id.starts_with("Canary");
        let targets = if is_canary {
            json!(["ou-ab12-0a1b2c3d"])
        } else {
            json!(["ou-ab12-1111aaaa", "ou-ab12-2222bbbb"])
        };
        assert_eq!(groups[0]["DeploymentTargets"]["OrganizationalUnitIds"], targets, "{id}");
        let (regions, url) = if id.contains("Forwarder") {
            (json!(["eu-west-1", "ap-southeast-2"]), INSTALLED[2].1)
        } else {
            (json!(["us-east-1"]), INSTALLED[1].1)
        };
        assert_eq!((&groups[0]["Regions"], &set["TemplateURL"]), (&regions, &json!(url)), "{id}");
        // The service control policies know the stacks by this beginning.
        assert!(text(set, "/StackSetName").starts_with("ringfence"), "{id}");
    }
    let names: BTreeSet<&str> =
        stack.of_type(STACK_SET).map(|(_, set)| text(set, "/Properties/StackSetName")).collect();
    assert_eq!(names.len(), 4, "{names:?}");
}

/// A parameter that the template does not have, or a value that it does not take, would fail in the first account.
#[test]
fn parameters_are_those_of_the_installed_templates() {
    let organization = Template::of_organization();
    let stack = rendered(&INSTALLED);
    for (id, set) in stack.of_type(STACK_SET) {
        let installed =
            if id.contains("Forwarder") { Template::of_forwarder() } else { Template::of_project() };
        let (ours, theirs) = (organization.section("Parameters"), installed.section("Parameters"));
        for given in set["Properties"]["Parameters"].as_array().expect("parameters") {
            let name = text(given, "/ParameterKey");
            assert!(theirs.get(name).is_some(), "{id}: {name} is no parameter of what is installed");
            if let Some(own) = ours.get(name) {
                for limit in ["Type", "AllowedValues", "AllowedPattern", "MinValue", "MaxValue"] {
                    assert_eq!(own.get(limit), theirs[name].get(limit), "{name}: {limit}");
                }
                assert!(name == "Mode" || own["Default"] == theirs[name]["Default"], "{name}");
            }
        }
        let value = |name: &str| -> Value {
            let given = set["Properties"]["Parameters"].as_array().expect("parameters");
            given
                .iter()
                .find(|one| one["ParameterKey"] == name)
                .map(|one| one["ParameterValue"].clone())
                .unwrap_or_default()
        };
        if id.contains("Forwarder") {
            assert_eq!(value("HomeRegion"), "us-east-1");
        } else {
            assert_eq!(
                (value("Mode"), value("CentralFindingsTopicArn")),
                (json!("observe"), json!(TOPIC)),
                "{id}"
            );
            assert_eq!(value("OwnerTagKeys"), "owner,team");
        }
    }
    let enforcing = rendered(&[&INSTALLED[..], &[("CanaryMode", "enforce")]].concat());
    let mode = |id: &str| enforcing.properties(id)["Parameters"][0]["ParameterValue"].clone();
    assert_eq!((mode("CanaryStackSet"), mode("RolloutStackSet")), (json!("enforce"), json!("observe")));
}

/// Nobody else is subscribed to the topics that an account's alarms go to.
#[test]
fn who_is_to_hear_of_an_accounts_alarms_is_given_to_each_account() {
    let parameters = Template::of_organization().section("Parameters").clone();
    for email in ["", "security@example.com"] {
        let stack = rendered(&[&INSTALLED[..], &[("MemberFindingsEmail", email)]].concat());
        for (id, set) in stack.of_type(STACK_SET) {
            let (name, installed) = if id.contains("Forwarder") {
                ("AlarmEmail", Template::of_forwarder())
            } else {
                ("FindingsEmail", Template::of_project())
            };
            let passed = json!({"ParameterKey": name, "ParameterValue": email});
            let all = set["Properties"]["Parameters"].as_array().expect("parameters");
            assert!(all.contains(&passed), "{id}: {all:?}");
            for limit in ["Type", "Default", "AllowedPattern"] {
                let theirs = &installed.section("Parameters")[name][limit];
                assert_eq!(&parameters["MemberFindingsEmail"][limit], theirs, "{id}: {limit}");
            }
        }
    }
}

/// `Sid` → statement.
fn statement<'a>(document: &'a Value, sid: &str) -> &'a Value {
    let found = statements(document).into_iter().find(|statement| statement["Sid"] == sid);
    found.unwrap_or_else(|| panic!("no statement {sid} in {document}"))
}

#[test]
fn the_code_is_read_by_the_organization_only() {
    let stack = rendered(&[ORGANIZATION]);
    let bucket = stack.properties("ArtifactBucket");
    let closed = bucket["PublicAccessBlockConfiguration"].as_object().expect("settings");
    assert!(closed.len() == 4 && closed.values().all(|setting| *setting == json!(true)));
    let policy = &stack.properties("ArtifactBucketPolicy")["PolicyDocument"];
    let read = statement(policy, "ReadByTheOrganizationOnly");
    assert_eq!(read["Action"], "s3:GetObject");
    assert_eq!(read["Condition"], json!({"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}));
    let unencrypted = statement(policy, "NeverUnencrypted");
    assert_eq!((&unencrypted["Effect"], &unencrypted["Action"]), (&json!("Deny"), &json!("s3:*")));
    assert_eq!(statements(policy).len(), 2, "and nothing else");
}

#[test]
fn findings_are_taken_from_functions_of_the_organization_only_and_kept_encrypted() {
    let stack = rendered(&[ORGANIZATION]);
    let policy = &stack.properties("CentralFindingsTopicPolicy")["PolicyDocument"];
    let key = &stack.properties("CentralFindingsKey")["KeyPolicy"];
    let ringfence = json!({"aws:PrincipalArn": "arn:aws:iam::*:role/ringfence/ringfence-*"});
    let publish = statement(policy, "FunctionsOfTheOrganizationMayPublish");
    assert_eq!((&publish["Action"], &publish["Resource"]), (&json!("sns:Publish"), &json!(TOPIC)));
    let of_organization = json!({"aws:PrincipalOrgID": "o-a1b2c3d4e5"});
    assert_eq!(publish["Condition"], json!({"StringEquals": of_organization, "ArnLike": ringfence}));
    let publishers: Vec<&Value> = statements(policy)
        .into_iter()
        .filter(|one| one["Effect"] == "Allow" && one_or_many(&one["Action"]).contains(&"sns:Publish"))
        .collect();
    assert_eq!(publishers, [publish], "nobody else");
    let unencrypted = statement(policy, "NeverUnencrypted");
    assert_eq!(unencrypted["Condition"], json!({"Bool": {"aws:SecureTransport": "false"}}));
    let encrypt = statement(key, "FunctionsOfTheOrganizationMayPublishEncrypted");
    assert_eq!(encrypt["Action"], json!(["kms:Decrypt", "kms:GenerateDataKey"]), "what template.yaml grants");
    assert_eq!(encrypt["Condition"]["ArnLike"], ringfence);
    let by_sns =
        json!({"aws:PrincipalOrgID": "o-a1b2c3d4e5", "kms:ViaService": "sns.us-east-1.amazonaws.com"});
    assert_eq!(encrypt["Condition"]["StringEquals"], by_sns);
    // SNS looks an id without an account up in the account of who publishes, which is another one.
    let key_of_this_account = "arn:aws:kms:us-east-1:123456789012:key/";
    assert!(
        text(stack.properties("CentralFindingsTopic"), "/KmsMasterKeyId").starts_with(key_of_this_account)
    );
    let people = rendered(&[ORGANIZATION, ("CentralFindingsEmail", "security@example.com")]);
    let subscribed = people.properties("CentralFindingsEmailSubscription");
    assert_eq!(subscribed["FilterPolicy"], json!({"severity": ["MEDIUM", "HIGH", "CRITICAL"]}));
}

/// Organizations' own `EnableAWSServiceAccess` leaves StackSets without the rights of the management account
/// (<https://github.com/pepperize/cdk-organizations/issues/1718>).
#[test]
fn the_page_lets_stack_sets_in_by_their_own_call() {
    let page = std::fs::read_to_string(tests::project_root().join("docs/organization.md")).expect("the page");
    assert!(page.contains("`aws cloudformation activate-organizations-access`"));
    assert!(!page.contains("aws organizations enable-aws-service-access"));
}

/// The topic's name is one that `template.yaml` takes for its parameter.
#[test]
fn the_central_topic_is_one_that_accounts_take_as_theirs() {
    let pattern =
        Template::of_project().section("Parameters")["CentralFindingsTopicArn"]["AllowedPattern"].clone();
    assert_eq!(pattern, r"^$|^arn:aws[a-z-]*:sns:(us-east-1|us-gov-west-1|cn-north-1):\d{12}:[\w-]{1,256}$");
    assert_eq!(rendered(&[ORGANIZATION]).outputs()["CentralFindingsTopicArn"], TOPIC);
}

#[test]
fn a_summary_becomes_a_line_of_the_heartbeats_log_and_nothing_else_does() {
    let stack = rendered(&[ORGANIZATION]);
    let queue = "arn:aws:sqs:us-east-1:123456789012:ringfence-heartbeats";
    let subscription = stack.properties("HeartbeatSubscription");
    assert_eq!((&subscription["TopicArn"], &subscription["Endpoint"]), (&json!(TOPIC), &json!(queue)));
    assert_eq!(subscription["FilterPolicy"], json!({"outcome": ["summary"]}));
    assert_eq!(subscription["RawMessageDelivery"], true);
    let pipe = stack.properties("HeartbeatPipe");
    let log = "arn:aws:logs:us-east-1:123456789012:log-group:/ringfence/heartbeats";
    assert!(text(pipe, "/Target").starts_with(log) && pipe["Source"] == json!(queue));
    // Fields of the finding, so a schema that lost one would break the line.
    let schema =
        std::fs::read_to_string(tests::project_root().join("docs/finding.schema.json")).expect("the schema");
    let schema: Value = serde_json::from_str(&schema).expect("JSON");
    let template = text(pipe, "/TargetParameters/InputTemplate");
    let fields: Vec<&str> =
        template.split("<$.body.").skip(1).filter_map(|rest| rest.split('>').next()).collect();
    assert_eq!(fields, ["account", "time", "mode", "version", "id"]);
    for field in fields {
        assert!(schema["properties"].get(field).is_some(), "a finding has no `{field}`");
    }
    let grants = statements(&stack.properties("HeartbeatPipeRole")["Policies"][0]["PolicyDocument"]);
    assert_eq!(grants.len(), 2);
    assert_eq!(stack.properties("HeartbeatLog")["RetentionInDays"], 90);
}

/// <https://docs.aws.amazon.com/govcloud-us/latest/UserGuide/govcloud-eventbridge.html>: no pipes. Without one, nothing would
/// read the queue or write the log.
#[test]
fn heartbeats_are_kept_where_there_are_pipes() {
    let heartbeats = |region: &str| -> BTreeSet<String> {
        let stack = Template::of_organization().rendered_in(region, &[ORGANIZATION]);
        assert!(stack.outputs().contains_key("CentralFindingsTopicArn"), "{region}");
        let resources = stack.resources().map(|(id, _)| id.to_owned());
        resources.chain(stack.outputs().keys().cloned()).filter(|id| id.starts_with("Heartbeat")).collect()
    };
    assert_eq!(heartbeats("us-gov-west-1"), BTreeSet::new());
    assert_eq!(heartbeats("us-east-1").len(), 7, "queue, its policy, subscription, log, pipe, role, output");
    assert_eq!(heartbeats("cn-north-1"), heartbeats("us-east-1"));
}

#[test]
fn rules_keep_the_parts_together() {
    let rules = Template::of_organization().section("Rules").clone();
    let given = |parameter: &str| json!({"Fn::Not": [{"Fn::Equals": [{"Ref": parameter}, ""]}]});
    let home = &rules["HomeRegion"];
    assert_eq!(home["RuleCondition"], given("OrganizationId"), "service control policies are of no Region");
    let of_template =
        Template::of_project().section("Rules")["HomeRegion"]["Assertions"][0]["Assert"].clone();
    assert_eq!(home["Assertions"][0]["Assert"], of_template);
    let named = &rules["TheOrganizationIsNamed"];
    assert_eq!(
        (&named["RuleCondition"], &named["Assertions"][0]["Assert"]),
        (&given("TemplateUrl"), &given("OrganizationId"))
    );
}

/// What the rules say against these parameters in the home region.
fn refusals(parameters: &[(&str, &str)]) -> Vec<String> {
    Template::of_organization().refusals_in("us-east-1", parameters)
}

fn installed_but(name: &'static str, value: &'static str) -> Vec<(&'static str, &'static str)> {
    let others = INSTALLED.into_iter().filter(|(parameter, _)| *parameter != name);
    others.chain([(name, value)]).collect()
}

/// Each deletes the StackSets of the rollout, and with them the stacks in every account.
#[test]
fn what_would_uninstall_everywhere_by_mistake_is_refused() {
    assert_eq!(refusals(&[]), [""; 0]);
    assert_eq!(refusals(&INSTALLED), [""; 0]);
    for emptied in ["CanaryTargets", "TemplateUrl"] {
        let refusals = refusals(&installed_but(emptied, ""));
        let [refusal] = &refusals[..] else { panic!("{emptied}: {refusals:?}") };
        assert!(refusal.contains(emptied) && refusal.contains("empty RolloutTargets first"), "{refusal}");
    }
    // On purpose, one after the other.
    assert_eq!(refusals(&installed_but("RolloutTargets", "")), [""; 0]);
    assert_eq!(refusals(&[ORGANIZATION, INSTALLED[1]]), [""; 0]);
}

/// forwarder.yaml refuses the home region too, but in the first account, after a deployment that has begun.
#[test]
fn no_forwarder_is_sent_into_the_home_region() {
    for regions in ["us-east-1", "eu-west-1,us-east-1"] {
        let refusals = refusals(&installed_but("ForwarderRegions", regions));
        let [refusal] = &refusals[..] else { panic!("{regions}: {refusals:?}") };
        assert!(refusal.starts_with("ForwarderRegions has this Region"), "{refusal}");
    }
    assert_eq!(refusals(&installed_but("ForwarderRegions", "us-east-2")), [""; 0]);
}
