#!/usr/bin/env python3
"""Send what waits in Ringfence's dead-letter queue again, once the cause is gone.

    python3 operations/redrive.py [--region us-east-1] [--dry-run]

It needs boto3, which AWS CloudShell has, and somebody who may receive from and delete in the queue, invoke Ringfence's
functions, send to its review queue and publish to its topics. Ringfence looks at each role as it is now, so a message that is old, or sent
twice, does no harm. A message leaves the queue only after it was handed over; one that is not understood stays, and the
exit code is 1. What fails again comes back to the queue.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from dataclasses import dataclass
from typing import Any

import boto3

DEAD_LETTERS = "ringfence-dead-letters"
# Nobody else may hand the same message over while we do.
_VISIBILITY_SECONDS = 60
# A long poll asks every server of SQS: an empty answer to it means an empty queue.
_POLL_SECONDS = 3
_ARN = re.compile(r"arn:[\w-]+:(?P<service>lambda|sqs|sns):(?P<region>[\w-]+):(?P<account>\d{12}):(?:function:)?(?P<name>ringfence-[\w-]+)(?::.*)?")


@dataclass(frozen=True)
class Letter:
    """Where a message came from, and what is to be sent there again."""

    target: str
    payload: str
    why: str


class NotUnderstood(Exception):
    """A message that this script cannot send again; says why."""


def read(message: dict[str, Any]) -> Letter:
    """The letter in a message of SQS. Three services write to the queue, each in a form of its own."""
    body = message["Body"]
    source_queue = message.get("Attributes", {}).get("DeadLetterQueueSourceArn")
    if source_queue:
        # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
        return Letter(source_queue, body, "it was received too often")
    attributes = {name: value.get("StringValue", "") for name, value in message.get("MessageAttributes", {}).items()}
    if "TARGET_ARN" in attributes:
        # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
        why = f"EventBridge could not deliver it: {attributes.get('ERROR_CODE', '')} {attributes.get('ERROR_MESSAGE', '')}"
        return Letter(attributes["TARGET_ARN"], body, why.rstrip(": "))
    # https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
    try:
        record = json.loads(body)
        target, event = record["requestContext"]["functionArn"], record["requestPayload"]
    except (ValueError, KeyError, TypeError) as error:
        raise NotUnderstood("it is neither an event, nor a record of a failed invocation, nor a review request") from error
    answer = record.get("responsePayload")
    why = answer.get("errorMessage") if isinstance(answer, dict) else None
    return Letter(target, json.dumps(event), why or record["requestContext"].get("condition", "it failed"))


class Redrive:
    """Hands over the messages of one account's dead-letter queue."""

    def __init__(self, session: Any, dry_run: bool) -> None:
        self._sqs, self._lambda, self._sns = session.client("sqs"), session.client("lambda"), session.client("sns")
        self._queue = self._sqs.get_queue_url(QueueName=DEAD_LETTERS)["QueueUrl"]
        arn = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        self._region, self._account = arn.split(":")[3:5]
        self._dry_run = dry_run
        self.sent = self.left = 0

    def run(self) -> None:
        """Hand over what waits now; not what comes back meanwhile."""
        started_ms, untouched = time.time() * 1000, []
        while messages := self._receive():
            news = [message for message in messages if float(message["Attributes"]["SentTimestamp"]) > started_ms]
            for message in messages:
                if message in news or not self._handle(message):
                    untouched.append(message["ReceiptHandle"])
            if news:
                break
        for handle in untouched:
            self._sqs.change_message_visibility(QueueUrl=self._queue, ReceiptHandle=handle, VisibilityTimeout=0)

    def _receive(self) -> list[dict[str, Any]]:
        answer = self._sqs.receive_message(
            QueueUrl=self._queue, MaxNumberOfMessages=10, WaitTimeSeconds=_POLL_SECONDS,
            VisibilityTimeout=_VISIBILITY_SECONDS, AttributeNames=["All"], MessageAttributeNames=["All"],
        )
        return list(answer.get("Messages", ()))

    def _handle(self, message: dict[str, Any]) -> bool:
        """Whether the message is handed over and gone."""
        try:
            letter = read(message)
            target = self._own(letter.target)
        except NotUnderstood as error:
            self.left += 1
            print(f"left    {message['MessageId']}: {error}")
            return False
        self.sent += 1
        print(f"{'would go' if self._dry_run else 'sent'}    {message['MessageId']} to {target['name']} ({letter.why})")
        if self._dry_run:
            return False
        if target["service"] == "lambda":
            self._lambda.invoke(FunctionName=target["name"], InvocationType="Event", Payload=letter.payload)
        elif target["service"] == "sns":
            # From a rule that tells of changes to Ringfence itself.
            self._sns.publish(TopicArn=letter.target, Message=letter.payload)
        else:
            url = self._sqs.get_queue_url(QueueName=target["name"])["QueueUrl"]
            self._sqs.send_message(QueueUrl=url, MessageBody=letter.payload)
        self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
        return True

    def _own(self, arn: str) -> re.Match[str]:
        """The parts of the target's ARN. Whoever gets a message into the queue must not have us invoke another function."""
        target = _ARN.fullmatch(arn)
        if target is None or (target["region"], target["account"]) != (self._region, self._account):
            raise NotUnderstood(f"`{arn}` is no function, queue or topic of Ringfence in this account and Region")
        return target


def main(arguments: list[str] | None = None) -> int:
    """Send everything again; 1 where something was left."""
    parser = argparse.ArgumentParser(description="Send what waits in Ringfence's dead-letter queue again.")
    parser.add_argument("--region", help="Ringfence's Region (default: that of your AWS profile)")
    parser.add_argument("--dry-run", action="store_true", help="say what would be sent where, and why it failed")
    parsed = parser.parse_args(arguments)
    redrive = Redrive(boto3.Session(region_name=parsed.region), parsed.dry_run)
    redrive.run()
    print(f"{redrive.sent} {'to be sent' if parsed.dry_run else 'sent'} again, {redrive.left} left in the queue")
    return 1 if redrive.left else 0


if __name__ == "__main__":
    sys.exit(main())
