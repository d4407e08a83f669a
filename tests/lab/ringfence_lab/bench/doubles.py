"""Two doubles on loopback for measuring the init phase: a Runtime API that never hands out an event, and AWS endpoints
that answer the calls of the warm-up at once. They note when they were reached. Neither simulates anything else."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from types import TracebackType
from urllib.parse import parse_qs

_CREATED = "2026-01-01T00:00:00Z"
_GET_ROLE = f"""<GetRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetRoleResult><Role>
<Path>/ringfence/</Path><RoleName>bench</RoleName><RoleId>AROABENCHBENCHBENCH00</RoleId>
<Arn>arn:aws:iam::123456789012:role/ringfence/bench</Arn><CreateDate>{_CREATED}</CreateDate>
<AssumeRolePolicyDocument>%7B%7D</AssumeRolePolicyDocument></Role></GetRoleResult>
<ResponseMetadata><RequestId>bench</RequestId></ResponseMetadata></GetRoleResponse>"""
_GET_TOPIC_ATTRIBUTES = """<GetTopicAttributesResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/">
<GetTopicAttributesResult><Attributes/></GetTopicAttributesResult>
<ResponseMetadata><RequestId>bench</RequestId></ResponseMetadata></GetTopicAttributesResponse>"""
_ANSWERS = {
    "GetRole": ("text/xml", _GET_ROLE),
    "GetTopicAttributes": ("text/xml", _GET_TOPIC_ATTRIBUTES),
}


class _Server:
    """One HTTP/1.1 server on a free port of 127.0.0.1."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.StreamWriter] = set()
        self.address = ""

    async def __aenter__(self) -> _Server:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        self.address = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
        for writer in self._connections:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        self.connected()
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                length = int(_header(head, "content-length") or 0)
                kind, answer = await self.respond(head, (await reader.readexactly(length)).decode())
                fields = f"content-type: {kind}\r\ncontent-length: {len(answer)}"
                writer.write(f"HTTP/1.1 {'200 OK' if kind else '400 Bad Request'}\r\n{fields}\r\n\r\n{answer}".encode())
                self.answered()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._connections.discard(writer)

    def connected(self) -> None:
        """A connection was accepted."""

    def answered(self) -> None:
        """An answer was handed to the operating system."""

    async def respond(self, head: str, body: str) -> tuple[str, str]:
        """Content type and body of the answer; no content type is an error."""
        raise NotImplementedError


class RuntimeApi(_Server):
    """The Runtime API up to the first `next`, which is never answered.

    https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
    """

    def __init__(self) -> None:
        super().__init__()
        self.first_next: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    async def respond(self, head: str, body: str) -> tuple[str, str]:
        """Notes the time of `next` and waits; anything else means that the function did not start."""
        now = time.monotonic()
        if "/runtime/invocation/next " in head and not self.first_next.done():
            self.first_next.set_result(now)
            await asyncio.Event().wait()
        if not self.first_next.done():
            self.first_next.set_exception(RuntimeError(f"{head.splitlines()[0]}: {body}"))
        return "", ""


class AwsEndpoints(_Server):
    """All AWS endpoints in one, for the calls of the warm-up."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(tls)
        self.first_connection: float | None = None
        self.last_answer: float | None = None
        self.calls: list[str] = []
        self.unknown: list[str] = []

    def connected(self) -> None:
        """Over TLS this is the end of the first handshake."""
        self.first_connection = self.first_connection or time.monotonic()

    def answered(self) -> None:
        """The last of these ends the warm-up."""
        self.last_answer = time.monotonic()

    async def respond(self, head: str, body: str) -> tuple[str, str]:
        """The canned answer of the call."""
        operation = _operation(head, body)
        self.calls.append(operation)
        if operation == "BatchGetItem":
            return "application/x-amz-json-1.0", _installed(body)
        if operation not in _ANSWERS:
            self.unknown.append(operation)
        return _ANSWERS.get(operation, ("", ""))


def _installed(request: str) -> str:
    """The ledger of an account in which Ringfence has been for a while: the time of its installation is noted."""
    item = {"pk": {"S": "settings"}, "sk": {"S": "installed"}, "at": {"S": "2026-01-01T00:00:00Z"}}
    tables = json.loads(request)["RequestItems"]
    return json.dumps({"Responses": {table: [item] for table in tables}, "UnprocessedKeys": {}})


def _operation(head: str, body: str) -> str:
    target = _header(head, "x-amz-target")
    if target is not None:
        return target.rpartition(".")[2]
    return parse_qs(body).get("Action", [head.split(" ", 2)[1]])[0]


def _header(head: str, name: str) -> str | None:
    for line in head.split("\r\n"):
        field, _, value = line.partition(":")
        if field.lower() == name:
            return value.strip()
    return None
