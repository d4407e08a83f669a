//! `simulate [--json] ROLE`: our verdicts about a role beside those of IAM's policy simulator. `make simulate` runs it.

use account::replay::{ReadOnlyAccount, Simulation};
use guardrail::names::RoleName;
use guardrail::simulation::{Comparison, SimulatorAnswer, Tally, tally};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::process::ExitCode;

const HELP: &str = "\
Asks IAM's policy simulator and Ringfence's policy engine the same about a role of the account of the current credentials,
and says where they do not agree. Nothing is written.

    simulate [--json] ROLE

ROLE is the role's name. What is asked: each action that the role's policies or its boundary name, some for each wildcard, on
a resource that the statement names and on none, and every action of a known way to more rights. The simulator is throttled
early, so it is asked slowly: a large role takes a minute or two.

A verdict that hangs on condition keys of a request, on service control policies, or on what the IAM User Guide does not
settle is counted as not comparable. Credentials are those of `replay --help`; besides iam:Get* and iam:List* it needs
iam:SimulatePrincipalPolicy, which ReadOnlyAccess has.

Exit codes: 0 they agree wherever they can be compared, 1 they do not, 2 the command line cannot be used or the account
cannot be read.
";

/// How many disagreements and causes are shown in full.
const SHOWN: usize = 50;

enum Format {
    Text,
    Json,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (format, role) = match arguments.as_slice() {
        ["--help" | "-h"] => return print(HELP, ExitCode::SUCCESS),
        ["--json", role] | [role, "--json"] => (Format::Json, *role),
        [role] if !role.starts_with("--") => (Format::Text, *role),
        _ => return unusable("usage: simulate [--json] ROLE; `--help` says more"),
    };
    let Ok(name) = role.parse::<RoleName>() else {
        return unusable(&format!("`{role}` is not the name of a role; give the name without its path"));
    };
    progress("reading the role …");
    let simulated = match ReadOnlyAccount::connect().await {
        Ok(account) => {
            account.simulate(&name, |done, of| progress(&format!("{done} of {of} calls asked about"))).await
        }
        Err(failure) => Err(failure),
    };
    let simulation = match simulated {
        Ok(simulation) => simulation,
        Err(failure) => return unusable(&failure.to_string()),
    };
    let tallies = tally(&simulation.compared);
    let code =
        if tallies.values().all(|tally| tally.differ == 0) { ExitCode::SUCCESS } else { ExitCode::from(1) };
    let shown = match format {
        Format::Text => text(&simulation, &tallies),
        Format::Json => format!("{:#}", as_json(&simulation, &tallies)),
    };
    print(&shown, code)
}

fn text(simulation: &Simulation, tallies: &BTreeMap<String, Tally>) -> String {
    let Simulation { role, compared, unanswered, left_out } = simulation;
    let mut lines = vec![role.to_string(), String::new()];
    lines.push(format!("{:24}{:>8}{:>8}{:>16}", "service", "agree", "differ", "not comparable"));
    let mut all = Tally::default();
    for (service, Tally { agree, differ, not_comparable }) in tallies {
        lines.push(format!("{service:24}{agree:>8}{differ:>8}{not_comparable:>16}"));
        all.agree += agree;
        all.differ += differ;
        all.not_comparable += not_comparable;
    }
    lines.push(format!("{:24}{:>8}{:>8}{:>16}", "all", all.agree, all.differ, all.not_comparable));
    let differ: Vec<String> = compared.iter().filter_map(in_words).collect();
    if !differ.is_empty() {
        lines.extend([String::new(), "They differ:".to_owned()]);
        lines.extend(cut(&differ));
    }
    if !unanswered.is_empty() {
        lines.extend([String::new(), "IAM gave no verdict:".to_owned()]);
        let why: Vec<String> = unanswered
            .iter()
            .map(|no| format!("- {} on {}: {}", no.call.action, no.call.resource, no.why))
            .collect();
        lines.extend(cut(&why));
    }
    if *left_out > 0 {
        lines.extend([String::new(), format!("{left_out} more calls were not asked about.")]);
    }
    lines.join("\n")
}

fn cut(lines: &[String]) -> Vec<String> {
    let mut shown: Vec<String> = lines.iter().take(SHOWN).cloned().collect();
    if let Some(more @ 1..) = lines.len().checked_sub(SHOWN) {
        shown.push(format!("- and {more} more; `--json` has all"));
    }
    shown
}

fn in_words((answer, comparison): &(SimulatorAnswer, Comparison)) -> Option<String> {
    let Comparison::Differ { ours, because } = comparison else { return None };
    let SimulatorAnswer { call, verdict, matched, .. } = answer;
    let matched = if matched.is_empty() { "no statement".to_owned() } else { matched.join(", ") };
    Some(format!(
        "- {} on {}: IAM says {verdict} ({matched}), Ringfence says {ours} ({because})",
        call.action, call.resource
    ))
}

fn as_json(simulation: &Simulation, tallies: &BTreeMap<String, Tally>) -> Value {
    let Simulation { role, compared, unanswered, left_out } = simulation;
    let services: BTreeMap<&str, Value> = tallies
        .iter()
        .map(|(service, Tally { agree, differ, not_comparable })| {
            (service.as_str(), json!({"agree": agree, "differ": differ, "not_comparable": not_comparable}))
        })
        .collect();
    let results: Vec<Value> = compared
        .iter()
        .map(|(answer, comparison)| {
            let (result, ours, why) = match comparison {
                Comparison::Agree => ("agree", Some(answer.verdict.to_string()), None),
                Comparison::Differ { ours, because } => ("differ", Some(ours.to_string()), Some(because.clone())),
                Comparison::NotComparable(why) => ("not_comparable", None, Some(why.to_string())),
            };
            json!({"action": answer.call.action.as_str(), "resource": answer.call.resource, "result": result,
                "iam": answer.verdict.to_string(), "ringfence": ours, "because": why, "matched": answer.matched})
        })
        .collect();
    let unanswered: Vec<Value> = unanswered
        .iter()
        .map(|no| json!({"action": no.call.action.as_str(), "resource": no.call.resource, "because": no.why}))
        .collect();
    json!({"role": role.to_string(), "services": services, "results": results, "unanswered": unanswered,
        "left_out": left_out})
}

fn unusable(why: &str) -> ExitCode {
    progress(&format!("simulate: {why}"));
    ExitCode::from(2)
}

fn print(text: &str, code: ExitCode) -> ExitCode {
    match writeln!(std::io::stdout(), "{}", text.trim_end()) {
        Ok(()) => code,
        Err(_) => ExitCode::from(2),
    }
}

fn progress(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
