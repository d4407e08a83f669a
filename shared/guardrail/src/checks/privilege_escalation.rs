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
use crate::escalation::{Escalation, EscalationKind, EscalationStep, Escalations};
use crate::view::{Granted, Question, View};
use iam_policy::{ActionName, EscalationTarget};
use std::collections::HashMap;

/// More ways than this are counted, not told.
const MOST_TOLD: usize = 3;

/// The shortest ways that are open.
pub(crate) fn open_ways(view: &View<'_>) -> Vec<&'static Escalation> {
    let mut steps = Steps::new(view);
    Escalations::bundled().minimal().filter(|way| steps.are_open(way)).collect()
}

pub(super) fn find(view: &View<'_>) -> Option<Hit> {
    let mut steps = Steps::new(view);
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

/// The steps that were asked about already.
struct Steps<'v, 'a> {
    view: &'v View<'a>,
    /// By their numbers.
    known: Vec<Step<'a>>,
    /// Whether a role can be passed to a service.
    passed: HashMap<&'static str, bool>,
}

/// What is known of a step.
enum Step<'a> {
    Unasked,
    /// It takes no search to see that it is not possible.
    OutOfQuestion,
    /// It may be possible.
    Unsearched(Question<'a, 'static>),
    Searched(Option<Granted>),
}

impl<'v, 'a> Steps<'v, 'a> {
    fn new(view: &'v View<'a>) -> Self {
        let known = std::iter::repeat_with(|| Step::Unasked).take(Escalations::bundled().steps()).collect();
        Self { view, known, passed: HashMap::new() }
    }

    /// Whether every action of the way is possible.
    fn are_open(&mut self, way: &'static Escalation) -> bool {
        // Most ways end with an action that nothing grants: that is asked before anything is searched.
        way.steps().all(|step| !matches!(self.look(step), Some(Step::OutOfQuestion) | None))
            && way.steps().all(|step| {
                self.search(step).is_some()
                    && match way.kind() {
                        EscalationKind::PassRole { passed_to } if is_pass_role(step.action) => {
                            passed_to.iter().any(|service| self.passes_to(step, service))
                        }
                        EscalationKind::PassRole { .. }
                        | EscalationKind::Itself
                        | EscalationKind::ExistingResource
                        | EscalationKind::OtherPrincipal => true,
                    }
            })
    }

    /// Never none: every step has a place by its number.
    fn look(&mut self, step: EscalationStep<'static>) -> Option<&mut Step<'a>> {
        let known = self.known.get_mut(step.number)?;
        if let Step::Unasked = known {
            *known = self.view.question(step.action).map_or(Step::OutOfQuestion, Step::Unsearched);
        }
        Some(known)
    }

    /// How the role can do it.
    fn search(&mut self, step: EscalationStep<'static>) -> Option<&Granted> {
        let view = self.view;
        let known = self.look(step)?;
        if let Step::Unsearched(question) = known {
            *known = Step::Searched(granted(view, question, step.target));
        }
        match known {
            Step::Searched(found) => found.as_ref(),
            Step::Unasked | Step::OutOfQuestion | Step::Unsearched(_) => None,
        }
    }

    fn passes_to(&mut self, step: EscalationStep<'static>, service: &'static str) -> bool {
        if let Some(known) = self.passed.get(service) {
            return *known;
        }
        let view = self.view;
        let passes = self.search(step).is_some_and(|granted| view.passes_to(granted, service));
        self.passed.insert(service, passes);
        passes
    }

    /// Where the actions of an open way are granted.
    fn evidence(&mut self, way: &'static Escalation) -> Vec<Evidence> {
        let view = self.view;
        let told = |step: EscalationStep<'static>| Some(evidence(view, step.action, self.search(step)?));
        way.steps().filter_map(told).collect()
    }
}

fn is_pass_role(action: &ActionName) -> bool {
    action.folded() == "iam:passrole"
}

fn granted<'a>(view: &View<'a>, question: &Question<'a, '_>, target: EscalationTarget) -> Option<Granted> {
    let action = question.action();
    match target {
        EscalationTarget::Account => {
            let targets = view.targets(Reach::Some, action, |role| target.targets(role, action))?;
            view.answer(question, || targets)
        }
        EscalationTarget::Itself => {
            let role = view.arn()?;
            view.answer(question, || target.targets(role, action))
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
