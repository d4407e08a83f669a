//! What a proposal makes of evidence that is missing, broken or of another kind.

use crate::evidence::{ROLE, call, generated, history, not_generated, not_read, period};
use crate::roles::{allow, document, existing_role, our_document, snapshot, time, trusts};
use guardrail::finding::ServiceUse;
use guardrail::last_accessed::LastAccessed;
use guardrail::proposal::{
    Completeness, Coverage, Evidence, Generated, History, JobAnswer, Keep, NoProposal, Proposal, Reading,
    Ungenerated, propose,
};
use guardrail::snapshot::{Boundary, Document, PolicySource, Role, RolePolicy, RoleSnapshot};
use serde_json::{Value, json};

fn proposed(
    statements: &[Value],
    generated: &Generated,
    history: &History,
    last_accessed: Option<&LastAccessed>,
) -> Result<Proposal, NoProposal> {
    let role = snapshot(existing_role(), Boundary::Absent, statements);
    propose(&role, &our_document(), &Evidence { generated, history, last_accessed })
}

fn why_not(role: &RoleSnapshot, generated: &Generated, history: &History) -> NoProposal {
    propose(role, &our_document(), &Evidence { generated, history, last_accessed: None }).unwrap_err()
}

/// IAM's report: each service with the time of its last use.
fn report(services: &[(&str, Option<&str>)]) -> LastAccessed {
    let services: Vec<ServiceUse> = services
        .iter()
        .map(|(namespace, last)| ServiceUse {
            namespace: (*namespace).to_owned(),
            last: last.map(time),
            tracked: Vec::new(),
        })
        .collect();
    LastAccessed::of_report(existing_role().id, time("2026-11-21T00:00:00Z"), &services, None)
}

fn why(proposal: &Proposal, action: &str) -> Option<Keep> {
    proposal.kept.get(&action.parse().unwrap()).copied()
}

#[test]
fn calls_on_data_go_only_where_iam_knows_no_use_of_the_service() {
    let granted = [allow(
        json!(["s3:*", "sqs:*", "dynamodb:*", "kms:Decrypt", "iam:PassRole", "rds-db:connect"]),
        json!("*"),
    )];
    let long_ago = Some("2026-01-01T00:00:00Z");
    let used = report(&[("s3", None), ("sqs", long_ago), ("kms", None), ("iam", None), ("rds-db", None)]);
    let generated = generated(&["kms:Decrypt"]);
    let proposal = proposed(&granted, &generated, &not_read(), Some(&used)).unwrap();
    assert_eq!(why(&proposal, "s3:GetObject"), None);
    assert_eq!(proposal.never_used, ["s3".to_owned()].into());
    assert_eq!(why(&proposal, "sqs:SendMessage"), Some(Keep::DataEvent), "it was used, long ago");
    assert_eq!(why(&proposal, "dynamodb:PutItem"), Some(Keep::DataEvent), "IAM told nothing of it");
    assert_eq!(why(&proposal, "kms:Decrypt"), Some(Keep::Used), "a call is newer than a report");
    assert_eq!(why(&proposal, "iam:PassRole"), Some(Keep::Passing), "no report tells of it");
    assert_eq!(why(&proposal, "rds-db:connect"), Some(Keep::NoCall), "nor of what is no call");
    let without = proposed(&granted, &generated, &not_read(), None).unwrap();
    assert_eq!(why(&without, "s3:GetObject"), Some(Keep::DataEvent));
    assert!(without.never_used.is_empty());
}

#[test]
fn a_service_in_use_of_which_no_call_is_seen_stays_whole() {
    let granted = [allow(json!(["translate:*", "sqs:*"]), json!("*"))];
    let generated = generated(&["sqs:CreateQueue"]);
    let recent = report(&[("translate", Some("2026-11-01T00:00:00Z"))]);
    let proposal = proposed(&granted, &generated, &not_read(), Some(&recent)).unwrap();
    assert_eq!(why(&proposal, "translate:TranslateText"), Some(Keep::ServiceInUse));
    assert_eq!(why(&proposal, "sqs:PurgeQueue"), None);
    let of_service = crate::evidence::generated(&["sqs:CreateQueue", "translate:*"]);
    let proposal = proposed(&granted, &of_service, &not_read(), None).unwrap();
    assert_eq!(
        why(&proposal, "translate:TranslateText"),
        Some(Keep::ServiceInUse),
        "as Access Analyzer tells"
    );
    let before = report(&[("translate", Some("2026-06-01T00:00:00Z"))]);
    let proposal = proposed(&granted, &generated, &not_read(), Some(&before)).unwrap();
    assert_eq!(why(&proposal, "translate:TranslateText"), None, "used before the time of the evidence");
}

