//! A boundary that fits one role: all that the proposed policy needs and nothing that Ringfence's boundary does not allow.

use super::documents::LONGEST_POLICY;
use super::left_out::with_policies_alone;
use crate::boundary_relation::{BoundaryRelation, merged_boundary};
use crate::escalation::{Escalation, Escalations};
use crate::snapshot::{Document, RoleSnapshot};
use iam_policy::{
    ActionName, ActionPattern, Catalogue, Containment, IdentityArn, Policy, escapes, merge, within,
};
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeSet;

/// The boundary for the role, or why there is none.
#[derive(Debug, Clone, PartialEq)]
pub enum FittedBoundary {
    /// A document that is provably within Ringfence's boundary and cuts nothing of the proposed policy that this leaves.
    Document {
        /// What it says.
        policy: Box<Policy>,
        /// Whether it cuts something of the proposed policy.
        leaves: Leaves,
    },
    /// None was found, for this reason.
    Missing(String),
}

/// What a fitted boundary leaves of the proposed policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Leaves {
    /// All of it.
    Everything,
    /// What Ringfence's boundary leaves of it.
    WhatOursLeaves,
}

/// Fits a boundary to `proposed`, the whole of the proposed policy, which allows these actions.
pub(super) fn fitted(
    role: &RoleSnapshot,
    proposed: &Policy,
    actions: &BTreeSet<ActionName>,
    ours: &Document,
) -> FittedBoundary {
    let Some(our_policy) = ours.understood() else {
        return FittedBoundary::Missing("Ringfence's own boundary was not read".to_owned());
    };
    let Ok(arn) = role.role.arn.as_str().parse::<IdentityArn>() else {
        return FittedBoundary::Missing(format!("`{}` is no role of the policy language", role.role.arn));
    };
    // What ours takes from everything, no boundary within it needs to name.
    let possible: BTreeSet<ActionName> =
        with_policies_alone(role, std::slice::from_ref(our_policy), |view| {
            actions.iter().filter(|action| !view.is_out_of_question(action)).cloned().collect()
        });
    let mut why = "what the policy allows could not be written as a boundary within Ringfence's";
    for allowed in forms(&possible) {
        let Some(policy) = within_both(&allowed, ours) else { continue };
        if let Some(leaves) = leaves(proposed, &policy, our_policy)
            && opens_nothing(&policy, our_policy, &arn)
        {
            return FittedBoundary::Document { policy: policy.into(), leaves };
        }
        why = "it could not be shown that a boundary within Ringfence's cuts nothing of the policy";
    }
    FittedBoundary::Missing(why.to_owned())
}

/// The actions by name; in patterns that stand for no other action of the catalogue; as whole services.
fn forms(actions: &BTreeSet<ActionName>) -> impl Iterator<Item = Vec<String>> {
    let named = actions.iter().map(|action| action.as_str().to_owned()).collect();
    let patterns = Catalogue::bundled().shrink(actions).iter().map(ActionPattern::to_string).collect();
    let services: BTreeSet<String> = actions.iter().map(|action| format!("{}:*", action.service())).collect();
    [named, patterns, services.into_iter().collect()].into_iter()
}

/// The actions on everything, as far as ours allows them, if IAM takes a document of that size.
fn within_both(actions: &[String], ours: &Document) -> Option<Policy> {
    let statement = json!({ "Effect": "Allow", "Action": actions, "Resource": "*" });
    let wanted = Document::parse(&json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string());
    let policy = Policy::parse(&merged_boundary(&wanted, ours)?).ok()?;
    let candidate = Document::Understood(policy.clone().into());
    let is_within = BoundaryRelation::of(&candidate, ours) == BoundaryRelation::WithinOurs;
    (is_within && policy.size() <= LONGEST_POLICY).then_some(policy)
}

/// None, if it was not shown that the boundary leaves what it should.
fn leaves(proposed: &Policy, boundary: &Policy, ours: &Policy) -> Option<Leaves> {
    if within(&[proposed], &[boundary]) == Containment::Pass {
        return Some(Leaves::Everything);
    }
    // What ours cuts, no boundary within it can leave.
    let left = merge(proposed, ours).ok().filter(|left| left.fit == iam_policy::Fit::Exact)?;
    (within(&[&left.policy], &[boundary]) == Containment::Pass).then_some(Leaves::WhatOursLeaves)
}

/// Whether no way to more rights is open under the boundary that is not open under ours.
fn opens_nothing(boundary: &Policy, ours: &Policy, role: &IdentityArn) -> bool {
    let open = |policy: &Policy| -> BTreeSet<Box<str>> {
        let ways = Escalations::bundled().minimal().map(Escalation::set);
        escapes(policy, role, ways).into_iter().map(|escape| escape.set.id.clone()).collect()
    };
    let under_it = open(boundary);
    under_it.is_empty() || under_it.is_subset(&open(ours))
}
