use super::{InvalidName, text_newtype};

/// The unique id of a role, such as `AROADBQP57FF2AEXAMPLE`.
///
/// A role that is deleted and made again under its old name gets another one
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids>),
/// so the ledger goes by this and never by the name alone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleId(String);

impl std::str::FromStr for RoleId {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        if (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidName::new(text, "the unique id of a role"))
        }
    }
}

text_newtype!(RoleId);
