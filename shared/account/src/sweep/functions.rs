//! `ListFunctions`: which functions have which role, in the Region of the stack.

use crate::connect::Account;
use crate::failure::Failure;
use aws_sdk_lambda::types::FunctionConfiguration;
use guardrail::names::{FunctionArn, InvalidName, RoleArn};
use guardrail::sweep::Inventory;

impl Account {
    /// Every function of this Region with its role. One whose names make no sense is left out, and the log says so.
    pub(super) async fn inventory(&self) -> Result<Inventory, Failure> {
        let mut inventory = Inventory::default();
        let mut functions = self.lambda().list_functions().into_paginator().items().send();
        while let Some(function) = functions.next().await {
            let function = function.map_err(|e| Failure::of_call("could not list the functions", e))?;
            match names(&function) {
                Ok((function, role)) => inventory.add(function, role),
                Err(e) => {
                    tracing::warn!(cause = %e, "a function is left out: its ARN or its role's makes no sense")
                }
            }
        }
        Ok(inventory)
    }
}

fn names(function: &FunctionConfiguration) -> Result<(FunctionArn, RoleArn), InvalidName> {
    let (function, role) = (function.function_arn(), function.role());
    Ok((function.unwrap_or_default().parse()?, role.unwrap_or_default().parse()?))
}
