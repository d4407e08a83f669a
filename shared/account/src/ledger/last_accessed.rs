//! What IAM reported of the use that roles make of their rights. It is advice: where it cannot be read it is not known, and nothing
//! else hangs on it.

use super::{Item, Ledger};
use crate::failure::Failure;
use aws_sdk_dynamodb::types::AttributeValue;
use guardrail::last_accessed::{LastAccessed, OUTDATED};
use guardrail::names::RoleName;
use std::collections::HashMap;

/// The `pk` of the items.
pub(super) const LAST_ACCESSED: &str = "last-accessed";

/// What the ledger knows of some roles' use.
#[derive(Debug, Default)]
pub(crate) struct KnownUse(HashMap<String, LastAccessed>);

impl KnownUse {
    /// Of whichever role has the name.
    pub(crate) fn of(&self, role: &RoleName) -> Option<&LastAccessed> {
        self.0.get(role.as_str())
    }
}

impl Ledger {
    /// Reads what is known of these roles' use, a hundred a call.
    pub(crate) async fn read_last_accessed(&self, roles: &[RoleName]) -> Result<KnownUse, Failure> {
        let items = self.read_of_roles(LAST_ACCESSED, roles).await?;
        let known = items.into_iter().filter_map(|(name, item)| Some((name, to_last_accessed(item)?)));
        Ok(KnownUse(known.collect()))
    }

    /// Notes what IAM reported of a role's use, over what was known. DynamoDB deletes it some time after it is too old to say
    /// anything.
    pub(crate) async fn write_last_accessed(
        &self,
        role: &RoleName,
        known: &LastAccessed,
    ) -> Result<(), Failure> {
        let doing = || format!("could not note in the ledger what role `{role}` used");
        let record = serde_dynamo::to_attribute_value(known)
            .map_err(|e: serde_dynamo::Error| Failure::malformed(doing(), e))?;
        let until = known.as_of.saturating_add(OUTDATED * 2).map_or(known.as_of, |until| until).as_second();
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .item("pk", AttributeValue::S(LAST_ACCESSED.to_owned()))
            .item("sk", AttributeValue::S(role.as_str().to_owned()))
            .item("ttl", AttributeValue::N(until.to_string()))
            .item("record", record);
        put.send().await.map_err(|e| Failure::of_call(doing(), e))?;
        Ok(())
    }
}

/// None where it cannot be read: IAM is asked again, and the answer written over it.
pub(super) fn to_last_accessed(mut item: Item) -> Option<LastAccessed> {
    serde_dynamo::from_attribute_value(item.remove("record")?)
        .inspect_err(|e: &serde_dynamo::Error| {
            tracing::warn!(cause = %e, "what is noted of a role's use cannot be read, it counts as not known");
        })
        .ok()
}
