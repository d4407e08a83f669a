//! `GetFunctionConfiguration`: which role a function has, where the event does not tell.

use crate::connect::Account;
use crate::failure::Failure;
use aws_sdk_lambda::config::Region;
use aws_sdk_lambda::operation::get_function_configuration::GetFunctionConfigurationError;
use guardrail::names::{FunctionArn, RoleArn};

pub(crate) const ACTIONS: &[&str] = &["lambda:GetFunctionConfiguration"];

impl Account {
    /// The function's execution role; none where there is no such function any more.
    pub(crate) async fn role_of(&self, function: &FunctionArn) -> Result<Option<RoleArn>, Failure> {
        // Events of other Regions are forwarded here; the function answers where it lives.
        let there =
            aws_sdk_lambda::config::Builder::default().region(Region::new(function.region().to_owned()));
        let asked = self.lambda().get_function_configuration().function_name(function.as_str());
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
