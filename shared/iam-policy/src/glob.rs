//! The one matcher behind actions, resources and condition values.
//!
//! Patterns are cut into tokens once, when the policy is read. Matching runs over them with two
//! pointers and at most two places to go back to, so its cost is polynomial whatever the pattern.
//! The value of a variable enters as literal text and is never looked at for wildcards: a user named
//! `*` is not everybody.

use crate::variable::{Piece, Variable, Variables, pieces};

/// How far a wildcard may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Reach {
    Anything,
    /// Not past a colon: inside one of the first five parts of an ARN.
    WithinPart,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Token {
    Literal(Box<str>),
    /// `*`: any number of characters.
    Run(Reach),
    /// `?`: exactly one character.
    One(Reach),
    /// The value of a variable, as literal text.
    Value(Variable, Reach),
}

/// Whether `*` and `?` are wildcards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wildcards {
    Active,
    Literal,
}

/// A pattern, ready to be matched.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Glob {
    /// INVARIANT: no two literals and no two runs side by side.
    tokens: Box<[Token]>,
    has_variables: bool,
}

/// What a pattern says about a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GlobMatch {
    Yes,
    No,
    /// A variable of the pattern has neither a value nor a default.
    Unresolved,
}

/// Gives the value of a variable's key (lower case), if the request has exactly one.
pub(crate) trait Values<'v> {
    fn value(&self, key: &str) -> Option<&'v str>;
}

/// For patterns that cannot hold variables.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NoValues;

impl Values<'static> for NoValues {
    fn value(&self, _key: &str) -> Option<&'static str> {
        None
    }
}

impl Glob {
    /// A pattern over plain text: wildcards go past anything.
    pub(crate) fn text(text: &str, wildcards: Wildcards, variables: Variables) -> Self {
        Self::from_tokens(tokenise(text, wildcards, variables))
    }

    /// A pattern of the Resource element. Wildcards stay inside their part of the ARN, except in the
    /// sixth part, and except a `*` that ends its part, which may go past the colons that follow.
    ///
    /// See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>.
    pub(crate) fn resource(text: &str, variables: Variables) -> Self {
        let tokens = tokenise(text, Wildcards::Active, variables);
        let ends_part = |next: Option<&Token>| match next {
            None => true,
            Some(Token::Literal(literal)) => literal.starts_with(':'),
            Some(Token::Run(_) | Token::One(_) | Token::Value(..)) => false,
        };
        Self::from_tokens(confine(tokens, ends_part))
    }

    /// A pattern of the ARN condition operators. The six parts are compared one by one, so that a
    /// wildcard in one of the first five never goes past a colon.
    ///
    /// See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>.
    pub(crate) fn arn(text: &str, variables: Variables) -> Self {
        Self::from_tokens(confine(tokenise(text, Wildcards::Active, variables), |_| false))
    }

    fn from_tokens(tokens: Vec<Token>) -> Self {
        let has_variables = tokens.iter().any(|token| matches!(token, Token::Value(..)));
        Self { tokens: tokens.into(), has_variables }
    }

    /// Whether the pattern matches every text.
    pub(crate) fn is_everything(&self) -> bool {
        matches!(&*self.tokens, [Token::Run(Reach::Anything)])
    }

    /// Whether the pattern is one `*`, however far that reaches.
    pub(crate) fn is_bare_star(&self) -> bool {
        matches!(&*self.tokens, [Token::Run(_)])
    }

    /// Whether the pattern holds an active wildcard.
    pub(crate) fn has_wildcard(&self) -> bool {
        self.tokens.iter().any(|token| matches!(token, Token::Run(_) | Token::One(_)))
    }

    /// Whether what the pattern matches depends on the request.
    pub(crate) fn has_variables(&self) -> bool {
        self.has_variables
    }

