//! Principals as a policy names them.
//!
//! See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>.

use std::fmt;
use std::str::FromStr;

use crate::arn::{AccountId, Arn};
use crate::document::OneOrMany;

/// The Principal or NotPrincipal element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrincipalElement {
    /// Those listed.
    Principal(PrincipalSpec),
    /// Everybody but those listed.
    NotPrincipal(PrincipalSpec),
}

impl PrincipalElement {
    /// The list, whether it is meant or excepted.
    pub fn spec(&self) -> &PrincipalSpec {
        match self {
            Self::Principal(spec) | Self::NotPrincipal(spec) => spec,
        }
    }
}

/// Who a Principal element lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrincipalSpec {
    /// `"Principal": "*"`, which means the same as `{"AWS": "*"}`.
    Everyone,
    /// One list for each type of principal, in the order written.
    Typed(Vec<PrincipalList>),
}

/// The principals of one type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrincipalList {
    /// Accounts, users, roles, sessions, or everyone.
    Aws(OneOrMany<AwsPrincipal>),
    /// AWS services by name, such as `lambda.amazonaws.com`.
    Service(OneOrMany<Box<str>>),
    /// Identity providers: a domain or the ARN of a provider.
    Federated(OneOrMany<Box<str>>),
    /// Canonical user ids of S3.
    CanonicalUser(OneOrMany<Box<str>>),
}

impl PrincipalSpec {
    /// Whether the list names everyone, in either spelling.
    pub fn names_everyone(&self) -> bool {
        *self == Self::Everyone || self.aws().any(|principal| *principal.kind() == AwsPrincipalKind::Everyone)
    }

    /// The AWS principals; none for `"*"`.
    pub fn aws(&self) -> impl Iterator<Item = &AwsPrincipal> {
        self.lists().iter().flat_map(|list| match list {
            PrincipalList::Aws(named) => named.as_slice(),
            PrincipalList::Service(_) | PrincipalList::Federated(_) | PrincipalList::CanonicalUser(_) => &[],
        })
    }

    /// The service names.
    pub fn services(&self) -> impl Iterator<Item = &str> {
        self.lists().iter().flat_map(|list| match list {
            PrincipalList::Service(named) => texts(named),
            PrincipalList::Aws(_) | PrincipalList::Federated(_) | PrincipalList::CanonicalUser(_) => {
                texts(&[])
            }
        })
    }

    /// The identity providers.
    pub fn federated(&self) -> impl Iterator<Item = &str> {
        self.lists().iter().flat_map(|list| match list {
            PrincipalList::Federated(named) => texts(named),
            PrincipalList::Aws(_) | PrincipalList::Service(_) | PrincipalList::CanonicalUser(_) => texts(&[]),
        })
    }

    /// The canonical user ids.
    pub fn canonical_users(&self) -> impl Iterator<Item = &str> {
        self.lists().iter().flat_map(|list| match list {
            PrincipalList::CanonicalUser(named) => texts(named),
            PrincipalList::Aws(_) | PrincipalList::Service(_) | PrincipalList::Federated(_) => texts(&[]),
        })
    }

    /// The lists by type; none for `"*"`.
    pub fn lists(&self) -> &[PrincipalList] {
        match self {
            Self::Everyone => &[],
            Self::Typed(lists) => lists,
        }
    }
}

fn texts(named: &[Box<str>]) -> impl Iterator<Item = &str> {
    named.iter().map(|text| &**text)
}

/// An entry under `"AWS"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsPrincipal {
    text: Box<str>,
    kind: AwsPrincipalKind,
}

/// What an entry under `"AWS"` stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AwsPrincipalKind {
    /// `*`.
    Everyone,
    /// An account, by its id or the ARN of its root: everybody to whom that account gives the permission.
    Account(AccountId),
    /// One user, role or session.
    Identity(IdentityArn),
    /// `AROA…`, `AIDA…`: what IAM shows for a user or role that was deleted. It matches nobody.
    UniqueId,
    /// Anything else, such as an ARN with a wildcard. It matches nobody.
    Unrecognised,
}

impl AwsPrincipal {
    /// Reads any text; `validate` says which texts IAM refuses.
    pub(crate) fn new(text: &str) -> Self {
        Self { text: text.into(), kind: AwsPrincipalKind::read(text) }
    }

    /// The entry as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What the entry stands for.
    pub fn kind(&self) -> &AwsPrincipalKind {
        &self.kind
    }

    /// The account that the entry names or belongs to.
    pub fn account(&self) -> Option<AccountId> {
        match &self.kind {
            AwsPrincipalKind::Account(account) => Some(*account),
            AwsPrincipalKind::Identity(identity) => Some(identity.account()),
            AwsPrincipalKind::Everyone | AwsPrincipalKind::UniqueId | AwsPrincipalKind::Unrecognised => None,
        }
    }
}

impl fmt::Display for AwsPrincipal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl AwsPrincipalKind {
    fn read(text: &str) -> Self {
        if text == "*" {
            return Self::Everyone;
        }
        if let Ok(account) = text.parse() {
            return Self::Account(account);
        }
        if is_unique_id(text) {
            return Self::UniqueId;
        }
        match text.parse::<Arn>().ok().and_then(IdentityArn::from_arn) {
            Some(identity) if *identity.kind() == IdentityKind::Root => Self::Account(identity.account()),
            Some(identity) if !text.contains(['*', '?']) => Self::Identity(identity),
            Some(_) | None => Self::Unrecognised,
        }
    }
}

/// See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids>.
fn is_unique_id(text: &str) -> bool {
    const PREFIXES: [&str; 4] = ["AROA", "AIDA", "AGPA", "ASIA"];
    text.len() >= 16
        && PREFIXES.iter().any(|prefix| text.starts_with(prefix))
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// The ARN of somebody who can make a request: a user, a role, one of its sessions, an account's root.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdentityArn {
    arn: Arn,
    account: AccountId,
    kind: IdentityKind,
}

