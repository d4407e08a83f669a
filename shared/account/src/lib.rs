//! The AWS account: the only crate with the AWS SDK.
//!
//! [`Account::respond`] takes a trigger through the whole path: fresh state in, a decision, at most one write to IAM, a
//! finding out. The functions do nothing but make triggers.

pub mod actions;
mod analyzer;
mod calls;
mod carry_out;
mod central_topic;
mod clock;
mod connect;
mod denials;
mod exposure;
mod failure;
mod function;
mod ground;
mod invocation;
mod last_accessed;
mod ledger;
mod metrics;
mod notices;
mod owner;
mod policies;
mod policy_change;
mod publish;
mod reads_only;
pub mod replay;
mod report;
mod respond;
mod review_queue;
mod role;
mod role_ids;
pub mod run;
mod sdk;
mod second_look;
mod security_hub;
pub mod settings;
mod shipped_boundaries;
mod suggest;
mod sweep;
mod undo;

pub use connect::Account;
pub use exposure::ExposureResponse;
pub use failure::{Failure, FailureClass};
pub use metrics::METRICS;
pub use policy_change::PolicyResponse;
pub use respond::{NotFound, Response};
pub use shipped_boundaries::SHIPPED_BOUNDARIES;
pub use suggest::{Did, SuggestAnswer, SuggestCall, Waits};
pub use sweep::{SweepCall, SweepResponse, SweptRoles};
pub use undo::{GivenBack, LeftAlone, UndoAnswer, UndoBatch};
