//! The rules for the elements of a statement.

use super::{Findings, Level, PolicyKind, Rule, entry};
use crate::action::{ActionPattern, ServicePart};
use crate::document::{ActionElement, Effect, OneOrMany, ResourceElement, Statement};
use crate::parse::JsonPath;
use crate::principal::{AwsPrincipalKind, PrincipalElement, PrincipalList, PrincipalSpec};
use crate::resource::{ResourcePattern, is_incomplete};

impl Findings {
    pub(super) fn statement(&mut self, statement: &Statement, path: &JsonPath) {
        if let Some(sid) = statement.sid() {
            self.sid(sid, &path.clone().key("Sid"));
        }
        self.principal(statement, path);
        match statement.action() {
            ActionElement::Action(patterns) => self.actions(patterns, &path.clone().key("Action")),
            ActionElement::NotAction(patterns) => self.actions(patterns, &path.clone().key("NotAction")),
        }
        self.resource(statement.resource(), path);
        self.condition(statement, &path.clone().key("Condition"));
    }

    fn sid(&mut self, sid: &str, path: &JsonPath) {
        self.fixed_text(sid, path);
        if !sid.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            // Services have their own rules: Lambda writes `-` and `_`, S3 allows spaces.
            let level = match self.kind {
                PolicyKind::Resource | PolicyKind::VpcEndpoint => Level::Warning,
                PolicyKind::Identity
                | PolicyKind::Boundary
                | PolicyKind::Session
                | PolicyKind::Trust
                | PolicyKind::ServiceControl
                | PolicyKind::ResourceControl => Level::Refused,
            };
            self.add(level, Rule::Sid(sid.to_owned()), path.clone());
        }
    }

    fn principal(&mut self, statement: &Statement, path: &JsonPath) {
        let Some(element) = statement.principal() else {
            if self.kind.names_principals() {
                self.add(Level::Refused, Rule::NoPrincipal, path.clone());
            }
            return;
        };
        let (path, negated) = match element {
            PrincipalElement::Principal(_) => (path.clone().key("Principal"), false),
            PrincipalElement::NotPrincipal(_) => (path.clone().key("NotPrincipal"), true),
        };
        if !self.kind.names_principals() {
            self.add(Level::Refused, Rule::UnexpectedPrincipal, path.clone());
        } else if negated && matches!(self.kind, PolicyKind::Trust | PolicyKind::ResourceControl) {
            self.add(Level::Refused, Rule::UnexpectedNotPrincipal, path.clone());
        } else if negated && statement.effect() == Effect::Allow {
            self.add(Level::Warning, Rule::AllowNotPrincipal, path.clone());
        }
        if self.kind == PolicyKind::ResourceControl && !element.spec().names_everyone() {
            self.add(Level::Refused, Rule::OnlyEveryone, path.clone());
        }
        self.principals(element.spec(), &path);
    }

    fn principals(&mut self, spec: &PrincipalSpec, path: &JsonPath) {
        if let PrincipalSpec::Typed(lists) = spec
            && lists.is_empty()
        {
            self.add(Level::Warning, Rule::Empty, path.clone());
        }
        for list in spec.lists() {
            match list {
                PrincipalList::Aws(named) => {
                    let path = path.clone().key("AWS");
                    for (index, principal) in named.iter().enumerate() {
                        let path = entry(named, &path, index);
                        self.aws_principal(principal.as_str(), principal.kind(), &path);
                    }
                    self.not_empty(named, &path);
                }
                PrincipalList::Service(named) => self.plain_principals(named, &path.clone().key("Service")),
                PrincipalList::Federated(named) => {
                    self.plain_principals(named, &path.clone().key("Federated"))
                }
                PrincipalList::CanonicalUser(named) => {
                    self.plain_principals(named, &path.clone().key("CanonicalUser"))
                }
            }
        }
    }

    fn aws_principal(&mut self, text: &str, kind: &AwsPrincipalKind, path: &JsonPath) {
        self.fixed_text(text, path);
        // IAM looks up whom a trust policy names; other services store what they are given.
        let level = if self.kind == PolicyKind::Trust { Level::Refused } else { Level::Error };
        match kind {
            AwsPrincipalKind::Unrecognised if text.contains(['*', '?']) => {
                self.add(level, Rule::PartialWildcardPrincipal(text.to_owned()), path.clone());
            }
            AwsPrincipalKind::Unrecognised => {
                self.add(level, Rule::Principal(text.to_owned()), path.clone());
            }
            AwsPrincipalKind::UniqueId => {
                self.add(Level::Warning, Rule::DeletedPrincipal(text.to_owned()), path.clone());
            }
            AwsPrincipalKind::Everyone | AwsPrincipalKind::Account(_) | AwsPrincipalKind::Identity(_) => {}
        }
    }

    fn plain_principals(&mut self, named: &OneOrMany<Box<str>>, path: &JsonPath) {
        for (index, text) in named.iter().enumerate() {
            let path = entry(named, path, index);
            self.fixed_text(text, &path);
            if text.is_empty() {
                self.add(Level::Refused, Rule::Principal(text.to_string()), path);
            }
        }
        self.not_empty(named, path);
    }

    fn actions(&mut self, patterns: &OneOrMany<ActionPattern>, path: &JsonPath) {
        for (index, pattern) in patterns.iter().enumerate() {
            let path = entry(patterns, path, index);
            let text = pattern.as_str();
            self.fixed_text(text, &path);
            let is_one_word = text.bytes().all(|byte| byte.is_ascii_graphic());
            match pattern.service_part() {
                ServicePart::Malformed => {
                    self.add(Level::Refused, Rule::Action(text.to_owned()), path);
                }
                _ if !is_one_word || text.matches(':').count() > 1 => {
                    self.add(Level::Refused, Rule::Action(text.to_owned()), path);
                }
                ServicePart::Wildcard => {
                    self.add(Level::Warning, Rule::ServiceWildcard(text.to_owned()), path);
                }
                ServicePart::Every | ServicePart::Named => {}
            }
        }
        self.not_empty(patterns, path);
    }

    fn resource(&mut self, element: Option<&ResourceElement>, path: &JsonPath) {
        let (patterns, path) = match element {
            None if self.kind == PolicyKind::Trust => return,
            None => return self.add(Level::Refused, Rule::NoResource, path.clone()),
            Some(ResourceElement::Resource(patterns)) => (patterns, path.clone().key("Resource")),
            Some(ResourceElement::NotResource(patterns)) => (patterns, path.clone().key("NotResource")),
        };
        if self.kind == PolicyKind::Trust {
            self.add(Level::Refused, Rule::UnexpectedResource, path.clone());
        }
        for (index, pattern) in patterns.iter().enumerate() {
            let path = entry(patterns, &path, index);
            self.variable_text(pattern.as_str(), &path);
            if !is_resource(pattern) {
                // IAM stores an ARN that ends early and completes it, in the policies of identities only.
                // See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>.
                let is_completed = matches!(self.kind, PolicyKind::Identity | PolicyKind::Boundary)
                    && is_incomplete(pattern.as_str());
                let level = if is_completed { Level::Error } else { Level::Refused };
                self.add(level, Rule::Resource(pattern.as_str().to_owned()), path);
            }
        }
        self.not_empty(patterns, &path);
    }

    pub(super) fn not_empty<T>(&mut self, list: &[T], path: &JsonPath) {
        if list.is_empty() {
            self.add(Level::Warning, Rule::Empty, path.clone());
        }
    }
}

/// `*`, six parts after `arn:`, or fewer that end with a `*` for the rest.
fn is_resource(pattern: &ResourcePattern) -> bool {
    let text = pattern.as_str();
    pattern.covers_everything() || (text.starts_with("arn:") && (text.contains('*') || !is_incomplete(text)))
}
