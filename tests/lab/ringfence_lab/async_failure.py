"""Asynchronous invocations that fail properly (gap 4), and a count of those that are not over.

MiniStack hands EventBridge targets to a function once and forgets them; on AWS the event is queued, retried and sent
to the on-failure destination. Waiting times are shortened: `LAMBDA_ASYNC_RETRY_BASE_SECONDS` stands for AWS's minute.
Throttled events wait without counting as an attempt, as on AWS.
"""

from __future__ import annotations

import contextvars
import json
import logging
import threading
import time
from typing import Any

from ministack.core.responses import request_scope
from ministack.services import eventbridge, lambda_svc

_log = logging.getLogger("ringfence_lab.async")
_DEFAULT_RETRIES = 2
_DEFAULT_MAXIMUM_AGE_SECONDS = 21_600


class AsyncInvocations:
    """Runs asynchronous invocations; `unfinished` counts those that run or wait for a retry."""

    def __init__(self) -> None:
        self.unfinished = 0
        self._lock = threading.Lock()

    def apply(self) -> None:
        """Take over MiniStack's asynchronous invocations and the Lambda targets of EventBridge."""
        lambda_svc.invoke_async_with_retry = self.start
        eventbridge._dispatch_to_lambda = self._dispatch

    def start(self, function: dict[str, Any], event: Any) -> None:
        """Queue one event for a function record; returns at once."""
        self._count(+1)
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(self._run, function, event), daemon=True).start()

    def _dispatch(self, arn: str, payload: str) -> None:
        function, config, name = lambda_svc._get_func_record_for_ref(arn)
        if not function or not config:
            _log.warning("the rule's target function %s does not exist", name)
            return
        try:
            event = json.loads(payload)
        except (ValueError, TypeError):
            event = {"body": payload}
        self.start(lambda_svc._execution_record_for_config(function, config), event)

    def _run(self, function: dict[str, Any], event: Any) -> None:
        try:
            account, region = lambda_svc._account_region_from_function_config(function["config"])
            with request_scope(account, region):
                self._attempt_until_over(function, event)
        except Exception:
            _log.exception("an asynchronous invocation of %s broke the lab", function["config"].get("FunctionName"))
        finally:
            self._count(-1)

    def _attempt_until_over(self, function: dict[str, Any], event: Any) -> None:
        config = function["config"]
        configured = _invoke_config(function)
        attempts_left = 1 + int(configured.get("MaximumRetryAttempts", _DEFAULT_RETRIES))
        maximum_age = float(configured.get("MaximumEventAgeInSeconds", _DEFAULT_MAXIMUM_AGE_SECONDS))
        started, delay = time.monotonic(), lambda_svc._LAMBDA_ASYNC_RETRY_BASE_SECONDS
        while True:
            result = lambda_svc._execute_function(_as_it_is_now(function), event)
            if not result.get("error"):
                return
            attempts_left -= 0 if result.get("throttle") else 1
            if attempts_left <= 0 or time.monotonic() - started + delay > maximum_age:
                break
            time.sleep(delay)
            delay = min(delay * 2, lambda_svc._LAMBDA_ASYNC_RETRY_MAX_SECONDS)
        destination = (
            (configured.get("DestinationConfig") or {}).get("OnFailure", {}).get("Destination")
            or (config.get("DeadLetterConfig") or {}).get("TargetArn")
        )
        if destination:
            lambda_svc._route_async_failure(destination, config["FunctionName"], event, result)

    def _count(self, change: int) -> None:
        with self._lock:
            self.unfinished += change


def _as_it_is_now(function: dict[str, Any]) -> dict[str, Any]:
    """A retry runs what is deployed by then, under the concurrency it has by then."""
    current, config, _ = lambda_svc._get_func_record_for_ref(function["config"]["FunctionArn"])
    return lambda_svc._execution_record_for_config(current, config) if current and config else function


def _invoke_config(function: dict[str, Any]) -> dict[str, Any]:
    return function.get("event_invoke_config") or (function.get("event_invoke_configs") or {}).get("$LATEST") or {}
