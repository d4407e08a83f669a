//! `lambda:ListTags` and `cloudformation:DescribeStacks`: whose role it is, where its own tags do not tell.
//!
//! CloudFormation hands the tags of a stack on to what it makes
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html>), but a role or function from
//! before the tag has none until it is updated.

use crate::connect::Account;
use crate::failure::Failure;
use aws_sdk_cloudformation::config::Region;
use aws_sdk_cloudformation::error::ProvideErrorMetadata;
use aws_sdk_lambda::operation::list_tags::ListTagsError;
use guardrail::finding::{Finding, OwnerSources, owner_in};
use guardrail::names::FunctionArn;
use std::collections::BTreeMap;
use std::time::Duration;

pub(crate) const ACTIONS: &[&str] = &["lambda:ListTags", "cloudformation:DescribeStacks"];

/// The role is contained by then, and the finding is worth more soon than with an owner.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where CloudFormation tells the stack on whatever it tags.
const STACK_ID: &str = "aws:cloudformation:stack-id";

type Tags = BTreeMap<String, String>;

impl Account {
    /// Adds what nobody waits for: whose role it is, and what of that which goes was used recently. Nothing depends on either.
    pub(crate) async fn enrich(&self, finding: &mut Finding) {
        let sources = finding.owner_sources();
        let (owner, ()) = tokio::join!(self.owner_in_time(sources), self.add_recent_use(finding));
        if let Some(owner) = owner {
            finding.tell_owner(&owner);
        }
    }

    async fn owner_in_time(&self, sources: Option<OwnerSources>) -> Option<String> {
        let sources = sources.filter(|_| !self.settings.rules.owner_tag_keys.is_empty())?;
        match tokio::time::timeout(PATIENCE, self.owner(&sources)).await {
            Ok(Ok(owner)) => owner,
            Ok(Err(failure)) => {
                tracing::warn!(cause = %failure, "who owns the role could not be found out");
                None
            }
            Err(_) => {
                tracing::warn!("who owns the role could not be found out in time");
                None
            }
        }
    }

    /// Functions first, then their stacks, then the stack of the role.
    async fn owner(&self, sources: &OwnerSources) -> Result<Option<String>, Failure> {
        let keys = &self.settings.rules.owner_tag_keys;
        let mut stacks: Vec<(String, String)> = Vec::new();
        for function in &sources.functions {
            let tags = self.tags_of_function(function).await?;
            if let Some(owner) = owner_in(&tags, keys) {
                return Ok(Some(owner.to_owned()));
            }
            stacks.extend(tags.get(STACK_ID).map(|id| (id.clone(), function.region().to_owned())));
        }
        // The role's name tells the stack, but no Region: that of its function, or ours.
        let region = sources.functions.first().map_or(self.settings.region.as_str(), FunctionArn::region);
        stacks.extend(sources.stack.iter().map(|stack| (stack.clone(), region.to_owned())));
        stacks.dedup();
        for (stack, region) in stacks {
            if let Some(owner) = owner_in(&self.tags_of_stack(&stack, &region).await?, keys) {
                return Ok(Some(owner.to_owned()));
            }
        }
        Ok(None)
    }

    async fn tags_of_function(&self, function: &FunctionArn) -> Result<Tags, Failure> {
        let there =
            aws_sdk_lambda::config::Builder::default().region(Region::new(function.region().to_owned()));
        let asked = self.lambda().list_tags().resource(function.as_str());
        match asked.customize().config_override(there).send().await {
            Ok(answer) => Ok(answer.tags.unwrap_or_default().into_iter().collect()),
            Err(e) if e.as_service_error().is_some_and(ListTagsError::is_resource_not_found_exception) => {
                Ok(Tags::new())
            }
            Err(e) => Err(Failure::of_call(format!("could not read the tags of `{function}`"), e)),
        }
    }

