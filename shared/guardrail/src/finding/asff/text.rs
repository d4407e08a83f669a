//! Texts as Security Hub takes them: one line (its pattern is `.*\S.*`), not blank, no longer than its limit.

use jiff::Timestamp;
use sha2::{Digest, Sha256};

/// The text as one line, cut where it is longer than `limit`. Nothing becomes `-`.
pub(super) fn line(text: &str, limit: usize) -> String {
    let text = in_one_line(text);
    if text.is_empty() {
        return "-".to_owned();
    }
    if length(&text) <= limit { text } else { format!("{}…", start_of(&text, limit.saturating_sub(1))) }
}

/// The text as one line, where all of it has room and there is something.
pub(super) fn whole_line(text: &str, limit: usize) -> Option<String> {
    let text = in_one_line(text);
    (!text.is_empty() && length(&text) <= limit).then_some(text)
}

/// An id that tells two problems apart even where it had to be changed.
pub(super) fn id(problem: &str, limit: usize) -> String {
    if let Some(id) = whole_line(problem, limit).filter(|id| id == problem) {
        return id;
    }
    let digest: String =
        Sha256::digest(problem.as_bytes()).iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    let room = limit.saturating_sub(digest.len() + 1);
    format!("{}/{digest}", start_of(&in_one_line(problem), room))
}

/// In UTC, to the millisecond.
pub(super) fn timestamp(at: Timestamp) -> String {
    format!("{at:.3}")
}

fn in_one_line(text: &str) -> String {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    text.replace(breaks, " ").trim().to_owned()
}

/// AWS says characters; by UTF-16 units, a text is within the limit whoever counts.
fn length(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

fn start_of(text: &str, limit: usize) -> String {
    let mut room = limit;
    text.chars()
        .take_while(|c| {
            let fits = c.len_utf16() <= room;
            room = room.saturating_sub(c.len_utf16());
            fits
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters_and_says_so() {
        assert_eq!(line("abc", 3), "abc");
        assert_eq!(line("abcd", 3), "ab…");
        assert_eq!(line("a😀😀", 4), "a😀…");
        assert_eq!(line("first\nsecond\u{2028}third", 50), "first second third");
        assert_eq!(line(" \n", 50), "-");
    }

    #[test]
    fn what_must_be_whole_is_whole_or_not_there() {
        assert_eq!(whole_line("aws iam …", 9).as_deref(), Some("aws iam …"));
        assert_eq!(whole_line("aws iam …", 8), None);
        assert_eq!(whole_line(" ", 8), None);
    }

    #[test]
    fn ids_that_were_cut_stay_apart() {
        let long = |last: char| format!("{}{last}", "p".repeat(600));
        assert_eq!(id("ringfence/1/2", 512), "ringfence/1/2");
        assert_eq!(length(&id(&long('a'), 512)), 512);
        assert_ne!(id(&long('a'), 512), id(&long('b'), 512));
        assert_ne!(id("a\nb", 512), id("a b", 512));
    }

    #[test]
    fn a_time_has_a_zone_and_milliseconds() {
        let at: Timestamp = "2026-11-22T10:00:01.25Z".parse().unwrap();
        assert_eq!(timestamp(at), "2026-11-22T10:00:01.250Z");
    }
}
