//! `GetFunctionConfiguration`: which role a function has, where the event does not tell.

use crate::connect::Account;
use crate::failure::Failure;
use aws_sdk_lambda::config::Region;
use aws_sdk_lambda::operation::get_function_configuration::GetFunctionConfigurationError;
use guardrail::names::{FunctionArn, Qualifier, RoleArn};

pub(crate) const ACTIONS: &[&str] = &["lambda:GetFunctionConfiguration"];

impl Account {
    /// The function's execution role; none where there is no such function any more.
    pub(crate) async fn role_of(&self, function: &FunctionArn) -> Result<Option<RoleArn>, Failure> {
        self.role_of_version(function, None).await
    }

    /// The role of one version, or of the one that an alias stands for; none where there is none any more.
    pub(crate) async fn role_of_version(
        &self,
        function: &FunctionArn,
        qualifier: Option<&Qualifier>,
    ) -> Result<Option<RoleArn>, Failure> {
        // Events of other Regions are forwarded here; the function answers where it lives.
        let there =
            aws_sdk_lambda::config::Builder::default().region(Region::new(function.region().to_owned()));
        let asked = self.lambda().get_function_configuration().function_name(function.as_str());
        let asked = asked.set_qualifier(qualifier.map(|qualifier| qualifier.as_str().to_owned()));
        match asked.customize().config_override(there).send().await {
            Ok(answer) => {
                let role = answer.role.unwrap_or_default();
                role.parse()
                    .map(Some)
                    .map_err(|e| Failure::malformed("Lambda's answer about the function makes no sense", e))
            }
            Err(e)
                if e.as_service_error()
                    .is_some_and(GetFunctionConfigurationError::is_resource_not_found_exception) =>
            {
                Ok(None)
            }
            Err(e) => Err(Failure::of_call(format!("could not read the configuration of `{function}`"), e)),
        }
    }
}
