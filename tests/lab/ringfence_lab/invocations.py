"""Notes every invocation in the journal, whoever asked for it."""

from __future__ import annotations

from typing import Any

from ministack.services import lambda_svc

from .journal import Journal


def apply(journal: Journal) -> None:
    """Wrap the one point that all executors pass through."""
    dispatch = lambda_svc._execute_function_dispatch

    def dispatch_and_note(
        function: dict[str, Any], config: dict[str, Any], event: Any, request_id: str, started: float
    ) -> dict[str, Any]:
        entry = journal.begin_invocation(config.get("FunctionName", ""), request_id, event)
        error: str | None = "Lab.Broken"
        try:
            result: dict[str, Any] = dispatch(function, config, event, request_id, started)
            error = _error_type(result)
            return result
        finally:
            journal.end_invocation(entry, error)

    lambda_svc._execute_function_dispatch = dispatch_and_note


def _error_type(result: dict[str, Any]) -> str | None:
    if not result.get("error"):
        return None
    body = result.get("body")
    return str(body.get("errorType", "Unhandled")) if isinstance(body, dict) else "Unhandled"
