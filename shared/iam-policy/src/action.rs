//! Actions and the patterns that stand for them.
//!
//! See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html>.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use thiserror::Error;

use crate::glob::{Glob, GlobMatch, NoValues, Reach, Token, Wildcards};
use crate::variable::Variables;

/// One concrete action, such as `s3:GetObject`. Names that differ in case are equal.
#[derive(Debug, Clone)]
pub struct ActionName {
    text: Box<str>,
    /// INVARIANT: `text` in lower case, with exactly one colon.
    folded: Box<str>,
    /// Where that colon is: most questions about an action begin with its service.
    colon: usize,
}

/// Text that is not the name of one action.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is not an action, which is written `service:Action` without wildcards")]
pub struct ActionNameError(String);

impl ActionName {
    /// The action as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The action in lower case, as a key for lookups.
    pub fn folded(&self) -> &str {
        &self.folded
    }

    /// The service prefix in lower case: `s3`.
    pub fn service(&self) -> &str {
        self.folded.get(..self.colon).unwrap_or_default()
    }
}

impl FromStr for ActionName {
    type Err = ActionNameError;

    fn from_str(text: &str) -> Result<Self, ActionNameError> {
        let is_part =
            |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':');
        match text.split_once(':') {
            Some((service, name)) if is_part(service) && is_part(name) && !text.contains(['*', '?']) => {
                let (folded, colon) = (text.to_ascii_lowercase().into(), service.len());
                Ok(Self { text: text.into(), folded, colon })
            }
            Some(_) | None => Err(ActionNameError(text.to_owned())),
        }
    }
}

impl PartialEq for ActionName {
    fn eq(&self, other: &Self) -> bool {
        self.folded == other.folded
    }
}

impl Eq for ActionName {}

impl PartialOrd for ActionName {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ActionName {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.folded.cmp(&other.folded)
    }
}

impl Hash for ActionName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded.hash(state);
    }
}

impl fmt::Display for ActionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// An entry of Action or NotAction: `s3:Get*`, `*`. Case is ignored, `?` stands for exactly one character.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ActionPattern {
    text: Box<str>,
    /// INVARIANT: compiled from `text` in lower case, without variables.
    glob: Glob,
    service_part: ServicePart,
}

/// What a pattern says before its colon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum ServicePart {
    /// The pattern is `*`.
    Every,
    Named,
    /// `*:*`, `s*:Get*`: the guide does not say that this stands for any service.
    Wildcard,
    /// No colon, or nothing before or after it: not an action.
    Malformed,
}

impl ActionPattern {
    /// Compiles any text; `validate` says which texts IAM refuses.
    pub fn new(text: &str) -> Self {
        let glob = Glob::text(&text.to_ascii_lowercase(), Wildcards::Active, Variables::Literal);
        let service_part = match text.split_once(':') {
            None if glob.is_everything() => ServicePart::Every,
            None => ServicePart::Malformed,
            Some((service, name)) if service.is_empty() || name.is_empty() => ServicePart::Malformed,
            Some((service, _)) if service.contains(['*', '?']) => ServicePart::Wildcard,
            Some(_) => ServicePart::Named,
        };
        Self { text: text.into(), glob, service_part }
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the pattern stands for `action`, read as one glob over `service:Action`. Text that is no action
    /// pattern, such as `s3*`, stands for nothing.
    pub fn matches(&self, action: &ActionName) -> bool {
        self.service_part != ServicePart::Malformed
            && self.glob.matches(&action.folded, &NoValues) == GlobMatch::Yes
    }

    /// `*`, and `*:*` in the reading that matches.
    pub fn covers_everything(&self) -> bool {
        match self.glob.tokens() {
            [Token::Run(Reach::Anything)] => true,
            [Token::Run(Reach::Anything), Token::Literal(colon), Token::Run(Reach::Anything)] => {
                &**colon == ":"
            }
            _ => false,
        }
    }

    /// The service in lower case, when the pattern stands for all of one service, such as `s3:*`.
    pub fn covers_service(&self) -> Option<&str> {
        match self.glob.tokens() {
            [Token::Literal(prefix), Token::Run(Reach::Anything)] => {
                prefix.strip_suffix(':').filter(|service| !service.is_empty() && !service.contains(':'))
            }
            _ => None,
        }
    }

    /// The service prefix in lower case, where the pattern names one without wildcards.
    pub fn service(&self) -> Option<&str> {
        match self.glob.tokens().first() {
            Some(Token::Literal(prefix)) => prefix.split_once(':').map(|(service, _)| service),
            Some(Token::Run(_) | Token::One(_) | Token::Value(..)) | None => None,
        }
    }

    /// Whether the pattern may stand for more than one action.
    pub fn has_wildcard(&self) -> bool {
        self.glob.has_wildcard()
    }

    /// The action that a pattern without wildcards names.
    pub fn exact(&self) -> Option<ActionName> {
        self.text.parse().ok()
    }

    pub(crate) fn glob(&self) -> &Glob {
        &self.glob
    }

    pub(crate) fn service_part(&self) -> ServicePart {
        self.service_part
    }
}

impl fmt::Display for ActionPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, action: &str) -> bool {
        ActionPattern::new(pattern).matches(&action.parse().unwrap())
    }

    #[test]
    fn patterns_ignore_case_and_match_whole_names() {
        assert!(matches("S3:getOBJECT", "s3:GetObject"));
        assert!(matches("s3:*Object", "s3:GetObject"));
        assert!(matches("s3:Get?bject", "s3:GetObject"));
        assert!(matches("*", "s3:GetObject"));
        assert!(!matches("s3:GetObject?", "s3:GetObject"));
        assert!(!matches("s3:GetObj", "s3:GetObject"));
        assert!(!matches("s3:*", "s3express:CreateSession"));
        assert!(!matches("s3*", "s3:GetObject"));
    }

    #[test]
    fn what_a_pattern_covers() {
        for everything in ["*", "**", "*:*"] {
            assert!(ActionPattern::new(everything).covers_everything(), "{everything}");
        }
        assert!(!ActionPattern::new("s3:*").covers_everything());
        assert_eq!(ActionPattern::new("S3:*").covers_service(), Some("s3"));
        for narrower in ["*", "s3:Get*", "s3:?*", "s3:GetObject", "s*:*", ":*"] {
            assert_eq!(ActionPattern::new(narrower).covers_service(), None, "{narrower}");
        }
        assert_eq!(ActionPattern::new("IAM:Pass*").service(), Some("iam"));
        assert_eq!(ActionPattern::new("i*:PassRole").service(), None);
    }

    #[test]
    fn an_action_name_is_concrete() {
        assert_eq!("IAM:passrole".parse::<ActionName>().unwrap(), "iam:PassRole".parse().unwrap());
        assert_eq!("IAM:PassRole".parse::<ActionName>().unwrap().service(), "iam");
        for text in
            ["", "*", "s3", "s3:", ":Get", "s3:Get*", "s3:Get?bject", "s3:Get:Object", "s3:Get Object"]
        {
            assert!(text.parse::<ActionName>().is_err(), "{text}");
        }
    }
}
