use super::story::{Step, Story};
use super::{BoundaryFacts, BreachFacts, Finding, FindingId, Links, Outcome, SCHEMA, TriggerFacts};
use crate::assess::{Evidence, missing_role_breach};
use crate::exposure::ExposureSubject;
use crate::names::{AccountId, FunctionArn, RoleArn, RoleName};
use crate::report::grouped;
use crate::settings::Mode;
use crate::severity::Severity;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// More functions are counted and not listed: a finding has to fit into a message.
const MOST_LISTED: usize = 50;

/// More are named in the lines to paste and not in the first ones.
const MOST_NAMED: usize = 4;

/// One line for each Region: more do not fit into an e-mail.
const MOST_REGIONS: usize = 2;

/// Why a role that was told to be missing is not any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleOver {
    /// There is a role of that name and path.
    ExistsAgain,
    /// No function names it.
    Unnamed,
}

/// What a finding about a role that functions name and that does not exist is made from.
#[derive(Debug, Clone, Copy)]
pub struct AboutMissingRole<'a> {
    /// The role.
    pub role: &'a RoleArn,
    /// The functions that name it now; where none does, those that did.
    pub functions: &'a [FunctionArn],
    /// The account that is guarded.
    pub account: &'a AccountId,
    /// Where Ringfence runs.
    pub region: &'a str,
    /// The mode in force: nothing is changed in either.
    pub mode: Mode,
    /// The time of the run.
    pub now: Timestamp,
}

