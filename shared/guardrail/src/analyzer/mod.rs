//! A second opinion: what IAM Access Analyzer is asked about a role or function, and what its answers mean beside our own.
//!
//! Access Analyzer is an automated reasoner of AWS's own (<https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-custom-policy-checks.html>).
//! It knows documents, not roles: none of its checks takes identity policies together with a boundary. So it decides
//! nothing here; it stands beside the engine's verdict, and where the two differ the finding says so.

mod answer;
mod question;

pub use answer::{Answer, Engine, Note, NoteKind, Unavailable, ValidationFinding, notes};
pub use question::{
    Against, Ask, CRITICAL_ACTIONS, DocumentKind, Ours, Place, PublicResource, Question, of_function,
    of_new_version, of_role,
};

use crate::settings::UnknownWord;

/// What Access Analyzer is asked: the template's parameter `AccessAnalyzer`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnalyzerMode {
    /// Nothing.
    Off,
    /// Whether documents are valid, which AWS does not charge for.
    Validate,
    /// That, and the custom policy checks, each of which AWS charges for
    /// (<https://aws.amazon.com/iam/access-analyzer/pricing/>).
    Checks,
}

impl std::str::FromStr for AnalyzerMode {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "off" => Ok(Self::Off),
            "validate" => Ok(Self::Validate),
            "checks" => Ok(Self::Checks),
            _ => Err(UnknownWord::new(text, "`off`, `validate`, `checks`")),
        }
    }
}
