//! Why an invocation fails: retryable, denied or malformed.

use aws_sdk_iam::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_types::error::display::DisplayErrorContext;
use lambda_runtime::Diagnostic;
use std::error::Error;

/// An invocation that could not do its work. Lambda retries it and then hands the event to the on-failure queue;
/// nothing was changed that is not recorded in the ledger.
#[derive(Debug, thiserror::Error)]
#[error("{doing}")]
pub struct Failure {
    class: FailureClass,
    doing: String,
    #[source]
    cause: Option<Box<dyn Error + Send + Sync>>,
}

/// What kind of failure it is: the error type that Lambda records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureClass {
    /// The same event may succeed later: throttled, timed out, not reachable, not yet consistent.
    Retryable,
    /// AWS does not let Ringfence do this: somebody has to change a policy.
    Denied,
    /// The event or an answer is not what it should be: somebody has to look at it.
    Malformed,
}

impl FailureClass {
    fn error_type(self) -> &'static str {
        match self {
            Self::Retryable => "Ringfence.Retryable",
            Self::Denied => "Ringfence.Denied",
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
        Self { class: class_of(&error), doing: doing.into(), cause: Some(Box::new(error)) }
    }

    /// Something that may be well in a minute.
    pub(crate) fn retryable(doing: impl Into<String>) -> Self {
        Self { class: FailureClass::Retryable, doing: doing.into(), cause: None }
    }

    /// Something that AWS refuses.
    pub(crate) fn denied(doing: impl Into<String>) -> Self {
        Self { class: FailureClass::Denied, doing: doing.into(), cause: None }
    }

    /// An event or an answer that makes no sense.
    pub fn malformed(doing: impl Into<String>, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { class: FailureClass::Malformed, doing: doing.into(), cause: Some(cause.into()) }
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
        Self { error_type, error_message: DisplayErrorContext(failure).to_string() }
    }
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
            | "KMSAccessDenied",
        ) => FailureClass::Denied,
        Some(
            "ValidationError"
            | "ValidationException"
            | "InvalidInput"
            | "InvalidParameter"
            | "InvalidParameterValue",
        ) => FailureClass::Malformed,
        _ => FailureClass::Retryable,
    }
}
