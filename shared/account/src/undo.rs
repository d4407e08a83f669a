//! Taking writes back at an operator's request.
//!
//! What is about to be done is recorded first, as with an intent: from then on Ringfence expects the change, holds the
//! role, and whoever invokes again after a crash ends what was begun.

mod not_undone;
#[cfg(test)]
mod tests;

use crate::clock;
use crate::connect::Account;
use crate::failure::Failure;
use crate::ledger::{Deed, Stored, UndoPage};
use guardrail::finding::{AboutUndo, Finding, FindingId};
use guardrail::names::{PolicyArn, RoleName};
use guardrail::record::{RoleRecord, Undone};
use guardrail::settings::Mode;
use guardrail::snapshot::Role;
use guardrail::undo::{ALL_ROLES, All, Call, Decision, Force, Undo, UndoAll, UndoRequest, decide};
use jiff::{SignedDuration, Timestamp};
use not_undone::Asked;
use serde::Serialize;

/// What an invocation answers its operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum UndoAnswer {
    /// About one role.
    Role(GivenBack),
    /// About every role.
    All(UndoBatch),
}

/// A role that has back what it had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GivenBack {
    /// The role.
    pub role: RoleName,
    /// The id of the finding that tells it.
    pub finding: FindingId,
    /// Who asked for it.
    pub by: String,
    /// The boundary that it has now.
    pub boundary: Option<PolicyArn>,
    /// Until when Ringfence leaves it alone.
    pub hold_until: Timestamp,
}

/// As many roles as one invocation has time for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UndoBatch {
    /// Whether that was the last batch. If not, invoke again: it goes on behind the last role.
    pub done: bool,
    /// Whether nothing was changed.
    pub dry_run: bool,
    /// Roles that have back what they had, or would have.
    pub undone: Vec<RoleName>,
    /// Roles that were left as they are.
    pub refused: Vec<LeftAlone>,
}

/// A role that was left as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftAlone {
    /// The role.
    pub role: RoleName,
    /// Why.
    pub why: String,
}

/// How often an undo is decided anew when the role's record is written by somebody else in between.
const ROUNDS: usize = 5;

/// Roles that are read from the ledger at once.
const PAGE: i32 = 25;

/// What one role may take, retries of throttled calls included: no role is begun that Lambda would interrupt.
const TIME_FOR_A_ROLE: SignedDuration = SignedDuration::from_secs(20);

impl Account {
    /// Gives one role, or every role that Ringfence wrote to, back what it had before. `end` is when the invocation ends,
    /// `request` is Lambda's request id.
    ///
    /// # Errors
    /// Where the ledger holds no request for it, the role is not as recorded, or AWS refuses. What was begun is recorded,
    /// and the next invocation ends it.
    pub async fn undo(&self, call: Call, end: Timestamp, request: &str) -> Result<UndoAnswer, Failure> {
        match call {
            Call::Role(role, force) => self.undo_asked_for(role, force, request).await.map(UndoAnswer::Role),
            Call::All(All::DryRun) => self.list_all().await.map(UndoAnswer::All),
            Call::All(All::GiveBack) => self.undo_all_asked_for(end, request).await.map(UndoAnswer::All),
        }
    }

    async fn undo_asked_for(
        &self,
        role: RoleName,
        force: Force,
        request: &str,
    ) -> Result<GivenBack, Failure> {
        let asked = self.ledger.undo_request(&role).await?.ok_or_else(|| no_request(role.as_str()))?;
        let (asked, usable) = Asked::of(role.as_str(), asked, request);
        let usable = self.tell_invalid(&asked, usable).await?;
        let outcome = self.undo_role(&role, &usable, force).await;
        let undone = self.tell_refused(&asked, outcome).await?;
        Ok(given_back(role, undone))
    }

    async fn undo_all_asked_for(&self, end: Timestamp, request: &str) -> Result<UndoBatch, Failure> {
        let asked = self.ledger.undo_all_request().await?.ok_or_else(|| no_request(ALL_ROLES))?;
        let (asked, usable) = Asked::of(ALL_ROLES, asked, request);
        let usable = self.tell_invalid(&asked, usable).await?;
        let batch = self.undo_all(usable, end).await?;
        self.tell_left_alone(&asked, &batch).await;
        Ok(batch)
    }

