"""IAM's eventual consistency, where a test arms it: for a while GetRole shows a role as it was before a write.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency. MiniStack's
writes are visible at once. Only reads by functions are stale, so that a test can see what is true.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from ministack.services import iam

from . import caller
from .condition_keys import current_call
from .faults import Faults

_FIELD = "PermissionsBoundary"


@dataclass(frozen=True)
class _BoundaryWrite:
    at: float
    before: str | None


def apply(faults: Faults) -> None:
    """Note the writes, and answer reads by what is armed. A role's record carries what was noted about it."""
    handlers = iam._IAM_HANDLERS
    create_role, get_role = handlers["CreateRole"], handlers["GetRole"]

    def create_and_note(parameters: dict[str, Any]) -> Any:
        answer = create_role(parameters)
        if answer[0] == 200:
            _role(parameters)["RingfenceLabMade"] = time.monotonic()
        return answer

    def noting(write: Any) -> Any:
        def write_and_note(parameters: dict[str, Any]) -> Any:
            before = _role(parameters).get(_FIELD)
            answer = write(parameters)
            if answer[0] == 200:
                _role(parameters)["RingfenceLabBoundaryWrite"] = _BoundaryWrite(time.monotonic(), before)
            return answer

        return write_and_note

    def get_role_as_it_was(parameters: dict[str, Any]) -> Any:
        role, call = _role(parameters), current_call.get(None)
        if call is None or caller.resolve(call.access_key).function is None:
            return get_role(parameters)
        made = role.get("RingfenceLabMade")
        if made is not None and faults.shows_the_past("role", time.monotonic() - made):
            return get_role({**parameters, "RoleName": ["not-yet-found"]})
        write = role.get("RingfenceLabBoundaryWrite")
        if write is None or not faults.shows_the_past("boundary", time.monotonic() - write.at):
            return get_role(parameters)
        now = role.get(_FIELD)
        try:
            _set(role, write.before)
            return get_role(parameters)
        finally:
            _set(role, now)

    handlers |= {
        "CreateRole": create_and_note,
        "GetRole": get_role_as_it_was,
        "PutRolePermissionsBoundary": noting(handlers["PutRolePermissionsBoundary"]),
        "DeleteRolePermissionsBoundary": noting(handlers["DeleteRolePermissionsBoundary"]),
    }


def _role(parameters: dict[str, Any]) -> dict[str, Any]:
    return iam._roles.get(iam._p(parameters, "RoleName")) or {}


def _set(role: dict[str, Any], boundary: str | None) -> None:
    if boundary is None:
        role.pop(_FIELD, None)
    else:
        role[_FIELD] = boundary
