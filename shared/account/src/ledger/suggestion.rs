//! What `suggest-policy` keeps: its state over days, and the candidates that the sweep leaves it.

use super::last_accessed::{LAST_ACCESSED, to_last_accessed};
use super::{Item, KILL_SWITCH, Ledger, NOTICED, OperatorPage, Stored, Version, take, to_record, version_of};
use crate::failure::Failure;
use aws_sdk_dynamodb::types::AttributeValue;
use guardrail::last_accessed::LastAccessed;
use guardrail::names::RoleName;
use guardrail::record::RoleRecord;
use guardrail::suggestion::{Candidates, SuggestionState};

const SUGGESTION: &str = "suggestion";
const STATE: (&str, &str) = (SUGGESTION, "state");
const CANDIDATES: (&str, &str) = (SUGGESTION, "candidates");

/// What one read tells: all that a tick with nothing to do needs.
#[derive(Debug, Clone)]
pub(crate) struct SuggestionPage {
    pub(crate) state: SuggestionState,
    pub(crate) version: Version,
    /// None until a sweep left some.
    pub(crate) candidates: Option<Candidates>,
    pub(crate) operator: OperatorPage,
}

/// What the ledger knows of a role that a policy is proposed for.
#[derive(Debug, Clone)]
pub(crate) struct RoleKnown {
    pub(crate) record: Option<RoleRecord>,
    pub(crate) last_accessed: Option<LastAccessed>,
}

impl Ledger {
    /// Reads the state, the candidates and the operators' items.
    pub(crate) async fn read_suggestion(&self) -> Result<SuggestionPage, Failure> {
        let mut items = self.get(&[STATE, CANDIDATES, KILL_SWITCH, NOTICED]).await?;
        let item = take(&mut items, STATE);
        let version = Version(item.as_ref().and_then(version_of));
        let state = item.map(to_state).transpose()?.unwrap_or_default();
        let candidates = take(&mut items, CANDIDATES).and_then(to_candidates);
        Ok(SuggestionPage { state, version, candidates, operator: OperatorPage::take(&mut items) })
    }

    /// Stores the state, if nobody wrote since `read`.
    pub(crate) async fn write_suggestion(
        &self,
        state: &SuggestionState,
        read: Version,
    ) -> Result<Stored, Failure> {
        let (pk, sk) = STATE;
        let record = serde_dynamo::to_attribute_value(state).map_err(|e: serde_dynamo::Error| {
            Failure::malformed("could not write how far the proposals of policies are", e)
        })?;
        self.put_next(pk, sk, record, read).await
    }

    /// Leaves the worst roles of a sweep, over those of the one before.
    pub(crate) async fn write_candidates(&self, candidates: &Candidates) -> Result<(), Failure> {
        let doing = "could not leave the worst roles for proposals of policies";
        let record = serde_dynamo::to_attribute_value(candidates)
            .map_err(|e: serde_dynamo::Error| Failure::malformed(doing, e))?;
        let (pk, sk) = CANDIDATES;
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .item("pk", AttributeValue::S(pk.to_owned()))
            .item("sk", AttributeValue::S(sk.to_owned()))
            .item("record", record);
        put.send().await.map_err(|e| Failure::of_call(doing, e))?;
        Ok(())
    }

    /// Reads what is known of a role and of its use.
    pub(crate) async fn read_role_known(&self, role: &RoleName) -> Result<RoleKnown, Failure> {
        let (record, used) = (("role", role.as_str()), (LAST_ACCESSED, role.as_str()));
        let mut items = self.get(&[record, used]).await?;
        let record = take(&mut items, record).map(|item| to_record(role, item)).transpose()?;
        Ok(RoleKnown { record, last_accessed: take(&mut items, used).and_then(to_last_accessed) })
    }
}

fn to_state(mut item: Item) -> Result<SuggestionState, Failure> {
    let what =
        "the ledger's item `suggestion`/`state` cannot be read; an operator has to correct or delete it";
    let record =
        item.remove("record").ok_or_else(|| Failure::malformed(what, "attribute `record` is missing"))?;
    serde_dynamo::from_attribute_value(record).map_err(|e: serde_dynamo::Error| Failure::malformed(what, e))
}

/// None where it cannot be read: the next sweep writes it anew.
fn to_candidates(mut item: Item) -> Option<Candidates> {
    serde_dynamo::from_attribute_value(item.remove("record")?)
        .inspect_err(|e: &serde_dynamo::Error| {
            tracing::warn!(cause = %e, "the candidates that a sweep left cannot be read, the next one leaves others");
        })
        .ok()
}
