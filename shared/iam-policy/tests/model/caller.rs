//! Who makes a request, and whom a statement names.
//!
//! See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>.

use serde_json::Value;

use super::{all, any, not, texts};

/// Who makes the request.
#[derive(Debug)]
pub(crate) enum Caller {
    /// A user, role, session, federated user or root user: `kind` and `name` are what its ARN has before and after
    /// the first slash of the sixth part.
    Identity { arn: String, account: String, kind: String, name: String },
    /// An AWS service.
    Service(String),
    /// Somebody from an identity provider.
    Federated(String),
    /// Anybody.
    Anonymous,
}

/// In what capacity a statement names the caller.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub(crate) enum Capacity {
    /// The account is named, which leaves the decision to it.
    Account,
    /// The role, or the role of the session: boundary and session policy still count.
    Role,
    /// The user or session itself, or everyone.
    Itself,
}

impl Caller {
    pub(crate) fn read(request: &Value) -> Self {
        let text = request["principal"].as_str().unwrap();
        if text == "*" {
            return Self::Anonymous;
        }
        let parts: Vec<_> = text.split(':').collect();
        if parts.len() != 6 {
            let is_provider = text == "accounts.google.com";
            return if is_provider {
                Self::Federated(text.to_owned())
            } else {
                Self::Service(text.to_owned())
            };
        }
        let (kind, name) = parts[5].split_once('/').unwrap_or((parts[5], ""));
        if kind == "oidc-provider" || kind == "saml-provider" {
            return Self::Federated(text.to_owned());
        }
        let own = str::to_owned;
        Self::Identity { arn: own(text), account: own(parts[4]), kind: own(kind), name: own(name) }
    }

    pub(crate) fn account(&self) -> Option<&str> {
        match self {
            Self::Identity { account, .. } => Some(account),
            Self::Service(_) | Self::Federated(_) | Self::Anonymous => None,
        }
    }

    pub(crate) fn is_root(&self) -> bool {
        matches!(self, Self::Identity { kind, .. } if kind == "root")
    }

    /// A role with the path `/aws-service-role/`. A session's ARN has no path; `aws:PrincipalArn` has.
    pub(crate) fn is_service_linked_role(&self, request: &Value) -> bool {
        match self {
            Self::Identity { kind, name, .. } if kind == "role" => name.starts_with("aws-service-role/"),
            Self::Identity { .. } => {
                self.role_behind(request).is_some_and(|arn| arn.contains(":role/aws-service-role/"))
            }
            Self::Service(_) | Self::Federated(_) | Self::Anonymous => false,
        }
    }

    /// The role of a session with its path, where the request tells it.
    fn role_behind(&self, request: &Value) -> Option<String> {
        let principal_arn = request["context"].get("aws:PrincipalArn")?.as_str()?;
        self.may_be_session_of(principal_arn).then(|| principal_arn.to_owned())
    }

    /// Whether account and name of the role are those of the session.
    fn may_be_session_of(&self, role: &str) -> bool {
        let Self::Identity { account, kind, name, .. } = self else { return false };
        let (_, path_and_name) = role.split_once(":role/").unwrap_or_default();
        kind == "assumed-role"
            && role.split(':').nth(4) == Some(account)
            && path_and_name.rsplit('/').next() == name.split('/').next()
    }

    fn is_session_of(&self, role: &str, request: &Value) -> bool {
        self.may_be_session_of(role) && self.role_behind(request).is_none_or(|behind| behind == role)
    }

    /// Whether Principal names the caller and in what capacity, or whether NotPrincipal does not.
    pub(crate) fn named_by(&self, statement: &Value, request: &Value) -> (Option<bool>, Capacity) {
        match statement.get("NotPrincipal") {
            Some(excepted) => (not(self.excepted_by(excepted, request)), Capacity::Itself),
            None => self.listed_in(&statement["Principal"], request),
        }
    }

    fn listed_in(&self, principal: &Value, request: &Value) -> (Option<bool>, Capacity) {
        if is_everyone(principal) {
            return (Some(true), Capacity::Itself);
        }
        let (service, federated) = (texts(&principal["Service"]), texts(&principal["Federated"]));
        match self {
            Self::Identity { .. } => {
                let capacities = texts(&principal["AWS"]);
                let capacities = capacities.iter().filter_map(|entry| self.capacity(entry, request));
                let furthest = capacities.reduce(|a, b| if a < b { b } else { a });
                (Some(furthest.is_some()), furthest.unwrap_or(Capacity::Account))
            }
            // Whether `*` may stand for a service, the guide does not say.
            Self::Service(name) => {
                let listed = Some(service.contains(name));
                let every = if service.contains(&"*".to_owned()) { None } else { Some(false) };
                (any(&[listed, every]), Capacity::Itself)
            }
            Self::Federated(provider) => (Some(federated.contains(provider)), Capacity::Itself),
            Self::Anonymous => (Some(false), Capacity::Itself),
        }
    }

    /// What one entry under `AWS` says of an identity. No wildcards but `*` alone.
    fn capacity(&self, entry: &str, request: &Value) -> Option<Capacity> {
        let Self::Identity { arn, account, kind, .. } = self else { return None };
        if names_account(entry, account) {
            return Some(if kind == "root" { Capacity::Itself } else { Capacity::Account });
        }
        if entry == arn {
            return Some(if kind == "role" { Capacity::Role } else { Capacity::Itself });
        }
        self.is_session_of(entry, request).then_some(Capacity::Role)
    }

    /// NotPrincipal has to list the caller, the role of a session and the account. What happens where only some of
    /// them are listed, the guide does not say; that the account alone excepts nobody else in it, it does.
    /// See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>.
    fn excepted_by(&self, excepted: &Value, request: &Value) -> Option<bool> {
        let Self::Identity { arn, account, kind, .. } = self else {
            return self.listed_in(excepted, request).0;
        };
        if is_everyone(excepted) {
            return Some(true);
        }
        let entries = texts(&excepted["AWS"]);
        let lists_account = entries.iter().any(|entry| names_account(entry, account));
        let lists_itself = entries.contains(arn);
        let lists_role = entries.iter().any(|entry| self.is_session_of(entry, request));
        match kind.as_str() {
            "root" => Some(lists_account),
            _ if !lists_itself && !lists_role => Some(false),
            "assumed-role" => all(&[open(lists_itself), open(lists_role), open(lists_account)]),
            _ => open(lists_account),
        }
    }
}

fn open(listed: bool) -> Option<bool> {
    listed.then_some(true)
}

fn is_everyone(principal: &Value) -> bool {
    principal == "*" || texts(&principal["AWS"]).contains(&"*".to_owned())
}

/// An account is named by its id or by the ARN of its root.
fn names_account(entry: &str, account: &str) -> bool {
    entry == account || entry == format!("arn:aws:iam::{account}:root")
}
