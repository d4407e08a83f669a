use super::*;

fn lost(action: &str, but: &[&str], resources: &[&str]) -> Lost {
    Lost {
        action: ActionPattern::new(action),
        but: but.iter().map(|text| ActionPattern::new(text)).collect(),
        resources: resources.iter().map(|&text| text.to_owned()).collect(),
        breadth: Breadth::Broad,
    }
}

fn narrow(action: &str) -> Lost {
    Lost { breadth: Breadth::Narrow, ..lost(action, &[], &["arn:aws:s3:::orders/prices.json"]) }
}

fn everywhere(action: &str) -> Lost {
    lost(action, &[], &["*"])
}

fn time(day: &str) -> Timestamp {
    format!("{day}T10:00:00Z").parse().unwrap()
}

fn service(namespace: &str, last: &str, tracked: &[(&str, &str)]) -> ServiceUse {
    let last_use = |day: &str| (!day.is_empty()).then(|| time(day));
    let tracked = tracked.iter().map(|(action, last)| ActionUse {
        action: format!("{namespace}:{action}").parse().unwrap(),
        last: last_use(last),
    });
    ServiceUse { namespace: namespace.to_owned(), last: last_use(last), tracked: tracked.collect() }
}

/// 90 days before 2026-11-22.
fn shown(lost: &[Lost], uses: &[ServiceUse]) -> Vec<String> {
    of(lost, uses, time("2026-08-24")).iter().map(ToString::to_string).collect()
}

#[test]
fn what_goes_and_was_used() {
    let iam = || service("iam", "2026-11-20", &[("CreateRole", "2026-11-20"), ("GetRole", "2026-11-19")]);
    let s3 = || service("s3", "2026-11-20", &[("CreateBucket", "2026-09-01")]);
    let role = "arn:aws:iam::123456789012:role/worker";
    let table: &[(&str, Lost, ServiceUse, &[&str])] = &[
        ("named and tracked", everywhere("iam:CreateRole"), iam(), &["iam:CreateRole (2026-11-20)"]),
        ("case does not matter", everywhere("IAM:createrole"), iam(), &["iam:CreateRole (2026-11-20)"]),
        ("in a wildcard", everywhere("iam:Create*"), iam(), &["iam:CreateRole (2026-11-20)"]),
        (
            "in everything",
            everywhere("*"),
            iam(),
            &["iam:CreateRole (2026-11-20)", "iam:GetRole (2026-11-19)"],
        ),
        (
            "left out of the wildcard",
            lost("iam:*", &["iam:Get*"], &["*"]),
            iam(),
            &["iam:CreateRole (2026-11-20)"],
        ),
        (
            "another action of the service",
            everywhere("iam:DeleteRole"),
            service("iam", "2026-11-20", &[("CreateRole", "2026-11-20"), ("DeleteRole", "")]),
            &[],
        ),
        ("another service", everywhere("sqs:*"), iam(), &[]),
        (
            "on one resource",
            lost("iam:CreateRole", &[], &[role]),
            iam(),
            &["iam:CreateRole on arn:aws:iam::123456789012:role/worker (2026-11-20)"],
        ),
        (
            "on two",
            lost("iam:CreateRole", &[], &[role, "arn:aws:iam::*:role/b"]),
            iam(),
            &["iam:CreateRole on arn:aws:iam::*:role/b and 1 more (2026-11-20)"],
        ),
        (
            "on the last day",
            everywhere("iam:*"),
            service("iam", "2026-08-24", &[("GetRole", "2026-08-24")]),
            &["iam:GetRole (2026-08-24)"],
        ),
        (
            "too long ago",
            everywhere("iam:*"),
            service("iam", "2026-08-23", &[("GetRole", "2026-08-23")]),
            &[],
        ),
        ("never", everywhere("iam:*"), service("iam", "", &[("GetRole", "")]), &[]),
        ("named, not tracked", everywhere("s3:GetObject"), s3(), &["s3 (service, 2026-11-20)"]),
        (
            "granted by name, not tracked, and another action accounts for the last use",
            narrow("s3:GetObject"),
            service("s3", "2026-11-20", &[("ListAllMyBuckets", "2026-11-20")]),
            &["s3 (service, 2026-11-20)"],
        ),
        (
            "one of many, not tracked, and another action accounts for the last use",
            everywhere("s3:GetObject"),
            service("s3", "2026-11-20", &[("ListAllMyBuckets", "2026-11-20")]),
            &[],
        ),
        ("named, not tracked, service unused", everywhere("s3:GetObject"), service("s3", "", &[]), &[]),
        (
            "no action of the service is tracked",
            everywhere("sqs:*"),
            service("sqs", "2026-11-20", &[]),
            &["sqs (service, 2026-11-20)"],
        ),
        (
            "used later than any tracked action",
            everywhere("s3:*"),
            s3(),
            &["s3 (service, 2026-11-20)", "s3:CreateBucket (2026-09-01)"],
        ),
        ("the use was one of an action that stays", everywhere("iam:Delete*"), iam(), &[]),
        ("everything but the service", lost("*", &["s3:*"], &["*"]), s3(), &[]),
        (
            "everything but some of the service",
            lost("*", &["s3:Create*"], &["*"]),
            s3(),
            &["s3 (service, 2026-11-20)"],
        ),
    ];
    for (case, lost, uses, expected) in table {
        let shown = shown(std::slice::from_ref(lost), std::slice::from_ref(uses));
        assert_eq!(shown, *expected, "{case}");
    }
}

