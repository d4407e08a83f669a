"""CloudTrail's event history (gap 22): what LookupEvents finds of the calls that were made here.

MiniStack keeps calls as those of IAM users, without the role behind a session and without its name. This double keeps the records of
`cloudtrail_record` for management events of role sessions, refused calls among them; data events are never in it, nor calls whose
operation cannot be told from the request (S3). Calls of Ringfence's own functions are left out: they are most of all calls here, and
nobody looks for them.

`Username` of a role session is the session's name; it and `EventId` can be looked for. One attribute is taken at a time, fifty
events a page, newest first
(https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html).
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id, request_scope

from . import api_answer, cloudtrail_record
from .api_answer import ApiAnswer
from .api_call import ApiCall
from .caller import Caller
from .cloudtrail_names import is_data_event
from .server_process import ACCOUNT

_PAGE = 50
_OURS = "ringfence-"


class EventHistory:
    """Records of role sessions, oldest first. Belongs to the server's event loop; not thread-safe."""

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []

    def observe(self, call: ApiCall, caller: Caller, answer: ApiAnswer, started: datetime) -> None:
        """Keep a finished call that the history would have."""
        if caller.session is None or caller.session.startswith(_OURS):
            return
        if call.operation is None or is_data_event(call.service, call.operation):
            return
        self.records.append(cloudtrail_record.build(call, caller, answer, get_account_id(), started))

    def add(self, request: dict[str, Any]) -> int:
        """Put `records` there, each `times` over, as if the calls had been made; how many there are now."""
        for record in request.get("records", []):
            if not isinstance(record, dict) or "eventTime" not in record:
                raise ValueError("each of `records` is a CloudTrail record")
            self.records.extend([record] * int(request.get("times", 1)))
        self.records.sort(key=lambda record: record["eventTime"])
        return len(self.records)

    def clear(self) -> None:
        """Forget everything."""
        self.records.clear()

    def answer(self, call: ApiCall) -> tuple[int, dict[str, str], bytes]:
        """What LookupEvents answers."""
        with request_scope(ACCOUNT, call.region):
            denied = iam_evaluator.enforce(call.access_key, "cloudtrail:LookupEvents", "cloudtrail", call.region, "*")
        if denied is not None:
            return api_answer.error_response(call, 400, "AccessDeniedException", "not authorized to perform cloudtrail:LookupEvents")
        attributes = call.parameters.get("LookupAttributes", [])
        if len(attributes) > 1 or any(attribute.get("AttributeKey") not in _ATTRIBUTES for attribute in attributes):
            return api_answer.error_response(
                call, 400, "InvalidLookupAttributesException", f"the double knows one of {', '.join(_ATTRIBUTES)}"
            )
        found = [record for record in reversed(self.records) if _is_meant(record, call.parameters, attributes)]
        start = int(call.parameters.get("NextToken", "0"))
        page = found[start:start + _PAGE]
        body: dict[str, Any] = {"Events": [_event(record) for record in page]}
        if start + _PAGE < len(found):
            body["NextToken"] = str(start + _PAGE)
        return 200, {"content-type": "application/x-amz-json-1.1"}, json.dumps(body).encode()


def _is_meant(record: dict[str, Any], parameters: dict[str, Any], attributes: list[dict[str, str]]) -> bool:
    at = _time(record)
    in_time = parameters.get("StartTime", 0) <= at <= parameters.get("EndTime", at)
    return in_time and all(attribute["AttributeValue"] == _ATTRIBUTES[attribute["AttributeKey"]](record) for attribute in attributes)


def _event(record: dict[str, Any]) -> dict[str, Any]:
    return {
        "EventId": _event_id(record),
        "EventName": record.get("eventName", ""),
        "EventSource": record.get("eventSource", ""),
        "EventTime": _time(record),
        "Username": _user(record),
        "ReadOnly": str(record.get("readOnly", False)).lower(),
        "Resources": [],
        "CloudTrailEvent": json.dumps(record),
    }


def _time(record: dict[str, Any]) -> float:
    return datetime.fromisoformat(record["eventTime"].replace("Z", "+00:00")).timestamp()


def _user(record: dict[str, Any]) -> str:
    return str(record.get("userIdentity", {}).get("principalId", "")).rpartition(":")[2]


def _event_id(record: dict[str, Any]) -> str:
    return str(record.get("eventID", ""))


# What one can look for here, and where a record has it.
_ATTRIBUTES = {"EventId": _event_id, "Username": _user}
