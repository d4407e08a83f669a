//! The way of calls that boundaries refused: a batch of them from the queue, told once for each role, action and day.
//!
//! There may be thousands a minute, of one function in a loop. So they are counted before anything is asked: what this process told
//! already costs no call, and what is left costs as many as there are roles and actions, however many calls there were.

mod batch;
mod memory;
mod replay;
mod tell;
#[cfg(test)]
mod tests;

pub use batch::ReadDenial;
pub(crate) use batch::{DenialBatch, NoDenial, denial_in};
pub(crate) use memory::DenialMemory;

use crate::clock;
use crate::connect::Account;
use crate::failure::Failure;
use crate::ledger::{LedgerPage, OperatorPage};
use batch::{DeniedRole, Seen};
use guardrail::denial::{BoundaryOwner, DenialKey};
use guardrail::finding::FindingId;
use guardrail::names::PolicyArn;
use guardrail::record::RoleRecord;
use guardrail::settings::Mode;
use guardrail::snapshot::{Role, RoleSnapshot};
use guardrail::trust::Trust;
use jiff::{SignedDuration, Timestamp};
use memory::Remembered;
use std::collections::BTreeMap;
use std::sync::OnceLock;
use tokio::sync::OnceCell;

/// With less time left, what is not begun goes back to the queue.
const RESERVE: SignedDuration = SignedDuration::from_secs(15);

/// What a batch came to: its one log line.
#[derive(Debug, Default)]
pub(crate) struct DenialResponse {
    /// The findings that were told.
    pub(crate) told: Vec<FindingId>,
    /// Refused calls under boundaries that Ringfence answers for, those told earlier included.
    pub(crate) refused: u64,
    /// Refused calls of which nothing is told, by the reason.
    pub(crate) passed_over: BTreeMap<&'static str, u64>,
    /// What failed, each with the messages that come back for it.
    pub(crate) failed: Vec<(Failure, Vec<String>)>,
    /// Messages for which the time was too short.
    pub(crate) put_off: Vec<String>,
}

/// When a batch began and ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DenialCall<'a> {
    /// Lambda's request id.
    pub(crate) request: &'a str,
    /// When Lambda ends the invocation.
    pub(crate) ends_at: Timestamp,
}

impl DenialResponse {
    fn pass_over(&mut self, why: &'static str, seen: &Seen) {
        *self.passed_over.entry(why).or_default() += seen.denials.count;
    }
}

impl Account {
    /// Tells what is new in a batch. It cannot fail as a whole: what failed is in the response, with its messages.
    pub(crate) async fn respond_to_denials(
        &self,
        memory: &DenialMemory,
        batch: DenialBatch,
        call: DenialCall<'_>,
    ) -> DenialResponse {
        let work = DenialWork { account: self, memory, operator: OnceLock::new() };
        let mut response = DenialResponse::default();
        for (role, keys) in batch.by_role() {
            let open = work.new_ones(keys, &mut response);
            if open.is_empty() {
                continue;
            }
            if clock::now() > call.ends_at.saturating_sub(RESERVE).unwrap_or(call.ends_at) {
                response.put_off.extend(open.into_iter().flat_map(|(_, seen)| seen.messages));
                continue;
            }
            match work.look_at(&role).await {
                Ok(Standing::Guarded(guarded)) => {
                    for (key, seen) in open {
                        work.tell_once(&guarded, &key, seen, &mut response).await;
                    }
                }
                Ok(Standing::PassedOver(why)) => {
                    for (key, seen) in open {
                        response.pass_over(why, &seen);
                        memory.note(key, Remembered::PassedOver(why), clock::now());
                    }
                }
                Err(failure) => {
                    let messages = open.into_iter().flat_map(|(_, seen)| seen.messages).collect();
                    response.failed.push((failure, messages));
                }
            }
        }
        if let Some(page) = work.operator.get() {
            self.tell_notices(page, call.request).await;
        }
        response
    }
}

/// One invocation's work on a batch.
struct DenialWork<'a> {
    account: &'a Account,
    memory: &'a DenialMemory,
    /// The operators' items, as they were first read.
    operator: OnceLock<OperatorPage>,
}

/// Why nothing is told of a role, or what is known of it.
enum Standing {
    Guarded(Box<Guarded>),
    PassedOver(&'static str),
}

/// A role under a boundary that Ringfence answers for.
struct Guarded {
    role: Role,
    boundary: PolicyArn,
    owner: BoundaryOwner,
    record: Option<RoleRecord>,
    mode: Mode,
    /// Read when the first of its denials is to be told.
    snapshot: OnceCell<RoleSnapshot>,
    /// Whose role it is, asked once.
    owned_by: OnceCell<Option<String>>,
}

impl DenialWork<'_> {
    /// What this process does not remember.
    fn new_ones(
        &self,
        keys: Vec<(DenialKey, Seen)>,
        response: &mut DenialResponse,
    ) -> Vec<(DenialKey, Seen)> {
        let mut open = Vec::new();
        for (key, seen) in keys {
            match self.memory.recall(&key, clock::now()) {
                Some(Remembered::Told) => response.refused += seen.denials.count,
                Some(Remembered::PassedOver(why)) => response.pass_over(why, &seen),
                None => open.push((key, seen)),
            }
        }
        open
    }

    /// The role as it is now, and whether its boundary is one that Ringfence answers for. It has called, so IAM shows it: no second look.
    async fn look_at(&self, role: &DeniedRole) -> Result<Standing, Failure> {
        let (account, name) = (self.account, role.arn.name());
        let watched = account.watched_boundaries();
        let (found, mut page) =
            tokio::try_join!(account.get_role(name), account.ledger.read(name, &watched))?;
        if let Some(operator) = page.operator.take() {
            self.operator.get_or_init(|| operator);
        }
        Ok(self.standing(role, found, &page))
    }

    fn standing(&self, role: &DeniedRole, found: Option<Role>, page: &LedgerPage) -> Standing {
        let settings = &self.account.settings;
        let Some(found) = found else { return Standing::PassedOver("the role is gone") };
        if role.id.as_ref().is_some_and(|id| *id != found.id) {
            return Standing::PassedOver("the role was made anew since");
        }
        let record = page.record().filter(|record| record.role_id == found.id).cloned();
        let seen_with_a_function = record.as_ref().is_some_and(|record| !record.functions.is_empty());
        if !Trust::of(&found).admits_lambda(seen_with_a_function) {
            return Standing::PassedOver("no execution role");
        }
        let Some(boundary) = found.boundary.clone() else {
            return Standing::PassedOver("the role has no boundary any more");
        };
        let Some(owner) = BoundaryOwner::of(&boundary, &found, &settings.rules, record.as_ref()) else {
            return Standing::PassedOver("a boundary of somebody else");
        };
        Standing::Guarded(Box::new(Guarded {
            role: found,
            boundary,
            owner,
            record,
            mode: settings.mode.in_force(&page.kill_switch),
            snapshot: OnceCell::new(),
            owned_by: OnceCell::new(),
        }))
    }
}
