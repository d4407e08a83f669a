//! Every function: its folder, its role, its logs, what becomes of its failures.

use crate::permissions::GENERATION;
use crate::{one_or_many, stack, statements, text};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use tests::template::Stack;
use tests::{function_folders, logical_id};

const FUNCTION: &str = "AWS::Serverless::Function";

/// The contract with `account::settings`.
const ENVIRONMENT: [&str; 27] = [
    "RINGFENCE_ACCESS_ANALYZER",
    "RINGFENCE_ALLOWED_ASSUME_ROLE_ARNS",
    "RINGFENCE_ALLOWED_PASS_ROLE_ARNS",
    "RINGFENCE_APPROVED_BOUNDARY_ARNS",
    "RINGFENCE_BOUNDARY_ARN",
    "RINGFENCE_CARVE_OUTS",
    "RINGFENCE_CENTRAL_TOPIC_ARN",
    "RINGFENCE_ENFORCE_AT",
    "RINGFENCE_ENFORCE_EXISTING_AT",
    "RINGFENCE_ENFORCE_SHARED_TRUST",
    "RINGFENCE_FINDINGS_KEY_ARN",
    "RINGFENCE_FINDINGS_TOPIC_ARN",
    "RINGFENCE_LEDGER_TABLE",
    "RINGFENCE_LEDGER_TABLE_ARN",
    "RINGFENCE_MODE",
    "RINGFENCE_OWNER_TAG_KEYS",
    "RINGFENCE_OWN_ROLE_ARNS",
    "RINGFENCE_POLICY_GENERATION_ROLE_ARN",
    "RINGFENCE_PROTECTED_ROLES",
    "RINGFENCE_REPLACE_WIDER",
    "RINGFENCE_REPORT_BUCKET",
    "RINGFENCE_REVIEW_QUEUE_URL",
    "RINGFENCE_RULES",
    "RINGFENCE_SECURITY_HUB",
    "RINGFENCE_STACK_ID",
    "RINGFENCE_SWEEP_MODE",
    "RINGFENCE_TRAIL_ARN",
];

fn dead_letter_arn(stack: &Stack) -> String {
    format!("arn:aws:sqs:us-east-1:123456789012:{}", text(stack.properties("DeadLetterQueue"), "/QueueName"))
}

#[test]
fn every_folder_is_a_function_of_the_template_and_conversely() {
    let stack = stack();
    let expected: BTreeSet<String> = function_folders().iter().map(|folder| logical_id(folder)).collect();
    let found: BTreeSet<String> = stack.of_type(FUNCTION).map(|(id, _)| id.to_owned()).collect();
    assert_eq!(found, expected);
    for folder in function_folders() {
        let function = stack.resource(&logical_id(&folder));
        let properties = &function["Properties"];
        assert_eq!(properties["CodeUri"], format!("functions/{folder}"));
        assert_eq!(properties["FunctionName"], format!("ringfence-{folder}"));
        assert_eq!(function["Metadata"]["BuildMethod"], "rust-cargolambda", "{folder}");
        assert_eq!(properties["Runtime"], "provided.al2023", "{folder}");
        assert_eq!(properties["Handler"], "bootstrap", "{folder}");
        assert_eq!(properties["Architectures"], json!(["arm64"]), "{folder}");
    }
}

#[test]
fn every_function_has_a_role_of_its_own_that_only_lambda_may_assume_under_our_own_boundary() {
    let stack = stack();
    let mut roles = BTreeSet::new();
    for folder in function_folders() {
        let id = logical_id(&folder);
        let role = stack.properties(&format!("{id}Role"));
        let arn = format!("arn:aws:iam::123456789012:role/ringfence/ringfence-{folder}");
        assert_eq!(stack.properties(&id)["Role"], arn);
        assert!(roles.insert(arn), "{folder} shares its role");
        assert!(stack.properties(&id).get("Policies").is_none(), "{folder}: SAM would make a second role");
        assert_eq!(
            role["PermissionsBoundary"],
            "arn:aws:iam::123456789012:policy/ringfence/ringfence-own-v1"
        );
        let trust = statements(&role["AssumeRolePolicyDocument"]);
        assert_eq!(trust.len(), 1, "{folder}");
        assert_eq!(trust[0]["Principal"], json!({"Service": "lambda.amazonaws.com"}), "{folder}");
        assert_eq!(trust[0]["Action"], "sts:AssumeRole", "{folder}");
    }
    let listed = text(stack.properties("OnRoleChange"), "/Environment/Variables/RINGFENCE_OWN_ROLE_ARNS");
    assert_eq!(
        listed.split(',').map(str::to_owned).collect::<BTreeSet<_>>(),
        roles,
        "RINGFENCE_OWN_ROLE_ARNS"
    );
}

