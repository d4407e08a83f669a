//! The ledger's items about open functions: what was told of each.

use super::{KILL_SWITCH, Ledger, NOTICED, OperatorPage, Stored, Version, take, version_of};
use crate::clock;
use crate::failure::Failure;
use guardrail::exposure::ExposureRecord;
use guardrail::kill_switch::KillSwitch;
use guardrail::names::FunctionArn;

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

impl Ledger {
    /// Reads what was told of a function, and the operators' items with it.
    pub(crate) async fn read_exposure(&self, function: &FunctionArn) -> Result<ExposurePage, Failure> {
        let key = (RECORD, function.as_str());
        let mut items = self.get(&[key, KILL_SWITCH, NOTICED]).await?;
        let item = take(&mut items, key);
        let version = Version(item.as_ref().and_then(version_of));
        let record = item.and_then(|mut item| item.remove("record"));
        let record = record.map(serde_dynamo::from_attribute_value).transpose();
        let record = record.map_err(|e: serde_dynamo::Error| {
            let what = format!(
                "the ledger's item `{RECORD}`/`{function}` cannot be read; an operator has to correct or delete it"
            );
            Failure::malformed(what, e)
        })?;
        let operator = OperatorPage::take(&mut items);
        let kill_switch = operator.kill_switch(clock::now());
        Ok(ExposurePage { record: record.unwrap_or_default(), version, kill_switch, operator })
    }

    /// Stores what was told of a function, if nobody wrote since `read`.
    pub(crate) async fn write_exposure(
        &self,
        function: &FunctionArn,
        record: &ExposureRecord,
        read: Version,
    ) -> Result<Stored, Failure> {
        let record = serde_dynamo::to_attribute_value(record).map_err(|e: serde_dynamo::Error| {
            Failure::malformed("could not write what was told of the function", e)
        })?;
        self.put_next(RECORD, function.as_str(), record, read).await
    }
}
