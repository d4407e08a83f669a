//! Time that this thread had a processor. What else runs on the machine meanwhile is not in it, other than by what it
//! does to caches and clock rates.

use std::hint::black_box;
use std::time::Duration;

use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use rustix::time::{ClockId, clock_gettime};

/// The clock of this thread.
pub(crate) fn now() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).expect("a thread's time does not run backwards from zero")
}

/// How often a thing is done of which the fastest time counts, so that what the machine does besides is not its time.
pub(crate) const RUNS: usize = 3;

/// The fastest of the runs, and what the last one found.
pub(crate) fn fastest<T>(mut routine: impl FnMut() -> T) -> (Duration, T) {
    let mut once = || {
        let started = now();
        let found = black_box(routine());
        (now() - started, found)
    };
    let mut best = once();
    for _ in 1..RUNS {
        let (time, found) = once();
        best = (time.min(best.0), found);
    }
    best
}

/// The same for criterion.
pub(crate) struct ProcessorTime;

impl Measurement for ProcessorTime {
    type Intermediate = Duration;
    type Value = Duration;

    fn start(&self) -> Duration {
        now()
    }

    fn end(&self, started: Duration) -> Duration {
        now() - started
    }

    fn add(&self, one: &Duration, other: &Duration) -> Duration {
        *one + *other
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, value: &Duration) -> f64 {
        WallTime.to_f64(value)
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        WallTime.formatter()
    }
}
