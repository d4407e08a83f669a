//! # `resource-policy-public`: the function's resource policy lets strangers in
//!
//! ## What it finds
//! A resource policy, of the function or of a version or alias, that lets everyone, another account, or a service on behalf of
//! whichever account act on the function, without a condition that closes the way.
//!
//! ## Why it matters
//! Strangers can run the function with input of their choosing, or read or change it if the policy says so. A service
//! without `aws:SourceAccount` or `aws:SourceArn` calls for anybody: every account can point a bucket of its own at the
//! function.
//!
//! ## Example
//! `aws lambda add-permission --function-name orders --statement-id s3 --action lambda:InvokeFunction --principal
//! s3.amazonaws.com`, without `--source-account`.
//!
//! ## Remedy
//! `aws lambda remove-permission` with the statement's id, and the same permission again with `--source-arn`,
//! `--source-account` or `--principal-org-id`.
//!
//! ## Limits
//! What only a public URL opens is told by `function-url-public`; a policy for the calls of a URL that there is not opens
//! nothing. Lambda@Edge's own services, which carry no source, are no strangers. Another account is one that you may have
//! meant: its number is in the evidence.

use super::function_url_public::admits_auth;
use super::{Grade, Hit, MOST_FUNCTIONS};
use crate::assess::Evidence;
use crate::function::{Entrance, Function, UrlAuth};
use crate::snapshot::Document;
use iam_policy::{ActionName, Admitted, Grantee, KeyEffect, Statement, grantees};

/// What a resource policy of a function can allow that is worth a stranger's while
/// (<https://docs.aws.amazon.com/lambda/latest/dg/permissions-function-cross-account.html>).
const ACTIONS: [&str; 12] = [
    "lambda:InvokeFunction",
    "lambda:InvokeAsync",
    "lambda:InvokeFunctionUrl",
    "lambda:GetFunction",
    "lambda:GetFunctionConfiguration",
    "lambda:UpdateFunctionCode",
    "lambda:UpdateFunctionConfiguration",
    "lambda:AddPermission",
    "lambda:CreateAlias",
    "lambda:UpdateAlias",
    "lambda:PublishVersion",
    "lambda:DeleteFunction",
];

/// Services of Lambda@Edge: what they send carries no source
/// (<https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-edge-permissions.html>).
const WITHOUT_SOURCE: [&str; 2] = ["replicator.lambda.amazonaws.com", "edgelambda.amazonaws.com"];

/// By which a skill of Alexa or the like says which one it is
/// (<https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html>, `EventSourceToken`).
const TOKEN: &str = "lambda:EventSourceToken";

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
    let qualifier = entrance
        .qualifier
        .as_ref()
        .map_or_else(String::new, |qualifier| format!(" --qualifier '{qualifier}'"));
    Some(Hit {
        grade: Grade::Usual,
        summary: format!("{} may do {} with {}", stranger.who, stranger.action, function.arn.name()),
        remedy: format!(
            "aws lambda remove-permission --region {} --function-name {}{qualifier} --statement-id '{}', then add it again \
             with --source-arn, --source-account or --principal-org-id",
            function.arn.region(),
            function.arn.name(),
            stranger.evidence.statement
        ),
        evidence: found.into_iter().map(|(.., stranger)| stranger.evidence).take(MOST_FUNCTIONS).collect(),
    })
}

struct Stranger {
    who: String,
    action: ActionName,
    evidence: Evidence,
}

/// Each statement that lets a stranger in, once.
fn strangers(function: &Function, entrance: &Entrance) -> Vec<Stranger> {
    let Some(Document::Understood(policy)) = &entrance.policy else { return Vec::new() };
    let arn = function.entrance_arn(entrance);
    let Ok(resource) = arn.parse() else { return Vec::new() };
    let mut found: Vec<Stranger> = Vec::new();
    for action in ACTIONS.iter().filter_map(|action| action.parse::<ActionName>().ok()) {
        for grantee in grantees(policy, &action, &resource) {
            let Some(who) = stranger(function, &grantee).filter(|_| is_open(&action, &grantee, entrance))
            else {
                continue;
            };
            let statement = grantee.statement.id().to_string();
            if !found.iter().any(|known| known.evidence.statement == statement && known.who == who) {
                let detail = format!("{who} may do {action}");
                let evidence = Evidence { policy: arn.clone(), statement, detail };
                found.push(Stranger { who, action: action.clone(), evidence });
            }
        }
    }
    found
}

/// Who it is, in words, if nothing closes the way and it is not somebody of the function's account.
fn stranger(function: &Function, grantee: &Grantee<'_>) -> Option<String> {
    let of_function = function.arn.account();
    let asks_token = grantee.statement.tests().any(|(_, test)| test.key().eq_ignore_ascii_case(TOKEN));
    match &grantee.who {
        Admitted::Everyone => (!grantee.is_closed()).then(|| "anybody with an AWS account".to_owned()),
        Admitted::Service(name) => (!grantee.is_closed() && !asks_token && !WITHOUT_SOURCE.contains(name))
            .then(|| format!("{name}, for whichever account,")),
        Admitted::Account(account) => (account.to_string() != of_function
            && !names_own_organization(grantee))
        .then(|| format!("account {account}")),
        Admitted::Identity(identity) => (identity.account().to_string() != of_function
            && !names_own_organization(grantee))
        .then(|| identity.as_str().to_owned()),
        Admitted::Deleted(_) | Admitted::Federated(_) => None,
    }
}

/// An account named by itself stays another one; a condition on the organization says that it is one of yours.
fn names_own_organization(grantee: &Grantee<'_>) -> bool {
    let is_organization = |key: &str| {
        ["aws:PrincipalOrgID", "aws:PrincipalOrgPaths"].iter().any(|known| known.eq_ignore_ascii_case(key))
    };
    grantee.conditions.iter().any(|key| key.effect == KeyEffect::Closes && is_organization(key.key))
}

/// Whether the statement opens more than a public URL, and something that is there.
fn is_open(action: &ActionName, grantee: &Grantee<'_>, entrance: &Entrance) -> bool {
    let only_by_url = action.folded() == "lambda:invokefunctionurl" || asks_for_url(grantee.statement);
    match entrance.url {
        _ if !only_by_url => true,
        Some(UrlAuth::AwsIam) => admits_auth(grantee.statement, "AWS_IAM"),
        // `function-url-public` tells everyone's way; other accounts gain nothing that everyone has not.
        Some(UrlAuth::None) => grantee.who != Admitted::Everyone && admits_auth(grantee.statement, "NONE"),
        None => false,
    }
}

/// `lambda:InvokedViaFunctionUrl`: the statement is for calls that come by the URL
/// (<https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html>).
fn asks_for_url(statement: &Statement) -> bool {
    statement.tests().any(|(_, test)| {
        test.key().eq_ignore_ascii_case("lambda:InvokedViaFunctionUrl")
            && test.values().iter().all(|value| value.text().eq_ignore_ascii_case("true"))
    })
}
