"""A mailbox for e-mail subscriptions, which MiniStack only logs.

Keeps what each subscriber would get: after its filter policy, with the body of its protocol. The text that AWS puts
around the message (unsubscribe link) is not part of it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ministack.services import sns

_EMAIL_PROTOCOLS = ("email", "email-json")
# What Amazon SNS writes where a message has no subject.
_DEFAULT_SUBJECT = "AWS Notification Message"


class Mailbox:
    """Delivered e-mails, oldest first."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []

    def apply(self) -> None:
        """Deliver to e-mail subscribers as well as to those that MiniStack knows."""
        fan_out = sns._fanout

        def fan_out_with_email(
            topic_arn: str,
            message_id: str,
            message: str,
            subject: str,
            message_structure: str = "",
            message_attributes: dict[str, Any] | None = None,
            **rest: Any,
        ) -> None:
            fan_out(topic_arn, message_id, message, subject, message_structure, message_attributes, **rest)
            topic = sns._topic_by_arn_any_scope(topic_arn) or {"subscriptions": []}
            for subscription in topic["subscriptions"]:
                self._deliver(
                    subscription, topic_arn, message_id, message, subject, message_structure, message_attributes or {}
                )

        sns._fanout = fan_out_with_email

    def _deliver(
        self,
        subscription: dict[str, Any],
        topic_arn: str,
        message_id: str,
        message: str,
        subject: str,
        message_structure: str,
        attributes: dict[str, Any],
    ) -> None:
        protocol = subscription.get("protocol")
        if protocol not in _EMAIL_PROTOCOLS or not subscription.get("confirmed"):
            return
        body = sns._resolve_message_for_protocol(message, message_structure, protocol)
        if not sns._matches_filter_policy(subscription, attributes, body):
            return
        self.messages.append({
            "seq": len(self.messages) + 1,
            "time": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "to": subscription["endpoint"],
            "protocol": protocol,
            "topic": topic_arn,
            "message_id": message_id,
            "subject": subject or _DEFAULT_SUBJECT,
            "body": body,
            "attributes": {
                name: attribute.get("StringValue", attribute.get("Value"))
                for name, attribute in attributes.items()
            },
        })
