//! The way of a trigger through the account (the picture in `design.md`, "The way of an event").
//!
//! Containment first: one IAM read with the ledger read beside it, one ledger write that records the intent, the IAM write.
//! Everything else comes after.

mod budget;
mod edited_boundary;
mod enforce;
mod open_intent;
mod replay;
mod tell;
#[cfg(test)]
mod tests;

/// For tests of other modules.
#[cfg(test)]
pub(crate) fn doubles_of_an_account() -> crate::connect::Account {
    tests::account()
}

use crate::clock::{self, Stopwatch};
use crate::connect::{Account, milliseconds};
use crate::failure::Failure;
use crate::ledger::{LedgerPage, OperatorPage};
use guardrail::assess::{Approval, Assessment, Surroundings};
use guardrail::decide::{
    BoundaryDocument, Case, Decision, Report, Step, Untouched, decide, decide_at_first_sight,
};
use guardrail::finding::{FindingId, Outcome};
use guardrail::last_accessed::LastAccessed;
use guardrail::names::{RoleArn, RoleName};
use guardrail::record::RoleRecord;
use guardrail::settings::Mode;
use guardrail::snapshot::{Boundary, Role, RoleSnapshot};
use guardrail::trigger::{Change, Subject, Trigger};
use jiff::Timestamp;
use std::sync::OnceLock;
use std::time::Duration;

/// What to do when the role is not found after some seconds of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotFound {
    /// It may be too new to be read everywhere: queue it for a second look.
    LookAgainLater,
    /// This is the second look: it is gone.
    Gone,
}

/// What an invocation came to: its one log line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Response {
    /// The role, where one was found.
    pub role: Option<RoleArn>,
    /// What was decided, in a word or two.
    pub decision: &'static str,
    /// The outcome that was told, if one was.
    pub outcome: Option<Outcome>,
    /// The id of the finding that was told.
    pub finding: Option<FindingId>,
    /// From the call to the boundary being in place, by CloudTrail's clock and ours.
    pub contained_after_ms: Option<u64>,
    /// From the start of the invocation to the boundary being in place.
    pub contained_within_ms: Option<u64>,
}

impl Response {
    fn of(decision: &'static str) -> Self {
        Self { decision, ..Self::default() }
    }
}

/// How often a decision is made anew when another invocation writes the same role's record in between.
const ROUNDS: usize = 5;

/// IAM's writes were seen to take three to four seconds until they showed everywhere.
const SETTLING_MS: u64 = 8_000;
const SETTLING_PAUSE: Duration = Duration::from_millis(500);

/// One invocation's work on one trigger.
pub(crate) struct Work<'a> {
    account: &'a Account,
    trigger: &'a Trigger,
    /// The Lambda request: the same for each retry of one invocation.
    request: &'a str,
    not_found: NotFound,
    stopwatch: Stopwatch,
    /// The operators' items, as they were first read: told when all else is done.
    operator: &'a OnceLock<OperatorPage>,
    /// What the role used, as the last sweep that asked left it: told with the finding.
    last_accessed: &'a OnceLock<LastAccessed>,
}

/// A role and what the ledger knows of it, read side by side.
struct Sight {
    role: Role,
    page: LedgerPage,
    record: RoleRecord,
    installed_at: Timestamp,
}

impl Account {
    /// Looks at the role that a trigger is about and does what has to be done.
    ///
    /// `request` is Lambda's request id.
    ///
    /// # Errors
    /// Where AWS does not answer, refuses or makes no sense. Nothing is lost: what was begun is recorded in the ledger, and
    /// the retry takes it up.
    pub async fn respond(
        &self,
        trigger: &Trigger,
        request: &str,
        not_found: NotFound,
    ) -> Result<Response, Failure> {
        let (stopwatch, operator, last_accessed) = (Stopwatch::start(), &OnceLock::new(), &OnceLock::new());
        let work = Work { account: self, trigger, request, not_found, stopwatch, operator, last_accessed };
        let outcome = work.respond().await;
        if let Some(page) = operator.get() {
            self.tell_notices(page, request).await;
        }
        outcome
    }
}

