//! Policies of what a role used.

use crate::evidence::{call, generated, history, not_generated, not_read, on, period, refused};
use crate::roles::{allow, deny, existing_role, our_document, snapshot, time};
use guardrail::proposal::{
    Completeness, Counted, Evidence, FittedBoundary, Generated, History, Keep, Leaves, Narrowing, NoProposal,
    Proposal, Reading, Standing, StaysWide, propose,
};
use guardrail::snapshot::{Boundary, Document, RoleSnapshot};
use iam_policy::{Containment, within};
use serde_json::{Value, json};

fn role(statements: &[Value]) -> RoleSnapshot {
    snapshot(existing_role(), Boundary::Absent, statements)
}

fn proposed(statements: &[Value], generated: &Generated, history: &History) -> Proposal {
    let evidence = Evidence { generated, history, last_accessed: None };
    propose(&role(statements), &our_document(), &evidence).unwrap()
}

fn refusal(role: &RoleSnapshot, generated: &Generated, history: &History) -> NoProposal {
    propose(role, &our_document(), &Evidence { generated, history, last_accessed: None }).unwrap_err()
}

fn statements(proposal: &Proposal) -> Value {
    assert_eq!(proposal.documents.len(), 1);
    proposal.documents[0].to_value()["Statement"].clone()
}

fn kept(proposal: &Proposal) -> Vec<(&str, Keep)> {
    proposal.kept.iter().map(|(action, why)| (action.as_str(), *why)).collect()
}

#[test]
fn what_was_not_used_goes_and_what_nobody_could_see_stays() {
    let granted = [allow(json!("dynamodb:*"), json!("arn:aws:dynamodb:us-east-1:123456789012:table/orders"))];
    let proposal = proposed(&granted, &generated(&["dynamodb:DescribeTable"]), &not_read());
    let kept = kept(&proposal);
    assert!(kept.contains(&("dynamodb:DescribeTable", Keep::Used)));
    assert!(kept.contains(&("dynamodb:PutItem", Keep::DataEvent)));
    assert!(proposal.dropped.contains(&"dynamodb:DeleteTable".parse().unwrap()));
    let statements = statements(&proposal);
    assert_eq!(statements[0]["Resource"], granted[0]["Resource"], "as granted");
    assert!(statements.get(1).is_none());
}

#[test]
fn denies_and_conditions_stay_as_they_are_written() {
    let mut conditional =
        allow(json!(["sqs:CreateQueue", "sqs:DeleteQueue"]), json!("arn:aws:sqs:*:*:orders-*"));
    conditional["Condition"] = json!({"StringEquals": {"aws:RequestedRegion": "us-east-1"}});
    let mut denied = deny(json!("sqs:*"), json!("arn:aws:sqs:*:*:orders-audit"));
    denied["Sid"] = json!("Audit");
    let history = history(&[call("sqs", "CreateQueue")]);
    let proposal = proposed(&[json!([conditional, denied])], &not_generated(), &history);
    let expected = Value::Object(
        conditional
            .as_object()
            .unwrap()
            .clone()
            .into_iter()
            .map(|(key, value)| match key.as_str() {
                "Action" => (key, json!(["sqs:CreateQueue"])),
                _ => (key, value),
            })
            .collect(),
    );
    assert_eq!(statements(&proposal), json!([denied, expected]));
}

#[test]
fn without_evidence_there_is_no_proposal() {
    let admin = role(&[allow(json!("*"), json!("*"))]);
    let cut = History::new("us-east-1", period()).ended(Reading::Cut("throttled".to_owned()));
    for history in [&not_read(), &cut, &History::new("us-east-1", period())] {
        let why = refusal(&admin, &not_generated(), history);
        assert!(matches!(why, NoProposal::NoEvidence { .. }), "{why}");
        assert!(why.to_string().contains("no trail is set up"), "{why}");
    }
    let mut broken = History::new("us-east-1", period());
    assert_eq!(broken.count(&existing_role(), "{"), Counted::NotUnderstood);
    let why = refusal(&admin, &not_generated(), &broken.ended(Reading::Whole));
    assert!(why.to_string().contains("1 records of the event history were not understood"), "{why}");
}

