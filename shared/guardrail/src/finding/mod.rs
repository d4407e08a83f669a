//! What Ringfence tells: schema `ringfence.finding/1`.

mod about_denial;
mod about_exposure;
mod about_missing_role;
mod about_notice;
mod about_policy;
mod about_proposal;
mod about_role;
mod about_sweep;
mod asff;
mod denial_facts;
mod deployed_with;
mod email;
mod fix;
mod ids;
mod impact;
mod message;
mod news;
mod outcome;
mod owner;
mod proposal_facts;
#[cfg(feature = "schema")]
mod schema;
mod story;
mod undone;
mod unused;
mod used_recently;

pub use about_denial::AboutDenial;
pub use about_exposure::AboutExposure;
pub use about_missing_role::{AboutMissingRole, RoleOver};
pub use about_notice::AboutNotice;
pub use about_policy::{AboutPolicy, Standing};
pub use about_proposal::AboutProposal;
pub(crate) use about_role::shortened;
pub use about_role::{AboutRole, Enforcement};
pub use about_sweep::{AboutSweep, ReportPlace};
pub use asff::{
    Asff, Details, FunctionDetails, LARGEST_BATCH, LARGEST_FINDING, MOST_FINDINGS, PermissionsBoundary,
    PolicyDetails, ProviderFields, ProviderSeverity, Recommendation, RecordState, Remediation, Resource,
    RoleDetails, batches,
};
pub use denial_facts::DenialFacts;
pub use ids::{FindingId, StateKey};
pub use impact::{ImpactFacts, Removed};
pub use message::{Attribute, Message};
pub use outcome::Outcome;
pub use owner::{OwnerSources, owner_in};
pub use proposal_facts::{FittedFacts, LeftOutFacts, NarrowedFacts, ProposalFacts, ServiceFacts};
#[cfg(feature = "schema")]
pub use schema::json_schema;
pub use story::Story;
pub use undone::AboutUndo;
pub use used_recently::{ActionUse, ServiceUse};

use crate::analyzer::Note;
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Finding {
    /// The name and version of this format. A field may be added within `/1`; none changes its meaning or goes.
    #[cfg_attr(feature = "schema", schemars(extend("const" = SCHEMA)))]
    pub schema: &'static str,
    /// The version of Ringfence that made the finding.
    pub version: &'static str,
    /// Whether Ringfence acts or only tells.
    pub mode: Mode,
    /// The same on every retry: two findings with one id are one.
    pub id: FindingId,
    /// `ACCOUNT/SUBJECT/KIND`, stable over outcomes: the key for tickets. The subject is a role's id, the ARN of a policy, of a
    /// function or of a role that does not exist, the key of an item of the ledger, or a service and a part of Ringfence there.
    #[cfg_attr(
        feature = "schema",
        schemars(regex(pattern = r"^[0-9]{12}/[\s\S]+/(role-rights|exposure|boundary-policy|ringfence)$"))
    )]
    pub problem: String,
    /// Ids of earlier findings that this one closes.
    pub resolves: Vec<FindingId>,
    /// When the triggering call was made; the time of the run where there was none.
    pub time: Timestamp,
    /// When Ringfence's write was done; `null` where it wrote nothing.
    pub contained_at: Option<Timestamp>,
    /// The account that is guarded.
    pub account: AccountId,
    /// The Region that Ringfence runs in.
    pub region: String,
    /// How soon somebody should look.
    pub severity: Severity,
    /// One line.
    pub title: String,
    /// Two or three sentences that a person can act on.
    pub summary: String,
    /// What was done.
    pub outcome: Outcome,
    /// Why, in one sentence.
    pub reason: String,
    /// The role, for an open function its own; `null` where it is not known, or the finding is about a boundary policy or Ringfence.
    pub role: Option<RoleFacts>,
    /// The function that the call named, and those that the ledger knows with the role; of a role that does not exist, those that
    /// name it, 50 at most.
    pub functions: Vec<FunctionArn>,
    /// The call that set it off.
    pub trigger: TriggerFacts,
    /// The other tool that asked for a look; `null` where none did.
    pub source: Option<crate::trigger::Source>,
    /// What is wrong with the role.
    pub breaches: Vec<BreachFacts>,
    /// What could not be understood, and where.
    pub doubts: Vec<String>,
    /// What Access Analyzer says.
    pub analyzer: Vec<Note>,
    /// The boundary before and after.
    pub boundary: BoundaryFacts,
    /// What the boundary that was put, or would be, takes away. `null`: nothing was changed, or it cannot be told.
    pub impact: Option<ImpactFacts>,
    /// The call that a boundary refused; there for `denied` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub denial: Option<DenialFacts>,
    /// A narrower policy for the role; there for `suggested` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proposal: Option<ProposalFacts>,
    /// One line for a shell that takes the change back. `null`: there is nothing to take back, or no such line.
    pub undo: Option<String>,
    /// The line to add to the role's template; `null` where the role has no boundary to keep.
    pub fix: Option<FixLines>,
    /// Where to look.
    pub links: Links,
    /// For the e-mail alone: others have it in `summary`.
    #[serde(skip)]
    pub story: Story,
}

