use super::known::Stage;
use super::{ItemKey, Known, Notice, NoticeKind, Noticed, NoticedItem};
use crate::change_budget::{AN_HOUR, BudgetHour};
use crate::operator_item::ItemPrint;

impl Noticed {
    /// The notice that the hour's change budget is used up; none where it was told already.
    #[must_use]
    pub fn budget_exhausted(&self, hour: BudgetHour) -> Option<Notice> {
        let key = ItemKey::budget();
        let next = Known::new(&ItemPrint::of_texts([hour.number().to_string().as_str()]), Stage::Counted);
        if self.known(&key) == Some(&next) {
            return None;
        }
        let detail = format!(
            "{AN_HOUR} roles that were in use before were changed within one hour, and no more are until {}",
            hour.end()
        );
        let item = NoticedItem { key, name: "change budget".to_owned(), detail, next: Some(next) };
        Some(Notice { kind: NoticeKind::BudgetExhausted, items: vec![item], by: None })
    }
}
