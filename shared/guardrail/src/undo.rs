//! Giving a role back what it had before Ringfence wrote to it.
//!
//! An operator asks for it by an item of the ledger, which only operators may write, and then invokes the function. The
//! invocation alone asks for nothing: whoever may invoke functions may not therefore take boundaries away.

mod call;
mod request;

pub use call::{All, Call, Force};
pub use request::{ALL_ROLES, HoldDays, InvalidRequest, RequestedBy, UndoAll, UndoRequest};

use crate::finding::FindingId;
use crate::names::{PolicyArn, RoleId, RoleName};
use crate::record::{RoleRecord, Undone};
use crate::snapshot::Role;
use jiff::Timestamp;

/// The name of the function that takes writes back.
pub const FUNCTION: &str = "ringfence-undo-remediation";

/// What an operator pastes into a shell with AWS CLI 2 to have a write taken back.
///
/// Names of roles, tables and Regions hold nothing that a shell or JSON would read otherwise.
#[must_use]
pub fn shell_line(role: &RoleName, finding: &FindingId, region: &str, table: &str) -> String {
    let hold_days = HoldDays::USUAL;
    let finding = finding.as_str();
    format!(
        r#"aws dynamodb put-item --region {region} --table-name {table} --item '{{"pk":{{"S":"undo-request"}},"sk":{{"S":"{role}"}},"finding":{{"S":"{finding}"}},"by":{{"S":"'"$(aws sts get-caller-identity --query Arn --output text)"'"}},"hold_days":{{"N":"{hold_days}"}}}}' && aws lambda invoke --region {region} --function-name {FUNCTION} --cli-binary-format raw-in-base64-out --payload '{{"role":"{role}"}}' /dev/stdout || echo 'If AWS denied it: OperatorPrincipals, a parameter of the Ringfence stack, has to name you.'"#
    )
}

/// What a request and the ledger come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The write is to be taken back.
    GiveBack(Undo),
    /// It was taken back already, by an invocation that died before it told: its finding is to be told.
    Finish(Undone),
}

/// A decided undo. A witness like [`crate::decide::Remediation`]: only [`decide`] makes one, and the writer demands it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undo {
    role: RoleName,
    role_id: RoleId,
    generation: u64,
    undone: Undone,
}

impl Undo {
    /// Whose boundary is changed.
    #[must_use]
    pub fn role(&self) -> &RoleName {
        &self.role
    }

    /// The boundary that the role has.
    #[must_use]
    pub fn before(&self) -> Option<&PolicyArn> {
        self.undone.boundary_before.as_ref()
    }

    /// The boundary that it is given back; none where it had none.
    #[must_use]
    pub fn after(&self) -> Option<&PolicyArn> {
        self.undone.boundary_after.as_ref()
    }

    /// What the ledger is to know before IAM is asked.
    #[must_use]
    pub fn undone(&self) -> &Undone {
        &self.undone
    }

    /// The role's record once the finding is out and the request is gone: there is nothing more to take back.
    #[must_use]
    pub fn closed(record: RoleRecord) -> RoleRecord {
        RoleRecord { last_write: None, ..record }
    }

    /// The role's record with the undo in it: from here on Ringfence expects the change and holds the role.
    #[must_use]
    pub fn recorded_in(&self, record: &RoleRecord) -> RoleRecord {
        let of_this_role = if record.role_id == self.role_id {
            record.clone()
        } else {
            RoleRecord { last_write: record.last_write.clone(), ..RoleRecord::new(self.role_id.clone()) }
        };
        RoleRecord {
            generation: self.generation,
            bounded_with: None,
            put_at: None,
            intent: None,
            undone: Some(self.undone.clone()),
            ..of_this_role
        }
    }
}

