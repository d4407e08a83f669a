use super::about_role::{links, role_facts, trigger_facts};
use super::email::moment;
use super::story::{Step, Story};
use super::{BoundaryFacts, Finding, Outcome, SCHEMA};
use crate::record::Undone;
use crate::settings::{Mode, Settings};
use crate::severity::Severity;
use crate::snapshot::Role;
use crate::trigger::{Caller, Change, EventName, Subject, Trigger};

/// What the finding about an undo is made from. The role is not judged: nothing but its boundary changed.
#[derive(Debug, Clone, Copy)]
pub struct AboutUndo<'a> {
    /// The role.
    pub role: &'a Role,
    /// What was done.
    pub undone: &'a Undone,
    /// What the installation asks for.
    pub settings: &'a Settings,
    /// The mode in force. An undo is the operator's and goes through in either.
    pub mode: Mode,
    /// Where Ringfence runs.
    pub region: &'a str,
}

impl AboutUndo<'_> {
    /// The finding.
    #[must_use]
    pub fn finding(&self) -> Finding {
        let Self { role, undone, settings, mode, region } = *self;
        let name = role.arn.name();
        let trigger = self.trigger();
        let has =
            undone.boundary_after.as_ref().map_or("no boundary".to_owned(), |arn| format!("boundary {arn}"));
        let reason = format!("`{}` asked for it in the ledger", undone.by);
        Finding {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION"),
            mode,
            id: undone.finding.clone(),
            problem: format!("{}/{}/role-rights", role.arn.account(), role.id),
            resolves: Vec::new(),
            time: undone.at,
            contained_at: None,
            account: role.arn.account().clone(),
            region: region.to_owned(),
            severity: Severity::Info,
            title: format!("{name} has back what it had before Ringfence"),
            summary: format!(
                "{} asked to take back what finding {} told, so the role has {has} again. Ringfence puts none on it until {}. \
                 After that the next event about the role is decided about as any other.",
                undone.by,
                undone.of.as_str(),
                undone.hold_until,
            ),
            outcome: Outcome::Undone,
            reason,
            role: Some(role_facts(role, &settings.owner_tag_keys)),
            functions: Vec::new(),
            links: links(Outcome::Undone, role, &trigger, region),
            trigger: trigger_facts(&trigger),
            source: None,
            breaches: Vec::new(),
            doubts: Vec::new(),
            analyzer: Vec::new(),
            boundary: BoundaryFacts {
                before: undone.boundary_before.clone(),
                after: undone.boundary_after.clone(),
            },
            impact: None,
            denial: None,
            proposal: None,
            undo: None,
            fix: None,
            story: self.story(&has),
        }
    }

    fn story(&self, has: &str) -> Story {
        let Undone { of, hold_until, .. } = self.undone;
        Story {
            found: format!("An operator asked to take back what finding {} told.", of.as_str()),
            done: format!("Gave the role back what it had before Ringfence: {has}."),
            effect: "What Ringfence's boundary refused is possible again.".to_owned(),
            next: vec![Step::words(format!(
                "Nothing. Ringfence puts no boundary on the role until {}; after that its next event is decided about as any \
                 other. To keep Ringfence from it for good, add it to the stack parameter ProtectedRoles.",
                moment(*hold_until),
            ))],
            ..Story::default()
        }
    }

    /// There was no call that CloudTrail told: the operator's request stands in its place.
    fn trigger(&self) -> Trigger {
        Trigger {
            event: EventName::from_cloudtrail("Undo"),
            event_id: String::new(),
            time: Some(self.undone.at),
            subject: Subject::Role(self.role.arn.name().clone()),
            change: Change::Look,
            caller: Caller { principal: Some(self.undone.by.clone()), ..Caller::default() },
            source: None,
        }
    }
}
