//! The break-glass role: each use is told by a rule, without a function between.

use crate::{stack, text};
use guardrail::finding::Outcome;
use serde_json::{Value, json};
use tests::fixtures::{handled, ignored};
use tests::template::{Stack, Template};
use tests::{event_pattern, input_transformer};

const FOLDER: &str = "break-glass";
const ROLE: &str = "arn:aws:iam::123456789012:role/emergency/break-glass";
const TEXT: &str = include_str!("break_glass/email.txt");

fn named(role: &str) -> Stack {
    Template::of_project().rendered(&[("BreakGlassRoleArn", role), ("FindingsEmail", "security@example.com")])
}

fn sent(rule: &Value, target: usize, event: &Value) -> String {
    input_transformer::transformed(&rule["Targets"][target]["InputTransformer"], event)
}

#[test]
fn its_use_is_seen_whatever_the_account_in_its_arn_and_nothing_else_is() {
    for role in [ROLE, "arn:aws:iam::*:role/emergency/break-glass"] {
        let stack = named(role);
        let rule = stack.properties("BreakGlassUse");
        assert_eq!(
            rule["State"], "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
            "AssumeRole counts as a read"
        );
        for fixture in handled(FOLDER) {
            assert_eq!(fixture.event["detail"]["readOnly"], true);
            assert!(event_pattern::matches(&rule["EventPattern"], &fixture.event), "{}", fixture.name);
        }
        for fixture in ignored(FOLDER) {
            assert!(!event_pattern::matches(&rule["EventPattern"], &fixture.event), "{}", fixture.name);
        }
    }
}

#[test]
fn the_finding_is_valid_and_says_who_took_it() {
    let stack = named(ROLE);
    let rule = stack.properties("BreakGlassUse");
    assert_eq!(rule["Targets"][0]["Arn"], "arn:aws:sns:us-east-1:123456789012:ringfence-findings");
    for fixture in handled(FOLDER) {
        let sent = sent(rule, 0, &fixture.event);
        let told: Value = serde_json::from_str(&sent).unwrap_or_else(|e| panic!("{e}: {sent}"));
        finding_schema::assert_valid(&told);
        assert_eq!((&told["outcome"], &told["severity"]), (&json!("notice"), &json!("CRITICAL")));
        assert_eq!(told["version"], env!("CARGO_PKG_VERSION"));
        assert_eq!(told["problem"], format!("123456789012/sts.amazonaws.com {ROLE}/ringfence"));
        assert_eq!(told["links"]["runbook"], Outcome::Notice.runbook());
        let session = text(&fixture.event, "/detail/requestParameters/roleSessionName");
        assert!(text(&told, "/summary").contains(&format!("{ROLE} as {session}, from 198.51.100.7")));
    }
}

/// `RINGFENCE_BLESS=1` writes the text anew.
#[test]
fn the_text_of_the_email() {
    let stack = named(ROLE);
    let rule = stack.properties("BreakGlassUse");
    assert_eq!(rule["Targets"][1]["Arn"], "arn:aws:sns:us-east-1:123456789012:ringfence-alarms");
    let text = sent(rule, 1, &handled(FOLDER)[0].event) + "\n";
    if std::env::var_os("RINGFENCE_BLESS").is_some() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/template/break_glass/email.txt");
        return std::fs::write(page, text).expect("the text can be written");
    }
    assert_eq!(text, TEXT);
}

#[test]
fn there_is_a_rule_only_where_there_is_such_a_role_and_the_sweep_looks_after_it() {
    let has = |stack: &Stack| stack.resources().any(|(id, _)| id == "BreakGlassUse");
    assert!(!has(&stack()) && has(&named(ROLE)));
    let rules = |stack: &Stack| {
        text(stack.properties("SweepAccount"), "/Environment/Variables/RINGFENCE_RULES").to_owned()
    };
    assert!(rules(&named(ROLE)).contains("ringfence-break-glass"));
    assert!(!rules(&stack()).contains("ringfence-break-glass"));
    let queue = named(ROLE).properties("DeadLetterQueuePolicy").to_string();
    assert!(queue.contains("rule/ringfence-break-glass"), "what it cannot deliver is kept");
}
