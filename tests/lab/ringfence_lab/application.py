"""The ASGI application: admin paths, then journal and faults, then the tap, then MiniStack.

Importing this module applies every patch, once. The patches are listed in `apply_patches`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from ministack import app as ministack_app

from . import (
    api_answer,
    api_call,
    authorization_details,
    boundary_denials,
    call_resources,
    caller,
    cloudformation_boundary,
    cloudformation_alarms,
    cloudformation_conditions,
    condition_keys,
    descriptions,
    event_forwarding,
    function_environment,
    function_urls,
    function_processes,
    input_paths,
    invocations,
    last_accessed,
    managed_policies,
    policy_versions,
    role_last_used,
    rule_state,
    secure_transport,
    sqs_batches,
    stale_reads,
    trail,
)
from .access_analyzer import AccessAnalyzer
from .admin import Admin
from .async_failure import AsyncInvocations
from .cloudtrail_tap import CloudTrailTap
from .event_history import EventHistory
from .faults import Fail, Faults, Hang, Kill, Late
from .function_environment import FunctionLogs
from .journal import Journal
from .mailbox import Mailbox
from .queue_polls import QueuePolls
from .security_hub import SecurityHub
from .server_process import ACCOUNT, REGION

_log = logging.getLogger("ringfence_lab")

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Lab:
    """MiniStack and what the lab keeps about it."""

    def __init__(self) -> None:
        self.journal = Journal()
        self.faults = Faults()
        self.tap = CloudTrailTap()
        self.mailbox = Mailbox()
        self.security_hub = SecurityHub()
        self.event_history = EventHistory()
        self.access_analyzer = AccessAnalyzer(self.event_history)
        self.logs = FunctionLogs()
        self.asynchronous = AsyncInvocations()
        self.queue_polls = QueuePolls()
        self._admin = Admin(self)

    def apply_patches(self) -> None:
        """Fill the gaps of MiniStack that are filled inside its process."""
        cloudformation_boundary.apply()
        cloudformation_alarms.apply()
        cloudformation_conditions.apply()
        self.asynchronous.apply()
        self.queue_polls.apply()
        invocations.apply(self.journal)
        managed_policies.apply()
        condition_keys.apply()
        call_resources.apply()
        boundary_denials.apply()
        descriptions.apply()
        role_last_used.apply()
        last_accessed.apply()
        authorization_details.apply()
        policy_versions.apply()
        rule_state.apply()
        event_forwarding.apply()
        input_paths.apply()
        secure_transport.apply()
        sqs_batches.apply()
        stale_reads.apply(self.faults)
        function_environment.apply()
        function_urls.apply()
        self.logs.apply()
        self.mailbox.apply()
        trail.create(ACCOUNT, REGION)

    def clear(self) -> None:
        """Forget what was noted, for a fresh start after a reset of MiniStack."""
        for part in (self.journal, self.faults, self.tap, self.logs, self.event_history):
            part.clear()
        self.mailbox.messages.clear()
        self.security_hub.clear()
        self.access_analyzer.clear()
        trail.create(ACCOUNT, REGION)

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """One ASGI request."""
        if scope["type"] != "http":
            await ministack_app.app(scope, receive, send)
            return
        body = await _read_body(receive)
        if scope["path"].startswith("/_lab/"):
            await _answer(send, *self._admin.respond(scope["method"], scope["path"], scope["query_string"], body))
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        raw_path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1").partition("?")[0]
        call = api_call.parse(scope["method"], raw_path, scope["query_string"].decode(), headers, body)
        if call is None:
            await ministack_app.app(scope, _replay(body, receive), send)
            if scope["path"] == "/_ministack/reset":
                self.clear()
            return
        await self._serve(call, scope, body, _replay(body, receive), send)

    async def _serve(
        self, call: api_call.ApiCall, scope: dict[str, Any], body: bytes, receive: Receive, send: Send
    ) -> None:
        condition_keys.current_call.set(call)
        signer = caller.resolve(call.access_key)
        entry = self.journal.begin_call(call, signer)
        try:
            fault = self.faults.of_call(call, signer)
            if isinstance(fault, Fail):
                self.journal.answered(entry, fault.status, fault.code)
                entry["fault"] = "fail"
                await _answer(send, *api_answer.error_response(call, fault.status, fault.code, fault.message))
                return
            if isinstance(fault, Hang):
                entry["fault"] = "hang"
                await _disconnected(receive)
                return
            kill, pid = self._kill_due(call, signer, scope)
            if kill is not None and kill.when == "before":
                entry["fault"] = "kill-before"
                function_processes.kill(pid)
                return
            started = datetime.now(UTC)
            response = _Recorder(send, withhold=kill is not None)
            if isinstance(fault, Late):
                entry["fault"] = "late"
                response.late_seconds = fault.seconds
            response.before_end = lambda: self._observe(call, signer, response.answer(), entry, started)
            if call.service == "securityhub":
                await _answer(response, *await self.security_hub.answer(call, body))
            elif call.service == "access-analyzer":
                await _answer(response, *self.access_analyzer.answer(call))
            elif call.service == "cloudtrail" and call.operation == "LookupEvents":
                await _answer(response, *self.event_history.answer(call))
            else:
                await ministack_app.app(scope, receive, response)
            if kill is not None:
                entry["fault"] = "kill-after"
                function_processes.kill(pid)
        finally:
            self.journal.end_call(entry)

    def _observe(
        self,
        call: api_call.ApiCall,
        signer: caller.Caller,
        answer: api_answer.ApiAnswer,
        entry: dict[str, Any],
        started: datetime,
    ) -> None:
        self.journal.answered(entry, answer.status, answer.error_code)
        try:
            self.tap.observe(call, signer, answer, started)
            self.event_history.observe(call, signer, answer, started)
        except Exception:
            _log.exception("the tap could not record %s:%s", call.service, call.name)

    def _kill_due(
        self, call: api_call.ApiCall, signer: caller.Caller, scope: dict[str, Any]
    ) -> tuple[Kill, int] | tuple[None, int]:
        armed = self.faults.kills_for(signer)
        if not armed or signer.function is None:
            return None, 0
        pid = function_processes.process_of_connection(signer.function, scope["client"][1], scope["server"][1])
        due = [kill for kill in armed if kill.counts(pid, call)]
        return (due[0], pid) if due and pid is not None else (None, 0)


class _Recorder:
    """Passes a response on and keeps a copy; `before_end` runs when it is complete, before its end is sent."""

    def __init__(self, send: Send, withhold: bool) -> None:
        self._send, self._withhold = send, withhold
        self._status = 0
        self._headers: dict[str, str] = {}
        self._body = bytearray()
        self.before_end: Callable[[], None] = lambda: None
        self.late_seconds = 0.0
        self._late: list[Message] = []

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._headers = {
                name.decode("latin-1").lower(): value.decode("latin-1") for name, value in message.get("headers", [])
            }
        elif message["type"] == "http.response.body":
            self._body += message.get("body", b"")
            if not message.get("more_body"):
                self.before_end()
        if self._withhold:
            return
        self._late.append(message)
        if self.late_seconds and not (message["type"] == "http.response.body" and not message.get("more_body")):
            return
        await asyncio.sleep(self.late_seconds)
        for held in self._late:
            await self._send(held)
        self._late.clear()

    def answer(self) -> api_answer.ApiAnswer:
        """The response so far, read."""
        return api_answer.read(self._status, self._headers, bytes(self._body))


async def _read_body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return bytes(body)
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _answer(send: Send, status: int, headers: dict[str, str], body: bytes) -> None:
    fields = {**headers, "content-length": str(len(body))}
    await send({
        "type": "http.response.start",
        "status": status,
        "headers": [(name.encode(), value.encode()) for name, value in fields.items()],
    })
    await send({"type": "http.response.body", "body": body})


app = Lab()
app.apply_patches()
