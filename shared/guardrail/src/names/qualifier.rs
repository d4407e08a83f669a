use super::{InvalidName, text_newtype};

/// Which version of a function: a number, `$LATEST`, or the name of an alias
/// (<https://docs.aws.amazon.com/lambda/latest/api/API_GetPolicy.html>).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Qualifier(String);

impl std::str::FromStr for Qualifier {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let is_named = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        let name = if text == "$LATEST" { "LATEST" } else { text };
        if (1..=128).contains(&text.len()) && name.bytes().all(is_named) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidName::new(text, "a version, `$LATEST` or an alias"))
        }
    }
}

text_newtype!(Qualifier);
