//! Rules that tell of changes to Ringfence itself, without a function between: each fixture through its pattern and both transformers.

use crate::{one_or_many, stack, statements, text};
use guardrail::finding::Outcome;
use guardrail::ground::Deployed;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use tests::fixtures::{Fixture, handled, ignored};
use tests::template::{Stack, Template};
use tests::{event_pattern, input_transformer};

const FOLDER: &str = "self-tamper";
const TEXT: &str = include_str!("self_tamper/email.txt");

fn with_email() -> Stack {
    Template::of_project().rendered(&[("FindingsEmail", "security@example.com")])
}

/// The rules by their names without the prefix that they share.
fn rules(stack: &Stack) -> BTreeMap<String, Value> {
    let rules = stack.of_type("AWS::Events::Rule").map(|(_, rule)| rule["Properties"].clone());
    let named = rules.filter_map(|rule| {
        let name = text(&rule, "/Name").strip_prefix("ringfence-self-tamper-")?.to_owned();
        Some((name, rule))
    });
    named.collect()
}

fn takers<'a>(rules: &'a BTreeMap<String, Value>, event: &Value) -> Vec<&'a str> {
    let taken = rules.iter().filter(|(_, rule)| event_pattern::matches(&rule["EventPattern"], event));
    taken.map(|(name, _)| name.as_str()).collect()
}

/// What the rule's target of this id is sent.
fn sent(rule: &Value, target: &str, event: &Value) -> String {
    let targets = rule["Targets"].as_array().expect("targets");
    let target = targets.iter().find(|one| one["Id"] == target).expect("the target");
    input_transformer::transformed(&target["InputTransformer"], event)
}

fn finding(rule: &Value, event: &Value) -> Value {
    let sent = sent(rule, "findings", event);
    serde_json::from_str(&sent).unwrap_or_else(|e| panic!("{e}: {sent}"))
}

#[test]
fn each_change_is_told_by_one_rule_and_a_change_of_the_rule_of_rules_by_two() {
    let rules = rules(&stack());
    let mut covered = BTreeSet::new();
    for fixture in handled(FOLDER) {
        let takers = takers(&rules, &fixture.event);
        // Switched off, it does not see its own event any more.
        let expected = if fixture.name == "DisableRule--the-rule-that-watches-rules" { 2 } else { 1 };
        assert_eq!(takers.len(), expected, "{}: {takers:?}", fixture.name);
        covered.extend(takers.into_iter().map(str::to_owned));
    }
    assert_eq!(covered, rules.keys().cloned().collect(), "a fixture for each");
    for fixture in ignored(FOLDER) {
        assert!(takers(&rules, &fixture.event).is_empty(), "{}", fixture.name);
    }
}

#[test]
fn no_rule_listens_to_reads_or_repairs() {
    for (name, rule) in rules(&stack()) {
        let detail = &rule["EventPattern"]["detail"];
        let ways = detail["$or"].as_array().cloned().unwrap_or_default();
        let listed = std::iter::once(detail).chain(&ways).filter_map(|at| at["eventName"].as_array());
        let calls: Vec<&str> =
            listed.flatten().map(|call| call["prefix"].as_str().or(call.as_str()).expect("a name")).collect();
        assert!(!calls.is_empty(), "{name} names its calls");
        for call in calls {
            let reads =
                ["Get", "List", "Describe", "Head", "Batch"].iter().any(|verb| call.starts_with(verb));
            let repairs = ["EnableRule", "StartLogging", "EnableKey", "EnableAlarmActions"].contains(&call);
            assert!(!reads && !repairs, "{name}: {call}");
        }
    }
}

/// Who called, in the words that the record has without the ARN.
fn caller(event: &Value) -> Vec<&str> {
    let words = [
        "/type",
        "/sessionContext/sessionIssuer/userName",
        "/userName",
        "/principalId",
        "/accountId",
        "/invokedBy",
    ];
    let identity = &event["detail"]["userIdentity"];
    words.iter().filter_map(|word| identity.pointer(word)?.as_str()).collect()
}

