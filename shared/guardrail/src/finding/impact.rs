//! What a boundary takes away from a role, as a finding shows it.

use crate::escalation::{Escalation, Escalations};
use crate::snapshot::{Boundary, Cap, RoleSnapshot};
use iam_policy::{ActionPattern, Breadth, Cut, Danger, Policy, Removal, impact};
use serde::Serialize;

/// What the boundary takes away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ImpactFacts {
    /// What is no longer allowed: what was granted by name first, then what is dangerous. At most 40 entries.
    pub removed: Vec<Removed>,
    /// Which of it the role tried to use in the 90 days before the finding's time, the most recent first, at most 20:
    /// `iam:CreateRole (2026-11-20)`, with ` on RESOURCE` before the date where the action goes on some resources only;
    /// `s3 (service, 2026-11-20)` where IAM tells the use of the service but not which of its actions it was. Asked of IAM
    /// after containment, for roles that were used recently; where it does not tell, a doubt says so.
    pub used_recently: Vec<String>,
    /// All that is removed and to what exactly, as `removed` is made from it.
    #[serde(skip)]
    pub(super) lost: Vec<Lost>,
}

/// Actions that are taken away, precisely.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lost {
    pub(super) action: ActionPattern,
    /// What `action` stands for and stays.
    pub(super) but: Vec<ActionPattern>,
    pub(super) resources: Vec<String>,
    pub(super) breadth: Breadth,
}

/// A right that is taken away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Removed {
    /// The action, perhaps with wildcards.
    pub action: String,
    /// The resources on which it was allowed.
    pub resources: Vec<String>,
    /// Whether it is part of a way to more rights that the role has without the boundary.
    pub dangerous: bool,
    /// Whether it was granted by its name on named resources: somebody wanted that.
    pub narrow: bool,
}

/// More adds nothing to a finding: the boundary's own document says it in full.
pub(super) const MOST_REMOVED: usize = 40;
const MOST_RESOURCES: usize = 5;

/// Every wildcard grant loses what it grants on Ringfence's own parts. That is the same for all, and no loss.
const OF_RINGFENCE: [&str; 2] = ["DenyTouchingRingfence", "DenyDisconnectingRingfence"];

/// What `boundary` takes away from the role; none, where that cannot be told.
pub(super) fn of(role: &RoleSnapshot, boundary: &Boundary) -> Option<ImpactFacts> {
    let cap = match boundary.cap() {
        Cap::Policy(policy) => policy,
        Cap::Nothing | Cap::Everything => return None,
    };
    let identity: Vec<&Policy> =
        role.policies.iter().filter_map(|policy| policy.document.understood()).collect();
    let ways = Escalations::bundled().minimal().map(Escalation::set);
    let removals = impact(&identity, cap, ways).ok()?;
    let removals: Vec<&Removal> =
        removals.iter().filter(|removal| !is_about_ringfence(removal, cap)).collect();
    let mut removed: Vec<Removed> = removals.iter().copied().flat_map(listed).collect();
    removed.sort_by_key(|removed| (!removed.narrow, !removed.dangerous, rank(&removed.action)));
    removed.dedup();
    removed.truncate(MOST_REMOVED);
    let lost = removals.into_iter().flat_map(precisely).collect();
    Some(ImpactFacts { removed, used_recently: Vec::new(), lost })
}

/// Identities say more to a reader than the services in the order of the alphabet.
fn rank(action: &str) -> usize {
    let service = action.split(':').next().unwrap_or_default();
    ["iam", "sts", "lambda"].iter().position(|first| *first == service).unwrap_or(usize::MAX)
}

fn is_about_ringfence(removal: &Removal, boundary: &Policy) -> bool {
    let Cut::Denied(at) = removal.cut else { return false };
    let sid = boundary.statements().get(at).and_then(|statement| statement.sid());
    sid.is_some_and(|sid| OF_RINGFENCE.contains(&sid))
}

fn listed(removal: &Removal) -> impl Iterator<Item = Removed> {
    let resources: Vec<String> =
        removal.resources.iter().take(MOST_RESOURCES).map(ToString::to_string).collect();
    removal.actions.iter().map(move |lost| Removed {
        action: lost.action.to_string(),
        resources: resources.clone(),
        dangerous: lost.danger == Danger::Dangerous,
        narrow: lost.breadth == Breadth::Narrow,
    })
}

fn precisely(removal: &Removal) -> impl Iterator<Item = Lost> {
    let resources: Vec<String> = removal.resources.iter().map(ToString::to_string).collect();
    removal.actions.iter().map(move |lost| Lost {
        action: lost.action.clone(),
        but: lost.but.clone(),
        resources: resources.clone(),
        breadth: lost.breadth,
    })
}
