//! What Ringfence did to a role, write by write: for whoever asks later. Nothing is decided by it, and DynamoDB deletes it after
//! its time.

use super::Ledger;
use crate::failure::Failure;
use aws_sdk_dynamodb::types::AttributeValue;
use guardrail::finding::Outcome;
use guardrail::names::{PolicyArn, RoleName};
use guardrail::record::{Intent, Undone};
use jiff::{SignedDuration, Timestamp};

/// Longer than IAM's own last accessed data reaches back (400 days), and than a yearly audit asks for.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 400);

/// One write to a role's boundary.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deed<'a> {
    pub(crate) outcome: Outcome,
    pub(crate) finding: &'a str,
    pub(crate) reason: &'a str,
    /// When it was decided: the same on every retry, so that a deed is one item.
    pub(crate) at: Timestamp,
    pub(crate) before: Option<&'a PolicyArn>,
    pub(crate) after: Option<&'a PolicyArn>,
    pub(crate) event: &'a str,
    pub(crate) event_id: &'a str,
    pub(crate) by: Option<&'a str>,
}

impl<'a> Deed<'a> {
    pub(crate) fn of_intent(intent: &'a Intent) -> Self {
        Self {
            outcome: intent.outcome.outcome(),
            finding: intent.finding.as_str(),
            reason: &intent.reason,
            at: intent.opened_at,
            before: intent.boundary_before.as_ref(),
            after: Some(&intent.boundary_after),
            event: intent.trigger.event.as_str(),
            event_id: &intent.trigger.event_id,
            by: intent.trigger.caller.principal.as_deref(),
        }
    }

    pub(crate) fn of_undo(undone: &'a Undone) -> Self {
        Self {
            outcome: Outcome::Undone,
            finding: undone.finding.as_str(),
            reason: "an operator asked for it",
            at: undone.at,
            before: undone.boundary_before.as_ref(),
            after: undone.boundary_after.as_ref(),
            event: "Undo",
            event_id: "",
            by: Some(&undone.by),
        }
    }
}

impl Ledger {
    /// Notes a deed under `history/<role>`, by its time. Noting it twice does no harm.
    pub(crate) async fn note_deed(&self, role: &RoleName, deed: &Deed<'_>) -> Result<(), Failure> {
        let until = deed.at.saturating_add(KEPT).map_or(deed.at, |until| until).as_second();
        let texts = [
            ("outcome", Some(deed.outcome.as_str())),
            ("finding", Some(deed.finding)),
            ("reason", Some(deed.reason)),
            ("boundary_before", deed.before.map(PolicyArn::as_str)),
            ("boundary_after", deed.after.map(PolicyArn::as_str)),
            ("event", Some(deed.event)),
            ("event_id", Some(deed.event_id)),
            ("by", deed.by),
        ];
        let mut put = self
            .client
            .put_item()
            .table_name(&self.table)
            .item("pk", AttributeValue::S(format!("history/{role}")))
            .item("sk", AttributeValue::S(deed.at.to_string()))
            .item("ttl", AttributeValue::N(until.to_string()));
        for (name, text) in texts {
            if let Some(text) = text.filter(|text| !text.is_empty()) {
                put = put.item(name, AttributeValue::S(text.to_owned()));
            }
        }
        let noted = put.send().await;
        noted.map_err(|e| {
            Failure::of_call(format!("could not note in the ledger what was done to role `{role}`"), e)
        })?;
        Ok(())
    }
}
