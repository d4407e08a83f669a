use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Who made a call, and with what.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Caller {
    /// The caller's ARN; for an AWS service without one, the service's name.
    pub principal: Option<String>,
    /// The role behind a session, **with its path**. The session's own ARN drops the path, so roles are compared by
    /// this one.
    pub issuer: Option<String>,
    /// The name of an assumed role's session.
    pub session: Option<String>,
    /// The caller's address, or a service name.
    pub source_ip: Option<String>,
    /// As sent by the tool.
    pub user_agent: Option<String>,
    /// The tool, as far as it can be told.
    pub tool: Tool,
}

/// The kind of tool that a call came through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tool {
    /// A CloudFormation stack, and so SAM and CDK.
    CloudFormation,
    /// Terraform or OpenTofu.
    Terraform,
    /// The AWS console.
    Console,
    /// The AWS CLI.
    Cli,
    /// An AWS SDK.
    Sdk,
    /// An AWS service, on its own or on somebody's behalf.
    Service,
    /// Nothing in the record tells.
    #[default]
    Unknown,
}

impl Tool {
    /// The word of the finding's `trigger.via`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CloudFormation => "cloudformation",
            Self::Terraform => "terraform",
            Self::Console => "console",
            Self::Cli => "cli",
            Self::Sdk => "sdk",
            Self::Service => "service",
            Self::Unknown => "unknown",
        }
    }
}

impl Caller {
    /// Reads `userIdentity` and its neighbours
    /// (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>).
    pub(super) fn of(record: &Value) -> Self {
        let text = |pointer: &str| {
            record.pointer(pointer).and_then(Value::as_str).filter(|t| !t.is_empty()).map(str::to_owned)
        };
        // Some identities have no ARN: a service, a user of a federation provider, an account, a user of Identity Center.
        let principal = text("/userIdentity/arn")
            .or_else(|| text("/userIdentity/invokedBy"))
            .or_else(|| text("/userIdentity/userName"))
            .or_else(|| text("/userIdentity/onBehalfOf/userId"))
            .or_else(|| text("/userIdentity/principalId"))
            .or_else(|| text("/userIdentity/accountId"));
        let session = principal.as_deref().and_then(session_name).map(str::to_owned);
        Self {
            session,
            principal,
            issuer: text("/userIdentity/sessionContext/sessionIssuer/arn"),
            source_ip: text("/sourceIPAddress"),
            user_agent: text("/userAgent"),
            tool: tool_of(record),
        }
    }
}

/// `SESSION` of `arn:aws:sts::123456789012:assumed-role/NAME/SESSION` or of `…:federated-user/SESSION`.
fn session_name(arn: &str) -> Option<&str> {
    match arn.split_once(":assumed-role/") {
        Some((_, role)) => role.split_once('/').map(|(_, session)| session),
        None => arn.split_once(":federated-user/").map(|(_, session)| session),
    }
}

