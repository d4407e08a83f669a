//! What a role is right now, as IAM answered: never as an event told it.

use crate::names::{PolicyArn, RoleArn, RoleId};
use iam_policy::{Level, Policy, PolicyKind};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What `GetRole` answers: enough to decide whether a new role needs a boundary.
#[derive(Debug, Clone)]
pub struct Role {
    /// With its path.
    pub arn: RoleArn,
    /// Tells a role from its namesake that was deleted.
    pub id: RoleId,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last used in the tracking period of IAM (400 days); none if never, or longer ago.
    pub last_used: Option<Timestamp>,
    /// Who may assume it.
    pub trust: Document,
    /// The permissions boundary attached, whether or not its policy exists.
    pub boundary: Option<PolicyArn>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// A role with every policy that speaks about it.
#[derive(Debug, Clone)]
pub struct RoleSnapshot {
    /// What `GetRole` answered.
    pub role: Role,
    /// Attached and inline policies.
    pub policies: Vec<RolePolicy>,
    /// The boundary in force when the role was read.
    pub boundary: Boundary,
}

/// A policy of the role.
#[derive(Debug, Clone)]
pub struct RolePolicy {
    /// Where it stands.
    pub source: PolicySource,
    /// What it says.
    pub document: Document,
}

/// Where a policy of a role stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicySource {
    /// A managed policy, AWS's or the customer's.
    Managed(PolicyArn),
    /// An inline policy by its name.
    Inline(String),
}

impl std::fmt::Display for PolicySource {
    /// As evidence shows it: the ARN, or `inline:NAME`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Managed(arn) => write!(f, "{arn}"),
            Self::Inline(name) => write!(f, "inline:{name}"),
        }
    }
}

/// A policy document, or why there is none to go by. A document that is not understood grants nothing and caps
/// nothing; it is always told as a doubt.
#[derive(Debug, Clone, PartialEq)]
pub enum Document {
    /// Parsed whole; shared, since one managed policy serves many roles.
    Understood(Arc<Policy>),
    /// Not a policy in IAM's language.
    NotUnderstood(NotUnderstood),
    /// It was named but is not there any more.
    Gone,
}

/// Why a document is no policy to go by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotUnderstood {
    why: String,
    text: Option<Arc<str>>,
}

impl NotUnderstood {
    /// Of a document that is text, which somebody else may understand.
    #[must_use]
    pub fn text(why: String, text: &str) -> Self {
        Self { why, text: Some(text.into()) }
    }

    /// The document as it came; none where it was no text.
    #[must_use]
    pub fn as_it_came(&self) -> Option<&str> {
        self.text.as_deref()
    }
}

impl From<String> for NotUnderstood {
    /// Of a document that is not even text.
    fn from(why: String) -> Self {
        Self { why, text: None }
    }
}

impl std::fmt::Display for NotUnderstood {
    /// Why.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.why)
    }
}

impl Document {
    /// Parses the JSON text of a document.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match Policy::parse(text) {
            Ok(policy) => Self::Understood(Arc::new(policy)),
            Err(e) => Self::NotUnderstood(NotUnderstood::text(e.to_string(), text)),
        }
    }

    /// Parses the JSON text of an identity policy or a boundary. One that IAM would not have stored, because it breaks
    /// the grammar of such policies, is not understood either: it cannot be what is in force.
    #[must_use]
    pub fn parse_identity(text: &str) -> Self {
        match Self::parse(text) {
            Self::Understood(policy) => {
                let problems = policy.validate(PolicyKind::Identity);
                match problems.iter().find(|problem| problem.level == Level::Refused) {
                    Some(problem) => Self::NotUnderstood(NotUnderstood::text(problem.to_string(), text)),
                    None => Self::Understood(policy),
                }
            }
            other @ (Self::NotUnderstood(_) | Self::Gone) => other,
        }
    }

    /// The policy, where it was understood.
    #[must_use]
    pub fn understood(&self) -> Option<&Policy> {
        match self {
            Self::Understood(policy) => Some(policy),
            Self::NotUnderstood(_) | Self::Gone => None,
        }
    }
}

/// The permissions boundary of a role.
#[derive(Debug, Clone)]
pub enum Boundary {
    /// None attached: nothing is cut.
    Absent,
    /// Attached; its policy may be gone or not understood.
    Attached {
        /// Which policy.
        arn: PolicyArn,
        /// What its default version says.
        document: Document,
    },
}

impl Boundary {
    /// What its policy says; none where none is attached.
    #[must_use]
    pub fn document(&self) -> Option<&Document> {
        match self {
            Self::Absent => None,
            Self::Attached { document, .. } => Some(document),
        }
    }

    /// What this boundary leaves of a role's rights.
    #[must_use]
    pub fn cap(&self) -> Cap<'_> {
        match self {
            Self::Absent => Cap::Nothing,
            Self::Attached { document: Document::Understood(policy), .. } => Cap::Policy(policy),
            // A boundary whose policy was deleted allows nothing, so nothing is allowed.
            Self::Attached { document: Document::Gone, .. } => Cap::Everything,
            // Nothing is known about what it cuts: judge as if it cut nothing, so that no danger is hidden.
            Self::Attached { document: Document::NotUnderstood(_), .. } => Cap::Nothing,
        }
    }
}

/// What is taken away from a role's rights when they are judged.
#[derive(Debug, Clone, Copy)]
pub enum Cap<'a> {
    /// Nothing: the role's own policies decide.
    Nothing,
    /// What this boundary does not allow.
    Policy(&'a Policy),
    /// All of it.
    Everything,
}
