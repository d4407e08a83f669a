"""How long a role is without a boundary: from the answer of the call that needs one until one is in place."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

from ..errors import LabError
from .account import ADMINISTRATOR, Account
from .calls import is_ours
from .samples import Samples


class Temperature(enum.Enum):
    """Whether the functions' processes run already."""

    COLD = "cold"
    WARM = "warm"


class Cause(enum.Enum):
    """The call whose answer starts the clock."""

    ATTACH_ROLE_POLICY = "AttachRolePolicy"
    CREATE_FUNCTION = "CreateFunction"


@dataclass(frozen=True)
class Times:
    """Both end when the boundary is in place."""

    # From the answer of the causing call.
    from_answer: Samples
    # From the function's first question about the role: Ringfence's own part, without the lab's delivery.
    from_first_call: Samples


def measure(account: Account, cause: Cause, temperature: Temperature, runs: int) -> Times:
    """Each time with a new role that has no boundary."""
    times = [_once(account, cause, temperature, run) for run in range(runs)]
    return Times(Samples([answer for answer, _ in times]), Samples([first for _, first in times]))


def _once(account: Account, cause: Cause, temperature: Temperature, run: int) -> tuple[float, float]:
    role = f"bench-{cause.value}-{temperature.value}-{run}"
    with account.unwatched():
        arn = account.create_role(role)
        if cause is Cause.CREATE_FUNCTION:
            account.iam.attach_role_policy(RoleName=role, PolicyArn=ADMINISTRATOR)
    if temperature is Temperature.COLD:
        account.end_processes()
    since = account.mark()
    if cause is Cause.CREATE_FUNCTION:
        account.create_function(role, arn)
    else:
        account.iam.attach_role_policy(RoleName=role, PolicyArn=ADMINISTRATOR)
    account.settle()
    entries = account.journal(since)
    # The lab notes an answer just before it sends it; both ends by the same clock.
    asked = [entry["ended_ms"] for entry in entries if entry.get("operation") == cause.value and not is_ours(entry)]
    put = _of_ours(entries, "PutRolePermissionsBoundary", role)
    if not asked or not put:
        raise LabError(f"no boundary was put on `{role}` after {cause.value}; look at the functions' logs")
    first_call = _of_ours(entries, "GetRole", role)[0]["started_ms"]
    return put[0]["ended_ms"] - asked[0], put[0]["ended_ms"] - first_call


def _of_ours(entries: list[dict[str, Any]], operation: str, role: str) -> list[dict[str, Any]]:
    return [
        entry for entry in entries
        if entry.get("operation") == operation and is_ours(entry)
        and entry["status"] == 200 and entry["parameters"].get("RoleName") == role
    ]
