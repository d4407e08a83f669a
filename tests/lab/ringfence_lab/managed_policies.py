"""AWS managed policies that tests name and MiniStack does not seed (gap 8).

The documents are ours and short: they grant what the name says, and are not the text that AWS publishes.
"""

from __future__ import annotations

import json

from ministack.services import iam

ACTIONS = {
    "AWSLambda_FullAccess": ["lambda:*", "logs:DescribeLogGroups", "iam:ListRoles"],
    "SecretsManagerReadWrite": ["secretsmanager:*"],
}


def apply() -> None:
    """Add them now and whenever MiniStack seeds its own, which a reset does."""
    seed = iam._seed_aws_managed_policies

    def seed_with_ours() -> None:
        seed()
        _add_missing()

    iam._seed_aws_managed_policies = seed_with_ours
    _add_missing()


def _add_missing() -> None:
    for name, actions in ACTIONS.items():
        document = json.dumps({
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}],
        })
        record = iam._make_aws_managed_record(name, document, "A stand-in of the Ringfence lab.")
        iam._aws_managed_policies.setdefault(record["Arn"], record)
