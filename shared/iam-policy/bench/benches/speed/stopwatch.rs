//! Times by criterion, several things in turns.

use std::path::{Path, PathBuf};
use std::time::Duration;

use criterion::Criterion;
use serde::Deserialize;

use crate::processor_time::ProcessorTime;

/// How often each thing is measured. A machine that is busy with something else for a while spoils a round, not the figure.
pub(crate) const ROUNDS: usize = 3;

pub(crate) struct Stopwatch {
    criterion: Criterion<ProcessorTime>,
    results: PathBuf,
}

/// A thing to be measured, under its name.
pub(crate) type Routine<'a> = (&'static str, Box<dyn FnMut() + 'a>);

/// What criterion writes down of a measurement. Times in nanoseconds.
#[derive(Deserialize)]
struct Estimates {
    median: Estimate,
}

#[derive(Deserialize)]
struct Estimate {
    point_estimate: f64,
}

impl Stopwatch {
    pub(crate) fn new() -> Self {
        let results = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("speed-{}", iam_policy_bench::report::OPT_LEVEL));
        let criterion = Criterion::default()
            .with_measurement(ProcessorTime)
            .sample_size(40)
            .warm_up_time(Duration::from_millis(300))
            .measurement_time(Duration::from_millis(1200))
            .output_directory(&results)
            .configure_from_args();
        Self { criterion, results }
    }

    /// The time of one call each: criterion's median in the fastest of the rounds. The routines take turns, so that one
    /// of them is not measured on another machine than the next.
    pub(crate) fn in_turns<const N: usize>(
        &mut self,
        group: &'static str,
        mut routines: [Routine<'_>; N],
    ) -> [Duration; N] {
        let mut fastest = [Duration::MAX; N];
        for round in 1..=ROUNDS {
            for ((name, routine), fastest) in routines.iter_mut().zip(&mut fastest) {
                *fastest = self.once(group, &format!("{name}, round {round}"), routine).min(*fastest);
            }
        }
        fastest
    }

    fn once(&mut self, group: &str, name: &str, routine: &mut dyn FnMut()) -> Duration {
        let mut measured = self.criterion.benchmark_group(group);
        measured.bench_function(name, |bencher| bencher.iter(&mut *routine));
        measured.finish();
        let file = self.results.join(group).join(name).join("new").join("estimates.json");
        let text = std::fs::read_to_string(&file)
            .expect("criterion writes its estimates; this bench takes no filter");
        // What the next run does not measure it must not find.
        std::fs::remove_file(&file).expect("what was read can be removed");
        let Estimates { median } = serde_json::from_str(&text).expect("criterion's estimates have a median");
        Duration::from_secs_f64(median.point_estimate / 1e9)
    }
}
