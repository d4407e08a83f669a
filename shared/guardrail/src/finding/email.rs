//! The text that a person reads.

use super::impact::MOST_REMOVED;
use super::used_recently::RECENT_DAYS;
use super::{BreachFacts, Finding, Outcome, Removed};
use crate::assess::Assessment;
use crate::cut_grants::NamedGrant;
use crate::names::RoleName;
use crate::record::Repetition;
use crate::undo::HoldDays;
use std::fmt::Write as _;

/// Title and summary, used by every kind of reader.
pub(super) fn headline(
    outcome: Outcome,
    role: &RoleName,
    assessment: &Assessment,
    reason: &str,
) -> (String, String) {
    let worst = assessment.breaches().first();
    let could = worst.map_or("nothing that Ringfence objects to".to_owned(), |breach| breach.summary.clone());
    let because = capitalised(reason);
    let title = match outcome {
        Outcome::Bounded => format!("Ringfence put its boundary on {role}"),
        Outcome::Restored => format!("Ringfence put the boundary of {role} back"),
        Outcome::Replaced => format!("Ringfence replaced the boundary of {role}"),
        Outcome::Exempt => format!("{role} is exempt, Ringfence changed nothing"),
        Outcome::Kept => format!("{role} keeps its own boundary"),
        Outcome::WouldReplace => format!("Ringfence would replace the boundary of {role}"),
        Outcome::Undone => format!("An operator took Ringfence's boundary off {role}"),
        Outcome::Resolved => format!("{role} is in order again"),
        Outcome::Contained => format!("The boundary of {role} holds back what its policies allow"),
        Outcome::Reported => format!("{role} needs a look, Ringfence changed nothing"),
        Outcome::Failed => format!("Ringfence could not put its boundary on {role}"),
        Outcome::WouldBound => format!("Ringfence would put its boundary on {role}"),
        Outcome::WouldRestore => format!("Ringfence would put the boundary of {role} back"),
        Outcome::BoundaryEdited => format!("The boundary policy of {role} was edited"),
        Outcome::Notice => format!("A setting about {role} changed"),
    };
    let summary = match outcome {
        Outcome::Bounded => format!(
            "{because}, so Ringfence put one on it. What was found: {could}. The role keeps its policies; what the \
             boundary does not allow is refused from now on."
        ),
        Outcome::Restored => format!(
            "{because}, so Ringfence put it back. Without it: {could}. If the boundary was meant to go, the role has to \
             be on the list `ProtectedRoles` first."
        ),
        Outcome::Replaced => format!(
            "{because}, so Ringfence put its own in its place. What was found: {could}. The role keeps its policies; what \
             the boundary does not allow is refused from now on."
        ),
        Outcome::Kept => format!("{because}. Nothing was changed, and nothing has to be done."),
        Outcome::Undone => format!("{because}. What was found: {could}."),
        Outcome::Resolved => format!("{because}. The earlier findings about the role can be closed."),
        Outcome::Contained => format!(
            "{because}. Without it: {could}. Nothing has to be done at once; the policies should shrink to what the \
             function needs."
        ),
        Outcome::Exempt | Outcome::Reported | Outcome::BoundaryEdited | Outcome::Notice => {
            format!("{because}. What was found: {could}. Nothing was changed.")
        }
        Outcome::Failed => format!("{because}. The role stays as it is. What was found: {could}."),
        Outcome::WouldBound | Outcome::WouldRestore | Outcome::WouldReplace => {
            format!("{because}. What was found: {could}. Nothing was changed.")
        }
    };
    (title, summary)
}

/// Title and summary where the same principal takes the boundary away again and again.
pub(super) fn headline_of_a_fight(role: &RoleName, fight: &Repetition, summary: &str) -> (String, String) {
    let Repetition { by, times, since } = fight;
    let title = format!("Ringfence put the boundary of {role} back {times} times");
    let summary = format!(
        "{by} took the boundary off {times} times since {since}, and Ringfence put it back each time. If a template or a \
         pipeline does it, add the line below to it; otherwise ask {by}. Ringfence goes on putting it back and tells more \
         rarely. {summary}"
    );
    (title, summary)
}

