use crate::names::{FunctionArn, RoleArn};

/// What is told to be exposed: the key of its item in the ledger, and the subject of its problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExposureSubject<'a> {
    /// A function that others may call.
    Function(&'a FunctionArn),
    /// A role that functions name and that does not exist: whoever makes one of that name has the functions.
    MissingRole(&'a RoleArn),
}

impl ExposureSubject<'_> {
    /// The ARN.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Function(function) => function.as_str(),
            Self::MissingRole(role) => role.as_str(),
        }
    }
}

impl std::fmt::Display for ExposureSubject<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<'a> From<&'a FunctionArn> for ExposureSubject<'a> {
    fn from(function: &'a FunctionArn) -> Self {
        Self::Function(function)
    }
}

impl<'a> From<&'a RoleArn> for ExposureSubject<'a> {
    fn from(role: &'a RoleArn) -> Self {
        Self::MissingRole(role)
    }
}
