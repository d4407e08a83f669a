//! The first lines: what happened, who did it, what Ringfence did, what that means, what to do, how to undo it. Each is short; the
//! details come after them.

use super::capitalised;
use super::next::keep_in_short;
use super::who::{moment, who};
use super::wrap::wrapped;
use crate::check_id::CheckId;
use crate::finding::impact::MOST_REMOVED;
use crate::finding::story::RecentUse;
use crate::finding::used_recently::RECENT_DAYS;
use crate::finding::{BreachFacts, Finding, FindingId, ImpactFacts, Outcome, Removed};
use crate::names::PolicyArn;
use crate::severity::Severity;
use jiff::Timestamp;

/// More is counted here and listed below.
const MOST_NAMED: usize = 4;

/// More lines to paste are told together.
const MOST_STEPS: usize = 3;

pub(super) fn brief(finding: &Finding) -> String {
    let story = &finding.story;
    let or = |told: &str, made: fn(&Finding) -> String| {
        if told.is_empty() && finding.role.is_some() { made(finding) } else { told.to_owned() }
    };
    let lines = [
        ("What", with_functions(finding, or(&story.found, found))),
        ("Who", who(finding).unwrap_or_default()),
        ("Done", or(&story.done, done)),
        ("Effect", or(&story.effect, effect)),
        ("Next", next(finding)),
        ("Undo", undo(finding)),
    ];
    let lines: Vec<String> = lines
        .into_iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(label, text)| wrapped(&format!("{label:8}"), &text))
        .collect();
    lines.join("\n")
}

fn with_functions(finding: &Finding, found: String) -> String {
    if finding.is_about_a_function() || finding.story.missing_role.is_some() {
        return found;
    }
    let names: Vec<&str> = finding.functions.iter().map(|function| function.name()).collect();
    match names.as_slice() {
        [] => found,
        [name] => format!("{found} It is the role of function {name}."),
        names => format!("{found} It is the role of {} functions: {}.", names.len(), some(names)),
    }
}

/// The first few, and how many there are beside them, where all are known.
fn some(names: &[&str]) -> String {
    let shown = names.iter().take(MOST_NAMED).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MOST_NAMED) {
        0 => shown,
        _ if names.len() >= MOST_REMOVED => format!("{shown} and many more"),
        more => format!("{shown} and {more} more"),
    }
}

fn found(finding: &Finding) -> String {
    let worst_weighs = finding.worst_breach() >= Some(Severity::Medium);
    if let Some(doubt) =
        finding.doubts.first().filter(|_| !worst_weighs && finding.outcome == Outcome::Reported)
    {
        return format!("Something could not be understood: {doubt}.");
    }
    let [worst, others @ ..] = finding.breaches.as_slice() else {
        return "Nothing that Ringfence objects to.".to_owned();
    };
    if worst.check == CheckId::BoundaryMissing && finding.story.cut.is_some() {
        return "No boundary, and a policy names what Ringfence's does not allow.".to_owned();
    }
    if worst.check == CheckId::BoundaryMissing {
        return "No boundary. The role's policies allow nothing dangerous.".to_owned();
    }
    if worst.severity == Severity::Info {
        return "Nothing of weight.".to_owned();
    }
    let more = others.iter().filter(|breach| breach.severity >= Severity::Medium).count();
    let more = match more {
        0 => String::new(),
        1 => " One more breach of MEDIUM or higher is listed below.".to_owned(),
        more => format!(" {more} more breaches of MEDIUM or higher are listed below."),
    };
    format!("{}.{more}", capitalised(&worst.summary))
}

