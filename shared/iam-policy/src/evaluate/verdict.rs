//! The answer of an evaluation, and what it rests on.

use std::fmt;

use super::matching::Undocumented;

/// Whether a request is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Allowed.
    Allowed,
    /// Nothing denies it, but something that would have to allow it does not.
    ImplicitlyDenied,
    /// A statement denies it.
    ExplicitlyDenied,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Allowed => "Allowed",
            Self::ImplicitlyDenied => "ImplicitlyDenied",
            Self::ExplicitlyDenied => "ExplicitlyDenied",
        })
    }
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluation {
    /// Whether the request is allowed.
    pub verdict: Verdict,
    /// What decided.
    pub because: Because,
    /// The open questions on which the verdict hangs: answered the other way, it would be another one. Empty
    /// for a verdict that the guide settles.
    pub undocumented: Vec<Silence>,
}

/// What decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Because {
    /// This Deny applies.
    DeniedBy(StatementRef),
    /// This Allow applies, and nothing caps it.
    AllowedBy(StatementRef),
    /// The root user of an account needs no policy of its own.
    AccountRoot,
    /// No statement of this layer allows it.
    NotAllowedBy(Layer),
}

/// A layer of policies that has to allow a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Layer {
    /// The caller's identity policies.
    Identity,
    /// The caller's permissions boundary.
    Boundary,
    /// The session policy.
    Session,
    /// The service control policies of one level, counted from the root.
    ServiceControl(usize),
    /// The resource control policies of one level, counted from the root.
    ResourceControl(usize),
    /// The policy of the resource, or the trust policy of the role.
    Resource,
    /// The policy of the VPC endpoint.
    VpcEndpoint,
}

/// A statement among the policies of an evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StatementRef {
    /// The policy.
    pub source: Source,
    /// The position of the statement in it, from 0.
    pub statement: usize,
}

/// A policy among those of an evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// The identity policy at this position.
    Identity(usize),
    /// The permissions boundary.
    Boundary,
    /// The session policy.
    Session,
    /// A service control policy.
    ServiceControl {
        /// The level, counted from the root.
        level: usize,
        /// The position in the level.
        policy: usize,
    },
    /// A resource control policy.
    ResourceControl {
        /// The level, counted from the root.
        level: usize,
        /// The position in the level.
        policy: usize,
    },
    /// The policy of the resource.
    Resource,
    /// The trust policy of the role.
    Trust,
    /// The endpoint policy at this position.
    VpcEndpoint(usize),
}

/// A statement that met a question the guide leaves open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Silence {
    /// The statement.
    pub statement: StatementRef,
    /// The question.
    pub question: Undocumented,
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DeniedBy(statement) => write!(f, "denied by {statement}"),
            Self::AllowedBy(statement) => write!(f, "allowed by {statement}"),
            Self::AccountRoot => f.write_str("the root user of the account needs no policy"),
            Self::NotAllowedBy(layer) => write!(f, "not allowed by {layer}"),
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Identity => f.write_str("the identity policies"),
            Self::Boundary => f.write_str("the permissions boundary"),
            Self::Session => f.write_str("the session policy"),
            Self::ServiceControl(level) => write!(f, "the service control policies of level {level}"),
            Self::ResourceControl(level) => write!(f, "the resource control policies of level {level}"),
            Self::Resource => f.write_str("the policy of the resource"),
            Self::VpcEndpoint => f.write_str("the policy of the VPC endpoint"),
        }
    }
}

impl fmt::Display for StatementRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, statement {}", self.source, self.statement)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Identity(policy) => write!(f, "identity policy {policy}"),
            Self::Boundary => f.write_str("the permissions boundary"),
            Self::Session => f.write_str("the session policy"),
            Self::ServiceControl { level, policy } => {
                write!(f, "service control policy {policy} of level {level}")
            }
            Self::ResourceControl { level, policy } => {
                write!(f, "resource control policy {policy} of level {level}")
            }
            Self::Resource => f.write_str("the policy of the resource"),
            Self::Trust => f.write_str("the trust policy"),
            Self::VpcEndpoint(policy) => write!(f, "VPC endpoint policy {policy}"),
        }
    }
}

impl fmt::Display for Silence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}", self.question, self.statement)
    }
}