#[test]
fn a_call_that_cannot_be_mapped_is_told_and_keeps_its_service() {
    let history =
        history(&[call("sqs", "FrobnicateQueue"), call("nosuch", "Do"), call("sns", "CreateTopic")]);
    let granted = [allow(json!(["sqs:*", "sns:*"]), json!("*"))];
    let proposal = proposed(&granted, &not_generated(), &history, None).unwrap();
    assert_eq!(proposal.unmapped, ["nosuch.amazonaws.com:Do", "sqs.amazonaws.com:FrobnicateQueue"]);
    assert_eq!(why(&proposal, "sqs:PurgeQueue"), Some(Keep::CallNotMapped));
    assert_eq!(why(&proposal, "sns:DeleteTopic"), None);
}

#[test]
fn tags_given_with_the_making_stay_and_taking_them_away_does_not() {
    let proposal =
        proposed(&[allow(json!("sqs:*"), json!("*"))], &generated(&["sqs:CreateQueue"]), &not_read(), None);
    let proposal = proposal.unwrap();
    assert_eq!(why(&proposal, "sqs:TagQueue"), Some(Keep::TagsOnCreation));
    assert_eq!(why(&proposal, "sqs:UntagQueue"), None);
}

#[test]
fn what_was_used_and_is_not_granted_is_told_and_not_given() {
    let granted = [allow(json!(["sqs:CreateQueue", "sqs:PurgeQueue"]), json!("*"))];
    let proposal = proposed(
        &granted,
        &generated(&["sqs:CreateQueue", "iam:CreateUser"]),
        &history(&[call("sns", "CreateTopic")]),
        None,
    );
    let proposal = proposal.unwrap();
    let told: Vec<&str> = proposal.not_granted.iter().map(|action| action.as_str()).collect();
    assert_eq!(told, ["iam:CreateUser", "sns:CreateTopic"]);
    assert!(!proposal.documents[0].to_json().contains("CreateUser"));
    assert_eq!(
        proposal.completeness,
        Completeness::TrailInPart,
        "Access Analyzer does not name the topic's call"
    );
}

fn read(principal: &str, coverage: Coverage, policies: &[&str]) -> Generated {
    Generated::read(&ROLE.parse().unwrap(), &JobAnswer { principal, period: period(), coverage, policies })
}

#[test]
fn an_answer_that_is_not_understood_is_a_doubt_or_nothing() {
    const GOOD: &str = r#"{"Statement": [{"Effect": "Allow", "Action": ["sqs:CreateQueue", "sqs:createqueue"], "Resource":
        "arn:aws:sqs:${Region}:${Account}:${QueueName}"}, {"Effect": "Deny", "Action": "sns:*", "Resource": "*"}]}"#;
    let not_action = r#"{"Statement": {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}}"#;
    let whole = |generated: &Generated| match generated {
        Generated::Policy(policy) => Some((policy.coverage(), policy.doubts().len())),
        Generated::Nothing(_) => None,
    };
    assert_eq!(whole(&read(ROLE, Coverage::Whole, &[GOOD])), Some((Coverage::Whole, 0)));
    assert_eq!(whole(&read(ROLE, Coverage::Part, &[GOOD])), Some((Coverage::Part, 0)));
    assert_eq!(whole(&read(ROLE, Coverage::Whole, &[])), Some((Coverage::Whole, 0)), "no call is an answer");
    for broken in ["", "{", "[]", "null", not_action, r#"{"Statement": 7}"#] {
        assert_eq!(
            whole(&read(ROLE, Coverage::Whole, &[GOOD, broken])),
            Some((Coverage::Part, 1)),
            "{broken}"
        );
        let nothing = read(ROLE, Coverage::Whole, &[broken]);
        assert!(
            matches!(nothing, Generated::Nothing(Ungenerated::NotUnderstood(_))),
            "{broken}: {nothing:?}"
        );
    }
    let other = "arn:aws:iam::123456789012:role/other";
    let of_other = read(other, Coverage::Whole, &[GOOD]);
    assert_eq!(of_other, Generated::Nothing(Ungenerated::OtherPrincipal(other.to_owned())));
    let granted = [allow(json!(["sqs:*", "sns:*"]), json!("*"))];
    let in_part = proposed(&granted, &read(ROLE, Coverage::Whole, &[GOOD, "{"]), &not_read(), None).unwrap();
    assert_eq!(in_part.completeness, Completeness::TrailInPart);
    assert!(
        in_part.doubts[0].starts_with("document 1 of Access Analyzer's answer: "),
        "{:?}",
        in_part.doubts
    );
}

