//! The ledger's items about open functions and missing roles: what was told of each.

use super::{Item, KILL_SWITCH, Ledger, NOTICED, OperatorPage, Stored, Version, key_of, take, version_of};
use crate::clock;
use crate::failure::Failure;
use aws_sdk_dynamodb::types::AttributeValue;
use guardrail::exposure::{ExposureRecord, ExposureSubject};
use guardrail::kill_switch::KillSwitch;
use guardrail::names::{FunctionArn, RoleArn};
use std::collections::BTreeMap;

const RECORD: &str = "exposure";

/// What one read of the ledger tells of a function's exposure.
#[derive(Debug, Clone)]
pub(crate) struct ExposurePage {
    pub(crate) record: ExposureRecord,
    pub(crate) version: Version,
    /// As it counts at the time of reading.
    pub(crate) kill_switch: KillSwitch,
    /// What else there was to see.
    pub(crate) operator: OperatorPage,
}

/// What was told of missing roles, each with the version that was read.
pub(crate) type MissingRolesTold = BTreeMap<RoleArn, (ExposureRecord, Version)>;

impl Ledger {
    /// Reads what was told of a function, and the operators' items with it.
    pub(crate) async fn read_exposure(&self, function: &FunctionArn) -> Result<ExposurePage, Failure> {
        let key = (RECORD, function.as_str());
        let mut items = self.get(&[key, KILL_SWITCH, NOTICED]).await?;
        let item = take(&mut items, key);
        let version = Version(item.as_ref().and_then(version_of));
        let record = item.map(|item| to_record(function.into(), item)).transpose()?;
        let operator = OperatorPage::take(&mut items);
        let kill_switch = operator.kill_switch(clock::now());
        Ok(ExposurePage { record: record.unwrap_or_default(), version, kill_switch, operator })
    }

    /// Reads what was told of missing roles, by the beginning that their ARNs have in common. An item that cannot be read is left
    /// out: its role is told again, and the write of that fails until an operator corrects the item.
    pub(crate) async fn read_missing_roles(&self, arns: &str) -> Result<MissingRolesTold, Failure> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("pk = :pk AND begins_with(sk, :arns)")
            .expression_attribute_values(":pk", AttributeValue::S(RECORD.to_owned()))
            .expression_attribute_values(":arns", AttributeValue::S(arns.to_owned()))
            .into_paginator()
            .items()
            .send();
        let mut told = MissingRolesTold::new();
        while let Some(item) = pages.next().await {
            let item =
                item.map_err(|e| Failure::of_call("could not read what was told of missing roles", e))?;
            let (_, role) = key_of(&item).unwrap_or_default();
            let Ok(role) = role.parse::<RoleArn>() else { continue };
            let version = Version(version_of(&item));
            match to_record((&role).into(), item) {
                Ok(record) => drop(told.insert(role, (record, version))),
                Err(failure) => tracing::error!(cause = %failure, "what was told of a role is not known"),
            }
        }
        Ok(told)
    }

    /// Stores what was told of a function or a missing role, if nobody wrote since `read`.
    pub(crate) async fn write_exposure(
        &self,
        of: ExposureSubject<'_>,
        record: &ExposureRecord,
        read: Version,
    ) -> Result<Stored, Failure> {
        let record = serde_dynamo::to_attribute_value(record).map_err(|e: serde_dynamo::Error| {
            Failure::malformed(format!("could not write what was told of `{of}`"), e)
        })?;
        self.put_next(RECORD, of.as_str(), record, read).await
    }
}

fn to_record(of: ExposureSubject<'_>, mut item: Item) -> Result<ExposureRecord, Failure> {
    let record = item.remove("record").map(serde_dynamo::from_attribute_value).transpose();
    let record = record.map_err(|e: serde_dynamo::Error| {
        let what = format!(
            "the ledger's item `{RECORD}`/`{of}` cannot be read; an operator has to correct or delete it"
        );
        Failure::malformed(what, e)
    })?;
    Ok(record.unwrap_or_default())
}
