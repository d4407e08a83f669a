//! Every role that uses the policy, as a policy or as its boundary, into the review queue.

use super::PolicyWork;
use crate::connect::Account;
use crate::failure::Failure;
use aws_sdk_iam::operation::list_entities_for_policy::ListEntitiesForPolicyError;
use aws_sdk_iam::types::{EntityType, PolicyUsageType};
use guardrail::names::{PolicyArn, RoleName};
use guardrail::review::ReviewRequest;
use std::collections::BTreeSet;

/// What IAM gives on one page at most.
const PAGE: i32 = 1000;

impl PolicyWork<'_> {
    /// Queues the roles, and says how many.
    pub(super) async fn queue_the_roles(&self) -> Result<usize, Failure> {
        let mut roles =
            self.account.roles_using(&self.change.policy, PolicyUsageType::PermissionsPolicy).await?;
        roles.extend(
            self.account.roles_using(&self.change.policy, PolicyUsageType::PermissionsBoundary).await?,
        );
        let count = roles.len();
        let requests = roles.into_iter().map(|role| ReviewRequest::of_policy_change(role, self.change));
        self.account.queue_for_review(requests).await?;
        Ok(count)
    }
}

impl Account {
    pub(crate) async fn roles_using(
        &self,
        policy: &PolicyArn,
        usage: PolicyUsageType,
    ) -> Result<BTreeSet<RoleName>, Failure> {
        let mut pages = self
            .iam
            .list_entities_for_policy()
            .policy_arn(policy.as_str())
            .entity_filter(EntityType::Role)
            .policy_usage_filter(usage)
            .max_items(PAGE)
            .into_paginator()
            .send();
        let mut roles = BTreeSet::new();
        while let Some(page) = pages.next().await {
            let page = match page {
                Ok(page) => page,
                // Deleted since: nobody uses it any more.
                Err(e)
                    if e.as_service_error()
                        .is_some_and(ListEntitiesForPolicyError::is_no_such_entity_exception) =>
                {
                    return Ok(BTreeSet::new());
                }
                Err(e) => {
                    return Err(Failure::of_call(format!("could not list the roles that use `{policy}`"), e));
                }
            };
            for role in page.policy_roles.unwrap_or_default() {
                let name = role.role_name.unwrap_or_default();
                roles.insert(name.parse().map_err(|e| {
                    Failure::malformed("IAM's list of the roles that use a policy makes no sense", e)
                })?);
            }
        }
        Ok(roles)
    }
}
