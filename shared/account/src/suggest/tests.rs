//! Steps of a proposal against an account behind the wire: what is asked in which order, what each answer leads to, and that a process
//! may die at any of its calls.

mod doubles;

use super::{Did, SuggestAnswer, SuggestCall};
use crate::clock;
use crate::failure::{Failure, FailureClass};
use crate::settings::tests::settings;
use doubles::{Death, READER, ROLE, TRAIL, World};
use guardrail::suggestion::{Call, CameTo, Candidate, Candidates, HoldReason, Lease, OtherFunctions, Stage};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

fn candidates() -> Candidates {
    let role: guardrail::names::RoleArn = ROLE.parse().unwrap();
    let candidate = Candidate {
        role,
        id: "AROAORDERS".parse().unwrap(),
        functions: vec!["arn:aws:lambda:us-east-1:123456789012:function:orders-api".parse().unwrap()],
        others: OtherFunctions::None,
    };
    Candidates { as_of: clock::now(), roles: vec![candidate] }
}

/// An account with one candidate.
fn world() -> World {
    let world = World::new();
    world.put_candidates(&candidates());
    world
}

async fn try_to_suggest(world: &World, asked: Call, request: &str) -> Result<SuggestAnswer, Failure> {
    let ends_at = clock::now().checked_add(SignedDuration::from_mins(5)).unwrap();
    world.account().suggest(asked, SuggestCall { request, ends_at }).await
}

async fn suggest(world: &World, request: &str) -> SuggestAnswer {
    try_to_suggest(world, Call::Next, request).await.unwrap()
}

fn why(answer: &SuggestAnswer) -> &str {
    &answer.waits.as_ref().unwrap().why
}

/// An account in which a job is under way.
async fn with_job() -> World {
    let world = world();
    world.answers("StartPolicyGeneration", json!({"jobId": "j-1"}));
    let answer = suggest(&world, "begin").await;
    assert_eq!(answer.did, [Did::Began { role: "orders".parse().unwrap(), job: "j-1".to_owned() }]);
    world.calls();
    world
}

fn job_details(status: &str) -> Value {
    json!({"jobId": "j-1", "status": status, "startedOn": "2026-11-23T10:00:00Z", "completedOn": "2026-11-23T10:09:00Z"})
}

fn succeeded(policy: &str) -> Value {
    json!({
        "jobDetails": job_details("SUCCEEDED"),
        "generatedPolicyResult": {
            "properties": {
                "isComplete": true,
                "principalArn": ROLE,
                "cloudTrailProperties": {
                    "trailProperties": [{"cloudTrailArn": TRAIL, "allRegions": true}],
                    "startTime": "2026-08-25T13:00:00Z",
                    "endTime": "2026-11-23T10:00:00Z",
                },
            },
            "generatedPolicies": [{"policy": policy}],
        },
    })
}

const USED: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["dynamodb:DescribeTable"],"Resource":"*"}]}"#;

#[tokio::test]
async fn with_nothing_to_do_a_tick_is_one_read_of_the_ledger() {
    let world = World::new();
    let answer = suggest(&world, "r").await;
    assert_eq!((answer.did.len(), world.calls()), (0, vec!["dynamodb:BatchGetItem".to_owned()]));
    assert!(why(&answer).starts_with("no sweep has named candidates yet"), "{}", why(&answer));
}

#[tokio::test]
async fn without_trail_and_role_an_invocation_says_what_to_set_and_calls_nothing() {
    let world = world();
    let call = SuggestCall { request: "r", ends_at: Timestamp::MAX };
    let answer = world.account_with(settings()).suggest(Call::Next, call).await.unwrap();
    assert!(why(&answer).contains("TrailArn") && why(&answer).contains("PolicyGenerationRoleArn"));
    assert_eq!(world.calls(), [""; 0]);
}

