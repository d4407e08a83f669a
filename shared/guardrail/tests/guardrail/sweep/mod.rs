//! The sweep over whole accounts, and its verdicts held against what a review of the same role would do.

#[path = "../../../examples/sweep_scale/account.rs"]
#[expect(dead_code, reason = "the example alone asks for some of it")]
mod account;
mod accounts;
mod reviews;
