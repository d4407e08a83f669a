//! The crate from outside: roles in, verdicts, decisions and findings out.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "all of this is test code; clippy's own exception covers test functions only, not what they share"
)]

mod access;
mod administrators;
mod analyzer;
mod asff;
mod assess_lines;
mod catalogue;
mod checks;
mod corpus;
mod decisions;
mod denials;
mod escalations;
mod evidence;
mod evidence_of_use;
mod exposures;
mod findings;
mod functions;
mod ineffective_boundaries;
mod last_accessed;
mod missing_roles;
mod notices;
mod proposal_properties;
mod proposals;
mod reports;
mod resolution;
mod roles;
mod simulations;
mod suggestions;
mod sweep;
mod texts;
mod trust;
mod undo;
mod validity;
