"""Security Hub (gap 10), which MiniStack does not have: moto's, in a process of its own on loopback, once it is asked for.

A call passes two gates first that moto lacks: the caller's IAM policies, as MiniStack evaluates them, on the resource of the
Service Authorization Reference; and the format of findings, see `asff`. Until Security Hub is enabled it answers as AWS does where
nobody enabled it, which moto does not do either.
"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from ministack.core import iam_evaluator
from ministack.core.responses import request_scope

from . import api_answer, asff
from .api_call import ApiCall
from .errors import LabError
from .server_process import ACCOUNT

_START_SECONDS = 30.0
_CALL_SECONDS = 10.0
Answer = tuple[int, dict[str, str], bytes]


class SecurityHub:
    """moto, started at most once; it ends with this process."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._url = ""
        self._enabled = False

    def enable(self) -> None:
        """Security Hub takes findings from now on, as after EnableSecurityHub."""
        if self._process is None:
            self._start()
        self._enabled = True

    def clear(self) -> None:
        """Nobody has enabled it, and there is no finding."""
        self._enabled = False
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    async def answer(self, call: ApiCall, body: bytes) -> Answer:
        """What Security Hub answers to a call."""
        refusal = self._refusal(call)
        if refusal is not None:
            return api_answer.error_response(call, *refusal)
        return await asyncio.to_thread(self._forward, call, body)

    def _refusal(self, call: ApiCall) -> tuple[int, str, str] | None:
        for resource in _resources(call):
            with request_scope(ACCOUNT, call.region):
                denied = iam_evaluator.enforce(
                    call.access_key, f"securityhub:{call.operation}", "securityhub", call.region, resource
                )
            if denied is not None:
                return 403, "AccessDeniedException", f"not authorized to perform securityhub:{call.operation} on {resource}"
        if not self._enabled:
            return 401, "InvalidAccessException", f"Account {ACCOUNT} is not subscribed to AWS Security Hub"
        mistakes = asff.mistakes(call)
        return (400, "InvalidInputException", "; ".join(mistakes)) if mistakes else None

    def _forward(self, call: ApiCall, body: bytes) -> Answer:
        headers = {name: value for name, value in call.headers.items() if name not in ("host", "content-length")}
        request = urllib.request.Request(self._url + call.path, body or None, headers, method=call.method)
        try:
            with urllib.request.urlopen(request, timeout=_CALL_SECONDS) as response:
                return response.status, {"content-type": "application/json"}, response.read()
        except urllib.error.HTTPError as error:
            return error.code, {"content-type": "application/json"}, error.read()

    def _start(self) -> None:
        # `make test-lab` puts it beside the environment that this process runs in.
        python = Path(sys.prefix).parent / "venv-moto" / "bin" / "python"
        if not python.exists():
            raise LabError(f"there is no `{python}`; `make test-lab` installs it")
        listener = socket.create_server(("127.0.0.1", 0))
        self._url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        descriptor = listener.fileno()
        self._process = subprocess.Popen(
            [python, Path(__file__).with_name("moto_server.py"), "--fd", str(descriptor)],
            pass_fds=[descriptor],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        listener.close()
        self._await_answer()

    def _await_answer(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._process is not None and self._process.poll() is None:
            try:
                # The socket listens already: the call waits until somebody accepts it.
                with urllib.request.urlopen(f"{self._url}/moto-api/data.json", timeout=_START_SECONDS) as response:
                    json.load(response)
                return
            except (urllib.error.URLError, OSError, ValueError):
                time.sleep(0.1)
        raise LabError(f"moto did not answer within {_START_SECONDS:.0f} s")


def _resources(call: ApiCall) -> list[str]:
    if call.operation == "BatchImportFindings":
        findings: list[dict[str, Any]] = call.parameters.get("Findings") or [{}]
        return sorted({str(finding.get("ProductArn", "*")) for finding in findings})
    return [f"arn:aws:securityhub:{call.region}:{ACCOUNT}:hub/default"]
