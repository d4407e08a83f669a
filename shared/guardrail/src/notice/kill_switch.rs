use super::known::Stage;
use super::{Due, ItemKey, Known, NoticeKind, Noticed, NoticedItem, on_one_line};
use crate::kill_switch::{InvalidSwitch, KillSwitch};
use crate::operator_item::Attributes;
use crate::settings::{ConfiguredMode, Mode};
use jiff::Timestamp;

/// What an item comes to, besides being there.
struct Seen<'a> {
    switch: KillSwitch,
    stage: Stage,
    known_before: Option<&'a Known>,
}

pub(super) fn compare(
    noticed: &Noticed,
    item: Option<&Attributes>,
    configured: ConfiguredMode,
    now: Timestamp,
    due: &mut Due,
) {
    let key = ItemKey::kill_switch();
    let known = noticed.known(&key);
    let about = |detail: String, next: Option<Known>| NoticedItem {
        key: key.clone(),
        name: "kill switch".to_owned(),
        detail,
        next,
    };
    let Some(attributes) = item else {
        if was_on(known) {
            let detail = format!("the item was deleted; {}", back_to(configured));
            due.tell(NoticeKind::KillSwitchOver, None, about(detail, None));
        } else if known.is_some() {
            due.silent.push((key.clone(), None));
        }
        return;
    };
    let seen = Seen::of(attributes, configured, now, known);
    let next = Known::new(&attributes.print_without(&[]), seen.stage);
    if known == Some(&next) {
        return;
    }
    match seen.kind(&next) {
        Some(kind) => {
            let by = attributes.optional("by").ok().flatten();
            let detail = seen.detail(configured);
            due.tell(kind, by, about(detail, Some(next)));
        }
        None => due.silent.push((key.clone(), Some(next))),
    }
}

fn was_on(known: Option<&Known>) -> bool {
    known.is_some_and(|known| known.stage == Stage::On)
}

fn back_to(configured: ConfiguredMode) -> &'static str {
    match configured.in_force(&KillSwitch::Off) {
        Mode::Enforce => "Ringfence enforces again",
        Mode::Observe => "by the template, Ringfence goes on observing",
    }
}

impl<'a> Seen<'a> {
    fn of(
        attributes: &Attributes,
        configured: ConfiguredMode,
        now: Timestamp,
        known_before: Option<&'a Known>,
    ) -> Self {
        let switch = KillSwitch::read(attributes, now);
        let stage = match (&switch, configured.in_force(&KillSwitch::Off)) {
            (KillSwitch::On(_), Mode::Enforce) => Stage::On,
            (KillSwitch::On(_), Mode::Observe) => Stage::Idle,
            (KillSwitch::Invalid(InvalidSwitch::Expired(_)), _) => Stage::Over,
            (KillSwitch::Invalid(_) | KillSwitch::Off, _) => Stage::Invalid,
        };
        Self { switch, stage, known_before }
    }

    /// What there is to tell; none where the same item merely came to its end without having counted.
    fn kind(&self, next: &Known) -> Option<NoticeKind> {
        let before = self.known_before.filter(|known| known.print == next.print).map(|known| known.stage);
        match (self.stage, before) {
            (Stage::On, _) => Some(NoticeKind::KillSwitchOn),
            (Stage::Idle, _) => Some(NoticeKind::KillSwitchIdle),
            (Stage::Over, Some(Stage::On)) => Some(NoticeKind::KillSwitchOver),
            (Stage::Over, Some(_)) => None,
            // One that had expired when it was first seen never counted.
            (_, _) => Some(NoticeKind::KillSwitchInvalid),
        }
    }

    fn detail(&self, configured: ConfiguredMode) -> String {
        let was_on = was_on(self.known_before);
        match &self.switch {
            KillSwitch::On(order) => format!(
                "`{}` has Ringfence only observe until {}: {}",
                on_one_line(order.by()),
                order.expires_at(),
                on_one_line(order.reason())
            ),
            KillSwitch::Invalid(InvalidSwitch::Expired(at)) if was_on => {
                format!("it expired at {at}; {}", back_to(configured))
            }
            KillSwitch::Invalid(why) if was_on => {
                format!("{why}, and the one that was there before is gone; {}", back_to(configured))
            }
            KillSwitch::Invalid(why) => why.to_string(),
            KillSwitch::Off => String::new(),
        }
    }
}
