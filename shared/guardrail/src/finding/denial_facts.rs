use crate::denial::{Grant, RefusalKind, Remedy};
use jiff::Timestamp;
use serde::Serialize;

/// The call that a boundary refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DenialFacts {
    /// The action that was refused, such as `iam:CreateUser`.
    pub action: String,
    /// Whether a statement denies it, or none allows it.
    pub kind: RefusalKind,
    /// What the first call was about, in the words of AWS's message: often an ARN; `null` where it does not tell. For people: nothing is
    /// concluded from it.
    pub resource: Option<String>,
    /// The statements of the boundary that deny it, by Sid or position. Where there are several, one of them did: which one depends
    /// on what the call was about. Empty where none denies it.
    pub statements: Vec<String>,
    /// Whether the boundary is there to refuse this: a way to more rights, or tampering with boundaries, audit or Ringfence.
    pub dangerous: bool,
    /// Whether the role's own policies grant it. Where they do not, the boundary is not the only reason: AWS's message names one.
    pub granted: Grant,
    /// The function that probably made the call, as the session and the user agent say; `null` where they do not.
    pub function: Option<String>,
    /// How many calls were refused when this was told; there may have been more.
    pub at_least: u64,
    /// The earliest of them.
    pub first: Timestamp,
    /// The latest of them.
    pub last: Timestamp,
    /// What can be done, best first.
    pub remedies: Vec<Remedy>,
}
