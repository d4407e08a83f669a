"""`operations/redrive.py`, on messages in AWS's forms: the lab's functions and queues take what it sends.

What EventBridge and Lambda write is written here by hand after their pages; the lab's own form is another.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import os
import sys
import time
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

import boto3

from .accounts import Account, bootstrap, lab, unique

_SCRIPT = Path(__file__).resolve().parents[3] / "operations" / "redrive.py"


def _load() -> Any:
    specification = importlib.util.spec_from_file_location("redrive", _SCRIPT)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules["redrive"] = module
    specification.loader.exec_module(module)
    return module


redrive = _load()


def _record(function: str, event: dict[str, Any]) -> str:
    """As https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html shows it."""
    return json.dumps({
        "version": "1.0", "timestamp": "2026-11-22T10:00:00.000Z",
        "requestContext": {
            "requestId": "e4b46cbf-b738-xmpl-8880-a18cdf61200e",
            "functionArn": f"arn:aws:lambda:us-east-1:123456789012:function:{function}:$LATEST",
            "condition": "RetriesExhausted", "approximateInvokeCount": 3,
        },
        "requestPayload": event,
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "responsePayload": {"errorMessage": "SNS is away", "errorType": "Ringfence.Retryable"},
    })


class Redrive(unittest.TestCase):
    """Each message goes back to where it came from, and leaves the queue only then."""

    def setUp(self) -> None:
        self.account: Account = lab()
        self.sqs = self.account.client("sqs")
        self.queue = self.sqs.create_queue(QueueName=redrive.DEAD_LETTERS)["QueueUrl"]
        self.addCleanup(self.sqs.delete_queue, QueueUrl=self.queue)
        self.function = f"ringfence-{unique('f')}"
        role = self.account.client("iam").get_role(RoleName=self.account.role())["Role"]["Arn"]
        self.account.client("lambda").create_function(
            FunctionName=self.function, Runtime="provided.al2023", Role=role, Handler="bootstrap",
            Code={"ZipFile": bootstrap()}, Timeout=30,
        )

    def _send(self, body: str, **attributes: str) -> None:
        self.sqs.send_message(
            QueueUrl=self.queue, MessageBody=body,
            MessageAttributes={name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()},
        )

    def _run(self, *arguments: str) -> tuple[int, str]:
        time.sleep(0.01)  # SQS's times are whole milliseconds.
        out = io.StringIO()
        environment = {"AWS_ENDPOINT_URL": self.account.url, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        with mock.patch.dict(os.environ, environment), contextlib.redirect_stdout(out):
            boto3.DEFAULT_SESSION = None
            code = redrive.main(["--region", "us-east-1", *arguments])
        self.account.settle()
        return code, out.getvalue()

    def _waiting(self) -> int:
        attributes = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["All"])["Attributes"]
        return int(attributes["ApproximateNumberOfMessages"])

    def _events(self) -> list[Any]:
        return sorted(str(entry["event_id"]) for entry in self.account.invocations(self.function))

    def test_events_go_back_to_their_functions(self) -> None:
        self._send(_record(self.function, {"detail": {"eventID": "1"}}))
        arn = f"arn:aws:lambda:us-east-1:123456789012:function:{self.function}"
        rule = "arn:aws:events:us-east-1:123456789012:rule/ringfence-on-role-change"
        self._send('{"detail": {"eventID": "2"}}', RULE_ARN=rule, TARGET_ARN=arn, ERROR_CODE="NO_PERMISSIONS")
        code, said = self._run("--dry-run")
        self.assertEqual((code, self._waiting(), self._events()), (0, 2, []))
        self.assertIn("SNS is away", said)
        self.assertIn("NO_PERMISSIONS", said)
        code, said = self._run()
        self.assertEqual((code, self._waiting(), self._events()), (0, 0, ["1", "2"]))
        self.assertIn("2 sent again, 0 left", said)

    def test_what_a_rule_could_not_tell_goes_to_its_topic(self) -> None:
        topic = self.account.client("sns").create_topic(Name="ringfence-findings")["TopicArn"]
        self.addCleanup(self.account.client("sns").delete_topic, TopicArn=topic)
        subscriber, arn = self.account.queue()
        policy = {"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn,
        }]}
        self.sqs.set_queue_attributes(QueueUrl=subscriber, Attributes={"Policy": json.dumps(policy)})
        self.account.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        self._send('{"outcome": "self-tamper"}', TARGET_ARN=topic, ERROR_CODE="NO_PERMISSIONS")
        code, _ = self._run()
        self.assertEqual((code, self._waiting()), (0, 0))
        (message,) = self.sqs.receive_message(QueueUrl=subscriber, WaitTimeSeconds=2)["Messages"]
        self.assertEqual(json.loads(message["Body"])["Message"], '{"outcome": "self-tamper"}')

    def test_review_requests_go_back_to_the_review_queue(self) -> None:
        review = self.sqs.create_queue(QueueName="ringfence-review", Attributes={
            "VisibilityTimeout": "0",
            "RedrivePolicy": json.dumps({
                "deadLetterTargetArn": f"arn:aws:sqs:us-east-1:123456789012:{redrive.DEAD_LETTERS}", "maxReceiveCount": 1,
            }),
        })["QueueUrl"]
        self.addCleanup(self.sqs.delete_queue, QueueUrl=review)
        self.sqs.send_message(QueueUrl=review, MessageBody='{"role":"orders"}')
        for _ in range(2):
            self.sqs.receive_message(QueueUrl=review)
        self.assertEqual(self._waiting(), 1)
        self.assertEqual(self._run()[0], 0)
        self.assertEqual(self._waiting(), 0)
        (message,) = self.sqs.receive_message(QueueUrl=review)["Messages"]
        self.assertEqual(message["Body"], '{"role":"orders"}')

    def test_what_is_not_understood_or_not_ours_stays(self) -> None:
        other = self.account.function(self.account.role())
        self._send("no JSON")
        self._send(_record(other, {}))
        self._send(_record(self.function, {"detail": {"eventID": "1"}}).replace("us-east-1", "us-west-2"))
        self._send(_record(self.function, {"detail": {"eventID": "3"}}))
        code, said = self._run()
        self.assertEqual((code, self._waiting(), self._events()), (1, 3, ["3"]))
        self.assertEqual(self.account.invocations(other), [])
        self.assertIn("1 sent again, 3 left", said)

    def test_what_cannot_be_handed_over_stays(self) -> None:
        self._send(_record("ringfence-gone", {}))
        with self.assertRaisesRegex(Exception, "ResourceNotFound"):
            self._run()
        self.assertEqual(self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["All"])["Attributes"]
                         ["ApproximateNumberOfMessagesNotVisible"], "1")
