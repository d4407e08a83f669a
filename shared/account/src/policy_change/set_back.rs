//! `SetDefaultPolicyVersion`: the one place that changes which version of a policy is in force, and only of our own.

use crate::carry_out::{Refusal, refusal};
use crate::connect::Account;
use crate::failure::Failure;
use aws_sdk_iam::operation::set_default_policy_version::SetDefaultPolicyVersionError;
use guardrail::names::PolicyArn;

/// What became of setting a policy back.
#[derive(Debug)]
pub(super) enum SetBack {
    /// The version is the default.
    Done,
    /// The version or the policy went in between.
    NotFound,
    /// AWS refused.
    Refused(Refusal),
}

impl Account {
    /// Makes a version the policy's default. Making it so twice does no harm.
    pub(super) async fn set_back(&self, policy: &PolicyArn, version: &str) -> Result<SetBack, Failure> {
        let set =
            self.iam.set_default_policy_version().policy_arn(policy.as_str()).version_id(version).send();
        match set.await {
            Ok(_) => Ok(SetBack::Done),
            Err(e)
                if e.as_service_error()
                    .is_some_and(SetDefaultPolicyVersionError::is_no_such_entity_exception) =>
            {
                Ok(SetBack::NotFound)
            }
            Err(e) => match refusal(&e) {
                Some(refusal) => Ok(SetBack::Refused(refusal)),
                None => {
                    Err(Failure::of_call(format!("could not set policy `{policy}` back to {version}"), e))
                }
            },
        }
    }
}
