//! What set a look at a role off: the [`Trigger`], and the CloudTrail record it was read from.

mod caller;
mod cloudtrail;
mod event_name;
mod exposure_change;
mod policy_change;

pub use caller::{Caller, Tool};
pub use cloudtrail::CloudTrailRecord;
pub use event_name::EventName;
pub use exposure_change::{ExposureChange, ExposureEffect};
pub use policy_change::{PolicyChange, PolicyEffect};

use crate::names::{AccountId, FunctionArn, PolicyArn, RoleId, RoleName};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A reason to look at one role now.
///
/// It is a hint and nothing more: whoever may invoke our functions can forge one, so whatever is decided rests on
/// what IAM and Lambda answer when asked, never on what stands here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trigger {
    /// The API call without its date suffix, or `Sweep`, `Review` … where there was no call.
    pub event: EventName,
    /// CloudTrail's `eventID`, or what the sender of a review gave.
    pub event_id: String,
    /// When the call was made; not known for a review without one.
    pub time: Option<Timestamp>,
    /// Whose role it is about.
    pub subject: Subject,
    /// What the call can have changed.
    pub change: Change,
    /// Who called, and how.
    pub caller: Caller,
    /// The other tool that asked for this look.
    pub source: Option<Source>,
}

/// The role, or the function whose role is to be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// A role by its name. `GetRole` finds it whatever its path.
    Role(RoleName),
    /// A function whose role the event did not tell.
    FunctionsRole(FunctionArn),
    /// A role by its unique id, which is all that AWS Config tells of one.
    RoleWithId(RoleId),
}

/// What the call can have changed about the role.
///
/// Existing roles are bounded only where their rights changed, or where a function was given a role that it did not
/// have before (design, "Decisions").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// The role's policies or trust: its rights.
    Rights,
    /// A function was created with the role, or given it.
    GivenTo(FunctionArn),
    /// A function that has the role was reconfigured, the role not mentioned: no right changed.
    NothingOf(FunctionArn),
    /// A boundary was put on the role.
    BoundaryPut(Option<PolicyArn>),
    /// The role's boundary was taken away.
    BoundaryDeleted,
    /// Nothing is known to have changed: somebody wants the role looked at.
    Look,
    /// The sweep came by: what changed, no event told. The mode has to be that of sweeps, see [`crate::sweep::SweepModes`].
    Swept,
}

impl Change {
    /// The function that the call named.
    #[must_use]
    pub fn function(&self) -> Option<&FunctionArn> {
        match self {
            Self::GivenTo(function) | Self::NothingOf(function) => Some(function),
            Self::Rights | Self::BoundaryPut(_) | Self::BoundaryDeleted | Self::Look | Self::Swept => None,
        }
    }
}

/// Another tool's finding that led here (its id and title are shown in ours).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Source {
    /// The product, such as `Security Hub`.
    pub product: String,
    /// The product's id of its finding.
    pub id: String,
    /// The title of its finding.
    pub title: String,
}

/// Why an event is none of ours. Not an error: the invocation ends well and says this in its log line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Ignored {
    /// The call failed, so nothing changed.
    #[error("the call failed with `{0}`")]
    Failed(String),
    /// The call only reads.
    #[error("`{0}` only reads")]
    ReadOnly(EventName),
    /// Another event, or one of another service.
    #[error("`{event}` of `{source_service}` is not an event of this function")]
    OtherEvent {
        /// The call.
        event: EventName,
        /// CloudTrail's `eventSource`.
        source_service: String,
    },
    /// The call made a version of a policy that is not in force.
    #[error("`{0}` made a version that is not the default, so nothing changed")]
    NotInForce(EventName),
    /// The call was not refused, or not because of a boundary as far as it tells.
    #[error("`{0}` does not say that a permissions boundary refused it")]
    NotByABoundary(EventName),
    /// The event does not tell its call.
    #[error("the event names no API call")]
    NoEventName,
    /// The event concerns no role, function or policy that can be named.
    #[error("`{event}` names no {wanted}: {why}")]
    NoSubject {
        /// The call.
        event: EventName,
        /// `role`, `function` or `policy`.
        wanted: &'static str,
        /// What is missing or wrong.
        why: String,
    },
    /// The event is about another account's resources.
    #[error("the event belongs to account `{0}`, this Ringfence guards another one")]
    OtherAccount(AccountId),
}
