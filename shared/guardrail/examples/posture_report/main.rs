//! Writes a posture report of a made-up account: `cargo run -p guardrail --example posture_report -- ROLES FOLDER`.
//!
//! The roles are those of `sweep_scale`, swept and judged by the real code, and given names, owners and a past that read like an
//! account's. Some owners are hostile: what they wrote must stay text. It prints the sizes of the three files and the peak of memory.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement reads the clock and prints"
)]

#[path = "../sweep_scale/account.rs"]
mod account;

use account::{GONE, Size};
use guardrail::decide::BoundaryDocument;
use guardrail::finding::{FindingId, Outcome};
use guardrail::names::{AccountId, FunctionArn};
use guardrail::report::{
    BoundaryStanding, Earlier, EarlierReport, ExemptionRow, Head, Report, RoleRow, ToldRow,
};
use guardrail::service_control::Standing;
use guardrail::settings::Mode;
use guardrail::severity::Severity;
use guardrail::snapshot::Document;
use guardrail::sweep::{
    Checkpoint, Inventory, LedgerView, PolicyStore, Sweep, SweepModes, SweepRules, SweepSummary,
};
use jiff::Timestamp;
use std::error::Error;
use std::path::Path;
use std::time::Instant;

const PAGE: usize = 100;
const TEAMS: [&str; 8] =
    ["orders", "billing", "search", "payments", "shipping", "identity", "reporting", "notifications"];
const KINDS: [&str; 6] = ["api", "worker", "import", "export", "webhook", "nightly-job"];
/// What nobody should put into a tag.
const HOSTILE: [&str; 3] = [
    "</script><script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "=HYPERLINK(\"//x\")",
];

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(roles), Some(folder)) = (arguments.next(), arguments.next()) else {
        return Err("say how many roles and into which folder".into());
    };
    let (roles, folder) = (roles.parse()?, Path::new(&folder));
    let (summary, rows) = swept(roles)?;
    let swept_peak = peak_mb()?;
    let rows_before = as_they_were(&rows)?;
    let summary_before =
        SweepSummary { execution_roles: u64::try_from(rows_before.len())?, ..summary.clone() };
    let before =
        Report::new(head("sweep-1", "2026-11-22T22:00:00Z")?, &summary_before, rows_before, &Earlier::None);
    let json = before.json()?;
    drop(before);
    let start = Instant::now();
    let earlier = Earlier::Report(EarlierReport::from_json(json.as_bytes())?);
    let report = Report::new(head("sweep-2", "2026-11-23T10:00:00Z")?, &summary, rows, &earlier);
    let together = start.elapsed();
    for (name, bytes) in [
        ("report.json", report.json()?.into_bytes()),
        ("report.csv", report.csv()?),
        ("report.html", report.html()?.into_bytes()),
    ] {
        println!("{name} {:.2} MB", bytes.len() as f64 / 1e6);
        std::fs::write(folder.join(name), bytes)?;
    }
    println!(
        "{} roles; put together in {} ms, with all files {} ms; peak {swept_peak:.1} MB after the sweep, {:.1} MB at the end",
        report.roles.len(),
        together.as_millis(),
        start.elapsed().as_millis(),
        peak_mb()?
    );
    Ok(())
}

fn head(sweep: &str, at: &str) -> Result<Head, Box<dyn Error>> {
    let started_at: Timestamp = at.parse()?;
    Ok(Head {
        account: "123456789012".parse::<AccountId>()?,
        region: "us-east-1".to_owned(),
        function_regions: vec!["eu-west-1".parse()?, "us-east-1".parse()?],
        refused_regions: Vec::new(),
        sweep: sweep.to_owned(),
        started_at,
        finished_at: started_at.checked_add(jiff::SignedDuration::from_secs(71))?,
        mode: Mode::Enforce,
        sweep_mode: Mode::Observe,
        service_control: Standing::NotGiven,
    })
}

