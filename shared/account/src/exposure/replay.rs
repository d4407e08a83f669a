//! What would be told about a function that was opened or closed: looked at, nothing noted, nothing published.

use super::ExposureWork;
use crate::connect::Account;
use crate::failure::Failure;
use crate::replay::{Ledger, Replay};
use guardrail::exposure::{Behind, Exposure, ExposureRecord, ExposureState, News};
use guardrail::finding::Finding;
use guardrail::settings::Mode;
use guardrail::trigger::ExposureChange;
use std::sync::OnceLock;

impl Account {
    pub(crate) async fn replay_exposure_change(
        &self,
        change: &ExposureChange,
        ledger: Ledger,
    ) -> Result<Replay, Failure> {
        let work = ExposureWork { account: self, change, request: "replay", operator: OnceLock::new() };
        let record = match ledger {
            Ledger::Read => self.ledger.read_exposure(&change.function).await?.record,
            Ledger::NotThere => ExposureRecord::default(),
        };
        let (exposure, behind) = work.exposure(&record).await?;
        let state = ExposureState::of(&exposure, &behind);
        let about = work.about(&exposure, &behind, Mode::Observe);
        let role = match &behind {
            Behind::Judged(snapshot, _) => Some(snapshot.role.arn.clone()),
            Behind::Missing(_) | Behind::Unreadable { .. } | Behind::Untold => None,
        };
        let told = |finding: Finding| {
            let reason = Some(finding.reason.clone());
            Replay { reason, role: role.clone(), ..Replay::of(finding.outcome.as_str()) }.with(finding)
        };
        Ok(match record.news(&change.function, state.as_ref()) {
            News::Exposed(id) => told(about.exposed(id)),
            News::Resolved(id) => told(about.closed(id, record.unresolved().into_iter().collect())),
            News::Nothing | News::Less => nothing_new(&exposure),
        })
    }
}

fn nothing_new(exposure: &Exposure) -> Replay {
    if exposure.is_closed() {
        return Replay::of("nothing is open");
    }
    let note = "all that is open was told before, so nothing would be published again".to_owned();
    Replay { notes: vec![note], ..Replay::of("open, told before") }
}
