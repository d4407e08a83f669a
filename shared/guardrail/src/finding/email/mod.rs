//! The text that a person reads: the case in a few lines, then what to do about it, then what stands behind it.

mod brief;
mod details;
mod headline;
mod next;
mod proposal;
mod who;
mod wrap;

pub(super) use brief::when;
pub(super) use headline::{cut_in_words, headline, headline_of_a_fight, story_of_a_fight};
pub(super) use who::moment;

use super::Finding;
use std::fmt::Write as _;

/// The body of the e-mail.
pub(super) fn text(finding: &Finding) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write(&mut text, finding);
    text
}

fn write(out: &mut String, finding: &Finding) -> std::fmt::Result {
    writeln!(out, "{}: {}\n", finding.severity, finding.title)?;
    writeln!(out, "{}", brief::brief(finding))?;
    next::steps(out, finding)?;
    next::keep(out, finding)?;
    proposal::proposal(out, finding)?;
    details::breaches(out, finding)?;
    details::analyzer(out, finding)?;
    details::impact(out, finding)?;
    details::doubts(out, finding)?;
    details::facts(out, finding)?;
    next::undo(out, finding)?;
    writeln!(
        out,
        "\n--\nRingfence {} · finding {} · problem {}",
        finding.version,
        finding.id.as_str(),
        finding.problem
    )
}

pub(in crate::finding) fn capitalised(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
