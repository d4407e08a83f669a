"""The IAM actions of SQS's batch calls, which MiniStack takes from the operation's name.

AWS has no such actions: whoever may send one message may send a batch, and the same for deleting and for visibility
("Amazon SQS API permissions: Actions and resource reference" in the developer guide of SQS).
"""

from __future__ import annotations

from typing import Any

from ministack.core import iam_actions

_SINGLE = {
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
}


def apply() -> None:
    """Ask for the action of the single call."""
    extract = iam_actions.extract_iam_action

    def extract_single(*arguments: Any, **named: Any) -> str | None:
        action = extract(*arguments, **named)
        return None if action is None else _SINGLE.get(action, action)

    iam_actions.extract_iam_action = extract_single
