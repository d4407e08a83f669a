//! `ListRoles` and `GetRole`: the roles that functions name and that do not exist, each told once.

use super::SweepCall;
use super::roles::Start;
use crate::clock;
use crate::connect::Account;
use crate::failure::{Failure, FailureClass};
use crate::ledger::{MissingRolesTold, OperatorPage, Stored, Version};
use guardrail::exposure::{ExposureRecord, ExposureSubject};
use guardrail::finding::AboutMissingRole;
use guardrail::names::RoleArn;
use guardrail::sweep::{AskedRoles, MissingRoleCounts, MissingRoleFact, MissingRoleNews, Sweep};
use std::collections::BTreeMap;

/// The most that `ListRoles` gives at once.
const PAGE: i32 = 1000;

/// How a sweep tells of missing roles.
#[derive(Debug, Clone, Copy)]
pub(super) struct Telling<'a> {
    pub(super) call: SweepCall<'a>,
    pub(super) page: &'a OperatorPage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Yes,
    No,
}

impl Account {
    /// Looks for them, tells what is news and counts them.
    pub(super) async fn missing_roles(
        &self,
        telling: Telling<'_>,
        sweep: &mut Sweep<'_>,
        start: &Start,
    ) -> Result<(), Failure> {
        if *start != Start::AtFirstPage {
            self.note_all_roles(sweep).await?;
        }
        let asked = self.ask_for_roles(sweep).await?;
        let untold = self.tell_missing_roles(telling, sweep, &asked).await?;
        let missing = u64::try_from(asked.missing.len()).unwrap_or(u64::MAX);
        sweep.missing_roles_done(MissingRoleCounts { missing, untold });
        Ok(())
    }

    /// Asks for each by itself: a role that was made while the pages were read may be on none of them.
    async fn ask_for_roles(&self, sweep: &Sweep<'_>) -> Result<AskedRoles, Failure> {
        let mut asked = AskedRoles::default();
        for candidate in sweep.missing_roles(&self.settings.account) {
            let role = candidate.role.clone();
            match self.get_role(role.name()).await {
                // One of the same name and another path is another role.
                Ok(Some(there)) if there.arn == role => {}
                Ok(_) => {
                    tracing::warn!(role = role.as_str(), "functions have a role that does not exist");
                    asked.missing.insert(role);
                }
                Err(failure) if failure.class() == FailureClass::Denied => {
                    tracing::warn!(role = role.as_str(), cause = %failure, "whether a role exists is not known");
                    asked.refused.insert(role);
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(asked)
    }

    /// Tells what is news; how many missing roles were not told.
    async fn tell_missing_roles(
        &self,
        telling: Telling<'_>,
        sweep: &Sweep<'_>,
        asked: &AskedRoles,
    ) -> Result<u64, Failure> {
        let of_account =
            format!("arn:{}:iam::{}:role/", self.settings.deployment.partition, self.settings.account);
        let told = self.ledger.read_missing_roles(&of_account).await?;
        let records: BTreeMap<RoleArn, ExposureRecord> =
            told.iter().map(|(role, (record, _))| (role.clone(), record.clone())).collect();
        let to_tell = sweep.missing_role_news(asked, &records);
        let mut untold = to_tell.untold;
        for news in to_tell.news {
            let is_missing = matches!(news.what, MissingRoleFact::Missing(_));
            let is_told = telling.call.has_time_left()
                && self.tell_missing_role(telling, news, &told).await? == Told::Yes;
            if is_missing && !is_told {
                untold = untold.saturating_add(1);
            }
        }
        Ok(untold)
    }

    async fn tell_missing_role(
        &self,
        telling: Telling<'_>,
        news: MissingRoleNews,
        told: &MissingRolesTold,
    ) -> Result<Told, Failure> {
        let MissingRoleNews { role, functions, state, what } = news;
        let (of, now) = (ExposureSubject::MissingRole(&role), clock::now());
        let (record, version) =
            told.get(&role).cloned().unwrap_or((ExposureRecord::default(), Version::NONE));
        let about = AboutMissingRole {
            role: &role,
            functions: &functions,
            account: &self.settings.account,
            region: &self.settings.region,
            mode: self.settings.mode.in_force(&telling.page.kill_switch(now)),
            now,
        };
        let finding = match what {
            MissingRoleFact::Missing(id) => about.missing(id),
            MissingRoleFact::Over(id, over) => {
                about.over(id, over, record.unresolved().into_iter().collect())
            }
            MissingRoleFact::Fewer => {
                let stored = self.ledger.write_exposure(of, &record.after_less(state), version).await?;
                return Ok(if stored == Stored::Overtaken { overtaken(&role) } else { Told::Yes });
            }
        };
        let claimed = self.claim_exposure(of, (&record, version), &finding, telling.call.request).await?;
        let Some(claimed) = claimed else { return Ok(overtaken(&role)) };
        self.tell_claimed(claimed, &finding, state).await?;
        tracing::info!(
            role = role.as_str(),
            outcome = finding.outcome.as_str(),
            finding = finding.id.as_str(),
            "told"
        );
        Ok(Told::Yes)
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

/// Only sweeps write these items, and one at a time. So it is one that cannot be read, or was written by hand: no reason not to tell
/// of the others.
fn overtaken(role: &RoleArn) -> Told {
    tracing::error!(
        role = role.as_str(),
        "the ledger's item `exposure` of a missing role cannot be written; an operator has to correct or delete it"
    );
    Told::No
}
