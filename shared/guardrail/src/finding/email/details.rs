//! What stands behind the first lines.

use super::capitalised;
use super::who::{moment, tool};
use super::wrap::wrapped;
use crate::analyzer::{Engine, Note, NoteKind};
use crate::check_id::CheckId;
use crate::finding::impact::MOST_REMOVED;
use crate::finding::used_recently::RECENT_DAYS;
use crate::finding::{BoundaryFacts, BreachFacts, Finding, Outcome, Removed};
use crate::names::PolicyArn;
use std::fmt::Write as _;

/// More places of a breach are counted, not listed.
const MOST_PLACES: usize = 3;

/// More of Access Analyzer's notes are counted, not listed.
const MOST_NOTES: usize = 5;

/// More actions of a kind are counted, not listed.
const MOST_ACTIONS: usize = 6;

pub(super) fn breaches(out: &mut String, finding: &Finding) -> std::fmt::Result {
    if !finding.breaches.is_empty() {
        writeln!(out, "\nWHAT WAS FOUND")?;
    }
    finding.breaches.iter().try_for_each(|breach| one_breach(out, breach, finding))
}

fn one_breach(out: &mut String, breach: &BreachFacts, finding: &Finding) -> std::fmt::Result {
    let would =
        matches!(finding.outcome, Outcome::WouldBound | Outcome::WouldRestore | Outcome::WouldReplace);
    let state = match (breach.capped, finding.boundary.after.is_some()) {
        (true, _) if would => "open; the boundary would close it",
        (true, _) => "closed by the boundary",
        (false, true) if would => "open; the boundary would NOT close it",
        (false, _) if finding.is_about_a_function() => "open; no boundary closes it",
        (false, true) if breach.check == CheckId::BoundaryUnapproved => "open",
        (false, true) => "still possible under the boundary",
        (false, false) => "open",
    };
    writeln!(out, "- {} {} [{state}]", breach.severity, breach.check)?;
    writeln!(out, "{}", wrapped("    ", &format!("{}.", capitalised(&breach.summary))))?;
    // Each way into a function has to be closed by itself.
    let most = if finding.is_about_a_function() { breach.evidence.len() } else { MOST_PLACES };
    for evidence in breach.evidence.iter().take(most) {
        let place = match evidence.statement.as_str() {
            "" => evidence.detail.clone(),
            statement => format!("{}, statement {statement}: {}", evidence.policy, evidence.detail),
        };
        writeln!(out, "{}", wrapped("    Where: ", &place))?;
    }
    if breach.evidence.len() > most {
        writeln!(out, "    Where: {} more places", breach.evidence.len() - most)?;
    }
    if finding.is_about_a_function() {
        // The lines to paste are above, one for each way in.
        return Ok(());
    }
    writeln!(out, "{}", wrapped("    To do: ", &format!("{}.", breach.remedy)))
}

/// What Access Analyzer found wrong, where it sees something else than the engine, and why it said nothing. Where it found nothing
/// wrong and the engine neither, there is nothing to read.
pub(super) fn analyzer(out: &mut String, finding: &Finding) -> std::fmt::Result {
    let is_worth_reading = |note: &&Note| {
        note.engine == Engine::Disagrees || !matches!(note.kind, NoteKind::Pass | NoteKind::Suggestion)
    };
    let notes: Vec<&Note> = finding.analyzer.iter().filter(is_worth_reading).collect();
    if notes.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nWHAT ACCESS ANALYZER SAYS")?;
    for note in notes.iter().take(MOST_NOTES) {
        let otherwise = match note.engine {
            Engine::Disagrees => {
                " Ringfence's own engine says otherwise: one of the two is wrong, please look."
            }
            Engine::Agrees | Engine::NotCompared => "",
        };
        let says = if note.kind == NoteKind::Unavailable {
            format!("No answer: {}.", note.says)
        } else {
            format!("{}, {}: {}.{otherwise}", note.policy, note.code, note.says.trim_end_matches('.'))
        };
        writeln!(out, "{}", wrapped("- ", &says))?;
        if note.kind != NoteKind::Unavailable {
            writeln!(out, "    {}", note.link)?;
        }
    }
    if notes.len() > MOST_NOTES {
        writeln!(out, "- {} more", notes.len() - MOST_NOTES)?;
    }
    Ok(())
}

pub(super) fn doubts(out: &mut String, finding: &Finding) -> std::fmt::Result {
    if !finding.doubts.is_empty() {
        writeln!(out, "\nWHAT RINGFENCE COULD NOT UNDERSTAND")?;
    }
    finding.doubts.iter().try_for_each(|doubt| writeln!(out, "{}", wrapped("- ", doubt)))
}

