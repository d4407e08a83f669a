use super::about_role::{links, role_facts, trigger_facts};
use super::email::moment;
use super::story::{Step, Story};
use super::{BoundaryFacts, DenialFacts, Finding, FindingId, Outcome, SCHEMA};
use crate::boundary_policy::Deployment;
use crate::denial::{BoundaryOwner, BoundarySays, Certainty, DenialVerdict, Denials, Grant, Guards, Remedy};
use crate::names::{FunctionArn, PolicyArn, Region};
use crate::record::RoleRecord;
use crate::settings::{Mode, Settings};
use crate::severity::Severity;
use crate::snapshot::Role;
use crate::trigger::{Change, Subject, Trigger};
use jiff::{SignedDuration, Timestamp};

const MOST_FUNCTIONS: usize = 50;

/// How long the exemption of the example lasts.
const EXEMPT_FOR: SignedDuration = SignedDuration::from_hours(24 * 30);

/// What no denial of which is ever told.
const NEVER_TOLD: &str = "Calls on data (objects of S3, items of DynamoDB, Invoke …) are never told this way: that nothing is told \
                          does not mean that nothing was cut.";

/// What the finding about calls that a boundary refused is made from.
#[derive(Debug, Clone, Copy)]
pub struct AboutDenial<'a> {
    /// The role, as it is now.
    pub role: &'a Role,
    /// Its boundary now.
    pub boundary: &'a PolicyArn,
    /// The refused calls, of one action on one day.
    pub denials: &'a Denials,
    /// What is to be said of them.
    pub verdict: &'a DenialVerdict,
    /// What the ledger knows of the role.
    pub record: Option<&'a RoleRecord>,
    /// What the installation asks for.
    pub settings: &'a Settings,
    /// What the shipped boundaries depend on.
    pub deployment: &'a Deployment,
    /// The mode in force: nothing is written in either.
    pub mode: Mode,
    /// Where Ringfence runs.
    pub region: &'a str,
    /// The table of the ledger: where an operator puts an exemption.
    pub ledger_table: &'a str,
    /// The time of the run.
    pub now: Timestamp,
}

