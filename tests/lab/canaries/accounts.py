"""Two accounts for the canaries: the lab, and bare MiniStack. Each is started once and shared."""

from __future__ import annotations

import atexit
import functools
import io
import json
import sys
import time
import urllib.parse
import urllib.request
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import botocore.config

from ringfence_lab.server_process import LabServer

LAMBDA_TRUST = json.dumps({
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
})
EVERYTHING = json.dumps({
    "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
})
ONLY_LOGS = json.dumps({
    "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}],
})

# Makes the API calls in CALLS (or in the event), one after the other, and answers with what came of each.
_BOOTSTRAP = """#!{python}
import json, os, urllib.request
import boto3, botocore.config
base = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
config = botocore.config.Config(retries={{"total_max_attempts": 1}})
print("environment " + json.dumps(dict(os.environ)), flush=True)
while True:
    with urllib.request.urlopen(base + "next") as response:
        request_id, event = response.headers["Lambda-Runtime-Aws-Request-Id"], json.load(response)
    results = []
    for service, operation, parameters in event.get("calls") or json.loads(os.environ.get("CALLS", "[]")):
        try:
            answer = getattr(boto3.client(service, config=config), operation)(**parameters)
            boundary = answer.get("Role", {{}}).get("PermissionsBoundary", {{}}).get("PermissionsBoundaryArn")
            results.append(answer.get("Arn") or boundary or "done")
        except Exception as error:
            results.append(str(error))
    outcome = "error" if os.environ.get("FAIL") else "response"
    body = {{"errorType": "Told.To", "errorMessage": "as told"}} if outcome == "error" else results
    request = urllib.request.Request(base + request_id + "/" + outcome, json.dumps(body).encode(), method="POST")
    urllib.request.urlopen(request).close()
"""


class Account:
    """An account to call, and the lab's admin paths."""

    def __init__(self, url: str) -> None:
        self.url = url

    def client(
        self, service: str, key: str = "test", secret: str = "test", token: str | None = None, read_timeout: float = 60,
        region: str = "us-east-1",
    ) -> Any:
        """A client with the given keys; the default ones are the root user's."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
            config=botocore.config.Config(retries={"total_max_attempts": 1}, read_timeout=read_timeout),
        )

    def user(self, policy: str, *services: str) -> list[Any]:
        """Clients of a new IAM user with an inline policy."""
        name, iam = unique("user"), self.client("iam")
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="all", PolicyDocument=policy)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return [self.client(service, key["AccessKeyId"], key["SecretAccessKey"]) for service in services]

    def role(self, policy: str = EVERYTHING, trust: str = LAMBDA_TRUST, path: str = "/") -> str:
        """The name of a new role with an inline policy."""
        name = unique("role")
        self.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust, Path=path)
        self.client("iam").put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=policy)
        return name

    def policy(self, document: str) -> str:
        """The ARN of a new managed policy."""
        return str(self.client("iam").create_policy(PolicyName=unique("p"), PolicyDocument=document)["Policy"]["Arn"])

    def function(self, role: str, **options: Any) -> str:
        """The name of a new function that makes the calls it is told."""
        name = unique("function")
        arn = self.client("iam").get_role(RoleName=role)["Role"]["Arn"]
        self.client("lambda").create_function(
            FunctionName=name, Runtime="provided.al2023", Role=arn, Handler="bootstrap", Code={"ZipFile": bootstrap()},
            Timeout=30, **options,
        )
        return name

    def invoke(self, function: str, *calls: tuple[str, str, dict[str, Any]]) -> list[str]:
        """Have a function make calls and wait for what came of each."""
        answer = self.client("lambda").invoke(FunctionName=function, Payload=json.dumps({"calls": calls}))
        return list(json.load(answer["Payload"]))

    def rule(self, function: str, pattern: dict[str, Any], state: str = "ENABLED") -> None:
        """Send matching events of the default bus to a function."""
        events, name = self.client("events"), unique("rule")
        events.put_rule(Name=name, EventPattern=json.dumps(pattern), State=state)
        arn = self.client("lambda").get_function_configuration(FunctionName=function)["FunctionArn"]
        events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": arn}])

    def queue(self) -> tuple[str, str]:
        """URL and ARN of a new queue."""
        sqs = self.client("sqs")
        url = sqs.create_queue(QueueName=unique("queue"))["QueueUrl"]
        return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def stack(self, resources: dict[str, Any], name: str | None = None) -> str:
        """Create a stack, or update the named one, and wait for it."""
        cloudformation, template = self.client("cloudformation"), json.dumps({"Resources": resources})
        capabilities = ["CAPABILITY_NAMED_IAM"]
        if name:
            cloudformation.update_stack(StackName=name, TemplateBody=template, Capabilities=capabilities)
        else:
            name = unique("stack")
            cloudformation.create_stack(StackName=name, TemplateBody=template, Capabilities=capabilities)
        status = "IN_PROGRESS"
        while status.endswith("IN_PROGRESS"):
            time.sleep(0.05)
            status = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            raise AssertionError(f"the stack ended in {status}")
        return name

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        """Call an admin path of the lab."""
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(f"{self.url}/_lab/{path}", data, method=method)) as answer:
            return json.load(answer)

    def settle(self) -> None:
        """Wait until nothing is under way in the lab."""
        deadline = time.monotonic() + 30
        while not (idle := self.admin("GET", "idle"))["idle"]:
            if time.monotonic() > deadline:
                raise AssertionError(f"the lab does not come to rest: {idle}")
            time.sleep(0.02)

    def events(self, name: str) -> list[dict[str, Any]]:
        """Records of an event name that the tap has emitted."""
        return [event["Detail"] for event in self.admin("GET", "events") if event["Detail"]["eventName"] == name]

    def invocations(self, function: str) -> list[dict[str, Any]]:
        """Journal entries of a function's invocations."""
        return [
            entry for entry in self.admin("GET", "journal")
            if entry["kind"] == "invocation" and entry["function"] == function
        ]

    @contextmanager
    def knobs(self, **values: Any) -> Iterator[None]:
        """Set knobs of the tap for a while."""
        before = self.admin("GET", "tap")
        self.admin("POST", "tap", values)
        try:
            yield
        finally:
            self.admin("POST", "tap", before)


@functools.cache
def lab() -> Account:
    """The patched account."""
    return _start("lab")


@functools.cache
def bare() -> Account:
    """MiniStack as released, with the same settings."""
    return _start("ministack")


def _start(application: str) -> Account:
    server = LabServer(0, verbose=False, application=application)
    server.__enter__()
    atexit.register(server.stop)
    return Account(server.url)


def bootstrap() -> bytes:
    """A deployment package with the bootstrap above."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        archive.writestr(entry, _BOOTSTRAP.format(python=sys.executable))
    return buffer.getvalue()


def unique(prefix: str) -> str:
    """A name that no other canary uses."""
    return f"{prefix}-{uuid.uuid4().hex[:8]}"
