//! An intent that is found open: its holder is still at it, or died.

use super::enforce::Open;
use super::{Response, Sight, Work};
use crate::clock;
use crate::failure::Failure;
use crate::last_accessed;
use crate::ledger::Stored;
use guardrail::decide::resume;
use guardrail::names::RoleName;
use guardrail::record::{Intent, RoleRecord};
use guardrail::snapshot::Role;
use std::time::Duration;

/// How long whoever holds an intent is left to finish. After that one of those who wait holds it and goes on in its place; the
/// ids are the same, so the worst is a message sent twice.
const LEASE: Duration = Duration::from_secs(3);

/// The same where the boundary is in place: only the message is late, and its holder may be waiting for what the role used.
const TELLING_LEASE: Duration = LEASE.saturating_add(last_accessed::PATIENCE);

/// Before the first look at a holder that is still at it. Each pause after that is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// The longest of those pauses.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// What became of an open intent.
pub(super) enum Settled {
    /// It was this trigger's own: all is done.
    Ours(Response),
    /// It is closed, by us or by its holder: this trigger's own turn.
    LookAgain(Box<Sight>),
    /// The role went.
    Gone,
}

impl Work<'_> {
    /// Sees an open intent to its end: by its holder while that may be alive, by us after that.
    pub(super) async fn settle_open_intent(&self, sight: Sight) -> Result<Settled, Failure> {
        let Some(intent) = sight.record.intent.clone() else {
            return Ok(Settled::LookAgain(Box::new(sight)));
        };
        let name = sight.role.arn.name().clone();
        if !self.holder_is_dead(&intent, &sight.role) {
            return self.wait_for_holder(&sight.role).await;
        }
        let Some(sight) = self.take_up(&intent, sight).await? else {
            return self.look_again(&name).await;
        };
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

    /// Nothing where another one was quicker: that one is waited for.
    async fn take_up(&self, intent: &Intent, sight: Sight) -> Result<Option<Sight>, Failure> {
        let (holder, _) = intent.holder();
        if holder == self.request {
            return Ok(Some(sight));
        }
        let intent = Some(intent.taken_up_by(self.request, clock::now()));
        let record = RoleRecord { intent, ..sight.record };
        let stored = self.account.ledger.write(sight.role.arn.name(), &record, sight.page.version()).await?;
        let Stored::Yes(version) = stored else { return Ok(None) };
        Ok(Some(Sight { record, page: sight.page.at(version), ..sight }))
    }

    /// A retry of the same Lambda request proves that the attempt before it ended; otherwise the lease decides.
    fn holder_is_dead(&self, intent: &Intent, role: &Role) -> bool {
        let is_contained = role.boundary.as_ref() == Some(&intent.boundary_after);
        let lease = if is_contained { TELLING_LEASE } else { LEASE };
        let (holder, since) = intent.holder();
        let age = clock::milliseconds_between(since, clock::now()).map(Duration::from_millis);
        holder == self.request || age.is_none_or(|age| age >= lease)
    }

    /// Waits until the intent is closed or its holder's lease is over. Only the ledger is asked, and more and more seldom: a
    /// deployment is several events at once, and those that wait must not slow down the one that works.
    async fn wait_for_holder(&self, role: &Role) -> Result<Settled, Failure> {
        let (mut waited, mut pause) = (Duration::ZERO, FIRST_PAUSE);
        while waited < TELLING_LEASE {
            tokio::time::sleep(pause).await;
            waited += pause;
            pause = (pause * 2).min(LONGEST_PAUSE);
            let record = self.account.ledger.record_of(role).await?;
            let intent = record.as_ref().and_then(|record| record.intent.as_ref());
            if intent.is_none_or(|intent| self.holder_is_dead(intent, role)) {
                break;
            }
        }
        self.look_again(role.arn.name()).await
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
