//! Pages of `GetAccountAuthorizationDetails`, in the types of the pure core.
//!
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html>

use crate::connect::Account;
use crate::failure::Failure;
use crate::role::to_timestamp;
use aws_sdk_iam::operation::get_account_authorization_details::GetAccountAuthorizationDetailsOutput;
use aws_sdk_iam::types::{self as iam, EntityType};
use guardrail::authorization_details::{
    AttachedBoundary, AttachedPolicy, DocumentText, ManagedPolicyDetail, PolicyDetail, PolicyVersion,
    RoleDetail, RoleLastUsed, Tag,
};

/// Items of a page. A policy may have five versions of 6 KB, and the ledger is asked for the roles of a page in one call of at most
/// a hundred keys.
const PAGE: i32 = 100;

/// A part of an answer that makes no sense.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Unreadable(String);

impl Account {
    /// A page of what `kinds` says, with IAM's marker of the next.
    pub(super) async fn page(
        &self,
        kinds: &[EntityType],
        marker: Option<String>,
    ) -> Result<(GetAccountAuthorizationDetailsOutput, Option<String>), Failure> {
        let ask = self.iam.get_account_authorization_details().set_filter(Some(kinds.to_vec()));
        let answer = ask.max_items(PAGE).set_marker(marker).send().await;
        let mut answer = answer
            .map_err(|e| Failure::of_call("could not read a page of the account's roles and policies", e))?;
        let next = answer.marker.take().filter(|_| answer.is_truncated);
        Ok((answer, next))
    }
}

pub(super) fn to_policy_detail(policy: iam::ManagedPolicyDetail) -> Result<ManagedPolicyDetail, Unreadable> {
    let count = |count: Option<i32>| count.and_then(|count| u32::try_from(count).ok());
    let version = |version: iam::PolicyVersion| {
        Ok(PolicyVersion {
            document: document(version.document.as_deref().unwrap_or_default())?,
            version_id: version.version_id,
            is_default_version: version.is_default_version,
        })
    };
    Ok(ManagedPolicyDetail {
        arn: parsed(policy.arn.as_deref())?,
        default_version_id: policy.default_version_id,
        attachment_count: count(policy.attachment_count),
        permissions_boundary_usage_count: count(policy.permissions_boundary_usage_count),
        policy_version_list: each(policy.policy_version_list, version)?,
    })
}

pub(super) fn to_role_detail(role: iam::RoleDetail) -> Result<RoleDetail, Unreadable> {
    let inline = |policy: iam::PolicyDetail| {
        Ok(PolicyDetail {
            policy_name: policy.policy_name.unwrap_or_default(),
            policy_document: document(policy.policy_document.as_deref().unwrap_or_default())?,
        })
    };
    let attached = |policy: iam::AttachedPolicy| {
        Ok(AttachedPolicy { policy_arn: parsed(policy.policy_arn.as_deref())? })
    };
    let boundary = |boundary: iam::AttachedPermissionsBoundary| {
        let permissions_boundary_arn = parsed(boundary.permissions_boundary_arn.as_deref())?;
        Ok(AttachedBoundary { permissions_boundary_arn })
    };
    let last_used = |used: iam::RoleLastUsed| RoleLastUsed {
        last_used_date: used.last_used_date.map(|date| to_timestamp(&date)),
    };
    Ok(RoleDetail {
        arn: parsed(role.arn.as_deref())?,
        role_id: role.role_id,
        create_date: role.create_date.map(|date| to_timestamp(&date)),
        assume_role_policy_document: role.assume_role_policy_document.as_deref().map(document).transpose()?,
        role_policy_list: each(role.role_policy_list, inline)?,
        attached_managed_policies: each(role.attached_managed_policies, attached)?,
        permissions_boundary: role.permissions_boundary.map(boundary).transpose()?,
        tags: each(role.tags, |tag: iam::Tag| Ok(Tag { key: tag.key, value: tag.value }))?,
        role_last_used: role.role_last_used.map(last_used),
    })
}

fn each<A, B>(
    list: Option<Vec<A>>,
    convert: impl FnMut(A) -> Result<B, Unreadable>,
) -> Result<Vec<B>, Unreadable> {
    list.unwrap_or_default().into_iter().map(convert).collect()
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(text: Option<&str>) -> Result<T, Unreadable> {
    text.unwrap_or_default().parse().map_err(|e: T::Err| Unreadable(e.to_string()))
}

fn document(text: &str) -> Result<DocumentText, Unreadable> {
    DocumentText::from_text(text).map_err(|e| Unreadable(e.to_string()))
}
