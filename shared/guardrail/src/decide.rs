//! The decision table of the design: what should be done about a role.

mod remediation;

pub use remediation::Remediation;

use crate::assess::{Assessment, BoundaryReading};
use crate::boundary_relation::BoundaryRelation;
use crate::exemption::Exemption;
use crate::finding::Outcome;
use crate::names::{PolicyArn, RoleArn};
use crate::record::{Enforced, Intent, RoleRecord};
use crate::settings::{Mode, ReplaceWider, Settings, SharedTrust};
use crate::severity::Severity;
use crate::snapshot::Role;
use crate::trigger::{Change, Trigger};
use crate::trust::Trust;
use jiff::Timestamp;

/// Everything that a decision goes by, besides the assessment.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// Fresh from IAM.
    pub role: &'a Role,
    /// What the ledger knows of this very role (same id), if anything.
    pub record: &'a RoleRecord,
    /// Why it is looked at.
    pub trigger: &'a Trigger,
    /// What the installation asks for.
    pub settings: &'a Settings,
    /// Whether anything may be written: the mode in force.
    pub mode: Mode,
    /// The exemption that covers the role, if one does.
    pub exemption: Option<&'a Exemption>,
    /// When Ringfence was installed: roles made later are new.
    pub installed_at: Timestamp,
    /// The time of the decision: an operator's undo holds a role for a while.
    pub now: Timestamp,
    /// Whether the role's boundary, where it is ours or approved, says what it should.
    pub boundary_document: BoundaryDocument,
}

/// What an accepted boundary says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BoundaryDocument {
    /// What was shipped or approved; or nobody compared it, because the role has none that could be.
    AsApproved,
    /// Something else. That is told about the policy, not about each role that has it.
    Edited,
}

/// What should be done about a role.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// The role is none of Ringfence's business.
    Nothing(Untouched),
    /// All is well; nobody is told.
    Compliant,
    /// Tell, change nothing.
    Report(Report),
    /// Put the boundary. Only [`decide`] and [`resume`] make one, and the writer demands it.
    Remediate(Remediation),
}

/// Why a role is left alone without a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Untouched {
    /// Lambda cannot assume it.
    NotAnExecutionRole,
    /// A service-linked or reserved role: AWS alone can change it.
    ManagedByAws,
}

/// A finding without a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The finding's word.
    pub outcome: Outcome,
    /// Why, in one sentence.
    pub reason: String,
}

/// How far a decision got.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Nothing more is needed.
    Decided(Decision),
    /// The role's policies must be read first.
    AssessFirst,
}

/// Decides as far as `GetRole` and the ledger allow, so that containment waits for nothing that it does not need.
#[must_use]
pub fn decide_at_first_sight(case: &Case<'_>) -> Step {
    row(case, None)
}

/// Decides with the whole role read.
#[must_use]
pub fn decide(case: &Case<'_>, assessment: &Assessment) -> Decision {
    match row(case, Some(assessment)) {
        Step::Decided(decision) => decision,
        // INVARIANT: `row` asks for an assessment only where it was given none.
        Step::AssessFirst => Decision::Compliant,
    }
}

/// Takes up the write of an intent that its author did not finish, as long as the role is still the one that it
/// was recorded for, still as it was then, and the mode still allows it.
#[must_use]
pub fn resume(intent: &Intent, case: &Case<'_>) -> Option<Remediation> {
    let same_target =
        case.settings.boundary == intent.boundary_after && case.role.boundary == intent.boundary_before;
    let still_ours_to_change = Trust::of(case.role).admits_lambda(was_seen_with_a_function(case))
        && !is_managed_by_aws(&case.role.arn)
        && never_changed(case.role, case.settings).is_none()
        && case.exemption.is_none();
    let held = case.record.hold(case.now).is_some();
    (same_target && still_ours_to_change && !held && case.mode == Mode::Enforce)
        .then(|| Remediation::new(case, intent.outcome, intent.reason.clone()))
}

/// The first row of the design's table that fits.
fn row(case: &Case<'_>, assessment: Option<&Assessment>) -> Step {
    let Case { role, settings, .. } = case;
    let trust = Trust::of(role);
    if !trust.admits_lambda(was_seen_with_a_function(case)) {
        return Step::Decided(Decision::Nothing(Untouched::NotAnExecutionRole));
    }
    if is_managed_by_aws(&role.arn) {
        return Step::Decided(Decision::Nothing(Untouched::ManagedByAws));
    }
    if let Some(why) = never_changed(role, settings) {
        return with(assessment, |assessment| report_breaches(assessment, why));
    }
    if let Some(exemption) = case.exemption {
        return with(assessment, |assessment| exempt(exemption, assessment));
    }
    match &role.boundary {
        Some(boundary) if settings.accepts(boundary) => {
            with(assessment, |assessment| role_with_accepted_boundary(case, boundary, assessment))
        }
        Some(_) => with(assessment, |assessment| role_with_another_boundary(case, &trust, assessment)),
        None if had_ours(case) => {
            let reason =
                "Ringfence's ledger says that this role had its boundary, and now it has none".to_owned();
            Step::Decided(enforce(case, Enforced::Restored, reason))
        }
        None => match left_alone(case, &trust) {
            Some(report) => Step::Decided(report),
            None => role_without_boundary(case, assessment),
        },
    }
}

