//! Which of all known privilege escalations a boundary leaves open.

use iam_policy::{EscalationSet, EscalationTarget, EscapeStep, Policy, escapes};
use iam_policy_bench::report::{Figure, Section};
use iam_policy_bench::{read, role};
use serde::Deserialize;

use crate::processor_time::fastest;

const ROLE: &str = "arn:aws:iam::111122223333:role/orders";
const LIST: &str = "shared/guardrail/data/privilege-escalation.json";

/// The fields of the list that matter here; `guardrail::escalation` describes them.
#[derive(Deserialize)]
struct Entry {
    id: Box<str>,
    kind: String,
    actions: Vec<String>,
}

pub(crate) fn section() -> Section {
    let boundary = Policy::from_value(&role::boundary()).expect("the boundary is a policy");
    let sets = sets();
    let role = ROLE.parse().expect("a role");
    let (time, found) = fastest(|| escapes(&boundary, &role, &sets));
    let steps = found.iter().flat_map(|escape| &escape.steps);
    let doubtful = steps.filter(|step| matches!(step, EscapeStep::Doubtful(_))).count();
    Section {
        title: "Escalations that Ringfence's boundary leaves open",
        figures: vec![
            Figure::new(format!("all {} of {LIST}", sets.len()), time.as_secs_f64() * 1e3, "ms")
                .because(format!("{} open, {doubtful} actions in doubt", found.len())),
        ],
        remarks: Vec::new(),
    }
}

/// The escalations that Ringfence knows.
pub(crate) fn sets() -> Vec<EscalationSet> {
    let list: Vec<Entry> =
        serde_json::from_str(&read(&format!("../../../{LIST}"))).expect("the list is valid");
    let set = |Entry { id, kind, actions }| EscalationSet {
        id,
        actions: actions.iter().map(|action: &String| action.parse().expect("an action")).collect(),
        target: if kind == "itself" { EscalationTarget::Itself } else { EscalationTarget::Account },
    };
    list.into_iter().map(set).collect()
}