/// Exactly so many execution roles.
fn swept(wanted: usize) -> Result<(SweepSummary, Vec<RoleRow>), Box<dyn Error>> {
    // Somewhat more than half of the made-up roles are Lambda's and can be changed.
    let size = Size::of(wanted.saturating_mul(7) / 4 + 20);
    let (settings, ours) = (account::settings()?, account::ours()?);
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
    let now: Timestamp = "2026-11-23T10:00:00Z".parse()?;
    let rules = SweepRules {
        settings: &settings,
        modes: SweepModes::in_force(Mode::Enforce, Mode::Observe),
        ours: &ours,
        service_control: &[],
        installed_at: "2026-11-01T00:00:00Z".parse()?,
        now,
    };
    let mut sweep = Sweep::resume(rules, inventory, Checkpoint::start("sweep-2".to_owned(), now));
    let ledger =
        LedgerView { record: None, exemption: None, boundary_document: BoundaryDocument::AsApproved };
    let mut rows: Vec<RoleRow> = Vec::new();
    'roles: for first in (0..size.roles).step_by(PAGE) {
        for role in account::role_page(size, first..first.saturating_add(PAGE).min(size.roles))? {
            if let Some(row) = sweep.role(&store.snapshot(role)?, &ledger).row {
                rows.push(*row);
            }
            if rows.len() == wanted {
                break 'roles;
            }
        }
    }
    for (n, row) in rows.iter_mut().enumerate() {
        give_it_a_life(n, row)?;
    }
    Ok((sweep.checkpoint().summary.clone(), rows))
}

fn give_it_a_life(n: usize, row: &mut RoleRow) -> Result<(), Box<dyn Error>> {
    let one = |list: &[&'static str], at: usize| list.get(at % list.len()).copied().unwrap_or_default();
    let (team, kind) = (one(&TEAMS, n), one(&KINDS, n / TEAMS.len()));
    let number = match n / (TEAMS.len() * KINDS.len()) {
        0 => String::new(),
        more => format!("-{more}"),
    };
    row.role = format!("arn:aws:iam::123456789012:role/{team}-{kind}{number}-role").parse()?;
    row.owner = match n % 11 {
        0 => None,
        7 if n > 100 => Some(one(&HOSTILE, n / 11).to_owned()),
        _ => Some(format!("team-{team}")),
    };
    row.function_names = (0..row.function_names.len())
        .map(|at| {
            format!("arn:aws:lambda:us-east-1:123456789012:function:{team}-{kind}{number}-{at}")
                .parse::<FunctionArn>()
        })
        .collect::<Result<_, _>>()?;
    if n % 29 == 5 {
        row.exemption = Some(ExemptionRow {
            until: "2027-01-31T00:00:00Z".parse()?,
            owner: format!("team-{team}"),
            reason: "moves to an account of its own".to_owned(),
        });
    }
    if row.standing == BoundaryStanding::Ours && n.is_multiple_of(3) {
        let (finding, outcome) = (FindingId::of_write(&row.id, 1), Outcome::Bounded);
        row.told =
            Some(ToldRow { finding, outcome, severity: row.without_boundary.unwrap_or(Severity::Low) });
    }
    Ok(())
}

/// Twelve hours before: some were not there, some stood otherwise, and one is gone since.
fn as_they_were(rows: &[RoleRow]) -> Result<Vec<RoleRow>, Box<dyn Error>> {
    let mut before: Vec<RoleRow> = rows.iter().skip(2).step_by(1).cloned().collect();
    for (n, row) in before.iter_mut().enumerate() {
        match n % 97 {
            3 => row.now = Some(Severity::Info),
            11 if row.standing.counts() => row.standing = BoundaryStanding::Absent,
            23 => row.now = Some(Severity::Critical),
            41 if row.standing == BoundaryStanding::Absent => row.standing = BoundaryStanding::Ours,
            _ => {}
        }
    }
    let mut gone = rows.first().cloned().ok_or("no role")?;
    gone.role = "arn:aws:iam::123456789012:role/orders-legacy-role".parse()?;
    before.push(gone);
    Ok(before)
}

/// The most that the process had, as Linux counts it.
fn peak_mb() -> Result<f64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("the kernel does not tell it")?;
    Ok(line.trim().trim_end_matches(" kB").trim().parse::<f64>()? / 1024.0)
}
