//! `organization.yaml`: what it installs where (`installation`), and its service control policies: what they close, what they leave to pipelines, to Ringfence itself and
//! to those who are not bound, and the form they have. The policy engine judges the documents as CloudFormation would save
//! them.

mod bypasses;
mod closed;
mod escalations;
mod everyday;
mod form;
mod installation;
mod own_work;

use iam_policy::{ActionName, Because, Catalogue, Policies, Policy, Request, Source, Verdict, evaluate};
use serde_json::{Value, json};
use tests::template::{ACCOUNT, Stack, Template};

/// The policies, by logical id.
const POLICIES: [&str; 3] = ["LambdaRolePathPolicy", "SelfProtectionPolicy", "TrailProtectionPolicy"];
/// All of them on, with parameters as an organization would set them.
const PARAMETERS: [(&str, &str); 7] = [
    ("LambdaRolePathTargets", "ou-ab12-0a1b2c3d"),
    ("SelfProtectionTargets", "ou-ab12-0a1b2c3d,123456789012"),
    ("TrailProtectionTargets", "r-ab12"),
    ("LegacyRoleArns", "arn:aws:iam::*:role/service-role/billing-role-1a2b"),
    (
        "DeployerRoleArns",
        "arn:aws:iam::*:role/stacksets-exec-*,arn:aws:iam::123456789012:role/pipeline/ringfence-deploy",
    ),
    ("BreakGlassRoleArn", "arn:aws:iam::*:role/emergency/break-glass"),
    ("OperatorPrincipals", "arn:aws:iam::*:role/security/responder"),
];
/// Those whom no policy binds.
const UNBOUND: [&str; 3] =
    ["role/stacksets-exec-0a1b2c3d", "role/pipeline/ringfence-deploy", "role/emergency/break-glass"];

const BASELINE: (&str, &str) =
    ("iam:PermissionsBoundary", "arn:aws:iam::123456789012:policy/ringfence/ringfence-baseline-v1");
const STRICT: (&str, &str) =
    ("iam:PermissionsBoundary", "arn:aws:iam::123456789012:policy/ringfence/ringfence-strict-v1");
const ANOTHER: (&str, &str) =
    ("iam:PermissionsBoundary", "arn:aws:iam::123456789012:policy/team/no-boundary-at-all");
const TO_LAMBDA: (&str, &str) = ("iam:PassedToService", "lambda.amazonaws.com");

pub(crate) fn organization() -> Stack {
    Template::of_organization().rendered(&PARAMETERS)
}

fn document<'a>(stack: &'a Stack, policy: &str) -> &'a Value {
    &stack.properties(policy)["Content"]
}

fn parsed(document: &Value) -> Policy {
    Policy::from_value(document).expect("a policy that can be read")
}

fn full_access() -> Policy {
    parsed(
        &json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}),
    )
}

/// What an account is under: `FullAWSAccess` at the root and at its OU, and at the OU the policies.
pub(crate) fn levels(stack: &Stack) -> Vec<Vec<Policy>> {
    let ours = POLICIES.iter().map(|policy| parsed(document(stack, policy)));
    vec![vec![full_access()], std::iter::once(full_access()).chain(ours).collect()]
}

/// What somebody tries.
#[derive(Debug, Clone, Copy)]
struct Call {
    /// `role/path/name`, `user/name` or `root` of the account.
    who: &'static str,
    action: &'static str,
    /// `*`, an ARN, or the end of one of the action's service in the account: `role/orders`, `function:orders`.
    resource: &'static str,
    /// Condition keys beside `aws:PrincipalArn`.
    context: &'static [(&'static str, &'static str)],
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Answer {
    Allowed,
    /// By the statement with this Sid.
    Denied(String),
}

/// How a call ends for somebody who may do everything, so that the service control policies alone decide.
fn answer(levels: &[Vec<Policy>], call: &Call) -> Answer {
    let everything = full_access();
    let policies = Policies { identity: &[&everything], service_control: levels, ..Policies::default() };
    let evaluation = evaluate(&policies, &request(call));
    assert!(evaluation.undocumented.is_empty(), "{call:?} hangs on what the guide does not say");
    match evaluation.because {
        Because::AllowedBy(_) | Because::AccountRoot => Answer::Allowed,
        Because::DeniedBy(statement) => {
            let Source::ServiceControl { level, policy } = statement.source else {
                panic!("{call:?} is denied by {statement:?}")
            };
            let sid = levels[level][policy].statements()[statement.statement].sid();
            Answer::Denied(sid.expect("each statement has a Sid").to_owned())
        }
        Because::NotAllowedBy(layer) => panic!("{call:?} is not allowed by {layer:?}"),
    }
}

fn request(call: &Call) -> Request {
    let action: ActionName = call.action.parse().unwrap_or_else(|e| panic!("{call:?}: {e}"));
    let service = action.service();
    assert!(Catalogue::bundled().action(&action).is_some(), "AWS has no action `{action}`");
    let principal_arn = format!("arn:aws:iam::{ACCOUNT}:{}", call.who);
    // A session's own ARN does not carry the path of its role; `aws:PrincipalArn` does.
    let principal = match (call.who.strip_prefix("role/"), call.who.rsplit_once('/')) {
        (Some(_), Some((_, name))) => format!("arn:aws:sts::{ACCOUNT}:assumed-role/{name}/session"),
        _ => principal_arn.clone(),
    };
    let resource = match (call.resource, service) {
        ("*", _) => "*".to_owned(),
        (arn, _) if arn.starts_with("arn:") => arn.to_owned(),
        (bucket, "s3") => format!("arn:aws:s3:::{bucket}"),
        (end, "iam" | "sts") => format!("arn:aws:iam::{ACCOUNT}:{end}"),
        (end, service) => format!("arn:aws:{service}:us-east-1:{ACCOUNT}:{end}"),
    };
    let mut context = iam_policy::Context::new().with("aws:PrincipalArn", &principal_arn);
    for (key, value) in call.context {
        context.insert(key, [*value]);
    }
    Request {
        principal: principal.parse().unwrap_or_else(|e| panic!("{call:?}: {e}")),
        action: action.clone(),
        resource: resource.parse().unwrap_or_else(|e| panic!("{call:?}: {e}")),
        resource_account: Some(ACCOUNT.parse().expect("an account")),
        context,
    }
}

/// Or a table of denials would show nothing: without the policies everything in it goes through.
fn assert_open_without_the_policies(call: &Call) {
    let levels = vec![vec![full_access()], vec![full_access()]];
    assert_eq!(answer(&levels, call), Answer::Allowed, "{call:?}");
    let everything = full_access();
    let policies = Policies { identity: &[&everything], service_control: &levels, ..Policies::default() };
    assert_eq!(evaluate(&policies, &request(call)).verdict, Verdict::Allowed);
}
