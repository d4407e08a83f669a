//! What a policy says now, and in which of its versions it says something else.

use super::PolicyWork;
use crate::clock;
use crate::connect::Account;
use crate::failure::Failure;
use aws_sdk_iam::operation::get_policy::GetPolicyError;
use aws_sdk_iam::operation::list_policy_versions::ListPolicyVersionsError;
use guardrail::boundary_policy::{Fingerprint, PolicyRecord};
use guardrail::names::PolicyArn;
use guardrail::snapshot::Document;
use guardrail::trigger::PolicyEffect;
use std::time::Duration;

/// IAM's writes were seen to take three to four seconds until they showed everywhere.
const SETTLING_MS: u64 = 8_000;
const SETTLING_PAUSE: Duration = Duration::from_millis(500);

/// The version of a policy that is in force.
#[derive(Debug, Clone)]
pub(super) struct DefaultVersion {
    /// Its id; none where the policy is gone.
    id: Option<String>,
    pub(super) document: Document,
}

impl PolicyWork<'_> {
    /// What the policy says, asked again while IAM may still show what it said before the event or before we set it back.
    /// `expected` is what it says when nobody edits it.
    pub(super) async fn settled_default(
        &self,
        record: &PolicyRecord,
        expected: Option<&Fingerprint>,
    ) -> Result<DefaultVersion, Failure> {
        loop {
            let found = self.account.default_version(&self.change.policy).await?;
            if !self.may_be_stale(&found, record, expected) {
                return Ok(found);
            }
            tokio::time::sleep(SETTLING_PAUSE).await;
        }
    }

    fn may_be_stale(
        &self,
        found: &DefaultVersion,
        record: &PolicyRecord,
        expected: Option<&Fingerprint>,
    ) -> bool {
        let recent = |at| clock::milliseconds_between(at, clock::now()).is_none_or(|age| age < SETTLING_MS);
        // Events tell whole seconds.
        let set_back_since = record.set_back_at.filter(|at| {
            self.change.time.is_none_or(|called| called.as_second() <= at.as_second()) || self.is_own_call()
        });
        if let Some(set_back_at) = set_back_since {
            let said = found.document.understood().map(Fingerprint::of);
            return recent(set_back_at) && said.as_ref() != expected;
        }
        let shows_the_event = match &self.change.effect {
            PolicyEffect::NewDefault(Some(version)) => {
                found.id.is_none() || found.id.as_ref() == Some(version)
            }
            PolicyEffect::NewDefault(None) | PolicyEffect::VersionDeleted => true,
            PolicyEffect::Deleted => found.id.is_none(),
        };
        !shows_the_event && self.change.time.is_some_and(recent)
    }
}

impl Account {
    async fn default_version(&self, policy: &PolicyArn) -> Result<DefaultVersion, Failure> {
        let answer = match self.iam.get_policy().policy_arn(policy.as_str()).send().await {
            Ok(answer) => answer.policy,
            Err(e) if e.as_service_error().is_some_and(GetPolicyError::is_no_such_entity_exception) => {
                return Ok(DefaultVersion { id: None, document: Document::Gone });
            }
            Err(e) => return Err(Failure::of_call(format!("could not read policy `{policy}`"), e)),
        };
        let id = answer.and_then(|policy| policy.default_version_id).ok_or_else(|| {
            Failure::malformed("IAM's answer to GetPolicy makes no sense", "it names no default version")
        })?;
        let document = self.policy_version(policy, &id).await?;
        Ok(DefaultVersion { id: Some(id), document })
    }

    /// A version that holds a document; none where no version does.
    pub(super) async fn version_holding(
        &self,
        policy: &PolicyArn,
        wanted: &Fingerprint,
    ) -> Result<Option<String>, Failure> {
        let mut pages =
            self.iam.list_policy_versions().policy_arn(policy.as_str()).into_paginator().items().send();
        let mut versions = Vec::new();
        while let Some(version) = pages.next().await {
            match version {
                Ok(version) => versions.extend(version.version_id),
                Err(e)
                    if e.as_service_error()
                        .is_some_and(ListPolicyVersionsError::is_no_such_entity_exception) =>
                {
                    return Ok(None);
                }
                Err(e) => {
                    return Err(Failure::of_call(format!("could not list the versions of `{policy}`"), e));
                }
            }
        }
        // Five at most.
        for version in versions {
            let document = self.policy_version(policy, &version).await?;
            if document.understood().map(Fingerprint::of).as_ref() == Some(wanted) {
                return Ok(Some(version));
            }
        }
        Ok(None)
    }
}