/// The named grants that a boundary cuts, as a sentence.
pub(super) fn cut_in_words(cut: &[NamedGrant]) -> Option<String> {
    let shown: Vec<String> =
        cut.iter().take(3).map(|grant| format!("{} on {}", grant.action, grant.resource)).collect();
    let more = match cut.len().saturating_sub(shown.len()) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!shown.is_empty()).then(|| {
        format!(
            "The boundary does not allow what a policy grants by name: {}{more}. If the function needs it, the owner has to \
             move it to a role of its own or ask for an approved boundary.",
            shown.join("; ")
        )
    })
}

pub(super) fn capitalised(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The body of the e-mail.
pub(super) fn text(finding: &Finding) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write(&mut text, finding);
    text
}

fn write(out: &mut String, finding: &Finding) -> std::fmt::Result {
    writeln!(out, "{}: {}\n", finding.severity, finding.title)?;
    writeln!(out, "{}\n", finding.summary)?;
    who_and_what(out, finding)?;
    if !finding.breaches.is_empty() {
        writeln!(out, "\nWHAT WAS FOUND")?;
        for breach in &finding.breaches {
            breach_lines(out, breach, finding)?;
        }
    }
    if !finding.doubts.is_empty() {
        writeln!(out, "\nWHAT RINGFENCE COULD NOT UNDERSTAND")?;
        for doubt in &finding.doubts {
            writeln!(out, "- {doubt}")?;
        }
    }
    what_goes(out, finding)?;
    what_next(out, finding)?;
    writeln!(
        out,
        "\n--\nRingfence {} · finding {} · problem {}",
        finding.version,
        finding.id.as_str(),
        finding.problem
    )
}

fn who_and_what(out: &mut String, finding: &Finding) -> std::fmt::Result {
    if let Some(role) = &finding.role {
        writeln!(out, "Role       {}", role.arn)?;
        if let Some(owner) = &role.owner {
            writeln!(out, "Owner      {owner}")?;
        }
    }
    if !finding.functions.is_empty() {
        let names: Vec<&str> = finding.functions.iter().map(|function| function.name()).collect();
        writeln!(out, "Functions  {}", names.join(", "))?;
    }
    let trigger = &finding.trigger;
    if finding.outcome == Outcome::Notice {
        if let Some(by) = &trigger.principal {
            writeln!(out, "By         {by} (as the item says)")?;
        }
        return writeln!(out, "Time       {}\nMode       {}", finding.time, finding.mode.as_str());
    }
    let by = trigger.principal.as_deref().unwrap_or("an unknown caller");
    write!(out, "Call       {} by {by}", trigger.event)?;
    if let Some(tool) = tool_in_words(trigger.via) {
        write!(out, ", through {tool}")?;
    }
    if let Some(address) = &trigger.source_ip {
        write!(out, ", from {address}")?;
    }
    writeln!(out, "\nTime       {}", finding.time)?;
    let before = finding.boundary.before.as_ref().map_or("none", |arn| arn.as_str());
    let after = finding.boundary.after.as_ref().map_or("none", |arn| arn.as_str());
    if before == after {
        writeln!(out, "Boundary   {after}")?;
    } else {
        let would = if finding.contained_at.is_none() { " (it would become)" } else { "" };
        writeln!(out, "Boundary   before: {before}\n           now{would}: {after}")?;
    }
    if let Some(contained_at) = finding.contained_at {
        writeln!(out, "Contained  {contained_at}")?;
    }
    Ok(())
}

fn tool_in_words(via: &str) -> Option<&'static str> {
    Some(match via {
        "cloudformation" => "CloudFormation",
        "terraform" => "Terraform",
        "console" => "the console",
        "cli" => "the AWS CLI",
        "sdk" => "an AWS SDK",
        "service" => "an AWS service",
        _ => return None,
    })
}

