//! What a finding is about, in Security Hub's terms.

use super::text::{line, timestamp, whole_line};
use crate::finding::{BoundaryFacts, Finding, Outcome, RoleFacts};
use crate::names::{FunctionArn, PolicyArn};
use serde::Serialize;
use std::collections::BTreeMap;

/// Security Hub takes so many.
const MOST_RESOURCES: usize = 32;
const MOST_TAGS: usize = 50;
const TAG_KEY_LIMIT: usize = 128;
const TAG_VALUE_LIMIT: usize = 256;
const TEXT_LIMIT: usize = 512;

/// One resource of a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Resource {
    /// Security Hub's name of the type.
    #[serde(rename = "Type")]
    pub kind: &'static str,
    /// The ARN, but for an account.
    pub id: String,
    /// AWS's.
    pub partition: String,
    /// IAM has none, so it is Ringfence's there.
    pub region: String,
    /// The role's.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// What is known of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<Details>,
}

/// What is known of a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Details {
    /// Of an execution role.
    #[serde(rename = "AwsIamRole")]
    Role(RoleDetails),
    /// Of a boundary policy.
    #[serde(rename = "AwsIamPolicy")]
    Policy(PolicyDetails),
    /// Of a function.
    #[serde(rename = "AwsLambdaFunction")]
    Function(FunctionDetails),
}

/// What is known of an execution role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct RoleDetails {
    /// Its name.
    pub role_name: String,
    /// Its unique id.
    pub role_id: String,
    /// Its path.
    pub path: String,
    /// When it was made.
    pub create_date: String,
    /// The boundary that it has now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permissions_boundary: Option<PermissionsBoundary>,
}

/// The boundary of a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PermissionsBoundary {
    /// Of the policy.
    pub permissions_boundary_arn: String,
    /// IAM knows one type.
    pub permissions_boundary_type: &'static str,
}

/// What is known of a boundary policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PolicyDetails {
    /// Its name.
    pub policy_name: String,
}

/// What is known of a function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct FunctionDetails {
    /// Its name.
    pub function_name: String,
}

/// The role and its functions; without a role the policy; without a policy the account.
pub(super) fn of(finding: &Finding, partition: &str) -> Vec<Resource> {
    let about = match (&finding.role, &finding.boundary.after) {
        (Some(role), _) => Some(of_role(role, boundary_now(finding), partition, &finding.region)),
        (None, Some(policy)) => Some(of_policy(policy, partition, &finding.region)),
        (None, None) => None,
    };
    let functions = finding.functions.iter().map(|function| of_function(function, partition));
    let mut resources: Vec<Resource> = about.into_iter().chain(functions).take(MOST_RESOURCES).collect();
    if finding.is_about_a_function() && resources.len() > 1 {
        // What is affected comes first: the function, and then the role behind it.
        resources.rotate_left(1);
    }
    if resources.is_empty() {
        resources.push(Resource {
            kind: "AwsAccount",
            id: format!("AWS::::Account:{}", finding.account),
            partition: partition.to_owned(),
            region: finding.region.clone(),
            tags: BTreeMap::new(),
            details: None,
        });
    }
    resources
}

/// `after` is what would be where nothing was written.
fn boundary_now(finding: &Finding) -> Option<&PolicyArn> {
    let would =
        matches!(finding.outcome, Outcome::WouldBound | Outcome::WouldRestore | Outcome::WouldReplace);
    let BoundaryFacts { before, after } = &finding.boundary;
    if would { before.as_ref() } else { after.as_ref() }
}

fn of_role(role: &RoleFacts, boundary: Option<&PolicyArn>, partition: &str, region: &str) -> Resource {
    // IAM takes empty values of tags, Security Hub does not.
    let tag = |(key, value): (&String, &String)| {
        Some((whole_line(key, TAG_KEY_LIMIT)?, whole_line(value, TAG_VALUE_LIMIT)?))
    };
    Resource {
        kind: "AwsIamRole",
        id: role.arn.as_str().to_owned(),
        partition: partition.to_owned(),
        region: region.to_owned(),
        tags: role.tags.iter().filter_map(tag).take(MOST_TAGS).collect(),
        details: Some(Details::Role(RoleDetails {
            role_name: role.name.as_str().to_owned(),
            role_id: role.id.as_str().to_owned(),
            path: line(&role.path, TEXT_LIMIT),
            create_date: timestamp(role.created),
            permissions_boundary: boundary.map(|arn| PermissionsBoundary {
                permissions_boundary_arn: arn.as_str().to_owned(),
                permissions_boundary_type: "PermissionsBoundaryPolicy",
            }),
        })),
    }
}

fn of_policy(policy: &PolicyArn, partition: &str, region: &str) -> Resource {
    Resource {
        kind: "AwsIamPolicy",
        id: policy.as_str().to_owned(),
        partition: partition.to_owned(),
        region: region.to_owned(),
        tags: BTreeMap::new(),
        details: Some(Details::Policy(PolicyDetails { policy_name: line(policy.name(), TEXT_LIMIT) })),
    }
}

fn of_function(function: &FunctionArn, partition: &str) -> Resource {
    Resource {
        kind: "AwsLambdaFunction",
        id: function.as_str().to_owned(),
        partition: partition.to_owned(),
        region: function.region().to_owned(),
        tags: BTreeMap::new(),
        details: Some(Details::Function(FunctionDetails { function_name: function.name().to_owned() })),
    }
}
