//! `ListRoles`: which role has an id. IAM knows no other way from an id to a name.

use crate::connect::Account;
use crate::failure::Failure;
use guardrail::names::{RoleId, RoleName};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

pub(crate) const ACTIONS: &[&str] = &["iam:ListRoles"];

/// The most that `ListRoles` gives at once.
const PAGE: i32 = 1000;

/// Names by id, as far as they were read. An id is never given twice and a role never renamed, so none goes stale.
#[derive(Debug, Default)]
pub(crate) struct RoleIds(Mutex<BTreeMap<RoleId, RoleName>>);

impl RoleIds {
    fn name_of(&self, id: &RoleId) -> Option<RoleName> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    fn note(&self, roles: &[aws_sdk_iam::types::Role]) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let names =
            roles.iter().filter_map(|role| Some((role.role_id.parse().ok()?, role.role_name.parse().ok()?)));
        known.extend(names);
    }
}

impl Account {
    /// The name of the role with this id; none where there is no such role any more.
    pub(crate) async fn role_with_id(&self, id: &RoleId) -> Result<Option<RoleName>, Failure> {
        if let Some(name) = self.role_ids.name_of(id) {
            return Ok(Some(name));
        }
        let mut pages = self.iam.list_roles().max_items(PAGE).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|e| Failure::of_call("could not list the account's roles", e))?;
            self.role_ids.note(&page.roles);
            if let Some(name) = self.role_ids.name_of(id) {
                return Ok(Some(name));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use crate::respond::doubles_of_an_account;
    use aws_sdk_iam::operation::list_roles::ListRolesOutput;
    use aws_sdk_iam::types::Role;
    use aws_smithy_mocks::{RuleMode, mock, mock_client};
    use aws_smithy_types::DateTime;

    fn role(name: &str) -> Role {
        let role = Role::builder().path("/").role_name(name).role_id(format!("AROA{}", name.to_uppercase()));
        let role = role.arn(format!("arn:aws:iam::123456789012:role/{name}"));
        role.create_date(DateTime::from_secs(1_790_000_000)).build().unwrap()
    }

    #[tokio::test]
    async fn every_page_is_asked_for_once_and_remembered() {
        let list = mock!(aws_sdk_iam::Client::list_roles).then_compute_output(|request| {
            assert_eq!(request.max_items(), Some(1000));
            let answer = ListRolesOutput::builder();
            match request.marker() {
                None => answer.roles(role("orders")).is_truncated(true).marker("second").build().unwrap(),
                Some(_) => answer.roles(role("mail")).is_truncated(false).build().unwrap(),
            }
        });
        let mut account = doubles_of_an_account();
        account.iam = mock_client!(aws_sdk_iam, RuleMode::MatchAny, &[&list]);
        let name = async |id: &str| account.role_with_id(&id.parse().unwrap()).await.unwrap();
        assert_eq!(name("AROAMAIL").await.unwrap().as_str(), "mail");
        assert_eq!(list.num_calls(), 2);
        assert_eq!(name("AROAORDERS").await.unwrap().as_str(), "orders");
        assert_eq!(list.num_calls(), 2, "both are known now");
        assert_eq!(name("AROAGONE").await, None);
        assert_eq!(list.num_calls(), 4, "a new role would not be known");
    }
}
