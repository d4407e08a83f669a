//! What is true of a Lambda execution role, and what should be done about it.
//!
//! Pure: no AWS SDK, no clock, no randomness. A [`snapshot::RoleSnapshot`] goes in, an [`assess::Assessment`] says what is
//! true, [`decide::decide`] what should be done, [`finding::Finding`] tells it.

mod account_targets;
pub mod administrator;
pub mod analyzer;
pub mod assess;
pub mod authorization_details;
pub mod boundary_policy;
pub mod boundary_relation;
pub mod change_budget;
pub mod check_id;
pub mod checks;
pub mod cut_grants;
pub mod decide;
pub mod denial;
pub mod escalation;
pub mod exemption;
pub mod exposure;
pub mod finding;
pub mod function;
pub mod ground;
pub mod kill_switch;
pub mod last_accessed;
pub mod names;
pub mod notice;
pub mod operator_item;
pub mod proposal;
pub mod record;
pub mod report;
pub mod review;
pub mod service_control;
pub mod settings;
pub mod severity;
pub mod simulation;
pub mod snapshot;
pub mod suggestion;
pub mod sweep;
pub mod trigger;
pub mod trust;
pub mod undo;
mod view;

pub use settings::Settings;
