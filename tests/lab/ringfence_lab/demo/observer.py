"""What the lab itself knows: journal, events, mailbox, logs. The story's facts come from here, not from the actors."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from ..errors import LabError

_FUNCTION_PREFIX = "ringfence-"
_READING = ("Get", "List", "Simulate", "Generate")
_POLL_SECONDS = 0.02


class Observer:
    """Reads the lab's own HTTP paths (`/_lab/`)."""

    def __init__(self, url: str) -> None:
        self._url = url

    def hold_events_back(self, milliseconds: int) -> None:
        """From now on an event reaches EventBridge this long after its call."""
        self._ask("tap", {"delay_ms": milliseconds})

    def hold_events(self, held: bool) -> None:
        """While they are held, calls happen and their events wait."""
        self._ask("tap", {"paused": held})

    def forget_events(self) -> None:
        """The events that wait are told to nobody."""
        self._ask("events", method="DELETE")

    def deliver(self, event: dict[str, Any]) -> None:
        """Put an event on the bus, as CloudTrail would."""
        self._ask("events", event)

    def set_dates(self, role: str, dates: dict[str, Any]) -> None:
        """When a role was made and last used."""
        self._ask("roles/" + urllib.parse.quote(role), dates)

    def log_lines(self, function: str) -> list[dict[str, Any]]:
        """The fields of what a function logged, oldest first."""
        lines = []
        for line in self._ask("logs?function=" + urllib.parse.quote(function)):
            try:
                fields = json.loads(line).get("fields")
            except (ValueError, AttributeError):
                continue
            if isinstance(fields, dict):
                lines.append(fields)
        return lines

    def journal(self, since: int = 0) -> list[dict[str, Any]]:
        """Every call and invocation after a mark."""
        return list(self._ask(f"journal?since={since}"))

    def mark(self) -> int:
        """The number of the journal's last entry."""
        return len(self.journal())

    def mailbox(self) -> list[dict[str, Any]]:
        """The e-mails so far, oldest first."""
        return list(self._ask("mailbox"))

    def event(self, event_id: str) -> dict[str, Any] | None:
        """A CloudTrail record that EventBridge was given."""
        return next((event["Detail"] for event in self._ask("events") if event["Detail"]["eventID"] == event_id), None)

    def boundary_write(self, role: str, since: int) -> dict[str, Any] | None:
        """Ringfence's first successful PutRolePermissionsBoundary on a role after a mark."""
        for entry in writes_to_iam(self.journal(since)):
            if entry["operation"] == "PutRolePermissionsBoundary" and entry["parameters"].get("RoleName") == role:
                return entry
        return None

    def invocation_for(self, event_id: str) -> dict[str, Any] | None:
        """The first invocation of a function of Ringfence for an event."""
        for entry in self.journal():
            if entry["kind"] == "invocation" and entry["event_id"] == event_id and _is_ours(entry["function"]):
                return entry
        return None

    def milliseconds_of_its_own(self, function: str, event_id: str) -> int | None:
        """How long Ringfence itself took to the boundary, as it logs it; None where it does not say."""
        for line in self._ask("logs?function=" + urllib.parse.quote(function)):
            try:
                fields = json.loads(line).get("fields", {})
            except (ValueError, AttributeError):
                continue
            within = fields.get("contained_within_ms")
            if fields.get("event_id") == event_id and isinstance(within, int):
                return within
        return None

    def wait_until_idle(self, seconds: float = 30.0) -> bool:
        """Wait until no event, call or invocation is under way; False where that takes too long."""
        deadline = time.monotonic() + seconds
        while not self._ask("idle")["idle"]:
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_SECONDS)
        return True

    def complaints(self) -> list[str]:
        """What Ringfence's functions logged at WARN or ERROR, oldest first."""
        functions = sorted({
            entry["function"] for entry in self.journal() if entry["kind"] == "invocation" and _is_ours(entry["function"])
        })
        return [
            f"{function}: {line}"
            for function in functions
            for line in self._ask("logs?function=" + urllib.parse.quote(function))
            if '"level":"INFO"' not in line and '"level":"DEBUG"' not in line
        ]

    def _ask(self, path: str, body: dict[str, Any] | None = None, method: str | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self._url}/_lab/{path}", data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except (urllib.error.URLError, OSError, ValueError) as error:
            raise LabError(f"the lab does not answer `/_lab/{path}` any more ({error}); run with `-v` to see why") from error


def writes_to_iam(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The successful IAM calls of Ringfence's functions that changed something."""
    return [
        entry for entry in entries
        if entry["kind"] == "call" and entry["service"] == "iam" and entry["status"] == 200
        and _is_ours(entry["caller"].get("function", "")) and not entry["operation"].startswith(_READING)
    ]


def _is_ours(function: str) -> bool:
    return function.startswith(_FUNCTION_PREFIX)