    pub(crate) fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    pub(crate) fn matches<'v>(&self, text: &str, values: &impl Values<'v>) -> GlobMatch {
        if self.has_variables && !self.resolves(values) {
            return GlobMatch::Unresolved;
        }
        if run(&self.tokens, text.as_bytes(), values) { GlobMatch::Yes } else { GlobMatch::No }
    }

    fn resolves<'v>(&self, values: &impl Values<'v>) -> bool {
        self.tokens.iter().all(|token| match token {
            Token::Value(variable, _) => resolve(variable, values).is_some(),
            Token::Literal(_) | Token::Run(_) | Token::One(_) => true,
        })
    }

    /// The same pattern with the text of these values in place of their variables. The value of a confined variable
    /// that holds a colon matches nothing and is left out.
    pub(crate) fn with_values<'v>(&self, values: &impl Values<'v>) -> Self {
        let mut tokens: Vec<Token> = Vec::with_capacity(self.tokens.len());
        for token in &self.tokens {
            let known = match token {
                Token::Literal(text) => Some(&**text),
                Token::Value(variable, reach) => values
                    .value(&variable.key)
                    .filter(|value| *reach == Reach::Anything || !value.contains(':')),
                Token::Run(_) | Token::One(_) => None,
            };
            match (tokens.last_mut(), known) {
                (Some(Token::Literal(before)), Some(text)) => *before = format!("{before}{text}").into(),
                (_, Some(text)) => tokens.push(Token::Literal(text.into())),
                (_, None) => tokens.push(token.clone()),
            }
        }
        Self::from_tokens(tokens)
    }

    /// The text that a pattern without wildcards stands for, or nothing where it does not resolve.
    pub(crate) fn substituted<'v>(&self, values: &impl Values<'v>) -> Option<String> {
        self.tokens.iter().try_fold(String::new(), |mut text, token| {
            match token {
                Token::Literal(literal) => text.push_str(literal),
                Token::Value(variable, _) => text.push_str(resolve(variable, values)?),
                Token::Run(_) => text.push('*'),
                Token::One(_) => text.push('?'),
            }
            Some(text)
        })
    }
}

fn resolve<'a, 'v: 'a>(variable: &'a Variable, values: &impl Values<'v>) -> Option<&'a str> {
    values.value(&variable.key).or(variable.default.as_deref())
}

fn tokenise(text: &str, wildcards: Wildcards, variables: Variables) -> Vec<Token> {
    let mut tokens = Tokens::default();
    let pieces = match variables {
        Variables::Expanded => pieces(text),
        Variables::Literal => vec![Piece::Text(text)],
    };
    for piece in pieces {
        match piece {
            Piece::Text(part) => match wildcards {
                Wildcards::Active => tokens.push_wildcards(part),
                Wildcards::Literal => tokens.literal.push_str(part),
            },
            Piece::Escaped(part) | Piece::Malformed(part, _) => tokens.literal.push_str(part),
            Piece::Variable(variable) => tokens.push(Token::Value(variable, Reach::Anything)),
        }
    }
    tokens.end_literal();
    tokens.ended
}

/// Tokens in the making.
#[derive(Default)]
struct Tokens {
    ended: Vec<Token>,
    /// What comes after them, which may go on.
    literal: String,
}

impl Tokens {
    fn push(&mut self, token: Token) {
        self.end_literal();
        self.ended.push(token);
    }

    fn end_literal(&mut self) {
        if !self.literal.is_empty() {
            self.ended.push(Token::Literal(std::mem::take(&mut self.literal).into()));
        }
    }

    fn push_wildcards(&mut self, text: &str) {
        for part in text.split_inclusive(['*', '?']) {
            self.literal.push_str(part.trim_end_matches(['*', '?']));
            match part.chars().next_back() {
                // Two runs side by side are one.
                Some('*') if self.literal.is_empty() && matches!(self.ended.last(), Some(Token::Run(_))) => {}
                Some('*') => self.push(Token::Run(Reach::Anything)),
                Some('?') => self.push(Token::One(Reach::Anything)),
                Some(_) | None => {}
            }
        }
    }
}

