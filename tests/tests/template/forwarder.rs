//! `forwarder.yaml` against `template.yaml`: what the home region's rules take from every Region is forwarded from the others, and
//! nothing else; no loop is possible; what cannot be forwarded is kept and told.

use crate::{stack, statements, text};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tests::event_pattern::matches;
use tests::fixtures::{handled, ignored};
use tests::template::{Stack, Template};

const ELSEWHERE: &str = "eu-west-1";
const HOME_BUS: &str = "arn:aws:events:us-east-1:123456789012:event-bus/default";
const QUEUE: &str = "arn:aws:sqs:eu-west-1:123456789012:ringfence-forward-dead-letters";
/// Functions whose events arrive in the Region where they happen.
const FORWARDED: [(&str, &str); 3] = [
    ("FunctionChangeRule", "on-function-change"),
    ("ExposureChangeRule", "on-exposure-change"),
    ("BoundaryDenialRule", "on-boundary-denial"),
];

/// What is about Ringfence itself: the rule at home and its fixtures.
const SELF_PROTECTION: [(&str, &str, &str); 3] = [
    ("BreakGlassFederatedRule", "break-glass-federated", "break-glass"),
    ("BreakGlassRule", "break-glass", "break-glass"),
    ("SelfTamperRule", "self-tamper-rules", "self-tamper"),
];
const BREAK_GLASS: [(&str, &str); 1] =
    [("BreakGlassRoleArn", "arn:aws:iam::123456789012:role/emergency/break-glass")];

fn forwarder() -> Stack {
    Template::of_forwarder().rendered_in(ELSEWHERE, &BREAK_GLASS)
}

/// Every rule that reads CloudTrail in the home region: the function's folder, its state and its pattern.
fn home_rules() -> Vec<(String, Value, Value)> {
    let stack = Template::of_project().rendered(&BREAK_GLASS);
    let of_functions = stack.of_type("AWS::Serverless::Function").flat_map(|(_, function)| {
        let name = text(function, "/Properties/FunctionName").trim_start_matches("ringfence-").to_owned();
        let events =
            function["Properties"]["Events"].as_object().into_iter().flat_map(|events| events.values());
        let rules =
            events.filter(|event| event["Type"] == "EventBridgeRule").map(|event| &event["Properties"]);
        rules.map(|rule| (name.clone(), rule["State"].clone(), rule["Pattern"].clone())).collect::<Vec<_>>()
    });
    let alone = stack.of_type("AWS::Events::Rule").map(|(_, rule)| {
        let rule = &rule["Properties"];
        let name = text(rule, "/Name").trim_start_matches("ringfence-").to_owned();
        (name, rule["State"].clone(), rule["EventPattern"].clone())
    });
    of_functions.chain(alone).collect()
}

/// IAM's events arrive in the home region whoever calls from wherever, so a rule about `aws.iam` needs no forwarder; nor does one that
/// names its Region, which is about what is in the home region alone.
fn is_of_every_region(pattern: &Value) -> bool {
    let from_cloudtrail = pattern["detail-type"].to_string().contains("via CloudTrail");
    from_cloudtrail && pattern["source"] != json!(["aws.iam"]) && pattern.get("region").is_none()
}

#[test]
fn exactly_the_patterns_of_the_home_region_about_events_of_every_region_are_forwarded() {
    let forwarder = forwarder();
    let of_ringfence = SELF_PROTECTION.map(|(id, name, _)| (id, name));
    let all: Vec<(&str, &str)> = FORWARDED.into_iter().chain(of_ringfence).collect();
    let rules: BTreeSet<&str> = forwarder.of_type("AWS::Events::Rule").map(|(id, _)| id).collect();
    assert_eq!(rules, all.iter().map(|(id, _)| *id).collect());
    let home: Vec<_> =
        home_rules().into_iter().filter(|(_, _, pattern)| is_of_every_region(pattern)).collect();
    let wanted: BTreeSet<&str> = home.iter().map(|(name, _, _)| name.as_str()).collect();
    assert_eq!(wanted, all.iter().map(|(_, home)| *home).collect());
    for (id, at_home) in all {
        let rule = forwarder.properties(id);
        let (_, state, pattern) = home.iter().find(|(name, _, _)| name == at_home).expect("a rule at home");
        assert_eq!((&rule["State"], &rule["EventPattern"]), (state, pattern), "{id}");
        assert_eq!(
            text(rule, "/Name").strip_prefix("ringfence-forward-"),
            Some(at_home.trim_start_matches("on-")),
            "the rule is named after the one at home"
        );
    }
}

