//! `GetFunctionConfiguration` and `GetFunctionConcurrency` of Ringfence's own functions, held against what the schedule of the sweep
//! says of the deployment (`ListTargetsByRule`).

use crate::connect::Account;
use crate::failure::Failure;
use aws_sdk_eventbridge::operation::list_targets_by_rule::ListTargetsByRuleError;
use aws_sdk_lambda::operation::get_function_configuration::GetFunctionConfigurationError;
use futures_util::stream::{StreamExt, TryStreamExt, iter};
use guardrail::ground::{Deployed, GroundFault, OwnFunction, changed_functions};
use guardrail::names::RoleArn;
use std::collections::{BTreeMap, BTreeSet};

/// The name of the sweep and of its schedule.
const SWEEP: &str = "ringfence-sweep-account";

/// Functions that are asked for at once.
const AT_ONCE: usize = 4;

impl Account {
    /// What is not as deployed of the functions.
    pub(super) async fn faults_of_functions(&self) -> Result<BTreeSet<GroundFault>, Failure> {
        let own = self.own_functions();
        if own.is_empty() {
            return Ok(BTreeSet::new());
        }
        let read = async |(name, role): (String, String)| {
            let function = self.own_function(&name).await?;
            Ok::<_, Failure>((name, (role, function)))
        };
        let functions: BTreeMap<_, _> = iter(own).map(read).buffer_unordered(AT_ONCE).try_collect().await?;
        let deployed = self.deployed().await?;
        Ok(changed_functions(&functions, deployed.as_ref(), SWEEP))
    }

    /// The names of the functions with the ARNs of their roles: a role has the name of its function.
    fn own_functions(&self) -> BTreeMap<String, String> {
        let of_a_function =
            |role: &&RoleArn| role.as_str().ends_with(&format!(":role/ringfence/{}", role.name()));
        let own = self.settings.rules.own_roles.iter().filter(of_a_function);
        own.map(|role| (role.name().to_string(), role.to_string())).collect()
    }

    /// The function; none where there is no such function any more.
    async fn own_function(&self, name: &str) -> Result<Option<OwnFunction>, Failure> {
        let configuration = match self.lambda().get_function_configuration().function_name(name).send().await
        {
            Ok(answer) => answer,
            Err(e)
                if e.as_service_error()
                    .is_some_and(GetFunctionConfigurationError::is_resource_not_found_exception) =>
            {
                return Ok(None);
            }
            Err(e) => {
                return Err(Failure::of_call(format!("could not read the configuration of `{name}`"), e));
            }
        };
        let concurrency = self.lambda().get_function_concurrency().function_name(name).send().await;
        let concurrency = concurrency
            .map_err(|e| Failure::of_call(format!("could not read the concurrency of `{name}`"), e))?;
        let layers = configuration.layers().len();
        let environment = configuration.environment.and_then(|environment| environment.variables);
        Ok(Some(OwnFunction {
            role: configuration.role.unwrap_or_default(),
            environment: environment.unwrap_or_default().into_iter().collect(),
            layers,
            reserved_concurrency: concurrency.reserved_concurrent_executions,
        }))
    }

