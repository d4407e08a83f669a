//! What a sweep keeps: that it is at work, and where it stopped.

use super::{Item, Ledger};
use crate::failure::Failure;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use guardrail::sweep::Checkpoint;
use jiff::Timestamp;

/// The item.
const SWEEP: (&str, &str) = ("settings", "sweep");

/// Whether the sweeps' lease could be had.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum LeaseTaken {
    /// It is ours; with where the sweep before stopped, if it did.
    Yes(Option<Box<Checkpoint>>),
    /// Another sweep is at work.
    HeldByAnother,
}

impl Ledger {
    /// Takes the lease until Lambda ends the invocation, unless another sweep holds it. One that died holds it no longer than Lambda
    /// would have let it run, and Lambda's retry of it takes it over at once.
    pub(crate) async fn take_sweep_lease(
        &self,
        holder: &str,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<LeaseTaken, Failure> {
        let known = self.get(&[SWEEP]).await?.into_values().next().unwrap_or_default();
        let checkpoint = known.get("checkpoint").cloned();
        let put = self.client.put_item().table_name(&self.table);
        let put = put.set_item(Some(item(holder, until.as_millisecond(), checkpoint.clone())));
        let put = match known.get("holder").cloned() {
            None => put.condition_expression("attribute_not_exists(pk)"),
            // Who ended in between may have stopped elsewhere than was read.
            Some(before) => put
                .condition_expression("holder = :before AND (leased_until <= :now OR holder = :me)")
                .expression_attribute_values(":before", before)
                .expression_attribute_values(":me", AttributeValue::S(holder.to_owned()))
                .expression_attribute_values(":now", number(now.as_millisecond())),
        };
        match put.send().await {
            Ok(_) => Ok(LeaseTaken::Yes(checkpoint.and_then(to_checkpoint).map(Box::new))),
            Err(e)
                if e.as_service_error().is_some_and(PutItemError::is_conditional_check_failed_exception) =>
            {
                Ok(LeaseTaken::HeldByAnother)
            }
            Err(e) => Err(Failure::of_call("could not take the sweep's lease in the ledger", e)),
        }
    }

    /// Gives the lease back, with where the next sweep is to go on.
    pub(crate) async fn give_sweep_lease_back(
        &self,
        holder: &str,
        goes_on: Option<&Checkpoint>,
    ) -> Result<(), Failure> {
        let checkpoint =
            goes_on.map(serde_dynamo::to_attribute_value).transpose().map_err(|e: serde_dynamo::Error| {
                Failure::malformed("could not write where the sweep stopped", e)
            })?;
        let put = self.client.put_item().table_name(&self.table);
        let put = put
            .set_item(Some(item(holder, 0, checkpoint)))
            .condition_expression("holder = :holder")
            .expression_attribute_values(":holder", AttributeValue::S(holder.to_owned()));
        put.send().await.map_err(|e| Failure::of_call("could not give the sweep's lease back", e))?;
        Ok(())
    }
}

fn item(holder: &str, leased_until: i64, checkpoint: Option<AttributeValue>) -> Item {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let (pk, sk) = SWEEP;
    let known = [
        ("pk", text(pk)),
        ("sk", text(sk)),
        ("holder", text(holder)),
        ("leased_until", number(leased_until)),
    ];
    let known = known.into_iter().chain(checkpoint.map(|checkpoint| ("checkpoint", checkpoint)));
    known.map(|(name, value)| (name.to_owned(), value)).collect()
}

fn number(number: i64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// None where it cannot be read, as after an update that changed its form: the sweep begins anew.
fn to_checkpoint(value: AttributeValue) -> Option<Checkpoint> {
    serde_dynamo::from_attribute_value(value)
        .inspect_err(|e: &serde_dynamo::Error| {
            tracing::warn!(cause = %e, "where the last sweep stopped cannot be read, this one begins anew");
        })
        .ok()
}
