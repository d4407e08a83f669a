//! The ledger: what Ringfence knows, in DynamoDB. One item a role, changed only by whoever read its last version.

mod boundary_policies;
mod budget;
mod denials;
mod exposures;
mod history;
mod last_accessed;
mod operator_items;
mod roles;
mod suggestion;
mod sweep;
mod undo;

pub(crate) use boundary_policies::PolicyPage;
pub(crate) use budget::{ACTIONS as BUDGET_ACTIONS, Allowance};
pub(crate) use denials::{Claim, Claimant};
pub(crate) use exposures::{ExposurePage, MissingRolesTold};
pub(crate) use history::Deed;
pub(crate) use last_accessed::KnownUse;
pub(crate) use operator_items::OperatorPage;
pub(crate) use roles::RoleRecords;
pub(crate) use suggestion::{RoleKnown, SuggestionPage};
pub(crate) use sweep::LeaseTaken;
pub(crate) use undo::{ACTIONS as UNDO_ACTIONS, Requested, UndoPage};

use last_accessed::{LAST_ACCESSED, to_last_accessed};
use operator_items::{KILL_SWITCH, NOTICED, take, to_attributes};

use crate::clock;
use crate::failure::Failure;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use guardrail::exemption::Exemption;
use guardrail::kill_switch::KillSwitch;
use guardrail::last_accessed::LastAccessed;
use guardrail::names::{PolicyArn, RoleName};
use guardrail::notice::Exemptions;
use guardrail::operator_item::Attributes;
use guardrail::record::RoleRecord;
use guardrail::snapshot::Role;
use guardrail::undo::ALL_ROLES;
use jiff::Timestamp;
use std::collections::{BTreeSet, HashMap};

pub(crate) const ACTIONS: &[&str] = &["dynamodb:BatchGetItem", "dynamodb:PutItem"];

/// What reading exemptions takes besides.
pub(crate) const EXEMPTION_ACTIONS: &[&str] = &["dynamodb:Query"];

/// The design's names of the items that operators put and delete.
const APPROVED: &str = "approved";
const UNDO_REQUEST: &str = "undo-request";

/// BatchGetItem takes a hundred keys
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html>).
const MOST_WATCHED: usize = 90;

type Item = HashMap<String, AttributeValue>;

/// Items by `pk` and `sk`.
type Items = HashMap<(String, String), Item>;

/// The table.
#[derive(Debug)]
pub(crate) struct Ledger {
    client: Client,
    table: String,
}

/// What one read of the ledger tells.
#[derive(Debug, Clone)]
pub(crate) struct LedgerPage {
    record: Option<RoleRecord>,
    version: Version,
    /// When Ringfence was installed; none until the first invocation has noted it.
    pub(crate) installed_at: Option<Timestamp>,
    /// As it counts at the time of reading.
    pub(crate) kill_switch: KillSwitch,
    exemptions: Vec<Exemption>,
    /// What else there was to see; taken by whoever tells it.
    pub(crate) operator: Option<OperatorPage>,
    /// Approved boundaries whose document is noted.
    noted: BTreeSet<PolicyArn>,
    /// What whichever role has the name used, as far as a sweep asked.
    pub(crate) last_accessed: Option<LastAccessed>,
}

/// The version of a role's item: none where there is no item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Version(Option<u64>);

impl Version {
    /// Of an item that is not there.
    pub(crate) const NONE: Self = Self(None);
}

/// Whether a write was the next one after what its writer had read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stored {
    /// It was.
    Yes(Version),
    /// Somebody else wrote in between: read again.
    Overtaken,
}

impl LedgerPage {
    /// Of a ledger that nobody has written: there is none yet.
    pub(crate) fn empty() -> Self {
        Self {
            record: None,
            version: Version(None),
            installed_at: None,
            kill_switch: KillSwitch::Off,
            exemptions: Vec::new(),
            operator: None,
            noted: BTreeSet::new(),
            last_accessed: None,
        }
    }

    /// The record of this very role; an empty one where the ledger knows none, or only a namesake's.
    pub(crate) fn record_of(&self, role: &guardrail::names::RoleId) -> RoleRecord {
        match &self.record {
            Some(record) if record.role_id == *role => record.clone(),
            // The generation goes on, so that no id of the namesake's is used again.
            Some(namesake) => RoleRecord { generation: namesake.generation, ..RoleRecord::new(role.clone()) },
            None => RoleRecord::new(role.clone()),
        }
    }

    /// The record of whichever role has the name.
    pub(crate) fn record(&self) -> Option<&RoleRecord> {
        self.record.as_ref()
    }

