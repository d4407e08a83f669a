//! The whole path against doubles of the SDK's clients: which calls, how often, in which order, with what in them.

mod budget;
mod doubles;
mod edited_boundary;
mod kill_switch;
mod last_accessed;
mod notices;
mod recent_use;
mod replay;
mod samples;
mod telling;

use super::NotFound;
use crate::failure::FailureClass;
use aws_sdk_iam::operation::put_role_permissions_boundary::{
    PutRolePermissionsBoundaryError, PutRolePermissionsBoundaryOutput,
};
use aws_sdk_iam::types::error::NoSuchEntityException;
use aws_smithy_mocks::mock;
use doubles::Doubles;
use guardrail::settings::Mode;
use guardrail::trigger::{Change, Trigger};
use samples::{OURS, own_put, record_with_ours, role_answer, role_event};

pub(super) fn account() -> crate::connect::Account {
    Doubles::new().account()
}

#[tokio::test]
async fn a_new_role_is_bounded_with_two_iam_calls_and_one_ledger_write_before() {
    let doubles = Doubles::new().role_without_boundary();
    let order = doubles.order.clone();
    let account = doubles.account();
    let response = account.respond(&role_event(), "request-1", NotFound::LookAgainLater).await.unwrap();

    assert_eq!(response.outcome.unwrap().as_str(), "bounded");
    let calls = order.taken();
    let to_containment: Vec<&str> = calls
        .iter()
        .map(String::as_str)
        .take_while(|call| *call != "iam:PutRolePermissionsBoundary")
        .collect();
    assert_eq!(
        to_containment,
        ["iam:GetRole", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:PutItem intent=open"]
    );
    let after = &calls[calls.iter().position(|call| call == "iam:PutRolePermissionsBoundary").unwrap()..];
    assert_eq!(after.iter().filter(|call| *call == "iam:PutRolePermissionsBoundary").count(), 1);
    let publish = after.iter().position(|call| call == "sns:Publish").expect("a finding is published");
    let close =
        after.iter().position(|call| call == "dynamodb:PutItem intent=closed").expect("the intent is closed");
    assert!(publish < close, "an intent is closed only when its finding is out: {after:?}");
}

#[tokio::test]
async fn the_written_request_names_the_role_and_our_boundary_and_nothing_else() {
    let put = mock!(aws_sdk_iam::Client::put_role_permissions_boundary)
        .match_requests(|request| {
            request.role_name() == Some("orders-api-role") && request.permissions_boundary() == Some(OURS)
        })
        .then_output(|| PutRolePermissionsBoundaryOutput::builder().build());
    let account = Doubles::new().role_without_boundary().put(put.clone()).account();
    account.respond(&role_event(), "request-1", NotFound::LookAgainLater).await.unwrap();
    assert_eq!(put.num_calls(), 1);
}

#[tokio::test]
async fn observe_mode_tells_the_same_and_writes_nothing() {
    let doubles = Doubles::new().role_without_boundary().mode(Mode::Observe);
    let order = doubles.order.clone();
    let response =
        doubles.account().respond(&role_event(), "request-1", NotFound::LookAgainLater).await.unwrap();
    assert_eq!(response.outcome.unwrap().as_str(), "would-bound");
    assert_eq!(order.count("iam:PutRolePermissionsBoundary"), 0);
    assert_eq!(order.count("sns:Publish"), 1);
}

#[tokio::test]
async fn one_state_is_told_once() {
    let doubles = Doubles::new().role_without_boundary().mode(Mode::Observe);
    let order = doubles.order.clone();
    let account = doubles.account();
    for request in ["request-1", "request-2"] {
        account.respond(&role_event(), request, NotFound::LookAgainLater).await.unwrap();
    }
    assert_eq!(order.count("sns:Publish"), 1);
}

#[tokio::test]
async fn our_own_write_is_dropped_where_the_ledger_expects_it() {
    let doubles = Doubles::new().role_without_boundary().ledger(record_with_ours());
    let order = doubles.order.clone();
    let response =
        doubles.account().respond(&own_put(OURS), "request-1", NotFound::LookAgainLater).await.unwrap();
    assert_eq!(response.decision, "own call, expected");
    assert_eq!(order.taken(), ["dynamodb:BatchGetItem", "dynamodb:Query"]);
}

#[tokio::test]
async fn a_write_with_our_role_that_the_ledger_does_not_expect_is_looked_at() {
    let doubles = Doubles::new().role_without_boundary();
    let order = doubles.order.clone();
    let account = doubles.account();
    account
        .respond(&own_put("arn:aws:iam::aws:policy/AdministratorAccess"), "r", NotFound::LookAgainLater)
        .await
        .unwrap();
    assert_eq!(order.count("iam:GetRole"), 1);
}

#[tokio::test]
async fn a_role_shown_without_the_boundary_just_put_is_no_tampering() {
    let get_role = mock!(aws_sdk_iam::Client::get_role)
        .sequence()
        .output(|| role_answer(None))
        .times(2)
        .output(|| role_answer(Some(OURS)))
        .repeatedly()
        .build();
    let doubles = Doubles::new().get_role(get_role.clone()).ledger(record_with_ours());
    let order = doubles.order.clone();
    let response =
        doubles.account().respond(&role_event(), "request-1", NotFound::LookAgainLater).await.unwrap();
    assert_eq!(get_role.num_calls(), 3, "asked until IAM shows it");
    assert_eq!(order.count("iam:PutRolePermissionsBoundary"), 0);
    assert_eq!(response.outcome, None);
}

/// As IAM shows a role for some seconds after somebody took its boundary away, or put another one.
#[tokio::test]
async fn a_role_shown_with_the_boundary_that_was_just_taken_away_is_asked_for_again() {
    let admin = "arn:aws:iam::aws:policy/AdministratorAccess";
    for (change, then) in [(Change::BoundaryDeleted, None), (put_of(admin), Some(admin))] {
        let get_role = mock!(aws_sdk_iam::Client::get_role)
            .sequence()
            .output(|| role_answer(Some(OURS)))
            .times(2)
            .output(move || role_answer(then))
            .repeatedly()
            .build();
        let doubles = Doubles::new().get_role(get_role).ledger(record_with_ours());
        let trigger = Trigger { change, time: Some(crate::clock::now()), ..role_event() };
        let response = doubles.account().respond(&trigger, "r", NotFound::LookAgainLater).await.unwrap();
        assert_eq!(response.outcome.map(|outcome| outcome.as_str()), Some("restored"), "{then:?}");
    }
}

fn put_of(boundary: &str) -> Change {
    Change::BoundaryPut(Some(boundary.parse().unwrap()))
}

#[tokio::test]
async fn an_event_older_than_our_last_write_waits_for_nothing() {
    let get_role = mock!(aws_sdk_iam::Client::get_role).then_output(|| role_answer(Some(OURS)));
    let doubles = Doubles::new().get_role(get_role.clone()).ledger(record_with_ours());
    let a_minute_ago = crate::clock::now() - jiff::SignedDuration::from_mins(1);
    let trigger = Trigger { change: Change::BoundaryDeleted, time: Some(a_minute_ago), ..role_event() };
    doubles.account().respond(&trigger, "r", NotFound::LookAgainLater).await.unwrap();
    assert_eq!(get_role.num_calls(), 1);
}

/// The ledger is read beside the role: another invocation may have recorded its intent after the one and put the boundary
/// before the other.
#[tokio::test]
async fn a_boundary_that_the_ledger_seems_not_to_know_is_looked_up_again() {
    let author = Doubles::new().role_without_boundary().administrator();
    let item = author.item.clone();
    author.account().respond(&role_event(), "r", NotFound::LookAgainLater).await.unwrap();

    let get_role = mock!(aws_sdk_iam::Client::get_role).then_output(|| role_answer(Some(OURS)));
    let mut doubles = Doubles::new().get_role(get_role).administrator().first_ledger_read_is_old();
    doubles.item = item;
    let order = doubles.order.clone();
    doubles.account().respond(&role_event(), "r", NotFound::LookAgainLater).await.unwrap();
    assert_eq!(order.count("sns:Publish"), 0, "{:?}", order.taken());
}

fn no_such_entity() -> PutRolePermissionsBoundaryError {
    PutRolePermissionsBoundaryError::NoSuchEntityException(
        NoSuchEntityException::builder().message("gone").build(),
    )
}

#[tokio::test]
async fn no_such_entity_on_a_role_and_a_policy_that_are_there_is_tried_again() {
    let put = mock!(aws_sdk_iam::Client::put_role_permissions_boundary).then_error(no_such_entity);
    let doubles = Doubles::new().role_without_boundary().put(put);
    let order = doubles.order.clone();
    let failure = doubles.account().respond(&role_event(), "r", NotFound::LookAgainLater).await.unwrap_err();
    assert_eq!(failure.class(), FailureClass::Retryable);
    assert_eq!(order.count("sns:Publish"), 0, "nothing false is told");
    assert_eq!(order.count("dynamodb:PutItem intent=closed"), 0, "the intent stays open for the retry");
}

#[tokio::test]
async fn a_missing_boundary_policy_is_told_once_and_fails() {
    let put = mock!(aws_sdk_iam::Client::put_role_permissions_boundary).then_error(no_such_entity);
    let doubles = Doubles::new().role_without_boundary().put(put).boundary_policy_gone();
    let order = doubles.order.clone();
    let account = doubles.account();
    for _ in 0..2 {
        let failure =
            account.respond(&role_event(), "request-1", NotFound::LookAgainLater).await.unwrap_err();
        assert_eq!(failure.class(), FailureClass::Denied);
        assert!(failure.to_string().contains(OURS), "{failure}");
    }
    assert_eq!(order.count("sns:Publish"), 1);
}

#[tokio::test]
async fn an_explicit_deny_is_told_once_and_not_retried() {
    let put = mock!(aws_sdk_iam::Client::put_role_permissions_boundary).then_error(|| {
        let meta = aws_smithy_types::error::ErrorMetadata::builder()
            .code("AccessDenied")
            .message("is not authorized with an explicit deny in a service control policy")
            .build();
        PutRolePermissionsBoundaryError::generic(meta)
    });
    let doubles = Doubles::new().role_without_boundary().put(put);
    let order = doubles.order.clone();
    let account = doubles.account();
    let first = account.respond(&role_event(), "request-1", NotFound::LookAgainLater).await.unwrap();
    let second = account.respond(&role_event(), "request-2", NotFound::LookAgainLater).await.unwrap();
    assert_eq!(first.outcome.unwrap().as_str(), "failed");
    assert_eq!(second.outcome, None);
    assert_eq!(order.count("sns:Publish"), 1);
}

#[tokio::test]
async fn a_ledger_that_answers_in_part_stops_everything() {
    let doubles = Doubles::new().role_without_boundary().ledger_answers_in_part();
    let order = doubles.order.clone();
    let failure = doubles.account().respond(&role_event(), "r", NotFound::LookAgainLater).await.unwrap_err();
    assert_eq!(failure.class(), FailureClass::Retryable);
    assert_eq!(order.count("iam:PutRolePermissionsBoundary"), 0);
}

#[tokio::test]
async fn a_policy_made_anew_under_its_old_arn_is_read_anew() {
    let doubles = Doubles::new().role_without_boundary().mode(Mode::Observe).attached_policy_made_anew();
    let account = doubles.account();
    let severities: Vec<String> = {
        let first = account.respond(&role_event(), "request-1", NotFound::LookAgainLater).await.unwrap();
        let second = account.respond(&role_event(), "request-2", NotFound::LookAgainLater).await.unwrap();
        [first, second].into_iter().map(|response| format!("{:?}", response.outcome)).collect()
    };
    assert_eq!(severities, ["Some(WouldBound)", "Some(WouldBound)"], "the second document is another state");
}

#[tokio::test]
async fn a_role_that_is_not_there_is_queued_for_a_second_look_and_then_let_go() {
    let doubles = Doubles::new().role_not_found();
    let order = doubles.order.clone();
    let account = doubles.account();
    account.respond(&role_event(), "request-1", NotFound::LookAgainLater).await.unwrap();
    assert_eq!(order.count("sqs:SendMessage"), 1);
    account.respond(&role_event(), "request-2", NotFound::Gone).await.unwrap();
    assert_eq!(order.count("sqs:SendMessage"), 1);
    assert_eq!(order.count("iam:PutRolePermissionsBoundary") + order.count("sns:Publish"), 0);
}

#[tokio::test]
async fn an_exempt_role_is_told_and_not_changed_until_its_exemption_is_over() {
    let in_a_month = (crate::clock::now() + jiff::SignedDuration::from_hours(30 * 24)).to_string();
    for (expires_at, outcome, written) in
        [(in_a_month.as_str(), "exempt", 0), ("2026-01-01T00:00:00Z", "bounded", 1)]
    {
        let doubles = Doubles::new().role_without_boundary().exempt_until(expires_at);
        let (order, published) = (doubles.order.clone(), doubles.published.clone());
        let account = doubles.account();
        let response = account.respond(&role_event(), "request-1", NotFound::LookAgainLater).await.unwrap();
        assert_eq!(response.outcome.unwrap().as_str(), outcome);
        assert_eq!(order.count("iam:PutRolePermissionsBoundary"), written, "{outcome}");
        if written == 0 {
            account.respond(&role_event(), "request-2", NotFound::LookAgainLater).await.unwrap();
            let published = published.lock().unwrap();
            let told = published.iter().filter(|finding| finding["outcome"] == "exempt");
            assert_eq!(told.count(), 1, "one state is told once");
        }
    }
}
