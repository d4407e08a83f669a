//! # `permissions-management`: the role may open resources to others
//!
//! ## What it finds
//! An action that writes a resource policy, an access control list, a grant or a share of a service other than IAM,
//! possible on a resource of any name.
//!
//! ## Why it matters
//! One call opens a bucket, a key or a snapshot to another account, and lasts when the function is long mended.
//!
//! ## Example
//! `"Action": "s3:PutBucketPolicy", "Resource": "*"`.
//!
//! ## Remedy
//! Leave such changes to the pipeline that deploys; where the function has to make them, write the ARNs.
//!
//! ## Limits
//! The actions are those that AWS puts in its class *Permissions management* under a name that speaks of writing a policy,
//! permission, list, grant or share, and a few more in this file. Removing is not looked at, although to remove a
//! policy of denies opens a resource as well. Of each statement one action is told. Where a statement names no service,
//! the usual services and those that the boundary names are looked into. A condition clears the check only where
//! no request can meet it.

use super::any_resource::{MOST_EVIDENCE, first_on_any};
use super::{Grade, Hit};
use crate::view::{Granted, View};
use iam_policy::catalogue::{AccessLevel, Action};
use iam_policy::{ActionName, Effect};

/// Services whose permissions are those of principals: `privilege-escalation` is about them.
const OF_PRINCIPALS: &[&str] = &["iam", "sts", "sso", "organizations", "identitystore", "rolesanywhere"];

/// How the names of actions that write begin.
const WRITES: &[&str] =
    &["Put", "Add", "Set", "Create", "Update", "Modify", "Grant", "BatchGrant", "Authorize", "Attach"];

/// What they write, if it opens something to others.
const OPENINGS: &[&str] =
    &["Policy", "Policies", "Permission", "Acl", "Grant", "Share", "Sharing", "PublicAccess"];

/// Actions that open resources to others, in another class or under a name that does not tell, in lower case.
const FURTHER: &[&str] = &[
    // The policy is one of the attributes.
    "sqs:setqueueattributes",
    "sns:settopicattributes",
    // Copies for other accounts.
    "ec2:modifysnapshotattribute",
    "ec2:modifyimageattribute",
    "rds:modifydbsnapshotattribute",
    "rds:modifydbclustersnapshotattribute",
    "redshift:authorizesnapshotaccess",
    // Shares of Resource Access Manager.
    "ram:createresourceshare",
    "ram:associateresourceshare",
    // Policies that the reference puts among writes.
    "codeartifact:putdomainpermissionspolicy",
    "codeartifact:putrepositorypermissionspolicy",
    // Who administers the data lake.
    "lakeformation:putdatalakesettings",
];

pub(super) fn find(view: &View<'_>) -> Option<Hit> {
    let open: Vec<_> = view
        .statements()
        .filter(|(_, statement)| statement.effect() == Effect::Allow)
        .filter_map(|(place, statement)| first_on_any(view, place, statement, opens_to_others))
        .take(MOST_EVIDENCE)
        .collect();
    let (example, _) = open.first()?;
    let on_any = |(action, granted): &(&ActionName, Granted)| {
        view.evidence(granted.grant, format!("{action} on any resource"))
    };
    // Two statements may allow one thing.
    let mut evidence: Vec<_> = open.iter().map(on_any).collect();
    evidence.dedup();
    Some(Hit {
        grade: Grade::Usual,
        summary: format!("the role may open resources of any name to others, for example by {example}"),
        evidence,
        remedy: "leave changes of resource policies and shares to the deployment, or write the ARNs in place of the \
                 wildcard"
            .to_owned(),
    })
}

fn opens_to_others(action: &Action) -> bool {
    let name = action.name();
    if FURTHER.contains(&name.folded()) {
        return true;
    }
    // The class is asked first: most actions are in another.
    if action.level() != AccessLevel::PermissionsManagement || OF_PRINCIPALS.contains(&name.service()) {
        return false;
    }
    let verb_and_noun = name.as_str().split_once(':').map_or("", |(_, words)| words);
    WRITES.iter().any(|verb| verb_and_noun.starts_with(verb))
        && OPENINGS.iter().any(|noun| verb_and_noun.contains(noun))
}

#[cfg(test)]
mod tests {
    use super::{FURTHER, opens_to_others};
    use iam_policy::catalogue::AccessLevel;
    use iam_policy::{ActionName, Catalogue};

    fn opens(action: &str) -> bool {
        let name: ActionName = action.parse().unwrap();
        opens_to_others(Catalogue::bundled().action(&name).unwrap())
    }

    #[test]
    fn what_opens_resources_is_told_from_what_reads_removes_or_is_about_principals() {
        for action in [
            "s3:PutBucketPolicy",
            "s3:PutObjectAcl",
            "lambda:AddPermission",
            "kms:PutKeyPolicy",
            "kms:CreateGrant",
        ] {
            assert!(opens(action), "{action}");
        }
        for action in [
            "iam:PutRolePolicy",
            "s3:DeleteBucketPolicy",
            "fsx:GetResourcePolicy",
            "waf:CreateWebACL",
            "s3:PutObject",
        ] {
            assert!(!opens(action), "{action}");
        }
    }

    /// Of what a statement lists, only this is looked at.
    #[test]
    fn what_opens_resources_changes_something() {
        let all = Catalogue::bundled().services().iter().flat_map(|service| service.actions());
        let opening: Vec<_> = all.filter(|action| opens_to_others(action)).collect();
        assert!(opening.len() > 100, "only {}", opening.len());
        for action in opening {
            assert!(!matches!(action.level(), AccessLevel::List | AccessLevel::Read), "{}", action.name());
        }
    }

    #[test]
    fn every_further_action_is_one_of_the_catalogue() {
        assert!(FURTHER.iter().all(|action| opens(action)));
    }
}
