use super::known::Stage;
use super::{ItemKey, Known, Notice, NoticeKind, Noticed, NoticedItem};
use crate::operator_item::ItemPrint;
use crate::service_control::{KEY, ServiceControl};

impl Noticed {
    /// The notice about an export of service control policies that counts for nothing, or about its end; none where the same was
    /// told already, or where the export could not be looked for.
    #[must_use]
    pub fn service_control(&self, read: &ServiceControl) -> Option<Notice> {
        let key = ItemKey::service_control();
        let (kind, detail) = match read {
            ServiceControl::Unusable(why) => (NoticeKind::ServiceControlUnusable, why.clone()),
            ServiceControl::Counted(_) => {
                (NoticeKind::ServiceControlMended, "they are counted in again".to_owned())
            }
            ServiceControl::NotGiven => (NoticeKind::ServiceControlMended, "the export is gone".to_owned()),
            ServiceControl::Unread(_) => return None,
        };
        let is_unusable = kind == NoticeKind::ServiceControlUnusable;
        let next = is_unusable.then(|| Known::new(&ItemPrint::of_texts([detail.as_str()]), Stage::Invalid));
        if self.known(&key) == next.as_ref() {
            return None;
        }
        let item = NoticedItem { key, name: KEY.to_owned(), detail, next };
        Some(Notice { kind, items: vec![item], by: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(noticed: &Noticed, notice: &Notice) -> Noticed {
        noticed.after(std::slice::from_ref(notice), &[])
    }

    fn unusable(why: &str) -> ServiceControl {
        ServiceControl::Unusable(why.to_owned())
    }

    #[test]
    fn an_unusable_export_is_told_once_for_each_reason_and_so_is_its_end() {
        let noticed = Noticed::default();
        assert_eq!(noticed.service_control(&ServiceControl::NotGiven), None, "nobody asked for it");
        let first = noticed.service_control(&unusable("it is old")).unwrap();
        assert_eq!(first.kind, NoticeKind::ServiceControlUnusable);
        let noticed = after(&noticed, &first);
        assert_eq!(noticed.service_control(&unusable("it is old")), None, "told");
        let unread = ServiceControl::Unread("S3 does not answer".to_owned());
        assert_eq!(noticed.service_control(&unread), None, "nothing was learnt");
        let other = noticed.service_control(&unusable("it cannot be read")).unwrap();
        let noticed = after(&noticed, &other);
        let mended = noticed.service_control(&ServiceControl::NotGiven).unwrap();
        assert_eq!(mended.kind, NoticeKind::ServiceControlMended);
        assert_eq!(after(&noticed, &mended).service_control(&ServiceControl::NotGiven), None);
    }
}
