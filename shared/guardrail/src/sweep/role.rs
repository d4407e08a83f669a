use super::checkpoint::Checkpoint;
use super::inventory::{Inventory, MissingRole};
use super::missing_roles::MissingRoleCounts;
use super::modes::SweepModes;
use super::summary::Judged;
use super::verdict::{Functions, LedgerView, Seen, SweepVerdict, WhyQueued, of_open_intent, verdict};
use super::worst_roles::RoleLine;
use crate::assess::{Approval, Assessment, Surroundings};
use crate::decide::{Case, Decision, Step, decide, decide_at_first_sight};
use crate::function::Function;
use crate::last_accessed::LastAccessed;
use crate::names::{AccountId, RoleArn};
use crate::record::RoleRecord;
use crate::report::{AboutRow, RoleRow, Texts};
use crate::settings::Settings;
use crate::snapshot::{Boundary, RoleSnapshot};
use crate::trigger::{Caller, Change, EventName, Subject, Trigger};
use iam_policy::Policy;
use jiff::Timestamp;

/// What a whole sweep goes by.
#[derive(Debug, Clone, Copy)]
pub struct SweepRules<'a> {
    /// What the installation asks for.
    pub settings: &'a Settings,
    /// The modes in force.
    pub modes: SweepModes,
    /// Our boundary, as it would cap a role.
    pub ours: &'a Boundary,
    /// The service control policies over the account by level, root first, where they are known. They count in what is told of a
    /// role and not in whether it needs a look: a review does not know them.
    pub service_control: &'a [Vec<Policy>],
    /// When Ringfence was installed.
    pub installed_at: Timestamp,
    /// The time of the sweep's decisions.
    pub now: Timestamp,
}

/// A sweep that is going on.
#[derive(Debug)]
pub struct Sweep<'a> {
    rules: SweepRules<'a>,
    inventory: Inventory,
    checkpoint: Checkpoint,
    texts: Texts,
}

/// What became of one role.
#[derive(Debug, Clone, PartialEq)]
pub struct SweptRole {
    /// Its line in the report; none where it is no execution role.
    pub line: Option<RoleLine>,
    /// What the posture report says of it; none where it is no execution role.
    pub row: Option<Box<RoleRow>>,
    /// Whether it needs a look.
    pub verdict: SweepVerdict,
}

impl<'a> Sweep<'a> {
    /// Begins, or goes on from where `checkpoint` was left. `inventory` holds every function in scope.
    #[must_use]
    pub fn resume(rules: SweepRules<'a>, inventory: Inventory, mut checkpoint: Checkpoint) -> Self {
        checkpoint.summary.note_functions(&inventory);
        Self { rules, inventory, checkpoint, texts: Texts::default() }
    }

    /// Begins with the first page again, under the same id: what was counted on the pages before, and left for the report, would count
    /// twice.
    pub fn begin_anew(&mut self) {
        let Checkpoint { sweep, started_at, weakened, .. } = &self.checkpoint;
        let anew = Checkpoint::start(sweep.clone(), *started_at);
        self.checkpoint = Checkpoint { weakened: weakened.clone(), ..anew };
        self.checkpoint.summary.note_functions(&self.inventory);
    }

    /// Judges a role and counts it.
    pub fn role(&mut self, snapshot: &RoleSnapshot, ledger: &LedgerView<'_>) -> SweptRole {
        self.inventory.note_seen(&snapshot.role.arn);
        let record = match ledger.record.filter(|record| record.role_id == snapshot.role.id) {
            Some(record) => record,
            None => &RoleRecord::new(snapshot.role.id.clone()),
        };
        let trigger = self.trigger(&snapshot.role.arn);
        let case = case(self.rules, snapshot, record, ledger, &trigger);
        if matches!(decide_at_first_sight(&case), Step::Decided(Decision::Nothing(_))) {
            let verdict = of_open_intent(&case).unwrap_or(SweepVerdict::Nothing);
            self.checkpoint.summary.count_other_role(verdict);
            return SweptRole { line: None, row: None, verdict };
        }
        self.execution_role(snapshot, &case, ledger.last_accessed)
    }