/// What the boundary takes away: first what was used recently, then what is dangerous, then what somebody asked for by name,
/// then the rest.
pub(super) fn impact(out: &mut String, finding: &Finding) -> std::fmt::Result {
    let Some(impact) = finding.impact.as_ref().filter(|impact| !impact.removed.is_empty()) else {
        return Ok(());
    };
    writeln!(out, "\nWHAT THE BOUNDARY TAKES AWAY")?;
    if !impact.used_recently.is_empty() {
        let used = format!("Used in the last {RECENT_DAYS} days: {}", impact.used_recently.join(", "));
        writeln!(out, "{}", wrapped("- ", &used))?;
    }
    for (heading, dangerous, narrow) in
        [("Dangerous", true, false), ("Granted by name", false, true), ("Other", false, false)]
    {
        let of_kind =
            |removed: &&Removed| removed.dangerous == dangerous && (dangerous || removed.narrow == narrow);
        let in_words = |removed: &Removed| match removed.resources.as_slice() {
            resources @ [_, ..] if removed.narrow => {
                format!("{} on {}", removed.action, resources.join(", "))
            }
            _ => removed.action.clone(),
        };
        let actions: Vec<String> = impact.removed.iter().filter(of_kind).map(in_words).collect();
        let separator = if narrow { "; " } else { ", " };
        let shown = actions.iter().take(MOST_ACTIONS).cloned().collect::<Vec<_>>().join(separator);
        let more = match actions.len().saturating_sub(MOST_ACTIONS) {
            0 => String::new(),
            _ if impact.removed.len() == MOST_REMOVED => " and more".to_owned(),
            more => format!(" and {more} more"),
        };
        if !actions.is_empty() {
            writeln!(out, "{}", wrapped("- ", &format!("{heading}: {shown}{more}")))?;
        }
    }
    Ok(())
}

/// The facts, in full.
pub(super) fn facts(out: &mut String, finding: &Finding) -> std::fmt::Result {
    writeln!(out, "\nTHE FACTS")?;
    let mut fact = |label: &str, value: &str| writeln!(out, "{label:10} {value}");
    if let Some(role) = &finding.role {
        fact("Role", role.arn.as_str())?;
        if let Some(owner) = &role.owner {
            fact("Owner", owner)?;
        }
    }
    for function in &finding.functions {
        fact("Function", function.as_str())?;
    }
    let trigger = &finding.trigger;
    match (&trigger.principal, tool(trigger.via)) {
        (Some(principal), Some(tool)) => fact("Caller", &format!("{principal}, through {tool}"))?,
        (Some(principal), None) => fact("Caller", principal)?,
        (None, _) => {}
    }
    if let Some(agent) = &trigger.user_agent {
        fact("Agent", agent)?;
    }
    match trigger.event_id.as_str() {
        "" => fact("Event", &format!("{}, {}", trigger.event, moment(finding.time)))?,
        id => fact("Event", &format!("{}, {}, {id}", trigger.event, moment(finding.time)))?,
    }
    if let Some(source) = &finding.source {
        fact("Asked by", &format!("{}: {} ({})", source.product, source.title, source.id))?;
    }
    if finding.role.is_some() || !finding.problem.ends_with("/exposure") {
        for (label, value) in boundary(&finding.boundary, finding.outcome) {
            fact(label, &value)?;
        }
    }
    if let Some(contained_at) = finding.contained_at {
        fact("Written", &moment(contained_at))?;
    }
    fact(
        "Account",
        &format!("{}, Ringfence in {}, mode {}", finding.account, finding.region, finding.mode.as_str()),
    )?;
    for (label, link) in [
        ("Console", &finding.links.role),
        ("CloudTrail", &finding.links.event),
        ("Runbook", &finding.links.runbook),
        ("Report", &finding.links.report),
    ] {
        if let Some(link) = link {
            fact(label, link)?;
        }
    }
    Ok(())
}

fn boundary(boundary: &BoundaryFacts, outcome: Outcome) -> Vec<(&'static str, String)> {
    let name = |arn: &Option<PolicyArn>| arn.as_ref().map_or("none", PolicyArn::as_str).to_owned();
    let (before, after) = (name(&boundary.before), name(&boundary.after));
    let would = matches!(outcome, Outcome::WouldBound | Outcome::WouldRestore | Outcome::WouldReplace);
    match before == after {
        _ if matches!(outcome, Outcome::Notice | Outcome::Summary) => Vec::new(),
        true => vec![("Boundary", after)],
        false if would => vec![("Boundary", before), ("Would be", after)],
        false => vec![("Boundary", after), ("Before", before)],
    }
}
