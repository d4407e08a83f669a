//! A role whose boundary does not say what the template ships.

use super::doubles::Doubles;
use super::samples::{OURS, record_with_ours, role_answer, role_event};
use crate::respond::NotFound;
use aws_sdk_iam::operation::list_policy_versions::ListPolicyVersionsOutput;
use aws_smithy_mocks::mock;

fn role_with_ours() -> Doubles {
    let get_role = mock!(aws_sdk_iam::Client::get_role).then_output(|| role_answer(Some(OURS)));
    Doubles::new().get_role(get_role).ledger(record_with_ours())
}

#[tokio::test]
async fn the_event_of_the_edit_is_given_time_and_then_the_policy_is_told() {
    let versions = mock!(aws_sdk_iam::Client::list_policy_versions)
        .then_output(|| ListPolicyVersionsOutput::builder().build());
    let doubles = role_with_ours().boundary_edited().list_policy_versions(versions);
    let (order, published) = (doubles.order.clone(), doubles.published.clone());
    let account = doubles.account();

    let first = account.respond(&role_event(), "request-1", NotFound::LookAgainLater).await.unwrap();
    assert_eq!(first.outcome, None, "{}", first.decision);
    assert_eq!((order.count("sqs:SendMessage"), order.count("sns:Publish")), (1, 0));

    let later = account.respond(&role_event(), "request-2", NotFound::Gone).await.unwrap();
    assert_eq!(later.outcome.unwrap().as_str(), "boundary-edited");
    assert_eq!(order.count("sqs:SendMessage"), 1, "it is not looked at for ever");
    let told = published.lock().unwrap().clone();
    assert_eq!((told.len(), &told[0]["role"]), (1, &serde_json::Value::Null), "{told:#?}");
    assert_eq!(told[0]["boundary"]["after"], OURS);
    assert_eq!(order.count("iam:PutRolePermissionsBoundary"), 0);
}

#[tokio::test]
async fn a_boundary_that_says_what_was_shipped_is_no_edit() {
    let doubles = role_with_ours();
    let order = doubles.order.clone();
    let response =
        doubles.account().respond(&role_event(), "request-1", NotFound::LookAgainLater).await.unwrap();
    assert_eq!(response.outcome, None);
    assert_eq!((order.count("sqs:SendMessage"), order.count("sns:Publish")), (0, 0), "{}", response.decision);
}

#[tokio::test]
async fn an_edit_that_is_over_by_the_time_of_the_look_is_not_told_and_the_role_is_judged() {
    let get_role = mock!(aws_sdk_iam::Client::get_role).then_output(|| role_answer(Some(OURS)));
    let doubles = role_with_ours().get_role(get_role.clone()).boundary_shown_as_it_was_before();
    let order = doubles.order.clone();
    let response = doubles.account().respond(&role_event(), "request-1", NotFound::Gone).await.unwrap();
    assert_eq!((response.outcome, response.decision), (None, "nothing to tell"));
    assert_eq!((order.count("sqs:SendMessage"), order.count("sns:Publish")), (0, 0));
    assert_eq!(get_role.num_calls(), 2, "it is looked at again");
}
