//! What is true of a role: its breaches, and what could not be understood.

use crate::administrator::Administrator;
use crate::boundary_relation::BoundaryRelation;
use crate::check_id::CheckId;
use crate::checks::{CHECKS, FUNCTION_CHECKS, Grade, Hit};
use crate::function::{ExecutionRole, Function};
use crate::names::{FunctionArn, RoleArn};
use crate::severity::Severity;
use crate::snapshot::{Boundary, Cap, Document, RoleSnapshot};
use crate::view::{Documents, View};
use iam_policy::{ActionName, Policy};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A verdict over all policies of one role. Making it cannot fail: what is not understood is a doubt.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    breaches: Vec<Breach>,
    doubts: Vec<String>,
    boundary: BoundaryReading,
    unaccepted: Option<Unaccepted>,
    administrator: Administrator,
}

/// A boundary that is neither ours nor approved, and ours. They are compared when somebody asks: that takes as long as
/// all checks together, and few decisions hang on it.
#[derive(Debug, Clone, PartialEq)]
struct Unaccepted {
    theirs: Document,
    ours: Document,
}

/// Whether the role's boundary could be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BoundaryReading {
    /// There is none, or its document was understood or is known to be gone.
    Clear,
    /// Its document was not understood: nothing is known about what it cuts.
    InDoubt,
}

/// One check that hit.
#[derive(Debug, Clone, PartialEq)]
pub struct Breach {
    /// Which check.
    pub check: CheckId,
    /// The severity shown: that of what is possible now or, where the boundary closes it, of what it closes.
    pub severity: Severity,
    /// What it weighs as the role is now; none where the boundary closes it.
    pub now: Option<Severity>,
    /// What it would weigh without a boundary; none for a check about the boundary itself.
    pub without_boundary: Option<Severity>,
    /// What the role can do.
    pub summary: String,
    /// Where that stands.
    pub evidence: Vec<Evidence>,
    /// What to do about it.
    pub remedy: String,
}

/// Where a breach stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Evidence {
    /// The policy's ARN, `inline:NAME`, `trust` or `boundary`.
    pub policy: String,
    /// The statement's Sid, or its index.
    pub statement: String,
    /// The deciding words.
    pub detail: String,
}

/// What is known around a role. What is not known makes no breach.
#[derive(Debug, Clone, Copy, Default)]
pub struct Surroundings<'a> {
    /// The service control policies of its account, by level, root first. None at all means that they are not known.
    pub service_control: &'a [Vec<Policy>],
    /// The functions that have the role.
    pub functions: &'a [Function],
    /// Whether the role's boundary is one of the accepted.
    pub approval: Approval,
    /// What Ringfence's boundary says, where another one is to be compared with it.
    pub ours: Option<&'a Document>,
    /// What ours was asked to leave open, and what is not held against it therefore.
    pub carve_outs: &'a [ActionName],
}

/// Whether a boundary is Ringfence's or approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Approval {
    /// That is not known, or there is no boundary.
    #[default]
    NotJudged,
    /// It is the one that Ringfence puts.
    Ours,
    /// It was approved beside that.
    Approved,
    /// It is neither.
    Unapproved,
}

impl Assessment {
    /// Judges the role by itself: as it is now, and as it would be without its boundary.
    #[must_use]
    pub fn of(role: &RoleSnapshot) -> Self {
        Self::within(role, &Surroundings::default())
    }

