//! Grants that name one action and one resource, and that a boundary takes away: somebody wanted those, so their owner has to
//! hear of it.

use crate::snapshot::{Cap, Role, RoleSnapshot};
use iam_policy::{
    ActionElement, Context, Effect, Policies, Policy, Principal, Request, ResourceElement, ResourcePattern,
    Statement, Verdict, evaluate,
};
use serde::Serialize;

/// A narrow grant: no wildcard in its action or its resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct NamedGrant {
    /// The action.
    pub action: String,
    /// The resource.
    pub resource: String,
}

/// The named grants of the role that `cap` does not allow.
#[must_use]
pub fn cut_grants(role: &RoleSnapshot, cap: Cap<'_>) -> Vec<NamedGrant> {
    let policies = role.policies.iter().filter_map(|policy| policy.document.understood());
    let mut cut: Vec<NamedGrant> = policies
        .flat_map(Policy::statements)
        .flat_map(named_grants)
        .filter(|grant| match cap {
            Cap::Nothing => false,
            Cap::Everything => true,
            Cap::Policy(boundary) => !allows(boundary, grant, &role.role),
        })
        .collect();
    cut.sort();
    cut.dedup();
    cut
}

fn named_grants(statement: &Statement) -> Vec<NamedGrant> {
    let (Effect::Allow, ActionElement::Action(actions), Some(ResourceElement::Resource(resources))) =
        (statement.effect(), statement.action(), statement.resource())
    else {
        return Vec::new();
    };
    let is_named = |resource: &&ResourcePattern| !resource.has_wildcard() && !resource.has_variables();
    let resources: Vec<&ResourcePattern> = resources.iter().filter(is_named).collect();
    actions
        .iter()
        .filter(|action| !action.has_wildcard())
        .flat_map(|action| {
            resources.iter().map(|resource| NamedGrant {
                action: action.as_str().to_owned(),
                resource: resource.as_str().to_owned(),
            })
        })
        .collect()
}

/// Whether the boundary lets the grant through. What cannot be asked for is not cut.
fn allows(boundary: &Policy, grant: &NamedGrant, role: &Role) -> bool {
    let parsed = (role.arn.as_str().parse::<Principal>(), grant.action.parse(), grant.resource.parse());
    let (Ok(principal), Ok(action), Ok(resource)) = parsed else { return true };
    let account = role.arn.account().as_str().parse().ok();
    let request = Request { principal, action, resource, resource_account: account, context: Context::new() };
    let policies = Policies { identity: &[boundary], ..Policies::default() };
    evaluate(&policies, &request).verdict == Verdict::Allowed
}
