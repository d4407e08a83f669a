//! What this process did about a key, so that a storm of the same costs no call after the first.

use guardrail::denial::DenialKey;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// A role that is not Ringfence's affair may become it: it is looked at again after this.
const PASSED_OVER_FOR: SignedDuration = SignedDuration::from_mins(5);

/// A key is some 300 bytes.
const MOST_KEPT: usize = 4_096;

/// What was done about the keys of late.
#[derive(Debug, Default)]
pub(crate) struct DenialMemory(Mutex<HashMap<DenialKey, (Remembered, Timestamp)>>);

/// What was done about a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remembered {
    /// It is told, and stays so: a key is of one day.
    Told,
    /// Nothing is told, for this reason.
    PassedOver(&'static str),
}

impl DenialMemory {
    pub(super) fn recall(&self, key: &DenialKey, now: Timestamp) -> Option<Remembered> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (remembered, at) = kept.get(key)?;
        let holds = match remembered {
            Remembered::Told => true,
            Remembered::PassedOver(_) => now.duration_since(*at) < PASSED_OVER_FOR,
        };
        holds.then_some(*remembered)
    }

    pub(super) fn note(&self, key: DenialKey, remembered: Remembered, now: Timestamp) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST_KEPT {
            // The ledger knows what is told.
            kept.clear();
        }
        kept.insert(key, (remembered, now));
    }
}
