//! What would be told of a refused call now: the way of [`super`] without its writes.

use super::batch::DeniedRole;
use super::{DenialMemory, DenialWork, Standing};
use crate::clock;
use crate::connect::Account;
use crate::failure::Failure;
use crate::ledger::LedgerPage;
use crate::replay::{Ledger, Replay};
use guardrail::denial::{DenialKey, Denials, DeniedCall};
use guardrail::finding::FindingId;
use std::sync::OnceLock;

impl Account {
    pub(crate) async fn replay_denial(&self, call: &DeniedCall, ledger: Ledger) -> Result<Replay, Failure> {
        let memory = DenialMemory::default();
        let work = DenialWork { account: self, memory: &memory, operator: OnceLock::new() };
        let role = DeniedRole { arn: call.role.clone(), id: call.role_id.clone() };
        let standing = match ledger {
            Ledger::Read => work.look_at(&role).await?,
            Ledger::NotThere => {
                let found = self.get_role(role.arn.name()).await?;
                work.standing(&role, found, &LedgerPage::empty())
            }
        };
        let guarded = match standing {
            Standing::Guarded(guarded) => guarded,
            Standing::PassedOver(why) => return Ok(Replay::of(why)),
        };
        let key = DenialKey::of(call, clock::now());
        let id = FindingId::of_denial(&guarded.role.id, &key.action, key.day);
        let finding = work.finding(&guarded, &Denials::of(call.clone(), clock::now()), id).await?;
        Ok(Replay {
            role: Some(guarded.role.arn.clone()),
            reason: Some(finding.reason.clone()),
            notes: vec!["it is told once a day; whether it was told today is not looked at".to_owned()],
            ..Replay::of(finding.outcome.as_str())
        }
        .with(finding))
    }
}
