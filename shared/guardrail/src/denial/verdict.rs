use super::boundary_says::BoundarySays;
use super::call::DeniedCall;
use super::remedy::Remedy;
use super::shipped_denial::ShippedDenial;
use crate::escalation::Escalations;
use crate::names::PolicyArn;
use crate::record::RoleRecord;
use crate::settings::Settings;
use crate::snapshot::{Boundary, Document, Role, RoleSnapshot};
use iam_policy::{Access, ActionName, NoResource, Policies, Policy, Possible, Targets};
use serde::Serialize;

/// What is to be said of a refused call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DenialVerdict {
    /// Whose boundary it is.
    pub owner: BoundaryOwner,
    /// What its document says of the action.
    pub says: BoundarySays,
    /// What the boundary guards by refusing it; none for what is harmless as far as Ringfence knows.
    pub guards: Option<Guards>,
    /// Whether the role's own policies grant it: without that, no other boundary would help.
    pub granted: Grant,
    /// What can be done, best first; never empty.
    pub remedies: Vec<Remedy>,
}

/// Whose the boundary is that refused a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BoundaryOwner {
    /// Ringfence's profile `baseline`.
    Baseline,
    /// Ringfence's profile `strict`.
    Strict,
    /// `BoundaryArn`, or one of `ApprovedBoundaryArns`.
    Admins,
    /// That of Ringfence's own functions.
    RingfencesOwn,
}

/// What makes an action dangerous.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guards {
    /// A statement of a shipped boundary says it.
    Shipped(ShippedDenial),
    /// The action is a way to more rights by itself: what somebody could do with it.
    MoreRights(&'static str),
}

/// Whether the role's own policies grant a refused action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Grant {
    /// On some resource at least.
    Yes,
    /// On none: the boundary is not the only reason. AWS's message names one reason, whichever others there are.
    No,
    /// It cannot be told, because a policy was not understood or the question is too hard.
    Unknown,
}

impl BoundaryOwner {
    /// Whose the boundary is; none where it is somebody else's, whose denials are their owner's affair.
    #[must_use]
    pub fn of(
        boundary: &PolicyArn,
        role: &Role,
        settings: &Settings,
        record: Option<&RoleRecord>,
    ) -> Option<Self> {
        if settings.own_roles.contains(&role.arn) {
            return Some(Self::RingfencesOwn);
        }
        let was_put = record.is_some_and(|record| record.bounded_with.as_ref() == Some(boundary));
        match (boundary.is_shipped(), boundary.name()) {
            (true, name) if name.starts_with("ringfence-baseline-") => Some(Self::Baseline),
            (true, name) if name.starts_with("ringfence-strict-") => Some(Self::Strict),
            _ => (settings.accepts(boundary) || was_put).then_some(Self::Admins),
        }
    }
}

impl DenialVerdict {
    /// What is to be said of the call, by what the role and its boundary are now.
    #[must_use]
    pub fn of(call: &DeniedCall, role: &RoleSnapshot, owner: BoundaryOwner) -> Self {
        let action = &call.refusal.action;
        let gone = Document::Gone;
        let document = match &role.boundary {
            Boundary::Attached { document, .. } => document,
            Boundary::Absent => &gone,
        };
        let says = BoundarySays::of(document, action, call.refusal.kind);
        let guards = guards(&says, action);
        let remedies = remedies(owner, &says, guards);
        Self { owner, guards, granted: grant(role, action), remedies, says }
    }
}

/// The Sid says it; of other boundaries, and of what no statement allows, the list of ways to more rights does, as far as the action
/// needs no second one.
fn guards(says: &BoundarySays, action: &ActionName) -> Option<Guards> {
    if let Some(denial) = says.shipped_denial() {
        return Some(Guards::Shipped(denial));
    }
    let alone = Escalations::bundled().minimal().find(|way| way.actions() == std::slice::from_ref(action));
    alone.map(|way| Guards::MoreRights(way.how()))
}

fn remedies(owner: BoundaryOwner, says: &BoundarySays, guards: Option<Guards>) -> Vec<Remedy> {
    use Remedy::{
        AllowAssumingRoles, AllowPassingRoles, AllowedByNow, ApproveAnotherBoundary, BaselineForThisRole,
        BringTheBoundaryBack, Exemption, LookIntoRingfence, NoneByDesign, WidenThatBoundary,
    };
    match (owner, says, guards) {
        (BoundaryOwner::RingfencesOwn, ..) => vec![LookIntoRingfence],
        (_, BoundarySays::Gone, _) => vec![BringTheBoundaryBack],
        (_, BoundarySays::AllowsByNow, _) => vec![AllowedByNow],
        (BoundaryOwner::Baseline, _, Some(Guards::Shipped(ShippedDenial::PassingRoles))) => {
            vec![AllowPassingRoles, Exemption]
        }
        // Under strict the parameter opens nothing: strict allows no call that takes a role.
        (BoundaryOwner::Strict, _, Some(Guards::Shipped(ShippedDenial::PassingRoles))) => {
            vec![ApproveAnotherBoundary, Exemption]
        }
        (
            BoundaryOwner::Baseline | BoundaryOwner::Strict,
            _,
            Some(Guards::Shipped(ShippedDenial::AssumingRoles)),
        ) => vec![AllowAssumingRoles, Exemption],
        (_, _, Some(_)) => vec![NoneByDesign],
        (BoundaryOwner::Strict, _, None) => vec![BaselineForThisRole, ApproveAnotherBoundary, Exemption],
        (BoundaryOwner::Baseline, _, None) => vec![ApproveAnotherBoundary, Exemption],
        (BoundaryOwner::Admins, _, None) => vec![WidenThatBoundary, ApproveAnotherBoundary, Exemption],
    }
}

/// Asked on any resource at all: which one the call was about is not known.
fn grant(role: &RoleSnapshot, action: &ActionName) -> Grant {
    let identity: Vec<&Policy> =
        role.policies.iter().filter_map(|policy| policy.document.understood()).collect();
    let all_understood = identity.len() == role.policies.len();
    let policies = Policies { identity: &identity, ..Policies::default() };
    let possible = role.role.arn.as_str().parse().ok().and_then(|arn| {
        let mut access = Access::new(&policies, &arn).ok()?;
        Some(access.possible(action, &Targets::new(["*"], NoResource::Included)))
    });
    match possible {
        Some(Possible::Yes(_)) => Grant::Yes,
        Some(Possible::No) if all_understood => Grant::No,
        Some(Possible::No | Possible::Doubtful(_)) | None => Grant::Unknown,
    }
}
