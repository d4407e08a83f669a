//! The patterns of Resource and NotResource.
//!
//! See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>.

use std::borrow::Cow;
use std::fmt;

use crate::arn::{Arn, ArnError};
use crate::glob::{Glob, GlobMatch, Values};
use crate::variable::{Piece, Variables, pieces};

/// An entry of Resource or NotResource, such as `arn:aws:s3:::bucket/${aws:username}/*` or `*`.
///
/// Case counts. A `*` in the sixth part of the ARN, or one that ends its part, goes past colons;
/// any other stays inside its part. Parts that are missing stand for every text, as in `arn:aws:sqs` and in
/// `arn:aws:sqs:*:111122223333`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ResourcePattern {
    text: Box<str>,
    glob: Glob,
}

impl ResourcePattern {
    /// Compiles any text; `validate` says which texts IAM refuses.
    pub(crate) fn new(text: &str, variables: Variables) -> Self {
        Self { text: text.into(), glob: Glob::resource(&completed(text), variables) }
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// `*`: every resource, also for actions that take none.
    pub fn covers_everything(&self) -> bool {
        self.glob.is_everything()
    }

    /// Whether the pattern may stand for more than one resource.
    pub fn has_wildcard(&self) -> bool {
        self.glob.has_wildcard()
    }

    /// Whether what the pattern matches depends on the request.
    pub fn has_variables(&self) -> bool {
        self.glob.has_variables()
    }

    /// Whether the pattern stands for `resource`, where no variable has a value.
    pub fn matches(&self, resource: &ResourceName) -> bool {
        self.glob.matches(resource.as_str(), &crate::glob::NoValues) == GlobMatch::Yes
    }

    pub(crate) fn glob(&self) -> &Glob {
        &self.glob
    }

    /// The same pattern for requests that all carry these values.
    pub(crate) fn with_values<'v>(&self, values: &impl Values<'v>) -> Cow<'_, Self> {
        if self.has_variables() {
            Cow::Owned(Self { text: self.text.clone(), glob: self.glob.with_values(values) })
        } else {
            Cow::Borrowed(self)
        }
    }

    pub(crate) fn matches_with<'v>(&self, resource: &ResourceName, values: &impl Values<'v>) -> GlobMatch {
        self.glob.matches(resource.as_str(), values)
    }
}

impl fmt::Display for ResourcePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A name with fewer than six parts means the same as with `*` for those that are missing, also where it has stars of
/// its own: what may stand for several parts is one part all the same.
///
/// See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>.
pub(crate) fn completed(text: &str) -> Cow<'_, str> {
    let missing = missing_parts(text);
    let body = text.trim_end_matches('*');
    if missing == 0 {
        text.into()
    } else if body.contains('*') {
        format!("{text}{}", ":*".repeat(missing)).into()
    } else {
        // One star at the end stands for all of them.
        format!("{body}{}", if body.len() < text.len() { "*" } else { ":*" }).into()
    }
}

/// Whether `text` starts like an ARN and has fewer than six parts.
pub(crate) fn is_incomplete(text: &str) -> bool {
    missing_parts(text) > 0
}

fn missing_parts(text: &str) -> usize {
    let colons = |piece: Piece<'_>| match piece {
        Piece::Text(part) => part.matches(':').count(),
        Piece::Escaped(_) | Piece::Variable(_) | Piece::Malformed(..) => 0,
    };
    if !text.starts_with("arn:") {
        return 0;
    }
    5_usize.saturating_sub(pieces(text).into_iter().map(colons).sum())
}

/// What a request is about: one resource, or `*` for an action that takes none.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ResourceName {
    /// The action takes no resource. Only patterns that match every text cover it.
    Any,
    /// One resource.
    Arn(Arn),
}

impl ResourceName {
    /// The name as a policy would spell it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Any => "*",
            Self::Arn(arn) => arn.as_str(),
        }
    }
}

impl std::str::FromStr for ResourceName {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, ArnError> {
        if text == "*" { Ok(Self::Any) } else { text.parse().map(Self::Arn) }
    }
}

impl From<Arn> for ResourceName {
    fn from(arn: Arn) -> Self {
        Self::Arn(arn)
    }
}

impl fmt::Display for ResourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:my-fn";

    fn matches(pattern: &str, resource: &str) -> bool {
        ResourcePattern::new(pattern, Variables::Expanded).matches(&resource.parse().unwrap())
    }

    #[test]
    fn a_star_that_ends_its_part_goes_past_colons() {
        for pattern in [
            "*",
            "arn:*",
            "arn:aws:lambda:*",
            "arn:aws:lambda:us-east-1:1234*",
            "arn:aws:lambda:us-*:function:my-fn",
            "arn:aws:lambda:*:function:my-fn",
            "arn:aws:lambda:*:*:function:my-*",
        ] {
            assert!(matches(pattern, FUNCTION), "{pattern}");
        }
    }

    #[test]
    fn missing_parts_stand_for_every_text() {
        for pattern in ["arn:aws:lambda", "arn:aws:lambda:us-east-1", "arn:aws:lambda:us-east-?:123456789012"]
        {
            assert!(matches(pattern, FUNCTION), "{pattern}");
        }
        for pattern in ["arn:aws:lambd", "arn:aws:lambda:us-east", "arn:aws:sqs", "aws"] {
            assert!(!matches(pattern, FUNCTION), "{pattern}");
        }
    }

    #[test]
    fn a_name_with_a_star_inside_is_completed_too() {
        let queue = "arn:aws:sqs:us-east-1:123456789012:jobs";
        for pattern in ["arn:aws:sqs:*:123456789012", "arn:*:sqs", "arn:aws:s*s:us-*", "arn:aws:sq*"] {
            assert!(matches(pattern, queue), "{pattern}");
        }
        // The star is for the region, so that what follows is the account.
        for pattern in ["arn:aws:sqs:us-*:jobs", "arn:*:jobs", "arn:aws:*:j*"] {
            assert!(!matches(pattern, queue), "{pattern}");
        }
    }

    #[test]
    fn a_star_inside_its_part_does_not() {
        for pattern in [
            "arn:aws:lambda:us-*1:function:my-fn",
            "arn:aws:lambda:us-?east-1:123456789012:function:my-fn",
            "arn:aws:lambda:us-east-1?123456789012:function:my-fn",
        ] {
            assert!(!matches(pattern, FUNCTION), "{pattern}");
        }
    }

    #[test]
    fn a_confined_star_after_a_crossing_one_is_tried_in_every_part() {
        assert!(matches("arn:aws:*:a*b:y:z", "arn:aws:ax:yy:ab:y:z"));
        assert!(!matches("arn:aws:*:a*b:y:z", "arn:aws:ax:yy:a:b:y:z"));
    }

    #[test]
    fn a_qualified_function_is_another_resource() {
        let qualified = "arn:aws:lambda:us-east-1:123456789012:function:my-fn:PROD";
        assert!(!matches(FUNCTION, qualified));
        assert!(matches("arn:aws:lambda:us-east-1:123456789012:function:my-fn:*", qualified));
    }

    #[test]
    fn only_everything_covers_an_action_without_resource() {
        assert!(matches("*", "*"));
        assert!(!matches("arn:*", "*"));
    }
}
