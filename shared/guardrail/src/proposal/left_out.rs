use super::keep::{Keep, level};
use crate::administrator::Administrator;
use crate::assess::Surroundings;
use crate::checks::open_ways;
use crate::escalation::Escalation;
use crate::snapshot::{Boundary, Cap, Document, PolicySource, RolePolicy, RoleSnapshot};
use crate::view::{Documents, View};
use iam_policy::catalogue::AccessLevel;
use iam_policy::{ActionName, Policy};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Why an action is not in the proposal although it would stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Why it would stay.
    pub keep: Keep,
    /// The way to more rights that it is part of, by the id of the catalogue.
    pub way: String,
    /// The way, in words that follow "somebody with the role can".
    pub how: String,
}

/// Takes out of `kept` what opens a way to more rights, one action of each way: the one that most open ways need, then one that nobody
/// saw used, then the one that does most. `policy` is what the role would have with what is kept.
pub(super) fn leave_out(
    role: &RoleSnapshot,
    kept: &mut BTreeMap<ActionName, Keep>,
    policy: impl Fn(&BTreeMap<ActionName, Keep>) -> Option<Policy>,
) -> BTreeMap<ActionName, LeftOut> {
    let mut left_out = BTreeMap::new();
    // Each round takes an action away, so that it ends.
    while let Some((action, way)) = policy(kept).and_then(|policy| worst(role, policy, kept)) {
        let Some(keep) = kept.remove(&action) else { break };
        left_out.insert(action, LeftOut { keep, way: way.id().to_owned(), how: way.how().to_owned() });
    }
    left_out
}

/// The action to leave out next.
fn worst(
    role: &RoleSnapshot,
    policy: Policy,
    kept: &BTreeMap<ActionName, Keep>,
) -> Option<(ActionName, &'static Escalation)> {
    let open = with_policies_alone(role, &[policy], open_ways);
    let mut needed: BTreeMap<&ActionName, (usize, &'static Escalation)> = BTreeMap::new();
    for way in open {
        for action in way.actions() {
            needed.entry(action).or_insert((0, way)).0 += 1;
        }
    }
    let weigh = |(action, (ways, _)): &(&&ActionName, &(usize, &'static Escalation))| {
        let is_used = kept.get(**action) == Some(&Keep::Used);
        (*ways, Reverse(is_used), rank(action), Reverse((**action).clone()))
    };
    let (action, (_, way)) = needed.iter().max_by_key(weigh)?;
    // As the policy spells it, which the catalogue of ways may not.
    let spelled = kept.keys().find(|kept| kept == action)?;
    Some((spelled.clone(), way))
}

fn rank(action: &ActionName) -> u8 {
    match level(action) {
        Some(AccessLevel::PermissionsManagement) => 4,
        Some(AccessLevel::Write) => 3,
        Some(AccessLevel::Tagging) => 2,
        Some(AccessLevel::Read) => 1,
        Some(AccessLevel::List) | None => 0,
    }
}

/// Looks at the role as if these were its only policies and it had no boundary.
pub(super) fn with_policies_alone<T>(
    role: &RoleSnapshot,
    policies: &[Policy],
    look: impl FnOnce(&View<'_>) -> T,
) -> T {
    let alone = |(at, policy): (usize, &Policy)| RolePolicy {
        source: PolicySource::Inline(format!("proposal{at}")),
        document: Document::Understood(Arc::new(policy.clone())),
    };
    let policies = policies.iter().enumerate().map(alone).collect();
    let bare = RoleSnapshot { role: role.role.clone(), policies, boundary: Boundary::Absent };
    let (documents, around) = (Documents::of(&bare), Surroundings::default());
    look(&View::new(&bare, Cap::Nothing, &documents, &around))
}

/// What the policies alone still open, in words; nothing for those that can be proposed.
pub(super) fn still_open(role: &RoleSnapshot, policies: &[Policy]) -> Option<String> {
    with_policies_alone(role, policies, |view| match open_ways(view).first() {
        Some(way) => Some(format!("somebody with the role could still {}", way.how())),
        None if Administrator::of(view) == Administrator::Yes => {
            Some("it would still make an administrator".to_owned())
        }
        None => None,
    })
}
