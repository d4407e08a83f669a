//! # `logging-cut`: the role cannot write its function's logs
//!
//! ## What it finds
//! A function whose role may not do `logs:CreateLogStream` or `logs:PutLogEvents` on the function's log group, by its own
//! policies or because its boundary does not allow it.
//!
//! ## Why it matters
//! Lambda writes logs with the rights of the role and says nothing when it may not: the function runs, and what it does and
//! why it fails is nowhere to be read.
//!
//! ## Example
//! A role for `orders-api` whose only policy grants `dynamodb:GetItem`.
//!
//! ## Remedy
//! Attach `AWSLambdaBasicExecutionRole`, or allow both actions on the log group of the function, with `:*` after its name.
//!
//! ## Limits
//! Both actions are asked on streams of the group, which is how Lambda asks and how
//! [CloudWatch Logs](https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html) wants them
//! written: a Resource that ends with the group's name covers neither. The log group is `/aws/lambda/` and the function's name, unless another is known. `logs:CreateLogGroup` is not asked for,
//! because the group may be there. Without a function nothing is judged.

use super::{Grade, Hit, MOST_FUNCTIONS};
use crate::assess::Evidence;
use crate::function::Function;
use crate::names::RoleArn;
use crate::snapshot::Cap;
use crate::view::View;
use iam_policy::{NoResource, Targets};

const NEEDED: [&str; 2] = ["logs:CreateLogStream", "logs:PutLogEvents"];

pub(super) fn find(view: &View<'_>) -> Option<Hit> {
    let functions = view.functions().iter();
    let cut: Vec<(&Function, Evidence)> =
        functions.filter_map(|function| Some((function, cut(view, function)?))).collect();
    let (function, first) = cut.first()?;
    let is_by_boundary = first.policy == "boundary";
    let by = if is_by_boundary { "the role's boundary does not let it" } else { "the role may not" };
    let role = &view.role.role.arn;
    let remedy = if is_by_boundary {
        format!("allow {} on {}:* in the boundary", NEEDED.join(" and "), group(role, function))
    } else {
        format!(
            "unless a Deny is what takes it away, and as far as the boundary allows it: aws iam attach-role-policy \
             --role-name {} --policy-arn arn:{}:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
            role.name(),
            role.partition()
        )
    };
    Some(Hit {
        grade: Grade::Usual,
        summary: format!("{by} write the logs of {}", function.arn.name()),
        remedy,
        evidence: cut.into_iter().map(|(_, evidence)| evidence).take(MOST_FUNCTIONS).collect(),
    })
}

/// The ARN of the log group that the function writes to, without the `:*` that policies need after it.
fn group(role: &RoleArn, function: &Function) -> String {
    format!(
        "arn:{}:logs:{}:{}:log-group:{}",
        role.partition(),
        function.arn.region(),
        role.account(),
        function.log_group()
    )
}

/// What the function needs and the role cannot do.
fn cut(view: &View<'_>, function: &Function) -> Option<Evidence> {
    let role = &view.role.role.arn;
    let group = group(role, function);
    let targets = Targets::new([format!("{group}:log-stream:*")], NoResource::Excluded);
    let missing: Vec<&str> = NEEDED
        .into_iter()
        .filter(|action| action.parse().is_ok_and(|action| view.way(&action, &targets).is_none()))
        .collect();
    let alone = view.without_boundary();
    let is_by_boundary = !matches!(view.cap, Cap::Nothing)
        && missing
            .iter()
            .all(|action| action.parse().is_ok_and(|action| alone.way(&action, &targets).is_some()));
    (!missing.is_empty()).then(|| Evidence {
        policy: if is_by_boundary { "boundary".to_owned() } else { role.to_string() },
        statement: String::new(),
        detail: format!("{} on {group}", missing.join(" and ")),
    })
}
