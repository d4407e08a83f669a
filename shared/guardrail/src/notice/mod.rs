//! What operators write into the ledger, told once per change; and that the change budget is used up, once an hour.
//!
//! One item of the ledger, [`Noticed`], keeps what was told of the operators' items. It is read beside them, so that nothing more
//! has to be asked for; [`Noticed::due`] compares, and nothing is due as long as nothing changed.

mod approved;
mod budget;
mod exemptions;
mod ground;
mod kill_switch;
mod kind;
mod known;
mod noticed;
mod policy_generation;
mod service_control;
mod undo_requests;

pub use kind::NoticeKind;
pub use known::{ItemKey, Known};
pub use noticed::{Noticed, Telling};

use crate::names::PolicyArn;
use crate::operator_item::Attributes;

/// The operators' items, as one read of the ledger showed them. What was not asked for is not judged.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// The kill switch; none where there is none.
    pub kill_switch: Option<Attributes>,
    /// The exemptions, by pattern.
    pub exemptions: Exemptions,
    /// The documents of approved boundaries that were asked for.
    pub approved: Vec<(PolicyArn, Option<Attributes>)>,
    /// The undo requests that were asked for.
    pub undo_requests: Vec<UndoRequestSeen>,
}

/// The exemptions of a [`View`].
#[derive(Debug, Clone, Default)]
pub enum Exemptions {
    /// They were not asked for.
    #[default]
    NotRead,
    /// All of them, valid or not, by pattern.
    All(Vec<(String, Attributes)>),
}

/// What was seen of an undo request.
#[derive(Debug, Clone)]
pub struct UndoRequestSeen {
    /// The role's name, or `*`.
    pub sk: String,
    /// The request; none where there is none.
    pub item: Option<Attributes>,
    /// Whether it is being carried out right now.
    pub progress: UndoProgress,
}

/// How far an undo request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UndoProgress {
    /// As far as the ledger knows, nobody acted on it.
    Waits,
    /// The ledger says that it is done: its finding tells.
    UnderWay,
}

/// Something that an operator did, to be told.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// What kind of thing.
    pub kind: NoticeKind,
    /// The items that it is about, one at least.
    pub items: Vec<NoticedItem>,
    /// Who did it, where the item says so.
    pub by: Option<String>,
}

/// An item that a notice is about.
#[derive(Debug, Clone, PartialEq)]
pub struct NoticedItem {
    /// Its keys.
    pub key: ItemKey,
    /// What people call it.
    pub name: String,
    /// What is to be said about it: a sentence without full stop, or nothing.
    pub detail: String,
    /// What is known of it once this is told; none where it is to be forgotten.
    pub next: Option<Known>,
}

/// What is to be done about the differences.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Due {
    /// To be told.
    pub notices: Vec<Notice>,
    /// What changed without a word: remembered, or forgotten where there is nothing more to know.
    pub silent: Vec<(ItemKey, Option<Known>)>,
}

impl Due {
    /// Whether all was told.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.notices.is_empty() && self.silent.is_empty()
    }

    fn tell(&mut self, kind: NoticeKind, by: Option<&str>, item: NoticedItem) {
        self.notices.push(Notice { kind, items: vec![item], by: by.map(on_one_line) });
    }
}

/// Longer texts of operators are cut: they are shown in a subject, in an e-mail and in a log.
const LONGEST_TEXT: usize = 600;

/// A text of an operator, as it may stand in a sentence.
fn on_one_line(text: &str) -> String {
    let mut line: String =
        text.chars().take(LONGEST_TEXT).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.len() < text.len() {
        line.push('…');
    }
    line
}