#[test]
fn the_finding_is_valid_and_says_who_did_what_to_which_part() {
    let rules = rules(&stack());
    for fixture in handled(FOLDER) {
        let rule = &rules[takers(&rules, &fixture.event)[0]];
        let told = finding(rule, &fixture.event);
        finding_schema::assert_valid(&told);
        let detail = &fixture.event["detail"];
        assert_eq!(told["version"], env!("CARGO_PKG_VERSION"));
        assert_eq!((&told["outcome"], &told["severity"]), (&json!("self-tamper"), &json!("CRITICAL")));
        assert_eq!((&told["role"], &told["mode"]), (&Value::Null, &json!("enforce")));
        assert_eq!(told["id"], format!("rf-{}", text(detail, "/eventID")));
        assert_eq!(told["time"], detail["eventTime"]);
        assert_eq!(told["trigger"]["event"], detail["eventName"], "as CloudTrail names it");
        assert_eq!(told["trigger"]["event_id"], detail["eventID"]);
        let principal: Vec<&str> = text(&told, "/trigger/principal").split_whitespace().collect();
        assert_eq!(principal, caller(&fixture.event), "{}", fixture.name);
        let runbook = text(&told, "/links/runbook");
        assert_eq!(runbook, Outcome::Notice.runbook().replace("#notice", "#self-tamper"));
        assert!(text(&told, "/summary").contains("a part of Ringfence"), "{}", fixture.name);
        let part = text(&told, "/problem").strip_suffix("/ringfence").expect("the kind of problem");
        // What a caller may write a quote into is not told: only of which kind it is.
        let is_named = [
            "ringfence",
            "RingFence",
            "management-events",
            "0a1b2c3d",
            "event bus",
            "a topic",
            "a queue",
            "an alarm",
        ]
        .iter()
        .any(|name| part.contains(name));
        assert!(is_named, "{}: {part}", fixture.name);
    }
}

#[test]
fn a_record_that_lacks_something_is_told_all_the_same_and_as_json() {
    let rules = rules(&stack());
    for fixture in handled(FOLDER) {
        let rule = &rules[takers(&rules, &fixture.event)[0]];
        for field in [
            "/userIdentity",
            "/userIdentity/principalId",
            "/userIdentity/sessionContext",
            "/requestParameters",
            "/responseElements",
        ] {
            let mut event = fixture.event.clone();
            let (parent, name) = field.rsplit_once('/').expect("a path");
            event["detail"]
                .pointer_mut(parent)
                .and_then(Value::as_object_mut)
                .expect("an object")
                .remove(name);
            finding_schema::assert_valid(&finding(rule, &event));
        }
    }
}

#[test]
fn both_modes_say_the_same_but_for_the_mode() {
    let observing = Template::of_project().rendered(&[("Mode", "observe")]);
    let (observing, enforcing) = (rules(&observing), rules(&stack()));
    let fixture = &handled(FOLDER)[0];
    let name = takers(&enforcing, &fixture.event)[0];
    let mut told = finding(&observing[name], &fixture.event);
    assert_eq!(told["mode"], "observe");
    told["mode"] = json!("enforce");
    assert_eq!(told, finding(&enforcing[name], &fixture.event));
}

/// `RINGFENCE_BLESS=1` writes the text anew: read it as the one who gets it at night.
#[test]
fn the_text_of_the_email() {
    let rules = rules(&with_email());
    let by_name =
        |name: &str| handled(FOLDER).into_iter().find(|fixture| fixture.name == name).expect("a fixture");
    let fixture: Fixture = by_name("DisableRule--events-of-roles");
    let text = sent(&rules["rules"], "mail", &fixture.event) + "\n";
    if std::env::var_os("RINGFENCE_BLESS").is_some() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/template/self_tamper/email.txt");
        return std::fs::write(page, text).expect("the text can be written");
    }
    assert_eq!(text, TEXT);
    // Each line is a text of its own, or EventBridge would not take the template.
    for line in text.lines() {
        assert!(line.len() > 2 && line.starts_with('"') && line.ends_with('"'), "{line}");
    }
}

#[test]
fn people_get_it_too_where_there_are_any() {
    let ids = |rule: &Value| {
        let targets = rule["Targets"].as_array().expect("targets").iter();
        targets
            .map(|target| (text(target, "/Id").to_owned(), text(target, "/Arn").to_owned()))
            .collect::<Vec<_>>()
    };
    let topic = |name: &str| format!("arn:aws:sns:us-east-1:123456789012:ringfence-{name}");
    let findings = ("findings".to_owned(), topic("findings"));
    let mail = ("mail".to_owned(), topic("alarms"));
    for (name, rule) in rules(&with_email()) {
        assert_eq!(ids(&rule), [findings.clone(), mail.clone()], "{name}");
    }
    for (name, rule) in rules(&stack()) {
        assert_eq!(ids(&rule), std::slice::from_ref(&findings), "{name}");
    }
}

const CENTRAL: &str = "arn:aws:sns:us-east-1:999999999999:ringfence-central-findings";

