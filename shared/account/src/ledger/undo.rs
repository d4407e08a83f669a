//! The items that an operator asks for an undo by, and the roles that there are to undo.

use super::{
    Item, KILL_SWITCH, Ledger, NOTICED, OperatorPage, UNDO_REQUEST, Version, take, to_attributes, to_record,
    version_of,
};
use crate::clock;
use crate::failure::Failure;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use guardrail::kill_switch::KillSwitch;
use guardrail::names::RoleName;
use guardrail::operator_item::Attributes;
use guardrail::record::RoleRecord;
use guardrail::undo::{ALL_ROLES, UndoAll, UndoRequest};
use serde::de::DeserializeOwned;
use std::collections::HashMap;

pub(crate) const ACTIONS: &[&str] = &["dynamodb:DeleteItem", "dynamodb:Query"];

/// Some roles of the ledger, in the order of their names.
#[derive(Debug)]
pub(crate) struct RolePage {
    pub(crate) roles: Vec<(RoleName, RoleRecord)>,
    /// Whether more may follow.
    pub(crate) more: bool,
}

/// An operator's request.
#[derive(Debug)]
pub(crate) struct Requested<T> {
    /// The request, or why it cannot be used.
    pub(crate) request: Result<T, Failure>,
    /// The item as it stands.
    pub(crate) item: Attributes,
    /// Where it is noted what was told of it.
    pub(crate) operator: OperatorPage,
}

/// What one read of the ledger tells of a role whose write is to be taken back.
#[derive(Debug)]
pub(crate) struct UndoPage {
    /// Of whichever role has the name.
    pub(crate) record: RoleRecord,
    pub(crate) version: Version,
    /// As it counts at the time of reading: an undo goes through all the same, its finding tells the mode.
    pub(crate) kill_switch: KillSwitch,
}

impl Ledger {
    /// The operator's request for a role, if there is one.
    pub(crate) async fn undo_request(
        &self,
        role: &RoleName,
    ) -> Result<Option<Requested<UndoRequest>>, Failure> {
        self.request(role.as_str()).await
    }

    /// The operator's request for every role, if there is one.
    pub(crate) async fn undo_all_request(&self) -> Result<Option<Requested<UndoAll>>, Failure> {
        self.request(ALL_ROLES).await
    }

    async fn request<T: DeserializeOwned>(&self, sk: &str) -> Result<Option<Requested<T>>, Failure> {
        let key = (UNDO_REQUEST, sk);
        let mut items = self.get(&[key, KILL_SWITCH, NOTICED]).await?;
        let Some(item) = take(&mut items, key) else { return Ok(None) };
        let malformed = |e: serde_dynamo::Error| {
            Failure::malformed(
                format!("the ledger's item `{UNDO_REQUEST}`/`{sk}` cannot be used, so nothing was done"),
                e,
            )
        };
        let attributes = to_attributes(&item);
        let request = serde_dynamo::from_item(item).map_err(malformed);
        Ok(Some(Requested { request, item: attributes, operator: OperatorPage::take(&mut items) }))
    }

    /// Takes a request away once it is carried out.
    pub(crate) async fn consume_undo_request(
        &self,
        role: &RoleName,
        request: &UndoRequest,
    ) -> Result<(), Failure> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.table)
            .key("pk", AttributeValue::S(UNDO_REQUEST.to_owned()))
            .key("sk", AttributeValue::S(role.as_str().to_owned()))
            // Not another one that came meanwhile.
            .condition_expression("finding = :finding")
            .expression_attribute_values(":finding", AttributeValue::S(request.finding.as_str().to_owned()));
        match delete.send().await {
            Ok(_) => Ok(()),
            Err(e)
                if e.as_service_error()
                    .is_some_and(DeleteItemError::is_conditional_check_failed_exception) =>
            {
                Ok(())
            }
            Err(e) => {
                Err(Failure::of_call(format!("could not take away the undo request for role `{role}`"), e))
            }
        }
    }

    /// Takes the request for every role away.
    pub(crate) async fn consume_undo_all(&self) -> Result<(), Failure> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.table)
            .key("pk", AttributeValue::S(UNDO_REQUEST.to_owned()))
            .key("sk", AttributeValue::S(ALL_ROLES.to_owned()));
        delete
            .send()
            .await
            .map_err(|e| Failure::of_call("could not take away the undo request for all roles", e))?;
        Ok(())
    }

    /// Notes in the request for every role how far it came, unless the request was withdrawn.
    pub(crate) async fn note_undo_progress(&self, request: &UndoAll) -> Result<(), Failure> {
        let malformed = |e: serde_dynamo::Error| Failure::malformed("could not write the undo request", e);
        let item: Item = serde_dynamo::to_item(request).map_err(malformed)?;
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .item("pk", AttributeValue::S(UNDO_REQUEST.to_owned()))
            .item("sk", AttributeValue::S(ALL_ROLES.to_owned()))
            .condition_expression("attribute_exists(pk)");
        match put.send().await {
            Ok(_) => Ok(()),
            Err(e)
                if e.as_service_error().is_some_and(PutItemError::is_conditional_check_failed_exception) =>
            {
                Err(Failure::refused(
                    "the undo request for all roles was withdrawn, so the rest was left as it is",
                ))
            }
            Err(e) => Err(Failure::of_call("could not note in the ledger how far the undo came", e)),
        }
    }

    /// The next roles, by name.
    pub(crate) async fn roles_after(
        &self,
        last: Option<&RoleName>,
        at_most: i32,
    ) -> Result<RolePage, Failure> {
        let role = || AttributeValue::S("role".to_owned());
        let start = last.map(|name| {
            HashMap::from([
                ("pk".to_owned(), role()),
                ("sk".to_owned(), AttributeValue::S(name.as_str().to_owned())),
            ])
        });
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :role")
            .expression_attribute_values(":role", role())
            .consistent_read(true)
            .limit(at_most)
            .set_exclusive_start_key(start);
        let answer =
            query.send().await.map_err(|e| Failure::of_call("could not list the roles of the ledger", e))?;
        let more = answer.last_evaluated_key.is_some_and(|key| !key.is_empty());
        let roles =
            answer.items.unwrap_or_default().into_iter().map(named_record).collect::<Result<_, _>>()?;
        Ok(RolePage { roles, more })
    }

    /// The record of whichever role has the name, with its version and the kill switch.
    pub(crate) async fn page_for_undo(&self, role: &RoleName) -> Result<Option<UndoPage>, Failure> {
        let mut items = self.get(&[("role", role.as_str()), KILL_SWITCH]).await?;
        let kill_switch = OperatorPage::take(&mut items).kill_switch(clock::now());
        let Some(item) = items.into_values().next() else { return Ok(None) };
        let version = Version(version_of(&item));
        Ok(Some(UndoPage { record: to_record(role, item)?, version, kill_switch }))
    }
}

fn named_record(item: Item) -> Result<(RoleName, RoleRecord), Failure> {
    let name: RoleName = item
        .get("sk")
        .and_then(|value| value.as_s().ok())
        .map_or("", String::as_str)
        .parse()
        .map_err(|e| Failure::malformed("an item of a role in the ledger is not named after one", e))?;
    let record = to_record(&name, item)?;
    Ok((name, record))
}
