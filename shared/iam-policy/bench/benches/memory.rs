//! What a policy takes in memory once it is read. A program of its own, because the allocator that counts is slower.

use std::process::ExitCode;

use iam_policy::Policy;
use iam_policy_bench::managed;
use iam_policy_bench::report::{Figure, Section, load, tell};

fn main() -> ExitCode {
    let load_before = load();
    tell("memory of the policy engine", &[section()], &load_before)
}

fn section() -> Section {
    let title = "Memory of a policy that was read";
    let Some(documents) = managed::documents() else {
        return Section::skipped(title, managed::MISSING);
    };
    let mut policies = Vec::with_capacity(documents.len());
    let counted = allocation_counter::measure(|| {
        policies.extend(
            documents.values().map(|text| Policy::parse(text).expect("AWS's own policies are valid")),
        );
    });
    let held = counted.bytes_current as f64 + (policies.len() * size_of::<Policy>()) as f64;
    let length: usize = documents.values().map(String::len).sum();
    let each = policies.len() as f64;
    Section {
        title,
        figures: vec![
            Figure::new("a policy", held / each / 1e3, "kB")
                .because(format!("{} AWS managed policies", policies.len())),
            Figure::new("÷ length of its document", held / length as f64, "×").because("without white space"),
            Figure::new("allocations that stay", counted.count_current as f64 / each, ""),
            Figure::new("allocations while it is read", counted.count_total as f64 / each, ""),
        ],
        remarks: vec!["As asked of the allocator; what it rounds up to is not in it.".into()],
    }
}
