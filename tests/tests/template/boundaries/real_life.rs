//! What the profiles cut from the role shapes of real life, told by the policy engine, and whether what is said to help
//! helps.

use super::form::{QUOTA, characters};
use super::roles::{Kind, RoleShape, ToDo, files, role_shapes};
use super::{PROFILES, document, policy};
use crate::{one_or_many, stack, text};
use guardrail::escalation::Escalations;
use iam_policy::{
    ActionPattern, Catalogue, Cut, EscalationSet, Level, Policy, PolicyKind, Removal, escapes, impact,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use tests::template::{ACCOUNT, Stack, Template};

/// Every wildcard grant loses what it would grant on Ringfence's own parts. That is the same for all, and no loss.
const OF_RINGFENCE: [&str; 2] = ["DenyTouchingRingfence", "DenyDisconnectingRingfence"];

/// What a boundary cuts from a role, but for Ringfence's own parts.
pub(super) fn cuts(shape: &RoleShape, boundary: &[&Value]) -> Vec<Removal> {
    let identity: Vec<&Policy> = shape.policies.iter().collect();
    let mut removals = impact(&identity, &policy(boundary.iter().copied()), no_escalations())
        .unwrap_or_else(|doubt| panic!("`{}` cannot be compared: {doubt}", shape.id));
    removals.retain(|removal| !denied_by(removal, boundary).is_some_and(|sid| OF_RINGFENCE.contains(&sid)));
    removals
}

/// Here it is asked what is lost, not whether it is dangerous.
fn no_escalations() -> [&'static EscalationSet; 0] {
    []
}

/// The Sid of the statement that denies it.
fn denied_by<'b>(removal: &Removal, boundary: &[&'b Value]) -> Option<&'b str> {
    match removal.cut {
        Cut::Denied(at) => Some(text(boundary[at], "/Sid")),
        Cut::NotAllowed | Cut::AllowedInPart(_) => None,
    }
}

/// The actions that are cut, in words.
fn actions(removals: &[Removal]) -> BTreeSet<String> {
    removals.iter().flat_map(|removal| &removal.actions).map(|lost| lost.action.to_string()).collect()
}

fn cut_by(shape: &RoleShape, stack: &Stack, profile: &str) -> BTreeSet<String> {
    actions(&cuts(shape, &document(stack, profile)))
}

/// The template with the parameters of a shape.
fn carved_out_for(shape: &RoleShape) -> Stack {
    let parameters: Vec<(&str, &str)> =
        shape.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    Template::of_project().rendered(&parameters)
}

/// `baseline` as somebody would change it for one role: what denies an action that the role needs becomes a statement of
/// its own, which leaves the role's resources out. Also those statements alone.
pub(super) fn own_boundary(shape: &RoleShape, baseline: &[&Value]) -> (Vec<Value>, Vec<Value>) {
    let mut own: Vec<Value> = baseline.iter().map(|statement| (*statement).clone()).collect();
    // Patterns of actions by the resources to be left out.
    let mut left_out: BTreeMap<Vec<String>, BTreeSet<String>> = BTreeMap::new();
    for removal in cuts(shape, baseline) {
        let Cut::Denied(at) = removal.cut else { panic!("baseline allows everything") };
        let (needed, kept): (Vec<&str>, Vec<&str>) =
            one_or_many(&baseline[at]["Action"]).into_iter().partition(|pattern| {
                let pattern = ActionPattern::new(pattern);
                let mut lost = removal.actions.iter().filter_map(|lost| lost.example.as_ref());
                lost.any(|example| pattern.matches(&example.action))
            });
        let resources: Vec<String> = removal.resources.iter().map(ToString::to_string).collect();
        left_out.entry(resources).or_default().extend(needed.into_iter().map(str::to_owned));
        let still: BTreeSet<&str> = one_or_many(&own[at]["Action"]).into_iter().collect();
        own[at]["Action"] = kept.into_iter().filter(|pattern| still.contains(pattern)).collect();
    }
    let exceptions: Vec<Value> = left_out
        .into_iter()
        .zip(1..)
        .map(|((resources, patterns), n)| {
            json!({"Sid": format!("DenyElsewhere{n}"), "Effect": "Deny", "Action": patterns, "NotResource": resources})
        })
        .collect();
    own.retain(|statement| !one_or_many(&statement["Action"]).is_empty());
    own.extend(exceptions.iter().cloned());
    (own, exceptions)
}