#[test]
fn every_function_gets_the_same_environment_whole() {
    let stack = stack();
    for (id, function) in stack.of_type(FUNCTION) {
        let variables = function["Properties"]["Environment"]["Variables"].as_object().expect("variables");
        let found: BTreeSet<&str> = variables.keys().map(String::as_str).collect();
        assert_eq!(found, BTreeSet::from(ENVIRONMENT), "{id}");
        for (variable, value) in variables {
            assert!(value.is_string(), "{id}: {variable} is {value}");
        }
    }
}

/// Lambda takes 4 KB of all variables together, names and values
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
#[test]
fn the_environment_leaves_room_for_what_an_installation_adds() {
    const LIMIT: usize = 4_096;
    const FOR_LISTS: usize = 1_000;
    let stack = tests::template::Template::of_project().rendered(&[
        ("ReservedConcurrency", "5"),
        ("BreakGlassRoleArn", "arn:aws:iam::123456789012:role/break-glass"),
        ("CentralFindingsTopicArn", "arn:aws:sns:us-east-1:999999999999:ringfence-central-findings"),
        GENERATION[0],
        GENERATION[1],
    ]);
    let variables =
        stack.properties("SweepAccount")["Environment"]["Variables"].as_object().expect("variables");
    let size: usize =
        variables.iter().map(|(name, value)| name.len() + value.as_str().map_or(0, str::len)).sum();
    assert!(size + FOR_LISTS <= LIMIT, "{size} of {LIMIT} bytes, and lists of ARNs are still to come");
}

#[test]
fn every_function_logs_json_to_a_group_that_is_kept_for_a_while() {
    let stack = stack();
    for folder in function_folders() {
        let id = logical_id(&folder);
        let name = format!("/aws/lambda/ringfence-{folder}");
        let logging = &stack.properties(&id)["LoggingConfig"];
        assert_eq!(logging["LogFormat"], "JSON", "{folder}");
        assert_eq!(logging["LogGroup"], name);
        let group = stack.properties(&format!("{id}LogGroup"));
        assert_eq!(group["LogGroupName"], name);
        assert!(group["RetentionInDays"].as_u64().is_some_and(|days| days >= 30), "{folder}");
    }
}

#[test]
fn what_a_function_fails_on_ends_in_the_dead_letter_queue() {
    let stack = stack();
    let dead_letters = dead_letter_arn(&stack);
    for (id, function) in stack.of_type(FUNCTION) {
        let properties = &function["Properties"];
        let Some(events) = properties["Events"].as_object() else {
            assert!(
                id == "UndoRemediation" || id == "SuggestPolicy",
                "{id}: only an operator, who reads the answer, invokes without an event, and a schedule of its own"
            );
            continue;
        };
        for event in events.values() {
            match text(event, "/Type") {
                "EventBridgeRule" | "Schedule" => {
                    let invoke = &properties["EventInvokeConfig"];
                    assert_eq!(invoke["MaximumRetryAttempts"], 2, "{id}");
                    assert_eq!(invoke["MaximumEventAgeInSeconds"], 6 * 3600, "{id}");
                    assert_eq!(invoke["DestinationConfig"]["OnFailure"]["Destination"], dead_letters, "{id}");
                    assert_eq!(event["Properties"]["DeadLetterConfig"]["Arn"], dead_letters, "{id}");
                    assert_eq!(
                        event["Properties"]["RetryPolicy"]["MaximumEventAgeInSeconds"], 86_400,
                        "{id}"
                    );
                }
                "SQS" => assert_queue_gives_up_into(&stack, &event["Properties"], properties, &dead_letters),
                other => panic!("{id}: nobody has said what becomes of the failures of {other}"),
            }
        }
    }
}

/// Its schedule is there only where a condition says so, which SAM's events do not take.
#[test]
fn policies_are_proposed_on_a_schedule_where_a_trail_and_a_role_to_read_it_are_given() {
    let rule = |parameters: &[(&str, &str)]| {
        let stack = tests::template::Template::of_project().rendered(parameters);
        let found = stack.of_type("AWS::Events::Rule").find(|(id, _)| *id == "SuggestPolicySchedule");
        let permission =
            stack.of_type("AWS::Lambda::Permission").any(|(id, _)| id == "SuggestPolicySchedulePermission");
        assert_eq!(found.is_some(), permission);
        found.map(|(_, rule)| (rule["Properties"].clone(), dead_letter_arn(&stack)))
    };
    assert_eq!(rule(&[]), None);
    assert_eq!(rule(&GENERATION[..1]), None);
    assert_eq!(rule(&GENERATION[1..]), None);
    let (rule, dead_letters) = rule(&GENERATION).expect("a schedule");
    let [target] = rule["Targets"].as_array().expect("targets").as_slice() else {
        panic!("one target: {rule}")
    };
    assert_eq!(target["Input"], "{}", "what an operator sends");
    assert_eq!(target["DeadLetterConfig"]["Arn"], dead_letters);
    let function = stack();
    let invoke = &function.properties("SuggestPolicy")["EventInvokeConfig"];
    assert_eq!(invoke["MaximumRetryAttempts"], 2);
    assert_eq!(invoke["DestinationConfig"]["OnFailure"]["Destination"], dead_letters);
}

