//! A finding in the AWS Security Finding Format, for Security Hub
//! (<https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_AwsSecurityFinding.html>).
//!
//! One *problem* is one finding of Security Hub: `Id` is made from [`Finding::problem`], so what becomes of the problem later updates
//! what is there, and `resolved` archives it. The id of our own finding, which differs with each outcome, stands in `ProductFields`.
//!
//! Security Hub ignores an update whose `UpdatedAt` is before the one it has, and wants the time of the update there; the time of the
//! triggering call would lose what arrives out of order. `CreatedAt` has to equal it when the record is made, and nobody remembers here
//! whether it was, so both are the time of the import. When the call was made is `LastObservedAt`
//! (<https://docs.aws.amazon.com/securityhub/latest/userguide/finding-update-batchimportfindings.html>,
//! <https://docs.aws.amazon.com/securityhub/latest/userguide/asff-required-attributes.html>).
//!
//! `Workflow` and `Note` belong to whoever investigates, `Compliance` to Security Hub's own controls: they are left alone. A problem
//! that comes back is `ACTIVE` again, and Security Hub then sets its workflow back to `NEW` by itself.

mod batches;
mod resources;
mod text;

pub use batches::{LARGEST_BATCH, LARGEST_FINDING, MOST_FINDINGS, batches};
pub use resources::{Details, FunctionDetails, PermissionsBoundary, PolicyDetails, Resource, RoleDetails};

use super::email::capitalised;
use super::{Finding, Outcome};
use crate::severity::Severity;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;
use text::{line, timestamp, whole_line};

const ID_LIMIT: usize = 512;
const TITLE_LIMIT: usize = 256;
const DESCRIPTION_LIMIT: usize = 1_024;
const RECOMMENDATION_LIMIT: usize = 512;
const PRODUCT_FIELD_LIMIT: usize = 2_048;
const URL_LIMIT: usize = 512;

/// A finding of Security Hub. Every text is one line, not blank and within its limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Asff {
    /// Of the format.
    pub schema_version: &'static str,
    /// The problem's.
    pub id: String,
    /// Of the account's own integration, which every account with Security Hub has.
    pub product_arn: String,
    /// Ringfence's.
    pub product_name: &'static str,
    /// Shown beside the product.
    pub company_name: &'static str,
    /// The kind of the problem.
    pub generator_id: String,
    /// The guarded account.
    pub aws_account_id: String,
    /// What customers may overrule.
    pub finding_provider_fields: ProviderFields,
    /// See the module.
    pub created_at: String,
    /// See the module.
    pub updated_at: String,
    /// When the triggering call was made.
    pub last_observed_at: String,
    /// One line.
    pub title: String,
    /// What a person can act on.
    pub description: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remediation: Option<Remediation>,
    /// The role in the console, or the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_url: Option<String>,
    /// What the format has no place for.
    pub product_fields: BTreeMap<&'static str, String>,
    /// The role and its functions, the policy, or the account.
    pub resources: Vec<Resource>,
    /// Whether anything is left of the problem.
    pub record_state: RecordState,
}

/// Severity and types, as the finding's provider sees them: a customer may have set others above them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ProviderFields {
    /// In Security Hub's words and in ours.
    pub severity: ProviderSeverity,
    /// `namespace/category/classifier`, with the check as classifier
    /// (<https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format-type-taxonomy.html>).
    pub types: Vec<String>,
}

/// A severity in Security Hub's words and in ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ProviderSeverity {
    /// Security Hub's.
    pub label: &'static str,
    /// Ours.
    pub original: &'static str,
}

/// What to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Remediation {
    /// The one way that is recommended.
    pub recommendation: Recommendation,
}

/// One way to mend it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Recommendation {
    /// In words.
    pub text: String,
    /// In more words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// Whether a finding is to be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RecordState {
    /// It is.
    Active,
    /// It is over: hidden, and deleted after a while.
    Archived,
}

impl RecordState {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Archived => "ARCHIVED",
        }
    }
}

impl Finding {
    /// The finding for Security Hub. `partition` is AWS's (`aws`, `aws-cn` …), `now` the time of the import.
    #[must_use]
    pub fn asff(&self, partition: &str, now: Timestamp) -> Asff {
        let account = self.account.as_str();
        Asff {
            schema_version: "2018-10-08",
            id: text::id(&format!("ringfence/{}", self.problem), ID_LIMIT),
            product_arn: format!(
                "arn:{partition}:securityhub:{}:{account}:product/{account}/default",
                self.region
            ),
            product_name: "Ringfence",
            company_name: "Ringfence",
            generator_id: line(&format!("ringfence/{}", self.kind()), ID_LIMIT),
            aws_account_id: account.to_owned(),
            finding_provider_fields: ProviderFields {
                severity: ProviderSeverity { label: label(self.severity), original: self.severity.as_str() },
                types: self.types(),
            },
            created_at: timestamp(now),
            updated_at: timestamp(now),
            last_observed_at: timestamp(self.time.min(now)),
            title: line(&self.title, TITLE_LIMIT),
            description: line(&self.summary, DESCRIPTION_LIMIT),
            remediation: self.remediation(),
            source_url: self
                .links
                .role
                .as_ref()
                .or(self.links.event.as_ref())
                .and_then(|url| whole_line(url, URL_LIMIT)),
            product_fields: self.product_fields(),
            resources: resources::of(self, partition),
            record_state: if self.outcome == Outcome::Resolved || self.story.is_over {
                RecordState::Archived
            } else {
                RecordState::Active
            },
        }
    }