    fn execution_role(
        &mut self,
        snapshot: &RoleSnapshot,
        case: &Case<'_>,
        last_accessed: Option<&LastAccessed>,
    ) -> SweptRole {
        let approval = self.rules.settings.approval(&snapshot.boundary);
        let known = case.record.functions_after(&case.trigger.change);
        let having: Vec<Function> =
            self.inventory.functions_of(&snapshot.role.arn).cloned().map(Function::named).collect();
        let as_reviewed = self.assess(snapshot, approval, &known, &[]);
        // Functions are listed in the order of their ARNs on both sides.
        let is_same = known.iter().map(|one| &one.arn).eq(having.iter().map(|one| &one.arn));
        let service_control = self.rules.service_control;
        let as_it_is = if is_same && service_control.is_empty() {
            as_reviewed.clone()
        } else {
            self.assess(snapshot, approval, &having, service_control)
        };
        let is_new = |function: &Function| !case.record.functions.contains(&function.arn);
        let functions = if having.iter().any(is_new) { Functions::SomeNew } else { Functions::Known };
        let seen =
            Seen { case, snapshot, assessment: &as_reviewed, approval, ours: self.rules.ours, functions };
        let is_own = self.rules.settings.own_roles.contains(&snapshot.role.arn);
        let verdict = if is_own {
            // What they may do by design would be told of every installation. Changes of them are told by their events.
            SweepVerdict::Nothing
        } else {
            self.once_per_policy(verdict(&seen, &decide(case, &as_reviewed)), snapshot)
        };
        let line = line(snapshot, &as_it_is, having.len());
        let judged =
            Judged { line: &line, boundary: &snapshot.boundary, approval, assessment: &as_it_is, verdict };
        self.checkpoint.summary.count(judged);
        let owner_tag_keys = &self.rules.settings.owner_tag_keys;
        let (record, exemption) = (case.record, case.exemption);
        let about = AboutRow {
            snapshot,
            assessment: &as_it_is,
            approval,
            record,
            exemption,
            owner_tag_keys,
            last_accessed,
            now: self.rules.now,
        };
        let mut row = about.row(self.inventory.functions_of(&snapshot.role.arn), &mut self.texts);
        if is_own {
            row.last_accessed_not_asked();
        }
        SweptRole { line: Some(line), row: Some(Box::new(row)), verdict }
    }

    fn once_per_policy(&mut self, verdict: SweepVerdict, snapshot: &RoleSnapshot) -> SweepVerdict {
        match (verdict, &snapshot.boundary) {
            (SweepVerdict::Queue(WhyQueued::BoundaryWeakened), Boundary::Attached { arn, .. })
                if !self.checkpoint.weakened.insert(arn.clone()) =>
            {
                SweepVerdict::Nothing
            }
            _ => verdict,
        }
    }

    /// Counts a role that could not be put together.
    pub fn not_judged(&mut self, role: &RoleArn) {
        self.inventory.note_seen(role);
        self.checkpoint.summary.count_not_judged();
    }

    /// Notes a role that an earlier invocation of this sweep judged.
    pub fn judged_before(&mut self, role: &RoleArn) {
        self.inventory.note_seen(role);
    }

    /// Notes that a page of roles was judged. IAM gives a marker as long as there are more.
    pub fn page_done(&mut self, next: Option<String>) -> &Checkpoint {
        self.checkpoint.page_done(next);
        &self.checkpoint
    }

    /// The roles that functions name and no page showed, see [`Inventory::missing_roles`].
    pub fn missing_roles(&self, account: &AccountId) -> impl Iterator<Item = MissingRole<'_>> {
        self.inventory.missing_roles(account)
    }

    /// Which functions have which role.
    pub(super) fn inventory(&self) -> &Inventory {
        &self.inventory
    }

    /// Notes how many of them IAM does not know either.
    pub fn missing_roles_done(&mut self, counts: MissingRoleCounts) -> &Checkpoint {
        self.checkpoint.summary.missing_roles = counts.missing;
        self.checkpoint.summary.missing_roles_untold = counts.untold;
        self.checkpoint.phase = super::Phase::Report;
        &self.checkpoint
    }

    /// Where it stands.
    #[must_use]
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// What the review of this role will be set off by.
    fn trigger(&self, role: &RoleArn) -> Trigger {
        Trigger {
            event: EventName::from_cloudtrail("Sweep"),
            event_id: self.checkpoint.sweep.clone(),
            time: Some(self.checkpoint.started_at),
            subject: Subject::Role(role.name().clone()),
            change: Change::Swept,
            caller: Caller::default(),
            source: None,
        }
    }

    fn assess(
        &self,
        snapshot: &RoleSnapshot,
        approval: Approval,
        functions: &[Function],
        service_control: &[Vec<Policy>],
    ) -> Assessment {
        // Only another one is compared with ours.
        let ours = (approval == Approval::Unapproved).then_some(self.rules.ours).and_then(Boundary::document);
        let carve_outs = &self.rules.settings.carve_outs;
        let around = Surroundings { service_control, functions, approval, ours, carve_outs };
        Assessment::within(snapshot, &around)
    }
}

fn case<'c>(
    rules: SweepRules<'c>,
    snapshot: &'c RoleSnapshot,
    record: &'c RoleRecord,
    ledger: &LedgerView<'c>,
    trigger: &'c Trigger,
) -> Case<'c> {
    let SweepRules { settings, modes, installed_at, now, .. } = rules;
    let role = &snapshot.role;
    let mode = modes.of_role(role, record, settings, installed_at);
    let LedgerView { exemption, boundary_document, .. } = *ledger;
    Case { role, record, trigger, settings, mode, exemption, installed_at, now, boundary_document }
}

fn line(snapshot: &RoleSnapshot, assessment: &Assessment, functions: usize) -> RoleLine {
    RoleLine {
        role: snapshot.role.arn.clone(),
        now: assessment.severity_now(),
        without_boundary: assessment.severity_without_boundary(),
        checks: assessment.breaches().iter().map(|breach| breach.check).collect(),
        boundary: snapshot.role.boundary.clone(),
        functions,
    }
}
