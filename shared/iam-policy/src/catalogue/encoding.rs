//! Reads the catalogue's file; `catalogue/generate.py` describes its format.
//!
//! The file is a part of this crate and a test reads all of it, so nothing here can fail at run time: past its end,
//! every number is 0 and every text empty.

use std::sync::{Arc, OnceLock};

use super::{AccessLevel, Action, Contents, Need, ResourceType, Service, TakenType, Takes};

/// What is left to read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader {
    rest: &'static [u8],
}

/// The words that every other text of the file is made of.
#[derive(Debug)]
pub(super) struct Words(Vec<&'static str>);

const LEVELS: [AccessLevel; 5] = [
    AccessLevel::List,
    AccessLevel::Read,
    AccessLevel::Write,
    AccessLevel::Tagging,
    AccessLevel::PermissionsManagement,
];

impl Reader {
    pub(super) fn new(bytes: &'static [u8]) -> Self {
        Self { rest: bytes }
    }

    fn byte(&mut self) -> u8 {
        let (first, rest) = self.rest.split_first().unwrap_or((&0, &[]));
        self.rest = rest;
        *first
    }

    fn number(&mut self) -> usize {
        let mut value = 0;
        // No number of the file takes more than four bytes.
        for shift in [0, 7, 14, 21] {
            let byte = self.byte();
            value |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        value
    }

    /// The next `length` bytes, as a reader of their own.
    fn section(&mut self, length: usize) -> Self {
        let (section, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, &[]));
        self.rest = rest;
        Self { rest: section }
    }

    pub(super) fn string(&mut self) -> &'static str {
        let length = self.number();
        str::from_utf8(self.section(length).rest).unwrap_or_default()
    }

    fn sequence<T>(&mut self, mut one: impl FnMut(&mut Self) -> T) -> Vec<T> {
        // No item takes less than a byte, so that a wrong count reserves no more than the file's length.
        let count = self.number().min(self.rest.len());
        (0..count).map(|_| one(self)).collect()
    }

    fn word(&mut self, words: &Words) -> &'static str {
        words.0.get(self.number()).copied().unwrap_or_default()
    }

    fn text(&mut self, words: &Words) -> Box<str> {
        self.sequence(|reader| reader.word(words)).concat().into()
    }

    pub(super) fn words(&mut self) -> Words {
        Words(self.sequence(Self::string))
    }

    pub(super) fn services(&mut self, words: &Arc<Words>) -> Vec<Service> {
        self.sequence(|reader| {
            let prefix = reader.string();
            let length = reader.number();
            let body = reader.section(length);
            Service { prefix, body, words: Arc::clone(words), contents: OnceLock::new() }
        })
    }

    /// Everything about the service whose body this is.
    pub(super) fn contents(mut self, prefix: &str, words: &Words) -> Contents {
        let resource_types =
            self.sequence(|reader| ResourceType { name: reader.text(words), arn: reader.text(words) });
        let taken = self.sequence(|reader| reader.sequence(Self::taken_type).into());
        let condition_keys = self.sequence(|reader| reader.text(words));
        let actions = self.actions(prefix, words, &taken);
        Contents { resource_types, taken, condition_keys, actions }
    }

    fn taken_type(&mut self) -> TakenType {
        let encoded = self.number();
        TakenType { place: encoded / 2, need: if encoded % 2 == 1 { Need::Required } else { Need::Optional } }
    }

    fn actions(&mut self, prefix: &str, words: &Words, taken: &[Box<[TakenType]>]) -> Vec<Action> {
        let mut before: Vec<&'static str> = Vec::new();
        let entries = self.sequence(|reader| {
            let counts = reader.byte();
            before.truncate(usize::from(counts >> 4));
            before.extend((0..counts & 0xf).map(|_| reader.word(words)));
            let detail = reader.number();
            let set = detail / LEVELS.len();
            let takes = if taken.get(set).is_some_and(|set| !set.is_empty()) {
                Takes::Resources
            } else {
                Takes::Nothing
            };
            Some(Action {
                name: format!("{prefix}:{}", before.concat()).parse().ok()?,
                level: LEVELS.get(detail % LEVELS.len()).copied()?,
                takes,
                set,
            })
        });
        entries.into_iter().flatten().collect()
    }
}
