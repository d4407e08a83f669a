//! `lambda:ListTags` and `cloudformation:DescribeStacks`: whose role it is, where its own tags do not tell.
//!
//! CloudFormation hands the tags of a stack on to what it makes
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html>), but a role or function from
//! before the tag has none until it is updated.

use crate::connect::Account;
use crate::failure::Failure;
use aws_sdk_cloudformation::config::Region;
use aws_sdk_cloudformation::error::ProvideErrorMetadata;
use aws_sdk_cloudformation::types::StackResource;
use aws_sdk_lambda::operation::list_tags::ListTagsError;
use guardrail::finding::{Finding, OwnerSources, owner_in};
use guardrail::names::{FunctionArn, RoleName};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

pub(crate) const ACTIONS: &[&str] =
    &["lambda:ListTags", "cloudformation:DescribeStackResources", "cloudformation:DescribeStacks"];

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

    /// Adds whose role it is, where that is all that nobody waits for.
    pub(crate) async fn add_owner(&self, finding: &mut Finding) {
        if let Some(owner) = self.owner_in_time(finding.owner_sources()).await {
            finding.tell_owner(&owner);
        }
    }

    /// Whose role it is, as far as that can be told soon.
    pub(crate) async fn owner_in_time(&self, sources: Option<OwnerSources>) -> Option<String> {
        let sources = sources.filter(|_| !self.settings.rules.owner_tag_keys.is_empty())?;
        match tokio::time::timeout(PATIENCE, self.owner(&sources)).await {
            Ok(Ok(owner)) => owner,
            Ok(Err(failure)) => {
                tracing::warn!(cause = %failure, "who owns the role could not be found out");
                None
            }
            Err(_) => {
                self.calls.note_given_up("lambda");
                tracing::warn!("who owns the role could not be found out in time");
                None
            }
        }
    }

    /// Functions first, then their stacks, then the stack of the role. None where functions are of different owners.
    async fn owner(&self, sources: &OwnerSources) -> Result<Option<String>, Failure> {
        let keys = &self.settings.rules.owner_tag_keys;
        let (mut owners, mut stacks) = (BTreeSet::new(), BTreeSet::new());
        for function in &sources.functions {
            match self.tags_of_function(function).await {
                Ok(tags) => {
                    owners.extend(owner_in(&tags, keys).map(str::to_owned));
                    stacks.extend(tags.get(STACK_ID).cloned());
                }
                // Another one may tell.
                Err(failure) => tracing::warn!(cause = %failure, "a function does not tell its owner"),
            }
        }
        if owners.is_empty() {
            if let Some(role) = &sources.role {
                // Roles have no Region; their stack has that of their function, or ours.
                let region =
                    sources.functions.first().map_or(self.settings.region.as_str(), FunctionArn::region);
                stacks.extend(self.stack_of_role(role, region).await?);
            }
            for stack in &stacks {
                owners.extend(owner_in(&self.tags_of_stack(stack).await?, keys).map(str::to_owned));
            }
        }
        Ok(owners.pop_first().filter(|_| owners.is_empty()))
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

    /// The id of the stack that holds the role, if one of the Region does.
    async fn stack_of_role(&self, role: &RoleName, region: &str) -> Result<Option<String>, Failure> {
        let asked = self.cloudformation().describe_stack_resources().physical_resource_id(role.as_str());
        match asked.customize().config_override(stacks_in(region)).send().await {
            Ok(answer) => {
                let of_role = |resource: &StackResource| {
                    resource.resource_type() == Some("AWS::IAM::Role")
                        && resource.physical_resource_id() == Some(role.as_str())
                };
                let found = answer.stack_resources.unwrap_or_default().into_iter().find(of_role);
                Ok(found.and_then(|resource| resource.stack_id))
            }
            // No stack holds it.
            Err(e) if e.code() == Some("ValidationError") => Ok(None),
            Err(e) => Err(Failure::of_call(format!("could not ask which stack made role `{role}`"), e)),
        }
    }

    /// Empty where the stack is gone.
    async fn tags_of_stack(&self, stack_id: &str) -> Result<Tags, Failure> {
        let region = stack_id.split(':').nth(3).unwrap_or(&self.settings.region);
        let asked = self.cloudformation().describe_stacks().stack_name(stack_id);
        match asked.customize().config_override(stacks_in(region)).send().await {
            Ok(answer) => {
                let stack = answer.stacks.unwrap_or_default().into_iter().next();
                let tags = stack.and_then(|stack| stack.tags).unwrap_or_default();
                Ok(tags.into_iter().filter_map(|tag| Some((tag.key?, tag.value?))).collect())
            }
            Err(e) if e.code() == Some("ValidationError") => Ok(Tags::new()),
            Err(e) => Err(Failure::of_call(format!("could not read the tags of stack `{stack_id}`"), e)),
        }
    }
}

