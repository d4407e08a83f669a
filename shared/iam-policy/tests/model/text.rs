//! Wildcards and variables.

use serde_json::Value;

use super::texts;

/// One element of a pattern whose variables are replaced.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Mark {
    Letter(char),
    /// What a variable stands for. It is text, whatever characters it has.
    Value(String),
    Star,
    Question,
}

/// Whether a wildcard or a variable's value may go past a colon.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Reach {
    Anything,
    WithinPart,
}

/// Where the values of variables come from.
pub(crate) struct Lookup<'a> {
    pub(crate) context: &'a Value,
    pub(crate) version: Option<&'a str>,
}

impl Lookup<'_> {
    /// The values of a key, whose name ignores case.
    pub(crate) fn values(&self, key: &str) -> Vec<String> {
        let entries = self.context.as_object().unwrap();
        let found = entries.iter().find(|(name, _)| name.to_lowercase() == key.to_lowercase());
        found.map_or(vec![], |(_, values)| texts(values))
    }

    /// A pattern with its variables replaced, if they all have a value or a default. Version 2008-10-17, which a
    /// missing Version means too, knows no variables.
    pub(crate) fn pattern(&self, text: &str) -> Option<Vec<Mark>> {
        if self.version != Some("2012-10-17") {
            return Some(pattern(text));
        }
        let Some((before, rest)) = text.split_once("${") else {
            return Some(pattern(text));
        };
        let (inside, after) = rest.split_once('}').unwrap();
        let mark = match inside {
            "*" | "?" | "$" => Mark::Letter(inside.chars().next().unwrap()),
            _ => Mark::Value(self.variable(inside)?),
        };
        let mut marks = pattern(before);
        marks.push(mark);
        marks.extend(self.pattern(after)?);
        Some(marks)
    }

    /// The value of `aws:username` or of `aws:username, 'default'`.
    fn variable(&self, inside: &str) -> Option<String> {
        let (key, default) = match inside.split_once(',') {
            Some((key, default)) => (key, Some(default.trim().trim_matches('\'').to_owned())),
            None => (inside, None),
        };
        match self.values(key).as_slice() {
            [value] => Some(value.clone()),
            _ => default,
        }
    }

    /// A text with its variables replaced, in which `*` and `?` mean themselves.
    pub(crate) fn plain(&self, text: &str) -> Option<String> {
        let marks = self.pattern(text)?;
        let texts = marks.into_iter().map(|mark| match mark {
            Mark::Letter(letter) => letter.to_string(),
            Mark::Value(value) => value,
            Mark::Star => "*".to_owned(),
            Mark::Question => "?".to_owned(),
        });
        Some(texts.collect())
    }
}

/// A pattern without variables.
pub(crate) fn pattern(text: &str) -> Vec<Mark> {
    let marks = text.chars().map(|letter| match letter {
        '*' => Mark::Star,
        '?' => Mark::Question,
        _ => Mark::Letter(letter),
    });
    marks.collect()
}

/// A star is any text, a question mark one character.
pub(crate) fn matches(pattern: &[Mark], text: &str) -> bool {
    let marks: Vec<_> = pattern.iter().map(|mark| (mark.clone(), Reach::Anything)).collect();
    fits(&marks, &text.chars().collect::<Vec<_>>())
}

/// The rule for Resource: wildcards stay in their part of the ARN. In the sixth part they may cover colons, and so may
/// a star at the end of a part. Parts that are missing are stars. `*` is every resource, and all that covers an action without a resource.
/// See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>.
pub(crate) fn arn_of_resource_matches(pattern: &[Mark], resource: &str) -> bool {
    if pattern == [Mark::Star] {
        return true;
    }
    if resource == "*" {
        return false;
    }
    let mut pattern = pattern.to_vec();
    let parts = pattern.split(|mark| *mark == Mark::Letter(':')).count();
    for _ in parts..6 {
        pattern.extend([Mark::Letter(':'), Mark::Star]);
    }
    let mut marks: Vec<(Mark, Reach)> = Vec::new();
    let mut part = 1;
    for (position, mark) in pattern.iter().enumerate() {
        let next = pattern[position + 1..].iter().find(|next| **next != Mark::Star);
        let ends_part = next.is_none_or(|next| *next == Mark::Letter(':'));
        let crosses = part == 6 || (*mark == Mark::Star && ends_part);
        marks.push((mark.clone(), if crosses { Reach::Anything } else { Reach::WithinPart }));
        if *mark == Mark::Letter(':') && part < 6 {
            part += 1;
        }
    }
    fits(&marks, &resource.chars().collect::<Vec<_>>())
}

/// The rule for ARN operators: the six parts are compared one by one.
/// See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>.
pub(crate) fn arn_in_condition_matches(pattern: &[Mark], arn: &str) -> bool {
    let patterns: Vec<_> = pattern.splitn(6, |mark| *mark == Mark::Letter(':')).collect();
    let parts: Vec<_> = arn.splitn(6, ':').collect();
    patterns.len() == 6
        && parts.len() == 6
        && parts[0] == "arn"
        && patterns.iter().zip(parts).all(|(pattern, part)| matches(pattern, part))
}

fn fits(pattern: &[(Mark, Reach)], text: &[char]) -> bool {
    let Some(((mark, reach), rest)) = pattern.split_first() else {
        return text.is_empty();
    };
    let may_cover = |covered: &[char]| *reach == Reach::Anything || !covered.contains(&':');
    match mark {
        Mark::Letter(letter) => text.first() == Some(letter) && fits(rest, &text[1..]),
        Mark::Value(value) => {
            let value: Vec<char> = value.chars().collect();
            text.starts_with(&value) && may_cover(&value) && fits(rest, &text[value.len()..])
        }
        Mark::Question => !text.is_empty() && may_cover(&text[..1]) && fits(rest, &text[1..]),
        Mark::Star => (0..=text.len()).any(|end| may_cover(&text[..end]) && fits(rest, &text[end..])),
    }
}
