use super::email::when;
use super::story::{Step, Story};
use super::{BoundaryFacts, Finding, FindingId, Links, Outcome, SCHEMA, TriggerFacts};
use crate::boundary_policy::{Edit, Reach};
use crate::names::{AccountId, PolicyArn};
use crate::settings::Mode;
use crate::severity::Severity;
use crate::trigger::PolicyChange;
use jiff::Timestamp;

/// What a finding about an edited boundary policy is made from. It is about no role: all roles under the boundary are
/// concerned.
#[derive(Debug, Clone, Copy)]
pub struct AboutPolicy<'a> {
    /// The policy.
    pub policy: &'a PolicyArn,
    /// What was found.
    pub edit: &'a Edit,
    /// What set it off.
    pub change: &'a PolicyChange,
    /// The account that is guarded.
    pub account: &'a AccountId,
    /// Where Ringfence runs.
    pub region: &'a str,
    /// The mode in force; for what was written the one that it was written in, whatever is in force by now.
    pub mode: Mode,
    /// The time of the run, for events that tell none.
    pub now: Timestamp,
}

/// What became of an edited boundary policy.
#[derive(Debug, Clone, Copy)]
pub enum Standing<'a> {
    /// Ours: the version that holds the shipped document is the default again.
    SetBack(Timestamp),
    /// Ours, and AWS refused to set it back.
    Refused {
        /// A stable code.
        code: &'a str,
        /// AWS's words.
        message: &'a str,
        /// The version that holds the shipped document.
        version: &'a str,
    },
    /// Ours, in observe mode: the version that holds the shipped document would be made the default.
    Observed(&'a str),
    /// Ours, found edited when a role was looked at: nobody set it back within minutes, as should have been done.
    Stands(&'a str),
    /// Ours, but no version holds the shipped document any more.
    VersionGone,
    /// An approved one, which belongs to somebody else.
    Approved {
        /// The version that holds the approved document, if there is one.
        version: Option<&'a str>,
        /// The ledger's table, where an operator may approve the new document.
        ledger_table: &'a str,
    },
    /// Ours, as a new version of its own stack: it says what this build ships.
    Deployed,
    /// An approved one that Ringfence had not seen before this edit. What it says now is recorded as approved.
    FirstSeen,
}

impl AboutPolicy<'_> {
    /// The finding.
    #[must_use]
    pub fn edited(&self, id: FindingId, standing: Standing<'_>) -> Finding {
        let name = self.policy.name();
        let (outcome, id) = match standing {
            Standing::Refused { code, .. } => (Outcome::Failed, FindingId::of_refusal(&id, code)),
            Standing::SetBack(_)
            | Standing::Observed(_)
            | Standing::Stands(_)
            | Standing::VersionGone
            | Standing::Approved { .. }
            | Standing::Deployed
            | Standing::FirstSeen => (Outcome::BoundaryEdited, id),
        };
        let contained_at = match standing {
            Standing::SetBack(at) => Some(at),
            Standing::Refused { .. }
            | Standing::Observed(_)
            | Standing::Stands(_)
            | Standing::VersionGone
            | Standing::Approved { .. }
            | Standing::Deployed
            | Standing::FirstSeen => None,
        };
        let caller = &self.change.caller;
        let story = self.story(standing);
        let is_update = matches!(standing, Standing::Deployed);
        Finding {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION"),
            mode: self.mode,
            id,
            problem: format!("{}/{}/boundary-policy", self.account, self.policy),
            resolves: Vec::new(),
            time: self.change.time.unwrap_or(self.now),
            contained_at,
            account: self.account.clone(),
            region: self.region.to_owned(),
            severity: if is_update { Severity::Info } else { self.edit.severity() },
            title: title(name, self.edit.reach, standing),
            summary: story.summary(),
            outcome,
            reason: reason(standing).to_owned(),
            role: None,
            functions: Vec::new(),
            trigger: TriggerFacts {
                event: self.change.event.as_str().to_owned(),
                event_id: self.change.event_id.clone(),
                principal: caller.principal.clone(),
                session: caller.session.clone(),
                source_ip: caller.source_ip.clone(),
                user_agent: caller.user_agent.clone(),
                via: caller.tool.as_str(),
            },
            source: None,
            breaches: Vec::new(),
            doubts: Vec::new(),
            analyzer: Vec::new(),
            boundary: BoundaryFacts { before: Some(self.policy.clone()), after: Some(self.policy.clone()) },
            impact: None,
            denial: None,
            proposal: None,
            undo: None,
            fix: None,
            links: Links {
                role: None,
                event: super::about_role::event_link(
                    self.policy.as_str().starts_with("arn:aws:"),
                    &self.change.event_id,
                    self.change.time,
                    self.region,
                ),
                runbook: Some(outcome.runbook()),
                report: None,
            },
            story,
        }
    }

    /// What it means for the roles under it, what Ringfence did, what to do.
    fn story(&self, standing: Standing<'_>) -> Story {
        let (done, next) = self.done_and_next(standing);
        let effect = if matches!(standing, Standing::Deployed) {
            "Roles under it may do what the new version says, at once."
        } else {
            effect(self.edit.reach)
        };
        Story { effect: effect.to_owned(), done, next, ..Story::default() }
    }

    fn done_and_next(&self, standing: Standing<'_>) -> (String, Vec<Step>) {
        let policy = self.policy;
        let set_back = |what: &str, version: &str| Step::line(what, set_default(policy, version));
        match standing {
            Standing::SetBack(at) => (
                format!(
                    "Ringfence made the version with the shipped document the default again{}.",
                    when(Some(at), self.change.time.unwrap_or(self.now))
                ),
                vec![Step::words(
                    "Find out why the caller could edit the policy, and delete the version that was added.",
                )],
            ),
            Standing::Refused { message, version, .. } => (
                format!("AWS refused to let Ringfence set it back: {}.", message.trim_end_matches('.')),
                vec![set_back("Set it back yourself", version)],
            ),
            Standing::Observed(version) => (
                "Ringfence only observes and changed nothing.".to_owned(),
                vec![set_back("Set it back", version)],
            ),
            Standing::Stands(version) => (
                "Ringfence has not set it back, which takes seconds where the event of the edit arrives.".to_owned(),
                vec![
                    Step::words("Look into the log of ringfence-on-policy-change and the on-failure queue."),
                    set_back("Set it back", version),
                ],
            ),
            // A deployment of an unchanged template changes nothing, see
            // <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/drift-aware-change-sets.html>.
            Standing::VersionGone => (
                "No version holds the shipped document any more, so Ringfence cannot set it back.".to_owned(),
                vec![Step::words(
                    "A redeploy of the Ringfence stack restores it: as a drift-aware change set (deployment mode \
                     REVERT_DRIFT), because CloudFormation otherwise sees nothing to do.",
                )],
            ),
            Standing::Approved { version, ledger_table } => {
                let restore = version.map_or_else(
                    || Step::words("No version holds the approved document any more, its owner has to write it again."),
                    |version| set_back("Restore the approved document", version),
                );
                let approve = format!(
                    "aws dynamodb delete-item --region {} --table-name {ledger_table} --key \
                     '{{\"pk\":{{\"S\":\"approved\"}},\"sk\":{{\"S\":\"{policy}\"}}}}'",
                    self.region
                );
                (
                    "It is on the list ApprovedBoundaryArns, and Ringfence changed nothing.".to_owned(),
                    vec![restore, Step::line("Or approve what it says now", approve)],
                )
            }
            Standing::Deployed => (
                "Ringfence's own stack deployed another version, which says what Ringfence ships. Nothing was changed.".to_owned(),
                vec![Step::words("Nothing has to be done if somebody updated Ringfence; otherwise ask who deployed its stack.")],
            ),
            Standing::FirstSeen => (
                "It is on the list ApprovedBoundaryArns, but Ringfence had not looked at it before this edit. What it says now \
                 counts as approved from here on."
                    .to_owned(),
                vec![Step::words("Restore an earlier version if it should not.")],
            ),
        }
    }
}