#[test]
fn fixtures_of_other_regions_are_forwarded_and_no_event_of_iam_is() {
    let forwarder = forwarder();
    let forwards = |event: &Value| {
        let rules =
            FORWARDED.iter().filter(|(id, _)| matches(&forwarder.properties(id)["EventPattern"], event));
        rules.count()
    };
    for (_, function) in FORWARDED {
        let (mut of_elsewhere, fixtures) = (0, handled(function));
        for fixture in fixtures {
            assert_eq!(forwards(&fixture.event), 1, "{function}/{}: once, or it comes twice", fixture.name);
            of_elsewhere += usize::from(fixture.event["detail"]["awsRegion"] != "us-east-1");
        }
        assert!(of_elsewhere > 0, "{function} has no fixture of another Region");
    }
    for function in ["on-role-change", "on-policy-change"] {
        for fixture in handled(function).into_iter().chain(ignored(function)) {
            assert_eq!(forwards(&fixture.event), 0, "{function}/{}", fixture.name);
        }
    }
}

#[test]
fn changes_of_the_forwarders_rules_and_each_use_of_the_break_glass_role_are_forwarded() {
    let forwarder = forwarder();
    for (id, _, folder) in SELF_PROTECTION {
        let pattern = &forwarder.properties(id)["EventPattern"];
        let elsewhere = |fixture: tests::fixtures::Fixture| {
            let mut event = fixture.event;
            event["region"] = json!(ELSEWHERE);
            event["detail"]["awsRegion"] = json!(ELSEWHERE);
            event
        };
        let taken =
            handled(folder).into_iter().map(elsewhere).filter(|event| matches(pattern, event)).count();
        assert!(taken > 1, "{id} forwards {taken} of the fixtures of {folder}");
        for fixture in ignored(folder) {
            assert!(!matches(pattern, &fixture.event), "{id}: {folder}/{}", fixture.name);
        }
    }
    let without = Template::of_forwarder().rendered_in(ELSEWHERE, &[]);
    assert!(without.resources().all(|(id, _)| id != "BreakGlassRule"), "there is no such role");
}

/// Two stacks that sent to each other's bus would send for ever.
#[test]
fn no_loop_is_possible() {
    let home = stack();
    for (id, rule) in home.of_type("AWS::Events::Rule") {
        for target in rule["Properties"]["Targets"].as_array().expect("targets") {
            assert!(!text(target, "/Arn").contains(":event-bus/"), "{id} of template.yaml forwards");
        }
    }
    let forwarder = forwarder();
    for (id, rule) in forwarder.of_type("AWS::Events::Rule") {
        let targets = rule["Properties"]["Targets"].as_array().expect("targets");
        assert_eq!(targets.len(), 1, "{id}");
        assert_eq!(targets[0]["Arn"], HOME_BUS, "{id}");
    }
    let rules = Template::of_forwarder().section("Rules").clone();
    let not_home = &rules["NotTheHomeRegion"]["Assertions"][0];
    let is_home = json!({"Fn::Equals": [{"Ref": "AWS::Region"}, {"Ref": "HomeRegion"}]});
    assert_eq!(not_home["Assert"], json!({"Fn::Not": [is_home]}));
    assert!(text(not_home, "/AssertDescription").contains("Deploy template.yaml here"));
    // Or a forwarder in us-east-1 that takes us-gov-west-1 for its home would send to itself in a partition that has none.
    let partitions = &rules["HomeRegionOfThisPartition"]["Assertions"][0]["Assert"]["Fn::Or"];
    let pair = |partition: &str, home: &str| {
        json!({"Fn::And": [{"Fn::Equals": [{"Ref": "AWS::Partition"}, partition]},
            {"Fn::Equals": [{"Ref": "HomeRegion"}, home]}]})
    };
    let homes = [("aws", "us-east-1"), ("aws-us-gov", "us-gov-west-1"), ("aws-cn", "cn-north-1")];
    assert_eq!(*partitions, Value::from(homes.map(|(partition, home)| pair(partition, home)).to_vec()));
    let of_template =
        Template::of_project().section("Rules")["HomeRegion"]["Assertions"][0]["Assert"].clone();
    assert_eq!(of_template["Fn::Contains"][0], json!(homes.map(|(_, home)| home)), "as template.yaml has it");
    let parameter = Template::of_forwarder().section("Parameters")["HomeRegion"].clone();
    assert_eq!(parameter["AllowedValues"], json!(homes.map(|(_, home)| home)));
    assert_eq!(parameter["Default"], "us-east-1");
}