    /// The same with all that is known around the role.
    #[must_use]
    pub fn within(role: &RoleSnapshot, around: &Surroundings<'_>) -> Self {
        let has_boundary = matches!(role.boundary, Boundary::Attached { .. });
        let documents = Documents::of(role);
        let now = View::new(role, role.boundary.cap(), &documents, around);
        // Under no cap, both are the same.
        let without_boundary =
            (!matches!(now.cap, Cap::Nothing)).then(|| View::new(role, Cap::Nothing, &documents, around));
        let mut breaches: Vec<Breach> = CHECKS
            .iter()
            .filter_map(|check| {
                let found = (check.find)(&now);
                let without = without_boundary.as_ref().map_or_else(|| found.clone(), check.find);
                breach(check.id, Hits { now: found, without }, has_boundary)
            })
            .collect();
        breaches.extend(function_breaches(around.functions, &breaches));
        breaches.sort_by_key(|breach| std::cmp::Reverse(breach.severity));
        let boundary = match &role.boundary {
            Boundary::Attached { document: Document::NotUnderstood(_), .. } => BoundaryReading::InDoubt,
            Boundary::Absent | Boundary::Attached { .. } => BoundaryReading::Clear,
        };
        let mut doubts = doubts(role);
        doubts.extend(function_doubts(around.functions));
        let unaccepted = unaccepted(role, around);
        Self { breaches, doubts, boundary, unaccepted, administrator: Administrator::of(&now) }
    }

    /// The breaches, worst first.
    #[must_use]
    pub fn breaches(&self) -> &[Breach] {
        &self.breaches
    }

    /// What could not be understood, and where.
    #[must_use]
    pub fn doubts(&self) -> &[String] {
        &self.doubts
    }

    /// Whether the role is an administrator of its account now.
    #[must_use]
    pub fn administrator(&self) -> Administrator {
        self.administrator
    }

    /// Whether the policy of the role's boundary is gone.
    #[must_use]
    pub fn is_boundary_gone(&self) -> bool {
        self.breaches.iter().any(|breach| breach.check == CheckId::BoundaryDangling)
    }

    /// Whether the role's boundary could be judged.
    #[must_use]
    pub fn boundary(&self) -> BoundaryReading {
        self.boundary
    }

    /// How the role's boundary stands to ours; none, where it is ours or approved or there is none. Compared anew each
    /// time.
    #[must_use]
    pub fn relation(&self) -> Option<BoundaryRelation> {
        self.unaccepted.as_ref().map(|Unaccepted { theirs, ours }| BoundaryRelation::of(theirs, ours))
    }

    /// The worst of what is shown.
    #[must_use]
    pub fn severity(&self) -> Option<Severity> {
        self.breaches.iter().map(|breach| breach.severity).max()
    }

    /// The worst of what is possible now.
    #[must_use]
    pub fn severity_now(&self) -> Option<Severity> {
        self.breaches.iter().filter_map(|breach| breach.now).max()
    }

    /// The worst of what would be possible without a boundary.
    #[must_use]
    pub fn severity_without_boundary(&self) -> Option<Severity> {
        self.breaches.iter().filter_map(|breach| breach.without_boundary).max()
    }

    /// What counts towards `EnforceAt` and `EnforceExistingAt`: the worst possible now, where a mere lack of a
    /// boundary counts as INFO.
    #[must_use]
    pub fn enforcement_severity(&self) -> Severity {
        self.breaches
            .iter()
            .filter(|breach| breach.check != CheckId::BoundaryMissing)
            .filter_map(|breach| breach.now)
            .max()
            .unwrap_or(Severity::Info)
    }

    /// What a state is made of: each check with its severity without a boundary.
    #[must_use]
    pub fn state(&self) -> BTreeSet<(CheckId, Severity)> {
        self.breaches.iter().filter_map(|breach| Some((breach.check, breach.without_boundary?))).collect()
    }
}

/// The checks that still hit when `cap` is what the role has for a boundary, and where.
#[must_use]
pub fn possible_under(
    role: &RoleSnapshot,
    cap: Cap<'_>,
    functions: &[Function],
) -> BTreeMap<CheckId, Vec<Evidence>> {
    let documents = Documents::of(role);
    let around = Surroundings { functions, ..Surroundings::default() };
    let view = View::new(role, cap, &documents, &around);
    let of_functions = FUNCTION_CHECKS
        .iter()
        .filter_map(|check| (check.find)(functions).map(|hit| (check.id, hit.evidence)));
    let of_role = CHECKS.iter().filter_map(|check| (check.find)(&view).map(|hit| (check.id, hit.evidence)));
    of_role.chain(of_functions).collect()
}

