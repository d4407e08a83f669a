//! The event in a file, in whatever envelope it was kept, and the function that would take it.

use guardrail::denial::DeniedCall;
use guardrail::names::AccountId;
use guardrail::review::ReviewRequest;
use guardrail::trigger::{CloudTrailRecord, ExposureChange, Ignored, PolicyChange, Trigger};
use serde_json::Value;

/// What EventBridge calls the events that the rules let through.
const DETAIL_TYPES: [&str; 4] = [
    "AWS API Call via CloudTrail",
    "AWS Service Event via CloudTrail",
    "Amazon API Call via CloudTrail",
    "Amazon Service Event via CloudTrail",
];

/// How the names of those begin who send them: anybody may put events of other sources on the bus.
const SOURCE_OF_AWS: &str = "aws.";

/// An event, out of its envelope.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A call, as CloudTrail records it.
    Call(Box<CloudTrailRecord>),
    /// A message of the review queue.
    Review(Box<ReviewRequest>),
}

/// An event with the function that takes it.
#[derive(Debug, Clone, PartialEq)]
pub enum Taken {
    /// About a role.
    Role {
        /// The name of the function.
        function: &'static str,
        /// What it makes of the event.
        trigger: Box<Trigger>,
    },
    /// About a call that a boundary refused.
    Denial {
        /// The name of the function.
        function: &'static str,
        /// What it makes of the event.
        call: Box<DeniedCall>,
    },
    /// About who may call a function.
    Exposure {
        /// The name of the function.
        function: &'static str,
        /// What it makes of the event.
        change: Box<ExposureChange>,
    },
    /// About a managed policy.
    Policy {
        /// The name of the function.
        function: &'static str,
        /// What it makes of the event.
        change: Box<PolicyChange>,
    },
}

/// Why an event cannot be replayed, in one line.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// Not JSON.
    #[error("it is not JSON: {0}")]
    NotJson(serde_json::Error),
    /// Several events.
    #[error("it has {0} records; keep the one to be replayed")]
    NotOneRecord(usize),
    /// A finding of another tool about several roles or functions, or about none of this account.
    #[error("it is about {0} roles and functions of this account; keep the one to be replayed")]
    NotOneResource(usize),
    /// An event of another kind.
    #[error("`{0}` is no event of Ringfence's rules, which take what CloudTrail tells of API calls")]
    OtherKind(String),
    /// An invocation of an operator.
    #[error(
        "it is a call of `ringfence-undo-remediation`, which an operator makes; `dry_run` shows what it would do"
    )]
    Undo,
    /// JSON of another form.
    #[error(
        "it is no CloudTrail record, no EventBridge event, no CloudTrail log file and no message of the review queue"
    )]
    OtherForm,
    /// A message of the review queue that is wrong.
    #[error("the message of the review queue cannot be used: {0}")]
    Message(serde_json::Error),
    /// An event that every function ignores.
    #[error("no function of Ringfence takes this event: {0}")]
    Ignored(Ignored),
}

impl Event {
    /// Takes an event out of a bare record, EventBridge's envelope, a log file with one record, or an SQS event with one
    /// message; or a review request by itself.
    ///
    /// # Errors
    /// Why it is none of these.
    pub fn read(text: &str) -> Result<Self, Unusable> {
        Self::of(serde_json::from_str(text).map_err(Unusable::NotJson)?)
    }