impl AboutMissingRole<'_> {
    /// The finding that tells that the role is missing.
    #[must_use]
    pub fn missing(&self, id: FindingId) -> Finding {
        let name = self.name();
        let breach = missing_role_breach(self.role, self.functions);
        let severity = breach.as_ref().map_or(Severity::Medium, |breach| breach.severity);
        let story = Story {
            found: format!("{} the role {}, and there is none.", self.those_that_name(), self.role),
            effect: format!(
                "Lambda cannot start {} any more. And whoever may create roles can make one called {name}, with a trust policy \
                 and rights of their choosing: Lambda then runs the code with it, without any change to the {}. There is \
                 nothing here that a boundary could be put on.",
                self.them(),
                self.noun(),
            ),
            done: format!(
                "Ringfence changed nothing: which role {} should have, only the owner knows.",
                if self.is_one() { "it" } else { "they" }
            ),
            next: self.next(),
            ..Story::default()
        };
        let breaches = breach.into_iter().map(|breach| BreachFacts {
            check: breach.check,
            severity: breach.severity,
            capped: false,
            summary: breach.summary,
            evidence: self.evidence(),
            remedy: self.lines().map(|(_, line)| line).collect::<Vec<_>>().join("; "),
        });
        let breaches = breaches.collect();
        let title = format!("The role {name} of {} does not exist", self.counted());
        let reason = "functions name a role that does not exist";
        Finding {
            summary: self.summary(&story),
            breaches,
            ..self.finding(id, Outcome::Exposed, severity, title, reason, story)
        }
    }

    /// The finding that closes the earlier ones about the role.
    #[must_use]
    pub fn over(&self, id: FindingId, over: RoleOver, resolves: Vec<FindingId>) -> Finding {
        let name = self.name();
        let ids: Vec<&str> = resolves.iter().map(FindingId::as_str).collect();
        let close = Step::words(format!("Close the ticket of problem {}.", self.problem()));
        let (title, reason, found, effect, next) = match over {
            RoleOver::ExistsAgain => (
                format!("The role {name} exists again"),
                "the role that functions name exists again",
                format!("There is a role {} again. {} it.", self.role, self.those_that_name()),
                format!(
                    "Lambda runs {} with what the role may do. Ringfence looked at it when it was made, as at every new role.",
                    self.them()
                ),
                vec![
                    Step::line(
                        "See who made it, and whether they were meant to",
                        self.who_called("CreateRole"),
                    ),
                    close,
                ],
            ),
            RoleOver::Unnamed => (
                format!("No function names the missing role {name} any more"),
                "no function names the role any more",
                format!("The functions that named {} have another role or are gone.", self.role),
                "A role of that name would be a role like any other.".to_owned(),
                vec![close],
            ),
        };
        let story = Story {
            found,
            effect,
            done: format!("Closed {}.", ids.join(", ")),
            next,
            is_over: true,
            ..Story::default()
        };
        Finding { resolves, ..self.finding(id, Outcome::Resolved, Severity::Info, title, reason, story) }
    }

    fn finding(
        &self,
        id: FindingId,
        outcome: Outcome,
        severity: Severity,
        title: String,
        reason: &str,
        story: Story,
    ) -> Finding {
        let story = Story { missing_role: Some(self.name().clone()), ..story };
        Finding {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION"),
            mode: self.mode,
            id,
            problem: self.problem(),
            resolves: Vec::new(),
            time: self.now,
            contained_at: None,
            account: self.account.clone(),
            region: self.region.to_owned(),
            severity,
            title,
            summary: story.summary(),
            outcome,
            reason: reason.to_owned(),
            role: None,
            functions: self.functions.iter().take(MOST_LISTED).cloned().collect(),
            trigger: TriggerFacts {
                event: "Sweep".to_owned(),
                event_id: String::new(),
                principal: None,
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
            links: Links { role: None, event: None, report: None, runbook: Some(outcome.runbook()) },
            story,
        }
    }

    fn name(&self) -> &RoleName {
        self.role.name()
    }

    fn problem(&self) -> String {
        format!("{}/{}/exposure", self.account, ExposureSubject::MissingRole(self.role))
    }

    /// `function orders`, or `3 functions`.
    fn counted(&self) -> String {
        match self.functions {
            [one] => format!("function {}", one.name()),
            several => format!("{} functions", count(several.len())),
        }
    }

    /// `Function orders names`, or `6 functions (orders, …, and 2 more) name`.
    fn those_that_name(&self) -> String {
        let [_, _, ..] = self.functions else {
            let name = self.functions.first().map_or("", FunctionArn::name);
            return format!("Function {name} names");
        };
        let named: Vec<&str> = self.functions.iter().take(MOST_NAMED).map(FunctionArn::name).collect();
        let more = match self.functions.len().saturating_sub(MOST_NAMED) {
            0 => String::new(),
            more => format!(" and {} more", count(more)),
        };
        format!("{} functions ({}{more}) name", count(self.functions.len()), named.join(", "))
    }

    fn is_one(&self) -> bool {
        self.functions.len() == 1
    }

    fn them(&self) -> &'static str {
        if self.is_one() { "it" } else { "them" }
    }

    fn noun(&self) -> &'static str {
        if self.is_one() { "function" } else { "functions" }
    }

    fn evidence(&self) -> Vec<Evidence> {
        let at = |function: &FunctionArn| Evidence {
            policy: function.to_string(),
            statement: String::new(),
            detail: format!("function {} in {} names {}", function.name(), function.region(), self.role),
        };
        self.functions.iter().take(MOST_LISTED).map(at).collect()
    }

    fn next(&self) -> Vec<Step> {
        let mut steps = vec![self.look()];
        let lines = self.lines().take(MOST_REGIONS);
        steps.extend(lines.map(|(region, line)| {
            let those = if self.is_one() { "it".to_owned() } else { format!("those in {region}") };
            Step::line(format!("Give {those} a role that exists"), line)
        }));
        match self.by_region().len().saturating_sub(MOST_REGIONS) {
            0 => {}
            1 => steps.push(Step::words("The line for one more Region is below, under To do.")),
            more => {
                steps.push(Step::words(format!("The lines for {more} more Regions are below, under To do.")))
            }
        }
        steps.extend(self.rest());
        steps
    }

    /// One line to paste is part of it, at its end. The others would run into it: they are the breach's remedy.
    fn summary(&self, story: &Story) -> String {
        let remedy =
            "The remedy of the breach has the lines for a shell that give the functions another role.";
        let next = std::iter::once(Step::words(remedy)).chain(self.rest()).chain([self.look()]).collect();
        Story { next, ..story.clone() }.summary()
    }

    fn look(&self) -> Step {
        Step::line("See who deleted it, and when", self.who_called("DeleteRole"))
    }

    /// What else can be done.
    fn rest(&self) -> Vec<Step> {
        let unlisted = self.functions.len().saturating_sub(MOST_LISTED);
        let unlisted = (unlisted > 0).then(|| {
            Step::words(format!("Then look at the {} functions that are not listed here.", count(unlisted)))
        });
        let delete = match self.functions {
            [one] => format!(
                "Or, where nobody needs it, delete it (aws lambda delete-function --region {} --function-name {}).",
                one.region(),
                one.name()
            ),
            _ => "Or delete the functions that nobody needs (aws lambda delete-function).".to_owned(),
        };
        let again = "Or make the role again by the template that it came from. Functions with environment variables may fail until \
                     their configuration is written once more: Lambda decrypts those for the role that is gone.";
        unlisted.into_iter().chain([Step::words(delete), Step::words(again)]).collect()
    }

    /// Who made this call about the role in the last 90 days. Events of IAM are in the home Region.
    fn who_called(&self, call: &str) -> String {
        let name = self.name();
        format!(
            "aws cloudtrail lookup-events --region {} --lookup-attributes \
             '[{{\"AttributeKey\":\"ResourceName\",\"AttributeValue\":\"{name}\"}}]' \
             --query \"Events[?EventName=='{call}'].[EventTime, Username, EventId]\" --output text",
            self.region
        )
    }

    fn by_region(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut regions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for function in self.functions.iter().take(MOST_LISTED) {
            regions.entry(function.region()).or_default().push(function.name());
        }
        regions
    }

    /// For each Region, the line that gives its functions another role. Names of functions mean nothing to a shell.
    fn lines(&self) -> impl Iterator<Item = (String, String)> {
        let give = |region: &str, function: &str| {
            format!(
                "aws lambda update-function-configuration --region {region} --function-name {function} --role 'ARN of a role that exists'"
            )
        };
        self.by_region().into_iter().map(move |(region, names)| {
            let line = match names.as_slice() {
                [one] => give(region, one),
                several => {
                    format!(
                        "for function in {}; do {}; done",
                        several.join(" "),
                        give(region, "\"$function\"")
                    )
                }
            };
            (region.to_owned(), line)
        })
    }
}

fn count(count: usize) -> String {
    grouped(u64::try_from(count).unwrap_or(u64::MAX))
}
