//! What Ringfence stands on: the rules that hand events to the functions (`DescribeRule`, `ListTargetsByRule`), a trail that brings
//! them, and the functions with the settings that were deployed.

mod functions;
mod trails;

#[cfg(test)]
pub(crate) use trails::served;

use crate::connect::Account;
use crate::failure::Failure;
use aws_sdk_eventbridge::operation::describe_rule::DescribeRuleError;
use aws_sdk_eventbridge::operation::list_targets_by_rule::ListTargetsByRuleError;
use aws_sdk_eventbridge::types::RuleState;
use guardrail::ground::GroundFault;
use std::collections::BTreeSet;

pub(crate) const ACTIONS: &[&str] = &[
    "cloudtrail:DescribeTrails",
    "cloudtrail:GetEventSelectors",
    "cloudtrail:GetTrailStatus",
    "events:DescribeRule",
    "events:ListTargetsByRule",
    "lambda:GetFunctionConcurrency",
    "lambda:GetFunctionConfiguration",
];

impl Account {
    /// What is missing, switched off or not as deployed of what Ringfence stands on.
    pub(crate) async fn ground_faults(&self) -> Result<BTreeSet<GroundFault>, Failure> {
        let mut faults = BTreeSet::new();
        for rule in &self.settings.rule_names {
            faults.extend(self.fault_of_rule(rule).await?);
        }
        faults.extend(self.fault_of_trails().await?);
        faults.extend(self.faults_of_functions().await?);
        Ok(faults)
    }

    async fn fault_of_rule(&self, rule: &str) -> Result<Option<GroundFault>, Failure> {
        let state = match self.eventbridge().describe_rule().name(rule).send().await {
            Ok(answer) => answer.state,
            Err(e)
                if e.as_service_error().is_some_and(DescribeRuleError::is_resource_not_found_exception) =>
            {
                return Ok(Some(GroundFault::RuleMissing(rule.to_owned())));
            }
            Err(e) => return Err(Failure::of_call(format!("could not read rule `{rule}`"), e)),
        };
        if state == Some(RuleState::Disabled) {
            return Ok(Some(GroundFault::RuleDisabled(rule.to_owned())));
        }
        let targets = match self.eventbridge().list_targets_by_rule().rule(rule).send().await {
            Ok(answer) => answer.targets.unwrap_or_default(),
            // It went between the two calls.
            Err(e)
                if e.as_service_error()
                    .is_some_and(ListTargetsByRuleError::is_resource_not_found_exception) =>
            {
                return Ok(Some(GroundFault::RuleMissing(rule.to_owned())));
            }
            Err(e) => {
                return Err(Failure::of_call(format!("could not read the targets of rule `{rule}`"), e));
            }
        };
        Ok(targets.is_empty().then(|| GroundFault::RuleWithoutTarget(rule.to_owned())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::respond::doubles_of_an_account;
    use aws_sdk_eventbridge::operation::describe_rule::DescribeRuleOutput;
    use aws_sdk_eventbridge::operation::list_targets_by_rule::ListTargetsByRuleOutput;
    use aws_sdk_eventbridge::types::Target;
    use aws_sdk_eventbridge::types::error::ResourceNotFoundException;
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};

    fn described(state: RuleState) -> Rule {
        mock!(aws_sdk_eventbridge::Client::describe_rule)
            .match_requests(|request| request.name() == Some("ringfence-on-role-change"))
            .then_output(move || DescribeRuleOutput::builder().state(state.clone()).build())
    }

    fn with_targets(count: usize) -> Rule {
        mock!(aws_sdk_eventbridge::Client::list_targets_by_rule).then_output(move || {
            let target =
                || Target::builder().id("1").arn("arn:aws:lambda:us-east-1:123456789012:function:a").build();
            let targets = (0..count).map(|_| target().unwrap()).collect();
            ListTargetsByRuleOutput::builder().set_targets(Some(targets)).build()
        })
    }

    async fn faults(rules: &[&Rule]) -> Vec<String> {
        let mut account = doubles_of_an_account();
        account.cloudtrail = trails::served().into();
        account.settings.rule_names = vec!["ringfence-on-role-change".to_owned()];
        account.eventbridge = mock_client!(aws_sdk_eventbridge, RuleMode::MatchAny, rules).into();
        account.ground_faults().await.unwrap().iter().map(ToString::to_string).collect()
    }

    #[tokio::test]
    async fn a_rule_that_is_enabled_in_either_way_and_has_a_target_is_in_place() {
        for state in [RuleState::Enabled, RuleState::EnabledWithAllCloudtrailManagementEvents] {
            assert!(faults(&[&described(state), &with_targets(1)]).await.is_empty());
        }
    }

    #[tokio::test]
    async fn a_rule_that_is_off_gone_or_idle_is_a_fault() {
        let off = faults(&[&described(RuleState::Disabled)]).await;
        assert_eq!(off, ["rule ringfence-on-role-change is switched off"]);
        let idle = faults(&[&described(RuleState::Enabled), &with_targets(0)]).await;
        assert_eq!(idle, ["rule ringfence-on-role-change has no target"]);
        let missing = mock!(aws_sdk_eventbridge::Client::describe_rule).then_error(|| {
            DescribeRuleError::ResourceNotFoundException(ResourceNotFoundException::builder().build())
        });
        assert_eq!(faults(&[&missing]).await, ["rule ringfence-on-role-change does not exist"]);
    }
}
