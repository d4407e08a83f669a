//! What Ringfence tells: schema `ringfence.finding/1`.

mod about_notice;
mod about_policy;
mod about_role;
mod asff;
mod email;
mod fix;
mod ids;
mod impact;
mod message;
mod outcome;
mod undone;
mod used_recently;

pub use about_notice::AboutNotice;
pub use about_policy::{AboutPolicy, Standing};
pub use about_role::{AboutRole, Enforcement};
pub use asff::{
    Asff, Details, FunctionDetails, LARGEST_BATCH, LARGEST_FINDING, MOST_FINDINGS, PermissionsBoundary,
    PolicyDetails, ProviderFields, ProviderSeverity, Recommendation, RecordState, Remediation, Resource,
    RoleDetails, batches,
};
pub use ids::{FindingId, StateKey};
pub use impact::{ImpactFacts, Removed};
pub use message::{Attribute, Message};
pub use outcome::Outcome;
pub use undone::AboutUndo;
pub use used_recently::{ActionUse, ServiceUse};

use crate::check_id::CheckId;
use crate::names::{AccountId, FunctionArn, PolicyArn, RoleArn, RoleId, RoleName};
use crate::settings::Mode;
use crate::severity::Severity;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

/// The name and version of the wire format. A field may be added within `/1`; none changes its meaning or goes.
pub const SCHEMA: &str = "ringfence.finding/1";

/// One thing that the security team should know.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// Ringfence's version.
    pub version: &'static str,
    /// Whether Ringfence acts or only tells.
    pub mode: Mode,
    /// The same on every retry: two findings with one id are one.
    pub id: FindingId,
    /// Stable over outcomes: the key for tickets.
    pub problem: String,
    /// Earlier findings that this one closes.
    pub resolves: Vec<FindingId>,
    /// When the triggering call was made.
    pub time: Timestamp,
    /// When the boundary was in place, if Ringfence put it.
    pub contained_at: Option<Timestamp>,
    /// The account of the role.
    pub account: AccountId,
    /// The Region that Ringfence runs in.
    pub region: String,
    /// The highest breach.
    pub severity: Severity,
    /// One line.
    pub title: String,
    /// Two or three sentences that a person can act on.
    pub summary: String,
    /// What was done.
    pub outcome: Outcome,
    /// Why, in one sentence.
    pub reason: String,
    /// The role it is about.
    pub role: Option<RoleFacts>,
    /// The trigger's function and those that the ledger knows.
    pub functions: Vec<FunctionArn>,
    /// The call that set it off.
    pub trigger: TriggerFacts,
    /// The other tool that asked.
    pub source: Option<crate::trigger::Source>,
    /// What is wrong with the role.
    pub breaches: Vec<BreachFacts>,
    /// What could not be understood, and where.
    pub doubts: Vec<String>,
    /// What Access Analyzer says.
    pub analyzer: Vec<serde_json::Value>,
    /// The boundary before and after.
    pub boundary: BoundaryFacts,
    /// What the boundary that was put, or would be, takes away. `null`: nothing was changed, or it cannot be told.
    pub impact: Option<ImpactFacts>,
    /// One line for a shell that takes the change back. `null`: there is nothing to take back, or no such line.
    pub undo: Option<String>,
    /// The line to add to the role's template.
    pub fix: Option<FixLines>,
    /// Where to look.
    pub links: Links,
}

impl Finding {
    /// The severity of its highest breach.
    #[must_use]
    pub fn worst_breach(&self) -> Option<Severity> {
        self.breaches.iter().map(|breach| breach.severity).max()
    }
}

/// The role, as the finding shows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RoleFacts {
    /// With its path.
    pub arn: RoleArn,
    /// Without its path.
    pub name: RoleName,
    /// The path.
    pub path: String,
    /// The unique id.
    pub id: RoleId,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last used.
    pub last_used: Option<Timestamp>,
    /// The first of `OwnerTagKeys` that the role carries.
    pub owner: Option<String>,
    /// All its tags.
    pub tags: BTreeMap<String, String>,
}

/// The trigger, as the finding shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TriggerFacts {
    /// The call.
    pub event: String,
    /// CloudTrail's id of it.
    pub event_id: String,
    /// Who called.
    pub principal: Option<String>,
    /// The name of the caller's session.
    pub session: Option<String>,
    /// From where.
    pub source_ip: Option<String>,
    /// With what.
    pub user_agent: Option<String>,
    /// The tool.
    pub via: &'static str,
}

/// A breach, as the finding shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BreachFacts {
    /// Which check.
    pub check: CheckId,
    /// Before the action.
    pub severity: Severity,
    /// Whether `boundary.after` closes it.
    pub capped: bool,
    /// What the role can do.
    pub summary: String,
    /// Where that stands.
    pub evidence: Vec<crate::assess::Evidence>,
    /// What to do about it.
    pub remedy: String,
}

/// The boundary before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BoundaryFacts {
    /// What the role had.
    pub before: Option<PolicyArn>,
    /// What it has, or would have.
    pub after: Option<PolicyArn>,
}

/// The line that makes the boundary part of the role's own template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FixLines {
    /// For an `AWS::Serverless::Function` whose role SAM makes.
    pub sam: String,
    /// For an `AWS::IAM::Role`.
    pub cloudformation: String,
    /// For an `aws_iam_role`.
    pub terraform: String,
    /// For a CDK `Role` or `Function`.
    pub cdk: String,
}

/// Where to look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Links {
    /// The role in the IAM console.
    pub role: Option<String>,
    /// The call in CloudTrail's console.
    pub event: Option<String>,
    /// What to do about it.
    pub runbook: Option<String>,
}
