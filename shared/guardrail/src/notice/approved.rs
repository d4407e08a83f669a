use super::known::Stage;
use super::{Due, ItemKey, Known, NoticeKind, Noticed, NoticedItem};
use crate::names::PolicyArn;
use crate::operator_item::Attributes;

pub(super) fn compare(noticed: &Noticed, approved: &[(PolicyArn, Option<Attributes>)], due: &mut Due) {
    for (policy, attributes) in approved {
        let key = ItemKey::approved(policy);
        let known = noticed.known(&key);
        let next = match (attributes, known) {
            (Some(attributes), _) => Known::new(&attributes.print_without(&[]), Stage::Noted),
            // What was there is kept in mind, so that the next document is known to be another sight.
            (None, Some(known)) => Known::new(&known.print, Stage::Deleted),
            (None, None) => continue,
        };
        if known == Some(&next) {
            continue;
        }
        let kind = match (next.stage, known) {
            (Stage::Deleted, _) => NoticeKind::ApprovedDeleted,
            (_, None) => NoticeKind::ApprovedNoted,
            (_, Some(_)) => NoticeKind::ApprovedAnew,
        };
        let item = NoticedItem { key, name: policy.to_string(), detail: String::new(), next: Some(next) };
        due.tell(kind, None, item);
    }
}
