//! Every role of the account, page by page: read, judged, queued, dropped.

use super::missing_roles::Telling;
use super::pages::to_role_detail;
use super::policies::ComparedBoundaries;
use super::{Stop, SweepCall};
use crate::clock;
use crate::connect::Account;
use crate::failure::{Failure, FailureClass};
use crate::ledger::{KnownUse, OperatorPage, RoleRecords};
use aws_sdk_iam::types::EntityType;
use guardrail::authorization_details::RoleDetail;
use guardrail::exemption::Exemption;
use guardrail::names::{RoleArn, RoleName};
use guardrail::notice::Exemptions;
use guardrail::report::RoleRow;
use guardrail::review::ReviewRequest;
use guardrail::service_control::ServiceControl;
use guardrail::sweep::{Checkpoint, LedgerView, Phase, PolicyStore, Sweep, SweepRules, SweepVerdict};
use jiff::{SignedDuration, Timestamp};

/// A sweep that stopped longer ago is not taken up: too much changed on the pages that it read.
const OLDEST: SignedDuration = SignedDuration::from_hours(48);

/// What the roles of all pages are judged with.
struct Judging<'a> {
    account: &'a Account,
    exemptions: Vec<Exemption>,
    policies: PolicyStore,
    boundaries: ComparedBoundaries,
    /// IAM's marker that the sweep before left, until it was used.
    resumed_from: Option<String>,
    /// For the report.
    rows: Vec<RoleRow>,
}

/// What the ledger knows of the roles of a page.
struct Known<'a> {
    records: &'a RoleRecords,
    used: &'a KnownUse,
}

impl Account {
    /// Judges the roles from where `checkpoint` was left, queues those that need a look, looks for those that are missing, and says
    /// where it stands, with the report's rows of those that it judged.
    pub(super) async fn sweep_roles(
        &self,
        call: SweepCall<'_>,
        page: &OperatorPage,
        service_control: &ServiceControl,
        checkpoint: Option<Checkpoint>,
    ) -> Stop {
        let now = clock::now();
        let checkpoint = checkpoint
            .filter(|known| now.duration_since(known.started_at) < OLDEST)
            .unwrap_or_else(|| Checkpoint::start(call.request.to_owned(), now));
        let read = tokio::try_join!(
            self.our_boundary(),
            self.inventory(),
            self.installed_at_latest(now),
            self.policy_store()
        );
        let (ours, inventory, installed_at, policies) = match read {
            Ok(read) => read,
            Err(failure) => return Stop { at: checkpoint, outcome: Err(failure), rows: Vec::new() },
        };
        let modes = self.sweep_modes(&page.kill_switch(now));
        let rules = SweepRules {
            settings: &self.settings.rules,
            modes,
            ours: &ours,
            service_control: service_control.levels(),
            installed_at,
            now,
        };
        let start = Start::of(&checkpoint);
        let mut sweep = Sweep::resume(rules, inventory, checkpoint);
        let mut judging = Judging {
            account: self,
            exemptions: valid_exemptions(page, now),
            policies,
            boundaries: ComparedBoundaries::default(),
            resumed_from: start.marker().map(str::to_owned),
            rows: Vec::new(),
        };
        if let Err((at, failure)) = judging.pages(call, &mut sweep).await {
            return Stop { at, outcome: Err(failure), rows: judging.rows };
        }
        let outcome = match sweep.checkpoint().phase {
            Phase::MissingRoles if call.has_time_left() => {
                self.missing_roles(Telling { call, page }, &mut sweep, &start).await
            }
            Phase::Roles { .. } | Phase::MissingRoles | Phase::Report => Ok(()),
        };
        if sweep.checkpoint().is_unfinished() && outcome.is_ok() {
            tracing::warn!("the sweep's time is up, the next one goes on where it stopped");
        }
        Stop { at: sweep.checkpoint().clone(), outcome, rows: judging.rows }
    }

    /// When Ringfence was installed: now, where nobody noted it.
    async fn installed_at_latest(&self, now: Timestamp) -> Result<Timestamp, Failure> {
        match self.ledger.installed_at().await? {
            Some(at) => Ok(at),
            None => self.ledger.note_installation(now).await.map(|()| now),
        }
    }
}

/// Where the first invocation of a sweep begins, or a later one goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Start {
    /// With the first page: this invocation sees every role.
    AtFirstPage,
    /// With the page of this marker.
    AtPage(String),
    /// After the last page.
    AfterPages,
}

impl Start {
    fn of(checkpoint: &Checkpoint) -> Self {
        match &checkpoint.phase {
            Phase::Roles { marker: None } => Self::AtFirstPage,
            Phase::Roles { marker: Some(marker) } => Self::AtPage(marker.clone()),
            Phase::MissingRoles | Phase::Report => Self::AfterPages,
        }
    }

