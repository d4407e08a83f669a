//! A policy document, with everything that was written in it.
//!
//! See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>.

mod about;

use std::fmt;
use std::ops::Deref;

use serde_json::Value;

use crate::action::ActionPattern;
use crate::condition::{KeyTest, Operator, OperatorBlock};
use crate::parse::JsonPath;
use crate::principal::PrincipalElement;
use crate::resource::ResourcePattern;
pub(crate) use about::{Derived, mark};

/// One value or a list of them, as JSON had it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OneOrMany<T> {
    /// A value without brackets.
    One(T),
    /// A list, which may be empty.
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    /// The values, whichever way they were written.
    pub fn as_slice(&self) -> &[T] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values,
        }
    }
}

impl<T> Deref for OneOrMany<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.as_slice()
    }
}

impl<'a, T> IntoIterator for &'a OneOrMany<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.as_slice().iter()
    }
}

/// A policy document, its patterns compiled.
///
/// Nothing that was written is lost: unknown keys are kept, and a single value stays a single value.
/// Having a `Policy` does not mean that IAM accepts the document; `validate` tells.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    pub(crate) version: Option<Version>,
    pub(crate) id: Option<Box<str>>,
    pub(crate) statements: OneOrMany<Statement>,
    pub(crate) unknown: Vec<(Box<str>, Value)>,
    pub(crate) derived: Derived,
}

/// The version of the policy language. A document without one is read as 2008-10-17.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Version {
    /// `2008-10-17`, in which `${…}` is plain text.
    V2008,
    /// `2012-10-17`, in which `${…}` is a variable.
    V2012,
}

/// What a statement does where it applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Grants, unless something denies.
    Allow,
    /// Denies, whatever grants.
    Deny,
}

/// One statement of a policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    pub(crate) index: usize,
    pub(crate) sid: Option<Box<str>>,
    pub(crate) effect: Effect,
    pub(crate) principal: Option<PrincipalElement>,
    pub(crate) action: ActionElement,
    pub(crate) resource: Option<ResourceElement>,
    pub(crate) condition: Option<Vec<OperatorBlock>>,
    pub(crate) unknown: Vec<(Box<str>, Value)>,
}

/// The Action or NotAction element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActionElement {
    /// The actions listed.
    Action(OneOrMany<ActionPattern>),
    /// Every action but those listed.
    NotAction(OneOrMany<ActionPattern>),
}

impl ActionElement {
    /// The patterns, whether they are meant or excepted.
    pub fn patterns(&self) -> &[ActionPattern] {
        match self {
            Self::Action(patterns) | Self::NotAction(patterns) => patterns,
        }
    }

    /// Whether the actions listed are those meant.
    pub fn is_list(&self) -> bool {
        matches!(self, Self::Action(_))
    }
}

/// The Resource or NotResource element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResourceElement {
    /// The resources listed.
    Resource(OneOrMany<ResourcePattern>),
    /// Every resource but those listed.
    NotResource(OneOrMany<ResourcePattern>),
}

impl ResourceElement {
    /// The patterns, whether they are meant or excepted.
    pub fn patterns(&self) -> &[ResourcePattern] {
        match self {
            Self::Resource(patterns) | Self::NotResource(patterns) => patterns,
        }
    }
}

/// What to call a statement: its Sid, or its position where it has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StatementId<'a> {
    /// The Sid.
    Sid(&'a str),
    /// The position in the document, from 0.
    Index(usize),
}

impl fmt::Display for StatementId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sid(sid) => f.write_str(sid),
            Self::Index(index) => write!(f, "{index}"),
        }
    }
}

impl Policy {
    /// A policy without statements: as an identity policy it grants nothing, as a boundary it leaves nothing.
    pub fn empty() -> Self {
        Self {
            version: Some(Version::V2012),
            id: None,
            statements: OneOrMany::Many(Vec::new()),
            unknown: Vec::new(),
            derived: Derived::default(),
        }
    }

    /// A policy of one statement of this document alone.
    pub fn alone(&self, statement: &Statement) -> Self {
        let statement = Statement { index: 0, ..statement.clone() };
        Self { version: self.version, statements: OneOrMany::Many(vec![statement]), ..Self::empty() }
    }

    /// The version, where the document states one.
    pub fn version(&self) -> Option<Version> {
        self.version
    }

    /// The Id element.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The statements, in the order written.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// Where the document has keys that the policy language does not know. IAM refuses them.
    pub fn unknown_keys(&self) -> Vec<JsonPath> {
        let top = self.unknown.iter().map(|(key, _)| JsonPath::root().key(key));
        let inner = self.statements.iter().flat_map(|statement| {
            let path = self.statement_path(statement);
            statement.unknown.iter().map(move |(key, _)| path.clone().key(key))
        });
        top.chain(inner).collect()
    }

    /// Where `statement` stands in this document.
    pub(crate) fn statement_path(&self, statement: &Statement) -> JsonPath {
        let path = JsonPath::root().key("Statement");
        match self.statements {
            OneOrMany::One(_) => path,
            OneOrMany::Many(_) => path.index(statement.index),
        }
    }
}

impl Statement {
    /// Its Sid, or its position where that is missing or empty.
    pub fn id(&self) -> StatementId<'_> {
        match self.sid.as_deref() {
            Some(sid) if !sid.is_empty() => StatementId::Sid(sid),
            Some(_) | None => StatementId::Index(self.index),
        }
    }

    /// The position in the document, from 0.
    pub fn index(&self) -> usize {
        self.index
    }

    /// The Sid as written.
    pub fn sid(&self) -> Option<&str> {
        self.sid.as_deref()
    }

    /// Whether it allows or denies.
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// Who it is about; nobody is named in identity policies.
    pub fn principal(&self) -> Option<&PrincipalElement> {
        self.principal.as_ref()
    }

    /// Which actions it is about.
    pub fn action(&self) -> &ActionElement {
        &self.action
    }

    /// Which resources it is about; trust policies name none.
    pub fn resource(&self) -> Option<&ResourceElement> {
        self.resource.as_ref()
    }

    /// The Condition element; empty where it is missing or `{}`.
    pub fn conditions(&self) -> &[OperatorBlock] {
        self.condition.as_deref().unwrap_or_default()
    }

    /// Every key test of the Condition element with its operator; all of them must hold.
    pub fn tests(&self) -> impl Iterator<Item = (Operator, &KeyTest)> {
        self.conditions().iter().flat_map(|block| block.tests.iter().map(|test| (block.operator, test)))
    }

    /// Whether the statement applies without any condition.
    pub fn is_unconditional(&self) -> bool {
        self.tests().next().is_none()
    }
}

impl Version {
    /// The version as a document states it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V2008 => "2008-10-17",
            Self::V2012 => "2012-10-17",
        }
    }
}

impl Effect {
    /// The effect as a document states it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "Allow",
            Self::Deny => "Deny",
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
