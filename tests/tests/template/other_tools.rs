//! Rules that hand other tools' findings to the review queue: each fixture through its pattern and its transformer.

use crate::{one_or_many, stack, statements, text};
use guardrail::review::ReviewRequest;
use guardrail::trigger::{Source, Subject, Trigger};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use tests::fixtures::{Fixture, handled, ignored};
use tests::{event_pattern, input_transformer};

const FOLDER: &str = "other-tools";

/// The rules by their names without the prefix that they share.
fn rules() -> BTreeMap<String, Value> {
    let stack = stack();
    let rules = stack.of_type("AWS::Events::Rule").map(|(_, rule)| rule["Properties"].clone());
    let named = rules.filter_map(|rule| {
        let name = text(&rule, "/Name").strip_prefix("ringfence-other-tools-")?.to_owned();
        Some((name, rule))
    });
    named.collect()
}

/// What the rule of this name makes of the fixture.
fn triggers(rule: &Value, fixture: &Fixture) -> Vec<Trigger> {
    let message = input_transformer::transformed(&rule["Targets"][0]["InputTransformer"], &fixture.event);
    let request: ReviewRequest =
        serde_json::from_str(&message).unwrap_or_else(|e| panic!("{}: {e}: {message}", fixture.name));
    request.into_triggers("message-1", &"123456789012".parse().expect("an account"))
}

#[test]
fn every_rule_takes_its_fixtures_and_no_other() {
    let rules = rules();
    assert_eq!(rules.len(), 5);
    let mut covered = BTreeSet::new();
    for fixture in handled(FOLDER) {
        let taken: Vec<&str> = rules
            .iter()
            .filter(|(_, rule)| event_pattern::matches(&rule["EventPattern"], &fixture.event))
            .map(|(name, _)| name.as_str())
            .collect();
        let named = fixture.name.split("--").next().expect("a name");
        assert_eq!(taken, [named], "{}", fixture.name);
        covered.insert(named.to_owned());
    }
    assert_eq!(covered, rules.keys().cloned().collect(), "a fixture for each");
    for fixture in ignored(FOLDER) {
        for (name, rule) in &rules {
            assert!(
                !event_pattern::matches(&rule["EventPattern"], &fixture.event),
                "{name}: {}",
                fixture.name
            );
        }
    }
}

#[test]
fn what_a_rule_sends_names_the_role_or_the_function_and_the_finding_of_the_other_tool() {
    let role = || Subject::Role("nightly-export".parse().expect("a role name"));
    let function = |region: &str| {
        let arn = format!("arn:aws:lambda:{region}:123456789012:function:orders");
        Subject::FunctionsRole(arn.parse().expect("a function's ARN"))
    };
    let expected = BTreeMap::from([
        (
            "config-functions--non-compliant",
            (function("eu-west-1"), "AWS Config", "Rule lambda-inside-vpc: NON_COMPLIANT"),
        ),
        (
            "config-roles--non-compliant",
            (
                Subject::RoleWithId("AROAEXAMPLENIGHTLYEX0".parse().expect("a role id")),
                "AWS Config",
                "Rule lambda-inside-vpc: NON_COMPLIANT",
            ),
        ),
        (
            "external-access--to-a-function",
            (
                function("us-east-1"),
                "IAM Access Analyzer",
                "External access to arn:aws:lambda:us-east-1:123456789012:function:orders",
            ),
        ),
        (
            "external-access--to-a-role",
            (
                role(),
                "IAM Access Analyzer",
                "External access to arn:aws:iam::123456789012:role/batch/nightly-export",
            ),
        ),
        (
            "security-hub--about-an-account-and-a-role-without-compliance",
            (role(), "Prowler", r#"Role "nightly-export" has AdministratorAccess"#),
        ),
        (
            "security-hub--its-own-control-about-a-function",
            (function("us-east-1"), "Security Hub", "Lambda function policies should prohibit public access"),
        ),
        (
            "security-hub--prowler-about-a-role",
            (role(), "Prowler", r#"Role "nightly-export" has AdministratorAccess"#),
        ),
        (
            "unused-access--permissions-of-a-role",
            (
                role(),
                "IAM Access Analyzer",
                "UnusedPermission of arn:aws:iam::123456789012:role/batch/nightly-export",
            ),
        ),
    ]);
    let rules = rules();
    for fixture in handled(FOLDER) {
        let (subject, product, title) = &expected[fixture.name.as_str()];
        let rule = &rules[fixture.name.split("--").next().expect("a name")];
        let triggers = triggers(rule, &fixture);
        assert_eq!(triggers.len(), 1, "{}", fixture.name);
        assert_eq!(&triggers[0].subject, subject, "{}", fixture.name);
        let source = triggers[0].source.as_ref().expect("a source");
        let Source { product: told, title: titled, id } = source;
        assert_eq!((told.as_str(), titled.as_str()), (*product, *title), "{}", fixture.name);
        assert!(!id.is_empty());
    }
}

#[test]
fn they_feed_the_review_queue_and_nobody_else_may_through_them() {
    let stack = stack();
    let queue = "arn:aws:sqs:us-east-1:123456789012:ringfence-review";
    let mut arns = BTreeSet::new();
    for (name, rule) in rules() {
        let [target] = rule["Targets"].as_array().expect("targets").as_slice() else { panic!("{name}") };
        assert_eq!(target["Arn"], queue, "{name}");
        assert_eq!(
            target["DeadLetterConfig"]["Arn"],
            "arn:aws:sqs:us-east-1:123456789012:ringfence-dead-letters"
        );
        assert_eq!(target["RetryPolicy"]["MaximumEventAgeInSeconds"], 86_400, "{name}");
        assert!(rule["EventPattern"].to_string().len() <= 2048, "{name}");
        arns.insert(format!("arn:aws:events:us-east-1:123456789012:rule/{}", text(&rule, "/Name")));
    }
    let policy = &stack.properties("ReviewQueuePolicy")["PolicyDocument"];
    let [allow] =
        statements(policy).into_iter().filter(|one| one["Effect"] == "Allow").collect::<Vec<_>>()[..]
    else {
        panic!("one statement allows")
    };
    assert_eq!(allow["Principal"], json!({"Service": "events.amazonaws.com"}));
    let sources = one_or_many(&allow["Condition"]["ArnEquals"]["aws:SourceArn"]);
    assert_eq!(sources.into_iter().map(str::to_owned).collect::<BTreeSet<_>>(), arns);
}
