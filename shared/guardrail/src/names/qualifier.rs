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

impl Qualifier {
    /// The qualifier of what a caller wrote as `FunctionName`, or of an ARN, each of which may have one; none where it has none or
    /// where it is none that Lambda would take
    /// (<https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html>).
    #[must_use]
    pub fn in_function_name(text: &str) -> Option<Self> {
        let named = text.split_once(":function:").map_or(text, |(_, named)| named);
        named.split_once(':')?.1.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_function_may_have_one() {
        for (text, expected) in [
            ("orders", None),
            ("orders:PROD", Some("PROD")),
            ("my-function:PROD", Some("PROD")),
            ("123456789012:function:orders", None),
            ("123456789012:function:orders:7", Some("7")),
            ("arn:aws:lambda:eu-west-1:123456789012:function:orders", None),
            ("arn:aws:lambda:eu-west-1:123456789012:function:orders:$LATEST", Some("$LATEST")),
            ("orders:", None),
            ("orders:a b", None),
        ] {
            let found = Qualifier::in_function_name(text);
            assert_eq!(found.as_ref().map(Qualifier::as_str), expected, "{text}");
        }
    }
}
