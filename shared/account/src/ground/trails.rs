//! `DescribeTrails`, `GetTrailStatus` and `GetEventSelectors`: whether a trail logs what Ringfence lives on.
//!
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_DescribeTrails.html>

use crate::connect::Account;
use crate::failure::{Failure, FailureClass};
use aws_sdk_cloudtrail::operation::get_event_selectors::GetEventSelectorsOutput;
use aws_sdk_cloudtrail::types::{self as cloudtrail, ReadWriteType};
use guardrail::ground::{GroundFault, Logging, ManagementEvents, Reach, Trail, no_trail};
use guardrail::names::Region;

impl Account {
    /// The fault, where no trail serves this Region. What an organization's trail selects may be hidden from a member account, and
    /// the trails from everybody: then there may be one, and nothing is told.
    pub(super) async fn fault_of_trails(&self) -> Result<Option<GroundFault>, Failure> {
        let here: Region = self
            .settings
            .region
            .parse()
            .map_err(|e| Failure::malformed("the function's own Region makes no sense", e))?;
        let asked = self.cloudtrail().describe_trails().include_shadow_trails(true).send().await;
        let described = asked.map_err(|e| Failure::of_call("could not read the trails of CloudTrail", e));
        let Some(described) = or_none_if_denied(described)? else { return Ok(None) };
        let mut trails = Vec::new();
        for trail in described.trail_list.unwrap_or_default() {
            let trail = self.trail(trail).await?;
            if trail.gap(&here).is_none() {
                return Ok(None);
            }
            trails.push(trail);
        }
        Ok(no_trail(&trails, &here))
    }

    async fn trail(&self, trail: cloudtrail::Trail) -> Result<Trail, Failure> {
        // One of another Region is known by its ARN alone.
        let arn = trail.trail_arn.unwrap_or_default();
        let failed = |what: &str| format!("could not read {what} of trail `{arn}`");
        let status = self.cloudtrail().get_trail_status().name(&arn).send().await;
        let status = or_none_if_denied(status.map_err(|e| Failure::of_call(failed("the status"), e)))?;
        let selectors = self.cloudtrail().get_event_selectors().trail_name(&arn).send().await;
        let selectors =
            or_none_if_denied(selectors.map_err(|e| Failure::of_call(failed("the event selectors"), e)))?;
        let is = |flag: Option<bool>| flag.unwrap_or_default();
        let reach = match (is(trail.is_multi_region_trail), is(trail.include_global_service_events)) {
            (true, _) => Reach::EveryRegion,
            (false, true) => Reach::HomeAndIam,
            (false, false) => Reach::HomeWithoutIam,
        };
        Ok(Trail {
            name: trail.name.unwrap_or_else(|| arn.clone()),
            home: trail.home_region.and_then(|region| region.parse().ok()),
            reach,
            // That of the organization's trail may be hidden too.
            logging: if status.is_none_or(|status| is(status.is_logging)) {
                Logging::On
            } else {
                Logging::Off
            },
            management_events: selectors.map(|selectors| management_events(&selectors)),
        })
    }
}

fn or_none_if_denied<T>(answer: Result<T, Failure>) -> Result<Option<T>, Failure> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(failure) if failure.class() == FailureClass::Denied => {
            tracing::warn!(cause = %failure, "whether a trail serves Ringfence is not known for certain");
            Ok(None)
        }
        Err(failure) => Err(failure),
    }
}

fn management_events(selectors: &GetEventSelectorsOutput) -> ManagementEvents {
    let basic = selectors.event_selectors().iter().map(|selector| {
        let is_included = selector.include_management_events != Some(false);
        match selector.read_write_type {
            Some(ReadWriteType::ReadOnly) => ManagementEvents::NoWrites,
            _ if is_included => ManagementEvents::Writes,
            _ => ManagementEvents::NoWrites,
        }
    });
    let advanced = selectors.advanced_event_selectors().iter().map(|selector| {
        let fields = selector.field_selectors().iter().map(|field| (field.field(), field.equals()));
        ManagementEvents::of_advanced(fields)
    });
    ManagementEvents::of_selectors(basic.chain(advanced))
}

