//! What IAM refuses or warns of in a document that can be read.
//!
//! The rules follow the grammar and IAM Access Analyzer's policy checks. See
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html> and
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html>.

mod condition;
mod statement;

use std::fmt;

use crate::document::{OneOrMany, Policy, Version};
use crate::parse::JsonPath;
use crate::variable::VariableFault;

/// What a document is attached as; some rules differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PolicyKind {
    /// Attached to a user, group or role, or a managed policy.
    Identity,
    /// A permissions boundary.
    Boundary,
    /// Given when a session is made.
    Session,
    /// Attached to a resource other than a role.
    Resource,
    /// The trust policy of a role.
    Trust,
    /// A service control policy.
    ServiceControl,
    /// A resource control policy.
    ResourceControl,
    /// The policy of a VPC endpoint.
    VpcEndpoint,
}

impl PolicyKind {
    /// Whether statements say whom they are about.
    fn names_principals(self) -> bool {
        match self {
            Self::Resource | Self::Trust | Self::ResourceControl | Self::VpcEndpoint => true,
            Self::Identity | Self::Boundary | Self::Session | Self::ServiceControl => false,
        }
    }

    /// How many characters, white space not counted, the document may have; nothing where the limit is the
    /// service's own or covers several documents together.
    /// See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>.
    pub fn size_limit(self) -> Option<usize> {
        match self {
            Self::Identity | Self::Boundary => Some(6_144),
            Self::Session | Self::Trust => Some(2_048),
            Self::ServiceControl | Self::ResourceControl => Some(5_120),
            Self::Resource | Self::VpcEndpoint => None,
        }
    }
}

/// How serious a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// IAM accepts it, though it is probably not meant.
    Warning,
    /// IAM Access Analyzer calls it an error; some services store such a document all the same.
    Error,
    /// IAM refuses the document.
    Refused,
}

/// A rule that a document breaks, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// How serious it is.
    pub level: Level,
    /// The rule.
    pub rule: Rule,
    /// Where in the document.
    pub path: JsonPath,
}

/// The rules that documents can break.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rule {
    /// A key that the policy language does not know.
    #[error("unknown element")]
    UnknownElement,
    /// A character outside U+0009, U+000A, U+000D and U+0020 to U+00FF.
    #[error("character that policies may not contain: {0:?}")]
    Character(char),
    /// No statement at all.
    #[error("policy has no statement")]
    NoStatement,
    /// No Version, which means 2008-10-17.
    #[error("version is missing, so variables are plain text")]
    NoVersion,
    /// A Sid with other characters than letters and digits.
    #[error("`{0}` is not a Sid, which has letters and digits only")]
    Sid(String),
    /// A Sid that another statement has.
    #[error("Sid `{0}` is there twice")]
    DuplicateSid(String),
    /// A statement has to say whom it is about.
    #[error("principal is missing")]
    NoPrincipal,
    /// A statement may not say whom it is about.
    #[error("policies of this kind have no principal")]
    UnexpectedPrincipal,
    /// NotPrincipal, where only Principal is known.
    #[error("policies of this kind have no NotPrincipal")]
    UnexpectedNotPrincipal,
    /// NotPrincipal with Allow, which lets everybody else in, strangers included.
    #[error("Allow with NotPrincipal lets everybody else in")]
    AllowNotPrincipal,
    /// Resource control policies are about everyone.
    #[error("resource control policies have the principal `*`")]
    OnlyEveryone,
    /// A wildcard in part of a principal; it matches nobody.
    #[error("wildcard inside the principal `{0}`, which matches nobody")]
    PartialWildcardPrincipal(String),
    /// Text under `AWS` that is no principal; it matches nobody.
    #[error("`{0}` is not a principal")]
    Principal(String),
    /// The id of a user or role that was deleted.
    #[error("principal `{0}` was deleted")]
    DeletedPrincipal(String),
    /// Text that is no action.
    #[error("`{0}` is not an action, which is written `service:Action`")]
    Action(String),
    /// A wildcard where the name of a service belongs.
    #[error("wildcard in the service part of `{0}`")]
    ServiceWildcard(String),
    /// A statement has to name resources.
    #[error("resource is missing")]
    NoResource,
    /// A trust policy is about its own role.
    #[error("trust policies have no resource")]
    UnexpectedResource,
    /// Text that is no resource.
    #[error("`{0}` is not a resource, which is an ARN or `*`")]
    Resource(String),
    /// A misspelt variable.
    #[error("variable is misspelt: {0}")]
    Variable(VariableFault),
    /// A variable where none is replaced.
    #[error("variables are not replaced here")]
    UnsupportedVariable,
    /// A variable under Version 2008-10-17.
    #[error("variables are plain text under version `2008-10-17`")]
    VariableInOldVersion,
    /// A condition key without service prefix.
    #[error("`{0}` is not a condition key, which is written `prefix:Name`")]
    ConditionKey(String),
    /// A value that is not of the operator's type; it matches nothing.
    #[error("`{0}` is not of the operator's type and matches nothing")]
    ValueType(String),
    /// Several truth values for one key.
    #[error("a truth value may stand alone only")]
    SeveralTruthValues,
    /// A key with several values under an operator for one.
    #[error("condition key `{0}` has several values and needs `ForAllValues` or `ForAnyValue`")]
    NoQuantifier(String),
    /// ForAllValues is true when the key is missing.
    #[error("`ForAllValues` in an Allow holds whenever the key is missing")]
    AllValuesAllow,
    /// ForAllValues or ForAnyValue with Null.
    #[error("`Null` with a set operator")]
    QuantifiedNull,
    /// An operator in another letter case than the guide's.
    #[error("operator `{0}` is not written as in the guide")]
    OperatorCase(String),
    /// A list or object without entries.
    #[error("element is empty")]
    Empty,
    /// More characters than a policy of the kind may have.
    #[error("policy has {size} characters, {limit} are allowed")]
    Size {
        /// How many it has, white space not counted.
        size: usize,
        /// How many it may have.
        limit: usize,
    },
}

