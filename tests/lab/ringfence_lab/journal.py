"""What happened, in order: every API call and every invocation, with times that can be compared across both."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Any

from .api_call import ApiCall
from .caller import Caller

# The parameters that say what a call was about, without payloads.
_KEY_PARAMETERS = (
    "RoleName", "PolicyArn", "PolicyName", "PermissionsBoundary", "FunctionName", "TableName", "TopicArn",
    "QueueUrl", "UserName", "VersionId", "Key", "Bucket", "StackName", "logGroupName",
)
# A long poll of a queue says nothing about whether the account is busy.
_IDLE_CALLS = {("sqs", "ReceiveMessage")}


class Journal:
    """Append-only list of entries with consecutive `seq`; entries are completed in place when they end."""

    def __init__(self) -> None:
        self._entries: list[dict[str, Any]] = []
        # Invocations are noted from their own threads.
        self._lock = threading.Lock()
        self.open_calls = 0

    def since(self, seq: int) -> list[dict[str, Any]]:
        """Entries after `seq`."""
        return self._entries[max(seq, 0):]

    def begin_call(self, call: ApiCall, caller: Caller) -> dict[str, Any]:
        """Note a call that has arrived; give the entry to `end_call` when it has been dealt with entirely."""
        if (call.service, call.operation) not in _IDLE_CALLS:
            self.open_calls += 1
        return self._append({
            "kind": "call",
            "service": call.service,
            "operation": call.name,
            "region": call.region,
            "caller": caller.summary(),
            "parameters": {name: call.parameters[name] for name in _KEY_PARAMETERS if name in call.parameters},
            "status": None,
            "error": None,
            "fault": None,
        })

    def answered(self, entry: dict[str, Any], status: int, error: str | None) -> None:
        """Note the answer of a call, before it is sent."""
        entry |= {"status": status, "error": error} | _moment("ended")

    def end_call(self, entry: dict[str, Any]) -> None:
        """Note that nothing more follows from a call."""
        if (entry["service"], entry["operation"]) not in _IDLE_CALLS:
            self.open_calls -= 1

    def begin_invocation(self, function: str, request_id: str, event: Any) -> dict[str, Any]:
        """Note an invocation that is about to run."""
        detail = event.get("detail") if isinstance(event, dict) else None
        return self._append({
            "kind": "invocation",
            "function": function,
            "request_id": request_id,
            "event_id": detail.get("eventID") if isinstance(detail, dict) else None,
            "error": None,
        })

    def end_invocation(self, entry: dict[str, Any], error: str | None) -> None:
        """Note how an invocation ended: None, or the error type that Lambda reports."""
        entry |= {"error": error} | _moment("ended")

    def clear(self) -> None:
        """Forget everything; numbering starts again."""
        self._entries = []

    def _append(self, entry: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            entry = {"seq": len(self._entries) + 1, **entry, **_moment("started"), "ended": None, "ended_ms": None}
            self._entries.append(entry)
        return entry


def _moment(name: str) -> dict[str, Any]:
    """Wall clock for people, CLOCK_MONOTONIC milliseconds for differences."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {name: now, f"{name}_ms": round(time.monotonic() * 1000, 3)}

