use super::about_role::{event_link, role_facts};
use super::story::{Step, Story};
use super::{
    BoundaryFacts, BreachFacts, Finding, FindingId, Links, Outcome, RoleFacts, SCHEMA, TriggerFacts,
};
use crate::analyzer::{self, Question};
use crate::assess::{Breach, Evidence};
use crate::exposure::{Behind, Exposure, Opening, Way};
use crate::names::{AccountId, FunctionArn, RoleArn};
use crate::settings::{Mode, Settings};
use crate::severity::Severity;
use crate::trigger::ExposureChange;
use jiff::Timestamp;

/// More openings are counted and not listed: a finding has to fit into a message.
const MOST_OPENINGS: usize = 20;

/// More are listed below the first lines and not in them.
const MOST_FOUND: usize = 3;

/// More dangers, or statements that stay, say nothing new.
const MOST_DANGERS: usize = 3;
const MOST_KEPT: usize = 6;

/// What a finding about an open function is made from.
#[derive(Debug, Clone, Copy)]
pub struct AboutExposure<'a> {
    /// What is open.
    pub exposure: &'a Exposure,
    /// The role behind it.
    pub behind: &'a Behind,
    /// What set it off.
    pub change: &'a ExposureChange,
    /// What the installation asks for.
    pub settings: &'a Settings,
    /// The account that is guarded.
    pub account: &'a AccountId,
    /// Where Ringfence runs.
    pub region: &'a str,
    /// The mode in force: nothing is changed in either.
    pub mode: Mode,
    /// The time of the run, for events that tell none.
    pub now: Timestamp,
}

