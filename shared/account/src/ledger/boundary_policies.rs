//! The ledger's items about boundary policies: what was told of each, and what an approved one said when it was first seen.

use super::{APPROVED, KILL_SWITCH, Ledger, NOTICED, OperatorPage, Stored, Version, take, version_of};
use crate::clock;
use crate::failure::Failure;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use guardrail::boundary_policy::{Approved, PolicyRecord};
use guardrail::kill_switch::KillSwitch;
use guardrail::names::PolicyArn;

const RECORD: &str = "boundary-policy";

/// What one read of the ledger tells of a boundary policy.
#[derive(Debug, Clone)]
pub(crate) struct PolicyPage {
    pub(crate) record: PolicyRecord,
    pub(crate) version: Version,
    /// The document that was first seen; none where nobody looked yet.
    pub(crate) approved: Option<Approved>,
    /// As it counts at the time of reading.
    pub(crate) kill_switch: KillSwitch,
    /// What else there was to see.
    pub(crate) operator: OperatorPage,
}

impl Ledger {
    /// Reads what is known of a boundary policy, and the operators' items with it.
    pub(crate) async fn read_policy(&self, policy: &PolicyArn) -> Result<PolicyPage, Failure> {
        let (record, approved) = ((RECORD, policy.as_str()), (APPROVED, policy.as_str()));
        let mut items = self.get(&[record, approved, KILL_SWITCH, NOTICED]).await?;
        let unreadable = |pk: &str, e: serde_dynamo::Error| {
            let what = format!(
                "the ledger's item `{pk}`/`{policy}` cannot be read; an operator has to correct or delete it"
            );
            Failure::malformed(what, e)
        };
        let item = take(&mut items, record);
        let version = Version(item.as_ref().and_then(version_of));
        let record = item.and_then(|mut item| item.remove("record"));
        let record = record.map(serde_dynamo::from_attribute_value).transpose();
        let approved = items
            .get(&(APPROVED.to_owned(), policy.as_str().to_owned()))
            .cloned()
            .map(serde_dynamo::from_item)
            .transpose();
        // What the shipped ones say is no operator's to approve, and no such item is ever written.
        let watched = if policy.is_shipped() { Vec::new() } else { vec![policy.clone()] };
        let operator = OperatorPage::take(&mut items).with_approved(&watched, &mut items);
        Ok(PolicyPage {
            record: record.map_err(|e| unreadable(RECORD, e))?.unwrap_or_default(),
            version,
            approved: approved.map_err(|e| unreadable(APPROVED, e))?,
            kill_switch: operator.kill_switch(clock::now()),
            operator,
        })
    }

    /// Stores what is known of a boundary policy, if nobody wrote since `read`.
    pub(crate) async fn write_policy(
        &self,
        policy: &PolicyArn,
        record: &PolicyRecord,
        read: Version,
    ) -> Result<Stored, Failure> {
        let record = serde_dynamo::to_attribute_value(record)
            .map_err(|e: serde_dynamo::Error| Failure::malformed("could not write the policy's record", e))?;
        self.put_next(RECORD, policy.as_str(), record, read).await
    }

    /// Notes what an approved boundary says, unless that was noted before.
    pub(crate) async fn note_approved(&self, policy: &PolicyArn, seen: &Approved) -> Result<(), Failure> {
        let item = serde_dynamo::to_item(seen).map_err(|e: serde_dynamo::Error| {
            Failure::malformed("could not write the approved document", e)
        })?;
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .item("pk", AttributeValue::S(APPROVED.to_owned()))
            .item("sk", AttributeValue::S(policy.as_str().to_owned()))
            .condition_expression("attribute_not_exists(pk)");
        match put.send().await {
            Ok(_) => {}
            Err(e)
                if e.as_service_error().is_some_and(PutItemError::is_conditional_check_failed_exception) => {}
            Err(e) => {
                return Err(Failure::of_call(format!("could not note what boundary `{policy}` says"), e));
            }
        }
        Ok(())
    }
}
