//! A request to look at one role: the message of the review queue.

use crate::names::{FunctionArn, RoleName};
use crate::trigger::{Caller, Change, EventName, PolicyChange, Source, Subject, Trigger};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// `{"role":"name"}` or `{"function":"arn"}`, never both, with optional `trigger` and `source`. Whoever may send to the queue
/// may ask for a look at any role; the look goes by what IAM answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Message")]
pub struct ReviewRequest {
    #[serde(flatten)]
    of: Of,
    #[serde(skip_serializing_if = "Option::is_none")]
    trigger: Option<FirstLook>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Source>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Of {
    Role(RoleName),
    Function(FunctionArn),
}

/// The message as anybody may have written it.
#[derive(Deserialize)]
struct Message {
    role: Option<RoleName>,
    function: Option<FunctionArn>,
    trigger: Option<FirstLook>,
    source: Option<Source>,
}

impl TryFrom<Message> for ReviewRequest {
    type Error = &'static str;

    fn try_from(message: Message) -> Result<Self, Self::Error> {
        let of = match (message.role, message.function) {
            (Some(role), None) => Of::Role(role),
            (None, Some(function)) => Of::Function(function),
            (Some(_), Some(_)) => return Err("it names a role and a function, send one message for each"),
            (None, None) => return Err("it names neither a role nor a function"),
        };
        Ok(Self { of, trigger: message.trigger, source: message.source })
    }
}

/// What led to the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct FirstLook {
    event: EventName,
    #[serde(default)]
    event_id: String,
    #[serde(default)]
    time: Option<Timestamp>,
}

impl ReviewRequest {
    /// Asks for another look at a role: it could not be found yet, or its write has to wait.
    #[must_use]
    pub fn second_look(role: &RoleName, trigger: &Trigger) -> Self {
        let Trigger { event, event_id, time, source, .. } = trigger;
        let first = FirstLook { event: event.clone(), event_id: event_id.clone(), time: *time };
        Self { of: Of::Role(role.clone()), trigger: Some(first), source: source.clone() }
    }

    /// Asks for a look at a role that uses a policy which changed.
    #[must_use]
    pub fn of_policy_change(role: RoleName, change: &PolicyChange) -> Self {
        let PolicyChange { event, event_id, time, .. } = change;
        let first = FirstLook { event: event.clone(), event_id: event_id.clone(), time: *time };
        Self { of: Of::Role(role), trigger: Some(first), source: None }
    }

    /// Asks for a look at a role that a sweep found. `sweep` is the id of that sweep.
    #[must_use]
    pub fn of_sweep(role: RoleName, sweep: &str, at: Timestamp) -> Self {
        let event = EventName::from_cloudtrail("Sweep");
        let first = FirstLook { event, event_id: sweep.to_owned(), time: Some(at) };
        Self { of: Of::Role(role), trigger: Some(first), source: None }
    }

