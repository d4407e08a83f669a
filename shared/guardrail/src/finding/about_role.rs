use super::story::{Step, Story};
use super::{
    BoundaryFacts, BreachFacts, Finding, FindingId, FixLines, Links, Outcome, RoleFacts, SCHEMA, StateKey,
    TriggerFacts,
};
use crate::analyzer::{self, Question};
use crate::assess::{Assessment, Breach, possible_under};
use crate::check_id::CheckId;
use crate::cut_grants::cut_grants;
use crate::exemption::Exemption;
use crate::function::Function;
use crate::last_accessed::LastAccessed;
use crate::names::{FunctionArn, PolicyArn};
use crate::record::{Enforced, Repetition, RoleRecord};
use crate::settings::{Mode, Settings};
use crate::severity::Severity;
use crate::snapshot::{Boundary, Cap, Document, Role, RoleSnapshot};
use crate::trigger::Trigger;
use crate::undo;
use iam_policy::Policy;
use jiff::Timestamp;

/// SNS takes 256 KB; a finding is held far below that, or a role with many statements could make its own finding
/// undeliverable.
const MOST_EVIDENCE: usize = 8;
const MOST_DOUBTS: usize = 20;
const MOST_FUNCTIONS: usize = 50;
const LONGEST_TEXT: usize = 600;

/// What every finding about a role is made from.
#[derive(Debug, Clone, Copy)]
pub struct AboutRole<'a> {
    /// The role as it was read, its boundary the one that it had **before** the action.
    pub snapshot: &'a RoleSnapshot,
    /// The verdict over that snapshot.
    pub assessment: &'a Assessment,
    /// What set it off.
    pub trigger: &'a Trigger,
    /// What the installation asks for.
    pub settings: &'a Settings,
    /// The mode in force; for what was written the one that it was written in, whatever is in force by now.
    pub mode: Mode,
    /// What the ledger knows of the role.
    pub record: &'a RoleRecord,
    /// Our boundary, as it would cap the role.
    pub ours: &'a Boundary,
    /// The exemption that covers the role, if one does.
    pub exemption: Option<&'a Exemption>,
    /// Where Ringfence runs.
    pub region: &'a str,
    /// The time of the run, for triggers that have none.
    pub now: Timestamp,
    /// The table of the ledger: where an operator asks for an undo.
    pub ledger_table: &'a str,
    /// What IAM reported of the role's use, as the last sweep that asked left it.
    pub last_accessed: Option<&'a LastAccessed>,
}

/// A write, as its finding tells it.
#[derive(Debug, Clone, Copy)]
pub struct Enforcement<'a> {
    /// From the intent.
    pub id: &'a FindingId,
    /// `bounded` or `restored`.
    pub outcome: Enforced,
    /// Why.
    pub reason: &'a str,
    /// From the intent.
    pub before: Option<&'a PolicyArn>,
    /// When the boundary was in place; none where AWS refused it.
    pub contained_at: Option<Timestamp>,
    /// For a restoration: how often the same principal made it necessary.
    pub repetition: Option<&'a Repetition>,
}

