use super::{InvalidName, text_newtype};

/// An AWS account: twelve digits, such as `123456789012`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(String);

impl std::str::FromStr for AccountId {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidName::new(text, "an AWS account id of twelve digits"))
        }
    }
}

text_newtype!(AccountId);