fn tool_of(record: &Value) -> Tool {
    let text = |pointer: &str| record.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (agent, invoked_by) = (text("/userAgent"), text("/userIdentity/invokedBy"));
    let from_console = text("/sessionCredentialFromConsole") == "true"
        || record.get("sessionCredentialFromConsole").and_then(Value::as_bool) == Some(true);
    if [agent, invoked_by].contains(&"cloudformation.amazonaws.com") {
        Tool::CloudFormation
    } else if agent.contains("Terraform") || agent.contains("OpenTofu") {
        Tool::Terraform
    } else if from_console
        || agent.starts_with("console.")
        || agent.starts_with("Mozilla")
        || agent == "signin.amazonaws.com"
    {
        Tool::Console
    } else if agent.contains("aws-cli/") || agent.contains("AWSPowerShell") {
        Tool::Cli
    } else if agent.starts_with("aws-internal/") || agent.starts_with("[aws-internal/") {
        // A service's own SDK: on its own account, or on that of somebody at a console.
        if invoked_by.is_empty() { Tool::Unknown } else { Tool::Service }
    } else if ["Boto3/", "Botocore/", "aws-sdk-", "aws-sdk/"].iter().any(|sdk| agent.contains(sdk)) {
        Tool::Sdk
    } else if !invoked_by.is_empty()
        || agent.ends_with(".amazonaws.com")
        || text("/userIdentity/type") == "AWSService"
    {
        Tool::Service
    } else {
        Tool::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_tool_is_told_from_agent_identity_and_console_mark() {
        let cases = [
            (json!({"userAgent": "cloudformation.amazonaws.com"}), Tool::CloudFormation),
            (json!({"userIdentity": {"invokedBy": "cloudformation.amazonaws.com"}}), Tool::CloudFormation),
            (
                json!({"userAgent": "APN/1.0 HashiCorp/1.0 Terraform/1.9.0 (+https://www.terraform.io) aws-sdk-go-v2/1.30"}),
                Tool::Terraform,
            ),
            (json!({"userAgent": "AWS Internal", "sessionCredentialFromConsole": "true"}), Tool::Console),
            (json!({"userAgent": "aws-cli/2.17.0 md/awscrt"}), Tool::Cli),
            (json!({"userAgent": "Boto3/1.34 md/Botocore#1.34"}), Tool::Sdk),
            (
                json!({"userIdentity": {"type": "AWSService", "invokedBy": "ecs.amazonaws.com"}}),
                Tool::Service,
            ),
            (json!({"userAgent": "Mozilla/5.0 (X11; Linux x86_64)"}), Tool::Console),
            (json!({"userAgent": "AWSPowerShell.NetCore/4.1.542"}), Tool::Cli),
            (json!({"userAgent": "aws-internal/3 aws-sdk-java/1.12"}), Tool::Unknown),
            (
                json!({"userAgent": "[aws-internal/3 aws-sdk-java/1.12]", "userIdentity": {"invokedBy": "config.amazonaws.com"}}),
                Tool::Service,
            ),
            (json!({"userAgent": "curl/8"}), Tool::Unknown),
            (json!({}), Tool::Unknown),
        ];
        for (record, tool) in cases {
            assert_eq!(Caller::of(&record).tool, tool, "{record}");
        }
    }

    #[test]
    fn a_session_has_a_name_and_an_issuer_with_its_path() {
        let caller = Caller::of(&json!({"userIdentity": {"type": "AssumedRole",
            "arn": "arn:aws:sts::123456789012:assumed-role/deployer/alice@example.com",
            "sessionContext": {"sessionIssuer": {"arn": "arn:aws:iam::123456789012:role/ci/deployer"}}}}));
        assert_eq!(caller.session.as_deref(), Some("alice@example.com"));
        assert_eq!(caller.issuer.as_deref(), Some("arn:aws:iam::123456789012:role/ci/deployer"));
    }

    #[test]
    fn whoever_called_is_named_whatever_kind_of_identity_it_is() {
        for (identity, principal, session) in [
            (
                json!({"type": "AssumedRole", "arn": "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Admin_0a1b/alice@example.com"}),
                "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Admin_0a1b/alice@example.com",
                Some("alice@example.com"),
            ),
            (
                json!({"type": "FederatedUser", "arn": "arn:aws:sts::123456789012:federated-user/bob"}),
                "arn:aws:sts::123456789012:federated-user/bob",
                Some("bob"),
            ),
            (json!({"type": "AWSService", "invokedBy": "ecs.amazonaws.com"}), "ecs.amazonaws.com", None),
            (
                json!({"type": "WebIdentityUser", "userName": "carol", "principalId": "idp:app:carol"}),
                "carol",
                None,
            ),
            (
                json!({"type": "IdentityCenterUser", "accountId": "123456789012", "onBehalfOf": {"userId": "e4f8-1"}}),
                "e4f8-1",
                None,
            ),
            (
                json!({"type": "AWSAccount", "accountId": "210987654321", "principalId": "AIDAEXAMPLE"}),
                "AIDAEXAMPLE",
                None,
            ),
        ] {
            let caller = Caller::of(&json!({"userIdentity": identity}));
            assert_eq!((caller.principal.as_deref(), caller.session.as_deref()), (Some(principal), session));
        }
        assert_eq!(Caller::of(&json!({"userIdentity": {"type": "Unknown"}})).principal, None);
    }

    #[test]
    fn empty_objects_of_console_users_are_no_issuer() {
        let caller = Caller::of(
            &json!({"userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::123456789012:user/a",
            "sessionContext": {"sessionIssuer": {}, "webIdFederationData": {}}}}),
        );
        assert_eq!((caller.issuer, caller.session), (None, None));
    }
}