/// Every rule that tells of Ringfence itself, by its whole name.
fn of_the_organization(stack: &Stack) -> BTreeMap<String, Value> {
    let rules = stack.of_type("AWS::Events::Rule").map(|(_, rule)| rule["Properties"].clone());
    let named = rules.map(|rule| (text(&rule, "/Name").to_owned(), rule));
    let is_ours =
        |name: &str| name.starts_with("ringfence-self-tamper-") || name.starts_with("ringfence-break-glass");
    named.filter(|(name, _)| is_ours(name)).collect()
}

#[test]
fn the_organizations_topic_gets_the_same_where_there_is_one_and_by_a_role_that_can_do_nothing_else() {
    let break_glass = ("BreakGlassRoleArn", "arn:aws:iam::123456789012:role/emergency/break-glass");
    let without = Template::of_project().rendered(&[break_glass]);
    assert!(without.resources().all(|(id, _)| id != "SelfTamperRole"));
    for (name, rule) in of_the_organization(&without) {
        let mut targets = rule["Targets"].as_array().expect("targets").iter();
        assert!(targets.all(|target| target.get("RoleArn").is_none()), "{name}");
    }
    let stack = Template::of_project().rendered(&[("CentralFindingsTopicArn", CENTRAL), break_glass]);
    let rules = of_the_organization(&stack);
    assert_eq!(rules.len(), 16);
    for (name, rule) in &rules {
        let [findings, organization] = &rule["Targets"].as_array().expect("targets")[..] else {
            panic!("{name}: two targets")
        };
        let mut expected = findings.clone();
        expected["Id"] = json!("organization");
        expected["Arn"] = json!(CENTRAL);
        expected["RoleArn"] = json!("arn:aws:iam::123456789012:role/ringfence/ringfence-self-tamper");
        assert_eq!(*organization, expected, "{name}");
    }
    let role = stack.properties("SelfTamperRole");
    assert_eq!(role["PermissionsBoundary"], stack.properties("OnRoleChangeRole")["PermissionsBoundary"]);
    assert!(role.get("Policies").is_none());
    let policies = role["ManagedPolicyArns"].as_array().expect("policies");
    let of_functions = stack.properties("OnExposureChangeRole")["ManagedPolicyArns"].clone();
    assert_eq!(json!(policies), of_functions, "the one that functions publish there by");
    assert_eq!(policies.len(), 1);
    let trust = statements(&role["AssumeRolePolicyDocument"]);
    assert_eq!(trust.len(), 1);
    assert_eq!(trust[0]["Principal"], json!({"Service": "events.amazonaws.com"}));
    let condition = &trust[0]["Condition"];
    assert_eq!(condition["StringEquals"], json!({"aws:SourceAccount": "123456789012"}));
    let trusted: BTreeSet<&str> = one_or_many(&condition["ArnEquals"]["aws:SourceArn"]).into_iter().collect();
    let arns: Vec<String> =
        rules.keys().map(|name| format!("arn:aws:events:us-east-1:123456789012:rule/{name}")).collect();
    assert_eq!(trusted, arns.iter().map(String::as_str).collect());
}

#[test]
fn the_rules_keep_to_the_quotas_and_lose_nothing() {
    for (name, rule) in rules(&with_email()) {
        // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
        assert!(rule["EventPattern"].to_string().len() <= 2048, "{name}");
        assert_eq!(rule["State"], "ENABLED", "{name}: reads change nothing");
        for target in rule["Targets"].as_array().expect("targets") {
            assert!(text(target, "/InputTransformer/InputTemplate").len() <= 8192, "{name}");
            assert_eq!(
                target["DeadLetterConfig"]["Arn"],
                "arn:aws:sqs:us-east-1:123456789012:ringfence-dead-letters"
            );
            assert_eq!(target["RetryPolicy"]["MaximumEventAgeInSeconds"], 86_400, "{name}");
        }
    }
}