#[test]
fn a_way_to_more_rights_is_left_out_even_if_it_was_used() {
    let granted =
        [allow(json!(["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"]), json!("*"))];
    let proposal =
        proposed(&granted, &not_generated(), &history(&[call("lambda", "CreateFunction20150331")]));
    let left_out: Vec<&str> = proposal.left_out.keys().map(|action| action.as_str()).collect();
    assert_eq!(left_out, ["iam:PassRole"], "nobody saw it used");
    assert!(proposal.kept.contains_key(&"lambda:CreateFunction".parse().unwrap()));
    let granted = [allow(json!(["iam:AttachRolePolicy", "iam:GetRole"]), json!("*"))];
    let history = history(&[call("iam", "AttachRolePolicy"), call("iam", "GetRole")]);
    let proposal = proposed(&granted, &not_generated(), &history);
    assert_eq!(kept(&proposal), [("iam:GetRole", Keep::Used)]);
    assert_eq!(proposal.left_out.values().next().unwrap().keep, Keep::Used);
}

#[test]
fn a_refused_call_is_a_candidate_and_nothing_more() {
    let message = "User: x is not authorized to perform: sqs:DeleteQueue on resource: arn:aws:sqs:us-east-1:123456789012:orders \
                   because no identity-based policy allows the sqs:DeleteQueue action";
    let history = history(&[call("sqs", "CreateQueue"), refused("sqs", "DeleteQueue", message)]);
    let proposal = proposed(
        &[allow(json!(["sqs:CreateQueue", "sqs:PurgeQueue"]), json!("*"))],
        &not_generated(),
        &history,
    );
    let [candidate] = proposal.candidates.as_slice() else { panic!("{:?}", proposal.candidates) };
    assert_eq!((candidate.action.as_str(), candidate.standing), ("sqs:DeleteQueue", Standing::NotGranted));
    assert_eq!(candidate.resources, ["arn:aws:sqs:us-east-1:123456789012:orders"]);
    assert_eq!(kept(&proposal), [("sqs:CreateQueue", Keep::Used)]);
}

#[test]
fn only_calls_of_this_role_count() {
    let mut history = History::new("us-east-1", period());
    let role = existing_role();
    let with = |pointer: &str, value: Value| {
        let mut record = call("sqs", "CreateQueue");
        *record.pointer_mut(pointer).unwrap() = value;
        record.to_string()
    };
    let issuer = "/userIdentity/sessionContext/sessionIssuer";
    for other in [
        with(&format!("{issuer}/arn"), json!("arn:aws:iam::123456789012:role/orders-api-role")),
        with(&format!("{issuer}/principalId"), json!("AROANAMESAKE")),
        with("/eventType", json!("AwsServiceEvent")),
        with("/eventName", json!(7)),
        json!({}).to_string(),
        json!([1]).to_string(),
    ] {
        assert_eq!(history.count(&role, &other), Counted::NotOfTheRole, "{other}");
    }
    assert_eq!(history.count(&role, "not json"), Counted::NotUnderstood);
    let failed = {
        let mut record = call("sqs", "DeleteQueue");
        record["errorCode"] = json!("AWS.SimpleQueueService.NonExistentQueue");
        record.to_string()
    };
    assert_eq!(history.count(&role, &failed), Counted::Call, "the call was allowed");
}

fn resources_of(proposal: &Proposal, action: &str) -> Vec<Value> {
    let statements = statements(proposal);
    let all = statements.as_array().unwrap().iter();
    all.filter(|statement| {
        statement["Action"].as_array().is_some_and(|actions| actions.contains(&json!(action)))
    })
    .map(|statement| statement["Resource"].clone())
    .collect()
}

