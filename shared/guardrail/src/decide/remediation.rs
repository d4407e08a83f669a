use super::{Case, is_new};
use crate::change_budget::Pace;
use crate::names::{PolicyArn, RoleId, RoleName};
use crate::record::Enforced;
use crate::snapshot::Role;

/// A decided write: put this boundary on this role.
///
/// It is a witness. Its fields are private and only [`super::decide`] and [`super::resume`] make one, so a write that
/// was not decided cannot be asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Remediation {
    role: RoleName,
    role_id: RoleId,
    before: Option<PolicyArn>,
    after: PolicyArn,
    outcome: Enforced,
    reason: String,
    pace: Pace,
}

impl Remediation {
    pub(super) fn new(case: &Case<'_>, outcome: Enforced, reason: String) -> Self {
        let Role { arn, id, boundary, .. } = case.role;
        let pace = match outcome {
            Enforced::Restored => Pace::AtOnce,
            Enforced::Bounded | Enforced::Replaced if is_new(case) => Pace::AtOnce,
            Enforced::Bounded | Enforced::Replaced => Pace::Budgeted,
        };
        Self {
            role: arn.name().clone(),
            role_id: id.clone(),
            before: boundary.clone(),
            after: case.settings.boundary.clone(),
            outcome,
            reason,
            pace,
        }
    }

    /// Whose boundary is put.
    #[must_use]
    pub fn role(&self) -> &RoleName {
        &self.role
    }

    /// The role that was decided about; its namesake is another one.
    #[must_use]
    pub fn role_id(&self) -> &RoleId {
        &self.role_id
    }

    /// The boundary that the role had when this was decided.
    #[must_use]
    pub fn before(&self) -> Option<&PolicyArn> {
        self.before.as_ref()
    }

    /// The boundary to put.
    #[must_use]
    pub fn after(&self) -> &PolicyArn {
        &self.after
    }

    /// Whether it counts against the change budget.
    #[must_use]
    pub fn pace(&self) -> Pace {
        self.pace
    }

    /// `bounded`, `restored` or `replaced`.
    #[must_use]
    pub fn outcome(&self) -> Enforced {
        self.outcome
    }

    /// Why, in one sentence.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}
