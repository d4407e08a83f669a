use super::{Caller, EventName};
use crate::function::{Entrance, Function, UrlAuth};
use crate::names::{FunctionArn, Qualifier};
use crate::snapshot::Document;
use iam_policy::StatementId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A call that may have opened a function to others, or closed it: a reason to look at who may call it. A hint like every
/// trigger: what is told rests on what Lambda and IAM answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExposureChange {
    /// The API call.
    pub event: EventName,
    /// CloudTrail's `eventID`.
    pub event_id: String,
    /// When the call was made.
    pub time: Option<Timestamp>,
    /// The function.
    pub function: FunctionArn,
    /// The version or alias that the call named; none for the function without one.
    pub qualifier: Option<Qualifier>,
    /// What the call did.
    pub effect: ExposureEffect,
    /// Who called, and how.
    pub caller: Caller,
}

/// What a call did to who may call a function, as far as the event tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExposureEffect {
    /// A statement of this id came into the resource policy.
    PermissionAdded(Option<String>),
    /// The statement of this id went.
    PermissionRemoved(Option<String>),
    /// The whole resource policy was put or deleted.
    PolicyReplaced,
    /// There is a URL, of this type where the event tells it.
    UrlSet(Option<UrlAuth>),
    /// The URL went.
    UrlDeleted,
    /// The function went, or one of its versions or aliases, and what was open there with it.
    EntranceDeleted,
}

impl ExposureEffect {
    /// Whether nothing can be open because of it that was not before. A statement that goes may be a Deny.
    #[must_use]
    pub fn only_closes(&self) -> bool {
        match self {
            Self::UrlDeleted | Self::EntranceDeleted => true,
            Self::PermissionAdded(_)
            | Self::PermissionRemoved(_)
            | Self::PolicyReplaced
            | Self::UrlSet(_) => false,
        }
    }
}

impl ExposureChange {
    /// Whether Lambda's answers show what the call did. For seconds after a call they may not: then a look tells of the past.
    #[must_use]
    pub fn shows_in(&self, function: &Function) -> bool {
        let entrance = function.entrances.iter().find(|entrance| entrance.qualifier == self.qualifier);
        let url = entrance.and_then(|entrance| entrance.url);
        match &self.effect {
            ExposureEffect::PermissionAdded(Some(sid)) => has_statement(entrance, sid) != Has::No,
            ExposureEffect::PermissionRemoved(Some(sid)) => has_statement(entrance, sid) != Has::Yes,
            ExposureEffect::UrlSet(Some(auth)) => url == Some(*auth),
            ExposureEffect::UrlSet(None) => url.is_some(),
            ExposureEffect::UrlDeleted => url.is_none(),
            ExposureEffect::EntranceDeleted => {
                let is_gone = |entrance: &Entrance| entrance.url.is_none() && entrance.policy.is_none();
                let all = self.qualifier.is_none();
                function.entrances.iter().filter(|one| all || one.qualifier == self.qualifier).all(is_gone)
            }
            ExposureEffect::PermissionAdded(None)
            | ExposureEffect::PermissionRemoved(None)
            | ExposureEffect::PolicyReplaced => true,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Has {
    Yes,
    No,
    /// The policy is not understood.
    Unknown,
}

fn has_statement(entrance: Option<&Entrance>, sid: &str) -> Has {
    match entrance.and_then(|entrance| entrance.policy.as_ref()) {
        None | Some(Document::Gone) => Has::No,
        Some(Document::NotUnderstood(_)) => Has::Unknown,
        Some(Document::Understood(policy)) => {
            let is_named =
                policy.statements().iter().any(|statement| statement.id() == StatementId::Sid(sid));
            if is_named { Has::Yes } else { Has::No }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(effect: ExposureEffect) -> ExposureChange {
        ExposureChange {
            event: EventName::from_cloudtrail("AddPermission"),
            event_id: "e-1".to_owned(),
            time: None,
            function: "arn:aws:lambda:us-east-1:123456789012:function:orders".parse().unwrap(),
            qualifier: Some("live".parse().unwrap()),
            effect,
            caller: Caller::default(),
        }
    }

    fn with(url: Option<UrlAuth>, policy: Option<Document>) -> Function {
        let function = change(ExposureEffect::PolicyReplaced).function;
        let of_alias = Entrance { qualifier: Some("live".parse().unwrap()), url, policy };
        let unqualified = Entrance { qualifier: None, url: Some(UrlAuth::None), policy: None };
        Function { entrances: vec![unqualified, of_alias], ..Function::named(function) }
    }

    fn policy() -> Option<Document> {
        let text = r#"{"Version":"2012-10-17","Statement":[{"Sid":"s3","Effect":"Allow","Principal":"*","Action":"lambda:InvokeFunction","Resource":"*"}]}"#;
        Some(Document::parse(text))
    }

    #[test]
    fn an_answer_from_before_the_call_is_told_from_one_after_it() {
        let sid = |sid: &str| Some(sid.to_owned());
        use ExposureEffect::*;
        for (effect, function, shows) in [
            (PermissionAdded(sid("s3")), with(None, policy()), true),
            (PermissionAdded(sid("new")), with(None, policy()), false),
            (PermissionAdded(sid("new")), with(None, None), false),
            (PermissionAdded(sid("new")), with(None, Some(Document::parse("{"))), true),
            (PermissionAdded(None), with(None, None), true),
            (PermissionRemoved(sid("s3")), with(None, policy()), false),
            (PermissionRemoved(sid("s3")), with(None, None), true),
            (PermissionRemoved(sid("s3")), with(None, Some(Document::parse("{"))), true),
            (UrlSet(Some(UrlAuth::AwsIam)), with(Some(UrlAuth::None), None), false),
            (UrlSet(Some(UrlAuth::AwsIam)), with(Some(UrlAuth::AwsIam), None), true),
            (UrlSet(None), with(None, None), false),
            (UrlDeleted, with(Some(UrlAuth::None), None), false),
            (UrlDeleted, with(None, None), true),
            (EntranceDeleted, with(None, None), true),
            (EntranceDeleted, with(None, policy()), false),
        ] {
            assert_eq!(change(effect.clone()).shows_in(&function), shows, "{effect:?}");
        }
    }
}
