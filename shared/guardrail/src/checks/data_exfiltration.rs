//! # `data-exfiltration`: the role may read the data of every resource of a kind
//!
//! ## What it finds
//! An action that returns or copies what is stored (objects, secrets, parameters, items, snapshots, results of queries),
//! possible on a resource of any name.
//!
//! ## Why it matters
//! A function that leaks gives away what its role can read. Here that is more than the function can need.
//!
//! ## Example
//! `"Action": "secretsmanager:GetSecretValue", "Resource": "*"`.
//!
//! ## Remedy
//! Write the ARNs of the buckets, secrets, tables and so on that the function reads.
//!
//! ## Limits
//! The actions are the list in this file: queues, streams and logs are not in it, because reading them is what event
//! sources and dashboards do. All resources of one region count as every resource; a common start of the name does not. A
//! condition clears the check only where no request can meet it; one on tags of the resource does not.

use super::any_resource::any_of;
use super::{Grade, Hit};
use crate::view::View;
use iam_policy::ActionName;
use std::sync::LazyLock;

/// What gives data away in bulk.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>
const ACTIONS: &[&str] = &[
    // Objects and tables of S3.
    "s3:GetObject",
    "s3:GetObjectVersion",
    "s3tables:GetTableData",
    "glacier:GetJobOutput",
    // Secrets and parameters. BatchGetSecretValue takes GetSecretValue on each secret as well.
    "secretsmanager:GetSecretValue",
    "ssm:GetParameter",
    "ssm:GetParameters",
    "ssm:GetParametersByPath",
    "ssm:GetParameterHistory",
    // Items. GetRecords is left to event sources.
    "dynamodb:GetItem",
    "dynamodb:BatchGetItem",
    "dynamodb:Scan",
    "dynamodb:Query",
    "dynamodb:PartiQLSelect",
    "dynamodb:ExportTableToPointInTime",
    "cassandra:Select",
    "timestream:Select",
    // Snapshots: their blocks, and copies under a key of one's own.
    "ebs:GetSnapshotBlock",
    "ec2:CopySnapshot",
    "rds:CopyDBSnapshot",
    "rds:CopyDBClusterSnapshot",
    "rds:StartExportTask",
    // Queries.
    "rds-data:ExecuteStatement",
    "rds-data:BatchExecuteStatement",
    "redshift-data:ExecuteStatement",
    "athena:GetQueryResults",
    "neptune-db:ReadDataViaQuery",
    "es:ESHttpGet",
    // Source code, and the people of a user pool.
    "codecommit:GitPull",
    "cognito-idp:ListUsers",
];

static NAMES: LazyLock<Vec<ActionName>> =
    LazyLock::new(|| ACTIONS.iter().filter_map(|action| action.parse().ok()).collect());

pub(super) fn find(view: &View<'_>) -> Option<Hit> {
    let evidence = any_of(view, &NAMES);
    (!evidence.is_empty()).then(|| Hit {
        grade: Grade::Usual,
        summary: "the role may read the data of every resource of a kind".to_owned(),
        evidence,
        remedy: "write the ARNs of the resources that the function reads in place of the wildcard".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::ACTIONS;
    use iam_policy::{ActionName, Catalogue};

    #[test]
    fn every_action_is_one_of_the_catalogue_and_takes_resources() {
        for action in ACTIONS {
            let name: ActionName = action.parse().unwrap();
            let known = Catalogue::bundled().action(&name);
            assert!(known.is_some_and(|known| known.takes_resources()), "{action}");
        }
    }
}
