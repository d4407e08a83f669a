//! What two patterns match together, as patterns.

use std::collections::BTreeSet;

use crate::compare::language::{Budget, Exhausted, Language, find};

/// Patterns that together stand for what two patterns have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::compare) struct Meet {
    pub(in crate::compare) patterns: Vec<String>,
    pub(super) loss: Loss,
}

impl Meet {
    pub(super) fn nothing() -> Self {
        Self { patterns: Vec::new(), loss: Loss::Nothing }
    }

    pub(super) fn only(pattern: &str) -> Self {
        Self { patterns: vec![pattern.to_owned()], loss: Loss::Nothing }
    }

    /// What they have in common cannot be told.
    pub(super) fn lost() -> Self {
        Self { patterns: Vec::new(), loss: Loss::Something }
    }

    /// Whether the patterns say all that the two have in common.
    pub(in crate::compare) fn is_whole(&self) -> bool {
        self.loss == Loss::Nothing
    }
}

/// Whether something that both sides allow was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    Nothing,
    Something,
}

impl Loss {
    pub(super) fn or(self, other: Self) -> Self {
        if self == Self::Nothing { other } else { self }
    }
}

/// Two patterns may have more in common than a list of this length says.
const MOST_PATTERNS: usize = 16;

/// Two patterns that are longer together are not put together: the walk goes one call deeper with every letter.
const LONGEST_TEXTS: usize = 600;

/// How many steps to take in two patterns.
const MOST_STEPS: u32 = 20_000;

/// What `left` and `right` match together. Wildcards are `*` and `?`; `language` says what a text with wildcards
/// stands for among the texts of the universes, and `is_same` which letters it takes for one.
///
/// What is returned was held against both where their wildcards are not free to match anything, so that it never says
/// more than they do.
pub(super) fn meet(
    (left, right): (&str, &str),
    is_same: fn(&char, &char) -> bool,
    universes: &[&Language],
    language: impl Fn(&str) -> Result<Language, Exhausted>,
    budget: &mut Budget,
) -> Result<Meet, Exhausted> {
    if left.len() + right.len() > LONGEST_TEXTS {
        return Ok(Meet::lost());
    }
    let mut walk = Walk { found: BTreeSet::new(), is_same, steps: MOST_STEPS };
    let letters = |text: &str| text.chars().collect::<Vec<_>>();
    walk.go(&letters(left), &letters(right), &mut String::new());
    budget.spend(usize::try_from((MOST_STEPS - walk.steps) / 64).unwrap_or(usize::MAX))?;

    let (left, right) = (language(left)?, language(right)?);
    let mut kept: Vec<(String, Language)> = Vec::new();
    // Shorter patterns tend to match more, so that the rest is inside them.
    let mut found: Vec<String> = walk.found.into_iter().collect();
    found.sort_by_key(|text| (text.len(), text.clone()));
    for text in found {
        let candidate = language(&text)?;
        let mut is_inside = |others: &[&Language]| {
            for universe in universes {
                if find(&[universe, &candidate], others, any_letter, budget)?.is_some() {
                    return Ok(false);
                }
            }
            Ok(true)
        };
        let known: Vec<&Language> = kept.iter().map(|(_, language)| language).collect();
        if kept.len() < MOST_PATTERNS
            && !is_inside(&known)?
            && (left.is_unconfined() || is_inside(&[&left])?)
            && (right.is_unconfined() || is_inside(&[&right])?)
        {
            kept.push((text, candidate));
        }
    }
    let known: Vec<&Language> = kept.iter().map(|(_, language)| language).collect();
    let mut loss = Loss::Nothing;
    for universe in universes {
        if find(&[universe, &left, &right], &known, any_letter, budget)?.is_some() {
            loss = Loss::Something;
        }
    }
    Ok(Meet { patterns: kept.into_iter().map(|(text, _)| text).collect(), loss })
}

fn any_letter(_: char) -> bool {
    true
}

/// The ways to read two patterns side by side.
struct Walk {
    found: BTreeSet<String>,
    is_same: fn(&char, &char) -> bool,
    steps: u32,
}

impl Walk {
    fn go(&mut self, left: &[char], right: &[char], before: &mut String) {
        let Some(steps) = self.steps.checked_sub(1) else { return };
        self.steps = steps;
        let length = before.len();
        match (left.split_first(), right.split_first()) {
            (None, None) => {
                self.found.insert(before.clone());
            }
            (Some(('*', rest)), None) | (None, Some(('*', rest))) => self.go(rest, &[], before),
            (Some(('*', left_rest)), Some(('*', right_rest))) => {
                if !before.ends_with('*') {
                    before.push('*');
                }
                self.go(left_rest, right, before);
                self.go(left, right_rest, before);
            }
            (Some(('*', rest)), Some((letter, others))) => {
                self.go(rest, right, before);
                before.push(*letter);
                self.go(left, others, before);
            }
            (Some((letter, others)), Some(('*', rest))) => {
                self.go(left, rest, before);
                before.push(*letter);
                self.go(others, right, before);
            }
            (Some((letter, left)), Some((other, right))) => {
                let both = match (letter, other) {
                    ('?', letter) | (letter, '?') => Some(letter),
                    (letter, other) => (self.is_same)(letter, other).then_some(letter),
                };
                if let Some(letter) = both {
                    before.push(*letter);
                    self.go(left, right, before);
                }
            }
            (Some(_), None) | (None, Some(_)) => {}
        }
        before.truncate(length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::glob::{Glob, Wildcards};
    use crate::variable::Variables;

    fn met(left: &str, right: &str) -> Vec<String> {
        let language = |text: &str| {
            Language::new(&Glob::text(text, Wildcards::Active, Variables::Literal), Language::any_text)
        };
        let everything = language("*").unwrap();
        let meet = meet((left, right), char::eq, &[&everything], language, &mut Budget::new(60_000)).unwrap();
        assert_eq!(meet.loss, Loss::Nothing, "{left} and {right}");
        meet.patterns
    }

    #[test]
    fn what_two_patterns_have_in_common() {
        for (left, right, both) in [
            ("s3:Get*", "s3:*Object", vec!["s3:Get*Object"]),
            ("s3:GetObject", "s3:*", vec!["s3:GetObject"]),
            ("s3:Get*", "s3:Put*", vec![]),
            ("*", "s3:?et", vec!["s3:?et"]),
            ("ab*", "*bc", vec!["abc", "ab*bc"]),
            ("a?c*", "*d", vec!["a?c*d"]),
            ("a*b", "a*c*b", vec!["a*c*b"]),
            ("a?", "?b", vec!["ab"]),
            ("*a*", "*b*", vec!["*a*b*", "*b*a*"]),
        ] {
            assert_eq!(met(left, right), both, "{left} and {right}");
            assert_eq!(met(right, left).len(), both.len(), "{right} and {left}");
        }
    }

    #[test]
    fn patterns_with_too_much_in_common_lose_something_and_never_gain() {
        let language = |text: &str| {
            Language::new(&Glob::text(text, Wildcards::Active, Variables::Literal), Language::any_text)
        };
        let (left, right) = ("*a*b*c*d*", "*e*f*g*h*");
        let everything = language("*").unwrap();
        let meet =
            meet((left, right), char::eq, &[&everything], language, &mut Budget::new(5_000_000)).unwrap();
        assert_eq!(meet.loss, Loss::Something);
        assert!(!meet.patterns.is_empty() && meet.patterns.len() <= MOST_PATTERNS);
    }
}