impl AboutRole<'_> {
    /// The state of the role once `after` is its boundary.
    #[must_use]
    pub fn state(&self, after: &Boundary) -> StateKey {
        let (arn, document) = match after {
            Boundary::Absent => (None, None),
            Boundary::Attached { arn, document } => (Some(arn), document.understood().map(Policy::to_json)),
        };
        StateKey::new(
            &self.snapshot.role.id,
            arn,
            document.as_deref(),
            &self.assessment.state(),
            self.assessment.doubts(),
        )
    }

    /// A finding for something that was only told: `reported`, `contained`, `would-bound` ….
    #[must_use]
    pub fn told(&self, outcome: Outcome, reason: &str) -> Finding {
        let would_write =
            matches!(outcome, Outcome::WouldBound | Outcome::WouldRestore | Outcome::WouldReplace);
        let after = if would_write { self.ours } else { &self.snapshot.boundary };
        let id = FindingId::of_state(&self.state(&self.snapshot.boundary), outcome, self.record.generation);
        self.finding(outcome, reason, id, self.severity_told(outcome), after, None)
    }

    /// The severity of a finding for something that is only told.
    #[must_use]
    pub fn severity_told(&self, outcome: Outcome) -> Severity {
        match outcome {
            Outcome::WouldBound => self.intended_severity(Enforced::Bounded),
            Outcome::WouldRestore => self.intended_severity(Enforced::Restored),
            Outcome::WouldReplace => self.intended_severity(Enforced::Replaced),
            Outcome::Kept | Outcome::Resolved | Outcome::Summary | Outcome::Suggested => Severity::Info,
            Outcome::Exempt => self.severity_beyond_exemption(),
            Outcome::Bounded
            | Outcome::Restored
            | Outcome::Replaced
            | Outcome::Undone
            | Outcome::Contained
            | Outcome::Reported
            | Outcome::BoundaryEdited
            | Outcome::Notice
            | Outcome::Denied
            | Outcome::Exposed
            | Outcome::Failed => self.assessment.severity().unwrap_or(Severity::Info),
        }
    }

    /// A finding for a boundary that was put.
    #[must_use]
    pub fn enforced(&self, done: &Enforcement<'_>) -> Finding {
        let fight = done.repetition.filter(|repetition| repetition.is_a_fight());
        let severity =
            if fight.is_some() { Severity::Critical } else { self.intended_severity(done.outcome) };
        let outcome = done.outcome.outcome();
        let mut finding =
            self.finding(outcome, done.reason, done.id.clone(), severity, self.ours, done.contained_at);
        if let Some(fight) = fight {
            (finding.title, finding.summary) =
                super::email::headline_of_a_fight(self.snapshot.role.arn.name(), fight, &finding.summary);
            (finding.story.done, finding.story.next) = super::email::story_of_a_fight(fight);
        }
        finding.boundary.before = done.before.cloned();
        finding.undo =
            Some(undo::shell_line(self.snapshot.role.arn.name(), done.id, self.region, self.ledger_table));
        finding
    }

    /// A finding for a boundary that AWS refused to put.
    #[must_use]
    pub fn refused(&self, intended: &Enforcement<'_>, code: &str, message: &str) -> Finding {
        let severity = self.intended_severity(intended.outcome);
        let id = FindingId::of_refusal(intended.id, code);
        let reason = format!("AWS refused to put the boundary: {message}");
        let mut finding = self.finding(Outcome::Failed, &reason, id, severity, &self.snapshot.boundary, None);
        finding.story.next = self.after_a_refusal();
        finding
    }

    /// Whether nothing is left of what was told about the role at MEDIUM or higher: no such breach with its boundary or without,
    /// no doubt, nothing that somebody asked for by name and that a boundary cuts.
    #[must_use]
    pub fn is_resolved(&self) -> bool {
        let boundary = match &self.snapshot.boundary {
            Boundary::Absent => self.ours,
            attached @ Boundary::Attached { .. } => attached,
        };
        let worst = self.assessment.severity().max(self.assessment.severity_without_boundary());
        !self.record.unresolved.is_empty()
            && worst < Some(Severity::Medium)
            && self.assessment.doubts().is_empty()
            && cut_grants(self.snapshot, boundary.cap()).is_empty()
    }

    /// What to ask Access Analyzer for a finding about the role.
    #[must_use]
    pub fn questions(&self, finding: &Finding) -> Vec<Question> {
        let is_after = |boundary: &&Boundary| arn_of(boundary) == finding.boundary.after.as_ref();
        let after = [self.ours, &self.snapshot.boundary].into_iter().find(is_after);
        analyzer::of_role(self.settings.analyzer, self.snapshot, after.unwrap_or(&Boundary::Absent))
    }

    /// The finding that closes the earlier ones, told once.
    #[must_use]
    pub fn resolved(&self) -> Finding {
        let id = FindingId::of_resolution(&self.snapshot.role.id, self.record.generation);
        let reason = "nothing of MEDIUM or higher is left of what was found, with its boundary or without";
        let boundary = &self.snapshot.boundary;
        let resolves = self.record.unresolved.iter().cloned().collect();
        Finding { resolves, ..self.finding(Outcome::Resolved, reason, id, Severity::Info, boundary, None) }
    }

    fn intended_severity(&self, outcome: Enforced) -> Severity {
        let severity = self.assessment.severity().unwrap_or(Severity::Info);
        match outcome {
            Enforced::Bounded | Enforced::Replaced if self.cuts_named_grants() => {
                severity.max(Severity::Medium)
            }
            Enforced::Bounded | Enforced::Replaced => severity,
            Enforced::Restored => restored_severity(severity),
        }
    }

    /// What was accepted is LOW; what goes beyond it is told at its full severity.
    fn severity_beyond_exemption(&self) -> Severity {
        let is_accepted = |breach: &Breach| self.exemption.is_none_or(|exemption| exemption.accepts(breach));
        let beyond = self.assessment.breaches().iter().filter(|breach| !is_accepted(breach));
        beyond.map(|breach| breach.severity).max().map_or(Severity::Low, |worst| worst.max(Severity::Low))
    }

    /// A boundary that cuts what somebody asked for by name is never told in passing.
    fn cuts_named_grants(&self) -> bool {
        !cut_grants(self.snapshot, self.ours.cap()).is_empty()
    }

    fn finding(
        &self,
        outcome: Outcome,
        reason: &str,
        id: FindingId,
        severity: Severity,
        after: &Boundary,
        contained_at: Option<Timestamp>,
    ) -> Finding {
        let role = &self.snapshot.role;
        let changes = matches!(
            outcome,
            Outcome::Bounded
                | Outcome::Restored
                | Outcome::Replaced
                | Outcome::WouldBound
                | Outcome::WouldRestore
                | Outcome::WouldReplace
        );
        let impact = if changes { super::impact::of(self.snapshot, after) } else { None };
        let (title, summary) = super::email::headline(outcome, role.arn.name(), self.assessment, reason);
        let cut = if matches!(after.cap(), Cap::Nothing) {
            Vec::new()
        } else {
            cut_grants(self.snapshot, after.cap())
        };
        let cut = super::email::cut_in_words(&cut);
        let summary = match &cut {
            Some(cut) => format!("{summary} {} {}", cut.what, cut.remedy),
            None => summary,
        };
        Finding {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION"),
            mode: self.mode,
            id,
            problem: format!("{}/{}/role-rights", role.arn.account(), role.id),
            resolves: Vec::new(),
            time: self.trigger.time.unwrap_or(self.now),
            contained_at,
            account: role.arn.account().clone(),
            region: self.region.to_owned(),
            severity,
            title,
            summary,
            outcome,
            reason: reason.to_owned(),
            role: Some(role_facts(role, &self.settings.owner_tag_keys)),
            functions: self.functions_involved(),
            trigger: trigger_facts(self.trigger),
            source: self.trigger.source.clone(),
            breaches: self.breaches(after),
            doubts: self.doubts(after),
            analyzer: Vec::new(),
            boundary: BoundaryFacts { before: role.boundary.clone(), after: arn_of(after).cloned() },
            impact,
            denial: None,
            proposal: None,
            undo: None,
            fix: arn_of(after).filter(|arn| self.settings.accepts(arn)).map(FixLines::new),
            links: links(outcome, role, self.trigger, self.region),
            story: Story { cut, ..Story::default() },
        }
    }

    /// What AWS refused to Ringfence, it may allow to an administrator.
    fn after_a_refusal(&self) -> Vec<Step> {
        let Some(ours) = arn_of(self.ours) else { return Vec::new() };
        let name = self.snapshot.role.arn.name();
        vec![
            Step::words(
                "Find out what denies iam:PutRolePermissionsBoundary to Ringfence, most often a service control policy, and                  except Ringfence's roles from it; or name the role in the stack parameter ProtectedRoles.",
            ),
            Step::line(
                "Or put the boundary by hand, with the rights of an administrator",
                format!(
                    "aws iam put-role-permissions-boundary --role-name {name} --permissions-boundary {ours}"
                ),
            ),
        ]
    }

    fn functions_involved(&self) -> Vec<FunctionArn> {
        let mut functions = self.record.functions.clone();
        functions.extend(self.trigger.change.function().cloned());
        functions.into_iter().take(MOST_FUNCTIONS).collect()
    }

    fn breaches(&self, after: &Boundary) -> Vec<BreachFacts> {
        let functions: Vec<Function> = self.functions_involved().into_iter().map(Function::named).collect();
        let possible = possible_under(self.snapshot, after.cap(), &functions);
        let is_replaced = arn_of(after) != self.snapshot.role.boundary.as_ref();
        let facts = |breach: &crate::assess::Breach| {
            // What stays open is shown by what stays open, not by what is closed.
            let open = possible.get(&breach.check);
            let evidence = open.filter(|open| !open.is_empty()).unwrap_or(&breach.evidence);
            // Whose boundary it is, no view of the role's rights tells.
            let is_about_whose = breach.check == CheckId::BoundaryUnapproved;
            let capped = if is_about_whose { is_replaced } else { open.is_none() };
            BreachFacts {
                check: breach.check,
                severity: breach.severity,
                capped,
                summary: shortened(&breach.summary),
                evidence: evidence.iter().take(MOST_EVIDENCE).cloned().collect(),
                remedy: breach.remedy.clone(),
            }
        };
        let mut breaches: Vec<BreachFacts> = self.assessment.breaches().iter().map(facts).collect();
        self.tell_unused(&mut breaches);
        breaches
    }

    fn doubts(&self, after: &Boundary) -> Vec<String> {
        let mut doubts = self.assessment.doubts().to_vec();
        let about_after = match after {
            Boundary::Attached { arn, document: Document::NotUnderstood(why) } => {
                Some(format!("boundary {arn}: {why}"))
            }
            Boundary::Attached { arn, document: Document::Gone } => {
                Some(format!("boundary {arn}: the policy does not exist any more"))
            }
            Boundary::Attached { document: Document::Understood(_), .. } | Boundary::Absent => None,
        };
        doubts.extend(about_after.filter(|doubt| !self.assessment.doubts().contains(doubt)));
        doubts.into_iter().take(MOST_DOUBTS).map(|doubt| shortened(&doubt)).collect()
    }
}

