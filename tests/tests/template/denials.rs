//! Calls that boundaries refused: which events reach the function, by which way, and that they say what the code takes them for.

use crate::{stack, statements, text};
use guardrail::denial::{DeniedCall, ShippedDenial};
use guardrail::trigger::CloudTrailRecord;
use serde_json::{Value, json};
use tests::event_pattern::matches;
use tests::fixtures::{handled, ignored};
use tests::template::{ACCOUNT, Template};

const FUNCTION: &str = "on-boundary-denial";
const QUEUE: &str = "arn:aws:sqs:us-east-1:123456789012:ringfence-denials";
const RULE: &str = "arn:aws:events:us-east-1:123456789012:rule/ringfence-on-boundary-denial";

fn pattern() -> Value {
    stack().properties("BoundaryDenialRule")["EventPattern"].clone()
}

#[test]
fn the_rule_takes_its_fixtures_and_leaves_the_others_alone() {
    let pattern = pattern();
    for fixture in handled(FUNCTION) {
        assert!(matches(&pattern, &fixture.event), "{FUNCTION} would miss {}", fixture.name);
    }
    for fixture in ignored(FUNCTION) {
        assert!(!matches(&pattern, &fixture.event), "{FUNCTION} would be woken by {}", fixture.name);
    }
}

#[test]
fn events_that_nobody_but_aws_can_have_put_are_let_in() {
    let mut event = handled(FUNCTION)[0].event.clone();
    event["source"] = json!("orders.app");
    assert!(!matches(&pattern(), &event), "whoever may put events could make one up");
}

#[test]
fn the_rule_sees_reads_too_and_every_detail_type_has_a_fixture() {
    let stack = stack();
    let rule = stack.properties("BoundaryDenialRule");
    assert_eq!(rule["State"], "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS");
    assert!(handled(FUNCTION).iter().any(|fixture| fixture.event["detail"]["readOnly"] == true));
    for wanted in rule["EventPattern"]["detail-type"].as_array().expect("detail types") {
        assert!(handled(FUNCTION).iter().any(|fixture| fixture.event["detail-type"] == *wanted), "{wanted}");
    }
    // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
    assert!(pattern().to_string().len() <= 2048);
}

#[test]
fn the_name_of_a_fixture_begins_with_its_call() {
    for fixture in handled(FUNCTION).into_iter().chain(ignored(FUNCTION)) {
        let call = fixture.name.split("--").next().expect("a name");
        assert!(text(&fixture.event, "/detail/eventName").starts_with(call), "{}", fixture.name);
    }
}

/// What each says, in short.
#[test]
fn every_fixture_is_read_for_the_action_and_the_role() {
    let account = ACCOUNT.parse().expect("an account");
    let read: Vec<(String, String)> = handled(FUNCTION)
        .iter()
        .map(|fixture| {
            let record = CloudTrailRecord::from_detail(fixture.event["detail"].clone());
            let DeniedCall { refusal, role, .. } = on_boundary_denial::trigger(&record, &account)
                .unwrap_or_else(|why| panic!("{} is ignored: {why}", fixture.name));
            let kind = serde_json::to_value(refusal.kind).expect("a word");
            let kind = kind.as_str().expect("a word");
            (fixture.name.clone(), format!("{} {kind} {}", refusal.action, role.name()))
        })
        .collect();
    let expected = [
        ("AssumeRole--of-a-role-of-this-account", "sts:AssumeRole explicit-deny orders-api-role"),
        ("CreateBucket--allowed-by-no-statement", "s3:CreateBucket implicit-deny orders-api-role"),
        ("CreatePolicy--resource-in-words", "iam:CreatePolicy explicit-deny orders-api-role"),
        ("CreateRole--by-a-function-of-ringfence", "iam:CreateRole implicit-deny ringfence-on-role-change"),
        ("CreateTable--code-of-a-json-service", "dynamodb:CreateTable implicit-deny orders-api-role"),
        ("CreateUser--denied-by-a-statement", "iam:CreateUser explicit-deny orders-api-role"),
        ("CreateUser--wording-of-the-china-regions", "iam:CreateUser explicit-deny orders-api-role"),
        ("DeleteTrail--record-of-an-old-trail", "cloudtrail:DeleteTrail explicit-deny orders-api-role"),
        ("ListUsers--a-read", "iam:ListUsers implicit-deny orders-api-role"),
        (
            "RunInstances--policy-named-and-encoded-message-behind-it",
            "ec2:RunInstances explicit-deny orders-api-role",
        ),
        ("RunTask--another-action-than-the-call", "iam:PassRole explicit-deny orders-api-role"),
        (
            "UpdateFunctionCode--of-another-region-forwarded",
            "lambda:UpdateFunctionCode explicit-deny orders-api-role",
        ),
    ];
    assert_eq!(read, expected.map(|(name, says)| (name.to_owned(), says.to_owned())));
}