    async fn undo_role(
        &self,
        name: &RoleName,
        request: &UndoRequest,
        force: Force,
    ) -> Result<Undone, Failure> {
        for _ in 0..ROUNDS {
            let Sight { role, page: UndoPage { record, version, kill_switch } } = self.sight(name).await?;
            let decided = decide(request, &role, &record, force, clock::now());
            let (undone, recorded, version) =
                match decided.map_err(|why| Failure::refused(why.to_string()))? {
                    Decision::Finish(undone) => (undone, record, version),
                    Decision::GiveBack(undo) => {
                        let recorded = undo.recorded_in(&record);
                        let Stored::Yes(version) = self.ledger.write(name, &recorded, version).await? else {
                            continue;
                        };
                        self.give_back(&undo).await?;
                        (undo.undone().clone(), recorded, version)
                    }
                };
            let mode = self.settings.mode.in_force(&kill_switch);
            self.publish(&self.undo_finding(&role, &undone, mode)).await?;
            self.ledger.note_deed(name, &Deed::of_undo(&undone)).await?;
            self.ledger.consume_undo_request(name, request).await?;
            self.ledger.write(name, &Undo::closed(recorded), version).await?;
            return Ok(undone);
        }
        Err(Failure::retryable(format!(
            "role `{name}` is being worked on by others all the time; invoke again"
        )))
    }

    async fn sight(&self, name: &RoleName) -> Result<Sight, Failure> {
        let (role, page) = tokio::try_join!(self.get_role(name), self.ledger.page_for_undo(name))?;
        let role = role.ok_or_else(|| Failure::refused(format!("role `{name}` does not exist")))?;
        let page = page.ok_or_else(|| Failure::refused(format!("the ledger does not know role `{name}`")))?;
        Ok(Sight { role, page })
    }

    fn undo_finding(&self, role: &Role, undone: &Undone, mode: Mode) -> Finding {
        let settings = &self.settings;
        AboutUndo { role, undone, settings: &settings.rules, mode, region: &settings.region }.finding()
    }

    async fn list_all(&self) -> Result<UndoBatch, Failure> {
        let mut undone = Vec::new();
        let (mut last, mut more) = (None, true);
        while more {
            let page = self.ledger.roles_after(last.as_ref(), PAGE).await?;
            more = page.more;
            for (name, record) in page.roles {
                if record.last_write.is_some() {
                    undone.push(name.clone());
                }
                last = Some(name);
            }
        }
        Ok(UndoBatch { done: true, dry_run: true, undone, refused: Vec::new() })
    }

    async fn undo_all(&self, mut request: UndoAll, end: Timestamp) -> Result<UndoBatch, Failure> {
        let mut batch = UndoBatch { done: false, dry_run: false, undone: Vec::new(), refused: Vec::new() };
        loop {
            let page = self.ledger.roles_after(request.continue_after.as_ref(), PAGE).await?;
            for (name, record) in page.roles {
                if end.duration_since(clock::now()) < TIME_FOR_A_ROLE {
                    self.ledger.note_undo_progress(&request).await?;
                    return Ok(batch);
                }
                self.undo_one_of_all(&request, &name, &record, &mut batch).await?;
                request.continue_after = Some(name);
            }
            if !page.more {
                self.ledger.consume_undo_all().await?;
                return Ok(UndoBatch { done: true, ..batch });
            }
            self.ledger.note_undo_progress(&request).await?;
        }
    }

    async fn undo_one_of_all(
        &self,
        all: &UndoAll,
        name: &RoleName,
        record: &RoleRecord,
        batch: &mut UndoBatch,
    ) -> Result<(), Failure> {
        let Some(request) = all.for_role(record) else { return Ok(()) };
        match self.undo_role(name, &request, Force::No).await {
            Ok(_) => batch.undone.push(name.clone()),
            // A role that cannot be undone is no reason to leave the others; AWS not answering is.
            Err(failure) if failure.is_about_this_role_only() => {
                batch.refused.push(LeftAlone { role: name.clone(), why: failure.to_string() });
            }
            Err(failure) => {
                self.ledger.note_undo_progress(all).await?;
                return Err(failure);
            }
        }
        Ok(())
    }
}

/// A role and what the ledger knows of whichever role has its name.
struct Sight {
    role: Role,
    page: UndoPage,
}

fn no_request(role: &str) -> Failure {
    Failure::refused(format!(
        "the ledger holds no item `undo-request`/`{role}`; put one there first, as the undo line of a finding does"
    ))
}

fn given_back(role: RoleName, undone: Undone) -> GivenBack {
    GivenBack {
        role,
        finding: undone.finding,
        by: undone.by,
        boundary: undone.boundary_after,
        hold_until: undone.hold_until,
    }
}
