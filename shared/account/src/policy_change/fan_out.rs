//! Every role that uses the policy, as a policy or as its boundary, into the review queue.

use super::PolicyWork;
use crate::connect::Account;
use crate::failure::Failure;
use aws_sdk_iam::operation::list_entities_for_policy::ListEntitiesForPolicyError;
use aws_sdk_iam::types::{EntityType, PolicyUsageType};
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use guardrail::names::{PolicyArn, RoleName};
use guardrail::review::ReviewRequest;
use std::collections::BTreeSet;
use std::time::Duration;

/// What IAM gives on one page at most.
const PAGE: i32 = 1000;

/// What SQS takes in one call at most.
const BATCH: usize = 10;

/// How often the messages that SQS did not take are sent again, within one invocation, and after which pause.
const ATTEMPTS: usize = 3;
const PAUSE: Duration = Duration::from_millis(200);

impl PolicyWork<'_> {
    /// Queues the roles, and says how many.
    pub(super) async fn queue_the_roles(&self) -> Result<usize, Failure> {
        let mut roles =
            self.account.roles_using(&self.change.policy, PolicyUsageType::PermissionsPolicy).await?;
        roles.extend(
            self.account.roles_using(&self.change.policy, PolicyUsageType::PermissionsBoundary).await?,
        );
        let count = roles.len();
        let mut bodies = Vec::with_capacity(count);
        for role in roles {
            let request = ReviewRequest::of_policy_change(role, self.change);
            let body = serde_json::to_string(&request)
                .map_err(|e| Failure::malformed("could not write the review request as JSON", e))?;
            bodies.push(body);
        }
        for batch in bodies.chunks(BATCH) {
            self.account.send_to_review(batch).await?;
        }
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

    /// Sends a batch, and again what SQS did not take of it.
    async fn send_to_review(&self, bodies: &[String]) -> Result<(), Failure> {
        let mut open: Vec<(String, &String)> =
            bodies.iter().enumerate().map(|(index, body)| (index.to_string(), body)).collect();
        for _ in 0..ATTEMPTS {
            let entries = open
                .iter()
                .map(|(id, body)| SendMessageBatchRequestEntry::builder().id(id).message_body(*body).build())
                .collect::<Result<Vec<_>, _>>()
                .map_err(|e| Failure::malformed("could not build a batch of messages", e))?;
            let send = self.sqs().send_message_batch().queue_url(&self.settings.review_queue_url);
            let answer = send.set_entries(Some(entries)).send().await.map_err(|e| {
                Failure::of_call("could not queue the roles that use a changed policy for a look", e)
            })?;
            let failed: BTreeSet<String> = answer.failed.into_iter().map(|failed| failed.id).collect();
            open.retain(|(id, _)| failed.contains(id));
            if open.is_empty() {
                return Ok(());
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(Failure::retryable(format!(
            "the review queue did not take {} of the roles that use a changed policy",
            open.len()
        )))
    }
}