    /// What the schedule says of the deployment; none where it says nothing, or is gone.
    async fn deployed(&self) -> Result<Option<Deployed>, Failure> {
        match self.eventbridge().list_targets_by_rule().rule(SWEEP).send().await {
            Ok(answer) => {
                let inputs = answer.targets.unwrap_or_default();
                Ok(inputs.iter().filter_map(|target| target.input()).find_map(Deployed::of_input))
            }
            Err(e)
                if e.as_service_error()
                    .is_some_and(ListTargetsByRuleError::is_resource_not_found_exception) =>
            {
                Ok(None)
            }
            Err(e) => Err(Failure::of_call(format!("could not read the targets of rule `{SWEEP}`"), e)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::respond::doubles_of_an_account;
    use aws_sdk_eventbridge::operation::list_targets_by_rule::ListTargetsByRuleOutput;
    use aws_sdk_eventbridge::types::Target;
    use aws_sdk_lambda::operation::get_function_concurrency::GetFunctionConcurrencyOutput;
    use aws_sdk_lambda::operation::get_function_configuration::GetFunctionConfigurationOutput;
    use aws_sdk_lambda::types::EnvironmentResponse;
    use aws_sdk_lambda::types::error::ResourceNotFoundException;
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};

    const OTHER: &str = "ringfence-on-role-change";

    fn role(name: &str) -> String {
        format!("arn:aws:iam::123456789012:role/ringfence/{name}")
    }

    /// A function as the stack deploys it, but for its mode.
    fn configured(name: &'static str, mode: &'static str) -> Rule {
        mock!(aws_sdk_lambda::Client::get_function_configuration)
            .match_requests(move |request| request.function_name() == Some(name))
            .then_output(move || {
                let environment = EnvironmentResponse::builder().variables("RINGFENCE_MODE", mode).build();
                GetFunctionConfigurationOutput::builder().role(role(name)).environment(environment).build()
            })
    }

    fn reserved(count: Option<i32>) -> Rule {
        mock!(aws_sdk_lambda::Client::get_function_concurrency).then_output(move || {
            GetFunctionConcurrencyOutput::builder().set_reserved_concurrent_executions(count).build()
        })
    }

    fn scheduled_with(input: &'static str) -> Rule {
        mock!(aws_sdk_eventbridge::Client::list_targets_by_rule)
            .match_requests(|request| request.rule() == Some(SWEEP))
            .then_output(move || {
                let target =
                    Target::builder().id("1").arn("arn:aws:lambda:us-east-1:123456789012:function:a");
                ListTargetsByRuleOutput::builder().targets(target.input(input).build().unwrap()).build()
            })
    }

    async fn faults(lambda: &[&Rule], schedule: &Rule) -> Vec<String> {
        let mut account = doubles_of_an_account();
        let own = [SWEEP, OTHER].map(|name| role(name).parse().unwrap());
        account.settings.rules.own_roles = own.into();
        account.lambda = mock_client!(aws_sdk_lambda, RuleMode::MatchAny, lambda).into();
        account.eventbridge = mock_client!(aws_sdk_eventbridge, RuleMode::MatchAny, &[schedule]).into();
        account.faults_of_functions().await.unwrap().iter().map(ToString::to_string).collect()
    }

    const SETTINGS: &str = r#"{"settings": {"RINGFENCE_MODE": "enforce"}}"#;

    #[tokio::test]
    async fn each_function_is_asked_for_once_and_its_concurrency_too() {
        let (sweep, other, free) =
            (configured(SWEEP, "enforce"), configured(OTHER, "enforce"), reserved(None));
        let schedule = scheduled_with(SETTINGS);
        assert_eq!(faults(&[&sweep, &other, &free], &schedule).await, [""; 0]);
        let calls = [&sweep, &other, &free, &schedule].map(Rule::num_calls);
        assert_eq!(calls, [1, 1, 2, 1]);
    }

    #[tokio::test]
    async fn a_setting_that_was_changed_and_a_function_that_was_switched_off_are_faults() {
        let (sweep, other) = (configured(SWEEP, "enforce"), configured(OTHER, "observe"));
        let told = faults(&[&sweep, &other, &reserved(None)], &scheduled_with(SETTINGS)).await;
        assert_eq!(told, [format!("setting RINGFENCE_MODE of function {OTHER} is not as deployed")]);
        let other = configured(OTHER, "enforce");
        let told = faults(&[&sweep, &other, &reserved(Some(0))], &scheduled_with(SETTINGS)).await;
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told.iter().all(|one| one.ends_with("has a concurrency of 0, so it never runs")), "{told:?}");
    }

    #[tokio::test]
    async fn a_function_that_is_gone_and_a_schedule_without_settings_are_faults() {
        let gone = mock!(aws_sdk_lambda::Client::get_function_configuration).then_error(|| {
            GetFunctionConfigurationError::ResourceNotFoundException(
                ResourceNotFoundException::builder().build(),
            )
        });
        let told = faults(&[&gone], &scheduled_with("{}")).await;
        let expected = [
            format!("function {OTHER} does not exist"),
            format!("function {SWEEP} does not exist"),
            "rule ringfence-sweep-account does not say which settings were deployed".to_owned(),
        ];
        assert_eq!(told, expected);
    }
}