/// Why a write is not taken back. Each says what the operator can do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The ledger knows of no write.
    #[error("the ledger records no write of Ringfence to role `{0}`, so there is nothing to take back")]
    NothingRecorded(RoleName),
    /// The role was made anew.
    #[error(
        "role `{role}` was made anew since Ringfence wrote to it (its id is `{found}`, recorded is `{recorded}`); invoke \
         again with `\"force\":true` if this one is meant"
    )]
    AnotherRole {
        /// Its name.
        role: RoleName,
        /// The id in the ledger.
        recorded: RoleId,
        /// The id in IAM.
        found: RoleId,
    },
    /// Another write came after the one that was asked about.
    #[error(
        "the last write to role `{role}` was told by finding `{recorded}` and not by `{asked}`; use the undo line of \
         that finding, or invoke again with `\"force\":true`"
    )]
    AnotherFinding {
        /// The role.
        role: RoleName,
        /// Of the last write.
        recorded: String,
        /// In the request.
        asked: String,
    },
    /// Somebody changed the boundary since.
    #[error(
        "role `{role}` has {found} and not the boundary that Ringfence put, `{recorded}`; invoke again with \
         `\"force\":true` to put what was there before all the same"
    )]
    AnotherBoundary {
        /// The role.
        role: RoleName,
        /// What Ringfence put.
        recorded: PolicyArn,
        /// What is there, in words.
        found: String,
    },
    /// The boundary would have to be deleted and is not Ringfence's.
    #[error(
        "role `{role}` had no boundary before and has `{found}` now, which is not Ringfence's to delete; who put it has to \
         take it away"
    )]
    NotOurs {
        /// The role.
        role: RoleName,
        /// What it has.
        found: PolicyArn,
    },
    /// A write is under way.
    #[error(
        "Ringfence is at work on role `{0}` right now; invoke again in a minute, or with `\"force\":true` if that goes on"
    )]
    AtWork(RoleName),
}

/// Decides about a request to take back the last write to a role.
///
/// # Errors
/// Where the role is not as the ledger recorded it. [`Force::Yes`] overrides all refusals but that nothing is recorded and that
/// the boundary is not Ringfence's to delete.
pub fn decide(
    request: &UndoRequest,
    role: &Role,
    record: &RoleRecord,
    force: Force,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    let name = role.arn.name();
    let Some(write) = &record.last_write else { return Err(Refusal::NothingRecorded(name.clone())) };
    if let Some(undone) = done_already(request, role, record) {
        return Ok(Decision::Finish(undone.clone()));
    }
    if force == Force::No {
        refuse_if_changed(request, role, record)?;
    }
    // The function's role may delete no other boundary either.
    if let Some(found) = role.boundary.as_ref().filter(|found| **found != write.boundary_after)
        && write.boundary_before.is_none()
    {
        return Err(Refusal::NotOurs { role: name.clone(), found: found.clone() });
    }
    let generation = record.generation.saturating_add(1);
    let undone = Undone {
        finding: FindingId::of_undo(&role.id, generation),
        of: request.finding.clone(),
        by: request.by.as_str().to_owned(),
        at: now,
        hold_until: request.hold_days.after(now),
        boundary_before: role.boundary.clone(),
        boundary_after: write.boundary_before.clone(),
    };
    Ok(Decision::GiveBack(Undo { role: name.clone(), role_id: role.id.clone(), generation, undone }))
}

/// The recorded undo of this very request, where the role is as that left it.
fn done_already<'r>(request: &UndoRequest, role: &Role, record: &'r RoleRecord) -> Option<&'r Undone> {
    record.undone.as_ref().filter(|undone| {
        record.role_id == role.id && undone.of == request.finding && undone.boundary_after == role.boundary
    })
}

fn refuse_if_changed(request: &UndoRequest, role: &Role, record: &RoleRecord) -> Result<(), Refusal> {
    let name = || role.arn.name().clone();
    let Some(write) = &record.last_write else { return Err(Refusal::NothingRecorded(name())) };
    if record.role_id != role.id {
        let (recorded, found) = (record.role_id.clone(), role.id.clone());
        return Err(Refusal::AnotherRole { role: name(), recorded, found });
    }
    if record.intent.is_some() {
        return Err(Refusal::AtWork(name()));
    }
    if write.finding != request.finding {
        let (recorded, asked) = (write.finding.as_str().to_owned(), request.finding.as_str().to_owned());
        return Err(Refusal::AnotherFinding { role: name(), recorded, asked });
    }
    if role.boundary.as_ref() != Some(&write.boundary_after) {
        let found =
            role.boundary.as_ref().map_or("no boundary".to_owned(), |arn| format!("boundary `{arn}`"));
        let recorded = write.boundary_after.clone();
        return Err(Refusal::AnotherBoundary { role: name(), recorded, found });
    }
    Ok(())
}
