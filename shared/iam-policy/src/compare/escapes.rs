//! Which ways to more rights a boundary leaves open.

use std::collections::BTreeMap;

use super::Doubt;
use super::access::{Access, NoResource, Possible, Targets};
use crate::action::ActionName;
use crate::catalogue::{Catalogue, Need};
use crate::document::Policy;
use crate::evaluate::Policies;
use crate::principal::{IdentityArn, IdentityKind};
use crate::request::Request;

/// Actions that together let a role gain rights: a privilege escalation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EscalationSet {
    /// What to call it.
    pub id: Box<str>,
    /// All of them are needed. An empty set escapes nothing.
    pub actions: Vec<ActionName>,
    /// What they have to be possible on.
    pub target: EscalationTarget,
}

/// What the actions of an escalation act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EscalationTarget {
    /// Any resource of the role's account, or none at all for an action that takes none.
    Account,
    /// The role itself; for actions on policies, any customer managed policy of its account.
    Itself,
}

/// An escalation that policies leave open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escape<'s> {
    /// The escalation.
    pub set: &'s EscalationSet,
    /// For each of its actions, in order, why it counts as possible.
    pub steps: Vec<EscapeStep>,
}

/// Why an action counts as possible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EscapeStep {
    /// This request is allowed.
    Allowed(Request),
    /// It was not shown that there is no such request.
    Doubtful(Doubt),
}

/// The escalations of which every action stays possible for `role` under a boundary, whatever its identity policies
/// grant. An escalation that is left out is ruled out, as far as the catalogue is right about the ARNs that its
/// actions take; an action that it does not know is looked at on any ARN.
///
/// What the role's requests carry is known as for [`Access::new`].
///
/// The actions of a set are judged one by one: a boundary that allows each of them under conditions that exclude
/// each other still leaves the set open.
pub fn escapes<'s>(
    boundary: &Policy,
    role: &IdentityArn,
    sets: impl IntoIterator<Item = &'s EscalationSet>,
) -> Vec<Escape<'s>> {
    let identity = [boundary];
    let mut access = Access::new(&Policies { identity: &identity, ..Policies::default() }, role);
    let mut known: BTreeMap<Goal<'_>, Option<EscapeStep>> = BTreeMap::new();
    let mut refused: BTreeMap<&ActionName, bool> = BTreeMap::new();
    let mut found = Vec::new();
    for set in sets {
        // Most sets end with an action that is denied everywhere: that is asked before anything is searched.
        let mut is_refused = |action: &'s ActionName| {
            let ask = || access.as_ref().is_ok_and(|access| access.is_out_of_question(action));
            *refused.entry(action).or_insert_with(ask)
        };
        if set.actions.is_empty() || set.actions.iter().any(&mut is_refused) {
            continue;
        }
        let mut step = |action: &'s ActionName| {
            let judge = || match &mut access {
                Ok(access) => match access.possible_on(action, || set.target.targets(role, action)) {
                    Possible::No => None,
                    Possible::Yes(way) => Some(EscapeStep::Allowed(way.request)),
                    Possible::Doubtful(doubt) => Some(EscapeStep::Doubtful(doubt)),
                },
                Err(doubt) => Some(EscapeStep::Doubtful(*doubt)),
            };
            known.entry((action, set.target)).or_insert_with(judge).clone()
        };
        let steps: Option<Vec<EscapeStep>> = set.actions.iter().map(&mut step).collect();
        found.extend(steps.map(|steps| Escape { set, steps }));
    }
    found
}

/// An action, and what it has to be possible on.
type Goal<'s> = (&'s ActionName, EscalationTarget);

impl EscalationTarget {
    /// The resources that the action has to be possible on for a role.
    pub fn targets(self, role: &IdentityArn, action: &ActionName) -> Targets {
        match self {
            Self::Account => in_account(role, action),
            Self::Itself => Targets::new(itself(role, action), NoResource::Excluded),
        }
    }
}

/// Patterns for the resources of the role's account that the action can be about: in the forms that the catalogue
/// has for it, of which those that it always acts on decide where there are any, or in any form of its service for an
/// action that it does not know; and whether it can be about none.
fn in_account(role: &IdentityArn, action: &ActionName) -> Targets {
    let known = Catalogue::bundled().service(action.service());
    let known = known.and_then(|service| Some((service, service.action(action)?)));
    let mut forms: Vec<String> = Vec::new();
    let mut needs_resource = false;
    if let Some((service, action)) = known {
        needs_resource = service.resources_of(action).any(|(_, need)| need == Need::Required);
        let decides = |need| !needs_resource || need == Need::Required;
        forms.extend(
            service
                .resources_of(action)
                .filter(|(_, need)| decides(*need))
                .map(|(kind, _)| kind.arn().to_owned()),
        );
    } else {
        let service = action.service();
        forms.extend(["*:*", ":*", "*:", ":"].map(|places| format!("arn:*:{service}:{places}:*")));
    }
    let none = if needs_resource { NoResource::Excluded } else { NoResource::Included };
    Targets::new(forms.iter().map(|form| in_form(role, form)), none)
}

/// The resources of this form in the role's partition and account.
fn in_form(role: &IdentityArn, form: &str) -> String {
    let partition = role.as_str().split(':').nth(1).unwrap_or("*?").to_owned();
    let account = role.account().to_string();
    let part = |(place, part): (usize, &str)| match (place, part) {
        (1, "*") => partition.clone(),
        (4, "*") => account.clone(),
        // A star before a `?` stays inside its part of the ARN.
        (0..=4, "*") => "*?".to_owned(),
        _ => part.to_owned(),
    };
    form.splitn(6, ':').enumerate().map(part).collect::<Vec<_>>().join(":")
}

/// The role, and for actions on policies those of its account.
fn itself(role: &IdentityArn, action: &ActionName) -> Vec<String> {
    let known = Catalogue::bundled().service(action.service());
    let known = known.and_then(|service| Some((service, service.action(action)?)));
    let is_about_policies = known.is_some_and(|(service, action)| {
        service.resources_of(action).any(|(kind, need)| kind.name() == "policy" && need == Need::Required)
    });
    match (role.kind(), role.role_name()) {
        _ if is_about_policies => vec![in_form(role, "arn:*:iam::*:policy/*")],
        // A session does not tell the path of its role.
        (IdentityKind::Session, Some(name)) => {
            ["", "*/"].map(|path| in_form(role, &format!("arn:*:iam::*:role/{path}{name}"))).to_vec()
        }
        _ => vec![role.as_str().to_owned()],
    }
}