#[test]
fn a_star_becomes_the_resources_that_every_call_named() {
    const KEY: &str = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555";
    const SECRET: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:orders-AbCdEf";
    let secret = |id: &str| {
        let mut record = call("secretsmanager", "DescribeSecret");
        record["requestParameters"] = json!({"secretId": id});
        record
    };
    let table = {
        let mut record = call("dynamodb", "DescribeTable");
        record["requestParameters"] = json!({"tableName": "orders"});
        record
    };
    let granted = [allow(
        json!([
            "kms:DescribeKey",
            "secretsmanager:DescribeSecret",
            "dynamodb:DescribeTable",
            "sqs:CreateQueue",
            "ec2:DescribeInstances"
        ]),
        json!("*"),
    )];
    let calls = [
        on(call("kms", "DescribeKey"), KEY),
        secret(SECRET),
        table,
        call("sqs", "CreateQueue"),
        call("ec2", "DescribeInstances"),
    ];
    let proposal = proposed(&granted, &not_generated(), &history(&calls));
    assert_eq!(resources_of(&proposal, "kms:DescribeKey"), [json!([KEY])]);
    assert_eq!(
        resources_of(&proposal, "secretsmanager:DescribeSecret"),
        [json!([SECRET, format!("{SECRET}-??????")])]
    );
    assert_eq!(
        resources_of(&proposal, "dynamodb:DescribeTable"),
        [json!(["arn:aws:dynamodb:us-east-1:123456789012:table/orders"])]
    );
    assert_eq!(resources_of(&proposal, "sqs:CreateQueue"), [json!("*")]);
    assert_eq!(resources_of(&proposal, "ec2:DescribeInstances"), [json!("*")]);
    let why = |action: &str| proposal.narrowed.get(&action.parse().unwrap()).cloned();
    assert_eq!(why("sqs:CreateQueue"), Some(Narrowing::Stays(StaysWide::Unnamed)));
    assert_eq!(why("ec2:DescribeInstances"), None, "it takes no resource");
    // One secret by name alone: nobody knows the end of its ARN.
    let calls = [secret(SECRET), secret("payments")];
    let proposal = proposed(&granted, &not_generated(), &history(&calls));
    assert_eq!(resources_of(&proposal, "secretsmanager:DescribeSecret"), [json!("*")]);
    // What the history does not show whole narrows nothing.
    let cut = history(&[secret(SECRET)]).ended(Reading::Cut("throttled".to_owned()));
    let proposal = proposed(&granted, &generated(&["secretsmanager:DescribeSecret"]), &cut);
    assert_eq!(resources_of(&proposal, "secretsmanager:DescribeSecret"), [json!("*")]);
}