#[test]
fn topics_key_and_dead_letter_queue_let_the_rules_in_and_the_sweep_looks_after_them() {
    let stack = with_email();
    let names: BTreeSet<String> =
        rules(&stack).keys().map(|name| format!("ringfence-self-tamper-{name}")).collect();
    let events = json!({"Service": "events.amazonaws.com"});
    let lets_in = |policy: &Value, action: &str| {
        let mut statements = statements(policy).into_iter();
        statements.any(|one| {
            one["Effect"] == "Allow"
                && one["Principal"] == events
                && one_or_many(&one["Action"]).contains(&action)
        })
    };
    for topic in ["FindingsTopicPolicy", "AlarmEmailTopicPolicy"] {
        assert!(lets_in(&stack.properties(topic)["PolicyDocument"], "sns:Publish"), "{topic}");
    }
    for action in ["kms:Decrypt", "kms:GenerateDataKey*"] {
        assert!(lets_in(&stack.properties("FindingsKey")["KeyPolicy"], action), "{action}");
    }
    let queue = statements(&stack.properties("DeadLetterQueuePolicy")["PolicyDocument"])[0];
    let senders: BTreeSet<String> = one_or_many(&queue["Condition"]["ArnEquals"]["aws:SourceArn"])
        .into_iter()
        .filter_map(|arn| arn.rsplit('/').next())
        .map(str::to_owned)
        .collect();
    assert!(names.is_subset(&senders), "{:?}", names.difference(&senders));
    let looked_after = text(stack.properties("SweepAccount"), "/Environment/Variables/RINGFENCE_RULES");
    let looked_after: BTreeSet<String> = looked_after.split(',').map(str::to_owned).collect();
    assert!(names.is_subset(&looked_after), "{:?}", names.difference(&looked_after));
}

/// Whatever Ringfence consists of is watched, also what comes later.
#[test]
fn each_kind_of_resource_of_the_stack_is_watched() {
    let watched = BTreeMap::from([
        ("AWS::CloudWatch::Alarm", "alarms"),
        ("AWS::DynamoDB::Table", "ledger"),
        ("AWS::Events::Rule", "rules"),
        ("AWS::IAM::Role", "roles"),
        ("AWS::KMS::Key", "key"),
        ("AWS::Logs::LogGroup", "logs"),
        ("AWS::S3::Bucket", "reports"),
        ("AWS::S3::BucketPolicy", "reports"),
        ("AWS::SNS::Subscription", "topics"),
        ("AWS::SNS::Topic", "topics"),
        ("AWS::SNS::TopicPolicy", "topics"),
        ("AWS::SQS::Queue", "queues"),
        ("AWS::SQS::QueuePolicy", "queues"),
        ("AWS::SSM::Parameter", "parameter"),
        ("AWS::Serverless::Function", "functions"),
        // The boundaries by on-policy-change, which sets them back; the others here.
        ("AWS::IAM::ManagedPolicy", "roles"),
    ]);
    // Nothing goes by a picture or by a name for a key.
    let not = ["AWS::CloudWatch::Dashboard", "AWS::KMS::Alias"];
    let stack = with_email();
    let rules = rules(&stack);
    for (id, resource) in stack.resources() {
        let kind = text(resource, "/Type");
        let rule = watched.get(kind);
        assert!(rule.is_some() || not.contains(&kind), "nobody watches {id}, a {kind}");
        assert!(rule.is_none_or(|rule| rules.contains_key(*rule)), "{kind}");
    }
}

/// Whoever deploys a parameter deploys it to the functions and to what the sweep holds them against.
#[test]
fn the_schedule_of_the_sweep_says_what_the_functions_were_deployed_with() {
    let role = "arn:aws:iam::123456789012:role/a,arn:aws:iam::123456789012:role/b";
    let policy = "arn:aws:iam::123456789012:policy/mine";
    let given = vec![
        ("Mode", "observe"),
        ("SweepMode", "enforce"),
        ("BoundaryArn", policy),
        ("ApprovedBoundaryArns", policy),
        ("CentralFindingsTopicArn", "arn:aws:sns:us-east-1:210987654321:ringfence-central-findings"),
        ("EnforceAt", "HIGH"),
        ("EnforceExistingAt", "CRITICAL"),
        ("EnforceSharedTrust", "all"),
        ("ReplaceWider", "true"),
        ("ProtectedRoles", role),
        ("SecurityHub", "true"),
        ("AccessAnalyzer", "checks"),
        ("AllowedPassRoleArns", role),
        ("AllowedAssumeRoleArns", role),
    ];
    for parameters in [vec![], vec![("BoundaryProfile", "strict")], given] {
        let stack = Template::of_project().rendered(&parameters);
        let input = text(stack.properties("SweepAccount"), "/Events/TimeToSweep/Properties/Input");
        assert!(input.len() <= 8192, "{} characters", input.len());
        let deployed = Deployed::of_input(input).expect("what the sweep reads");
        for (variable, value) in &deployed.settings {
            let environment = &stack.properties("OnRoleChange")["Environment"]["Variables"];
            assert_eq!(environment[variable.as_str()], json!(value), "{variable}");
        }
        for decisive in
            ["MODE", "SWEEP_MODE", "BOUNDARY_ARN", "LEDGER_TABLE", "FINDINGS_TOPIC_ARN", "PROTECTED_ROLES"]
        {
            assert!(deployed.settings.contains_key(&format!("RINGFENCE_{decisive}")), "{decisive}");
        }
    }
}
