//! What an invocation leaves behind for whoever operates Ringfence: one log line and its metrics. Never a document, never a whole
//! event.

use crate::clock::Stopwatch;
use crate::connect::{Account, milliseconds};
use crate::denials::DenialResponse;
use crate::exposure::ExposureResponse;
use crate::failure::{Failure, FailureClass};
use crate::metrics::Metric;
use crate::policy_change::PolicyResponse;
use crate::respond::Response;
use crate::suggest::SuggestAnswer;
use crate::sweep::{SweepResponse, SweptRoles, peak_rss_kib};
use crate::undo::UndoAnswer;
use guardrail::trigger::{ExposureChange, PolicyChange, Trigger};
use std::collections::BTreeMap;

/// The work on one event, or on one message of a batch.
pub(crate) struct Invocation<'a> {
    account: &'a Account,
    stopwatch: Stopwatch,
}

impl<'a> Invocation<'a> {
    pub(crate) fn begin(account: &'a Account) -> Self {
        // Of the init phase, or of an invocation that was cut off.
        account.calls.take();
        Self { account, stopwatch: Stopwatch::start() }
    }

    /// Of an event that is none of Ringfence's business.
    pub(crate) fn ignored(&self, event_id: &str, reason: &impl std::fmt::Display) {
        tracing::info!(event_id, %reason, "ignored");
    }

    pub(crate) fn responded(&self, trigger: &Trigger, outcome: &Result<Response, Failure>) {
        let (event, event_id) = (trigger.event.as_str(), trigger.event_id.as_str());
        let response = match outcome {
            Ok(response) => response,
            Err(failure) => return self.failed(event, event_id, failure),
        };
        tracing::info!(
            event,
            event_id,
            role = response.role.as_ref().map(|role| role.as_str()),
            decision = response.decision,
            outcome = response.outcome.map(|outcome| outcome.as_str()),
            finding = response.finding.as_ref().map(|id| id.as_str()),
            contained_after_ms = response.contained_after_ms,
            contained_within_ms = response.contained_within_ms,
            calls = self.calls(),
            duration_ms = self.milliseconds(),
            "done"
        );
        let Response { contained_after_ms: after_ms, contained_within_ms: within_ms, .. } = *response;
        if after_ms.or(within_ms).is_some() {
            Metric::Containment { after_ms, within_ms }.emit();
        }
    }

    pub(crate) fn responded_to_policy_change(
        &self,
        change: &PolicyChange,
        outcome: &Result<PolicyResponse, Failure>,
    ) {
        let (event, event_id) = (change.event.as_str(), change.event_id.as_str());
        match outcome {
            Ok(response) => tracing::info!(
                event,
                event_id,
                policy = change.policy.as_str(),
                decision = response.decision,
                finding = response.finding.as_ref().map(|id| id.as_str()),
                queued = response.queued,
                calls = self.calls(),
                duration_ms = self.milliseconds(),
                "done"
            ),
            Err(failure) => self.failed(event, event_id, failure),
        }
    }

    /// Of a batch of refused calls. `ignored` are those that are none of Ringfence's business, by the reason.
    pub(crate) fn told_denials(&self, response: &DenialResponse, ignored: &BTreeMap<String, u64>) {
        for (failure, messages) in &response.failed {
            self.failed("Denial", messages.first().map_or("", String::as_str), failure);
        }
        let passed_over = response.passed_over.iter().map(|(why, count)| ((*why).to_owned(), *count));
        for (reason, count) in passed_over.chain(ignored.iter().map(|(why, count)| (why.clone(), *count))) {
            tracing::info!(event = "Denial", count, reason, "ignored");
        }
        if response.refused > 0 {
            Metric::BoundaryDenials(response.refused).emit();
        }
        tracing::info!(
            event = "Denial",
            refused = response.refused,
            findings = response.told.iter().map(|id| id.as_str()).collect::<Vec<_>>().join(","),
            put_off = response.put_off.len(),
            calls = self.calls(),
            duration_ms = self.milliseconds(),
            "done"
        );
    }

