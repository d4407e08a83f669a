//! How fast policies are judged, read and compared, beside the peers in the same run.

mod assess;
mod compare;
mod escapes;
mod impact;
mod judge;
mod parse;
mod processor_time;
mod stopwatch;

use std::process::ExitCode;

use iam_policy_bench::report::{load, tell};
use stopwatch::Stopwatch;

fn main() -> ExitCode {
    let load_before = load();
    let mut stopwatch = Stopwatch::new();
    let sections = [
        judge::small_policies(&mut stopwatch),
        judge::role(&mut stopwatch),
        parse::section(&mut stopwatch),
        compare::section(),
        escapes::section(),
        impact::section(),
        assess::section(&mut stopwatch),
    ];
    tell("speed of the policy engine, processor time of one core", &sections, &load_before)
}