    /// The page as it is after a write of the record by us.
    pub(crate) fn at(self, version: Version) -> Self {
        Self { version, ..self }
    }

    pub(crate) fn version(&self) -> Version {
        self.version
    }

    /// Whether it is noted what this boundary said when it was first seen, as far as it was asked for.
    pub(crate) fn has_noted(&self, boundary: &PolicyArn) -> bool {
        self.noted.contains(boundary)
    }

    /// The first valid exemption that covers the role.
    pub(crate) fn exemption_of(&self, role: &Role) -> Option<&Exemption> {
        self.exemptions.iter().find(|exemption| exemption.covers(role))
    }
}

impl Ledger {
    pub(crate) fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Reads what is known of a role, the installation's own items, those of operators and the exemptions, in two consistent
    /// calls at once. `watched` are the boundaries whose approved documents matter.
    pub(crate) async fn read(&self, role: &RoleName, watched: &[PolicyArn]) -> Result<LedgerPage, Failure> {
        let watched = watched.get(..MOST_WATCHED).unwrap_or(watched);
        let (role_key, installed) = (("role", role.as_str()), ("settings", "installed"));
        let last_accessed = (LAST_ACCESSED, role.as_str());
        let requests = [(UNDO_REQUEST, role.as_str()), (UNDO_REQUEST, ALL_ROLES)];
        let mut keys = vec![role_key, installed, last_accessed, KILL_SWITCH, NOTICED];
        keys.extend(requests);
        keys.extend(watched.iter().map(|policy| (APPROVED, policy.as_str())));
        let (mut items, exemptions) = tokio::try_join!(self.get(&keys), self.exemptions())?;
        let item = take(&mut items, role_key);
        let version = Version(item.as_ref().and_then(version_of));
        let record = item.map(|item| to_record(role, item)).transpose()?;
        let installed_at = take(&mut items, installed).map(|item| to_installed_at(&item)).transpose()?;
        let last_accessed = take(&mut items, last_accessed).and_then(to_last_accessed);
        let mut operator = OperatorPage::take(&mut items)
            .with_approved(watched, &mut items)
            .with_undo_request(role.as_str(), record.as_ref(), &mut items)
            .with_undo_request(ALL_ROLES, None, &mut items);
        let now = clock::now();
        let approved = operator.view.approved.iter().filter(|(_, item)| item.is_some());
        let page = LedgerPage {
            record,
            version,
            installed_at,
            kill_switch: operator.kill_switch(now),
            // One that is not valid counts for nothing, and is told as a notice.
            exemptions: exemptions
                .iter()
                .filter_map(|(pattern, item)| Exemption::read(pattern, item, now).ok())
                .collect(),
            noted: approved.map(|(policy, _)| policy.clone()).collect(),
            last_accessed,
            operator: None,
        };
        operator.view.exemptions = Exemptions::All(exemptions);
        Ok(LedgerPage { operator: Some(operator), ..page })
    }

    /// The record of this very role, in one consistent call.
    pub(crate) async fn record_of(&self, role: &Role) -> Result<Option<RoleRecord>, Failure> {
        let name = role.arn.name();
        let key = ("role", name.as_str());
        let found = take(&mut self.get(&[key]).await?, key).map(|item| to_record(name, item)).transpose()?;
        Ok(found.filter(|record| record.role_id == role.id))
    }

