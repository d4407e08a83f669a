//! # `function-url-public`: anybody on the internet may call the function by its URL
//!
//! ## What it finds
//! A function URL with `AuthType` `NONE` whose resource policy lets everyone do `lambda:InvokeFunctionUrl`: on the function,
//! or on an alias with a URL of its own.
//!
//! ## Why it matters
//! Nothing stands between strangers and the function's code, and a mistake in that code hands them the role. Where the role
//! can do something dangerous now, this is the open door to it.
//!
//! ## Example
//! `Auth: NONE` in a SAM template's `FunctionUrlConfig`; SAM adds the policy.
//!
//! ## Remedy
//! `aws lambda update-function-url-config --function-name … --auth-type AWS_IAM`; or, if the function must be public, a role
//! that can do nothing dangerous.
//!
//! ## Limits
//! Lambda asks for `lambda:InvokeFunction` too at URLs made since October 2025. It is not asked for here, because older URLs
//! work without. Whether the function's own code asks callers who they are cannot be seen.

use super::url_calls::{INVOKE_URL, admits_auth};
use super::{Grade, Hit, MOST_FUNCTIONS, qualifier_option};
use crate::assess::Evidence;
use crate::function::{Entrance, Function, UrlAuth};
use crate::snapshot::Document;
use iam_policy::{Admitted, Grantee, grantees};

pub(super) fn find(functions: &[Function]) -> Option<Hit> {
    let entrances = functions
        .iter()
        .flat_map(|function| function.entrances.iter().map(move |entrance| (function, entrance)));
    let open: Vec<(&Function, &Entrance, Evidence)> = entrances
        .filter_map(|(function, entrance)| Some((function, entrance, open(function, entrance)?)))
        .collect();
    let (function, entrance, _) = open.first()?;
    let remedy = format!(
        "aws lambda update-function-url-config --region {} --function-name {}{} --auth-type AWS_IAM",
        function.arn.region(),
        function.arn.name(),
        qualifier_option(entrance)
    );
    Some(Hit {
        grade: Grade::Usual,
        summary: format!("anybody on the internet may call {} by its URL", function.arn.name()),
        remedy,
        evidence: open.into_iter().map(|(.., evidence)| evidence).take(MOST_FUNCTIONS).collect(),
    })
}

fn open(function: &Function, entrance: &Entrance) -> Option<Evidence> {
    let (Some(UrlAuth::None), Some(Document::Understood(policy))) = (entrance.url, &entrance.policy) else {
        return None;
    };
    let arn = function.entrance_arn(entrance);
    let action = INVOKE_URL.parse().ok()?;
    let everyone = |grantee: &Grantee<'_>| grantee.who == Admitted::Everyone && !grantee.is_closed();
    let named = grantees(policy, &action, &arn.parse().ok()?);
    let open =
        named.iter().find(|grantee| everyone(grantee) && admits_auth(grantee.statement, UrlAuth::None))?;
    Some(Evidence {
        statement: open.statement.id().to_string(),
        detail: "AuthType NONE, and everyone may do lambda:InvokeFunctionUrl".to_owned(),
        policy: arn,
    })
}
