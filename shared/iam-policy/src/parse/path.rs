//! Where something stands in a document.

use std::fmt;

/// A place in a JSON document, printed as `$.Statement[0].Condition.StringEquals["aws:username"]`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct JsonPath {
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    Key(Box<str>),
    Index(usize),
}

impl JsonPath {
    /// The whole document.
    pub fn root() -> Self {
        Self::default()
    }

    /// The value under `key`.
    #[must_use]
    pub fn key(mut self, key: &str) -> Self {
        self.steps.push(Step::Key(key.into()));
        self
    }

    /// The list entry at `index`, from 0.
    #[must_use]
    pub fn index(mut self, index: usize) -> Self {
        self.steps.push(Step::Index(index));
        self
    }

    /// The index of the statement of a policy that this leads into; none for what stands outside of statements.
    pub fn statement(&self) -> Option<usize> {
        match self.steps.as_slice() {
            [Step::Key(key), Step::Index(index), ..] if &**key == "Statement" => Some(*index),
            // A single statement need not stand in a list.
            [Step::Key(key), Step::Key(_), ..] if &**key == "Statement" => Some(0),
            _ => None,
        }
    }

    pub(crate) fn steps(&self) -> &[Step] {
        &self.steps
    }
}

impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("$")?;
        self.steps.iter().try_for_each(|step| match step {
            Step::Index(index) => write!(f, "[{index}]"),
            Step::Key(key) if !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                write!(f, ".{key}")
            }
            Step::Key(key) => write!(f, "[{key:?}]"),
        })
    }
}

/// A line and column in the text, both from 1; the column counts bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// The path to the value being read, kept on the stack so that it costs nothing until it is needed.
#[derive(Clone, Copy)]
pub(crate) struct Trail<'a> {
    before: Option<&'a Trail<'a>>,
    step: Option<TrailStep<'a>>,
}

#[derive(Clone, Copy)]
enum TrailStep<'a> {
    Key(&'a str),
    Index(usize),
}

impl<'a> Trail<'a> {
    pub(crate) const ROOT: Self = Trail { before: None, step: None };

    pub(crate) fn key<'b>(&'b self, key: &'b str) -> Trail<'b>
    where
        'a: 'b,
    {
        Trail { before: Some(self), step: Some(TrailStep::Key(key)) }
    }

    pub(crate) fn index<'b>(&'b self, index: usize) -> Trail<'b>
    where
        'a: 'b,
    {
        Trail { before: Some(self), step: Some(TrailStep::Index(index)) }
    }

    pub(crate) fn to_path(self) -> JsonPath {
        let path = self.before.map_or_else(JsonPath::root, |before| before.to_path());
        match self.step {
            Some(TrailStep::Key(key)) => path.key(key),
            Some(TrailStep::Index(index)) => path.index(index),
            None => path,
        }
    }
}
