//! The wildcards of IAM: `*` is any number of characters, `?` is one.

/// Whether a pattern for action names takes this one. Action names have no case
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html>).
#[must_use]
pub fn action_matches(pattern: &str, action: &str) -> bool {
    text_matches(&pattern.to_ascii_lowercase(), &action.to_ascii_lowercase())
}

/// Whether a pattern takes a text, case and all.
#[must_use]
pub fn text_matches(pattern: &str, text: &str) -> bool {
    match (pattern.chars().next(), text.chars().next()) {
        (None, None) => true,
        (Some('*'), None) => text_matches(&pattern[1..], text),
        (Some('*'), Some(c)) => {
            text_matches(&pattern[1..], text) || text_matches(pattern, &text[c.len_utf8()..])
        }
        (Some(p), Some(c)) if p == '?' || p == c => {
            text_matches(&pattern[p.len_utf8()..], &text[c.len_utf8()..])
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn star_takes_nothing_and_everything_and_question_mark_takes_one() {
        assert!(text_matches("a*c", "ac") && text_matches("a*c", "abbc") && text_matches("a?c", "abc"));
        assert!(!text_matches("a?c", "ac") && !text_matches("a*c", "acd") && !text_matches("ab", "AB"));
        assert!(text_matches("*", "") && !text_matches("", "a"));
    }

    #[test]
    fn actions_have_no_case() {
        assert!(action_matches("iam:*PermissionsBoundary", "IAM:putRolePermissionsBoundary"));
        assert!(!action_matches("iam:Put*", "iam:GetRole"));
    }
}
