//! Calls that open and close a function against doubles of the SDK's clients: what is asked, written and told.

mod doubles;

use super::ExposureResponse;
use crate::clock;
use crate::failure::{Failure, FailureClass};
use aws_smithy_http_client::test_util::infallible_client_fn;
use aws_smithy_types::body::SdkBody;
use doubles::{ROLE, World, change, invoke_url, recent, statement};
use guardrail::exposure::{Claim, ExposureRecord};
use guardrail::finding::{FindingId, Outcome};
use guardrail::settings::Mode;
use guardrail::trigger::{ExposureChange, ExposureEffect};
use serde_json::json;
use std::sync::{Arc, Mutex};
use std::time::Duration;

async fn respond_as(
    world: &World,
    change: &ExposureChange,
    request: &str,
) -> Result<ExposureResponse, Failure> {
    world.account(Mode::Enforce).respond_to_exposure_change(change, request).await
}

async fn respond(world: &World, change: &ExposureChange) -> ExposureResponse {
    respond_as(world, change, &change.event_id).await.unwrap()
}

fn pair(outcome: &str, severity: &str) -> (String, String) {
    (outcome.to_owned(), severity.to_owned())
}

fn added(event_id: &str) -> ExposureChange {
    change("AddPermission", event_id, ExposureEffect::PermissionAdded(Some("it".to_owned())))
}

/// A function that anybody on the internet may call.
fn public() -> World {
    let world = World::default();
    world.change(|state| {
        state.urls.insert(String::new(), "NONE");
        state.policies.insert(String::new(), vec![invoke_url()]);
    });
    world
}

#[tokio::test]
async fn a_closed_function_costs_three_reads_and_nothing_is_written() {
    let world = World::default();
    let response = respond(&world, &added("e-1")).await;
    assert_eq!((response.decision, response.outcome), ("nothing is open", None));
    assert_eq!(
        world.calls(),
        ["dynamodb:BatchGetItem", "lambda:ListFunctionUrlConfigs", "lambda:GetPolicy "]
    );
}

#[tokio::test]
async fn a_public_url_is_claimed_told_and_noted_and_nothing_else_is_written() {
    let world = public();
    let response = respond(&world, &added("e-1")).await;
    assert_eq!(response.outcome, Some(Outcome::Exposed));
    assert_eq!(
        world.calls(),
        [
            "dynamodb:BatchGetItem",
            "lambda:ListFunctionUrlConfigs",
            "lambda:GetPolicy ",
            "lambda:GetFunctionConfiguration ",
            "iam:GetRole",
            "iam:ListAttachedRolePolicies",
            "iam:ListRolePolicies",
            "iam:GetRolePolicy",
            "dynamodb:PutItem exposure",
            "lambda:ListTags",
            "sns:Publish",
            "dynamodb:PutItem exposure",
        ]
    );
    assert_eq!(world.told(), [pair("exposed", "CRITICAL")]);
    let finding = world.findings().remove(0);
    assert_eq!(
        finding["problem"],
        "123456789012/arn:aws:lambda:eu-west-1:123456789012:function:orders/exposure"
    );
    assert_eq!(finding["role"]["arn"], ROLE);
    assert_eq!(finding["role"]["owner"], "orders-team", "as the function's tags say");
    assert_eq!(finding["functions"], json!(["arn:aws:lambda:eu-west-1:123456789012:function:orders"]));
    assert_eq!(finding["subject"], "[CRITICAL] exposed: orders (123456789012)");
    assert_eq!(finding["contained_at"], json!(null));
    let line =
        "aws lambda update-function-url-config --region eu-west-1 --function-name orders --auth-type AWS_IAM";
    assert_eq!(finding["breaches"][0]["remedy"], line);
    assert!(finding["email"].as_str().unwrap().contains(&format!("\n    {line}\n")));
}

#[tokio::test]
async fn the_same_event_five_times_and_another_about_the_same_state_are_one_finding() {
    let world = public();
    for event in ["e-1", "e-1", "e-1", "e-1", "e-1", "e-2"] {
        respond(&world, &added(event)).await;
    }
    assert_eq!(world.findings().len(), 1);
    assert_eq!(world.count("dynamodb:PutItem"), 2);
}