fn done(finding: &Finding) -> String {
    let reason = finding.reason.trim_end_matches('.');
    let name = finding.boundary.after.as_ref().map_or("the boundary", PolicyArn::name);
    let when = when(finding.contained_at, finding.time);
    match finding.outcome {
        Outcome::Bounded => format!("Put boundary {name} on the role{when}: {reason}."),
        Outcome::Restored => format!("Put boundary {name} back{when}: {reason}."),
        Outcome::Replaced => match &finding.boundary.before {
            Some(before) => format!("Put boundary {name} in place of {}{when}: {reason}.", before.name()),
            None => format!("Put boundary {name} on the role{when}: {reason}."),
        },
        Outcome::Resolved => {
            let closed: Vec<&str> = finding.resolves.iter().map(FindingId::as_str).collect();
            format!("Closed {}: {reason}.", closed.join(", "))
        }
        Outcome::Kept
        | Outcome::Contained
        | Outcome::Exempt
        | Outcome::Reported
        | Outcome::Failed
        | Outcome::WouldBound
        | Outcome::WouldRestore
        | Outcome::WouldReplace
        | Outcome::BoundaryEdited
        | Outcome::Undone
        | Outcome::Denied
        | Outcome::Exposed
        | Outcome::Notice
        | Outcome::Suggested
        | Outcome::Summary => format!("Changed nothing: {reason}."),
    }
}

/// How long it took, where that can be told: CloudTrail's times are of whole seconds.
pub(in crate::finding) fn when(contained_at: Option<Timestamp>, called_at: Timestamp) -> String {
    let Some(at) = contained_at else { return String::new() };
    match at.duration_since(called_at).as_secs() {
        0 => " within a second of the call".to_owned(),
        seconds @ 1..=599 => format!(" {seconds} s after the call"),
        _ => format!(" at {}", moment(at)),
    }
}

fn effect(finding: &Finding) -> String {
    let cut = finding.story.cut.as_ref().map(|cut| format!("{} ", cut.what)).unwrap_or_default();
    match finding.outcome {
        Outcome::Bounded | Outcome::Restored | Outcome::Replaced => {
            format!("{cut}{}", refused(finding, "Refused from now on", "no longer allowed"))
        }
        Outcome::WouldBound | Outcome::WouldRestore | Outcome::WouldReplace => format!(
            "Nothing changes yet. {cut}{}",
            refused(finding, "With the boundary would be refused", "no longer allowed with the boundary")
        ),
        Outcome::Contained => {
            format!("{cut}The boundary refuses what is marked as closed below; all else works as before.")
        }
        Outcome::Kept | Outcome::Resolved => format!("{cut}Nothing changes for the workload."),
        Outcome::Exempt
        | Outcome::Reported
        | Outcome::Failed
        | Outcome::BoundaryEdited
        | Outcome::Undone
        | Outcome::Denied
        | Outcome::Exposed
        | Outcome::Notice
        | Outcome::Suggested
        | Outcome::Summary => {
            let open =
                finding.breaches.iter().any(|breach| !breach.capped && breach.severity > Severity::Info);
            let stays = if open { ", and what was found stays possible" } else { "" };
            format!("{cut}Nothing changes for the workload{stays}.")
        }
    }
}

