//! Reading JSON strictly: no key twice in one object, and a position for every value.
//!
//! `serde_json` keeps the last of two equal keys, and its `Value` has no positions. Both come from visitors
//! here, so that the JSON grammar itself stays the library's business.

use std::cell::RefCell;
use std::fmt;

use serde_json::{Deserializer, Map, Number, Value};

use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::path::{JsonPath, Position, Step, Trail};
use super::{Fault, LONGEST_TEXT, ParseError};

/// Reads JSON text in which no object has the same key twice, so that nothing is lost.
///
/// # Errors
/// Fails on text that is too long, is not JSON, nests more than 128 levels, holds a number that cannot be kept
/// exactly, or a duplicate key.
pub fn parse_json(text: &str) -> Result<Value, ParseError> {
    if text.len() > LONGEST_TEXT {
        return Err(ParseError::new(Fault::TooLong(text.len()), JsonPath::root()));
    }
    let duplicate = RefCell::new(None);
    let mut json = Deserializer::from_str(text);
    let strict = Strict { trail: Trail::ROOT, duplicate: &duplicate };
    strict.deserialize(&mut json).and_then(|value| json.end().map(|()| value)).map_err(|error| {
        let position = Position { line: error.line(), column: error.column() };
        match duplicate.take() {
            Some((path, key)) => ParseError::new(Fault::DuplicateKey(key), path).at(position),
            None => ParseError::new(Fault::Json(syntax_message(&error)), JsonPath::root()).at(position),
        }
    })
}

/// The message without the position, which `ParseError` adds itself.
fn syntax_message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(message, _)| message.to_owned())
}

/// Builds a `Value`, refusing a key that an object already has.
struct Strict<'a> {
    trail: Trail<'a>,
    duplicate: &'a RefCell<Option<(JsonPath, String)>>,
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        // Whole numbers of this size were rounded when they were read.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        Number::from_f64(value)
            .filter(|_| value.abs() < EXACT)
            .map(Value::Number)
            .ok_or_else(|| E::custom("number too large to be read exactly, write it as a string"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list
            .next_element_seed(Strict { trail: self.trail.index(values.len()), duplicate: self.duplicate })?
        {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut entries = Map::new();
        while let Some(key) = object.next_key::<String>()? {
            if entries.contains_key(&key) {
                *self.duplicate.borrow_mut() = Some((self.trail.key(&key).to_path(), key));
                return Err(A::Error::custom("duplicate key"));
            }
            let inner = Strict { trail: self.trail.key(&key), duplicate: self.duplicate };
            let value = object.next_value_seed(inner)?;
            entries.insert(key, value);
        }
        Ok(Value::Object(entries))
    }
}

impl JsonPath {
    /// Where in `text` the value at this path starts; nothing if `text` has no such value.
    pub fn position_in(&self, text: &str) -> Option<Position> {
        let found = RefCell::new(false);
        let seek = Seek { steps: self.steps(), found: &found };
        let error = seek.deserialize(&mut Deserializer::from_str(text)).err()?;
        found.take().then(|| Position { line: error.line(), column: error.column() })
    }
}

/// Walks down a path and stops with an error at its end, because errors carry the position.
struct Seek<'a> {
    steps: &'a [Step],
    found: &'a RefCell<bool>,
}

impl<'de> DeserializeSeed<'de> for Seek<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.steps.is_empty() {
            *self.found.borrow_mut() = true;
        }
        deserializer.deserialize_any(self)
    }
}

impl Seek<'_> {
    fn here<T, E: serde::de::Error>(&self) -> Result<T, E> {
        Err(E::custom("here"))
    }
}

impl<'de> Visitor<'de> for Seek<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value at the path")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        self.here()
    }

    fn visit_bool<E: serde::de::Error>(self, _value: bool) -> Result<(), E> {
        self.here()
    }

    fn visit_u64<E: serde::de::Error>(self, _value: u64) -> Result<(), E> {
        self.here()
    }

    fn visit_i64<E: serde::de::Error>(self, _value: i64) -> Result<(), E> {
        self.here()
    }

    fn visit_f64<E: serde::de::Error>(self, _value: f64) -> Result<(), E> {
        self.here()
    }

    fn visit_str<E: serde::de::Error>(self, _text: &str) -> Result<(), E> {
        self.here()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Some((Step::Index(wanted), steps)) = self.steps.split_first() else {
            return self.here();
        };
        for _ in 0..*wanted {
            list.next_element::<IgnoredAny>()?;
        }
        list.next_element_seed(Seek { steps, found: self.found })?;
        self.here()
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        let Some((Step::Key(wanted), steps)) = self.steps.split_first() else {
            return self.here();
        };
        while let Some(key) = object.next_key::<String>()? {
            if *key == **wanted {
                return object.next_value_seed(Seek { steps, found: self.found });
            }
            object.next_value::<IgnoredAny>()?;
        }
        self.here()
    }
}
