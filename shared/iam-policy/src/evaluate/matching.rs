//! Three-valued matching: yes, no, and "the guide does not say".

use std::fmt;

use crate::action::{ActionName, ActionPattern, ServicePart};
use crate::document::{ActionElement, ResourceElement};
use crate::glob::GlobMatch;
use crate::request::Request;

/// Questions about policies that the IAM User Guide leaves open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Undocumented {
    /// Action `*:*` or `s*:Get*`: whether a wildcard may stand for a service.
    ServiceWildcard,
    /// NotResource with a variable that has no value: whether everything is meant, or nothing.
    UnresolvedNotResource,
    /// `ForAnyValue:…IfExists` on a missing key: which of the two rules wins.
    AnyValueIfExists,
    /// Condition operators in another letter case than the guide's.
    OperatorCase,
    /// A key with several values under an operator for one value.
    SeveralValues,
    /// `*` as a whole value of an ARN operator, though ARNs are compared part by part.
    BareStarArn,
    /// `ForAllValues:Null` and `ForAnyValue:Null`.
    QuantifiedNull,
    /// NotPrincipal that lists a caller but not its account, or its role but not the session.
    PartlyListed,
    /// `{"Service": "*"}`: the guide has a `*` for everyone and names for services, and no word on a `*` among these.
    /// [`crate::admits`] reads it the same way.
    EveryService,
}

impl fmt::Display for Undocumented {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ServiceWildcard => "wildcard in the service part of an action",
            Self::UnresolvedNotResource => "NotResource with a variable that has no value",
            Self::AnyValueIfExists => "ForAnyValue with IfExists on a missing key",
            Self::OperatorCase => "condition operator in another letter case",
            Self::SeveralValues => "several values under an operator for one value",
            Self::BareStarArn => "`*` as the value of an ARN operator",
            Self::QuantifiedNull => "Null with ForAllValues or ForAnyValue",
            Self::PartlyListed => "NotPrincipal that lists the caller only in part",
            Self::EveryService => "`*` as a service principal",
        })
    }
}

/// What an element of a statement says about a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Match {
    Yes,
    No,
    Silent(Undocumented),
}

impl Match {
    pub(crate) fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Silent(question) => Self::Silent(question),
        }
    }

    /// Both: no if either says no, else silent if either is silent. `other` is asked only where it matters.
    pub(super) fn and(self, other: impl FnOnce() -> Self) -> Self {
        match self {
            Self::No => Self::No,
            Self::Yes => other(),
            Self::Silent(_) if other() == Self::No => Self::No,
            Self::Silent(_) => self,
        }
    }
}

impl From<bool> for Match {
    fn from(matches: bool) -> Self {
        if matches { Self::Yes } else { Self::No }
    }
}

/// No if one says no, else silent if one is silent.
pub(super) fn all(matches: impl IntoIterator<Item = Match>) -> Match {
    any(matches.into_iter().map(Match::not)).not()
}

/// Yes if one says yes, else silent if one is silent.
pub(super) fn any(matches: impl IntoIterator<Item = Match>) -> Match {
    let mut found = Match::No;
    for matched in matches {
        match matched {
            Match::Yes => return Match::Yes,
            Match::Silent(_) => found = matched,
            Match::No => {}
        }
    }
    found
}

/// See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notaction.html>.
pub(crate) fn action(element: &ActionElement, action: &ActionName) -> Match {
    let one = |pattern: &ActionPattern| match pattern.service_part() {
        _ if !pattern.matches(action) => Match::No,
        ServicePart::Wildcard => Match::Silent(Undocumented::ServiceWildcard),
        ServicePart::Every | ServicePart::Named | ServicePart::Malformed => Match::Yes,
    };
    match element {
        ActionElement::Action(patterns) => any(patterns.iter().map(one)),
        ActionElement::NotAction(patterns) => any(patterns.iter().map(one)).not(),
    }
}

/// See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notresource.html>.
pub(super) fn resource(element: &ResourceElement, request: &Request) -> Match {
    let values = &request.context;
    let matches = |patterns: &[crate::resource::ResourcePattern], unresolved: Match| {
        any(patterns.iter().map(|pattern| match pattern.matches_with(&request.resource, &values) {
            GlobMatch::Yes => Match::Yes,
            GlobMatch::No => Match::No,
            GlobMatch::Unresolved => unresolved,
        }))
    };
    match element {
        ResourceElement::Resource(patterns) => matches(patterns, Match::No),
        ResourceElement::NotResource(patterns) => {
            matches(patterns, Match::Silent(Undocumented::UnresolvedNotResource)).not()
        }
    }
}
