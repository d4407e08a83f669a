use super::FixLines;
use crate::names::PolicyArn;

impl FixLines {
    /// The line, for each tool, that makes `boundary` part of the role's own template, so that the next deployment
    /// neither removes it nor is surprised by it.
    #[must_use]
    pub(super) fn new(boundary: &PolicyArn) -> Self {
        Self {
            sam: format!("PermissionsBoundary: {boundary}"),
            cloudformation: format!("PermissionsBoundary: {boundary}"),
            terraform: format!("permissions_boundary = \"{boundary}\""),
            cdk: format!(
                "iam.PermissionsBoundary.of(role).apply(iam.ManagedPolicy.fromManagedPolicyArn(role, 'Ringfence', '{boundary}'));"
            ),
        }
    }
}
