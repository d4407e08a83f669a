"""Who acts in the story: IAM users with keys and rights of their own, and the security team's queue."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3
import botocore.config
import botocore.exceptions

from ..server_process import ACCOUNT, REGION
from .stage import STACK_NAME

_NO_RETRIES = botocore.config.Config(retries={"total_max_attempts": 1})


@dataclass(frozen=True)
class Done:
    """A call that succeeded. Times are CLOCK_MONOTONIC milliseconds, as in the lab's journal."""

    operation: str
    answer: Any
    took_ms: float
    returned_ms: float


class Person:
    """Somebody with access keys. Clients are made before the story begins, so that times are those of the calls."""

    def __init__(self, name: str, url: str, key: str, secret: str, services: tuple[str, ...]) -> None:
        self.name = name
        session = boto3.session.Session(aws_access_key_id=key, aws_secret_access_key=secret, region_name=REGION)
        self._clients = {service: session.client(service, endpoint_url=url, config=_NO_RETRIES) for service in services}

    @property
    def arn(self) -> str:
        """The ARN of the IAM user; root has another form."""
        return f"arn:aws:iam::{ACCOUNT}:user/{self.name}"

    def client(self, service: str) -> Any:
        """The client itself, for code that makes many calls of one service."""
        return self._clients[service]

    def call(self, service: str, operation: str, **parameters: Any) -> Done:
        """Make a call; `operation` is the API name. Raises ClientError where AWS refuses."""
        client = self._clients[service]
        method: Callable[..., Any] = getattr(client, _METHODS[operation])
        started = time.monotonic()
        answer = method(**parameters)
        ended = time.monotonic()
        return Done(operation, answer, (ended - started) * 1000, ended * 1000)


# boto3's spelling of the operations that occur.
_METHODS = {
    operation: "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in operation).lstrip("_")
    for operation in (
        "AttachRolePolicy", "CreateAccessKey", "CreateBucket", "CreateFunction", "CreatePolicy", "CreateQueue", "CreateRole",
        "CreateUser", "DeleteItem", "DeleteRolePermissionsBoundary", "DescribeStacks", "GetObject", "GetQueueAttributes",
        "GetRole", "GetUser", "Invoke", "PutItem", "PutUserPolicy", "ReceiveMessage", "SendMessage", "SetQueueAttributes", "Subscribe",
    )
}


class Administrator(Person):
    """Root of the account: sets the scene, and looks at what became of it."""

    def __init__(self, url: str, environment: dict[str, str]) -> None:
        services = ("cloudformation", "iam", "lambda", "s3", "sns", "sqs")
        super().__init__("root", url, environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"], services)
        self._url = url
        self._findings_queue = ""

    def hire(self, name: str, actions: list[str], services: tuple[str, ...]) -> Person:
        """A new IAM user who may do these actions."""
        self.call("iam", "CreateUser", UserName=name)
        policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}
        self.call("iam", "PutUserPolicy", UserName=name, PolicyName="job", PolicyDocument=json.dumps(policy))
        key = self.call("iam", "CreateAccessKey", UserName=name).answer["AccessKey"]
        return Person(name, self._url, key["AccessKeyId"], key["SecretAccessKey"], services)

    def stack_outputs(self) -> dict[str, str]:
        """The outputs of Ringfence's stack."""
        (stack,) = self.call("cloudformation", "DescribeStacks", StackName=STACK_NAME).answer["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    def subscribe_to_findings(self, topic: str) -> None:
        """Have every finding sent to a queue as JSON, whatever its severity."""
        self._findings_queue = self.call("sqs", "CreateQueue", QueueName="security-findings").answer["QueueUrl"]
        queue = self.call(
            "sqs", "GetQueueAttributes", QueueUrl=self._findings_queue, AttributeNames=["QueueArn"]
        ).answer["Attributes"]["QueueArn"]
        policy = {"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage",
            "Resource": queue, "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
        }]}
        self.call("sqs", "SetQueueAttributes", QueueUrl=self._findings_queue, Attributes={"Policy": json.dumps(policy)})
        self.call(
            "sns", "Subscribe", TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes={"RawMessageDelivery": "true"}
        )

    def new_findings(self) -> list[dict[str, Any]]:
        """The findings that have come since the last look, each id once: delivery is at least once."""
        found: dict[str, dict[str, Any]] = {}
        while messages := self.call(
            "sqs", "ReceiveMessage", QueueUrl=self._findings_queue, MaxNumberOfMessages=10, VisibilityTimeout=3600
        ).answer.get("Messages"):
            for message in messages:
                finding = json.loads(message["Body"])
                found[finding["id"]] = finding
        return list(found.values())

    def boundary_of(self, role: str) -> str | None:
        """The ARN of a role's permissions boundary."""
        record = self.call("iam", "GetRole", RoleName=role).answer["Role"]
        return record.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")

    def has_user(self, name: str) -> bool:
        """Whether there is an IAM user of that name."""
        try:
            self.call("iam", "GetUser", UserName=name)
        except botocore.exceptions.ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchEntity":
                return False
            raise
        return True
