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
use crate::account_targets::Reach;
use crate::assess::Evidence;
use crate::escalation::{Escalation, EscalationKind, Escalations};
use crate::view::{Granted, View};
use iam_policy::{ActionName, EscalationTarget};
use std::collections::HashMap;

/// More ways than this are counted, not told.
const MOST_TOLD: usize = 3;

pub(super) fn find(view: &View<'_>) -> Option<Hit> {
    let mut steps = Steps { view, known: HashMap::new(), passed: HashMap::new() };
    let mut open: Vec<&Escalation> =
        Escalations::bundled().minimal().filter(|way| steps.are_open(way)).collect();
    open.sort_by_key(|way| std::cmp::Reverse(rank(way)));
    let first = open.first()?;
    let others = open.len() - 1;
    let more = match others {
        0 => String::new(),
        1 => ", or go one other known way to more rights".to_owned(),
        _ => format!(", or go {others} other known ways to more rights"),
    };
    Some(Hit {
        grade: rank(first),
        summary: format!("somebody with the role can {}{more}", first.how()),
        evidence: open.iter().take(MOST_TOLD).flat_map(|way| steps.evidence(way)).collect(),
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
    known: HashMap<(&'static ActionName, EscalationTarget), Step>,
    /// Whether a role can be passed to a service.
    passed: HashMap<&'static str, bool>,
}

/// What is known of an action.
enum Step {
    /// It takes no search to see that it is not possible.
    OutOfQuestion,
    /// It may be possible.
    Unsearched,
    Searched(Option<Granted>),
}

impl Steps<'_, '_> {
    /// Whether every action of the way is possible.
    fn are_open(&mut self, way: &'static Escalation) -> bool {
        let target = way.set().target;
        // Most ways end with an action that nothing grants: that is asked before anything is searched.
        way.actions().iter().all(|action| !matches!(self.look(action, target), Step::OutOfQuestion))
            && way.actions().iter().all(|action| {
                self.search(action, target).is_some()
                    && match way.kind() {
                        EscalationKind::PassRole { passed_to } if is_pass_role(action) => {
                            passed_to.iter().any(|service| self.passes_to(action, target, service))
                        }
                        EscalationKind::PassRole { .. }
                        | EscalationKind::Itself
                        | EscalationKind::ExistingResource
                        | EscalationKind::OtherPrincipal => true,
                    }
            })
    }

    fn look(&mut self, action: &'static ActionName, target: EscalationTarget) -> &mut Step {
        let view = self.view;
        self.known.entry((action, target)).or_insert_with(|| {
            if view.is_out_of_question(action) { Step::OutOfQuestion } else { Step::Unsearched }
        })
    }

    /// How the role can do it.
    fn search(&mut self, action: &'static ActionName, target: EscalationTarget) -> Option<&Granted> {
        let view = self.view;
        let step = self.look(action, target);
        if let Step::Unsearched = step {
            *step = Step::Searched(granted(view, action, target));
        }
        match step {
            Step::Searched(found) => found.as_ref(),
            Step::OutOfQuestion | Step::Unsearched => None,
        }
    }

    fn passes_to(
        &mut self,
        action: &'static ActionName,
        target: EscalationTarget,
        service: &'static str,
    ) -> bool {
        if let Some(known) = self.passed.get(service) {
            return *known;
        }
        let view = self.view;
        let passes = self.search(action, target).is_some_and(|granted| view.passes_to(granted, service));
        self.passed.insert(service, passes);
        passes
    }

    /// Where the actions of an open way are granted.
    fn evidence(&mut self, way: &'static Escalation) -> Vec<Evidence> {
        let (view, target) = (self.view, way.set().target);
        let told = |action| Some(evidence(view, action, self.search(action, target)?));
        way.actions().iter().filter_map(told).collect()
    }
}

fn is_pass_role(action: &ActionName) -> bool {
    action.folded() == "iam:passrole"
}

fn granted(view: &View<'_>, action: &ActionName, target: EscalationTarget) -> Option<Granted> {
    match target {
        EscalationTarget::Account => {
            let targets = view.targets(Reach::Some, action, |role| target.targets(role, action))?;
            view.way(action, &targets)
        }
        EscalationTarget::Itself => {
            let role = view.arn()?;
            view.way_on(action, || target.targets(role, action))
        }
    }
}

fn evidence(view: &View<'_>, action: &ActionName, granted: &Granted) -> Evidence {
    let detail = match &granted.way {
        Some(way) => format!("{action} on {}", way.request.resource),
        None => format!("{action}, as far as can be told"),
    };
    view.evidence(granted.grant, detail)
}