    pub(crate) fn responded_to_exposure_change(
        &self,
        change: &ExposureChange,
        outcome: &Result<ExposureResponse, Failure>,
    ) {
        let (event, event_id) = (change.event.as_str(), change.event_id.as_str());
        match outcome {
            Ok(response) => tracing::info!(
                event,
                event_id,
                function = change.function.as_str(),
                decision = response.decision,
                outcome = response.outcome.map(|outcome| outcome.as_str()),
                finding = response.finding.as_ref().map(|id| id.as_str()),
                calls = self.calls(),
                duration_ms = self.milliseconds(),
                "done"
            ),
            Err(failure) => self.failed(event, event_id, failure),
        }
    }

    pub(crate) fn swept(&self, outcome: &Result<SweepResponse, Failure>) {
        let (decision, summary) = match outcome.as_ref().map(|response| &response.roles) {
            Ok(SweptRoles::All(summary)) => ("all roles judged", Some(summary)),
            Ok(SweptRoles::Some(summary)) => ("out of time, to be continued", Some(summary)),
            Ok(SweptRoles::LeftToAnother) | Err(_) => ("left to another sweep", None),
        };
        match outcome {
            Ok(response) => tracing::info!(
                event = "Sweep",
                ground_faults = response.ground_faults,
                roles = summary.map(|summary| summary.execution_roles),
                other_roles = summary.map(|summary| summary.other_roles),
                not_judged = summary.map(|summary| summary.not_judged),
                functions = summary.map(|summary| summary.functions),
                missing_roles = summary.map(|summary| summary.missing_roles),
                missing_roles_untold = summary.map(|summary| summary.missing_roles_untold),
                regions_refused = summary.map(|summary| summary.regions_refused.len()),
                queued = summary.and_then(|summary| serde_json::to_string(&summary.queued).ok()),
                decision,
                peak_rss_kib = peak_rss_kib(),
                calls = self.calls(),
                duration_ms = self.milliseconds(),
                "done"
            ),
            Err(failure) => self.failed("Sweep", "", failure),
        }
    }

    pub(crate) fn undone(&self, answer: &Result<UndoAnswer, Failure>) {
        match answer {
            Ok(UndoAnswer::Role(given)) => tracing::info!(
                role = given.role.as_str(),
                outcome = "undone",
                finding = given.finding.as_str(),
                by = given.by,
                calls = self.calls(),
                duration_ms = self.milliseconds(),
                "done"
            ),
            Ok(UndoAnswer::All(batch)) => tracing::info!(
                undone = batch.undone.len(),
                refused = batch.refused.len(),
                done = batch.done,
                calls = self.calls(),
                duration_ms = self.milliseconds(),
                "done"
            ),
            Err(failure) => {
                tracing::error!(
                    class = failure.class().as_str(),
                    cause = %failure,
                    calls = self.calls(),
                    duration_ms = self.milliseconds(),
                    "not undone"
                );
                // Whoever asks for what cannot be done reads the answer.
                if failure.class() != FailureClass::Refused {
                    Metric::Failure(failure.class()).emit();
                }
            }
        }
    }

    pub(crate) fn suggested(&self, answer: &Result<SuggestAnswer, Failure>) {
        match answer {
            Ok(answer) => tracing::info!(
                event = "Suggest",
                did = serde_json::to_string(&answer.did).ok(),
                waits = answer.waits.as_ref().map(|waits| waits.why.as_str()),
                calls = self.calls(),
                duration_ms = self.milliseconds(),
                "done"
            ),
            Err(failure) => self.failed("Suggest", "", failure),
        }
    }

    pub(crate) fn failed(&self, event: &str, event_id: &str, failure: &Failure) {
        tracing::error!(
            event,
            event_id,
            class = failure.class().as_str(),
            cause = %failure,
            calls = self.calls(),
            duration_ms = self.milliseconds(),
            "failed, to be retried"
        );
        Metric::Failure(failure.class()).emit();
    }

    fn milliseconds(&self) -> u64 {
        milliseconds(self.stopwatch.elapsed())
    }

    /// The calls in words; what is wrong with them goes to the metrics.
    fn calls(&self) -> String {
        let calls = self.account.calls.take();
        for (service, count) in calls.failed() {
            Metric::FailedCalls { service, count }.emit();
        }
        if calls.throttled() > 0 {
            Metric::ThrottledCalls(calls.throttled()).emit();
        }
        calls.in_words()
    }
}
