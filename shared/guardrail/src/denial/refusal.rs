use crate::names::PolicyArn;
use iam_policy::ActionName;
use serde::Serialize;

/// What the message of an error says of a boundary that refused the call.
///
/// AWS documents two wordings: `… is not authorized to perform: ACTION on resource: RESOURCE because no permissions boundary allows
/// the ACTION action` and `… with an explicit deny in a permissions boundary`
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>). Messages of 2026 have the ARN of the policy
/// behind the second. What comes before and after differs by service, so only these parts are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What was not allowed.
    pub action: ActionName,
    /// Whether something denies it, or nothing allows it.
    pub kind: RefusalKind,
    /// The boundary, where the message names it.
    pub boundary: Option<PolicyArn>,
    /// What the call was about, in AWS's words: an ARN, `*`, or something like `role orders`. Only to be shown: it may be missing,
    /// and nothing is concluded from it.
    pub resource: Option<String>,
}

/// How a boundary refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum RefusalKind {
    /// A statement of the boundary denies it.
    ExplicitDeny,
    /// No statement of the boundary allows it.
    ImplicitDeny,
}

/// CloudTrail keeps a kilobyte of a message.
const LONGEST_RESOURCE: usize = 300;

const NOTHING_ALLOWS: &str = "no permissions boundary allows";
const SOMETHING_DENIES: [&str; 3] = [
    "explicit deny in a permissions boundary",
    "explicit deny in the permissions boundary",
    "explicit deny in permissions boundary",
];
const ACTION: &str = "authorized to perform: ";
const RESOURCE: &str = " on resource: ";

impl Refusal {
    /// Reads the message of an error; none where it does not say that a boundary decided, or not about which action.
    #[must_use]
    pub fn read(message: &str) -> Option<Self> {
        let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
        // Of the same length in bytes, so that places in one are places in the other.
        let folded = message.to_ascii_lowercase();
        let (kind, reason_at, behind) = reason(&folded)?;
        let (before, behind) = (message.get(..reason_at)?, message.get(behind..)?);
        let before_folded = folded.get(..reason_at)?;
        let performed = before_folded.rfind(ACTION).and_then(|at| before.get(at + ACTION.len()..));
        let action = performed.and_then(first_action).or_else(|| match kind {
            RefusalKind::ImplicitDeny => first_action(without_article(behind)),
            RefusalKind::ExplicitDeny => None,
        })?;
        let resource = before_folded.rfind(RESOURCE).and_then(|at| before.get(at + RESOURCE.len()..));
        Some(Self { action, kind, boundary: policy_in(behind), resource: resource.and_then(resource_in) })
    }
}

/// The action that AWS says was not allowed, whatever refused it, and what it was about, in AWS's words.
pub(crate) fn refused_action(message: &str) -> Option<(ActionName, Option<String>)> {
    let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
    let folded = message.to_ascii_lowercase();
    let action = folded.find(ACTION).and_then(|at| first_action(message.get(at + ACTION.len()..)?))?;
    let resource = folded.find(RESOURCE).and_then(|at| message.get(at + RESOURCE.len()..)?.split(' ').next());
    let resource = resource.map(|word| word.trim_matches(['"', ',', ';'])).filter(|word| !word.is_empty());
    Some((action, resource.map(|word| word.chars().take(LONGEST_RESOURCE).collect())))
}

/// How it was refused, where the reason begins, and where the text behind its wording does.
fn reason(folded: &str) -> Option<(RefusalKind, usize, usize)> {
    let denied = SOMETHING_DENIES.iter().find_map(|words| Some((folded.find(words)?, words.len())));
    let explicit = denied.map(|(at, length)| (RefusalKind::ExplicitDeny, at, at + length));
    let implicit =
        folded.find(NOTHING_ALLOWS).map(|at| (RefusalKind::ImplicitDeny, at, at + NOTHING_ALLOWS.len()));
    explicit.or(implicit)
}

fn without_article(text: &str) -> &str {
    let text = text.trim_start();
    text.strip_prefix("the ").unwrap_or(text)
}

/// The action that a text begins with.
fn first_action(text: &str) -> Option<ActionName> {
    let word = text.split_whitespace().next()?;
    word.trim_matches(|c: char| !c.is_ascii_alphanumeric()).parse().ok()
}

/// `: arn:aws:iam::123456789012:policy/team` behind the wording.
fn policy_in(behind: &str) -> Option<PolicyArn> {
    let word = behind.strip_prefix(':')?.split_whitespace().next()?;
    word.trim_end_matches(['.', ',', ';', ')', '"']).parse().ok()
}