#[tokio::test]
async fn a_job_is_recorded_begun_and_noted_and_the_request_is_what_the_api_takes() {
    let world = world();
    world.answers("StartPolicyGeneration", json!({"jobId": "j-1"}));
    suggest(&world, "r").await;
    assert_eq!(
        world.calls(),
        [
            "dynamodb:BatchGetItem",
            "iam:GetRole",
            "dynamodb:PutItem",
            "access-analyzer:StartPolicyGeneration",
            "dynamodb:PutItem",
        ]
    );
    let [request] = &world.sent("StartPolicyGeneration")[..] else { panic!("one request") };
    let job = world.suggestion().job.unwrap();
    assert_eq!(
        *request,
        json!({
            "policyGenerationDetails": {"principalArn": ROLE},
            "cloudTrailDetails": {
                "trails": [{"cloudTrailArn": TRAIL, "allRegions": true}],
                "accessRole": READER,
                "startTime": job.from().to_string(),
                "endTime": job.to().to_string(),
            },
            "clientToken": format!("ringfence-AROAORDERS-{}", job.recorded_at.as_second()),
        })
    );
    assert!(matches!(job.stage, Stage::Running(id) if id.as_str() == "j-1"));
    assert_eq!(world.suggestion().lease, None);
}

#[tokio::test]
async fn a_job_under_way_is_one_read_and_one_look() {
    let world = with_job().await;
    world.answers("GetGeneratedPolicy", json!({"jobDetails": job_details("IN_PROGRESS")}));
    let answer = suggest(&world, "r").await;
    assert_eq!(world.calls(), ["dynamodb:BatchGetItem", "access-analyzer:GetGeneratedPolicy"]);
    assert_eq!((answer.did.len(), why(&answer)), (0, "Access Analyzer is at work"));
    assert_eq!(world.sent("GetGeneratedPolicy"), [json!("/j-1")]);
}

#[tokio::test]
async fn what_access_analyzer_refuses_is_held_told_once_and_no_failure() {
    for (status, code, reason, notices) in [
        (403, "AccessDeniedException", HoldReason::Denied, 1),
        (400, "ValidationException", HoldReason::Invalid, 1),
        (402, "ServiceQuotaExceededException", HoldReason::Quota, 0),
        (409, "ConflictException", HoldReason::AnotherJob, 0),
    ] {
        let world = world();
        world.refuses("StartPolicyGeneration", status, code);
        let answer = suggest(&world, "r").await;
        assert_eq!(answer.did.len(), 0, "{code}");
        assert!(why(&answer).ends_with("in AWS's words"), "{code}: {}", why(&answer));
        let state = world.suggestion();
        assert_eq!(state.hold.as_ref().map(|hold| hold.why), Some(reason));
        assert_eq!((&state.job, &state.lease, state.begun.len()), (&None, &None, 0), "{code}");
        assert_eq!(world.told("notice").len(), notices, "{code}");
        world.calls();
        suggest(&world, "again").await;
        assert_eq!(world.calls(), ["dynamodb:BatchGetItem"], "{code}: it waits");
        assert_eq!(world.published().len(), notices, "{code}: told once");
    }
}

