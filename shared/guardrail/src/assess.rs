//! What is true of a role: its breaches, and what could not be understood.

use crate::administrator::Administrator;
use crate::check_id::CheckId;
use crate::checks::{CHECKS, Grade, Hit};
use crate::severity::Severity;
use crate::snapshot::{Boundary, Cap, Document, RoleSnapshot};
use crate::view::{Documents, View};
use iam_policy::Policy;
use serde::Serialize;
use std::collections::BTreeSet;

/// A verdict over all policies of one role. Making it cannot fail: what is not understood is a doubt.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    breaches: Vec<Breach>,
    doubts: Vec<String>,
    boundary: BoundaryReading,
    administrator: Administrator,
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
pub struct Evidence {
    /// The policy's ARN, `inline:NAME`, `trust` or `boundary`.
    pub policy: String,
    /// The statement's Sid, or its index.
    pub statement: String,
    /// The deciding words.
    pub detail: String,
}

impl Assessment {
    /// Judges the role as it is now, and as it would be without its boundary.
    #[must_use]
    pub fn of(role: &RoleSnapshot) -> Self {
        Self::in_organization(role, &[])
    }

    /// The same under the service control policies of its account, by level, root first. None at all means that they
    /// are not known.
    #[must_use]
    pub fn in_organization(role: &RoleSnapshot, service_control: &[Vec<Policy>]) -> Self {
        let has_boundary = matches!(role.boundary, Boundary::Attached { .. });
        let documents = Documents::of(role);
        let now = View::new(role, role.boundary.cap(), &documents, service_control);
        let without_boundary = match now.cap {
            // Both are the same.
            Cap::Nothing => None,
            Cap::Policy(_) | Cap::Everything => {
                Some(View::new(role, Cap::Nothing, &documents, service_control))
            }
        };
        let mut breaches: Vec<Breach> = CHECKS
            .iter()
            .filter_map(|check| {
                let now = (check.find)(&now);
                let without = match &without_boundary {
                    Some(without_boundary) => (check.find)(without_boundary),
                    None => now.clone(),
                };
                let (graded_now, graded_without) =
                    (now.as_ref().map(|hit| hit.grade), without.as_ref().map(|hit| hit.grade));
                let Hit { grade, summary, evidence, remedy } = now.or(without)?;
                let severity = |grade, standing| severity(check.id, grade, standing, has_boundary);
                let weight_now = graded_now.map(|grade| severity(grade, Standing::Open));
                Some(Breach {
                    check: check.id,
                    severity: weight_now.unwrap_or_else(|| severity(grade, Standing::Capped)),
                    now: weight_now,
                    without_boundary: graded_without
                        .filter(|_| !is_about_the_boundary(check.id))
                        .map(|grade| self::severity(check.id, grade, Standing::Open, false)),
                    summary,
                    evidence,
                    remedy,
                })
            })
            .collect();
        breaches.sort_by_key(|breach| std::cmp::Reverse(breach.severity));
        let boundary = match &role.boundary {
            Boundary::Attached { document: Document::NotUnderstood(_), .. } => BoundaryReading::InDoubt,
            Boundary::Absent | Boundary::Attached { .. } => BoundaryReading::Clear,
        };
        Self { breaches, doubts: doubts(role), boundary, administrator: Administrator::of(&now) }
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

    /// Whether the role's boundary could be judged.
    #[must_use]
    pub fn boundary(&self) -> BoundaryReading {
        self.boundary
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

/// The checks that still hit when `cap` is what the role has for a boundary.
#[must_use]
pub fn possible_under(role: &RoleSnapshot, cap: Cap<'_>) -> BTreeSet<CheckId> {
    let documents = Documents::of(role);
    let view = View::new(role, cap, &documents, &[]);
    CHECKS.iter().filter(|check| (check.find)(&view).is_some()).map(|check| check.id).collect()
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
        CheckId::TrustCrossAccount => (Severity::Medium, Severity::Medium),
        CheckId::ResourceWildcard
        | CheckId::PolicyInvalid
        | CheckId::BoundaryMissing
        | CheckId::TrustMultipleServices => (Severity::Low, Severity::Info),
        CheckId::TrustMissingSourceAccount => (Severity::Info, Severity::Info),
    };
    match standing {
        Standing::Open => open,
        Standing::Capped => capped,
    }
}

/// Every check with the severities that it can have if what it finds is possible now, and the one where only a boundary
/// closes it; none, if a boundary makes no difference.
pub fn severities() -> impl Iterator<Item = (CheckId, BTreeSet<Severity>, Option<Severity>)> {
    CHECKS.iter().map(|check| {
        let open = |grade, has_boundary| severity(check.id, grade, Standing::Open, has_boundary);
        let open: BTreeSet<Severity> =
            [open(Grade::Usual, false), open(Grade::Usual, true), open(Grade::OfItsOwnAccord, false)].into();
        let capped = severity(check.id, Grade::Usual, Standing::Capped, true);
        let differs = !open.contains(&capped);
        (check.id, open, differs.then_some(capped))
    })
}

fn is_about_the_boundary(check: CheckId) -> bool {
    matches!(check, CheckId::BoundaryMissing | CheckId::BoundaryIneffective | CheckId::BoundaryDangling)
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