/// What stands between `on resource: ` and the reason.
fn resource_in(text: &str) -> Option<String> {
    let mut text = text.trim();
    for lead in ["with an", "because"] {
        let cut = text.len().saturating_sub(lead.len());
        if text.get(cut..).is_some_and(|end| end.eq_ignore_ascii_case(lead)) {
            text = text.get(..cut).unwrap_or_default().trim_end();
        }
    }
    let text = text.trim_matches('"');
    (!text.is_empty()).then(|| text.chars().take(LONGEST_RESOURCE).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHO: &str = "User: arn:aws:sts::123456789012:assumed-role/orders-api-role/orders-api is not authorized to perform:";

    fn read(rest: &str) -> (String, RefusalKind, Option<String>, Option<String>) {
        let refusal = Refusal::read(&format!("{WHO} {rest}")).unwrap_or_else(|| panic!("not read: {rest}"));
        let boundary = refusal.boundary.map(|policy| policy.to_string());
        (refusal.action.as_str().to_owned(), refusal.kind, refusal.resource, boundary)
    }

    #[test]
    fn the_action_is_read_whatever_refused_it() {
        let queue = "arn:aws:sqs:us-east-1:123456789012:orders";
        for (rest, action, resource) in [
            (
                format!(
                    "sqs:SendMessage on resource: {queue} because no identity-based policy allows the sqs:SendMessage action"
                ),
                Some("sqs:SendMessage"),
                Some(queue),
            ),
            (
                format!(
                    "sqs:SendMessage on resource: \"{queue}\" with an explicit deny in a service control policy"
                ),
                Some("sqs:SendMessage"),
                Some(queue),
            ),
            ("ec2:RunInstances".to_owned(), Some("ec2:RunInstances"), None),
            ("on resource: x".to_owned(), None, None),
            (String::new(), None, None),
        ] {
            let read = refused_action(&format!("{WHO} {rest}"));
            let (read_action, read_resource) =
                read.map_or((None, None), |(action, resource)| (Some(action), resource));
            assert_eq!(read_action.as_ref().map(ActionName::as_str), action, "{rest}");
            assert_eq!(read_resource.as_deref(), resource, "{rest}");
        }
        assert_eq!(refused_action("Access Denied"), None);
    }

    #[test]
    fn both_wordings_are_read_with_whatever_stands_around_them() {
        use RefusalKind::{ExplicitDeny, ImplicitDeny};
        const BOUNDARY: &str = "arn:aws:iam::123456789012:policy/ringfence/ringfence-baseline-v1";
        for (rest, action, kind, resource, boundary) in [
            (
                "iam:CreateUser on resource: arn:aws:iam::123456789012:user/eve with an explicit deny in a permissions boundary",
                "iam:CreateUser",
                ExplicitDeny,
                Some("arn:aws:iam::123456789012:user/eve"),
                None,
            ),
            (
                "ec2:RunInstances on resource: arn:aws:ec2:us-east-1:123456789012:instance/* with an explicit deny in a permissions boundary: arn:aws:iam::123456789012:policy/ringfence/ringfence-baseline-v1. Encoded authorization failure message: QN7w7t3DAbfvg8G",
                "ec2:RunInstances",
                ExplicitDeny,
                Some("arn:aws:ec2:us-east-1:123456789012:instance/*"),
                Some(BOUNDARY),
            ),
            (
                "ec2:CreateInternetGateway on resource: arn:aws-us-gov:ec2:us-gov-west-1:123456789012:internet-gateway/* because no permissions boundary allows the ec2:CreateInternetGateway action. Encoded authorization failure message: uzhQeqw3",
                "ec2:CreateInternetGateway",
                ImplicitDeny,
                Some("arn:aws-us-gov:ec2:us-gov-west-1:123456789012:internet-gateway/*"),
                None,
            ),
            (
                "iam:CreatePolicy on resource: policy platform-team because no permissions boundary allows the iam:CreatePolicy action",
                "iam:CreatePolicy",
                ImplicitDeny,
                Some("policy platform-team"),
                None,
            ),
            (
                "iam:ListUsers because no permissions boundary allows the iam:ListUsers action",
                "iam:ListUsers",
                ImplicitDeny,
                None,
                None,
            ),
            (
                "dynamodb:ListTables on resource: * because no permissions boundary allows the action",
                "dynamodb:ListTables",
                ImplicitDeny,
                Some("*"),
                None,
            ),
            (
                "lambda:UpdateFunctionCode\n  on resource: \"arn:aws:lambda:us-east-1:123456789012:function:orders\"  With An Explicit Deny In The Permissions Boundary (Service: Lambda, Status Code: 403)",
                "lambda:UpdateFunctionCode",
                ExplicitDeny,
                Some("arn:aws:lambda:us-east-1:123456789012:function:orders"),
                None,
            ),
        ] {
            let expected =
                (action.to_owned(), kind, resource.map(str::to_owned), boundary.map(str::to_owned));
            assert_eq!(read(rest), expected, "{rest}");
        }
    }

    #[test]
    fn an_action_that_only_the_reason_names_is_found_there() {
        let refusal =
            Refusal::read("Access denied because no permissions boundary allows the sqs:CreateQueue action");
        assert_eq!(refusal.unwrap().action.as_str(), "sqs:CreateQueue");
    }

    #[test]
    fn other_reasons_and_other_words_are_not_taken_for_a_boundary() {
        for message in [
            "",
            "Access Denied",
            "You are not authorized to perform this operation. Encoded authorization failure message: QN7w7t3DAbfvg8G",
            "User: x is not authorized to perform: iam:CreateUser because no identity-based policy allows the iam:CreateUser action",
            "User: x is not authorized to perform: iam:CreateUser with an explicit deny in a service control policy",
            "User: x is not authorized to perform: iam:CreateUser because no session policy allows the iam:CreateUser action",
            "The permissions boundary is not valid",
            "with an explicit deny in a permissions boundary",
            "User: x is not authorized to perform: something with an explicit deny in a permissions boundary",
            // A name that says it is no reason.
            "User: arn:aws:sts::123456789012:assumed-role/permissions-boundary/x is not authorized to perform: iam:CreateUser",
        ] {
            assert_eq!(Refusal::read(message), None, "{message}");
        }
    }
}
