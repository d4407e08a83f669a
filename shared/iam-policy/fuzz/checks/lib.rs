//! What has to hold whatever the input: the bodies of the fuzz targets.
//!
//! `tests/corpus.rs` runs the same bodies on the committed inputs, with neither a fuzzer nor a nightly compiler. An
//! input of `parse` and `catalogue` is text. An input of the others is a JSON object of the fields that the examples
//! take, or, where it starts with anything but `{`, bytes that choose such an object from [`grammar`].

mod catalogue;
mod compare;
mod evaluate;
mod grammar;
mod parse;
mod trust;
mod world;

pub use catalogue::catalogue;
pub use compare::compare;
pub use evaluate::evaluate;
pub use parse::parse;
pub use trust::trust;

use grammar::Choices;
use serde_json::Value;

/// The JSON that an input stands for.
fn structure(data: &[u8], choose: impl FnOnce(&mut Choices<'_>) -> Value) -> Option<Value> {
    match data.first() {
        Some(b'{') => iam_policy::parse_json(str::from_utf8(data).ok()?).ok(),
        Some(_) => Some(choose(&mut Choices::new(data))),
        None => None,
    }
}
