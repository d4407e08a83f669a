//! A role's policies and its boundary: read after containment, side by side, every page.

use crate::connect::Account;
use crate::failure::Failure;
use crate::role::decoded;
use aws_sdk_iam::operation::get_policy::GetPolicyError;
use aws_sdk_iam::operation::get_policy_version::GetPolicyVersionError;
use aws_sdk_iam::operation::get_role_policy::GetRolePolicyError;
use aws_sdk_iam::operation::list_attached_role_policies::ListAttachedRolePoliciesError;
use aws_sdk_iam::operation::list_role_policies::ListRolePoliciesError;
use futures_util::stream::{StreamExt, TryStreamExt, iter};
use guardrail::names::{PolicyArn, RoleName};
use guardrail::snapshot::{Boundary, Document, PolicySource, Role, RolePolicy, RoleSnapshot};
use std::collections::HashMap;
use std::sync::Mutex;

pub(crate) const ACTIONS: &[&str] = &[
    "iam:ListAttachedRolePolicies",
    "iam:ListRolePolicies",
    "iam:GetRolePolicy",
    "iam:GetPolicy",
    "iam:GetPolicyVersion",
];

/// Documents read at once. `GetPolicyVersion` is a known hot spot of IAM's throttling.
const AT_ONCE: usize = 6;

/// Documents by the policy's unique id and version, which together never change. Not by ARN: a policy that is deleted and
/// made again has the same ARN and starts at `v1` anew.
#[derive(Debug, Default)]
pub(crate) struct PolicyCache(Mutex<HashMap<CacheKey, Document>>);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct CacheKey {
    policy_id: String,
    version: String,
}

/// Documents kept at most. Functions have 20 MB.
const MOST_CACHED: usize = 128;

impl PolicyCache {
    fn get(&self, key: &CacheKey) -> Option<Document> {
        self.0.lock().ok()?.get(key).cloned()
    }

    fn put(&self, key: CacheKey, document: Document) {
        if let Ok(mut documents) = self.0.lock() {
            if documents.len() >= MOST_CACHED {
                documents.clear();
            }
            documents.insert(key, document);
        }
    }
}

impl Account {
    /// Everything that speaks about the role. An inline policy that disappears while it is read is
    /// as if it had not been there; a managed one is a doubt.
    pub(crate) async fn read_policies(&self, role: Role) -> Result<RoleSnapshot, Failure> {
        let (policies, boundary) =
            tokio::try_join!(self.role_policies(role.arn.name()), self.boundary(role.boundary.clone()))?;
        Ok(RoleSnapshot { role, policies, boundary })
    }

    /// The boundary that Ringfence puts, with its document.
    pub(crate) async fn our_boundary(&self) -> Result<Boundary, Failure> {
        self.boundary(Some(self.settings.rules.boundary.clone())).await
    }

    /// A boundary with its document.
    pub(crate) async fn boundary(&self, arn: Option<PolicyArn>) -> Result<Boundary, Failure> {
        match arn {
            None => Ok(Boundary::Absent),
            Some(arn) => Ok(Boundary::Attached { document: self.managed_document(&arn).await?, arn }),
        }
    }

    async fn role_policies(&self, role: &RoleName) -> Result<Vec<RolePolicy>, Failure> {
        let (attached, inline) = tokio::try_join!(self.attached_policies(role), self.inline_policies(role))?;
        Ok([attached, inline].concat())
    }

    async fn attached_policies(&self, role: &RoleName) -> Result<Vec<RolePolicy>, Failure> {
        let mut pages =
            self.iam.list_attached_role_policies().role_name(role.as_str()).into_paginator().items().send();
        let mut arns = Vec::new();
        while let Some(policy) = pages.next().await {
            match policy {
                Ok(policy) => arns.extend(policy.policy_arn),
                Err(e)
                    if e.as_service_error()
                        .is_some_and(ListAttachedRolePoliciesError::is_no_such_entity_exception) =>
                {
                    return Ok(Vec::new());
                }
                Err(e) => {
                    return Err(Failure::of_call(format!("could not list the policies of role `{role}`"), e));
                }
            }
        }
        let read = async |arn: String| {
            let arn: PolicyArn = arn
                .parse()
                .map_err(|e| Failure::malformed("IAM's list of attached policies makes no sense", e))?;
            let document = self.managed_document(&arn).await?;
            Ok(RolePolicy { source: PolicySource::Managed(arn), document })
        };
        iter(arns).map(read).buffered(AT_ONCE).try_collect().await
    }

