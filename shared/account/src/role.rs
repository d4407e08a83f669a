//! `GetRole`: the one read on the way to containment.

use crate::connect::Account;
use crate::failure::Failure;
use aws_sdk_iam::operation::get_role::GetRoleError;
use guardrail::names::RoleName;
use guardrail::snapshot::{Document, Role};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use std::time::Duration;

pub(crate) const ACTIONS: &[&str] = &["iam:GetRole"];

/// IAM is eventually consistent: just after `CreateRole` a role may not be found
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency>).
/// Asked again after each of these, then in a minute, see `second_look`.
const NOT_FOUND_PAUSES: [Duration; 3] =
    [Duration::from_millis(300), Duration::from_millis(700), Duration::from_millis(1500)];

impl Account {
    /// The role as IAM has it now; none where it is not found in a few seconds.
    pub(crate) async fn read_role(&self, name: &RoleName) -> Result<Option<Role>, Failure> {
        for pause in NOT_FOUND_PAUSES {
            if let Some(role) = self.get_role(name).await? {
                return Ok(Some(role));
            }
            tokio::time::sleep(pause).await;
        }
        self.get_role(name).await
    }

    /// The role as IAM has it now; none where it is not found at once.
    pub(crate) async fn get_role(&self, name: &RoleName) -> Result<Option<Role>, Failure> {
        match self.iam.get_role().role_name(name.as_str()).send().await {
            Ok(answer) => match answer.role {
                Some(role) => to_role(role).map(Some),
                None => Ok(None),
            },
            Err(e) if e.as_service_error().is_some_and(GetRoleError::is_no_such_entity_exception) => Ok(None),
            Err(e) => Err(Failure::of_call(format!("could not read role `{name}`"), e)),
        }
    }
}

fn to_role(role: aws_sdk_iam::types::Role) -> Result<Role, Failure> {
    let malformed =
        |e: guardrail::names::InvalidName| Failure::malformed("IAM's answer to GetRole makes no sense", e);
    let boundary = role.permissions_boundary.and_then(|b| b.permissions_boundary_arn);
    Ok(Role {
        arn: role.arn.parse().map_err(malformed)?,
        id: role.role_id.parse().map_err(malformed)?,
        created: to_timestamp(&role.create_date),
        last_used: role.role_last_used.and_then(|used| used.last_used_date).map(|date| to_timestamp(&date)),
        trust: role
            .assume_role_policy_document
            .as_deref()
            .map_or(Document::Gone, |text| decoded(text, Document::parse)),
        boundary: boundary.as_deref().map(str::parse).transpose().map_err(malformed)?,
        tags: role.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect(),
    })
}

pub(crate) fn to_timestamp(date: &aws_smithy_types::DateTime) -> Timestamp {
    Timestamp::from_second(date.secs()).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// IAM answers documents URL-encoded (RFC 3986).
pub(crate) fn decoded(encoded: &str, parse: fn(&str) -> Document) -> Document {
    match percent_decode_str(encoded).decode_utf8() {
        Ok(text) => parse(&text),
        Err(e) => Document::NotUnderstood(format!("the document is not UTF-8: {e}").into()),
    }
}
