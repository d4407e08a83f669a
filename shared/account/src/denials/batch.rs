//! A batch of messages as the refused calls that they tell of, each key once.

use crate::failure::Failure;
use aws_lambda_events::eventbridge::EventBridgeEvent;
use guardrail::denial::{DenialKey, Denials, DeniedCall};
use guardrail::names::{AccountId, RoleArn, RoleId};
use guardrail::trigger::{CloudTrailRecord, Ignored};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;

/// How the function reads a refused call out of a CloudTrail record.
pub type ReadDenial = fn(&CloudTrailRecord, &AccountId) -> Result<DeniedCall, Ignored>;

/// The refused calls of a batch.
#[derive(Debug, Default)]
pub(crate) struct DenialBatch {
    keys: BTreeMap<DenialKey, Seen>,
}

/// The refused calls of one key, and the messages that told of them.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) denials: Denials,
    pub(crate) messages: Vec<String>,
}

/// The role of a refused call, as far as the event tells it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct DeniedRole {
    pub(crate) arn: RoleArn,
    pub(crate) id: Option<RoleId>,
}

/// What a message is, if no refused call.
#[derive(Debug)]
pub(crate) enum NoDenial {
    /// An event that is none of the function's.
    Ignored(Ignored),
    /// No event at all.
    Malformed(Failure),
}

/// The refused call in a message of the queue: EventBridge's envelope with a CloudTrail record in it.
pub(crate) fn denial_in(body: &str, read: ReadDenial, account: &AccountId) -> Result<DeniedCall, NoDenial> {
    let envelope: EventBridgeEvent<Value> = serde_json::from_str(body)
        .map_err(|e| NoDenial::Malformed(Failure::malformed("the message is not an EventBridge event", e)))?;
    read(&CloudTrailRecord::from_detail(envelope.detail), account).map_err(NoDenial::Ignored)
}

impl DenialBatch {
    /// Counts a refused call that a message told of.
    pub(crate) fn add(&mut self, message: String, call: DeniedCall, now: Timestamp) {
        match self.keys.entry(DenialKey::of(&call, now)) {
            std::collections::btree_map::Entry::Vacant(place) => {
                place.insert(Seen { denials: Denials::of(call, now), messages: vec![message] });
            }
            std::collections::btree_map::Entry::Occupied(mut place) => {
                let seen = place.get_mut();
                seen.denials.add(call, now);
                seen.messages.push(message);
            }
        }
    }

    /// The keys of each role together.
    pub(crate) fn by_role(self) -> BTreeMap<DeniedRole, Vec<(DenialKey, Seen)>> {
        let mut roles: BTreeMap<DeniedRole, Vec<(DenialKey, Seen)>> = BTreeMap::new();
        for (key, seen) in self.keys {
            let role = DeniedRole { arn: key.role.clone(), id: key.role_id.clone() };
            roles.entry(role).or_default().push((key, seen));
        }
        roles
    }
}
