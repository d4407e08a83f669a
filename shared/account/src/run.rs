//! The shell around a function: read the settings, connect, then one invocation after the other.

use crate::clock::Stopwatch;
use crate::connect::{Account, milliseconds};
use crate::failure::Failure;
use crate::respond::{NotFound, Response};
use crate::second_look::not_found;
use crate::settings::{InvalidSettings, Settings};
use crate::undo::UndoAnswer;
use aws_lambda_events::eventbridge::EventBridgeEvent;
use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent};
use guardrail::names::AccountId;
use guardrail::review::ReviewRequest;
use guardrail::trigger::{CloudTrailRecord, Ignored, PolicyChange, Trigger};
use guardrail::undo::Call;
use jiff::Timestamp;
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;

/// How a function reads its trigger out of a CloudTrail record.
pub type ReadTrigger = fn(&CloudTrailRecord, &AccountId) -> Result<Trigger, Ignored>;

/// Runs a function that EventBridge invokes with CloudTrail events.
///
/// # Errors
/// Where the settings cannot be used, or the runtime stops.
pub async fn event_function(read: ReadTrigger) -> Result<(), lambda_runtime::Error> {
    let account = &start().await?;
    let handle = async |event: LambdaEvent<Value>| handle_event(account, read, event).await;
    lambda_runtime::run(service_fn(handle)).await
}

/// Runs the function that reads the review queue.
///
/// # Errors
/// Where the settings cannot be used, or the runtime stops.
pub async fn queue_function() -> Result<(), lambda_runtime::Error> {
    let account = &start().await?;
    let handle = async |event: LambdaEvent<SqsEvent>| Ok::<_, Failure>(handle_batch(account, event).await);
    lambda_runtime::run(service_fn(handle)).await
}

/// Runs the function that an operator invokes to have writes taken back.
///
/// # Errors
/// Where the settings cannot be used, or the runtime stops.
pub async fn undo_function() -> Result<(), lambda_runtime::Error> {
    let account = &start().await?;
    let handle = async |event: LambdaEvent<Value>| handle_undo(account, event).await;
    lambda_runtime::run(service_fn(handle)).await
}

/// How the function of policy changes reads its trigger out of a CloudTrail record.
pub type ReadPolicyChange = fn(&CloudTrailRecord, &AccountId) -> Result<PolicyChange, Ignored>;

/// Runs the function that EventBridge invokes with changes of managed policies.
///
/// # Errors
/// Where the settings cannot be used, the boundaries cannot be rendered, or the runtime stops.
pub async fn policy_function(read: ReadPolicyChange) -> Result<(), lambda_runtime::Error> {
    let account = &start().await?;
    let handle = async |event: LambdaEvent<Value>| handle_policy_event(account, read, event).await;
    lambda_runtime::run(service_fn(handle)).await
}

async fn start() -> Result<Account, lambda_runtime::Error> {
    lambda_runtime::tracing::init_default_subscriber();
    let settings = Settings::from_environment().inspect_err(log_unusable)?;
    Ok(Account::connect(settings).await)
}

fn log_unusable(e: &InvalidSettings) {
    tracing::error!(error = %e, "the settings cannot be used, the function does not start");
}

async fn handle_event(
    account: &Account,
    read: ReadTrigger,
    event: LambdaEvent<Value>,
) -> Result<(), Failure> {
    let stopwatch = Stopwatch::start();
    let LambdaEvent { payload, context } = event;
    let record = record_in(payload, stopwatch)?;
    let trigger = match read(&record, &account.settings.account) {
        Ok(trigger) => trigger,
        Err(reason) => {
            tracing::info!(event_id = record.event_id(), %reason, "ignored");
            return Ok(());
        }
    };
    let outcome = account.respond(&trigger, &context.request_id, NotFound::LookAgainLater).await;
    log_outcome(&trigger, &outcome, stopwatch);
    outcome.map(drop)
}

/// The CloudTrail record in EventBridge's envelope.
fn record_in(payload: Value, stopwatch: Stopwatch) -> Result<CloudTrailRecord, Failure> {
    let envelope: EventBridgeEvent<Value> = serde_json::from_value(payload)
        .map_err(|e| Failure::malformed("the event is not an EventBridge event", e))
        .inspect_err(|failure| log_failure("", "", stopwatch, failure))?;
    Ok(CloudTrailRecord::from_detail(envelope.detail))
}