impl AboutExposure<'_> {
    /// What to ask Access Analyzer for a finding about the function.
    #[must_use]
    pub fn questions(&self) -> Vec<Question> {
        analyzer::of_function(self.settings.analyzer, self.exposure.function())
    }

    /// The finding that tells to whom the function is open.
    #[must_use]
    pub fn exposed(&self, id: FindingId) -> Finding {
        let name = self.function().name();
        let first = self.exposure.openings().first();
        let severity = self.exposure.severity(self.behind).unwrap_or(Severity::Info);
        let title = first.map_or_else(
            || format!("Who may call function {name} cannot be told"),
            |opening| format!("Function {name} is open to {}", opening.who),
        );
        let reason = match first.map(|opening| opening.way) {
            None => "its resource policy could not be understood",
            Some(Way::Url) => "its URL asks for no signature, and its resource policy lets everyone call it",
            Some(Way::Statement) => {
                "its resource policy lets in who is not of this account, without a condition that closes it"
            }
        };
        let story = Story {
            found: self.found(),
            effect: format!(
                "{} A boundary does not close this: it caps what the role may do, not who may call the function.",
                self.effect()
            ),
            done: "Ringfence changed nothing: who is meant to call the function, only its owner knows."
                .to_owned(),
            next: self.next(),
            ..Story::default()
        };
        Finding {
            summary: summary(&story),
            breaches: self.breaches(),
            doubts: self.doubts(),
            ..self.finding(id, Outcome::Exposed, severity, title, reason, story)
        }
    }

    /// The finding that closes the earlier ones about the function.
    #[must_use]
    pub fn closed(&self, id: FindingId, resolves: Vec<FindingId>) -> Finding {
        let name = self.function().name();
        let ids: Vec<&str> = resolves.iter().map(FindingId::as_str).collect();
        let story = Story {
            found: format!("Nothing is left of what was told about who may call {name}."),
            done: format!("Closed {}.", ids.join(", ")),
            effect: "Callers that only the openings let in are refused.".to_owned(),
            next: vec![Step::words(format!("Close the ticket of problem {}.", self.problem()))],
            is_over: true,
            ..Story::default()
        };
        let title = format!("Function {name} is closed to strangers again");
        let reason = "no URL and no statement lets in a stranger any more";
        Finding { resolves, ..self.finding(id, Outcome::Resolved, Severity::Info, title, reason, story) }
    }

    fn function(&self) -> &FunctionArn {
        &self.exposure.function().arn
    }

    fn problem(&self) -> String {
        format!("{}/{}/exposure", self.account, self.function())
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
        let (change, function) = (self.change, self.function());
        let role = match self.behind {
            Behind::Judged(snapshot, _) => Some(role_facts(&snapshot.role, &self.settings.owner_tag_keys)),
            Behind::Missing(_) | Behind::Unreadable { .. } | Behind::Untold => None,
        };
        let boundary = match self.behind {
            Behind::Judged(snapshot, _) => snapshot.role.boundary.clone(),
            Behind::Missing(_) | Behind::Unreadable { .. } | Behind::Untold => None,
        };
        Finding {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION"),
            mode: self.mode,
            id,
            problem: self.problem(),
            resolves: Vec::new(),
            time: change.time.unwrap_or(self.now),
            contained_at: None,
            account: self.account.clone(),
            region: self.region.to_owned(),
            severity,
            title,
            summary: story.summary(),
            outcome,
            reason: reason.to_owned(),
            functions: vec![function.clone()],
            trigger: trigger_facts(change),
            source: None,
            breaches: Vec::new(),
            doubts: Vec::new(),
            analyzer: Vec::new(),
            boundary: BoundaryFacts { before: boundary.clone(), after: boundary },
            impact: None,
            denial: None,
            proposal: None,
            undo: None,
            fix: None,
            links: self.links(outcome, role.as_ref()),
            role,
            story,
        }
    }

    fn links(&self, outcome: Outcome, role: Option<&RoleFacts>) -> Links {
        let in_console = self.function().as_str().starts_with("arn:aws:");
        Links {
            role: role
                .filter(|_| in_console)
                .map(|role| format!("https://console.aws.amazon.com/iam/home#/roles/details/{}", role.name)),
            // The call was made in the function's Region.
            event: event_link(in_console, &self.change.event_id, self.change.time, self.function().region()),
            report: None,
            runbook: Some(outcome.runbook()),
        }
    }

    fn found(&self) -> String {
        let openings = self.exposure.openings();
        let mut sentences: Vec<String> = openings.iter().take(MOST_FOUND).map(in_words).collect();
        match openings.len().saturating_sub(MOST_FOUND) {
            0 => {}
            1 => sentences.push("There is one more way in.".to_owned()),
            more => sentences.push(format!("There are {more} more ways in.")),
        }
        if self.exposure.doubts().next().is_some() {
            sentences
                .push("A resource policy could not be understood: count on it that it is open.".to_owned());
        }
        sentences.join(" ")
    }

    /// What a caller gets at.
    fn effect(&self) -> String {
        let unknown = |role: &RoleArn, why: &str| format!("Its role {} {why}.", role.name());
        match self.behind {
            Behind::Judged(snapshot, _) => {
                let role = snapshot.role.arn.name();
                let dangers: Vec<String> = self.behind.dangers().take(MOST_DANGERS).map(danger).collect();
                let more = match self.behind.dangers().count().saturating_sub(MOST_DANGERS) {
                    0 => String::new(),
                    more => format!("; {more} more"),
                };
                if dangers.is_empty() {
                    return format!(
                        "Whoever calls it has its code run as role {role}, which may now do nothing that weighs MEDIUM or more."
                    );
                }
                format!(
                    "Whoever calls it has its code run as role {role}. What that may lead to now: {}{more}.",
                    dangers.join("; ")
                )
            }
            Behind::Missing(role) => {
                unknown(role, "does not exist, so its code can do nothing in the account")
            }
            Behind::Unreadable { role, .. } => {
                unknown(role, "could not be read, so what a caller gets at is not known")
            }
            Behind::Untold => "Which role it has, Lambda does not tell.".to_owned(),
        }
    }

    /// What closes it, all of it, and what stays.
    fn next(&self) -> Vec<Step> {
        let openings = self.exposure.openings();
        let mut steps = Vec::new();
        let mut known = std::collections::BTreeSet::new();
        for closing in openings.iter().take(MOST_OPENINGS).flat_map(|opening| &opening.closings) {
            match &closing.line {
                Some(line) if known.insert(line) => steps.push(Step::line(&closing.what, line)),
                Some(_) => {}
                None => steps.push(Step::words(format!("{}.", closing.what))),
            }
        }
        if openings.len() > MOST_OPENINGS {
            steps.push(Step::words(format!(
                "Then look at the other {} ways in.",
                openings.len().saturating_sub(MOST_OPENINGS)
            )));
        }
        if self.exposure.doubts().next().is_some() {
            steps.push(Step::words("Read the resource policy that could not be understood, and mend it."));
        }
        if openings.iter().any(|opening| opening.way == Way::Statement) {
            steps.push(Step::words(
                "Where the caller is meant, first add the permission again under another id, with the condition that is \
                 missing.",
            ));
        }
        steps.extend(self.stays().map(Step::words));
        steps
    }

    /// Who else may call the function when all is closed, by statement.
    fn stays(&self) -> Option<String> {
        let kept = self.exposure.kept();
        let shown = kept.iter().take(MOST_KEPT).cloned().collect::<Vec<_>>().join(", ");
        let more = match kept.len().saturating_sub(MOST_KEPT) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        (!kept.is_empty()).then(|| format!("What else the policy allows stays: statements {shown}{more}."))
    }

    fn breaches(&self) -> Vec<BreachFacts> {
        self.exposure.breaches(self.behind).into_iter().map(|breach| self.facts(breach)).collect()
    }

    /// With each way in, and not only the first few, as evidence, and each line as remedy.
    fn facts(&self, breach: Breach) -> BreachFacts {
        let ways = || {
            let all = self.exposure.openings().iter().take(MOST_OPENINGS);
            all.filter(|opening| opening.way.check() == breach.check)
        };
        let lines: Vec<&str> = ways()
            .flat_map(|opening| &opening.closings)
            .filter_map(|closing| closing.line.as_deref())
            .collect();
        let evidence: Vec<Evidence> = ways().map(|opening| opening.evidence.clone()).collect();
        let remedy = if lines.is_empty() { breach.remedy } else { lines.join(" && ") };
        BreachFacts {
            check: breach.check,
            severity: breach.severity,
            capped: false,
            summary: super::about_role::shortened(&breach.summary),
            evidence,
            remedy,
        }
    }

    fn doubts(&self) -> Vec<String> {
        let of_role = match self.behind {
            Behind::Unreadable { role, why } => Some(format!("role {role}: it could not be read: {why}")),
            Behind::Missing(role) => Some(format!("role {role}: it does not exist")),
            Behind::Judged(..) | Behind::Untold => None,
        };
        let doubts = self.exposure.doubts().map(str::to_owned).chain(of_role);
        doubts.take(MOST_OPENINGS).map(|doubt| super::about_role::shortened(&doubt)).collect()
    }
}

