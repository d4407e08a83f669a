//! What another boundary document would take from the roles that have Ringfence's boundary today.

use super::ReadOnlyAccount;
use crate::connect::Account;
use crate::failure::Failure;
use aws_sdk_iam::types::PolicyUsageType;
use guardrail::boundary_policy::Fingerprint;
use guardrail::cut_grants::{NamedGrant, cut_grants};
use guardrail::names::{PolicyArn, RoleName};
use guardrail::snapshot::{Boundary, Cap, RoleSnapshot};
use iam_policy::{Containment, Policy, within};

/// How a document lies to the one that is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// It is the same.
    None,
    /// It allows nothing that the one in force does not.
    Narrower,
    /// It allows something that the one in force does not: an action on a resource, for example.
    Wider(String),
    /// Nobody can say.
    Unknown(String),
}

/// What a role would lose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Loss {
    /// Nothing: the document allows all that the role's policies grant.
    Nothing,
    /// What its policies grant by name, and the boundary in force does not cut.
    Named(Vec<NamedGrant>),
    /// Nothing that is granted by name. Wildcards may lose something, an action on a resource for example.
    OfWildcards(String),
    /// Nobody can say.
    Unknown(String),
}

/// What another document would change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The policy in force.
    pub in_force: PolicyArn,
    /// The policy that this checkout ships.
    pub shipped: PolicyArn,
    /// How it lies to the one in force.
    pub difference: Difference,
    /// The roles that have the one in force as their boundary, with what they would lose.
    pub roles: Vec<(RoleName, Loss)>,
}

impl ReadOnlyAccount {
    /// Compares the document that this build ships for a profile, `baseline` or `strict`, with the boundary that Ringfence puts in
    /// this account today. Without a profile, with the document that it ships for that very boundary.
    ///
    /// # Errors
    /// Where there is no such profile, or AWS does not answer, refuses or makes no sense.
    pub async fn preview(&self, profile: Option<&str>) -> Result<Preview, Failure> {
        let account = &self.account;
        let in_force = account.settings.rules.boundary.clone();
        let shipped = account.shipped.get()?;
        let (arn, document) = shipped
            .iter()
            .find(|(arn, _)| match profile {
                Some(profile) => arn.name().starts_with(&format!("ringfence-{profile}-v")),
                None => **arn == in_force,
            })
            .ok_or_else(|| {
                Failure::malformed(
                    "no boundary is shipped under that name",
                    "there are `baseline` and `strict`",
                )
            })?;
        let before = account.our_boundary().await?;
        let Boundary::Attached { document: found, .. } = &before else {
            return Err(Failure::malformed("there is no boundary in force", in_force.as_str().to_owned()));
        };
        let Some(found) = found.understood() else {
            return Err(Failure::malformed(
                format!("policy `{in_force}` cannot be read as a policy"),
                "is Ringfence deployed here?",
            ));
        };
        let difference = difference(document, found);
        let mut roles = Vec::new();
        for role in account.roles_using(&in_force, PolicyUsageType::PermissionsBoundary).await? {
            if let Some(snapshot) = account.snapshot(&role).await? {
                roles.push((role, loss(&snapshot, document)));
            }
        }
        Ok(Preview { in_force: in_force.clone(), shipped: arn.clone(), difference, roles })
    }
}

impl Account {
    pub(super) async fn snapshot(&self, role: &RoleName) -> Result<Option<RoleSnapshot>, Failure> {
        match self.get_role(role).await? {
            Some(role) => self.read_policies(role).await.map(Some),
            None => Ok(None),
        }
    }
}

fn difference(new: &Policy, in_force: &Policy) -> Difference {
    if Fingerprint::of(new) == Fingerprint::of(in_force) {
        return Difference::None;
    }
    match within(&[new], &[in_force]) {
        Containment::Pass => Difference::Narrower,
        Containment::Fail(example) => {
            Difference::Wider(format!("{} on {}", example.request.action, example.request.resource))
        }
        Containment::Unknown(doubt) => Difference::Unknown(doubt.to_string()),
    }
}

fn loss(role: &RoleSnapshot, new: &Policy) -> Loss {
    let cut_today = cut_grants(role, role.boundary.cap());
    let mut named = cut_grants(role, Cap::Policy(new));
    named.retain(|grant| !cut_today.contains(grant));
    if !named.is_empty() {
        return Loss::Named(named);
    }
    let identity: Vec<&Policy> =
        role.policies.iter().filter_map(|policy| policy.document.understood()).collect();
    match within(&identity, &[new]) {
        Containment::Pass => Loss::Nothing,
        Containment::Fail(example) => {
            Loss::OfWildcards(format!("{} on {}", example.request.action, example.request.resource))
        }
        Containment::Unknown(doubt) => Loss::Unknown(doubt.to_string()),
    }
}
