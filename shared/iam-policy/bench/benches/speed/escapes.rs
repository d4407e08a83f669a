//! Which of all known privilege escalations a boundary leaves open.

use iam_policy::{EscalationSet, EscalationTarget, EscapeStep, Policy, escapes};
use iam_policy_bench::report::{Figure, Section};
use iam_policy_bench::{read, role};

use crate::processor_time::fastest;

const ROLE: &str = "arn:aws:iam::111122223333:role/orders";

pub(crate) fn section() -> Section {
    let boundary = Policy::from_value(&role::boundary()).expect("the boundary is a policy");
    let lists: Vec<Vec<String>> = serde_json::from_str(&read("../../../tests/data/escalation-sets.json"))
        .expect("a list of lists of actions");
    let set = |(place, actions): (usize, &Vec<String>)| EscalationSet {
        id: place.to_string().into(),
        actions: actions.iter().map(|action| action.parse().expect("an action")).collect(),
        target: EscalationTarget::Account,
    };
    let sets: Vec<_> = lists.iter().enumerate().map(set).collect();
    let role = ROLE.parse().expect("a role");
    let (time, found) = fastest(|| escapes(&boundary, &role, &sets));
    let doubtful = found.iter().flat_map(|escape| &escape.steps);
    let doubtful = doubtful.filter(|step| matches!(step, EscapeStep::Doubtful(_))).count();
    Section {
        title: "Escalations that Ringfence's boundary leaves open",
        figures: vec![
            Figure::new(
                format!("all {} sets of tests/data/escalation-sets.json", sets.len()),
                time.as_secs_f64() * 1e3,
                "ms",
            )
            .because(format!("{} open, {doubtful} actions in doubt", found.len())),
        ],
        remarks: Vec::new(),
    }
}
