//! Calls that were refused because of a role's permissions boundary: which call it was, what of the boundary refuses it, and what
//! its owner can do.
//!
//! CloudTrail tells them as management events that failed. Reads and writes of data (objects of S3, items of DynamoDB, `Invoke` …)
//! are no management events, so a boundary that cuts those is never seen here.

mod boundary_says;
mod call;
mod count;
mod refusal;
mod remedy;
mod shipped_denial;
mod verdict;

pub use boundary_says::{BoundarySays, Certainty};
pub use call::DeniedCall;
pub use count::{DenialKey, Denials};
pub(crate) use refusal::refused_action;
pub use refusal::{Refusal, RefusalKind};
pub use remedy::Remedy;
pub use shipped_denial::ShippedDenial;
pub use verdict::{BoundaryOwner, DenialVerdict, Grant, Guards};