    fn marker(&self) -> Option<&str> {
        match self {
            Self::AtPage(marker) => Some(marker),
            Self::AtFirstPage | Self::AfterPages => None,
        }
    }
}

impl Judging<'_> {
    /// Judges page after page, as long as there is time. Where one fails, says where the sweep stood before it.
    async fn pages(
        &mut self,
        call: SweepCall<'_>,
        sweep: &mut Sweep<'_>,
    ) -> Result<(), (Checkpoint, Failure)> {
        while let Phase::Roles { marker } = sweep.checkpoint().phase.clone() {
            if !call.has_time_left() {
                break;
            }
            // A page that fails half-way is judged again as a whole, so nothing of it is counted yet.
            let (at, rows) = (sweep.checkpoint().clone(), self.rows.len());
            match self.page(sweep, marker).await {
                Ok(next) => sweep.page_done(next),
                Err(failure) => {
                    self.rows.truncate(rows);
                    return Err((at, failure));
                }
            };
        }
        Ok(())
    }

    /// Judges a page of roles and queues those that need a look; IAM's marker of the next page.
    async fn page(
        &mut self,
        sweep: &mut Sweep<'_>,
        marker: Option<String>,
    ) -> Result<Option<String>, Failure> {
        let account = self.account;
        let is_resumed = marker.is_some() && self.resumed_from.take() == marker;
        let (page, next) = match account.page(&[EntityType::Role], marker.clone()).await {
            // IAM does not say how long a marker holds.
            Err(failure) if is_resumed && failure.class() == FailureClass::Malformed => {
                tracing::warn!(cause = %failure, "the sweep cannot go on where it stopped, it reads all roles anew");
                sweep.begin_anew();
                account.page(&[EntityType::Role], None).await?
            }
            page => page?,
        };
        let mut roles = Vec::new();
        for role in page.role_detail_list.unwrap_or_default() {
            let arn = role.arn.clone();
            match to_role_detail(role) {
                Ok(role) => roles.push(role),
                Err(e) => not_judged(sweep, arn.and_then(|arn| arn.parse().ok()), &e),
            }
        }
        account.read_unread(&mut self.policies, &roles).await?;
        let names: Vec<RoleName> = roles.iter().map(|role| role.arn.name().clone()).collect();
        let records = account.ledger.read_roles(&names).await?;
        let used = account.known_use(&names).await;
        let mut queued = Vec::new();
        for role in roles {
            let name = role.arn.name().clone();
            if let SweepVerdict::Queue(why) =
                self.role(sweep, role, &Known { records: &records, used: &used }).await?
            {
                tracing::debug!(role = name.as_str(), ?why, "queued");
                queued.push(name);
            }
        }
        let Checkpoint { sweep: id, started_at, .. } = sweep.checkpoint();
        let requests = queued.into_iter().map(|role| ReviewRequest::of_sweep(role, id, *started_at));
        account.queue_for_review(requests).await?;
        Ok(next)
    }

    async fn role(
        &mut self,
        sweep: &mut Sweep<'_>,
        role: RoleDetail,
        known: &Known<'_>,
    ) -> Result<SweepVerdict, Failure> {
        let arn = role.arn.clone();
        let snapshot = match self.policies.snapshot(role) {
            Ok(snapshot) => snapshot,
            Err(e) => {
                not_judged(sweep, Some(arn), &e);
                return Ok(SweepVerdict::Nothing);
            }
        };
        let record = match known.records.of(arn.name()) {
            Ok(record) => record,
            Err(failure) => {
                not_judged(sweep, Some(arn), failure);
                return Ok(SweepVerdict::Nothing);
            }
        };
        let boundary_document = self.account.compared(&mut self.boundaries, &snapshot.boundary).await?;
        let exemption = self.exemptions.iter().find(|exemption| exemption.covers(&snapshot.role));
        let last_accessed = known.used.of(arn.name());
        let ledger = LedgerView { record, exemption, boundary_document, last_accessed };
        let swept = sweep.role(&snapshot, &ledger);
        self.rows.extend(swept.row.map(|row| *row));
        Ok(swept.verdict)
    }
}

/// A role that nobody can read must not keep the others from being swept.
fn not_judged(sweep: &mut Sweep<'_>, role: Option<RoleArn>, why: &impl std::fmt::Display) {
    tracing::warn!(role = role.as_ref().map(|role| role.as_str()), cause = %why, "a role is not judged");
    if let Some(role) = role {
        sweep.not_judged(&role);
    }
}

fn valid_exemptions(page: &OperatorPage, now: Timestamp) -> Vec<Exemption> {
    let Exemptions::All(items) = &page.view.exemptions else { return Vec::new() };
    items.iter().filter_map(|(pattern, item)| Exemption::read(pattern, item, now).ok()).collect()
}
