//! `ListRoles` and `GetRole`: the roles that functions name and that do not exist.

use super::roles::Start;
use crate::connect::Account;
use crate::failure::Failure;
use guardrail::names::RoleArn;
use guardrail::sweep::Sweep;

/// The most that `ListRoles` gives at once.
const PAGE: i32 = 1000;

impl Account {
    /// Counts them, each after it was asked for by itself: a role that was made while the pages were read may be on none of them.
    pub(super) async fn count_missing_roles(
        &self,
        sweep: &mut Sweep<'_>,
        start: &Start,
    ) -> Result<(), Failure> {
        if *start != Start::AtFirstPage {
            self.note_all_roles(sweep).await?;
        }
        let candidates: Vec<RoleArn> =
            sweep.missing_roles(&self.settings.account).map(|missing| missing.role.clone()).collect();
        let mut missing = 0;
        for candidate in candidates {
            let there = self.get_role(candidate.name()).await?;
            // One of the same name and another path is another role.
            if there.is_some_and(|role| role.arn == candidate) {
                continue;
            }
            missing += 1;
            tracing::warn!(role = candidate.as_str(), "functions have a role that does not exist");
        }
        sweep.missing_roles_done(missing);
        Ok(())
    }

    /// Notes the roles whose pages an earlier invocation read.
    async fn note_all_roles(&self, sweep: &mut Sweep<'_>) -> Result<(), Failure> {
        let mut pages = self.iam.list_roles().max_items(PAGE).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|e| Failure::of_call("could not list the account's roles", e))?;
            page.roles
                .iter()
                .filter_map(|role| role.arn.parse().ok())
                .for_each(|role| sweep.judged_before(&role));
        }
        Ok(())
    }
}
