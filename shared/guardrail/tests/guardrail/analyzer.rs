//! What Access Analyzer is asked, and what our engine says to the same.

use crate::roles::{OURS, THEIRS, allow, boundary, document, our_document, ours, role, snapshot, trusts};
use guardrail::analyzer::AnalyzerMode::{Checks, Off, Validate};
use guardrail::analyzer::{
    Answer, Ask, CRITICAL_ACTIONS, Engine, NoteKind, Ours, Place, Question, Unavailable, ValidationFinding,
    notes, of_function, of_new_version, of_role,
};
use guardrail::function::{Entrance, Function};
use guardrail::snapshot::{Boundary, Document, PolicySource, Role, RolePolicy, RoleSnapshot};
use serde_json::{Value, json};

fn said(questions: &[Question]) -> Vec<(String, &'static str, Ours)> {
    let kind = |ask: &Ask| match ask {
        Ask::Validate { .. } => "validate",
        Ask::NoNewAccess { .. } => "no new access",
        Ask::CriticalNotGranted { .. } => "critical not granted",
        Ask::NoPublicAccess { .. } => "not public",
    };
    questions
        .iter()
        .map(|question| (question.about.to_string(), kind(&question.ask), question.ours))
        .collect()
}

fn with_policy(mut snapshot: RoleSnapshot, source: PolicySource, document: Document) -> RoleSnapshot {
    snapshot.policies.push(RolePolicy { source, document });
    snapshot
}

fn managed(arn: &str) -> PolicySource {
    PolicySource::Managed(arn.parse().unwrap())
}

#[test]
fn the_critical_actions_fit_into_a_call_and_are_those_of_iam() {
    assert!((10..=100).contains(&CRITICAL_ACTIONS.len()), "{}", CRITICAL_ACTIONS.len());
    assert!(CRITICAL_ACTIONS.iter().all(|action| action.service() == "iam"));
    for action in ["iam:AttachRolePolicy", "iam:CreatePolicyVersion", "iam:PutRolePolicy"] {
        assert!(CRITICAL_ACTIONS.contains(&action.parse().unwrap()), "{action}");
    }
}

#[test]
fn a_role_is_asked_about_as_far_as_the_setting_goes() {
    let narrow = allow(json!("s3:GetObject"), json!("arn:aws:s3:::orders/*"));
    let role = snapshot(role(), Boundary::Absent, std::slice::from_ref(&narrow));
    let role = with_policy(role, managed("arn:aws:iam::123456789012:policy/team"), document(narrow.clone()));
    let role = with_policy(role, managed("arn:aws:iam::aws:policy/AdministratorAccess"), document(narrow));
    assert_eq!(said(&of_role(Off, &role, &ours())), []);
    let validated = [
        ("inline:p0".to_owned(), "validate", Ours::Pass),
        ("arn:aws:iam::123456789012:policy/team".to_owned(), "validate", Ours::Pass),
        ("trust".to_owned(), "validate", Ours::Pass),
    ];
    assert_eq!(said(&of_role(Validate, &role, &ours())), validated);
    let all = "all policies of the role".to_owned();
    let checked = [
        (all.clone(), "critical not granted", Ours::Pass),
        (all, "no new access", Ours::Pass),
        ("trust".to_owned(), "not public", Ours::Pass),
    ];
    assert_eq!(said(&of_role(Checks, &role, &ours())), [validated.as_slice(), &checked].concat());
}

#[test]
fn our_own_answer_follows_the_role() {
    let own = |role: Role, statement: Value, after: &Boundary| -> Vec<Ours> {
        let role = snapshot(role, Boundary::Absent, &[statement]);
        of_role(Checks, &role, after).iter().map(|question| question.ours).collect()
    };
    let admin = allow(json!("*"), json!("*"));
    // Two documents valid, critical actions granted, more than the boundary, trust closed.
    assert_eq!(
        own(role(), admin.clone(), &ours()),
        [Ours::Pass, Ours::Pass, Ours::Fail, Ours::Fail, Ours::Pass]
    );
    let open = Role { trust: trusts(json!("*")), ..role() };
    assert_eq!(own(open, admin.clone(), &ours()).last(), Some(&Ours::Fail));
    // Without a boundary there is nothing to hold it against.
    assert_eq!(own(role(), admin, &Boundary::Absent).len(), 4);
    let cut = allow(json!(["iam:CreateUser", "s3:GetObject"]), json!("*"));
    let theirs = boundary(THEIRS, document(allow(json!("s3:*"), json!("*"))));
    assert_eq!(own(role(), cut, &theirs)[3], Ours::Fail);
}

#[test]
fn what_is_not_understood_is_asked_about_as_it_came_and_leaves_the_rest_unsure() {
    let text = r#"{"Version":"2012-10-17","Statement":{"Effect":"Perhaps","Action":"*","Resource":"*"}}"#;
    let known = snapshot(role(), Boundary::Absent, &[allow(json!("s3:GetObject"), json!("*"))]);
    let source = PolicySource::Inline("odd".to_owned());
    let questions = of_role(Checks, &with_policy(known, source, Document::parse(text)), &ours());
    let about_it = questions.iter().find(|question| question.about.to_string() == "inline:odd").unwrap();
    assert!(matches!(&about_it.ask, Ask::Validate { document, .. } if document == text), "{about_it:?}");
    assert_eq!(about_it.ours, Ours::Fail);
    let united = questions.iter().filter(|question| question.about == Place::AllPolicies);
    assert_eq!(united.map(|question| question.ours).collect::<Vec<_>>(), [Ours::Unsure, Ours::Unsure]);
}