    /// The last part of the problem: `role-rights`, `boundary-policy` …
    fn kind(&self) -> &str {
        self.problem.rsplit('/').next().unwrap_or_default()
    }

    fn types(&self) -> Vec<String> {
        const CHECKS: &str = "Software and Configuration Checks/AWS Security Best Practices";
        let mut types = vec![CHECKS.to_owned()];
        types.extend(self.breaches.iter().map(|breach| format!("{CHECKS}/{}", breach.check)));
        if matches!(self.outcome, Outcome::Restored | Outcome::BoundaryEdited) {
            types.push("TTPs/Defense Evasion".to_owned());
        }
        let mut known = std::collections::BTreeSet::new();
        types.retain(|a_type| known.insert(a_type.clone()));
        types
    }

    /// What to do about the worst breach, and how to keep the boundary over the next deployment.
    fn remediation(&self) -> Option<Remediation> {
        // The first of the worst.
        let worst = self.breaches.iter().rev().max_by_key(|breach| breach.severity);
        let remedy = worst.map(|breach| format!("{}.", capitalised(breach.remedy.trim_end_matches('.'))));
        let keep = self.fix.as_ref().map(|fix| {
            format!("To keep the boundary, add to the role in its template: {}", fix.cloudformation)
        });
        let words: Vec<&str> = remedy
            .as_deref()
            .into_iter()
            .chain(keep.as_deref())
            .filter(|words| !words.trim().is_empty())
            .collect();
        (!words.is_empty()).then(|| Remediation {
            recommendation: Recommendation {
                text: line(&words.join(" "), RECOMMENDATION_LIMIT),
                url: self.links.runbook.as_ref().and_then(|url| whole_line(url, URL_LIMIT)),
            },
        })
    }

    fn product_fields(&self) -> BTreeMap<&'static str, String> {
        let trigger = &self.trigger;
        let checks: Vec<String> = self
            .breaches
            .iter()
            .map(|breach| {
                format!(
                    "{} {}{}",
                    breach.check,
                    breach.severity,
                    if breach.capped { " closed by the boundary" } else { "" }
                )
            })
            .collect();
        let resolves: Vec<&str> = self.resolves.iter().map(|id| id.as_str()).collect();
        let arn = |arn: &Option<crate::names::PolicyArn>| arn.as_ref().map(|arn| arn.as_str().to_owned());
        let fields = [
            ("ringfence/finding", Some(self.id.as_str().to_owned())),
            ("ringfence/problem", Some(self.problem.clone())),
            ("ringfence/outcome", Some(self.outcome.to_string())),
            ("ringfence/mode", Some(self.mode.as_str().to_owned())),
            ("ringfence/reason", Some(self.reason.clone())),
            ("ringfence/version", Some(self.version.to_owned())),
            ("ringfence/checks", Some(checks.join(", "))),
            ("ringfence/resolves", Some(resolves.join(", "))),
            ("ringfence/contained-at", self.contained_at.map(timestamp)),
            ("ringfence/boundary-before", arn(&self.boundary.before)),
            ("ringfence/boundary-after", arn(&self.boundary.after)),
            ("ringfence/owner", self.role.as_ref().and_then(|role| role.owner.clone())),
            ("ringfence/trigger", Some(trigger.event.clone())),
            ("ringfence/event-id", Some(trigger.event_id.clone())),
            ("ringfence/principal", trigger.principal.clone()),
            ("ringfence/source-ip", trigger.source_ip.clone()),
            ("ringfence/via", Some(trigger.via.to_owned())),
        ];
        // Half a command is worse than none.
        let undo = self.undo.as_ref().and_then(|undo| whole_line(undo, PRODUCT_FIELD_LIMIT));
        fields
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.filter(|value| !value.trim().is_empty())?)))
            .map(|(name, value)| (name, line(&value, PRODUCT_FIELD_LIMIT)))
            .chain(undo.map(|undo| ("ringfence/undo", undo)))
            .collect()
    }
}

/// Security Hub's word for INFO is longer.
fn label(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "INFORMATIONAL",
        Severity::Low | Severity::Medium | Severity::High | Severity::Critical => severity.as_str(),
    }
}
