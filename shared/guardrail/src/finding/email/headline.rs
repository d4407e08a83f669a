//! Title and summary, for every kind of reader.

use super::capitalised;
use super::who::moment;
use crate::assess::Assessment;
use crate::cut_grants::NamedGrant;
use crate::finding::Outcome;
use crate::finding::story::{CutInWords, Step};
use crate::names::RoleName;
use crate::record::Repetition;

/// Title and summary, used by every kind of reader.
pub(in crate::finding) fn headline(
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
        Outcome::Denied => format!("The boundary refused a call of {role}"),
        Outcome::Summary => format!("A sweep looked at {role}"),
        Outcome::Suggested => format!("A narrower policy for {role}"),
        Outcome::Exposed => format!("A function with {role} is open to others"),
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
        Outcome::Exempt
        | Outcome::Reported
        | Outcome::BoundaryEdited
        | Outcome::Notice
        | Outcome::Denied
        | Outcome::Exposed
        | Outcome::Suggested
        | Outcome::Summary => {
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
pub(in crate::finding) fn headline_of_a_fight(
    role: &RoleName,
    fight: &Repetition,
    summary: &str,
) -> (String, String) {
    let Repetition { by, times, since } = fight;
    let title = format!("Ringfence put the boundary of {role} back {times} times");
    let summary = format!(
        "{by} took the boundary off {times} times since {since}, and Ringfence put it back each time. If a template or a \
         pipeline does it, add the line below to it; otherwise ask {by}. Ringfence goes on putting it back and tells more \
         rarely. {summary}"
    );
    (title, summary)
}

/// The named grants that a boundary cuts; none where it cuts none.
pub(in crate::finding) fn cut_in_words(cut: &[NamedGrant]) -> Option<CutInWords> {
    let shown: Vec<String> =
        cut.iter().take(3).map(|grant| format!("{} on {}", grant.action, grant.resource)).collect();
    let more = match cut.len().saturating_sub(shown.len()) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!shown.is_empty()).then(|| CutInWords {
        what: format!("The boundary does not allow what a policy grants by name: {}{more}.", shown.join("; ")),
        remedy: "If the function needs it, the owner has to move it to a role of its own or ask for an approved boundary.",
    })
}

/// What was done and what to do, where the same principal takes the boundary away again and again.
pub(in crate::finding) fn story_of_a_fight(fight: &Repetition) -> (String, Vec<Step>) {
    let Repetition { by, times, since } = fight;
    let done = format!(
        "{by} took the boundary off {times} times since {}, and Ringfence put it back each time. It goes on and tells more rarely.",
        moment(*since)
    );
    let next = format!("If a template or a pipeline does it, add the line below to it. Otherwise ask {by}.");
    (done, vec![Step::words(next)])
}
