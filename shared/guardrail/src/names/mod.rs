//! The names and identifiers of the domain, one type and one file each.

mod account_id;
mod function_arn;
mod policy_arn;
mod qualifier;
mod region;
mod role_arn;
mod role_id;
mod role_name;

pub use account_id::AccountId;
pub use function_arn::FunctionArn;
pub use policy_arn::PolicyArn;
pub use qualifier::Qualifier;
pub use region::Region;
pub use role_arn::RoleArn;
pub use role_id::RoleId;
pub use role_name::RoleName;

/// A text that is not the name it was taken for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct InvalidName {
    text: String,
    expected: &'static str,
}

impl InvalidName {
    fn new(text: &str, expected: &'static str) -> Self {
        Self { text: text.chars().take(200).collect(), expected }
    }
}

/// What every newtype over a text offers: the text, printing, parsing, and JSON as that text.
macro_rules! text_newtype {
    ($name:ident) => {
        text_newtype!($name, 0);
    };
    ($name:ident, $text:tt) => {
        impl $name {
            /// The text as AWS writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.$text
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.$text)
            }
        }
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_str(&self.$text)
            }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
use text_newtype;

/// The six parts of an ARN: `arn:partition:service:region:account:resource`.
/// The resource may hold further colons.
struct ArnParts<'a> {
    partition: &'a str,
    service: &'a str,
    region: &'a str,
    account: &'a str,
    resource: &'a str,
}

impl<'a> ArnParts<'a> {
    fn split(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        (parts.next()? == "arn").then_some(())?;
        Some(Self {
            partition: parts.next().filter(|p| p.starts_with("aws"))?,
            service: parts.next()?,
            region: parts.next()?,
            account: parts.next()?,
            resource: parts.next()?,
        })
    }
}
