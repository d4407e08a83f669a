//! Which refused calls were told: an item for each role, action and day, so that each is told once however many there are.

use super::{Item, Ledger};
use crate::failure::Failure;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use guardrail::denial::{DenialKey, Denials};
use guardrail::finding::FindingId;
use guardrail::names::RoleId;
use jiff::{SignedDuration, Timestamp};

/// For people who ask later what was refused; nothing is decided by an item of an earlier day.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 30);

/// An invocation of this function takes a minute at most, so whoever claimed a key longer ago than this is dead.
const LEASE: SignedDuration = SignedDuration::from_secs(120);

/// Whoever is about to tell what was refused.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Claimant<'a> {
    pub(crate) key: &'a DenialKey,
    pub(crate) role: &'a RoleId,
    pub(crate) denials: &'a Denials,
    pub(crate) finding: &'a FindingId,
    /// The queue's messages that tell of it. Each is in one invocation's hands at a time, so whoever has the one that a claim names may
    /// go on with it.
    pub(crate) messages: &'a [String],
}

/// What became of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claim {
    /// The claimant is to tell it.
    Won,
    /// It is told.
    Told,
    /// Another invocation is at it. Should that one fail, its messages come back.
    LeftToAnother,
}

impl Ledger {
    /// Claims to tell a key.
    pub(crate) async fn claim_denial(
        &self,
        claimant: &Claimant<'_>,
        now: Timestamp,
    ) -> Result<Claim, Failure> {
        let dead = now.saturating_sub(LEASE).unwrap_or(now);
        let fresh = "attribute_not_exists(pk) OR role_id <> :role OR (attribute_not_exists(told_at) AND claimed_at < :dead)";
        let put = self
            .denial_item(claimant, now)
            .condition_expression(fresh)
            .expression_attribute_values(":role", text(claimant.role.as_str()))
            .expression_attribute_values(":dead", AttributeValue::N(dead.as_second().to_string()));
        let Some(found) = put_unless_refused(put).await? else { return Ok(Claim::Won) };
        if found.contains_key("told_at") {
            return Ok(Claim::Told);
        }
        let by = found.get("claimed_by").and_then(|by| by.as_s().ok());
        let Some(by) = by.filter(|by| claimant.messages.contains(by)) else {
            return Ok(Claim::LeftToAnother);
        };
        let put = self
            .denial_item(claimant, now)
            .condition_expression("claimed_by = :by AND attribute_not_exists(told_at)")
            .expression_attribute_values(":by", text(by));
        Ok(if put_unless_refused(put).await?.is_none() { Claim::Won } else { Claim::LeftToAnother })
    }

    /// Notes that a claimed key is told.
    pub(crate) async fn note_denial_told(
        &self,
        claimant: &Claimant<'_>,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let put = self.denial_item(claimant, now).item("told_at", text(&now.to_string()));
        put.send().await.map_err(|e| Failure::of_call(WHAT, e))?;
        Ok(())
    }

    fn denial_item(&self, claimant: &Claimant<'_>, now: Timestamp) -> PutItemFluentBuilder {
        let Claimant { key, role, denials, finding, messages } = claimant;
        let until = now.saturating_add(KEPT).map_or(now, |until| until).as_second();
        let texts = [
            ("pk", format!("denied/{}", key.role.name())),
            ("sk", format!("{}/{}", key.day, key.action.folded())),
            ("role_id", role.to_string()),
            ("finding", finding.as_str().to_owned()),
            ("claimed_by", messages.first().cloned().unwrap_or_default()),
            ("first", denials.since.to_string()),
            ("event", denials.first.event.to_string()),
            ("event_id", denials.first.event_id.clone()),
            ("session", denials.first.caller.session.clone().unwrap_or_default()),
        ];
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .item("claimed_at", AttributeValue::N(now.as_second().to_string()))
            .item("count", AttributeValue::N(denials.count.to_string()))
            .item("ttl", AttributeValue::N(until.to_string()));
        texts
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .fold(put, |put, (name, value)| put.item(name, text(&value)))
    }
}

const WHAT: &str = "could not note in the ledger that a refused call is told";

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

/// What stands there instead, where the condition does not hold; none where the item was put.
async fn put_unless_refused(put: PutItemFluentBuilder) -> Result<Option<Item>, Failure> {
    match put
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .send()
        .await
    {
        Ok(_) => Ok(None),
        Err(e) => match e.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(refused)) => {
                Ok(Some(refused.item.clone().unwrap_or_default()))
            }
            _ => Err(Failure::of_call(WHAT, e)),
        },
    }
}
