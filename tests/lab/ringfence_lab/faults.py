"""Faults that tests arm: a function's process that dies around one of its API calls, and calls that fail.

AWS promises neither; these stand for lost execution environments and for services that are away.
"""

from __future__ import annotations

import itertools
from dataclasses import asdict, dataclass, field
from typing import Any

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
    when: str
    call: int
    fired: int = 0
    at: str | None = None
    calls: dict[int, int] = field(default_factory=dict)
    unattributed: int = 0

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


@dataclass
class Fail:
    """Answer the next `times` matching calls with an error instead of executing them, after letting `skip` pass.

    `operation`, `function` and `resource` narrow it; None is any. `resource` is a part of a parameter's text
    (a role's name, a table). Nothing reaches CloudTrail.
    """

    id: int
    service: str
    status: int
    code: str
    message: str
    operation: str | None = None
    function: str | None = None
    resource: str | None = None
    times: int = 1
    skip: int = 0
    fired: int = 0

    def hits(self, call: ApiCall, caller: Caller) -> bool:
        """Whether this call is to fail; uses up one of the times."""
        if (
            self.fired >= self.times
            or call.service != self.service
            or self.operation not in (None, call.operation)
            or self.function not in (None, caller.function)
            or (self.resource is not None and self.resource not in str(list(call.parameters.values())))
        ):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.fired += 1
        return True


class Faults:
    """The armed faults. A fault that has fired stays listed until it is cleared."""

    def __init__(self) -> None:
        self._ids = itertools.count(1)
        self._kills: list[Kill] = []
        self._fails: list[Fail] = []

    def arm(self, request: dict[str, Any]) -> dict[str, Any]:
        """Arm a fault from its JSON form; raises ValueError that says what is wrong."""
        wanted = dict(request)
        kind = wanted.pop("kind", None)
        try:
            if kind == "kill":
                kill = Kill(next(self._ids), **{"when": "before", "call": 1, **wanted})
                if kill.when not in ("before", "after") or kill.call < 1:
                    raise ValueError("`when` is `before` or `after` and `call` at least 1")
                self._kills.append(kill)
                return asdict(kill)
            if kind == "fail":
                defaults = {"status": 500, "code": "ServiceUnavailable", "message": "a fault of the Ringfence lab"}
                fail = Fail(next(self._ids), **{**defaults, **wanted})
                self._fails.append(fail)
                return asdict(fail)
        except TypeError as error:
            raise ValueError(str(error).replace("__init__() ", "")) from error
        raise ValueError("`kind` is `kill` or `fail`")

    def kills_for(self, caller: Caller) -> list[Kill]:
        """The kills that are armed for the function behind a call."""
        return [kill for kill in self._kills if not kill.fired and kill.function == caller.function]

    def failure_for(self, call: ApiCall, caller: Caller) -> Fail | None:
        """The fault that answers this call, if any."""
        return next((fail for fail in self._fails if fail.hits(call, caller)), None)

    def report(self) -> list[dict[str, Any]]:
        """All faults, with what became of them."""
        return [{"kind": "kill", **asdict(kill)} for kill in self._kills] + [
            {"kind": "fail", **asdict(fail)} for fail in self._fails
        ]

    def clear(self) -> int:
        """Disarm everything; how many there were."""
        count = len(self._kills) + len(self._fails)
        self._kills.clear()
        self._fails.clear()
        return count
