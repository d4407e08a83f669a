//! The shell around a function: read the settings, connect, then one invocation after the other.

use crate::clock;
use crate::connect::Account;
use crate::denials::{DenialBatch, DenialCall, DenialMemory, NoDenial, denial_in};
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::respond::NotFound;
use crate::second_look::not_found;
use crate::settings::{InvalidSettings, Settings};
use crate::suggest::{SuggestAnswer, SuggestCall};
use crate::sweep::SweepCall;
use crate::undo::UndoAnswer;
use aws_lambda_events::eventbridge::EventBridgeEvent;
use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent};
use guardrail::names::AccountId;
use guardrail::review::ReviewRequest;
use guardrail::suggestion;
use guardrail::trigger::{CloudTrailRecord, ExposureChange, Ignored, PolicyChange, Trigger};
use guardrail::undo::Call;
use jiff::Timestamp;
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;
use std::collections::BTreeMap;

pub use crate::denials::ReadDenial;

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

/// Runs the function that reads the queue of calls that boundaries refused.
///
/// # Errors
/// Where the settings cannot be used, or the runtime stops.
pub async fn denial_function(read: ReadDenial) -> Result<(), lambda_runtime::Error> {
    let (account, memory) = (&start().await?, &DenialMemory::default());
    let handle = async |event: LambdaEvent<SqsEvent>| {
        Ok::<_, Failure>(handle_denials(account, memory, read, event).await)
    };
    lambda_runtime::run(service_fn(handle)).await
}

/// How the function of exposure changes reads its trigger out of a CloudTrail record.
pub type ReadExposureChange = fn(&CloudTrailRecord, &AccountId) -> Result<ExposureChange, Ignored>;

/// Runs the function that EventBridge invokes with calls that open functions or close them.
///
/// # Errors
/// Where the settings cannot be used, or the runtime stops.
pub async fn exposure_function(read: ReadExposureChange) -> Result<(), lambda_runtime::Error> {
    let account = &start().await?;
    let handle = async |event: LambdaEvent<Value>| handle_exposure_event(account, read, event).await;
    lambda_runtime::run(service_fn(handle)).await
}

/// Runs the function that a schedule invokes.
///
/// # Errors
/// Where the settings cannot be used, or the runtime stops.
pub async fn sweep_function() -> Result<(), lambda_runtime::Error> {
    let account = &start_with(Account::connect_to_sweep).await?;
    let handle = async |event: LambdaEvent<Value>| {
        let invocation = Invocation::begin(account);
        let call = SweepCall { request: &event.context.request_id, ends_at: end_of(&event.context) };
        let outcome = account.sweep(call).await;
        invocation.swept(&outcome);
        outcome.map(drop)
    };
    lambda_runtime::run(service_fn(handle)).await
}

/// Runs the function that a schedule invokes for proposals of smaller policies, or an operator for one of them.
///
/// # Errors
/// Where the settings cannot be used, or the runtime stops.
pub async fn suggest_function() -> Result<(), lambda_runtime::Error> {
    let account = &start().await?;
    let handle = async |event: LambdaEvent<Value>| handle_suggest(account, event).await;
    lambda_runtime::run(service_fn(handle)).await
}

async fn start() -> Result<Account, lambda_runtime::Error> {
    start_with(Account::connect).await
}

async fn start_with(
    connect: impl AsyncFnOnce(Settings) -> Account,
) -> Result<Account, lambda_runtime::Error> {
    lambda_runtime::tracing::init_default_subscriber();
    let settings = Settings::from_environment().inspect_err(log_unusable)?;
    Ok(connect(settings).await)
}

fn log_unusable(e: &InvalidSettings) {
    tracing::error!(error = %e, "the settings cannot be used, the function does not start");
}

async fn handle_event(
    account: &Account,
    read: ReadTrigger,
    event: LambdaEvent<Value>,
) -> Result<(), Failure> {
    let invocation = Invocation::begin(account);
    let LambdaEvent { payload, context } = event;
    let record = record_in(payload, &invocation)?;
    let trigger = match read(&record, &account.settings.account) {
        Ok(trigger) => trigger,
        Err(reason) => {
            invocation.ignored(record.event_id(), &reason);
            return Ok(());
        }
    };
    let outcome = account.respond(&trigger, &context.request_id, NotFound::LookAgainLater).await;
    invocation.responded(&trigger, &outcome);
    outcome.map(drop)
}

/// The CloudTrail record in EventBridge's envelope.
fn record_in(payload: Value, invocation: &Invocation<'_>) -> Result<CloudTrailRecord, Failure> {
    let envelope: EventBridgeEvent<Value> = serde_json::from_value(payload)
        .map_err(|e| Failure::malformed("the event is not an EventBridge event", e))
        .inspect_err(|failure| invocation.failed("", "", failure))?;
    Ok(CloudTrailRecord::from_detail(envelope.detail))
}

