use super::{Due, ItemKey, Known, Notice, View, approved, exemptions, kill_switch, undo_requests};
use crate::finding::FindingId;
use crate::settings::ConfiguredMode;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How long whoever claimed to tell is left alone: some times what telling may take. Lambda's first retry comes later.
const LEASE: SignedDuration = SignedDuration::from_secs(10);

/// What was told of the operators' items: the ledger's item `settings`/`noticed`.
///
/// Its size is bounded: [`exemptions::BUDGET`] holds the exemptions, the template's parameter the approved boundaries, and requests are
/// forgotten once they are gone.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Noticed {
    /// How often something was told: makes the ids of what comes and goes and comes again differ.
    generation: u64,
    items: BTreeMap<ItemKey, Known>,
    /// Who is telling right now, or was when a function died or could not publish.
    telling: Option<Telling>,
}

/// Somebody's claim to tell: of many invocations that see the same change at once, one tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Telling {
    /// The Lambda request.
    pub request: String,
    /// Since when.
    pub since: Timestamp,
}

impl Noticed {
    /// What changed since it was told. `configured` is what the template says about the mode.
    #[must_use]
    pub fn due(&self, view: &View, configured: ConfiguredMode, now: Timestamp) -> Due {
        let mut due = Due::default();
        kill_switch::compare(self, view.kill_switch.as_ref(), configured, now, &mut due);
        exemptions::compare(self, &view.exemptions, now, &mut due);
        approved::compare(self, &view.approved, &mut due);
        undo_requests::compare(self, &view.undo_requests, &mut due);
        due
    }

    /// Whether nobody else is telling. A claim of the same Lambda request is that of an attempt that ended.
    #[must_use]
    pub fn may_be_told_by(&self, request: &str, now: Timestamp) -> bool {
        self.telling.as_ref().is_none_or(|telling| {
            let age = now.duration_since(telling.since);
            telling.request == request || age >= LEASE || age.is_negative()
        })
    }

    /// The record while somebody tells.
    #[must_use]
    pub fn claimed_by(&self, request: &str, now: Timestamp) -> Self {
        let telling = Telling { request: request.to_owned(), since: now };
        Self { telling: Some(telling), ..self.clone() }
    }

    /// The record once all of this was told.
    #[must_use]
    pub fn after(&self, told: &[Notice], silent: &[(ItemKey, Option<Known>)]) -> Self {
        let mut next = self.after_some(told);
        silent.iter().for_each(|(key, known)| next.remember(key, known.as_ref()));
        next.telling = None;
        next
    }

    /// The record where only some could be told. The claim stays, so that the next try waits for its end.
    #[must_use]
    pub fn after_some(&self, told: &[Notice]) -> Self {
        let mut next = self.clone();
        for item in told.iter().flat_map(|notice| &notice.items) {
            next.remember(&item.key, item.next.as_ref());
        }
        next.generation = next.generation.saturating_add(u64::from(!told.is_empty()));
        next
    }

    /// The finding's id: the same until it is noted that it was told.
    #[must_use]
    pub fn finding_id(&self, notice: &Notice) -> FindingId {
        let items = notice.items.iter().map(|item| {
            let print = item.next.as_ref().map_or("", |next| next.print.as_str());
            format!("{}={print}", item.key.as_str())
        });
        FindingId::of_notice(notice.kind.in_words(), &items.collect::<Vec<_>>().join("\n"), self.generation)
    }

    pub(super) fn known(&self, key: &ItemKey) -> Option<&Known> {
        self.items.get(key)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (&ItemKey, &Known)> {
        self.items.iter()
    }

    fn remember(&mut self, key: &ItemKey, known: Option<&Known>) {
        match known {
            Some(known) => self.items.insert(key.clone(), known.clone()),
            None => self.items.remove(key),
        };
    }
}
