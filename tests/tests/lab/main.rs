//! What crosses functions, shown in a local AWS account by ordinary API calls. Each test has an account of its own.
//!
//! AWS itself is never contacted: what the account is and what it is not stands in `tests/lab/README.md`.

mod bad_input;
mod containment;
mod crashes;
mod left_alone;
mod observe;
mod other_boundaries;
mod over_time;
mod policy;
mod powerless;
mod undo;
