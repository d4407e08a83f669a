//! What a boundary takes away from a role.

use iam_policy::{Policy, impact};
use iam_policy_bench::managed;
use iam_policy_bench::report::{Budget, Figure, Section};
use iam_policy_bench::role::{Role, boundary};

use crate::escapes::sets;
use crate::processor_time::fastest;

pub(crate) fn section() -> Section {
    let title = "What Ringfence's boundary takes away from a role";
    let Some(documents) = managed::documents() else {
        return Section::skipped(title, managed::MISSING);
    };
    let names = Role::read().managed;
    let read = |name: &String| Policy::parse(&documents[name]).expect("AWS's own policies are valid");
    let identity: Vec<_> = names.iter().map(read).collect();
    let identity: Vec<_> = identity.iter().collect();
    let boundary = Policy::from_value(&boundary()).expect("the boundary is a policy");
    let sets = sets();
    let (time, found) = fastest(|| impact(&identity, &boundary, &sets));
    let told = match found {
        Ok(removals) => format!("{} removals", removals.len()),
        Err(doubt) => format!("no answer: {doubt}"),
    };
    Section {
        title,
        figures: vec![
            Figure::new(names.join(" and "), time.as_secs_f64() * 1e3, "ms")
                .within(Budget::AtMost(5.0))
                .because(told),
        ],
        remarks: Vec::new(),
    }
}
