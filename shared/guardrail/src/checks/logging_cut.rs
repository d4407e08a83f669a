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
//! Attach `AWSLambdaBasicExecutionRole`, or allow both actions on the log group of the function.
//!
//! ## Limits
//! The log group is `/aws/lambda/` and the function's name, unless another is known. `logs:CreateLogGroup` is not asked for,
//! because the group may be there. Without a function nothing is judged.

use super::{Grade, Hit, MOST_FUNCTIONS};
use crate::assess::Evidence;
use crate::function::Function;
use crate::snapshot::Cap;
use crate::view::View;
use iam_policy::{NoResource, Targets};

const NEEDED: [&str; 2] = ["logs:CreateLogStream", "logs:PutLogEvents"];

pub(super) fn find(view: &View<'_>) -> Option<Hit> {
    let cut: Vec<Evidence> = view.functions().iter().filter_map(|function| cut(view, function)).collect();
    let first = cut.first()?;
    let by = if first.policy == "boundary" { "its boundary does not let it" } else { "it may not" };
    Some(Hit {
        grade: Grade::Usual,
        summary: format!("{by} write the logs of its function"),
        remedy: "attach arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole, or allow \
                 logs:CreateLogStream and logs:PutLogEvents on the function's log group, in the boundary too"
            .to_owned(),
        evidence: cut.into_iter().take(MOST_FUNCTIONS).collect(),
    })
}

/// What the function needs and the role cannot do.
fn cut(view: &View<'_>, function: &Function) -> Option<Evidence> {
    let role = &view.role.role.arn;
    let group = format!(
        "arn:{}:logs:{}:{}:log-group:{}",
        role.partition(),
        function.arn.region(),
        role.account(),
        function.log_group()
    );
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
