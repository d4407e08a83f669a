"""The lab's account from the outside: ordinary API calls, and the lab's own paths to look at what followed."""

from __future__ import annotations

import http.client
import io
import json
import os
import signal
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config

from ..errors import LabError
from ..server_process import REGION
from .memory import function_processes
from .samples import Samples

OURS = "ringfence-"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
_TRUST = json.dumps({
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
})
_SETTLE_SECONDS = 30.0
# A sweep takes up to 15 minutes, and a second request for the same would be another sweep.
_PATIENT = Config(read_timeout=930, retries={"total_max_attempts": 1})


class Account:
    """What the bench does in the account, as its root user."""

    def __init__(self, url: str) -> None:
        self._url = url
        session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)
        self._credentials = session.get_credentials()
        self.iam, self.functions, self.events, self.sns, self.sqs, self._stacks = (
            session.client(service, endpoint_url=url, config=_PATIENT)
            for service in ("iam", "lambda", "events", "sns", "sqs", "cloudformation")
        )

    def outputs(self, stack: str) -> dict[str, str]:
        """The outputs of a stack."""
        found = self._stacks.describe_stacks(StackName=stack)["Stacks"][0]["Outputs"]
        return {output["OutputKey"]: output["OutputValue"] for output in found}

    def environment_of(self, function: str) -> dict[str, str]:
        """The variables that the template gives a function."""
        configuration = self.functions.get_function_configuration(FunctionName=function)
        return dict(configuration["Environment"]["Variables"])

    def create_role(self, name: str) -> str:
        """A bare role for a function; returns its ARN."""
        return str(self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=_TRUST)["Role"]["Arn"])

    def create_function(self, name: str, role_arn: str) -> None:
        """A function with that role, never to be invoked."""
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("index.py", "def handler(event, context): pass\n")
        self.functions.create_function(
            FunctionName=name, Role=role_arn, Runtime="python3.12", Handler="index.handler",
            Code={"ZipFile": code.getvalue()},
        )

    @contextmanager
    def unwatched(self) -> Iterator[None]:
        """Ringfence's rules are off meanwhile, for what has to be there before the event that is measured."""
        names = [rule["Name"] for rule in self.events.list_rules(NamePrefix=OURS)["Rules"] if "EventPattern" in rule]
        if not names:
            raise LabError(f"the stack has no rules named `{OURS}*`; was it deployed?")
        for name in names:
            self.events.disable_rule(Name=name)
        try:
            yield
            self.settle()
        finally:
            for name in names:
                self.events.enable_rule(Name=name)

    def settle(self) -> None:
        """Wait until everything that follows from what was done has ended."""
        deadline = time.monotonic() + _SETTLE_SECONDS
        while time.monotonic() < deadline:
            state = self._get("idle")
            if state["idle"]:
                return
            time.sleep(0.05)
        raise LabError(f"the account was not idle after {_SETTLE_SECONDS:.0f} s: {state}")

    def journal(self, since: int = 0) -> list[dict[str, Any]]:
        """Calls and invocations after that number."""
        return list(self._get(f"journal?since={since}"))

    def mark(self) -> int:
        """The number of the last entry of the journal."""
        entries = self.journal()
        return int(entries[-1]["seq"]) if entries else 0

    def mailbox(self) -> list[dict[str, Any]]:
        """All e-mails, oldest first."""
        return list(self._get("mailbox"))

    def processes(self) -> dict[str, list[int]]:
        """Processes of Ringfence's functions, by function name."""
        server = int(self._get("health")["pid"])
        return {name: pids for name, pids in function_processes(server).items() if name.startswith(OURS)}

    def end_processes(self) -> None:
        """Ringfence's next invocations are cold."""
        for pids in self.processes().values():
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + _SETTLE_SECONDS
        while self.processes():
            if time.monotonic() > deadline:
                raise LabError(f"functions are started again and again without an event: {self.processes()}")
            time.sleep(0.01)

    def get_role_latency(self, role: str, calls: int) -> Samples:
        """GetRole over one open connection, signed beforehand: what the lab takes, not what a client library takes."""
        host = self._url.removeprefix("http://")
        connection = http.client.HTTPConnection(host, timeout=10)
        body = f"Action=GetRole&Version=2010-05-08&RoleName={role}"
        times = []
        for _ in range(calls + 1):
            request = AWSRequest(
                "POST", self._url, data=body, headers={"content-type": "application/x-www-form-urlencoded"}
            )
            SigV4Auth(self._credentials, "iam", REGION).add_auth(request)
            started = time.monotonic()
            connection.request("POST", "/", body, dict(request.headers))
            answer = connection.getresponse()
            answer.read()
            times.append((time.monotonic() - started) * 1000)
            if answer.status != 200:
                raise LabError(f"GetRole of `{role}` was answered with {answer.status}")
        connection.close()
        # The first one opens the connection.
        return Samples(times[1:])

    def _get(self, path: str) -> Any:
        with urllib.request.urlopen(f"{self._url}/_lab/{path}", timeout=10) as response:
            return json.load(response)