async fn handle_policy_event(
    account: &Account,
    read: ReadPolicyChange,
    event: LambdaEvent<Value>,
) -> Result<(), Failure> {
    let invocation = Invocation::begin(account);
    let LambdaEvent { payload, context } = event;
    let record = record_in(payload, &invocation)?;
    let change = match read(&record, &account.settings.account) {
        Ok(change) => change,
        Err(reason) => {
            invocation.ignored(record.event_id(), &reason);
            return Ok(());
        }
    };
    let outcome = account.respond_to_policy_change(&change, &context.request_id).await;
    invocation.responded_to_policy_change(&change, &outcome);
    outcome.map(drop)
}

async fn handle_exposure_event(
    account: &Account,
    read: ReadExposureChange,
    event: LambdaEvent<Value>,
) -> Result<(), Failure> {
    let invocation = Invocation::begin(account);
    let LambdaEvent { payload, context } = event;
    let record = record_in(payload, &invocation)?;
    let change = match read(&record, &account.settings.account) {
        Ok(change) => change,
        Err(reason) => {
            invocation.ignored(record.event_id(), &reason);
            return Ok(());
        }
    };
    let outcome = account.respond_to_exposure_change(&change, &context.request_id).await;
    invocation.responded_to_exposure_change(&change, &outcome);
    outcome.map(drop)
}

async fn handle_batch(account: &Account, event: LambdaEvent<SqsEvent>) -> SqsBatchResponse {
    let LambdaEvent { payload, context } = event;
    let mut back = Vec::new();
    for message in payload.records {
        let not_found = not_found(&message);
        let id = message.message_id.unwrap_or_default();
        let body = message.body.unwrap_or_default();
        if review(account, &body, not_found, &id, &context.request_id).await.is_err() {
            back.push(id);
        }
    }
    given_back(back)
}

async fn handle_denials(
    account: &Account,
    memory: &DenialMemory,
    read: ReadDenial,
    event: LambdaEvent<SqsEvent>,
) -> SqsBatchResponse {
    let invocation = Invocation::begin(account);
    let LambdaEvent { payload, context } = event;
    let (mut batch, mut ignored, mut back) = (DenialBatch::default(), BTreeMap::new(), Vec::new());
    for message in payload.records {
        let id = message.message_id.unwrap_or_default();
        match denial_in(&message.body.unwrap_or_default(), read, &account.settings.account) {
            Ok(call) => batch.add(id, call, clock::now()),
            Err(NoDenial::Ignored(reason)) => *ignored.entry(reason.to_string()).or_default() += 1,
            Err(NoDenial::Malformed(failure)) => {
                invocation.failed("Denial", &id, &failure);
                back.push(id);
            }
        }
    }
    let call = DenialCall { request: &context.request_id, ends_at: end_of(&context) };
    let response = account.respond_to_denials(memory, batch, call).await;
    invocation.told_denials(&response, &ignored);
    back.extend(response.put_off);
    back.extend(response.failed.into_iter().flat_map(|(_, messages)| messages));
    given_back(back)
}

/// The messages that the queue hands out again.
fn given_back(messages: Vec<String>) -> SqsBatchResponse {
    let mut response = SqsBatchResponse::default();
    response.batch_item_failures.extend(messages.into_iter().map(|message| {
        let mut failure = BatchItemFailure::default();
        failure.item_identifier = message;
        failure
    }));
    response
}

async fn handle_undo(account: &Account, event: LambdaEvent<Value>) -> Result<UndoAnswer, Failure> {
    let invocation = Invocation::begin(account);
    let LambdaEvent { payload, context } = event;
    let asked: Result<Call, Failure> =
        serde_json::from_value(payload).map_err(|e| Failure::malformed("the call is not understood", e));
    let answer = match asked {
        Ok(call) => account.undo(call, end_of(&context), &context.request_id).await,
        Err(failure) => Err(failure),
    };
    invocation.undone(&answer);
    answer
}

async fn handle_suggest(account: &Account, event: LambdaEvent<Value>) -> Result<SuggestAnswer, Failure> {
    let invocation = Invocation::begin(account);
    let LambdaEvent { payload, context } = event;
    let asked: Result<suggestion::Call, Failure> =
        serde_json::from_value(payload).map_err(|e| Failure::malformed("the call is not understood", e));
    let call = SuggestCall { request: &context.request_id, ends_at: end_of(&context) };
    let answer = match asked {
        Ok(asked) => account.suggest(asked, call).await,
        Err(failure) => Err(failure),
    };
    invocation.suggested(&answer);
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
    let asked: ReviewRequest = serde_json::from_str(body)
        .map_err(|e| Failure::malformed("the message is not a review request", e))
        .inspect_err(|failure| Invocation::begin(account).failed("Review", message, failure))?;
    let mut failed = None;
    // What fails is asked for again with the whole message; looking twice does no harm.
    for trigger in asked.into_triggers(message, &account.settings.account) {
        let invocation = Invocation::begin(account);
        let outcome = account.respond(&trigger, request, not_found).await;
        invocation.responded(&trigger, &outcome);
        failed = failed.or(outcome.err());
    }
    failed.map_or(Ok(()), Err)
}