#[test]
fn a_star_stays_where_the_records_do_not_tell_enough_and_the_reason_is_told() {
    let table = |name: &str| {
        let mut record = call("dynamodb", "DescribeTable");
        record["requestParameters"] = json!({"tableName": name});
        record
    };
    let tables = |names: &[String]| names.iter().map(|name| table(name)).collect::<Vec<_>>();
    let numbered = |count: usize, name: &str| (0..count).map(|n| format!("{name}{n}")).collect::<Vec<_>>();
    let apart: Vec<String> = ["a", "b", "c", "d", "e", "f"].map(|name| format!("{name}-orders")).into();
    let making = on(call("sqs", "CreateQueue"), "arn:aws:sqs:us-east-1:123456789012:orders");
    let deleting = on(call("sqs", "DeleteQueue"), "arn:aws:sqs:us-east-1:123456789012:orders");
    let decrypting = on(
        call("kms", "Decrypt"),
        "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555",
    );
    let volume =
        on(call("ec2", "DeleteVolume"), "arn:aws:ec2:us-east-1:123456789012:volume/vol-0123456789abcdef0");
    let orders = "arn:aws:dynamodb:us-east-1:123456789012:table/orders-";
    for (action, calls, expected) in [
        ("dynamodb:DescribeTable", tables(&apart), Err(StaysWide::NothingInCommon)),
        ("dynamodb:DescribeTable", tables(&numbered(60, "orders-")), Err(StaysWide::NothingInCommon)),
        ("dynamodb:DescribeTable", tables(&numbered(30, "orders-")), Ok(vec![format!("{orders}*")])),
        (
            "dynamodb:DescribeTable",
            tables(&numbered(2, "orders-")),
            Ok(vec![format!("{orders}0"), format!("{orders}1")]),
        ),
        (
            "dynamodb:DescribeTable",
            vec![table("orders-0"), call("dynamodb", "DescribeTable")],
            Err(StaysWide::Unnamed),
        ),
        ("sqs:CreateQueue", vec![making.clone()], Err(StaysWide::MakesResources)),
        ("sqs:DeleteQueue", vec![making, deleting], Err(StaysWide::MakesResources)),
        ("kms:Decrypt", vec![decrypting], Err(StaysWide::SeenInPart)),
        ("ec2:DeleteVolume", vec![volume], Err(StaysWide::NamesMadeByAws)),
    ] {
        let granted = [allow(json!(["dynamodb:*", "sqs:*", "ec2:*", "kms:*"]), json!("*"))];
        let proposal = proposed(&granted, &not_generated(), &history(&calls));
        let expected = match expected {
            Ok(resources) => Narrowing::To(resources.into_iter().collect()),
            Err(why) => Narrowing::Stays(why),
        };
        assert_eq!(proposal.narrowed.get(&action.parse().unwrap()), Some(&expected), "{action}");
    }
    let granted = [allow(json!("dynamodb:*"), json!("*"))];
    let of_trail = generated(&["dynamodb:DescribeTable"]);
    for (history, why) in [(history(&[]), StaysWide::NotInHistory), (not_read(), StaysWide::HistoryInPart)] {
        let proposal = proposed(&granted, &of_trail, &history);
        let told: Vec<&Narrowing> = proposal.narrowed.values().collect();
        assert_eq!(told, [&Narrowing::Stays(why)]);
    }
}

#[test]
fn a_role_of_another_account_that_was_assumed_is_no_way_to_more_rights() {
    let granted = [allow(json!("sts:AssumeRole"), json!("*"))];
    let assume = |role: &str| on(call("sts", "AssumeRole"), role);
    let proposal = proposed(
        &granted,
        &not_generated(),
        &history(&[assume("arn:aws:iam::210987654321:role/reader"), call("sts", "GetCallerIdentity")]),
    );
    assert_eq!(resources_of(&proposal, "sts:AssumeRole"), [json!(["arn:aws:iam::210987654321:role/reader"])]);
    let why = refusal(
        &role(&granted),
        &not_generated(),
        &history(&[assume("arn:aws:iam::123456789012:role/reader")]),
    );
    assert_eq!(why, NoProposal::NothingLeft, "it would be left out");
}

#[test]
fn what_is_too_long_is_written_in_patterns_that_stand_for_no_more() {
    let every: Vec<String> = {
        let service = iam_policy::Catalogue::bundled().service("ec2").unwrap();
        let all = service.actions().iter().filter(|action| action.name().as_str().contains("Describe"));
        all.map(|action| action.name().as_str().to_owned()).collect()
    };
    let names: Vec<&str> = every.iter().map(String::as_str).collect();
    // Granted with a wildcard, patterns stand for nothing new.
    let proposal = proposed(
        &[allow(json!(["ec2:Describe*", "sqs:CreateQueue"]), json!("*"))],
        &generated(&names),
        &not_read(),
    );
    let [document] = proposal.documents.as_slice() else { panic!("{} documents", proposal.documents.len()) };
    assert!(document.size() < 1_000, "{}", document.size());
    // Granted by name, the same patterns would stand for what AWS adds.
    let proposal = proposed(
        &[allow(json!(names), json!("*")), allow(json!("sqs:CreateQueue"), json!("*"))],
        &generated(&names),
        &not_read(),
    );
    assert!(proposal.documents.len() > 1);
    assert!(proposal.documents.iter().all(|document| document.size() <= 6_144));
    assert!(!proposal.documents.iter().any(|document| document.to_json().contains("Describe*")));
}