/// Keeps the tokens of the first five parts inside their part, but for the runs that `crosses` frees.
fn confine(tokens: Vec<Token>, crosses: impl Fn(Option<&Token>) -> bool) -> Vec<Token> {
    const LAST_PART: usize = 5;
    let mut part = 0;
    let mut confined = Vec::with_capacity(tokens.len());
    let mut rest = tokens.into_iter().peekable();
    while let Some(token) = rest.next() {
        let reach = if part >= LAST_PART { Reach::Anything } else { Reach::WithinPart };
        confined.push(match token {
            Token::Literal(literal) => {
                part += literal.matches(':').count();
                Token::Literal(literal)
            }
            Token::Run(_) if crosses(rest.peek()) => Token::Run(Reach::Anything),
            Token::Run(_) => Token::Run(reach),
            Token::One(_) => Token::One(reach),
            Token::Value(variable, _) => Token::Value(variable, reach),
        });
    }
    confined
}

/// A place in the match: the tokens and the text that are still to be dealt with.
#[derive(Clone, Copy)]
struct Place<'a> {
    tokens: &'a [Token],
    text: &'a [u8],
}

/// The matcher proper.
///
/// Going back to the last run alone is enough for runs of one reach, because whatever an earlier run
/// could still swallow, the last one can swallow too. A run confined to its part cannot, so the last run
/// that crosses is kept as a second place; a confined run before another part never needs to be revisited
/// since the colon between them stands at the same place whatever it swallows.
fn run<'v>(tokens: &[Token], text: &[u8], values: &impl Values<'v>) -> bool {
    let mut here = Place { tokens, text };
    let mut confined: Option<Place<'_>> = None;
    let mut crossing: Option<Place<'_>> = None;
    loop {
        let step = match here.tokens.split_first() {
            None if here.text.is_empty() => return true,
            None => None,
            Some((Token::Run(Reach::Anything), [])) => return true,
            Some((Token::Run(Reach::Anything), tokens)) => {
                here.tokens = tokens;
                crossing = Some(here);
                confined = None;
                continue;
            }
            Some((Token::Run(Reach::WithinPart), tokens)) => {
                here.tokens = tokens;
                confined = Some(here);
                continue;
            }
            Some((Token::One(reach), tokens)) => {
                skip_one(here.text, *reach).map(|text| Place { tokens, text })
            }
            Some((Token::Literal(literal), tokens)) => {
                here.text.strip_prefix(literal.as_bytes()).map(|text| Place { tokens, text })
            }
            Some((Token::Value(variable, reach), tokens)) => resolve(variable, values)
                .filter(|value| *reach == Reach::Anything || !value.contains(':'))
                .and_then(|value| here.text.strip_prefix(value.as_bytes()))
                .map(|text| Place { tokens, text }),
        };
        let next = step
            .or_else(|| go_back(&mut confined, Reach::WithinPart))
            .or_else(|| go_back(&mut crossing, Reach::Anything));
        match next {
            Some(place) => here = place,
            None => return false,
        }
    }
}

/// Lets the run before `place` swallow one more character, or gives the place up.
fn go_back<'a>(place: &mut Option<Place<'a>>, reach: Reach) -> Option<Place<'a>> {
    let text = skip_one(place.as_ref()?.text, reach);
    match (text, place.as_mut()) {
        (Some(text), Some(kept)) => {
            kept.text = text;
            Some(*kept)
        }
        (None, _) | (_, None) => {
            *place = None;
            None
        }
    }
}

/// The text after its first character, unless there is none that may be passed.
fn skip_one(text: &[u8], reach: Reach) -> Option<&[u8]> {
    let first = *text.first()?;
    if reach == Reach::WithinPart && first == b':' {
        return None;
    }
    // INVARIANT: `text` is UTF-8 and starts at a character.
    let width = match first {
        0x00..=0x7f => 1,
        0x80..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xff => 4,
    };
    text.get(width..)
}

#[cfg(test)]
mod model;
