//! Ways around Ringfence, each tried by an administrator of the account and refused by the statement that is there for it.

use super::{
    ANOTHER, Answer, BASELINE, Call, TO_LAMBDA, answer, assert_open_without_the_policies, levels,
    organization,
};
use tests::template::Template;

type Tries = &'static [(&'static str, &'static str, &'static [(&'static str, &'static str)])];

/// What is tried, the statement that refuses it, and the calls.
const WAYS: [(&str, &str, Tries); 25] = [
    (
        "take a boundary off",
        "DenyTakingBoundariesOff",
        &[
            ("iam:DeleteRolePermissionsBoundary", "role/lambda/orders", &[BASELINE]),
            ("iam:DeleteRolePermissionsBoundary", "role/lambda/orders", &[ANOTHER]),
        ],
    ),
    (
        "take Ringfence's boundary off a role elsewhere",
        "DenyTakingOurBoundariesOff",
        &[("iam:DeleteRolePermissionsBoundary", "role/orders", &[BASELINE])],
    ),
    (
        "put another boundary",
        "DenyWritingRolesWithoutApprovedBoundary",
        &[
            ("iam:PutRolePermissionsBoundary", "role/lambda/orders", &[ANOTHER]),
            (
                "iam:PutRolePermissionsBoundary",
                "role/lambda/orders",
                &[("iam:PermissionsBoundary", "arn:aws:iam::aws:policy/AdministratorAccess")],
            ),
            // A name that only looks like it.
            (
                "iam:PutRolePermissionsBoundary",
                "role/lambda/orders",
                &[(
                    "iam:PermissionsBoundary",
                    "arn:aws:iam::123456789012:policy/ringfence/ringfence-baseline-v11",
                )],
            ),
            (
                "iam:PutRolePermissionsBoundary",
                "role/lambda/orders",
                &[(
                    "iam:PermissionsBoundary",
                    "arn:aws:iam::123456789012:policy/x/ringfence/ringfence-baseline-v1",
                )],
            ),
        ],
    ),
    (
        "create a role in the path without a boundary",
        "DenyWritingRolesWithoutApprovedBoundary",
        &[
            ("iam:CreateRole", "role/lambda/orders", &[]),
            ("iam:CreateRole", "role/lambda/shop/orders", &[]),
            ("iam:CreateRole", "role/lambda/orders", &[ANOTHER]),
        ],
    ),
    (
        "give rights to a role in the path that has no boundary",
        "DenyWritingRolesWithoutApprovedBoundary",
        &[
            ("iam:PutRolePolicy", "role/lambda/older", &[]),
            (
                "iam:AttachRolePolicy",
                "role/lambda/older",
                &[("iam:PolicyARN", "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole")],
            ),
        ],
    ),
    (
        "attach AdministratorAccess, boundary or not",
        "DenyAttachingAdministrator",
        &[(
            "iam:AttachRolePolicy",
            "role/lambda/orders",
            &[BASELINE, ("iam:PolicyARN", "arn:aws:iam::aws:policy/AdministratorAccess")],
        )],
    ),
    (
        "give a function a role from elsewhere",
        "DenyPassingOtherRolesToLambda",
        &[
            ("iam:PassRole", "role/admin", &[TO_LAMBDA]),
            ("iam:PassRole", "role/service-role/orders-role-1a2b", &[TO_LAMBDA]),
            ("iam:PassRole", "role/lambda", &[TO_LAMBDA]),
            ("iam:PassRole", "role/team/lambda/orders", &[TO_LAMBDA]),
            ("iam:PassRole", "role/Lambda/orders", &[TO_LAMBDA]),
            ("iam:PassRole", "role/admin", &[("iam:PassedToService", "edgelambda.amazonaws.com")]),
        ],
    ),
    (
        "give a function of one's own a role of Ringfence",
        "DenyPassingOtherRolesToLambda",
        &[("iam:PassRole", "role/ringfence/ringfence-undo-remediation", &[TO_LAMBDA])],
    ),
    (
        "or of whoever is not bound, by any service",
        "DenyBecomingUnbound",
        &[
            ("iam:PassRole", "role/stacksets-exec-0a1b2c3d", &[("iam:PassedToService", "ec2.amazonaws.com")]),
            (
                "iam:PassRole",
                "role/pipeline/ringfence-deploy",
                &[("iam:PassedToService", "codebuild.amazonaws.com")],
            ),
            ("iam:PassRole", "role/ringfence/ringfence-on-role-change", &[]),
        ],
    ),
    (
        "become one of those who are not bound",
        "DenyBecomingUnbound",
        &[
            ("iam:CreateRole", "role/stacksets-exec-evil", &[]),
            ("iam:UpdateAssumeRolePolicy", "role/stacksets-exec-0a1b2c3d", &[]),
            ("iam:PutRolePolicy", "role/pipeline/ringfence-deploy", &[]),
            ("iam:CreateRole", "role/emergency/break-glass", &[]),
            ("iam:UpdateAssumeRolePolicy", "role/emergency/break-glass", &[]),
            ("iam:DeleteRolePermissionsBoundary", "role/emergency/break-glass", &[]),
            ("iam:CreateRole", "role/ringfence/ringfence-evil", &[BASELINE]),
            ("iam:UpdateAssumeRolePolicy", "role/ringfence/ringfence-undo-remediation", &[]),
        ],
    ),
    (
        "become an operator",
        "DenyChangingRingfence",
        &[
            ("iam:CreateRole", "role/security/responder", &[]),
            ("iam:UpdateAssumeRolePolicy", "role/security/responder", &[]),
        ],
    ),
    (
        "rewrite an approved boundary, or make one where there is none",
        "DenyRewritingApprovedBoundaries",
        &[
            ("iam:CreatePolicyVersion", "policy/ringfence/ringfence-baseline-v1", &[]),
            ("iam:SetDefaultPolicyVersion", "policy/ringfence/ringfence-baseline-v1", &[]),
            ("iam:DeletePolicyVersion", "policy/ringfence/ringfence-strict-v1", &[]),
            ("iam:DeletePolicy", "policy/ringfence/ringfence-strict-v1", &[]),
            ("iam:CreatePolicy", "policy/ringfence/ringfence-strict-v1", &[]),
        ],
    ),
    (
        "write the other policies of Ringfence",
        "DenyChangingRingfence",
        &[
            ("iam:CreatePolicyVersion", "policy/ringfence/ringfence-own-v1", &[]),
            ("iam:TagPolicy", "policy/ringfence/ringfence-baseline-v1", &[]),
        ],
    ),
    (
        "switch a rule off",
        "DenyChangingRingfence",
        &[
            ("events:DisableRule", "rule/ringfence-on-role-change", &[]),
            ("events:DeleteRule", "rule/ringfence-on-role-change", &[]),
            ("events:RemoveTargets", "arn:aws:events:eu-west-1:123456789012:rule/ringfence-forward", &[]),
            ("events:PutRule", "rule/ringfence-on-role-change", &[]),
            ("events:PutTargets", "rule/ringfence-on-role-change", &[]),
        ],
    ),
    (
        "take a function away, or what it does",
        "DenyChangingRingfence",
        &[
            ("lambda:DeleteFunction", "function:ringfence-on-role-change", &[]),
            ("lambda:UpdateFunctionCode", "function:ringfence-undo-remediation", &[]),
            ("lambda:PutFunctionConcurrency", "function:ringfence-on-role-change", &[]),
            ("lambda:PutFunctionEventInvokeConfig", "function:ringfence-on-role-change", &[]),
            ("lambda:RemovePermission", "function:ringfence-on-role-change", &[]),
            ("lambda:CreateFunctionUrlConfig", "function:ringfence-undo-remediation", &[]),
            ("lambda:PutFunctionCodeSigningConfig", "function:ringfence-review-role", &[]),
        ],
    ),
    (
        "change its settings",
        "DenyChangingRingfence",
        &[
            ("lambda:UpdateFunctionConfiguration", "function:ringfence-on-role-change", &[]),
            ("ssm:PutParameter", "parameter/ringfence/boundary-arn", &[]),
            ("cloudformation:UpdateStack", "stack/ringfence/1", &[]),
            ("cloudformation:DeleteStack", "stack/ringfence-forwarder/1", &[]),
            ("cloudformation:DeleteStack", "stack/StackSet-ringfence-forwarder-0a1b/1", &[]),
            ("cloudformation:DeleteStack", "stack/StackSet-ringfence-canary-0a1b/1", &[]),
            ("cloudformation:DeleteStack", "stack/StackSet-ringfence-0a1b/1", &[]),
            ("cloudformation:ExecuteChangeSet", "stack/ringfence/1", &[]),
        ],
    ),
    (
        "take the review queue away from its function",
        "DenyDisconnectingTheReviewQueue",
        &[
            (
                "lambda:UpdateEventSourceMapping",
                "event-source-mapping:1",
                &[(
                    "lambda:FunctionArn",
                    "arn:aws:lambda:us-east-1:123456789012:function:ringfence-review-role",
                )],
            ),
            (
                "lambda:DeleteEventSourceMapping",
                "event-source-mapping:1",
                &[(
                    "lambda:FunctionArn",
                    "arn:aws:lambda:us-east-1:123456789012:function:ringfence-review-role",
                )],
            ),
        ],
    ),
    (
        "keep findings from whom they are for, or forge them",
        "DenyChangingRingfence",
        &[
            ("sns:Unsubscribe", "ringfence-findings", &[]),
            ("sns:SetSubscriptionAttributes", "ringfence-findings", &[]),
            ("sns:DeleteTopic", "ringfence-findings", &[]),
            ("sns:SetTopicAttributes", "ringfence-findings", &[]),
            ("sns:Publish", "ringfence-findings", &[]),
            ("cloudwatch:DeleteAlarms", "alarm:ringfence-failures", &[]),
            ("cloudwatch:DisableAlarmActions", "alarm:ringfence-failures", &[]),
            ("kms:DeleteAlias", "alias/ringfence-findings", &[]),
            ("s3:DeleteObject", "ringfence-reportbucket-1a2b/reports/latest.json", &[]),
            ("logs:DeleteLogGroup", "log-group:/aws/lambda/ringfence-review-role", &[]),
        ],
    ),
    (
        "take the key that findings are encrypted with",
        "DenyTakingTheKeyOfFindingsAway",
        &[
            ("kms:ScheduleKeyDeletion", "key/1", &[("kms:ResourceAliases", "alias/ringfence-findings")]),
            ("kms:DisableKey", "key/1", &[("kms:ResourceAliases", "alias/ringfence-findings")]),
            ("kms:PutKeyPolicy", "key/1", &[("kms:ResourceAliases", "alias/ringfence-findings")]),
        ],
    ),
    (
        "empty or rewire a queue",
        "DenyChangingRingfence",
        &[
            ("sqs:PurgeQueue", "ringfence-review", &[]),
            ("sqs:DeleteQueue", "ringfence-review", &[]),
            ("sqs:SetQueueAttributes", "ringfence-dead-letters", &[]),
            ("sqs:AddPermission", "ringfence-review", &[]),
        ],
    ),
    (
        "take messages out of a queue, or tell the sweep what is not so",
        "DenyWritingTheLedgerAndTakingMessages",
        &[
            ("s3:PutObject", "ringfence-reportbucket-1a2b/organization/scps.json", &[]),
            ("sqs:ReceiveMessage", "ringfence-review", &[]),
            ("sqs:DeleteMessage", "ringfence-dead-letters", &[]),
            ("sqs:StartMessageMoveTask", "ringfence-dead-letters", &[]),
        ],
    ),
    (
        "set up the bus so that no event gets to a rule",
        "DenyWritingTheLedgerAndTakingMessages",
        &[
            ("events:UpdateEventBus", "event-bus/default", &[]),
            ("events:UpdateEventBus", "arn:aws:events:eu-west-1:123456789012:event-bus/default", &[]),
        ],
    ),
    (
        "write the ledger",
        "DenyWritingTheLedgerAndTakingMessages",
        &[
            ("dynamodb:PutItem", "table/ringfence-LedgerTable-1A2B", &[]),
            ("dynamodb:UpdateItem", "table/ringfence-LedgerTable-1A2B", &[]),
            ("dynamodb:BatchWriteItem", "table/StackSet-ringfence-0a1b-LedgerTable-1A2B", &[]),
            ("dynamodb:DeleteItem", "table/ringfence-LedgerTable-1A2B", &[]),
            ("dynamodb:PartiQLDelete", "table/ringfence-LedgerTable-1A2B", &[]),
        ],
    ),
    (
        "open the ledger, or do away with it",
        "DenyChangingRingfence",
        &[
            ("dynamodb:PutResourcePolicy", "table/ringfence-LedgerTable-1A2B", &[]),
            ("dynamodb:DeleteResourcePolicy", "table/ringfence-LedgerTable-1A2B", &[]),
            ("dynamodb:DeleteTable", "table/ringfence-LedgerTable-1A2B", &[]),
            ("dynamodb:UpdateContinuousBackups", "table/ringfence-LedgerTable-1A2B", &[]),
            ("dynamodb:UpdateTimeToLive", "table/ringfence-LedgerTable-1A2B", &[]),
        ],
    ),
    (
        "blind the trail",
        "DenyChangingTheTrail",
        &[
            ("cloudtrail:StopLogging", "trail/all", &[]),
            ("cloudtrail:DeleteTrail", "trail/all", &[]),
            ("cloudtrail:PutEventSelectors", "trail/all", &[]),
            ("cloudtrail:UpdateTrail", "trail/all", &[]),
        ],
    ),
];

