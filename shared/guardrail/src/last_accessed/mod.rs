//! Last accessed information: which of the services that a role's policies allow it did not use. Pure; IAM's report comes in, and
//! candidates for removal go out.
//!
//! What IAM tells, and what follows from it:
//!
//! - It reports the last attempt on each service that the permissions policies allow, refused attempts too, some four hours late
//!   and for at least 400 days (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_GenerateServiceLastAccessedDetails.html>).
//!   A boundary in place hides nothing of that.
//! - Of some services it tells the last attempt on each action that manages something; of calls on data only the service
//!   (<https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed.html>). So an action that is not told is
//!   never called unused.
//! - It does not tell since when a right is granted. So nothing is called unused for longer than the role exists, or than the
//!   service is known to be allowed.
//! - What is not known is not unused: a report that did not come, or that is too old, says nothing.

mod grants;
mod known;
mod unused;
mod words;

pub use grants::Grants;
pub use known::LastAccessed;
pub use unused::{Unused, UnusedFor, UnusedService};

use jiff::SignedDuration;

/// How far back IAM's reports reach at least.
pub const TRACKED: SignedDuration = days(400);

/// Who did not use a service for so long may do without it.
pub const MONTH: SignedDuration = days(30);

/// What was not used in a quarter is a candidate for removal.
pub const QUARTER: SignedDuration = days(90);

/// How old a report gets before IAM is asked again.
pub const FRESH: SignedDuration = days(7);

/// From when on a report is too old to say anything: what it calls unused may be in use again.
pub const OUTDATED: SignedDuration = days(35);

const fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}
