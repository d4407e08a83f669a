//! IAM Access Analyzer's second opinion: for the finding alone, after containment, and never waited for long.
//!
//! Whatever keeps it from answering is a note in the finding and no failure of the invocation.

mod new_versions;
#[cfg(test)]
mod tests;

use crate::connect::Account;
use aws_sdk_accessanalyzer::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_accessanalyzer::types::{
    Access, AccessCheckPolicyType, AccessCheckResourceType, PolicyType, ValidatePolicyFinding,
    ValidatePolicyResourceType,
};
use futures_util::stream::{self, StreamExt};
use guardrail::analyzer::{
    self, Answer, Ask, CRITICAL_ACTIONS, DocumentKind, Engine, Note, PublicResource, Question, Unavailable,
    ValidationFinding,
};
use std::time::Duration;

pub(crate) const ACTIONS: &[&str] = &[
    "access-analyzer:ValidatePolicy",
    "access-analyzer:CheckNoNewAccess",
    "access-analyzer:CheckAccessNotGranted",
    "access-analyzer:CheckNoPublicAccess",
    // Declared beside its call, see `new_versions`.
    new_versions::ACTION,
];

/// What there is to ask about a function.
pub(crate) const EXPOSURE_ACTIONS: &[&str] = &["access-analyzer:CheckNoPublicAccess"];

/// For all questions of one finding together.
pub(crate) const PATIENCE: Duration = Duration::from_secs(3);

/// AWS publishes no rates of these calls: a few at a time.
const AT_ONCE: usize = 4;

/// A document with more findings than these pages hold is told about well enough.
const MOST_PAGES: usize = 3;

impl Account {
    /// What Access Analyzer says to these questions, for a finding.
    pub(crate) async fn second_opinion(&self, questions: Vec<Question>) -> Vec<Note> {
        let notes = analyzer::notes(&self.answers(questions).await);
        for note in notes.iter().filter(|note| note.engine == Engine::Disagrees) {
            let Note { policy, code, says, .. } = note;
            tracing::warn!(policy, code, says, "Access Analyzer and Ringfence's engine disagree");
        }
        notes
    }

    /// Every question with its answer, in order.
    async fn answers(&self, questions: Vec<Question>) -> Vec<(Question, Answer)> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        let answers = questions.into_iter().map(|question| async move {
            let answer = match tokio::time::timeout_at(deadline, self.answer(&question.ask)).await {
                Ok(Ok(answer)) => answer,
                Ok(Err(why)) => Answer::Unavailable(why),
                Err(_) => {
                    self.calls.note_given_up("accessanalyzer");
                    Answer::Unavailable(Unavailable::TooSlow)
                }
            };
            if let Answer::Unavailable(why) = &answer {
                tracing::warn!(policy = %question.about, why = why.code(), "Access Analyzer says nothing");
            }
            (question, answer)
        });
        stream::iter(answers).buffered(AT_ONCE).collect().await
    }

    async fn answer(&self, ask: &Ask) -> Result<Answer, Unavailable> {
        match ask {
            Ask::Validate { document, kind } => self.validate(document, *kind).await,
            Ask::NoNewAccess { new, existing, .. } => {
                let check = self.access_analyzer().check_no_new_access();
                let check = check.policy_type(AccessCheckPolicyType::IdentityPolicy);
                let check = check.new_policy_document(new).existing_policy_document(existing);
                let answer = check.send().await.map_err(unavailable)?;
                verdict(answer.result.as_ref().map(|result| result.as_str()), answer.message)
            }
            Ask::CriticalNotGranted { document } => {
                let actions = CRITICAL_ACTIONS.iter().map(ToString::to_string).collect();
                let access = Access::builder().set_actions(Some(actions)).build();
                let check = self.access_analyzer().check_access_not_granted().access(access);
                let check = check.policy_type(AccessCheckPolicyType::IdentityPolicy);
                let answer = check.policy_document(document).send().await.map_err(unavailable)?;
                verdict(answer.result.as_ref().map(|result| result.as_str()), answer.message)
            }
            Ask::NoPublicAccess { document, resource } => {
                let resource = match resource {
                    PublicResource::Role => AccessCheckResourceType::RoleTrust,
                    PublicResource::Function => AccessCheckResourceType::LambdaFunction,
                };
                let check = self.access_analyzer().check_no_public_access().resource_type(resource);
                let answer = check.policy_document(document).send().await.map_err(unavailable)?;
                verdict(answer.result.as_ref().map(|result| result.as_str()), answer.message)
            }
        }
    }

    async fn validate(&self, document: &str, kind: DocumentKind) -> Result<Answer, Unavailable> {
        let validate = self.access_analyzer().validate_policy().policy_document(document);
        let validate = match kind {
            DocumentKind::Identity => validate.policy_type(PolicyType::IdentityPolicy),
            DocumentKind::Trust => validate
                .policy_type(PolicyType::ResourcePolicy)
                .validate_policy_resource_type(ValidatePolicyResourceType::RoleTrust),
        };
        let mut found = Vec::new();
        let mut pages = validate.into_paginator().send();
        for _ in 0..MOST_PAGES {
            let Some(page) = pages.next().await else { break };
            for one in page.map_err(unavailable)?.findings {
                found.push(validation_finding(&one)?);
            }
        }
        Ok(Answer::Validated(found))
    }
}

fn validation_finding(found: &ValidatePolicyFinding) -> Result<ValidationFinding, Unavailable> {
    ValidationFinding::new(
        found.finding_type.as_str(),
        &found.issue_code,
        &found.learn_more_link,
        &found.finding_details,
    )
    .map_err(|why| Unavailable::Malformed(why.to_string()))
}

fn verdict(result: Option<&str>, message: Option<String>) -> Result<Answer, Unavailable> {
    let message = message.unwrap_or_else(|| "no message".to_owned());
    match result {
        Some("PASS") => Ok(Answer::Passed(message)),
        Some("FAIL") => Ok(Answer::Failed(message)),
        other => Err(Unavailable::Malformed(format!("its result is `{}`", other.unwrap_or_default()))),
    }
}

fn unavailable<E, R>(error: SdkError<E, R>) -> Unavailable
where
    E: ProvideErrorMetadata,
{
    let message = || error.message().unwrap_or("no message").to_owned();
    match &error {
        SdkError::ServiceError(_) => match error.code() {
            Some("AccessDeniedException") => Unavailable::Denied,
            Some("ThrottlingException") => Unavailable::Throttled,
            Some("ValidationException" | "InvalidParameterException" | "UnprocessableEntityException") => {
                Unavailable::NotJudged(message())
            }
            code => Unavailable::Malformed(format!("{}: {}", code.unwrap_or("no code"), message())),
        },
        SdkError::TimeoutError(_) => Unavailable::TooSlow,
        SdkError::DispatchFailure(_) => Unavailable::Unreachable,
        SdkError::ResponseError(_) => Unavailable::Malformed("it is no answer of that call".to_owned()),
        SdkError::ConstructionFailure(_) => Unavailable::Malformed("the request makes no sense".to_owned()),
        _ => Unavailable::Malformed("an error of an unknown kind".to_owned()),
    }
}
