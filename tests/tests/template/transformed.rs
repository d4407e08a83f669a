//! What rules take out of an event and put into a text. EventBridge does not escape it, so no such value may have a quote or a backslash:
//! whoever chose it would choose what the finding says.

use crate::text;
use serde_json::Value;
use std::collections::BTreeSet;
use tests::fixtures::handled;
use tests::template::{Stack, Template};
use tests::{event_pattern, input_transformer};

/// Paths that any of these rules may use, each with why its value has neither character.
const OF_EVERY_RULE: [(&str, &str); 9] = [
    ("$.account", "EventBridge writes it"),
    ("$.region", "EventBridge writes it"),
    ("$.detail.awsRegion", "CloudTrail writes it: the name of a Region"),
    ("$.detail.eventID", "CloudTrail writes it: a GUID"),
    ("$.detail.eventName", "the rule's pattern lists the names of the calls, or how they begin"),
    ("$.detail.eventSource", "CloudTrail writes it: the service's address"),
    ("$.detail.eventTime", "CloudTrail writes it"),
    ("$.detail.sourceIPAddress", "CloudTrail writes it: an address, or the name of a service"),
    ("$.detail.userIdentity.type", "CloudTrail writes it: one of a few words"),
];

/// Who calls, where IAM knows the caller: a user, a role's session, the account itself, a service.
const CALLER: [(&str, &str); 5] = [
    ("$.detail.userIdentity.accountId", "twelve digits"),
    ("$.detail.userIdentity.invokedBy", "the name of an AWS service"),
    ("$.detail.userIdentity.principalId", "an id, with the name of a session: [\\w+=,.@-]*"),
    (
        "$.detail.userIdentity.sessionContext.sessionIssuer.userName",
        "the name of a role or user: [\\w+=,.@-]+",
    ),
    (
        "$.detail.userIdentity.userName",
        "the name of a user, [\\w+=,.@-]+, or the alias of an account, [a-z0-9-]+",
    ),
];

/// Paths of one rule. Patterns are those of the service's model, unless said otherwise; a refused call is in no rule.
const OF_A_RULE: [(&str, &str, &str); 24] = [
    ("break-glass", "$.detail.requestParameters.roleSessionName", "[\\w+=,.@-]*"),
    ("break-glass", "$.detail.responseElements.assumedRoleUser.arn", "names of role and session, no path"),
    (
        "break-glass-federated",
        "$.detail.requestParameters.principalArn",
        "the ARN of a SAML provider: [\\w._-]+",
    ),
    ("break-glass-federated", "$.detail.requestParameters.roleSessionName", "[\\w+=,.@-]*"),
    (
        "break-glass-federated",
        "$.detail.responseElements.assumedRoleUser.arn",
        "names of role and session, no path",
    ),
    (
        "break-glass-federated",
        "$.detail.userIdentity.identityProvider",
        "the role's trust names it, not the caller",
    ),
    ("self-tamper-functions", "$.detail.requestParameters.functionName", "[a-zA-Z0-9-_.:$]"),
    ("self-tamper-functions", "$.detail.requestParameters.resourceArn", "[a-zA-Z0-9-_:$.]"),
    ("self-tamper-functions", "$.detail.responseElements.functionArn", "Lambda writes it"),
    ("self-tamper-key", "$.detail.requestParameters.keyId", "the rule's pattern compares it whole"),
    ("self-tamper-ledger", "$.detail.requestParameters.resourceArn", "the rule's pattern compares it whole"),
    ("self-tamper-ledger", "$.detail.requestParameters.tableName", "the rule's pattern compares it whole"),
    ("self-tamper-logs", "$.detail.requestParameters.logGroupIdentifier", "[\\w#+=/:,.@-]*"),
    ("self-tamper-logs", "$.detail.requestParameters.logGroupName", "[.\\-_/#A-Za-z0-9]+"),
    ("self-tamper-reports", "$.detail.requestParameters.bucketName", "the rule's pattern compares it whole"),
    (
        "self-tamper-roles",
        "$.detail.requestParameters.policyArn",
        "of a policy that exists: path [A-Za-z0-9.,+@=_-/]",
    ),
    ("self-tamper-roles", "$.detail.requestParameters.roleName", "[\\w+=,.@-]+"),
    ("self-tamper-rules", "$.detail.requestParameters.name", "[.\\-_A-Za-z0-9]+"),
    ("self-tamper-rules", "$.detail.requestParameters.rule", "[.\\-_A-Za-z0-9]+"),
    ("self-tamper-rules-of-rules", "$.detail.requestParameters.name", "the rule's pattern compares it whole"),
    ("self-tamper-rules-of-rules", "$.detail.requestParameters.rule", "the rule's pattern compares it whole"),
    ("self-tamper-stack", "$.detail.requestParameters.stackName", "the rule's pattern compares it whole"),
    (
        "self-tamper-trail",
        "$.detail.requestParameters.name",
        "of a trail that exists: letters, digits, ., _, -",
    ),
    (
        "self-tamper-trail",
        "$.detail.requestParameters.trailName",
        "of a trail that exists: letters, digits, ., _, -",
    ),
];

