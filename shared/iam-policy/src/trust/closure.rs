//! What the conditions of a trust policy do to an admission.

use crate::arn::AccountId;
use crate::condition::{Comparison, KeyTest, Operator, Polarity, Presence, Quantifier, Spelling, ValueType};
use crate::document::Statement;

/// A key that a condition asks for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ConditionKey<'a> {
    /// The key as written.
    pub key: &'a str,
    /// What asking for it does.
    pub effect: KeyEffect,
}

/// What a condition on a key does to an admission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyEffect {
    /// Only callers of known accounts, organizations, resources or networks are left.
    Closes,
    /// An external id is asked for, which protects against a confused deputy but does not say who is calling.
    ExternalId,
    /// It may narrow the admission, but strangers are left.
    Narrows,
}

/// What a value has to be for a condition on the key to close an admission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Closing {
    Account,
    Arn,
    /// The id of an organization.
    Organization,
    /// A path that starts with the id of an organization.
    OrganizationPath,
    /// The unique id of a principal, perhaps with a session name after it.
    UserId,
    /// The id of a VPC or an endpoint.
    Network,
}

/// See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>.
const CLOSING: [(&str, Closing); 12] = [
    ("aws:principalaccount", Closing::Account),
    ("aws:principalarn", Closing::Arn),
    ("aws:principalorgid", Closing::Organization),
    ("aws:principalorgpaths", Closing::OrganizationPath),
    ("aws:sourceaccount", Closing::Account),
    ("aws:sourcearn", Closing::Arn),
    ("aws:sourceorgid", Closing::Organization),
    ("aws:sourceorgpaths", Closing::OrganizationPath),
    ("aws:sourceowner", Closing::Account),
    ("aws:sourcevpc", Closing::Network),
    ("aws:sourcevpce", Closing::Network),
    ("aws:userid", Closing::UserId),
];

/// The conditions of an Allow: a caller has to pass them.
pub(crate) fn of_allow(statement: &Statement) -> Vec<ConditionKey<'_>> {
    let asked = statement.tests().map(|(operator, test)| {
        let effect = if test.folded_key() == "sts:externalid" {
            KeyEffect::ExternalId
        } else if asks_for_match(operator) && is_specific(operator, test) {
            KeyEffect::Closes
        } else {
            KeyEffect::Narrows
        };
        ConditionKey { key: test.key(), effect }
    });
    asked.collect()
}

/// The condition of a Deny about everyone: a single negated test keeps out whoever lacks the value, also where
/// the key is missing, with and without IfExists. Other conditions are not understood and close nothing.
pub(super) fn of_deny(statement: &Statement) -> Option<ConditionKey<'_>> {
    of_single_test(statement).filter(|_| statement.resource().is_none())
}

/// The same whatever its Resource.
pub(crate) fn of_single_test(statement: &Statement) -> Option<ConditionKey<'_>> {
    let mut tests = statement.tests();
    let (operator, test) = tests.next()?;
    let closes = tests.next().is_none()
        && operator.spelling() == Spelling::Documented
        && operator.comparison().polarity() == Polarity::Negated
        && operator.quantifier().is_none()
        && is_specific(operator, test);
    closes.then_some(ConditionKey { key: test.key(), effect: KeyEffect::Closes })
}

/// Whether the operator is false unless the key is there with a matching value.
fn asks_for_match(operator: Operator) -> bool {
    operator.spelling() == Spelling::Documented
        && operator.comparison().polarity() == Polarity::Positive
        && operator.presence() == Presence::Required
        && operator.quantifier() != Some(Quantifier::ForAllValues)
}

/// Whether every value of the test names somebody or something in particular.
fn is_specific(operator: Operator, test: &KeyTest) -> bool {
    let Some((_, closing)) = CLOSING.iter().find(|(key, _)| *key == test.folded_key()) else {
        return false;
    };
    let is_like = matches!(operator.comparison(), Comparison::StringLike | Comparison::StringNotLike);
    let wildcards = match operator.comparison().value_type() {
        ValueType::Arn => Wildcards::WithinParts,
        ValueType::Text if is_like => Wildcards::AcrossColons,
        ValueType::Text => Wildcards::None,
        ValueType::Number | ValueType::Date | ValueType::Bool | ValueType::Binary | ValueType::Address => {
            return false;
        }
    };
    test.values().iter().all(|value| closing.is_met_by(&value.text(), wildcards))
}

/// What `*` and `?` may stand for under an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wildcards {
    None,
    WithinParts,
    AcrossColons,
}

impl Closing {
    /// Whether `value` names somebody in particular.
    fn is_met_by(self, value: &str, wildcards: Wildcards) -> bool {
        if wildcards == Wildcards::None && value.contains('*') {
            // The `*` means itself here, which is in no id and no ARN of a caller: nobody is left.
            return true;
        }
        match self {
            Self::Account => value == "${aws:ResourceAccount}" || value.parse::<AccountId>().is_ok(),
            Self::Organization => value == "${aws:ResourceOrgID}" || fixed(value),
            Self::OrganizationPath => {
                value.split_once('/').is_some_and(|(organization, _)| fixed(organization))
            }
            Self::UserId => fixed(value.split(':').next().unwrap_or_default()),
            Self::Network => fixed(value),
            Self::Arn => is_specific_arn(value, wildcards),
        }
    }
}

/// Text without wildcards and variables.
fn fixed(text: &str) -> bool {
    !text.is_empty() && !text.contains(['*', '?', '$'])
}

/// An ARN of one account; or of a resource whose name is unique without one, such as a bucket.
fn is_specific_arn(value: &str, wildcards: Wildcards) -> bool {
    let parts: Vec<_> = value.splitn(6, ':').collect();
    let [prefix, partition, service, region, account, resource] = parts.as_slice() else {
        return false;
    };
    // A wildcard that goes past colons could swallow the account and find its digits further on.
    let holds_its_place = wildcards != Wildcards::AcrossColons
        || [prefix, partition, service, region].iter().all(|part| !part.contains('*'));
    holds_its_place
        && match *account {
            "" => fixed(resource.split('/').next().unwrap_or_default()),
            account => account.parse::<AccountId>().is_ok(),
        }
}