/// `AddPermission` twice and `CreateFunctionUrlConfig`, as SAM makes a public URL: all events see the last state.
#[tokio::test(start_paused = true)]
async fn three_events_at_once_are_one_finding() {
    let world = public();
    let changes = ["e-1", "e-2", "e-3"].map(added);
    let [one, two, three] = &changes;
    let (one, two, three) = tokio::join!(respond(&world, one), respond(&world, two), respond(&world, three));
    let told = [one, two, three].iter().filter(|response| response.outcome.is_some()).count();
    assert_eq!(told, 1);
    assert_eq!(world.findings().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn whoever_comes_while_it_is_told_waits_and_tells_what_is_new_since() {
    let world = public();
    let other = world.clone();
    world.meanwhile(move || {
        // The function is opened further while the first finding is on its way.
        other.change(|state| {
            let partner = statement("partner", json!({"AWS": "210987654321"}), "lambda:InvokeFunction");
            state.policies.get_mut("").unwrap().push(partner);
        });
    });
    let (first, second) = (added("e-1"), added("e-2"));
    let (first, second) = tokio::join!(respond(&world, &first), respond(&world, &second));
    assert_eq!((first.outcome, second.outcome), (Some(Outcome::Exposed), Some(Outcome::Exposed)));
    assert_ne!(first.finding, second.finding);
    let ways: Vec<usize> =
        world.findings().iter().map(|finding| finding["breaches"].as_array().unwrap().len()).collect();
    assert_eq!(ways, [1, 2], "in this order");
}

/// The record while another invocation is about to publish a finding.
fn claimed_by_another(world: &World) -> ExposureRecord {
    let id = FindingId::of_exposure(&added("e").function, "state", 0);
    let record = ExposureRecord::default().claimed(Claim::new(id, Outcome::Exposed, "other", clock::now()));
    world.put_record(&record, 1);
    record
}

#[tokio::test(start_paused = true)]
async fn while_another_one_tells_nothing_is_read_of_the_function_and_nothing_told() {
    let world = public();
    claimed_by_another(&world);
    let failure = respond_as(&world, &added("e-1"), "r").await.unwrap_err();
    assert_eq!(failure.class(), FailureClass::Retryable, "it never ends");
    assert_eq!(world.count("lambda:") + world.count("sns:"), 0);
}

#[tokio::test(start_paused = true)]
async fn what_another_one_has_told_meanwhile_is_not_told_again() {
    let (world, once) = (public(), public());
    respond(&once, &added("e-0")).await;
    claimed_by_another(&world);
    let other = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        world.put_record(&once.record(), 2);
    };
    let change = added("e-1");
    let (response, ()) = tokio::join!(respond(&world, &change), other);
    assert_eq!(response.decision, "open, told before");
    assert!(world.findings().is_empty());
}

/// Whoever saw the function before somebody told something of it looks again: its write demands the ledger that it read first.
#[tokio::test]
async fn a_look_that_is_older_than_what_was_told_is_repeated() {
    let (world, closed) = (public(), World::default());
    respond(&world, &added("e-0")).await;
    closed.put_record(&world.record(), 1);
    // All is closed when it looks, and opened further, seen and told by another one before it writes.
    let (other, told) = (closed.clone(), world.record());
    closed.after_reading(move || {
        other.change(|state| {
            state.urls.insert(String::new(), "NONE");
            state.policies.insert(String::new(), vec![invoke_url()]);
        });
        other.put_record(&told, 7);
    });
    let response = respond(&closed, &added("e-1")).await;
    assert_eq!(response.decision, "open, told before");
    assert!(closed.findings().is_empty(), "it is not told to be over: {:?}", closed.told());
}

#[tokio::test]
async fn all_closed_is_told_once_with_what_it_closes() {
    let world = public();
    let exposed = respond(&world, &added("e-1")).await.finding.unwrap();
    world.change(|state| state.urls.clear());
    for event in ["e-2", "e-3"] {
        respond(&world, &change("DeleteFunctionUrlConfig", event, ExposureEffect::UrlDeleted)).await;
    }
    assert_eq!(world.told(), [pair("exposed", "CRITICAL"), pair("resolved", "INFO")]);
    let resolved = world.findings().remove(1);
    assert_eq!(resolved["resolves"], json!([exposed]));
    assert_eq!(resolved["role"], json!(null));
    // What comes back is news again.
    world.change(|state| state.urls.insert(String::new(), "NONE"));
    let again = respond(&world, &added("e-4")).await.finding.unwrap();
    assert_ne!(again, exposed);
}

/// Most functions that are deleted were never open.
#[tokio::test]
async fn what_can_only_close_is_not_looked_at_where_nothing_was_open() {
    let world = World::default();
    for effect in [ExposureEffect::EntranceDeleted, ExposureEffect::UrlDeleted] {
        let response = respond(&world, &change("DeleteFunction", "e-1", effect)).await;
        assert_eq!(response.decision, "nothing is open");
    }
    assert_eq!(world.calls(), ["dynamodb:BatchGetItem"; 2]);
}

#[tokio::test]
async fn a_function_that_is_gone_is_closed() {
    let world = public();
    respond(&world, &added("e-1")).await;
    world.change(|state| state.is_gone = true);
    respond(&world, &change("DeleteFunction", "e-2", ExposureEffect::EntranceDeleted)).await;
    assert_eq!(world.told(), [pair("exposed", "CRITICAL"), pair("resolved", "INFO")]);
}

/// Functions of other Regions are told of by forwarded events.
#[tokio::test]
async fn lambda_is_asked_where_the_function_lives() {
    let hosts: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = hosts.clone();
    let http = infallible_client_fn(move |request| {
        seen.lock().unwrap().push(request.uri().host().unwrap().to_owned());
        let none = r#"{"Type":"User","Message":"none"}"#;
        let answer =
            http::Response::builder().status(404).header("x-amzn-errortype", "ResourceNotFoundException");
        answer.body(SdkBody::from(none)).unwrap()
    });
    let mut account = World::default().account(Mode::Enforce);
    let config = aws_sdk_lambda::Config::builder()
        .behavior_version_latest()
        .region(aws_sdk_lambda::config::Region::from_static("us-east-1"))
        .credentials_provider(aws_sdk_lambda::config::Credentials::for_tests())
        .http_client(http)
        .build();
    account.lambda = aws_sdk_lambda::Client::from_conf(config).into();
    account.respond_to_exposure_change(&added("e-1"), "r").await.unwrap();
    assert_eq!(*hosts.lock().unwrap(), ["lambda.eu-west-1.amazonaws.com"; 2]);
}

/// A policy is asked for by its version or alias, and what was told to be open there has to be seen to close.
#[tokio::test]
async fn aliases_are_remembered_until_they_are_closed() {
    let world = World::default();
    let everyone = statement("it", json!("*"), "lambda:InvokeFunction");
    world.change(|state| state.policies.insert("live".to_owned(), vec![everyone]));
    let of_alias = ExposureChange { qualifier: Some("live".parse().unwrap()), ..added("e-1") };
    respond(&world, &of_alias).await;
    assert_eq!(world.told(), [pair("exposed", "HIGH")]);
    assert_eq!(world.count("lambda:GetFunctionConfiguration live"), 1, "its version has a role of its own");
    world.change(|state| state.policies.clear());
    respond(&world, &change("DeleteAlias", "e-2", ExposureEffect::EntranceDeleted)).await;
    assert_eq!(world.told().len(), 2);
}

#[tokio::test]
async fn each_alias_with_a_url_is_asked_for_its_policy() {
    let world = World::default();
    world.change(|state| {
        state.urls.insert("live".to_owned(), "NONE");
        state.policies.insert("live".to_owned(), vec![invoke_url()]);
    });
    respond(&world, &change("UpdateFunctionUrlConfig", "e-1", ExposureEffect::UrlSet(None))).await;
    assert_eq!(world.told(), [pair("exposed", "CRITICAL")]);
    assert_eq!((world.count("lambda:GetPolicy "), world.count("lambda:GetPolicy live")), (2, 1));
    let remedy = world.findings()[0]["breaches"][0]["remedy"].as_str().unwrap().to_owned();
    assert!(remedy.contains("--qualifier 'live'"), "{remedy}");
}

#[tokio::test]
async fn a_finding_that_could_not_be_published_is_published_by_the_retry_under_its_id() {
    let world = public();
    world.change(|state| state.sns_fails = 1);
    respond_as(&world, &added("e-1"), "request-1").await.unwrap_err();
    let claimed = world.record().claim.expect("a claim").finding;
    let response = respond_as(&world, &added("e-1"), "request-1").await.unwrap();
    assert_eq!(response.finding, Some(claimed));
    assert_eq!(world.findings().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn another_invocation_takes_over_from_one_that_died_telling() {
    let world = public();
    world.change(|state| state.sns_fails = 1);
    respond_as(&world, &added("e-1"), "request-1").await.unwrap_err();
    let claimed = world.record().claim.expect("a claim").finding;
    world.end_the_claim();
    let response = respond_as(&world, &added("e-2"), "request-2").await.unwrap();
    assert_eq!(response.finding, Some(claimed), "under the id that may have been published");
}

#[tokio::test]
async fn a_role_that_may_not_be_read_keeps_nothing_from_being_told() {
    for code in ["AccessDenied", "NoSuchEntity"] {
        let world = public();
        world.change(|state| state.get_role = Some(code));
        respond(&world, &added("e-1")).await;
        assert_eq!(world.told(), [pair("exposed", "MEDIUM")], "{code}");
        let finding = world.findings().remove(0);
        assert_eq!(finding["role"], json!(null), "{code}");
        let doubts = finding["doubts"].as_array().unwrap();
        assert!(doubts.len() == 1 && doubts[0].as_str().unwrap().contains("orders-role"), "{doubts:?}");
    }
}

#[tokio::test]
async fn what_lambda_does_not_answer_fails_and_nothing_is_told() {
    for (code, class) in
        [("InternalFault", FailureClass::Retryable), ("AccessDeniedException", FailureClass::Denied)]
    {
        let world = public();
        world.change(|state| state.get_policy = Some(code));
        let failure = respond_as(&world, &added("e-1"), "r").await.unwrap_err();
        assert_eq!(failure.class(), class, "{code}");
        assert!(world.findings().is_empty() && world.count("dynamodb:PutItem") == 0);
    }
    let world = public();
    world.change(|state| state.get_role = Some("InternalFault"));
    let failure = respond_as(&world, &added("e-1"), "r").await.unwrap_err();
    assert_eq!(failure.class(), FailureClass::Retryable, "the retry may know what it weighs");
    assert!(world.findings().is_empty());
}

#[tokio::test]
async fn a_policy_that_is_not_understood_is_told() {
    let world = World::default();
    world.change(|state| state.garbled = true);
    respond(&world, &added("e-1")).await;
    assert_eq!(world.told(), [pair("exposed", "MEDIUM")]);
    assert_eq!(world.findings()[0]["doubts"].as_array().unwrap().len(), 1);
}

/// Lambda may answer for seconds as if the call had not been made.
#[tokio::test(start_paused = true)]
async fn a_call_of_now_that_does_not_show_is_asked_for_again() {
    let world = public();
    world.change(|state| state.stale_policies = 2);
    let settled = ExposureChange {
        effect: ExposureEffect::PermissionAdded(Some("FunctionURLAllowPublicAccess".to_owned())),
        ..recent(added("e-1"))
    };
    respond(&world, &settled).await;
    assert_eq!(world.told(), [pair("exposed", "CRITICAL")]);
    assert_eq!(world.count("lambda:GetPolicy"), 3);

    let world = public();
    world.change(|state| state.stale_policies = 2);
    assert_eq!(respond(&world, &added("e-old")).await.decision, "nothing is open", "what is old has settled");
}

#[tokio::test]
async fn in_observe_mode_it_is_told_all_the_same() {
    let world = public();
    let account = world.account(Mode::Observe);
    account.respond_to_exposure_change(&added("e-1"), "r").await.unwrap();
    assert_eq!(world.told(), [pair("exposed", "CRITICAL")]);
    assert_eq!(world.findings()[0]["mode"], "observe");
}

#[tokio::test]
async fn what_operators_changed_is_told_here_too() {
    let world = World::default();
    world.kill_switch();
    respond(&world, &added("e-1")).await;
    assert_eq!(world.findings().len(), 1);
    assert_eq!(world.findings()[0]["outcome"], "notice");
}

#[test]
fn a_claim_of_a_dead_author_does_not_hold_off_for_long() {
    let id = FindingId::of_exposure(&added("e").function, "state", 0);
    let claim = Claim::new(id, Outcome::Exposed, "dead", "2026-11-22T10:00:00Z".parse().unwrap());
    let record = ExposureRecord::default().claimed(claim);
    assert!(!record.is_claimed_by_another("other", crate::clock::now()));
}