const FOLDERS: [(&str, &str); 2] = [("self-tamper", "self-tamper-"), ("break-glass", "break-glass")];
/// Of values that a caller chooses; each is in some fixture, or the second test would not be about them.
const CHOSEN: [&str; 11] = [
    "/userAgent",
    "/userIdentity/arn",
    "/userIdentity/principalId",
    "/userIdentity/userName",
    "/requestParameters/alarmName",
    "/requestParameters/alarmNames/0",
    "/requestParameters/muteTargets/alarmNames/0",
    "/requestParameters/names/0",
    "/requestParameters/queueUrl",
    "/requestParameters/roleArn",
    "/requestParameters/topicArn",
];

fn deployed() -> Stack {
    let role = "arn:aws:iam::123456789012:role/emergency/break-glass";
    Template::of_project().rendered(&[("BreakGlassRoleArn", role), ("FindingsEmail", "security@example.com")])
}

/// The rules that put what they take into a text, by their names without `ringfence-`.
fn rules(stack: &Stack) -> Vec<(String, Value)> {
    let rules = stack.of_type("AWS::Events::Rule").map(|(_, rule)| rule["Properties"].clone());
    let named = rules.map(|rule| (text(&rule, "/Name").trim_start_matches("ringfence-").to_owned(), rule));
    named.filter(|(name, _)| FOLDERS.iter().any(|(_, prefix)| name.starts_with(prefix))).collect()
}

fn paths(rule: &Value) -> BTreeSet<&str> {
    let targets = rule["Targets"].as_array().expect("targets").iter();
    let maps = targets.map(|target| target["InputTransformer"]["InputPathsMap"].as_object().expect("paths"));
    maps.flat_map(|map| map.values()).map(|path| path.as_str().expect("a path")).collect()
}

fn without_quotes(rule: &str) -> BTreeSet<&'static str> {
    let caller = if rule == "break-glass-federated" { &[][..] } else { &CALLER[..] };
    let of_all = OF_EVERY_RULE.iter().chain(caller).map(|(path, _)| *path);
    let of_this = OF_A_RULE.iter().filter(|(name, ..)| *name == rule).map(|(_, path, _)| *path);
    of_all.chain(of_this).collect()
}

#[test]
fn only_values_without_quotes_are_taken_out_of_an_event() {
    let stack = deployed();
    let rules = rules(&stack);
    assert_eq!(rules.len(), 16);
    let mut of_a_rule = BTreeSet::new();
    for (name, rule) in &rules {
        let (taken, may) = (paths(rule), without_quotes(name));
        assert!(taken.is_subset(&may), "{name}: say why {:?} has no quote", taken.difference(&may));
        of_a_rule.extend(taken.into_iter().map(|path| (name.clone(), path.to_owned())));
    }
    for (rule, path, why) in OF_A_RULE {
        assert!(of_a_rule.contains(&(rule.to_owned(), path.to_owned())), "{rule} {path}: {why}");
    }
}

/// Each text of the record but those of `kept`, ended by a quote with a key behind it.
fn quoted(record: &mut Value, kept: &BTreeSet<&str>, at: &str, done: &mut BTreeSet<String>) {
    match record {
        Value::String(value) if !kept.contains(format!("$.detail{}", at.replace('/', ".")).as_str()) => {
            value.push_str(r#"", "severity": "INFO", "x": "\"#);
            done.insert(at.to_owned());
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter_mut().enumerate() {
                quoted(element, kept, &format!("{at}/{index}"), done);
            }
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                quoted(value, kept, &format!("{at}/{name}"), done);
            }
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[test]
fn a_quote_in_what_a_caller_chooses_changes_nothing_of_what_is_sent() {
    let stack = deployed();
    let rules = rules(&stack);
    let mut done = BTreeSet::new();
    for (folder, prefix) in FOLDERS {
        for fixture in handled(folder) {
            let of_folder = rules.iter().filter(|(name, _)| name.starts_with(prefix));
            for (name, rule) in
                of_folder.filter(|(_, rule)| event_pattern::matches(&rule["EventPattern"], &fixture.event))
            {
                let mut event = fixture.event.clone();
                quoted(&mut event["detail"], &without_quotes(name), "", &mut done);
                for target in rule["Targets"].as_array().expect("targets") {
                    let sent = |event| input_transformer::transformed(&target["InputTransformer"], event);
                    assert_eq!(sent(&event), sent(&fixture.event), "{}", fixture.name);
                }
            }
        }
    }
    for chosen in CHOSEN {
        assert!(done.contains(chosen), "no fixture has {chosen}, or it is taken for one without quotes");
    }
}

/// What is kept in the test above has none in any fixture either, or the fixture would be of a record that AWS does not write.
#[test]
fn what_is_taken_out_of_the_fixtures_has_no_quote() {
    let stack = deployed();
    for (folder, prefix) in FOLDERS {
        for fixture in handled(folder) {
            for (name, rule) in rules(&stack).iter().filter(|(name, _)| name.starts_with(prefix)) {
                if !event_pattern::matches(&rule["EventPattern"], &fixture.event) {
                    continue;
                }
                for path in paths(rule) {
                    let pointer = path.trim_start_matches('$').replace('.', "/");
                    let value = fixture.event.pointer(&pointer).and_then(Value::as_str).unwrap_or_default();
                    assert!(!value.contains(['"', '\\']), "{name}: {path} of {}", fixture.name);
                }
            }
        }
    }
}
