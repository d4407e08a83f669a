use super::{InvalidName, text_newtype};

/// The friendly name of a role, without its path, such as `orders-api-role`.
///
/// One to 64 letters, digits or `_+=,.@-`
/// (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html>). It is what `GetRole` takes:
/// an ARN or a path is refused there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleName(String);

impl std::str::FromStr for RoleName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b);
        if (1..=64).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidName::new(text, "the name of a role (1 to 64 letters, digits or _+=,.@-)"))
        }
    }
}

text_newtype!(RoleName);