    /// None where there is no such stack: its name was read out of the role's.
    async fn tags_of_stack(&self, stack: &str, region: &str) -> Result<Tags, Failure> {
        let there = aws_sdk_cloudformation::config::Builder::default().region(Region::new(region.to_owned()));
        let asked = self.cloudformation().describe_stacks().stack_name(stack);
        match asked.customize().config_override(there).send().await {
            Ok(answer) => {
                let stack = answer.stacks.unwrap_or_default().into_iter().next();
                let tags = stack.and_then(|stack| stack.tags).unwrap_or_default();
                Ok(tags.into_iter().filter_map(|tag| Some((tag.key?, tag.value?))).collect())
            }
            Err(e) if e.code() == Some("ValidationError") => Ok(Tags::new()),
            Err(e) => Err(Failure::of_call(format!("could not read the tags of stack `{stack}`"), e)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::respond::doubles_of_an_account;
    use aws_sdk_cloudformation::operation::describe_stacks::DescribeStacksOutput;
    use aws_sdk_cloudformation::types::{Stack, StackStatus, Tag};
    use aws_sdk_lambda::operation::list_tags::ListTagsOutput;
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
    use aws_smithy_types::error::ErrorMetadata;

    const FUNCTION: &str = "arn:aws:lambda:eu-west-1:123456789012:function:orders-api";
    const STACK: &str = "arn:aws:cloudformation:eu-west-1:123456789012:stack/orders/0a1b";

    fn function_with(tags: &'static [(&'static str, &'static str)]) -> Rule {
        mock!(aws_sdk_lambda::Client::list_tags)
            .match_requests(|request| request.resource() == Some(FUNCTION))
            .then_output(move || {
                let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
                ListTagsOutput::builder().set_tags(Some(tags)).build()
            })
    }

    fn stack_with(name: &'static str, tag: (&'static str, &'static str)) -> Rule {
        mock!(aws_sdk_cloudformation::Client::describe_stacks)
            .match_requests(move |request| request.stack_name() == Some(name))
            .then_output(move || {
                let tag = Tag::builder().key(tag.0).value(tag.1).build();
                let stack =
                    Stack::builder().stack_name("orders").stack_status(StackStatus::CreateComplete).tags(tag);
                let stack = stack.creation_time(aws_smithy_types::DateTime::from_secs(0)).build();
                DescribeStacksOutput::builder().stacks(stack).build()
            })
    }

    async fn owner(lambda: &Rule, cloudformation: &[&Rule], stack: Option<&str>) -> Option<String> {
        let mut account = doubles_of_an_account();
        account.lambda = mock_client!(aws_sdk_lambda, RuleMode::MatchAny, &[lambda]).into();
        account.cloudformation =
            mock_client!(aws_sdk_cloudformation, RuleMode::MatchAny, cloudformation).into();
        let functions = vec![FUNCTION.parse().unwrap()];
        account.owner_in_time(Some(OwnerSources { functions, stack: stack.map(str::to_owned) })).await
    }

    #[tokio::test]
    async fn a_function_tells_before_its_stack_is_asked() {
        let stack = stack_with(STACK, ("owner", "platform"));
        let function = function_with(&[("team", "shop"), (STACK_ID, STACK)]);
        assert_eq!(owner(&function, &[&stack], None).await.as_deref(), Some("shop"));
        assert_eq!(stack.num_calls(), 0);
    }

    #[tokio::test]
    async fn the_stack_of_the_function_tells_and_then_that_of_the_role() {
        let of_function = stack_with(STACK, ("owner", "platform"));
        let function = function_with(&[(STACK_ID, STACK)]);
        assert_eq!(owner(&function, &[&of_function], None).await.as_deref(), Some("platform"));

        let nameless = stack_with(STACK, ("cost-center", "4711"));
        let of_role = stack_with("orders-roles", ("owner", "identity"));
        let answer = owner(&function, &[&nameless, &of_role], Some("orders-roles")).await;
        assert_eq!(answer.as_deref(), Some("identity"));
    }

    #[tokio::test]
    async fn a_refusal_a_missing_stack_and_no_tag_leave_the_finding_as_it_is() {
        let denied = mock!(aws_sdk_lambda::Client::list_tags).then_error(|| {
            ListTagsError::generic(ErrorMetadata::builder().code("AccessDeniedException").build())
        });
        assert_eq!(owner(&denied, &[], None).await, None);
        let no_stack = mock!(aws_sdk_cloudformation::Client::describe_stacks).then_error(|| {
            aws_sdk_cloudformation::operation::describe_stacks::DescribeStacksError::generic(
                ErrorMetadata::builder().code("ValidationError").message("does not exist").build(),
            )
        });
        assert_eq!(owner(&function_with(&[]), &[&no_stack], Some("orders")).await, None);
    }
}
