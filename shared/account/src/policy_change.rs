//! The way of a policy change: the boundary policies are guarded first, then every role that uses the policy is queued.

mod approved;
mod fan_out;
mod found_edited;
mod replay;
mod set_back;
mod shipped;
#[cfg(test)]
mod tests;
mod versions;

use crate::clock;
use crate::connect::Account;
use crate::failure::Failure;
use crate::ledger::{OperatorPage, PolicyPage};
use guardrail::boundary_policy::{Edit, EditIntent};
use guardrail::decide::BoundaryDocument;
use guardrail::finding::{AboutPolicy, FindingId};
use guardrail::names::RoleArn;
use guardrail::settings::Mode;
use guardrail::trigger::PolicyChange;
use std::sync::OnceLock;

/// The calls of this module; those of what it uses are declared there.
pub(crate) const ACTIONS: &[&str] = &[
    "iam:GetPolicy",
    "iam:GetPolicyVersion",
    "iam:ListEntitiesForPolicy",
    "iam:ListPolicyVersions",
    "iam:SetDefaultPolicyVersion",
];

/// What telling of a boundary that is found edited takes besides the calls of looking at a role.
pub(crate) const FOUND_EDITED_ACTIONS: &[&str] = &["iam:GetPolicy", "iam:ListPolicyVersions"];

/// What a policy change came to: its one log line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PolicyResponse {
    /// What was done about the policy itself.
    pub decision: &'static str,
    /// The id of the finding that was told.
    pub finding: Option<FindingId>,
    /// The roles that were queued for a look.
    pub queued: usize,
}

/// What was done about an edited boundary policy.
struct Guarded {
    decision: &'static str,
    finding: Option<FindingId>,
    /// What the policy says once this is over.
    document: BoundaryDocument,
}

impl Guarded {
    fn nothing(decision: &'static str) -> Self {
        Self { decision, finding: None, document: BoundaryDocument::AsApproved }
    }

    fn edited(decision: &'static str, finding: Option<FindingId>) -> Self {
        Self { decision, finding, document: BoundaryDocument::Edited }
    }
}

/// One invocation's work on one policy change.
struct PolicyWork<'a> {
    account: &'a Account,
    change: &'a PolicyChange,
    /// The Lambda request: the same for each retry of one invocation.
    request: &'a str,
    /// The operators' items, as they were first read.
    operator: OnceLock<OperatorPage>,
}

impl Account {
    /// Guards the policy, where it is a boundary of ours or an approved one, and queues the roles that use it.
    ///
    /// `request` is Lambda's request id.
    ///
    /// # Errors
    /// Where AWS does not answer, refuses or makes no sense. Nothing is lost: the retry takes up what was begun.
    pub async fn respond_to_policy_change(
        &self,
        change: &PolicyChange,
        request: &str,
    ) -> Result<PolicyResponse, Failure> {
        let work = PolicyWork { account: self, change, request, operator: OnceLock::new() };
        let outcome = work.respond().await;
        if let Some(page) = work.operator.get() {
            self.tell_notices(page, request).await;
        }
        outcome
    }
}

impl PolicyWork<'_> {
    async fn respond(&self) -> Result<PolicyResponse, Failure> {
        let policy = &self.change.policy;
        let guarded = match self.account.shipped.get()?.document(policy) {
            Some(document) => self.guard_shipped(document).await?,
            None if self.account.settings.rules.accepts(policy) => self.guard_approved().await?,
            None => Guarded::nothing("no boundary of ours"),
        };
        // Our own setting back makes nothing new for roles: they were looked at when it was decided, or never saw the edit.
        let queued = if self.change.effect.changes_rights() && !self.is_own_call() {
            self.queue_the_roles().await?
        } else {
            0
        };
        Ok(PolicyResponse { decision: guarded.decision, finding: guarded.finding, queued })
    }

    /// What the ledger knows of the policy, and of the operators' items for whoever tells those at the end.
    async fn read(&self) -> Result<PolicyPage, Failure> {
        let page = self.account.ledger.read_policy(&self.change.policy).await?;
        self.operator.get_or_init(|| page.operator.clone());
        Ok(page)
    }

    fn is_own_call(&self) -> bool {
        let issuer = self.change.caller.issuer.as_deref().and_then(|issuer| issuer.parse::<RoleArn>().ok());
        issuer.is_some_and(|issuer| self.account.settings.rules.own_roles.contains(&issuer))
    }

    /// The mode in force when the ledger was read.
    fn mode(&self, page: &PolicyPage) -> Mode {
        self.account.settings.mode.in_force(&page.kill_switch)
    }

    fn about<'s>(&'s self, edit: &'s Edit, change: &'s PolicyChange, mode: Mode) -> AboutPolicy<'s> {
        let settings = &self.account.settings;
        AboutPolicy {
            policy: &self.change.policy,
            edit,
            change,
            account: &settings.account,
            region: &settings.region,
            mode,
            now: clock::now(),
        }
    }

    fn intent(&self, finding: FindingId, edit: Edit) -> EditIntent {
        EditIntent {
            finding,
            edit,
            change: self.change.clone(),
            opened_at: clock::now(),
            opened_by: self.request.to_owned(),
        }
    }
}
