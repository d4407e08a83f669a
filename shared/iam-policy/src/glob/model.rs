//! The matcher against a plain model: expand the pattern by hand, try everything.

use proptest::prelude::*;

use super::*;

/// What a model pattern consists of.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Symbol {
    Char(char),
    /// `*`, and whether it may swallow colons.
    Run(Reach),
    One(Reach),
}

fn passes(reach: Reach, character: char) -> bool {
    reach == Reach::Anything || character != ':'
}

/// Tries every way to match, straight from the definition.
fn model(pattern: &[Symbol], text: &[char]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some((Symbol::Char(wanted), rest)) => {
            text.split_first().is_some_and(|(first, text)| first == wanted && model(rest, text))
        }
        Some((Symbol::One(reach), rest)) => {
            text.split_first().is_some_and(|(first, text)| passes(*reach, *first) && model(rest, text))
        }
        Some((Symbol::Run(reach), rest)) => {
            model(rest, text)
                || text
                    .split_first()
                    .is_some_and(|(first, text)| passes(*reach, *first) && model(pattern, text))
        }
    }
}

/// Reads the pattern of a resource (`ends_cross`) or of an ARN operator, straight from the rule: in one of the
/// first five parts a wildcard stays there, unless it is a resource's star at the end of its part.
fn symbols(pattern: &str, ends_cross: bool) -> Vec<Symbol> {
    let characters: Vec<char> = pattern.chars().collect();
    let symbol = |(at, character): (usize, &char)| {
        let part = characters[..at].iter().filter(|before| **before == ':').count();
        // Stars side by side are one star.
        let next = characters[at + 1..].iter().find(|next| **next != '*');
        let ends = ends_cross && next.is_none_or(|next| *next == ':');
        let reach = if part >= 5 { Reach::Anything } else { Reach::WithinPart };
        match character {
            '*' if ends => Symbol::Run(Reach::Anything),
            '*' => Symbol::Run(reach),
            '?' => Symbol::One(reach),
            other => Symbol::Char(*other),
        }
    };
    characters.iter().enumerate().map(symbol).collect()
}

fn plain(pattern: &str) -> Vec<Symbol> {
    let symbol = |character| match character {
        '*' => Symbol::Run(Reach::Anything),
        '?' => Symbol::One(Reach::Anything),
        other => Symbol::Char(other),
    };
    pattern.chars().map(symbol).collect()
}

fn matches(glob: &Glob, text: &str) -> bool {
    glob.matches(text, &NoValues) == GlobMatch::Yes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn plain_patterns(pattern in "[aé€😀:*?]{0,9}", text in "[aé€😀:]{0,9}") {
        let glob = Glob::text(&pattern, Wildcards::Active, Variables::Literal);
        let text_characters: Vec<char> = text.chars().collect();
        prop_assert_eq!(matches(&glob, &text), model(&plain(&pattern), &text_characters));
    }

    #[test]
    fn resource_patterns(pattern in "[ab:*?]{0,12}", text in "[ab:]{0,12}") {
        let glob = Glob::resource(&pattern, Variables::Literal);
        let text_characters: Vec<char> = text.chars().collect();
        prop_assert_eq!(matches(&glob, &text), model(&symbols(&pattern, true), &text_characters));
    }

    #[test]
    fn arn_patterns(pattern in "[ab:*?]{0,12}", text in "[ab:]{0,12}") {
        let glob = Glob::arn(&pattern, Variables::Literal);
        let text_characters: Vec<char> = text.chars().collect();
        prop_assert_eq!(matches(&glob, &text), model(&symbols(&pattern, false), &text_characters));
    }

    /// Patterns made from the text by putting wildcards into it, so that most of them match.
    #[test]
    fn patterns_made_from_the_text(
        text in "[ab:]{0,14}", places in prop::collection::vec((any::<prop::sample::Index>(), "[*?]"), 0..5),
        cross in any::<bool>(),
    ) {
        let mut pattern: Vec<char> = text.chars().collect();
        for (place, wildcard) in places {
            if !pattern.is_empty() {
                let at = place.index(pattern.len());
                pattern.splice(at..at + 1, wildcard.chars());
            }
        }
        let pattern: String = pattern.into_iter().collect();
        let glob = if cross {
            Glob::resource(&pattern, Variables::Literal)
        } else {
            Glob::arn(&pattern, Variables::Literal)
        };
        let text_characters: Vec<char> = text.chars().collect();
        prop_assert_eq!(matches(&glob, &text), model(&symbols(&pattern, cross), &text_characters));
    }

    /// A variable is the same as its value written out with every wildcard escaped.
    #[test]
    fn a_value_is_literal(before in "[a*?]{0,3}", value in "[a*?$]{0,4}", after in "[a*?]{0,3}", text in "[a*?$]{0,8}") {
        struct One<'v>(&'v str);
        impl<'v> Values<'v> for One<'v> {
            fn value(&self, _key: &str) -> Option<&'v str> {
                Some(self.0)
            }
        }
        let escaped: String = value
            .chars()
            .map(|character| if character == 'a' { "a".to_owned() } else { format!("${{{character}}}") })
            .collect();
        let with = |middle: &str| {
            Glob::text(&format!("{before}{middle}{after}"), Wildcards::Active, Variables::Expanded)
        };
        prop_assert_eq!(with("${k:k}").matches(&text, &One(&value)), with(&escaped).matches(&text, &NoValues));
    }
}

#[test]
fn a_hostile_pattern_takes_no_exponential_time() {
    let text = "a".repeat(2_000);
    let plain = Glob::text(&format!("{}b", "a*".repeat(500)), Wildcards::Active, Variables::Literal);
    assert!(!matches(&plain, &text));
    let confined = Glob::resource(&format!("arn:*:{}b", "a*".repeat(200)), Variables::Literal);
    assert!(!matches(&confined, &format!("arn:{}", "a:".repeat(200))));
}