impl AboutDenial<'_> {
    /// The finding.
    #[must_use]
    pub fn finding(&self, id: FindingId) -> Finding {
        let Self { role, denials, boundary, .. } = *self;
        let trigger = self.trigger();
        let action = &denials.first.refusal.action;
        let story = self.story();
        Finding {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION"),
            mode: self.mode,
            id,
            problem: format!("{}/{}/role-rights", role.arn.account(), role.id),
            resolves: Vec::new(),
            time: denials.since,
            contained_at: None,
            account: role.arn.account().clone(),
            region: self.region.to_owned(),
            severity: self.severity(),
            title: format!("The boundary denied {action} to {}", role.arn.name()),
            summary: story.summary(),
            outcome: Outcome::Denied,
            reason: self.reason(),
            role: Some(role_facts(role, &self.settings.owner_tag_keys)),
            functions: self.functions(),
            trigger: trigger_facts(&trigger),
            source: None,
            breaches: Vec::new(),
            doubts: Vec::new(),
            analyzer: Vec::new(),
            boundary: BoundaryFacts { before: Some(boundary.clone()), after: Some(boundary.clone()) },
            impact: None,
            denial: Some(self.facts()),
            proposal: None,
            undo: None,
            fix: None,
            links: links(Outcome::Denied, role, &trigger, self.region_of_call()),
            story,
        }
    }

    /// CloudTrail shows an event where its call was made.
    fn region_of_call(&self) -> &str {
        self.denials.first.region.as_ref().map_or(self.region, Region::as_str)
    }

    /// Ringfence's code never makes a call that it has no right to: there somebody has to look soon.
    fn severity(&self) -> Severity {
        match self.verdict.owner {
            BoundaryOwner::RingfencesOwn => Severity::High,
            BoundaryOwner::Baseline | BoundaryOwner::Strict | BoundaryOwner::Admins => Severity::Low,
        }
    }

    fn trigger(&self) -> Trigger {
        let call = &self.denials.first;
        Trigger {
            event: call.event.clone(),
            event_id: call.event_id.clone(),
            time: call.time,
            subject: Subject::Role(self.role.arn.name().clone()),
            change: Change::Look,
            caller: call.caller.clone(),
            source: None,
        }
    }

    /// The function that probably called comes first, where the ledger knows it with the role.
    fn functions(&self) -> Vec<FunctionArn> {
        let known = self.record.map(|record| &record.functions);
        let mut functions: Vec<FunctionArn> = known.into_iter().flatten().cloned().collect();
        let session = self.denials.first.caller.session.as_deref();
        functions.sort_by_key(|function| Some(function.name()) != session);
        functions.truncate(MOST_FUNCTIONS);
        functions
    }

    fn facts(&self) -> DenialFacts {
        let Denials { first, since, until, count } = self.denials;
        let statements = match &self.verdict.says {
            BoundarySays::Denies { statements, .. } => statements.clone(),
            BoundarySays::AllowsNowhere
            | BoundarySays::AllowsElsewhere
            | BoundarySays::AllowsByNow
            | BoundarySays::Gone
            | BoundarySays::NotUnderstood => Vec::new(),
        };
        DenialFacts {
            action: first.refusal.action.as_str().to_owned(),
            kind: first.refusal.kind,
            resource: first.refusal.resource.clone(),
            statements,
            dangerous: self.verdict.guards.is_some(),
            granted: self.verdict.granted,
            function: first.function().map(str::to_owned),
            at_least: *count,
            first: *since,
            last: *until,
            remedies: self.verdict.remedies.clone(),
        }
    }

    fn reason(&self) -> String {
        self.because(self.denials.first.refusal.action.as_str())
    }

    /// Why `what` was refused.
    fn because(&self, what: &str) -> String {
        let name = self.boundary.name();
        match &self.verdict.says {
            BoundarySays::Denies { statements, certainty } => match (certainty, statements.as_slice()) {
                (Certainty::Certain, [statement]) => format!("statement {statement} of {name} denies {what}"),
                (Certainty::Certain, statements) => {
                    format!("statements {} of {name} deny {what}", statements.join(", "))
                }
                (Certainty::OneOfThem, statements) => format!(
                    "one of the statements {} of {name} denies {what}, depending on what the call is about",
                    statements.join(", ")
                ),
            },
            BoundarySays::AllowsNowhere => format!("no statement of {name} allows {what}"),
            BoundarySays::AllowsElsewhere => {
                format!("{name} allows {what} on other resources or under other conditions only")
            }
            BoundarySays::AllowsByNow => format!("AWS says so, but {name} allows {what} by now"),
            BoundarySays::Gone => format!("{name} does not exist any more, so it refuses everything"),
            BoundarySays::NotUnderstood => {
                format!("AWS says so; what {name} says could not be understood")
            }
        }
    }

    fn story(&self) -> Story {
        let Denials { first, since, until, count } = self.denials;
        let action = &first.refusal.action;
        let times = match count {
            1 => String::new(),
            count if since == until => format!(", at least {count} times"),
            count => format!(", at least {count} times until {}", moment(*until)),
        };
        let about = first.refusal.resource.as_ref().filter(|resource| *resource != "*");
        let found = [
            Some(format!("The boundary refused {action}{times}: {}.", self.because("it"))),
            self.verdict.guards.map(|guards| format!("With it somebody could {}.", guarded(guards))),
            about.map(|resource| format!("It was about {resource}, in AWS's words.")),
            first.function().map(|function| format!("Function {function} probably made the call.")),
        ];
        let granted = match self.verdict.granted {
            Grant::Yes => " The role's own policies grant it.",
            Grant::No => {
                " The role's own policies do not grant it either, so another boundary alone would not help: AWS names one reason only."
            }
            Grant::Unknown => "",
        };
        Story {
            found: found.into_iter().flatten().collect::<Vec<_>>().join(" "),
            done: "Changed nothing. More of the same is not told again today (UTC).".to_owned(),
            effect: format!("The call failed; what is allowed works as before.{granted} {NEVER_TOLD}"),
            next: self.next(),
            ..Story::default()
        }
    }

    fn next(&self) -> Vec<Step> {
        let DenialVerdict { granted, remedies, .. } = self.verdict;
        let opens = remedies.contains(&Remedy::Exemption);
        let doubt = (opens && *granted == Grant::No)
            .then(|| Step::words("Ask first whether the function needs it at all: nobody has granted it."));
        doubt.into_iter().chain(remedies.iter().flat_map(|remedy| self.steps(*remedy))).collect()
    }

    fn steps(&self, remedy: Remedy) -> Vec<Step> {
        let Deployment { allowed_pass_role, allowed_assume_role, .. } = self.deployment;
        match remedy {
            Remedy::NoneByDesign => vec![Step::words(
                "The boundary is there to refuse this, and no setting opens it. If nobody meant the call, find out what makes \
                 it. If it is needed, give that work a role of its own that is no function's.",
            )],
            Remedy::AllowPassingRoles => vec![Step::line(
                "If the function has to pass a role, allow that one, in place of ROLE; it counts for all functions, and whoever may \
                 pass a role can use its rights",
                self.deploy("AllowedPassRoleArns", allowed_pass_role, &self.named("role/ROLE")),
            )],
            Remedy::AllowAssumingRoles => vec![Step::line(
                "If the function has to assume a role of this account, allow that one, in place of ROLE; it counts for all functions",
                self.deploy("AllowedAssumeRoleArns", allowed_assume_role, &self.named("role/ROLE")),
            )],
            Remedy::BaselineForThisRole => self.steps_to_baseline(),
            Remedy::ApproveAnotherBoundary => vec![Step::line(
                "Or write a wider boundary for it, approve that in place of BOUNDARY, and name it in the role's template",
                self.deploy("ApprovedBoundaryArns", &self.approved(), &self.named("policy/BOUNDARY")),
            )],
            Remedy::WidenThatBoundary => vec![Step::words(format!(
                "Whoever wrote {} can allow it there. Ringfence tells that edit as boundary-edited, with the line that approves it.",
                self.boundary.name()
            ))],
            Remedy::Exemption => vec![Step::line(
                "Or somebody answers for the role: an operator puts an exemption and, where Ringfence put the boundary, takes it off \
                 with the undo line of that finding",
                self.exemption(),
            )],
            Remedy::BringTheBoundaryBack => vec![Step::words(
                "A role whose boundary's policy is gone may do nothing at all. Make the policy anew; one of Ringfence's comes back \
                 with a deployment of its stack.",
            )],
            Remedy::AllowedByNow => vec![Step::words(
                "Nothing: the boundary allows it by now. If it is refused again, the boundary was changed back.",
            )],
            Remedy::LookIntoRingfence => vec![
                Step::words(
                    "Ringfence never makes this call. Find out whether somebody changed the function's code or role, then deploy the \
                     stack again.",
                ),
                Step::line(
                    "Who changed the code last",
                    format!(
                        "aws cloudtrail lookup-events --region {} --max-results 5 --lookup-attributes \
                         AttributeKey=EventName,AttributeValue=UpdateFunctionCode20150331v2",
                        self.region
                    ),
                ),
            ],
        }
    }

    fn steps_to_baseline(&self) -> Vec<Step> {
        let wider = self.boundary.as_str().replace("/ringfence-strict-", "/ringfence-baseline-");
        let approve = (!self.approved().contains(&wider)).then(|| {
            Step::line(
                "If the function needs it, approve the wider profile baseline beside strict",
                self.deploy("ApprovedBoundaryArns", &self.approved(), &wider),
            )
        });
        let put = Step::line(
            "Then give it to this role alone, and name it in the role's template",
            format!(
                "aws iam put-role-permissions-boundary --role-name {} --permissions-boundary {wider}",
                self.role.arn.name()
            ),
        );
        approve.into_iter().chain([put]).collect()
    }

    fn approved(&self) -> Vec<String> {
        self.settings.approved.iter().map(ToString::to_string).collect()
    }

    /// An ARN of IAM in the role's account.
    fn named(&self, resource: &str) -> String {
        format!("arn:{}:iam::{}:{resource}", self.role.arn.partition(), self.role.arn.account())
    }

    /// A parameter that is a list is set as a whole: what it has stays.
    fn deploy(&self, parameter: &str, present: &[String], more: &str) -> String {
        let all: Vec<&str> = present.iter().map(String::as_str).chain([more]).collect();
        format!("sam deploy --region {} --parameter-overrides {parameter}={}", self.region, all.join(","))
    }

    fn exemption(&self) -> String {
        let until = self.now.saturating_add(EXEMPT_FOR).unwrap_or(self.now).strftime("%Y-%m-%dT00:00:00Z");
        let (role, id) = (self.role.arn.name(), &self.role.id);
        format!(
            "aws dynamodb put-item --region {} --table-name {} --item '{{\"pk\":{{\"S\":\"exemption\"}},\"sk\":{{\"S\":\"{role}\"}},\
             \"role_id\":{{\"S\":\"{id}\"}},\"owner\":{{\"S\":\"WHO ANSWERS FOR IT\"}},\"reason\":{{\"S\":\"WHY\"}},\
             \"expires_at\":{{\"S\":\"{until}\"}}}}'",
            self.region, self.ledger_table
        )
    }
}

fn guarded(guards: Guards) -> &'static str {
    match guards {
        Guards::Shipped(denial) => denial.in_words(),
        Guards::MoreRights(how) => how,
    }
}