async fn handle_policy_event(
    account: &Account,
    read: ReadPolicyChange,
    event: LambdaEvent<Value>,
) -> Result<(), Failure> {
    let stopwatch = Stopwatch::start();
    let LambdaEvent { payload, context } = event;
    let record = record_in(payload, stopwatch)?;
    let change = match read(&record, &account.settings.account) {
        Ok(change) => change,
        Err(reason) => {
            tracing::info!(event_id = record.event_id(), %reason, "ignored");
            return Ok(());
        }
    };
    let (event, event_id) = (change.event.as_str(), change.event_id.as_str());
    match account.respond_to_policy_change(&change, &context.request_id).await {
        Ok(response) => {
            tracing::info!(
                event,
                event_id,
                policy = change.policy.as_str(),
                decision = response.decision,
                finding = response.finding.as_ref().map(|id| id.as_str()),
                queued = response.queued,
                duration_ms = milliseconds(stopwatch.elapsed()),
                "done"
            );
            Ok(())
        }
        Err(failure) => {
            log_failure(event, event_id, stopwatch, &failure);
            Err(failure)
        }
    }
}

async fn handle_batch(account: &Account, event: LambdaEvent<SqsEvent>) -> SqsBatchResponse {
    let LambdaEvent { payload, context } = event;
    let mut response = SqsBatchResponse::default();
    for message in payload.records {
        let not_found = not_found(&message);
        let id = message.message_id.unwrap_or_default();
        let body = message.body.unwrap_or_default();
        if review(account, &body, not_found, &id, &context.request_id).await.is_err() {
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = id;
            response.batch_item_failures.push(failure);
        }
    }
    response
}

async fn handle_undo(account: &Account, event: LambdaEvent<Value>) -> Result<UndoAnswer, Failure> {
    let stopwatch = Stopwatch::start();
    let LambdaEvent { payload, context } = event;
    let asked: Result<Call, Failure> =
        serde_json::from_value(payload).map_err(|e| Failure::malformed("the call is not understood", e));
    let answer = match asked {
        Ok(call) => account.undo(call, end_of(&context), &context.request_id).await,
        Err(failure) => Err(failure),
    };
    match &answer {
        Ok(UndoAnswer::Role(given)) => tracing::info!(
            role = given.role.as_str(),
            outcome = "undone",
            finding = given.finding.as_str(),
            by = given.by,
            duration_ms = milliseconds(stopwatch.elapsed()),
            "done"
        ),
        Ok(UndoAnswer::All(batch)) => tracing::info!(
            undone = batch.undone.len(),
            refused = batch.refused.len(),
            done = batch.done,
            duration_ms = milliseconds(stopwatch.elapsed()),
            "done"
        ),
        Err(failure) => tracing::error!(
            class = ?failure.class(),
            cause = %failure,
            duration_ms = milliseconds(stopwatch.elapsed()),
            "not undone"
        ),
    }
    answer
}

/// When Lambda ends the invocation.
fn end_of(context: &lambda_runtime::Context) -> Timestamp {
    i64::try_from(context.deadline)
        .ok()
        .and_then(|at| Timestamp::from_millisecond(at).ok())
        .unwrap_or(Timestamp::MAX)
}

async fn review(
    account: &Account,
    body: &str,
    not_found: NotFound,
    message: &str,
    request: &str,
) -> Result<(), Failure> {
    let stopwatch = Stopwatch::start();
    let request_to_review: ReviewRequest = serde_json::from_str(body)
        .map_err(|e| Failure::malformed("the message is not a review request", e))
        .inspect_err(|failure| log_failure("Review", message, stopwatch, failure))?;
    let trigger = request_to_review.into_trigger(message);
    let outcome = account.respond(&trigger, request, not_found).await;
    log_outcome(&trigger, &outcome, stopwatch);
    outcome.map(drop)
}

/// The one line that an invocation leaves. Never a document, never a whole event.
fn log_outcome(trigger: &Trigger, outcome: &Result<Response, Failure>, stopwatch: Stopwatch) {
    let (event, event_id) = (trigger.event.as_str(), trigger.event_id.as_str());
    match outcome {
        Ok(response) => tracing::info!(
            event,
            event_id,
            role = response.role.as_ref().map(|role| role.as_str()),
            decision = response.decision,
            outcome = response.outcome.map(|outcome| outcome.as_str()),
            finding = response.finding.as_ref().map(|id| id.as_str()),
            contained_after_ms = response.contained_after_ms,
            contained_within_ms = response.contained_within_ms,
            duration_ms = milliseconds(stopwatch.elapsed()),
            "done"
        ),
        Err(failure) => log_failure(event, event_id, stopwatch, failure),
    }
}

fn log_failure(event: &str, event_id: &str, stopwatch: Stopwatch, failure: &Failure) {
    tracing::error!(
        event,
        event_id,
        class = ?failure.class(),
        cause = %failure,
        duration_ms = milliseconds(stopwatch.elapsed()),
        "failed, to be retried"
    );
}