#[test]
fn a_role_of_which_too_little_is_known_gets_no_proposal() {
    let whole = history(&[call("sqs", "CreateQueue")]);
    let granted = [allow(json!("sqs:*"), json!("*"))];
    let of = |role: Role| snapshot(role, Boundary::Absent, &granted);
    let no_calls = History::new("us-east-1", period()).ended(Reading::Whole);
    let never = Role { last_used: None, ..existing_role() };
    assert_eq!(why_not(&of(never), &not_generated(), &no_calls), NoProposal::NotUsed(90));
    let long_ago = Role { last_used: Some(time("2026-01-01T00:00:00Z")), ..existing_role() };
    assert_eq!(why_not(&of(long_ago), &not_generated(), &no_calls), NoProposal::NotUsed(90));
    let shared = Role {
        trust: trusts(json!({"Service": ["lambda.amazonaws.com", "ec2.amazonaws.com"]})),
        ..existing_role()
    };
    let why = why_not(&of(shared.clone()), &not_generated(), &whole);
    assert!(matches!(why, NoProposal::UsedByOthers(_)), "{why}");
    let evidence =
        Evidence { generated: &generated(&["sqs:CreateQueue"]), history: &whole, last_accessed: None };
    assert!(propose(&of(shared), &our_document(), &evidence).is_ok(), "the trail has every session");
    for unreadable in [document(json!([{"Effect": "Maybe"}])), Document::Gone] {
        let mut role = of(existing_role());
        role.policies
            .push(RolePolicy { source: PolicySource::Inline("odd".to_owned()), document: unreadable });
        let why = why_not(&role, &not_generated(), &whole);
        assert!(matches!(why, NoProposal::NotUnderstood(_)), "{why}");
        assert!(why.to_string().contains("inline:odd: "), "{why}");
    }
}

#[test]
fn a_role_that_needs_all_it_has_gets_no_proposal_nor_one_that_needs_nothing() {
    let whole = history(&[call("sqs", "CreateQueue")]);
    let of = |action: &str| snapshot(existing_role(), Boundary::Absent, &[allow(json!(action), json!("*"))]);
    assert_eq!(why_not(&of("sqs:CreateQueue"), &not_generated(), &whole), NoProposal::NothingToDrop);
    assert_eq!(why_not(&of("sqs:PurgeQueue"), &not_generated(), &whole), NoProposal::NothingLeft);
    assert_eq!(why_not(&of("sqs:PurgeQueue"), &generated(&[]), &whole), NoProposal::NothingLeft);
}

#[test]
fn what_needs_more_documents_than_a_role_may_have_is_not_proposed() {
    let catalogue = iam_policy::Catalogue::bundled();
    let all = catalogue.services().iter().flat_map(|service| service.actions());
    let names: Vec<&str> =
        all.map(|action| action.name().as_str()).filter(|name| name.contains(":Get")).collect();
    assert!(names.len() > 2_400, "{}", names.len());
    let role = snapshot(
        existing_role(),
        Boundary::Absent,
        &[allow(json!(names), json!("*")), allow(json!("sqs:*"), json!("*"))],
    );
    let why = why_not(&role, &generated(&["*:Get*"]), &not_read());
    assert!(matches!(why, NoProposal::TooLarge(documents) if documents > 10), "{why}");
}

#[test]
fn evidence_is_kept_from_one_day_to_the_next() {
    let mut first = History::new("us-east-1", period());
    let (one, other) = (call("sqs", "CreateQueue").to_string(), call("nosuch", "Do").to_string());
    first.count(&existing_role(), &one);
    let kept = serde_json::to_string(&first).unwrap();
    let mut resumed: History = serde_json::from_str(&kept).unwrap();
    assert_eq!(resumed, first);
    resumed.count(&existing_role(), &other);
    first.count(&existing_role(), &other);
    assert_eq!(resumed.ended(Reading::Whole), first.ended(Reading::Whole));
    for generated in [
        generated(&["sqs:CreateQueue", "s3:*"]),
        not_generated(),
        Generated::Nothing(Ungenerated::Failed("x".to_owned())),
    ] {
        let kept = serde_json::to_string(&generated).unwrap();
        assert_eq!(serde_json::from_str::<Generated>(&kept).unwrap(), generated);
    }
}

#[test]
fn the_history_of_one_region_is_not_whole_for_functions_of_another() {
    let function =
        |region: &str| format!("arn:aws:lambda:{region}:123456789012:function:orders").parse().unwrap();
    let (here, there) = (function("us-east-1"), function("eu-west-1"));
    assert_eq!(Reading::of_every_page("us-east-1", [&here]), Reading::Whole);
    let reading = Reading::of_every_page("us-east-1", [&here, &there]);
    let history = History::new("us-east-1", period()).ended(reading);
    assert!(!history.is_whole());
    let granted = snapshot(existing_role(), Boundary::Absent, &[allow(json!("sqs:*"), json!("*"))]);
    let why = why_not(&granted, &not_generated(), &history).to_string();
    assert!(
        why.ends_with("in part: functions of the role run in eu-west-1, whose history is not read"),
        "{why}"
    );
}

#[test]
fn a_history_stays_small_however_many_calls_there_are() {
    let mut history = History::new("us-east-1", period());
    for number in 0..3_000 {
        let mut record = call("dynamodb", "DescribeTable");
        record["requestParameters"] = json!({"tableName": format!("orders-{number}")});
        history.count(&existing_role(), &record.to_string());
        history.count(&existing_role(), &call("nosuch", &format!("Do{number}x")).to_string());
    }
    let kept = serde_json::to_string(&history).unwrap();
    assert!(kept.len() < 20_000, "{} bytes", kept.len());
}