    /// The trigger that the request stands for.
    #[must_use]
    pub fn into_trigger(self, message_id: &str) -> Trigger {
        let (event, event_id, time) = match self.trigger {
            Some(first) => (first.event, first.event_id, first.time),
            None => (EventName::from_cloudtrail("Review"), message_id.to_owned(), None),
        };
        // Whoever forges this gets a look that goes by what IAM answers.
        let change = match event.as_str() {
            // The role's own rights changed with its policy.
            "CreatePolicyVersion" | "SetDefaultPolicyVersion" => Change::Rights,
            "AttachRolePolicy"
            | "CreateRole"
            | "DeleteRolePolicy"
            | "DetachRolePolicy"
            | "PutRolePolicy"
            | "UpdateAssumeRolePolicy" => Change::Rights,
            "DeleteRolePermissionsBoundary" => Change::BoundaryDeleted,
            "PutRolePermissionsBoundary" => Change::BoundaryPut(None),
            _ => Change::Look,
        };
        let subject = match self.of {
            Of::Role(role) => Subject::Role(role),
            Of::Function(function) => Subject::FunctionsRole(function),
        };
        Trigger { event, event_id, time, subject, change, caller: Caller::default(), source: self.source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_the_message_are_read() {
        let role: ReviewRequest = serde_json::from_str(r#"{"role":"orders"}"#).unwrap();
        let trigger = role.into_trigger("m-1");
        assert_eq!((trigger.event.as_str(), trigger.event_id.as_str()), ("Review", "m-1"));
        assert_eq!(trigger.subject, Subject::Role("orders".parse().unwrap()));

        let function: ReviewRequest = serde_json::from_str(
            r#"{"function":"arn:aws:lambda:us-east-1:123456789012:function:orders:PROD",
                "trigger":{"event":"CreateFunction","event_id":"e-1","time":"2026-11-22T10:00:00Z"},
                "source":{"product":"Security Hub","id":"f-1","title":"too wide"}}"#,
        )
        .unwrap();
        let trigger = function.into_trigger("m-1");
        assert_eq!(trigger.event_id, "e-1");
        assert_eq!(trigger.source.unwrap().product, "Security Hub");
        assert!(matches!(trigger.subject, Subject::FunctionsRole(f) if f.name() == "orders"));
    }

    #[test]
    fn what_names_nothing_or_two_things_is_refused() {
        let both = r#"{"role":"orders","function":"arn:aws:lambda:us-east-1:123456789012:function:orders"}"#;
        for text in [r#"{}"#, r#"{"role":"a b"}"#, r#"{"role":7}"#, r#"[]"#, both] {
            assert!(serde_json::from_str::<ReviewRequest>(text).is_err(), "{text}");
        }
    }
    #[test]
    fn a_policy_change_is_told_in_the_format_of_the_queue_and_counts_as_a_change_of_rights() {
        let change = PolicyChange {
            event: EventName::from_cloudtrail("CreatePolicyVersion"),
            event_id: "e-1".to_owned(),
            time: Some("2026-11-23T10:00:00Z".parse().unwrap()),
            policy: "arn:aws:iam::123456789012:policy/orders".parse().unwrap(),
            effect: crate::trigger::PolicyEffect::NewDefault(None),
            caller: Caller::default(),
        };
        let request = ReviewRequest::of_policy_change("orders".parse().unwrap(), &change);
        assert_eq!(
            serde_json::to_string(&request).unwrap(),
            r#"{"role":"orders","trigger":{"event":"CreatePolicyVersion","event_id":"e-1","time":"2026-11-23T10:00:00Z"}}"#
        );
        assert_eq!(request.into_trigger("m-1").change, Change::Rights);
    }

    #[test]
    fn a_sweep_asks_in_the_format_of_the_queue() {
        let at = "2026-11-23T10:00:00Z".parse().unwrap();
        let request = ReviewRequest::of_sweep("orders".parse().unwrap(), "sweep-1", at);
        assert_eq!(
            serde_json::to_string(&request).unwrap(),
            r#"{"role":"orders","trigger":{"event":"Sweep","event_id":"sweep-1","time":"2026-11-23T10:00:00Z"}}"#
        );
    }

    #[test]
    fn a_second_look_knows_what_the_first_event_changed() {
        for (event, change) in [
            ("AttachRolePolicy", Change::Rights),
            ("UpdateAssumeRolePolicy", Change::Rights),
            ("DeleteRolePermissionsBoundary", Change::BoundaryDeleted),
            ("PutRolePermissionsBoundary", Change::BoundaryPut(None)),
            ("CreateFunction", Change::Look),
            ("Sweep", Change::Look),
        ] {
            let message = format!(r#"{{"role":"orders","trigger":{{"event":"{event}","event_id":"e-1"}}}}"#);
            let request: ReviewRequest = serde_json::from_str(&message).unwrap();
            assert_eq!(request.into_trigger("m-1").change, change, "{event}");
        }
    }
}
