use serde::Serialize;

/// A way to have the call allowed, or the reason why there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Remedy {
    /// None is offered: the boundary is there to refuse this. Take the call, or its grant, away; what really needs it gets a role of
    /// its own that is no function's.
    NoneByDesign,
    /// Name the roles in `AllowedPassRoleArns`: for all functions under the shipped boundary.
    AllowPassingRoles,
    /// Name the roles in `AllowedAssumeRoleArns`: for all functions under the shipped boundaries.
    AllowAssumingRoles,
    /// Approve the profile `baseline`, and give it to this one role instead of `strict`.
    BaselineForThisRole,
    /// A wider boundary of one's own, approved by `ApprovedBoundaryArns`, for this one role.
    ApproveAnotherBoundary,
    /// The boundary is not Ringfence's: whoever wrote it can widen it.
    WidenThatBoundary,
    /// An operator answers for the role: an exemption, then an undo.
    Exemption,
    /// The boundary's policy is gone and refuses everything: it has to be there again.
    BringTheBoundaryBack,
    /// Nothing any more: the boundary allows it by now.
    AllowedByNow,
    /// It was Ringfence itself: its code never makes a call that it has no right to.
    LookIntoRingfence,
}