fn stacks_in(region: &str) -> aws_sdk_cloudformation::config::Builder {
    aws_sdk_cloudformation::config::Builder::default().region(Region::new(region.to_owned()))
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

    /// The stack that CloudFormation says holds the role.
    fn role_of(stack: &'static str) -> Rule {
        mock!(aws_sdk_cloudformation::Client::describe_stack_resources)
            .match_requests(|request| request.physical_resource_id() == Some("orders-Role-1A2B3C4D5E6F"))
            .then_output(move || {
                let resource = StackResource::builder()
                    .stack_id(stack)
                    .logical_resource_id("Role")
                    .physical_resource_id("orders-Role-1A2B3C4D5E6F")
                    .resource_type("AWS::IAM::Role")
                    .timestamp(aws_smithy_types::DateTime::from_secs(0))
                    .resource_status(aws_sdk_cloudformation::types::ResourceStatus::CreateComplete);
                let resources = aws_sdk_cloudformation::operation::describe_stack_resources::DescribeStackResourcesOutput::builder();
                resources.stack_resources(resource.build()).build()
            })
    }

    async fn owner(lambda: &Rule, cloudformation: &[&Rule], role: Option<&str>) -> Option<String> {
        let mut account = doubles_of_an_account();
        account.lambda = mock_client!(aws_sdk_lambda, RuleMode::MatchAny, &[lambda]).into();
        account.cloudformation =
            mock_client!(aws_sdk_cloudformation, RuleMode::MatchAny, cloudformation).into();
        let functions = vec![FUNCTION.parse().unwrap()];
        let role = role.map(|role| role.parse().unwrap());
        account.owner_in_time(Some(OwnerSources { functions, role })).await
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

        const ROLES: &str = "arn:aws:cloudformation:eu-west-1:123456789012:stack/orders-roles/2c3d";
        let nameless = stack_with(STACK, ("cost-center", "4711"));
        let of_role = stack_with(ROLES, ("owner", "identity"));
        let role = Some("orders-Role-1A2B3C4D5E6F");
        let answer = owner(&function, &[&nameless, &of_role, &role_of(ROLES)], role).await;
        assert_eq!(answer.as_deref(), Some("identity"));
        let platform = stack_with(STACK, ("owner", "platform"));
        let answer = owner(&function, &[&platform, &of_role, &role_of(ROLES)], role).await;
        assert_eq!(answer, None, "two owners are none");
    }

    #[tokio::test]
    async fn a_refusal_a_missing_stack_and_no_tag_leave_the_finding_as_it_is() {
        let denied = mock!(aws_sdk_lambda::Client::list_tags).then_error(|| {
            ListTagsError::generic(ErrorMetadata::builder().code("AccessDeniedException").build())
        });
        assert_eq!(owner(&denied, &[], None).await, None);
        let no_stack = mock!(aws_sdk_cloudformation::Client::describe_stack_resources).then_error(|| {
            aws_sdk_cloudformation::operation::describe_stack_resources::DescribeStackResourcesError::generic(
                ErrorMetadata::builder().code("ValidationError").message("does not exist").build(),
            )
        });
        assert_eq!(owner(&function_with(&[]), &[&no_stack], Some("orders-api-1A2B3C4D5E6F")).await, None);
    }
}