/// An administrator by a role, by a user, by the root user, and an execution role.
const ADMINISTRATORS: [&str; 4] = ["role/administrator", "user/alice", "root", "role/lambda/orders"];

#[test]
fn every_way_around_is_refused_by_its_statement() {
    let levels = levels(&organization());
    for (way, sid, tries) in WAYS {
        for who in ADMINISTRATORS {
            for (action, resource, context) in tries {
                let call = Call { who, action, resource, context };
                assert_open_without_the_policies(&call);
                assert_eq!(answer(&levels, &call), Answer::Denied(sid.to_owned()), "{way}: {call:?}");
            }
        }
    }
}

#[test]
fn an_account_does_not_leave_the_organization_and_the_policies_with_it() {
    let levels = levels(&organization());
    for who in ADMINISTRATORS.into_iter().chain(super::UNBOUND) {
        let call = Call { who, action: "organizations:LeaveOrganization", resource: "*", context: &[] };
        assert_eq!(answer(&levels, &call), Answer::Denied("DenyLeavingTheOrganization".to_owned()));
    }
}

/// As it is nobody else's: so docs/organization.md and the parameter say to name roles.
#[test]
fn an_operator_who_is_a_user_cannot_change_its_own_credentials() {
    let parameters =
        [&super::PARAMETERS[..6], &[("OperatorPrincipals", "arn:aws:iam::*:user/responder")]].concat();
    let template = Template::of_organization();
    let levels = levels(&template.rendered(&parameters));
    for action in ["iam:ChangePassword", "iam:CreateAccessKey", "iam:EnableMFADevice"] {
        let call = Call { who: "user/responder", action, resource: "user/responder", context: &[] };
        assert_eq!(answer(&levels, &call), Answer::Denied("DenyChangingRingfence".to_owned()), "{call:?}");
    }
    let said = crate::text(&template.section("Parameters")["OperatorPrincipals"], "/Description");
    assert!(said.contains("Name roles: a user named here"), "{said}");
}

