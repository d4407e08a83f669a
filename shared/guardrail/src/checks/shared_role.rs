//! # `shared-role`: several functions have the role
//!
//! ## What it finds
//! A role that two or more functions run with, whichever versions of them.
//!
//! ## Why it matters
//! Each function can do what any of them needs. What somebody gains in the weakest of them is what all of them may do, and
//! no record tells by the role which function it was.
//!
//! ## Example
//! `orders-api` and `orders-report` with the role `orders`.
//!
//! ## Remedy
//! A role for each function; or statements with a condition on `lambda:SourceFunctionArn`, so that each is for one
//! function (<https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html>).
//!
//! ## Limits
//! Only functions that were seen count: on the path of an event those that the ledger knows, in a sweep all of the
//! account. Whether each statement already names its function by `lambda:SourceFunctionArn` is not looked at.

use super::{Grade, Hit, MOST_FUNCTIONS};
use crate::assess::Evidence;
use crate::names::FunctionArn;
use crate::view::View;
use std::collections::BTreeSet;

pub(super) fn find(view: &View<'_>) -> Option<Hit> {
    let functions: BTreeSet<&FunctionArn> = view.functions().iter().map(|function| &function.arn).collect();
    let first = functions.first().filter(|_| functions.len() > 1)?;
    let evidence = |function: &&FunctionArn| Evidence {
        policy: view.role.role.arn.to_string(),
        statement: String::new(),
        detail: format!("{function} has the role"),
    };
    Some(Hit {
        grade: Grade::Usual,
        summary: format!(
            "{} functions have the role, and each can do what any of them needs",
            functions.len()
        ),
        evidence: functions.iter().take(MOST_FUNCTIONS).map(evidence).collect(),
        remedy: format!(
            "give each function a role of its own, or add to each statement \
             {{\"Condition\": {{\"ArnEquals\": {{\"lambda:SourceFunctionArn\": \"{first}\"}}}}}} with the function that it \
             is for"
        ),
    })
}
