//! Lines that a mail client shows as they are.

/// Prose is at most this wide.
pub(super) const WIDTH: usize = 100;

/// Breaks prose between words. The first line begins with `first`, the others with as many spaces. A word is never broken, so that an ARN
/// can be copied; one that is too long for a line has its own. What [`unbroken`] joined is one word.
pub(super) fn wrapped(first: &str, prose: &str) -> String {
    let indent = first.chars().count();
    let mut lines: Vec<String> = Vec::new();
    let mut line = first.to_owned();
    let mut width = indent;
    for word in prose.split(|c: char| c.is_whitespace() && c != NO_BREAK).filter(|word| !word.is_empty()) {
        let length = word.chars().count();
        if width > indent && width + 1 + length > WIDTH {
            lines.push(std::mem::replace(&mut line, " ".repeat(indent)));
            width = indent;
        }
        if width > indent {
            line.push(' ');
            width += 1;
        }
        line.push_str(word);
        width += length;
    }
    lines.push(line);
    lines.join("\n").replace(NO_BREAK, " ")
}

const NO_BREAK: char = '\u{a0}';

/// A text that stays on one line.
pub(super) fn unbroken(text: &str) -> String {
    text.replace(' ', &NO_BREAK.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words_and_nowhere_else() {
        let arn = format!("arn:aws:iam::123456789012:role/{}", "r".repeat(90));
        let prose = format!("{} {arn} end", "word ".repeat(30));
        let text = wrapped("Done    ", &prose);
        assert_eq!(
            text.split_whitespace().skip(1).collect::<Vec<_>>(),
            prose.split_whitespace().collect::<Vec<_>>()
        );
        for (at, line) in text.lines().enumerate() {
            assert!(line.chars().count() <= WIDTH || line.trim() == arn, "{line}");
            assert!(line.starts_with(if at == 0 { "Done    word" } else { "        " }), "{line}");
            assert_eq!(line, line.trim_end());
        }
    }

    #[test]
    fn what_somebody_wrote_stays_on_one_line_or_is_wrapped_never_more() {
        assert_eq!(wrapped("- ", "a\nb\r\n  c"), "- a b c");
        assert_eq!(wrapped("- ", ""), "- ");
        assert_eq!(wrapped("", &"ü".repeat(101)), "ü".repeat(101));
        assert_eq!(
            wrapped("", &format!("{} {}", "a".repeat(90), unbroken("10:00:00 UTC"))),
            format!("{}\n10:00:00 UTC", "a".repeat(90))
        );
    }
}