#[test]
fn an_action_that_goes_here_and_everywhere_is_told_once_and_of_everything() {
    let cuts = [lost("iam:CreateRole", &[], &["arn:aws:iam::123456789012:role/a"]), everywhere("iam:*")];
    let uses = [service("iam", "2026-11-20", &[("CreateRole", "2026-11-20")])];
    assert_eq!(shown(&cuts, &uses), ["iam:CreateRole (2026-11-20)"]);
}

#[test]
fn the_most_recent_comes_first_and_at_most_twenty_are_told() {
    let days: Vec<String> = (1..=25).map(|day| format!("2026-10-{day:02}")).collect();
    let names: Vec<String> = (1..=25).map(|number| format!("Action{number}")).collect();
    let tracked: Vec<(&str, &str)> =
        names.iter().map(String::as_str).zip(days.iter().map(String::as_str)).collect();
    let shown = shown(&[everywhere("iam:*")], &[service("iam", "2026-10-25", &tracked)]);
    assert_eq!(shown.len(), MOST_SHOWN);
    assert_eq!(shown.first().unwrap(), "iam:Action25 (2026-10-25)");
    assert_eq!(shown.last().unwrap(), "iam:Action6 (2026-10-06)");
}

#[test]
fn the_sentence_names_three_and_counts_the_rest() {
    let tracked: [(&str, &str); 4] =
        [("A", "2026-11-20"), ("B", "2026-11-19"), ("C", "2026-11-18"), ("D", "2026-11-17")];
    let recent = of(&[everywhere("iam:*")], &[service("iam", "2026-11-20", &tracked)], time("2026-08-24"));
    assert_eq!(
        in_words(Outcome::Bounded, &recent).unwrap(),
        "Used in the last 90 days and no longer allowed: iam:A (2026-11-20), iam:B (2026-11-19), iam:C (2026-11-18) and 1 more."
    );
    let of_service = of(&[everywhere("s3:*")], &[service("s3", "2026-11-20", &[])], time("2026-08-24"));
    assert_eq!(
        in_words(Outcome::WouldBound, &of_service).unwrap(),
        "Used in the last 90 days and no longer allowed with the boundary: s3 (service, 2026-11-20). Of a service, IAM does \
         not tell which action was used."
    );
    assert_eq!(in_words(Outcome::Bounded, &[]), None);
}