/// The kinds of [`IdentityArn`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IdentityKind {
    /// `arn:aws:iam::…:root`.
    Root,
    /// `arn:aws:iam::…:user/path/name`.
    User,
    /// `arn:aws:iam::…:role/path/name`.
    Role,
    /// `arn:aws:sts::…:assumed-role/role-name/session-name`. It does not carry the path of the role.
    Session,
    /// `arn:aws:sts::…:federated-user/name`.
    FederatedUser,
}

/// Text that names nobody who can make a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the ARN of a user, a role, a session or an account root")]
pub struct IdentityArnError(String);

impl IdentityArn {
    pub(crate) fn from_arn(arn: Arn) -> Option<Self> {
        let account = arn.account()?;
        let (kind, name) = match (arn.service(), arn.resource()) {
            ("iam", "root") => (IdentityKind::Root, "root"),
            ("iam", resource) => {
                let (kind, name) = resource.split_once('/')?;
                match kind {
                    "user" => (IdentityKind::User, name),
                    "role" => (IdentityKind::Role, name),
                    _ => return None,
                }
            }
            ("sts", resource) => {
                let (kind, name) = resource.split_once('/')?;
                match kind {
                    "assumed-role" if name.contains('/') => (IdentityKind::Session, name),
                    "federated-user" => (IdentityKind::FederatedUser, name),
                    _ => return None,
                }
            }
            _ => return None,
        };
        let complete = arn.region().is_empty() && !name.split('/').any(str::is_empty);
        complete.then_some(Self { arn, account, kind })
    }

    /// The name as written.
    pub fn as_str(&self) -> &str {
        self.arn.as_str()
    }

    /// The account that the identity belongs to.
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// What kind of identity it is.
    pub fn kind(&self) -> &IdentityKind {
        &self.kind
    }

    /// The whole name as an ARN.
    pub fn arn(&self) -> &Arn {
        &self.arn
    }

    /// The name of the role, for a role (without its path) and for its sessions.
    pub fn role_name(&self) -> Option<&str> {
        let resource = self.arn.resource();
        match self.kind {
            IdentityKind::Role => resource.rsplit('/').next(),
            IdentityKind::Session => resource.split('/').nth(1),
            IdentityKind::Root | IdentityKind::User | IdentityKind::FederatedUser => None,
        }
    }

    /// The path of a role or user, `/` where it has none; sessions do not carry one.
    pub fn path(&self) -> Option<&str> {
        let resource = self.arn.resource();
        match self.kind {
            IdentityKind::Role | IdentityKind::User => {
                let first = resource.find('/')?;
                let last = resource.rfind('/')?;
                resource.get(first..=last)
            }
            IdentityKind::Root | IdentityKind::Session | IdentityKind::FederatedUser => None,
        }
    }

    /// Whether this is a service-linked role, which only AWS can change.
    /// See <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html>.
    pub fn is_service_linked_role(&self) -> bool {
        self.kind == IdentityKind::Role
            && self.path().is_some_and(|path| path.starts_with("/aws-service-role/"))
    }
}

impl FromStr for IdentityArn {
    type Err = IdentityArnError;

    fn from_str(text: &str) -> Result<Self, IdentityArnError> {
        text.parse::<Arn>().ok().and_then(Self::from_arn).ok_or_else(|| IdentityArnError(text.to_owned()))
    }
}

impl fmt::Display for IdentityArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_under_aws_are_told_apart() {
        let account: AccountId = "123456789012".parse().unwrap();
        let kind = |text: &str| AwsPrincipal::new(text).kind().clone();
        assert_eq!(kind("*"), AwsPrincipalKind::Everyone);
        assert_eq!(kind("123456789012"), AwsPrincipalKind::Account(account));
        assert_eq!(kind("arn:aws:iam::123456789012:root"), AwsPrincipalKind::Account(account));
        assert_eq!(kind("AROAIOSFODNN7EXAMPLEQ"), AwsPrincipalKind::UniqueId);
        assert!(matches!(kind("arn:aws:iam::123456789012:role/a/b"), AwsPrincipalKind::Identity(_)));
        for nobody in ["arn:aws:iam::123456789012:role/*", "bob", "", "arn:aws:s3:::b", "12345"] {
            assert_eq!(kind(nobody), AwsPrincipalKind::Unrecognised, "{nobody}");
        }
    }

    #[test]
    fn a_session_carries_the_name_of_its_role_but_not_its_path() {
        let session: IdentityArn = "arn:aws:sts::123456789012:assumed-role/fn/s".parse().unwrap();
        let role: IdentityArn = "arn:aws:iam::123456789012:role/team/a/fn".parse().unwrap();
        assert_eq!((session.role_name(), session.path()), (Some("fn"), None));
        assert_eq!((role.role_name(), role.path()), (Some("fn"), Some("/team/a/")));
        let bare: IdentityArn = "arn:aws:iam::123456789012:role/fn".parse().unwrap();
        assert_eq!(bare.path(), Some("/"));
    }

    #[test]
    fn incomplete_identities_are_refused() {
        for text in [
            "arn:aws:iam::123456789012:role",
            "arn:aws:iam::123456789012:role/",
            "arn:aws:iam::1:role/fn",
            "arn:aws:iam:eu-west-1:123456789012:role/fn",
            "arn:aws:iam::123456789012:role//fn",
            "arn:aws:sts::123456789012:assumed-role/fn",
            "arn:aws:iam::123456789012:policy/p",
            "lambda.amazonaws.com",
        ] {
            assert!(text.parse::<IdentityArn>().is_err(), "{text}");
        }
    }
}