#[tokio::test(start_paused = true)]
async fn too_many_requests_are_retried_by_the_sdk_and_then_wait() {
    let world = with_job().await;
    world.refuses("GetGeneratedPolicy", 429, "ThrottlingException");
    suggest(&world, "r").await;
    let looks = world.calls().iter().filter(|call| call.ends_with("GetGeneratedPolicy")).count();
    assert_eq!(looks, 4, "the SDK's attempts");
    let state = world.suggestion();
    assert_eq!(state.hold.unwrap().why, HoldReason::Throttled);
    assert!(state.job.is_some(), "it goes on");
    assert_eq!(world.published().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_a_failure_and_the_retry_goes_on_with_the_record() {
    let world = world();
    world.refuses("StartPolicyGeneration", 500, "InternalServerException");
    let failure = try_to_suggest(&world, Call::Next, "r").await.unwrap_err();
    assert_eq!(failure.class(), FailureClass::Retryable);
    world.anew("StartPolicyGeneration").answers("StartPolicyGeneration", json!({"jobId": "j-1"}));
    world.answers("ListPolicyGenerations", json!({"policyGenerations": []}));
    suggest(&world, "r").await;
    let tokens: Vec<Value> =
        world.sent("StartPolicyGeneration").iter().map(|request| request["clientToken"].clone()).collect();
    assert!(tokens.iter().all(|token| *token == tokens[0]), "{tokens:?}");
    assert_eq!(world.suggestion().begun.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_beginning_that_is_throttled_waits_and_is_no_failure() {
    let world = world();
    world.refuses("StartPolicyGeneration", 429, "ThrottlingException");
    suggest(&world, "r").await;
    let state = world.suggestion();
    assert_eq!(state.hold.map(|hold| hold.why), Some(HoldReason::Throttled));
    assert_eq!((state.job, state.lease, state.begun.len()), (None, None, 0));
    assert_eq!(world.published().len(), 0);
}

/// A job without an id could never be asked for: it is looked for among the jobs of the role instead.
#[tokio::test]
async fn a_beginning_without_an_id_is_malformed_and_the_job_is_found_by_its_role() {
    let world = world();
    world.answers("StartPolicyGeneration", json!({}));
    let failure = try_to_suggest(&world, Call::Next, "r").await.unwrap_err();
    assert_eq!(failure.class(), FailureClass::Malformed);
    assert!(failure.to_string().contains("no id"), "{failure}");
    let listed = |id: Option<&str>| {
        let mut listed = job_details("IN_PROGRESS");
        listed["principalArn"] = json!(ROLE);
        listed["startedOn"] = json!(clock::now().to_string());
        listed["jobId"] = json!(id.unwrap_or_default());
        listed
    };
    world.answers("ListPolicyGenerations", json!({"policyGenerations": [listed(None), listed(Some("j-1"))]}));
    let answer = suggest(&world, "r").await;
    assert_eq!(answer.did, [Did::Began { role: "orders".parse().unwrap(), job: "j-1".to_owned() }]);
    assert_eq!(world.sent("StartPolicyGeneration").len(), 1);
}

#[tokio::test]
async fn a_refused_look_search_or_cancellation_is_held_and_the_job_stays() {
    let too_old = |world: &World| {
        let mut state = world.suggestion();
        state.job.as_mut().unwrap().recorded_at -= SignedDuration::from_hours(25);
        world.put("state", &state);
    };
    let not_known_to_have_begun = |world: &World| {
        let mut state = world.suggestion();
        state.job.as_mut().unwrap().stage = Stage::Recorded;
        world.put("state", &state);
    };
    let under_way = |_: &World| {};
    for (operation, prepare) in [
        ("GetGeneratedPolicy", under_way as fn(&World)),
        ("ListPolicyGenerations", not_known_to_have_begun),
        ("CancelPolicyGeneration", too_old),
    ] {
        let world = with_job().await;
        prepare(&world);
        if operation == "CancelPolicyGeneration" {
            world.answers("GetGeneratedPolicy", json!({"jobDetails": job_details("IN_PROGRESS")}));
        }
        world.refuses(operation, 403, "AccessDeniedException");
        suggest(&world, "r").await;
        let state = world.suggestion();
        assert_eq!(state.hold.map(|hold| hold.why), Some(HoldReason::Denied), "{operation}");
        assert!(state.job.is_some() && state.lease.is_none(), "{operation}");
        assert_eq!(world.sent(operation).len(), 1);
    }
}

#[tokio::test]
async fn a_job_that_was_over_when_it_was_cancelled_ends_all_the_same() {
    let world = with_job().await;
    let mut state = world.suggestion();
    state.job.as_mut().unwrap().recorded_at -= SignedDuration::from_hours(25);
    world.put("state", &state);
    world.answers("GetGeneratedPolicy", json!({"jobDetails": job_details("IN_PROGRESS")}));
    world.refuses("CancelPolicyGeneration", 400, "ValidationException");
    suggest(&world, "r").await;
    assert_eq!((world.suggestion().job, world.suggestion().hold), (None, None));
}

#[tokio::test]
async fn a_job_that_is_gone_or_failed_or_makes_no_sense_ends_with_its_reason() {
    let failed = |code: &str| {
        let mut details = job_details("FAILED");
        details["jobError"] = json!({"code": code, "message": "no luck"});
        json!({"jobDetails": details})
    };
    for (answer, reason, hold) in [
        (failed("SERVICE_ERROR"), "SERVICE_ERROR: no luck", None),
        (failed("AUTHORIZATION_ERROR"), "AUTHORIZATION_ERROR: no luck", Some(HoldReason::Denied)),
        (failed("RESOURCE_NOT_FOUND_ERROR"), "RESOURCE_NOT_FOUND_ERROR: no luck", Some(HoldReason::Invalid)),
        (json!({"jobDetails": job_details("CANCELED")}), "cancelled", None),
        (json!({"jobDetails": job_details("SUCCEEDED")}), "there is no result", None),
        (json!({"jobDetails": job_details("ASLEEP")}), "the job's status is `ASLEEP`", None),
        (succeeded("{"), "was not understood", None),
        (json!({}), "nothing of the job", None),
    ] {
        let world = with_job().await;
        world.answers("GetGeneratedPolicy", answer.clone());
        world.refuses("LookupEvents", 400, "AccessDeniedException");
        suggest(&world, "r").await;
        let state = world.suggestion();
        let Some((_, ended)) = state.ended.iter().next() else { panic!("{answer}") };
        let CameTo::Nothing(why) = &ended.came_to else { panic!("{ended:?}") };
        assert!(why.contains(reason), "{why}");
        assert_eq!(state.hold.map(|hold| hold.why), hold, "{answer}");
        assert_eq!((state.job, state.lease), (None, None));
    }
}

#[tokio::test]
async fn an_unknown_job_ends_and_is_not_asked_for_for_ever() {
    let world = with_job().await;
    world.refuses("GetGeneratedPolicy", 400, "ValidationException");
    world.refuses("LookupEvents", 400, "AccessDeniedException");
    suggest(&world, "r").await;
    assert_eq!(world.suggestion().job, None);
    world.calls();
    suggest(&world, "again").await;
    assert_eq!(world.calls(), ["dynamodb:BatchGetItem"]);
}

#[tokio::test]
async fn a_job_of_more_than_a_day_is_cancelled() {
    let world = with_job().await;
    world.answers("GetGeneratedPolicy", json!({"jobDetails": job_details("IN_PROGRESS")}));
    let mut state = world.suggestion();
    state.job.as_mut().unwrap().recorded_at -= SignedDuration::from_hours(25);
    world.put("state", &state);
    world.answers("CancelPolicyGeneration", json!({}));
    let answer = suggest(&world, "r").await;
    assert!(
        matches!(&answer.did[..], [Did::Failed { why, .. }] if why.contains("within a day")),
        "{answer:?}"
    );
    assert_eq!(world.sent("CancelPolicyGeneration"), [json!("/j-1")]);
    assert_eq!(world.suggestion().job, None);
}

/// The schedule was off for a day, as while the stack was being changed.
#[tokio::test]
async fn a_job_that_nobody_looked_at_for_a_day_is_collected_if_it_is_done() {
    for (hours, told) in [(25, 1), (49, 0)] {
        let world = with_job().await;
        let mut state = world.suggestion();
        state.job.as_mut().unwrap().recorded_at -= SignedDuration::from_hours(hours);
        world.put("state", &state);
        world.answers("GetGeneratedPolicy", succeeded(USED));
        world.answers("LookupEvents", json!({"Events": []}));
        world.answers("CancelPolicyGeneration", json!({}));
        suggest(&world, "r").await;
        assert_eq!(world.told("suggested").len(), told, "{hours}");
        assert_eq!((world.suggestion().job, world.sent("CancelPolicyGeneration").len()), (None, 1 - told));
    }
}

#[tokio::test]
async fn a_role_that_is_gone_loses_its_turn_and_the_next_one_has_it() {
    let world = world();
    let mut all = candidates();
    all.roles.push(Candidate {
        role: "arn:aws:iam::123456789012:role/other".parse().unwrap(),
        id: "AROAOTHER".parse().unwrap(),
        ..all.roles[0].clone()
    });
    world.put_candidates(&all);
    world.delete_role("orders");
    world.give_role("other", "AROAOTHER");
    world.answers("StartPolicyGeneration", json!({"jobId": "j-1"}));
    let answer = suggest(&world, "r").await;
    let [Did::Failed { role, .. }, Did::Began { role: begun, .. }] = &answer.did[..] else {
        panic!("{answer:?}")
    };
    assert_eq!((role.as_str(), begun.as_str()), ("orders", "other"));
}

#[tokio::test]
async fn an_operator_gets_an_answer_for_a_role_that_is_there_and_one_that_is_not() {
    let world = World::new();
    world.answers("StartPolicyGeneration", json!({"jobId": "j-1"}));
    let role = |name: &str| Call::Role(name.parse().unwrap());
    let answer = try_to_suggest(&world, role("nobody"), "r").await.unwrap();
    assert!(matches!(&answer.did[..], [Did::Failed { why, .. }] if why == "there is no such role"));
    assert_eq!(world.suggestion().asked, []);
    let answer = try_to_suggest(&world, role("orders"), "r").await.unwrap();
    assert!(matches!(&answer.did[..], [Did::Began { .. }]), "{answer:?}");
    assert_eq!(world.suggestion().job.unwrap().others, OtherFunctions::Unknown, "no sweep has looked");
    world.answers("GetGeneratedPolicy", json!({"jobDetails": job_details("IN_PROGRESS")}));
    let again = try_to_suggest(&world, role("orders"), "r2").await.unwrap();
    assert_eq!((why(&again), world.suggestion().asked), ("Access Analyzer is at work", Vec::new()));
}

#[tokio::test]
async fn while_another_invocation_works_this_one_leaves_all_to_it() {
    let world = with_job().await;
    let until = clock::now().checked_add(SignedDuration::from_mins(1)).unwrap();
    let state = world.suggestion().leased(Lease { request: "other".to_owned(), until });
    world.put("state", &state);
    let answer = suggest(&world, "r").await;
    assert_eq!(world.calls(), ["dynamodb:BatchGetItem"]);
    assert_eq!(why(&answer), "another invocation is at work");
}

/// Dead before or after each of its calls, with Lambda's retry of the same request after it: one job, whichever way.
#[tokio::test]
async fn whoever_dies_while_a_job_is_begun_leaves_one_job() {
    for call in 1..=5 {
        for death in [Death::Before(call), Death::After(call)] {
            let world = world();
            world.answers("StartPolicyGeneration", json!({"jobId": "j-1"}));
            world.dies(Some(death));
            tokio::select! {
                answer = suggest(&world, "r") => panic!("{death:?}: {answer:?}"),
                () = world.died() => {}
            }
            world.dies(None);
            let begun = world.sent("StartPolicyGeneration");
            let at = begun.first().map(|request| request["cloudTrailDetails"]["endTime"].clone());
            let listed = at.iter().map(
                |at| json!({"jobId": "j-1", "principalArn": ROLE, "status": "IN_PROGRESS", "startedOn": at}),
            );
            world.answers("ListPolicyGenerations", json!({"policyGenerations": listed.collect::<Vec<_>>()}));
            world.answers("GetGeneratedPolicy", json!({"jobDetails": job_details("IN_PROGRESS")}));
            suggest(&world, "r").await;
            let state = world.suggestion();
            let job = state.job.unwrap();
            assert!(matches!(&job.stage, Stage::Running(id) if id.as_str() == "j-1"), "{death:?}: {job:?}");
            assert_eq!((state.begun.len(), state.lease), (1, None), "{death:?}");
            assert!(world.sent("StartPolicyGeneration").len() <= 1, "{death:?}");
        }
    }
}

/// A record of a call that the role made as the function `orders-api`.
fn record(event: &str, error: Option<&str>) -> String {
    let mut record = json!({
        "eventVersion": "1.11", "eventSource": "dynamodb.amazonaws.com", "eventName": event, "eventType": "AwsApiCall",
        "awsRegion": "us-east-1", "eventTime": "2026-11-20T10:00:00Z", "eventID": "e-1", "recipientAccountId": "123456789012",
        "userIdentity": {
            "type": "AssumedRole", "principalId": "AROAORDERS:orders-api", "accountId": "123456789012",
            "arn": "arn:aws:sts::123456789012:assumed-role/orders/orders-api",
            "sessionContext": {"sessionIssuer": {"type": "Role", "principalId": "AROAORDERS", "arn": ROLE,
                "accountId": "123456789012", "userName": "orders"}},
        },
        "requestParameters": {"tableName": "orders"}, "responseElements": null, "managementEvent": true,
    });
    if let Some(message) = error {
        record["errorCode"] = json!("AccessDenied");
        record["errorMessage"] = json!(message);
    }
    record.to_string()
}

fn events(events: &[String], next: Option<&str>) -> Value {
    let events: Vec<Value> = events.iter().map(|record| json!({"CloudTrailEvent": record})).collect();
    json!({"Events": events, "NextToken": next})
}

#[tokio::test(start_paused = true)]
async fn a_finished_job_is_told_once_with_what_the_history_shows_beyond_it() {
    let world = with_job().await;
    world.answers("GetGeneratedPolicy", succeeded(USED));
    world.answers("LookupEvents", events(&[record("ListTables", None)], Some("page-2")));
    world.answers("LookupEvents", events(&[record("DescribeBackup", Some("not authorized"))], None));
    let answer = suggest(&world, "r").await;
    let [Did::Suggested { role, finding }] = &answer.did[..] else { panic!("{answer:?}") };
    assert_eq!(role.as_str(), "orders");
    assert_eq!(why(&answer), "every candidate of the last sweep had its turn");
    let calls = world.calls();
    for (call, count) in [
        ("access-analyzer:GetGeneratedPolicy", 1),
        ("cloudtrail:LookupEvents", 2),
        ("dynamodb:BatchGetItem", 2),
        ("dynamodb:PutItem", 2),
        ("sns:Publish", 1),
    ] {
        assert_eq!(calls.iter().filter(|made| *made == call).count(), count, "{call} of {calls:?}");
    }
    assert!(!calls.iter().any(|call| call.contains("Put") && !call.starts_with("dynamodb:")), "{calls:?}");
    let publishes = calls.iter().position(|call| call == "sns:Publish");
    assert_eq!(publishes, Some(calls.len() - 2), "told, then closed: {calls:?}");

    let job = world.sent("StartPolicyGeneration").remove(0);
    let time = |field: &str| job["cloudTrailDetails"][field].as_str().unwrap().parse::<Timestamp>().unwrap();
    let lookups = world.sent("LookupEvents");
    assert_eq!(
        lookups[0],
        json!({
            "LookupAttributes": [{"AttributeKey": "Username", "AttributeValue": "orders-api"}],
            "StartTime": time("startTime").as_second(),
            "EndTime": time("endTime").as_second(),
        })
    );
    assert_eq!(lookups[1]["NextToken"], "page-2");

    let [told] = &world.published()[..] else { panic!("one finding") };
    finding_schema::assert_valid(told);
    assert_eq!((&told["outcome"], &told["severity"]), (&json!("suggested"), &json!("INFO")));
    assert_eq!(told["id"], json!(finding.as_str()));
    let allowed = told["proposal"]["documents"].to_string();
    assert!(
        allowed.contains("dynamodb:DescribeTable") && allowed.contains("dynamodb:ListTables"),
        "{allowed}"
    );
    assert!(!allowed.contains("dynamodb:DescribeBackup"), "a refused call gives nobody anything: {allowed}");
    assert!(told["proposal"]["allowed"].as_u64() < told["proposal"]["granted"].as_u64());

    suggest(&world, "again").await;
    assert_eq!(world.published().len(), 1, "once");
}

/// Dead before or after each call of the telling: the retry tells it under the same id, and the job ends once.
#[tokio::test(start_paused = true)]
async fn whoever_dies_while_a_proposal_is_told_leaves_one_finding() {
    let ready = async || {
        let world = with_job().await;
        world.answers("GetGeneratedPolicy", succeeded(USED));
        world.answers("LookupEvents", events(&[], None));
        world
    };
    let world = ready().await;
    suggest(&world, "r").await;
    let calls = world.calls().len();
    for call in 1..=calls {
        for death in [Death::Before(call), Death::After(call)] {
            let world = ready().await;
            world.dies(Some(death));
            tokio::select! {
                biased;
                () = world.died() => {}
                answer = suggest(&world, "r") => panic!("{death:?}: {answer:?}"),
            }
            world.dies(None);
            suggest(&world, "r").await;
            assert_eq!(world.told("suggested").len(), 1, "{death:?}");
            let state = world.suggestion();
            assert_eq!((state.job, state.lease, state.ended.len()), (None, None, 1), "{death:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_history_that_is_throttled_or_denied_is_told_as_that_and_costs_no_proposal() {
    for (status, code, told) in [
        (400, "ThrottlingException", "CloudTrail got too many requests"),
        (400, "AccessDeniedException", "CloudTrail did not answer"),
    ] {
        let world = with_job().await;
        world.answers("GetGeneratedPolicy", succeeded(USED));
        world.refuses("LookupEvents", status, code);
        suggest(&world, "r").await;
        let [finding] = &world.published()[..] else { panic!("one finding") };
        let sources = &finding["proposal"]["sources"];
        assert!(sources.to_string().contains(told), "{sources}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_endless_history_is_cut_after_two_minutes_of_pages() {
    let world = with_job().await;
    world.answers("GetGeneratedPolicy", succeeded(USED));
    world.answers("LookupEvents", events(&[record("ListTables", None)], Some("more")));
    let begun = tokio::time::Instant::now();
    suggest(&world, "r").await;
    assert_eq!(world.sent("LookupEvents").len(), 200);
    let took = begun.elapsed();
    assert!((119..125).contains(&took.as_secs()), "not two a second: {took:?}");
    let [finding] = &world.published()[..] else { panic!("one finding") };
    let sources = &finding["proposal"]["sources"];
    assert!(sources.to_string().contains("more than 10000 events"), "{sources}");
}

#[tokio::test(start_paused = true)]
async fn a_role_that_was_made_anew_meanwhile_gets_no_proposal_of_its_namesake() {
    let world = with_job().await;
    world.answers("GetGeneratedPolicy", succeeded(USED));
    world.give_role("orders", "AROAANEW");
    let answer = suggest(&world, "r").await;
    assert!(matches!(&answer.did[..], [Did::Failed { why, .. }] if why.contains("made anew")), "{answer:?}");
    assert_eq!(world.published().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_wish_that_comes_while_a_proposal_is_told_is_not_lost() {
    let world = with_job().await;
    world.give_role("other", "AROAOTHER");
    world.answers("GetGeneratedPolicy", succeeded(USED));
    world.answers("LookupEvents", events(&[], Some("more")));
    world.answers("LookupEvents", events(&[], None));
    let asked = async {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        try_to_suggest(&world, Call::Role("other".parse().unwrap()), "operator").await.unwrap()
    };
    let (told, asked) = tokio::join!(suggest(&world, "r"), asked);
    assert_eq!(why(&asked), "another invocation is at work");
    assert!(
        matches!(&told.did[..], [Did::Suggested { .. }, Did::Began { role, .. }] if role.as_str() == "other"),
        "{told:?}"
    );
}