    fn of(value: Value) -> Result<Self, Unusable> {
        let Value::Object(mut fields) = value else { return Err(Unusable::OtherForm) };
        if let Some(Value::Array(records)) = fields.get_mut("Records") {
            let records = std::mem::take(records);
            let count = records.len();
            return match <[Value; 1]>::try_from(records) {
                Ok([record]) => Self::of(record),
                Err(_) => Err(Unusable::NotOneRecord(count)),
            };
        }
        if let Some(Value::String(body)) = fields.get("body") {
            return Self::read(body);
        }
        if let Some(detail) = fields.remove("detail") {
            let said = |field| fields.get(field).and_then(Value::as_str);
            let other_type = said("detail-type").filter(|kind| !DETAIL_TYPES.contains(kind));
            let other_source = said("source").filter(|source| !source.starts_with(SOURCE_OF_AWS));
            if let Some(kind) = other_type.or(other_source) {
                return Err(Unusable::OtherKind(kind.to_owned()));
            }
            return Ok(Self::Call(Box::new(CloudTrailRecord::from_detail(detail))));
        }
        if fields.contains_key("eventName") || fields.contains_key("eventSource") {
            return Ok(Self::Call(Box::new(CloudTrailRecord::from_detail(Value::Object(fields)))));
        }
        if ["all", "dry_run", "force"].iter().any(|field| fields.contains_key(*field)) {
            return Err(Unusable::Undo);
        }
        if ["role", "function", "role_id", "resources"].iter().any(|field| fields.contains_key(*field)) {
            let request = serde_json::from_value(Value::Object(fields)).map_err(Unusable::Message)?;
            return Ok(Self::Review(Box::new(request)));
        }
        Err(Unusable::OtherForm)
    }

    /// The function that takes the event in an account.
    ///
    /// # Errors
    /// Why none does.
    pub fn taken(self, account: &AccountId) -> Result<Taken, Unusable> {
        let record = match self {
            Self::Review(request) => {
                let triggers = request.into_triggers("replay", account);
                let count = triggers.len();
                let [trigger] = <[_; 1]>::try_from(triggers).map_err(|_| Unusable::NotOneResource(count))?;
                return Ok(Taken::Role { function: "ringfence-review-role", trigger: Box::new(trigger) });
            }
            Self::Call(record) => record,
        };
        let role = |function, trigger| Taken::Role { function, trigger: Box::new(trigger) };
        let answers = [
            on_boundary_denial::trigger(&record, account)
                .map(|call| Taken::Denial { function: "ringfence-on-boundary-denial", call: Box::new(call) }),
            on_role_change::trigger(&record, account)
                .map(|trigger| role("ringfence-on-role-change", trigger)),
            on_function_change::trigger(&record, account)
                .map(|trigger| role("ringfence-on-function-change", trigger)),
            on_exposure_change::trigger(&record, account).map(|change| Taken::Exposure {
                function: "ringfence-on-exposure-change",
                change: Box::new(change),
            }),
            on_policy_change::trigger(&record, account).map(|change| Taken::Policy {
                function: "ringfence-on-policy-change",
                change: Box::new(change),
            }),
        ];
        let mut why = None;
        for answer in answers {
            match answer {
                Ok(taken) => return Ok(taken),
                // That it is another function's event is the least telling reason, but for that nothing was refused.
                Err(reason) => {
                    let tells_little = |told: &Ignored| {
                        matches!(told, Ignored::OtherEvent { .. } | Ignored::NotByABoundary(_))
                    };
                    if why.as_ref().is_none_or(tells_little) {
                        why = Some(reason);
                    }
                }
            }
        }
        Err(Unusable::Ignored(why.unwrap_or(Ignored::NoEventName)))
    }
}

impl Taken {
    /// The name of the function.
    #[must_use]
    pub fn function(&self) -> &'static str {
        match self {
            Self::Role { function, .. }
            | Self::Denial { function, .. }
            | Self::Exposure { function, .. }
            | Self::Policy { function, .. } => function,
        }
    }

    /// The call and its id.
    #[must_use]
    pub fn event(&self) -> (&str, &str) {
        match self {
            Self::Role { trigger, .. } => (trigger.event.as_str(), &trigger.event_id),
            Self::Denial { call, .. } => (call.event.as_str(), &call.event_id),
            Self::Exposure { change, .. } => (change.event.as_str(), &change.event_id),
            Self::Policy { change, .. } => (change.event.as_str(), &change.event_id),
        }
    }
}