impl Finding {
    /// The severity of its highest breach.
    #[must_use]
    pub fn worst_breach(&self) -> Option<Severity> {
        self.breaches.iter().map(|breach| breach.severity).max()
    }

    /// Says what Access Analyzer answered. Neither id nor severity depend on it: it may answer another time otherwise, or not at all.
    pub fn tell_analyzer(&mut self, notes: Vec<Note>) {
        self.analyzer = notes;
    }

    /// Whether it is about who may call a function, and not about a role.
    pub(crate) fn is_about_a_function(&self) -> bool {
        self.problem.ends_with("/exposure") && self.story.missing_role.is_none()
    }
}

/// The role, as the finding shows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    /// When it was last used; `null` where it never was.
    pub last_used: Option<Timestamp>,
    /// The value of the first tag of `OwnerTagKeys` that the role carries.
    pub owner: Option<String>,
    /// All its tags.
    pub tags: BTreeMap<String, String>,
}

/// The trigger, as the finding shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TriggerFacts {
    /// The API call without its date suffix, such as `CreateFunction`; `Undo`, `Settings` … where there was no call. In a `self-tamper`
    /// as CloudTrail names it, with the suffix.
    pub event: String,
    /// CloudTrail's `eventID` of the call; empty where there was none.
    pub event_id: String,
    /// The ARN of the caller; for an AWS service without one, its name. In what a rule sent and no function: the kind of caller, names,
    /// id and account, as far as the record has them.
    pub principal: Option<String>,
    /// The name of the caller's session.
    pub session: Option<String>,
    /// The caller's address, or the name of an AWS service.
    pub source_ip: Option<String>,
    /// What the caller's tool calls itself.
    pub user_agent: Option<String>,
    /// The tool that the call came through.
    #[cfg_attr(feature = "schema", schemars(with = "schema::Via"))]
    pub via: &'static str,
}

/// A breach, as the finding shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BreachFacts {
    /// Which check.
    pub check: CheckId,
    /// How bad it was before the action.
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BoundaryFacts {
    /// What there was before; `null` for none.
    pub before: Option<PolicyArn>,
    /// What there is now, or would be; `null` for none.
    pub after: Option<PolicyArn>,
}

/// The line that makes the boundary part of the role's own template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FixLines {
    /// A property of the `AWS::Serverless::Function` whose role SAM makes.
    pub sam: String,
    /// A property of an `AWS::IAM::Role`.
    pub cloudformation: String,
    /// An argument of the `aws_iam_role`.
    pub terraform: String,
    /// A TypeScript statement behind the construct `role`, a `Role` or a `Function`.
    pub cdk: String,
}

/// Where to look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Links {
    /// The role in the IAM console.
    #[cfg_attr(feature = "schema", schemars(extend("format" = "uri")))]
    pub role: Option<String>,
    /// The call in CloudTrail's console.
    #[cfg_attr(feature = "schema", schemars(extend("format" = "uri")))]
    pub event: Option<String>,
    /// What to do about findings of this outcome.
    #[cfg_attr(feature = "schema", schemars(extend("format" = "uri")))]
    pub runbook: Option<String>,
    /// The page of a sweep's report, in the console of S3. Only a `summary` has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(extend("format" = "uri")))]
    pub report: Option<String>,
}
