"""Faults that tests arm: a function's process that dies around one of its API calls; calls that fail, or are answered
late or never; reads that show a role as it was.

They stand for lost execution environments, for throttling, for services that are away, and for IAM's eventual
consistency (https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency).
"""

from __future__ import annotations

import itertools
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from .api_call import ApiCall
from .caller import Caller


@dataclass
class Kill:
    """End the process of `function` around the `call`-th API call that it makes from now on. Fires once.

    Calls are counted for each of the function's processes.

    `before`: the call is never executed. `after`: it is executed and its answer never arrives.
    """

    id: int
    function: str
    when: str = "before"
    call: int = 1
    fired: int = 0
    at: str | None = None
    calls: dict[int, int] = field(default_factory=dict)
    unattributed: int = 0

    def __post_init__(self) -> None:
        if self.when not in ("before", "after") or self.call < 1:
            raise ValueError("`when` is `before` or `after` and `call` at least 1")

    def counts(self, pid: int | None, call: ApiCall) -> bool:
        """Count one call of a process; True when this is the one."""
        if pid is None:
            self.unattributed += 1
            return False
        self.calls[pid] = self.calls.get(pid, 0) + 1
        if self.fired or self.calls[pid] != self.call:
            return False
        self.fired, self.at = 1, f"{call.service}:{call.name}"
        return True


@dataclass(kw_only=True)
class _OfSomeCalls:
    """Of the matching calls, after letting `skip` pass: the first, and every `every`-th after it, at most `times` (None:
    until it is disarmed).

    `operation`, `function` and `resource` narrow it; None is any. `function` may be `*`: any function, but no person.
    `resource` is a part of a parameter's text (a role's name, a table).
    """

    id: int
    service: str
    operation: str | None = None
    function: str | None = None
    resource: str | None = None
    every: int = 1
    times: int | None = 1
    skip: int = 0
    fired: int = 0

    def __post_init__(self) -> None:
        if self.every < 1:
            raise ValueError("`every` is at least 1")

    def hits(self, call: ApiCall, caller: Caller) -> bool:
        """Whether this call is to suffer; uses up one of the times."""
        if (
            (self.times is not None and self.fired >= self.times)
            or call.service != self.service
            or self.operation not in (None, call.operation)
            or not (self.function == caller.function or self.function is None or (self.function == "*" and caller.function))
            or (self.resource is not None and self.resource not in str(list(call.parameters.values())))
        ):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.skip = self.every - 1
        self.fired += 1
        return True


@dataclass(kw_only=True)
class Fail(_OfSomeCalls):
    """Answer calls with an error instead of executing them. Nothing reaches CloudTrail."""

    status: int = 500
    code: str = "ServiceUnavailable"
    message: str = "a fault of the Ringfence lab"


@dataclass(kw_only=True)
class Late(_OfSomeCalls):
    """Execute calls at once and answer them `seconds` later."""

    seconds: float


@dataclass(kw_only=True)
class Hang(_OfSomeCalls):
    """Neither execute calls nor answer them, until the client gives up."""


@dataclass(kw_only=True)
class Stale:
    """GetRole by a function shows for `seconds` what was true before the last write of `what`.

    `role`: a new role is not found. `boundary`: the role has the boundary, or none, that it had before.
    """

    WHAT: ClassVar = ("role", "boundary")

    id: int
    what: str
    seconds: float
    fired: int = 0

    def __post_init__(self) -> None:
        if self.what not in self.WHAT:
            raise ValueError("`what` is `role` or `boundary`")


_Fault = Kill | Fail | Late | Hang | Stale
_KINDS: dict[str, type[_Fault]] = {"kill": Kill, "fail": Fail, "late": Late, "hang": Hang, "stale": Stale}


class Faults:
    """The armed faults. A fault that has fired stays listed until it is cleared."""

    def __init__(self) -> None:
        self._ids = itertools.count(1)
        self._armed: list[tuple[str, _Fault]] = []

    def arm(self, request: dict[str, Any]) -> dict[str, Any]:
        """Arm a fault from its JSON form; raises ValueError that says what is wrong."""
        wanted = dict(request)
        kind = wanted.pop("kind", None)
        if kind not in _KINDS:
            raise ValueError(f"`kind` is one of {', '.join(_KINDS)}")
        try:
            fault = _KINDS[kind](id=next(self._ids), **wanted)
        except TypeError as error:
            raise ValueError(str(error).partition("__init__() ")[2]) from error
        self._armed.append((kind, fault))
        return asdict(fault)

    def kills_for(self, caller: Caller) -> list[Kill]:
        """The kills that are armed for the function behind a call."""
        kills = (fault for _, fault in self._armed if isinstance(fault, Kill))
        return [kill for kill in kills if not kill.fired and kill.function == caller.function]

    def of_call(self, call: ApiCall, caller: Caller) -> Fail | Late | Hang | None:
        """The fault that this call suffers, if any."""
        faults = (fault for _, fault in self._armed if isinstance(fault, Fail | Late | Hang))
        return next((fault for fault in faults if fault.hits(call, caller)), None)

    def shows_the_past(self, what: str, age: float) -> bool:
        """Whether a read shows what was before a write that is `age` seconds old."""
        for _, fault in self._armed:
            if isinstance(fault, Stale) and fault.what == what and age < fault.seconds:
                fault.fired += 1
                return True
        return False

    def report(self) -> list[dict[str, Any]]:
        """All faults, with what became of them."""
        return [{"kind": kind, **asdict(fault)} for kind, fault in self._armed]

    def clear(self) -> int:
        """Disarm everything; how many there were."""
        count = len(self._armed)
        self._armed.clear()
        return count
