//! The records of many roles at once.

use super::{Item, Ledger, key_of, to_record};
use crate::failure::Failure;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use guardrail::names::RoleName;
use guardrail::record::RoleRecord;
use std::collections::HashMap;
use std::time::Duration;

/// `BatchGetItem` takes a hundred keys
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html>).
const MOST_KEYS: usize = 100;

/// What DynamoDB left out, when throttled or over 16 MB, is asked for again, each time after twice the pause.
const ATTEMPTS: u32 = 8;
const PAUSE: Duration = Duration::from_millis(100);

/// What the ledger knows of some roles.
#[derive(Debug, Default)]
pub(crate) struct RoleRecords(HashMap<String, Result<RoleRecord, Failure>>);

impl RoleRecords {
    /// The record of whichever role has the name, or why it cannot be read; none where the ledger knows none.
    pub(crate) fn of(&self, role: &RoleName) -> Result<Option<&RoleRecord>, &Failure> {
        self.0.get(role.as_str()).map(Result::as_ref).transpose()
    }
}

impl Ledger {
    /// Reads the records of these roles, a hundred a call. One that cannot be read is no reason not to read the others.
    pub(crate) async fn read_roles(&self, roles: &[RoleName]) -> Result<RoleRecords, Failure> {
        let mut records = RoleRecords::default();
        for (name, item) in self.read_of_roles("role", roles).await? {
            let record = name
                .parse()
                .map_err(|e| Failure::malformed("the ledger has a role whose name is none", e))
                .and_then(|role| to_record(&role, item));
            records.0.insert(name, record);
        }
        Ok(records)
    }

    /// Reads the items of a kind of these roles, a hundred a call, each with the role's name.
    pub(super) async fn read_of_roles(
        &self,
        pk: &str,
        roles: &[RoleName],
    ) -> Result<Vec<(String, Item)>, Failure> {
        let mut items = Vec::new();
        for roles in roles.chunks(MOST_KEYS) {
            let mut keys: Vec<Item> = roles.iter().map(|role| key(pk, role)).collect();
            for attempt in 0..ATTEMPTS {
                if keys.is_empty() {
                    break;
                }
                if attempt > 0 {
                    tokio::time::sleep(PAUSE * 2_u32.pow(attempt - 1)).await;
                }
                keys = self.read_some(keys, &mut items).await?;
            }
            if !keys.is_empty() {
                return Err(Failure::retryable(format!(
                    "the ledger left out {} roles again and again, as it does when it is throttled",
                    keys.len()
                )));
            }
        }
        Ok(items)
    }

    /// Asks once; what was left out.
    async fn read_some(
        &self,
        keys: Vec<Item>,
        items: &mut Vec<(String, Item)>,
    ) -> Result<Vec<Item>, Failure> {
        let wanted = KeysAndAttributes::builder().consistent_read(true).set_keys(Some(keys)).build();
        let wanted = wanted.map_err(|e| Failure::malformed("could not build the ledger's query", e))?;
        let asked = self.client.batch_get_item().request_items(&self.table, wanted).send();
        let answer = asked.await.map_err(|e| Failure::of_call("could not read the ledger", e))?;
        let found = answer.responses.unwrap_or_default().remove(&self.table).unwrap_or_default();
        items.extend(found.into_iter().filter_map(|item| Some((key_of(&item)?.1, item))));
        let left_out = answer.unprocessed_keys.unwrap_or_default().remove(&self.table);
        Ok(left_out.map(|left_out| left_out.keys).unwrap_or_default())
    }
}

fn key(pk: &str, role: &RoleName) -> Item {
    [("pk", pk), ("sk", role.as_str())]
        .map(|(name, text)| (name.to_owned(), AttributeValue::S(text.to_owned())))
        .into()
}
