"""Which rules get a CloudTrail event, by their state (gap 20).

MiniStack fires only rules in state `ENABLED`. On AWS those get management events except read-only ones, and
`ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS` gets all ("AWS service events delivered via AWS CloudTrail" in the
EventBridge User Guide).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ministack.services import eventbridge

_WITH_READS = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
_PASSED_OVER = "RINGFENCE_LAB_PASSED_OVER"


def apply() -> None:
    """Wrap the dispatcher."""
    dispatch = eventbridge._dispatch_event

    def dispatch_by_state(event: dict[str, Any], view: Any = None) -> None:
        with _states_for(event):
            dispatch(event, view)

    eventbridge._dispatch_event = dispatch_by_state


@contextmanager
def _states_for(event: dict[str, Any]) -> Iterator[None]:
    """For the length of one dispatch, give rules the state that the dispatcher understands."""
    read_only = event.get("Source", "").startswith("aws.") and _is_read_only(event)
    changed = []
    for rule in eventbridge._rules.values():
        state = rule.get("State")
        if state == _WITH_READS:
            changed.append((rule, state))
            rule["State"] = "ENABLED"
        elif state == "ENABLED" and read_only:
            changed.append((rule, state))
            rule["State"] = _PASSED_OVER
    try:
        yield
    finally:
        for rule, state in changed:
            rule["State"] = state


def _is_read_only(event: dict[str, Any]) -> bool:
    if event.get("DetailType") != "AWS API Call via CloudTrail":
        return False
    try:
        return json.loads(event.get("Detail", "{}")).get("readOnly") is True
    except ValueError:
        return False
