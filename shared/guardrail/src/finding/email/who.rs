//! Who made the call, in words.

use super::wrap::unbroken;
use crate::finding::{Finding, Outcome, TriggerFacts};
use jiff::Timestamp;

/// `role deployer, session ci-4711: CreateRole through CloudFormation from 203.0.113.7, 2026-11-22 10:00:00 UTC`.
pub(super) fn who(finding: &Finding) -> Option<String> {
    let trigger = &finding.trigger;
    if finding.outcome == Outcome::Summary {
        return None;
    }
    if matches!(finding.outcome, Outcome::Notice | Outcome::Undone) {
        let by = trigger.principal.as_deref()?;
        return Some(format!("{by}, as the ledger's item says."));
    }
    let at = unbroken(&moment(finding.time));
    if trigger.principal.is_none() && trigger.event_id.is_empty() {
        return Some(match &finding.source {
            Some(source) => {
                format!("{} asked for a look: {}. No call is known, {at}.", source.product, source.title)
            }
            None => format!("No call is known: Ringfence looked ({}, {at}).", trigger.event),
        });
    }
    let by = trigger.principal.as_deref().map_or_else(|| "An unknown caller".to_owned(), caller);
    let tool = tool(trigger.via).map(|tool| format!(" through {tool}")).unwrap_or_default();
    let from = address(trigger).map(|address| format!(" from {address}")).unwrap_or_default();
    Some(format!("{by}: {}{tool}{from}, {at}.", trigger.event))
}

/// An ARN in words: the whole one is among the details.
fn caller(principal: &str) -> String {
    let Some(resource) = principal.strip_prefix("arn:").and_then(|arn| arn.splitn(5, ':').nth(4)) else {
        return format!("Service {principal}");
    };
    let mut parts = resource.split('/');
    match (parts.next(), parts.next(), parts.next_back()) {
        (Some("assumed-role"), Some(role), Some(session)) => format!("Role {role}, session {session}"),
        (Some("user"), Some(name), None) | (Some("user"), _, Some(name)) => format!("User {name}"),
        (Some("root"), None, None) => "The account's root user".to_owned(),
        _ => principal.to_owned(),
    }
}

/// What a service puts there is said by the tool already.
fn address(trigger: &TriggerFacts) -> Option<&str> {
    trigger
        .source_ip
        .as_deref()
        .filter(|address| !address.ends_with(".amazonaws.com") && *address != "AWS Internal")
}

pub(super) fn tool(via: &str) -> Option<&'static str> {
    Some(match via {
        "cloudformation" => "CloudFormation",
        "terraform" => "Terraform",
        "console" => "the console",
        "cli" => "the AWS CLI",
        "sdk" => "an AWS SDK",
        "service" => "an AWS service",
        _ => return None,
    })
}

/// A time to the second, for people.
pub(in crate::finding) fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_is_told_by_what_people_call_it() {
        for (principal, words) in [
            ("arn:aws:iam::123456789012:user/alice", "User alice"),
            ("arn:aws:iam::123456789012:user/teams/orders/alice", "User alice"),
            ("arn:aws:sts::123456789012:assumed-role/deployer/ci-4711", "Role deployer, session ci-4711"),
            ("arn:aws:iam::123456789012:root", "The account's root user"),
            (
                "arn:aws:sts::123456789012:federated-user/alice",
                "arn:aws:sts::123456789012:federated-user/alice",
            ),
            ("ecs.amazonaws.com", "Service ecs.amazonaws.com"),
        ] {
            assert_eq!(caller(principal), words);
        }
    }
}