fn breach_lines(out: &mut String, breach: &BreachFacts, finding: &Finding) -> std::fmt::Result {
    let would =
        matches!(finding.outcome, Outcome::WouldBound | Outcome::WouldRestore | Outcome::WouldReplace);
    let state = match (breach.capped, finding.boundary.after.is_some()) {
        (true, _) if would => "open; the boundary would close it",
        (true, _) => "closed by the boundary",
        (false, true) if would => "open; the boundary would NOT close it",
        (false, true) => "still possible under the boundary",
        (false, false) => "open",
    };
    writeln!(out, "- {} {}: {} [{state}]", breach.severity, breach.check, breach.summary)?;
    for evidence in breach.evidence.iter().take(3) {
        match evidence.statement.as_str() {
            "" => writeln!(out, "    {}", evidence.detail)?,
            statement => {
                writeln!(out, "    {}, statement {statement}: {}", evidence.policy, evidence.detail)?
            }
        }
    }
    if breach.evidence.len() > 3 {
        writeln!(out, "    and {} more places", breach.evidence.len() - 3)?;
    }
    writeln!(out, "    To do: {}", breach.remedy)
}

/// What the boundary takes away: first what was used recently, then what is dangerous, then what somebody asked for by name,
/// then the rest.
fn what_goes(out: &mut String, finding: &Finding) -> std::fmt::Result {
    let Some(impact) = finding.impact.as_ref().filter(|impact| !impact.removed.is_empty()) else {
        return Ok(());
    };
    writeln!(out, "\nWHAT THE BOUNDARY TAKES AWAY")?;
    if !impact.used_recently.is_empty() {
        writeln!(out, "- Used in the last {RECENT_DAYS} days: {}", impact.used_recently.join(", "))?;
    }
    for (heading, dangerous, narrow) in
        [("Dangerous", true, false), ("Granted by name", false, true), ("Other", false, false)]
    {
        let of_kind =
            |removed: &&Removed| removed.dangerous == dangerous && (dangerous || removed.narrow == narrow);
        let actions: Vec<&str> =
            impact.removed.iter().filter(of_kind).map(|removed| removed.action.as_str()).collect();
        let shown = actions.iter().take(MOST_ACTIONS).copied().collect::<Vec<_>>().join(", ");
        let more = match actions.len().saturating_sub(MOST_ACTIONS) {
            0 => String::new(),
            _ if impact.removed.len() == MOST_REMOVED => " and more".to_owned(),
            more => format!(" and {more} more"),
        };
        if !actions.is_empty() {
            writeln!(out, "- {heading}: {shown}{more}")?;
        }
    }
    Ok(())
}

/// More actions of a kind are counted, not listed.
const MOST_ACTIONS: usize = 6;

fn what_next(out: &mut String, finding: &Finding) -> std::fmt::Result {
    let written = matches!(finding.outcome, Outcome::Bounded | Outcome::Restored | Outcome::Replaced);
    let Some(fix) = finding.fix.as_ref().filter(|_| written || finding.outcome == Outcome::WouldBound) else {
        return Ok(());
    };
    writeln!(out, "\nMAKE IT PART OF THE ROLE'S TEMPLATE (so that the next deployment keeps it)")?;
    match finding.trigger.via {
        "terraform" => writeln!(out, "Terraform       {}", fix.terraform)?,
        _ => {
            writeln!(out, "SAM, CloudFormation  {}", fix.cloudformation)?;
            writeln!(out, "CDK                  {}", fix.cdk)?;
            writeln!(out, "Terraform            {}", fix.terraform)?;
        }
    }
    if let Some(role) = finding.role.as_ref().filter(|_| written) {
        writeln!(out, "\nIF THE BOUNDARY MUST GO")?;
        if let Some(undo) = &finding.undo {
            writeln!(
                out,
                "Whoever is named in the stack parameter OperatorPrincipals pastes this line into a shell with AWS CLI 2:"
            )?;
            writeln!(out, "{undo}")?;
            writeln!(
                out,
                "The role then has what it had before, and Ringfence leaves it so for {} days.",
                HoldDays::USUAL
            )?;
        }
        writeln!(
            out,
            "To keep Ringfence from it for good, add {} to the stack parameter ProtectedRoles.",
            role.arn
        )?;
    }
    Ok(())
}
