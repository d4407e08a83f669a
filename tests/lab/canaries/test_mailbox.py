"""The mailbox (gap 21)."""

from __future__ import annotations

import json
import unittest

from .accounts import lab, unique


class Email(unittest.TestCase):
    """What an e-mail subscriber would get. Bare MiniStack only logs it, so there is nothing to compare with."""

    def test_filter_policy_protocol_body_and_subject(self) -> None:
        account = lab()
        account.admin("DELETE", "mailbox")
        sns = account.client("sns")
        topic = sns.create_topic(Name=unique("topic"))["TopicArn"]
        sns.subscribe(
            TopicArn=topic, Protocol="email", Endpoint="security@example.com",
            Attributes={"FilterPolicy": json.dumps({"severity": ["HIGH"]})},
        )
        sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="everything@example.com")
        message = json.dumps({"default": '{"schema": "x"}', "email": "A readable text."})
        for severity in ("LOW", "HIGH"):
            sns.publish(
                TopicArn=topic, Message=message, MessageStructure="json", Subject=f"{severity} finding",
                MessageAttributes={"severity": {"DataType": "String", "StringValue": severity}},
            )
        sns.publish(TopicArn=topic, Message=json.dumps({"default": "only this"}), MessageStructure="json")
        got = [(mail["to"], mail["subject"], mail["body"]) for mail in account.admin("GET", "mailbox")]
        self.assertEqual(got, [
            ("everything@example.com", "LOW finding", "A readable text."),
            ("security@example.com", "HIGH finding", "A readable text."),
            ("everything@example.com", "HIGH finding", "A readable text."),
            ("everything@example.com", "AWS Notification Message", "only this"),
        ])
        self.assertEqual(account.admin("DELETE", "mailbox"), {"deleted": 4})
        self.assertEqual(account.admin("GET", "mailbox"), [])
