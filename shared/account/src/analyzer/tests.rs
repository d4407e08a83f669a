//! Answers given here, through the SDK's own reading of them. They prove what we ask and what we make of an answer, not what AWS answers.

use super::PATIENCE;
use crate::connect::Account;
use crate::sdk::{Roots, sdk_config};
use crate::settings::tests::settings;
use aws_sdk_accessanalyzer::config::{Credentials, Region, SharedCredentialsProvider, SharedHttpClient};
use aws_sdk_iam::operation::get_policy_version::GetPolicyVersionOutput;
use aws_sdk_iam::operation::list_policy_versions::ListPolicyVersionsOutput;
use aws_sdk_iam::types::PolicyVersion;
use aws_smithy_http_client::test_util::{NeverClient, ReplayEvent, StaticReplayClient};
use aws_smithy_mocks::{RuleMode, mock, mock_client};
use aws_smithy_types::DateTime;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::date_time::Format;
use guardrail::analyzer::{
    Against, Ask, CRITICAL_ACTIONS, DocumentKind, Engine, Note, NoteKind, Ours, Place, PublicResource,
    Question,
};
use guardrail::snapshot::{Boundary, Document, PolicySource, Role, RolePolicy, RoleSnapshot};
use guardrail::trigger::{Caller, Change, EventName, Subject, Trigger};
use serde_json::{Value, json};

const NARROW: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#;
const WIDE: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
const PASS: &str = r#"{"result":"PASS","message":"all is well"}"#;
const FAIL: &str =
    r#"{"result":"FAIL","message":"it is not","reasons":[{"description":"a statement","statementIndex":0}]}"#;

fn answer(status: u16, error: Option<&str>, body: &str) -> ReplayEvent {
    let request = http::Request::builder().uri("https://not.compared").body(SdkBody::empty()).unwrap();
    let mut response = http::Response::builder().status(status);
    if let Some(error) = error {
        response = response.header("x-amzn-errortype", error);
    }
    ReplayEvent::new(request, response.body(SdkBody::from(body)).unwrap())
}

fn account_over(http: SharedHttpClient) -> Account {
    let settings = settings();
    let config = sdk_config(&settings, Roots::System)
        .into_builder()
        .http_client(http)
        .credentials_provider(SharedCredentialsProvider::new(Credentials::for_tests()))
        .region(Region::new("us-east-1"))
        .build();
    Account::with_config(settings, config)
}

/// An account whose Access Analyzer answers so; without an answer any call panics.
fn account(answers: Vec<ReplayEvent>) -> (Account, StaticReplayClient) {
    let http = StaticReplayClient::new(answers);
    (account_over(SharedHttpClient::new(http.clone())), http)
}

fn sent(http: &StaticReplayClient) -> Vec<(String, Value)> {
    let of = |request: &aws_smithy_runtime_api::client::orchestrator::HttpRequest| {
        let path =
            request.uri().strip_prefix("https://access-analyzer.us-east-1.amazonaws.com").unwrap().to_owned();
        (path, serde_json::from_slice(request.body().bytes().unwrap()).unwrap())
    };
    http.actual_requests().map(of).collect()
}

fn inline(ask: Ask, ours: Ours) -> Question {
    Question { about: Place::Policy(PolicySource::Inline("access".to_owned())), ask, ours }
}

fn validation(ours: Ours) -> Question {
    inline(Ask::Validate { document: NARROW.to_owned(), kind: DocumentKind::Identity }, ours)
}

/// Every kind of question.
fn all() -> Vec<Question> {
    let (new, existing) = (WIDE.to_owned(), NARROW.to_owned());
    vec![
        validation(Ours::Pass),
        Question {
            about: Place::Trust,
            ask: Ask::Validate { document: NARROW.to_owned(), kind: DocumentKind::Trust },
            ours: Ours::Pass,
        },
        Question {
            about: Place::AllPolicies,
            ask: Ask::NoNewAccess { new, existing, against: Against::Boundary },
            ours: Ours::Fail,
        },
        Question {
            about: Place::AllPolicies,
            ask: Ask::CriticalNotGranted { document: WIDE.to_owned() },
            ours: Ours::Pass,
        },
        Question {
            about: Place::Trust,
            ask: Ask::NoPublicAccess { document: NARROW.to_owned(), resource: PublicResource::Role },
            ours: Ours::Pass,
        },
        Question {
            about: Place::Function("arn:aws:lambda:us-east-1:123456789012:function:orders".to_owned()),
            ask: Ask::NoPublicAccess { document: NARROW.to_owned(), resource: PublicResource::Function },
            ours: Ours::Unsure,
        },
    ]
}

