use super::known::Stage;
use super::{ItemKey, Known, Notice, NoticeKind, Noticed, NoticedItem};
use crate::operator_item::ItemPrint;
use crate::suggestion::Hold;

impl Noticed {
    /// The notice about policy generation that AWS refuses until somebody changes something, or about its end; none where the same was
    /// told already, or where it only waits. AWS's words differ each time, so each reason is told once.
    #[must_use]
    pub fn policy_generation(&self, hold: Option<&Hold>) -> Option<Notice> {
        let key = ItemKey::policy_generation();
        let told = self.known(&key);
        let (kind, detail, next) = match hold {
            Some(hold) if hold.why.needs_somebody() => {
                let why = hold.why.in_words();
                let next = Known::new(&ItemPrint::of_texts([why]), Stage::Refused);
                (NoticeKind::GenerationRefused, format!("{why}: {}", hold.said), Some(next))
            }
            Some(_) => return None,
            None => (NoticeKind::GenerationMended, "Access Analyzer takes jobs again".to_owned(), None),
        };
        if told == next.as_ref() {
            return None;
        }
        let item = NoticedItem { key, name: "policy generation".to_owned(), detail, next };
        Some(Notice { kind, items: vec![item], by: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suggestion::HoldReason;
    use jiff::Timestamp;

    #[test]
    fn each_reason_is_told_once_and_so_is_its_end() {
        let after = |noticed: &Noticed, notice: &Notice| noticed.after(std::slice::from_ref(notice), &[]);
        let hold = |why, said| Hold::new(why, said, Timestamp::UNIX_EPOCH);
        let noticed = Noticed::default();
        assert_eq!(noticed.policy_generation(None), None, "it always worked");
        let waits = hold(HoldReason::Throttled, "slow down");
        assert_eq!(noticed.policy_generation(Some(&waits)), None, "that passes by itself");

        let first = noticed.policy_generation(Some(&hold(HoldReason::Denied, "not you, session 1"))).unwrap();
        assert_eq!(first.kind, NoticeKind::GenerationRefused);
        assert!(first.items[0].detail.ends_with("not you, session 1"), "{:?}", first.items);
        let noticed = after(&noticed, &first);
        assert_eq!(noticed.policy_generation(Some(&hold(HoldReason::Denied, "not you, session 2"))), None);
        assert_eq!(noticed.policy_generation(Some(&waits)), None, "nothing was learnt");

        let other = noticed.policy_generation(Some(&hold(HoldReason::Invalid, "no such trail"))).unwrap();
        assert_eq!(other.kind, NoticeKind::GenerationRefused);
        let noticed = after(&noticed, &other);
        let mended = noticed.policy_generation(None).unwrap();
        assert_eq!(mended.kind, NoticeKind::GenerationMended);
        assert_eq!(after(&noticed, &mended).policy_generation(None), None);
    }
}
