//! `ListRegions` and `ListFunctions`: which functions have which role, in every Region that the account has enabled.

use crate::connect::Account;
use crate::failure::{Failure, FailureClass};
use aws_sdk_account::types::RegionOptStatus;
use aws_sdk_lambda::types::FunctionConfiguration;
use futures_util::stream::{StreamExt, TryStreamExt, iter};
use guardrail::names::{FunctionArn, InvalidName, Region, RoleArn};
use guardrail::sweep::Inventory;
use std::collections::BTreeSet;

/// Regions that are read at once. Each has limits of its own.
const AT_ONCE: usize = 4;

/// The functions of a Region, by who has which role; none where the account may not list them.
type OfRegion = Option<Vec<(FunctionArn, RoleArn)>>;

impl Account {
    /// Every function with its role. One whose names make no sense is left out, and the log says so. Regions that the organization
    /// keeps the account out of are noted in the inventory.
    pub(super) async fn inventory(&self) -> Result<Inventory, Failure> {
        let mut inventory = Inventory::default();
        let read = async |region: Region| {
            let functions = self.functions_in(&region).await?;
            Ok::<_, Failure>((region, functions))
        };
        let mut regions = iter(self.regions().await?).map(read).buffered(AT_ONCE);
        while let Some((region, functions)) = regions.try_next().await? {
            match functions {
                Some(functions) => {
                    functions.into_iter().for_each(|(function, role)| inventory.add(function, role));
                    inventory.note_read(region);
                }
                None => inventory.note_refused(region),
            }
        }
        Ok(inventory)
    }

    /// The Regions that the account has enabled, this one among them whatever the answer says.
    async fn regions(&self) -> Result<BTreeSet<Region>, Failure> {
        let here = self.settings.region.parse();
        let here = here.map_err(|e| Failure::malformed("the function's own Region makes no sense", e))?;
        let mut regions = BTreeSet::from([here]);
        let enabled = vec![RegionOptStatus::Enabled, RegionOptStatus::EnabledByDefault];
        let list = self.account_management().list_regions().set_region_opt_status_contains(Some(enabled));
        let mut pages = list.into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|e| Failure::of_call("could not list the account's Regions", e))?;
            let names = page.regions().iter().filter_map(|region| region.region_name());
            regions.extend(names.filter_map(|name| name.parse().ok()));
        }
        Ok(regions)
    }

    async fn functions_in(&self, region: &Region) -> Result<OfRegion, Failure> {
        let mut functions = Vec::new();
        let mut marker = None;
        loop {
            let there = aws_sdk_lambda::config::Region::new(region.as_str().to_owned());
            let there = aws_sdk_lambda::config::Builder::default().region(there);
            let asked = self.lambda().list_functions().set_marker(marker);
            let page = match asked.customize().config_override(there).send().await {
                Ok(page) => page,
                Err(e) => {
                    let failure = Failure::of_call(format!("could not list the functions of {region}"), e);
                    return refused(failure, region);
                }
            };
            functions.extend(page.functions().iter().filter_map(known_or_told));
            marker = page.next_marker.filter(|marker| !marker.is_empty());
            if marker.is_none() {
                return Ok(Some(functions));
            }
        }
    }
}

/// Organizations keep their accounts out of Regions by policy: no reason not to look at the others.
fn refused(failure: Failure, region: &Region) -> Result<OfRegion, Failure> {
    if failure.class() != FailureClass::Denied {
        return Err(failure);
    }
    tracing::warn!(region = region.as_str(), cause = %failure, "the functions of a Region may not be listed");
    Ok(None)
}

fn known_or_told(function: &FunctionConfiguration) -> Option<(FunctionArn, RoleArn)> {
    names(function)
        .inspect_err(|e| {
            tracing::warn!(cause = %e, "a function is left out: its ARN or its role's makes no sense");
        })
        .ok()
}

fn names(function: &FunctionConfiguration) -> Result<(FunctionArn, RoleArn), InvalidName> {
    let (function, role) = (function.function_arn(), function.role());
    Ok((function.unwrap_or_default().parse()?, role.unwrap_or_default().parse()?))
}
