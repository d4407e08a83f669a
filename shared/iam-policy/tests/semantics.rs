//! The rules of the IAM user guide, one edge case each; the cases are in `cases/`, a file a theme.
//!
//! Every case names the rule it stands for and the guide's page. A file and a case may both have a `request`; the
//! case's fields win. A policy is a list of statements under version 2012-10-17, or a whole document. Besides
//! `identity`, `boundary`, `session`, `service_control`, `resource_control`, `resource`, `trust` and `vpc_endpoint` there are short forms
//! for the identity policy: `allow_on` allows the action on the given resources, `allow_if` allows it under the
//! given condition, `deny_if` allows it and denies it under the given condition.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::Path;

use iam_policy::{Context, Evaluation, Policies, Policy, Request, evaluate};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Theme {
    page: String,
    request: BTreeMap<String, Option<String>>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    rule: String,
    page: Option<String>,
    #[serde(default)]
    request: BTreeMap<String, Option<String>>,
    #[serde(default)]
    context: BTreeMap<String, Values>,
    #[serde(default)]
    identity: Vec<Value>,
    allow_on: Option<Value>,
    allow_if: Option<Value>,
    deny_if: Option<Value>,
    boundary: Option<Value>,
    session: Option<Value>,
    #[serde(default)]
    service_control: Vec<Vec<Value>>,
    #[serde(default)]
    resource_control: Vec<Vec<Value>>,
    resource: Option<Value>,
    trust: Option<Value>,
    #[serde(default)]
    vpc_endpoint: Vec<Value>,
    expect: String,
    because: Option<String>,
    /// The question that the guide leaves open and the verdict hangs on.
    open: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Values {
    One(String),
    Many(Vec<String>),
}

fn policy(value: &Value) -> Policy {
    let document =
        if value.is_array() { json!({ "Version": "2012-10-17", "Statement": value }) } else { value.clone() };
    Policy::from_value(&document).unwrap()
}

fn policies(values: &[Value]) -> Vec<Policy> {
    values.iter().map(policy).collect()
}

impl Case {
    fn request(&self, theme: &Theme) -> Request {
        let field = |name: &str| {
            let value = self.request.get(name).or_else(|| theme.request.get(name));
            value.unwrap_or_else(|| panic!("{}: request without `{name}`", self.name)).as_deref()
        };
        let mut context = Context::new();
        for (key, values) in &self.context {
            match values {
                Values::One(value) => context.insert(key, [value.as_str()]),
                Values::Many(values) => context.insert(key, values.iter().map(String::as_str)),
            }
        }
        Request {
            principal: field("principal").unwrap().parse().unwrap(),
            action: field("action").unwrap().parse().unwrap(),
            resource: field("resource").unwrap().parse().unwrap(),
            resource_account: field("resource_account").map(|account| account.parse().unwrap()),
            context,
        }
    }

    fn identity(&self, request: &Request) -> Vec<Policy> {
        let action = request.action.as_str();
        let mut found = policies(&self.identity);
        if let Some(resources) = &self.allow_on {
            found.push(policy(&json!([{ "Effect": "Allow", "Action": action, "Resource": resources }])));
        }
        if let Some(condition) = &self.allow_if {
            found.push(policy(
                &json!([{ "Effect": "Allow", "Action": action, "Resource": "*", "Condition": condition }]),
            ));
        }
        if let Some(condition) = &self.deny_if {
            found.push(policy(&json!([
                { "Effect": "Allow", "Action": action, "Resource": "*" },
                { "Effect": "Deny", "Action": action, "Resource": "*", "Condition": condition },
            ])));
        }
        found
    }

    fn evaluate(&self, theme: &Theme) -> Evaluation {
        let request = self.request(theme);
        let identity = self.identity(&request);
        let endpoint = policies(&self.vpc_endpoint);
        let levels = |levels: &[Vec<Value>]| levels.iter().map(|level| policies(level)).collect::<Vec<_>>();
        evaluate(
            &Policies {
                identity: &identity.iter().collect::<Vec<_>>(),
                boundary: self.boundary.as_ref().map(policy).as_ref(),
                session: self.session.as_ref().map(policy).as_ref(),
                service_control: &levels(&self.service_control),
                resource_control: &levels(&self.resource_control),
                resource: self.resource.as_ref().map(policy).as_ref(),
                trust: self.trust.as_ref().map(policy).as_ref(),
                vpc_endpoint: &endpoint.iter().collect::<Vec<_>>(),
            },
            &request,
        )
    }

    /// What differs from the expectation, if anything.
    fn failure(&self, theme: &Theme) -> Option<String> {
        let found = self.evaluate(theme);
        let questions: Vec<_> = found.undocumented.iter().map(|open| open.question.to_string()).collect();
        let page = self.page.as_ref().unwrap_or(&theme.page);
        let as_expected = found.verdict.to_string() == self.expect
            && self.because.as_ref().is_none_or(|because| *because == found.because.to_string())
            && questions.iter().eq(self.open.iter());
        (!as_expected).then(|| {
            format!(
                "{}: expected {}, found {} ({}; open: {questions:?})\n  {} See {page}",
                self.name, self.expect, found.verdict, found.because, self.rule
            )
        })
    }
}

fn check(theme: &str, cases: usize) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(theme);
    let theme: Theme = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(theme.cases.len(), cases, "a case was lost or the count was not kept up");
    let names: std::collections::BTreeSet<_> = theme.cases.iter().map(|case| &case.name).collect();
    assert_eq!(names.len(), cases, "two cases have one name");
    let failures: Vec<_> = theme.cases.iter().filter_map(|case| case.failure(&theme)).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn actions() {
    check("actions.json", 14);
}

#[test]
fn resources() {
    check("resources.json", 24);
}

#[test]
fn variables() {
    check("variables.json", 18);
}

#[test]
fn missing_keys() {
    check("missing-keys.json", 22);
}

#[test]
fn set_operators() {
    check("set-operators.json", 13);
}

#[test]
fn operators() {
    check("operators.json", 38);
}

#[test]
fn effects() {
    check("effects.json", 7);
}

#[test]
fn boundaries_and_sessions() {
    check("boundaries-and-sessions.json", 8);
}

#[test]
fn resource_policies() {
    check("resource-policies.json", 27);
}

#[test]
fn organization() {
    check("organization.json", 13);
}

#[test]
fn trust() {
    check("trust.json", 12);
}

#[test]
fn undocumented() {
    check("undocumented.json", 14);
}
