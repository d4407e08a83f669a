//! The sweep: what the whole account's state leads to. Pure; the account's pages come in, verdicts and totals go out.
//!
//! 1. Every function of every Region goes into an [`Inventory`], every managed policy in use into a [`PolicyStore`].
//! 2. Roles come page by page. [`PolicyStore::snapshot`] puts each together, [`Sweep::role`] judges it, and it is dropped. What
//!    stays is the [`SweepSummary`].
//! 3. What no page showed is in [`Inventory::missing_roles`]; [`Sweep::missing_role_news`] says what of it is news.
//!
//! A role is queued exactly where a look at it would do, tell or note something: a sweep over an account that is as it was told
//! sends nothing.

mod checkpoint;
mod inventory;
mod missing_roles;
mod modes;
mod policy_store;
mod role;
mod summary;
mod verdict;
mod worst_roles;

pub use checkpoint::{Checkpoint, Phase};
pub use inventory::{Inventory, MissingRole};
pub use missing_roles::{
    AskedRoles, MOST_TOLD, MissingRoleCounts, MissingRoleFact, MissingRoleNews, MissingRolesToTell,
};
pub use modes::SweepModes;
pub use policy_store::{NotAssembled, PolicyStore};
pub use role::{Sweep, SweepRules, SweptRole};
pub use summary::{SeverityCounts, SweepSummary};
pub use verdict::{INTENT_LEFT_OPEN, LedgerView, SweepVerdict, WhyQueued};
pub use worst_roles::{MOST_WORST, RoleLine, WorstRoles};