/// A text cut to [`LONGEST_TEXT`] characters.
pub(crate) fn shortened(text: &str) -> String {
    let mut shortened: String = text.chars().take(LONGEST_TEXT).collect();
    if shortened.len() < text.len() {
        shortened.push('…');
    }
    shortened
}

/// One above what would be possible, at least HIGH (design, "Checks").
fn restored_severity(possible: Severity) -> Severity {
    possible.one_above().max(Severity::High)
}

fn arn_of(boundary: &Boundary) -> Option<&PolicyArn> {
    match boundary {
        Boundary::Absent => None,
        Boundary::Attached { arn, .. } => Some(arn),
    }
}

pub(super) fn role_facts(role: &Role, owner_tag_keys: &[String]) -> RoleFacts {
    RoleFacts {
        name: role.arn.name().clone(),
        path: role.arn.path().to_owned(),
        arn: role.arn.clone(),
        id: role.id.clone(),
        created: role.created,
        last_used: role.last_used,
        owner: super::owner_in(&role.tags, owner_tag_keys).map(str::to_owned),
        tags: role.tags.clone(),
    }
}

pub(super) fn trigger_facts(trigger: &Trigger) -> TriggerFacts {
    let caller = &trigger.caller;
    TriggerFacts {
        event: trigger.event.as_str().to_owned(),
        event_id: trigger.event_id.clone(),
        principal: caller.principal.clone(),
        session: caller.session.clone(),
        source_ip: caller.source_ip.clone(),
        user_agent: caller.user_agent.clone(),
        via: caller.tool.as_str(),
    }
}

/// `region` is where the call was made, unless it named a function: that one's Region has the event.
pub(super) fn links(outcome: Outcome, role: &Role, trigger: &Trigger, region: &str) -> Links {
    // The console of the other partitions has another host and is not guessed.
    let in_console = role.arn.partition() == "aws";
    Links {
        role: in_console
            .then(|| format!("https://console.aws.amazon.com/iam/home#/roles/details/{}", role.arn.name())),
        event: event_link(
            in_console,
            &trigger.event_id,
            trigger.time,
            trigger.change.function().map_or(region, FunctionArn::region),
        ),
        runbook: Some(outcome.runbook()),
        report: None,
    }
}

/// The call in CloudTrail's console, where the event tells its id and time.
pub(super) fn event_link(
    in_console: bool,
    event_id: &str,
    time: Option<Timestamp>,
    region: &str,
) -> Option<String> {
    let known = in_console && !event_id.is_empty() && time.is_some();
    known.then(|| {
        format!(
            "https://{region}.console.aws.amazon.com/cloudtrailv2/home?region={region}#/events/{event_id}"
        )
    })
}
