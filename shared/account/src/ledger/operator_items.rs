//! The items that operators write, and the one that keeps what was told of them. They are read with whatever else is read, never
//! in a call of their own.

use super::{APPROVED, Item, Items, Ledger, MOST_WATCHED, Stored, UNDO_REQUEST, Version, version_of};
use crate::failure::Failure;
use aws_sdk_dynamodb::types::AttributeValue;
use guardrail::kill_switch::KillSwitch;
use guardrail::names::PolicyArn;
use guardrail::notice::{Exemptions, Noticed, UndoProgress, UndoRequestSeen, View};
use guardrail::operator_item::{Attribute, Attributes};
use guardrail::record::RoleRecord;
use guardrail::undo::ALL_ROLES;
use jiff::Timestamp;

/// The design's name for it.
pub(super) const KILL_SWITCH: (&str, &str) = ("settings", "mode");
pub(super) const NOTICED: (&str, &str) = ("settings", "noticed");

/// The operators' items among those of one read, and what was told of them.
#[derive(Debug, Clone)]
pub(crate) struct OperatorPage {
    pub(crate) view: View,
    pub(crate) noticed: Noticed,
    pub(crate) version: Version,
}

impl OperatorPage {
    /// Takes the kill switch and what was told out of the items that were read.
    pub(super) fn take(items: &mut Items) -> Self {
        let kill_switch = take(items, KILL_SWITCH).map(|item| to_attributes(&item));
        let mut noticed = take(items, NOTICED).unwrap_or_default();
        let version = Version(version_of(&noticed));
        let record = noticed.remove("record").map(serde_dynamo::from_attribute_value).transpose();
        let noticed = record.unwrap_or_else(|e: serde_dynamo::Error| {
            tracing::warn!(cause = %e, "what was told of the operators' items cannot be read, it is told again");
            None
        });
        let view = View { kill_switch, ..View::default() };
        Self { view, noticed: noticed.unwrap_or_default(), version }
    }

    /// The kill switch as it counts at a time.
    pub(crate) fn kill_switch(&self, now: Timestamp) -> KillSwitch {
        let item = self.view.kill_switch.as_ref();
        item.map_or(KillSwitch::Off, |item| KillSwitch::read(item, now))
    }

    /// Takes the approved documents that were asked for.
    pub(super) fn with_approved(mut self, policies: &[PolicyArn], items: &mut Items) -> Self {
        let seen = |policy: &PolicyArn| {
            let item = take(items, (APPROVED, policy.as_str()));
            (policy.clone(), item.map(|item| to_attributes(&item)))
        };
        self.view.approved = policies.iter().map(seen).collect();
        self
    }

    /// Takes an undo request that was asked for. `record` is that of its role.
    pub(super) fn with_undo_request(
        mut self,
        sk: &str,
        record: Option<&RoleRecord>,
        items: &mut Items,
    ) -> Self {
        let item = take(items, (UNDO_REQUEST, sk)).map(|item| to_attributes(&item));
        let asked = item.as_ref().and_then(|item| item.optional("finding").ok().flatten());
        let undone = record.and_then(|record| record.undone.as_ref());
        let progress = if undone.is_some_and(|undone| Some(undone.of.as_str()) == asked) {
            UndoProgress::UnderWay
        } else {
            UndoProgress::Waits
        };
        self.view.undo_requests.push(UndoRequestSeen { sk: sk.to_owned(), item, progress });
        self
    }
}

impl Ledger {
    /// Reads the operators' items that are about no single role, and what was told of them.
    pub(crate) async fn read_operators(&self, watched: &[PolicyArn]) -> Result<OperatorPage, Failure> {
        let watched = watched.get(..MOST_WATCHED).unwrap_or(watched);
        let mut keys = vec![KILL_SWITCH, NOTICED, (UNDO_REQUEST, ALL_ROLES)];
        keys.extend(watched.iter().map(|policy| (APPROVED, policy.as_str())));
        let (mut items, exemptions) = tokio::try_join!(self.get(&keys), self.exemptions())?;
        let mut page = OperatorPage::take(&mut items)
            .with_approved(watched, &mut items)
            .with_undo_request(ALL_ROLES, None, &mut items);
        page.view.exemptions = Exemptions::All(exemptions);
        Ok(page)
    }

    /// Stores what was told, if nobody wrote since `read`.
    pub(crate) async fn write_noticed(&self, noticed: &Noticed, read: Version) -> Result<Stored, Failure> {
        let (pk, sk) = NOTICED;
        let record = serde_dynamo::to_attribute_value(noticed)
            .map_err(|e: serde_dynamo::Error| Failure::malformed("could not write what was told", e))?;
        self.put_next(pk, sk, record, read).await
    }
}

pub(super) fn take(items: &mut Items, (pk, sk): (&str, &str)) -> Option<Item> {
    items.remove(&(pk.to_owned(), sk.to_owned()))
}

pub(super) fn to_attributes(item: &Item) -> Attributes {
    let text = |value: &AttributeValue| value.as_s().cloned().unwrap_or_default();
    let attribute = |value: &AttributeValue| match (value.as_l(), value.as_ss()) {
        (Ok(list), _) => Attribute::List(list.iter().map(text).collect()),
        (_, Ok(set)) => Attribute::List(set.clone()),
        (Err(_), Err(_)) => Attribute::Text(text(value)),
    };
    item.iter().map(|(name, value)| (name.clone(), attribute(value))).collect()
}
