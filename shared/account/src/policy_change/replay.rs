//! What would be done about a policy change now: compared and listed, nothing set back, told or queued.

use super::PolicyWork;
use crate::connect::Account;
use crate::failure::Failure;
use crate::replay::{Ledger, Replay};
use aws_sdk_iam::types::PolicyUsageType;
use guardrail::boundary_policy::{Edit, Fingerprint};
use guardrail::finding::Standing;
use guardrail::settings::Mode;
use guardrail::snapshot::Boundary;
use guardrail::trigger::PolicyChange;
use iam_policy::Policy;
use std::sync::OnceLock;

impl Account {
    pub(crate) async fn replay_policy_change(
        &self,
        change: &PolicyChange,
        ledger: Ledger,
    ) -> Result<Replay, Failure> {
        let work = PolicyWork { account: self, change, request: "replay", operator: OnceLock::new() };
        let replay = work.replay(ledger).await?;
        if !change.effect.changes_rights() || work.is_own_call() {
            return Ok(replay);
        }
        let mut roles = self.roles_using(&change.policy, PolicyUsageType::PermissionsPolicy).await?;
        roles.extend(self.roles_using(&change.policy, PolicyUsageType::PermissionsBoundary).await?);
        let names: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
        let queued = match names.as_slice() {
            [] => "no role uses the policy, so none would be queued for a look".to_owned(),
            names => format!("{} roles would be queued for a look: {}", names.len(), names.join(", ")),
        };
        Ok(Replay { notes: [replay.notes, vec![queued]].concat(), ..replay })
    }
}

impl PolicyWork<'_> {
    async fn replay(&self, ledger: Ledger) -> Result<Replay, Failure> {
        let policy = &self.change.policy;
        if let Some(shipped) = self.account.shipped.get()?.document(policy) {
            let version = self.account.version_holding(policy, &Fingerprint::of(shipped)).await?;
            let standing = version.as_deref().map_or(Standing::VersionGone, Standing::Observed);
            return self.compared(shipped, standing, ledger, "as shipped").await;
        }
        if !self.account.settings.rules.accepts(policy) {
            return Ok(Replay::of("no boundary of ours"));
        }
        if policy.is_aws_managed() {
            return Ok(Replay::of("AWS's own, always as approved"));
        }
        let approved = match ledger {
            Ledger::Read => self.account.ledger.read_policy(policy).await?.approved,
            Ledger::NotThere => None,
        };
        let Some(approved) = approved else {
            return Ok(Replay::of(
                "an approved boundary that was not seen before: it would be noted and told",
            ));
        };
        let expected = Policy::parse(&approved.document).map_err(|e| {
            Failure::malformed(format!("the ledger's item `approved`/`{policy}` cannot be used"), e)
        })?;
        let version = self.account.version_holding(policy, &approved.hash).await?;
        let ledger_table = &self.account.settings.ledger_table;
        let standing = Standing::Approved { version: version.as_deref(), ledger_table };
        self.compared(&expected, standing, ledger, "as approved").await
    }

    /// What the policy says now beside what it should say.
    async fn compared(
        &self,
        expected: &Policy,
        standing: Standing<'_>,
        ledger: Ledger,
        otherwise: &'static str,
    ) -> Result<Replay, Failure> {
        let policy = &self.change.policy;
        let Boundary::Attached { document, .. } = self.account.boundary(Some(policy.clone())).await? else {
            return Ok(Replay::of(otherwise));
        };
        let Some(edit) = Edit::of(&document, expected) else { return Ok(Replay::of(otherwise)) };
        let record = match ledger {
            Ledger::Read => self.account.ledger.read_policy(policy).await?.record,
            Ledger::NotThere => guardrail::boundary_policy::PolicyRecord::default(),
        };
        let finding =
            self.about(&edit, self.change, Mode::Observe).edited(record.next_finding(policy), standing);
        let mut replay =
            Replay { reason: Some(finding.reason.clone()), ..Replay::of(finding.outcome.as_str()) };
        if record.has_told(&edit, None) {
            replay.notes.push("this edit was told before, so nothing would be published again".to_owned());
        }
        Ok(replay.with(finding))
    }
}
