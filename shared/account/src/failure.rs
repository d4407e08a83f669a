//! Why an invocation fails: retryable, denied or malformed.

use aws_sdk_iam::error::{ProvideErrorMetadata, SdkError};
use lambda_runtime::Diagnostic;
use std::error::Error;

/// An invocation that could not do its work. Lambda retries it and then hands the event to the on-failure queue;
/// nothing was changed that is not recorded in the ledger.
#[derive(Debug, thiserror::Error)]
#[error("{doing}{why}")]
pub struct Failure {
    class: FailureClass,
    doing: String,
    /// `: ` and the cause in words, or nothing. Never the raw answer of a call, which may be a policy document.
    why: String,
    #[source]
    cause: Option<Box<dyn Error + Send + Sync>>,
}

/// Longer causes are cut: they end up in a log line and in Lambda's record of the invocation.
const LONGEST_CAUSE: usize = 1_000;

/// What kind of failure it is: the error type that Lambda records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureClass {
    /// The same event may succeed later: throttled, timed out, not reachable, not yet consistent.
    Retryable,
    /// AWS does not let Ringfence do this: somebody has to change a policy.
    Denied,
    /// An operator asked for what cannot be done as things are.
    Refused,
    /// The event or an answer is not what it should be: somebody has to look at it.
    Malformed,
}

impl FailureClass {
    /// The word of log lines.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Retryable => "retryable",
            Self::Denied => "denied",
            Self::Refused => "refused",
            Self::Malformed => "malformed",
        }
    }

    fn error_type(self) -> &'static str {
        match self {
            Self::Retryable => "Ringfence.Retryable",
            Self::Denied => "Ringfence.Denied",
            Self::Refused => "Ringfence.Refused",
            Self::Malformed => "Ringfence.Malformed",
        }
    }
}

impl Failure {
    /// An AWS call that failed; `doing` says what was tried, as "could not …".
    pub(crate) fn of_call<E, R>(doing: impl Into<String>, error: SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
        R: std::fmt::Debug + Send + Sync + 'static,
    {
        Self {
            class: class_of(&error),
            doing: doing.into(),
            why: cut(&in_words(&error)),
            cause: Some(Box::new(error)),
        }
    }

    /// Something that may be well in a minute.
    pub(crate) fn retryable(doing: impl Into<String>) -> Self {
        Self { class: FailureClass::Retryable, doing: doing.into(), why: String::new(), cause: None }
    }

    /// Something that AWS refuses.
    pub(crate) fn denied(doing: impl Into<String>) -> Self {
        Self { class: FailureClass::Denied, doing: doing.into(), why: String::new(), cause: None }
    }

    /// Something that an operator asked for and that is not done.
    pub(crate) fn refused(why: impl Into<String>) -> Self {
        Self { class: FailureClass::Refused, doing: why.into(), why: String::new(), cause: None }
    }

    /// An event or an answer that makes no sense.
    pub fn malformed(doing: impl Into<String>, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let cause = cause.into();
        Self {
            class: FailureClass::Malformed,
            doing: doing.into(),
            why: cut(&cause.to_string()),
            cause: Some(cause),
        }
    }

    /// Whether other roles may fare better.
    pub(crate) fn is_about_this_role_only(&self) -> bool {
        matches!(self.class, FailureClass::Refused | FailureClass::Denied)
    }

    /// The kind of failure.
    #[must_use]
    pub fn class(&self) -> FailureClass {
        self.class
    }
}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        let error_type = failure.class.error_type().to_owned();
        Self { error_type, error_message: failure.to_string() }
    }
}

/// Code and message of the service, or what kept it from answering.
fn in_words<E: ProvideErrorMetadata + Error, R>(error: &SdkError<E, R>) -> String {
    match error {
        SdkError::ServiceError(_) => {
            let message = error.message().unwrap_or("no message");
            format!("{}: {message}", error.code().unwrap_or("an error without a code"))
        }
        SdkError::TimeoutError(_) => "it took too long".to_owned(),
        SdkError::DispatchFailure(failure) => {
            failure.as_connector_error().map_or("it could not be sent".to_owned(), ToString::to_string)
        }
        SdkError::ResponseError(_) => "the answer makes no sense".to_owned(),
        SdkError::ConstructionFailure(_) => "the request makes no sense".to_owned(),
        _ => "an error of an unknown kind".to_owned(),
    }
}

fn cut(cause: &str) -> String {
    let mut text = format!(": {}", cause.chars().take(LONGEST_CAUSE).collect::<String>());
    if cause.chars().count() > LONGEST_CAUSE {
        text.push('…');
    }
    text
}

fn class_of<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> FailureClass {
    if matches!(error, SdkError::ConstructionFailure(_)) {
        return FailureClass::Malformed;
    }
    match error.code() {
        Some(
            "AccessDenied"
            | "AccessDeniedException"
            | "AuthorizationError"
            | "NotAuthorized"
            | "KMSAccessDenied"
            | "KMSAccessDeniedException",
        ) => FailureClass::Denied,
        Some(
            "ValidationError"
            | "ValidationException"
            | "InvalidInput"
            | "InvalidParameter"
            | "InvalidInputException"
            | "InvalidParameterException"
            | "InvalidParameterValue"
            | "InvalidParameterValueException",
        ) => FailureClass::Malformed,
        _ => FailureClass::Retryable,
    }
}