#[test]
fn the_fitted_boundary_leaves_what_the_policy_allows_and_nothing_that_ours_does_not() {
    let granted = [allow(json!(["sqs:*", "logs:*"]), json!("*")), allow(json!("iam:ListRoles"), json!("*"))];
    let history = history(&[call("sqs", "CreateQueue"), call("iam", "ListRoles")]);
    let proposal = proposed(&granted, &not_generated(), &history);
    let FittedBoundary::Document { policy, leaves } = &proposal.boundary else {
        panic!("{:?}", proposal.boundary)
    };
    assert_eq!(*leaves, Leaves::Everything);
    assert_eq!(within(&[&proposal.documents[0]], &[policy]), Containment::Pass);
    let ours = our_document();
    assert_eq!(within(&[policy], &[ours.understood().unwrap()]), Containment::Pass);
    assert!(!policy.to_json().contains("sqs:DeleteQueue"), "{policy}");
    let evidence = Evidence { generated: &not_generated(), history: &history, last_accessed: None };
    let unread = propose(&role(&granted), &Document::Gone, &evidence).unwrap();
    assert!(matches!(unread.boundary, FittedBoundary::Missing(_)));
}

#[test]
fn nothing_is_narrowed_by_the_calls_of_functions_where_others_may_assume_the_role() {
    let table = {
        let mut record = call("dynamodb", "DescribeTable");
        record["requestParameters"] = json!({"tableName": "orders"});
        record
    };
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"Service": ["lambda.amazonaws.com", "states.amazonaws.com"]}}]});
    for trust in [Document::parse(&trust.to_string()), Document::parse("{")] {
        let mut shared = role(&[allow(json!("dynamodb:*"), json!("*"))]);
        shared.role.trust = trust;
        let (generated, history) =
            (generated(&["dynamodb:DescribeTable"]), history(std::slice::from_ref(&table)));
        let evidence = Evidence { generated: &generated, history: &history, last_accessed: None };
        let proposal = propose(&shared, &our_document(), &evidence).unwrap();
        assert_eq!(resources_of(&proposal, "dynamodb:DescribeTable"), [json!("*")]);
        let told: Vec<&Narrowing> = proposal.narrowed.values().collect();
        assert_eq!(told, [&Narrowing::Stays(StaysWide::OthersToo)]);
        let why = refusal(&shared, &not_generated(), &history);
        assert!(
            matches!(why, NoProposal::UsedByOthers(_)),
            "the history has only functions' sessions: {why}"
        );
    }
}

#[test]
fn what_a_role_did_not_do_in_less_than_two_weeks_tells_nothing() {
    for (created, days) in [
        ("2026-11-20T00:00:00Z", Some(2)),
        ("2026-11-09T00:00:00Z", Some(13)),
        ("2026-11-08T00:00:00Z", None),
    ] {
        let mut young = role(&[allow(json!("sqs:*"), json!("*"))]);
        young.role.created = time(created);
        let (generated, history) = (generated(&["sqs:CreateQueue"]), not_read());
        let evidence = Evidence { generated: &generated, history: &history, last_accessed: None };
        match (propose(&young, &our_document(), &evidence), days) {
            (Err(NoProposal::TooYoung(told)), Some(days)) => assert_eq!(told, days),
            (Ok(proposal), None) => {
                assert_eq!(proposal.period.since, time(created), "not before it was there")
            }
            (other, _) => panic!("{created}: {other:?}"),
        }
    }
}

#[test]
fn an_answer_that_lacks_a_call_of_the_history_is_not_complete() {
    let granted = [allow(json!(["sqs:*", "sns:*"]), json!("*"))];
    let of_trail = generated(&["sqs:CreateQueue"]);
    for (event, completeness) in
        [("CreateQueue", Completeness::Trail), ("DeleteQueue", Completeness::TrailInPart)]
    {
        let proposal = proposed(&granted, &of_trail, &history(&[call("sqs", event)]));
        assert_eq!(proposal.completeness, completeness, "{event}");
    }
}

