use super::known::Stage;
use super::{
    Due, ItemKey, Known, Notice, NoticeKind, Noticed, NoticedItem, UndoProgress, UndoRequestSeen, on_one_line,
};
use crate::operator_item::{Attributes, ItemPrint};
use crate::undo::ALL_ROLES;

/// How far an undo of all roles came changes with each batch and is not the operator's.
const PROGRESS: &[&str] = &["continue_after"];

pub(super) fn compare(noticed: &Noticed, requests: &[UndoRequestSeen], due: &mut Due) {
    for request in requests {
        let key = ItemKey::undo_request(&request.sk);
        let known = noticed.known(&key);
        let Some(attributes) = &request.item else {
            // Carried out, which its finding tells, or withdrawn.
            due.silent.extend(known.map(|_| (key, None)));
            continue;
        };
        let print = print(attributes);
        let told = known.is_some_and(|known| known.print == print);
        if told || request.progress == UndoProgress::UnderWay {
            continue;
        }
        let kind =
            if request.sk == ALL_ROLES { NoticeKind::UndoOfAllRequested } else { NoticeKind::UndoRequested };
        let finding = attributes.optional("finding").ok().flatten();
        let detail = finding.map(|finding| format!("what finding {} told", on_one_line(finding)));
        let next = Some(Known::new(&print, Stage::Requested));
        due.tell(kind, by(attributes), item(key, detail.unwrap_or_default(), next));
    }
}

impl Noticed {
    /// An undo request that is not carried out, unless that was told.
    #[must_use]
    pub fn not_undone(&self, sk: &str, request: &Attributes, kind: NoticeKind, why: &str) -> Option<Notice> {
        let key = ItemKey::undo_request(sk);
        let next = Known::new(&print(request), Stage::Refused);
        (self.known(&key) != Some(&next)).then(|| Notice {
            kind,
            items: vec![item(key, why.to_owned(), Some(next))],
            by: by(request).map(on_one_line),
        })
    }
}

fn print(attributes: &Attributes) -> ItemPrint {
    attributes.print_without(PROGRESS)
}

fn by(attributes: &Attributes) -> Option<&str> {
    attributes.optional("by").ok().flatten()
}

fn item(key: ItemKey, detail: String, next: Option<Known>) -> NoticedItem {
    let name = if key.sk() == ALL_ROLES { "all roles".to_owned() } else { on_one_line(key.sk()) };
    NoticedItem { key, name, detail, next }
}
