//! What IAM Access Analyzer's policy generation answered.
//!
//! It goes by the management events of a trail, up to 90 days of them, and names actions for the services that it knows in such
//! detail (<https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-policy-generation.html>).

use super::Period;
use crate::names::RoleArn;
use iam_policy::{ActionElement, ActionName, ActionPattern, Effect, Policy};
use serde::{Deserialize, Serialize};

/// What Access Analyzer made of what a role did, or why there is nothing. Kept in the ledger from one day to the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Generated {
    /// The actions that it names.
    Policy(GeneratedPolicy),
    /// None, for this reason.
    Nothing(Ungenerated),
}

/// The actions that Access Analyzer saw used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GeneratedPolicy {
    period: Period,
    coverage: Coverage,
    /// Actions, or patterns where it tells no more than the service. INVARIANT: sorted, each once.
    used: Vec<String>,
    doubts: Vec<String>,
}

/// Whether Access Analyzer read all that it was asked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Coverage {
    /// `isComplete` is true.
    Whole,
    /// It is false or missing, or a document of the answer was not understood.
    Part,
}

/// Why there is no generated policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", tag = "why", content = "detail")]
pub enum Ungenerated {
    /// The stack names no trail and no role to read it with.
    #[error(
        "no trail is set up for Access Analyzer (the stack parameters TrailArn and PolicyGenerationRoleArn)"
    )]
    NotSetUp,
    /// The job has not ended.
    #[error("Access Analyzer has not finished")]
    InProgress,
    /// The job was cancelled.
    #[error("Access Analyzer's job was cancelled")]
    Cancelled,
    /// The job failed, or AWS refused to start it or to tell its result.
    #[error("Access Analyzer made no policy: {0}")]
    Failed(String),
    /// The answer is about somebody else.
    #[error("Access Analyzer's answer is about `{0}`")]
    OtherPrincipal(String),
    /// No document of the answer is a policy.
    #[error("Access Analyzer's answer was not understood: {0}")]
    NotUnderstood(String),
}

/// The parts of `GetGeneratedPolicy`'s answer to a job that succeeded.
#[derive(Debug, Clone, Copy)]
pub struct JobAnswer<'a> {
    /// `properties.principalArn`.
    pub principal: &'a str,
    /// `properties.cloudTrailProperties`, its `endTime` or, where that is missing, the end of the job.
    pub period: Period,
    /// `properties.isComplete`.
    pub coverage: Coverage,
    /// `generatedPolicies[].policy`, each the text of a document.
    pub policies: &'a [&'a str],
}

/// More patterns are not kept: an item of the ledger stays small, and nobody reads a policy so long.
const MOST_PATTERNS: usize = 2_000;

impl Generated {
    /// Reads the answer to a job about this role.
    #[must_use]
    pub fn read(role: &RoleArn, answer: &JobAnswer<'_>) -> Self {
        if answer.principal != role.as_str() {
            return Self::Nothing(Ungenerated::OtherPrincipal(answer.principal.to_owned()));
        }
        let (mut used, mut doubts) = (Vec::new(), Vec::new());
        for (at, text) in answer.policies.iter().enumerate() {
            match actions_of(text) {
                Ok(actions) => used.extend(actions),
                Err(why) => doubts.push(format!("document {at} of Access Analyzer's answer: {why}")),
            }
        }
        // An answer without documents is one: the role made no call that it would show.
        if !doubts.is_empty() && doubts.len() == answer.policies.len() {
            return Self::Nothing(Ungenerated::NotUnderstood(doubts.join("; ")));
        }
        used.sort();
        used.dedup();
        if used.len() > MOST_PATTERNS {
            used.truncate(MOST_PATTERNS);
            doubts
                .push(format!("Access Analyzer's answer: only the first {MOST_PATTERNS} actions were read"));
        }
        let coverage = if doubts.is_empty() { answer.coverage } else { Coverage::Part };
        Self::Policy(GeneratedPolicy { period: answer.period, coverage, used, doubts })
    }
}

impl GeneratedPolicy {
    /// The time that it is about.
    #[must_use]
    pub fn period(&self) -> Period {
        self.period
    }

    /// Whether all of that time was read.
    #[must_use]
    pub fn coverage(&self) -> Coverage {
        self.coverage
    }

    /// What of the answer was not understood.
    #[must_use]
    pub fn doubts(&self) -> &[String] {
        &self.doubts
    }

    pub(super) fn patterns(&self) -> impl Iterator<Item = ActionPattern> {
        self.used.iter().map(|text| ActionPattern::new(text))
    }

    /// The actions that it names one by one.
    pub(super) fn named(&self) -> impl Iterator<Item = ActionName> {
        self.used.iter().filter_map(|text| text.parse().ok())
    }
}

fn actions_of(text: &str) -> Result<Vec<String>, String> {
    let policy = Policy::parse(text).map_err(|e| e.to_string())?;
    let mut actions = Vec::new();
    for statement in policy.statements().iter().filter(|statement| statement.effect() == Effect::Allow) {
        let ActionElement::Action(patterns) = statement.action() else {
            return Err("a statement has NotAction".to_owned());
        };
        actions.extend(patterns.iter().map(|pattern| pattern.as_str().to_owned()));
    }
    Ok(actions)
}
