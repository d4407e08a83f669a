//! What the installation asks for: the parameters of `template.yaml` that decisions depend on.

use crate::analyzer::AnalyzerMode;
use crate::assess::Approval;
use crate::names::{PolicyArn, RoleArn};
use crate::severity::Severity;
use crate::snapshot::Boundary;
use iam_policy::ActionName;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The settings that assessing and deciding go by. Read once at start, see `account::settings`. Whether anything is written is
/// not among them: that is a [`Mode`] in force at a time, see [`ConfiguredMode`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The boundary that Ringfence puts ("ours").
    pub boundary: PolicyArn,
    /// Boundaries that are as good as ours.
    pub approved: BTreeSet<PolicyArn>,
    /// A new role is bounded where its breaches reach this.
    pub enforce_at: Severity,
    /// An existing role whose rights changed is bounded where its breaches reach this.
    pub enforce_existing_at: Severity,
    /// Whether roles that others may assume too are bounded.
    pub shared_trust: SharedTrust,
    /// Actions that our boundary was asked to leave open for some roles: `AllowedPassRoleArns`, `AllowedAssumeRoleArns`.
    pub carve_outs: Vec<ActionName>,
    /// Whether a boundary that is wider than ours gives way to it.
    pub replace_wider: ReplaceWider,
    /// Roles that are never changed.
    pub protected: BTreeSet<RoleArn>,
    /// The roles of Ringfence's own functions, by their exact ARNs: a prefix could be claimed by anybody.
    pub own_roles: BTreeSet<RoleArn>,
    /// Tag keys that name a role's owner, best first.
    pub owner_tag_keys: Vec<String>,
    /// What IAM Access Analyzer is asked besides.
    pub analyzer: AnalyzerMode,
}

impl Settings {
    /// What the assessment is told of a role's boundary.
    #[must_use]
    pub fn approval(&self, boundary: &Boundary) -> Approval {
        match boundary {
            Boundary::Absent => Approval::NotJudged,
            Boundary::Attached { arn, .. } if *arn == self.boundary => Approval::Ours,
            Boundary::Attached { arn, .. } if self.accepts(arn) => Approval::Approved,
            Boundary::Attached { .. } => Approval::Unapproved,
        }
    }

    /// Whether `boundary` is the one that Ringfence puts, or one that was approved beside it.
    #[must_use]
    pub fn accepts(&self, boundary: &PolicyArn) -> bool {
        *boundary == self.boundary || self.approved.contains(boundary)
    }
}

/// What the template says about the mode. It is no [`Mode`] to go by: an operator's kill switch may be on, so the mode in
/// force comes out of [`ConfiguredMode::in_force`] alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConfiguredMode(pub(crate) Mode);

impl std::str::FromStr for ConfiguredMode {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        text.parse().map(Self)
    }
}

/// Whether Ringfence acts or only tells, at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Boundaries are put and restored.
    Enforce,
    /// The same path, nothing written: findings say what would have been done.
    Observe,
}

impl Mode {
    /// The word used on the wire and in the template.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Observe => "observe",
        }
    }
}

/// Whether a boundary that allows all that ours does, and more, gives way to ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplaceWider {
    /// It does.
    Yes,
    /// It stays, and is told.
    No,
}

/// Whether roles that principals other than Lambda may assume are bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SharedTrust {
    /// Never: they are reported.
    Off,
    /// Where the role is new.
    New,
    /// Always.
    All,
}

/// A word that a setting does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is none of {known}")]
pub struct UnknownWord {
    text: String,
    known: &'static str,
}

impl UnknownWord {
    pub(crate) fn new(text: &str, known: &'static str) -> Self {
        Self { text: text.to_owned(), known }
    }
}

impl std::str::FromStr for Mode {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "enforce" => Ok(Self::Enforce),
            "observe" => Ok(Self::Observe),
            _ => Err(UnknownWord { text: text.to_owned(), known: "`enforce`, `observe`" }),
        }
    }
}

impl std::str::FromStr for ReplaceWider {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "true" => Ok(Self::Yes),
            "false" => Ok(Self::No),
            _ => Err(UnknownWord { text: text.to_owned(), known: "`true`, `false`" }),
        }
    }
}

impl std::str::FromStr for SharedTrust {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "off" => Ok(Self::Off),
            "new" => Ok(Self::New),
            "all" => Ok(Self::All),
            _ => Err(UnknownWord { text: text.to_owned(), known: "`off`, `new`, `all`" }),
        }
    }
}