#[test]
fn what_no_catalogue_lists_stays_where_it_was_seen_and_is_a_doubt_where_nothing_was() {
    let granted = [allow(json!(["newservice:*", "sqs:*"]), json!("*"))];
    let seen = proposed(&granted, &generated(&["newservice:DoIt", "sqs:CreateQueue"]), &not_read());
    assert!(kept(&seen).contains(&("newservice:DoIt", Keep::Used)), "{:?}", kept(&seen));
    assert_eq!(seen.doubts, [""; 0]);
    let not_seen = proposed(&granted, &generated(&["sqs:CreateQueue"]), &not_read());
    assert_eq!(not_seen.doubts, ["`newservice:*` stands for no action that is known: what it grants goes"]);
}

#[test]
fn a_document_in_which_a_dollar_is_plain_text_is_not_written_anew() {
    let mut old = role(&[allow(json!("sqs:*"), json!("*"))]);
    let policy = json!({"Version": "2008-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*",
        "Resource": "arn:aws:s3:::${aws:username}/*"}});
    old.policies[0].document = Document::parse(&policy.to_string());
    let why = refusal(&old, &generated(&["sqs:CreateQueue"]), &not_read());
    assert!(matches!(&why, NoProposal::NotUnderstood(_)) && why.to_string().contains("2008-10-17"), "{why}");
}

#[test]
fn the_fitted_boundary_holds_back_nothing_that_a_resources_policy_was_seen_to_grant() {
    let granted = [allow(json!("sqs:*"), json!("*"))];
    let history = history(&[call("sqs", "CreateQueue"), call("sns", "ListTopics")]);
    let proposal = proposed(&granted, &not_generated(), &history);
    let FittedBoundary::Document { policy, .. } = &proposal.boundary else {
        panic!("{:?}", proposal.boundary)
    };
    assert!(policy.to_json().contains("sns:ListTopics"), "{policy}");
    assert_eq!(
        proposal.not_granted.iter().map(|action| action.as_str()).collect::<Vec<_>>(),
        ["sns:ListTopics"]
    );
}

#[test]
fn what_goes_with_assuming_a_role_stays_with_it() {
    let granted = [
        allow(json!(["sts:AssumeRole", "sts:TagSession"]), json!("arn:aws:iam::210987654321:role/reader")),
        allow(json!("sqs:*"), json!("*")),
    ];
    let with = proposed(&granted, &generated(&["sts:AssumeRole", "sqs:CreateQueue"]), &not_read());
    assert!(kept(&with).contains(&("sts:TagSession", Keep::NoCall)), "{:?}", kept(&with));
    let without = proposed(&granted, &generated(&["sqs:CreateQueue"]), &not_read());
    assert!(without.dropped.contains(&"sts:TagSession".parse().unwrap()));
}

#[test]
fn a_refused_action_is_told_with_what_becomes_of_its_grant() {
    let refusal = |action: &str| {
        let message = format!(
            "User: x is not authorized to perform: sqs:{action} on resource: arn:aws:sqs:us-east-1:123456789012:orders with an \
             explicit deny in a resource-based policy"
        );
        refused("sqs", action, &message)
    };
    let calls =
        [call("sqs", "CreateQueue"), refusal("CreateQueue"), refusal("PurgeQueue"), refusal("DeleteQueue")];
    let granted = [allow(json!(["sqs:CreateQueue", "sqs:PurgeQueue"]), json!("*"))];
    let proposal = proposed(&granted, &not_generated(), &history(&calls));
    let told: Vec<(&str, Standing)> =
        proposal.candidates.iter().map(|candidate| (candidate.action.as_str(), candidate.standing)).collect();
    assert_eq!(
        told,
        [
            ("sqs:CreateQueue", Standing::Kept),
            ("sqs:DeleteQueue", Standing::NotGranted),
            ("sqs:PurgeQueue", Standing::Goes)
        ]
    );
}
