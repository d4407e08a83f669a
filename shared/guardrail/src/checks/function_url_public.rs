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
//! Lambda asks for `lambda:InvokeFunction` too at URLs made since October 2025, and at all of them once the exception ends that AWS
//! gave to accounts with older ones. It is not asked for here, because Lambda does not tell which rule a URL goes by; the finding
//! `exposed` says whether it is there. Whether the function's own code asks callers who they are cannot be seen.

use super::url_calls::{INVOKE_URL, admits_auth, is_for_calls_without_a_url};
use super::{Grade, Hit, MOST_FUNCTIONS, line_to_ask_for_signatures, line_to_remove};
use crate::assess::Evidence;
use crate::function::{Entrance, Function, UrlAuth};
use crate::snapshot::Document;
use iam_policy::{Admitted, Grantee, Policy, ResourceName, grantees};

/// A URL that everyone may call.
pub(crate) struct PublicUrl<'a> {
    pub(crate) entrance: &'a Entrance,
    pub(crate) evidence: Evidence,
    pub(crate) at_newer_urls: AtNewerUrls,
    /// What else has to go for the URL to be closed once callers have to sign: statements that let in whoever can.
    pub(crate) also_for_signers: Vec<ForSigners>,
}

/// Whether the policy also gives everyone what Lambda asks for at URLs made since October 2025
/// (<https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AtNewerUrls {
    Open,
    /// A newer URL answers 403 until `lambda:InvokeFunction` is given as well.
    Refused,
}

/// A statement that lets everyone in who can sign.
pub(crate) struct ForSigners {
    pub(crate) statement: String,
    /// The line that takes it away, where there is one.
    pub(crate) line: Option<String>,
}

pub(super) fn find(functions: &[Function]) -> Option<Hit> {
    let open: Vec<(&Function, PublicUrl<'_>)> = functions
        .iter()
        .flat_map(|function| public_urls(function).into_iter().map(move |url| (function, url)))
        .collect();
    let (function, first) = open.first()?;
    Some(Hit {
        grade: Grade::Usual,
        summary: format!("anybody on the internet may call {} by its URL", function.arn.name()),
        remedy: line_to_ask_for_signatures(function, first.entrance),
        evidence: open.into_iter().map(|(_, url)| url.evidence).take(MOST_FUNCTIONS).collect(),
    })
}

/// The URLs of a function that everyone may call.
pub(crate) fn public_urls(function: &Function) -> Vec<PublicUrl<'_>> {
    function.entrances.iter().filter_map(|entrance| open(function, entrance)).collect()
}

fn open<'a>(function: &Function, entrance: &'a Entrance) -> Option<PublicUrl<'a>> {
    let (Some(UrlAuth::None), Some(Document::Understood(policy))) = (entrance.url, &entrance.policy) else {
        return None;
    };
    let arn = function.entrance_arn(entrance);
    let resource: ResourceName = arn.parse().ok()?;
    let for_everyone = to_everyone(policy, INVOKE_URL, &resource);
    let open = for_everyone.iter().find(|grantee| admits_auth(grantee.statement, UrlAuth::None))?;
    let second = to_everyone(policy, "lambda:InvokeFunction", &resource);
    let is_open_at_newer = second.iter().any(|grantee| !is_for_calls_without_a_url(grantee.statement));
    let signers = for_everyone.iter().filter(|grantee| admits_auth(grantee.statement, UrlAuth::AwsIam));
    let also_for_signers = signers.map(|grantee| ForSigners {
        statement: grantee.statement.id().to_string(),
        line: line_to_remove(function, entrance, grantee.statement.id()),
    });
    Some(PublicUrl {
        entrance,
        evidence: Evidence {
            statement: open.statement.id().to_string(),
            detail: "AuthType NONE, and everyone may do lambda:InvokeFunctionUrl".to_owned(),
            policy: arn,
        },
        at_newer_urls: if is_open_at_newer { AtNewerUrls::Open } else { AtNewerUrls::Refused },
        also_for_signers: also_for_signers.collect(),
    })
}

/// What lets everyone do the action, without a condition that closes it.
fn to_everyone<'p>(policy: &'p Policy, action: &str, resource: &ResourceName) -> Vec<Grantee<'p>> {
    let Ok(action) = action.parse() else { return Vec::new() };
    let mut found = grantees(policy, &action, resource);
    found.retain(|grantee| grantee.who == Admitted::Everyone && !grantee.is_closed());
    found
}
