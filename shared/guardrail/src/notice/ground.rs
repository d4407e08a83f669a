use super::known::Stage;
use super::{ItemKey, Known, Notice, NoticeKind, Noticed, NoticedItem};
use crate::ground::GroundFault;
use crate::operator_item::ItemPrint;
use std::collections::BTreeSet;

impl Noticed {
    /// The notice about what Ringfence stands on; none where the same was told already, or nothing is wrong and nothing was.
    #[must_use]
    pub fn ground(&self, faults: &BTreeSet<GroundFault>) -> Option<Notice> {
        let key = ItemKey::ground();
        let told = self.known(&key);
        let words: Vec<String> = faults.iter().map(ToString::to_string).collect();
        let next = (!words.is_empty())
            .then(|| Known::new(&ItemPrint::of_texts(words.iter().map(String::as_str)), Stage::Missing));
        if told == next.as_ref() {
            return None;
        }
        let (kind, detail) = match &next {
            Some(_) => (NoticeKind::GroundMissing, words.join(", ")),
            None => (
                NoticeKind::GroundMended,
                "everything that was missing, switched off or changed is as deployed again".to_owned(),
            ),
        };
        let item = NoticedItem { key, name: "ground".to_owned(), detail, next };
        Some(Notice { kind, items: vec![item], by: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(noticed: &Noticed, notice: &Notice) -> Noticed {
        noticed.after(std::slice::from_ref(notice), &[])
    }

    #[test]
    fn each_change_of_what_is_missing_is_told_once_and_so_is_its_end() {
        let off = GroundFault::RuleDisabled("ringfence-on-role-change".to_owned());
        let gone = GroundFault::RuleMissing("ringfence-on-policy-change".to_owned());
        let noticed = Noticed::default();
        assert_eq!(noticed.ground(&BTreeSet::new()), None, "all is well and always was");

        let first = noticed.ground(&BTreeSet::from([off.clone()])).unwrap();
        assert_eq!(first.kind, NoticeKind::GroundMissing);
        assert_eq!(first.items[0].detail, "rule ringfence-on-role-change is switched off");
        let noticed = after(&noticed, &first);
        assert_eq!(noticed.ground(&BTreeSet::from([off.clone()])), None, "told");

        let worse = noticed.ground(&BTreeSet::from([off, gone])).unwrap();
        assert_eq!(worse.kind, NoticeKind::GroundMissing);
        let noticed = after(&noticed, &worse);

        let mended = noticed.ground(&BTreeSet::new()).unwrap();
        assert_eq!(mended.kind, NoticeKind::GroundMended);
        assert_eq!(after(&noticed, &mended).ground(&BTreeSet::new()), None);
    }
}