fn unaccepted(role: &RoleSnapshot, around: &Surroundings<'_>) -> Option<Unaccepted> {
    match (&role.boundary, around.approval) {
        (Boundary::Absent, _) | (Boundary::Attached { .. }, Approval::Ours | Approval::Approved) => None,
        (Boundary::Attached { document, .. }, Approval::NotJudged | Approval::Unapproved) => {
            Some(Unaccepted {
                theirs: document.clone(),
                ours: around.ours.cloned().unwrap_or(Document::Gone),
            })
        }
    }
}

/// What a check found in a role as it is now, and as it would be without its boundary.
struct Hits {
    now: Option<Hit>,
    without: Option<Hit>,
}

fn breach(check: CheckId, hits: Hits, has_boundary: bool) -> Option<Breach> {
    let Hits { now, without } = hits;
    let (graded_now, graded_without) =
        (now.as_ref().map(|hit| hit.grade), without.as_ref().map(|hit| hit.grade));
    let Hit { grade, summary, evidence, remedy } = now.or(without)?;
    let weight_now = graded_now.map(|grade| severity(check, grade, Standing::Open, has_boundary));
    Some(Breach {
        check,
        severity: weight_now.unwrap_or_else(|| severity(check, grade, Standing::Capped, has_boundary)),
        now: weight_now,
        without_boundary: graded_without
            .filter(|_| !is_about_the_boundary(check))
            .map(|grade| severity(check, grade, Standing::Open, false)),
        summary,
        evidence,
        remedy,
    })
}

/// What the checks find in who may call a function. `of_role` is what its role breaches, nothing where the role is not known.
pub(crate) fn exposure_breaches(function: &Function, of_role: &[Breach]) -> Vec<Breach> {
    let mut breaches = function_breaches(std::slice::from_ref(function), of_role);
    breaches
        .retain(|breach| matches!(breach.check, CheckId::FunctionUrlPublic | CheckId::ResourcePolicyPublic));
    breaches
}

/// What the check of missing roles finds where these functions name a role that does not exist.
pub(crate) fn missing_role_breach(role: &RoleArn, functions: &[FunctionArn]) -> Option<Breach> {
    let naming = |function: &FunctionArn| Function {
        role: ExecutionRole::Missing(role.clone()),
        ..Function::named(function.clone())
    };
    let functions: Vec<Function> = functions.iter().map(naming).collect();
    function_breaches(&functions, &[]).into_iter().find(|breach| breach.check == CheckId::MissingRole)
}

/// What the checks of functions find. No boundary closes it, but what the role can do decides what it weighs.
fn function_breaches(functions: &[Function], of_role: &[Breach]) -> Vec<Breach> {
    let worst = |severity: fn(&Breach) -> Option<Severity>| of_role.iter().filter_map(severity).max();
    let (now, without) = (worst(|breach| breach.now), worst(|breach| breach.without_boundary));
    let graded = |hit: &Hit, privilege: Option<Severity>| Hit {
        grade: if privilege >= Some(Severity::High) { Grade::WayToDanger } else { hit.grade },
        ..hit.clone()
    };
    let found = FUNCTION_CHECKS.iter().filter_map(|check| Some((check.id, (check.find)(functions)?)));
    found
        .filter_map(|(id, hit)| {
            breach(id, Hits { now: Some(graded(&hit, now)), without: Some(graded(&hit, without)) }, false)
        })
        .collect()
}

/// Whether a boundary closes what a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// It is possible now.
    Open,
    /// It would be possible without the boundary.
    Capped,
}