#[test]
fn what_is_said_to_help_each_role_helps() {
    let stack = stack();
    for shape in role_shapes() {
        let id = &shape.id;
        let lost = PROFILES.map(|profile| cut_by(&shape, &stack, profile));
        for (at, to_do) in [shape.baseline, shape.strict].into_iter().enumerate() {
            let (profile, lost) = (PROFILES[at], &lost[at]);
            assert_eq!(lost.is_empty(), to_do == ToDo::Nothing, "{profile} cuts from `{id}`: {lost:?}");
            match to_do {
                ToDo::Nothing | ToDo::OwnBoundary => {}
                ToDo::Unused => assert_eq!(*lost, shape.unused.iter().cloned().collect(), "`{id}`"),
                ToDo::CarveOut => {
                    let still = cut_by(&shape, &carved_out_for(&shape), profile);
                    assert!(still.is_empty(), "{profile} still cuts from `{id}`: {still:?}");
                }
                ToDo::Baseline => {
                    assert_eq!(profile, "StrictBoundary", "`{id}`");
                    assert!(matches!(shape.baseline, ToDo::Nothing | ToDo::CarveOut), "`{id}`");
                }
                ToDo::Exemption => {
                    let boundary = document(&stack, profile);
                    let identities = ["DenyCreatingIdentities", "DenyChangingPermissions"];
                    let denied = cuts(&shape, &boundary);
                    let mut denied = denied.iter().filter_map(|removal| denied_by(removal, &boundary));
                    assert!(denied.any(|sid| identities.contains(&sid)), "`{id}` needs no exemption");
                }
            }
        }
    }
}

#[test]
fn a_boundary_made_for_one_role_leaves_it_what_it_needs_and_opens_nothing_elsewhere() {
    let stack = stack();
    let baseline = document(&stack, "BaselineBoundary");
    let role = format!("arn:aws:iam::{ACCOUNT}:role/orders").parse().expect("the ARN of a role");
    let mut seen = 0;
    for shape in role_shapes().into_iter().filter(|shape| shape.baseline == ToDo::OwnBoundary) {
        seen += 1;
        let (own, exceptions) = own_boundary(&shape, &baseline);
        let lost = actions(&cuts(&shape, &own.iter().collect::<Vec<_>>()));
        assert!(lost.is_empty(), "still cut from `{}`: {lost:?}", shape.id);
        let document = json!({"Version": "2012-10-17", "Statement": own});
        assert!(characters(&document) <= QUOTA, "`{}`: {} characters", shape.id, characters(&document));
        let closed: Vec<Value> = exceptions
            .iter()
            .map(|it| json!({"Effect": "Deny", "Action": it["Action"], "Resource": it["NotResource"]}))
            .collect();
        let elsewhere = policy(own.iter().chain(&closed));
        let open = escapes(&elsewhere, &role, Escalations::bundled().sets());
        let open: Vec<&str> = open.iter().map(|escape| &*escape.set.id).collect();
        assert!(open.is_empty(), "the boundary for `{}` leaves elsewhere: {open:?}", shape.id);
    }
    assert!(seen > 5, "only {seen} roles need a boundary of their own");
}

#[test]
fn workloads_need_nothing_under_the_baseline() {
    let workloads: Vec<RoleShape> =
        role_shapes().into_iter().filter(|shape| shape.kind == Kind::Workload).collect();
    assert!(workloads.len() >= 30, "only {} workloads", workloads.len());
    for shape in workloads {
        assert_eq!(shape.baseline, ToDo::Nothing, "`{}`", shape.id);
    }
}

/// An action on a resource of another type grants nothing, and then nothing can be cut.
#[test]
fn every_action_that_a_shape_names_is_granted() {
    let nothing = json!({"Sid": "DenyEverything", "Effect": "Deny", "Action": "*", "Resource": "*"});
    for shape in role_shapes() {
        let granted: Vec<ActionPattern> = cuts(&shape, &[&nothing])
            .into_iter()
            .flat_map(|removal| removal.actions)
            .map(|lost| lost.action)
            .collect();
        let statements = shape.policies.iter().flat_map(Policy::statements);
        for action in statements.flat_map(|statement| statement.action().patterns()) {
            let granted = action.exact().is_none_or(|action| granted.iter().any(|it| it.matches(&action)));
            assert!(granted, "`{}` grants {action} on nothing that it can be done to", shape.id);
        }
    }
}

#[test]
fn shapes_are_sound_and_say_what_they_follow() {
    let catalogue = Catalogue::bundled();
    for shape in role_shapes() {
        let id = &shape.id;
        for policy in &shape.policies {
            let problems = policy.validate(PolicyKind::Identity);
            let broken: Vec<String> =
                problems.iter().filter(|it| it.level > Level::Warning).map(ToString::to_string).collect();
            assert!(broken.is_empty(), "`{id}`: {broken:?}");
            let patterns = policy.statements().iter().flat_map(|statement| statement.action().patterns());
            for pattern in patterns {
                assert!(!catalogue.expand(pattern).listed.is_empty(), "`{id}`: AWS has no action {pattern}");
            }
        }
    }
    for file in files() {
        let id = file.display();
        assert_eq!(file.extension().and_then(|it| it.to_str()), Some("json"), "{id}");
        let text = std::fs::read_to_string(&file).expect("a file that was just listed");
        let shape: Value = serde_json::from_str(&text).expect("it was read before");
        assert!(crate::text(&shape, "/documentation").starts_with("https://docs.aws.amazon.com/"), "{id}");
        assert!(crate::text(&shape, "/what").len() > 20, "{id}");
        let accounts = text.split(|c: char| !c.is_ascii_digit()).filter(|digits| digits.len() == 12);
        for account in accounts {
            let placeholder = [ACCOUNT, "111122223333"].contains(&account);
            assert!(placeholder, "{id} names account {account}");
        }
    }
}
