//! What a sweep tells of roles that functions name and that do not exist.

use crate::roles::*;
use guardrail::exposure::{ExposureRecord, ExposureState};
use guardrail::finding::{AboutMissingRole, Finding, FindingId};
use guardrail::names::{FunctionArn, Region, RoleArn};
use guardrail::settings::Mode;
use guardrail::sweep::{
    AskedRoles, Checkpoint, Inventory, MOST_TOLD, MissingRoleFact, MissingRolesToTell, Sweep, SweepModes,
    SweepRules,
};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) fn role() -> RoleArn {
    named("orders-role")
}

fn named(name: &str) -> RoleArn {
    format!("arn:aws:iam::123456789012:role/teams/{name}").parse().unwrap()
}

pub(crate) fn function(region: &str, name: &str) -> FunctionArn {
    format!("arn:aws:lambda:{region}:123456789012:function:{name}").parse().unwrap()
}

pub(crate) fn about(
    role: &RoleArn,
    functions: &[FunctionArn],
    tell: impl FnOnce(&AboutMissingRole<'_>) -> Finding,
) -> Finding {
    tell(&AboutMissingRole {
        role,
        functions,
        account: &"123456789012".parse().unwrap(),
        region: "us-east-1",
        mode: Mode::Enforce,
        now: time("2026-11-22T10:00:05Z"),
    })
}

type Told = BTreeMap<RoleArn, ExposureRecord>;

/// What a sweep over these functions tells, where these roles do not exist.
fn to_tell(functions: &[(FunctionArn, RoleArn)], missing: &[RoleArn], told: &Told) -> MissingRolesToTell {
    to_tell_without(&[], functions, missing, told)
}

fn to_tell_without(
    refused: &[&str],
    functions: &[(FunctionArn, RoleArn)],
    missing: &[RoleArn],
    told: &Told,
) -> MissingRolesToTell {
    let (settings, ours, at) = (settings(), ours(), time("2026-11-22T10:00:00Z"));
    let rules = SweepRules {
        settings: &settings,
        modes: SweepModes::in_force(Mode::Enforce, Mode::Observe),
        ours: &ours,
        service_control: &[],
        installed_at: at,
        now: at,
    };
    let mut inventory = Inventory::default();
    functions.iter().cloned().for_each(|(function, role)| inventory.add(function, role));
    refused.iter().for_each(|region| inventory.note_refused(region.parse().unwrap()));
    let sweep = Sweep::resume(rules, inventory, Checkpoint::start("sweep".to_owned(), at));
    let asked = AskedRoles { missing: missing.iter().cloned().collect(), refused: BTreeSet::new() };
    sweep.missing_role_news(&asked, told)
}

/// The ledger after all that was told.
fn noted(to_tell: &MissingRolesToTell, mut told: Told) -> Told {
    for news in &to_tell.news {
        let known = told.get(&news.role).cloned().unwrap_or_default();
        let next = match &news.what {
            MissingRoleFact::Missing(id) | MissingRoleFact::Over(id, _) => {
                known.after_telling(id, news.state.clone())
            }
            MissingRoleFact::Fewer => known.after_less(news.state.clone()),
        };
        told.insert(news.role.clone(), next);
    }
    told
}

#[test]
fn the_roles_that_most_functions_name_are_told_first_and_the_rest_by_the_next_sweeps() {
    let mut functions = Vec::new();
    for index in 0..50 {
        for of in 0..=index % 3 {
            functions.push((
                function("us-east-1", &format!("f-{index}-{of}")),
                named(&format!("lost-{index:02}")),
            ));
        }
    }
    let missing: Vec<RoleArn> = functions.iter().map(|(_, role)| role.clone()).collect();
    let (mut told, mut sizes, mut untold) = (Told::new(), Vec::new(), Vec::new());
    loop {
        let next = to_tell(&functions, &missing, &told);
        if next.news.is_empty() {
            break;
        }
        sizes.extend(next.news.iter().map(|news| news.functions.len()));
        untold.push(next.untold);
        told = noted(&next, told);
    }
    assert_eq!(untold, [50 - MOST_TOLD as u64, 50 - 2 * MOST_TOLD as u64, 0]);
    assert_eq!((sizes.len(), sizes.is_sorted_by(|a, b| a >= b)), (50, true), "{sizes:?}");
}

#[test]
fn very_many_that_are_over_are_told_over_several_sweeps_too() {
    let roles: Vec<RoleArn> = (0..30).map(|index| named(&format!("lost-{index:02}"))).collect();
    let functions: Vec<_> =
        roles.iter().map(|role| (function("us-east-1", role.name().as_str()), role.clone())).collect();
    let mut told = Told::new();
    for _ in 0..2 {
        told = noted(&to_tell(&functions, &roles, &told), told);
    }
    let first = to_tell(&functions, &[], &told);
    assert_eq!((first.news.len(), first.untold), (MOST_TOLD, 0), "what is over is not missing");
    let second = to_tell(&functions, &[], &noted(&first, told));
    assert_eq!(second.news.len(), 30 - MOST_TOLD);
}

/// A Region that a policy of the organization closes and opens again would else make a finding each time.
#[test]
fn functions_of_a_region_that_cannot_be_read_count_as_they_were_told() {
    let (here, there) = (function("us-east-1", "here"), function("eu-west-1", "there"));
    let both = [(here.clone(), role()), (there.clone(), role())];
    let (told, missing) = (Told::new(), [role()]);
    let told = noted(&to_tell(&both, &missing, &told), told);
    for (refused, functions, missing) in [
        (&["eu-west-1"][..], &both[..1], &missing[..]),
        (&["eu-west-1", "us-east-1"], &[], &[]),
        (&["eu-west-1"], &[], &[]),
        (&[], &both, &missing),
    ] {
        let next = to_tell_without(refused, functions, missing, &told);
        let news: Vec<_> = next.news.iter().map(|news| &news.what).collect();
        assert!(news.iter().all(|what| **what == MissingRoleFact::Fewer), "{refused:?}: {news:?}");
    }
    let closed = to_tell(&[], &[], &told);
    let [news] = &closed.news[..] else { panic!("{closed:?}") };
    assert_eq!(news.functions, [there, here], "those that were told");
}

#[test]
fn a_finding_and_an_item_of_the_ledger_have_room_for_a_whole_account() {
    let long = "a".repeat(58);
    let functions: Vec<FunctionArn> =
        (0..20_000).map(|index| function("ap-southeast-1", &format!("{long}{index:05}"))).collect();
    let finding = about(&role(), &functions, |about| about.missing(FindingId::of_exposure(&role(), "s", 0)));
    let message = finding.message().unwrap();
    assert_eq!(finding.functions.len(), 50);
    assert!(message.body.len() < 64 * 1024, "{}", message.body.len());
    assert!(
        finding.summary.contains("20,000 functions (")
            && finding.summary.contains("19,950 functions that are not")
    );
    let state = ExposureState::of_missing_role(&role(), &functions, None, &BTreeSet::<Region>::new());
    let item = serde_json::to_string(&state).unwrap();
    assert!(item.len() < 400_000, "{}", item.len());
}

/// Names of functions and roles mean nothing to a shell, and everything else in the lines is ours.
#[test]
fn the_lines_are_one_for_each_region() {
    let functions = [function("eu-west-1", "a"), function("eu-west-1", "b"), function("us-east-1", "c")];
    let finding = about(&role(), &functions, |about| about.missing(FindingId::of_exposure(&role(), "s", 0)));
    for line in [
        "for function in a b; do aws lambda update-function-configuration --region eu-west-1 --function-name \"$function\" \
         --role 'ARN of a role that exists'; done",
        "aws lambda update-function-configuration --region us-east-1 --function-name c --role 'ARN of a role that exists'",
    ] {
        assert!(finding.breaches[0].remedy.contains(line), "{}", finding.breaches[0].remedy);
    }
}