#[test]
fn the_role_may_put_events_on_the_home_regions_bus_and_nothing_else() {
    let stack = forwarder();
    let role = stack.properties("ForwardRole");
    assert_eq!(role["RoleName"], "ringfence-forward-eu-west-1", "roles are global");
    assert_eq!(role["Path"], "/ringfence/");
    assert!(role.get("ManagedPolicyArns").is_none());
    let policies = role["Policies"].as_array().expect("policies");
    assert_eq!(policies.len(), 1);
    let grants = statements(&policies[0]["PolicyDocument"]);
    assert_eq!(grants.len(), 1);
    assert_eq!(
        (&grants[0]["Action"], &grants[0]["Resource"]),
        (&json!("events:PutEvents"), &json!(HOME_BUS))
    );
    let trust = statements(&role["AssumeRolePolicyDocument"]);
    assert_eq!(trust.len(), 1);
    assert_eq!(trust[0]["Principal"], json!({"Service": "events.amazonaws.com"}));
    let condition = &trust[0]["Condition"];
    assert_eq!(condition["StringEquals"], json!({"aws:SourceAccount": "123456789012"}));
    let trusted: BTreeSet<&str> =
        crate::one_or_many(&condition["ArnEquals"]["aws:SourceArn"]).into_iter().collect();
    let names: Vec<String> = stack
        .of_type("AWS::Events::Rule")
        .map(|(_, rule)| {
            format!("arn:aws:events:eu-west-1:123456789012:rule/{}", text(rule, "/Properties/Name"))
        })
        .collect();
    assert_eq!(trusted, names.iter().map(String::as_str).collect());
}

#[test]
fn what_cannot_be_forwarded_is_kept_for_two_weeks_and_an_alarm_tells() {
    let stack = forwarder();
    let queue = stack.properties("DeadLetterQueue");
    assert_eq!(
        (&queue["MessageRetentionPeriod"], &queue["SqsManagedSseEnabled"]),
        (&json!(1_209_600), &json!(true))
    );
    let kept = statements(&stack.properties("DeadLetterQueuePolicy")["PolicyDocument"]);
    let sources = crate::one_or_many(&kept[0]["Condition"]["ArnEquals"]["aws:SourceArn"]);
    for (id, rule) in stack.of_type("AWS::Events::Rule") {
        let target = &rule["Properties"]["Targets"][0];
        assert_eq!(target["DeadLetterConfig"], json!({"Arn": QUEUE}), "{id}");
        assert_eq!(
            target["RetryPolicy"],
            json!({"MaximumRetryAttempts": 185, "MaximumEventAgeInSeconds": 86400})
        );
        let arn = format!("arn:aws:events:eu-west-1:123456789012:rule/{}", text(rule, "/Properties/Name"));
        assert!(sources.contains(&arn.as_str()), "{id} may not write to its queue");
    }
    assert_eq!(kept[1]["Condition"], json!({"Bool": {"aws:SecureTransport": "false"}}));
    let alarm = stack.properties("DeadLetterAlarm");
    assert_eq!(
        alarm["Dimensions"],
        json!([{"Name": "QueueName", "Value": "ringfence-forward-dead-letters"}])
    );
    // CloudWatch tells topics of the alarm's own Region only.
    let topic = "arn:aws:sns:eu-west-1:123456789012:ringfence-forward-alarms";
    assert_eq!(alarm["AlarmActions"], json!([topic]));
    assert!((120..=1_024).contains(&text(alarm, "/AlarmDescription").len()));
    assert!(stack.properties("AlarmTopic").get("Subscription").is_none(), "nobody has to be told twice");
    let asked = Template::of_forwarder().rendered_in(ELSEWHERE, &[("AlarmEmail", "security@example.com")]);
    let subscribed = json!([{"Protocol": "email", "Endpoint": "security@example.com"}]);
    assert_eq!(asked.properties("AlarmTopic")["Subscription"], subscribed);
}

/// Names are what the boundaries and the service control policies know Ringfence by.
#[test]
fn everything_has_a_name_that_both_boundaries_and_the_service_control_policies_close() {
    let stack = forwarder();
    for (id, resource) in stack.resources() {
        let properties = &resource["Properties"];
        let name = ["Name", "QueueName", "TopicName", "AlarmName", "RoleName"]
            .iter()
            .find_map(|property| properties[*property].as_str());
        match text(resource, "/Type") {
            "AWS::SQS::QueuePolicy" | "AWS::SNS::TopicPolicy" => {}
            _ => assert!(name.is_some_and(|name| name.starts_with("ringfence-forward-")), "{id}: {name:?}"),
        }
    }
}