impl Work<'_> {
    async fn respond(&self) -> Result<Response, Failure> {
        let Some(name) = self.role_name().await? else { return Ok(Response::of(self.what_is_gone())) };
        if self.is_own_expected_call(&name).await? {
            return Ok(Response::of("own call, expected"));
        }
        let Some(sight) = self.look(&name).await? else {
            if self.not_found == NotFound::LookAgainLater {
                self.account.look_again_later(&name, self.trigger).await?;
                return Ok(Response::of("the role is not found, a second look is queued"));
            }
            return Ok(Response::of("the role is gone"));
        };
        let role = sight.role.arn.clone();
        let response = match sight.record.taken_up_by(self.trigger).cloned() {
            // How long the change budget made it wait says nothing about how quick Ringfence is.
            Some(deferred) => Response {
                contained_after_ms: None,
                ..Work { trigger: &deferred, ..*self }.settle(sight).await?
            },
            None => self.settle(sight).await?,
        };
        // Nor does how long a swept role waited in the queue.
        let contained_after_ms = response.contained_after_ms.filter(|_| self.trigger.change != Change::Swept);
        Ok(Response { role: Some(role), contained_after_ms, ..response })
    }

    /// What the ledger knows of the role, and of the operators' items for whoever tells those at the end.
    async fn read_ledger(&self, name: &RoleName) -> Result<LedgerPage, Failure> {
        let mut page = self.account.ledger.read(name, &self.account.watched_boundaries()).await?;
        if let Some(operator) = page.operator.take() {
            self.operator.get_or_init(|| operator);
        }
        if let Some(known) = page.last_accessed.take() {
            self.last_accessed.get_or_init(|| known);
        }
        Ok(page)
    }

    fn what_is_gone(&self) -> &'static str {
        match &self.trigger.subject {
            Subject::FunctionsRole(_) => "the function is gone",
            Subject::Role(_) | Subject::RoleWithId(_) => "the role is gone",
        }
    }

    async fn role_name(&self) -> Result<Option<RoleName>, Failure> {
        match &self.trigger.subject {
            Subject::Role(name) => Ok(Some(name.clone())),
            Subject::RoleWithId(id) => self.account.role_with_id(id).await,
            Subject::FunctionsRole(function) => {
                Ok(self.account.role_of(function).await?.map(|role| role.name().clone()))
            }
        }
    }

    /// Our own write comes back as an event. It is dropped where the ledger expects it; a write that somebody made with a
    /// role of ours, and that the ledger knows nothing of, is looked at like anybody's.
    async fn is_own_expected_call(&self, name: &RoleName) -> Result<bool, Failure> {
        let own = self.trigger.caller.issuer.as_deref().and_then(|issuer| issuer.parse::<RoleArn>().ok());
        let is_own = own.is_some_and(|issuer| self.account.settings.rules.own_roles.contains(&issuer));
        if !is_own || !matches!(self.trigger.change, Change::BoundaryPut(_) | Change::BoundaryDeleted) {
            return Ok(false);
        }
        let page = self.read_ledger(name).await?;
        Ok(page.record().is_some_and(|record| record.expects(&self.trigger.change)))
    }

    async fn look(&self, name: &RoleName) -> Result<Option<Sight>, Failure> {
        let (role, mut page) = tokio::try_join!(self.account.read_role(name), self.read_ledger(name))?;
        let Some(role) = role else { return Ok(None) };
        if role.boundary.as_ref().is_some_and(|shown| !page.record_of(&role.id).knows(shown)) {
            // Another invocation may have put it after the ledger was read here. Its intent was written before that.
            page = self.read_ledger(name).await?;
        }
        let installed_at = match page.installed_at {
            Some(at) => at,
            // The ledger did not answer when this function started.
            None => {
                let now = clock::now();
                self.account.ledger.note_installation(now).await?;
                now
            }
        };
        let record = page.record_of(&role.id);
        let role = self.with_boundary_settled(role, &record).await?;
        Ok(Some(Sight { record, role, page, installed_at }))
    }

    /// For seconds IAM may show a role as it was before our last write or before the change that the event tells of. Neither
    /// must be taken for tampering or for all being well: it is asked again until the change shows or [`SETTLING_MS`] is over.
    async fn with_boundary_settled(&self, mut role: Role, record: &RoleRecord) -> Result<Role, Failure> {
        while self.may_be_stale(&role, record) {
            tokio::time::sleep(SETTLING_PAUSE).await;
            match self.account.get_role(role.arn.name()).await? {
                Some(again) if again.id == role.id => role = again,
                Some(_) | None => break,
            }
        }
        Ok(role)
    }

    fn may_be_stale(&self, role: &Role, record: &RoleRecord) -> bool {
        let Some(known) = &record.bounded_with else { return false };
        let recent = |at| clock::milliseconds_between(at, clock::now()).is_some_and(|age| age < SETTLING_MS);
        // Events tell whole seconds. One that is older than our last write tells nothing new.
        let called = self
            .trigger
            .time
            .filter(|called| record.put_at.is_none_or(|put| called.as_second() >= put.as_second()));
        let shows_what_we_know = role.boundary.as_ref() == Some(known);
        match (&self.trigger.change, called) {
            (Change::BoundaryDeleted, Some(called)) => shows_what_we_know && recent(called),
            (Change::BoundaryPut(Some(put)), Some(called)) => {
                shows_what_we_know && put != known && recent(called)
            }
            (Change::BoundaryPut(None), Some(_)) => false,
            _ => role.boundary.is_none() && record.put_at.is_some_and(recent),
        }
    }

    /// Decides and acts until a round was not overtaken by another invocation.
    async fn settle(&self, mut sight: Sight) -> Result<Response, Failure> {
        let mut rounds = 0;
        while rounds < ROUNDS {
            if sight.record.intent.is_some() {
                match self.settle_open_intent(sight).await? {
                    open_intent::Settled::Ours(response) => return Ok(response),
                    open_intent::Settled::LookAgain(next) => sight = *next,
                    open_intent::Settled::Gone => return Ok(Response::of("the role is gone")),
                }
                rounds += 1;
                continue;
            }
            match self.round(&sight).await? {
                Round::Over(response) => return Ok(response),
                Round::Overtaken => rounds += 1,
                Round::BeingTold(finding) => {
                    rounds += 1;
                    self.wait_for_teller(&sight.role, &finding).await?;
                }
            }
            match self.look(sight.role.arn.name()).await? {
                Some(next) => sight = next,
                None => return Ok(Response::of("the role is gone")),
            }
        }
        Err(Failure::retryable(format!(
            "role `{}` is being worked on by others all the time",
            sight.role.arn.name()
        )))
    }

    async fn round(&self, sight: &Sight) -> Result<Round, Failure> {
        let case = self.case(sight);
        match decide_at_first_sight(&case) {
            Step::Decided(Decision::Remediate(remediation)) => self.enforce(sight, &remediation, None).await,
            Step::Decided(Decision::Nothing(why)) => Ok(Round::Over(Response::of(match why {
                Untouched::NotAnExecutionRole => "not an execution role",
                Untouched::ManagedByAws => "managed by AWS",
            }))),
            Step::Decided(Decision::Compliant | Decision::Report(_)) | Step::AssessFirst => {
                let snapshot = self.account.read_policies(sight.role.clone()).await?;
                self.decide_with_policies(sight, &case, &snapshot).await
            }
        }
    }

    async fn decide_with_policies(
        &self,
        sight: &Sight,
        case: &Case<'_>,
        snapshot: &RoleSnapshot,
    ) -> Result<Round, Failure> {
        if !sight.role.boundary.as_ref().is_some_and(|arn| sight.page.has_noted(arn)) {
            self.account.note_first_sight(&snapshot.boundary).await?;
        }
        let ours = match self.account.settings.rules.approval(&snapshot.boundary) {
            // Another one is compared with ours.
            Approval::Unapproved => Some(self.account.our_boundary().await?),
            Approval::NotJudged | Approval::Ours | Approval::Approved => None,
        };
        let assessment = self.assess(snapshot, &sight.record, self.trigger, ours.as_ref());
        let boundary_document = self.account.boundary_document(&snapshot.boundary).await?;
        match decide(&Case { boundary_document, ..*case }, &assessment) {
            Decision::Remediate(remediation) => self.enforce(sight, &remediation, Some(snapshot)).await,
            Decision::Report(Report { outcome: Outcome::BoundaryEdited, .. })
                if let Some(boundary) = &sight.role.boundary =>
            {
                self.edited_boundary(sight, boundary).await
            }
            Decision::Report(report) => {
                let ours = match ours {
                    Some(ours) => ours,
                    None => self.account.our_boundary().await?,
                };
                self.tell_once(sight, &Seen { snapshot, assessment: &assessment, ours: &ours }, &report).await
            }
            Decision::Compliant => self.compliant(sight, snapshot, &assessment).await,
            Decision::Nothing(_) => Ok(Round::Over(Response::of("nothing to do"))),
        }
    }

    fn case<'s>(&'s self, sight: &'s Sight) -> Case<'s> {
        Case {
            role: &sight.role,
            record: &sight.record,
            trigger: self.trigger,
            settings: &self.account.settings.rules,
            mode: self.mode(sight),
            installed_at: sight.installed_at,
            now: clock::now(),
            boundary_document: BoundaryDocument::AsApproved,
            exemption: sight.page.exemption_of(&sight.role),
        }
    }

    /// The mode in force when the role was looked at. What a sweep set off goes by both modes; an open intent goes by those of what
    /// set it off.
    fn mode(&self, sight: &Sight) -> Mode {
        let Sight { role, record, page, installed_at } = sight;
        let set_off_by = record.intent.as_ref().map_or(self.trigger, |intent| &intent.trigger);
        if set_off_by.change == Change::Swept {
            let rules = &self.account.settings.rules;
            self.account.sweep_modes(&page.kill_switch).of_role(role, record, rules, *installed_at)
        } else {
            self.account.settings.mode.in_force(&page.kill_switch)
        }
    }

    /// The verdict over the role with what is known around it on the way of an event.
    fn assess(
        &self,
        snapshot: &RoleSnapshot,
        record: &RoleRecord,
        trigger: &Trigger,
        ours: Option<&Boundary>,
    ) -> Assessment {
        let ours = ours.and_then(Boundary::document);
        let functions = record.functions_after(&trigger.change);
        let approval = self.account.settings.rules.approval(&snapshot.boundary);
        Assessment::within(
            snapshot,
            &Surroundings {
                functions: &functions,
                approval,
                ours,
                carve_outs: &self.account.settings.rules.carve_outs,
                ..Surroundings::default()
            },
        )
    }

    fn milliseconds_so_far(&self) -> u64 {
        milliseconds(self.stopwatch.elapsed())
    }
}

/// A role that was judged, with our boundary beside it.
struct Seen<'s> {
    snapshot: &'s RoleSnapshot,
    assessment: &'s Assessment,
    ours: &'s Boundary,
}

/// How a round ended.
enum Round {
    /// All is done.
    Over(Response),
    /// Another invocation wrote the role's record first: look again.
    Overtaken,
    /// Another invocation is about to tell this finding: look again after that.
    BeingTold(FindingId),
}