/// The design's table of severities.
fn severity(check: CheckId, grade: Grade, standing: Standing, has_boundary: bool) -> Severity {
    let (open, capped) = match check {
        CheckId::TrustAnyPrincipal if has_boundary => (Severity::High, Severity::High),
        CheckId::PrivilegeEscalation if grade == Grade::OfItsOwnAccord => {
            (Severity::Critical, Severity::Medium)
        }
        CheckId::AdminAccess | CheckId::TrustAnyPrincipal => (Severity::Critical, Severity::Medium),
        CheckId::PrivilegeEscalation => (Severity::High, Severity::Medium),
        CheckId::PassRoleWildcard | CheckId::AssumeRoleWildcard => (Severity::High, Severity::Low),
        CheckId::BoundaryIneffective | CheckId::BoundaryDangling => (Severity::High, Severity::High),
        CheckId::FullAccessPolicy
        | CheckId::ServiceWildcard
        | CheckId::NotActionAllow
        | CheckId::NotResourceAllow
        | CheckId::DataExfiltration
        | CheckId::CredentialsExposure
        | CheckId::PermissionsManagement => (Severity::Medium, Severity::Low),
        CheckId::ResourcePolicyPublic => (Severity::High, Severity::High),
        CheckId::FunctionUrlPublic if grade == Grade::WayToDanger => (Severity::Critical, Severity::Critical),
        CheckId::FunctionUrlPublic | CheckId::TrustCrossAccount | CheckId::MissingRole => {
            (Severity::Medium, Severity::Medium)
        }
        CheckId::ResourceWildcard
        | CheckId::PolicyInvalid
        | CheckId::BoundaryMissing
        | CheckId::BoundaryUnapproved
        | CheckId::SharedRole
        | CheckId::TrustMultipleServices
        | CheckId::LoggingCut => (Severity::Low, Severity::Info),
        CheckId::TrustMissingSourceAccount | CheckId::EnvironmentKey => (Severity::Info, Severity::Info),
    };
    match standing {
        Standing::Open => open,
        Standing::Capped => capped,
    }
}

/// Every check with the severities that it can have if what it finds is possible now, and the one where only a boundary
/// closes it; none, if a boundary makes no difference.
pub fn severities() -> impl Iterator<Item = (CheckId, BTreeSet<Severity>, Option<Severity>)> {
    let ids = CHECKS.iter().map(|check| check.id).chain(FUNCTION_CHECKS.iter().map(|check| check.id));
    ids.map(|check| {
        let open = |grade, has_boundary| severity(check, grade, Standing::Open, has_boundary);
        let graded =
            [Grade::Usual, Grade::OfItsOwnAccord, Grade::WayToDanger].map(|grade| open(grade, false));
        let open = graded.into_iter().chain([open(Grade::Usual, true)]).collect::<BTreeSet<Severity>>();
        let capped = severity(check, Grade::Usual, Standing::Capped, true);
        let differs = !open.contains(&capped);
        (check, open, differs.then_some(capped))
    })
}

fn is_about_the_boundary(check: CheckId) -> bool {
    matches!(
        check,
        CheckId::BoundaryMissing
            | CheckId::BoundaryIneffective
            | CheckId::BoundaryDangling
            | CheckId::BoundaryUnapproved
    )
}

fn doubts(role: &RoleSnapshot) -> Vec<String> {
    let trust = std::iter::once(("trust".to_owned(), &role.role.trust));
    let policies = role.policies.iter().map(|policy| (policy.source.to_string(), &policy.document));
    let boundary = match &role.boundary {
        Boundary::Absent => None,
        Boundary::Attached { arn, document } => Some((format!("boundary {arn}"), document)),
    };
    trust
        .chain(policies)
        .chain(boundary)
        .filter_map(|(place, document)| match document {
            Document::Understood(policy) => {
                let unknown = policy.unknown_keys();
                (!unknown.is_empty()).then(|| {
                    format!(
                        "{place}: keys that IAM's language does not have: {}",
                        unknown.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
                    )
                })
            }
            Document::NotUnderstood(why) => Some(format!("{place}: {why}")),
            Document::Gone => Some(format!("{place}: the policy does not exist any more")),
        })
        .collect()
}

fn function_doubts(functions: &[Function]) -> impl Iterator<Item = String> {
    let entrances = functions
        .iter()
        .flat_map(|function| function.entrances.iter().map(move |entrance| (function, entrance)));
    entrances.filter_map(|(function, entrance)| match &entrance.policy {
        Some(Document::NotUnderstood(why)) => Some(format!("{}: {why}", function.entrance_arn(entrance))),
        Some(Document::Understood(_) | Document::Gone) | None => None,
    })
}
