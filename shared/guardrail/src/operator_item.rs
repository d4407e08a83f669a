//! Items of the ledger that operators write: their attributes, as far as they can be read.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The attributes of an item, lists as lists of texts. What is neither a text nor a list of texts counts as an empty text, and
/// so is as good as missing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attributes(BTreeMap<String, Attribute>);

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attribute {
    /// A text.
    Text(String),
    /// Several.
    List(Vec<String>),
}

/// An attribute that an item cannot do without, or that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAttribute {
    /// It has to be there.
    #[error("attribute `{0}` is missing or empty")]
    Missing(&'static str),
    /// It cannot be read.
    #[error("attribute `{0}` cannot be read")]
    Unreadable(&'static str),
}

impl FromIterator<(String, Attribute)> for Attributes {
    fn from_iter<T: IntoIterator<Item = (String, Attribute)>>(attributes: T) -> Self {
        Self(attributes.into_iter().collect())
    }
}

/// What an item says, in 24 hexadecimal digits: another print is another content.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ItemPrint(String);

impl ItemPrint {
    /// The print of several texts in order, each with its length, so that no two lists read the same.
    #[must_use]
    pub fn of_texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut hasher = Sha256::new();
        for text in texts {
            hasher.update((text.len() as u64).to_be_bytes());
            hasher.update(text.as_bytes());
        }
        Self(hasher.finalize().iter().take(12).map(|byte| format!("{byte:02x}")).collect())
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Attributes {
    /// The print of all attributes but those named.
    #[must_use]
    pub fn print_without(&self, left_out: &[&str]) -> ItemPrint {
        let counted = self.0.iter().filter(|(name, _)| !left_out.contains(&name.as_str()));
        let texts = counted.flat_map(|(name, value)| {
            let values: Vec<&str> = match value {
                Attribute::Text(text) => vec!["text", text],
                Attribute::List(texts) => {
                    std::iter::once("list").chain(texts.iter().map(String::as_str)).collect()
                }
            };
            std::iter::once(name.as_str()).chain(values)
        });
        ItemPrint::of_texts(texts)
    }

    /// Sets an attribute.
    pub fn insert(&mut self, name: &str, value: Attribute) {
        self.0.insert(name.to_owned(), value);
    }

    /// The attribute as it stands.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Attribute> {
        self.0.get(name)
    }

    /// A text that may be left out; an empty one counts as left out.
    ///
    /// # Errors
    /// Where it is a list.
    pub fn optional(&self, name: &'static str) -> Result<Option<&str>, InvalidAttribute> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Attribute::Text(text)) => Ok(Some(text.trim()).filter(|text| !text.is_empty())),
            Some(Attribute::List(_)) => Err(InvalidAttribute::Unreadable(name)),
        }
    }

    /// A text that has to be there.
    ///
    /// # Errors
    /// Where it is missing, empty or a list.
    pub fn required(&self, name: &'static str) -> Result<&str, InvalidAttribute> {
        self.optional(name)?.ok_or(InvalidAttribute::Missing(name))
    }

    /// A time that has to be there, RFC 3339.
    ///
    /// # Errors
    /// Where it is missing or no time.
    pub fn time(&self, name: &'static str) -> Result<Timestamp, InvalidAttribute> {
        self.required(name)?.parse().map_err(|_| InvalidAttribute::Unreadable(name))
    }
}