/// Each statement is what some way around ends at.
#[test]
fn no_statement_is_there_for_nothing() {
    let stack = organization();
    let mut sids: Vec<&str> =
        WAYS.iter().map(|(_, sid, _)| *sid).chain(["DenyLeavingTheOrganization"]).collect();
    sids.sort_unstable();
    sids.dedup();
    let mut written: Vec<&str> = super::POLICIES
        .iter()
        .flat_map(|policy| crate::statements(super::document(&stack, policy)))
        .map(|statement| crate::text(statement, "/Sid"))
        .collect();
    written.sort_unstable();
    written.dedup();
    assert_eq!(sids, written);
}

/// What the policies do not close, so that nobody believes it: each is a row in docs/organization.md, and is left to events
/// and sweeps.
const REMAINS: Tries = &[
    // No condition key shows the trust policy, or the boundary that is there when another is put.
    ("iam:CreateRole", "role/orders", &[]),
    ("iam:UpdateAssumeRolePolicy", "role/orders", &[]),
    ("iam:UpdateAssumeRolePolicy", "role/lambda/orders", &[]),
    ("iam:PutRolePermissionsBoundary", "role/orders", &[ANOTHER]),
    ("iam:PassRole", "role/lambda/older-without-boundary", &[TO_LAMBDA]),
    ("iam:CreatePolicyVersion", "policy/team/attached-to-a-role-in-the-path", &[]),
    ("lambda:UpdateFunctionCode", "function:orders", &[]),
    ("lambda:InvokeFunction", "function:ringfence-on-role-change", &[]),
    ("kms:DisableKey", "key/of-the-default-bus", &[("kms:ResourceAliases", "alias/events")]),
];

#[test]
fn what_remains_is_known() {
    let levels = levels(&organization());
    for (action, resource, context) in REMAINS {
        let call = Call { who: "role/administrator", action, resource, context };
        assert_eq!(answer(&levels, &call), Answer::Allowed, "{call:?}");
    }
}