/// A role that others may assume too, where `EnforceSharedTrust` does not cover it.
fn left_alone(case: &Case<'_>, trust: &Trust) -> Option<Decision> {
    let others = trust.others();
    (!others.is_empty() && !covers_shared_trust(case)).then(|| {
        report(
            Outcome::Reported,
            format!(
                "the role can also be assumed by {}, and EnforceSharedTrust leaves such a role alone",
                others.join(", ")
            ),
        )
    })
}

/// Rows for a boundary that is neither ours nor approved.
fn role_with_another_boundary(case: &Case<'_>, trust: &Trust, assessment: &Assessment) -> Decision {
    let relation = assessment.relation().unwrap_or(BoundaryRelation::Unknown);
    if had_ours(case) && relation != BoundaryRelation::WithinOurs {
        let reason = "Ringfence's ledger says that this role had its boundary, and now it has another one that is not \
                      within it"
            .to_owned();
        return enforce(case, Enforced::Restored, reason);
    }
    if relation == BoundaryRelation::WithinOurs {
        let reason =
            "the role has a boundary of its own, and all that it allows Ringfence's allows too".to_owned();
        return report(Outcome::Kept, reason);
    }
    if let Some(report) = left_alone(case, trust) {
        return report;
    }
    let reported = |why: &str| report(Outcome::Reported, why.to_owned());
    match relation {
        BoundaryRelation::CapsNothing => {
            enforce(case, Enforced::Replaced, "the role had a boundary that caps nothing".to_owned())
        }
        BoundaryRelation::Wider if case.settings.replace_wider == ReplaceWider::Yes => enforce(
            case,
            Enforced::Replaced,
            "the role had a boundary that is wider than Ringfence's, and ReplaceWider is on".to_owned(),
        ),
        BoundaryRelation::Wider => reported(
            "the role has a boundary that is wider than Ringfence's and not approved, and Ringfence does not overwrite it",
        ),
        BoundaryRelation::Apart | BoundaryRelation::Unknown | BoundaryRelation::WithinOurs => reported(
            "the role has a boundary that is neither Ringfence's nor approved nor within Ringfence's, and Ringfence does \
             not overwrite it",
        ),
    }
}

fn role_without_boundary(case: &Case<'_>, assessment: Option<&Assessment>) -> Step {
    let settings = case.settings;
    if is_new(case) {
        let reason = "the role is new and had no permissions boundary".to_owned();
        if settings.enforce_at == Severity::Info {
            return Step::Decided(enforce(case, Enforced::Bounded, reason));
        }
        return with(assessment, |assessment| {
            if assessment.enforcement_severity() >= settings.enforce_at {
                enforce(
                    case,
                    Enforced::Bounded,
                    format!("{reason}, and its breaches reach {}", settings.enforce_at),
                )
            } else {
                would_bound(format!(
                    "the role is new, but its breaches do not reach EnforceAt {}",
                    settings.enforce_at
                ))
            }
        });
    }
    with(assessment, |assessment| {
        let reaches = assessment.enforcement_severity() >= settings.enforce_existing_at;
        match (what_changed(case), reaches) {
            (Some(what), true) => enforce(
                case,
                Enforced::Bounded,
                format!(
                    "{what}, it had no permissions boundary, and what it can do reaches {}",
                    settings.enforce_existing_at
                ),
            ),
            (Some(what), false) => would_bound(format!(
                "{what}, but what the role can do does not reach EnforceExistingAt {}",
                settings.enforce_existing_at
            )),
            (None, _) => would_bound(
                "the role is older than Ringfence, and this event changed none of its rights".to_owned(),
            ),
        }
    })
}

/// Rows for a role that has our boundary or an approved one.
fn role_with_accepted_boundary(case: &Case<'_>, boundary: &PolicyArn, assessment: &Assessment) -> Decision {
    if had_ours(case) && *boundary != case.settings.boundary && assessment.is_boundary_gone() {
        let reason = "Ringfence's ledger says that this role had its boundary, and now it has one whose policy is gone";
        return enforce(case, Enforced::Restored, reason.to_owned());
    }
    if case.boundary_document == BoundaryDocument::Edited {
        let reason = "the document of the role's boundary is not the one that was shipped or approved";
        return report(Outcome::BoundaryEdited, reason.to_owned());
    }
    bounded_role(assessment)
}

