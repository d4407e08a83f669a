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

/// Whom IAM knows, and whom only a provider of identities does.
fn rules(stack: &Stack) -> [&Value; 2] {
    ["BreakGlassUse", "BreakGlassUseFederated"].map(|rule| stack.properties(rule))
}

/// The one rule that takes it.
fn taker<'a>(stack: &'a Stack, event: &Value) -> &'a Value {
    let mut takers =
        rules(stack).into_iter().filter(|rule| event_pattern::matches(&rule["EventPattern"], event));
    let taker = takers.next().expect("a rule");
    assert!(takers.next().is_none(), "it would be told twice");
    taker
}

#[test]
fn its_use_is_seen_whatever_the_account_in_its_arn_and_nothing_else_is() {
    for role in [ROLE, "arn:aws:iam::*:role/emergency/break-glass"] {
        let stack = named(role);
        for fixture in handled(FOLDER) {
            assert_eq!(fixture.event["detail"]["readOnly"], true);
            let rule = taker(&stack, &fixture.event);
            assert_eq!(
                rule["State"], "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
                "AssumeRole counts as a read"
            );
        }
        for (fixture, rule) in
            ignored(FOLDER).iter().flat_map(|fixture| rules(&stack).map(|rule| (fixture, rule)))
        {
            assert!(!event_pattern::matches(&rule["EventPattern"], &fixture.event), "{}", fixture.name);
        }
    }
}

#[test]
fn the_finding_is_valid_and_says_who_took_it() {
    let stack = named(ROLE);
    let callers = [
        (
            "AssumeRole--by-an-administrator",
            "AssumedRole platform-admin AROAEXAMPLEADMIN00001:mallory 123456789012",
        ),
        ("AssumeRole--by-somebody-of-another-account", "AWSAccount AROAEXAMPLESECURITY01:alice 210987654321"),
        (
            "AssumeRoleWithSAML--by-somebody-without-an-arn",
            "SAMLUser arn:aws:iam::123456789012:saml-provider/example EXAMPLEPRINCIPAL",
        ),
        (
            "AssumeRoleWithWebIdentity--by-a-pipeline-on-a-branch-with-a-quote",
            "WebIdentityUser arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com",
        ),
    ];
    assert_eq!(handled(FOLDER).len(), callers.len());
    for (fixture, (name, caller)) in handled(FOLDER).iter().zip(callers) {
        assert_eq!(fixture.name, name);
        let rule = taker(&stack, &fixture.event);
        assert_eq!(rule["Targets"][0]["Arn"], "arn:aws:sns:us-east-1:123456789012:ringfence-findings");
        let sent = sent(rule, 0, &fixture.event);
        let told: Value = serde_json::from_str(&sent).unwrap_or_else(|e| panic!("{e}: {sent}"));
        finding_schema::assert_valid(&told);
        assert_eq!((&told["outcome"], &told["severity"]), (&json!("notice"), &json!("CRITICAL")));
        assert_eq!(told["version"], env!("CARGO_PKG_VERSION"));
        assert_eq!(told["problem"], "123456789012/sts.amazonaws.com break-glass/ringfence");
        assert_eq!(told["links"]["runbook"], Outcome::Notice.runbook());
        let words = |pointer: &str| text(&told, pointer).split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(words("/trigger/principal"), caller);
        let session = text(&fixture.event, "/detail/requestParameters/roleSessionName");
        let summary = words("/summary");
        assert!(
            summary.starts_with(&format!("{caller} assumed it as {session}, from 198.51.100.7")),
            "{summary}"
        );
        assert!(summary.contains(&format!("assumed-role/break-glass/{session}.")), "{summary}");
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
    let federated = |stack: &Stack| stack.resources().any(|(id, _)| id == "BreakGlassUseFederated");
    assert!(!has(&stack()) && has(&named(ROLE)) && !federated(&stack()) && federated(&named(ROLE)));
    let rules = |stack: &Stack| {
        text(stack.properties("SweepAccount"), "/Environment/Variables/RINGFENCE_RULES").to_owned()
    };
    let queue = named(ROLE).properties("DeadLetterQueuePolicy").to_string();
    for rule in ["ringfence-break-glass", "ringfence-break-glass-federated"] {
        assert!(rules(&named(ROLE)).split(',').any(|name| name == rule), "{rule}");
        assert!(!rules(&stack()).contains(rule));
        assert!(queue.contains(&format!("rule/{rule}\"")), "what {rule} cannot deliver is kept");
    }
}
