//! A request to look at one role: the message of the review queue.

use crate::names::{FunctionArn, RoleName};
use crate::trigger::{Caller, Change, EventName, Source, Subject, Trigger};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// `{"role":"name"}` or `{"function":"arn"}`, with optional `trigger` and `source`. Whoever may send to the queue may ask for
/// a look at any role; the look goes by what IAM answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReviewRequest {
    #[serde(flatten)]
    of: Of,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trigger: Option<FirstLook>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<Source>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Of {
    Role(RoleName),
    Function(FunctionArn),
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
    /// Asks for a second look at a role that could not be found yet.
    #[must_use]
    pub fn second_look(role: &RoleName, trigger: &Trigger) -> Self {
        let Trigger { event, event_id, time, source, .. } = trigger;
        let first = FirstLook { event: event.clone(), event_id: event_id.clone(), time: *time };
        Self { of: Of::Role(role.clone()), trigger: Some(first), source: source.clone() }
    }

    /// The trigger that the request stands for.
    #[must_use]
    pub fn into_trigger(self, message_id: &str) -> Trigger {
        let (event, event_id, time) = match self.trigger {
            Some(first) => (first.event, first.event_id, first.time),
            None => (EventName::from_cloudtrail("Review"), message_id.to_owned(), None),
        };
        let subject = match self.of {
            Of::Role(role) => Subject::Role(role),
            Of::Function(function) => Subject::FunctionsRole(function),
        };
        Trigger {
            event,
            event_id,
            time,
            subject,
            change: Change::Look,
            caller: Caller::default(),
            source: self.source,
        }
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
    fn what_names_nothing_is_refused() {
        for text in [r#"{}"#, r#"{"role":"a b"}"#, r#"{"role":7}"#, r#"[]"#] {
            assert!(serde_json::from_str::<ReviewRequest>(text).is_err(), "{text}");
        }
    }
}