fn bounded_role(assessment: &Assessment) -> Decision {
    if assessment.boundary() == BoundaryReading::InDoubt {
        return report(Outcome::Reported, "the role's boundary could not be understood".to_owned());
    }
    let (with, without) = (assessment.severity_now(), assessment.severity_without_boundary());
    if with >= Some(Severity::High) {
        let reason = "something dangerous stays possible although the role has its boundary".to_owned();
        report(Outcome::Reported, reason)
    } else if without >= Some(Severity::Medium) && without > with {
        report(Outcome::Contained, "the role's boundary takes away what its policies would allow".to_owned())
    } else if with >= Some(Severity::Medium) {
        let reason = "the role has its boundary; what is reported is allowed under it".to_owned();
        report(Outcome::Reported, reason)
    } else {
        Decision::Compliant
    }
}

/// What is merely worth knowing makes no finding by itself: nearly every role has some of it.
fn report_breaches(assessment: &Assessment, why: String) -> Decision {
    if assessment.severity() > Some(Severity::Info) {
        report(Outcome::Reported, why)
    } else {
        Decision::Compliant
    }
}

fn exempt(exemption: &Exemption, assessment: &Assessment) -> Decision {
    if assessment.severity() > Some(Severity::Info) {
        report(Outcome::Exempt, exemption.in_words())
    } else {
        Decision::Compliant
    }
}

fn report(outcome: Outcome, reason: String) -> Decision {
    Decision::Report(Report { outcome, reason })
}

fn would_bound(reason: String) -> Decision {
    report(Outcome::WouldBound, reason)
}

fn enforce(case: &Case<'_>, outcome: Enforced, reason: String) -> Decision {
    if let Some(undone) = case.record.hold(case.now) {
        let until = undone.hold_until;
        return report(
            Outcome::Reported,
            format!(
                "{reason}, and it stays so until {until}, because `{}` took Ringfence's boundary away",
                undone.by
            ),
        );
    }
    match case.mode {
        Mode::Enforce => Decision::Remediate(Remediation::new(case, outcome, reason)),
        Mode::Observe => report(outcome.observed(), format!("{reason}; Ringfence only observes")),
    }
}

fn with(assessment: Option<&Assessment>, decide: impl FnOnce(&Assessment) -> Decision) -> Step {
    assessment.map_or(Step::AssessFirst, |assessment| Step::Decided(decide(assessment)))
}

/// Service-linked and reserved roles cannot be changed by their account
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html>).
#[must_use]
pub fn is_managed_by_aws(role: &RoleArn) -> bool {
    ["/aws-service-role/", "/aws-reserved/"].iter().any(|path| role.path().starts_with(path))
}

fn never_changed(role: &Role, settings: &Settings) -> Option<String> {
    if settings.own_roles.contains(&role.arn) {
        Some("the role belongs to Ringfence itself and is never changed by it".to_owned())
    } else if settings.protected.contains(&role.arn) {
        Some("the role is on the list of protected roles (`ProtectedRoles`)".to_owned())
    } else {
        None
    }
}

/// Whether the ledger's last word is that the role had our boundary.
fn had_ours(case: &Case<'_>) -> bool {
    case.record.had(&case.settings.boundary)
}

/// Lets a role whose trust policy is not understood count as an execution role.
fn was_seen_with_a_function(case: &Case<'_>) -> bool {
    let Case { trigger, record, .. } = case;
    trigger.change.function().is_some() || !record.functions.is_empty() || record.bounded_with.is_some()
}

fn covers_shared_trust(case: &Case<'_>) -> bool {
    match case.settings.shared_trust {
        SharedTrust::Off => false,
        SharedTrust::New => is_new(case),
        SharedTrust::All => true,
    }
}

fn is_new(case: &Case<'_>) -> bool {
    is_new_role(case.role, case.installed_at)
}

/// Whether a role is *new*: created after the installation, or never used. Any other is *existing* (design, "Decisions").
#[must_use]
pub fn is_new_role(role: &Role, installed_at: Timestamp) -> bool {
    role.created > installed_at || role.last_used.is_none()
}

/// How the event gave an existing role more than it had, if it did.
fn what_changed(case: &Case<'_>) -> Option<String> {
    match &case.trigger.change {
        Change::Rights => Some("the role's rights were changed".to_owned()),
        Change::BoundaryDeleted | Change::BoundaryPut(_) => {
            Some("the role's boundary was changed".to_owned())
        }
        Change::GivenTo(function) if !case.record.functions.contains(function) => {
            Some(format!("the role was given to function `{}`", function.name()))
        }
        Change::Swept => Some("the sweep came by the role, which is older than Ringfence".to_owned()),
        Change::GivenTo(_) | Change::NothingOf(_) | Change::Look => None,
    }
}
