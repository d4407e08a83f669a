//! What the version of a policy before the new one said, so that Access Analyzer can hold one against the other.

use crate::clock;
use crate::connect::Account;
use crate::failure::Failure;
use crate::role::to_timestamp;
use guardrail::analyzer::{AnalyzerMode, Question, of_new_version};
use guardrail::names::PolicyArn;
use guardrail::snapshot::{Document, PolicySource, RoleSnapshot};
use guardrail::trigger::Trigger;
use jiff::Timestamp;
use std::time::Duration;

pub(super) const ACTION: &str = "iam:ListPolicyVersions";

/// Two or three reads of IAM.
const PATIENCE: Duration = Duration::from_secs(2);

/// The call that the trigger tells of and the version that it made have times of two clocks.
const SAME_CALL_MS: u64 = 10_000;

/// A role with more changed policies at one time is told about well enough.
const MOST_POLICIES: usize = 5;

/// A version of a managed policy: `v3`.
struct Numbered {
    number: u32,
    id: String,
    created: Option<Timestamp>,
}

impl Account {
    /// Whether the versions that a `CreatePolicyVersion` made allow more than those before them; nothing for other triggers, and
    /// where IAM does not tell.
    pub(crate) async fn questions_of_new_versions(
        &self,
        trigger: &Trigger,
        role: &RoleSnapshot,
    ) -> Vec<Question> {
        let mode = self.settings.rules.analyzer;
        let Some(called) = trigger.time.filter(|_| mode == AnalyzerMode::Checks) else { return Vec::new() };
        if trigger.event.as_str() != "CreatePolicyVersion" {
            return Vec::new();
        }
        let managed = role.policies.iter().filter_map(|policy| match &policy.source {
            PolicySource::Managed(arn) if !arn.is_aws_managed() => Some((arn, &policy.document)),
            PolicySource::Managed(_) | PolicySource::Inline(_) => None,
        });
        let mut questions = Vec::new();
        for (arn, document) in managed.take(MOST_POLICIES) {
            match tokio::time::timeout(PATIENCE, self.version_before(arn, called)).await {
                Ok(Ok(before)) => {
                    let source = PolicySource::Managed(arn.clone());
                    questions
                        .extend(before.and_then(|before| of_new_version(mode, source, document, &before)));
                }
                Ok(Err(cause)) => tracing::warn!(policy = %arn, %cause, "its version before is not known"),
                Err(_) => {
                    self.calls.note_given_up("iam");
                    tracing::warn!(policy = %arn, "its version before could not be read in time");
                }
            }
        }
        questions
    }

    /// What the policy said before a version was made at that time; none where none was made then, or there is none before it.
    async fn version_before(&self, arn: &PolicyArn, called: Timestamp) -> Result<Option<Document>, Failure> {
        let versions = self.numbered_versions(arn).await?;
        let is_of_the_call = |version: &&Numbered| {
            let apart = version
                .created
                .and_then(|created| clock::milliseconds_between(called.min(created), called.max(created)));
            apart.is_some_and(|apart| apart <= SAME_CALL_MS)
        };
        let Some(new) = versions.iter().find(is_of_the_call) else { return Ok(None) };
        let before = versions.iter().filter(|version| version.number < new.number);
        match before.max_by_key(|version| version.number) {
            Some(before) => self.policy_version(arn, &before.id).await.map(Some),
            None => Ok(None),
        }
    }

    async fn numbered_versions(&self, arn: &PolicyArn) -> Result<Vec<Numbered>, Failure> {
        let list = self.iam.list_policy_versions().policy_arn(arn.as_str());
        let mut versions = Vec::new();
        // Five at most.
        let mut pages = list.into_paginator().items().send();
        while let Some(version) = pages.next().await {
            let version = version
                .map_err(|e| Failure::of_call(format!("could not list the versions of `{arn}`"), e))?;
            let number = version.version_id().and_then(|id| id.strip_prefix('v')?.parse().ok());
            if let (Some(number), Some(id)) = (number, version.version_id.clone()) {
                versions.push(Numbered {
                    number,
                    id,
                    created: version.create_date.as_ref().map(to_timestamp),
                });
            }
        }
        Ok(versions)
    }
}
