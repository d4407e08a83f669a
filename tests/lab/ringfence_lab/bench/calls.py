"""How many calls Ringfence makes for one event, by the lab's journal: until the boundary is in place, and in total."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..errors import LabError
from .account import ADMINISTRATOR, OURS, Account

BARE_ROLE = "bench-calls-bare"
ADMINISTRATOR_ROLE = "bench-calls-administrator"
_LEDGER_WRITES = ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems")
_CONTAINMENT = "PutRolePermissionsBoundary"
# Only the warm-up asks for these.
_WARM_UP = "GetTopicAttributes"


@dataclass(frozen=True)
class Counted:
    """The calls of one service, in order of arrival."""

    operations: list[str]

    def __len__(self) -> int:
        return len(self.operations)

    def __str__(self) -> str:
        return ", ".join(
            name if times == 1 else f"{times} × {name}" for name, times in Counter(self.operations).items()
        )


@dataclass(frozen=True)
class Case:
    """What followed from one event."""

    name: str
    iam_before: Counted
    ledger_before: Counted
    iam_total: Counted
    ledger_total: Counted
    other_total: Counted

    @property
    def ledger_writes_before(self) -> int:
        """Writes of the ledger until the boundary was in place."""
        return sum(operation in _LEDGER_WRITES for operation in self.ledger_before.operations)


def measure(account: Account) -> list[Case]:
    """Three roles that are new, each seen by functions that are warm."""
    return [
        _bare_role(account),
        _given_to_function(account, "role with AdministratorAccess", ADMINISTRATOR_ROLE, _attach_administrator),
        _given_to_function(
            account, "role with 3 inline + 3 managed policies", "bench-calls-three-and-three", _add_three_and_three
        ),
    ]


def _bare_role(account: Account) -> Case:
    since = account.mark()
    account.create_role(BARE_ROLE)
    account.settle()
    return _case("CreateRole, bare role", account.journal(since), BARE_ROLE)


def _given_to_function(account: Account, title: str, role: str, prepare: Callable[[Account, str], None]) -> Case:
    with account.unwatched():
        arn = account.create_role(role)
        prepare(account, role)
    since = account.mark()
    account.create_function(role, arn)
    account.settle()
    return _case(f"CreateFunction, {title}", account.journal(since), role)


def _attach_administrator(account: Account, role: str) -> None:
    account.iam.attach_role_policy(RoleName=role, PolicyArn=ADMINISTRATOR)


def _add_three_and_three(account: Account, role: str) -> None:
    """Policies of our own, since a function remembers documents that it has read."""
    for number in range(3):
        document = json.dumps({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"],
                "Resource": f"arn:aws:s3:::bench-{number}/*",
            }],
        })
        account.iam.put_role_policy(RoleName=role, PolicyName=f"inline-{number}", PolicyDocument=document)
        created = account.iam.create_policy(PolicyName=f"bench-managed-{number}", PolicyDocument=document)
        account.iam.attach_role_policy(RoleName=role, PolicyArn=created["Policy"]["Arn"])


def _case(name: str, entries: list[dict[str, Any]], role: str) -> Case:
    calls = [entry for entry in entries if is_ours(entry)]
    if any(entry["operation"] == _WARM_UP for entry in calls):
        raise LabError(f"a function started during `{name}`, so its warm-up cannot be told from its work; run again")
    contained = [
        place for place, entry in enumerate(calls)
        if entry["operation"] == _CONTAINMENT and entry["parameters"].get("RoleName") == role and entry["status"] == 200
    ]
    if not contained:
        raise LabError(f"no boundary was put on `{role}`; look at the functions' logs in a lab of your own")
    before = calls[: contained[0] + 1]
    return Case(
        name,
        _of(before, "iam"), _of(before, "dynamodb"),
        _of(calls, "iam"), _of(calls, "dynamodb"),
        Counted([entry["operation"] for entry in calls if entry["service"] not in ("iam", "dynamodb")]),
    )


def is_ours(entry: dict[str, Any]) -> bool:
    """Whether an entry of the journal is a call that one of Ringfence's functions made."""
    caller = entry.get("caller") or {}
    return entry["kind"] == "call" and str(caller.get("function") or "").startswith(OURS)


def _of(calls: list[dict[str, Any]], service: str) -> Counted:
    return Counted([entry["operation"] for entry in calls if entry["service"] == service])
