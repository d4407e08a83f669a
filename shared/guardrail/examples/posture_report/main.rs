//! Writes a posture report of a made-up account: `cargo run -p guardrail --example posture_report -- ROLES FOLDER [hostile]`.
//!
//! The roles are those of `sweep_scale`, swept and judged by the real code, and given names, owners and a past that read like an
//! account's. With `hostile`, everybody who could wrote what must stay text. It prints the sizes of the three files and the peak of memory.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement reads the clock and prints"
)]

#[path = "../sweep_scale/account.rs"]
mod account;
mod hostile;

use account::{GONE, Size};
use guardrail::check_id::CheckId;
use guardrail::decide::BoundaryDocument;
use guardrail::finding::{FindingId, Outcome, ServiceUse};
use guardrail::last_accessed::LastAccessed;
use guardrail::names::{AccountId, FunctionArn};
use guardrail::report::{
    BoundaryStanding, Earlier, EarlierReport, ExemptionRow, Head, Report, RoleRow, Texts, ToldRow,
};
use guardrail::service_control::Standing;
use guardrail::settings::Mode;
use guardrail::severity::Severity;
use guardrail::snapshot::Document;
use guardrail::sweep::{
    Checkpoint, Inventory, LedgerView, PolicyStore, Sweep, SweepModes, SweepRules, SweepSummary,
};
use hostile::{HOSTILE, made_hostile};
use jiff::{SignedDuration, Timestamp};
use std::error::Error;
use std::path::Path;
use std::time::Instant;

const PAGE: usize = 100;
const TEAMS: [&str; 8] =
    ["orders", "billing", "search", "payments", "shipping", "identity", "reporting", "notifications"];
const KINDS: [&str; 6] = ["api", "worker", "import", "export", "webhook", "nightly-job"];
const SERVICES: [&str; 40] = [
    "logs",
    "s3",
    "dynamodb",
    "sqs",
    "sns",
    "kms",
    "secretsmanager",
    "ssm",
    "events",
    "states",
    "kinesis",
    "firehose",
    "lambda",
    "ec2",
    "rds",
    "elasticache",
    "ecs",
    "ecr",
    "eks",
    "iam",
    "sts",
    "cloudformation",
    "cloudwatch",
    "xray",
    "apigateway",
    "athena",
    "glue",
    "redshift",
    "route53",
    "ses",
    "cognito-idp",
    "batch",
    "backup",
    "cloudfront",
    "cloudtrail",
    "codebuild",
    "config",
    "elasticmapreduce",
    "sagemaker",
    "textract",
];

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(roles), Some(folder)) = (arguments.next(), arguments.next()) else {
        return Err("say how many roles and into which folder".into());
    };
    let (roles, folder) = (roles.parse()?, Path::new(&folder));
    let (summary, mut rows) = swept(roles)?;
    if arguments.next().as_deref() == Some("hostile") {
        let texts = HOSTILE.iter().cycle();
        rows = rows
            .into_iter()
            .zip(texts)
            .map(|(row, text)| made_hostile(row, text))
            .collect::<Result<_, _>>()?;
    }
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
    let ledger = LedgerView {
        record: None,
        exemption: None,
        boundary_document: BoundaryDocument::AsApproved,
        last_accessed: None,
    };
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
    let mut texts = Texts::default();
    for (n, row) in rows.iter_mut().enumerate() {
        give_it_a_life(n, row)?;
        if n % 7 != 3 {
            row.note_last_accessed(&reported(n, row, now)?, &mut texts);
        }
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

/// A role that may do everything may use every service; the others some. Few are used.
fn reported(n: usize, row: &RoleRow, now: Timestamp) -> Result<LastAccessed, Box<dyn Error>> {
    let is_admin = row.breaches.iter().any(|breach| breach.check == CheckId::AdminAccess);
    let allowed = if is_admin { SERVICES.len() } else { 2 + n % 9 };
    let days = |days: usize| -> Result<SignedDuration, Box<dyn Error>> {
        Ok(SignedDuration::from_hours(24 * i64::try_from(days)?))
    };
    let as_of = now.checked_sub(days(n % 10)?)?;
    let mut report = Vec::new();
    for (at, name) in SERVICES.iter().cycle().skip(n % SERVICES.len()).take(allowed).enumerate() {
        let last = match at % 9 {
            0 => Some(1),
            1 => Some(20 + n % 60),
            2 => Some(100),
            _ => None,
        };
        let last = last.map(|ago| -> Result<_, Box<dyn Error>> { Ok(as_of.checked_sub(days(ago)?)?) });
        report.push(ServiceUse {
            namespace: (*name).to_owned(),
            last: last.transpose()?,
            tracked: Vec::new(),
        });
    }
    Ok(LastAccessed::of_report(row.id.clone(), as_of, &report, None))
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
