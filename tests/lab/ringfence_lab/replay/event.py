"""The event in a file: out of whatever envelope it was kept in, and into the one that EventBridge gives it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from ..server_process import ACCOUNT

# What the functions' rules let through, where the file does not say it.
_DETAIL_TYPE = "AWS API Call via CloudTrail"
_UNDO_FIELDS = {"all", "dry_run", "force"}
_ACCOUNT_ID = re.compile(r"\d{12}")


class Unusable(Exception):
    """The file has no event that could be replayed; one line that says why."""


@dataclass(frozen=True)
class Event:
    """What is sent, and where: an event for the bus, or else a message for the review queue."""

    body: dict[str, Any]
    for_the_bus: bool

    @property
    def record(self) -> dict[str, Any]:
        """CloudTrail's record; empty for a message."""
        detail = self.body.get("detail")
        return detail if self.for_the_bus and isinstance(detail, dict) else {}

    @property
    def name(self) -> str:
        """The call, or that it is a review."""
        return str(self.record.get("eventName", "")) if self.for_the_bus else "Review"

    @property
    def account(self) -> str | None:
        """Whose account it is about, where it says so."""
        said = self.record.get("recipientAccountId")
        return said if isinstance(said, str) and _ACCOUNT_ID.fullmatch(said) else None

    def in_the_lab(self) -> Event:
        """The same event as if it were of the lab's account."""
        if self.account is None:
            return self
        return Event(json.loads(json.dumps(self.body).replace(self.account, ACCOUNT)), self.for_the_bus)

    def why_no_rule_takes_it(self) -> str:
        """A sentence for an event that no function got."""
        record = self.record
        if record.get("errorCode"):
            return f"the call failed with `{record['errorCode']}`, so nothing changed"
        if record.get("readOnly") is True:
            return f"`{self.name}` only reads"
        return f"no rule of the template lets `{self.name}` of `{record.get('eventSource', '')}` through"


def read(text: str) -> Event:
    """An event from a bare record, EventBridge's envelope, a log file with one record, an SQS event with one message, or a
    message of the review queue. Raises Unusable."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise Unusable(f"it is not JSON ({error})") from error
    if not isinstance(value, dict):
        raise Unusable("it is not a JSON object")
    if isinstance(records := value.get("Records"), list):
        if len(records) != 1:
            raise Unusable(f"it has {len(records)} records; keep the one to be replayed")
        return read(json.dumps(records[0]))
    if isinstance(body := value.get("body"), str):
        return read(body)
    if isinstance(value.get("detail"), dict):
        source = f"aws.{str(value['detail'].get('eventSource', '')).partition('.')[0]}"
        return Event({"source": source, "detail-type": _DETAIL_TYPE, **value}, True)
    if "eventName" in value or "eventSource" in value:
        return read(json.dumps({"detail": value}))
    if _UNDO_FIELDS & value.keys():
        raise Unusable("it is a call of `ringfence-undo-remediation`, which an operator makes")
    if "role" in value or "function" in value:
        return Event(value, False)
    raise Unusable(
        "it is no CloudTrail record, no EventBridge event, no CloudTrail log file and no message of the review queue"
    )