    async fn inline_policies(&self, role: &RoleName) -> Result<Vec<RolePolicy>, Failure> {
        let mut pages =
            self.iam.list_role_policies().role_name(role.as_str()).into_paginator().items().send();
        let mut names = Vec::new();
        while let Some(name) = pages.next().await {
            match name {
                Ok(name) => names.push(name),
                Err(e)
                    if e.as_service_error()
                        .is_some_and(ListRolePoliciesError::is_no_such_entity_exception) =>
                {
                    return Ok(Vec::new());
                }
                Err(e) => {
                    return Err(Failure::of_call(
                        format!("could not list the inline policies of role `{role}`"),
                        e,
                    ));
                }
            }
        }
        let read = async |name: String| self.inline_policy(role, name).await;
        let found: Vec<Option<RolePolicy>> = iter(names).map(read).buffered(AT_ONCE).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    async fn inline_policy(&self, role: &RoleName, name: String) -> Result<Option<RolePolicy>, Failure> {
        match self.iam.get_role_policy().role_name(role.as_str()).policy_name(&name).send().await {
            Ok(answer) => {
                let document = decoded(&answer.policy_document, Document::parse_identity);
                Ok(Some(RolePolicy { source: PolicySource::Inline(name), document }))
            }
            Err(e) if e.as_service_error().is_some_and(GetRolePolicyError::is_no_such_entity_exception) => {
                Ok(None)
            }
            Err(e) => {
                Err(Failure::of_call(format!("could not read inline policy `{name}` of role `{role}`"), e))
            }
        }
    }

    /// What the policy's version in force says; [`Document::Gone`] where there is no such policy.
    pub(crate) async fn managed_document(&self, arn: &PolicyArn) -> Result<Document, Failure> {
        let policy = match self.iam.get_policy().policy_arn(arn.as_str()).send().await {
            Ok(answer) => answer.policy,
            Err(e) if e.as_service_error().is_some_and(GetPolicyError::is_no_such_entity_exception) => {
                return Ok(Document::Gone);
            }
            Err(e) => return Err(Failure::of_call(format!("could not read policy `{arn}`"), e)),
        };
        let Some((policy_id, version)) =
            policy.and_then(|policy| policy.policy_id.zip(policy.default_version_id))
        else {
            return Ok(Document::NotUnderstood(
                "IAM tells no id or no default version of the policy".to_owned().into(),
            ));
        };
        let key = CacheKey { policy_id, version };
        if let Some(document) = self.policies.get(&key) {
            return Ok(document);
        }
        let document = self.policy_version(arn, &key.version).await?;
        self.policies.put(key, document.clone());
        Ok(document)
    }

    /// What one version of a managed policy says.
    pub(crate) async fn policy_version(&self, arn: &PolicyArn, version: &str) -> Result<Document, Failure> {
        // What AWS itself keeps is stored, whatever our rules say of it.
        let parse = if arn.is_aws_managed() { Document::parse } else { Document::parse_identity };
        match self.iam.get_policy_version().policy_arn(arn.as_str()).version_id(version).send().await {
            Ok(answer) => Ok(answer.policy_version.and_then(|v| v.document).as_deref().map_or_else(
                || Document::NotUnderstood("IAM tells no document of the policy".to_owned().into()),
                |text| decoded(text, parse),
            )),
            Err(e)
                if e.as_service_error().is_some_and(GetPolicyVersionError::is_no_such_entity_exception) =>
            {
                // Deleted between the two calls: the retry reads the version that replaced it.
                Err(Failure::of_call(
                    format!("version {version} of policy `{arn}` went while it was read"),
                    e,
                ))
            }
            Err(e) => Err(Failure::of_call(format!("could not read version {version} of policy `{arn}`"), e)),
        }
    }
}
