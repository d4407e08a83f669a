//! A request to look at a role: the message of the review queue.

use crate::names::{AccountId, FunctionArn, RoleArn, RoleId, RoleName};
use crate::trigger::{Caller, Change, EventName, PolicyChange, Source, Subject, Trigger};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// `{"role":"name"}` or `{"function":"arn"}`, never both, with optional `trigger` and `source`. Whoever may send to the queue
/// may ask for a look at any role; the look goes by what IAM answers.
///
/// The rules for other tools' findings have no code that could take a role's name out of an ARN or look up an id, so they send
/// what they find: `{"role_id":"AROA…"}`, as AWS Config names roles, or `{"resources":[{"Id":"arn"},…]}`, as Security Hub lists
/// whatever a finding is about.
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
    #[serde(rename = "role_id")]
    RoleId(RoleId),
    Resources(Resources),
}

/// The resources of another tool's finding, as far as Ringfence looks at such.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
struct Resources {
    roles: Vec<RoleArn>,
    functions: Vec<FunctionArn>,
}

/// A resource as Security Hub's format has it, whose other fields are left alone.
#[derive(Deserialize)]
struct Listed {
    #[serde(rename = "Id")]
    id: String,
}

/// The message as anybody may have written it.
#[derive(Deserialize)]
struct Message {
    role: Option<RoleName>,
    function: Option<FunctionArn>,
    role_id: Option<RoleId>,
    resources: Option<Vec<Listed>>,
    trigger: Option<FirstLook>,
    source: Option<Source>,
}

impl TryFrom<Message> for ReviewRequest {
    type Error = &'static str;

    fn try_from(message: Message) -> Result<Self, Self::Error> {
        let of = match (message.role, message.function, message.role_id, message.resources) {
            (Some(role), None, None, None) => Of::Role(role),
            (None, Some(function), None, None) => Of::Function(function),
            (None, None, Some(id), None) => Of::RoleId(id),
            (None, None, None, Some(listed)) => Of::Resources(Resources::among(&listed)?),
            (None, None, None, None) => return Err("it names neither a role nor a function"),
            _ => return Err("it names several things in several ways, send one message for each"),
        };
        Ok(Self { of, trigger: message.trigger, source: message.source })
    }
}

