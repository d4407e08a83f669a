//! # `credentials-exposure`: the role may obtain credentials of others
//!
//! ## What it finds
//! An action that answers with credentials, passwords or tokens of somebody else, or with the environment variables of
//! functions, which often hold such, possible on a resource of any name.
//!
//! ## Why it matters
//! Credentials can be carried off and used elsewhere, beyond what the role's own policies and boundary say.
//!
//! ## Example
//! `"Action": "lambda:GetFunctionConfiguration", "Resource": "*"`.
//!
//! ## Remedy
//! Take the action away, or write the ARNs of the users, databases or functions that it is meant for.
//!
//! ## Limits
//! The actions are the list in this file. `sts:GetFederationToken` and `sts:GetSessionToken` are not in it, because AWS
//! refuses them to a role; `ecr:GetAuthorizationToken` and `codeartifact:GetAuthorizationToken` neither, because their
//! tokens open only what the role may read anyway. Stored secrets belong to `data-exfiltration`, `sts:AssumeRole` to
//! `assume-role-wildcard`. `lambda:ListFunctions` takes no resource, so that any grant of it counts.

use super::any_resource::any_of;
use super::{Grade, Hit};
use crate::view::View;
use iam_policy::ActionName;
use std::sync::LazyLock;

/// What answers with credentials.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>
const ACTIONS: &[&str] = &[
    // A key, password or service credential of a user, newly made or set.
    "iam:CreateAccessKey",
    "iam:CreateLoginProfile",
    "iam:UpdateLoginProfile",
    "iam:CreateServiceSpecificCredential",
    "iam:ResetServiceSpecificCredential",
    // Credentials of the root user of a member account.
    "sts:AssumeRoot",
    // A login to a database.
    "rds-db:connect",
    "redshift:GetClusterCredentials",
    "redshift:GetClusterCredentialsWithIAM",
    "redshift-serverless:GetCredentials",
    "dsql:DbConnectAdmin",
    "lightsail:GetRelationalDatabaseMasterUserPassword",
    // A login to a machine.
    "ec2:GetPasswordData",
    "lightsail:GetInstanceAccessDetails",
    "lightsail:DownloadDefaultKeyPair",
    "gamelift:GetInstanceAccess",
    // Credentials or tokens of identities that the caller names.
    "cognito-identity:GetCredentialsForIdentity",
    "cognito-identity:GetOpenIdTokenForDeveloperIdentity",
    "connect:GetFederationToken",
    "connect:AdminGetEmergencyAccessToken",
    // Keys and tokens that agents keep for other services.
    "bedrock-agentcore:GetResourceApiKey",
    "bedrock-agentcore:GetResourceOauth2Token",
    // Session credentials for storage that belongs to the service.
    "codepipeline:PollForJobs",
    "gamelift:RequestUploadCredentials",
    // The environment variables of functions.
    "lambda:GetFunction",
    "lambda:GetFunctionConfiguration",
    "lambda:ListFunctions",
    "lambda:ListVersionsByFunction",
];

static NAMES: LazyLock<Vec<ActionName>> =
    LazyLock::new(|| ACTIONS.iter().filter_map(|action| action.parse().ok()).collect());

pub(super) fn find(view: &View<'_>) -> Option<Hit> {
    let evidence = any_of(view, &NAMES);
    (!evidence.is_empty()).then(|| Hit {
        grade: Grade::Usual,
        summary: "the role may obtain credentials, or variables that often hold them, of any name".to_owned(),
        evidence,
        remedy: "take the actions away, or write the ARNs that they are meant for in place of the wildcard"
            .to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::ACTIONS;
    use iam_policy::{ActionName, Catalogue};

    #[test]
    fn every_action_is_one_of_the_catalogue() {
        for action in ACTIONS {
            let name: ActionName = action.parse().unwrap();
            assert!(Catalogue::bundled().action(&name).is_some(), "{action}");
        }
    }
}
