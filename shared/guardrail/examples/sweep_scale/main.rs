//! What a sweep takes in time and memory: `cargo run --release -p guardrail --example sweep_scale [ROLES]`.
//!
//! Without a number it starts itself for 500, 1,000 and 5,000 roles, each in a process of its own, so that the peak of one is not
//! the other's. The account is made up (see `account.rs`); AWS's answers, their XML and the network are not in the figures, and
//! neither are the ledger's records: every role is one that the ledger does not know.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a measurement reads the clock and prints"
)]

mod account;

use account::{GONE, Size};
use guardrail::decide::BoundaryDocument;
use guardrail::settings::Mode;
use guardrail::snapshot::Document;
use guardrail::sweep::{
    Checkpoint, Inventory, LedgerView, MissingRoleCounts, PolicyStore, Sweep, SweepModes, SweepRules,
};
use jiff::Timestamp;
use std::error::Error;
use std::process::Command;
use std::time::Instant;

/// As `GetAccountAuthorizationDetails` answers if no other number is asked for.
const PAGE: usize = 100;

fn main() -> Result<(), Box<dyn Error>> {
    match std::env::args().nth(1) {
        Some(roles) => measure(Size::of(roles.parse()?)),
        None => {
            println!(
                "roles functions policies-and-functions-ms roles-ms ms-per-role rss-before-mb peak-mb queued"
            );
            for roles in ["500", "1000", "5000"] {
                let status = Command::new(std::env::current_exe()?).arg(roles).status()?;
                if !status.success() {
                    return Err(format!("the run with {roles} roles failed: {status}").into());
                }
            }
            Ok(())
        }
    }
}

fn measure(size: Size) -> Result<(), Box<dyn Error>> {
    let (settings, ours) = (account::settings()?, account::ours()?);
    // What the process has before it knows anything of the account: the catalogues are read on first use.
    let before = memory("VmHWM:")?;
    let start = Instant::now();
    let mut inventory = Inventory::default();
    for function in account::functions(size) {
        let (function, role) = function?;
        inventory.add(function, role);
    }
    let mut store = PolicyStore::default();
    for page in account::policy_pages(size, PAGE) {
        page?.iter().for_each(|policy| store.add(policy));
    }
    store.note(GONE.parse()?, Document::Gone);
    let read = start.elapsed();
    let now: Timestamp = "2026-11-23T10:00:00Z".parse()?;
    let rules = SweepRules {
        settings: &settings,
        modes: SweepModes::in_force(Mode::Enforce, Mode::Observe),
        ours: &ours,
        service_control: &[],
        installed_at: "2026-11-01T00:00:00Z".parse()?,
        now,
    };
    let mut sweep = Sweep::resume(rules, inventory, Checkpoint::start("scale".to_owned(), now));
    let ledger = LedgerView {
        record: None,
        exemption: None,
        boundary_document: BoundaryDocument::AsApproved,
        last_accessed: None,
    };
    for first in (0..size.roles).step_by(PAGE) {
        let last = first.saturating_add(PAGE).min(size.roles);
        for role in account::role_page(size, first..last)? {
            sweep.role(&store.snapshot(role)?, &ledger);
        }
        sweep.page_done((last < size.roles).then(|| last.to_string()));
    }
    let missing = sweep.missing_roles(&"123456789012".parse()?).count();
    let counts = MissingRoleCounts { missing: u64::try_from(missing)?, untold: 0 };
    let checkpoint = sweep.missing_roles_done(counts);
    let judged = start.elapsed().saturating_sub(read);
    println!(
        "{} {} {} {} {:.3} {:.1} {:.1} {}",
        size.roles,
        size.functions,
        read.as_millis(),
        judged.as_millis(),
        judged.as_secs_f64() * 1e3 / size.roles as f64,
        before,
        memory("VmHWM:")?,
        checkpoint.summary.queued_roles(),
    );
    eprintln!("{} bytes of checkpoint, {:?}", serde_json::to_vec(checkpoint)?.len(), Totals(checkpoint));
    Ok(())
}

/// The checkpoint's totals without the worst roles.
struct Totals<'a>(&'a Checkpoint);

impl std::fmt::Debug for Totals<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let summary = &self.0.summary;
        write!(
            f,
            "{} execution roles, {} others; {} bounded, {} unbounded, {} unapproved, {} dangling; {} shared, {} missing; now {:?}; \
             queued {:?}",
            summary.execution_roles,
            summary.other_roles,
            summary.bounded,
            summary.unbounded,
            summary.unapproved,
            summary.dangling,
            summary.shared,
            summary.missing_roles,
            summary.now,
            summary.queued
        )
    }
}

/// A line of `/proc/self/status` in MB.
fn memory(name: &str) -> Result<f64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line =
        status.lines().find_map(|line| line.strip_prefix(name)).ok_or("the kernel does not tell it")?;
    Ok(line.trim().trim_end_matches(" kB").trim().parse::<f64>()? / 1024.0)
}
