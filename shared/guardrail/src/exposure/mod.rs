//! Who may call a function without being meant to: its openings, what stands behind them, and what was told of them.
//!
//! Told, never changed: a boundary caps what the role may do and not who may call the function, and who is meant to call it only its
//! owner knows.

mod behind;
mod missing_role;
mod opening;
mod record;
mod subject;
mod telling;

pub use behind::Behind;
pub(crate) use opening::place;
pub use opening::{Closing, Opening, Way};
pub use record::{ExposureRecord, ExposureState, News};
pub use subject::ExposureSubject;
pub use telling::Claim;

use crate::assess::{Breach, exposure_breaches};
use crate::function::Function;
use crate::names::Qualifier;
use crate::severity::Severity;
use crate::snapshot::Document;
use iam_policy::Effect;

/// What weighs a resource policy that is not understood: somebody has to read it, and it may be as open as any.
const UNREADABLE_POLICY: Severity = Severity::Medium;

/// What of a function is open to strangers and to other accounts, as far as it was read.
#[derive(Debug, Clone)]
pub struct Exposure {
    function: Function,
    openings: Vec<Opening>,
    doubts: Vec<Doubt>,
}

/// A resource policy that was not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Doubt {
    qualifier: Option<Qualifier>,
    text: String,
}

impl Exposure {
    /// Looks at every entrance of the function.
    #[must_use]
    pub fn of(function: Function) -> Self {
        let openings = opening::openings(&function);
        let doubts = function.entrances.iter().filter_map(|entrance| match &entrance.policy {
            Some(Document::NotUnderstood(why)) => Some(Doubt {
                qualifier: entrance.qualifier.clone(),
                text: format!("resource policy of {}: {why}", function.entrance_arn(entrance)),
            }),
            Some(Document::Understood(_) | Document::Gone) | None => None,
        });
        let doubts = doubts.collect();
        Self { openings, doubts, function }
    }

    /// The function, as far as it was read.
    #[must_use]
    pub fn function(&self) -> &Function {
        &self.function
    }

    /// Each way in, by itself.
    #[must_use]
    pub fn openings(&self) -> &[Opening] {
        &self.openings
    }

    /// The policies that were not understood, and why.
    pub fn doubts(&self) -> impl Iterator<Item = &str> {
        self.doubts.iter().map(|doubt| doubt.text.as_str())
    }

    /// Whether there is nothing to tell.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.openings.is_empty() && self.doubts.is_empty()
    }

    /// The entrances that are open or in doubt, each once: each runs the code and has the role of a version of its own.
    #[must_use]
    pub fn open_entrances(&self) -> Vec<Option<Qualifier>> {
        let open = self.openings.iter().map(|opening| opening.qualifier.clone());
        let mut entrances: Vec<_> =
            open.chain(self.doubts.iter().map(|doubt| doubt.qualifier.clone())).collect();
        entrances.sort();
        entrances.dedup();
        entrances
    }

    /// What the checks make of it, with what they know of the role.
    #[must_use]
    pub fn breaches(&self, behind: &Behind) -> Vec<Breach> {
        let mut breaches = exposure_breaches(&self.function, behind.breaches());
        breaches.sort_by_key(|breach| std::cmp::Reverse(breach.severity));
        breaches
    }

    /// How much it weighs; none where nothing is open.
    #[must_use]
    pub fn severity(&self, behind: &Behind) -> Option<Severity> {
        let of_breaches = self.breaches(behind).iter().map(|breach| breach.severity).max();
        of_breaches.max((!self.doubts.is_empty()).then_some(UNREADABLE_POLICY))
    }

    /// What the policies allow besides, by statement: it stays when all that is open is closed.
    #[must_use]
    pub fn kept(&self) -> Vec<String> {
        let mut kept = Vec::new();
        for entrance in &self.function.entrances {
            let Some(policy) = entrance.policy.as_ref().and_then(Document::understood) else { continue };
            let arn = self.function.entrance_arn(entrance);
            let allows = policy.statements().iter().filter(|statement| statement.effect() == Effect::Allow);
            let is_taken = |id: &String| {
                let of_entrance = self.openings.iter().filter(|opening| opening.evidence.policy == arn);
                of_entrance
                    .flat_map(|opening| &opening.closings)
                    .any(|closing| closing.statement.as_ref() == Some(id))
            };
            kept.extend(allows.map(|statement| statement.id().to_string()).filter(|id| !is_taken(id)));
        }
        kept.dedup();
        kept
    }
}
