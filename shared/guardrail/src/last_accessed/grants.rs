use crate::snapshot::{RolePolicy, RoleSnapshot};
use iam_policy::{ActionElement, ActionName, ActionPattern, Effect, Statement};

/// What a role's policies allow as they are now: of what IAM reported a while ago, some may be gone since. A document that is not
/// understood grants nothing.
#[derive(Debug, Clone, Copy)]
pub struct Grants<'a>(&'a [RolePolicy]);

impl<'a> Grants<'a> {
    /// Of the role's own policies, whatever its boundary leaves of them.
    #[must_use]
    pub fn of(role: &'a RoleSnapshot) -> Self {
        Self(&role.policies)
    }

    /// Whether a statement may allow some action of a service, given by its prefix in lower case.
    #[must_use]
    pub fn concern(&self, service: &str) -> bool {
        self.allows().any(|allow| match allow.action() {
            ActionElement::Action(patterns) => patterns.iter().any(|pattern| may_be_of(pattern, service)),
            ActionElement::NotAction(patterns) => {
                !patterns.iter().any(|but| but.covers_everything() || but.covers_service() == Some(service))
            }
        })
    }

    /// Whether a statement allows the action by its name: somebody wrote it down and can take it out again.
    #[must_use]
    pub fn name(&self, action: &ActionName) -> bool {
        self.allows().any(|allow| match allow.action() {
            ActionElement::Action(patterns) => {
                patterns.iter().any(|one| one.exact().as_ref() == Some(action))
            }
            ActionElement::NotAction(_) => false,
        })
    }

    fn allows(&self) -> impl Iterator<Item = &'a Statement> {
        let policies = self.0.iter().filter_map(|policy| policy.document.understood());
        policies
            .flat_map(|policy| policy.statements())
            .filter(|statement| statement.effect() == Effect::Allow)
    }
}

/// A pattern whose service has wildcards may be about any.
fn may_be_of(pattern: &ActionPattern, service: &str) -> bool {
    pattern.service().is_none_or(|named| named == service)
}
