//! An intent that is found open: its author is still at it, or died.

use super::enforce::Open;
use super::{Response, Sight, Work};
use crate::clock;
use crate::failure::Failure;
use crate::last_accessed;
use guardrail::decide::resume;
use guardrail::names::RoleName;
use guardrail::record::{Intent, RoleRecord};
use guardrail::snapshot::Role;
use std::time::Duration;

/// How long an author is left to finish. Whoever waits longer tells in its place; the ids are the same, so the worst
/// is a message sent twice.
const LEASE: Duration = Duration::from_secs(3);

/// The same where the boundary is in place: only the message is late, and its author may be waiting for what the role used.
const TELLING_LEASE: Duration = LEASE.saturating_add(last_accessed::PATIENCE);

/// Between two looks at an author that is still at it.
const PAUSE: Duration = Duration::from_millis(250);

/// What became of an open intent.
pub(super) enum Settled {
    /// It was this trigger's own: all is done.
    Ours(Response),
    /// It is closed, by us or by its author: this trigger's own turn.
    LookAgain(Box<Sight>),
    /// The role went.
    Gone,
}

impl Work<'_> {
    /// Sees an open intent to its end: by its author while that may be alive, by us after that.
    pub(super) async fn settle_open_intent(&self, sight: Sight) -> Result<Settled, Failure> {
        let Some(intent) = sight.record.intent.clone() else {
            return Ok(Settled::LookAgain(Box::new(sight)));
        };
        let name = sight.role.arn.name().clone();
        if !self.author_is_dead(&intent, &sight.role) {
            return self.wait_for_author(&name).await;
        }
        let response = if sight.role.boundary.as_ref() == Some(&intent.boundary_after) {
            self.tell_and_close(open(sight), None, clock::now()).await?
        } else if let Some(remediation) = resume(&intent, &self.case(&sight)) {
            self.carry_out_and_tell(open(sight), &remediation, None).await?
        } else {
            return self.abandon(sight, name).await;
        };
        if !self.trigger.event_id.is_empty() && intent.trigger.event_id == self.trigger.event_id {
            return Ok(Settled::Ours(response));
        }
        self.look_again(&name).await
    }

    /// A retry of the same Lambda request proves that the attempt before it ended; otherwise the lease decides.
    fn author_is_dead(&self, intent: &Intent, role: &Role) -> bool {
        let is_contained = role.boundary.as_ref() == Some(&intent.boundary_after);
        let lease = if is_contained { TELLING_LEASE } else { LEASE };
        let age = clock::milliseconds_between(intent.opened_at, clock::now()).map(Duration::from_millis);
        intent.opened_by == self.request || age.is_none_or(|age| age >= lease)
    }

    /// Looks again in a moment. Meanwhile the author puts the boundary; if it died before that, the lease is all that
    /// the role stays open for.
    async fn wait_for_author(&self, name: &RoleName) -> Result<Settled, Failure> {
        let mut waited = Duration::ZERO;
        loop {
            tokio::time::sleep(PAUSE).await;
            waited += PAUSE;
            let Some(sight) = self.look(name).await? else { return Ok(Settled::Gone) };
            let intent = sight.record.intent.as_ref();
            let still_open = intent.is_some_and(|intent| !self.author_is_dead(intent, &sight.role));
            if !still_open || waited >= TELLING_LEASE {
                return Ok(Settled::LookAgain(Box::new(sight)));
            }
        }
    }

    /// The role is no longer as the intent found it, or the mode forbids its write: it is dropped, and the role is
    /// decided about anew.
    async fn abandon(&self, sight: Sight, name: RoleName) -> Result<Settled, Failure> {
        tracing::warn!(
            role = name.as_str(),
            "an open intent is dropped: the role is no longer as it was found"
        );
        let record = RoleRecord { intent: None, ..sight.record };
        self.account.ledger.write(&name, &record, sight.page.version()).await?;
        self.look_again(&name).await
    }

    async fn look_again(&self, name: &RoleName) -> Result<Settled, Failure> {
        Ok(self.look(name).await?.map_or(Settled::Gone, |sight| Settled::LookAgain(Box::new(sight))))
    }
}

fn open(sight: Sight) -> Open {
    Open { version: sight.page.version(), role: sight.role, record: sight.record }
}
