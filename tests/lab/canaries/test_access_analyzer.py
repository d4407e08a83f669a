"""Access Analyzer (gap 9)."""

from __future__ import annotations

import json
import unittest
from typing import Any

from botocore.exceptions import ClientError, ParamValidationError

from .accounts import bare, lab

_DOCUMENT = json.dumps({"Version": "2012-10-17", "Statement": []})


def _refusal(client: Any, **parameters: Any) -> str | None:
    """The error code of a validation, if there is one."""
    try:
        client.validate_policy(**{"policyDocument": _DOCUMENT, "policyType": "IDENTITY_POLICY", **parameters})
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return None


class Double(unittest.TestCase):
    """Ours: it says what a test put there."""

    def test_ministack_still_has_none(self) -> None:
        with self.assertRaises((ClientError, ParamValidationError)):
            bare().client("accessanalyzer").validate_policy(policyDocument=_DOCUMENT, policyType="IDENTITY_POLICY")

    def test_it_asks_iam_holds_requests_against_the_model_and_gives_the_prepared_answer(self) -> None:
        account = lab()
        client = account.client("accessanalyzer")
        for action, refusal in (("ValidatePolicy", None), ("CheckNoNewAccess", "AccessDeniedException")):
            statement = {"Effect": "Allow", "Action": f"access-analyzer:{action}", "Resource": "*"}
            policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            with self.subTest(action):
                self.assertEqual(_refusal(account.user(policy, "accessanalyzer")[0]), refusal)
        self.assertEqual(_refusal(client, policyType="NO_POLICY"), "ValidationException")
        self.assertEqual(_refusal(client, policyDocument="{"), "ValidationException")
        account.admin("POST", "access-analyzer", {"ValidatePolicy": {"error": "ThrottlingException", "status": 429}})
        self.assertEqual(_refusal(client), "ThrottlingException")
        account.admin("POST", "access-analyzer", {"ValidatePolicy": {"findings": []}})
        answer = client.validate_policy(policyDocument=_DOCUMENT, policyType="IDENTITY_POLICY")
        self.assertEqual(answer["findings"], [])
