//! `PutRolePermissionsBoundary`: the one place that writes to roles.

use crate::connect::Account;
use crate::failure::Failure;
use aws_sdk_iam::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_iam::operation::put_role_permissions_boundary::PutRolePermissionsBoundaryError as PutError;
use guardrail::decide::Remediation;

pub(crate) const ACTIONS: &[&str] = &["iam:PutRolePermissionsBoundary"];

/// What became of a decided write.
#[derive(Debug)]
pub(crate) enum Written {
    /// The boundary is in place.
    Done,
    /// The role or the boundary's policy is not there.
    NotFound,
    /// AWS refused.
    Refused(Refusal),
}

/// Why AWS refused a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// A stable word: a role's refusals are told once by it.
    pub(crate) code: String,
    /// In words.
    pub(crate) message: String,
    /// Whether the same write may pass later.
    pub(crate) lasting: Lasting,
}

/// Whether a refused write may pass later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lasting {
    /// An explicit deny, as an SCP that protects the role has it: no retry will change it.
    Permanent,
    /// Somebody may mend it while Lambda retries.
    UntilMended,
}

impl Account {
    /// Puts the decided boundary on the decided role. Putting it twice does no harm: the call replaces.
    pub(crate) async fn carry_out(&self, remediation: &Remediation) -> Result<Written, Failure> {
        let (role, boundary) = (remediation.role(), remediation.after());
        let put = self
            .iam
            .put_role_permissions_boundary()
            .role_name(role.as_str())
            .permissions_boundary(boundary.as_str())
            .send();
        match put.await {
            Ok(_) => Ok(Written::Done),
            Err(e) if e.as_service_error().is_some_and(PutError::is_no_such_entity_exception) => {
                Ok(Written::NotFound)
            }
            Err(e) => match refusal(&e) {
                Some(refusal) => Ok(Written::Refused(refusal)),
                None => {
                    Err(Failure::of_call(format!("could not put boundary `{boundary}` on role `{role}`"), e))
                }
            },
        }
    }
}

/// The errors of the call: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePermissionsBoundary.html>.
pub(crate) fn refusal<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Option<Refusal> {
    let service = error.as_service_error()?;
    let message = service.message().unwrap_or("no reason given").to_owned();
    let lasting = match service.code()? {
        // "with an explicit deny in …": the wording of IAM's access-denied messages
        // (<https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>).
        "AccessDenied" | "AccessDeniedException" if message.contains("explicit deny") => Lasting::Permanent,
        "AccessDenied" | "AccessDeniedException" => Lasting::UntilMended,
        "UnmodifiableEntity" | "UnmodifiableEntityException" => Lasting::Permanent,
        "InvalidInput" | "InvalidInputException" | "PolicyNotAttachable" | "PolicyNotAttachableException" => {
            Lasting::UntilMended
        }
        _ => return None,
    };
    let code = match lasting {
        Lasting::Permanent => format!("{}-permanent", service.code()?),
        Lasting::UntilMended => service.code()?.to_owned(),
    };
    Some(Refusal { code, message, lasting })
}
