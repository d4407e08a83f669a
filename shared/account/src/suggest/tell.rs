//! The proposal itself: the evidence is put together, judged, and what came of it is told.

use super::{TO_TELL, Work};
use crate::clock;
use crate::failure::Failure;
use crate::ledger::{RoleKnown, SuggestionPage};
use guardrail::finding::{AboutProposal, Finding, FindingId};
use guardrail::names::FunctionArn;
use guardrail::proposal::{Evidence, Generated, propose};
use guardrail::snapshot::{Boundary, Document};
use guardrail::suggestion::{CameTo, Job};
use std::collections::BTreeSet;

/// What came of a job, with the finding where one was published.
pub(super) struct Told {
    pub(super) came_to: CameTo,
    pub(super) finding: Option<Finding>,
}

impl Work<'_> {
    /// What comes of a job that is over. A proposal is published; whoever dies after that, and before the job is closed, has it
    /// published again under the same id.
    pub(super) async fn tell(
        &self,
        page: &SuggestionPage,
        job: &Job,
        generated: &Generated,
    ) -> Result<Told, Failure> {
        let (account, name) = (self.account, job.role.name());
        let (role, known) = tokio::try_join!(account.get_role(name), account.ledger.read_role_known(name))?;
        let Some(role) = role.filter(|role| role.id == job.role_id) else {
            let why = "the role is gone, or was made anew under its name";
            return Ok(Told { came_to: CameTo::Failed(why.to_owned()), finding: None });
        };
        let functions = functions(job, &known);
        let ends_by = self.call.ends_at.checked_sub(TO_TELL).unwrap_or(self.call.ends_at);
        let (history, ours, snapshot) = tokio::join!(
            account.history(&role, job, &functions, ends_by),
            account.our_boundary(),
            account.read_policies(role.clone()),
        );
        let (ours, snapshot) = (document(ours?), snapshot?);
        let used = known.last_accessed.filter(|used| used.counts_for(&role.id, clock::now()));
        let evidence = Evidence { generated, history: &history, last_accessed: used.as_ref() };
        let proposal = match propose(&snapshot, &ours, &evidence) {
            Ok(proposal) => proposal,
            Err(why) => return Ok(Told { came_to: CameTo::Nothing(why.to_string()), finding: None }),
        };
        let now = clock::now();
        let settings = &account.settings;
        let functions: Vec<FunctionArn> = functions.into_iter().collect();
        let about = AboutProposal {
            role: &role,
            functions: &functions,
            proposal: &proposal,
            settings: &settings.rules,
            mode: settings.mode.in_force(&page.operator.kill_switch(now)),
            region: &settings.region,
            now,
        };
        // By the job and not by what its evidence shows, which may be a little less where it is read again.
        let id = FindingId::of_suggestion(&job.role_id, job.from(), job.to());
        let mut finding = Finding { id: id.clone(), ..about.finding() };
        if let Some(owner) = account.owner_in_time(finding.owner_sources()).await {
            finding.tell_owner(&owner);
        }
        // Not to Security Hub, where a problem is one finding: it would overwrite what the role can do.
        account.publish_to_topic(&finding).await?;
        Ok(Told { came_to: CameTo::Suggested(id), finding: Some(finding) })
    }
}

/// The sweep's and those that events told of since.
fn functions(job: &Job, known: &RoleKnown) -> BTreeSet<FunctionArn> {
    let record = known.record.as_ref().filter(|record| record.role_id == job.role_id);
    let of_record = record.into_iter().flat_map(|record| &record.functions);
    job.functions.iter().chain(of_record).cloned().collect()
}

fn document(boundary: Boundary) -> Document {
    match boundary {
        Boundary::Attached { document, .. } => document,
        Boundary::Absent => Document::Gone,
    }
}