#[test]
fn the_rule_hands_over_to_a_queue_that_takes_messages_of_nobody_else() {
    let stack = stack();
    let [target] = stack.properties("BoundaryDenialRule")["Targets"].as_array().expect("targets").as_slice()
    else {
        panic!("one target")
    };
    assert_eq!(target["Arn"], QUEUE);
    assert_eq!(
        target["DeadLetterConfig"]["Arn"],
        "arn:aws:sqs:us-east-1:123456789012:ringfence-dead-letters"
    );
    let queue = stack.properties("DenialQueue");
    assert_eq!(
        (&queue["QueueName"], &queue["SqsManagedSseEnabled"]),
        (&json!("ringfence-denials"), &json!(true))
    );
    let retention = queue["MessageRetentionPeriod"].as_u64().expect("a time");
    let visibility = queue["VisibilityTimeout"].as_u64().expect("a time");
    let attempts = queue["RedrivePolicy"]["maxReceiveCount"].as_u64().expect("a number");
    assert!(retention <= 6 * 3600, "a denial of yesterday is no news");
    assert!(visibility * attempts < retention, "what fails is kept before it is too old");

    let policy = statements(&stack.properties("DenialQueuePolicy")["PolicyDocument"]);
    let allows: Vec<&&Value> = policy.iter().filter(|statement| statement["Effect"] == "Allow").collect();
    let [allow] = allows.as_slice() else { panic!("one statement that allows") };
    assert_eq!(allow["Principal"], json!({"Service": "events.amazonaws.com"}));
    assert_eq!((&allow["Action"], &allow["Resource"]), (&json!("sqs:SendMessage"), &json!(QUEUE)));
    assert_eq!(allow["Condition"], json!({"ArnEquals": {"aws:SourceArn": RULE}}));
}

/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html>
#[test]
fn a_storm_comes_in_large_batches_to_few_functions() {
    let stack = stack();
    let function = stack.properties("OnBoundaryDenial");
    let mapping = &function["Events"]["CallsRefused"]["Properties"];
    assert_eq!(mapping["Queue"], QUEUE);
    assert_eq!(mapping["ScalingConfig"]["MaximumConcurrency"], 2);
    let window = mapping["MaximumBatchingWindowInSeconds"].as_u64().expect("a window");
    assert!((1..=10).contains(&window), "a batch of more than ten needs one, and people wait for it");
    assert!(mapping["BatchSize"].as_u64().is_some_and(|size| size >= 100));
    let visibility = stack.properties("DenialQueue")["VisibilityTimeout"].as_u64().expect("a time");
    assert!(visibility >= 6 * function["Timeout"].as_u64().expect("a time") + window);
}

/// What a Sid keeps away, the findings say in words.
#[test]
fn each_denial_of_the_shipped_boundaries_is_known_by_its_sid() {
    let one = "arn:aws:iam::123456789012:role/jobs/orders-task";
    for parameters in [vec![], vec![("AllowedPassRoleArns", one), ("AllowedAssumeRoleArns", one)]] {
        let stack = Template::of_project().rendered(&parameters);
        for boundary in ["BaselineBoundary", "StrictBoundary"] {
            let statements = statements(&stack.properties(boundary)["PolicyDocument"]);
            let denials: Vec<&str> = statements
                .into_iter()
                .filter(|statement| statement["Effect"] == "Deny")
                .map(|statement| text(statement, "/Sid"))
                .collect();
            assert_eq!(denials.len(), 9, "{boundary}: {denials:?}");
            for sid in denials {
                assert!(ShippedDenial::of_sid(sid).is_some(), "guardrail::denial does not know {sid}");
            }
        }
    }
}

#[test]
fn the_function_writes_to_no_role_and_no_policy() {
    for action in on_boundary_denial::actions().iter().filter(|action| action.starts_with("iam:")) {
        let reads = ["iam:Get", "iam:List"].iter().any(|verb| action.starts_with(verb));
        assert!(reads, "{action}");
    }
}