/// One line to paste is part of it. More would run into each other: they are the remedies of the breaches.
fn summary(story: &Story) -> String {
    let lines = story.next.iter().filter(|step| step.line.is_some()).count();
    if lines <= 1 {
        return story.summary();
    }
    let words = story.next.iter().filter(|step| step.line.is_none()).cloned();
    let run = Step::words(format!(
        "The remedies of the breaches are {lines} lines for a shell that close it, all of them together."
    ));
    Story { next: std::iter::once(run).chain(words).collect(), ..story.clone() }.summary()
}

/// `Statement public of alias live: anybody with an AWS account may do …`.
fn in_words(opening: &Opening) -> String {
    let place = crate::exposure::place(opening.qualifier.as_ref());
    match opening.way {
        Way::Url => {
            format!("Anybody on the internet may call its URL{place}: {}.", opening.evidence.detail)
        }
        Way::Statement => {
            format!("Statement {}{place}: {}.", opening.evidence.statement, opening.evidence.detail)
        }
    }
}

fn danger(breach: &Breach) -> String {
    let severity = breach.now.unwrap_or(breach.severity);
    format!("{} ({severity} {})", breach.summary, breach.check)
}

fn trigger_facts(change: &ExposureChange) -> TriggerFacts {
    let caller = &change.caller;
    TriggerFacts {
        event: change.event.as_str().to_owned(),
        event_id: change.event_id.clone(),
        principal: caller.principal.clone(),
        session: caller.session.clone(),
        source_ip: caller.source_ip.clone(),
        user_agent: caller.user_agent.clone(),
        via: caller.tool.as_str(),
    }
}
