//! # `missing-role`: the function's role does not exist
//!
//! ## What it finds
//! A function that names an execution role which does not exist any more.
//!
//! ## Why it matters
//! The function cannot run. And whoever may create roles can make one of that name, with a trust policy and rights of their
//! choosing, and the function takes it.
//!
//! ## Example
//! The stack that owned the role was deleted, the function of another stack still names it.
//!
//! ## Remedy
//! Give the function a role that exists, or delete it.
//!
//! ## Limits
//! It is found by the sweep, which reads all roles and functions of the account, and told as `exposed`, a finding for each such role.
//! Published versions that kept an older role are not listed. A function of another account's role is not possible and not looked for.

use super::{Grade, Hit, MOST_FUNCTIONS};
use crate::assess::Evidence;
use crate::function::{ExecutionRole, Function};

pub(super) fn find(functions: &[Function]) -> Option<Hit> {
    let missing: Vec<(&Function, Evidence)> = functions
        .iter()
        .filter_map(|function| match &function.role {
            ExecutionRole::Exists => None,
            ExecutionRole::Missing(role) => Some((
                function,
                Evidence {
                    policy: function.arn.to_string(),
                    statement: String::new(),
                    detail: format!(
                        "function {} in {} names {role}",
                        function.arn.name(),
                        function.arn.region()
                    ),
                },
            )),
        })
        .collect();
    let (first, _) = missing.first()?;
    Some(Hit {
        grade: Grade::Usual,
        summary: "a function names a role that does not exist; whoever makes a role of that name decides what it can do"
            .to_owned(),
        remedy: format!(
            "aws lambda update-function-configuration --region {} --function-name {} --role 'ARN of a role that exists'",
            first.arn.region(),
            first.arn.name()
        ),
        evidence: missing.into_iter().map(|(_, evidence)| evidence).take(MOST_FUNCTIONS).collect(),
    })
}