impl Resources {
    fn among(listed: &[Listed]) -> Result<Self, &'static str> {
        let roles: Vec<RoleArn> = listed.iter().filter_map(|one| one.id.parse().ok()).collect();
        let functions: Vec<FunctionArn> = listed.iter().filter_map(|one| one.id.parse().ok()).collect();
        if roles.is_empty() && functions.is_empty() {
            return Err("none of its resources is the ARN of a role or a function");
        }
        Ok(Self { roles, functions })
    }

    /// Those of `account`: a look at a role goes by its name, and another account's role may have a namesake here.
    fn subjects(self, account: &AccountId) -> Vec<Subject> {
        let roles = self.roles.into_iter().filter(|role| role.account() == account);
        let functions = self.functions.into_iter().filter(|function| function.account() == account.as_str());
        let roles = roles.map(|role| Subject::Role(role.name().clone()));
        roles.chain(functions.map(Subject::FunctionsRole)).collect()
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

    /// The triggers that the request stands for: one, but for a finding about several resources, or about none of `account`.
    #[must_use]
    pub fn into_triggers(self, message_id: &str, account: &AccountId) -> Vec<Trigger> {
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
            "Sweep" => Change::Swept,
            _ => Change::Look,
        };
        let subjects = match self.of {
            Of::Role(role) => vec![Subject::Role(role)],
            Of::Function(function) => vec![Subject::FunctionsRole(function)],
            Of::RoleId(id) => vec![Subject::RoleWithId(id)],
            Of::Resources(resources) => resources.subjects(account),
        };
        let source = self.source;
        let trigger = |subject| Trigger {
            event: event.clone(),
            event_id: event_id.clone(),
            time,
            subject,
            change: change.clone(),
            caller: Caller::default(),
            source: source.clone(),
        };
        subjects.into_iter().map(trigger).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn triggers(request: ReviewRequest) -> Vec<Trigger> {
        request.into_triggers("m-1", &"123456789012".parse().unwrap())
    }

    fn the_trigger(request: ReviewRequest) -> Trigger {
        let [trigger] = <[Trigger; 1]>::try_from(triggers(request)).unwrap();
        trigger
    }

    #[test]
    fn both_forms_of_the_message_are_read() {
        let role: ReviewRequest = serde_json::from_str(r#"{"role":"orders"}"#).unwrap();
        let trigger = the_trigger(role);
        assert_eq!((trigger.event.as_str(), trigger.event_id.as_str()), ("Review", "m-1"));
        assert_eq!(trigger.subject, Subject::Role("orders".parse().unwrap()));

        let function: ReviewRequest = serde_json::from_str(
            r#"{"function":"arn:aws:lambda:us-east-1:123456789012:function:orders:PROD",
                "trigger":{"event":"CreateFunction","event_id":"e-1","time":"2026-11-22T10:00:00Z"},
                "source":{"product":"Security Hub","id":"f-1","title":"too wide"}}"#,
        )
        .unwrap();
        let trigger = the_trigger(function);
        assert_eq!(trigger.event_id, "e-1");
        assert_eq!(trigger.source.unwrap().product, "Security Hub");
        assert!(matches!(trigger.subject, Subject::FunctionsRole(f) if f.name() == "orders"));
    }

    #[test]
    fn what_other_tools_rules_send_is_read() {
        let config = r#"{"role_id":"AROAORDERS","source":{"product":"AWS Config","id":"arn","title":"t"}}"#;
        let trigger = the_trigger(serde_json::from_str(config).unwrap());
        assert_eq!(trigger.subject, Subject::RoleWithId("AROAORDERS".parse().unwrap()));
        assert_eq!((trigger.change, trigger.source.unwrap().product.as_str()), (Change::Look, "AWS Config"));

        let security_hub = r#"{"resources":[
            {"Type":"AwsAccount","Id":"AWS::::Account:123456789012"},
            {"Type":"AwsIamRole","Id":"arn:aws:iam::123456789012:role/app/orders","Details":{"AwsIamRole":{}}},
            {"Type":"AwsIamRole","Id":"arn:aws:iam::210987654321:role/orders"},
            {"Type":"AwsLambdaFunction","Id":"arn:aws:lambda:eu-west-1:123456789012:function:mail"}],
            "source":{"product":"Prowler","id":"f-1","title":"too wide"}}"#;
        let subjects: Vec<Subject> = triggers(serde_json::from_str(security_hub).unwrap())
            .into_iter()
            .map(|one| one.subject)
            .collect();
        let function = "arn:aws:lambda:eu-west-1:123456789012:function:mail".parse().unwrap();
        let expected = [Subject::Role("orders".parse().unwrap()), Subject::FunctionsRole(function)];
        assert_eq!(subjects, expected, "a namesake in another account is not looked at");
    }

    #[test]
    fn what_names_nothing_or_two_things_is_refused() {
        let both = r#"{"role":"orders","function":"arn:aws:lambda:us-east-1:123456789012:function:orders"}"#;
        let ways = r#"{"role":"orders","role_id":"AROAORDERS"}"#;
        let bucket = r#"{"resources":[{"Type":"AwsS3Bucket","Id":"arn:aws:s3:::b"}]}"#;
        for text in [
            r#"{}"#,
            r#"{"role":"a b"}"#,
            r#"{"role":7}"#,
            r#"[]"#,
            both,
            ways,
            bucket,
            r#"{"resources":[]}"#,
        ] {
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
        assert_eq!(the_trigger(request).change, Change::Rights);
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
            ("Sweep", Change::Swept),
        ] {
            let message = format!(r#"{{"role":"orders","trigger":{{"event":"{event}","event_id":"e-1"}}}}"#);
            let request: ReviewRequest = serde_json::from_str(&message).unwrap();
            assert_eq!(the_trigger(request).change, change, "{event}");
        }
    }
}
