use super::known::Stage;
use super::{Due, Exemptions, ItemKey, Known, Notice, NoticeKind, Noticed, NoticedItem, on_one_line};
use crate::exemption::{Exemption, InvalidBecause};
use crate::operator_item::{Attributes, ItemPrint};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// How long before its end an exemption is told again.
const AHEAD: SignedDuration = SignedDuration::from_hours(7 * 24);

/// More of a kind at once are one notice.
const MOST_OF_A_KIND: usize = 3;

/// Bytes of keys, with what is kept beside each, that the record holds: some 300 exemptions. It is read with every event. What goes
/// beyond is kept as one print, and a change there is told as one.
pub(super) const BUDGET: usize = 32_768;
/// Print, stage and the names of the attributes.
const BESIDE_A_KEY: usize = 64;

/// An exemption as it is now.
struct Seen<'a> {
    pattern: &'a str,
    known: Known,
    detail: String,
}

pub(super) fn compare(noticed: &Noticed, exemptions: &Exemptions, now: Timestamp, due: &mut Due) {
    let Exemptions::All(items) = exemptions else { return };
    let mut seen: BTreeMap<ItemKey, Seen<'_>> = BTreeMap::new();
    for (pattern, attributes) in items {
        seen.insert(ItemKey::exemption(pattern), Seen::of(pattern, attributes, now));
    }
    let mut changes: BTreeMap<NoticeKind, Vec<NoticedItem>> = BTreeMap::new();
    for (key, known) in noticed.all().filter(|(key, _)| !seen.contains_key(key)) {
        let Some(pattern) = key.pattern() else { continue };
        let item =
            NoticedItem { key: key.clone(), name: on_one_line(pattern), detail: String::new(), next: None };
        changes.entry(kind_of_deletion(known)).or_default().push(item);
    }
    let others = beyond_budget(noticed, &mut seen);
    for (key, now) in seen {
        let known = noticed.known(&key);
        if known == Some(&now.known) {
            continue;
        }
        match kind_of_change(known, &now.known) {
            Some(kind) => changes.entry(kind).or_default().push(now.into_item(key)),
            None => due.silent.push((key, Some(now.known))),
        }
    }
    due.notices.extend(changes.into_iter().flat_map(|(kind, items)| grouped(kind, items)));
    compare_others(noticed, &others, due);
}

impl<'a> Seen<'a> {
    fn of(pattern: &'a str, attributes: &Attributes, now: Timestamp) -> Self {
        let (stage, detail) = match Exemption::read(pattern, attributes, now) {
            Ok(exemption) if exemption.expires_at().duration_since(now) <= AHEAD => {
                (Stage::Ending, exemption.terms())
            }
            Ok(exemption) => (Stage::Valid, exemption.terms()),
            Err(invalid) => match invalid.why {
                InvalidBecause::Expired(_) => (Stage::Over, invalid.why.to_string()),
                InvalidBecause::TooWide | InvalidBecause::TooLong(_) | InvalidBecause::Attribute(_) => {
                    (Stage::Invalid, invalid.why.to_string())
                }
            },
        };
        let known = Known::new(&attributes.print_without(&[]), stage);
        Self { pattern, known, detail: on_one_line(&detail) }
    }

    fn into_item(self, key: ItemKey) -> NoticedItem {
        NoticedItem { key, name: on_one_line(self.pattern), detail: self.detail, next: Some(self.known) }
    }
}

fn kind_of_deletion(known: &Known) -> NoticeKind {
    match known.stage {
        Stage::Valid | Stage::Ending => NoticeKind::ExemptionDeleted,
        Stage::On
        | Stage::Idle
        | Stage::Invalid
        | Stage::Over
        | Stage::Noted
        | Stage::Deleted
        | Stage::Requested
        | Stage::Refused
        | Stage::Missing
        | Stage::Counted => NoticeKind::ExemptionCleared,
    }
}

/// None where it never counted and goes on so.
fn kind_of_change(known: Option<&Known>, now: &Known) -> Option<NoticeKind> {
    let is_same = known.is_some_and(|known| known.print == now.print);
    let before = known.map(|known| known.stage);
    match (now.stage, before) {
        (Stage::Ending, Some(Stage::Valid)) if is_same => Some(NoticeKind::ExemptionEnding),
        (Stage::Over, Some(Stage::Valid | Stage::Ending)) if is_same => Some(NoticeKind::ExemptionExpired),
        (Stage::Over, Some(_)) if is_same => None,
        (Stage::Valid | Stage::Ending, Some(Stage::Valid | Stage::Ending)) => {
            Some(NoticeKind::ExemptionChanged)
        }
        (Stage::Valid | Stage::Ending, _) => Some(NoticeKind::ExemptionNew),
        (_, _) => Some(NoticeKind::ExemptionInvalid),
    }
}

/// A few are told one by one, many as one.
fn grouped(kind: NoticeKind, items: Vec<NoticedItem>) -> Vec<Notice> {
    if items.len() > MOST_OF_A_KIND {
        return vec![Notice { kind, items, by: None }];
    }
    items.into_iter().map(|item| Notice { kind, items: vec![item], by: None }).collect()
}

/// Takes out what the record has no room for. What it knows already stays in.
fn beyond_budget<'a>(noticed: &Noticed, seen: &mut BTreeMap<ItemKey, Seen<'a>>) -> Vec<Seen<'a>> {
    let cost = |key: &ItemKey| key.as_str().len() + BESIDE_A_KEY;
    let known = seen.keys().filter(|key| noticed.known(key).is_some());
    let mut used: usize = known.map(cost).sum();
    let mut beyond = Vec::new();
    let new: Vec<ItemKey> = seen.keys().filter(|key| noticed.known(key).is_none()).cloned().collect();
    for key in new {
        used += cost(&key);
        if used > BUDGET {
            beyond.extend(seen.remove(&key));
        }
    }
    beyond
}

fn compare_others(noticed: &Noticed, others: &[Seen<'_>], due: &mut Due) {
    let key = ItemKey::other_exemptions();
    let known = noticed.known(&key);
    let Some(first) = others.first() else {
        due.silent.extend(known.map(|_| (key.clone(), None)));
        return;
    };
    let texts = others.iter().flat_map(|seen| {
        let counts = matches!(seen.known.stage, Stage::Valid | Stage::Ending);
        [seen.pattern, seen.known.print.as_str(), if counts { "counts" } else { "counts for nothing" }]
    });
    let next = Known::new(&ItemPrint::of_texts(texts), Stage::Counted);
    if known != Some(&next) {
        let item = NoticedItem {
            key,
            name: "exemptions".to_owned(),
            detail: format!("{} exemptions, the first is {}", others.len(), on_one_line(first.pattern)),
            next: Some(next),
        };
        due.tell(NoticeKind::ExemptionsOverflow, None, item);
    }
}
