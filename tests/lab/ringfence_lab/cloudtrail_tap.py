"""Local CloudTrail tap: turns API calls into `AWS API Call via CloudTrail` events on the default bus.

MiniStack emits none. Successful writes of the services that a part of Ringfence belongs to are told, and every call of any service
that IAM refused. Data events and successful reads are not, but for AssumeRole; calls of S3 and CloudWatch are not, because nothing
here reads what they ask for.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ministack.core.responses import get_account_id, request_scope
from ministack.services import eventbridge

from . import cloudtrail_record
from .api_answer import ApiAnswer
from .api_call import ApiCall
from .caller import Caller
from .cloudtrail_names import is_data_event, is_read_only
from .server_process import REGION

_log = logging.getLogger("ringfence_lab.tap")
_WATCHED = {
    "cloudformation", "cloudtrail", "dynamodb", "events", "iam", "kms", "lambda", "logs", "sns", "sqs", "ssm", "sts",
}
# A window that does not fill is let go after this long.
_SHUFFLE_PATIENCE_SECONDS = 0.5


@dataclass
class Knobs:
    """How delivery misbehaves. All off: at once, once, in order."""

    delay_ms: int = 0
    duplicate: int = 0
    shuffle: int = 0
    seed: int = 0
    paused: bool = False


@dataclass(frozen=True)
class _Waiting:
    record: dict[str, Any]
    account: str


class CloudTrailTap:
    """Collects records and delivers them. Belongs to the server's event loop; not thread-safe."""

    def __init__(self) -> None:
        self.knobs = Knobs()
        self.emitted: list[dict[str, Any]] = []
        self._held: list[_Waiting] = []
        self._on_the_way = 0
        self._random = random.Random(0)

    @property
    def pending(self) -> int:
        """Events recorded and not yet delivered, those held by a pause included."""
        return len(self._held) + self._on_the_way

    def observe(self, call: ApiCall, caller: Caller, answer: ApiAnswer, started: datetime) -> None:
        """Record a finished call where CloudTrail would deliver it."""
        if not _is_told(call, answer):
            return
        try:
            record = cloudtrail_record.build(call, caller, answer, get_account_id(), started)
        except KeyError as missing:
            _log.error("no event was emitted for lambda:%s: add its CloudTrail name to the table", missing)
            return
        self._held.append(_Waiting(record, get_account_id()))
        self._let_go(force=False)
        if self.knobs.shuffle and self._held and not self.knobs.paused:
            asyncio.get_running_loop().call_later(_SHUFFLE_PATIENCE_SECONDS, self._let_go, True)

    def deliver(self, event: dict[str, Any]) -> str:
        """Put an event that was kept in a file on the bus, as CloudTrail would; `account`, `region` and the ids are its own."""
        detail = event.get("detail")
        if not isinstance(detail, dict) or not isinstance(event.get("source"), str) or not isinstance(event.get("detail-type"), str):
            raise ValueError("an event has `source`, `detail-type` and an object `detail`")
        entry = {
            "Source": event["source"], "DetailType": event["detail-type"], "Detail": json.dumps(detail), "Resources": [],
        }
        self.emitted.append({"seq": len(self.emitted) + 1, **entry, "Detail": detail})
        with request_scope(get_account_id(), REGION):
            eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)
        return str(detail.get("eventID", ""))

    def configure(self, changes: dict[str, Any]) -> Knobs:
        """Set knobs by name; unknown names and wrong types raise ValueError."""
        for name, value in changes.items():
            if name not in Knobs.__dataclass_fields__:
                raise ValueError(f"no such knob: `{name}`; there are {', '.join(Knobs.__dataclass_fields__)}")
            if type(value) is not type(getattr(self.knobs, name)):
                raise ValueError(f"`{name}` takes a {type(getattr(self.knobs, name)).__name__}")
            setattr(self.knobs, name, value)
        self._random = random.Random(self.knobs.seed)
        self._let_go(force=True)
        return self.knobs

    def forget_held(self) -> int:
        """Drop the events that wait, as if their calls had been made while nobody listened; returns how many."""
        count = len(self._held)
        self._held.clear()
        return count

    def clear(self) -> None:
        """Forget what was emitted and what waits, and reset the knobs."""
        self.knobs = Knobs()
        self._held.clear()
        self.emitted.clear()

    def _let_go(self, force: bool) -> None:
        if self.knobs.paused or (not force and len(self._held) < self.knobs.shuffle):
            return
        batch, self._held = self._held, []
        if self.knobs.shuffle:
            self._random.shuffle(batch)
        for waiting in batch:
            for _ in range(1 + self.knobs.duplicate):
                self._on_the_way += 1
                asyncio.get_running_loop().call_later(self.knobs.delay_ms / 1000, self._emit, waiting)

    def _emit(self, waiting: _Waiting) -> None:
        self._on_the_way -= 1
        record = waiting.record
        entry = {
            "Source": f"aws.{record['eventSource'].partition('.')[0]}",
            "DetailType": "AWS API Call via CloudTrail",
            "Detail": json.dumps(record),
            "Resources": [],
        }
        self.emitted.append({"seq": len(self.emitted) + 1, **entry, "Detail": record})
        with request_scope(waiting.account, record["awsRegion"]):
            try:
                eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)
            except Exception:
                _log.exception("event %s was not delivered", record["eventID"])


def _is_told(call: ApiCall, answer: ApiAnswer) -> bool:
    if call.operation is None or is_data_event(call.service, call.operation):
        return False
    if answer.denied:
        return True
    return call.service in _WATCHED and (call.operation.startswith("AssumeRole") or not is_read_only(call.operation))