    /// All exemptions, valid or not, by pattern.
    async fn exemptions(&self) -> Result<Vec<(String, Attributes)>, Failure> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", AttributeValue::S("exemption".to_owned()))
            .into_paginator()
            .items()
            .send();
        let mut found = Vec::new();
        while let Some(item) = pages.next().await {
            let item =
                item.map_err(|e| Failure::of_call("could not read the exemptions in the ledger", e))?;
            let (_, pattern) = key_of(&item).unwrap_or_default();
            found.push((pattern, to_attributes(&item)));
        }
        Ok(found)
    }

    /// When Ringfence was installed; none if it was not noted yet.
    pub(crate) async fn installed_at(&self) -> Result<Option<Timestamp>, Failure> {
        let items = self.get(&[("settings", "installed")]).await?;
        items.values().next().map(to_installed_at).transpose()
    }

    /// Stores a role's record, if nobody wrote since `read`.
    pub(crate) async fn write(
        &self,
        role: &RoleName,
        record: &RoleRecord,
        read: Version,
    ) -> Result<Stored, Failure> {
        let malformed = |e: serde_dynamo::Error| Failure::malformed("could not write the role's record", e);
        let record = serde_dynamo::to_attribute_value(record).map_err(malformed)?;
        self.put_next("role", role.as_str(), record, read).await
    }

    /// Stores a record as the next version of an item, if nobody wrote since `read`.
    async fn put_next(
        &self,
        pk: &str,
        sk: &str,
        record: AttributeValue,
        read: Version,
    ) -> Result<Stored, Failure> {
        let next = read.0.map_or(1, |version| version.saturating_add(1));
        let mut put = self
            .client
            .put_item()
            .table_name(&self.table)
            .item("pk", AttributeValue::S(pk.to_owned()))
            .item("sk", AttributeValue::S(sk.to_owned()))
            .item("version", AttributeValue::N(next.to_string()))
            .item("record", record);
        put = match read.0 {
            None => put.condition_expression("attribute_not_exists(pk)"),
            Some(version) => put
                .condition_expression("#version = :read")
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":read", AttributeValue::N(version.to_string())),
        };
        match put.send().await {
            Ok(_) => Ok(Stored::Yes(Version(Some(next)))),
            Err(e)
                if e.as_service_error().is_some_and(PutItemError::is_conditional_check_failed_exception) =>
            {
                Ok(Stored::Overtaken)
            }
            Err(e) => Err(Failure::of_call(format!("could not write the ledger's record of {pk} `{sk}`"), e)),
        }
    }

    /// Notes the time of the installation, unless it was noted before.
    pub(crate) async fn note_installation(&self, at: Timestamp) -> Result<(), Failure> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .item("pk", AttributeValue::S("settings".to_owned()))
            .item("sk", AttributeValue::S("installed".to_owned()))
            .item("at", AttributeValue::S(at.to_string()))
            .condition_expression("attribute_not_exists(pk)");
        match put.send().await {
            Ok(_) => Ok(()),
            Err(e)
                if e.as_service_error().is_some_and(PutItemError::is_conditional_check_failed_exception) =>
            {
                Ok(())
            }
            Err(e) => Err(Failure::of_call("could not note the time of the installation in the ledger", e)),
        }
    }

    async fn get(&self, keys: &[(&str, &str)]) -> Result<Items, Failure> {
        let mut wanted = KeysAndAttributes::builder().consistent_read(true);
        for (pk, sk) in keys {
            wanted = wanted.keys(HashMap::from([
                ("pk".to_owned(), AttributeValue::S((*pk).to_owned())),
                ("sk".to_owned(), AttributeValue::S((*sk).to_owned())),
            ]));
        }
        let wanted =
            wanted.build().map_err(|e| Failure::malformed("could not build the ledger's query", e))?;
        let asked = self.client.batch_get_item().request_items(&self.table, wanted).send();
        let answer = asked.await.map_err(|e| Failure::of_call("could not read the ledger", e))?;
        if answer.unprocessed_keys.is_some_and(|keys| !keys.is_empty()) {
            // A part of an answer would read as "the ledger does not know this role".
            return Err(Failure::retryable(
                "the ledger answered only in part, as it does when it is throttled",
            ));
        }
        let items = answer.responses.unwrap_or_default().remove(&self.table).unwrap_or_default();
        Ok(items.into_iter().filter_map(|item| Some((key_of(&item)?, item))).collect())
    }
}

fn key_of(item: &Item) -> Option<(String, String)> {
    let text = |name: &str| item.get(name)?.as_s().ok().cloned();
    Some((text("pk")?, text("sk")?))
}

fn version_of(item: &Item) -> Option<u64> {
    item.get("version")?.as_n().ok()?.parse().ok()
}

fn to_record(role: &RoleName, mut item: Item) -> Result<RoleRecord, Failure> {
    let what = || {
        format!(
            "the ledger's record of role `{role}` cannot be read; an operator has to correct or delete it"
        )
    };
    let value =
        item.remove("record").ok_or_else(|| Failure::malformed(what(), "attribute `record` is missing"))?;
    serde_dynamo::from_attribute_value(value).map_err(|e| Failure::malformed(what(), e))
}

fn to_installed_at(item: &Item) -> Result<Timestamp, Failure> {
    let what =
        "the ledger's item `settings`/`installed` cannot be read; an operator has to correct or delete it";
    let text = item.get("at").and_then(|value| value.as_s().ok());
    let text = text.ok_or_else(|| Failure::malformed(what, "attribute `at` is missing"))?;
    text.parse().map_err(|e: jiff::Error| Failure::malformed(what, e))
}
