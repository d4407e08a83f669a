//! When which role gets a proposal of a smaller policy: the state machine behind `suggest-policy`, over days. Pure; what the account
//! answered comes in, the next step goes out.
//!
//! IAM Access Analyzer generates policies by jobs, one at a time in an account and few a day
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-policy-generation.html>). So a schedule asks here what comes
//! next: begin a job, look after the one that runs, or nothing. What a job is about is recorded before AWS is asked for it; whoever
//! finds such a record after a crash goes on with that job.

mod call;
mod candidates;
mod hold;
mod state;
mod step;

pub use call::Call;
pub use candidates::{Candidate, Candidates, MOST_CANDIDATES, OtherFunctions};
pub use hold::{Hold, HoldReason};
pub use state::{CameTo, Ended, Job, JobId, Lease, Origin, Stage, SuggestionState};
pub use step::{Due, Step, Wait, next_step};

use jiff::SignedDuration;

/// How far back a job looks: what Access Analyzer takes at most, 90 days, less an hour, in which it may be asked again.
pub const LOOKS_BACK: SignedDuration = SignedDuration::from_hours(90 * 24 - 1);

/// A role that got a proposal gets another one after this, or when it is asked for.
pub const AGAIN_AFTER: SignedDuration = days(30);

/// A role of which nothing came is tried again after this.
pub const RETRY_AFTER: SignedDuration = days(7);

/// A job that is not done after so long is cancelled: while it runs, no other one can.
pub const LONGEST_JOB: SignedDuration = days(1);

const fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

/// How many jobs an account may begin in a day
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-quotas.html>). Cancelled ones count.
#[must_use]
pub fn daily_quota(region: &str) -> usize {
    match region {
        "af-south-1" | "ap-east-1" | "ap-southeast-3" | "eu-south-1" | "me-south-1" => 5,
        _ => 50,
    }
}
