//! `ListFunctionUrlConfigs` and `GetPolicy`: where callers come into a function.

use crate::connect::Account;
use crate::failure::Failure;
use aws_sdk_lambda::config::{Builder, Region};
use aws_sdk_lambda::operation::get_policy::GetPolicyError;
use aws_sdk_lambda::operation::list_function_url_configs::ListFunctionUrlConfigsError;
use futures_util::stream::{StreamExt, TryStreamExt, iter};
use guardrail::function::{Entrance, Function, UrlAuth};
use guardrail::names::{FunctionArn, Qualifier};
use guardrail::snapshot::Document;
use std::collections::{BTreeMap, BTreeSet};

pub(crate) const ACTIONS: &[&str] = &["lambda:GetPolicy", "lambda:ListFunctionUrlConfigs"];

/// Policies read at once.
const AT_ONCE: usize = 6;

/// The function without a qualifier, to which a caller may also give this one.
const LATEST: &str = "$LATEST";

type Urls = BTreeMap<Option<Qualifier>, UrlAuth>;

impl Account {
    /// The function with its own entrance, those with a URL, and these. Lambda tells the URLs of all versions and aliases at once, but a
    /// policy only of the one that is asked for. A function that is gone has none.
    pub(crate) async fn read_entrances(
        &self,
        function: &FunctionArn,
        qualifiers: impl Iterator<Item = &Qualifier>,
    ) -> Result<Function, Failure> {
        let urls = self.urls_of(function).await?;
        let mut entrances: BTreeSet<Option<Qualifier>> = qualifiers.cloned().map(Some).collect();
        entrances.insert(None);
        entrances.extend(urls.keys().cloned());
        let read = async |qualifier: Option<Qualifier>| {
            let policy = self.resource_policy(function, qualifier.as_ref()).await?;
            Ok::<_, Failure>(Entrance { url: urls.get(&qualifier).copied(), policy, qualifier })
        };
        let entrances: Vec<Entrance> = iter(entrances).map(read).buffered(AT_ONCE).try_collect().await?;
        Ok(Function { entrances, ..Function::named(function.clone()) })
    }

    async fn urls_of(&self, function: &FunctionArn) -> Result<Urls, Failure> {
        let asked = self.lambda_in(function.region()).list_function_url_configs();
        let mut pages = asked.function_name(function.as_str()).into_paginator().items().send();
        let mut urls = Urls::new();
        while let Some(url) = pages.next().await {
            let url = match url {
                Ok(url) => url,
                Err(e)
                    if e.as_service_error()
                        .is_some_and(ListFunctionUrlConfigsError::is_resource_not_found_exception) =>
                {
                    return Ok(Urls::new());
                }
                Err(e) => {
                    return Err(Failure::of_call(format!("could not list the URLs of `{function}`"), e));
                }
            };
            let auth: UrlAuth = url.auth_type().as_str().parse().map_err(|e: &str| {
                Failure::malformed(format!("the `AuthType` of a URL of `{function}` makes no sense"), e)
            })?;
            let qualifier = Qualifier::in_function_name(url.function_arn());
            urls.insert(qualifier.filter(|qualifier| qualifier.as_str() != LATEST), auth);
        }
        Ok(urls)
    }

    /// None where there is no policy, or no such function, version or alias.
    async fn resource_policy(
        &self,
        function: &FunctionArn,
        qualifier: Option<&Qualifier>,
    ) -> Result<Option<Document>, Failure> {
        let asked = self.lambda_in(function.region()).get_policy().function_name(function.as_str());
        let asked = asked.set_qualifier(qualifier.map(|qualifier| qualifier.as_str().to_owned()));
        match asked.send().await {
            Ok(answer) => Ok(answer.policy.as_deref().map(Document::parse)),
            Err(e) if e.as_service_error().is_some_and(|e| has_no_policy(e, qualifier)) => Ok(None),
            Err(e) => Err(Failure::of_call(format!("could not read the resource policy of `{function}`"), e)),
        }
    }

    /// Events of other Regions are forwarded here; the function answers where it lives.
    fn lambda_in(&self, region: &str) -> aws_sdk_lambda::Client {
        let there = Region::new(region.to_owned());
        let config: Builder = self.lambda().config().to_builder();
        aws_sdk_lambda::Client::from_conf(config.region(there).build())
    }
}

/// `$LATEST` has no policy of its own, and Lambda may say that by not taking it
/// (<https://docs.aws.amazon.com/lambda/latest/api/API_GetPolicy.html>).
fn has_no_policy(error: &GetPolicyError, qualifier: Option<&Qualifier>) -> bool {
    let is_latest = qualifier.is_some_and(|qualifier| qualifier.as_str() == LATEST);
    error.is_resource_not_found_exception() || (is_latest && error.is_invalid_parameter_value_exception())
}
