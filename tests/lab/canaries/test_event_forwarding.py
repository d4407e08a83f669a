"""Rules that forward to the event bus of another Region."""

from __future__ import annotations

import json
import unittest

from .accounts import Account, bare, lab, unique

_ACCOUNT = "123456789012"
_HOME_BUS = f"arn:aws:events:us-east-1:{_ACCOUNT}:event-bus/default"


def _trusting(account: str) -> str:
    return json.dumps({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": account},
                "ArnLike": {"aws:SourceArn": f"arn:aws:events:eu-west-1:{_ACCOUNT}:rule/*"},
            },
        }],
    })


def _granting(resource: str) -> str:
    return json.dumps({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "events:PutEvents", "Resource": resource}],
    })


class EventForwarding(unittest.TestCase):
    """An event that is put in eu-west-1, a rule there that forwards, a rule in us-east-1 that takes it."""

    def _queue(self, account: Account, region: str) -> tuple[str, str]:
        sqs = account.client("sqs", region=region)
        url = sqs.create_queue(QueueName=unique("forwarded"))["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage",
                "Resource": arn,
            }],
        })})
        return url, arn

    def _arrived(self, account: Account, granted: str, trusted: str = _ACCOUNT) -> tuple[list[str], list[str]]:
        """The Regions of the events that arrived at home, and of those in the dead-letter queue of the other Region."""
        source = unique("source")
        role = account.role(_granting(granted), _trusting(trusted))
        home_url, home_queue = self._queue(account, "us-east-1")
        lost_url, lost_queue = self._queue(account, "eu-west-1")
        for region, target in (
            ("us-east-1", {"Id": "1", "Arn": home_queue}),
            ("eu-west-1", {
                "Id": "1", "Arn": _HOME_BUS, "RoleArn": f"arn:aws:iam::{_ACCOUNT}:role/{role}",
                "DeadLetterConfig": {"Arn": lost_queue},
            }),
        ):
            events = account.client("events", region=region)
            events.put_rule(Name=source, EventPattern=json.dumps({"source": [source]}))
            events.put_targets(Rule=source, Targets=[target])
        entry = {"Source": source, "DetailType": "t", "Detail": "{}"}
        account.client("events", region="eu-west-1").put_events(Entries=[entry])

        def regions(region: str, url: str) -> list[str]:
            messages = account.client("sqs", region=region).receive_message(QueueUrl=url, WaitTimeSeconds=1)
            return [json.loads(message["Body"])["region"] for message in messages.get("Messages", [])]

        return regions("us-east-1", home_url), regions("eu-west-1", lost_url)

    def test_gap_the_event_is_lost(self) -> None:
        self.assertEqual(self._arrived(bare(), _HOME_BUS), ([], []))

    def test_works_and_the_event_keeps_its_region(self) -> None:
        self.assertEqual(self._arrived(lab(), _HOME_BUS), (["eu-west-1"], []))

    def test_works_what_the_role_may_not_put_is_kept(self) -> None:
        another = f"arn:aws:events:us-east-1:{_ACCOUNT}:event-bus/another"
        self.assertEqual(self._arrived(lab(), another), ([], ["eu-west-1"]))

    def test_works_a_role_that_trusts_rules_of_others_only_is_not_used(self) -> None:
        self.assertEqual(self._arrived(lab(), _HOME_BUS, "210987654321"), ([], ["eu-west-1"]))