fn effect(reach: Reach) -> &'static str {
    match reach {
        Reach::Wider => "The edited document allows roles under it more than before.",
        Reach::Unknown => {
            "Whether the edited document allows roles under it more than before cannot be told, so count on it."
        }
        Reach::NotWider => {
            "The edited document allows roles under it no more than before, and perhaps less: functions may fail."
        }
        Reach::Nothing => "The policy is gone, so roles under it may do nothing at all.",
        Reach::NothingToCompare => "What it said before is not known.",
    }
}

fn title(name: &str, reach: Reach, standing: Standing<'_>) -> String {
    let did = match reach {
        Reach::Wider => "was widened",
        Reach::Nothing => "was deleted",
        Reach::Unknown | Reach::NotWider | Reach::NothingToCompare => "was edited",
    };
    match standing {
        Standing::SetBack(_) => format!("Boundary policy {name} {did}, Ringfence set it back"),
        Standing::Refused { .. } => format!("Boundary policy {name} {did}, Ringfence could not set it back"),
        Standing::Observed(_) => format!("Boundary policy {name} {did}, Ringfence would set it back"),
        Standing::Stands(_) => format!("Boundary policy {name} {did} and was not set back"),
        Standing::VersionGone => format!("Boundary policy {name} {did} and has to be deployed again"),
        Standing::Deployed => format!("Boundary policy {name} was updated with Ringfence"),
        Standing::Approved { .. } | Standing::FirstSeen => format!("Approved boundary policy {name} {did}"),
    }
}

fn reason(standing: Standing<'_>) -> &'static str {
    match standing {
        Standing::SetBack(_)
        | Standing::Refused { .. }
        | Standing::Observed(_)
        | Standing::Stands(_)
        | Standing::VersionGone => "the policy no longer said what Ringfence ships",
        Standing::Approved { .. } => "the policy no longer says what was approved",
        Standing::Deployed => "an update of Ringfence brought another document",
        Standing::FirstSeen => "an approved policy was edited before Ringfence had seen it",
    }
}

fn set_default(policy: &PolicyArn, version: &str) -> String {
    format!("aws iam set-default-policy-version --policy-arn {policy} --version-id {version}")
}
