//! The change budget: item `settings`/`budget`, counted up by whoever is about to change an existing role.

use super::Ledger;
use crate::failure::Failure;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use guardrail::change_budget::{AN_HOUR, BudgetHour};

pub(crate) const ACTIONS: &[&str] = &["dynamodb:UpdateItem"];

const BUDGET: (&str, &str) = ("settings", "budget");

/// Whether a change of an existing role may be made in this hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Allowance {
    /// It is counted.
    Granted,
    /// The hour's budget is used up.
    Exhausted,
}

impl Ledger {
    /// Takes one change from the hour's budget. One that is taken and then not used is lost, which errs to the safe side.
    pub(crate) async fn take_from_budget(&self, hour: BudgetHour) -> Result<Allowance, Failure> {
        if self.count_in(hour).await? || self.begin(hour).await? {
            return Ok(Allowance::Granted);
        }
        // Between the two somebody else may have begun the hour.
        Ok(if self.count_in(hour).await? { Allowance::Granted } else { Allowance::Exhausted })
    }

    async fn count_in(&self, hour: BudgetHour) -> Result<bool, Failure> {
        let update = self
            .budget()
            .update_expression("SET used = used + :one")
            .condition_expression("#hour = :hour AND used < :most")
            .expression_attribute_names("#hour", "hour")
            .expression_attribute_values(":hour", number(hour.number()))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":most", number(AN_HOUR));
        applied(update).await
    }

    async fn begin(&self, hour: BudgetHour) -> Result<bool, Failure> {
        let update = self
            .budget()
            .update_expression("SET #hour = :hour, used = :one")
            .condition_expression("attribute_not_exists(#hour) OR #hour < :hour")
            .expression_attribute_names("#hour", "hour")
            .expression_attribute_values(":hour", number(hour.number()))
            .expression_attribute_values(":one", number(1));
        applied(update).await
    }

    fn budget(&self) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table)
            .key("pk", AttributeValue::S(BUDGET.0.to_owned()))
            .key("sk", AttributeValue::S(BUDGET.1.to_owned()))
    }
}

/// Whether the condition held.
async fn applied(update: UpdateItemFluentBuilder) -> Result<bool, Failure> {
    match update.send().await {
        Ok(_) => Ok(true),
        Err(e)
            if e.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
        {
            Ok(false)
        }
        Err(e) => {
            Err(Failure::of_call("could not count a change against the change budget in the ledger", e))
        }
    }
}

fn number(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}
