//! What is asked of the policies: who wants to do what to which resource, under which circumstances.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use thiserror::Error;

use crate::action::ActionName;
use crate::arn::{AccountId, Arn};
use crate::glob::Values;
use crate::principal::{IdentityArn, IdentityKind};
use crate::resource::ResourceName;

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Who makes it.
    pub principal: Principal,
    /// What is to be done.
    pub action: ActionName,
    /// What it is to be done to.
    pub resource: ResourceName,
    /// Who owns the resource. Where it is not known, the account in the resource's ARN counts, and without
    /// one the caller's own.
    pub resource_account: Option<AccountId>,
    /// The condition keys that the request carries.
    pub context: Context,
}

/// Who makes a request.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Principal {
    /// A user, a role, a session, or an account's root user.
    Identity(IdentityArn),
    /// An AWS service by name, such as `lambda.amazonaws.com`.
    Service(Box<str>),
    /// Somebody vouched for by an identity provider: its domain, or the ARN of the provider in IAM.
    Federated(Box<str>),
    /// A caller without credentials.
    Anonymous,
}

/// Text that names nobody.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is not the ARN of a user, role or session, nor the name of a service or identity provider")]
pub struct PrincipalError(String);

/// The identity providers that a policy names by their domain.
/// See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>.
const WEB_IDENTITY_DOMAINS: [&str; 4] =
    ["accounts.google.com", "cognito-identity.amazonaws.com", "graph.facebook.com", "www.amazon.com"];

impl Principal {
    /// The account that the caller belongs to; services and strangers have none.
    pub fn account(&self) -> Option<AccountId> {
        match self {
            Self::Identity(identity) => Some(identity.account()),
            Self::Service(_) | Self::Federated(_) | Self::Anonymous => None,
        }
    }
}

impl From<IdentityArn> for Principal {
    fn from(identity: IdentityArn) -> Self {
        Self::Identity(identity)
    }
}

impl FromStr for Principal {
    type Err = PrincipalError;

    /// Reads an ARN, the name of a service, the domain of an identity provider, or `*` for a caller without
    /// credentials.
    fn from_str(text: &str) -> Result<Self, PrincipalError> {
        if text == "*" {
            return Ok(Self::Anonymous);
        }
        if let Ok(identity) = text.parse() {
            return Ok(Self::Identity(identity));
        }
        let is_provider = |arn: &Arn| {
            arn.service() == "iam"
                && ["oidc-provider/", "saml-provider/"].iter().any(|kind| arn.resource().starts_with(kind))
        };
        if text.parse().as_ref().is_ok_and(is_provider) || WEB_IDENTITY_DOMAINS.contains(&text) {
            return Ok(Self::Federated(text.into()));
        }
        let is_label = |label: &str| {
            !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        if text.contains('.') && text.split('.').all(is_label) {
            return Ok(Self::Service(text.into()));
        }
        Err(PrincipalError(text.to_owned()))
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Identity(identity) => identity.as_str(),
            Self::Service(name) | Self::Federated(name) => name,
            Self::Anonymous => "*",
        })
    }
}

impl Request {
    /// The account that owns the resource, as far as it can be known.
    pub(crate) fn owner(&self) -> Option<AccountId> {
        let named = match &self.resource {
            ResourceName::Arn(arn) => arn.account(),
            ResourceName::Any => None,
        };
        self.resource_account.or(named).or_else(|| self.principal.account())
    }

    /// The ARN of the caller's role with its path. A session's own ARN does not carry the path, but
    /// `aws:PrincipalArn` does.
    /// See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn>.
    pub(crate) fn role(&self) -> Option<Cow<'_, IdentityArn>> {
        let Principal::Identity(identity) = &self.principal else {
            return None;
        };
        match identity.kind() {
            IdentityKind::Role => Some(Cow::Borrowed(identity)),
            IdentityKind::Session => {
                let role: IdentityArn = self.context.value("aws:principalarn")?.parse().ok()?;
                let is_its_role = role.account() == identity.account()
                    && *role.kind() == IdentityKind::Role
                    && role.role_name() == identity.role_name();
                is_its_role.then_some(Cow::Owned(role))
            }
            IdentityKind::Root | IdentityKind::User | IdentityKind::FederatedUser => None,
        }
    }
}

