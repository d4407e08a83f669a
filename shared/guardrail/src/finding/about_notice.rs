use super::email::capitalised;
use super::story::{Step, Story};
use super::{BoundaryFacts, Finding, FindingId, Links, Outcome, SCHEMA, TriggerFacts};
use crate::names::AccountId;
use crate::notice::{Notice, NoticeKind, NoticedItem};
use crate::settings::Mode;
use jiff::Timestamp;

/// What there was no call for: an operator wrote into the ledger, or a time came.
const EVENT: &str = "Settings";

/// More items are counted, not named.
const MOST_NAMES: usize = 20;

/// What the finding about something that an operator did is made from. It is about no role.
#[derive(Debug, Clone)]
pub struct AboutNotice<'a> {
    /// What is told.
    pub notice: &'a Notice,
    /// From the record of what was told.
    pub id: FindingId,
    /// The account that is guarded.
    pub account: &'a AccountId,
    /// Where Ringfence runs.
    pub region: &'a str,
    /// The mode in force.
    pub mode: Mode,
    /// The time of the run.
    pub now: Timestamp,
    /// The table of the ledger: where an operator mends it.
    pub ledger_table: &'a str,
}

impl AboutNotice<'_> {
    /// The finding.
    #[must_use]
    pub fn finding(self) -> Finding {
        let (title, story) = (title(self.notice), self.story());
        let (problem, reason) = self.problem_and_reason();
        Finding {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION"),
            mode: self.mode,
            id: self.id,
            problem,
            resolves: Vec::new(),
            time: self.now,
            contained_at: None,
            account: self.account.clone(),
            region: self.region.to_owned(),
            severity: self.notice.kind.severity(),
            title,
            summary: story.summary(),
            outcome: Outcome::Notice,
            reason,
            role: None,
            functions: Vec::new(),
            trigger: TriggerFacts {
                event: EVENT.to_owned(),
                event_id: String::new(),
                principal: self.notice.by.clone(),
                session: None,
                source_ip: None,
                user_agent: None,
                via: "unknown",
            },
            source: None,
            breaches: Vec::new(),
            doubts: Vec::new(),
            analyzer: Vec::new(),
            boundary: BoundaryFacts { before: None, after: None },
            impact: None,
            denial: None,
            proposal: None,
            undo: None,
            fix: None,
            links: Links { role: None, event: None, runbook: Some(Outcome::Notice.runbook()), report: None },
            story,
        }
    }

    /// A ticket for each item; one for all of a kind where there are many.
    fn problem_and_reason(&self) -> (String, String) {
        match self.notice.items.as_slice() {
            [item] => {
                let (pk, sk) = (item.key.pk(), item.key.sk());
                let problem = format!("{}/{}/ringfence", self.account, item.key.as_str());
                (problem, format!("what the ledger's item `{pk}`/`{sk}` counts for changed"))
            }
            items => {
                let pk = items.first().map_or("settings", |item| item.key.pk());
                let problem = format!("{}/{pk}/ringfence", self.account);
                (problem, format!("what {} of the ledger's items `{pk}` count for changed", items.len()))
            }
        }
    }

    /// What it says, what that means, what can be done.
    fn story(&self) -> Story {
        Story {
            found: self.details(),
            effect: self.meaning().to_owned(),
            next: self.next(),
            is_over: self.is_over(),
            ..Story::default()
        }
    }

    /// Whether it tells the end of something that an earlier notice told under the same problem.
    fn is_over(&self) -> bool {
        matches!(
            self.notice.kind,
            NoticeKind::KillSwitchOver
                | NoticeKind::GroundMended
                | NoticeKind::ServiceControlMended
                | NoticeKind::ExemptionExpired
                | NoticeKind::ExemptionDeleted
                | NoticeKind::ExemptionCleared
        )
    }

    fn details(&self) -> String {
        match self.notice.items.as_slice() {
            [item] if item.detail.is_empty() => String::new(),
            [item] => format!("{}.", capitalised(&item.detail)),
            items => {
                let names: Vec<&str> = items.iter().take(MOST_NAMES).map(|item| item.name.as_str()).collect();
                let more = match items.len().saturating_sub(names.len()) {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                format!("They are: {}{more}.", names.join(", "))
            }
        }
    }

    fn meaning(&self) -> &'static str {
        match self.notice.kind {
            NoticeKind::KillSwitchOn => {
                "Until then Ringfence writes nothing to IAM and says in each finding what it would have done; after that it \
                 enforces again by itself, at the next event of each role. An operator's undo goes through as usual."
            }
            NoticeKind::KillSwitchIdle => "The template says Mode=observe, so that it changes nothing.",
            NoticeKind::KillSwitchOver => {
                "Roles that were only told about meanwhile are decided about at their next event."
            }
            NoticeKind::KillSwitchInvalid => "It counts for nothing as it is.",
            NoticeKind::BudgetExhausted => {
                "Further roles in use wait in the review queue and are looked at again with the next hour; new roles and lost \
                 boundaries never wait."
            }
            NoticeKind::ExemptionNew | NoticeKind::ExemptionChanged => {
                "Covered roles are told about and not changed."
            }
            NoticeKind::GroundMissing => {
                "What it was to see or do is not seen or done as deployed, so roles may stay open until the next sweep."
            }
            NoticeKind::GroundMended => {
                "What happened meanwhile is found by the next sweep, unless it was undone by then."
            }
            NoticeKind::ServiceControlUnusable => {
                "The posture report shows what roles could do without service control policies, which may be more than they can. \
                 Nothing else changes: no boundary is decided by them."
            }
            NoticeKind::ServiceControlMended => "The next posture report says what is counted in.",
            NoticeKind::GenerationRefused => {
                "No smaller policies are proposed until that is mended; it is tried again every six hours. Nothing else changes."
            }
            NoticeKind::GenerationMended => "Smaller policies are proposed again, for the worst roles first.",
            NoticeKind::ExemptionInvalid => {
                "It counts for nothing: covered roles are treated like any other."
            }
            NoticeKind::ExemptionEnding => {
                "After that, covered roles are treated like any other from their next event on."
            }
            NoticeKind::ExemptionExpired | NoticeKind::ExemptionDeleted => {
                "Covered roles are treated like any other from their next event on."
            }
            NoticeKind::ExemptionCleared => "It counted for nothing, so nothing changes.",
            NoticeKind::ExemptionsOverflow => {
                "There are more exemptions than Ringfence tells one by one, and something among those beyond that number \
                 changed."
            }
            NoticeKind::ApprovedNoted => {
                "What this boundary says now is what later edits of it are compared with."
            }
            NoticeKind::ApprovedAnew => {
                "What this boundary says now counts as approved from here on, and later edits are compared with that."
            }
            NoticeKind::ApprovedDeleted => {
                "Whatever this boundary says when Ringfence next sees it will count as approved."
            }
            NoticeKind::UndoRequested => {
                "Nothing is undone until somebody invokes ringfence-undo-remediation for the role."
            }
            NoticeKind::UndoOfAllRequested => {
                "Each invocation of ringfence-undo-remediation with \"all\" takes back what Ringfence did to further roles, \
                 until every role has what it had before."
            }
            NoticeKind::UndoRefused => {
                "The role stays as it is, and the request stays in the ledger until it is carried out, put anew or deleted."
            }
            NoticeKind::UndoInvalid => "Nothing was done.",
        }
    }

    fn next(&self) -> Vec<Step> {
        match self.notice.kind {
            NoticeKind::KillSwitchOn => self.delete("Enforce again at once"),
            NoticeKind::KillSwitchInvalid => vec![Step::words(
                "The item needs `value` observe, `by`, `reason` and `expires_at`, a time like 2026-11-23T10:00:00Z at most 24 \
                 hours ahead; one that reaches further begins to count when 24 hours are left. Put it again as the README says, \
                 or delete it.",
            )],
            NoticeKind::BudgetExhausted => vec![Step::words(
                "If a deployment gave many roles dangerous rights by mistake, stop it. If the changes are wanted, nothing has to \
                 be done.",
            )],
            NoticeKind::GroundMissing => vec![
                Step::words(
                    "Find out who changed it, and deploy the stack again; what CloudFormation takes for unchanged, set back by hand.",
                ),
                Step::line(
                    "A rule that is only switched off is back at once with",
                    format!("aws events enable-rule --region {} --name NAME", self.region),
                ),
                Step::words(
                    "A trail has to log the management events that write, in this Region and of global services; a trail of \
                     all Regions does. Without one Ringfence sees no call.",
                ),
            ],
            NoticeKind::ServiceControlUnusable => vec![Step::words(
                "Export them again with operations/export_scps.py and put the file in its place, as docs/organization.md says, or \
                 delete it.",
            )],
            NoticeKind::GenerationRefused => vec![
                Step::words(
                    "Compare the trail and the role in PolicyGenerationRoleArn with what docs/policy-generation.md says they need, \
                     and look whether a service control policy refuses access-analyzer:StartPolicyGeneration or iam:PassRole.",
                ),
                Step::line(
                    "Then try it at once with",
                    format!(
                        "aws lambda invoke --region {} --function-name ringfence-suggest-policy --cli-binary-format \
                         raw-in-base64-out --payload '{{\"role\":\"ROLE\"}}' /dev/stdout",
                        self.region
                    ),
                ),
            ],
            NoticeKind::ExemptionNew | NoticeKind::ExemptionChanged => {
                self.delete("Delete it if it should not be there")
            }
            NoticeKind::ExemptionInvalid => vec![Step::words(
                "An exemption needs `owner`, `reason` and `expires_at`, a time like 2026-12-31T00:00:00Z at most a year ahead; \
                 `checks` is a list of check names, `max_severity` one of INFO to CRITICAL. Put it again, or delete it.",
            )],
            NoticeKind::ExemptionEnding => {
                vec![Step::words("If it is still needed, put it again with a later `expires_at`.")]
            }
            NoticeKind::ExemptionExpired => self.delete("Delete what expired"),
            NoticeKind::ExemptionsOverflow => vec![Step::line(
                "See all of them",
                format!(
                    "aws dynamodb query --region {} --table-name {} --key-condition-expression 'pk = :pk' \
                     --expression-attribute-values '{{\":pk\":{{\"S\":\"exemption\"}}}}'",
                    self.region, self.ledger_table
                ),
            )],
            NoticeKind::UndoRequested => self.delete("Take the request back"),
            NoticeKind::UndoOfAllRequested => self.delete("Stop that"),
            NoticeKind::UndoInvalid => {
                vec![Step::words("Put the request again with the undo line of the finding, or delete it.")]
            }
            NoticeKind::KillSwitchIdle
            | NoticeKind::KillSwitchOver
            | NoticeKind::GroundMended
            | NoticeKind::ServiceControlMended
            | NoticeKind::GenerationMended
            | NoticeKind::ExemptionDeleted
            | NoticeKind::ExemptionCleared
            | NoticeKind::ApprovedNoted
            | NoticeKind::ApprovedAnew
            | NoticeKind::ApprovedDeleted
            | NoticeKind::UndoRefused => Vec::new(),
        }
    }

    /// A step with the line that takes the item away, where there is such a line.
    fn delete(&self, what: &str) -> Vec<Step> {
        match self.delete_line().as_str() {
            "" => Vec::new(),
            line => vec![Step::line(what, line)],
        }
    }

    /// Takes the item away; nothing where there are many, or its key might mean something to a shell.
    fn delete_line(&self) -> String {
        let [NoticedItem { key, .. }] = self.notice.items.as_slice() else { return String::new() };
        let (pk, sk) = (key.pk(), key.sk());
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-/*?:".contains(c);
        if !sk.chars().all(is_plain) {
            return String::new();
        }
        format!(
            "aws dynamodb delete-item --region {} --table-name {} --key '{{\"pk\":{{\"S\":\"{pk}\"}},\"sk\":{{\"S\":\"{sk}\"}}}}'",
            self.region, self.ledger_table
        )
    }
}

fn title(notice: &Notice) -> String {
    let one = match notice.items.as_slice() {
        [item] => Some(item.name.as_str()),
        _ => None,
    };
    let count = notice.items.len();
    let exemption = |is: &str, are: &str| match one {
        Some(name) => format!("Exemption {name} {is}"),
        None => format!("{count} exemptions {are}"),
    };
    let approved = |what: &str| {
        let name = one.and_then(|arn| arn.rsplit('/').next()).unwrap_or_default();
        format!("Approved boundary {name} {what}")
    };
    let role = one.unwrap_or_default();
    match notice.kind {
        NoticeKind::KillSwitchOn => "Kill switch on, Ringfence enforces nothing".to_owned(),
        NoticeKind::KillSwitchIdle => "Kill switch on, in observe mode anyway".to_owned(),
        NoticeKind::KillSwitchOver => "Kill switch over".to_owned(),
        NoticeKind::KillSwitchInvalid => "Kill switch not valid, it counts for nothing".to_owned(),
        NoticeKind::BudgetExhausted => "Change budget used up, roles in use wait".to_owned(),
        NoticeKind::GroundMissing => "A part of Ringfence is missing, switched off or changed".to_owned(),
        NoticeKind::GroundMended => "Ringfence is whole again".to_owned(),
        NoticeKind::ServiceControlUnusable => "Service control policies are not counted".to_owned(),
        NoticeKind::ServiceControlMended => "Service control policies are in order again".to_owned(),
        NoticeKind::GenerationRefused => "AWS refuses to generate policies for proposals".to_owned(),
        NoticeKind::GenerationMended => "Policies for proposals are generated again".to_owned(),
        NoticeKind::ExemptionNew => exemption("is new", "are new"),
        NoticeKind::ExemptionChanged => exemption("changed", "changed"),
        NoticeKind::ExemptionInvalid => {
            exemption("is not valid and counts for nothing", "are not valid and count for nothing")
        }
        NoticeKind::ExemptionEnding => exemption("ends within a week", "end within a week"),
        NoticeKind::ExemptionExpired => exemption("expired", "expired"),
        NoticeKind::ExemptionDeleted => exemption("was deleted", "were deleted"),
        NoticeKind::ExemptionCleared => {
            exemption("was deleted, it was not valid", "were deleted, they were not valid")
        }
        NoticeKind::ExemptionsOverflow => "Changes among many exemptions".to_owned(),
        NoticeKind::ApprovedNoted => approved("was noted"),
        NoticeKind::ApprovedAnew => approved("was approved anew"),
        NoticeKind::ApprovedDeleted => approved("is to be approved anew"),
        NoticeKind::UndoRequested => format!("Undo requested for {role}"),
        NoticeKind::UndoOfAllRequested => "Undo requested for all roles".to_owned(),
        NoticeKind::UndoRefused => format!("Undo refused for {role}"),
        NoticeKind::UndoInvalid => format!("Undo request not valid for {role}"),
    }
}