impl fmt::Display for VariableFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "nothing between the braces",
            Self::Space => "space in the key",
            Self::MissingBrace => "closing brace missing",
            Self::MissingQuote => "default value not between single quotes",
        })
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.rule, self.path)
    }
}

/// Collects problems.
struct Findings {
    kind: PolicyKind,
    version: Option<Version>,
    problems: Vec<Problem>,
}

impl Findings {
    fn add(&mut self, level: Level, rule: Rule, path: JsonPath) {
        self.problems.push(Problem { level, rule, path });
    }

    /// Checks text in which variables are not replaced.
    fn fixed_text(&mut self, text: &str, path: &JsonPath) {
        self.characters(text, path);
        if self.version == Some(Version::V2012) && crate::variable::present(text) {
            self.add(Level::Refused, Rule::UnsupportedVariable, path.clone());
        }
    }

    /// Checks text in which variables are replaced.
    fn variable_text(&mut self, text: &str, path: &JsonPath) {
        self.characters(text, path);
        match self.version {
            Some(Version::V2012) => {
                if let Some(fault) = crate::variable::fault(text) {
                    self.add(Level::Refused, Rule::Variable(fault), path.clone());
                }
            }
            Some(Version::V2008) | None => {
                if crate::variable::present(text) {
                    self.add(Level::Error, Rule::VariableInOldVersion, path.clone());
                }
            }
        }
    }

    fn characters(&mut self, text: &str, path: &JsonPath) {
        let allowed =
            |character: &char| matches!(character, '\u{9}' | '\u{a}' | '\u{d}' | '\u{20}'..='\u{ff}');
        if let Some(character) = text.chars().find(|character| !allowed(character)) {
            self.add(Level::Refused, Rule::Character(character), path.clone());
        }
    }
}

/// The path of an entry of `list`, which is the list's own where it was written as a single value.
fn entry<T>(list: &OneOrMany<T>, path: &JsonPath, index: usize) -> JsonPath {
    match list {
        OneOrMany::One(_) => path.clone(),
        OneOrMany::Many(_) => path.clone().index(index),
    }
}

impl Policy {
    /// Every rule that the document breaks as a policy of this kind. A document without a problem of level
    /// [`Level::Refused`] is one that IAM would store.
    pub fn validate(&self, kind: PolicyKind) -> Vec<Problem> {
        let mut findings = Findings { kind, version: self.version(), problems: Vec::new() };
        for path in self.unknown_keys() {
            findings.add(Level::Refused, Rule::UnknownElement, path);
        }
        if let Some(id) = self.id() {
            findings.fixed_text(id, &JsonPath::root().key("Id"));
        }
        if self.version().is_none() {
            findings.add(Level::Warning, Rule::NoVersion, JsonPath::root());
        }
        if self.statements().is_empty() {
            findings.add(Level::Refused, Rule::NoStatement, JsonPath::root().key("Statement"));
        }
        let mut sids = std::collections::HashSet::new();
        for statement in self.statements() {
            let path = self.statement_path(statement);
            if let Some(sid) = statement.sid().filter(|sid| !sid.is_empty())
                && !sids.insert(sid)
            {
                let rule = Rule::DuplicateSid(sid.to_owned());
                findings.add(Level::Refused, rule, path.clone().key("Sid"));
            }
            findings.statement(statement, &path);
        }
        if let Some(limit) = kind.size_limit()
            && self.size() > limit
        {
            findings.add(Level::Warning, Rule::Size { size: self.size(), limit }, JsonPath::root());
        }
        findings.problems
    }
}
