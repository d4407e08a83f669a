//! Telling what was refused, once for each key whoever else has calls of it in hand.

use super::batch::Seen;
use super::memory::Remembered;
use super::{DenialResponse, DenialWork, Guarded};
use crate::clock;
use crate::failure::Failure;
use crate::ledger::{Claim, Claimant};
use guardrail::denial::{DenialKey, DenialVerdict, Denials};
use guardrail::finding::{AboutDenial, Finding, FindingId};
use std::slice;

impl DenialWork<'_> {
    /// Tells the key, unless it is told.
    pub(super) async fn tell_once(
        &self,
        guarded: &Guarded,
        key: &DenialKey,
        seen: Seen,
        response: &mut DenialResponse,
    ) {
        let count = seen.denials.count;
        match self.claim_and_tell(guarded, key, &seen).await {
            Ok((claim, finding)) => {
                response.refused += count;
                response.told.extend(finding);
                if claim != Claim::LeftToAnother {
                    self.memory.note(key.clone(), Remembered::Told, clock::now());
                }
            }
            Err(failure) => response.failed.push((failure, seen.messages)),
        }
    }

    async fn claim_and_tell(
        &self,
        guarded: &Guarded,
        key: &DenialKey,
        seen: &Seen,
    ) -> Result<(Claim, Option<FindingId>), Failure> {
        let (account, role) = (self.account, &guarded.role.id);
        let finding = FindingId::of_denial(role, &key.action, key.day);
        let Seen { denials, messages } = seen;
        let claimant = Claimant { key, role, denials, finding: &finding, messages };
        let claim = account.ledger.claim_denial(&claimant, clock::now()).await?;
        if claim != Claim::Won {
            return Ok((claim, None));
        }
        let mut told = self.finding(guarded, denials, finding.clone()).await?;
        let sources = told.owner_sources();
        let owner = guarded.owned_by.get_or_init(async || account.owner_in_time(sources).await).await;
        if let Some(owner) = owner {
            told.tell_owner(owner);
        }
        account.publish_to_topic(&told).await?;
        account.ledger.note_denial_told(&claimant, clock::now()).await?;
        // Not to Security Hub, where a problem is one finding.
        account.publish_centrally(slice::from_ref(&told)).await;
        Ok((claim, Some(finding)))
    }

    /// What is to be told; whose role it is comes on top.
    pub(super) async fn finding(
        &self,
        guarded: &Guarded,
        denials: &Denials,
        id: FindingId,
    ) -> Result<Finding, Failure> {
        let (account, settings) = (self.account, &self.account.settings);
        let read = async || account.read_policies(guarded.role.clone()).await;
        let snapshot = guarded.snapshot.get_or_try_init(read).await?;
        let about = AboutDenial {
            role: &guarded.role,
            boundary: &guarded.boundary,
            denials,
            verdict: &DenialVerdict::of(&denials.first, snapshot, guarded.owner),
            record: guarded.record.as_ref(),
            settings: &settings.rules,
            deployment: &settings.deployment,
            mode: guarded.mode,
            region: &settings.region,
            ledger_table: &settings.ledger_table,
            now: clock::now(),
        };
        Ok(about.finding(id))
    }
}