#[test]
fn policies_are_united_into_one_document_that_iam_would_take() {
    let statement =
        |action: &str| json!({"Sid": "Same", "Effect": "Allow", "Action": action, "Resource": "*"});
    let both = snapshot(role(), Boundary::Absent, &[statement("s3:GetObject"), statement("sqs:SendMessage")]);
    let questions = of_role(Checks, &both, &Boundary::Absent);
    let Some(Ask::CriticalNotGranted { document }) = questions.iter().map(|question| &question.ask).nth(3)
    else {
        panic!("{questions:?}")
    };
    let document: Value = serde_json::from_str(document).unwrap();
    assert_eq!(document["Statement"].as_array().unwrap().len(), 2);
    assert!(!document.to_string().contains("Sid"), "two of one name are refused: {document}");
    // In the older version `${…}` is text: the same characters would mean something else.
    let old =
        r#"{"Version":"2008-10-17","Statement":{"Effect":"Allow","Action":"sns:Publish","Resource":"*"}}"#;
    let mixed = with_policy(both, PolicySource::Inline("old".to_owned()), Document::parse(old));
    assert!(of_role(Checks, &mixed, &ours()).iter().all(|question| question.about != Place::AllPolicies));
}

#[test]
fn a_functions_policies_are_asked_about_where_checks_are_wanted() {
    let arn: guardrail::names::FunctionArn =
        "arn:aws:lambda:eu-west-1:123456789012:function:orders".parse().unwrap();
    let function = |policy: Value| {
        let mut function = Function::named(arn.clone());
        function.entrances = vec![Entrance { qualifier: None, url: None, policy: Some(document(policy)) }];
        function
    };
    let invoke = |principal: Value| json!({"Effect": "Allow", "Principal": principal, "Action": "lambda:InvokeFunction", "Resource": arn.as_str()});
    let open = function(invoke(json!("*")));
    assert_eq!(of_function(Validate, &open), []);
    for (policy, ours) in [
        (invoke(json!("*")), Ours::Fail),
        (invoke(json!({"AWS": "123456789012"})), Ours::Pass),
        (invoke(json!({"AWS": "999999999999"})), Ours::Unsure),
    ] {
        let questions = of_function(Checks, &function(policy.clone()));
        assert_eq!(said(&questions), [(arn.to_string(), "not public", ours)], "{policy}");
    }
}

#[test]
fn a_new_version_is_held_against_the_one_before() {
    let narrow = || document(allow(json!("s3:GetObject"), json!("*")));
    let ask = |new: Document, before: Document| of_new_version(Checks, managed(OURS), &new, &before);
    assert_eq!(ask(our_document(), narrow()).unwrap().ours, Ours::Fail);
    assert_eq!(ask(narrow(), narrow()).unwrap().ours, Ours::Pass);
    assert_eq!(ask(narrow(), Document::Gone), None);
    assert_eq!(of_new_version(Validate, managed(OURS), &narrow(), &narrow()), None);
}

fn question(ours: Ours) -> Question {
    let narrow = snapshot(role(), Boundary::Absent, &[allow(json!("s3:GetObject"), json!("*"))]);
    Question { ours, ..of_role(Validate, &narrow, &Boundary::Absent).remove(0) }
}

fn found(kind: &str) -> ValidationFinding {
    ValidationFinding::new(kind, "A_CODE", "https://docs.aws.amazon.com/", "in words").unwrap()
}

#[test]
fn the_engine_agrees_disagrees_or_is_not_compared() {
    for (ours, theirs, expected) in [
        (Ours::Pass, vec![], vec![]),
        (Ours::Pass, vec![found("ERROR")], vec![(NoteKind::Error, Engine::Disagrees)]),
        (Ours::Fail, vec![found("ERROR")], vec![(NoteKind::Error, Engine::Agrees)]),
        (Ours::Fail, vec![], vec![(NoteKind::Pass, Engine::Disagrees)]),
        (Ours::Unsure, vec![found("ERROR")], vec![(NoteKind::Error, Engine::NotCompared)]),
        (Ours::Pass, vec![found("WARNING")], vec![(NoteKind::Warning, Engine::NotCompared)]),
        (
            Ours::Fail,
            vec![found("SUGGESTION")],
            vec![(NoteKind::Pass, Engine::Disagrees), (NoteKind::Suggestion, Engine::NotCompared)],
        ),
    ] {
        let told = notes(&[(question(ours), Answer::Validated(theirs.clone()))]);
        let told: Vec<_> = told.iter().map(|note| (note.kind, note.engine)).collect();
        assert_eq!(told, expected, "{ours:?} {theirs:?}");
    }
}

#[test]
fn why_there_is_no_answer_is_told_once_for_each_reason_and_after_what_is_wrong() {
    let none = |why: Unavailable| (question(Ours::Pass), Answer::Unavailable(why));
    let told = notes(&[
        none(Unavailable::Throttled),
        none(Unavailable::Throttled),
        none(Unavailable::Denied),
        (question(Ours::Pass), Answer::Validated(vec![found("SECURITY_WARNING")])),
    ]);
    let codes: Vec<_> = told.iter().map(|note| note.code.as_str()).collect();
    assert_eq!(codes, ["A_CODE", "THROTTLED", "DENIED"]);
}
