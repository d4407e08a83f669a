//! The boundary profiles: what they close, what they leave open, what that means for roles of real life, and the form
//! they have.

pub(crate) mod closed;
mod fitted;
mod form;
mod open;
mod page;
mod real_life;
mod roles;

use crate::statements;
use iam_policy::Policy;
use serde_json::{Value, json};
use tests::template::Stack;

pub(crate) const PROFILES: [&str; 2] = ["BaselineBoundary", "StrictBoundary"];
/// Roles that an organisation lets bounded functions use: the parameters, as somebody would set them.
const CARVE_OUTS: [(&str, &str); 2] = [
    (
        "AllowedPassRoleArns",
        "arn:aws:iam::123456789012:role/jobs/orders-task,arn:aws:iam::123456789012:role/jobs/run-*",
    ),
    ("AllowedAssumeRoleArns", "arn:aws:iam::123456789012:role/data/orders-reader"),
];

fn document<'a>(stack: &'a Stack, policy: &str) -> Vec<&'a Value> {
    statements(&stack.properties(policy)["PolicyDocument"])
}

fn denies<'a>(stack: &'a Stack, profile: &str) -> Vec<&'a Value> {
    document(stack, profile).into_iter().filter(|statement| statement["Effect"] == "Deny").collect()
}

fn allow_everything() -> Value {
    json!({"Effect": "Allow", "Action": "*", "Resource": "*"})
}

fn policy<'a>(statements: impl IntoIterator<Item = &'a Value>) -> Policy {
    let statements: Vec<&Value> = statements.into_iter().collect();
    Policy::from_value(&json!({"Version": "2012-10-17", "Statement": statements}))
        .expect("a policy that can be read")
}
