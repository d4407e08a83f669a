//! # `resource-policy-public`: the function's resource policy lets strangers in
//!
//! ## What it finds
//! A resource policy, of the function or of a version or alias, that lets everyone, another account, or a service on behalf of
//! whichever account act on the function, without a condition that closes the way.
//!
//! ## Why it matters
//! Strangers can run the function with input of their choosing, or read or change it if the policy says so. A service
//! without `aws:SourceAccount` or `aws:SourceArn` calls for anybody: every account can point a bucket of its own at the
//! function. The ARN of a bucket does not say whose it is: when the bucket is deleted, somebody else can make one of that name.
//! AWS therefore asks for `aws:SourceAccount` beside it
//! ([AddPermission](https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html),
//! [confused deputy](https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html)), and so does this check.
//!
//! ## Example
//! `aws lambda add-permission --function-name orders --statement-id s3 --action lambda:InvokeFunction --principal
//! s3.amazonaws.com`, without `--source-account`.
//!
//! ## Remedy
//! `aws lambda remove-permission` with the statement's id, and the same permission again with `--source-arn`,
//! `--source-account` (for a bucket, both) or `--principal-org-id`.
//!
//! ## Limits
//! What only a public URL opens is told by `function-url-public`; a policy for the calls of a URL that there is not opens
//! nothing. Lambda@Edge's own services, which carry no source, are no strangers, and neither is a skill that
//! `lambda:EventSourceToken` names. Another account is one that you may have meant: its number is in the evidence. A service
//! that calls for one account only is not told, whichever account that is.

use super::url_calls::{INVOKE_URL, admits_auth, asks_for_token, is_for_urls_alone};
use super::{Grade, Hit, MOST_FUNCTIONS, line_to_remove};
use crate::assess::Evidence;
use crate::function::{Entrance, Function, UrlAuth};
use crate::snapshot::Document;
use iam_policy::{ActionName, Admitted, Grantee, KeyEffect, grantees};

/// What a resource policy of a function can allow that is worth a stranger's while
/// (<https://docs.aws.amazon.com/lambda/latest/dg/permissions-function-cross-account.html>).
const ACTIONS: [&str; 20] = [
    "lambda:InvokeFunction",
    "lambda:InvokeAsync",
    INVOKE_URL,
    "lambda:GetFunction",
    "lambda:GetFunctionConfiguration",
    "lambda:UpdateFunctionCode",
    "lambda:UpdateFunctionConfiguration",
    "lambda:AddPermission",
    "lambda:RemovePermission",
    "lambda:CreateFunctionUrlConfig",
    "lambda:UpdateFunctionUrlConfig",
    "lambda:PutFunctionEventInvokeConfig",
    "lambda:UpdateFunctionEventInvokeConfig",
    "lambda:PutFunctionConcurrency",
    "lambda:PutRuntimeManagementConfig",
    "lambda:GetPolicy",
    "lambda:CreateAlias",
    "lambda:UpdateAlias",
    "lambda:PublishVersion",
    "lambda:DeleteFunction",
];

/// Services of Lambda@Edge: what they send carries no source
/// (<https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-edge-permissions.html>).
const WITHOUT_SOURCE: [&str; 2] = ["replicator.lambda.amazonaws.com", "edgelambda.amazonaws.com"];

pub(super) fn find(functions: &[Function]) -> Option<Hit> {
    let mut found: Vec<(&Function, &Entrance, Stranger)> = Vec::new();
    for function in functions {
        for entrance in &function.entrances {
            found.extend(
                strangers(function, entrance).into_iter().map(|stranger| (function, entrance, stranger)),
            );
        }
    }
    let (function, entrance, stranger) = found.first()?;
    let grade = Grade::Usual;
    let summary = format!("{} may do {} with {}", stranger.who, stranger.action, function.arn.name());
    let remedy = remedy(function, entrance, stranger);
    let evidence = found.into_iter().map(|(.., stranger)| stranger.evidence).take(MOST_FUNCTIONS).collect();
    Some(Hit { grade, summary, evidence, remedy })
}

fn remedy(function: &Function, entrance: &Entrance, stranger: &Stranger) -> String {
    let again = "where the caller is meant, add the permission again with --source-arn, --source-account (for a bucket, \
                 both) or --principal-org-id";
    match &stranger.line {
        Some(line) => format!("{again}; then take this one away: {line}"),
        None => format!(
            "{again}; then take statement {} out of the resource policy of {}",
            stranger.evidence.statement,
            function.entrance_arn(entrance)
        ),
    }
}

/// Somebody whom a statement lets in.
pub(crate) struct Stranger {
    pub(crate) who: String,
    action: ActionName,
    pub(crate) evidence: Evidence,
    /// The condition that would close the way, with the option of `add-permission` that asks for it.
    pub(crate) absent: &'static str,
    /// The line that takes the statement away, where there is one.
    pub(crate) line: Option<String>,
}

/// Who it is, in words, and the condition that is not asked for.
struct Open {
    who: String,
    absent: &'static str,
}

const ORGANIZATION: &str = "aws:PrincipalOrgID (--principal-org-id)";
const SOURCE: &str = "aws:SourceAccount (--source-account) or aws:SourceArn (--source-arn)";
const SOURCE_ACCOUNT: &str = "aws:SourceAccount (--source-account)";

