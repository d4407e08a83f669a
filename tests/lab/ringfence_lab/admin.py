"""The lab's own HTTP paths, all under `/_lab/`, JSON in and out. README.md lists them."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

from ministack.core.responses import request_scope
from ministack.services import iam, lambda_svc, sqs

from . import last_accessed, population, role_last_used
from .errors import LabError

if TYPE_CHECKING:
    from .application import Lab


class Admin:
    """Answers admin requests about one lab."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def respond(self, method: str, path: str, query: bytes, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the answer; errors are `{"error": "…"}` with 400, 404 or 500."""
        arguments = {name: values[0] for name, values in parse_qs(query.decode()).items()}
        try:
            status, answer = 200, self._route(method, path.removeprefix("/_lab/"), arguments, body)
        except LookupError as error:
            status, answer = 404, {"error": str(error.args[0])}
        except ValueError as error:
            status, answer = 400, {"error": str(error)}
        except LabError as error:
            status, answer = 500, {"error": str(error)}
        return status, {"content-type": "application/json"}, json.dumps(answer).encode()

    def _route(self, method: str, path: str, arguments: dict[str, str], body: bytes) -> Any:
        lab = self._lab
        since = int(arguments.get("since", "0"))
        routes: dict[tuple[str, str], Callable[[], Any]] = {
            ("GET", "health"): lambda: {"ok": True, "pid": os.getpid(), "retry_base_seconds": _retry_base()},
            ("GET", "idle"): self._idle,
            ("GET", "journal"): lambda: lab.journal.since(since),
            ("GET", "events"): lambda: lab.tap.emitted[max(since, 0):],
            ("POST", "events"): lambda: {"delivered": lab.tap.deliver(_object(body))},
            ("DELETE", "events"): lambda: {"forgotten": lab.tap.forget_held()},
            ("GET", "mailbox"): lambda: lab.mailbox.messages[max(since, 0):],
            ("DELETE", "mailbox"): lambda: {"deleted": _drain(lab.mailbox.messages)},
            ("GET", "logs"): lambda: lab.logs.lines(_required(arguments, "function")),
            ("POST", "policies/forget"): lambda: {"forgotten": _forget_policy(_object(body))},
            ("POST", "queues/due"): lambda: {"due": _make_due()},
            ("POST", "population"): lambda: _grow(_object(body)),
            ("POST", "security-hub"): lambda: lab.security_hub.enable(),
            ("GET", "tap"): lambda: asdict(lab.tap.knobs),
            ("POST", "tap"): lambda: asdict(lab.tap.configure(_object(body))),
            ("POST", "access-analyzer"): lambda: lab.access_analyzer.prepare(_object(body)),
            ("POST", "access-analyzer/generation"): lambda: {"ended": lab.access_analyzer.generation.end(_object(body))},
            ("POST", "event-history"): lambda: {"records": lab.event_history.add(_object(body))},
            ("GET", "faults"): lab.faults.report,
            ("POST", "faults"): lambda: lab.faults.arm(_object(body)),
            ("DELETE", "faults"): lambda: {"disarmed": lab.faults.clear()},
        }
        if method == "POST" and path.startswith("roles/"):
            return _set_role(unquote(path.removeprefix("roles/")), _object(body))
        route = routes.get((method, path))
        if route is None:
            raise LookupError(f"the lab has no `{method} /_lab/{path}`")
        return route()

    def _idle(self) -> dict[str, Any]:
        # In the order in which work moves from queue to function, so that none is missed while it moves on.
        counts = {
            "queued_messages": _messages_for_functions(),
            "polled_batches": self._lab.queue_polls.batches(),
            "running_invocations": lambda_svc.executions_in_flight()[0],
            "calls_in_progress": self._lab.journal.open_calls,
            "pending_events": self._lab.tap.pending,
            "unfinished_async": self._lab.asynchronous.unfinished,
        }
        return {"idle": not any(counts.values()), **counts}


def _retry_base() -> float:
    return float(lambda_svc._LAMBDA_ASYNC_RETRY_BASE_SECONDS)


def _drain(messages: list[Any]) -> int:
    count = len(messages)
    messages.clear()
    return count


def _required(arguments: dict[str, str], name: str) -> str:
    if name not in arguments:
        raise ValueError(f"the query needs `{name}`")
    return arguments[name]


def _object(body: bytes) -> dict[str, Any]:
    value = json.loads(body or b"{}")
    if not isinstance(value, dict):
        raise ValueError("the body is not a JSON object")
    return value


def _set_role(name: str, request: dict[str, Any]) -> dict[str, Any]:
    unknown = request.keys() - {"created", "last_used", "used"}
    if unknown:
        raise ValueError(f"no such field: {', '.join(sorted(unknown))}")
    try:
        if "used" in request:
            last_accessed.set_used(name, request["used"])
        return role_last_used.set_dates(
            name, request.get("created"), request.get("last_used"), change_last_used="last_used" in request
        )
    except KeyError as error:
        raise LookupError(f"there is no role `{name}`") from error


def _grow(request: dict[str, Any]) -> dict[str, int]:
    numbers = {name: int(request[name]) for name in ("roles", "functions") if name in request}
    if len(numbers) != 2 or min(numbers.values()) < 1:
        raise ValueError("`roles` and `functions` say how many, at least one of each")
    boundary = request.get("boundary")
    return population.grow(**numbers, model=str(request.get("model")), boundary=boundary and str(boundary))


def _forget_policy(request: dict[str, Any]) -> str:
    """Make a boundary dangle: its policy is gone, though it is in use."""
    arn = str(request.get("arn"))
    if iam._policies.pop(arn, None) is None:
        raise LookupError(f"there is no policy `{arn}`")
    return arn


def _make_due() -> int:
    """As if delays and visibility timeouts were over. Call it when no function is at a message."""
    now, count = time.time(), 0
    for queue in sqs._queues.to_dict().values():
        for message in queue.get("messages", ()):
            if message.get("visible_at", 0) > now:
                message["visible_at"] = now
                count += 1
    return count


def _messages_for_functions() -> int:
    """Messages that an event source mapping is about to take; delayed ones do not count."""
    now, count = time.time(), 0
    for (account, region, _), mapping in lambda_svc._esms.to_dict().items():
        source = mapping.get("EventSourceArn", "")
        if ":sqs:" not in source or not mapping.get("Enabled", True):
            continue
        with request_scope(account, region):
            queue = sqs._queue_by_arn(source)
        count += sum(message.get("visible_at", 0) <= now for message in (queue or {}).get("messages", ()))
    return count