/// Which calls fail.
fn refused(finding: &Finding, refused: &str, no_longer: &str) -> String {
    let Some(impact) = &finding.impact else {
        return "What the boundary refuses cannot be told: see what could not be understood, below."
            .to_owned();
    };
    if impact.removed.is_empty() {
        return "The boundary refuses nothing that the role's policies allow.".to_owned();
    }
    let is_told = |removed: &&Removed| removed.narrow && finding.story.cut.is_some();
    let others = impact.removed.iter().filter(|removed| !is_told(removed));
    let actions: Vec<&str> = others.map(|removed| removed.action.as_str()).collect();
    let list = if actions.is_empty() { String::new() } else { format!("{refused}: {}.", some(&actions)) };
    let sentences = [used(finding, impact, no_longer), list];
    sentences.into_iter().filter(|sentence| !sentence.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Whether the workload will notice.
fn used(finding: &Finding, impact: &ImpactFacts, no_longer: &str) -> String {
    let used: Vec<&str> = impact.used_recently.iter().map(String::as_str).collect();
    let last_used = finding.role.as_ref().and_then(|role| role.last_used);
    match (used.as_slice(), last_used, finding.story.recent_use) {
        ([], None, _) => "IAM knows of no use of the role so far.".to_owned(),
        ([], Some(_), RecentUse::Known) => {
            format!("Nothing that goes was used in the last {RECENT_DAYS} days, as far as IAM tells.")
        }
        ([], Some(_), RecentUse::Unknown) => String::new(),
        (used, ..) => format!("Used in the last {RECENT_DAYS} days and {no_longer}: {}.", some(used)),
    }
}

fn next(finding: &Finding) -> String {
    let story = &finding.story;
    if !story.next.is_empty() {
        let lines = story.next.iter().filter(|step| step.line.is_some()).count();
        // Of a denial, each is a way of its own to have the call allowed.
        let are_ways = finding.outcome == Outcome::Denied;
        let all = (lines > MOST_STEPS).then(|| {
            if are_ways {
                "Choose one of the ways below.".to_owned()
            } else {
                format!("Run the {lines} lines below, all of them.")
            }
        });
        let steps = story.next.iter().filter_map(|step| match &step.line {
            Some(_) if all.is_some() => None,
            Some(_) => Some(format!("{} (line below).", step.what)),
            None => Some(step.what.clone()),
        });
        return all.clone().into_iter().chain(steps).collect::<Vec<_>>().join(" ");
    }
    if finding.role.is_none() {
        return String::new();
    }
    let keep = keep_in_short(finding);
    let mend = remedy(finding);
    let cut = story.cut.as_ref().map_or("", |cut| cut.remedy);
    let steps = match finding.outcome {
        Outcome::Restored | Outcome::WouldRestore => {
            [format!("Find out why the boundary was taken away. {keep}"), mend, cut.to_owned()]
        }
        Outcome::Bounded | Outcome::Replaced | Outcome::WouldBound | Outcome::WouldReplace => {
            [keep, mend, cut.to_owned()]
        }
        Outcome::Contained => ["No hurry.".to_owned(), mend, cut.to_owned()],
        Outcome::Exempt if finding.severity > Severity::Low => {
            ["The exemption does not cover all of it.".to_owned(), mend, String::new()]
        }
        Outcome::Kept | Outcome::Exempt => ["Nothing.".to_owned(), cut.to_owned(), String::new()],
        Outcome::Resolved => {
            [format!("Close the ticket of problem {}.", finding.problem), String::new(), String::new()]
        }
        Outcome::Reported => {
            let unapproved =
                finding.breaches.iter().any(|breach| breach.check == CheckId::BoundaryUnapproved);
            let review = if unapproved {
                "Review the role's own boundary, see boundary-unapproved below."
            } else {
                ""
            };
            let doubt = if finding.doubts.is_empty() { "" } else { "Mend what could not be understood." };
            [review.to_owned(), doubt.to_owned(), mend]
        }
        Outcome::Failed
        | Outcome::BoundaryEdited
        | Outcome::Undone
        | Outcome::Denied
        | Outcome::Exposed
        | Outcome::Notice
        | Outcome::Suggested
        | Outcome::Summary => [mend, cut.to_owned(), String::new()],
    };
    let steps: Vec<String> = steps.into_iter().filter(|step| !step.is_empty()).collect();
    steps.join(" ")
}

/// Against the worst breach that is still there; nothing for what merely would be tidier.
fn remedy(finding: &Finding) -> String {
    let weighs = |breach: &&BreachFacts| breach.severity >= Severity::Medium;
    let mut weighty = finding.breaches.iter().filter(weighs);
    let worst = weighty.clone().find(|breach| !breach.capped && finding.outcome == Outcome::Reported);
    worst
        .or_else(|| weighty.next())
        .map(|breach| format!("{}.", capitalised(&breach.remedy)))
        .unwrap_or_default()
}

fn undo(finding: &Finding) -> String {
    if finding.undo.is_some() {
        "Operators paste the line at the end into a shell.".to_owned()
    } else {
        String::new()
    }
}