/// Batches: <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>.
fn assert_queue_gives_up_into(stack: &Stack, mapping: &Value, function: &Value, dead_letters: &str) {
    let name = text(mapping, "/Queue").rsplit(':').next().expect("an ARN ends in the name");
    let (_, queue) = stack
        .of_type("AWS::SQS::Queue")
        .find(|(_, queue)| queue["Properties"]["QueueName"] == name)
        .expect("the queue is of this template");
    assert_eq!(queue["Properties"]["RedrivePolicy"]["deadLetterTargetArn"], dead_letters);
    assert_eq!(mapping["FunctionResponseTypes"], json!(["ReportBatchItemFailures"]));
    let timeout = function["Timeout"].as_u64().expect("a timeout");
    assert!(queue["Properties"]["VisibilityTimeout"].as_u64().is_some_and(|visible| visible >= 6 * timeout));
}

/// Every rule of the stack by its name, with its properties: those of SAM's events and those of their own.
fn rules(stack: &Stack) -> BTreeMap<String, Value> {
    let of_functions = stack
        .of_type(FUNCTION)
        .filter_map(|(_, function)| function["Properties"]["Events"].as_object())
        .flat_map(|events| events.values())
        .filter_map(|event| match text(event, "/Type") {
            "EventBridgeRule" => Some((text(event, "/Properties/RuleName"), &event["Properties"])),
            "Schedule" => Some((text(event, "/Properties/Name"), &event["Properties"])),
            _ => None,
        });
    let of_their_own = stack
        .of_type("AWS::Events::Rule")
        .map(|(_, rule)| (text(rule, "/Properties/Name"), &rule["Properties"]));
    of_functions.chain(of_their_own).map(|(name, rule)| (name.to_owned(), rule.clone())).collect()
}

#[test]
fn the_sweep_looks_after_every_rule_that_is_on_and_after_no_other() {
    let template = tests::template::Template::of_project();
    let stacks =
        [stack(), template.rendered(&[("ReservedConcurrency", "5")]), crate::permissions::with_everything()];
    for stack in &stacks {
        let looked_after = text(stack.properties("SweepAccount"), "/Environment/Variables/RINGFENCE_RULES");
        let looked_after: BTreeSet<&str> = looked_after.split(',').collect();
        let rules = rules(stack);
        // Without its own schedule there is no sweep: that is an alarm's to say.
        let on: BTreeSet<&str> = rules
            .iter()
            .filter(|(name, rule)| rule["State"] != "DISABLED" && *name != "ringfence-sweep-account")
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(looked_after, on);
    }
}

#[test]
fn the_dead_letter_queue_takes_messages_of_exactly_our_rules() {
    let stack = crate::permissions::with_everything();
    let rules: BTreeSet<String> = rules(&stack)
        .into_keys()
        .map(|rule| format!("arn:aws:events:us-east-1:123456789012:rule/{rule}"))
        .collect();
    let policy = &stack.properties("DeadLetterQueuePolicy")["PolicyDocument"];
    let allows: Vec<&Value> = statements(policy).into_iter().filter(|s| s["Effect"] == "Allow").collect();
    assert_eq!(allows.len(), 1);
    assert_eq!(allows[0]["Principal"], json!({"Service": "events.amazonaws.com"}));
    let sources = one_or_many(&allows[0]["Condition"]["ArnEquals"]["aws:SourceArn"]);
    assert_eq!(sources.into_iter().map(str::to_owned).collect::<BTreeSet<_>>(), rules);
}

#[test]
fn people_who_gave_an_address_get_findings_from_medium() {
    let stack =
        tests::template::Template::of_project().rendered(&[("FindingsEmail", "security@example.com")]);
    let subscription = stack.properties("FindingsEmailSubscription");
    assert_eq!(subscription["FilterPolicy"], json!({"severity": ["MEDIUM", "HIGH", "CRITICAL"]}));
}