/// A CloudTrail for tests of other modules, with a trail that serves.
#[cfg(test)]
pub(crate) fn served() -> aws_sdk_cloudtrail::Client {
    tests::client(&[
        &tests::described(1),
        &tests::logging(true),
        &tests::selecting(|| tests::basic(ReadWriteType::All)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::respond::doubles_of_an_account;
    use aws_sdk_cloudtrail::operation::describe_trails::DescribeTrailsOutput;
    use aws_sdk_cloudtrail::operation::get_event_selectors::GetEventSelectorsError;
    use aws_sdk_cloudtrail::operation::get_trail_status::GetTrailStatusOutput;
    use aws_sdk_cloudtrail::types::{AdvancedEventSelector, AdvancedFieldSelector, EventSelector};
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
    use aws_smithy_types::error::ErrorMetadata;

    const ARN: &str = "arn:aws:cloudtrail:eu-west-1:123456789012:trail/main";

    pub(super) fn described(count: usize) -> Rule {
        mock!(aws_sdk_cloudtrail::Client::describe_trails)
            .match_requests(|request| request.include_shadow_trails() == Some(true))
            .then_output(move || {
                let trail = cloudtrail::Trail::builder().name("main").trail_arn(ARN).home_region("eu-west-1");
                let trail = trail.is_multi_region_trail(true).build();
                DescribeTrailsOutput::builder().set_trail_list(Some(vec![trail; count])).build()
            })
    }

    pub(super) fn logging(is_logging: bool) -> Rule {
        mock!(aws_sdk_cloudtrail::Client::get_trail_status)
            .match_requests(|request| request.name() == Some(ARN))
            .then_output(move || GetTrailStatusOutput::builder().is_logging(is_logging).build())
    }

    pub(super) fn selecting(selectors: fn() -> GetEventSelectorsOutput) -> Rule {
        mock!(aws_sdk_cloudtrail::Client::get_event_selectors)
            .match_requests(|request| request.trail_name() == Some(ARN))
            .then_output(selectors)
    }

    pub(super) fn basic(kind: ReadWriteType) -> GetEventSelectorsOutput {
        let selector = EventSelector::builder().read_write_type(kind).include_management_events(true);
        GetEventSelectorsOutput::builder().event_selectors(selector.build()).build()
    }

    pub(super) fn client(rules: &[&Rule]) -> aws_sdk_cloudtrail::Client {
        mock_client!(aws_sdk_cloudtrail, RuleMode::MatchAny, rules)
    }

    async fn fault(rules: &[&Rule]) -> Option<String> {
        let mut account = doubles_of_an_account();
        account.cloudtrail = client(rules).into();
        account.fault_of_trails().await.unwrap().map(|fault| fault.to_string())
    }

    #[tokio::test]
    async fn a_trail_of_all_regions_that_logs_writes_is_ground_enough() {
        let writes = selecting(|| basic(ReadWriteType::WriteOnly));
        assert_eq!(fault(&[&described(1), &logging(true), &writes]).await, None);
        let advanced = selecting(|| {
            let field = AdvancedFieldSelector::builder().field("eventCategory").equals("Management").build();
            let selector = AdvancedEventSelector::builder().field_selectors(field.unwrap()).build().unwrap();
            GetEventSelectorsOutput::builder().advanced_event_selectors(selector).build()
        });
        assert_eq!(fault(&[&described(1), &logging(true), &advanced]).await, None);
    }

    #[tokio::test]
    async fn no_trail_one_that_is_stopped_and_one_of_reads_alone_are_faults() {
        assert!(fault(&[&described(0)]).await.unwrap().ends_with("no event of them comes"));
        let writes = selecting(|| basic(ReadWriteType::All));
        let stopped = fault(&[&described(1), &logging(false), &writes]).await.unwrap();
        assert!(stopped.ends_with("main is stopped"), "{stopped}");
        let reads = selecting(|| basic(ReadWriteType::ReadOnly));
        let reads = fault(&[&described(1), &logging(true), &reads]).await.unwrap();
        assert!(reads.ends_with("main logs no management events that write"), "{reads}");
    }

    #[tokio::test]
    async fn what_an_organization_hides_counts_as_there() {
        let denied = mock!(aws_sdk_cloudtrail::Client::get_event_selectors).then_error(|| {
            let meta = ErrorMetadata::builder().code("AccessDeniedException").message("no").build();
            GetEventSelectorsError::generic(meta)
        });
        assert_eq!(fault(&[&described(1), &logging(true), &denied]).await, None);
    }
}
