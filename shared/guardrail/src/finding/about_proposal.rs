use super::about_role::{links, role_facts, shortened, trigger_facts};
use super::proposal_facts::ProposalFacts;
use super::story::{Step, Story};
use super::{BoundaryFacts, Finding, FindingId, Outcome, SCHEMA};
use crate::names::FunctionArn;
use crate::proposal::{Completeness, Proposal};
use crate::report::grouped;
use crate::settings::{Mode, Settings};
use crate::severity::Severity;
use crate::snapshot::Role;
use crate::trigger::{Caller, Change, EventName, Subject, Trigger};
use jiff::Timestamp;

/// More are counted.
const MOST_FUNCTIONS: usize = 50;

/// What the finding about a proposed policy is made from. The role is not judged.
#[derive(Debug, Clone, Copy)]
pub struct AboutProposal<'a> {
    /// The role.
    pub role: &'a Role,
    /// The functions that have it, as the ledger knows.
    pub functions: &'a [FunctionArn],
    /// What is proposed.
    pub proposal: &'a Proposal,
    /// What the installation asks for.
    pub settings: &'a Settings,
    /// The mode in force. A proposal changes nothing in either.
    pub mode: Mode,
    /// Where Ringfence runs.
    pub region: &'a str,
    /// The time of the run.
    pub now: Timestamp,
}

impl AboutProposal<'_> {
    /// The id of the finding: the same for the same role and the same time of evidence, whatever came of it.
    #[must_use]
    pub fn id(&self) -> FindingId {
        let period = self.proposal.period;
        FindingId::of_suggestion(&self.role.id, period.since, period.until)
    }

    /// The finding.
    #[must_use]
    pub fn finding(&self) -> Finding {
        let Self { role, functions, proposal, settings, mode, region, now } = *self;
        let (trigger, facts) = (self.trigger(), ProposalFacts::of(proposal));
        let story = self.story(&facts);
        let change = if facts.allowed == facts.granted {
            "the same actions on fewer resources".to_owned()
        } else {
            format!("{} instead of {}", actions(facts.allowed), number(facts.granted))
        };
        let title = format!("A narrower policy for {}: {change}", role.arn.name());
        Finding {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION"),
            mode,
            id: self.id(),
            problem: format!("{}/{}/role-rights", role.arn.account(), role.id),
            resolves: Vec::new(),
            time: now,
            contained_at: None,
            account: role.arn.account().clone(),
            region: region.to_owned(),
            severity: Severity::Info,
            title,
            summary: story.summary(),
            outcome: Outcome::Suggested,
            reason: "a proposal is for the owner of the role to take over".to_owned(),
            role: Some(role_facts(role, &settings.owner_tag_keys)),
            functions: functions.iter().take(MOST_FUNCTIONS).cloned().collect(),
            links: links(Outcome::Suggested, role, &trigger, region),
            trigger: trigger_facts(&trigger),
            source: None,
            breaches: Vec::new(),
            doubts: proposal.doubts.iter().map(|doubt| shortened(doubt)).collect(),
            analyzer: Vec::new(),
            boundary: BoundaryFacts { before: role.boundary.clone(), after: role.boundary.clone() },
            impact: None,
            denial: None,
            proposal: Some(facts),
            undo: None,
            fix: None,
            story,
        }
    }

    fn story(&self, facts: &ProposalFacts) -> Story {
        let period = self.proposal.period;
        let used = self.proposal.kept.values().filter(|why| **why == crate::proposal::Keep::Used).count();
        let unseen = match facts.allowed - used {
            0 => String::new(),
            1 => ", and 1 more is kept because its use would not be seen".to_owned(),
            more => format!(", and {} more are kept because their use would not be seen", number(more)),
        };
        let found = format!(
            "The role may do {} and used {} of them in {} days{unseen}.",
            actions(facts.granted),
            number(used),
            period.days()
        );
        let left_out = match self.proposal.left_out.len() {
            0 => String::new(),
            count => format!(
                " {} left out because {} open a way to more rights.",
                if count == 1 { "1 is".to_owned() } else { format!("{} are", number(count)) },
                if count == 1 { "it would" } else { "they would" },
            ),
        };
        Story {
            found,
            effect: format!(
                "Nothing changes until somebody takes the policy over. Then {} would no longer be allowed.{left_out} {}.",
                actions(facts.granted.saturating_sub(facts.allowed)),
                super::email::capitalised(facts.completeness.in_words()),
            ),
            next: vec![Step::words(next(facts.completeness, facts.documents.len()))],
            ..Story::default()
        }
    }

    /// There was no call.
    fn trigger(&self) -> Trigger {
        Trigger {
            event: EventName::from_cloudtrail("Suggest"),
            event_id: String::new(),
            time: Some(self.now),
            subject: Subject::Role(self.role.arn.name().clone()),
            change: Change::Look,
            caller: Caller::default(),
            source: None,
        }
    }
}

fn next(completeness: Completeness, documents: usize) -> String {
    let documents = if documents == 1 {
        "the proposed policy".to_owned()
    } else {
        format!("the {documents} proposed policies")
    };
    let elsewhere = match completeness {
        Completeness::OneRegion => ", in another Region",
        Completeness::TrailInPart | Completeness::Trail => "",
    };
    format!(
        "Look for what the role needs and did not use in that time: error paths, disaster recovery, a yearly job{elsewhere}. Then put \
         {documents} in place of all policies of the role, in its template, in a test stage first."
    )
}

/// `1 action`, `1,234 actions`.
fn actions(count: usize) -> String {
    if count == 1 { "1 action".to_owned() } else { format!("{} actions", number(count)) }
}

pub(super) fn number(count: usize) -> String {
    grouped(u64::try_from(count).unwrap_or(u64::MAX))
}