/// Each statement that lets a stranger in, once.
pub(crate) fn strangers(function: &Function, entrance: &Entrance) -> Vec<Stranger> {
    let Some(Document::Understood(policy)) = &entrance.policy else { return Vec::new() };
    let arn = function.entrance_arn(entrance);
    let Ok(resource) = arn.parse() else { return Vec::new() };
    let mut found: Vec<Stranger> = Vec::new();
    for action in ACTIONS.iter().filter_map(|action| action.parse::<ActionName>().ok()) {
        for grantee in grantees(policy, &action, &resource) {
            let Some(Open { who, absent }) =
                stranger(function, &grantee).filter(|_| is_open(&action, &grantee, entrance))
            else {
                continue;
            };
            let statement = grantee.statement.id().to_string();
            if !found.iter().any(|known| known.evidence.statement == statement && known.who == who) {
                let detail = format!("{who} may do {action}");
                let evidence = Evidence { policy: arn.clone(), statement, detail };
                let line = line_to_remove(function, entrance, grantee.statement.id());
                found.push(Stranger { who, action: action.clone(), evidence, absent, line });
            }
        }
    }
    found
}

/// Who it is, if nothing closes the way and it is not somebody of the function's account.
fn stranger(function: &Function, grantee: &Grantee<'_>) -> Option<Open> {
    let own = function.arn.account();
    let with = |absent| move |who| Open { who, absent };
    match &grantee.who {
        Admitted::Everyone if grantee.is_closed() => {
            foreign_account(grantee, own).map(with(ORGANIZATION)).or_else(|| {
                bucket_of_anybody(grantee)
                    .map(|bucket| format!("whoever has the bucket {bucket}"))
                    .map(with(SOURCE_ACCOUNT))
            })
        }
        Admitted::Everyone => Some("anybody with an AWS account".to_owned()).map(with(ORGANIZATION)),
        Admitted::Service(name) if WITHOUT_SOURCE.contains(name) || asks_for_token(grantee.statement) => None,
        Admitted::Service(name) if !grantee.is_closed() => {
            Some(format!("{name}, for whichever account,")).map(with(SOURCE))
        }
        Admitted::Service(name) => bucket_of_anybody(grantee)
            .map(|bucket| format!("{name}, for whoever has the bucket {bucket},"))
            .map(with(SOURCE_ACCOUNT)),
        Admitted::Account(account) => (account.to_string() != own && !asks_for_organization(grantee))
            .then(|| format!("account {account}"))
            .map(with(ORGANIZATION)),
        Admitted::Identity(identity) => (identity.account().to_string() != own
            && !asks_for_organization(grantee))
        .then(|| identity.as_str().to_owned())
        .map(with(ORGANIZATION)),
        Admitted::Deleted(_) | Admitted::Federated(_) => None,
    }
}

/// An account named by itself stays another one; a condition on the organization says that it is one of yours.
fn asks_for_organization(grantee: &Grantee<'_>) -> bool {
    closing(grantee).any(|key| is_one_of(key, &["aws:PrincipalOrgID", "aws:PrincipalOrgPaths"]))
}

/// Everyone, but for a condition that names another account: that account.
fn foreign_account(grantee: &Grantee<'_>, own: &str) -> Option<String> {
    let principal = ["aws:PrincipalAccount", "aws:PrincipalArn"];
    let is_closed_otherwise = closing(grantee).any(|key| !is_one_of(key, &principal));
    let named =
        values(grantee, &principal).filter_map(|value| account_in(&value)).find(|account| account != own);
    named.filter(|_| !is_closed_otherwise).map(|account| format!("account {account}"))
}

/// The bucket that is all that closes the way. Its ARN does not tell whose it is, and somebody else can make one of that
/// name when it was deleted.
fn bucket_of_anybody(grantee: &Grantee<'_>) -> Option<String> {
    let is_closed_otherwise = closing(grantee).any(|key| !is_one_of(key, &["aws:SourceArn"]));
    let mut buckets = values(grantee, &["aws:SourceArn"]);
    buckets
        .find(|value| value.contains(":s3:::") && account_in(value).is_none())
        .filter(|_| !is_closed_otherwise)
}

/// The keys that close the way.
fn closing<'a>(grantee: &'a Grantee<'_>) -> impl Iterator<Item = &'a str> {
    grantee.conditions.iter().filter(|key| key.effect == KeyEffect::Closes).map(|key| key.key)
}

fn is_one_of(key: &str, keys: &[&str]) -> bool {
    keys.iter().any(|known| known.eq_ignore_ascii_case(key))
}

/// What the statement asks of these keys.
fn values<'a>(grantee: &'a Grantee<'_>, keys: &'a [&str]) -> impl Iterator<Item = String> + 'a {
    let asked = grantee.statement.tests().filter(|(_, test)| is_one_of(test.key(), keys));
    asked.flat_map(|(_, test)| test.values().iter().map(iam_policy::ConditionValue::text))
}

/// The account that a value is, or that stands in its ARN.
fn account_in(value: &str) -> Option<String> {
    let of_arn = || value.parse::<iam_policy::Arn>().ok()?.account();
    value.parse().ok().or_else(of_arn).map(|account: iam_policy::AccountId| account.to_string())
}

/// Whether the statement opens more than a public URL, and something that is there.
fn is_open(action: &ActionName, grantee: &Grantee<'_>, entrance: &Entrance) -> bool {
    if action.folded() != INVOKE_URL.to_ascii_lowercase() {
        // For a URL `lambda:InvokeFunctionUrl` is asked as well, and that is told.
        return !is_for_urls_alone(grantee.statement);
    }
    match entrance.url {
        Some(UrlAuth::AwsIam) => admits_auth(grantee.statement, UrlAuth::AwsIam),
        // Everyone's way is told by `function-url-public`.
        Some(UrlAuth::None) => {
            grantee.who != Admitted::Everyone && admits_auth(grantee.statement, UrlAuth::None)
        }
        None => false,
    }
}
