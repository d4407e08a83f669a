//! The documents that a sweep needs: the account's policies by pages, and what no page showed one by one.

use super::pages::to_policy_detail;
use crate::connect::Account;
use crate::failure::Failure;
use aws_sdk_iam::types::EntityType;
use futures_util::stream::{StreamExt, TryStreamExt, iter};
use guardrail::authorization_details::RoleDetail;
use guardrail::decide::BoundaryDocument;
use guardrail::names::PolicyArn;
use guardrail::snapshot::Boundary;
use guardrail::sweep::PolicyStore;
use std::collections::{BTreeMap, BTreeSet};

/// Read at once. IAM has other callers.
const AT_ONCE: usize = 2;

/// What accepted boundaries say, compared once for each policy.
#[derive(Debug, Default)]
pub(super) struct ComparedBoundaries(BTreeMap<PolicyArn, BoundaryDocument>);

impl Account {
    /// Every managed policy that somebody has, as far as the pages show it.
    pub(super) async fn policy_store(&self) -> Result<PolicyStore, Failure> {
        let mut store = PolicyStore::default();
        let mut marker = None;
        loop {
            let kinds = [EntityType::LocalManagedPolicy, EntityType::AwsManagedPolicy];
            let (page, next) = self.page(&kinds, marker).await?;
            for policy in page.policies.unwrap_or_default() {
                match to_policy_detail(policy) {
                    Ok(policy) => store.add(&policy),
                    // Where a role has it, it is asked for by itself.
                    Err(e) => tracing::warn!(cause = %e, "a policy of a page makes no sense"),
                }
            }
            match next {
                Some(next) => marker = Some(next),
                None => return Ok(store),
            }
        }
    }

    /// Reads the policies of these roles that no page showed.
    pub(super) async fn read_unread(
        &self,
        store: &mut PolicyStore,
        roles: &[RoleDetail],
    ) -> Result<(), Failure> {
        let unread: BTreeSet<PolicyArn> =
            roles.iter().flat_map(|role| store.unread(role).cloned().collect::<Vec<_>>()).collect();
        let read = async |arn: PolicyArn| {
            let document = self.managed_document(&arn).await?;
            Ok::<_, Failure>((arn, document))
        };
        let documents: Vec<_> = iter(unread).map(read).buffered(AT_ONCE).try_collect().await?;
        for (arn, document) in documents {
            store.note(arn, document);
        }
        Ok(())
    }

    /// Whether the boundary says what was shipped or approved.
    pub(super) async fn compared(
        &self,
        known: &mut ComparedBoundaries,
        boundary: &Boundary,
    ) -> Result<BoundaryDocument, Failure> {
        let Boundary::Attached { arn, .. } = boundary else { return Ok(BoundaryDocument::AsApproved) };
        if let Some(compared) = known.0.get(arn) {
            return Ok(*compared);
        }
        let compared = self.boundary_document(boundary).await?;
        known.0.insert(arn.clone(), compared);
        Ok(compared)
    }
}