#[tokio::test]
async fn each_question_is_one_call_and_its_request_is_what_the_api_takes() {
    let (account, http) = account(vec![
        answer(200, None, r#"{"findings":[]}"#),
        answer(200, None, r#"{"findings":[]}"#),
        answer(200, None, FAIL),
        answer(200, None, FAIL),
        answer(200, None, PASS),
        answer(200, None, PASS),
    ]);
    // One after the other, so that each gets the answer that is meant for it.
    let mut notes = Vec::new();
    for question in all() {
        notes.extend(account.second_opinion(vec![question]).await);
    }
    let critical: Vec<String> = CRITICAL_ACTIONS.iter().map(ToString::to_string).collect();
    let expected = [
        ("/policy/validation", json!({"policyDocument": NARROW, "policyType": "IDENTITY_POLICY"})),
        (
            "/policy/validation",
            json!({"policyDocument": NARROW, "policyType": "RESOURCE_POLICY",
                "validatePolicyResourceType": "AWS::IAM::AssumeRolePolicyDocument"}),
        ),
        (
            "/policy/check-no-new-access",
            json!({"newPolicyDocument": WIDE, "existingPolicyDocument": NARROW, "policyType": "IDENTITY_POLICY"}),
        ),
        (
            "/policy/check-access-not-granted",
            json!({"policyDocument": WIDE, "policyType": "IDENTITY_POLICY",
                // The SDK writes an empty list: any resource.
                "access": [{"actions": critical, "resources": []}]}),
        ),
        (
            "/policy/check-no-public-access",
            json!({"policyDocument": NARROW, "resourceType": "AWS::IAM::AssumeRolePolicyDocument"}),
        ),
        (
            "/policy/check-no-public-access",
            json!({"policyDocument": NARROW, "resourceType": "AWS::Lambda::Function"}),
        ),
    ];
    assert_eq!(sent(&http), expected.map(|(path, body)| (path.to_owned(), body)));
    let said: Vec<_> = notes.iter().map(|note| (note.code.as_str(), note.kind, note.engine)).collect();
    assert_eq!(
        said,
        [
            ("CHECK_NO_NEW_ACCESS", NoteKind::Fail, Engine::Agrees),
            ("CHECK_ACCESS_NOT_GRANTED", NoteKind::Fail, Engine::Disagrees),
            ("CHECK_NO_PUBLIC_ACCESS", NoteKind::Pass, Engine::Agrees),
            ("CHECK_NO_PUBLIC_ACCESS", NoteKind::Pass, Engine::NotCompared),
        ]
    );
    assert!(notes.iter().all(|note| note.says.ends_with("all is well") || note.says.ends_with("it is not")));
}

#[tokio::test]
async fn findings_of_all_pages_are_told_worst_first() {
    let found = |kind: &str, code: &str| {
        json!({"findingDetails": format!("about {code}"), "findingType": kind, "issueCode": code,
            "learnMoreLink": "https://docs.aws.amazon.com/IAM/latest/UserGuide/page.html#it", "locations": []})
    };
    let first = json!({"findings": [found("SUGGESTION", "EMPTY_ARRAY_ACTION"), found("WARNING", "A_WARNING")],
        "nextToken": "two"});
    let second = json!({"findings": [found("ERROR", "INVALID_ACTION"), found("SECURITY_WARNING", "PASS_ROLE_WITH_STAR")]});
    let (account, http) =
        account(vec![answer(200, None, &first.to_string()), answer(200, None, &second.to_string())]);
    let notes = account.second_opinion(vec![validation(Ours::Fail)]).await;
    let said: Vec<_> = notes.iter().map(|note| (note.kind, note.code.as_str(), note.engine)).collect();
    assert_eq!(
        said,
        [
            (NoteKind::Error, "INVALID_ACTION", Engine::Agrees),
            (NoteKind::SecurityWarning, "PASS_ROLE_WITH_STAR", Engine::NotCompared),
            (NoteKind::Warning, "A_WARNING", Engine::NotCompared),
            (NoteKind::Suggestion, "EMPTY_ARRAY_ACTION", Engine::NotCompared),
        ]
    );
    assert_eq!(notes[0].says, "about INVALID_ACTION");
    assert_eq!(http.actual_requests().count(), 2);
}

async fn only_note(account: &Account, question: Question) -> Note {
    let [note] = account.second_opinion(vec![question]).await.try_into().expect("one note");
    note
}

#[tokio::test(start_paused = true)]
async fn whatever_keeps_it_from_answering_is_a_note_for_every_call() {
    for (status, error, body, code, calls) in [
        (403, Some("AccessDeniedException"), "{}", "DENIED", 1),
        (429, Some("ThrottlingException"), "{}", "THROTTLED", 4),
        (500, Some("InternalServerException"), "{}", "MALFORMED", 4),
        (400, Some("ValidationException"), r#"{"message":"too long"}"#, "NOT_JUDGED", 1),
        (200, None, "no JSON", "MALFORMED", 1),
    ] {
        for question in all() {
            let about = format!("{error:?} {:?}", question.ask);
            let (account, http) = account((0..calls).map(|_| answer(status, error, body)).collect());
            let note = only_note(&account, question).await;
            let said = (note.kind, note.code.as_str(), note.engine);
            assert_eq!(said, (NoteKind::Unavailable, code, Engine::NotCompared), "{about}");
            assert_eq!(http.actual_requests().count(), calls, "{about}");
        }
    }
    for error in ["InvalidParameterException", "UnprocessableEntityException"] {
        for question in all().into_iter().skip(2) {
            // The SDK tries some of them again.
            let (account, _) = account((0..4).map(|_| answer(422, Some(error), "{}")).collect());
            assert_eq!(only_note(&account, question).await.code, "NOT_JUDGED", "{error}");
        }
    }
}

#[tokio::test]
async fn an_answer_in_another_shape_is_told_and_not_believed() {
    let of = |kind: &str, code: &str, link: &str| {
        json!({"findings": [{"findingDetails": "x", "findingType": kind, "issueCode": code, "learnMoreLink": link, "locations": []}]})
            .to_string()
    };
    let link = "https://docs.aws.amazon.com/";
    for body in [
        of("CATASTROPHE", "CODE", link),
        of("ERROR", "code with words", link),
        of("ERROR", "", link),
        of("ERROR", "CODE", "javascript:alert(1)"),
        of("ERROR", "CODE", "https://docs.aws.amazon.com/ and\nmore"),
    ] {
        let (account, _) = account(vec![answer(200, None, &body)]);
        let note = only_note(&account, validation(Ours::Pass)).await;
        assert_eq!((note.kind, note.code.as_str()), (NoteKind::Unavailable, "MALFORMED"), "{body}");
    }
    for body in [r#"{"result":"MAYBE"}"#, "{}"] {
        for question in all().into_iter().skip(2) {
            let (account, _) = account(vec![answer(200, None, body)]);
            assert_eq!(only_note(&account, question).await.code, "MALFORMED", "{body}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_hangs_is_waited_for_once_for_all_questions_together() {
    let account = account_over(SharedHttpClient::new(NeverClient::new()));
    let started = tokio::time::Instant::now();
    let notes = account.second_opinion(all()).await;
    assert_eq!(started.elapsed(), PATIENCE);
    let said: Vec<_> = notes.iter().map(|note| (note.kind, note.code.as_str())).collect();
    assert_eq!(said, [(NoteKind::Unavailable, "TOO_SLOW")], "told once");
}

#[tokio::test]
async fn without_a_question_nobody_is_called() {
    let (account, http) = account(Vec::new());
    assert_eq!(account.second_opinion(Vec::new()).await, []);
    assert_eq!(http.actual_requests().count(), 0);
}

const TEAM: &str = "arn:aws:iam::123456789012:policy/team";

/// A policy whose versions 2 and 4 are left, the newer one made at ten o'clock. Version 2 allows little.
fn account_with_versions(mode: &str) -> (Account, aws_smithy_mocks::Rule) {
    let list = mock!(aws_sdk_iam::Client::list_policy_versions).then_output(|| {
        let version = |id: &str, created: &str| {
            let created = DateTime::from_str(created, Format::DateTime).unwrap();
            PolicyVersion::builder().version_id(id).create_date(created).build()
        };
        ListPolicyVersionsOutput::builder()
            .versions(version("v4", "2026-11-22T10:00:01Z"))
            .versions(version("v2", "2026-01-01T00:00:00Z"))
            .build()
    });
    let get = mock!(aws_sdk_iam::Client::get_policy_version)
        .match_requests(|request| request.version_id() == Some("v2") && request.policy_arn() == Some(TEAM))
        .then_output(|| {
            let version = PolicyVersion::builder().version_id("v2").document(NARROW).build();
            GetPolicyVersionOutput::builder().policy_version(version).build()
        });
    let mut settings = settings();
    settings.rules.analyzer = mode.parse().unwrap();
    let config = sdk_config(&settings, Roots::System);
    let iam = mock_client!(aws_sdk_iam, RuleMode::MatchAny, &[&list, &get]);
    (Account { iam, ..Account::with_config(settings, config) }, list)
}

fn called(event: &str, time: &str) -> Trigger {
    Trigger {
        event: EventName::from_cloudtrail(event),
        event_id: "event-1".to_owned(),
        time: Some(time.parse().unwrap()),
        subject: Subject::Role("orders".parse().unwrap()),
        change: Change::Rights,
        caller: Caller::default(),
        source: None,
    }
}

/// A role with AWS's and with the team's policy, which allows everything by now.
fn role() -> RoleSnapshot {
    let policy = |arn: &str| RolePolicy {
        source: PolicySource::Managed(arn.parse().unwrap()),
        document: Document::parse(WIDE),
    };
    RoleSnapshot {
        role: Role {
            arn: "arn:aws:iam::123456789012:role/orders".parse().unwrap(),
            id: "AROAEXAMPLE".parse().unwrap(),
            created: "2026-01-01T00:00:00Z".parse().unwrap(),
            last_used: None,
            trust: Document::parse(NARROW),
            boundary: None,
            tags: std::collections::BTreeMap::new(),
        },
        policies: vec![policy("arn:aws:iam::aws:policy/AdministratorAccess"), policy(TEAM)],
        boundary: Boundary::Absent,
    }
}

#[tokio::test]
async fn a_new_version_of_a_policy_is_held_against_the_one_before_it() {
    let (account, list) = account_with_versions("checks");
    let questions = account
        .questions_of_new_versions(&called("CreatePolicyVersion", "2026-11-22T10:00:00Z"), &role())
        .await;
    let [question] = questions.try_into().expect("one: AWS's own policy is AWS's to change");
    assert_eq!((question.about.to_string().as_str(), question.ours), (TEAM, Ours::Fail));
    let Ask::NoNewAccess { new, existing, against: Against::EarlierVersion } = question.ask else {
        panic!("{:?}", question.ask)
    };
    let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    assert_eq!((json(&new), json(&existing)), (json(WIDE), json(NARROW)));
    assert_eq!(list.num_calls(), 1);
}

#[tokio::test]
async fn versions_are_looked_at_for_that_call_alone_and_where_checks_are_wanted() {
    for (mode, event, time, calls) in [
        ("validate", "CreatePolicyVersion", "2026-11-22T10:00:00Z", 0),
        ("checks", "AttachRolePolicy", "2026-11-22T10:00:00Z", 0),
        // Another version was made then, which somebody deleted since.
        ("checks", "CreatePolicyVersion", "2026-11-22T09:00:00Z", 1),
        // The oldest one has none before it.
        ("checks", "CreatePolicyVersion", "2026-01-01T00:00:00Z", 1),
    ] {
        let (account, list) = account_with_versions(mode);
        let questions = account.questions_of_new_versions(&called(event, time), &role()).await;
        assert_eq!((questions, list.num_calls()), (Vec::new(), calls), "{mode} {event} {time}");
    }
}