/// The condition keys of a request with their values. Key names ignore case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Context {
    /// Shared, because most requests of one caller carry the same.
    ///
    /// INVARIANT: keys in lower case.
    entries: Arc<BTreeMap<Box<str>, Vec<Box<str>>>>,
}

impl Context {
    /// No keys at all.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a key, replacing the values it had. A key with an empty list counts as missing.
    pub fn insert<V: Into<Box<str>>>(&mut self, key: &str, values: impl IntoIterator<Item = V>) {
        let values = values.into_iter().map(Into::into).collect();
        Arc::make_mut(&mut self.entries).insert(key.to_lowercase().into(), values);
    }

    /// The same context with one more key.
    #[must_use]
    pub fn with(mut self, key: &str, value: &str) -> Self {
        self.insert(key, [value]);
        self
    }

    /// The keys in lower case, sorted, with their values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[Box<str>])> {
        self.entries.iter().map(|(key, values)| (&**key, values.as_slice()))
    }

    /// Takes a key away.
    pub fn remove(&mut self, key: &str) {
        Arc::make_mut(&mut self.entries).remove(&*key.to_lowercase());
    }

    /// Whether the request carries the key.
    pub fn contains(&self, key: &str) -> bool {
        self.entries.contains_key(&*key.to_lowercase())
    }

    /// The values of a key given in lower case; none where it is missing.
    pub(crate) fn values(&self, folded_key: &str) -> &[Box<str>] {
        self.entries.get(folded_key).map_or(&[], Vec::as_slice)
    }
}

impl<'v> Values<'v> for &'v Context {
    fn value(&self, key: &str) -> Option<&'v str> {
        match Context::values(self, key) {
            [value] => Some(value),
            _ => None,
        }
    }
}

impl Context {
    /// The value of a key given in lower case, if it has exactly one.
    pub(crate) fn value(&self, folded_key: &str) -> Option<&str> {
        Values::value(&self, folded_key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn principals_are_told_apart() {
        let kind = |text: &str| text.parse::<Principal>().unwrap();
        assert!(matches!(kind("arn:aws:iam::123456789012:role/fn"), Principal::Identity(_)));
        assert_eq!(kind("lambda.amazonaws.com"), Principal::Service("lambda.amazonaws.com".into()));
        assert!(matches!(kind("accounts.google.com"), Principal::Federated(_)));
        assert!(matches!(kind("arn:aws:iam::123456789012:saml-provider/p"), Principal::Federated(_)));
        assert_eq!(kind("*"), Principal::Anonymous);
        for text in ["", "bob", "arn:aws:s3:::b", "a..b", "lambda amazonaws.com", "123456789012"] {
            assert!(text.parse::<Principal>().is_err(), "{text}");
        }
    }

    #[test]
    fn context_keys_ignore_case_and_replace_each_other() {
        let context = Context::new().with("aws:B", "1").with("aws:a", "2").with("AWS:b", "3");
        assert_eq!(context.value("aws:b"), Some("3"));
        assert_eq!(context.value("aws:a"), Some("2"));
        assert!(context.contains("AWS:A") && !context.contains("aws:c"));
    }

    #[test]
    fn the_role_of_a_session_is_known_by_its_principal_arn() {
        let request = |principal_arn: &str| Request {
            principal: "arn:aws:sts::123456789012:assumed-role/fn/s".parse().unwrap(),
            action: "s3:GetObject".parse().unwrap(),
            resource: "*".parse().unwrap(),
            resource_account: None,
            context: Context::new().with("aws:PrincipalArn", principal_arn),
        };
        let role = "arn:aws:iam::123456789012:role/team/fn";
        assert_eq!(request(role).role().map(|arn| arn.to_string()), Some(role.to_owned()));
        assert_eq!(request("arn:aws:iam::123456789012:role/other").role(), None);
    }
}
