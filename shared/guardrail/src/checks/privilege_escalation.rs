//! # `privilege-escalation`: the role can gain rights that it was not given
//!
//! ## What it finds
//! A set of actions, granted by all policies of the role together, with which somebody who holds the role comes to more
//! rights. The sets are those of `data/privilege-escalation.json`; the shortest that are open are told, each with what
//! somebody would do step by step.
//!
//! ## Why it matters
//! Whoever controls the function's code holds its role. With one of these sets that is as good as any right in the account.
//!
//! ## Example
//! `iam:PassRole` in one policy and `lambda:CreateFunction` in another: a new function with a stronger role.
//!
//! ## Remedy
//! Take one action of every set away, or limit `iam:PassRole` to named roles and, with `iam:PassedToService`, to the
//! service that needs them.
//!
//! ## Limits
//! A set counts as open if each of its actions is possible on some resource of the role's account, and for changes of
//! the role's own rights on the role itself or on a policy of its account. Whether there is a stronger role or a running
//! instance to use is not asked. The actions of a set are judged one by one, so that conditions that exclude each other
//! do not close it. Conditions that no request can meet, and `iam:PassedToService` for other services, do.

use super::{Grade, Hit};
use crate::assess::Evidence;
use crate::escalation::{Escalation, EscalationKind, Escalations};
use crate::view::{Granted, View};
use iam_policy::{ActionName, EscalationTarget, IdentityArn};
use std::collections::BTreeMap;

/// More ways than this are counted, not told.
const MOST_TOLD: usize = 3;

pub(super) fn find(view: &View<'_>) -> Option<Hit> {
    let role = view.arn()?;
    let mut steps = Steps { view, role, known: BTreeMap::new() };
    let mut open: Vec<(&Escalation, Vec<Evidence>)> =
        Escalations::bundled().minimal().filter_map(|way| Some((way, steps.of(way)?))).collect();
    open.sort_by_key(|(way, _)| std::cmp::Reverse(rank(way)));
    let (first, _) = open.first()?;
    let others = open.len() - 1;
    let more = match others {
        0 => String::new(),
        1 => ", or go one other known way to more rights".to_owned(),
        _ => format!(", or go {others} other known ways to more rights"),
    };
    Some(Hit {
        grade: rank(first),
        summary: format!("somebody with the role can {}{more}", first.how()),
        evidence: open.into_iter().take(MOST_TOLD).flat_map(|(_, evidence)| evidence).collect(),
        remedy: "take one action of each way away, or limit `iam:PassRole` to the roles and, with \
                 `iam:PassedToService`, the service that need it"
            .to_owned(),
    })
}

/// Ways that take nobody else come first, because they weigh more.
fn rank(way: &Escalation) -> Grade {
    match way.kind() {
        EscalationKind::Itself => Grade::OfItsOwnAccord,
        EscalationKind::PassRole { .. }
        | EscalationKind::ExistingResource
        | EscalationKind::OtherPrincipal => Grade::Usual,
    }
}

/// The actions that were asked about already.
struct Steps<'v, 'a> {
    view: &'v View<'a>,
    role: IdentityArn,
    known: BTreeMap<(&'static ActionName, EscalationTarget), Option<Evidence>>,
}

impl Steps<'_, '_> {
    /// Where each action of the way is granted; none, if one of them is not possible.
    fn of(&mut self, way: &'static Escalation) -> Option<Vec<Evidence>> {
        let target = way.set().target;
        way.actions()
            .iter()
            .map(|action| match way.kind() {
                EscalationKind::PassRole { passed_to } if action.folded() == "iam:passrole" => {
                    let targets = target.targets(&self.role, action);
                    let granted = self.view.way_to_pass(&targets, passed_to)?;
                    Some(evidence(self.view, action, &granted))
                }
                EscalationKind::PassRole { .. }
                | EscalationKind::Itself
                | EscalationKind::ExistingResource
                | EscalationKind::OtherPrincipal => self.step(action, target),
            })
            .collect()
    }

    fn step(&mut self, action: &'static ActionName, target: EscalationTarget) -> Option<Evidence> {
        if let Some(known) = self.known.get(&(action, target)) {
            return known.clone();
        }
        let granted = self.view.way(action, &target.targets(&self.role, action));
        let found = granted.map(|granted| evidence(self.view, action, &granted));
        self.known.insert((action, target), found.clone());
        found
    }
}

fn evidence(view: &View<'_>, action: &ActionName, granted: &Granted) -> Evidence {
    let detail = match &granted.way {
        Some(way) => format!("{action} on {}", way.request.resource),
        None => format!("{action}, as far as can be told"),
    };
    view.evidence(granted.grant, detail)
}
