//! Policy variables: `${aws:username}`, `${aws:PrincipalTag/team, 'none'}`, `${*}`.
//!
//! See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>.

use crate::document::Version;

/// A variable that is looked up in the request context.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Variable {
    /// INVARIANT: lower case, because key names ignore case.
    pub(crate) key: Box<str>,
    /// The text to use when the request does not carry the key.
    pub(crate) default: Option<Box<str>>,
}

/// What is wrong with the spelling of a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VariableFault {
    /// `${}`.
    Empty,
    /// A space in the key: `${aws: username}`.
    Space,
    /// No closing brace.
    MissingBrace,
    /// A default value that is not between single quotes.
    MissingQuote,
}

/// Whether `${…}` is a variable or plain text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variables {
    Expanded,
    /// Version 2008-10-17, which is also what a missing Version means.
    Literal,
}

impl From<Option<Version>> for Variables {
    fn from(version: Option<Version>) -> Self {
        match version {
            Some(Version::V2012) => Self::Expanded,
            Some(Version::V2008) | None => Self::Literal,
        }
    }
}

/// One stretch of text around or inside `${…}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// Text in which wildcards keep their meaning.
    Text(&'a str),
    /// `${*}`, `${?}`, `${$}`: one character that means itself.
    Escaped(&'a str),
    Variable(Variable),
    /// The rest of the text, from a `${` that is no variable.
    Malformed(&'a str, VariableFault),
}

/// Cuts `text` at its variables.
pub(crate) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((before, inside)) = rest.split_once("${") {
        if !before.is_empty() {
            found.push(Piece::Text(before));
        }
        match variable(inside) {
            Ok((piece, after)) => {
                found.push(piece);
                rest = after;
            }
            Err(fault) => {
                let from_dollar = rest.get(before.len()..).unwrap_or_default();
                found.push(Piece::Malformed(from_dollar, fault));
                return found;
            }
        }
    }
    if !rest.is_empty() {
        found.push(Piece::Text(rest));
    }
    found
}

/// The faults of `text`, were its variables expanded.
pub(crate) fn fault(text: &str) -> Option<VariableFault> {
    pieces(text).into_iter().find_map(|piece| match piece {
        Piece::Malformed(_, fault) => Some(fault),
        Piece::Text(_) | Piece::Escaped(_) | Piece::Variable(_) => None,
    })
}

/// Whether `text` holds something that asks to be expanded.
pub(crate) fn present(text: &str) -> bool {
    text.contains("${")
}

/// The text as it is written where variables are expanded.
pub(crate) fn escaped(text: &str) -> String {
    text.replace("${", "${$}{")
}

/// Reads one variable; `inside` starts after `${`. Returns it with the text that follows it.
fn variable(inside: &str) -> Result<(Piece<'_>, &str), VariableFault> {
    let end = inside.find(['}', ',']).ok_or(VariableFault::MissingBrace)?;
    let (key, tail) = inside.split_at_checked(end).ok_or(VariableFault::MissingBrace)?;
    if key.contains("${") {
        return Err(VariableFault::MissingBrace);
    }
    if key.is_empty() {
        return Err(VariableFault::Empty);
    }
    if key.contains(char::is_whitespace) {
        return Err(VariableFault::Space);
    }
    if let Some(after) = tail.strip_prefix('}') {
        let piece = match key {
            "*" | "?" | "$" => Piece::Escaped(key),
            name => Piece::Variable(Variable { key: name.to_lowercase().into(), default: None }),
        };
        return Ok((piece, after));
    }
    let quoted = tail.trim_start_matches([',', ' ']).strip_prefix('\'').ok_or(VariableFault::MissingQuote)?;
    let (default, after) = quoted.split_once('\'').ok_or(VariableFault::MissingQuote)?;
    let after = after.trim_start_matches(' ').strip_prefix('}').ok_or(VariableFault::MissingBrace)?;
    let variable = Variable { key: key.to_lowercase().into(), default: Some(default.into()) };
    Ok((Piece::Variable(variable), after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(key: &str, default: Option<&str>) -> Piece<'static> {
        Piece::Variable(Variable { key: key.into(), default: default.map(Into::into) })
    }

    #[test]
    fn variables_are_cut_out_of_the_text_around_them() {
        assert_eq!(
            pieces("a/${aws:UserName}/b${*}"),
            [Piece::Text("a/"), named("aws:username", None), Piece::Text("/b"), Piece::Escaped("*")]
        );
        assert_eq!(
            pieces("${aws:PrincipalTag/team, 'any one'}x"),
            [named("aws:principaltag/team", Some("any one")), Piece::Text("x")]
        );
        assert_eq!(pieces("cost: 5$ {x}"), [Piece::Text("cost: 5$ {x}")]);
    }

    #[test]
    fn each_misspelling_has_its_name() {
        for (text, expected) in [
            ("${}", VariableFault::Empty),
            ("${aws:a b}", VariableFault::Space),
            ("${ aws:a}", VariableFault::Space),
            ("x${aws:a", VariableFault::MissingBrace),
            ("${aws:a/${aws:b}", VariableFault::MissingBrace),
            ("${aws:a, 'b'", VariableFault::MissingBrace),
            ("${aws:a, b}", VariableFault::MissingQuote),
            ("${aws:a, 'b}", VariableFault::MissingQuote),
        ] {
            assert_eq!(fault(text), Some(expected), "{text}");
        }
        assert_eq!(fault("${aws:a}${$}"), None);
    }
}
